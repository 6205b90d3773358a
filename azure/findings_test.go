// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/aks"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestUpgradeFindings: what AKS tells beforehand of an upgrade, and what it does not
// tell these rights.
func TestUpgradeFindings(t *testing.T) {
	t.Parallel()
	pool := func(change func(map[string]any)) func(map[string]any) {
		return func(c map[string]any) {
			change(c["properties"].(map[string]any)["agentPoolProfiles"].([]any)[0].(map[string]any))
		}
	}
	subnet := func(change func(map[string]any)) func(map[string]any) {
		return func(v map[string]any) {
			for _, s := range v["properties"].(map[string]any)["subnets"].([]any) {
				if s := s.(map[string]any); s["name"] == "subnet-01" {
					change(s["properties"].(map[string]any))
				}
			}
		}
	}
	configurations := func(n int) func(map[string]any) {
		return subnet(func(s map[string]any) {
			s["addressPrefix"] = "10.0.0.0/28" // 11 of them can be had
			s["ipConfigurations"] = []any{}
			for i := range n {
				s["ipConfigurations"] = append(s["ipConfigurations"].([]any), map[string]any{"id": fmt.Sprint("/x/", i)})
			}
		})
	}
	const vnet = "/virtualNetworks/vpc-01"
	for _, test := range []struct {
		name, version string
		spot          bool
		edits         string // the end of the path whose answers are edited
		edit          func(map[string]any)
		denied        string
		want          string // node group, code, whether it blocks
		says          string
	}{
		{name: "nothing", version: "1.34.4"},
		{name: "a-minor", version: "v1.34"},
		{name: "default", version: "default"},
		{name: "the-same", version: "1.33.6"},
		{name: "a-later-step", version: "1.35.1"},
		{name: "spot", version: "1.34.4", spot: true, want: "spot Spot false"},
		{name: "older", version: "1.33.2", want: " OperationNotAllowed true", says: "from 1.33.6 only to "},
		{name: "not-in-the-profile", version: "1.34.4", edits: "/upgradeProfiles/default", edit: func(p map[string]any) {
			p["properties"].(map[string]any)["controlPlaneProfile"].(map[string]any)["upgrades"] = []any{}
		}, want: " OperationNotAllowed true", says: "from 1.33.6 only to nothing newer"},
		{name: "preview", version: "1.34.4", edits: "/upgradeProfiles/default", edit: func(p map[string]any) {
			for _, u := range p["properties"].(map[string]any)["controlPlaneProfile"].(map[string]any)["upgrades"].([]any) {
				u.(map[string]any)["isPreview"] = true
			}
		}, want: " Preview false"},
		{name: "channel", version: "1.34.4", edits: "/managedClusters/c", edit: func(c map[string]any) {
			c["properties"].(map[string]any)["autoUpgradeProfile"] = map[string]any{"upgradeChannel": "stable"}
		}, want: " AutoUpgradeChannel false"},
		{name: "no-surge", version: "1.34.4", edits: "/managedClusters/c", edit: pool(func(p map[string]any) {
			p["upgradeSettings"] = map[string]any{"maxSurge": "0", "maxUnavailable": "0%"}
		}), want: "g0 MaxSurge true"},
		{name: "unavailable-instead", version: "1.34.4", edits: "/managedClusters/c", edit: pool(func(p map[string]any) {
			p["upgradeSettings"] = map[string]any{"maxSurge": "0%", "maxUnavailable": "1"}
		})},
		{name: "full", version: "1.34.4", edits: vnet, edit: configurations(11), want: " SubnetIsFull true", says: "takes 1 more addresses of the subnet subnet-01, which has 0 left"},
		{name: "nearly-full", version: "1.34.4", edits: vnet, edit: configurations(10)},
		{name: "no-network", version: "1.34.4", denied: vnet, want: " pmks:unread false", says: "the subnet"},
		{name: "another-subscription", version: "1.34.4", edits: "/managedClusters/c", edit: pool(func(p map[string]any) {
			p["vnetSubnetID"] = strings.Replace(p["vnetSubnetID"].(string), aks.DefaultSubscriptionID, "00000000-0000-0000-0000-00000000000f", 1)
		}), want: " pmks:unread false", says: "could not be read"},
		{name: "no-such-subnet", version: "1.34.4", edits: vnet, edit: func(v map[string]any) {
			v["properties"].(map[string]any)["subnets"] = []any{}
		}, want: " pmks:unread false", says: "could not be read"},
		{name: "no-profile", version: "1.34.4", denied: "/upgradeProfiles/default", want: " pmks:unread false", says: "may not be read"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			seed := seedOf("g0")
			if test.spot {
				seed = with(seedOf("g0", "spot"), map[string]string{aks.AttrSpotPools: "spot"})
			}
			h, p, s := tapped(t, seed, nil)
			if test.edit != nil {
				p.next = edited{s.Transport(), ending(http.MethodGet, test.edits), test.edit}
			}
			p.answer = func(r *http.Request) *http.Response {
				if test.denied != "" && ending(http.MethodGet, test.denied)(r) {
					return replyWith(403, `{"error":{"code":"AuthorizationFailed","message":"no"}}`)
				}
				return nil
			}
			list := wiretest.OK(h.UpgradeFindings(t.Context(), clusterC, test.version))(t)
			var got []string
			for _, f := range list {
				got = append(got, fmt.Sprint(f.NodeGroup.NameId, " ", f.Code, " ", f.Blocks))
				if f.Message == "" || !strings.Contains(f.Message, test.says) || !f.NodeGroup.IsZero() && !strings.HasSuffix(f.NodeGroup.SystemId, "/agentPools/"+f.NodeGroup.NameId) {
					t.Errorf("the finding is %+v, want it to say %q", f, test.says)
				}
			}
			if strings.Join(got, ",") != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	h, _, _ := tapped(t, seedOf("g0"), nil)
	for version, want := range map[string]pmks.Code{"1.1": pmks.CodeInvalidArgument, "soon": pmks.CodeInvalidArgument} {
		if _, err := h.UpgradeFindings(t.Context(), clusterC, version); pmks.CodeOf(err) != want {
			t.Errorf("%s: %v", version, err)
		}
	}
	if _, err := h.UpgradeFindings(t.Context(), pmks.IID{NameId: "none"}, "1.34"); pmks.CodeOf(err) != pmks.CodeNotFound {
		t.Errorf("no such cluster: %v", err)
	}
}
