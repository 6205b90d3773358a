// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/ibm"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

func inBubble(t *testing.T, f func(*testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// put adds clusters to an account.
func put(t *testing.T, s *iks.Server, seeds ...core.Seed) {
	t.Helper()
	for _, seed := range seeds {
		if err := s.Put(seed); err != nil {
			t.Fatal(err)
		}
	}
}

// with is a seed with an attribute.
func with(s core.Seed, key, value string) core.Seed {
	s.Attr = map[string]string{key: value}
	return s
}

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

// TestLingering: a deleted cluster that lingers in the list is absent for reads, and its
// name is taken.
func TestLingering(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{Linger: time.Hour})
		put(t, s, seed("gone", "ng1"))
		h := newHandler(t, s)
		if err := pmks.Teardown(t.Context(), h, pmks.IID{NameId: "gone"}); err != nil {
			t.Fatal(err)
		}
		if list, err := h.ListIID(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("ListIID shows %d, %v", len(list), err)
		}
		if _, err := h.GetCluster(t.Context(), pmks.IID{NameId: "gone"}); pmks.CodeOf(err) != pmks.CodeNotFound {
			t.Errorf("GetCluster: %v", err)
		}
		if _, err := h.CreateCluster(t.Context(), bench.SampleRequest("gone")); pmks.CodeOf(err) != pmks.CodeAlreadyExists {
			t.Errorf("CreateCluster: %v", err)
		}
	})
}

// TestYoung: a cluster that was just made answers 404 to everything but the list, with
// the words of one that does not exist. Reads wait for it, and no wait takes it for gone.
func TestYoung(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{Fresh: 30 * time.Second})
		h := newHandler(t, s)
		info, err := h.CreateCluster(t.Context(), bench.SampleRequest("young"))
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		list, err := h.ListCluster(t.Context())
		if err != nil || len(list) != 1 || list[0].Status != pmks.ClusterCreating || len(pmks.Unread(list[0].KeyValueList)) != 1 || time.Since(start) > time.Second {
			t.Errorf("ListCluster: %d clusters after %s, %v", len(list), time.Since(start), err)
		}
		got, err := h.GetCluster(t.Context(), info.IId)
		if err != nil || got.Status != pmks.ClusterCreating || len(got.NodeGroupList) != 1 {
			t.Errorf("GetCluster: %s with %d groups, %v", got.Status, len(got.NodeGroupList), err)
		}
		if _, err := pmks.WaitClusterActive(t.Context(), h, info.IId); err != nil {
			t.Errorf("WaitClusterActive: %v", err)
		}
	})
}

// youthOfClusters is for how long a cluster may be too new to be read.
const youthOfClusters = time.Hour

// TestAbsence: the words of a cluster that does not exist are believed only when the list
// has it no more; a missing role sounds the same.
func TestAbsence(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"A0006", "E0008", "G0004"} {
		inBubble(t, func(t *testing.T) {
			s := iks.New(iks.Options{})
			put(t, s, seed("there", "ng1"))
			time.Sleep(2 * youthOfClusters) //nolint:forbidigo // inside a synctest bubble
			h := newHandler(t, s)
			id := rawIDs(t, s)["there"]
			fault := providertest.Answer(404, `{"code":"`+code+`","description":"The specified cluster could not be found."}`)
			fault.Op, fault.Times = "getCluster", -1
			cancel := s.Inject(fault)
			iid := pmks.IID{NameId: "there", SystemId: id}
			if _, err := h.GetCluster(t.Context(), iid); pmks.CodeOf(err) != pmks.CodeUnavailable || !strings.Contains(err.Error(), "lists the cluster") {
				t.Errorf("%s: GetCluster: %v", code, err)
			}
			if err := pmks.Teardown(t.Context(), h, iid); err == nil {
				t.Errorf("%s: Teardown is over, and the cluster is there", code)
			}
			cancel()
			if err := pmks.Teardown(t.Context(), h, iid); err != nil {
				t.Errorf("%s: Teardown: %v", code, err)
			}
			if _, err := h.GetCluster(t.Context(), iid); pmks.CodeOf(err) != pmks.CodeNotFound {
				t.Errorf("%s: GetCluster of what is gone: %v", code, err)
			}
		})
	}
}

// TestLostCreate: a creation that answers 500 and happens is found by the label that only
// this request carries, and never sent twice; that of somebody else is not taken for it.
func TestLostCreate(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{ReadLag: 10 * time.Second})
		cfg := configFor(s)
		next := cfg.Transport
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(r)
			if err == nil && strings.HasSuffix(r.URL.Path, "/createCluster") {
				_ = resp.Body.Close()
				return providertest.Respond(r, 500, `{"incidentID":"x","code":"G0002","description":"The request could not be processed."}`), nil
			}
			return resp, err
		})
		h := newHandlerWith(t, cfg)
		info, err := h.CreateCluster(t.Context(), bench.SampleRequest("lost"))
		if err != nil || info.IId.SystemId != rawIDs(t, s)["lost"] || s.Count("createCluster") != 1 {
			t.Errorf("got %s after %d requests, %v", info.IId, s.Count("createCluster"), err)
		}
	})
	// Only another request's label proves that it is somebody else's.
	for _, labelled := range []bool{true, false} {
		inBubble(t, func(t *testing.T) {
			s := iks.New(iks.Options{})
			cfg, rival := configFor(s), newHandler(t, s)
			next := cfg.Transport
			cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
				if !strings.HasSuffix(r.URL.Path, "/createCluster") {
					return next.RoundTrip(r)
				}
				if !labelled {
					put(t, s, seed("rival", "ng1"))
				} else if _, err := rival.CreateCluster(r.Context(), bench.SampleRequest("rival")); err != nil {
					t.Error(err)
				}
				return providertest.Respond(r, 500, `{}`), nil
			})
			_, err := newHandlerWith(t, cfg).CreateCluster(t.Context(), bench.SampleRequest("rival"))
			if e := asError(t, err); labelled != (e.Code == pmks.CodeAlreadyExists) || labelled == e.MayHaveHappened {
				t.Errorf("labelled %t: %v", labelled, err)
			}
		})
	}
}

// TestLostAdd: the same for a node group.
func TestLostAdd(t *testing.T) {
	t.Parallel()
	for _, a := range []iks.Assumptions{{}, {LabelsLate: true}} {
		inBubble(t, func(t *testing.T) {
			s := iks.New(iks.Options{Assumptions: a})
			put(t, s, seed("plain", "ng1"))
			s.Inject(core.Fault{Op: "createWorkerPool", Kind: core.FaultLoseReply, Times: 1})
			g, err := newHandler(t, s).AddNodeGroup(t.Context(), pmks.IID{NameId: "plain"}, bench.SampleNodeGroup("lost"))
			if err == nil && g.IId.SystemId == "" || err != nil && !asError(t, err).MayHaveHappened || s.Count("createWorkerPool") != 1 {
				t.Errorf("%+v: %s after %d requests, %v", a, g.IId, s.Count("createWorkerPool"), err)
			}
		})
	}
}

// TestFirstPool: whether IBM keeps the name of the first pool or calls it default, the
// group has the name that was asked for, and is there once.
func TestFirstPool(t *testing.T) {
	t.Parallel()
	for _, a := range []iks.Assumptions{{}, {FirstPoolIsDefault: true}} {
		inBubble(t, func(t *testing.T) {
			h := newHandler(t, iks.New(iks.Options{Assumptions: a}))
			req := bench.SampleRequest("named")
			req.NodeGroupList[0].OnAutoScaling = true
			info, err := pmks.Provision(t.Context(), h, req, pmks.WithInterval(time.Minute))
			if err != nil || len(info.NodeGroupList) != 1 {
				t.Fatalf("%d groups, %v", len(info.NodeGroupList), err)
			}
			if g := info.NodeGroupList[0]; g.IId.NameId != "ng1" || !g.OnAutoScaling || g.MaxNodeSize != 3 {
				t.Errorf("got %+v", g)
			}
		})
	}
}

// TestLateLabels: a creation whose answer is lost, and whose label does not show yet, is
// neither sent again nor taken for somebody else's.
func TestLateLabels(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{Assumptions: iks.Assumptions{LabelsLate: true}})
		s.Inject(core.Fault{Op: "createCluster", Kind: core.FaultLoseReply, Times: 1})
		_, err := newHandler(t, s).CreateCluster(t.Context(), bench.SampleRequest("late"))
		if err != nil && !asError(t, err).MayHaveHappened || s.Count("createCluster") != 1 {
			t.Errorf("after %d requests: %v", s.Count("createCluster"), err)
		}
	})
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

// TestIgnored: a key pair has no meaning on IKS, which the group says from then on.
func TestIgnored(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		h := newHandler(t, iks.New(iks.Options{}))
		req := bench.SampleRequest("keyed")
		req.NodeGroupList[0].KeyPairIID = pmks.IID{NameId: "keypair-01"}
		made, err := h.CreateCluster(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		read, err := h.GetCluster(t.Context(), made.IId)
		if err != nil {
			t.Fatal(err)
		}
		for _, info := range []pmks.ClusterInfo{made, read} {
			if got, _ := pmks.Lookup(info.NodeGroupList[0].KeyValueList, pmks.KeyIgnored); got != "KeyPairIID" {
				t.Errorf("ignored is %q", got)
			}
		}
	})
}

// TestSecondary: what may not be read beside a cluster is named, and the rest is there.
func TestSecondary(t *testing.T) {
	t.Parallel()
	for op, want := range map[string]string{
		"getWorkers": "", "getSecurityGroups": "SecurityGroupIIDs(PermissionDenied)", "getKubeconfig": "Kubeconfig(PermissionDenied)",
	} {
		inBubble(t, func(t *testing.T) {
			s := iks.New(iks.Options{})
			put(t, s, seed("plain", "ng1"))
			s.Deny(op)
			info, err := newHandler(t, s).GetCluster(t.Context(), pmks.IID{NameId: "plain"})
			if err != nil || info.Status != pmks.ClusterActive || len(info.NodeGroupList) != 1 {
				t.Fatalf("%s: %+v, %v", op, info, err)
			}
			if got, _ := pmks.Lookup(info.KeyValueList, pmks.KeyUnread); got != want {
				t.Errorf("%s: unread is %q, want %q", op, got, want)
			}
			g := info.NodeGroupList[0]
			if got, _ := pmks.Lookup(g.KeyValueList, pmks.KeyUnread); op == "getWorkers" && (got != "Nodes(PermissionDenied),Version(PermissionDenied)" || g.DesiredNodeSize != 2 || g.StatusFinal) {
				t.Errorf("%s: unread is %q of %+v", op, got, g)
			}
		})
	}
}

// TestUnreachableConfigMap: without the autoscaler's ConfigMap its bounds are unread where
// the pool remembers none, and never 0 for true.
func TestUnreachableConfigMap(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 1, iks.Options{})
		fault := core.Fault{Op: "getConfigMap", Kind: core.FaultHang, Times: -1}
		s.Inject(fault)
		start := time.Now()
		info, err := newHandler(t, s).GetCluster(t.Context(), pmks.IID{NameId: "c000"})
		if err != nil || time.Since(start) > time.Minute {
			t.Fatalf("%v after %s", err, time.Since(start))
		}
		g := info.NodeGroupList[0]
		got, _ := pmks.Lookup(g.KeyValueList, pmks.KeyUnread)
		if !g.OnAutoScaling || got == "" && (g.MinNodeSize == 0 || g.MaxNodeSize == 0) {
			t.Errorf("got %+v", g)
		}
	})
}

// TestAddOnCritical: an add-on that does not work ends the switch with IBM's words.
func TestAddOnCritical(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		put(t, s, with(seed("plain", "ng1"), iks.AttrAutoscaler, "true"))
		if err := s.ShowAddon("plain", "cluster-autoscaler", "critical"); err != nil {
			t.Fatal(err)
		}
		_, err := newHandler(t, s).SetNodeGroupAutoScaling(t.Context(), pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng1"}, true)
		if pmks.CodeOf(err) != pmks.CodeFailedPrecondition || !strings.Contains(err.Error(), "cluster-autoscaler") {
			t.Errorf("got %v", err)
		}
	})
}

// TestRemove_entry: the entry of a pool goes with it, and comes back when the removal is
// refused.
func TestRemove_entry(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 2, iks.Options{})
		h := newHandler(t, s)
		fault := providertest.Answer(400, `{"code":"E1437","description":"The minimum number of workers must be kept."}`)
		fault.Op, fault.Times = "removeWorkerPool", 1
		s.Inject(fault)
		cluster, group := pmks.IID{NameId: "c000"}, pmks.IID{NameId: "g0"}
		_, err := h.RemoveNodeGroup(t.Context(), cluster, group)
		if e := asError(t, err); e.Code != pmks.CodeFailedPrecondition || e.ProviderCode != "E1437" {
			t.Errorf("RemoveNodeGroup: %v", err)
		}
		if puts := s.Count("putConfigMap"); puts != 2 {
			t.Errorf("the ConfigMap was written %d times, want the entry out and in again", puts)
		}
		info, err := h.GetCluster(t.Context(), cluster)
		if g, _ := info.NodeGroup(group); err != nil || !g.OnAutoScaling || g.MaxNodeSize != 3 {
			t.Errorf("got %+v, %v", g, err)
		}
		if _, err := h.RemoveNodeGroup(t.Context(), cluster, group); err != nil {
			t.Errorf("RemoveNodeGroup: %v", err)
		}
	})
}

// TestBusyOrMinimum: the refusal to go below the least number of workers is Busy while
// workers are worked on, by IBM's own words.
func TestBusyOrMinimum(t *testing.T) {
	t.Parallel()
	for pending, want := range map[string]pmks.Code{"": pmks.CodeFailedPrecondition, "replace": pmks.CodeBusy} {
		inBubble(t, func(t *testing.T) {
			s := iks.New(iks.Options{})
			put(t, s, seed("plain", "ng1", "ng2"))
			if err := s.ShowWorkers("plain", "ng1", 0, iks.WorkerShown{PendingOperation: pending}); err != nil {
				t.Fatal(err)
			}
			fault := providertest.Answer(400, `{"code":"E1437","description":"below the minimum"}`)
			fault.Op, fault.Times = "removeWorkerPool", -1
			s.Inject(fault)
			_, err := newHandler(t, s).RemoveNodeGroup(t.Context(), pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng2"})
			if pmks.CodeOf(err) != want {
				t.Errorf("pending %q: %v, want %s", pending, err, want)
			}
		})
	}
}

// TestUpgrade_workers: workers are replaced one at a time in each pool, and a fix pack
// that IBM has for them is a reason as well.
func TestUpgrade_workers(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		put(t, s, seed("plain", "ng1", "ng2"))
		h := newHandler(t, s)
		cluster := pmks.IID{NameId: "plain"}
		for _, pool := range []string{"ng1", "ng2"} {
			if err := s.ShowWorkers("plain", pool, 0, iks.WorkerShown{ActualVersion: "1.34.4_1400"}); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			info, err := h.UpgradeCluster(t.Context(), cluster, "1.34")
			if err != nil || info.Status != pmks.ClusterUpdating {
				t.Fatalf("UpgradeCluster: %s, %v", info.Status, err)
			}
			if n := s.Count("replaceWorker"); n != 2 {
				t.Errorf("%d workers are replaced, want one of each pool", n)
			}
		}
	})
}

// TestUpgrade_failedWorker: while a worker of a pool has failed to come no other is given
// up, and the upgrade says why.
func TestUpgrade_failedWorker(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		put(t, s, seed("plain", "ng1"))
		if err := s.ShowWorkers("plain", "ng1", 0, iks.WorkerShown{ActualVersion: "1.34.4_1400"}); err != nil {
			t.Fatal(err)
		}
		if err := s.ShowWorkers("plain", "ng1", 1, iks.WorkerShown{ActualState: "provision_failed", Message: "no capacity"}); err != nil {
			t.Fatal(err)
		}
		_, err := newHandler(t, s).UpgradeCluster(t.Context(), pmks.IID{NameId: "plain"}, "1.34")
		if pmks.CodeOf(err) != pmks.CodeFailedPrecondition || !strings.Contains(err.Error(), "no capacity") || s.Count("replaceWorker") != 0 {
			t.Errorf("got %v", err)
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

// TestUpgrade_addOn: an autoscaler that does not follow is told before anything is sent.
func TestUpgrade_addOn(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		old := seed("plain", "ng1")
		put(t, s, with(old, iks.AttrAutoscaler, "true"))
		cfg := configFor(s)
		next := cfg.Transport
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/addons") {
				return providertest.Respond(r, 200, `[{"name":"cluster-autoscaler","version":"1.2.3","supportedKubeRange":">=1.30.0 <1.35.0","healthState":"normal"}]`), nil
			}
			return next.RoundTrip(r)
		})
		_, err := newHandlerWith(t, cfg).UpgradeCluster(t.Context(), pmks.IID{NameId: "plain"}, "1.35")
		if pmks.CodeOf(err) != pmks.CodeFailedPrecondition || !strings.Contains(err.Error(), "<1.35.0") || s.Count("updateMaster") != 0 {
			t.Errorf("got %v", err)
		}
	})
}

// TestKubeconfigKinds: each kind stands alone, and that for the helper holds no secret.
func TestKubeconfigKinds(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{"admin": "client-key-data", "token": "token:", "exec": "command:"} {
		inBubble(t, func(t *testing.T) {
			s := iks.New(iks.Options{})
			put(t, s, seed("plain", "ng1"))
			cfg := configFor(s)
			cfg.KubeconfigKind = kind
			info, err := newHandlerWith(t, cfg).GetCluster(t.Context(), pmks.IID{NameId: "plain"})
			text := info.AccessInfo.Kubeconfig
			if err != nil || !strings.Contains(text, want) || !strings.Contains(text, "certificate-authority-data") {
				t.Fatalf("%s: %v %v", kind, err, info.KeyValueList)
			}
			if (kind == "token") != !info.AccessInfo.ExpiresAt.IsZero() {
				t.Errorf("%s: it ends at %s", kind, info.AccessInfo.ExpiresAt)
			}
			if kind == "exec" && (!strings.Contains(text, "crn:v1:bluemix") || strings.Contains(text, iks.DefaultAPIKey)) {
				t.Errorf("%s: %s", kind, text)
			}
			if strings.Contains(text, "refresh") {
				t.Errorf("%s: the service's own file is handed on", kind)
			}
		})
	}
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

// TestUnknownWords: words of tomorrow are Inactive and not final, and a change is Busy.
func TestUnknownWords(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		put(t, s, seed("plain", "ng1"))
		if err := s.Show("plain", iks.Shown{State: "hibernating"}); err != nil {
			t.Fatal(err)
		}
		h := newHandler(t, s)
		info, err := h.GetCluster(t.Context(), pmks.IID{NameId: "plain"})
		if err != nil || info.Status != pmks.ClusterInactive || info.StatusFinal || !strings.Contains(info.StatusReason, "hibernating") {
			t.Errorf("got %s %q, %v", info.Status, info.StatusReason, err)
		}
		if _, err := h.AddNodeGroup(t.Context(), pmks.IID{NameId: "plain"}, bench.SampleNodeGroup("x")); pmks.CodeOf(err) != pmks.CodeBusy {
			t.Errorf("AddNodeGroup: %v", err)
		}
	})
}

// TestRepair: what IBM lets mend a cluster is let through: the upgrade of one whose version
// is not supported any more, and the removal of any.
func TestRepair(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		for _, state := range []string{"unsupported", "warning"} {
			s := iks.New(iks.Options{})
			put(t, s, seed("plain", "ng1"))
			if err := s.Show("plain", iks.Shown{State: state}); err != nil {
				t.Fatal(err)
			}
			info, err := newHandler(t, s).UpgradeCluster(t.Context(), pmks.IID{NameId: "plain"}, "1.35")
			if err != nil || info.Status != pmks.ClusterUpdating {
				t.Errorf("%s: %s, %v", state, info.Status, err)
			}
		}
	})
}

// TestToken_renewed: a token that a service refuses is replaced once, for all who carry it,
// and the request sent again; what was refused has not happened.
func TestToken_renewed(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 1, iks.Options{})
		h := newHandler(t, s)
		if _, err := h.ListIID(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.RevokeTokens()
		s.Reset()
		if ok, err := h.DeleteCluster(t.Context(), pmks.IID{NameId: "c000"}); err != nil || !ok {
			t.Errorf("DeleteCluster: %v", err)
		}
		if s.Count("token") != 1 || s.Count("deleteCluster") != 1 {
			t.Errorf("requests %v", s.Counts())
		}
	})
}

// TestCredentials: each way to give an identity, right and wrong.
func TestCredentials(t *testing.T) {
	s := iks.New(iks.Options{APIKeys: map[string]iks.APIKey{iks.DefaultAPIKey: {}, "locked-key": {Locked: true}}})
	for _, name := range []string{"IC_API_KEY", "IBMCLOUD_API_KEY", "KUBERNETES_SERVICE_API_APIKEY", "IBM_CREDENTIALS_FILE"} {
		t.Setenv(name, "") // puts back what was there
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HOME", t.TempDir())
	sound := func(testing.TB) ibm.Config {
		c := configFor(s)
		c.APIKey = ""
		return c
	}
	environment := func(name, value string) func(testing.TB, *ibm.Config) {
		return func(t testing.TB, _ *ibm.Config) { t.Setenv(name, value) }
	}
	providertest.Credentials(t, ibm.New, sound, []string{iks.DefaultAPIKey, "wrong-key-000", "locked-key"}, []providertest.Setup[ibm.Config]{
		{Name: "key", Change: func(c *ibm.Config) { c.APIKey = iks.DefaultAPIKey }},
		{Name: "ic-api-key", Prepare: environment("IC_API_KEY", iks.DefaultAPIKey)},
		{Name: "ibmcloud-api-key", Prepare: environment("IBMCLOUD_API_KEY", iks.DefaultAPIKey)},
		{Name: "vendors-chain", Prepare: environment("KUBERNETES_SERVICE_API_APIKEY", iks.DefaultAPIKey)},
		{Name: "none", Code: pmks.CodeUnauthenticated, Says: []string{"apiKey", "IC_API_KEY"}},
		{Name: "wrong", Change: func(c *ibm.Config) { c.APIKey = "wrong-key-000" }, Code: pmks.CodeUnauthenticated, Says: []string{"BXNIM0415E", "API key"}},
		{Name: "locked", Change: func(c *ibm.Config) { c.APIKey = "locked-key" }, Code: pmks.CodeUnauthenticated, Says: []string{"BXNIM"}},
	})
}
