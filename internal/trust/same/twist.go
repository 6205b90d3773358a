// SPDX-License-Identifier: Apache-2.0

package same

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/pmks-go/pmks"
)

// Known is what a cloud is asked about.
type Known struct {
	// Zones are those of the region.
	Zones []string
	// Unknown are references that do not exist, by the field of a request.
	Unknown map[string]pmks.IID
	// OwnDefault: the two sides mean different versions by "default", which is then
	// asked of neither.
	OwnDefault bool
}

// groupTwists change the request of a node group.
var groupTwists = map[string]func(g *pmks.NodeGroupInfo, caps pmks.Capabilities, known Known){
	"no bounds": func(g *pmks.NodeGroupInfo, _ pmks.Capabilities, _ Known) { g.MinNodeSize, g.MaxNodeSize = 0, 0 },
	"no sizes": func(g *pmks.NodeGroupInfo, _ pmks.Capabilities, _ Known) {
		g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize = 0, 0, 0
	},
	"zero nodes": func(g *pmks.NodeGroupInfo, _ pmks.Capabilities, _ Known) {
		g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize = 0, 0, 3
	},
	"autoscaling":    func(g *pmks.NodeGroupInfo, _ pmks.Capabilities, _ Known) { g.OnAutoScaling = true },
	"bounds swapped": func(g *pmks.NodeGroupInfo, _ pmks.Capabilities, _ Known) { g.MinNodeSize, g.MaxNodeSize = 3, 1 },
	"negative size":  func(g *pmks.NodeGroupInfo, _ pmks.Capabilities, _ Known) { g.DesiredNodeSize = -1 },
	"no name":        func(g *pmks.NodeGroupInfo, _ pmks.Capabilities, _ Known) { g.IId = pmks.IID{} },
	"bad name":       func(g *pmks.NodeGroupInfo, _ pmks.Capabilities, _ Known) { g.IId.NameId = "Not_A Name" },
	"no spec":        func(g *pmks.NodeGroupInfo, _ pmks.Capabilities, _ Known) { g.VMSpecName = "" },
	"default disk": func(g *pmks.NodeGroupInfo, _ pmks.Capabilities, _ Known) {
		g.RootDiskType, g.RootDiskSize = "", "default"
	},
	"disk of words": func(g *pmks.NodeGroupInfo, _ pmks.Capabilities, _ Known) { g.RootDiskSize = "large" },
	"default image": func(g *pmks.NodeGroupInfo, _ pmks.Capabilities, _ Known) { g.ImageIID = pmks.IID{} },
	"no key":        func(g *pmks.NodeGroupInfo, _ pmks.Capabilities, _ Known) { g.KeyPairIID = pmks.IID{} },
	"labels": func(g *pmks.NodeGroupInfo, _ pmks.Capabilities, _ Known) {
		g.Labels = map[string]string{"team": "blue", "example.com/tier": "web"}
	},
	"bad label": func(g *pmks.NodeGroupInfo, _ pmks.Capabilities, _ Known) { g.Labels = map[string]string{"a b": "c"} },
	"own label": func(g *pmks.NodeGroupInfo, _ pmks.Capabilities, _ Known) {
		g.Labels = map[string]string{"node.kubernetes.io/x": "c"}
	},
	"taints": func(g *pmks.NodeGroupInfo, _ pmks.Capabilities, _ Known) {
		g.Taints = []pmks.Taint{{Key: "dedicated", Value: "batch", Effect: pmks.TaintNoSchedule}, {Key: "burst", Value: "true", Effect: pmks.TaintPreferNoSchedule}}
	},
	"bad taint": func(g *pmks.NodeGroupInfo, _ pmks.Capabilities, _ Known) {
		g.Taints = []pmks.Taint{{Key: "a", Value: "b", Effect: "Sometimes"}}
	},
	"spot":         func(g *pmks.NodeGroupInfo, _ pmks.Capabilities, _ Known) { g.Spot = true },
	"a zone":       func(g *pmks.NodeGroupInfo, _ pmks.Capabilities, k Known) { g.Zones = slices.Clone(k.Zones[:1]) },
	"unknown zone": func(g *pmks.NodeGroupInfo, _ pmks.Capabilities, _ Known) { g.Zones = []string{"nowhere-9z"} },
	"unknown key": func(g *pmks.NodeGroupInfo, _ pmks.Capabilities, k Known) {
		if iid, ok := k.Unknown["KeyPairIID"]; ok {
			g.KeyPairIID = iid
		}
	},
}

// clusterTwists change the request of a cluster; those of node groups change its first.
var clusterTwists = func() map[string]func(*pmks.ClusterInfo, pmks.Capabilities, Known) {
	table := map[string]func(*pmks.ClusterInfo, pmks.Capabilities, Known){
		"no name":  func(c *pmks.ClusterInfo, _ pmks.Capabilities, _ Known) { c.IId = pmks.IID{} },
		"bad name": func(c *pmks.ClusterInfo, _ pmks.Capabilities, _ Known) { c.IId.NameId = "Not/A Name" },
		"no tags":  func(c *pmks.ClusterInfo, _ pmks.Capabilities, _ Known) { c.TagList = nil },
		"tag twice": func(c *pmks.ClusterInfo, _ pmks.Capabilities, _ Known) {
			c.TagList = []pmks.KeyValue{{Key: "a", Value: "1"}, {Key: "a", Value: "2"}}
		},
		"two tags": func(c *pmks.ClusterInfo, _ pmks.Capabilities, _ Known) {
			c.TagList = []pmks.KeyValue{{Key: "b", Value: "1"}, {Key: "a", Value: "2"}}
		},
		"no subnets":        func(c *pmks.ClusterInfo, _ pmks.Capabilities, _ Known) { c.Network.SubnetIIDs = nil },
		"no vpc":            func(c *pmks.ClusterInfo, _ pmks.Capabilities, _ Known) { c.Network.VpcIID = pmks.IID{} },
		"no security group": func(c *pmks.ClusterInfo, _ pmks.Capabilities, _ Known) { c.Network.SecurityGroupIIDs = nil },
		"default version": func(c *pmks.ClusterInfo, _ pmks.Capabilities, k Known) {
			if !k.OwnDefault {
				c.Version = "default"
			}
		},
		"a minor":           func(c *pmks.ClusterInfo, _ pmks.Capabilities, _ Known) { c.Version = minorOf(c.Version) },
		"unknown version":   func(c *pmks.ClusterInfo, _ pmks.Capabilities, _ Known) { c.Version = "1.7" },
		"words for version": func(c *pmks.ClusterInfo, _ pmks.Capabilities, _ Known) { c.Version = "newest" },
		"no groups":         func(c *pmks.ClusterInfo, _ pmks.Capabilities, _ Known) { c.NodeGroupList = nil },
		"two groups": func(c *pmks.ClusterInfo, _ pmks.Capabilities, _ Known) {
			if len(c.NodeGroupList) > 0 {
				g := c.NodeGroupList[0].Clone()
				g.IId = pmks.IID{NameId: "gb"}
				c.NodeGroupList = append(c.NodeGroupList, g)
			}
		},
		"private": func(c *pmks.ClusterInfo, _ pmks.Capabilities, _ Known) { c.Access.Mode = pmks.AccessPrivate },
		"other mode": func(c *pmks.ClusterInfo, caps pmks.Capabilities, _ Known) {
			if modes := caps.Access.Modes; len(modes) > 1 {
				c.Access.Mode = modes[1]
			}
		},
		"a network":  func(c *pmks.ClusterInfo, _ pmks.Capabilities, _ Known) { c.Access.CIDRs = []string{"198.51.100.0/24"} },
		"no network": func(c *pmks.ClusterInfo, _ pmks.Capabilities, _ Known) { c.Access.CIDRs = []string{"198.51.100.0/99"} },
		"unknown vpc": func(c *pmks.ClusterInfo, _ pmks.Capabilities, k Known) {
			if iid, ok := k.Unknown["Network.VpcIID"]; ok {
				c.Network.VpcIID = iid
			}
		},
		"unknown subnet": func(c *pmks.ClusterInfo, _ pmks.Capabilities, k Known) {
			if iid, ok := k.Unknown["Network.SubnetIIDs[0]"]; ok && len(c.Network.SubnetIIDs) > 0 {
				c.Network.SubnetIIDs[0] = iid
			}
		},
		"unknown security group": func(c *pmks.ClusterInfo, _ pmks.Capabilities, k Known) {
			if iid, ok := k.Unknown["Network.SecurityGroupIIDs[0]"]; ok && len(c.Network.SecurityGroupIIDs) > 0 {
				c.Network.SecurityGroupIIDs[0] = iid
			}
		},
	}
	for name, twist := range groupTwists {
		table["group: "+name] = func(c *pmks.ClusterInfo, caps pmks.Capabilities, k Known) {
			if len(c.NodeGroupList) > 0 {
				twist(&c.NodeGroupList[0], caps, k)
			}
		}
	}
	return table
}()

// minorOf cuts a version after its minor.
func minorOf(version string) string {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}

// someTwists are up to three of a table, none of them half of the time.
func someTwists[T any](r *rand.Rand, table map[string]T) (list []string) {
	if r.IntN(2) == 0 {
		return nil
	}
	names := slices.Sorted(maps.Keys(table))
	for range 1 + r.IntN(3) {
		if name := oneOf(r, names...); !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}
