// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
)

// nodeRules is a cloud that takes everything beyond V0.6, with bounds.
func nodeRules() pmks.Capabilities {
	return pmks.Capabilities{
		Provider: "toy",
		NodeGroups: pmks.NodeGroupRule{
			Labels: pmks.FieldOptional, MaxLabels: 3, MaxLabelKey: 80, ReservedKeys: []string{"toy.example/", ".toy.example/"},
			Taints: pmks.FieldOptional, MaxTaints: 2, OneEffectPerKey: true, EmptyTaintValue: true,
			Spot: pmks.FieldOptional, Zones: pmks.FieldOptional, MaxZones: 2,
		},
		Access: pmks.AccessRule{
			Modes: []pmks.AccessMode{pmks.AccessPrivate, pmks.AccessPublicAndPrivate}, CIDRs: pmks.FieldOptional, MaxCIDRs: 2,
		},
		GroupsAtCreate: pmks.GroupsAtCreate{Min: 1, Max: -1},
	}
}

func taint(key, value string, effect pmks.TaintEffect) pmks.Taint {
	return pmks.Taint{Key: key, Value: value, Effect: effect}
}

func TestCheckNodeGroup_nodes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		group pmks.NodeGroupInfo
		// field is the fault's; "" for none.
		field string
		text  string
	}{
		{"nothing", pmks.NodeGroupInfo{}, "", ""},
		{"labels", pmks.NodeGroupInfo{Labels: map[string]string{"team": "blue", "example.com/tier": "a.b_c-d"}}, "", ""},
		{"label/empty-key", pmks.NodeGroupInfo{Labels: map[string]string{"": "x"}}, "Labels[]", "must not be empty"},
		{"label/bad-key", pmks.NodeGroupInfo{Labels: map[string]string{"-team": "x"}}, "Labels[-team]", "letters"},
		{"label/bad-prefix", pmks.NodeGroupInfo{Labels: map[string]string{"Example.com/team": "x"}}, "Labels[Example.com/team]", "letters"},
		{"label/empty-prefix", pmks.NodeGroupInfo{Labels: map[string]string{"/team": "x"}}, "Labels[/team]", "letters"},
		{"label/two-slashes", pmks.NodeGroupInfo{Labels: map[string]string{"a/b/c": "x"}}, "Labels[a/b/c]", "letters"},
		{"label/long-name", pmks.NodeGroupInfo{Labels: map[string]string{strings.Repeat("n", 64): "x"}}, "Labels[", "at most 63"},
		{"label/long-prefix", pmks.NodeGroupInfo{Labels: map[string]string{strings.Repeat("p", 254) + "/n": "x"}}, "Labels[", "at most 253"},
		{"label/longer-than-the-cloud", pmks.NodeGroupInfo{Labels: map[string]string{strings.Repeat("p", 60) + "/" + strings.Repeat("n", 30): "x"}}, "Labels[", "at most 80"},
		{"label/kubernetes", pmks.NodeGroupInfo{Labels: map[string]string{"kubernetes.io/os": "x"}}, "Labels[kubernetes.io/os]", "reserved"},
		{"label/kubernetes-below", pmks.NodeGroupInfo{Labels: map[string]string{"node-role.kubernetes.io/worker": "x"}}, "Labels[node-role.kubernetes.io/worker]", "reserved"},
		{"label/k8s", pmks.NodeGroupInfo{Labels: map[string]string{"kops.k8s.io/a": "x"}}, "Labels[kops.k8s.io/a]", "reserved"},
		{"label/pmks", pmks.NodeGroupInfo{Labels: map[string]string{"pmks.io/min": "x"}}, "Labels[pmks.io/min]", "reserved"},
		{"label/looks-alike", pmks.NodeGroupInfo{Labels: map[string]string{"notkubernetes.io/os": "x"}}, "", ""},
		{"label/of-the-cloud", pmks.NodeGroupInfo{Labels: map[string]string{"toy.example/os": "x"}}, "Labels[toy.example/os]", "reserved"},
		{"label/below-the-cloud", pmks.NodeGroupInfo{Labels: map[string]string{"a.toy.example/os": "x"}}, "Labels[a.toy.example/os]", "reserved"},
		{"label/looks-like-the-cloud", pmks.NodeGroupInfo{Labels: map[string]string{"atoy.example/os": "x"}}, "", ""},
		{"label/empty-value", pmks.NodeGroupInfo{Labels: map[string]string{"team": ""}}, "Labels[team]", "no empty value"},
		{"label/bad-value", pmks.NodeGroupInfo{Labels: map[string]string{"team": "a b"}}, "Labels[team]", "not a value"},
		{"label/long-value", pmks.NodeGroupInfo{Labels: map[string]string{"team": strings.Repeat("v", 64)}}, "Labels[team]", "at most 63"},
		{"label/characters-of-a-value", pmks.NodeGroupInfo{Labels: map[string]string{"team": strings.Repeat("값", 30)}}, "Labels[team]", "is not a value"},
		{"label/characters-of-a-key", pmks.NodeGroupInfo{Labels: map[string]string{strings.Repeat("값", 30): "x"}}, "Labels[", "is not a key"},
		{"label/line-break", pmks.NodeGroupInfo{Labels: map[string]string{"team": "x\n"}}, "Labels[team]", "is not a value"},
		{"label/too-many", pmks.NodeGroupInfo{Labels: map[string]string{"a": "1", "b": "2", "c": "3", "d": "4"}}, "Labels", "at most 3"},
		{"taints", pmks.NodeGroupInfo{Taints: []pmks.Taint{taint("a", "", pmks.TaintNoExecute), taint("b", "x", pmks.TaintNoSchedule)}}, "", ""},
		{"taint/twice", pmks.NodeGroupInfo{Taints: []pmks.Taint{taint("a", "1", pmks.TaintNoExecute), taint("a", "2", pmks.TaintNoExecute)}}, "Taints[1].Key", "twice with the effect"},
		{"taint/two-effects", pmks.NodeGroupInfo{Taints: []pmks.Taint{taint("a", "1", pmks.TaintNoExecute), taint("a", "1", pmks.TaintNoSchedule)}}, "Taints[1].Key", "one effect for each key"},
		{"taint/bad-effect", pmks.NodeGroupInfo{Taints: []pmks.Taint{taint("a", "1", "NO_SCHEDULE")}}, "Taints[0].Effect", "PreferNoSchedule"},
		{"taint/bad-key", pmks.NodeGroupInfo{Taints: []pmks.Taint{taint("a b", "1", pmks.TaintNoExecute)}}, "Taints[0].Key", "letters"},
		{"taint/reserved", pmks.NodeGroupInfo{Taints: []pmks.Taint{taint("node.kubernetes.io/x", "1", pmks.TaintNoExecute)}}, "Taints[0].Key", "reserved"},
		{"taint/too-many", pmks.NodeGroupInfo{Taints: []pmks.Taint{taint("a", "", pmks.TaintNoExecute), taint("b", "", pmks.TaintNoExecute), taint("c", "", pmks.TaintNoExecute)}}, "Taints", "at most 2"},
		{"zones", pmks.NodeGroupInfo{Zones: []string{"a", "b"}}, "", ""},
		{"zone/empty", pmks.NodeGroupInfo{Zones: []string{""}}, "Zones[0]", "must not be empty"},
		{"zone/twice", pmks.NodeGroupInfo{Zones: []string{"a", "a"}}, "Zones[1]", "twice"},
		{"zone/path", pmks.NodeGroupInfo{Zones: []string{"../a"}}, "Zones[0]", "path"},
		{"zone/too-many", pmks.NodeGroupInfo{Zones: []string{"a", "b", "c"}}, "Zones", "at most 2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.group.IId.NameId, test.group.DesiredNodeSize = "workers", 1
			wantFault(t, nodeRules().CheckNodeGroup(test.group), pmks.CodeInvalidArgument, test.field, test.text)
		})
	}
}

// wantFault expects one fault of a field, or none where field is "".
func wantFault(t *testing.T, err error, code pmks.Code, field, text string) {
	t.Helper()
	if field == "" {
		if err != nil {
			t.Errorf("got %v", err)
		}
		return
	}
	var e *pmks.Error
	if !errors.As(err, &e) || e.Code != code || !strings.HasPrefix(e.Field, field) || !strings.Contains(e.Message, text) {
		t.Errorf("got %v, want %s of %s with %q", err, code, field, text)
	}
}

// TestCheckNodeGroup_nodesRefused: what a provider does not say it can do is refused,
// each field by its name, all at once.
func TestCheckNodeGroup_nodesRefused(t *testing.T) {
	t.Parallel()
	err := pmks.Capabilities{Provider: "toy"}.CheckNodeGroup(pmks.NodeGroupInfo{
		IId: pmks.IID{NameId: "workers"}, DesiredNodeSize: 1, Spot: true, Zones: []string{"a"},
		Labels: map[string]string{"a": "b"}, Taints: []pmks.Taint{taint("a", "b", pmks.TaintNoExecute)},
	})
	for _, field := range []string{"Labels", "Taints", "Spot", "Zones"} {
		if want := "Unsupported: " + field + ": toy cannot honour it"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}

func TestCheckCluster_spotFirst(t *testing.T) {
	t.Parallel()
	caps, req := nodeRules(), pmks.ClusterInfo{IId: pmks.IID{NameId: "demo"}}
	for i := range 2 {
		req.NodeGroupList = append(req.NodeGroupList, pmks.NodeGroupInfo{IId: pmks.IID{NameId: fmt.Sprint("g", i)}, DesiredNodeSize: 1, Spot: true})
	}
	wantFault(t, caps.CheckCluster(req), pmks.CodeInvalidArgument, "NodeGroupList[0].Spot", "cannot be spot")
	req.NodeGroupList[0].Spot = false
	wantFault(t, caps.CheckCluster(req), pmks.CodeOK, "", "")
	req.NodeGroupList[0].Spot, caps.NodeGroups.SpotFirst = true, true
	wantFault(t, caps.CheckCluster(req), pmks.CodeOK, "", "")
}

func TestCheckCluster_access(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		access pmks.Access
		change func(*pmks.AccessRule)
		code   pmks.Code
		field  string
		text   string
	}{
		{name: "nothing"},
		{name: "both", access: pmks.Access{Mode: pmks.AccessPublicAndPrivate, CIDRs: []string{"198.51.100.0/24", "2001:db8::/32"}}},
		{name: "no-word", access: pmks.Access{Mode: "open"}, code: pmks.CodeInvalidArgument, field: "Access.Mode", text: "public-and-private"},
		{name: "not-this-cloud", access: pmks.Access{Mode: pmks.AccessPublic}, code: pmks.CodeUnsupported, field: "Access.Mode", text: "take private or public-and-private"},
		{name: "no-choice", access: pmks.Access{Mode: pmks.AccessPrivate}, change: func(r *pmks.AccessRule) { r.Modes = nil }, code: pmks.CodeUnsupported, field: "Access.Mode", text: "no choice"},
		{name: "cidr/none", access: pmks.Access{CIDRs: []string{"office"}}, code: pmks.CodeInvalidArgument, field: "Access.CIDRs[0]", text: "not a network"},
		{name: "cidr/address", access: pmks.Access{CIDRs: []string{"198.51.100.7"}}, code: pmks.CodeInvalidArgument, field: "Access.CIDRs[0]", text: "write 198.51.100.7/32"},
		{name: "cidr/bits", access: pmks.Access{CIDRs: []string{"198.51.100.7/24"}}, code: pmks.CodeInvalidArgument, field: "Access.CIDRs[0]", text: "write 198.51.100.0/24"},
		{name: "cidr/twice", access: pmks.Access{CIDRs: []string{"10.0.0.0/8", "10.0.0.0/8"}}, code: pmks.CodeInvalidArgument, field: "Access.CIDRs[1]", text: "twice"},
		{name: "cidr/other-case", access: pmks.Access{CIDRs: []string{"2001:DB8::/32"}}, code: pmks.CodeInvalidArgument, field: "Access.CIDRs[0]", text: "write 2001:db8::/32"},
		{name: "cidr/twice-in-other-words", access: pmks.Access{CIDRs: []string{"2001:db8::/32", "2001:db8:0::/32"}}, code: pmks.CodeInvalidArgument, field: "Access.CIDRs[1]", text: "write 2001:db8::/32"},
		{name: "cidr/v4-in-v6", access: pmks.Access{CIDRs: []string{"::ffff:198.51.100.0/120"}}, code: pmks.CodeInvalidArgument, field: "Access.CIDRs[0]", text: "write it as one of IPv4"},
		{name: "cidr/v6", access: pmks.Access{CIDRs: []string{"198.51.100.0/24", "2001:db8::/32"}}, change: func(r *pmks.AccessRule) { r.CIDRsIPv4Only = true },
			code: pmks.CodeInvalidArgument, field: "Access.CIDRs[1]", text: "IPv4 alone"},
		{name: "cidr/too-many", access: pmks.Access{CIDRs: []string{"10.0.0.0/8", "11.0.0.0/8", "12.0.0.0/8"}}, code: pmks.CodeInvalidArgument, field: "Access.CIDRs", text: "at most 2"},
		{name: "cidr/private", access: pmks.Access{Mode: pmks.AccessPrivate, CIDRs: []string{"10.0.0.0/8"}}, code: pmks.CodeInvalidArgument, field: "Access.CIDRs", text: "bind the public endpoint"},
		{name: "cidr/private-too", access: pmks.Access{Mode: pmks.AccessPrivate, CIDRs: []string{"10.0.0.0/8"}}, change: func(r *pmks.AccessRule) { r.CIDRsWhenPrivate = true }},
		{
			name: "cidr/refused", access: pmks.Access{CIDRs: []string{"10.0.0.0/8"}}, code: pmks.CodeUnsupported, field: "Access.CIDRs", text: "leave it out, and ask the porter",
			change: func(r *pmks.AccessRule) { r.CIDRs, r.CIDRsWayOut = pmks.FieldRefused, "ask the porter" },
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			caps := nodeRules()
			if test.change != nil {
				test.change(&caps.Access)
			}
			req := pmks.ClusterInfo{IId: pmks.IID{NameId: "demo"}, Access: test.access,
				NodeGroupList: []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "workers"}, DesiredNodeSize: 1}}}
			wantFault(t, caps.CheckCluster(req), test.code, test.field, test.text)
		})
	}
}
