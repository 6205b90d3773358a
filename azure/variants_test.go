// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/aks"
)

// TestNodeGroupID_eitherHalf: an id of a pool counts whole, whichever half of the IID
// holds it.
func TestNodeGroupID_eitherHalf(t *testing.T) {
	t.Parallel()
	h, p, s := tapped(t, seedOf("g0", "g1"), nil)
	foreign := "/subscriptions/" + configFor(s).SubscriptionID + "/resourceGroups/other/providers/Microsoft.ContainerService/managedClusters/d/agentPools/g1"
	p.answer = func(r *http.Request) *http.Response {
		if r.Method == http.MethodDelete {
			return replyWith(http.StatusForbidden, `{}`)
		}
		return nil
	}
	for _, iid := range []pmks.IID{{NameId: foreign}, {SystemId: foreign}, {NameId: "g1", SystemId: foreign}} {
		if _, err := h.RemoveNodeGroup(t.Context(), clusterC, iid); pmks.CodeOf(err) != pmks.CodeNotFound {
			t.Errorf("%+v: got %v", iid, err)
		}
	}
	if n := p.count(http.MethodDelete); n != 0 {
		t.Errorf("%d deletions were sent", n)
	}
}

// TestAnswer_ofAnother: an answer that speaks of another resource than the one that was
// asked for is a lost one.
func TestAnswer_ofAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, suffix := range []string{"/managedClusters/c", "/agentPools/g0"} {
			h, p, s := tapped(t, seedOf("g0", "g1"), nil)
			p.next = edited{s.Transport(), ending(http.MethodGet, suffix), func(c map[string]any) { c["name"] = "other" }}
			_, err := h.GetCluster(t.Context(), clusterC)
			if strings.Contains(suffix, "Pools") {
				_, err = h.ChangeNodeGroupScaling(t.Context(), clusterC, poolG0, 3, 1, 4)
			}
			if pmks.CodeOf(err) != pmks.CodeUnavailable {
				t.Errorf("%s: got %v", suffix, err)
			}
		}
	})
}

// TestDelete_successOfOthers: what answers a deletion with a success that is none of
// Azure's leaves the outcome open, and then shows that nothing happened.
func TestDelete_successOfOthers(t *testing.T) {
	t.Parallel()
	for _, c := range deletions() {
		synctest.Test(t, func(t *testing.T) {
			s := fleet(t, 1, 2, aks.Options{})
			fault := providertest.Answer(http.StatusOK, "<html>log in</html>")
			fault.Op, fault.Times = c.Request, -1
			s.Inject(fault)
			if err := c.Call(t.Context(), newHandler(t, s)); pmks.CodeOf(err) != pmks.CodeUnavailable {
				t.Errorf("%s: got %v", c.Name, err)
			}
		})
	}
}

// TestChangeNodeGroupScaling_mends: a pool that failed with the sizes that it was to
// have takes them again.
func TestChangeNodeGroupScaling_mends(t *testing.T) {
	t.Parallel()
	h, p, s := tapped(t, seedOf("g0", "g1"), nil)
	p.next = edited{s.Transport(), ending(http.MethodGet, "/agentPools/g0"), func(c map[string]any) {
		properties := c["properties"].(map[string]any)
		properties["provisioningState"], properties["tags"] = "Failed", map[string]any{"pmks-min": "1", "pmks-max": "3"}
	}}
	if info, err := h.ChangeNodeGroupScaling(t.Context(), clusterC, poolG0, 2, 1, 3); err != nil || info.Status != pmks.NodeGroupUpdating || len(p.bodies) != 1 {
		t.Errorf("got %s, %v, %d writes", info.Status, err, len(p.bodies))
	}
}

// TestBounds_sizeOfOthers: a size that others gave a pool, outside of the bounds that
// are recorded, is shown with bounds that can be written back.
func TestBounds_sizeOfOthers(t *testing.T) {
	t.Parallel()
	h, p, s := tapped(t, seedOf("g0", "g1"), nil)
	p.next = edited{s.Transport(), func(r *http.Request) bool {
		return ending(http.MethodGet, "/managedClusters/c")(r) || ending(http.MethodGet, "/agentPools/g0")(r)
	}, func(c map[string]any) {
		pool := c["properties"].(map[string]any)
		if list, ok := pool["agentPoolProfiles"].([]any); ok {
			pool = list[0].(map[string]any)
		}
		pool["count"], pool["tags"] = 7, map[string]any{"pmks-min": "1", "pmks-max": "3"}
	}}
	info, err := h.GetCluster(t.Context(), clusterC)
	if err != nil {
		t.Fatal(err)
	}
	g := info.NodeGroupList[0]
	if g.DesiredNodeSize != 7 || g.MinNodeSize != 1 || g.MaxNodeSize != 7 {
		t.Errorf("shown as %d of %d to %d", g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize)
	}
	if _, err := h.ChangeNodeGroupScaling(t.Context(), clusterC, poolG0, g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize); err != nil {
		t.Errorf("written back: %v", err)
	}
}

// TestUpgradeCluster_denied: who may not read the versions on offer can upgrade to one
// that is named; AKS judges it.
func TestUpgradeCluster_denied(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		version string
		denied  []string
		want    string
	}{
		{"1.34", []string{"upgradeProfiles"}, "1.34."},
		{"v1.34.2", []string{"upgradeProfiles", "kubernetesVersions"}, "1.34.2"},
		{"1.34", []string{"upgradeProfiles", "kubernetesVersions"}, ""},
	} {
		h, p, _ := tapped(t, seedOf("g0"), nil)
		p.answer = func(r *http.Request) *http.Response {
			for _, part := range test.denied {
				if strings.Contains(r.URL.Path, part) {
					return replyWith(http.StatusForbidden, `{"error":{"code":"AuthorizationFailed","message":"x"}}`)
				}
			}
			return nil
		}
		_, err := h.UpgradeCluster(t.Context(), clusterC, test.version)
		switch {
		case test.want == "" && !errors.Is(err, pmks.ErrPermissionDenied):
			t.Errorf("%s: got %v", test.version, err)
		case test.want != "" && (err != nil || !strings.Contains(p.bodies[0], `"kubernetesVersion":"`+test.want)):
			t.Errorf("%s without %v: %v", test.version, test.denied, err)
		}
	}
}
