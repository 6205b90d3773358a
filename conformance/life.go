// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"reflect"

	"github.com/pmks-go/pmks"
)

var lifeChecks = []check{
	{"life-cycle", lifeCycle},
	{"capabilities-complete", capabilitiesComplete},
	{"create-returns-at-once", createReturnsAtOnce},
	{"request-fields-read-back", requestFieldsReadBack},
	{"create-duplicate-cluster-changes-nothing", duplicateCluster},
	{"add-duplicate-node-group-changes-nothing", duplicateNodeGroup},
	{"status-words", statusWords},
	{"bool-true-without-error", boolTrue},
}

// lifeCycle takes a cluster through everything, call by call.
func lifeCycle(t T, c *Cloud) {
	ctx, caps := t.Context(), c.caps(t)
	create, later := c.split(t, c.ClusterRequest("life"))
	info, err := c.Handler.CreateCluster(ctx, create)
	if err != nil {
		t.Fatalf("CreateCluster: %v", err)
	}
	info = c.active(t, info.IId)
	for _, g := range later {
		added, err := c.Handler.AddNodeGroup(ctx, info.IId, g)
		if err != nil {
			t.Fatalf("AddNodeGroup: %v", err)
		}
		c.groupActive(t, info.IId, added.IId)
	}
	added, err := c.Handler.AddNodeGroup(ctx, info.IId, c.NodeGroupRequest("extra"))
	if err != nil {
		t.Fatalf("AddNodeGroup: %v", err)
	}
	if added.Status != pmks.NodeGroupCreating {
		t.Errorf("a new node group is %s, want Creating", added.Status)
	}
	if g := c.groupActive(t, info.IId, added.IId); len(g.Nodes) != 2 {
		t.Errorf("the new group has %d nodes, want 2", len(g.Nodes))
	}
	c.active(t, info.IId)
	if _, err := c.Handler.ChangeNodeGroupScaling(ctx, info.IId, added.IId, 3, 1, 4); err != nil {
		t.Fatalf("ChangeNodeGroupScaling: %v", err)
	}
	if g, err := pmks.WaitNodeCount(ctx, c.Handler, info.IId, added.IId, 3, c.Wait...); err != nil || g.MaxNodeSize != 4 {
		t.Errorf("WaitNodeCount: max %d, %v", g.MaxNodeSize, err)
	}
	c.active(t, info.IId)
	for _, on := range []bool{true, false} {
		if _, err := c.Handler.SetNodeGroupAutoScaling(ctx, info.IId, added.IId, on); err != nil {
			t.Fatalf("SetNodeGroupAutoScaling(%t): %v", on, err)
		}
		if g := c.groupActive(t, info.IId, added.IId); g.OnAutoScaling != on {
			t.Errorf("OnAutoScaling is %t, want %t", g.OnAutoScaling, on)
		}
		c.active(t, info.IId)
	}
	if got := c.get(t, info.IId); got.AccessInfo.Kubeconfig == "" && !caps.Access.OpenCall {
		t.Errorf("an Active cluster has no kubeconfig")
	}
	if _, err := c.Handler.RemoveNodeGroup(ctx, info.IId, added.IId); err != nil {
		t.Fatalf("RemoveNodeGroup: %v", err)
	}
	if err := pmks.WaitNodeGroupDeleted(ctx, c.Handler, info.IId, added.IId, c.Wait...); err != nil {
		t.Fatalf("WaitNodeGroupDeleted: %v", err)
	}
	c.active(t, info.IId)
	if _, err := c.Handler.DeleteCluster(ctx, info.IId); err != nil {
		t.Fatalf("DeleteCluster: %v", err)
	}
	if err := pmks.WaitClusterDeleted(ctx, c.Handler, info.IId, c.Wait...); err != nil {
		t.Fatalf("WaitClusterDeleted: %v", err)
	}
	if n := c.count(t, "life"); n != 0 {
		t.Errorf("%d clusters are left", n)
	}
}

// capabilitiesComplete checks what the rest of the suite goes by.
func capabilitiesComplete(t T, c *Cloud) {
	caps := c.caps(t)
	if caps.Provider == "" {
		t.Errorf("no Provider")
	}
	if caps.ClusterType != pmks.TypeI && caps.ClusterType != pmks.TypeII {
		t.Errorf("ClusterType is %q", caps.ClusterType)
	}
	if (caps.ClusterType == pmks.TypeI) != (caps.GroupsAtCreate.Max == 0) {
		t.Errorf("a %s cloud takes %d groups at creation", caps.ClusterType, caps.GroupsAtCreate.Max)
	}
	fields := reflect.ValueOf(caps.Fields)
	for i := range fields.NumField() {
		if use, ok := fields.Field(i).Interface().(pmks.FieldUse); ok {
			switch use {
			case pmks.FieldOptional, pmks.FieldRequired, pmks.FieldIgnored, pmks.FieldRefused:
			default:
				t.Errorf("Fields.%s is %q", fields.Type().Field(i).Name, use)
			}
		}
	}
	if caps.Versions.LargestStep < 1 {
		t.Errorf("Versions.LargestStep is %d", caps.Versions.LargestStep)
	}
	if caps.Scaling.AutoScaling == "" {
		t.Errorf("Scaling.AutoScaling is empty")
	}
	if !caps.Access.Certificate && (!caps.Access.Token || caps.Access.TokenLifetime <= 0) {
		t.Errorf("neither a certificate nor a token with a lifetime: %+v", caps.Access)
	}
	if caps.Typical.CreateCluster <= 0 || caps.Typical.DeleteCluster <= 0 {
		t.Errorf("typical durations are missing: %+v", caps.Typical)
	}
}

// createReturnsAtOnce: the returned info is true and readable, whatever half-made
// child the cloud shows.
func createReturnsAtOnce(t T, c *Cloud) {
	info, err := c.Handler.CreateCluster(t.Context(), c.createRequest(t, "quick"))
	if err != nil {
		t.Fatalf("CreateCluster: %v", err)
	}
	if info.Status != pmks.ClusterCreating {
		t.Errorf("a new cluster is %s, want Creating", info.Status)
	}
	if info.IId.NameId != "quick" || info.IId.SystemId == "" {
		t.Errorf("IId is %+v", info.IId)
	}
	read := c.get(t, info.IId)
	if read.IId != info.IId || read.Status != pmks.ClusterCreating {
		t.Errorf("read back %+v as %s", read.IId, read.Status)
	}
	if read.AccessInfo.Kubeconfig != "" {
		t.Errorf("there is a kubeconfig before the control plane is up")
	}
	if len(read.NodeGroupList) != len(info.NodeGroupList) {
		t.Errorf("the create call shows %d node groups, a read %d", len(info.NodeGroupList), len(read.NodeGroupList))
	}
}

// requestFieldsReadBack: what was asked for is what is shown, or reported as
// ignored.
func requestFieldsReadBack(t T, c *Cloud) {
	caps := c.caps(t)
	req := c.ClusterRequest("fields")
	req.NodeGroupList[0].OnAutoScaling = true
	second := c.NodeGroupRequest("second")
	req.NodeGroupList = append(req.NodeGroupList, second)
	info := c.upWith(t, req)
	if info.IId.NameId != "fields" {
		t.Errorf("IId is %+v", info.IId)
	}
	if info.Version == "" || info.CreatedTime.IsZero() {
		t.Errorf("Version %q, CreatedTime %s", info.Version, info.CreatedTime)
	}
	if !refers(req.Network.VpcIID, info.Network.VpcIID) {
		t.Errorf("VpcIID is %+v, want %+v", info.Network.VpcIID, req.Network.VpcIID)
	}
	compareRefs(t, "SubnetIIDs", req.Network.SubnetIIDs, info.Network.SubnetIIDs)
	compareRefs(t, "SecurityGroupIIDs", req.Network.SecurityGroupIIDs, info.Network.SecurityGroupIIDs)
	if used(caps.Fields.Tags) {
		for _, tag := range req.TagList {
			if v, ok := pmks.Lookup(info.TagList, tag.Key); !ok || v != tag.Value {
				t.Errorf("tag %q is %q, want %q", tag.Key, v, tag.Value)
			}
		}
	}
	for _, asked := range req.NodeGroupList {
		got, ok := info.NodeGroup(pmks.IID{NameId: asked.IId.NameId})
		if !ok {
			t.Errorf("node group %q is missing", asked.IId.NameId)
			continue
		}
		compareGroup(t, caps, asked, got)
	}
}

func compareGroup(t T, caps pmks.Capabilities, asked, got pmks.NodeGroupInfo) {
	t.Helper()
	name := asked.IId.NameId
	if got.IId.SystemId == "" {
		t.Errorf("%s: no SystemId", name)
	}
	for _, field := range []struct {
		name string
		use  pmks.FieldUse
		same bool
	}{
		{"ImageIID", caps.Fields.Image, refers(asked.ImageIID, got.ImageIID)},
		{"VMSpecName", caps.Fields.VMSpec, asked.VMSpecName == got.VMSpecName},
		{"RootDiskType", caps.Fields.RootDiskType, asked.RootDiskType == got.RootDiskType},
		{"RootDiskSize", caps.Fields.RootDiskSize, asked.RootDiskSize == got.RootDiskSize},
		{"KeyPairIID", caps.Fields.KeyPair, refers(asked.KeyPairIID, got.KeyPairIID)},
	} {
		if used(field.use) && !field.same {
			t.Errorf("%s: %s differs from the request: %+v", name, field.name, got)
		}
	}
	if want := len(caps.Ignored(asked)) > 0; want {
		if _, ok := pmks.Lookup(got.KeyValueList, pmks.KeyIgnored); !ok {
			t.Errorf("%s: ignored fields are not reported", name)
		}
	}
	if got.OnAutoScaling != asked.OnAutoScaling || got.MinNodeSize != asked.MinNodeSize || got.MaxNodeSize != asked.MaxNodeSize {
		t.Errorf("%s: scaling is auto=%t min=%d max=%d, want auto=%t min=%d max=%d", name,
			got.OnAutoScaling, got.MinNodeSize, got.MaxNodeSize, asked.OnAutoScaling, asked.MinNodeSize, asked.MaxNodeSize)
	}
	if !asked.OnAutoScaling && (got.DesiredNodeSize != asked.DesiredNodeSize || len(got.Nodes) != asked.DesiredNodeSize) {
		t.Errorf("%s: desired %d with %d nodes, want %d", name, got.DesiredNodeSize, len(got.Nodes), asked.DesiredNodeSize)
	}
	for _, n := range got.Nodes {
		if n.SystemId == "" {
			t.Errorf("%s: a node without a SystemId", name)
		}
	}
	if got.Version == "" {
		t.Errorf("%s: no Version", name)
	}
}

// refers reports whether an answer is about what a request refers to: one half
// that both have agrees.
func refers(asked, got pmks.IID) bool {
	if asked.IsZero() {
		return true
	}
	return asked.SystemId != "" && (asked.SystemId == got.SystemId || asked.SystemId == got.NameId) ||
		asked.NameId != "" && (asked.NameId == got.NameId || asked.NameId == got.SystemId)
}

func compareRefs(t T, field string, asked, got []pmks.IID) {
	t.Helper()
	if len(asked) != len(got) {
		t.Errorf("%s: got %v, want %v", field, got, asked)
		return
	}
	for _, a := range asked {
		found := false
		for _, g := range got {
			found = found || refers(a, g)
		}
		if !found {
			t.Errorf("%s: got %v, want %v", field, got, asked)
		}
	}
}

func duplicateCluster(t T, c *Cloud) {
	info := c.up(t, "twin")
	before := c.get(t, info.IId)
	req := c.createRequest(t, "twin")
	req.TagList = nil
	c.unchanged(t, "CreateCluster of an existing name", func() {
		_, err := c.Handler.CreateCluster(t.Context(), req)
		want(t, "CreateCluster of an existing name", err, pmks.CodeAlreadyExists)
	})
	if n := c.count(t, "twin"); n != 1 {
		t.Errorf("%d clusters of that name", n)
	}
	sameInfo(t, before, c.get(t, info.IId))
}

func duplicateNodeGroup(t T, c *Cloud) {
	info := c.up(t, "twins")
	g := first(t, info)
	req := c.NodeGroupRequest(g.NameId)
	req.MaxNodeSize = 5
	if c.caps(t).GroupsAtCreate.FixedFirstName == g.NameId {
		// That name is the cloud's own; take a group that the request names.
		if _, err := c.Handler.AddNodeGroup(t.Context(), info.IId, c.NodeGroupRequest("own")); err != nil {
			t.Fatalf("AddNodeGroup: %v", err)
		}
		c.groupActive(t, info.IId, pmks.IID{NameId: "own"})
		req.IId.NameId = "own"
	}
	c.active(t, info.IId)
	before := c.get(t, info.IId)
	c.unchanged(t, "AddNodeGroup of an existing name", func() {
		_, err := c.Handler.AddNodeGroup(t.Context(), info.IId, req)
		want(t, "AddNodeGroup of an existing name", err, pmks.CodeAlreadyExists)
	})
	sameInfo(t, before, c.get(t, info.IId))
}

// sameInfo compares two reads of a cluster at rest.
func sameInfo(t T, before, after pmks.ClusterInfo) {
	t.Helper()
	if !sameBut(before, after) {
		t.Errorf("the cluster changed\nfrom\t%s\nto\t%s", show(before), show(after))
	}
}

// sameBut compares two reads but for the kubeconfig: tokens are minted anew.
func sameBut(before, after pmks.ClusterInfo) bool {
	before.AccessInfo, after.AccessInfo = pmks.AccessInfo{}, pmks.AccessInfo{}
	return reflect.DeepEqual(before, after)
}

// boolTrue: the bool is true exactly when the error is nil.
func boolTrue(t T, c *Cloud) {
	ctx := t.Context()
	info := c.up(t, "bools")
	g, none := first(t, info), pmks.IID{NameId: "nothing-here"}
	check := func(what string, ok bool, err error) {
		t.Helper()
		if ok != (err == nil) {
			t.Errorf("%s: %t with error %v", what, ok, err)
		}
	}
	ok, err := c.Handler.SetNodeGroupAutoScaling(ctx, info.IId, g, true)
	check("SetNodeGroupAutoScaling", ok, err)
	ok, err = c.Handler.SetNodeGroupAutoScaling(ctx, info.IId, none, true)
	check("SetNodeGroupAutoScaling of nothing", ok, err)
	ok, err = c.Handler.RemoveNodeGroup(ctx, info.IId, none)
	check("RemoveNodeGroup of nothing", ok, err)
	c.groupActive(t, info.IId, g)
	c.active(t, info.IId)
	ok, err = c.Handler.RemoveNodeGroup(ctx, info.IId, g)
	check("RemoveNodeGroup", ok, err)
	ok, err = c.Handler.DeleteCluster(ctx, none)
	check("DeleteCluster of nothing", ok, err)
}
