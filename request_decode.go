// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pmks-go/pmks/internal/jsontree"
)

// requestField is one field of an object in a form of requests.
type requestField struct {
	name string
	// decode reads the value; nil for a field that only a cloud fills.
	decode func(jsontree.Node)
}

// output is a field that only a cloud fills.
func output(name string) requestField { return requestField{name: name} }

// requestDecoder turns a tree into the portable types, and collects what is wrong, so
// that one error names all.
type requestDecoder struct {
	faults
	more int // faults that are only counted
}

// cluster decodes the whole request.
func (d *requestDecoder) cluster(n jsontree.Node) ClusterInfo {
	var c ClusterInfo
	d.object(n, []requestField{
		{"IId", func(n jsontree.Node) { c.IId = d.newIID(n) }},
		{"Version", func(n jsontree.Node) { c.Version = d.text(n, "1.33") }},
		{"Network", func(n jsontree.Node) { c.Network = d.network(n) }},
		{"NodeGroupList", func(n jsontree.Node) { c.NodeGroupList = requestList(d, n, d.nodeGroup) }},
		{"TagList", func(n jsontree.Node) { c.TagList = requestList(d, n, d.keyValue) }},
		{"Access", func(n jsontree.Node) { c.Access = d.access(n) }},
		output("AccessInfo"), output("Addons"), output("Status"), output("StatusReason"),
		output("StatusFinal"), output("CreatedTime"), output("KeyValueList"),
	})
	return c
}

func (d *requestDecoder) network(n jsontree.Node) NetworkInfo {
	var net NetworkInfo
	d.object(n, []requestField{
		{"VpcIID", func(n jsontree.Node) { net.VpcIID = d.iid(n) }},
		{"SubnetIIDs", func(n jsontree.Node) { net.SubnetIIDs = requestList(d, n, d.iid) }},
		{"SecurityGroupIIDs", func(n jsontree.Node) { net.SecurityGroupIIDs = requestList(d, n, d.iid) }},
		output("KeyValueList"),
	})
	return net
}

func (d *requestDecoder) nodeGroup(n jsontree.Node) NodeGroupInfo {
	var g NodeGroupInfo
	d.object(n, []requestField{
		{"IId", func(n jsontree.Node) { g.IId = d.newIID(n) }},
		{"ImageIID", func(n jsontree.Node) { g.ImageIID = d.iid(n) }},
		{"VMSpecName", func(n jsontree.Node) { g.VMSpecName = d.text(n, "t3.medium") }},
		{"RootDiskType", func(n jsontree.Node) { g.RootDiskType = d.text(n, "gp3") }},
		{"RootDiskSize", func(n jsontree.Node) { g.RootDiskSize = d.text(n, "100") }},
		{"KeyPairIID", func(n jsontree.Node) { g.KeyPairIID = d.iid(n) }},
		{"OnAutoScaling", func(n jsontree.Node) { g.OnAutoScaling = d.boolean(n) }},
		{"DesiredNodeSize", func(n jsontree.Node) { g.DesiredNodeSize = d.size(n) }},
		{"MinNodeSize", func(n jsontree.Node) { g.MinNodeSize = d.size(n) }},
		{"MaxNodeSize", func(n jsontree.Node) { g.MaxNodeSize = d.size(n) }},
		{"Labels", func(n jsontree.Node) { g.Labels = d.labels(n) }},
		{"Taints", func(n jsontree.Node) { g.Taints = requestList(d, n, d.taint) }},
		{"Spot", func(n jsontree.Node) { g.Spot = d.boolean(n) }},
		{"Zones", func(n jsontree.Node) { g.Zones = requestList(d, n, d.textLike("us-east-2a")) }},
		output("Status"), output("StatusReason"), output("StatusFinal"),
		output("Version"), output("Nodes"), output("KeyValueList"),
	})
	return g
}

func (d *requestDecoder) access(n jsontree.Node) Access {
	var a Access
	d.object(n, []requestField{
		{"Mode", func(n jsontree.Node) { a.Mode = AccessMode(d.text(n, string(AccessPrivate))) }},
		{"CIDRs", func(n jsontree.Node) { a.CIDRs = requestList(d, n, d.textLike("198.51.100.0/24")) }},
		output("PublicEndpoint"), output("PrivateEndpoint"),
	})
	return a
}

// labels decodes an object whose members are whatever the user calls them.
func (d *requestDecoder) labels(n jsontree.Node) map[string]string {
	if n.Kind != jsontree.Object {
		if n.Kind != jsontree.Null {
			d.expected(n, `an object such as {"team": "blue"}`)
		}
		return nil
	}
	labels := make(map[string]string, len(n.Keys))
	for i, key := range n.Keys {
		labels[key] = d.text(n.Items[i], "blue")
	}
	return labels
}

func (d *requestDecoder) taint(n jsontree.Node) Taint {
	var t Taint
	d.object(n, []requestField{
		{"Key", func(n jsontree.Node) { t.Key = d.text(n, "dedicated") }},
		{"Value", func(n jsontree.Node) { t.Value = d.text(n, "batch") }},
		{"Effect", func(n jsontree.Node) { t.Effect = TaintEffect(d.text(n, string(TaintNoSchedule))) }},
	})
	return t
}

// iid decodes a reference to something that exists: by name, by id or by both.
func (d *requestDecoder) iid(n jsontree.Node) IID {
	var iid IID
	d.object(n, []requestField{
		{"NameId", func(n jsontree.Node) { iid.NameId = d.text(n, "demo") }},
		{"SystemId", func(n jsontree.Node) { iid.SystemId = d.text(n, "vpc-0a1b2c3d") }},
	})
	return iid
}

// newIID decodes the name of something that is to be made: the cloud gives it
// its id.
func (d *requestDecoder) newIID(n jsontree.Node) IID {
	var iid IID
	d.object(n, []requestField{
		{"NameId", func(n jsontree.Node) { iid.NameId = d.text(n, "demo") }},
		output("SystemId"),
	})
	return iid
}

func (d *requestDecoder) keyValue(n jsontree.Node) KeyValue {
	var kv KeyValue
	d.object(n, []requestField{
		{"Key", func(n jsontree.Node) { kv.Key = d.text(n, "team") }},
		{"Value", func(n jsontree.Node) { kv.Value = d.text(n, "blue") }},
	})
	return kv
}

// object decodes the members of an object by the fields of its form.
func (d *requestDecoder) object(n jsontree.Node, form []requestField) {
	if n.Kind != jsontree.Object {
		// Null in place of the whole request says nothing at all.
		if n.Kind != jsontree.Null || n.Path == "" {
			d.expected(n, "an object with "+fieldNames(form))
		}
		return
	}
	if twin := n.Twin; twin != nil {
		d.add(twin.Path, "%s", twin.Message)
	}
	for i, key := range n.Keys {
		item := n.Items[i]
		at := slices.IndexFunc(form, func(f requestField) bool { return strings.EqualFold(f.name, key) })
		switch {
		case at < 0:
			d.add(item.Path, "is not a field of a request; known are %s", fieldNames(form))
		case form[at].decode != nil:
			form[at].decode(item)
		case !item.Zero():
			d.add(item.Path, "is filled by the cloud and cannot be asked for: leave it out")
		}
	}
}

// requestList decodes a list by the decoder of its items.
func requestList[T any](d *requestDecoder, n jsontree.Node, decode func(jsontree.Node) T) []T {
	if n.Kind != jsontree.List {
		if n.Kind != jsontree.Null {
			d.expected(n, "a list")
		}
		return nil
	}
	var items []T
	for _, item := range n.Items {
		if item.Kind == jsontree.Null { // it would be one of nothing
			d.add(item.Path, "must not be null: leave it out")
			continue
		}
		items = append(items, decode(item))
	}
	return items
}

func (d *requestDecoder) text(n jsontree.Node, example string) string {
	if n.Kind != jsontree.Text && n.Kind != jsontree.Null {
		d.expected(n, fmt.Sprintf("a string, such as %q", example))
	}
	if n.Kind != jsontree.Text {
		return ""
	}
	return n.Text
}

// textLike is text as the decoder of a list's items.
func (d *requestDecoder) textLike(example string) func(jsontree.Node) string {
	return func(n jsontree.Node) string { return d.text(n, example) }
}

func (d *requestDecoder) boolean(n jsontree.Node) bool {
	isWord := n.Text == "true" || n.Text == "false"
	if n.Kind != jsontree.Null && !(isWord && (n.Kind == jsontree.Boolean || n.Kind == jsontree.Text)) {
		d.expected(n, `true or false`)
	}
	return n.Text == "true"
}

// wholeNumber is a JSON number without fraction and exponent.
var wholeNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

// size decodes a number of nodes. A negative one passes: the checks of the
// capabilities refuse it, and know what the cloud takes instead.
func (d *requestDecoder) size(n jsontree.Node) int {
	switch {
	case n.Kind == jsontree.Null:
		return 0
	case n.Kind != jsontree.Number && n.Kind != jsontree.Text:
		d.expected(n, "a whole number, such as 2")
		return 0
	case !wholeNumber.MatchString(n.Text):
		d.add(n.Path, "must be a whole number, such as 2, not %q", clip(n.Text))
		return 0
	}
	size, err := strconv.Atoi(n.Text)
	if err != nil || size > math.MaxInt32 || size < math.MinInt32 {
		d.add(n.Path, "is out of range: %s", clip(n.Text))
		return 0
	}
	return size
}

// add notes a fault of the text, and counts it where there are many.
func (d *requestDecoder) add(field, format string, args ...any) {
	if len(d.faults) == maxRequestFaults {
		d.more++
		return
	}
	d.faults.add(cmp.Or(field, wholeRequest), format, args...)
}

func (d *requestDecoder) err() error {
	if d.more > 0 {
		d.faults.add(wholeRequest, "has %d more faults", d.more)
	}
	return d.faults.err()
}

func (d *requestDecoder) expected(n jsontree.Node, what string) {
	d.add(n.Path, "must be %s, not %s", what, n.Kind)
}

// fieldNames lists the fields that a request may hold.
func fieldNames(form []requestField) string {
	var list []string
	for _, f := range form {
		if f.decode != nil {
			list = append(list, f.name)
		}
	}
	return strings.Join(list, ", ")
}
