// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/pmks-go/pmks"
)

var nodeChecks = []check{
	{"nodes/read-back", nodesReadBack},
	{"nodes/with-the-cluster", nodesWithCluster},
	{"nodes/kept-by-later-writes", nodesKept},
	{"nodes/refused-by-capability", nodesRefused},
	{"nodes/bad-input-sends-nothing", nodesBadInput},
	{"nodes/provision-takes-no-other", nodesAdopted},
	{"nodes/one-group-read-alone", nodesReadAlone},
}

// honoured reports whether a cloud has a field beyond V0.6.
func honoured(use pmks.FieldUse) bool {
	return use == pmks.FieldOptional || use == pmks.FieldRequired
}

// Demanding asks of the request of a node group everything beyond V0.6 that a cloud has:
// two labels, two taints, spot, and the first of zones. It returns false where that is
// nothing.
func Demanding(caps pmks.Capabilities, zones []string, g pmks.NodeGroupInfo) (pmks.NodeGroupInfo, bool) {
	rule, more := caps.NodeGroups, false
	if honoured(rule.Labels) {
		g.Labels, more = map[string]string{"team": "blue", "example.com/tier": "web"}, true
	}
	if honoured(rule.Taints) {
		g.Taints, more = []pmks.Taint{
			{Key: "dedicated", Value: "batch", Effect: pmks.TaintNoSchedule},
			{Key: "burst", Value: "true", Effect: pmks.TaintPreferNoSchedule},
		}, true
	}
	if honoured(rule.Spot) {
		g.Spot, more = true, true
	}
	if honoured(rule.Zones) && len(zones) > 0 {
		g.Zones, more = slices.Clone(zones[:1]), true
	}
	return g, more
}

// demanding is Demanding of the cloud, which has something to ask for.
func (c *Cloud) demanding(t T, g pmks.NodeGroupInfo) pmks.NodeGroupInfo {
	t.Helper()
	g, more := Demanding(c.caps(t), c.Zones, g)
	capable(t, "neither labels nor taints, spot or zones", more)
	return g
}

// sameNodes compares what was asked of the nodes with what is shown. Zones that were not
// asked for may be shown.
func sameNodes(t T, what string, asked, got pmks.NodeGroupInfo) {
	t.Helper()
	text := func(taints []pmks.Taint) []string {
		var list []string
		for _, taint := range taints {
			list = append(list, taint.String())
		}
		slices.Sort(list)
		return list
	}
	if !maps.Equal(asked.Labels, got.Labels) {
		t.Errorf("%s: labels are %v, want %v", what, got.Labels, asked.Labels)
	}
	if want := text(asked.Taints); !slices.Equal(want, text(got.Taints)) {
		t.Errorf("%s: taints are %v, want %v", what, got.Taints, want)
	}
	if asked.Spot != got.Spot {
		t.Errorf("%s: spot is %t, want %t", what, got.Spot, asked.Spot)
	}
	if len(asked.Zones) > 0 && !slices.Equal(slices.Sorted(slices.Values(asked.Zones)), slices.Sorted(slices.Values(got.Zones))) {
		t.Errorf("%s: zones are %v, want %v", what, got.Zones, asked.Zones)
	}
}

// withDemanding makes a cluster and adds a group that asks for everything.
func (c *Cloud) withDemanding(t T, cluster string, version string) (info pmks.ClusterInfo, asked, got pmks.NodeGroupInfo) {
	t.Helper()
	asked = c.demanding(t, c.NodeGroupRequest("special"))
	req := c.ClusterRequest(cluster)
	if version != "" {
		req.Version = version
	}
	info = c.upWith(t, req)
	added, err := c.Handler.AddNodeGroup(t.Context(), info.IId, asked)
	if err != nil {
		t.Fatalf("AddNodeGroup: %v", err)
	}
	got = c.groupActive(t, info.IId, added.IId)
	c.active(t, info.IId)
	return info, asked, got
}

func nodesReadBack(t T, c *Cloud) {
	info, asked, got := c.withDemanding(t, "demanding", "")
	sameNodes(t, "the group", asked, got)
	if len(got.Nodes) != asked.DesiredNodeSize {
		t.Errorf("the group has %d nodes, want %d", len(got.Nodes), asked.DesiredNodeSize)
	}
	list, ok := listed(t, c, info.IId).NodeGroup(got.IId)
	if !ok {
		t.Fatalf("ListCluster does not show the group")
	}
	sameNodes(t, "as ListCluster shows it", asked, list)
	plain, _ := c.get(t, info.IId).NodeGroup(first(t, info))
	sameNodes(t, "a group that asked for nothing", pmks.NodeGroupInfo{}, plain)
}

// nodesWithCluster: what comes with the create request, or in the same job, is honoured
// as well. Spot and taints that keep the cluster's own pods off are left out.
func nodesWithCluster(t T, c *Cloud) {
	req := c.ClusterRequest("whole")
	g := c.demanding(t, req.NodeGroupList[0])
	g.Spot, g.Taints = false, nil
	req.NodeGroupList[0] = g
	info := c.upWith(t, req)
	got, ok := info.NodeGroup(first(t, info))
	if !ok {
		t.Fatalf("the group is missing")
	}
	sameNodes(t, "the first group", g, got)
}

// nodesKept: writes that send a whole group, or the whole cluster, keep what they do not
// mean.
func nodesKept(t T, c *Cloud) {
	ctx := t.Context()
	info, asked, g := c.withDemanding(t, "keeping", c.offered(t)[0])
	look := func(what string) {
		t.Helper()
		got := c.groupActive(t, info.IId, g.IId)
		c.active(t, info.IId)
		sameNodes(t, "after "+what, asked, got)
	}
	if _, err := c.Handler.ChangeNodeGroupScaling(ctx, info.IId, g.IId, 3, 1, 4); err != nil {
		t.Fatalf("ChangeNodeGroupScaling: %v", err)
	}
	look("ChangeNodeGroupScaling")
	for _, on := range []bool{true, false} {
		if _, err := c.Handler.SetNodeGroupAutoScaling(ctx, info.IId, g.IId, on); err != nil {
			t.Fatalf("SetNodeGroupAutoScaling(%t): %v", on, err)
		}
		look(fmt.Sprintf("SetNodeGroupAutoScaling(%t)", on))
	}
	next := c.nextVersion(ctx, info.IId)
	if _, err := pmks.Upgrade(ctx, c.Handler, info.IId, next, c.Wait...); err != nil {
		t.Fatalf("Upgrade to %s: %v", next, err)
	}
	look("Upgrade")
}

func nodesRefused(t T, c *Cloud) {
	rule := c.caps(t).NodeGroups
	info := c.up(t, "strict")
	for _, field := range []struct {
		name string
		use  pmks.FieldUse
		ask  func(*pmks.NodeGroupInfo)
	}{
		{"Labels", rule.Labels, func(g *pmks.NodeGroupInfo) { g.Labels = map[string]string{"team": "blue"} }},
		{"Taints", rule.Taints, func(g *pmks.NodeGroupInfo) {
			g.Taints = []pmks.Taint{{Key: "dedicated", Value: "batch", Effect: pmks.TaintNoSchedule}}
		}},
		{"Spot", rule.Spot, func(g *pmks.NodeGroupInfo) { g.Spot = true }},
		{"Zones", rule.Zones, func(g *pmks.NodeGroupInfo) { g.Zones = []string{"anywhere"} }},
	} {
		if honoured(field.use) {
			continue
		}
		req := c.NodeGroupRequest("asking")
		field.ask(&req)
		c.unchanged(t, "AddNodeGroup with "+field.name, func() {
			_, err := c.Handler.AddNodeGroup(t.Context(), info.IId, req)
			wantField(t, "AddNodeGroup with "+field.name, err, pmks.CodeUnsupported, field.name)
		})
	}
}

// wantField checks the code of an error, and that it names a field.
func wantField(t T, what string, err error, code pmks.Code, field string) {
	t.Helper()
	var e *pmks.Error
	if !errors.As(err, &e) || e.Code != code || e.Field != field {
		t.Errorf("%s: got %v, want %s of %s", what, err, code, field)
	}
}

func nodesBadInput(t T, c *Cloud) {
	rule := c.caps(t).NodeGroups
	info := c.up(t, "careful")
	labels := func(key, value string) func(*pmks.NodeGroupInfo) {
		return func(g *pmks.NodeGroupInfo) { g.Labels = map[string]string{key: value} }
	}
	taints := func(list ...pmks.Taint) func(*pmks.NodeGroupInfo) {
		return func(g *pmks.NodeGroupInfo) { g.Taints = list }
	}
	twin := pmks.Taint{Key: "dedicated", Value: "batch", Effect: pmks.TaintNoSchedule}
	reserved := "kubernetes.io/os"
	if len(rule.ReservedKeys) > 0 {
		reserved = rule.ReservedKeys[0]
		if reserved[len(reserved)-1] == '/' {
			reserved += "x"
		}
	}
	for _, bad := range []struct {
		use   pmks.FieldUse
		ask   func(*pmks.NodeGroupInfo)
		field string
	}{
		{rule.Labels, labels("not a key", "x"), "Labels[not a key]"},
		{rule.Labels, labels("team", "not a value"), "Labels[team]"},
		{rule.Labels, labels("node-role.kubernetes.io/worker", "x"), "Labels[node-role.kubernetes.io/worker]"},
		{rule.Labels, labels(reserved, "x"), "Labels[" + reserved + "]"},
		{rule.Taints, taints(twin, twin), "Taints[1].Key"},
		{rule.Taints, taints(pmks.Taint{Key: "dedicated", Value: "batch", Effect: "NoRun"}), "Taints[0].Effect"},
		{rule.Taints, taints(pmks.Taint{Key: "k8s.io/x", Value: "batch", Effect: pmks.TaintNoSchedule}), "Taints[0].Key"},
		{rule.Zones, func(g *pmks.NodeGroupInfo) { g.Zones = []string{"mars-north-1a"} }, "Zones[0]"},
		{rule.Zones, func(g *pmks.NodeGroupInfo) { g.Zones = []string{""} }, "Zones[0]"},
	} {
		if !honoured(bad.use) {
			continue
		}
		req := c.NodeGroupRequest("careless")
		bad.ask(&req)
		c.unchanged(t, "AddNodeGroup with bad "+bad.field, func() {
			_, err := c.Handler.AddNodeGroup(t.Context(), info.IId, req)
			wantField(t, "AddNodeGroup with bad "+bad.field, err, pmks.CodeInvalidArgument, bad.field)
		})
	}
}

// nodesAdopted: Provision continues with the very same request, and takes no group that
// was made from another.
func nodesAdopted(t T, c *Cloud) {
	req := c.ClusterRequest("again")
	g := c.demanding(t, req.NodeGroupList[0])
	g.Spot, g.Taints = false, nil
	req.NodeGroupList[0] = g
	if len(g.Labels) == 0 {
		capable(t, "no labels", false)
	}
	info := c.upWith(t, req)
	c.unchanged(t, "Provision again", func() { c.upWith(t, req) })
	got, _ := info.NodeGroup(first(t, info))
	if len(got.Labels) == 0 {
		return // the cloud does not show them: see nodes/read-back
	}
	req.NodeGroupList[0].Labels = map[string]string{"team": "red"}
	c.unchanged(t, "Provision with other labels", func() {
		_, err := pmks.Provision(t.Context(), c.Handler, req, c.Wait...)
		wantField(t, "Provision with other labels", err, pmks.CodeAlreadyExists, "Labels")
	})
}

// nodesReadAlone: the read of one group shows what the read of its cluster shows.
func nodesReadAlone(t T, c *Cloud) {
	r, ok := c.Handler.(pmks.NodeGroupReader)
	capable(t, "no NodeGroupReader", ok)
	info := c.up(t, "alone")
	for _, iid := range []pmks.IID{first(t, info), {NameId: first(t, info).NameId}} {
		want, _ := c.get(t, info.IId).NodeGroup(iid)
		got, err := r.GetNodeGroup(t.Context(), info.IId, iid)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("GetNodeGroup(%s): %v\n\t%s\nwant\t%s", iid, err, show(got), show(want))
		}
	}
	_, err := r.GetNodeGroup(t.Context(), info.IId, pmks.IID{NameId: "unknown"})
	want(t, "GetNodeGroup of an unknown group", err, pmks.CodeNotFound)
	_, err = r.GetNodeGroup(t.Context(), pmks.IID{NameId: "unknown"}, first(t, info))
	want(t, "GetNodeGroup in an unknown cluster", err, pmks.CodeNotFound)
	_, err = r.GetNodeGroup(t.Context(), info.IId, pmks.IID{})
	want(t, "GetNodeGroup of no group", err, pmks.CodeInvalidArgument)
}
