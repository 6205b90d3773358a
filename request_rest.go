// SPDX-License-Identifier: Apache-2.0

package pmks

import "github.com/pmks-go/pmks/internal/jsontree"

// restBody is the field that the body of CB-Spider's REST API has, and the form of the
// specification has not.
const restBody = "ReqInfo"

// restRequest decodes the body of CB-Spider's POST /cluster. Source: CB-Spider's
// api-runtime/rest-runtime, ClusterRest.go.
func (d *requestDecoder) restRequest(n jsontree.Node) ClusterInfo {
	var c ClusterInfo
	d.object(n, []requestField{
		{"ConnectionName", func(n jsontree.Node) { d.text(n, "aws-ohio") }},
		{"IDTransformMode", func(n jsontree.Node) { d.text(n, "OFF") }},
		{"NameSpace", d.noNameSpace},
		{restBody, func(n jsontree.Node) {
			if n.Kind == jsontree.Null { // in place of the whole request it says nothing at all
				d.expected(n, "an object with the request")
			}
			d.object(n, []requestField{
				{"Name", func(n jsontree.Node) { c.IId.NameId = d.text(n, "demo") }},
				{"Version", func(n jsontree.Node) { c.Version = d.text(n, "1.33") }},
				{"VPCName", func(n jsontree.Node) { c.Network.VpcIID = d.named(n) }},
				{"SubnetNames", func(n jsontree.Node) { c.Network.SubnetIIDs = requestList(d, n, d.named) }},
				{"SecurityGroupNames", func(n jsontree.Node) { c.Network.SecurityGroupIIDs = requestList(d, n, d.named) }},
				{"NodeGroupList", func(n jsontree.Node) { c.NodeGroupList = requestList(d, n, d.restNodeGroup) }},
				{"TagList", func(n jsontree.Node) { c.TagList = requestList(d, n, d.keyValue) }},
			})
		}},
	})
	return c
}

func (d *requestDecoder) restNodeGroup(n jsontree.Node) NodeGroupInfo {
	var g NodeGroupInfo
	// The server reads an empty text as 0 and as false.
	size := func(into *int) func(jsontree.Node) {
		return func(n jsontree.Node) {
			if n.Kind != jsontree.Text || n.Text != "" {
				*into = d.size(n)
			}
		}
	}
	d.object(n, []requestField{
		{"Name", func(n jsontree.Node) { g.IId.NameId = d.text(n, "workers") }},
		{"ImageName", func(n jsontree.Node) { g.ImageIID = d.named(n) }},
		{"VMSpecName", func(n jsontree.Node) { g.VMSpecName = d.text(n, "t3.medium") }},
		{"RootDiskType", func(n jsontree.Node) { g.RootDiskType = d.text(n, "gp3") }},
		{"RootDiskSize", func(n jsontree.Node) { g.RootDiskSize = d.text(n, "100") }},
		{"KeyPairName", func(n jsontree.Node) { g.KeyPairIID = d.named(n) }},
		{"OnAutoScaling", func(n jsontree.Node) {
			if n.Kind != jsontree.Text || n.Text != "" {
				g.OnAutoScaling = d.boolean(n)
			}
		}},
		{"DesiredNodeSize", size(&g.DesiredNodeSize)},
		{"MinNodeSize", size(&g.MinNodeSize)},
		{"MaxNodeSize", size(&g.MaxNodeSize)},
	})
	return g
}

// named decodes a reference by name.
func (d *requestDecoder) named(n jsontree.Node) IID {
	return IID{NameId: d.text(n, "vpc-01")}
}

// noNameSpace refuses the prefix that older servers put before some of the names: which
// those are is theirs to know.
func (d *requestDecoder) noNameSpace(n jsontree.Node) {
	if d.text(n, "") != "" {
		d.add(n.Path, "is not read: write the names with the prefix that it stands for, and leave it out")
	}
}
