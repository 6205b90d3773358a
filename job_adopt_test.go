// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
)

// TestProvision_OtherSecurityGroups: a cluster with others is not taken for the one
// that was asked for.
func TestProvision_OtherSecurityGroups(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := fake.New(fake.WithProfile("aws"))
		req := pmks.ClusterInfo{IId: pmks.IID{NameId: "demo"}, Network: pmks.NetworkInfo{
			VpcIID:            pmks.IID{SystemId: "vpc-1"},
			SubnetIIDs:        []pmks.IID{{SystemId: "subnet-a"}, {SystemId: "subnet-b"}},
			SecurityGroupIIDs: []pmks.IID{{SystemId: "sg-open"}},
		}}
		if _, err := pmks.Provision(t.Context(), h, req); err != nil {
			t.Fatal(err)
		}
		req.Network.SecurityGroupIIDs = []pmks.IID{{SystemId: "sg-closed"}}
		info, err := pmks.Provision(t.Context(), h, req)
		var e *pmks.Error
		if !errors.As(err, &e) || e.Code != pmks.CodeAlreadyExists || e.Field != "Network.SecurityGroupIIDs[0]" {
			t.Errorf("asked for sg-closed, got %v, %v", info.Network.SecurityGroupIIDs, err)
		}
	})
}

// TestProvision_OtherNodes: a node group, or a cluster, that was made from another request
// is not taken for the one that is asked for; what was not asked for is taken as it is.
func TestProvision_OtherNodes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		field string // "" for none
		ask   func(*pmks.ClusterInfo, *pmks.NodeGroupInfo)
	}{
		{"", func(*pmks.ClusterInfo, *pmks.NodeGroupInfo) {}},
		{"", func(_ *pmks.ClusterInfo, g *pmks.NodeGroupInfo) {
			g.Labels, g.Taints, g.Spot, g.Zones = nil, nil, false, nil
		}},
		{"", func(_ *pmks.ClusterInfo, g *pmks.NodeGroupInfo) { g.Zones = []string{"sim-1b", "sim-1a"} }},
		{"Labels", func(_ *pmks.ClusterInfo, g *pmks.NodeGroupInfo) { g.Labels = map[string]string{"team": "red"} }},
		{"Taints", func(_ *pmks.ClusterInfo, g *pmks.NodeGroupInfo) { g.Taints[0].Effect = pmks.TaintNoExecute }},
		{"Zones", func(_ *pmks.ClusterInfo, g *pmks.NodeGroupInfo) { g.Zones = []string{"sim-1c"} }},
		{"Spot", func(_ *pmks.ClusterInfo, g *pmks.NodeGroupInfo) {
			g.IId.NameId, g.Labels, g.Taints, g.Zones = "plain", nil, nil, nil
		}},
		{"Taints", func(_ *pmks.ClusterInfo, g *pmks.NodeGroupInfo) {
			g.IId.NameId, g.Spot, g.Labels, g.Zones = "plain", false, nil, nil
		}},
		{"Access.Mode", func(c *pmks.ClusterInfo, _ *pmks.NodeGroupInfo) { c.Access.Mode = pmks.AccessPublic }},
		{"Access.CIDRs", func(c *pmks.ClusterInfo, _ *pmks.NodeGroupInfo) { c.Access.CIDRs = []string{"10.0.0.0/8"} }},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := fake.New()
			special := pmks.NodeGroupInfo{IId: pmks.IID{NameId: "special"}, DesiredNodeSize: 1, Labels: map[string]string{"team": "blue"},
				Taints: []pmks.Taint{{Key: "dedicated", Value: "batch", Effect: pmks.TaintNoSchedule}}, Spot: true, Zones: []string{"sim-1a", "sim-1b"}}
			req := pmks.ClusterInfo{
				IId: pmks.IID{NameId: "demo"}, Network: pmks.NetworkInfo{SubnetIIDs: []pmks.IID{{SystemId: "s"}}},
				Access:        pmks.Access{Mode: pmks.AccessPublicAndPrivate, CIDRs: []string{"10.0.0.0/8", "198.51.100.0/24"}},
				NodeGroupList: []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "plain"}, DesiredNodeSize: 1}, special},
			}
			if _, err := pmks.Provision(t.Context(), h, req); err != nil {
				t.Fatal(err)
			}
			again := req.Clone()
			again.NodeGroupList = again.NodeGroupList[1:]
			test.ask(&again, &again.NodeGroupList[0])
			_, err := pmks.Provision(t.Context(), h, again)
			var e *pmks.Error
			if test.field == "" && err != nil || test.field != "" && (!errors.As(err, &e) || e.Code != pmks.CodeAlreadyExists || e.Field != test.field) {
				t.Errorf("%q: got %v", test.field, err)
			}
		})
	}
}

// TestProvision_OpenCluster: a cluster that everybody can reach is not taken for one that
// was asked for with networks, also not while it is made; a list that holds everybody is
// as good as none.
func TestProvision_OpenCluster(t *testing.T) {
	t.Parallel()
	for _, provider := range []string{"aws", "azure", "gcp"} {
		for _, test := range []struct {
			cidrs []string
			field string // "" for none
		}{
			{nil, ""},
			{[]string{"0.0.0.0/0"}, ""},
			{[]string{"198.51.100.0/24"}, "Access.CIDRs"},
		} {
			for _, wait := range []bool{false, true} {
				synctest.Test(t, func(t *testing.T) {
					h := fake.New(fake.WithProfile(provider))
					req := demoRequest.Clone()
					if provider != "aws" {
						req.Network.SubnetIIDs = req.Network.SubnetIIDs[:1]
					}
					first := req.Clone()
					if h.Capabilities().GroupsAtCreate.Max == 0 {
						first.NodeGroupList = nil
					}
					made, err := h.CreateCluster(t.Context(), first)
					if err != nil {
						t.Fatal(err)
					}
					if wait {
						if _, err := pmks.WaitClusterActive(t.Context(), h, made.IId); err != nil {
							t.Fatal(err)
						}
					}
					req.Access.CIDRs = test.cidrs
					_, err = pmks.Provision(t.Context(), h, req)
					var e *pmks.Error
					if test.field == "" && err != nil || test.field != "" && (!errors.As(err, &e) || e.Code != pmks.CodeAlreadyExists || e.Field != test.field) {
						t.Errorf("%s: %v, at rest %t: got %v", provider, test.cidrs, wait, err)
					}
				})
			}
		}
	}
}

// TestProvision_UnreadableCluster: a Provision is called again, and the read of what is there fails: nothing is
// known of it, and it may be the caller's own.
func TestProvision_UnreadableCluster(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := fake.New(fake.WithProfile("aws"))
		req := pmks.ClusterInfo{IId: pmks.IID{NameId: "demo"}, Network: pmks.NetworkInfo{
			VpcIID: pmks.IID{SystemId: "vpc-1"}, SubnetIIDs: []pmks.IID{{SystemId: "subnet-a"}, {SystemId: "subnet-b"}}}}
		if _, err := pmks.Provision(t.Context(), h, req); err != nil {
			t.Fatal(err)
		}
		h.Inject(fake.Fault{Op: "GetCluster", Kind: fake.Refuse, Code: pmks.CodeUnavailable, Times: -1})
		_, err := pmks.Provision(t.Context(), h, req)
		if errors.Is(err, pmks.ErrAlreadyExists) || pmks.CodeOf(err) != pmks.CodeUnavailable {
			t.Errorf("ErrAlreadyExists means that what is there differs; the cloud could not be read: %s: %v", pmks.CodeOf(err), err)
		}
	})
}

// failing fails its first reads.
type failing struct {
	pmks.ClusterHandler
	left int
}

func (f *failing) GetCluster(_ context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
	if f.left--; f.left >= 0 {
		return pmks.ClusterInfo{}, &pmks.Error{Code: pmks.CodeUnavailable}
	}
	return pmks.ClusterInfo{IId: iid, Status: pmks.ClusterActive}, nil
}

// TestDefaultReadErrors: so many failed reads in a row are forgiven, and no more.
func TestDefaultReadErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		failures int
		want     pmks.Code
	}{{pmks.DefaultReadErrors, pmks.CodeOK}, {pmks.DefaultReadErrors + 1, pmks.CodeUnavailable}} {
		synctest.Test(t, func(t *testing.T) {
			_, err := pmks.WaitClusterActive(t.Context(), &failing{left: test.failures}, pmks.IID{NameId: "c"})
			if got := pmks.CodeOf(err); got != test.want {
				t.Errorf("%d failures: %v, want %s", test.failures, err, test.want)
			}
		})
	}
}

// labelsUnshown is a cloud that does not show the labels of nodes.
type labelsUnshown struct{ *fake.Handler }

func (h labelsUnshown) GetCluster(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
	info, err := h.Handler.GetCluster(ctx, iid)
	for i := range info.NodeGroupList {
		info.NodeGroupList[i].Labels = nil
	}
	return info, err
}

func (h labelsUnshown) GetNodeGroup(ctx context.Context, cluster, group pmks.IID) (pmks.NodeGroupInfo, error) {
	info, err := h.Handler.GetNodeGroup(ctx, cluster, group)
	info.Labels = nil
	return info, err
}

// TestProvision_LabelsUnshown: a group that came with the cluster under the cloud's own
// name is not asked for again, though its labels are not shown.
func TestProvision_LabelsUnshown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := fake.New(fake.WithProfile("nhn"))
		req := pmks.ClusterInfo{
			IId:     pmks.IID{NameId: "demo"},
			Network: pmks.NetworkInfo{VpcIID: pmks.IID{NameId: "vpc"}, SubnetIIDs: []pmks.IID{{NameId: "subnet"}}},
			NodeGroupList: []pmks.NodeGroupInfo{{
				VMSpecName: "m2.c4m8", KeyPairIID: pmks.IID{NameId: "key"}, DesiredNodeSize: 1, Labels: map[string]string{"team": "blue"},
			}},
		}
		for range 2 {
			info, err := pmks.Provision(t.Context(), labelsUnshown{h}, req)
			if err != nil || len(info.NodeGroupList) != 1 {
				t.Fatalf("%d groups, %v", len(info.NodeGroupList), err)
			}
		}
	})
}
