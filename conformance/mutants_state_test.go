// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pmks-go/pmks"
)

// recode makes an error of one code into one of another.
func recode(err error, from, to pmks.Code) error {
	if pmks.CodeOf(err) == from {
		return &pmks.Error{Code: to, Message: "recoded"}
	}
	return err
}

// vague forgets why something is Inactive.
var vague = reads(func(info *pmks.ClusterInfo) {
	if info.StatusReason != "" {
		info.StatusReason = "something went wrong"
	}
	for i := range info.NodeGroupList {
		if g := &info.NodeGroupList[i]; g.StatusReason != "" {
			g.StatusReason = "something went wrong"
		}
	}
})

// stateMutants break rules about requests and states.
var stateMutants = []mutant{
	{name: "capability-missing", guard: "capabilities-complete", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, caps: func() pmks.Capabilities {
			caps := c.Capabilities()
			caps.Versions.LargestStep = 0
			return caps
		}}
	}},
	{name: "capability-too-strict", guard: "validation/capabilities-hold-both-ways", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, caps: func() pmks.Capabilities {
			caps := c.Capabilities()
			caps.Fields.Image = pmks.FieldRequired
			return caps
		}}
	}},
	{name: "limit-not-kept", guard: "validation/capability-limits", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, caps: func() pmks.Capabilities {
			caps := c.Capabilities()
			caps.Fields.MaxTags = 1
			return caps
		}}
	}},
	{name: "request-kept", guard: "input-not-kept", wrap: func(c correct) pmks.ClusterHandler {
		kept := map[string]pmks.ClusterInfo{}
		return wrong{correct: c, create: func(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
			kept[req.IId.NameId] = req
			return c.CreateCluster(ctx, req)
		}, get: func(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
			info, err := c.GetCluster(ctx, iid)
			if req, ok := kept[info.IId.NameId]; ok {
				info.Network.SubnetIIDs = req.Network.SubnetIIDs
			}
			return info, err
		}}
	}},
	{name: "list-repairs", guard: "reads-change-nothing", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, list: func(ctx context.Context) ([]*pmks.ClusterInfo, error) {
			list, err := c.ListCluster(ctx)
			for _, info := range list {
				for _, g := range info.NodeGroupList {
					_, _ = c.SetNodeGroupAutoScaling(ctx, info.IId, g.IId, true)
				}
			}
			return list, err
		}}
	}},
	{name: "untyped-error", guard: "errors/typed-and-placed", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, remove: func(ctx context.Context, cluster, group pmks.IID) (bool, error) {
			ok, err := c.RemoveNodeGroup(ctx, cluster, group)
			if err != nil {
				err = errors.New("it did not work")
			}
			return ok, err
		}}
	}},
	{name: "error-of-another-call", guard: "errors/typed-and-placed", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, auto: func(ctx context.Context, cluster, group pmks.IID, on bool) (bool, error) {
			if _, err := c.GetCluster(ctx, cluster); err != nil {
				return false, err
			}
			return c.SetNodeGroupAutoScaling(ctx, cluster, group, on)
		}}
	}},
	{name: "deleted-is-precondition", guard: "names/deleted", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, scale: func(ctx context.Context, cluster, group pmks.IID, desired, minSize, maxSize int) (pmks.NodeGroupInfo, error) {
			g, err := c.ChangeNodeGroupScaling(ctx, cluster, group, desired, minSize, maxSize)
			return g, recode(err, pmks.CodeNotFound, pmks.CodeFailedPrecondition)
		}}
	}},
	{name: "unknown-vpc-replaced", guard: "validation/unknown-references", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, create: func(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
			if req.Network.VpcIID == nowhere {
				req.Network.VpcIID = c.sample.Network.VpcIID
			}
			return c.CreateCluster(ctx, req)
		}}
	}},
	{name: "dry-run-is-wet", guard: "validation/dry-run", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, check: func(ctx context.Context, req pmks.ClusterInfo) error {
			_, err := c.CreateCluster(ctx, req)
			return err
		}}
	}},
	{name: "scale-waits-for-creation", guard: "states/node-group-creating", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, scale: func(ctx context.Context, cluster, group pmks.IID, desired, minSize, maxSize int) (pmks.NodeGroupInfo, error) {
			_, _ = pmks.WaitNodeGroupActive(ctx, c, cluster, group)
			return c.ChangeNodeGroupScaling(ctx, cluster, group, desired, minSize, maxSize)
		}}
	}},
	{name: "deleting-is-shown-as-active", guard: "states/deleting", wrap: reads(func(info *pmks.ClusterInfo) {
		if info.Status == pmks.ClusterDeleting {
			info.Status = pmks.ClusterActive
		}
	})},
	{name: "failed-is-busy", guard: "states/failed-and-stopped", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, add: func(ctx context.Context, iid pmks.IID, req pmks.NodeGroupInfo) (pmks.NodeGroupInfo, error) {
			g, err := c.AddNodeGroup(ctx, iid, req)
			return g, recode(err, pmks.CodeFailedPrecondition, pmks.CodeBusy)
		}}
	}},
	{name: "reason-lost", guard: "states/fails-later", wrap: vague},
	{name: "reason-of-deletion-lost", guard: "states/deletion-fails-later", wrap: vague},
	{name: "updating-is-shown-as-active", guard: "states/updating", wrap: reads(func(info *pmks.ClusterInfo) {
		if info.Status == pmks.ClusterUpdating {
			info.Status = pmks.ClusterActive
		}
	})},
	{name: "degraded-is-final", guard: "states/degraded", wrap: reads(func(info *pmks.ClusterInfo) {
		info.StatusFinal = info.Status == pmks.ClusterInactive
	})},
	{name: "stale-size", guard: "states/node-group-updating", wrap: reads(func(info *pmks.ClusterInfo) {
		for i := range info.NodeGroupList {
			g := &info.NodeGroupList[i]
			g.DesiredNodeSize = len(g.Nodes)
		}
	})},
	{name: "refusal-swallowed", guard: "states/node-group-deleting", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, auto: func(ctx context.Context, cluster, group pmks.IID, on bool) (bool, error) {
			_, _ = c.SetNodeGroupAutoScaling(ctx, cluster, group, on)
			return true, nil
		}}
	}},
	{name: "failed-group-is-busy", guard: "states/node-group-failed", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, scale: func(ctx context.Context, cluster, group pmks.IID, desired, minSize, maxSize int) (pmks.NodeGroupInfo, error) {
			g, err := c.ChangeNodeGroupScaling(ctx, cluster, group, desired, minSize, maxSize)
			return g, recode(err, pmks.CodeFailedPrecondition, pmks.CodeBusy)
		}}
	}},
	{name: "versions-oldest-first", guard: "versions/listed", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, versions: func(ctx context.Context) ([]pmks.Version, error) {
			list, err := c.ListVersions(ctx)
			slices.Reverse(list)
			return list, err
		}}
	}},
	{name: "default-is-not-understood", guard: "versions/forms", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, create: func(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
			if req.Version == "Default" {
				return pmks.ClusterInfo{}, &pmks.Error{Code: pmks.CodeInvalidArgument, Field: "Version"}
			}
			return c.CreateCluster(ctx, req)
		}}
	}},
	{name: "offered-not-listed", guard: "versions/unknown-lists-offered", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, create: func(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
			info, err := c.CreateCluster(ctx, req)
			return info, recode(err, pmks.CodeInvalidArgument, pmks.CodeInvalidArgument)
		}}
	}},
	{name: "same-version-is-refused", guard: "upgrade/same-version-sends-nothing", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, upgrade: func(ctx context.Context, iid pmks.IID, version string) (pmks.ClusterInfo, error) {
			if info, err := c.GetCluster(ctx, iid); err == nil && info.Version == version {
				return info, &pmks.Error{Code: pmks.CodeFailedPrecondition, Message: "nothing to do"}
			}
			return c.UpgradeCluster(ctx, iid, version)
		}}
	}},
	{name: "target-is-shown-as-reached", guard: "upgrade/fails-later", wrap: func(c correct) pmks.ClusterHandler {
		target := ""
		return wrong{correct: c, upgrade: func(ctx context.Context, iid pmks.IID, version string) (pmks.ClusterInfo, error) {
			info, err := c.UpgradeCluster(ctx, iid, version)
			if err == nil {
				target = version
			}
			return info, err
		}, get: func(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
			info, err := c.GetCluster(ctx, iid)
			if target != "" && err == nil {
				info.Version = target
			}
			return info, err
		}}
	}},
	{name: "empty-is-not-found", guard: "list/empty", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, list: func(ctx context.Context) ([]*pmks.ClusterInfo, error) {
			list, err := c.ListCluster(ctx)
			if err == nil && len(list) == 0 {
				err = &pmks.Error{Code: pmks.CodeNotFound, Message: "no clusters"}
			}
			return list, err
		}}
	}},
	{name: "vanished-is-an-error", guard: "list/one-vanishes", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, list: func(ctx context.Context) ([]*pmks.ClusterInfo, error) {
			iids, err := c.ListIID(ctx)
			var list []*pmks.ClusterInfo
			for _, iid := range iids {
				info, readErr := c.GetCluster(ctx, *iid)
				info.AccessInfo.Kubeconfig = ""
				list, err = append(list, &info), errors.Join(err, readErr)
			}
			return list, err
		}}
	}},
	{name: "a-sentence-for-a-kubeconfig", guard: "access/kubeconfig", wrap: reads(func(info *pmks.ClusterInfo) {
		if info.AccessInfo.Kubeconfig == "" {
			info.AccessInfo.Kubeconfig = fmt.Sprintf("the cluster is %s, ask later", info.Status)
		}
	})},
	{name: "kubeconfig-of-another-server", guard: "access/kubeconfig", wrap: reads(func(info *pmks.ClusterInfo) {
		if info.AccessInfo.Endpoint != "" {
			info.AccessInfo.Endpoint = "https://10.0.0.1"
		}
	})},
	{name: "close-does-nothing", guard: "access/open-and-close", profile: "tencent", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, access: func(ctx context.Context, iid pmks.IID, open bool) error {
			if !open {
				return nil
			}
			return c.OpenAccess(ctx, iid)
		}}
	}},
}
