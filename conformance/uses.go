// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pmks-go/pmks"
)

// used reports whether a field that is given takes effect.
func used(use pmks.FieldUse) bool { return use == pmks.FieldOptional || use == pmks.FieldRequired }

// optionalField is a request field whose use the capabilities tell.
type optionalField struct {
	name  string
	use   pmks.FieldUse
	clear func()
	give  func()
}

func groupOptions(caps pmks.Capabilities, g *pmks.NodeGroupInfo) []optionalField {
	f := caps.Fields
	size := strconv.Itoa(max(100, f.MinRootDiskSize))
	given := func(iid *pmks.IID) func() {
		return func() {
			if iid.IsZero() {
				*iid = pmks.IID{NameId: "given-01", SystemId: "given-01"}
			}
		}
	}
	text := func(s *string, value string) func() {
		return func() {
			if *s == "" {
				*s = value
			}
		}
	}
	return []optionalField{
		{"ImageIID", f.Image, func() { g.ImageIID = pmks.IID{} }, given(&g.ImageIID)},
		{"VMSpecName", f.VMSpec, func() { g.VMSpecName = "" }, text(&g.VMSpecName, "given-01")},
		{"RootDiskType", f.RootDiskType, func() { g.RootDiskType = "" }, text(&g.RootDiskType, "given-01")},
		{"RootDiskSize", f.RootDiskSize, func() { g.RootDiskSize = "" }, text(&g.RootDiskSize, size)},
		{"KeyPairIID", f.KeyPair, func() { g.KeyPairIID = pmks.IID{} }, given(&g.KeyPairIID)},
	}
}

func clusterOptions(caps pmks.Capabilities, r *pmks.ClusterInfo) []optionalField {
	f := caps.Fields
	return []optionalField{
		{"Network.VpcIID", f.VPC, func() { r.Network.VpcIID = pmks.IID{} }, func() {
			if r.Network.VpcIID.IsZero() {
				r.Network.VpcIID = pmks.IID{NameId: "given-01", SystemId: "given-01"}
			}
		}},
		{"Network.SecurityGroupIIDs", f.SecurityGroups, func() { r.Network.SecurityGroupIIDs = nil }, func() {
			if len(r.Network.SecurityGroupIIDs) == 0 {
				r.Network.SecurityGroupIIDs = []pmks.IID{{NameId: "given-01", SystemId: "given-01"}}
			}
		}},
		{"TagList", f.Tags, func() { r.TagList = nil }, func() {
			if len(r.TagList) == 0 {
				r.TagList = []pmks.KeyValue{{Key: "given", Value: "01"}}
			}
		}},
	}
}

// validateUses goes through the optional fields: one that is required is missed,
// one that is refused is refused by name, one that is optional may be left out.
func validateUses(t T, c *Cloud) {
	caps := c.caps(t)
	info := c.up(t, "uses")
	for i := range groupOptions(caps, &pmks.NodeGroupInfo{}) {
		g := c.NodeGroupRequest(fmt.Sprint("use", i))
		field := groupOptions(caps, &g)[i]
		c.tryUse(t, field, "", func() error {
			added, err := c.Handler.AddNodeGroup(t.Context(), info.IId, g)
			if err != nil {
				return err
			}
			c.groupActive(t, info.IId, added.IId)
			c.active(t, info.IId)
			if _, err := c.Handler.RemoveNodeGroup(t.Context(), info.IId, added.IId); err != nil {
				t.Fatalf("RemoveNodeGroup: %v", err)
			}
			if err := pmks.WaitNodeGroupDeleted(t.Context(), c.Handler, info.IId, added.IId, c.Wait...); err != nil {
				t.Fatalf("WaitNodeGroupDeleted: %v", err)
			}
			c.active(t, info.IId)
			return nil
		})
	}
	for i := range clusterOptions(caps, &pmks.ClusterInfo{}) {
		req := c.createRequest(t, fmt.Sprint("use", i))
		c.tryUse(t, clusterOptions(caps, &req)[i], "", func() error {
			made, err := c.Handler.CreateCluster(t.Context(), req)
			if err != nil {
				return err
			}
			c.active(t, made.IId)
			return pmks.Teardown(t.Context(), c.Handler, made.IId, c.Wait...)
		})
	}
}

// tryUse sends a request with the field in the state that decides.
func (c *Cloud) tryUse(t T, field optionalField, path string, send func() error) {
	t.Helper()
	switch field.use {
	case pmks.FieldOptional, pmks.FieldIgnored:
		field.clear()
		if err := send(); err != nil {
			t.Errorf("%s is %s, and the request without it fails: %v", field.name, field.use, err)
		}
		return
	case pmks.FieldRequired:
		field.clear()
	case pmks.FieldRefused:
		field.give()
	}
	code := pmks.CodeInvalidArgument
	if field.use == pmks.FieldRefused {
		code = pmks.CodeUnsupported
	}
	c.unchanged(t, field.name, func() {
		checkFault(t, fault{name: field.name + ", which is " + string(field.use), code: code}, path+field.name, send())
	})
}

// validateLimits goes just beyond every bound that the capabilities name.
func validateLimits(t T, c *Cloud) {
	caps := c.caps(t)
	info := c.up(t, "limits")
	cluster := func(what, field string, spoil func(*pmks.ClusterInfo)) {
		t.Helper()
		req := c.createRequest(t, "beyond")
		spoil(&req)
		c.unchanged(t, what, func() {
			_, err := c.Handler.CreateCluster(t.Context(), req)
			checkFault(t, fault{name: what, code: pmks.CodeInvalidArgument}, field, err)
		})
	}
	group := func(what, field string, spoil func(*pmks.NodeGroupInfo)) {
		t.Helper()
		g := c.NodeGroupRequest("beyond")
		spoil(&g)
		c.unchanged(t, what, func() {
			_, err := c.Handler.AddNodeGroup(t.Context(), info.IId, g)
			checkFault(t, fault{name: what, code: pmks.CodeInvalidArgument}, field, err)
		})
	}
	if n := caps.ClusterName.MaxLength; n > 0 {
		cluster("too long a cluster name", "IId.NameId", func(r *pmks.ClusterInfo) { r.IId.NameId = strings.Repeat("a", n+1) })
	}
	if n := caps.NodeGroupName.MaxLength; n > 0 {
		group("too long a node group name", "IId.NameId", func(g *pmks.NodeGroupInfo) { g.IId.NameId = strings.Repeat("a", n+1) })
	}
	for _, name := range caps.ClusterName.Reserved {
		cluster("a reserved cluster name", "IId.NameId", func(r *pmks.ClusterInfo) { r.IId.NameId = name })
	}
	for _, name := range caps.NodeGroupName.Reserved {
		group("a reserved node group name", "IId.NameId", func(g *pmks.NodeGroupInfo) { g.IId.NameId = name })
	}
	if n := caps.Fields.MaxTags; n > 0 && used(caps.Fields.Tags) {
		cluster("too many tags", "TagList", func(r *pmks.ClusterInfo) {
			for i := range n + 1 {
				r.TagList = append(r.TagList, pmks.KeyValue{Key: fmt.Sprint("key-", i), Value: "v"})
			}
		})
	}
	if used(caps.Fields.RootDiskSize) {
		if n := caps.Fields.MinRootDiskSize; n > 1 {
			group("too small a disk", "RootDiskSize", func(g *pmks.NodeGroupInfo) { g.RootDiskSize = strconv.Itoa(n - 1) })
		}
		if n := caps.Fields.MaxRootDiskSize; n > 0 {
			group("too large a disk", "RootDiskSize", func(g *pmks.NodeGroupInfo) { g.RootDiskSize = strconv.Itoa(n + 1) })
		}
		for _, size := range []string{"50GiB", "0", "1e3", " 50", "99999999999999999999"} {
			group("a disk of "+size, "RootDiskSize", func(g *pmks.NodeGroupInfo) { g.RootDiskSize = size })
		}
	}
	if !caps.Scaling.ToZero {
		group("an empty node group", "DesiredNodeSize", func(g *pmks.NodeGroupInfo) { g.DesiredNodeSize, g.MinNodeSize = 0, 0 })
	}
	if req := c.createRequest(t, "paths"); len(req.NodeGroupList) > 0 {
		last := len(req.NodeGroupList) - 1
		cluster("a fault of a group in a create request", fmt.Sprintf("NodeGroupList[%d].MaxNodeSize", last),
			func(r *pmks.ClusterInfo) { r.NodeGroupList[last].MaxNodeSize = -3 })
	}
	if got := c.get(t, info.IId); len(got.NodeGroupList) != 1 {
		t.Errorf("%d node groups, want 1", len(got.NodeGroupList))
	}
	list, err := c.Handler.ListCluster(t.Context())
	if err != nil || slices.ContainsFunc(list, func(i *pmks.ClusterInfo) bool { return i.IId != info.IId }) {
		t.Errorf("ListCluster: %d clusters, %v; want 1", len(list), err)
	}
}
