// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

func TestHandler_DeleteCluster(t *testing.T) {
	t.Parallel()
	for _, p := range profile.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := New(WithProfile(p.Name))
				info := running(t, h, p)
				for range 2 { // the second finds it deleting
					if ok, err := h.DeleteCluster(t.Context(), info.IId); err != nil || !ok {
						t.Fatalf("got %t, %v", ok, err)
					}
				}
				if got := mustGet(t, h, info.IId).Status; got != pmks.ClusterDeleting {
					t.Errorf("got %s, want Deleting", got)
				}
				if err := pmks.WaitClusterDeleted(t.Context(), h, info.IId); err != nil {
					t.Fatal(err)
				}
				if ok, err := h.DeleteCluster(t.Context(), info.IId); !errors.Is(err, pmks.ErrNotFound) || ok {
					t.Errorf("when it is gone: got %t, %v", ok, err)
				}
			})
		})
	}
}

func TestHandler_DeleteCluster_protected(t *testing.T) {
	t.Parallel()
	for _, p := range profile.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := New(WithProfile(p.Name))
				info := running(t, h, p)
				if err := h.Protect(info.IId, true); err != nil {
					t.Fatal(err)
				}
				if _, err := h.DeleteCluster(t.Context(), info.IId); !errors.Is(err, pmks.ErrFailedPrecondition) {
					t.Errorf("got %v, want FailedPrecondition", err)
				}
				if n := mutations(h); len(n) > 0 {
					t.Errorf("something happened: %v", n)
				}
				if err := h.Protect(info.IId, false); err != nil {
					t.Fatal(err)
				}
				if _, err := h.DeleteCluster(t.Context(), info.IId); err != nil {
					t.Errorf("no longer protected: %v", err)
				}
			})
		})
	}
}

// TestHandler_DeleteCluster_groupsFirst is about the cloud that refuses to delete
// a cluster with node groups.
func TestHandler_DeleteCluster_groupsFirst(t *testing.T) {
	t.Parallel()
	t.Run("interrupted", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			p := mustProfile(t, "aws")
			h := New(WithProfile("aws"))
			info := running(t, h, p)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := h.DeleteCluster(ctx, info.IId)
			if e := asError(t, err); e.Code != pmks.CodeTimeout || e.Op != "DeleteCluster" {
				t.Errorf("got %v, want Timeout", err)
			}
			if _, err := h.DeleteCluster(t.Context(), info.IId); err != nil {
				t.Errorf("called again: %v", err)
			}
			same(t, "what happened", mutations(h), map[string]int{"RemoveNodeGroup": 2, "DeleteCluster": 1})
		})
	})
	t.Run("group-fails", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			p := mustProfile(t, "aws")
			h := New(WithProfile("aws"))
			info := running(t, h, p)
			h.Inject(Fault{Op: "RemoveNodeGroup", NodeGroup: "extra", Kind: FailLater, Reason: "an interface is in use"})
			_, err := h.DeleteCluster(t.Context(), info.IId)
			e := asError(t, err)
			if e.Code != pmks.CodeFailedPrecondition || e.Op != "DeleteCluster" || e.NodeGroup.NameId != "extra" || !strings.Contains(e.Message, "in use") {
				t.Errorf("got %v, want FailedPrecondition that names the group and the reason", err)
			}
			if _, err := h.DeleteCluster(t.Context(), info.IId); err != nil {
				t.Errorf("called again, without the fault: %v", err)
			}
		})
	})
	for _, lag := range []time.Duration{0, 10 * time.Second} {
		t.Run("many-callers-with-lag-"+lag.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := mustProfile(t, "aws")
				h := New(WithProfile("aws"), WithLatency(time.Second), WithReadLag(lag))
				info := running(t, h, p)
				results := make(chan error)
				for range 8 {
					go func() {
						_, err := h.DeleteCluster(t.Context(), info.IId)
						results <- err
					}()
				}
				for range 8 {
					if err := <-results; err != nil {
						t.Error(err)
					}
				}
			})
		})
	}
}
