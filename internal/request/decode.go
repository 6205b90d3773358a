// SPDX-License-Identifier: Apache-2.0

package request

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pmks-go/pmks"
)

// field is one field of an object in the request form.
type field struct {
	name string
	// decode reads the value; nil for a field that only a cloud fills.
	decode func(node)
}

// output is a field that only a cloud fills.
func output(name string) field { return field{name: name} }

// decoder turns the tree into the portable types.
type decoder struct{ faults }

// cluster decodes the whole request.
func (d *decoder) cluster(n node) pmks.ClusterInfo {
	var c pmks.ClusterInfo
	d.object(n, []field{
		{"IId", func(n node) { c.IId = d.newIID(n) }},
		{"Version", func(n node) { c.Version = d.text(n, "1.33") }},
		{"Network", func(n node) { c.Network = d.network(n) }},
		{"NodeGroupList", func(n node) { c.NodeGroupList = listOf(d, n, d.nodeGroup) }},
		{"TagList", func(n node) { c.TagList = listOf(d, n, d.keyValue) }},
		output("AccessInfo"), output("Addons"), output("Status"), output("StatusReason"),
		output("StatusFinal"), output("CreatedTime"), output("KeyValueList"),
	})
	return c
}

func (d *decoder) network(n node) pmks.NetworkInfo {
	var net pmks.NetworkInfo
	d.object(n, []field{
		{"VpcIID", func(n node) { net.VpcIID = d.iid(n) }},
		{"SubnetIIDs", func(n node) { net.SubnetIIDs = listOf(d, n, d.iid) }},
		{"SecurityGroupIIDs", func(n node) { net.SecurityGroupIIDs = listOf(d, n, d.iid) }},
		output("KeyValueList"),
	})
	return net
}

func (d *decoder) nodeGroup(n node) pmks.NodeGroupInfo {
	var g pmks.NodeGroupInfo
	d.object(n, []field{
		{"IId", func(n node) { g.IId = d.newIID(n) }},
		{"ImageIID", func(n node) { g.ImageIID = d.iid(n) }},
		{"VMSpecName", func(n node) { g.VMSpecName = d.text(n, "t3.medium") }},
		{"RootDiskType", func(n node) { g.RootDiskType = d.text(n, "gp3") }},
		{"RootDiskSize", func(n node) { g.RootDiskSize = d.text(n, "100") }},
		{"KeyPairIID", func(n node) { g.KeyPairIID = d.iid(n) }},
		{"OnAutoScaling", func(n node) { g.OnAutoScaling = d.boolean(n) }},
		{"DesiredNodeSize", func(n node) { g.DesiredNodeSize = d.size(n) }},
		{"MinNodeSize", func(n node) { g.MinNodeSize = d.size(n) }},
		{"MaxNodeSize", func(n node) { g.MaxNodeSize = d.size(n) }},
		output("Status"), output("StatusReason"), output("StatusFinal"),
		output("Version"), output("Nodes"), output("KeyValueList"),
	})
	return g
}

// iid decodes a reference to something that exists: by name, by id or by both.
func (d *decoder) iid(n node) pmks.IID {
	var iid pmks.IID
	d.object(n, []field{
		{"NameId", func(n node) { iid.NameId = d.text(n, "demo") }},
		{"SystemId", func(n node) { iid.SystemId = d.text(n, "vpc-0a1b2c3d") }},
	})
	return iid
}

// newIID decodes the name of something that is to be made: the cloud gives it
// its id.
func (d *decoder) newIID(n node) pmks.IID {
	var iid pmks.IID
	d.object(n, []field{
		{"NameId", func(n node) { iid.NameId = d.text(n, "demo") }},
		output("SystemId"),
	})
	return iid
}

func (d *decoder) keyValue(n node) pmks.KeyValue {
	var kv pmks.KeyValue
	d.object(n, []field{
		{"Key", func(n node) { kv.Key = d.text(n, "team") }},
		{"Value", func(n node) { kv.Value = d.text(n, "blue") }},
	})
	return kv
}

// object decodes the members of an object by the fields of its form.
func (d *decoder) object(n node, form []field) {
	if n.kind != object {
		// Null in place of the whole request says nothing at all.
		if n.kind != null || n.path == "" {
			d.expected(n, "an object with "+names(form))
		}
		return
	}
	for i, key := range n.keys {
		item := n.items[i]
		at := slices.IndexFunc(form, func(f field) bool { return f.name == key })
		switch {
		case at < 0:
			d.add(item.path, "is not a field of a request; %s", suggest(key, form))
		case form[at].decode != nil:
			form[at].decode(item)
		case !item.zero():
			d.add(item.path, "is filled by the cloud and cannot be asked for: leave it out")
		}
	}
}

// listOf decodes a list by the decoder of its items.
func listOf[T any](d *decoder, n node, decode func(node) T) []T {
	if n.kind != list {
		if n.kind != null {
			d.expected(n, "a list")
		}
		return nil
	}
	var items []T
	for _, item := range n.items {
		if item.kind == null {
			d.expected(item, "an object")
			continue
		}
		items = append(items, decode(item))
	}
	return items
}

func (d *decoder) text(n node, example string) string {
	if n.kind != text && n.kind != null {
		d.expected(n, fmt.Sprintf("a string, such as %q", example))
	}
	if n.kind != text {
		return ""
	}
	return n.text
}

func (d *decoder) boolean(n node) bool {
	isWord := n.text == "true" || n.text == "false"
	if n.kind != null && !(isWord && (n.kind == boolean || n.kind == text)) {
		d.expected(n, `true or false`)
	}
	return n.text == "true"
}

// wholeNumber is a JSON number without fraction and exponent.
var wholeNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

// size decodes a number of nodes. A negative one passes: the checks of the
// capabilities refuse it, and know what the cloud takes instead.
func (d *decoder) size(n node) int {
	switch {
	case n.kind == null:
		return 0
	case n.kind != number && n.kind != text:
		d.expected(n, "a whole number, such as 2")
		return 0
	case !wholeNumber.MatchString(n.text):
		d.add(n.path, "must be a whole number, such as 2, not %q", clip(n.text))
		return 0
	}
	size, err := strconv.Atoi(n.text)
	if err != nil || size > math.MaxInt32 || size < math.MinInt32 {
		d.add(n.path, "is out of range: %s", clip(n.text))
		return 0
	}
	return size
}

func (d *decoder) expected(n node, what string) {
	d.add(n.path, "must be %s, not %s", what, n.kind)
}

// names lists the fields that a request may hold.
func names(form []field) string {
	var list []string
	for _, f := range form {
		if f.decode != nil {
			list = append(list, f.name)
		}
	}
	return strings.Join(list, ", ")
}

// suggest helps with a name that is not known.
func suggest(key string, form []field) string {
	for _, f := range form {
		if strings.EqualFold(f.name, key) {
			return "it is spelled " + f.name
		}
	}
	return "known are " + names(form)
}
