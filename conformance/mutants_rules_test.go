// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"context"
	"errors"
	"path"
	"slices"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
)

// withoutUnread makes a mutant that does not say what it could not read.
var withoutUnread = reads(func(info *pmks.ClusterInfo) {
	drop := func(list []pmks.KeyValue) []pmks.KeyValue {
		return slices.DeleteFunc(list, func(kv pmks.KeyValue) bool { return kv.Key == pmks.KeyUnread })
	}
	info.KeyValueList = drop(info.KeyValueList)
	for i := range info.NodeGroupList {
		info.NodeGroupList[i].KeyValueList = drop(info.NodeGroupList[i].KeyValueList)
	}
})

// unreadAnywhere reports whether something could not be read.
func unreadAnywhere(info pmks.ClusterInfo) bool {
	_, unread := pmks.Lookup(info.KeyValueList, pmks.KeyUnread)
	for _, g := range info.NodeGroupList {
		_, ofGroup := pmks.Lookup(g.KeyValueList, pmks.KeyUnread)
		unread = unread || ofGroup
	}
	return unread
}

// withoutReasons makes a mutant that keeps the cloud's reasons to itself.
var withoutReasons = reads(func(info *pmks.ClusterInfo) {
	info.StatusReason = "something failed"
	for i := range info.NodeGroupList {
		info.NodeGroupList[i].StatusReason = "something failed"
	}
})

// ruleMutants break rules about identity, scope, partial reads, refusals, repair
// and reasons.
var ruleMutants = []mutant{
	{name: "id-cut-to-its-last-part", guard: "identity/foreign-parts", profile: "azure", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, del: func(ctx context.Context, iid pmks.IID) (bool, error) {
			return c.DeleteCluster(ctx, pmks.IID{NameId: path.Base(iid.SystemId)})
		}}
	}},
	{name: "foreign-is-not-found", guard: "identity/foreign-parts", profile: "azure", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, remove: func(ctx context.Context, cluster, group pmks.IID) (bool, error) {
			ok, err := c.RemoveNodeGroup(ctx, cluster, group)
			return ok, recode(err, pmks.CodeInvalidArgument, pmks.CodeNotFound)
		}}
	}},
	{name: "group-found-by-name-after-all", guard: "identity/node-group-of-another-cluster", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, scale: func(ctx context.Context, cluster, group pmks.IID, desired, minSize, maxSize int) (pmks.NodeGroupInfo, error) {
			return c.ChangeNodeGroupScaling(ctx, cluster, pmks.IID{NameId: group.NameId}, desired, minSize, maxSize)
		}}
	}},
	{name: "deletes-one-of-two", guard: "scope/name-found-twice", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, del: func(ctx context.Context, iid pmks.IID) (bool, error) {
			list, err := c.ListIID(ctx)
			for _, found := range list {
				if iid.SystemId == "" && found.NameId == iid.NameId {
					return c.DeleteCluster(ctx, *found)
				}
			}
			return false, errors.Join(err, &pmks.Error{Code: pmks.CodeNotFound})
		}}
	}},
	{name: "makes-a-second", guard: "scope/listed-name-created-again", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, create: func(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
			info, err := c.CreateCluster(ctx, req)
			if errors.Is(err, pmks.ErrAlreadyExists) {
				_ = c.fake.Put(fake.Cluster{Name: req.IId.NameId})
			}
			return info, err
		}}
	}},
	{name: "finds-only-its-own", guard: "scope/listed-name-created-again", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, get: func(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
			if iid.SystemId == "" {
				return pmks.ClusterInfo{}, &pmks.Error{Code: pmks.CodeNotFound}
			}
			return c.GetCluster(ctx, iid)
		}}
	}},
	{name: "no-nodes-no-cluster", guard: "unread/nodes", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, get: func(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
			info, err := c.GetCluster(ctx, iid)
			if err == nil && unreadAnywhere(info) {
				err = &pmks.Error{Code: pmks.CodePermissionDenied, Message: "the machines cannot be read"}
			}
			return info, err
		}}
	}},
	{name: "unread-nodes-are-none", guard: "unread/nodes", wrap: withoutUnread},
	{name: "one-group-empties-all", guard: "unread/nodes-of-one-group", wrap: reads(func(info *pmks.ClusterInfo) {
		for i := range info.NodeGroupList {
			if unreadAnywhere(*info) {
				info.NodeGroupList[i].Nodes = nil
			}
		}
	})},
	{name: "unread-add-ons-are-none", guard: "unread/addons", wrap: withoutUnread},
	{name: "no-kubeconfig-no-endpoint", guard: "unread/kubeconfig", wrap: reads(func(info *pmks.ClusterInfo) {
		if unreadAnywhere(*info) {
			info.AccessInfo = pmks.AccessInfo{}
		}
	})},
	{name: "refused-and-sent-again", guard: "refusals/sent-once", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, add: func(ctx context.Context, iid pmks.IID, req pmks.NodeGroupInfo) (pmks.NodeGroupInfo, error) {
			g, err := c.AddNodeGroup(ctx, iid, req)
			if errors.Is(err, pmks.ErrInvalidArgument) {
				return c.AddNodeGroup(ctx, iid, req)
			}
			return g, err
		}}
	}},
	{name: "refused-and-in-doubt", guard: "refusals/sent-once", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, auto: func(ctx context.Context, cluster, group pmks.IID, on bool) (bool, error) {
			ok, err := c.SetNodeGroupAutoScaling(ctx, cluster, group, on)
			var e *pmks.Error
			if errors.As(err, &e) {
				e.MayHaveHappened = true
			}
			return ok, err
		}}
	}},
	{name: "in-use-is-busy", guard: "delete/in-use-is-not-busy", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, del: func(ctx context.Context, iid pmks.IID) (bool, error) {
			ok, err := c.DeleteCluster(ctx, iid)
			return ok, recode(err, pmks.CodeFailedPrecondition, pmks.CodeBusy)
		}}
	}},
	{name: "groups-go-before-it-is-looked", guard: "delete/in-use-is-not-busy", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, del: func(ctx context.Context, iid pmks.IID) (bool, error) {
			if info, err := c.GetCluster(ctx, iid); err == nil {
				for _, g := range info.NodeGroupList {
					_, _ = c.RemoveNodeGroup(ctx, iid, g.IId)
				}
			}
			return c.DeleteCluster(ctx, iid)
		}}
	}},
	{name: "failed-cannot-be-deleted", guard: "repair/failed-cluster", wrap: refuseWhile(pmks.ClusterInactive)},
	{name: "failed-group-cannot-be-removed", guard: "repair/failed-node-group", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, remove: func(ctx context.Context, cluster, group pmks.IID) (bool, error) {
			info, err := c.GetCluster(ctx, cluster)
			if g, ok := info.NodeGroup(group); err == nil && ok && g.Status == pmks.NodeGroupInactive {
				return false, &pmks.Error{Code: pmks.CodeFailedPrecondition, Message: "it has failed"}
			}
			return c.RemoveNodeGroup(ctx, cluster, group)
		}}
	}},
	{name: "reason-of-a-creation-lost", guard: "reasons/create", wrap: withoutReasons},
	{name: "reason-of-an-addition-lost", guard: "reasons/add", wrap: withoutReasons},
	{name: "reason-of-an-upgrade-lost", guard: "reasons/upgrade", wrap: withoutReasons},
	{name: "reason-of-a-removal-lost", guard: "reasons/remove", wrap: withoutReasons},
	{name: "reason-of-a-scaling-lost", guard: "reasons/scale", wrap: withoutReasons},
	{name: "no-bounds-are-zero", guard: "bounds/left-out", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, add: func(ctx context.Context, iid pmks.IID, req pmks.NodeGroupInfo) (pmks.NodeGroupInfo, error) {
			g, err := c.AddNodeGroup(ctx, iid, req)
			g.MinNodeSize, g.MaxNodeSize = req.MinNodeSize, req.MaxNodeSize
			return g, err
		}}
	}},
	{name: "bounds-of-others-are-not-shown", guard: "bounds/written-back", wrap: reads(func(info *pmks.ClusterInfo) {
		for i := range info.NodeGroupList {
			if g := &info.NodeGroupList[i]; !g.OnAutoScaling {
				g.MinNodeSize, g.MaxNodeSize = 0, 0
			}
		}
	})},
	{name: "reads-without-an-end", guard: "hangs/one-read-of-a-wait", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, get: func(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
			return c.GetCluster(context.WithoutCancel(ctx), iid)
		}}
	}},
	{name: "repeats-in-silence", guard: "retries/reported", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, create: func(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
			for range 50 {
				info, err := c.CreateCluster(ctx, req)
				if !errors.Is(err, pmks.ErrThrottled) {
					return info, err
				}
				time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
			}
			return pmks.ClusterInfo{}, &pmks.Error{Code: pmks.CodeUnavailable, Message: "later"}
		}}
	}},
}
