// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"errors"

	"github.com/pmks-go/pmks"
)

// call is one method called with given IIDs; group is ignored by methods on
// clusters.
type call struct {
	op       string
	mutation bool
	onGroup  bool
	do       func(ctx context.Context, c *Cloud, cluster, group pmks.IID) error
}

// calls are the methods that every handler has, on a cluster or a group that
// exists. The one that ends the cluster comes last.
var calls = []call{
	{"GetCluster", false, false, func(ctx context.Context, c *Cloud, cluster, _ pmks.IID) error {
		_, err := c.Handler.GetCluster(ctx, cluster)
		return err
	}},
	{"SetNodeGroupAutoScaling", true, true, func(ctx context.Context, c *Cloud, cluster, group pmks.IID) error {
		_, err := c.Handler.SetNodeGroupAutoScaling(ctx, cluster, group, true)
		return err
	}},
	{"ChangeNodeGroupScaling", true, true, func(ctx context.Context, c *Cloud, cluster, group pmks.IID) error {
		_, err := c.Handler.ChangeNodeGroupScaling(ctx, cluster, group, 3, 1, 4)
		return err
	}},
	{"UpgradeCluster", true, false, func(ctx context.Context, c *Cloud, cluster, _ pmks.IID) error {
		_, err := c.Handler.UpgradeCluster(ctx, cluster, c.nextVersion(ctx, cluster))
		return err
	}},
	{"AddNodeGroup", true, false, func(ctx context.Context, c *Cloud, cluster, _ pmks.IID) error {
		_, err := c.Handler.AddNodeGroup(ctx, cluster, c.NodeGroupRequest("added"))
		return err
	}},
	{"RemoveNodeGroup", true, true, func(ctx context.Context, c *Cloud, cluster, group pmks.IID) error {
		_, err := c.Handler.RemoveNodeGroup(ctx, cluster, group)
		return err
	}},
	{"DeleteCluster", true, false, func(ctx context.Context, c *Cloud, cluster, _ pmks.IID) error {
		_, err := c.Handler.DeleteCluster(ctx, cluster)
		return err
	}},
}

// allCalls are calls, and the methods that speak of no existing cluster.
func allCalls() []call {
	return append([]call{
		{"CreateCluster", true, false, func(ctx context.Context, c *Cloud, _, _ pmks.IID) error {
			req := c.ClusterRequest("created")
			if r, ok := c.Handler.(pmks.CapabilityReporter); ok && r.Capabilities().GroupsAtCreate.Max == 0 {
				req.NodeGroupList = nil
			}
			_, err := c.Handler.CreateCluster(ctx, req)
			return err
		}},
		{"ListCluster", false, false, func(ctx context.Context, c *Cloud, _, _ pmks.IID) error {
			_, err := c.Handler.ListCluster(ctx)
			return err
		}},
	}, calls...)
}

// optionalReads are the reads of the optional interfaces that a handler has.
func (c *Cloud) optionalReads() []call {
	var list []call
	add := func(there bool, op string, do func(ctx context.Context, c *Cloud, cluster pmks.IID) error) {
		if there {
			list = append(list, call{op, false, false, func(ctx context.Context, c *Cloud, cluster, _ pmks.IID) error {
				return do(ctx, c, cluster)
			}})
		}
	}
	lister, ok := c.Handler.(pmks.IIDLister)
	add(ok, "ListIID", func(ctx context.Context, _ *Cloud, _ pmks.IID) error {
		_, err := lister.ListIID(ctx)
		return err
	})
	issuer, ok := c.Handler.(pmks.TokenIssuer)
	add(ok, "GenerateClusterToken", func(ctx context.Context, _ *Cloud, cluster pmks.IID) error {
		_, err := issuer.GenerateClusterToken(ctx, cluster)
		return err
	})
	versions, ok := c.Handler.(pmks.VersionLister)
	add(ok, "ListVersions", func(ctx context.Context, _ *Cloud, _ pmks.IID) error {
		_, err := versions.ListVersions(ctx)
		return err
	})
	checker, ok := c.Handler.(pmks.RequestChecker)
	add(ok, "CheckCluster", func(ctx context.Context, c *Cloud, _ pmks.IID) error {
		req := c.ClusterRequest("dry")
		if r, ok := c.Handler.(pmks.CapabilityReporter); ok && r.Capabilities().GroupsAtCreate.Max == 0 {
			req.NodeGroupList = nil
		}
		return checker.CheckCluster(ctx, req)
	})
	add(ok, "CheckNodeGroup", func(ctx context.Context, c *Cloud, cluster pmks.IID) error {
		return checker.CheckNodeGroup(ctx, cluster, c.NodeGroupRequest("dry"))
	})
	return list
}

// supported leaves out what the cloud does not support, which it says to every
// caller.
func (c *Cloud) supported(ctx context.Context, list []call, cluster pmks.IID) []call {
	var out []call
	for _, m := range list {
		if !errors.Is(m.do(ctx, c, cluster, pmks.IID{}), pmks.ErrUnsupported) {
			out = append(out, m)
		}
	}
	return out
}

// accessCalls are the methods of pmks.AccessOpener, for clouds that have it.
func (c *Cloud) accessCalls() []call {
	opener, ok := c.Handler.(pmks.AccessOpener)
	if r, reports := c.Handler.(pmks.CapabilityReporter); !ok || !reports || !r.Capabilities().Access.OpenCall {
		return nil
	}
	return []call{
		{"CloseAccess", true, false, func(ctx context.Context, _ *Cloud, cluster, _ pmks.IID) error {
			return opener.CloseAccess(ctx, cluster)
		}},
		{"OpenAccess", true, false, func(ctx context.Context, _ *Cloud, cluster, _ pmks.IID) error {
			return opener.OpenAccess(ctx, cluster)
		}},
	}
}
