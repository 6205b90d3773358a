// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
)

// refuseWhile makes a deletion fail for good while a cluster is in one state.
func refuseWhile(state pmks.ClusterStatus) func(correct) pmks.ClusterHandler {
	return func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, del: func(ctx context.Context, iid pmks.IID) (bool, error) {
			if info, err := c.GetCluster(ctx, iid); err == nil && info.Status == state {
				return false, &pmks.Error{Code: pmks.CodeFailedPrecondition, Message: "it is " + string(state)}
			}
			return c.DeleteCluster(ctx, iid)
		}}
	}
}

// onceOnly makes every second deletion fail.
func onceOnly(c correct) pmks.ClusterHandler {
	var calls atomic.Int32
	return wrong{correct: c, del: func(ctx context.Context, iid pmks.IID) (bool, error) {
		if calls.Add(1) == 2 {
			return false, &pmks.Error{Code: pmks.CodeInternal, Message: "was called before"}
		}
		return c.DeleteCluster(ctx, iid)
	}}
}

// workMutants break rules about scaling, deletion, concurrency and whole jobs.
var workMutants = []mutant{
	{name: "a-node-is-missing", guard: "life-cycle", wrap: reads(func(info *pmks.ClusterInfo) {
		for i := range info.NodeGroupList {
			if g := &info.NodeGroupList[i]; len(g.Nodes) > 0 {
				g.Nodes = g.Nodes[1:]
			}
		}
	})},
	{name: "max-stays-while-on", guard: "scaling/on-sets-bounds", wrap: reads(func(info *pmks.ClusterInfo) {
		for i := range info.NodeGroupList {
			if g := &info.NodeGroupList[i]; g.OnAutoScaling {
				g.MaxNodeSize = 3
			}
		}
	})},
	{name: "scaling-switches-auto-off", guard: "scaling/on-sets-bounds", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, scale: func(ctx context.Context, cluster, group pmks.IID, desired, minSize, maxSize int) (pmks.NodeGroupInfo, error) {
			if _, err := c.SetNodeGroupAutoScaling(ctx, cluster, group, false); err == nil {
				_, _ = pmks.WaitNodeGroupActive(ctx, c, cluster, group)
			}
			return c.ChangeNodeGroupScaling(ctx, cluster, group, desired, minSize, maxSize)
		}}
	}},
	{name: "writes-what-is-so", guard: "scaling/nothing-to-change", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, scale: func(ctx context.Context, cluster, group pmks.IID, desired, minSize, maxSize int) (pmks.NodeGroupInfo, error) {
			if _, err := c.ChangeNodeGroupScaling(ctx, cluster, group, desired, minSize, maxSize+1); err == nil {
				_, _ = pmks.WaitNodeGroupActive(ctx, c, cluster, group)
			}
			return c.ChangeNodeGroupScaling(ctx, cluster, group, desired, minSize, maxSize)
		}}
	}},
	{name: "order-of-sizes-mended", guard: "scaling/bad-sizes", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, scale: func(ctx context.Context, cluster, group pmks.IID, desired, minSize, maxSize int) (pmks.NodeGroupInfo, error) {
			return c.ChangeNodeGroupScaling(ctx, cluster, group, desired, minSize, max(desired, minSize, maxSize))
		}}
	}},
	{name: "keeps-one-node", guard: "scaling/to-zero", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, scale: func(ctx context.Context, cluster, group pmks.IID, desired, minSize, maxSize int) (pmks.NodeGroupInfo, error) {
			return c.ChangeNodeGroupScaling(ctx, cluster, group, max(1, desired), minSize, maxSize)
		}}
	}},
	{name: "last-group-is-invalid", guard: "scaling/last-group", profile: "azure", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, remove: func(ctx context.Context, cluster, group pmks.IID) (bool, error) {
			ok, err := c.RemoveNodeGroup(ctx, cluster, group)
			return ok, recode(err, pmks.CodeFailedPrecondition, pmks.CodeInvalidArgument)
		}}
	}},
	{name: "wants-groups-gone", guard: "delete/with-node-groups", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, del: func(ctx context.Context, iid pmks.IID) (bool, error) {
			if info, err := c.GetCluster(ctx, iid); err == nil && len(info.NodeGroupList) > 0 {
				return false, &pmks.Error{Code: pmks.CodeFailedPrecondition, Message: "there are node groups"}
			}
			return c.DeleteCluster(ctx, iid)
		}}
	}},
	{name: "young-cannot-be-deleted", guard: "delete/while-creating", wrap: refuseWhile(pmks.ClusterCreating)},
	{name: "interrupted-for-good", guard: "delete/interrupted", wrap: onceOnly},
	{name: "removed-is-success", guard: "delete/node-group-twice", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, remove: func(ctx context.Context, cluster, group pmks.IID) (bool, error) {
			ok, err := c.RemoveNodeGroup(ctx, cluster, group)
			if errors.Is(err, pmks.ErrNotFound) {
				return true, nil
			}
			return ok, err
		}}
	}},
	{name: "deadline-is-canceled", guard: "context/deadline-during-the-call", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, scale: func(ctx context.Context, cluster, group pmks.IID, desired, minSize, maxSize int) (pmks.NodeGroupInfo, error) {
			g, err := c.ChangeNodeGroupScaling(ctx, cluster, group, desired, minSize, maxSize)
			if errors.Is(err, context.DeadlineExceeded) {
				err = context.Canceled
			}
			return g, err
		}}
	}},
	{name: "everybody-wins", guard: "concurrency/one-cluster-many-creators", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, create: func(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
			info, err := c.CreateCluster(ctx, req)
			if errors.Is(err, pmks.ErrAlreadyExists) {
				return c.GetCluster(ctx, pmks.IID{NameId: req.IId.NameId})
			}
			return info, err
		}}
	}},
	{name: "losers-are-told-nothing", guard: "concurrency/one-group-many-adders", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, add: func(ctx context.Context, iid pmks.IID, req pmks.NodeGroupInfo) (pmks.NodeGroupInfo, error) {
			g, err := c.AddNodeGroup(ctx, iid, req)
			return g, recode(recode(err, pmks.CodeAlreadyExists, pmks.CodeInternal), pmks.CodeBusy, pmks.CodeInternal)
		}}
	}},
	{name: "overlap-is-internal", guard: "concurrency/many-changes-of-one-group", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, scale: func(ctx context.Context, cluster, group pmks.IID, desired, minSize, maxSize int) (pmks.NodeGroupInfo, error) {
			g, err := c.ChangeNodeGroupScaling(ctx, cluster, group, desired, minSize, maxSize)
			return g, recode(err, pmks.CodeBusy, pmks.CodeInternal)
		}}
	}},
	{name: "second-deleter-fails", guard: "concurrency/one-cluster-many-deleters", wrap: onceOnly},
	{name: "one-cluster-at-a-time", guard: "concurrency/many-clusters", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, create: func(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
			if list, err := c.ListIID(ctx); err == nil && len(list) > 0 {
				return pmks.ClusterInfo{}, &pmks.Error{Code: pmks.CodeInternal, Message: "one at a time"}
			}
			return c.CreateCluster(ctx, req)
		}}
	}},
	{name: "gives-up-when-lost", guard: "once/request-lost", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, add: func(ctx context.Context, iid pmks.IID, req pmks.NodeGroupInfo) (pmks.NodeGroupInfo, error) {
			before := len(c.fake.Calls())
			g, err := c.AddNodeGroup(ctx, iid, req)
			for _, sent := range c.fake.Calls()[before:] {
				if sent.Mutation && sent.Code == pmks.CodeUnavailable {
					return pmks.NodeGroupInfo{}, &pmks.Error{Code: pmks.CodeUnavailable, Message: "the connection broke"}
				}
			}
			return g, err
		}}
	}},
	{name: "create-again-changes", guard: "jobs/provision-upgrade-teardown", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, create: func(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
			info, err := c.CreateCluster(ctx, req)
			if errors.Is(err, pmks.ErrAlreadyExists) && len(req.NodeGroupList) > 0 {
				_, _ = c.SetNodeGroupAutoScaling(ctx, req.IId, req.NodeGroupList[0].IId, true)
			}
			return info, err
		}}
	}},
	{name: "machine-not-shown", guard: "jobs/provision-adopts-only-its-own", wrap: reads(func(info *pmks.ClusterInfo) {
		for i := range info.NodeGroupList {
			info.NodeGroupList[i].VMSpecName = ""
		}
	})},
	{name: "creates-what-it-can", guard: "jobs/provision-checks-everything-first", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, caps: func() pmks.Capabilities { return pmks.Capabilities{} },
			create: func(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
				req.NodeGroupList = req.NodeGroupList[:1]
				return c.CreateCluster(ctx, req)
			}}
	}},
	{name: "taken-is-precondition", guard: "jobs/provision-interrupted-after-every-call", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, create: func(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
			info, err := c.CreateCluster(ctx, req)
			return info, recode(err, pmks.CodeAlreadyExists, pmks.CodeFailedPrecondition)
		}}
	}},
	{name: "resumed-create-makes-another", guard: "jobs/provision-interrupted-after-every-call", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, create: func(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
			info, err := c.CreateCluster(ctx, req)
			if errors.Is(err, pmks.ErrAlreadyExists) {
				_ = c.fake.Put(fake.Cluster{Name: req.IId.NameId})
			}
			return info, err
		}}
	}},
	{name: "upgrade-cannot-be-resumed", guard: "jobs/upgrade-interrupted-after-every-call", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, upgrade: func(ctx context.Context, iid pmks.IID, version string) (pmks.ClusterInfo, error) {
			if info, err := c.GetCluster(ctx, iid); err == nil && info.Status == pmks.ClusterUpdating {
				return info, &pmks.Error{Code: pmks.CodeFailedPrecondition, Message: "an upgrade is under way"}
			}
			return c.UpgradeCluster(ctx, iid, version)
		}}
	}},
	{name: "teardown-cannot-be-resumed", guard: "jobs/teardown-interrupted-after-every-call", wrap: refuseWhile(pmks.ClusterDeleting)},
}
