// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/aks"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// TestCreateCluster_foreignReferences: a reference counts in all its parts. A subnet of
// a network of the same name in another subscription or resource group is not ours.
func TestCreateCluster_foreignReferences(t *testing.T) {
	t.Parallel()
	const other = "00000000-0000-0000-0000-00000000000f"
	id := func(subscription, group, kind string) string {
		return "/subscriptions/" + subscription + "/resourceGroups/" + group + "/providers/" + kind
	}
	const own, group = aks.DefaultSubscriptionID, aks.DefaultResourceGroup
	for _, test := range []struct {
		name  string
		set   func(*pmks.ClusterInfo)
		field string
	}{
		{"subnet-of-another-subscription", func(c *pmks.ClusterInfo) {
			c.Network.SubnetIIDs = []pmks.IID{{SystemId: id(other, group, "Microsoft.Network/virtualNetworks/vpc-01/subnets/subnet-01")}}
		}, "Network.SubnetIIDs[0]"},
		{"subnet-of-another-group", func(c *pmks.ClusterInfo) {
			c.Network.SubnetIIDs = []pmks.IID{{SystemId: id(own, "elsewhere", "Microsoft.Network/virtualNetworks/vpc-01/subnets/subnet-01")}}
		}, "Network.SubnetIIDs[0]"},
		{"subnet-of-another-network", func(c *pmks.ClusterInfo) {
			c.Network.SubnetIIDs = []pmks.IID{{SystemId: id(own, group, "Microsoft.Network/virtualNetworks/other/subnets/subnet-01")}}
		}, "Network.SubnetIIDs[0]"},
		{"subnet-of-another-service", func(c *pmks.ClusterInfo) {
			c.Network.SubnetIIDs = []pmks.IID{{SystemId: id(own, group, "Microsoft.ClassicNetwork/virtualNetworks/vpc-01/subnets/subnet-01")}}
		}, "Network.SubnetIIDs[0]"},
		{"subnet-with-more-behind", func(c *pmks.ClusterInfo) {
			c.Network.SubnetIIDs = []pmks.IID{{SystemId: id(own, group, "Microsoft.Network/virtualNetworks/vpc-01/subnets/subnet-01/ipConfigurations/x")}}
		}, "Network.SubnetIIDs[0]"},
		{"network-of-another-subscription", func(c *pmks.ClusterInfo) {
			c.Network.VpcIID = pmks.IID{SystemId: id(other, group, "Microsoft.Network/virtualNetworks/vpc-01")}
		}, "Network.VpcIID"},
		{"security-group-of-another-subscription", func(c *pmks.ClusterInfo) {
			c.Network.SecurityGroupIIDs = []pmks.IID{{SystemId: id(other, group, "Microsoft.Network/networkSecurityGroups/sg-01")}}
		}, "Network.SecurityGroupIIDs[0]"},
		{"key-of-another-subscription", func(c *pmks.ClusterInfo) {
			c.NodeGroupList[0].KeyPairIID = pmks.IID{SystemId: id(other, group, "Microsoft.Compute/sshPublicKeys/keypair-01")}
		}, "NodeGroupList[0].KeyPairIID"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h, p, _ := tapped(t, core.Seed{}, nil)
			req := bench.SampleRequest("new")
			test.set(&req)
			_, err := h.CreateCluster(t.Context(), req)
			var e *pmks.Error
			if !errors.As(err, &e) || e.Code != pmks.CodeInvalidArgument || e.Field != test.field || len(p.bodies) > 0 {
				t.Errorf("got %v after %d PUTs, want a fault of %s", err, len(p.bodies), test.field)
			}
		})
	}
	// The very same subnet by its id, in any case, is it.
	h, p, _ := tapped(t, core.Seed{}, nil)
	req := bench.SampleRequest("new")
	req.Network.SubnetIIDs = []pmks.IID{{SystemId: strings.ToUpper(id(own, group, "Microsoft.Network/virtualNetworks/vpc-01/subnets/subnet-01"))}}
	if _, err := h.CreateCluster(t.Context(), req); err != nil || len(p.bodies) != 1 {
		t.Errorf("its own subnet by id: %v", err)
	}
}

// TestAddNodeGroup_key: the key of the cluster is compared whole.
func TestAddNodeGroup_key(t *testing.T) {
	t.Parallel()
	const base = "/subscriptions/" + aks.DefaultSubscriptionID + "/resourceGroups/"
	synctest.Test(t, func(t *testing.T) {
		h, p, _ := tapped(t, core.Seed{}, nil)
		if _, err := pmks.Provision(t.Context(), h, bench.SampleRequest("c"), pmks.WithInterval(time.Minute)); err != nil {
			t.Fatal(err)
		}
		p.answer = func(r *http.Request) *http.Response {
			if r.Method == http.MethodPut {
				return replyWith(http.StatusConflict, `{"code":"OperationNotAllowed","message":"an operation is in progress"}`)
			}
			return nil
		}
		for key, want := range map[pmks.IID]pmks.Code{
			{}:                     pmks.CodeBusy, // it is sent, and refused
			{NameId: "keypair-01"}: pmks.CodeBusy,
			{SystemId: base + aks.DefaultResourceGroup + "/providers/Microsoft.Compute/sshPublicKeys/keypair-01"}: pmks.CodeBusy,
			{SystemId: base + "elsewhere/providers/Microsoft.Compute/sshPublicKeys/keypair-01"}:                   pmks.CodeInvalidArgument,
			{NameId: "other"}: pmks.CodeInvalidArgument,
		} {
			group := bench.SampleNodeGroup("more")
			group.KeyPairIID = key
			if _, err := h.AddNodeGroup(t.Context(), clusterC, group); pmks.CodeOf(err) != want {
				t.Errorf("%v: got %v, want %s", key, err, want)
			}
		}
	})
}
