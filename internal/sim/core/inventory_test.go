// SPDX-License-Identifier: Apache-2.0

package core

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

func TestWorld_Inventory(t *testing.T) {
	t.Parallel()
	name := func(s string) pmks.IID { return pmks.IID{NameId: s} }
	id := func(s string) pmks.IID { return pmks.IID{SystemId: s} }
	inventory := &Inventory{
		VPCs: []VPC{{ID: "vpc-1", Name: "one"}, {ID: "vpc-2", Name: "two"}, {ID: "vpc-3", Name: "two"}},
		Subnets: []Subnet{
			{ID: "sn-1", Name: "a", VPC: "vpc-1", Zone: "z1", CIDR: "10.0.1.0/24"},
			{ID: "sn-2", Name: "b", VPC: "vpc-1", Zone: "z2", CIDR: "10.0.2.0/24"},
			{ID: "sn-3", Name: "c", VPC: "vpc-1", Zone: "z1", CIDR: "10.0.3.0/28"},
			{ID: "sn-4", Name: "a", VPC: "vpc-2", Zone: "z2", CIDR: "10.1.1.0/24"},
		},
		SecurityGroups: []Item{{ID: "sg-1", Name: "web", VPC: "vpc-1"}, {ID: "sg-2", Name: "web", VPC: "vpc-2"}, {ID: "sg-3", Name: "db", VPC: "vpc-2"}},
		KeyPairs:       []Item{{ID: "k-1", Name: "key"}},
		VMSpecs:        []string{"small"},
		// no images: every image is there
	}
	tests := []struct {
		name    string
		vpc     pmks.IID
		subnets []pmks.IID
		groups  []pmks.IID
		spec    pmks.NodeGroupInfo
		// what is kept, or the refusals
		want, refused string
	}{
		{name: "ids", vpc: id("vpc-1"), subnets: []pmks.IID{id("sn-1"), id("sn-2")}, groups: []pmks.IID{id("sg-1")},
			want: "one:vpc-1 [a:sn-1 b:sn-2] [web:sg-1]"},
		{name: "names", vpc: name("one"), subnets: []pmks.IID{name("a"), name("b")}, groups: []pmks.IID{name("web")},
			want: "one:vpc-1 [a:sn-1 b:sn-2] [web:sg-1]"},
		{name: "id-wins", vpc: pmks.IID{NameId: "other", SystemId: "vpc-1"}, subnets: []pmks.IID{name("a"), name("b")},
			want: "one:vpc-1 [a:sn-1 b:sn-2] []"},
		{name: "vpc-of-the-subnets", subnets: []pmks.IID{id("sn-1"), name("b")}, groups: []pmks.IID{name("web")},
			want: "one:vpc-1 [a:sn-1 b:sn-2] [web:sg-1]"},
		{name: "nothing-fits", vpc: id("vpc-9"), subnets: []pmks.IID{id("sn-1"), id("sn-4")},
			refused: "NotInInventory Network.VpcIID; NotInInventory Network.SubnetIIDs[1]"},
		{name: "unknown-vpc", vpc: id("vpc-9"), subnets: []pmks.IID{id("sn-1"), id("sn-2")},
			refused: "NotInInventory Network.VpcIID"},
		{name: "ambiguous-vpc", vpc: name("two"), subnets: []pmks.IID{id("sn-1"), id("sn-2")},
			refused: "InvalidArgument Network.VpcIID"},
		{name: "ambiguous-subnet", subnets: []pmks.IID{name("a"), name("b")},
			refused: "InvalidArgument Network.SubnetIIDs[0]"},
		{name: "unknown-subnets", vpc: id("vpc-1"), subnets: []pmks.IID{id("sn-1"), id("sn-9"), name("z")},
			refused: "NotInInventory Network.SubnetIIDs[1]; NotInInventory Network.SubnetIIDs[2]"},
		{name: "name-given-as-id", vpc: id("one"), subnets: []pmks.IID{id("sn-1"), id("sn-2")}, refused: "NotInInventory Network.VpcIID"},
		{name: "subnet-of-another-vpc", vpc: id("vpc-1"), subnets: []pmks.IID{id("sn-1"), id("sn-4")},
			refused: "NotInInventory Network.SubnetIIDs[1]"},
		{name: "subnets-of-two-vpcs", subnets: []pmks.IID{id("sn-1"), id("sn-4")}, refused: "NotInInventory Network.SubnetIIDs[1]"},
		{name: "one-zone", vpc: id("vpc-1"), subnets: []pmks.IID{id("sn-1")}, refused: "InvalidArgument Network.SubnetIIDs"},
		{name: "subnet-twice", vpc: id("vpc-1"), subnets: []pmks.IID{id("sn-1"), name("b"), name("a")},
			refused: "InvalidArgument Network.SubnetIIDs[2]"},
		{name: "subnet-too-small", vpc: id("vpc-1"), subnets: []pmks.IID{id("sn-2"), id("sn-3")},
			refused: "InvalidArgument Network.SubnetIIDs[1]"},
		{name: "group-of-another-vpc", vpc: id("vpc-1"), subnets: []pmks.IID{id("sn-1"), id("sn-2")}, groups: []pmks.IID{name("db")},
			refused: "NotInInventory Network.SecurityGroupIIDs[0]"},
		{name: "unknown-things-of-a-group", vpc: id("vpc-1"), subnets: []pmks.IID{id("sn-1"), id("sn-2")},
			spec:    pmks.NodeGroupInfo{KeyPairIID: name("x"), VMSpecName: "huge", ImageIID: name("any")},
			refused: "NotInInventory NodeGroupList[0].KeyPairIID; NotInInventory NodeGroupList[0].VMSpecName"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := neutralWith(t, func(p *profile.Profile) {
				p.Caps.Subnets = pmks.SubnetRule{Min: 1, DistinctZones: 2, SmallestPrefix: 24}
			})
			s := newStand(t, p, Options{Inventory: inventory})
			group := tt.spec
			group.IId.NameId, group.DesiredNodeSize = "ng1", 1
			cmd := CreateCluster{
				Name:    "alpha",
				Network: pmks.NetworkInfo{VpcIID: tt.vpc, SubnetIIDs: tt.subnets, SecurityGroupIIDs: tt.groups},
				Groups:  []AddNodeGroup{{Spec: group}},
			}
			if tt.refused != "" {
				var got []string
				for _, r := range s.refusals(cmd) {
					got = append(got, r.Reason.String()+" "+r.Field)
				}
				if got := strings.Join(got, "; "); got != tt.refused {
					t.Errorf("refused as %q, want %q", got, tt.refused)
				}
				return
			}
			n := s.apply(cmd).Cluster.Network
			if got := fmt.Sprintf("%v %v %v", n.VpcIID, n.SubnetIIDs, n.SecurityGroupIIDs); got != tt.want {
				t.Errorf("kept %q, want %q", got, tt.want)
			}
		})
	}
}

func TestWorld_InventoryOfGroup(t *testing.T) {
	t.Parallel()
	s := newStand(t, neutralWith(t, nil), Options{Inventory: &Inventory{
		KeyPairs: []Item{{ID: "k-1", Name: "key"}}, Images: []Item{{ID: "i-1", Name: "linux"}},
	}})
	cmd := request(s.w.Profile(), "alpha")
	cmd.Groups[0].Spec.KeyPairIID = pmks.IID{NameId: "key"}
	cmd.Groups[0].Spec.ImageIID = pmks.IID{SystemId: "i-1"}
	g := s.apply(cmd).Cluster.Groups[0]
	if want := (pmks.IID{NameId: "key", SystemId: "k-1"}); g.Spec.KeyPairIID != want {
		t.Errorf("key pair %v, want %v", g.Spec.KeyPairIID, want)
	}
	if want := (pmks.IID{NameId: "linux", SystemId: "i-1"}); g.Spec.ImageIID != want {
		t.Errorf("image %v, want %v", g.Spec.ImageIID, want)
	}
}

func TestWorld_NoInventory(t *testing.T) {
	t.Parallel()
	s := newStand(t, neutralWith(t, nil), Options{})
	cmd := request(s.w.Profile(), "alpha")
	cmd.Network.VpcIID = pmks.IID{NameId: "v"}
	cmd.Network.SubnetIIDs = []pmks.IID{{SystemId: "s"}}
	cmd.Network.SecurityGroupIIDs = []pmks.IID{{NameId: "g", SystemId: "h"}}
	cmd.Groups[0].Spec.ImageIID = pmks.IID{NameId: "default"}
	cmd.Groups[0].Spec.KeyPairIID = pmks.IID{NameId: "k"}
	c := s.apply(cmd).Cluster
	got := fmt.Sprint(c.Network.VpcIID, c.Network.SubnetIIDs, c.Network.SecurityGroupIIDs, c.Groups[0].Spec.ImageIID, c.Groups[0].Spec.KeyPairIID)
	if want := "v:v [s:s] [g:h] default k:k"; got != want {
		t.Errorf("kept %q, want %q", got, want)
	}
}
