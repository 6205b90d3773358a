// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/pmks-go/pmks"
)

var sharingChecks = []check{
	{"input-not-modified", inputNotModified},
	{"input-not-kept", inputNotKept},
	{"output-not-shared", outputNotShared},
	{"reads-change-nothing", readsChangeNothing},
}

// requests returns a create request and the request of a further node group.
func (c *Cloud) requests(t T, name string) (pmks.ClusterInfo, pmks.NodeGroupInfo) {
	t.Helper()
	return c.createRequest(t, name), c.NodeGroupRequest("extra")
}

func inputNotModified(t T, c *Cloud) {
	req, group := c.requests(t, "input")
	reqBefore, groupBefore := req.Clone(), group.Clone()
	info, err := c.Handler.CreateCluster(t.Context(), req)
	if err != nil {
		t.Fatalf("CreateCluster: %v", err)
	}
	c.active(t, info.IId)
	if _, err := c.Handler.AddNodeGroup(t.Context(), info.IId, group); err != nil {
		t.Fatalf("AddNodeGroup: %v", err)
	}
	if !reflect.DeepEqual(req, reqBefore) {
		t.Errorf("CreateCluster modified its request\nfrom\t%s\nto\t%s", show(reqBefore), show(req))
	}
	if !reflect.DeepEqual(group, groupBefore) {
		t.Errorf("AddNodeGroup modified its request\nfrom\t%s\nto\t%s", show(groupBefore), show(group))
	}
}

// inputNotKept writes over the requests after the calls.
func inputNotKept(t T, c *Cloud) {
	req, group := c.requests(t, "kept")
	info, err := c.Handler.CreateCluster(t.Context(), req)
	if err != nil {
		t.Fatalf("CreateCluster: %v", err)
	}
	spoil(reflect.ValueOf(&req).Elem())
	unspoiled(t, "what CreateCluster is given is kept", c.get(t, info.IId))
	c.active(t, info.IId)
	added, err := c.Handler.AddNodeGroup(t.Context(), info.IId, group)
	if err != nil {
		t.Fatalf("AddNodeGroup: %v", err)
	}
	spoil(reflect.ValueOf(&group).Elem())
	unspoiled(t, "what AddNodeGroup is given is kept", c.get(t, info.IId))
	c.groupActive(t, info.IId, added.IId)
}

// outputNotShared writes into everything that it is given, and reads again.
func outputNotShared(t T, c *Cloud) {
	ctx := t.Context()
	created, err := c.Handler.CreateCluster(ctx, c.createRequest(t, "output"))
	if err != nil {
		t.Fatalf("CreateCluster: %v", err)
	}
	iid := created.IId
	private := func(what string, result any) {
		t.Helper()
		spoil(reflect.ValueOf(result))
		unspoiled(t, "what "+what+" returns is shared", c.get(t, iid))
	}
	private("CreateCluster", &created)
	c.active(t, iid)
	info := c.up(t, "output")
	g := first(t, info)
	added, err := c.Handler.AddNodeGroup(ctx, iid, c.NodeGroupRequest("extra"))
	if err != nil {
		t.Fatalf("AddNodeGroup: %v", err)
	}
	private("AddNodeGroup", &added)
	c.groupActive(t, iid, pmks.IID{NameId: "extra"})
	c.active(t, iid)
	scaled, err := c.Handler.ChangeNodeGroupScaling(ctx, iid, g, 2, 1, 3)
	if err != nil {
		t.Fatalf("ChangeNodeGroupScaling: %v", err)
	}
	private("ChangeNodeGroupScaling", &scaled)
	c.groupActive(t, iid, g)
	same, err := c.Handler.UpgradeCluster(ctx, iid, info.Version)
	if err != nil {
		t.Fatalf("UpgradeCluster: %v", err)
	}
	private("UpgradeCluster", &same)
	read, list := c.get(t, iid), listed(t, c, iid)
	private("GetCluster", &read)
	private("ListCluster", &list)
	caps := c.caps(t)
	before := fmt.Sprintf("%+v", caps)
	spoil(reflect.ValueOf(&caps))
	if after := fmt.Sprintf("%+v", c.caps(t)); before != after {
		t.Errorf("what Capabilities returns is shared\nbefore\t%s\nafter\t%s", before, after)
	}
	if lister, ok := c.Handler.(pmks.VersionLister); ok {
		versions, err := lister.ListVersions(ctx)
		if err != nil {
			t.Fatalf("ListVersions: %v", err)
		}
		before := fmt.Sprintf("%+v", versions)
		spoil(reflect.ValueOf(versions))
		if versions, err = lister.ListVersions(ctx); err != nil || before != fmt.Sprintf("%+v", versions) {
			t.Errorf("what ListVersions returns is shared: %+v, %v; before %s", versions, err, before)
		}
	}
}

func listed(t T, c *Cloud, iid pmks.IID) pmks.ClusterInfo {
	t.Helper()
	list, err := c.Handler.ListCluster(t.Context())
	if err != nil {
		t.Fatalf("ListCluster: %v", err)
	}
	for _, info := range list {
		if info.IId == iid {
			return *info
		}
	}
	t.Fatalf("ListCluster does not show %s", iid)
	return pmks.ClusterInfo{}
}

// mark is what spoil writes.
const mark = "spoiled-by-a-test"

// unspoiled checks that a read does not show what spoil wrote. It is not compared
// with an earlier read: the cloud may have moved on in between.
func unspoiled(t T, what string, info pmks.ClusterInfo) {
	t.Helper()
	if text := show(info); strings.Contains(text, mark) {
		t.Errorf("%s: a read shows %s", what, text)
	}
}

// spoil overwrites every text that can be reached through a slice or a pointer.
func spoil(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			spoil(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				spoil(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			spoil(v.Index(i))
		}
	case reflect.String:
		if v.CanSet() {
			v.SetString(mark)
		}
	}
}

// readsChangeNothing makes every read there is.
func readsChangeNothing(t T, c *Cloud) {
	info := c.up(t, "still")
	before := c.get(t, info.IId)
	c.unchanged(t, "reads", func() {
		for _, m := range append(allCalls(), c.optionalReads()...) {
			if !m.mutation {
				if err := m.do(t.Context(), c, info.IId, pmks.IID{}); err != nil && pmks.CodeOf(err) != pmks.CodeUnsupported {
					t.Errorf("%s: %v", m.op, err)
				}
			}
		}
	})
	sameInfo(t, before, c.get(t, info.IId))
}
