// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pmks-go/pmks"
)

var validationChecks = []check{
	{"validation/cluster-fields", validateCluster},
	{"validation/node-group-fields", validateNodeGroup},
	{"validation/capabilities-hold-both-ways", validateUses},
	{"validation/capability-limits", validateLimits},
	{"validation/all-faults-in-one-error", validateAll},
	{"validation/groups-at-create", validateGroups},
	{"validation/unknown-references", validateReferences},
	{"validation/dry-run", validateDryRun},
}

// fieldsOf returns the Field of every *pmks.Error in a tree.
func fieldsOf(err error) []string {
	switch e := err.(type) { //nolint:errorlint // it walks the tree itself
	case *pmks.Error:
		return []string{e.Field}
	case interface{ Unwrap() []error }:
		var all []string
		for _, part := range e.Unwrap() {
			all = append(all, fieldsOf(part)...)
		}
		return all
	case interface{ Unwrap() error }:
		return fieldsOf(e.Unwrap())
	}
	return nil
}

// names reports whether an error names a field, or a part of it.
func names(err error, field string) bool {
	for _, f := range fieldsOf(err) {
		if f == field || strings.HasPrefix(f, field+".") || strings.HasPrefix(f, field+"[") {
			return true
		}
	}
	return false
}

// fault is one thing that can be wrong with a request.
type fault struct {
	name  string
	field string
	code  pmks.Code
	// spoil makes the fault; it returns false where the cloud has no such fault.
	cluster func(*pmks.ClusterInfo, pmks.Capabilities) bool
	group   func(*pmks.NodeGroupInfo, pmks.Capabilities) bool
}

func always(f func(*pmks.ClusterInfo)) func(*pmks.ClusterInfo, pmks.Capabilities) bool {
	return func(r *pmks.ClusterInfo, _ pmks.Capabilities) bool { f(r); return true }
}

func alwaysGroup(f func(*pmks.NodeGroupInfo)) func(*pmks.NodeGroupInfo, pmks.Capabilities) bool {
	return func(r *pmks.NodeGroupInfo, _ pmks.Capabilities) bool { f(r); return true }
}

var clusterFaults = []fault{
	{name: "no-name", field: "IId.NameId", code: pmks.CodeInvalidArgument,
		cluster: always(func(r *pmks.ClusterInfo) { r.IId.NameId = "" })},
	{name: "path-name", field: "IId.NameId", code: pmks.CodeInvalidArgument,
		cluster: always(func(r *pmks.ClusterInfo) { r.IId.NameId = "../x" })},
	{name: "huge-name", field: "IId.NameId", code: pmks.CodeInvalidArgument,
		cluster: always(func(r *pmks.ClusterInfo) { r.IId.NameId = strings.Repeat("x", 300) })},
	{name: "unicode-name", field: "IId.NameId", code: pmks.CodeInvalidArgument,
		cluster: always(func(r *pmks.ClusterInfo) { r.IId.NameId = "クラスタ🙂" })},
	{name: "bad-version", field: "Version", code: pmks.CodeInvalidArgument,
		cluster: always(func(r *pmks.ClusterInfo) { r.Version = "latest-and-greatest" })},
	{name: "no-vpc", field: "Network.VpcIID", code: pmks.CodeInvalidArgument,
		cluster: func(r *pmks.ClusterInfo, c pmks.Capabilities) bool {
			r.Network.VpcIID = pmks.IID{}
			return c.Fields.VPC == pmks.FieldRequired
		}},
	{name: "too-few-subnets", field: "Network.SubnetIIDs", code: pmks.CodeInvalidArgument,
		cluster: func(r *pmks.ClusterInfo, c pmks.Capabilities) bool {
			if c.Subnets.Min == 0 {
				return false
			}
			r.Network.SubnetIIDs = r.Network.SubnetIIDs[:c.Subnets.Min-1]
			return true
		}},
	{name: "too-many-subnets", field: "Network.SubnetIIDs", code: pmks.CodeInvalidArgument,
		cluster: func(r *pmks.ClusterInfo, c pmks.Capabilities) bool {
			for i := 0; c.Subnets.Max > 0 && len(r.Network.SubnetIIDs) <= c.Subnets.Max; i++ {
				r.Network.SubnetIIDs = append(r.Network.SubnetIIDs, pmks.IID{NameId: fmt.Sprint("subnet-more-", i)})
			}
			return c.Subnets.Max > 0
		}},
	{name: "same-subnet-twice", field: "Network.SubnetIIDs", code: pmks.CodeInvalidArgument,
		cluster: func(r *pmks.ClusterInfo, c pmks.Capabilities) bool {
			r.Network.SubnetIIDs = append(r.Network.SubnetIIDs, r.Network.SubnetIIDs[0])
			return true
		}},
	{name: "empty-subnet", field: "Network.SubnetIIDs", code: pmks.CodeInvalidArgument,
		cluster: always(func(r *pmks.ClusterInfo) { r.Network.SubnetIIDs[0] = pmks.IID{} })},
	{name: "too-many-security-groups", field: "Network.SecurityGroupIIDs", code: pmks.CodeInvalidArgument,
		cluster: func(r *pmks.ClusterInfo, c pmks.Capabilities) bool {
			for i := 0; len(r.Network.SecurityGroupIIDs) <= c.Fields.MaxSecurityGroups; i++ {
				r.Network.SecurityGroupIIDs = append(r.Network.SecurityGroupIIDs, pmks.IID{NameId: fmt.Sprint("sg-more-", i)})
			}
			return c.Fields.MaxSecurityGroups > 0
		}},
	{name: "no-security-group", field: "Network.SecurityGroupIIDs", code: pmks.CodeInvalidArgument,
		cluster: func(r *pmks.ClusterInfo, c pmks.Capabilities) bool {
			r.Network.SecurityGroupIIDs = nil
			return c.Fields.SecurityGroups == pmks.FieldRequired
		}},
	{name: "empty-tag-key", field: "TagList", code: pmks.CodeInvalidArgument,
		cluster: func(r *pmks.ClusterInfo, c pmks.Capabilities) bool {
			r.TagList = []pmks.KeyValue{{Value: "v"}}
			return c.Fields.Tags == pmks.FieldOptional
		}},
	{name: "same-tag-twice", field: "TagList", code: pmks.CodeInvalidArgument,
		cluster: func(r *pmks.ClusterInfo, c pmks.Capabilities) bool {
			r.TagList = []pmks.KeyValue{{Key: "k", Value: "v"}, {Key: "k", Value: "w"}}
			return c.Fields.Tags == pmks.FieldOptional
		}},
	{name: "tags-refused", field: "TagList", code: pmks.CodeUnsupported,
		cluster: func(r *pmks.ClusterInfo, c pmks.Capabilities) bool {
			r.TagList = []pmks.KeyValue{{Key: "k", Value: "v"}}
			return c.Fields.Tags == pmks.FieldRefused
		}},
}

var groupFaults = []fault{
	{name: "no-name", field: "IId.NameId", code: pmks.CodeInvalidArgument,
		group: alwaysGroup(func(g *pmks.NodeGroupInfo) { g.IId.NameId = "" })},
	{name: "path-name", field: "IId.NameId", code: pmks.CodeInvalidArgument,
		group: alwaysGroup(func(g *pmks.NodeGroupInfo) { g.IId.NameId = "a/../b" })},
	{name: "huge-name", field: "IId.NameId", code: pmks.CodeInvalidArgument,
		group: alwaysGroup(func(g *pmks.NodeGroupInfo) { g.IId.NameId = strings.Repeat("x", 300) })},
	{name: "no-machine", field: "VMSpecName", code: pmks.CodeInvalidArgument,
		group: func(g *pmks.NodeGroupInfo, c pmks.Capabilities) bool {
			g.VMSpecName = ""
			return c.Fields.VMSpec == pmks.FieldRequired
		}},
	{name: "no-key-pair", field: "KeyPairIID", code: pmks.CodeInvalidArgument,
		group: func(g *pmks.NodeGroupInfo, c pmks.Capabilities) bool {
			g.KeyPairIID = pmks.IID{}
			return c.Fields.KeyPair == pmks.FieldRequired
		}},
	{name: "disk-size-text", field: "RootDiskSize", code: pmks.CodeInvalidArgument,
		group: func(g *pmks.NodeGroupInfo, c pmks.Capabilities) bool {
			g.RootDiskSize = "large"
			return c.Fields.RootDiskSize == pmks.FieldOptional
		}},
	{name: "disk-size-negative", field: "RootDiskSize", code: pmks.CodeInvalidArgument,
		group: func(g *pmks.NodeGroupInfo, c pmks.Capabilities) bool {
			g.RootDiskSize = "-5"
			return c.Fields.RootDiskSize == pmks.FieldOptional
		}},
	{name: "disk-size-refused", field: "RootDiskSize", code: pmks.CodeUnsupported,
		group: func(g *pmks.NodeGroupInfo, c pmks.Capabilities) bool {
			g.RootDiskSize = "100"
			return c.Fields.RootDiskSize == pmks.FieldRefused
		}},
	{name: "disk-type-refused", field: "RootDiskType", code: pmks.CodeUnsupported,
		group: func(g *pmks.NodeGroupInfo, c pmks.Capabilities) bool {
			g.RootDiskType = "ssd"
			return c.Fields.RootDiskType == pmks.FieldRefused
		}},
	{name: "negative-min", field: "MinNodeSize", code: pmks.CodeInvalidArgument,
		group: alwaysGroup(func(g *pmks.NodeGroupInfo) { g.MinNodeSize = -1 })},
	{name: "zero-max", field: "MaxNodeSize", code: pmks.CodeInvalidArgument,
		group: alwaysGroup(func(g *pmks.NodeGroupInfo) { g.OnAutoScaling, g.MinNodeSize, g.MaxNodeSize = true, 1, 0 })},
	{name: "max-below-min", field: "MaxNodeSize", code: pmks.CodeInvalidArgument,
		group: alwaysGroup(func(g *pmks.NodeGroupInfo) { g.MinNodeSize, g.MaxNodeSize = 3, 2 })},
	{name: "desired-above-max", field: "DesiredNodeSize", code: pmks.CodeInvalidArgument,
		group: alwaysGroup(func(g *pmks.NodeGroupInfo) { g.DesiredNodeSize = 9 })},
	{name: "desired-below-min", field: "DesiredNodeSize", code: pmks.CodeInvalidArgument,
		group: alwaysGroup(func(g *pmks.NodeGroupInfo) { g.DesiredNodeSize, g.MinNodeSize = 1, 2 })},
	{name: "negative-desired", field: "DesiredNodeSize", code: pmks.CodeInvalidArgument,
		group: alwaysGroup(func(g *pmks.NodeGroupInfo) { g.DesiredNodeSize = -2 })},
}

func validateCluster(t T, c *Cloud) {
	caps := c.caps(t)
	for _, f := range clusterFaults {
		req := c.createRequest(t, "faulty")
		if !f.cluster(&req, caps) {
			continue
		}
		c.unchanged(t, f.name, func() {
			_, err := c.Handler.CreateCluster(t.Context(), req)
			checkFault(t, f, f.field, err)
		})
	}
	if list, err := c.Handler.ListCluster(t.Context()); err != nil || len(list) > 0 {
		t.Errorf("%d clusters were made, %v", len(list), err)
	}
}

func checkFault(t T, f fault, field string, err error) {
	t.Helper()
	want(t, f.name, err, f.code)
	if err != nil && !names(err, field) {
		t.Errorf("%s: the error does not name %s: %v", f.name, field, err)
	}
}

func validateNodeGroup(t T, c *Cloud) {
	caps := c.caps(t)
	info := c.up(t, "faulty")
	for _, f := range groupFaults {
		g := c.NodeGroupRequest("extra")
		if !f.group(&g, caps) {
			continue
		}
		c.unchanged(t, f.name, func() {
			_, err := c.Handler.AddNodeGroup(t.Context(), info.IId, g)
			checkFault(t, f, f.field, err)
		})
	}
	if got := c.get(t, info.IId); len(got.NodeGroupList) != 1 {
		t.Errorf("%d node groups, want 1", len(got.NodeGroupList))
	}
}

func validateAll(t T, c *Cloud) {
	req := c.createRequest(t, "faulty")
	req.IId.NameId = ""
	req.Version = "nonsense"
	req.Network.SubnetIIDs[0] = pmks.IID{}
	fields := []string{"IId.NameId", "Version", "Network.SubnetIIDs"}
	if len(req.NodeGroupList) > 0 {
		req.NodeGroupList[0].DesiredNodeSize = 77
		req.NodeGroupList[0].MinNodeSize = -1
		fields = append(fields, "NodeGroupList[0].DesiredNodeSize", "NodeGroupList[0].MinNodeSize")
	}
	_, err := c.Handler.CreateCluster(t.Context(), req)
	for _, field := range fields {
		if !names(err, field) {
			t.Errorf("the error does not name %s: %v", field, err)
		}
	}
	info := c.up(t, "good")
	g := c.NodeGroupRequest("")
	g.MinNodeSize, g.MaxNodeSize = -1, -2
	_, err = c.Handler.AddNodeGroup(t.Context(), info.IId, g)
	for _, field := range []string{"IId.NameId", "MinNodeSize", "MaxNodeSize"} {
		if !names(err, field) {
			t.Errorf("the error does not name %s: %v", field, err)
		}
	}
}

func validateGroups(t T, c *Cloud) {
	rule := c.caps(t).GroupsAtCreate
	try := func(what string, groups ...pmks.NodeGroupInfo) {
		t.Helper()
		req := c.ClusterRequest("groups")
		req.NodeGroupList = groups
		c.unchanged(t, what, func() {
			_, err := c.Handler.CreateCluster(t.Context(), req)
			want(t, what, err, pmks.CodeInvalidArgument)
			if err != nil && !names(err, "NodeGroupList") {
				t.Errorf("%s: the error does not name NodeGroupList: %v", what, err)
			}
			if err != nil && rule.Max >= 0 && len(groups) > rule.Max && !strings.Contains(err.Error(), "AddNodeGroup") {
				t.Errorf("%s: the error does not say what to do: %v", what, err)
			}
		})
	}
	one := c.ClusterRequest("groups").NodeGroupList[0]
	if rule.Min > 0 {
		try("no node group")
	}
	if rule.Max >= 0 {
		groups := []pmks.NodeGroupInfo{one}
		for i := 0; len(groups) <= rule.Max; i++ {
			groups = append(groups, c.NodeGroupRequest(fmt.Sprint("more", i)))
		}
		try("too many node groups", groups...)
	}
	if rule.Max < 0 || rule.Max > 1 {
		try("two node groups of one name", one, one)
	}
}

func validateReferences(t T, c *Cloud) {
	need(t, "Unknown", c.Unknown != nil)
	fields := c.caps(t).Fields
	// A reference that is refused, or ignored, is not looked for.
	looked := map[string]bool{"Network.VpcIID": used(fields.VPC), "Network.SubnetIIDs[0]": true,
		"Network.SecurityGroupIIDs[0]": used(fields.SecurityGroups), "KeyPairIID": used(fields.KeyPair)}
	for _, field := range []string{"Network.VpcIID", "Network.SubnetIIDs[0]", "Network.SecurityGroupIIDs[0]"} {
		ref, ok := c.Unknown(field)
		if !ok || !looked[field] {
			continue
		}
		req := c.createRequest(t, "unknown")
		switch field {
		case "Network.VpcIID":
			req.Network.VpcIID = ref
		case "Network.SubnetIIDs[0]":
			req.Network.SubnetIIDs[0] = ref
		default:
			req.Network.SecurityGroupIIDs = []pmks.IID{ref}
		}
		c.unchanged(t, field, func() {
			_, err := c.Handler.CreateCluster(t.Context(), req)
			checkFault(t, fault{name: field, code: pmks.CodeInvalidArgument}, field, err)
		})
	}
	ref, ok := c.Unknown("KeyPairIID")
	if !ok || !looked["KeyPairIID"] {
		return
	}
	info := c.up(t, "known")
	g := c.NodeGroupRequest("extra")
	g.KeyPairIID = ref
	c.unchanged(t, "KeyPairIID", func() {
		_, err := c.Handler.AddNodeGroup(t.Context(), info.IId, g)
		checkFault(t, fault{name: "KeyPairIID", code: pmks.CodeInvalidArgument}, "KeyPairIID", err)
	})
}

func validateDryRun(t T, c *Cloud) {
	checker, ok := c.Handler.(pmks.RequestChecker)
	capable(t, "no RequestChecker", ok)
	req := c.createRequest(t, "dry")
	c.unchanged(t, "CheckCluster", func() {
		err := checker.CheckCluster(t.Context(), req)
		capable(t, "RequestChecker is unsupported", !errors.Is(err, pmks.ErrUnsupported))
		if err != nil {
			t.Errorf("CheckCluster of a good request: %v", err)
		}
		bad := req.Clone()
		bad.IId.NameId = ""
		want(t, "CheckCluster of a bad request", checker.CheckCluster(t.Context(), bad), pmks.CodeInvalidArgument)
	})
	if list, err := c.Handler.ListCluster(t.Context()); err != nil || len(list) > 0 {
		t.Errorf("a dry run made %d clusters, %v", len(list), err)
	}
	info := c.up(t, "dry")
	c.unchanged(t, "CheckNodeGroup", func() {
		want(t, "CheckCluster of a name that is taken", checker.CheckCluster(t.Context(), req), pmks.CodeAlreadyExists)
		if err := checker.CheckNodeGroup(t.Context(), info.IId, c.NodeGroupRequest("extra")); err != nil {
			t.Errorf("CheckNodeGroup of a good request: %v", err)
		}
		bad := c.NodeGroupRequest("extra")
		bad.MaxNodeSize = -1
		want(t, "CheckNodeGroup of a bad request", checker.CheckNodeGroup(t.Context(), info.IId, bad), pmks.CodeInvalidArgument)
	})
}
