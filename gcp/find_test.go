// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/gcp"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/gke"
)

const (
	region = "asia-northeast3"
	parent = "projects/" + gke.DefaultProject + "/locations/"
)

// put adds a cluster with one node group of three nodes.
func put(t *testing.T, s *gke.Server, location, name string, more ...func(*gke.Seed)) pmks.IID {
	t.Helper()
	seed := gke.Seed{Seed: core.Seed{Name: name, Attr: map[string]string{gke.AttrLocation: location}, Groups: []pmks.NodeGroupInfo{
		{IId: pmks.IID{NameId: "g"}, VMSpecName: "e2-standard-4", DesiredNodeSize: 3, MinNodeSize: 3, MaxNodeSize: 6},
	}}}
	for _, change := range more {
		change(&seed)
	}
	if err := s.PutCluster(seed); err != nil {
		t.Fatal(err)
	}
	return pmks.IID{SystemId: parent + location + "/clusters/" + name}
}

// TestScope_name: a regional cluster is found by its name alone over a connection to
// a zone, read, looked at, scaled and torn down.
func TestScope_name(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := gke.New(gke.Options{})
		path := put(t, s, region, "wide")
		h, wide := newHandler(t, s), pmks.IID{NameId: "wide"}
		want := pmks.IID{NameId: "wide", SystemId: path.SystemId}
		if info, err := h.GetCluster(t.Context(), wide); err != nil || info.IId != want || len(info.NodeGroupList[0].Nodes) != 3 {
			t.Fatalf("GetCluster: %s, %v", info.IId, err)
		}
		// As an id it is that of no cluster in the zone.
		if _, err := h.GetCluster(t.Context(), pmks.IID{SystemId: "wide"}); pmks.CodeOf(err) != pmks.CodeNotFound {
			t.Errorf("GetCluster by the name as the id: %v", err)
		}
		s.Reset()
		if state, err := h.ReadState(t.Context(), wide, pmks.IID{NameId: "g"}); err != nil || state.Cluster != want || state.Status != pmks.ClusterActive {
			t.Errorf("ReadState: %+v, %v", state, err)
		}
		if _, err := h.GenerateClusterToken(t.Context(), wide); err != nil {
			t.Errorf("GenerateClusterToken: %v", err)
		}
		if _, err := h.ChangeNodeGroupScaling(t.Context(), wide, pmks.IID{NameId: "g"}, 6, 3, 6); err != nil {
			t.Errorf("ChangeNodeGroupScaling: %v", err)
		}
		if _, err := pmks.WaitClusterActive(t.Context(), h, wide); err != nil {
			t.Fatal(err)
		}
		if op, err := h.LastOperation(t.Context(), wide, pmks.IID{NameId: "g"}); err != nil || op.Kind != "SET_NODE_POOL_SIZE" || !op.Done || op.Err != nil || !op.End.After(op.Start) {
			t.Errorf("LastOperation: %+v, %v", op, err)
		}
		if err := pmks.Teardown(t.Context(), h, wide); err != nil {
			t.Fatalf("Teardown: %v", err)
		}
		if n := s.Count("DeleteCluster"); n != 1 {
			t.Errorf("%d deletions", n)
		}
		if _, err := h.GetCluster(t.Context(), path); pmks.CodeOf(err) != pmks.CodeNotFound {
			t.Errorf("after Teardown: %v", err)
		}
	})
}

// TestScope_ambiguous: of a name that two zones have nothing is read or changed by
// the name alone, and each is reached by what the list calls it.
func TestScope_ambiguous(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := gke.New(gke.Options{})
		put(t, s, region+"-a", "twin")
		put(t, s, region+"-b", "twin")
		h, twin, group := newHandler(t, s), pmks.IID{NameId: "twin"}, pmks.IID{NameId: "g"}
		for name, call := range map[string]func() error{
			"GetCluster":      func() error { _, err := h.GetCluster(t.Context(), twin); return err },
			"ReadState":       func() error { _, err := h.ReadState(t.Context(), twin, pmks.IID{}); return err },
			"DeleteCluster":   func() error { _, err := h.DeleteCluster(t.Context(), twin); return err },
			"AddNodeGroup":    func() error { _, err := h.AddNodeGroup(t.Context(), twin, bench.SampleNodeGroup("x")); return err },
			"RemoveNodeGroup": func() error { _, err := h.RemoveNodeGroup(t.Context(), twin, group); return err },
			"SetAutoScaling":  func() error { _, err := h.SetNodeGroupAutoScaling(t.Context(), twin, group, true); return err },
			"ChangeScaling":   func() error { _, err := h.ChangeNodeGroupScaling(t.Context(), twin, group, 4, 1, 4); return err },
			"UpgradeCluster":  func() error { _, err := h.UpgradeCluster(t.Context(), twin, "1.34"); return err },
			"GenerateToken":   func() error { _, err := h.GenerateClusterToken(t.Context(), twin); return err },
		} {
			if err := call(); pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), "ambiguous") || !strings.Contains(err.Error(), region+"-b/clusters/twin") {
				t.Errorf("%s: %v", name, err)
			}
		}
		for op := range s.Counts() {
			if slices.Contains(bench.Mutating, op) {
				t.Errorf("%s was sent", op)
			}
		}
		ids, err := h.ListIID(t.Context())
		if err != nil || len(ids) != 2 {
			t.Fatalf("ListIID: %v, %v", ids, err)
		}
		for _, id := range ids {
			info, err := h.GetCluster(t.Context(), *id)
			if err != nil || info.IId != *id {
				t.Errorf("%s: %s, %v", id, info.IId, err)
			}
			if info, err = h.GetCluster(t.Context(), pmks.IID{SystemId: id.SystemId}); err != nil || info.IId != *id {
				t.Errorf("%s by its SystemId: %s, %v", id, info.IId, err)
			}
		}
		// The one of the own zone, as the list has it, and nothing else.
		if err := pmks.Teardown(t.Context(), h, pmks.IID{NameId: "twin", SystemId: "twin"}); err != nil {
			t.Fatal(err)
		}
		if info, err := h.GetCluster(t.Context(), twin); err != nil || info.IId.SystemId != parent+region+"-b/clusters/twin" {
			t.Errorf("what is left: %s, %v", info.IId, err)
		}
	})
}

// TestScope_create: a name that the list shows is taken, wherever it is.
func TestScope_create(t *testing.T) {
	t.Parallel()
	for _, location := range []string{region, region + "-a", region + "-c"} {
		t.Run(location, func(t *testing.T) {
			t.Parallel()
			s := gke.New(gke.Options{})
			put(t, s, location, "taken")
			h, req := newHandler(t, s), bench.SampleRequest("taken")
			for name, err := range map[string]error{
				"CreateCluster": func() error { _, err := h.CreateCluster(t.Context(), req); return err }(),
				"CheckCluster":  h.CheckCluster(t.Context(), req),
			} {
				if pmks.CodeOf(err) != pmks.CodeAlreadyExists || !strings.Contains(err.Error(), location+"/clusters/taken") {
					t.Errorf("%s: %v", name, err)
				}
			}
			if n := s.Count("CreateCluster"); n != 0 {
				t.Errorf("%d creations were sent", n)
			}
		})
	}
}

// TestScope_unreachable: while a zone of the region cannot be listed, a name that is
// not seen is not absent, and one that is seen may not be the only one.
func TestScope_unreachable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := gke.New(gke.Options{MissingZones: []string{region + "-b"}})
		put(t, s, region+"-a", "here")
		put(t, s, region+"-b", "there")
		h := newHandler(t, s)
		list, err := h.ListCluster(t.Context())
		if pmks.CodeOf(err) != pmks.CodeUnavailable || len(list) != 1 || !strings.Contains(err.Error(), region+"-b") {
			t.Errorf("ListCluster: %d, %v", len(list), err)
		}
		if _, err := h.GetCluster(t.Context(), pmks.IID{NameId: "here"}); err != nil {
			t.Errorf("GetCluster of what is seen: %v", err)
		}
		for name, call := range map[string]func() error{
			"get-unseen":    func() error { _, err := h.GetCluster(t.Context(), pmks.IID{NameId: "there"}); return err },
			"delete-unseen": func() error { _, err := h.DeleteCluster(t.Context(), pmks.IID{NameId: "there"}); return err },
			"delete-seen":   func() error { _, err := h.DeleteCluster(t.Context(), pmks.IID{NameId: "here"}); return err },
		} {
			if err := call(); pmks.CodeOf(err) != pmks.CodeUnavailable || !pmks.Retryable(err) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := s.Count("DeleteCluster"); n != 0 {
			t.Errorf("%d deletions were sent", n)
		}
		if ok, err := h.DeleteCluster(t.Context(), pmks.IID{NameId: "here", SystemId: "here"}); err != nil || !ok {
			t.Errorf("DeleteCluster by its id: %v", err)
		}
	})
}

// TestIdentity: every part of an id counts, and a self link is one.
func TestIdentity(t *testing.T) {
	t.Parallel()
	s := gke.New(gke.Options{})
	put(t, s, region+"-a", "demo")
	h := newHandler(t, s)
	for _, id := range []string{
		parent + region + "-a/clusters/demo",
		"projects/" + gke.DefaultProject + "/zones/" + region + "-a/clusters/demo",
		"https://container.googleapis.com/v1/projects/" + gke.DefaultProject + "/zones/" + region + "-a/clusters/demo",
		"https://container.googleapis.com/v1/" + parent + region + "-a/clusters/demo",
	} {
		if info, err := h.GetCluster(t.Context(), pmks.IID{SystemId: id}); err != nil || info.IId.NameId != "demo" {
			t.Errorf("%s: %v", id, err)
		}
	}
	s.Reset()
	for _, test := range []struct{ name, id, says string }{
		{"project", "projects/other-project/locations/" + region + "-a/clusters/demo", "other-project"},
		{"project-number", "projects/" + gke.DefaultProjectNumber + "/locations/" + region + "-a/clusters/demo", gke.DefaultProjectNumber},
		{"region", parent + "us-central1-a/clusters/demo", "us-central1"},
		{"kind", parent + region + "-a/operations/demo", "clusters/NAME"},
		{"deeper", parent + region + "-a/clusters/demo/nodePools/g", "clusters/NAME"},
		{"host", "https://evil.example/v1/" + parent + region + "-a/clusters/demo", "clusters/NAME"},
		{"up", parent + region + "-a/clusters/..", "relative path segment"},
		{"query", parent + region + "-a/clusters/demo?x=y", "clusters/NAME"},
	} {
		if _, err := h.DeleteCluster(t.Context(), pmks.IID{NameId: "demo", SystemId: test.id}); pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	if _, err := h.RemoveNodeGroup(t.Context(), pmks.IID{NameId: "demo"}, pmks.IID{SystemId: parent + region + "-a/clusters/other/nodePools/g"}); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
		t.Errorf("a path as the id of a node group: %v", err)
	}
	if got := s.Counts(); len(got) != 0 {
		t.Errorf("calls %v", got)
	}
}

// TestZones: totals hold in every cluster, whatever zones its nodes are in.
func TestZones(t *testing.T) {
	t.Parallel()
	zones := func(list ...string) func(*gke.Seed) {
		return func(s *gke.Seed) {
			for _, z := range list {
				s.Zones = append(s.Zones, region+"-"+z)
			}
		}
	}
	for _, test := range []struct {
		name, location string
		more           []func(*gke.Seed)
		desired        int
		want           pmks.Code
	}{
		{"zonal", region + "-a", nil, 4, pmks.CodeOK},
		{"regional", region, nil, 6, pmks.CodeOK},
		{"regional-uneven", region, nil, 4, pmks.CodeInvalidArgument},
		{"zonal-with-nodes-in-two", region + "-a", []func(*gke.Seed){zones("a", "b")}, 6, pmks.CodeOK},
		{"zonal-with-nodes-in-two-uneven", region + "-a", []func(*gke.Seed){zones("a", "b")}, 3, pmks.CodeInvalidArgument},
		{"regional-with-nodes-in-two", region, []func(*gke.Seed){zones("a", "c")}, 4, pmks.CodeOK},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := gke.New(gke.Options{})
				iid := put(t, s, test.location, "demo", append(test.more, func(s *gke.Seed) { s.Groups[0].DesiredNodeSize = 6 })...)
				h := newHandler(t, s)
				req := bench.SampleNodeGroup("more")
				req.OnAutoScaling, req.DesiredNodeSize, req.MinNodeSize, req.MaxNodeSize = true, test.desired, 1, 12
				made, err := h.AddNodeGroup(t.Context(), iid, req)
				if pmks.CodeOf(err) != test.want {
					t.Fatalf("AddNodeGroup: %v, want %s", err, test.want)
				}
				if err != nil {
					return
				}
				time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
				info, err := h.GetCluster(t.Context(), iid)
				if err != nil {
					t.Fatal(err)
				}
				g, _ := info.NodeGroup(req.IId)
				for what, g := range map[string]pmks.NodeGroupInfo{"reply": made, "read": g} {
					if g.DesiredNodeSize != test.desired || g.MinNodeSize != 1 || g.MaxNodeSize != 12 {
						t.Errorf("the %s has %d of %d to %d", what, g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize)
					}
				}
				if len(g.Nodes) != test.desired {
					t.Errorf("there are %d nodes", len(g.Nodes))
				}
				if got, err := h.ChangeNodeGroupScaling(t.Context(), iid, req.IId, 12, 2, 24); err != nil || got.DesiredNodeSize != 12 {
					t.Fatalf("ChangeNodeGroupScaling: %d, %v", got.DesiredNodeSize, err)
				}
				time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
				info, _ = h.GetCluster(t.Context(), iid)
				if g, _ = info.NodeGroup(req.IId); len(g.Nodes) != 12 || g.DesiredNodeSize != 12 || g.MinNodeSize != 2 || g.MaxNodeSize != 24 {
					t.Errorf("after scaling there are %d nodes, %d of %d to %d", len(g.Nodes), g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize)
				}
			})
		})
	}
}

// TestZones_create: a regional creation says the totals that were asked for.
func TestZones_create(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := gke.New(gke.Options{})
		cfg := configFor(s)
		cfg.Regional = true
		h := newHandlerWith(t, cfg)
		req := bench.SampleRequest("wide")
		req.NodeGroupList[0].DesiredNodeSize, req.NodeGroupList[0].MinNodeSize, req.NodeGroupList[0].MaxNodeSize = 6, 3, 9
		made, err := h.CreateCluster(t.Context(), req)
		if err != nil || made.NodeGroupList[0].DesiredNodeSize != 6 || made.NodeGroupList[0].MaxNodeSize != 9 || made.IId.SystemId != "wide" {
			t.Fatalf("CreateCluster: %+v, %v", made.NodeGroupList, err)
		}
		info, err := pmks.WaitClusterActive(t.Context(), h, made.IId)
		if err != nil || len(info.NodeGroupList[0].Nodes) != 6 {
			t.Errorf("%d nodes, %v", len(info.NodeGroupList[0].Nodes), err)
		}
	})
}

// TestSharedVPC: networks of a host project are sent whole, those of another region
// are refused, and self links are understood.
func TestSharedVPC(t *testing.T) {
	t.Parallel()
	const host = gke.DefaultHostProject
	links := "https://www.googleapis.com/compute/v1/"
	own := bench.SampleRequest("x").Network
	vpc, subnet := own.VpcIID.NameId, own.SubnetIIDs[0].NameId
	ranges := func(c *gcp.Config) { c.PodRange, c.ServiceRange = "shared-pods", "shared-services" }
	for _, test := range []struct {
		name          string
		change        func(*gcp.Config)
		vpc, subnet   string
		want          pmks.Code
		sent, subnet2 string
	}{
		{"names", nil, vpc, subnet, pmks.CodeOK, "projects/" + gke.DefaultProject + "/global/networks/" + vpc, ""},
		{"own-path", nil, "projects/" + gke.DefaultProject + "/global/networks/" + vpc, "projects/" + gke.DefaultProject + "/regions/" + region + "/subnetworks/" + subnet, pmks.CodeOK,
			"projects/" + gke.DefaultProject + "/global/networks/" + vpc, ""},
		{"own-self-link", nil, links + "projects/" + gke.DefaultProject + "/global/networks/" + vpc, links + "projects/" + gke.DefaultProject + "/regions/" + region + "/subnetworks/" + subnet, pmks.CodeOK,
			"projects/" + gke.DefaultProject + "/global/networks/" + vpc, ""},
		{"host-path", ranges, "projects/" + host + "/global/networks/shared-vpc", "projects/" + host + "/regions/" + region + "/subnetworks/shared-subnet", pmks.CodeOK,
			"projects/" + host + "/global/networks/shared-vpc", "projects/" + host + "/regions/" + region + "/subnetworks/shared-subnet"},
		{"host-self-link-and-name", ranges, links + "projects/" + host + "/global/networks/shared-vpc", "shared-subnet", pmks.CodeOK,
			"projects/" + host + "/global/networks/shared-vpc", "projects/" + host + "/regions/" + region + "/subnetworks/shared-subnet"},
		{"subnet-of-another-region", nil, vpc, "projects/" + gke.DefaultProject + "/regions/us-central1/subnetworks/" + subnet, pmks.CodeInvalidArgument, "", ""},
		{"subnet-of-another-project", nil, vpc, "projects/" + host + "/regions/" + region + "/subnetworks/shared-subnet", pmks.CodeInvalidArgument, "", ""},
		{"network-of-nobody", nil, "projects/no-such-project/global/networks/" + vpc, subnet, pmks.CodeInvalidArgument, "", ""},
		{"project-by-number", nil, "projects/" + gke.DefaultProjectNumber + "/global/networks/" + vpc, subnet, pmks.CodeInvalidArgument, "", ""},
		{"another-kind", nil, "projects/" + gke.DefaultProject + "/global/firewalls/" + vpc, subnet, pmks.CodeInvalidArgument, "", ""},
		{"another-host", nil, "https://evil.example/projects/" + gke.DefaultProject + "/global/networks/" + vpc, subnet, pmks.CodeInvalidArgument, "", ""},
		{"a-path-of-mine", nil, "mine/networks/" + vpc, subnet, pmks.CodeInvalidArgument, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := gke.New(gke.Options{})
				cfg := configFor(s)
				if test.change != nil {
					test.change(&cfg)
				}
				h, req := newHandlerWith(t, cfg), bench.SampleRequest("demo")
				req.Network = pmks.NetworkInfo{VpcIID: pmks.IID{SystemId: test.vpc}, SubnetIIDs: []pmks.IID{{SystemId: test.subnet}}}
				made, err := h.CreateCluster(t.Context(), req)
				if pmks.CodeOf(err) != test.want {
					t.Fatalf("got %v, want %s", err, test.want)
				}
				if err != nil {
					if n := s.Count("CreateCluster"); n != 0 {
						t.Error("a creation was sent")
					}
					return
				}
				info, err := pmks.WaitClusterActive(t.Context(), h, made.IId)
				if err != nil || info.Network.VpcIID.SystemId != test.sent || test.subnet2 != "" && info.Network.SubnetIIDs[0].SystemId != test.subnet2 {
					t.Errorf("the cluster is in %+v, %v", info.Network, err)
				}
			})
		})
	}
}

// TestSharedVPC_securityGroup: a firewall rule is one of the network's project.
func TestSharedVPC_securityGroup(t *testing.T) {
	t.Parallel()
	s := gke.New(gke.Options{})
	req := bench.SampleRequest("demo")
	req.Network.SecurityGroupIIDs = []pmks.IID{{SystemId: "projects/" + gke.DefaultHostProject + "/global/firewalls/allow-ssh"}}
	_, err := newHandler(t, s).CreateCluster(t.Context(), req)
	if pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), "SecurityGroupIIDs[0]") {
		t.Errorf("a rule of another project: %v", err)
	}
	req.Network.SecurityGroupIIDs = []pmks.IID{{SystemId: "projects/" + gke.DefaultProject + "/global/firewalls/allow-ssh"}}
	if err := newHandler(t, s).CheckCluster(t.Context(), req); err != nil {
		t.Errorf("a rule of the own project: %v", err)
	}
}

// TestOtherKinds: what consoles make is shown truly, and what pmks cannot change of
// it is refused whole.
func TestOtherKinds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := gke.New(gke.Options{})
		iid := put(t, s, region+"-a", "mixed", func(s *gke.Seed) {
			for _, name := range []string{"spot", "old", "win", "auto"} {
				s.Groups = append(s.Groups, pmks.NodeGroupInfo{IId: pmks.IID{NameId: name}, VMSpecName: "e2-standard-4", DesiredNodeSize: 2,
					OnAutoScaling: name == "auto", MinNodeSize: 0, MaxNodeSize: 4})
			}
			s.Pools = map[string]gke.PoolSeed{"spot": {Spot: true}, "old": {Preemptible: true}, "win": {ImageType: "WINDOWS_LTSC_CONTAINERD"},
				"auto": {Autoprovisioned: true, LocationPolicy: containerpb.NodePoolAutoscaling_ANY}}
		})
		h := newHandler(t, s)
		info, err := h.GetCluster(t.Context(), iid)
		if err != nil {
			t.Fatal(err)
		}
		for name, key := range map[string]string{"spot": "Spot", "old": "Preemptible", "win": "Windows", "auto": "Autoprovisioned"} {
			g, _ := info.NodeGroup(pmks.IID{NameId: name})
			if got, _ := pmks.Lookup(g.KeyValueList, key); got != "true" || len(g.Nodes) != 2 {
				t.Errorf("%s shows %q with %d nodes", name, got, len(g.Nodes))
			}
		}
		auto := pmks.IID{NameId: "auto"}
		if _, err := h.ChangeNodeGroupScaling(t.Context(), iid, auto, 2, 1, 5); err != nil {
			t.Fatalf("bounds of an autoprovisioned pool: %v", err)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		p, err := otherHand(t, s).GetNodePool(t.Context(), &containerpb.GetNodePoolRequest{Name: iid.SystemId + "/nodePools/auto"})
		if a := p.GetAutoscaling(); err != nil || !a.GetAutoprovisioned() || a.GetLocationPolicy() != containerpb.NodePoolAutoscaling_ANY || a.GetMinNodeCount() != 1 || a.GetMaxNodeCount() != 5 {
			t.Errorf("its autoscaling is %v, %v", a, err)
		}
		s.Reset()
		if _, err := h.SetNodeGroupAutoScaling(t.Context(), iid, auto, false); pmks.CodeOf(err) != pmks.CodeUnsupported {
			t.Errorf("an autoprovisioned pool without autoscaling: %v", err)
		}
		if s.Count("SetNodePoolAutoscaling")+s.Count("SetLabels") != 0 {
			t.Error("half of it was sent")
		}
	})
}

// TestAutopilot: its pools are shown without what cannot be read, and every change of
// them is refused whole; the control plane can be upgraded, and the cluster deleted.
func TestAutopilot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := gke.New(gke.Options{})
		iid := put(t, s, region, "pilot", func(s *gke.Seed) { s.Attr[gke.AttrAutopilot] = "true"; s.Version = "1.33.5-gke.2072000" })
		h, group := newHandler(t, s), pmks.IID{NameId: "g"}
		info, err := h.GetCluster(t.Context(), iid)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := pmks.Lookup(info.NodeGroupList[0].KeyValueList, pmks.KeyUnread); got != "Nodes(Unsupported),DesiredNodeSize(Unsupported)" {
			t.Errorf("unread is %q", got)
		}
		if state, err := h.ReadState(t.Context(), iid, group); err != nil || state.Status != pmks.ClusterActive || state.DesiredNodeSize != -1 || state.NodeCount != -1 {
			t.Errorf("ReadState of a pool: %+v, %v", state, err)
		}
		for name, call := range map[string]func() error{
			"AddNodeGroup":    func() error { _, err := h.AddNodeGroup(t.Context(), iid, bench.SampleNodeGroup("x")); return err },
			"RemoveNodeGroup": func() error { _, err := h.RemoveNodeGroup(t.Context(), iid, group); return err },
			"SetAutoScaling":  func() error { _, err := h.SetNodeGroupAutoScaling(t.Context(), iid, group, true); return err },
			"ChangeScaling":   func() error { _, err := h.ChangeNodeGroupScaling(t.Context(), iid, group, 6, 3, 6); return err },
		} {
			if err := call(); pmks.CodeOf(err) != pmks.CodeUnsupported {
				t.Errorf("%s: %v", name, err)
			}
		}
		got := s.Counts()
		for _, op := range bench.Mutating {
			if op != "DeleteNodePool" && got[op] != 0 { // which GKE has refused
				t.Errorf("%s was sent", op)
			}
		}
		before := maps.Clone(got)
		if _, err := h.UpgradeCluster(t.Context(), iid, "1.34"); err != nil || s.Count("UpdateMaster") != before["UpdateMaster"]+1 {
			t.Errorf("UpgradeCluster: %v", err)
		}
		if err := pmks.Teardown(t.Context(), h, iid); err != nil {
			t.Errorf("Teardown: %v", err)
		}
	})
}
