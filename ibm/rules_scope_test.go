// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

// TestScope: of all clusters of the account those of community Kubernetes on VPC in the
// region are the connection's. Others are told apart, by name and by id, and their names
// are taken where they are in the region.
func TestScope(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{Assumptions: iks.Assumptions{ProviderIgnored: true, NamesPerRegion: true}})
		put(t, s, seed("mine", "ng1"), with(seed("shift", "ng1"), iks.AttrType, "openshift"),
			with(seed("orbit", "ng1"), iks.AttrProvider, "satellite"), with(seed("far", "ng1"), iks.AttrRegion, "eu-de"),
			with(seed("grouped", "ng1"), iks.AttrResourceGroup, iks.OtherResourceGroup))
		h := newHandler(t, s)
		list, err := h.ListCluster(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, info := range list {
			names = append(names, info.IId.NameId)
		}
		if slices.Sort(names); !slices.Equal(names, []string{"grouped", "mine"}) {
			t.Errorf("ListCluster shows %v", names)
		}
		for name, says := range map[string]string{"shift": "openshift", "orbit": "satellite", "far": "eu-de", "none": "no cluster"} {
			_, err := h.GetCluster(t.Context(), pmks.IID{NameId: name})
			if pmks.CodeOf(err) != pmks.CodeNotFound || !strings.Contains(err.Error(), says) {
				t.Errorf("GetCluster(%s): %v", name, err)
			}
		}
		for name, id := range rawIDs(t, s) {
			_, err := h.GetCluster(t.Context(), pmks.IID{SystemId: id})
			if want := map[bool]pmks.Code{true: pmks.CodeOK, false: pmks.CodeInvalidArgument}[slices.Contains(names, name)]; pmks.CodeOf(err) != want {
				t.Errorf("GetCluster(%s) by id: %v, want %s", name, err, want)
			}
		}
		if _, err := h.CreateCluster(t.Context(), bench.SampleRequest("shift")); pmks.CodeOf(err) != pmks.CodeAlreadyExists || !strings.Contains(err.Error(), "openshift") {
			t.Errorf("CreateCluster of the name of an OpenShift cluster: %v", err)
		}
		if s.Count("createCluster") != 0 {
			t.Error("it was asked for")
		}
	})
}

// rawIDs are the ids of all clusters of an account, as its list tells them.
func rawIDs(t *testing.T, s *iks.Server) map[string]string {
	t.Helper()
	ids := map[string]string{}
	cfg := configFor(s)
	next := cfg.Transport
	cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err != nil || !strings.HasSuffix(r.URL.Path, "getClusters") {
			return resp, err
		}
		var raw []struct{ ID, Name string }
		var body json.RawMessage
		if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(body, &raw); err != nil {
			return nil, err
		}
		for _, c := range raw {
			ids[c.Name] = c.ID
		}
		return providertest.Respond(r, resp.StatusCode, string(body)), nil
	})
	if _, err := newHandlerWith(t, cfg).ListIID(t.Context()); err != nil {
		t.Fatal(err)
	}
	return ids
}

// TestCRN: a CRN stands for its cluster when all of it is the connection's.
func TestCRN(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		put(t, s, seed("mine", "ng1"))
		h := newHandler(t, s)
		id := rawIDs(t, s)["mine"]
		crn := "crn:v1:bluemix:public:containers-kubernetes:us-south:a/" + iks.DefaultAccount + ":" + id + "::"
		info, err := h.GetCluster(t.Context(), pmks.IID{SystemId: crn})
		if err != nil || info.IId != (pmks.IID{NameId: "mine", SystemId: id}) {
			t.Errorf("got %s, %v", info.IId, err)
		}
		if got, _ := pmks.Lookup(info.KeyValueList, "CRN"); got != crn {
			t.Errorf("the CRN shown is %q", got)
		}
	})
}

// TestResourceGroup: writes carry the group of the cluster, reads none, a creation the
// configured one, by name or id.
func TestResourceGroup(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		put(t, s, with(seed("grouped", "ng1"), iks.AttrResourceGroup, iks.OtherResourceGroup))
		cfg := configFor(s)
		next := cfg.Transport
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if group := r.Header.Get("X-Auth-Resource-Group"); r.Method == http.MethodGet && group != "" {
				t.Errorf("%s carries the resource group %s", r.URL.Path, group)
			}
			return next.RoundTrip(r)
		})
		h := newHandlerWith(t, cfg)
		cluster := pmks.IID{NameId: "grouped"}
		if _, err := h.ChangeNodeGroupScaling(t.Context(), cluster, pmks.IID{NameId: "ng1"}, 3, 1, 4); err != nil {
			t.Errorf("ChangeNodeGroupScaling: %v", err)
		}
		if _, err := h.DeleteCluster(t.Context(), cluster); err != nil {
			t.Errorf("DeleteCluster: %v", err)
		}
		for _, group := range []string{iks.OtherResourceGroup, otherGroupName(t, s)} {
			cfg.ResourceGroup = group
			name := fmt.Sprint("in-", len(group))
			if _, err := newHandlerWith(t, cfg).CreateCluster(t.Context(), bench.SampleRequest(name)); err != nil {
				t.Fatalf("CreateCluster in %q: %v", group, err)
			}
			info, err := h.GetCluster(t.Context(), pmks.IID{NameId: name})
			if got, _ := pmks.Lookup(info.KeyValueList, "ResourceGroup"); err != nil || got != iks.OtherResourceGroup {
				t.Errorf("it is in %q, %v", got, err)
			}
		}
		cfg.ResourceGroup = "no-such-group"
		_, err := newHandlerWith(t, cfg).CreateCluster(t.Context(), bench.SampleRequest("nowhere"))
		if pmks.CodeOf(err) != pmks.CodeFailedPrecondition || !strings.Contains(err.Error(), "no-such-group") {
			t.Errorf("CreateCluster in no group: %v", err)
		}
	})
}

func otherGroupName(t *testing.T, s *iks.Server) string {
	t.Helper()
	_ = s
	for _, g := range iks.DefaultResources("us-south").ResourceGroups {
		if g.ID == iks.OtherResourceGroup {
			return g.Name
		}
	}
	t.Fatal("there is no other group")
	return ""
}

// TestZones: sizes are totals, of all zones, and what does not divide is refused.
func TestZones(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		h := newHandler(t, s)
		req := bench.SampleRequest("wide")
		req.Network.SubnetIIDs = nil
		for _, subnet := range iks.DefaultResources("us-south").Subnets[:3] {
			req.Network.SubnetIIDs = append(req.Network.SubnetIIDs, pmks.IID{SystemId: subnet.ID})
		}
		if _, err := h.CreateCluster(t.Context(), req); pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), "multiple of 3") {
			t.Errorf("2 nodes in three zones: %v", err)
		}
		req.NodeGroupList[0].DesiredNodeSize, req.NodeGroupList[0].MaxNodeSize = 6, 9
		info, err := pmks.Provision(t.Context(), h, req, pmks.WithInterval(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		if g := info.NodeGroupList[0]; g.DesiredNodeSize != 6 || len(g.Nodes) != 6 || len(info.Network.SubnetIIDs) != 3 {
			t.Errorf("got %+v in %v", g, info.Network.SubnetIIDs)
		}
		group := info.NodeGroupList[0].IId
		if _, err := h.ChangeNodeGroupScaling(t.Context(), info.IId, group, 7, 1, 9); pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), "multiple of 3") {
			t.Errorf("7 nodes in three zones: %v", err)
		}
		if _, err := h.ChangeNodeGroupScaling(t.Context(), info.IId, group, 9, 3, 9); err != nil {
			t.Errorf("9 nodes in three zones: %v", err)
		}
		if g, err := pmks.WaitNodeCount(t.Context(), h, info.IId, group, 9); err != nil || len(g.Nodes) != 9 {
			t.Errorf("%d nodes, %v", len(g.Nodes), err)
		}
		// The autoscaler's bounds are those of each zone as well.
		if _, err := h.SetNodeGroupAutoScaling(t.Context(), info.IId, group, true); err != nil {
			t.Fatal(err)
		}
		got, err := h.GetCluster(t.Context(), info.IId)
		if g := got.NodeGroupList[0]; err != nil || !g.OnAutoScaling || g.MinNodeSize != 3 || g.MaxNodeSize != 9 {
			t.Errorf("got %+v, %v", g, err)
		}
		if _, err := h.ChangeNodeGroupScaling(t.Context(), info.IId, group, 0, 3, 10); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
			t.Errorf("a bound of 10 in three zones: %v", err)
		}
		// One subnet of each zone.
		again := bench.SampleRequest("narrow")
		again.Network.SubnetIIDs = []pmks.IID{req.Network.SubnetIIDs[0], {SystemId: iks.DefaultResources("us-south").Subnets[3].ID}}
		if _, err := h.CreateCluster(t.Context(), again); pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), "SubnetIIDs[1]") {
			t.Errorf("two subnets of a zone: %v", err)
		}
	})
}

// TestNames: VPC, subnets and security groups may be given by their names.
func TestNames(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		r := iks.DefaultResources("us-south")
		req := bench.SampleRequest("named")
		req.Network = pmks.NetworkInfo{VpcIID: pmks.IID{NameId: r.VPCs[0].Name}, SubnetIIDs: []pmks.IID{{NameId: r.Subnets[0].Name}},
			SecurityGroupIIDs: []pmks.IID{{NameId: r.SecurityGroups[0].Name}}}
		h := newHandler(t, s)
		info, err := h.CreateCluster(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		n := info.Network
		if n.VpcIID.SystemId != r.VPCs[0].ID || n.SubnetIIDs[0].SystemId != r.Subnets[0].ID || n.SecurityGroupIIDs[0].SystemId != r.SecurityGroups[0].ID {
			t.Errorf("got %+v", n)
		}
	})
}

// TestFlavor: a flavor that the zone does not have is told by its field.
func TestFlavor(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		put(t, s, seed("plain", "ng1"))
		h := newHandler(t, s)
		req, group := bench.SampleRequest("gpu"), bench.SampleNodeGroup("gpu")
		req.NodeGroupList[0].VMSpecName, group.VMSpecName = "gx3.16x80.l4", "gx3.16x80.l4"
		_, err := h.CreateCluster(t.Context(), req)
		if e := asError(t, err); e.Code != pmks.CodeInvalidArgument || e.Field != "NodeGroupList[0].VMSpecName" {
			t.Errorf("CreateCluster: %v", err)
		}
		_, err = h.AddNodeGroup(t.Context(), pmks.IID{NameId: "plain"}, group)
		if e := asError(t, err); e.Code != pmks.CodeInvalidArgument || e.Field != "VMSpecName" {
			t.Errorf("AddNodeGroup: %v", err)
		}
	})
}

// TestPrivate: a cluster without a public endpoint shows its private one.
func TestPrivate(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		put(t, s, with(seed("plain", "ng1"), iks.AttrPrivate, "true"))
		info, err := newHandler(t, s).GetCluster(t.Context(), pmks.IID{NameId: "plain"})
		if err != nil || !strings.Contains(info.AccessInfo.Endpoint, "private") {
			t.Errorf("the endpoint is %q, %v", info.AccessInfo.Endpoint, err)
		}
		_, err = newHandler(t, s).SetNodeGroupAutoScaling(t.Context(), pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng1"}, true)
		if pmks.CodeOf(err) != pmks.CodeFailedPrecondition || !strings.Contains(err.Error(), "endpointType=private") || s.Count("patchClusterAddons") != 0 {
			t.Errorf("autoscaling through an endpoint that nobody outside reaches: %v", err)
		}
	})
}
