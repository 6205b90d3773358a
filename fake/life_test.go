// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestHandler_WholeLife runs the whole jobs on every profile.
func TestHandler_WholeLife(t *testing.T) {
	t.Parallel()
	for _, p := range profile.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := New(WithProfile(p.Name))
				req := p.SampleRequest("demo")
				req.Version = p.Offer[len(p.Offer)-1].Name
				extra := p.SampleNodeGroup("extra")
				req.NodeGroupList = append(req.NodeGroupList, extra)
				info, err := pmks.Provision(t.Context(), h, req)
				if err != nil {
					t.Fatal(err)
				}
				if len(info.NodeGroupList) != len(req.NodeGroupList) || info.AccessInfo.Kubeconfig == "" {
					t.Errorf("got %d groups, kubeconfig %t", len(info.NodeGroupList), info.AccessInfo.Kubeconfig != "")
				}
				if info, err = pmks.Upgrade(t.Context(), h, info.IId, p.Offer[0].Name); err != nil {
					t.Fatal(err)
				}
				for _, g := range info.NodeGroupList {
					if info.Version != p.Offer[0].Name || g.Version != info.Version {
						t.Errorf("cluster at %s, group %s at %s, want %s", info.Version, g.IId.NameId, g.Version, p.Offer[0].Name)
					}
				}
				if err := pmks.Teardown(t.Context(), h, info.IId); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}
