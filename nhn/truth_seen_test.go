// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/nks"
)

// TestTruth_unseenIsWaitedFor: a new cluster that shows late is waited for.
func TestTruth_unseenIsWaitedFor(t *testing.T) {
	for _, lag := range []time.Duration{40 * time.Second, time.Minute, 2 * time.Minute} {
		t.Run(fmt.Sprint(lag), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := nks.New(nks.Options{Quota: noQuota, ReadLag: lag})
				h := newHandler(t, s)
				info, err := h.CreateCluster(t.Context(), bench.SampleRequest("late"))
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				if _, err := pmks.WaitClusterActive(t.Context(), h, info.IId); err != nil {
					t.Errorf("after %s: %v", time.Since(start), err)
				}
			})
		})
	}
}

// TestTruth_unseenThenGone: what was made, seen late by others alone, and removed is gone.
func TestTruth_unseenThenGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := nks.New(nks.Options{Quota: noQuota, ReadLag: time.Minute})
		h := newHandler(t, s)
		info, err := h.CreateCluster(t.Context(), bench.SampleRequest("late"))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute) //nolint:forbidigo // inside a synctest bubble
		if _, err := h.DeleteCluster(t.Context(), info.IId); err != nil {
			t.Fatal(err)
		}
		if err := pmks.WaitClusterDeleted(t.Context(), h, info.IId); err != nil {
			t.Error(err)
		}
	})
}

// TestTruth_seenInTheList: a cluster that the list has shown, and that somebody else has
// removed, is gone, not "not shown yet".
func TestTruth_seenInTheList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := nks.New(nks.Options{Quota: noQuota, ReadLag: time.Minute})
		h, other := newHandler(t, s), newHandler(t, s)
		info, err := h.CreateCluster(t.Context(), bench.SampleRequest("late"))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute) //nolint:forbidigo // inside a synctest bubble
		if list, err := h.ListIID(t.Context()); err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		if _, err := other.DeleteCluster(t.Context(), info.IId); err != nil {
			t.Fatal(err)
		}
		if err := pmks.WaitClusterDeleted(t.Context(), other, info.IId); err != nil {
			t.Fatal(err)
		}
		if _, err := h.GetCluster(t.Context(), info.IId); pmks.CodeOf(err) != pmks.CodeNotFound {
			t.Errorf("got %v", err)
		}
	})
}
