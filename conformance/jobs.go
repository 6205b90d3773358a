// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"errors"

	"github.com/pmks-go/pmks"
)

var jobChecks = []check{
	{"jobs/provision-upgrade-teardown", jobsWhole},
	{"jobs/provision-interrupted-after-every-call", provisionInterrupted},
	{"jobs/upgrade-interrupted-after-every-call", upgradeInterrupted},
	{"jobs/teardown-interrupted-after-every-call", teardownInterrupted},
	{"jobs/provision-adopts-only-its-own", provisionAdopts},
	{"jobs/provision-checks-everything-first", provisionChecks},
}

func jobsWhole(t T, c *Cloud) {
	ctx := t.Context()
	offered := c.offered(t)
	req := c.ClusterRequest("job")
	req.Version = offered[0]
	req.NodeGroupList = append(req.NodeGroupList, c.NodeGroupRequest("extra"))
	info := c.upWith(t, req)
	if len(info.NodeGroupList) != 2 || info.Status != pmks.ClusterActive || info.AccessInfo.Kubeconfig == "" {
		t.Errorf("Provision made %s", show(info))
	}
	target := offered[len(offered)-1]
	c.unchanged(t, "Provision again", func() {
		if again, err := pmks.Provision(ctx, c.Handler, req, c.Wait...); err != nil || again.IId != info.IId {
			t.Errorf("Provision again: %+v, %v", again.IId, err)
		}
	})
	info, err := pmks.Upgrade(ctx, c.Handler, info.IId, target, c.Wait...)
	if err != nil {
		t.Fatalf("Upgrade: %v", err)
	}
	atVersion(t, info, target)
	c.unchanged(t, "Upgrade again", func() {
		if _, err := pmks.Upgrade(ctx, c.Handler, info.IId, target, c.Wait...); err != nil {
			t.Errorf("Upgrade again: %v", err)
		}
	})
	if err := pmks.Teardown(ctx, c.Handler, info.IId, c.Wait...); err != nil {
		t.Fatalf("Teardown: %v", err)
	}
	if err := pmks.Teardown(ctx, c.Handler, info.IId, c.Wait...); err != nil {
		t.Errorf("Teardown again: %v", err)
	}
	if n := c.count(t, "job"); n != 0 {
		t.Errorf("%d clusters are left", n)
	}
}

func atVersion(t T, info pmks.ClusterInfo, target string) {
	t.Helper()
	if info.Version != target {
		t.Errorf("the cluster is at %s, want %s", info.Version, target)
	}
	for _, g := range info.NodeGroupList {
		if !atLeast(g.Version, target) {
			t.Errorf("node group %s is at %s, want %s", g.IId, g.Version, target)
		}
	}
}

// errInterrupted is how an interrupter ends a job.
var errInterrupted = errors.New("interrupted")

// interrupter lets a number of mutations and reads through and then fails, as a
// process that dies does: what was sent stays sent.
type interrupter struct {
	*pmks.Client // forwards the optional interfaces
	left         int
	stopped      bool
}

// after makes the call and then fails if it was the last one.
func (i *interrupter) after(err error) error {
	if i.left--; i.left < 0 {
		i.stopped = true
		return errInterrupted
	}
	return err
}

func (i *interrupter) CreateCluster(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
	info, err := i.Client.CreateCluster(ctx, req)
	return info, i.after(err)
}

func (i *interrupter) GetCluster(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
	info, err := i.Client.GetCluster(ctx, iid)
	return info, i.after(err)
}

func (i *interrupter) DeleteCluster(ctx context.Context, iid pmks.IID) (bool, error) {
	ok, err := i.Client.DeleteCluster(ctx, iid)
	return ok, i.after(err)
}

func (i *interrupter) AddNodeGroup(ctx context.Context, iid pmks.IID, req pmks.NodeGroupInfo) (pmks.NodeGroupInfo, error) {
	g, err := i.Client.AddNodeGroup(ctx, iid, req)
	return g, i.after(err)
}

func (i *interrupter) SetNodeGroupAutoScaling(ctx context.Context, cluster, group pmks.IID, on bool) (bool, error) {
	ok, err := i.Client.SetNodeGroupAutoScaling(ctx, cluster, group, on)
	return ok, i.after(err)
}

func (i *interrupter) UpgradeCluster(ctx context.Context, iid pmks.IID, version string) (pmks.ClusterInfo, error) {
	info, err := i.Client.UpgradeCluster(ctx, iid, version)
	return info, i.after(err)
}

func (i *interrupter) ListVersions(ctx context.Context) ([]pmks.Version, error) {
	versions, err := i.Client.ListVersions(ctx)
	return versions, i.after(err)
}

func (i *interrupter) OpenAccess(ctx context.Context, iid pmks.IID) error {
	return i.after(i.Client.OpenAccess(ctx, iid))
}

// interrupted runs a job again and again, each time one call longer, until it ends
// by itself. Its calls differ from run to run, because each continues where the
// last one stopped.
func interrupted(t T, c *Cloud, job func(h pmks.ClusterHandler) error) {
	t.Helper()
	const most = 200
	for n := range most {
		h := c.Handler
		if c.Reopen != nil {
			h = c.Reopen()
		}
		i := &interrupter{Client: pmks.New(h), left: n}
		err := job(i)
		if !i.stopped {
			if err != nil {
				t.Errorf("the job fails after it was interrupted %d times: %v", n, err)
			}
			return
		}
		if err == nil {
			t.Errorf("the job was interrupted and reports success")
		}
	}
	t.Errorf("the job is not over after %d calls", most)
}

func provisionInterrupted(t T, c *Cloud) {
	req := c.ClusterRequest("resumed")
	req.NodeGroupList = append(req.NodeGroupList, c.NodeGroupRequest("extra"))
	before := 0
	if c.Mutations != nil {
		before = c.Mutations()
	}
	interrupted(t, c, func(h pmks.ClusterHandler) error {
		_, err := pmks.Provision(t.Context(), h, req, c.Wait...)
		return err
	})
	if n := c.count(t, "resumed"); n != 1 {
		t.Errorf("%d clusters, want 1", n)
	}
	info := c.get(t, pmks.IID{NameId: "resumed"})
	if len(info.NodeGroupList) != 2 {
		t.Errorf("%d node groups, want 2", len(info.NodeGroupList))
	}
	for _, g := range info.NodeGroupList {
		if g.Status != pmks.NodeGroupActive || len(g.Nodes) != 2 {
			t.Errorf("node group %s is %s with %d nodes", g.IId, g.Status, len(g.Nodes))
		}
	}
	if c.Mutations == nil {
		return
	}
	// Exactly what an undisturbed job sends.
	sent := c.Mutations() - before
	c.up2(t, "straight")
	if straight := c.Mutations() - before - sent; sent != straight {
		t.Errorf("interrupted it changed something %d times, undisturbed %d times", sent, straight)
	}
}

// up2 makes a cluster with two node groups.
func (c *Cloud) up2(t T, name string) pmks.ClusterInfo {
	t.Helper()
	req := c.ClusterRequest(name)
	req.NodeGroupList = append(req.NodeGroupList, c.NodeGroupRequest("extra"))
	return c.upWith(t, req)
}

func upgradeInterrupted(t T, c *Cloud) {
	info, offered := c.oldest(t, "climbing")
	target := offered[len(offered)-1]
	interrupted(t, c, func(h pmks.ClusterHandler) error {
		_, err := pmks.Upgrade(t.Context(), h, info.IId, target, c.Wait...)
		return err
	})
	atVersion(t, c.active(t, info.IId), target)
}

func teardownInterrupted(t T, c *Cloud) {
	info := c.up(t, "ending")
	interrupted(t, c, func(h pmks.ClusterHandler) error {
		return pmks.Teardown(t.Context(), h, info.IId, c.Wait...)
	})
	if n := c.count(t, "ending"); n != 0 {
		t.Errorf("%d clusters are left", n)
	}
}

func provisionAdopts(t T, c *Cloud) {
	info := c.up(t, "mine")
	before := c.get(t, info.IId)
	req := c.ClusterRequest("mine")
	req.NodeGroupList[0].VMSpecName += "x"
	c.unchanged(t, "Provision of another cluster of the same name", func() {
		_, err := pmks.Provision(t.Context(), c.Handler, req, c.Wait...)
		want(t, "Provision of another cluster of the same name", err, pmks.CodeAlreadyExists)
	})
	sameInfo(t, before, c.get(t, info.IId))
}

func provisionChecks(t T, c *Cloud) {
	req := c.ClusterRequest("checked")
	bad := c.NodeGroupRequest("extra")
	bad.MaxNodeSize = -1
	req.NodeGroupList = append(req.NodeGroupList, bad)
	c.unchanged(t, "Provision with a faulty last group", func() {
		_, err := pmks.Provision(t.Context(), c.Handler, req, c.Wait...)
		want(t, "Provision with a faulty last group", err, pmks.CodeInvalidArgument)
		if err != nil && !names(err, "NodeGroupList[1].MaxNodeSize") {
			t.Errorf("the error does not name the field: %v", err)
		}
	})
	if n := c.count(t, "checked"); n != 0 {
		t.Errorf("%d clusters were made", n)
	}
}
