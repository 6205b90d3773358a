// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/perfreport/byhand"
	"github.com/pmks-go/pmks/internal/perfreport/meter"
	"github.com/pmks-go/pmks/simtest"
)

// rig is a simulated account and what carries the requests to it.
type rig struct {
	account *simtest.Account
	config  pmks.Config
	wire    *meter.Wire
}

func start(t *testing.T, cloud string) rig {
	t.Helper()
	account := simtest.Start(t, cloud, simtest.Options{Latency: latency})
	cfg := account.Config()
	w := &meter.Wire{Next: cfg.Transport}
	cfg.Transport = w
	return rig{account, cfg, w}
}

// open makes a client of the account.
func (r rig) open(t *testing.T, cloud string) *pmks.Client {
	t.Helper()
	client, err := pmks.Open(t.Context(), cloud, r.config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// fill puts clusters with node groups of two nodes into an account.
func fill(t testing.TB, account *simtest.Account, clusters, groups int) {
	t.Helper()
	for i := range clusters {
		req := account.ClusterRequest(fmt.Sprintf("c%04d", i))
		g := req.NodeGroupList[0]
		req.NodeGroupList = nil
		for j := range groups {
			g.IId.NameId = fmt.Sprintf("g%02d", j)
			req.NodeGroupList = append(req.NodeGroupList, g)
		}
		if err := account.Put(req); err != nil {
			t.Fatal(err)
		}
	}
}

// measure measures f with full buckets. ready has signed in before, which is not what is
// measured.
func (r rig) measure(ready, f func() error) (meter.Cost, []string, error) {
	// Buckets fill in minutes, and no token lives shorter than that.
	time.Sleep(10 * time.Minute) //nolint:forbidigo // inside a synctest bubble
	if err := ready(); err != nil {
		return meter.Cost{}, nil, err
	}
	r.account.ResetCalls()
	cost, err := r.wire.Measure(f)
	var requests []string
	for _, call := range r.account.Calls() {
		requests = append(requests, call.Request)
	}
	return cost, requests, err
}

// operation is what one call of pmks costs.
type operation struct {
	name string
	fleet
	cost     meter.Cost
	requests []string
}

// operations measures one life of a cluster, call by call. Clusters and groups go by what
// pmks said of them, names and ids.
func operations(t *testing.T, cloud string) []operation {
	t.Helper()
	r, ctx := start(t, cloud), t.Context()
	client := r.open(t, cloud)
	versions, err := client.ListVersions(ctx)
	if err != nil || len(versions) == 0 {
		t.Fatalf("%s: ListVersions: %d versions, %v", cloud, len(versions), err)
	}
	req := r.account.ClusterRequest("demo")
	req.Version = versions[len(versions)-1].Name
	var rows []operation
	var info pmks.ClusterInfo
	step := func(name string, f func() error) {
		t.Helper()
		cost, requests, err := r.measure(func() error { _, err := client.ListVersions(ctx); return err }, f)
		if err != nil {
			t.Fatalf("%s: %s: %v", cloud, name, err)
		}
		rows = append(rows, operation{name, fleet{1, len(info.NodeGroupList)}, cost, requests})
		if name == "DeleteCluster" {
			return
		}
		if info, err = pmks.WaitClusterActive(ctx, client, pmks.IID{NameId: "demo"}); err != nil {
			t.Fatalf("%s: after %s: %v", cloud, name, err)
		}
	}
	create := req.Clone()
	if client.Capabilities().GroupsAtCreate.Max == 0 {
		create.NodeGroupList = nil
	}
	step("CreateCluster", func() error { _, err := client.CreateCluster(ctx, create); return err })
	group := pmks.NodeGroupInfo{}
	step("AddNodeGroup", func() (err error) {
		group, err = client.AddNodeGroup(ctx, info.IId, r.account.NodeGroupRequest("extra"))
		return err
	})
	if _, err := pmks.WaitNodeGroupActive(ctx, client, info.IId, group.IId); err != nil {
		t.Fatal(err)
	}
	step("ListIID", func() error { _, err := client.ListIID(ctx); return err })
	step("GetCluster", func() error { _, err := client.GetCluster(ctx, info.IId); return err })
	step("GetNodeGroup", func() error { _, err := client.GetNodeGroup(ctx, info.IId, group.IId); return err })
	step("ReadState", func() error { _, err := client.ReadState(ctx, info.IId, pmks.IID{}); return err })
	step("ReadState of a group", func() error { _, err := client.ReadState(ctx, info.IId, group.IId); return err })
	step("ChangeNodeGroupScaling", func() error {
		_, err := client.ChangeNodeGroupScaling(ctx, info.IId, group.IId, 3, 1, 4)
		return err
	})
	if _, err := pmks.WaitNodeCount(ctx, client, info.IId, group.IId, 3); err != nil {
		t.Fatal(err)
	}
	step("SetNodeGroupAutoScaling", func() error {
		_, err := client.SetNodeGroupAutoScaling(ctx, info.IId, group.IId, true)
		return err
	})
	plan, err := pmks.PlanUpgrade(ctx, client, info.IId, "default")
	if err != nil || len(plan.Steps) == 0 {
		t.Fatalf("%s: PlanUpgrade: %d steps, %v", cloud, len(plan.Steps), err)
	}
	step("UpgradeCluster", func() error { _, err := client.UpgradeCluster(ctx, info.IId, plan.Steps[0].To); return err })
	step("RemoveNodeGroup", func() error { _, err := client.RemoveNodeGroup(ctx, info.IId, group.IId); return err })
	if err := pmks.WaitNodeGroupDeleted(ctx, client, info.IId, group.IId); err != nil {
		t.Fatal(err)
	}
	step("DeleteCluster", func() error { _, err := client.DeleteCluster(ctx, info.IId); return err })
	return rows
}

// seconds writes a time.
func seconds(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()) }

// fleet is how many clusters there are, and node groups in each.
type fleet struct{ clusters, groups int }

// nodes of each group.
const nodes = 2

// fleets are those whose listing is measured.
func fleets(most int) []fleet {
	list := []fleet{{1, 1}, {1, 5}, {1, 20}, {10, 5}}
	for n := 10; n <= most; n *= 10 {
		list = append(list, fleet{n, 1})
	}
	return list
}

// listed is what the listing of a fleet costs by pmks and by hand.
type listed struct {
	fleet
	cost     meter.Cost
	requests []string
	// serial is the plain driver's; refused is why it has none.
	serial  meter.Cost
	refused error
}

// listing lists a fleet with pmks, and on an account of its own by a plain driver.
func listing(t *testing.T, cloud string, f fleet) listed {
	t.Helper()
	out := listed{fleet: f}
	r := start(t, cloud)
	client := r.open(t, cloud)
	var err error
	if out.cost, out.requests, err = r.list(t, f, func() (byhand.Seen, error) { return listWith(t.Context(), client) }); err != nil {
		t.Fatalf("%s: ListCluster: %v", cloud, err)
	}
	plain := start(t, cloud)
	hand, err := byhand.New(t.Context(), cloud, plain.config)
	if err != nil {
		out.refused = err
		return out
	}
	out.serial, _, out.refused = plain.list(t, f, func() (byhand.Seen, error) { return hand.Serial(t.Context()) })
	return out
}

// listWith lists with pmks.
func listWith(ctx context.Context, client *pmks.Client) (byhand.Seen, error) {
	var seen byhand.Seen
	all, err := client.ListCluster(ctx)
	for _, info := range all {
		seen.Clusters++
		seen.Groups += len(info.NodeGroupList)
		for _, g := range info.NodeGroupList {
			seen.Nodes += len(g.Nodes)
		}
	}
	return seen, err
}

// seenOf is what a listing of the whole of a fleet sees.
func seenOf(f fleet) byhand.Seen {
	return byhand.Seen{Clusters: f.clusters, Groups: f.allGroups(), Nodes: f.allNodes()}
}

// list measures a listing, which must see the whole of f.
func (r rig) list(t *testing.T, f fleet, list func() (byhand.Seen, error)) (meter.Cost, []string, error) {
	t.Helper()
	ready := func() error {
		_, err := list()
		fill(t, r.account, f.clusters, f.groups)
		return err
	}
	return r.measure(ready, func() error {
		seen, err := list()
		if want := seenOf(f); err == nil && seen != want {
			err = fmt.Errorf("it saw %+v, there are %+v", seen, want)
		}
		return err
	})
}
