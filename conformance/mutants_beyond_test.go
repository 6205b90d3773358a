// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"

	"github.com/pmks-go/pmks"
)

// groups makes a mutant that shows node groups otherwise than they are.
func groups(spoil func(*pmks.NodeGroupInfo)) func(correct) pmks.ClusterHandler {
	return reads(func(info *pmks.ClusterInfo) {
		for i := range info.NodeGroupList {
			spoil(&info.NodeGroupList[i])
		}
	})
}

// forgets makes a mutant that adds groups without what they ask for.
func forgets(drop func(*pmks.NodeGroupInfo)) func(correct) pmks.ClusterHandler {
	return func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, add: func(ctx context.Context, iid pmks.IID, req pmks.NodeGroupInfo) (pmks.NodeGroupInfo, error) {
			req = req.Clone()
			drop(&req)
			return c.AddNodeGroup(ctx, iid, req)
		}}
	}
}

// creates makes a mutant that creates clusters from other requests.
func creates(change func(*pmks.ClusterInfo)) func(correct) pmks.ClusterHandler {
	return func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, create: func(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
			req = req.Clone()
			change(&req)
			return c.CreateCluster(ctx, req)
		}}
	}
}

// streams makes a mutant that yields clusters in another way; next yields one as it is.
func streams(each func(n int, info pmks.ClusterInfo, err error, next func(pmks.ClusterInfo, error) bool) bool) func(correct) pmks.ClusterHandler {
	return func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, stream: func(ctx context.Context) iter.Seq2[pmks.ClusterInfo, error] {
			return func(yield func(pmks.ClusterInfo, error) bool) {
				n := 0
				for info, err := range c.Clusters(ctx) {
					if n++; !each(n, info, err, yield) {
						return
					}
				}
			}
		}}
	}
}

// sets makes a mutant that sets other tags than those that it is given.
func sets(change func(ctx context.Context, c correct, iid pmks.IID, tags []pmks.KeyValue) ([]pmks.KeyValue, error)) func(correct) pmks.ClusterHandler {
	return func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, tags: func(ctx context.Context, iid pmks.IID, tags []pmks.KeyValue) error {
			tags, err := change(ctx, c, iid, tags)
			if err != nil {
				return err
			}
			return c.SetTags(ctx, iid, tags)
		}}
	}
}

// plansNothing makes a mutant whose clusters seem to run a version already.
var plansNothing = reads(func(info *pmks.ClusterInfo) { info.Version = "1.1.0" })

// beyondMutants break what pmks adds to V0.6.
var beyondMutants = []mutant{
	{name: "labels-dropped", guard: "nodes/read-back", wrap: forgets(func(g *pmks.NodeGroupInfo) { g.Labels = nil })},
	{name: "taints-dropped", guard: "nodes/read-back", wrap: forgets(func(g *pmks.NodeGroupInfo) { g.Taints = nil })},
	{name: "spot-dropped", guard: "nodes/read-back", wrap: forgets(func(g *pmks.NodeGroupInfo) { g.Spot = false })},
	{name: "zones-dropped", guard: "nodes/read-back", wrap: forgets(func(g *pmks.NodeGroupInfo) { g.Zones = nil })},
	{name: "system-labels-shown", guard: "nodes/read-back", wrap: groups(func(g *pmks.NodeGroupInfo) {
		g.Labels = maps.Clone(g.Labels)
		if g.Labels == nil {
			g.Labels = map[string]string{}
		}
		g.Labels["cloud.example/group"] = g.IId.NameId
	})},
	{name: "labels-of-the-first-group-dropped", guard: "nodes/with-the-cluster", wrap: creates(func(req *pmks.ClusterInfo) {
		for i := range req.NodeGroupList {
			req.NodeGroupList[i].Labels = nil
		}
	})},
	{name: "labels-lost-by-scaling", guard: "nodes/kept-by-later-writes", wrap: groups(func(g *pmks.NodeGroupInfo) {
		if g.MaxNodeSize == 4 {
			g.Labels = nil
		}
	})},
	{name: "what-cannot-be-is-left-out", guard: "nodes/refused-by-capability", profile: "nhn", wrap: forgets(func(g *pmks.NodeGroupInfo) { g.Taints = nil })},
	{name: "bad-labels-left-out", guard: "nodes/bad-input-sends-nothing", wrap: forgets(func(g *pmks.NodeGroupInfo) { delete(g.Labels, "not a key") })},
	{name: "zones-not-checked", guard: "nodes/bad-input-sends-nothing", wrap: forgets(func(g *pmks.NodeGroupInfo) {
		g.Zones = slices.DeleteFunc(g.Zones, func(z string) bool { return z == "mars-north-1a" })
	})},
	{name: "labels-not-shown-whole", guard: "nodes/provision-takes-no-other", wrap: groups(func(g *pmks.NodeGroupInfo) { delete(g.Labels, "team") })},
	{name: "one-group-without-nodes", guard: "nodes/one-group-read-alone", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, group: func(ctx context.Context, cluster, group pmks.IID) (pmks.NodeGroupInfo, error) {
			g, err := c.GetNodeGroup(ctx, cluster, group)
			g.Nodes = nil
			return g, err
		}}
	}},
	{name: "always-public", guard: "endpoint/modes", wrap: creates(func(req *pmks.ClusterInfo) { req.Access.Mode = "" })},
	{name: "doors-mixed-up", guard: "endpoint/modes", wrap: reads(func(info *pmks.ClusterInfo) {
		info.Access.PublicEndpoint, info.Access.PrivateEndpoint = info.Access.PrivateEndpoint, info.Access.PublicEndpoint
	})},
	{name: "everybody-may", guard: "endpoint/networks", wrap: creates(func(req *pmks.ClusterInfo) { req.Access.CIDRs = nil })},
	{name: "networks-left-out", guard: "endpoint/refused-by-capability", profile: "ibm", wrap: creates(func(req *pmks.ClusterInfo) { req.Access.CIDRs = nil })},
	{name: "bad-networks-left-out", guard: "endpoint/bad-input-sends-nothing", wrap: creates(func(req *pmks.ClusterInfo) {
		req.Access.CIDRs = slices.DeleteFunc(req.Access.CIDRs, func(s string) bool { return s == "office" })
	})},
	{name: "tags-merged", guard: "tags/set", wrap: sets(func(ctx context.Context, c correct, iid pmks.IID, tags []pmks.KeyValue) ([]pmks.KeyValue, error) {
		info, err := c.GetCluster(ctx, iid)
		tags = slices.Clone(tags)
		for _, old := range info.TagList {
			if _, ok := pmks.Lookup(tags, old.Key); !ok {
				tags = append(tags, old)
			}
		}
		return tags, err
	})},
	{name: "tag-twice-taken", guard: "tags/refused", wrap: sets(func(_ context.Context, _ correct, _ pmks.IID, tags []pmks.KeyValue) ([]pmks.KeyValue, error) {
		seen := map[string]bool{}
		return slices.DeleteFunc(slices.Clone(tags), func(kv pmks.KeyValue) bool {
			twice := seen[kv.Key]
			seen[kv.Key] = true
			return twice
		}), nil
	})},
	{name: "tags-lost-is-lost", guard: "tags/lost-reply", wrap: func(c correct) pmks.ClusterHandler {
		calls := 0
		return wrong{correct: c, tags: func(ctx context.Context, iid pmks.IID, tags []pmks.KeyValue) error {
			if calls++; calls == 1 {
				return &pmks.Error{Code: pmks.CodeUnavailable}
			}
			return c.SetTags(ctx, iid, tags)
		}}
	}},
	{name: "kubeconfig-in-stream", guard: "stream/as-the-list-shows-it", wrap: streams(func(_ int, info pmks.ClusterInfo, err error, next func(pmks.ClusterInfo, error) bool) bool {
		info.AccessInfo.Kubeconfig = "apiVersion: v1"
		return next(info, err)
	})},
	{name: "stream-stops-after-a-page", guard: "stream/several-pages", wrap: streams(func(n int, info pmks.ClusterInfo, err error, next func(pmks.ClusterInfo, error) bool) bool {
		return n <= 100 && next(info, err)
	})},
	{name: "stream-ends-at-a-failure", guard: "stream/one-unreadable", wrap: streams(func(_ int, info pmks.ClusterInfo, err error, next func(pmks.ClusterInfo, error) bool) bool {
		return next(info, err) && err == nil
	})},
	{name: "stream-ignores-its-context", guard: "stream/broken-off", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, stream: func(ctx context.Context) iter.Seq2[pmks.ClusterInfo, error] {
			return c.Clusters(context.WithoutCancel(ctx))
		}}
	}},
	{name: "seems-there-already", guard: "plan/says-what-upgrade-does", wrap: plansNothing},
	{name: "downgrade-is-planned", guard: "plan/refusals", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, versions: func(ctx context.Context) ([]pmks.Version, error) {
			list, err := c.ListVersions(ctx)
			return append(list, pmks.Version{Name: "1.1.0"}), err
		}, get: func(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
			info, err := c.GetCluster(ctx, iid)
			info.Version = "1.1.0"
			return info, err
		}}
	}},
	{name: "busy-is-active", guard: "plan/busy", wrap: reads(func(info *pmks.ClusterInfo) {
		if info.Status == pmks.ClusterUpdating {
			info.Status = pmks.ClusterActive
		}
		for i := range info.NodeGroupList {
			info.NodeGroupList[i].Status = pmks.NodeGroupActive
		}
	})},
	{name: "lost-group-is-internal", guard: "nodes/one-group-read-alone", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, group: func(ctx context.Context, cluster, group pmks.IID) (pmks.NodeGroupInfo, error) {
			g, err := c.GetNodeGroup(ctx, cluster, group)
			if errors.Is(err, pmks.ErrNotFound) {
				err = &pmks.Error{Code: pmks.CodeInternal}
			}
			return g, err
		}}
	}},
}
