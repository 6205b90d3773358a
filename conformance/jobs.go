// SPDX-License-Identifier: Apache-2.0

package conformance

import "github.com/pmks-go/pmks"

var jobChecks = []check{
	{"jobs/provision-upgrade-teardown", jobsWhole},
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
