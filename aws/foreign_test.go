// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/eks"
)

// What a console makes is shown as it is: Auto Mode without node groups, and nodes
// that manage themselves, which EKS does not know, in no list. Both go on living.
func TestHandler_madeByOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := eks.New(eks.Options{})
		group := pmks.NodeGroupInfo{IId: pmks.IID{NameId: "managed"}, VMSpecName: "t3.medium", DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 3}
		for _, seed := range []core.Seed{
			{Name: "auto", Attr: map[string]string{eks.AttrAutoMode: "on"}},
			{Name: "mixed", Attr: map[string]string{eks.AttrSelfManaged: "workers", eks.AttrAddons: "vpc-cni,coredns"}, Groups: []pmks.NodeGroupInfo{group}},
			{Name: "private", Attr: map[string]string{eks.AttrPrivate: "yes"}},
		} {
			if err := s.Put(seed); err != nil {
				t.Fatal(err)
			}
		}
		h := newHandler(t, s)
		auto, err := h.GetCluster(t.Context(), pmks.IID{NameId: "auto"})
		if err != nil {
			t.Fatal(err)
		}
		if on, _ := pmks.Lookup(auto.KeyValueList, "AutoMode"); on != "true" || len(auto.NodeGroupList) != 0 || auto.Status != pmks.ClusterActive {
			t.Errorf("Auto Mode is %q with %d node groups", on, len(auto.NodeGroupList))
		}
		mixed, err := h.GetCluster(t.Context(), pmks.IID{NameId: "mixed"})
		if err != nil {
			t.Fatal(err)
		}
		if len(mixed.NodeGroupList) != 1 || len(mixed.NodeGroupList[0].Nodes) != 2 || len(mixed.Addons.KeyValueList) != 2 {
			t.Errorf("%+v with %+v", mixed.NodeGroupList, mixed.Addons)
		}
		private, err := h.GetCluster(t.Context(), pmks.IID{NameId: "private"})
		if open, _ := pmks.Lookup(private.KeyValueList, "EndpointPublicAccess"); err != nil || open != "false" {
			t.Errorf("a private cluster is open: %q, %v", open, err)
		}
		// A managed node group beside Auto Mode is what EKS takes too.
		if _, err := h.AddNodeGroup(t.Context(), auto.IId, group); err != nil {
			t.Errorf("AddNodeGroup: %v", err)
		}
		for _, info := range []pmks.ClusterInfo{auto, mixed, private} {
			if err := pmks.Teardown(t.Context(), h, info.IId); err != nil {
				t.Errorf("Teardown of %s: %v", info.IId, err)
			}
		}
	})
}
