// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"maps"
	"slices"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/conformance"
	"github.com/pmks-go/pmks/fake"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/trust/same"
)

// Same gives the same random commands to the fake with the profile of the cloud and to the
// provider on its simulator, and holds their answers against each other.
func (b Bench[S]) Same(t *testing.T, lists int, exceptions ...same.Exception) {
	t.Helper()
	if UnderRace {
		lists = 1
	}
	var facts []string
	for _, fact := range slices.Sorted(maps.Keys(b.Facts)) {
		facts = append(facts, string(fact))
	}
	same.Trial{What: b.Cloud, Open: b.pair, Facts: facts, Exceptions: exceptions, Lists: lists}.Run(t)
}

// pair is an empty account of the fake and one of the simulator.
func (b Bench[S]) pair(t testing.TB) same.Pair {
	t.Helper()
	p := b.profile()
	h := fake.New(fake.WithProfile(b.Cloud), fake.WithInventory(b.inventory()))
	s := b.Simulate(Options{})
	provider, ok := b.connect(t, s, nil).(same.Handler)
	if !ok {
		t.Fatalf("the provider lacks a method of %T", provider)
	}
	return same.Pair{
		Left: same.Side{Name: "the fake", Handler: h, Hide: func(u same.Unread) func() {
			return h.Hide(fake.Unread{Fact: fake.Fact(u.Fact), Code: u.Code})
		}},
		Right: same.Side{Name: "the provider", Handler: provider, Hide: func(u same.Unread) func() {
			return s.Inject(core.Fault{Kind: core.FaultRefuse, Op: b.Facts[conformance.Fact(u.Fact)].Request, Code: u.Code, Times: -1})
		}},
		Known:   same.Known{Zones: p.Clone().Zones, Unknown: b.Unknown, OwnDefault: b.OwnDefault},
		Request: b.SampleRequest, Group: b.SampleNodeGroup,
	}
}

// inventory is what the sample requests refer to, as the simulators have it.
func (b Bench[S]) inventory() fake.Inventory {
	p := b.profile()
	sample := p.SampleRequest("sample")
	inv := fake.Inventory{
		VPCs: []pmks.IID{sample.Network.VpcIID}, SecurityGroups: sample.Network.SecurityGroupIIDs,
		KeyPairs: []pmks.IID{sample.NodeGroupList[0].KeyPairIID},
	}
	for i, subnet := range sample.Network.SubnetIIDs {
		inv.Subnets = append(inv.Subnets, fake.Subnet{IID: subnet, VPC: sample.Network.VpcIID.SystemId, Zone: p.Zones[i%len(p.Zones)]})
	}
	return inv
}
