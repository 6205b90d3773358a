// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
)

// createRequest is the sample as CreateCluster takes it: without node groups on a
// Type-I cloud.
func createRequest(p *Profile, name string) pmks.ClusterInfo {
	req := p.SampleRequest(name)
	if p.Caps.ClusterType == pmks.TypeI {
		req.NodeGroupList = nil
	}
	return req
}

func TestProfile_SampleRequest(t *testing.T) {
	each(t, func(t *testing.T, p *Profile) {
		req := p.SampleRequest("cluster-01")
		if req.IId.NameId != "cluster-01" || len(req.NodeGroupList) != 1 {
			t.Fatalf("SampleRequest = %+v, want that name and one group", req)
		}
		if err := p.Caps.CheckCluster(createRequest(p, "cluster-01")); err != nil {
			t.Errorf("CheckCluster: %v", err)
		}
		if got, err := kver.Choose(req.Version, p.OfferedNames(), ""); err != nil || got != p.Default() {
			t.Errorf("version %q resolves to %q, %v; want %q", req.Version, got, err, p.Default())
		}
		for _, iid := range append(append([]pmks.IID{req.Network.VpcIID}, req.Network.SubnetIIDs...), req.Network.SecurityGroupIIDs...) {
			if iid.NameId == "" || iid.SystemId == "" {
				t.Errorf("%+v has one half only", iid)
			}
		}
		if len(req.Network.SecurityGroupIIDs) == 0 && p.Caps.Fields.SecurityGroups != pmks.FieldRefused {
			t.Error("no security group where they are allowed")
		}
		if given, taken := len(req.TagList) > 0, p.Caps.Fields.Tags != pmks.FieldRefused; given != taken {
			t.Errorf("tags given %v, taken %v", given, taken)
		}
		first := p.Caps.GroupsAtCreate.FixedFirstName
		if got := req.NodeGroupList[0].IId.NameId; first != "" && got != first {
			t.Errorf("first group %q, want %q", got, first)
		}
		if ignored := p.Caps.Ignored(req.NodeGroupList[0]); len(ignored) > 0 {
			t.Errorf("the sample gives ignored fields: %v", ignored)
		}
	})
}

func TestProfile_SampleNodeGroup(t *testing.T) {
	each(t, func(t *testing.T, p *Profile) {
		g := p.SampleNodeGroup("ng2")
		if err := p.Caps.CheckNodeGroup(g); err != nil {
			t.Errorf("CheckNodeGroup: %v", err)
		}
		if limit := p.Limits.NodesPerGroup; limit > 0 && g.MaxNodeSize > limit {
			t.Errorf("up to %d nodes, the quota is %d", g.MaxNodeSize, limit)
		}
		// The rest of a life: scale, then one node more than before.
		if err := p.Caps.CheckScaling(3, 1, 4); err != nil {
			t.Errorf("CheckScaling: %v", err)
		}
		if err := p.Caps.CheckScaling(0, 0, 3); (err == nil) != p.Caps.Scaling.ToZero {
			t.Errorf("CheckScaling to zero: %v, want allowed %v", err, p.Caps.Scaling.ToZero)
		}
	})
}

// TestProfile_MinimalRequest checks with the least that a cloud needs that the
// rules demand no more, and what they demand.
func TestProfile_MinimalRequest(t *testing.T) {
	each(t, func(t *testing.T, p *Profile) {
		if err := p.Caps.CheckCluster(minimal(p)); err != nil {
			t.Errorf("CheckCluster: %v", err)
		}
		group := minimalGroup(p)
		if err := p.Caps.CheckNodeGroup(group); err != nil {
			t.Errorf("CheckNodeGroup: %v", err)
		}
		req := minimal(p)
		req.Network.SubnetIIDs = req.Network.SubnetIIDs[1:]
		err := p.Caps.CheckCluster(req)
		if !errors.Is(err, pmks.ErrInvalidArgument) || !strings.Contains(err.Error(), "Network.SubnetIIDs") {
			t.Errorf("with a subnet missing: %v, want an invalid Network.SubnetIIDs", err)
		}
	})
}

// minimal is the least that CreateCluster takes.
func minimal(p *Profile) pmks.ClusterInfo {
	full, fields := createRequest(p, "c1"), p.Caps.Fields
	req := pmks.ClusterInfo{IId: full.IId}
	if fields.VPC == pmks.FieldRequired {
		req.Network.VpcIID = full.Network.VpcIID
	}
	req.Network.SubnetIIDs = full.Network.SubnetIIDs[:p.Caps.Subnets.Min]
	if fields.SecurityGroups == pmks.FieldRequired {
		req.Network.SecurityGroupIIDs = full.Network.SecurityGroupIIDs[:1]
	}
	if p.Caps.GroupsAtCreate.Min > 0 {
		req.NodeGroupList = []pmks.NodeGroupInfo{minimalGroup(p)}
	}
	return req
}

func minimalGroup(p *Profile) pmks.NodeGroupInfo {
	full, fields := p.SampleNodeGroup("ng1"), p.Caps.Fields
	g := pmks.NodeGroupInfo{IId: full.IId, DesiredNodeSize: 1}
	if fields.VMSpec == pmks.FieldRequired {
		g.VMSpecName = full.VMSpecName
	}
	if fields.KeyPair == pmks.FieldRequired {
		g.KeyPairIID = full.KeyPairIID
	}
	return g
}

func TestProfile_SampleRequest_independent(t *testing.T) {
	each(t, func(t *testing.T, p *Profile) {
		want := p.SampleRequest("c1").Clone() // shares nothing, whatever SampleRequest does
		got := p.SampleRequest("c1")
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("two samples differ:\n got %+v\nwant %+v", got, want)
		}
		got.Network.SubnetIIDs[0].NameId = "changed"
		for i := range got.Network.SecurityGroupIIDs {
			got.Network.SecurityGroupIIDs[i].NameId = "changed"
		}
		for i := range got.TagList {
			got.TagList[i].Key = "changed"
		}
		got.NodeGroupList[0].VMSpecName = "changed"
		if again := p.SampleRequest("c1"); !reflect.DeepEqual(again, want) {
			t.Errorf("changing a sample changed the next:\n got %+v\nwant %+v", again, want)
		}
	})
}

func TestProfile_Sample_derived(t *testing.T) {
	t.Parallel()
	p := neutral.Clone()
	p.Name, p.Caps.Provider = "mycloud", "mycloud"
	if err := p.Caps.CheckCluster(p.SampleRequest("c1")); err != nil {
		t.Errorf("CheckCluster of a profile with a name of its own: %v", err)
	}
}
