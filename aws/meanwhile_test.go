// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/eks"
)

// Another program adds a node group while DeleteCluster removes the others.
func TestHandler_DeleteCluster_groupAddedMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, fleet(t, 1, 1, eks.Options{}))
		added := make(chan error, 1)
		go func() {
			time.Sleep(30 * time.Second) //nolint:forbidigo // inside a synctest bubble
			_, err := h.AddNodeGroup(t.Context(), pmks.IID{NameId: "c000"}, pmks.NodeGroupInfo{
				IId: pmks.IID{NameId: "late"}, VMSpecName: "t3.medium", DesiredNodeSize: 1, MinNodeSize: 1, MaxNodeSize: 1})
			added <- err
		}()
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		start := time.Now()
		_, err := h.DeleteCluster(ctx, pmks.IID{NameId: "c000"})
		if err != nil || <-added != nil {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

func lagging(t *testing.T, control string, groups ...string) *eks.Server {
	t.Helper()
	s := eks.New(eks.Options{})
	seed := core.Seed{Name: "c", Version: control}
	for _, name := range groups {
		seed.Groups = append(seed.Groups, pmks.NodeGroupInfo{IId: pmks.IID{NameId: name}, Version: "1.33",
			VMSpecName: "t3.medium", OnAutoScaling: true, DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 5})
	}
	if err := s.Put(seed); err != nil {
		t.Fatal(err)
	}
	return s
}

// A node group that lags is being removed when the upgrade begins.
func TestUpgrade_groupRemovedMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, iid := newHandler(t, lagging(t, "1.34", "stays", "goes")), pmks.IID{NameId: "c"}
		if _, err := h.RemoveNodeGroup(t.Context(), iid, pmks.IID{NameId: "goes"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second) //nolint:forbidigo // inside a synctest bubble
		if info, err := pmks.Upgrade(t.Context(), h, iid, "1.34"); err != nil || info.NodeGroupList[0].Version != "1.34" {
			t.Errorf("%v", err)
		}
	})
}
