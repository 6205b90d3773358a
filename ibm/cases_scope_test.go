// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

// The state of a node group of a cluster in another region is refused the first time, and
// told from then on.
func TestCase_foreignState(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{Assumptions: iks.Assumptions{NamesPerRegion: true}})
		put(t, s, seed("mine", "ng1"), with(seed("far", "ng1"), iks.AttrRegion, "eu-de"))
		h := newHandler(t, s)
		far := pmks.IID{SystemId: rawIDs(t, s)["far"]}
		for range 2 {
			if state, err := h.ReadState(t.Context(), far, pmks.IID{NameId: "ng1"}); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
				t.Errorf("got %+v, %v", state, err)
			}
			if op, err := h.LastOperation(t.Context(), far, pmks.IID{NameId: "ng1"}); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
				t.Errorf("got %+v, %v", op, err)
			}
		}
	})
}

// CRNs in a NameId are compared too, and a pool of another cluster is refused by its id.
func TestCase_references(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 2, 2, iks.Options{})
		h := newHandler(t, s)
		ids := rawIDs(t, s)
		for _, iid := range []pmks.IID{
			{NameId: "crn:v1:bluemix:public:containers-kubernetes:eu-de:a/" + iks.DefaultAccount + ":" + ids["c000"] + "::"},
			{NameId: "crn:v1:bluemix:public:containers-kubernetes:us-south:a/" + strings.Repeat("f", 32) + ":" + ids["c000"] + "::"},
			{SystemId: "crn:v1:bluemix:public:containers-kubernetes:us-south::" + ids["c000"] + "::"},
			{SystemId: "crn:v1:bluemix:public:containers-kubernetes:us-south:o/" + iks.DefaultAccount + ":" + ids["c000"] + "::"},
			{SystemId: " " + ids["c000"]}, {SystemId: strings.ToUpper(ids["c000"])},
		} {
			if _, err := h.DeleteCluster(t.Context(), iid); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
				t.Errorf("%v: %v", iid, err)
			}
		}
		other, err := h.GetCluster(t.Context(), pmks.IID{NameId: "c001"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.RemoveNodeGroup(t.Context(), cCluster, other.NodeGroupList[0].IId); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
			t.Errorf("%v", err)
		}
		// A name that is the id of another cluster.
		if _, err := h.DeleteCluster(t.Context(), pmks.IID{NameId: ids["c000"]}); pmks.CodeOf(err) != pmks.CodeNotFound {
			t.Errorf("%v", err)
		}
		if s.Count("deleteCluster")+s.Count("removeWorkerPool") > 0 {
			t.Error("something was sent")
		}
	})
}

// No more than 200 requests of IKS in any ten seconds, listings, polls and changes of one
// handler together, and those of 40 callers at once all succeed.
func TestCase_rate(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 40, 2, iks.Options{Latency: 20 * time.Millisecond})
		cfg := configFor(s)
		next := cfg.Transport
		var mu sync.Mutex
		var at []time.Time
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if strings.Contains(r.URL.Path, "/global/") {
				mu.Lock()
				at = append(at, time.Now())
				mu.Unlock()
			}
			return next.RoundTrip(r)
		})
		h := newHandlerWith(t, cfg)
		time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
		done := make(chan error)
		for i := range 40 {
			go func() {
				c := pmks.IID{NameId: fmt.Sprintf("c%03d", i)}
				_, err := h.ChangeNodeGroupScaling(t.Context(), c, cGroup, 2, 1, 5)
				if err == nil {
					_, err = h.GetCluster(t.Context(), c)
				}
				done <- err
			}()
		}
		for range 40 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		for i := range at {
			if i >= 200 && at[i].Sub(at[i-200]) < 10*time.Second {
				t.Fatalf("200 requests in %s", at[i].Sub(at[i-200]))
			}
		}
		t.Log(len(at))
	})
}

// A cluster whose version is not supported takes no workers until it is upgraded: waiting
// does not help.
func TestCase_unsupportedIsNotBusy(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		put(t, s, seed("plain", "ng1"))
		if err := s.Show("plain", iks.Shown{State: "unsupported"}); err != nil {
			t.Fatal(err)
		}
		h := newHandler(t, s)
		_, err := h.AddNodeGroup(t.Context(), pmks.IID{NameId: "plain"}, bench.SampleNodeGroup("x"))
		if pmks.CodeOf(err) != pmks.CodeFailedPrecondition {
			t.Errorf("AddNodeGroup: %v", err)
		}
		_, err = h.ChangeNodeGroupScaling(t.Context(), pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng1"}, 4, 1, 4)
		if pmks.CodeOf(err) != pmks.CodeFailedPrecondition {
			t.Errorf("ChangeNodeGroupScaling: %v", err)
		}
	})
}

// Per-zone sizes: 3 zones, every call in totals.
func TestCase_zonesOfNewGroup(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		c := with(seed("plain", "ng1"), iks.AttrAutoscaler, "true")
		c.Groups[0].DesiredNodeSize, c.Groups[0].MinNodeSize, c.Groups[0].MaxNodeSize = 3, 3, 9
		for _, n := range iks.DefaultResources("us-south").Subnets[:3] {
			c.Network.SubnetIIDs = append(c.Network.SubnetIIDs, pmks.IID{SystemId: n.ID})
		}
		put(t, s, c)
		h := newHandler(t, s)
		cl := pmks.IID{NameId: "plain"}
		req := bench.SampleNodeGroup("wide")
		req.DesiredNodeSize, req.MinNodeSize, req.MaxNodeSize = 6, 3, 12
		g, err := h.AddNodeGroup(t.Context(), cl, req)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pmks.WaitNodeCount(t.Context(), h, cl, g.IId, 6); err != nil {
			t.Fatal(err)
		}
		if _, err := h.SetNodeGroupAutoScaling(t.Context(), cl, g.IId, true); err != nil {
			t.Fatal(err)
		}
		if err := s.Autoscale("plain", "wide", 4); err != nil {
			t.Fatal(err)
		}
		if _, err := pmks.WaitNodeCount(t.Context(), h, cl, g.IId, 12); err != nil {
			t.Error(err)
		}
		if _, err := h.ChangeNodeGroupScaling(t.Context(), cl, g.IId, 0, 6, 15); err != nil {
			t.Error(err)
		}
		now := cGet(t, h, cl, g.IId)
		list, err := h.ListCluster(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		listed, _ := list[0].NodeGroup(g.IId)
		for _, x := range []pmks.NodeGroupInfo{now, listed} {
			if x.MinNodeSize != 6 || x.MaxNodeSize != 15 || x.DesiredNodeSize != 12 {
				t.Errorf("%+v", x)
			}
		}
		if _, err := h.SetNodeGroupAutoScaling(t.Context(), cl, g.IId, false); err != nil {
			t.Error(err)
		}
		if x := cGet(t, h, cl, g.IId); x.MinNodeSize != 6 || x.MaxNodeSize != 15 || x.DesiredNodeSize != 12 || x.OnAutoScaling {
			t.Errorf("%+v", x)
		}
		if _, err := h.SetNodeGroupAutoScaling(t.Context(), cl, g.IId, true); err != nil {
			t.Error(err)
		}
		if x := cGet(t, h, cl, g.IId); x.MinNodeSize != 6 || x.MaxNodeSize != 15 {
			t.Errorf("%+v", x)
		}
	})
}

// A name that two pools have, one by IBM's word and one by the label of its request, is
// ambiguous.
func TestCase_twoOfOneName(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{Assumptions: iks.Assumptions{FirstPoolIsDefault: true}})
		cfg := configFor(s)
		next := cfg.Transport
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/createWorkerPool") {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return nil, err
				}
				text := strings.Replace(string(body), `"name":"ngx"`, `"name":"ng1"`, 1)
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
			}
			return next.RoundTrip(r)
		})
		h := newHandlerWith(t, cfg)
		info, err := pmks.Provision(t.Context(), h, bench.SampleRequest("plain"), pmks.WithInterval(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.AddNodeGroup(t.Context(), info.IId, bench.SampleNodeGroup("ngx")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour) //nolint:forbidigo // inside a synctest bubble
		now, err := h.GetCluster(t.Context(), info.IId)
		if err != nil || len(now.NodeGroupList) != 2 {
			t.Fatalf("%+v %v", now.NodeGroupList, err)
		}
		t.Log(now.NodeGroupList[0].IId, now.NodeGroupList[1].IId)
		if now.NodeGroupList[0].IId.NameId != now.NodeGroupList[1].IId.NameId {
			return
		}
		if _, err := h.RemoveNodeGroup(t.Context(), info.IId, pmks.IID{NameId: "ng1"}); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
			t.Errorf("one of two node groups of the name was removed: %v", err)
		}
	})
}

// A cluster of the same name that is made anew between two steps is not taken for the one
// before.
func TestCase_renewedName(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 1, iks.Options{})
		h := newHandler(t, s)
		old := pmks.IID{NameId: "c000", SystemId: rawIDs(t, s)["c000"]}
		if err := pmks.Teardown(t.Context(), h, old); err != nil {
			t.Fatal(err)
		}
		put(t, s, seed("c000", "g0"))
		if _, err := h.DeleteCluster(t.Context(), old); pmks.CodeOf(err) != pmks.CodeNotFound {
			t.Errorf("%v", err)
		}
		if _, err := h.ReadState(t.Context(), old, cGroup); pmks.CodeOf(err) != pmks.CodeNotFound {
			t.Errorf("%v", err)
		}
		if n := len(rawIDs(t, s)); n != 1 {
			t.Errorf("%d clusters", n)
		}
	})
}

// One empty list of pools does not end the wait for a removal, nor an upgrade.
func TestCase_hollowPools(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 2, iks.Options{})
		cfg := configFor(s)
		hollow := false
		cfg.Transport = cBody(s, "/getWorkerPools", func(body string) string {
			if hollow {
				return "[]"
			}
			return body
		})
		h := newHandlerWith(t, cfg)
		group := cGet(t, h, cCluster, cGroup).IId
		hollow = true
		if err := pmks.WaitNodeGroupDeleted(t.Context(), h, cCluster, group); err == nil {
			t.Error("the wait ended, and the pool is there")
		}
		if info, err := h.UpgradeCluster(t.Context(), cCluster, "1.34"); err == nil && info.Status == pmks.ClusterActive {
			t.Error("the upgrade is told as done without pools")
		}
	})
}

// References of VPC are compared in all their parts.
func TestCase_vpcCRNs(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		r := iks.DefaultResources("us-south")
		h := newHandler(t, s)
		crn := func(region, account, instance, kind, id string) pmks.IID {
			return pmks.IID{SystemId: "crn:v1:bluemix:public:is:" + region + ":a/" + account + ":" + instance + ":" + kind + ":" + id}
		}
		other := strings.Repeat("f", 32)
		for i, change := range []func(*pmks.NetworkInfo){
			func(n *pmks.NetworkInfo) { n.VpcIID = crn("eu-de", iks.DefaultAccount, "", "vpc", r.VPCs[0].ID) },
			func(n *pmks.NetworkInfo) { n.VpcIID = crn("us-south", other, "", "vpc", r.VPCs[0].ID) },
			func(n *pmks.NetworkInfo) { n.VpcIID = crn("us-south", iks.DefaultAccount, "x", "vpc", r.VPCs[0].ID) },
			func(n *pmks.NetworkInfo) { n.VpcIID = crn("us-south", iks.DefaultAccount, "", "subnet", r.VPCs[0].ID) },
			func(n *pmks.NetworkInfo) {
				n.SubnetIIDs = []pmks.IID{crn("us-south-2", other, "", "subnet", r.Subnets[0].ID)}
			},
			func(n *pmks.NetworkInfo) {
				n.SubnetIIDs = []pmks.IID{crn("us-south-3", iks.DefaultAccount, "", "subnet", r.Subnets[0].ID)}
			},
			func(n *pmks.NetworkInfo) {
				n.SubnetIIDs = []pmks.IID{crn("eu-de-1", iks.DefaultAccount, "", "subnet", r.Subnets[0].ID)}
			},
			func(n *pmks.NetworkInfo) {
				n.SecurityGroupIIDs = []pmks.IID{crn("us-south", other, "", "security-group", r.SecurityGroups[0].ID)}
			},
		} {
			req := bench.SampleRequest("refs")
			change(&req.Network)
			if err := h.CheckCluster(t.Context(), req); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
				t.Errorf("%d: %v", i, err)
			}
		}
	})
}
