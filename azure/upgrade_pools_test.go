// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/aks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// lagging is a cluster with a spot pool, of which all pools are a version behind.
func lagging() core.Seed {
	s := with(seedOf("g0", "g1", "spot"), map[string]string{aks.AttrSpotPools: "spot"})
	for i := range s.Groups {
		s.Groups[i].Version = "1.32.10"
	}
	return s
}

// TestUpgradeCluster_apart: the control plane first, then all node groups at once, and
// nothing more while they are on their way. What was set of their nodes stays.
func TestUpgradeCluster_apart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, patience := t.Context(), pmks.WithInterval(time.Minute)
		h, _, s := tapped(t, with(seedOf("g0", "g1", "spot"), map[string]string{aks.AttrSpotPools: "spot"}), nil)
		for _, step := range []struct {
			puts   map[string]int
			groups pmks.NodeGroupStatus
			wait   bool
		}{
			{map[string]int{"ManagedClusters_CreateOrUpdate": 1}, pmks.NodeGroupActive, true},
			{map[string]int{"AgentPools_CreateOrUpdate": 3}, pmks.NodeGroupUpdating, false},
			{map[string]int{}, pmks.NodeGroupUpdating, true},
		} {
			s.Reset()
			info := wiretest.OK(h.UpgradeCluster(ctx, clusterC, "1.34"))(t)
			got := counts(s)
			for _, op := range []string{"ManagedClusters_CreateOrUpdate", "AgentPools_CreateOrUpdate"} {
				if got[op] != step.puts[op] {
					t.Errorf("%d times %s, want %d", got[op], op, step.puts[op])
				}
			}
			for _, g := range info.NodeGroupList {
				if info.Status != pmks.ClusterUpdating || g.Status != step.groups {
					t.Errorf("after %v the cluster is %s and %s %s", step.puts, info.Status, g.IId, g.Status)
				}
			}
			if step.wait {
				wiretest.OK(pmks.WaitClusterActive(ctx, h, clusterC, patience))(t)
				for _, g := range info.NodeGroupList {
					wiretest.OK(pmks.WaitNodeGroupActive(ctx, h, clusterC, g.IId, patience))(t)
				}
			}
		}
		s.Reset()
		info := wiretest.OK(h.UpgradeCluster(ctx, clusterC, "1.34"))(t)
		if info.Status != pmks.ClusterActive || counts(s)["AgentPools_CreateOrUpdate"] > 0 || info.NodeGroupList[0].Version != info.Version {
			t.Errorf("in the end it is %s of %s, %v", info.Status, info.Version, counts(s))
		}
	})
}

// TestUpgradeCluster_someRefused: node groups that must wait for others are for the next
// call, and what is refused for good says which have begun.
func TestUpgradeCluster_someRefused(t *testing.T) {
	t.Parallel()
	const busy, bad = `{"code":"OperationNotAllowed","message":"another operation is in progress"}`, `{"code":"InvalidParameter","message":"no"}`
	for name, test := range map[string]struct {
		answers map[string]string // by the pool
		want    pmks.Code
		says    string
	}{
		"some-busy": {map[string]string{"g1": busy}, pmks.CodeOK, ""},
		"all-busy":  {map[string]string{"g0": busy, "g1": busy, "spot": busy}, pmks.CodeBusy, "in progress"},
		"some-bad":  {map[string]string{"g1": bad, "spot": busy}, pmks.CodeInvalidArgument, "the upgrade of g0 has begun"},
		"all-bad":   {map[string]string{"g0": bad, "g1": bad, "spot": bad}, pmks.CodeInvalidArgument, "no"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, p, _ := tapped(t, lagging(), nil)
			p.answer = func(r *http.Request) *http.Response {
				body := test.answers[r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]]
				if r.Method != http.MethodPut || body == "" {
					return nil
				}
				if body == busy {
					return replyWith(http.StatusConflict, body)
				}
				return replyWith(http.StatusBadRequest, body)
			}
			info, err := h.UpgradeCluster(t.Context(), clusterC, "1.33.6")
			if test.want == pmks.CodeOK && (err != nil || info.Status != pmks.ClusterUpdating) {
				t.Errorf("%s, %v", info.Status, err)
			}
			if test.want != pmks.CodeOK && (pmks.CodeOf(err) != test.want && !strings.Contains(err.Error(), test.want.String()) || !strings.Contains(err.Error(), test.says)) {
				t.Errorf("got %v", err)
			}
		})
	}
}
