// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
)

// strict is a cloud with a rule of every kind.
func strict() pmks.Capabilities {
	return pmks.Capabilities{
		Provider:       "strict",
		ClusterType:    pmks.TypeII,
		ClusterName:    pmks.NameRule{Pattern: "[a-z][a-z0-9-]*", MaxLength: 12, Reserved: []string{"admin"}},
		NodeGroupName:  pmks.NameRule{Pattern: "[a-z]+", MaxLength: 6},
		Subnets:        pmks.SubnetRule{Min: 1, Max: 2},
		GroupsAtCreate: pmks.GroupsAtCreate{Min: 1, Max: 2},
		Fields: pmks.FieldRules{
			VPC: pmks.FieldRequired, SecurityGroups: pmks.FieldOptional, MaxSecurityGroups: 2, Tags: pmks.FieldOptional, MaxTags: 2,
			Image: pmks.FieldRefused, VMSpec: pmks.FieldRequired, RootDiskType: pmks.FieldIgnored,
			RootDiskSize: pmks.FieldOptional, MinRootDiskSize: 20, MaxRootDiskSize: 100, KeyPair: pmks.FieldOptional,
		},
		Scaling: pmks.ScalingRule{AutoScaling: pmks.AutoScalingNative},
	}
}

// request is what strict accepts, with every optional field given.
func request() pmks.ClusterInfo {
	return pmks.ClusterInfo{
		IId:     pmks.IID{NameId: "c1"},
		Version: "1.33",
		Network: pmks.NetworkInfo{
			VpcIID:            pmks.IID{NameId: "vpc"},
			SubnetIIDs:        []pmks.IID{{NameId: "a"}, {SystemId: "subnet-b"}},
			SecurityGroupIIDs: []pmks.IID{{SystemId: "sg-1"}},
		},
		TagList: []pmks.KeyValue{{Key: "team", Value: "x"}, {Key: "empty"}},
		NodeGroupList: []pmks.NodeGroupInfo{{
			IId: pmks.IID{NameId: "g"}, VMSpecName: "small", RootDiskType: "ssd", RootDiskSize: "20", KeyPairIID: pmks.IID{NameId: "key"},
			OnAutoScaling: true, DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 3,
		}},
	}
}

const (
	bad         = pmks.CodeInvalidArgument
	unsupported = pmks.CodeUnsupported
)

func TestCapabilities_CheckCluster(t *testing.T) {
	t.Parallel()
	type caps = pmks.Capabilities
	type req = pmks.ClusterInfo
	iids := func(names ...string) (list []pmks.IID) {
		for _, n := range names {
			list = append(list, pmks.IID{NameId: n})
		}
		return list
	}
	tests := []struct {
		name   string
		caps   func(*caps)
		req    func(*req)
		fields map[string]pmks.Code
	}{
		{name: "good"},
		{"nil-maps-and-lists", nil, func(r *req) { r.TagList, r.Network.SecurityGroupIIDs = nil, nil }, nil},
		{"default-words", nil, func(r *req) { r.Version, r.NodeGroupList[0].RootDiskSize = "Default", "default" }, nil},

		{"name-empty", nil, func(r *req) { r.IId.NameId = "" }, map[string]pmks.Code{"IId.NameId": bad}},
		{"name-pattern", nil, func(r *req) { r.IId.NameId = "C1" }, map[string]pmks.Code{"IId.NameId": bad}},
		{"name-pattern-is-anchored", nil, func(r *req) { r.IId.NameId = "c1!" }, map[string]pmks.Code{"IId.NameId": bad}},
		{"name-newline", nil, func(r *req) { r.IId.NameId = "c1\n" }, map[string]pmks.Code{"IId.NameId": bad}},
		{"name-longest", nil, func(r *req) { r.IId.NameId = strings.Repeat("c", 12) }, nil},
		{"name-too-long", nil, func(r *req) { r.IId.NameId = strings.Repeat("c", 13) }, map[string]pmks.Code{"IId.NameId": bad}},
		{"name-huge", nil, func(r *req) { r.IId.NameId = strings.Repeat("c", 1<<20) }, map[string]pmks.Code{"IId.NameId": bad}},
		{"name-length-in-characters", func(c *caps) { c.ClusterName = pmks.NameRule{MaxLength: 4} },
			func(r *req) { r.IId.NameId = "クラスタ" }, nil},
		{"name-path", func(c *caps) { c.ClusterName = pmks.NameRule{} }, func(r *req) { r.IId.NameId = "a/b" }, map[string]pmks.Code{"IId.NameId": bad}},
		{"name-windows-path", func(c *caps) { c.ClusterName = pmks.NameRule{} }, func(r *req) { r.IId.NameId = `a\b` }, map[string]pmks.Code{"IId.NameId": bad}},
		{"name-parent", func(c *caps) { c.ClusterName = pmks.NameRule{} }, func(r *req) { r.IId.NameId = ".." }, map[string]pmks.Code{"IId.NameId": bad}},
		{"name-reserved", nil, func(r *req) { r.IId.NameId = "admin" }, map[string]pmks.Code{"IId.NameId": bad}},
		{"name-reserved-in-other-case", func(c *caps) { c.ClusterName.Pattern = "" }, func(r *req) { r.IId.NameId = "Admin" },
			map[string]pmks.Code{"IId.NameId": bad}},
		{"version", nil, func(r *req) { r.Version = "latest" }, map[string]pmks.Code{"Version": bad}},

		{"vpc-missing", nil, func(r *req) { r.Network.VpcIID = pmks.IID{} }, map[string]pmks.Code{"Network.VpcIID": bad}},
		{"vpc-path", nil, func(r *req) { r.Network.VpcIID.SystemId = "../x" }, map[string]pmks.Code{"Network.VpcIID.SystemId": bad}},
		{"vpc-refused", func(c *caps) { c.Fields.VPC = pmks.FieldRefused }, nil, map[string]pmks.Code{"Network.VpcIID": unsupported}},
		{"subnets-none", nil, func(r *req) { r.Network.SubnetIIDs = nil }, map[string]pmks.Code{"Network.SubnetIIDs": bad}},
		{"subnets-many", nil, func(r *req) { r.Network.SubnetIIDs = iids("a", "b", "c") }, map[string]pmks.Code{"Network.SubnetIIDs": bad}},
		{"subnets-unbounded", func(c *caps) { c.Subnets.Max = 0 }, func(r *req) { r.Network.SubnetIIDs = iids("a", "b", "c") }, nil},
		{"subnet-empty", nil, func(r *req) { r.Network.SubnetIIDs = iids("a", "") }, map[string]pmks.Code{"Network.SubnetIIDs[1]": bad}},
		{"subnet-twice", nil, func(r *req) { r.Network.SubnetIIDs = iids("a", "a") }, map[string]pmks.Code{"Network.SubnetIIDs[1]": bad}},
		{"groups-many", nil, func(r *req) { r.Network.SecurityGroupIIDs = iids("a", "b", "c") }, map[string]pmks.Code{"Network.SecurityGroupIIDs": bad}},
		{"security-group-control", nil, func(r *req) { r.Network.SecurityGroupIIDs = iids("a\x7f") },
			map[string]pmks.Code{"Network.SecurityGroupIIDs[0].NameId": bad}},
		{"security-groups-refused", func(c *caps) { c.Fields.SecurityGroups = pmks.FieldRefused }, nil,
			map[string]pmks.Code{"Network.SecurityGroupIIDs": unsupported}},
		{"security-groups-required", func(c *caps) { c.Fields.SecurityGroups = pmks.FieldRequired },
			func(r *req) { r.Network.SecurityGroupIIDs = nil }, map[string]pmks.Code{"Network.SecurityGroupIIDs": bad}},

		{"tags-many", nil, func(r *req) { r.TagList = []pmks.KeyValue{{Key: "a"}, {Key: "b"}, {Key: "c"}} }, map[string]pmks.Code{"TagList": bad}},
		{"tag-without-key", nil, func(r *req) { r.TagList[1].Key = "" }, map[string]pmks.Code{"TagList[1].Key": bad}},
		{"tag-twice", nil, func(r *req) { r.TagList[1].Key = "team" }, map[string]pmks.Code{"TagList[1].Key": bad}},
		{"tag-key-control", nil, func(r *req) { r.TagList[0].Key = "a\x00" }, map[string]pmks.Code{"TagList[0].Key": bad}},
		{"tag-value-utf8", nil, func(r *req) { r.TagList[0].Value = "\xff" }, map[string]pmks.Code{"TagList[0].Value": bad}},
		{"tags-refused", func(c *caps) { c.Fields.Tags = pmks.FieldRefused }, nil, map[string]pmks.Code{"TagList": unsupported}},

		{"type-i-with-groups", func(c *caps) { c.ClusterType, c.GroupsAtCreate = pmks.TypeI, pmks.GroupsAtCreate{} }, nil,
			map[string]pmks.Code{"NodeGroupList": bad}},
		{"type-i-without", func(c *caps) { c.ClusterType, c.GroupsAtCreate = pmks.TypeI, pmks.GroupsAtCreate{} },
			func(r *req) { r.NodeGroupList = nil }, nil},
		{"type-ii-without", nil, func(r *req) { r.NodeGroupList = nil }, map[string]pmks.Code{"NodeGroupList": bad}},
		{"groups-too-many", nil, func(r *req) {
			for _, n := range []string{"h", "i"} {
				g := r.NodeGroupList[0]
				g.IId.NameId = n
				r.NodeGroupList = append(r.NodeGroupList, g)
			}
		}, map[string]pmks.Code{"NodeGroupList": bad}},
		{"groups-without-bound", func(c *caps) { c.GroupsAtCreate.Max = -1 }, func(r *req) {
			for _, n := range []string{"h", "i"} {
				g := r.NodeGroupList[0]
				g.IId.NameId = n
				r.NodeGroupList = append(r.NodeGroupList, g)
			}
		}, nil},
		{"group-twice", nil, func(r *req) { r.NodeGroupList = append(r.NodeGroupList, r.NodeGroupList[0]) },
			map[string]pmks.Code{"NodeGroupList[1].IId.NameId": bad}},
		{"fixed-first-name", func(c *caps) { c.GroupsAtCreate.FixedFirstName = "default-worker" },
			func(r *req) { r.NodeGroupList[0].IId.NameId = "" }, nil},
		{"first-group-empty", func(c *caps) { c.Scaling.ToZero = true }, func(r *req) {
			g := &r.NodeGroupList[0]
			g.OnAutoScaling, g.DesiredNodeSize, g.MinNodeSize = false, 0, 0
		}, map[string]pmks.Code{"NodeGroupList[0].DesiredNodeSize": bad}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, r := strict(), request()
			if tt.caps != nil {
				tt.caps(&c)
			}
			if tt.req != nil {
				tt.req(&r)
			}
			before := r.Clone()
			err := c.CheckCluster(r)
			if tt.fields == nil {
				tt.fields = map[string]pmks.Code{}
			}
			checkFields(t, err, tt.fields)
			if d := diff(before, r); d != "" {
				t.Errorf("the check changed the request:%s", d)
			}
			if err != nil && len(err.Error()) > 400 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
}

func TestCapabilities_CheckNodeGroup(t *testing.T) {
	t.Parallel()
	type caps = pmks.Capabilities
	type req = pmks.NodeGroupInfo
	sizes := func(auto bool, desired, low, high int) func(*req) {
		return func(g *req) {
			g.OnAutoScaling, g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize = auto, desired, low, high
		}
	}
	toZero := func(c *caps) { c.Scaling.ToZero = true }
	tests := []struct {
		name   string
		caps   func(*caps)
		req    func(*req)
		fields map[string]pmks.Code
	}{
		{name: "good"},
		{"name", nil, func(g *req) { g.IId.NameId = "G" }, map[string]pmks.Code{"IId.NameId": bad}},
		{"image-refused", nil, func(g *req) { g.ImageIID.SystemId = "ami" }, map[string]pmks.Code{"ImageIID": unsupported}},
		{"image-default", nil, func(g *req) { g.ImageIID.NameId = "default" }, nil},
		{"image-path", func(c *caps) { c.Fields.Image = "" }, func(g *req) { g.ImageIID.NameId = "a/.." }, map[string]pmks.Code{"ImageIID.NameId": bad}},
		{"spec-missing", nil, func(g *req) { g.VMSpecName = "" }, map[string]pmks.Code{"VMSpecName": bad}},
		{"spec-default", nil, func(g *req) { g.VMSpecName = "default" }, map[string]pmks.Code{"VMSpecName": bad}},
		{"spec-path", nil, func(g *req) { g.VMSpecName = "a/b" }, map[string]pmks.Code{"VMSpecName": bad}},
		{"disk-type-control", nil, func(g *req) { g.RootDiskType = "a\n" }, map[string]pmks.Code{"RootDiskType": bad}},
		{"disk-type-refused", func(c *caps) { c.Fields.RootDiskType = pmks.FieldRefused }, nil, map[string]pmks.Code{"RootDiskType": unsupported}},
		{"disk-type-required", func(c *caps) { c.Fields.RootDiskType = pmks.FieldRequired },
			func(g *req) { g.RootDiskType = "default" }, map[string]pmks.Code{"RootDiskType": bad}},
		{"disk-words", nil, func(g *req) { g.RootDiskSize = "20GB" }, map[string]pmks.Code{"RootDiskSize": bad}},
		{"disk-zero", nil, func(g *req) { g.RootDiskSize = "0" }, map[string]pmks.Code{"RootDiskSize": bad}},
		{"disk-negative", nil, func(g *req) { g.RootDiskSize = "-20" }, map[string]pmks.Code{"RootDiskSize": bad}},
		{"disk-overflow", nil, func(g *req) { g.RootDiskSize = "99999999999999999999" }, map[string]pmks.Code{"RootDiskSize": bad}},
		{"disk-small", nil, func(g *req) { g.RootDiskSize = "19" }, map[string]pmks.Code{"RootDiskSize": bad}},
		{"disk-large", nil, func(g *req) { g.RootDiskSize = "101" }, map[string]pmks.Code{"RootDiskSize": bad}},
		{"key-pair-control", nil, func(g *req) { g.KeyPairIID.NameId = "a\tb" }, map[string]pmks.Code{"KeyPairIID.NameId": bad}},
		{"key-pair-refused", func(c *caps) { c.Fields.KeyPair = pmks.FieldRefused }, nil, map[string]pmks.Code{"KeyPairIID": unsupported}},

		{"sizes-equal", nil, sizes(true, 1, 1, 1), nil},
		{"bounds-not-given", nil, sizes(false, 5, 0, 0), nil},
		{"bounds-not-given-with-autoscaling", nil, sizes(true, 1, 0, 0), nil},
		{"nothing-given", nil, sizes(false, 0, 0, 0), map[string]pmks.Code{"DesiredNodeSize": bad}},
		{"nothing-given-to-zero", toZero, sizes(false, 0, 0, 0), nil},
		{"desired-negative", nil, sizes(false, -1, 0, 0), map[string]pmks.Code{"DesiredNodeSize": bad}},
		{"desired-negative-to-zero", toZero, sizes(false, -1, 0, 0), map[string]pmks.Code{"DesiredNodeSize": bad}},
		{"desired-below-min", nil, sizes(true, 1, 2, 3), map[string]pmks.Code{"DesiredNodeSize": bad}},
		{"desired-above-max", nil, sizes(true, 4, 2, 3), map[string]pmks.Code{"DesiredNodeSize": bad}},
		{"min-above-max", nil, sizes(true, 3, 3, 2), map[string]pmks.Code{"MaxNodeSize": bad, "DesiredNodeSize": bad}},
		{"min-negative", nil, sizes(true, 1, -1, 2), map[string]pmks.Code{"MinNodeSize": bad}},
		{"min-zero", nil, sizes(true, 1, 0, 2), map[string]pmks.Code{"MinNodeSize": bad}},
		{"min-zero-to-zero", toZero, sizes(true, 1, 0, 2), nil},
		{"max-zero", nil, sizes(true, 1, 1, 0), map[string]pmks.Code{"MaxNodeSize": bad, "DesiredNodeSize": bad}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, g := strict(), request().NodeGroupList[0]
			if tt.caps != nil {
				tt.caps(&c)
			}
			if tt.req != nil {
				tt.req(&g)
			}
			if tt.fields == nil {
				tt.fields = map[string]pmks.Code{}
			}
			checkFields(t, c.CheckNodeGroup(g), tt.fields)

			// In a create request the same faults have the path of the group.
			r := request()
			r.NodeGroupList[0] = g
			nested := map[string]pmks.Code{}
			for field, code := range tt.fields {
				nested["NodeGroupList[0]."+field] = code
			}
			if tt.name == "nothing-given-to-zero" {
				nested["NodeGroupList[0].DesiredNodeSize"] = bad // the first group is never empty
			}
			checkFields(t, c.CheckCluster(r), nested)
		})
	}
}

func TestCapabilities_CheckScaling(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name               string
		desired, low, high int
		fields             []string
		toZero             []string
	}{
		{"good", 2, 1, 3, nil, nil},
		{"leave-it-to-the-autoscaler", 0, 1, 3, nil, nil},
		{"zero", 0, 0, 1, []string{"MinNodeSize", "DesiredNodeSize"}, nil},
		{"all-zero", 0, 0, 0, []string{"MinNodeSize", "MaxNodeSize", "DesiredNodeSize"}, []string{"MaxNodeSize"}},
		{"negative", -1, -1, -1, []string{"MinNodeSize", "MaxNodeSize", "DesiredNodeSize"}, []string{"MinNodeSize", "MaxNodeSize", "DesiredNodeSize"}},
		{"above", 9, 1, 3, []string{"DesiredNodeSize"}, []string{"DesiredNodeSize"}},
		{"crossed", 2, 3, 1, []string{"MaxNodeSize", "DesiredNodeSize"}, []string{"MaxNodeSize", "DesiredNodeSize"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, toZero := range []bool{false, true} {
				c, fields := strict(), tt.fields
				if c.Scaling.ToZero = toZero; toZero {
					fields = tt.toZero
				}
				want := map[string]pmks.Code{}
				for _, f := range fields {
					want[f] = bad
				}
				checkFields(t, c.CheckScaling(tt.desired, tt.low, tt.high), want)
			}
		})
	}
}

// Every fault of a hopeless request is in one error.
func TestCapabilities_CheckCluster_AllFaults(t *testing.T) {
	t.Parallel()
	r := request()
	r.IId.NameId, r.Version = "../x", "newest"
	r.Network = pmks.NetworkInfo{SecurityGroupIIDs: []pmks.IID{{}, {NameId: "a"}, {NameId: "a"}}}
	r.TagList = []pmks.KeyValue{{}, {}, {}}
	r.NodeGroupList[0] = pmks.NodeGroupInfo{ImageIID: pmks.IID{NameId: "i"}, RootDiskSize: "x", MinNodeSize: -1, DesiredNodeSize: -2, MaxNodeSize: -3}
	checkFields(t, strict().CheckCluster(r), map[string]pmks.Code{
		"IId.NameId": bad, "Version": bad,
		"Network.VpcIID": bad, "Network.SubnetIIDs": bad,
		"Network.SecurityGroupIIDs": bad, "Network.SecurityGroupIIDs[0]": bad, "Network.SecurityGroupIIDs[2]": bad,
		"TagList": bad, "TagList[0].Key": bad, "TagList[1].Key": bad, "TagList[2].Key": bad,
		"NodeGroupList[0].IId.NameId": bad, "NodeGroupList[0].ImageIID": unsupported, "NodeGroupList[0].VMSpecName": bad,
		"NodeGroupList[0].RootDiskSize": bad, "NodeGroupList[0].MinNodeSize": bad, "NodeGroupList[0].MaxNodeSize": bad,
		"NodeGroupList[0].DesiredNodeSize": bad,
	})
}

func TestCapabilities_Ignored(t *testing.T) {
	t.Parallel()
	all := pmks.FieldIgnored
	c := pmks.Capabilities{Fields: pmks.FieldRules{Image: all, VMSpec: all, RootDiskType: all, RootDiskSize: all, KeyPair: all}}
	full := request().NodeGroupList[0]
	full.ImageIID.NameId = "image"
	tests := []struct {
		name string
		caps pmks.Capabilities
		req  pmks.NodeGroupInfo
		want []string
	}{
		{"all", c, full, []string{"ImageIID", "VMSpecName", "RootDiskType", "RootDiskSize", "KeyPairIID"}},
		{"some", strict(), full, []string{"RootDiskType"}},
		{"nothing-given", c, pmks.NodeGroupInfo{}, nil},
		{"defaults", c, pmks.NodeGroupInfo{ImageIID: pmks.IID{NameId: "default"}, RootDiskType: "default", RootDiskSize: "Default"}, nil},
		{"no-rules", pmks.Capabilities{}, full, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if d := diff(tt.want, tt.caps.Ignored(tt.req)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestCheckIID(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		iid   pmks.IID
		field string // empty: good
	}{
		{"name", pmks.IID{NameId: "a"}, ""},
		{"arm-id", pmks.IID{SystemId: "/subscriptions/s/g"}, ""},
		{"self-link", pmks.IID{SystemId: "https://container.googleapis.com/v1/projects/p"}, ""},
		{"link-to-nowhere", pmks.IID{SystemId: "https://"}, "F.SystemId"},
		{"link-with-a-hole", pmks.IID{SystemId: "https://h//p"}, "F.SystemId"},
		{"link-as-name", pmks.IID{NameId: "https://h/p"}, "F.NameId"},
		{"both-empty", pmks.IID{}, "F"},
		{"bad-name", pmks.IID{NameId: "a/../b", SystemId: "x"}, "F.NameId"},
		{"bad-id", pmks.IID{NameId: "a", SystemId: "./b"}, "F.SystemId"},
		{"blank", pmks.IID{NameId: " "}, "F.NameId"},
		{"slash", pmks.IID{SystemId: "/"}, "F.SystemId"},
		{"trailing-slash", pmks.IID{SystemId: "a/"}, "F.SystemId"},
		{"spaced-dots", pmks.IID{SystemId: "a/ .. /b"}, "F.SystemId"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := map[string]pmks.Code{}
			if tt.field != "" {
				want[tt.field] = bad
			}
			checkFields(t, pmks.CheckIID("F", tt.iid), want)
		})
	}
}

func FuzzCheckCluster(f *testing.F) {
	f.Add("c1", "1.33", "vpc", "subnet", "sg", "tag", "value", "g", "small", "ssd", "20", "key", 1, 1, 3, 0, true)
	f.Add("", "", "", "", "", "", "", "", "", "", "", "", 0, 0, 0, 1, false)
	f.Add("../x", "newest", "/", "a//b", "\x00", "", "\xff", "..", `a\b`, "\n", "-1", " ", -1, -2, -3, 2, true)
	f.Add("default", "default", "default", ":", "%2e%2e", "k", "v", "default", "default", "default", "default", "default", 0, 0, 0, 3, false)
	f.Add("クラスタ", "v1.33.2", "a", "b", "c", "d", "e", "群組", "x", "y", "9999999999999999999", "z", 1<<31-1, 0, -1<<31, 4, true)
	f.Fuzz(func(t *testing.T, name, version, vpc, subnet, sg, key, value, group, spec, diskType, diskSize, keyPair string,
		desired, low, high, shape int, auto bool,
	) {
		g := pmks.NodeGroupInfo{
			IId: pmks.IID{NameId: group}, ImageIID: pmks.IID{NameId: diskType, SystemId: vpc}, VMSpecName: spec, RootDiskType: diskType,
			RootDiskSize: diskSize, KeyPairIID: pmks.IID{SystemId: keyPair}, OnAutoScaling: auto,
			DesiredNodeSize: desired, MinNodeSize: low, MaxNodeSize: high,
		}
		r := pmks.ClusterInfo{
			IId: pmks.IID{NameId: name}, Version: version,
			Network: pmks.NetworkInfo{
				VpcIID: pmks.IID{NameId: vpc}, SubnetIIDs: []pmks.IID{{NameId: subnet}, {SystemId: subnet}}, SecurityGroupIIDs: []pmks.IID{{NameId: sg}},
			},
			TagList: []pmks.KeyValue{{Key: key, Value: value}},
		}
		for range uint(shape) % 4 {
			r.NodeGroupList = append(r.NodeGroupList, g)
		}
		c := strict()
		if shape%2 == 0 {
			c = pmks.Capabilities{Scaling: pmks.ScalingRule{ToZero: true}, GroupsAtCreate: pmks.GroupsAtCreate{Max: -1}}
		}
		before := r.Clone()
		for _, err := range []error{c.CheckCluster(r), c.CheckNodeGroup(g), c.CheckScaling(desired, low, high)} {
			for _, e := range leaves(err) {
				var fault *pmks.Error
				if !errors.As(e, &fault) || fault.Field == "" || fault.Message == "" || fault.Code != bad && fault.Code != unsupported {
					t.Fatalf("%+v: %#v", r, e)
				}
				if text := fmt.Sprint(e); len(text) > 600 {
					t.Fatalf("a fault of %d bytes", len(text))
				}
			}
		}
		if d := diff(before, r); d != "" {
			t.Fatalf("the check changed the request:%s", d)
		}
		c.Ignored(g)
	})
}

func TestCapabilities_WithDefaultBounds(t *testing.T) {
	t.Parallel()
	some, zero := pmks.Capabilities{}, pmks.Capabilities{Scaling: pmks.ScalingRule{ToZero: true}}
	type sizes struct{ Desired, Min, Max int }
	for _, tt := range []struct {
		name     string
		caps     pmks.Capabilities
		in, want sizes
	}{
		{"left-out", some, sizes{2, 0, 0}, sizes{2, 1, 2}},
		{"left-out-to-zero", zero, sizes{2, 0, 0}, sizes{2, 1, 2}},
		{"empty", some, sizes{0, 0, 0}, sizes{0, 1, 1}},
		{"empty-to-zero", zero, sizes{0, 0, 0}, sizes{0, 0, 1}},
		{"negative", zero, sizes{-1, 0, 0}, sizes{-1, 1, 1}},
		{"given", some, sizes{2, 1, 5}, sizes{2, 1, 5}},
		{"max-alone", zero, sizes{0, 0, 3}, sizes{0, 0, 3}},
		{"min-alone", some, sizes{2, 2, 0}, sizes{2, 2, 0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, auto := range []bool{false, true} {
				in := pmks.NodeGroupInfo{IId: groupIID, VMSpecName: "m", OnAutoScaling: auto, DesiredNodeSize: tt.in.Desired, MinNodeSize: tt.in.Min, MaxNodeSize: tt.in.Max}
				want := in
				want.DesiredNodeSize, want.MinNodeSize, want.MaxNodeSize = tt.want.Desired, tt.want.Min, tt.want.Max
				if d := diff(want, tt.caps.WithDefaultBounds(in)); d != "" {
					t.Errorf("autoscaling %t:%s", auto, d)
				}
			}
		})
	}
}
