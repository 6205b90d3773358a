// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
)

var mutants = []mutant{
	{name: "names-are-ids", guard: "names/name-only-id-only-both", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, get: func(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
			return c.GetCluster(ctx, pmks.IID{NameId: iid.NameId})
		}}
	}},
	{name: "unknown-is-internal", guard: "names/unknown", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, get: func(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
			info, err := c.GetCluster(ctx, iid)
			if errors.Is(err, pmks.ErrNotFound) {
				err = &pmks.Error{Code: pmks.CodeInternal}
			}
			return info, err
		}}
	}},
	{name: "first-of-many", guard: "names/ambiguous", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, get: func(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
			if iid.SystemId == "" {
				list, err := c.ListCluster(ctx)
				for _, info := range list {
					if info.IId.NameId == iid.NameId {
						return *info, err
					}
				}
			}
			return c.GetCluster(ctx, iid)
		}}
	}},
	{name: "ids-not-checked", guard: "names/path-like-huge-and-control", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, del: func(ctx context.Context, iid pmks.IID) (bool, error) {
			if strings.Contains(iid.NameId+iid.SystemId, "..") {
				return false, &pmks.Error{Code: pmks.CodeNotFound}
			}
			return c.DeleteCluster(ctx, iid)
		}}
	}},
	{name: "active-at-once", guard: "create-returns-at-once", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, create: func(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
			info, err := c.CreateCluster(ctx, req)
			info.Status = pmks.ClusterActive
			return info, err
		}}
	}},
	{name: "existing-name-succeeds", guard: "create-duplicate-cluster-changes-nothing", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, create: func(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
			info, err := c.CreateCluster(ctx, req)
			if errors.Is(err, pmks.ErrAlreadyExists) {
				return c.GetCluster(ctx, pmks.IID{NameId: req.IId.NameId})
			}
			return info, err
		}}
	}},
	{name: "existing-group-is-resized", guard: "add-duplicate-node-group-changes-nothing", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, add: func(ctx context.Context, iid pmks.IID, req pmks.NodeGroupInfo) (pmks.NodeGroupInfo, error) {
			g, err := c.AddNodeGroup(ctx, iid, req)
			if errors.Is(err, pmks.ErrAlreadyExists) {
				_, _ = c.ChangeNodeGroupScaling(ctx, iid, req.IId, req.DesiredNodeSize, req.MinNodeSize, req.MaxNodeSize)
			}
			return g, err
		}}
	}},
	{name: "tags-dropped", guard: "request-fields-read-back", wrap: reads(func(info *pmks.ClusterInfo) { info.TagList = nil })},
	{name: "key-pair-dropped", guard: "request-fields-read-back", wrap: reads(func(info *pmks.ClusterInfo) {
		for i := range info.NodeGroupList {
			info.NodeGroupList[i].KeyPairIID = pmks.IID{}
		}
	})},
	{name: "unknown-word-is-shown", guard: "status-words", wrap: reads(func(info *pmks.ClusterInfo) {
		if info.Status == pmks.ClusterUpdating || info.Status == pmks.ClusterCreating {
			info.Status = "PROVISIONING"
		}
	})},
	{name: "inactive-without-reason", guard: "status-words", wrap: reads(func(info *pmks.ClusterInfo) { info.StatusReason = "" })},
	{name: "native-status-dropped", guard: "status-words", wrap: reads(func(info *pmks.ClusterInfo) { info.KeyValueList = nil })},
	{name: "false-without-error", guard: "bool-true-without-error", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, auto: func(ctx context.Context, cluster, group pmks.IID, on bool) (bool, error) {
			_, err := c.SetNodeGroupAutoScaling(ctx, cluster, group, on)
			return false, err
		}}
	}},
	{name: "request-modified", guard: "input-not-modified", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, add: func(ctx context.Context, iid pmks.IID, req pmks.NodeGroupInfo) (pmks.NodeGroupInfo, error) {
			return c.AddNodeGroup(ctx, iid, req)
		}, create: func(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
			info, err := c.CreateCluster(ctx, req)
			req.Network.SubnetIIDs[0] = pmks.IID{NameId: "mine"}
			return info, err
		}}
	}},
	{name: "output-kept", guard: "output-not-shared", wrap: func(c correct) pmks.ClusterHandler {
		kept := map[pmks.IID][]pmks.KeyValue{}
		return wrong{correct: c, get: func(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
			info, err := c.GetCluster(ctx, iid)
			if kept[info.IId] == nil {
				kept[info.IId] = info.TagList
			}
			info.TagList = kept[info.IId]
			return info, err
		}}
	}},
	{name: "one-fault-at-a-time", guard: "validation/all-faults-in-one-error", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, create: func(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
			info, err := c.CreateCluster(ctx, req)
			if joined, ok := err.(interface{ Unwrap() []error }); ok {
				err = joined.Unwrap()[0]
			}
			return info, err
		}}
	}},
	{name: "fields-not-named", guard: "validation/cluster-fields", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, create: func(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
			info, err := c.CreateCluster(ctx, req)
			if errors.Is(err, pmks.ErrInvalidArgument) {
				err = &pmks.Error{Code: pmks.CodeInvalidArgument, Message: "bad request"}
			}
			return info, err
		}}
	}},
	{name: "bad-sizes-mended", guard: "validation/node-group-fields", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, add: func(ctx context.Context, iid pmks.IID, req pmks.NodeGroupInfo) (pmks.NodeGroupInfo, error) {
			req.MinNodeSize = max(0, req.MinNodeSize)
			return c.AddNodeGroup(ctx, iid, req)
		}}
	}},
	{name: "groups-dropped", guard: "validation/groups-at-create", profile: "aws", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, create: func(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
			req.NodeGroupList = nil
			return c.CreateCluster(ctx, req)
		}}
	}},
	{name: "waits-until-active", guard: "states/creating", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, add: func(ctx context.Context, iid pmks.IID, req pmks.NodeGroupInfo) (pmks.NodeGroupInfo, error) {
			_, _ = pmks.WaitClusterActive(ctx, c, iid)
			return c.AddNodeGroup(ctx, iid, req)
		}}
	}},
	{name: "scaling-switches-auto-on", guard: "scaling/off-resizes", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, scale: func(ctx context.Context, cluster, group pmks.IID, desired, minSize, maxSize int) (pmks.NodeGroupInfo, error) {
			if _, err := c.SetNodeGroupAutoScaling(ctx, cluster, group, true); err == nil {
				_, _ = pmks.WaitNodeGroupActive(ctx, c, cluster, group)
			}
			return c.ChangeNodeGroupScaling(ctx, cluster, group, desired, minSize, maxSize)
		}}
	}},
	{name: "bounds-forgotten", guard: "scaling/bounds-kept-over-off-and-on", wrap: reads(func(info *pmks.ClusterInfo) {
		for i := range info.NodeGroupList {
			if g := &info.NodeGroupList[i]; !g.OnAutoScaling {
				g.MinNodeSize, g.MaxNodeSize = 0, 0
			}
		}
	})},
	{name: "always-writes", guard: "scaling/autoscaling-already-so", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, auto: func(ctx context.Context, cluster, group pmks.IID, on bool) (bool, error) {
			info, err := c.GetCluster(ctx, cluster)
			if g, ok := info.NodeGroup(group); err == nil && ok && g.OnAutoScaling == on {
				_, _ = c.SetNodeGroupAutoScaling(ctx, cluster, group, !on)
				_, _ = pmks.WaitNodeGroupActive(ctx, c, cluster, group)
			}
			return c.SetNodeGroupAutoScaling(ctx, cluster, group, on)
		}}
	}},
	{name: "zero-means-zero", guard: "scaling/desired-zero-leaves-it", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, scale: func(ctx context.Context, cluster, group pmks.IID, desired, minSize, maxSize int) (pmks.NodeGroupInfo, error) {
			if desired == 0 {
				desired = minSize
			}
			return c.ChangeNodeGroupScaling(ctx, cluster, group, desired, minSize, maxSize)
		}}
	}},
	{name: "second-delete-fails", guard: "delete/twice", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, del: func(ctx context.Context, iid pmks.IID) (bool, error) {
			if info, err := c.GetCluster(ctx, iid); err == nil && info.Status == pmks.ClusterDeleting {
				return false, &pmks.Error{Code: pmks.CodeBusy}
			}
			return c.DeleteCluster(ctx, iid)
		}}
	}},
	{name: "protection-lifted", guard: "delete/protected", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, del: func(ctx context.Context, iid pmks.IID) (bool, error) {
			_ = c.fake.Protect(iid, false)
			return c.DeleteCluster(ctx, iid)
		}}
	}},
	{name: "control-plane-only", guard: "upgrade/step-by-step", profile: "gcp", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, upgrade: func(ctx context.Context, iid pmks.IID, version string) (pmks.ClusterInfo, error) {
			if info, err := c.GetCluster(ctx, iid); err == nil && info.Version == version {
				return info, nil
			}
			return c.UpgradeCluster(ctx, iid, version)
		}}
	}},
	{name: "downgrade-is-busy", guard: "upgrade/downgrade", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, upgrade: func(ctx context.Context, iid pmks.IID, version string) (pmks.ClusterInfo, error) {
			info, err := c.UpgradeCluster(ctx, iid, version)
			if errors.Is(err, pmks.ErrInvalidArgument) {
				err = &pmks.Error{Code: pmks.CodeFailedPrecondition}
			}
			return info, err
		}}
	}},
	{name: "allowed-not-named", guard: "upgrade/too-large-a-step", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, upgrade: func(ctx context.Context, iid pmks.IID, version string) (pmks.ClusterInfo, error) {
			info, err := c.UpgradeCluster(ctx, iid, version)
			if errors.Is(err, pmks.ErrFailedPrecondition) {
				err = &pmks.Error{Code: pmks.CodeFailedPrecondition, Message: "too far"}
			}
			return info, err
		}}
	}},
	{name: "list-stops-after-a-page", guard: "list/several-pages", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, list: func(ctx context.Context) ([]*pmks.ClusterInfo, error) {
			list, err := c.ListCluster(ctx)
			return list[:min(100, len(list))], err
		}}
	}},
	{name: "unreadable-hidden", guard: "list/one-unreadable", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, list: func(ctx context.Context) ([]*pmks.ClusterInfo, error) {
			list, _ := c.ListCluster(ctx)
			return list, nil
		}}
	}},
	{name: "kubeconfig-in-list", guard: "list/as-get-shows-it", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, list: func(ctx context.Context) ([]*pmks.ClusterInfo, error) {
			list, err := c.ListCluster(ctx)
			for _, info := range list {
				info.AccessInfo.Kubeconfig = "apiVersion: v1"
			}
			return list, err
		}}
	}},
	{name: "context-ignored", guard: "context/canceled-during-the-call", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, get: func(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
			info, err := c.GetCluster(context.WithoutCancel(ctx), iid)
			if err == nil {
				err = ctx.Err()
			}
			return info, err
		}}
	}},
	{name: "context-error-lost", guard: "context/over-before-the-call", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, get: func(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
			if ctx.Err() != nil {
				return pmks.ClusterInfo{}, &pmks.Error{Code: pmks.CodeCanceled}
			}
			return c.GetCluster(ctx, iid)
		}}
	}},
	{name: "create-sent-again", guard: "once/reply-lost", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, add: func(ctx context.Context, iid pmks.IID, req pmks.NodeGroupInfo) (pmks.NodeGroupInfo, error) {
			g, err := c.AddNodeGroup(ctx, iid, req)
			twin := req.Clone()
			twin.IId.NameId += "twin"
			_, _ = c.AddNodeGroup(ctx, iid, twin)
			return g, err
		}}
	}},
	{name: "doubt-hidden", guard: "once/reply-lost-and-looking-fails", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, create: func(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
			info, err := c.CreateCluster(ctx, req)
			var e *pmks.Error
			if errors.As(err, &e) {
				e.MayHaveHappened = false
			}
			return info, err
		}}
	}},
	{name: "throttled-is-unknown", guard: "throttling/retry-after-and-nothing-changed", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, list: func(ctx context.Context) ([]*pmks.ClusterInfo, error) {
			list, err := c.ListCluster(ctx)
			if errors.Is(err, pmks.ErrThrottled) {
				err = errors.New("429 slow down")
			}
			return list, err
		}}
	}},
	{name: "secret-in-error", guard: "secrets/in-no-error-log-or-event", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, del: func(ctx context.Context, iid pmks.IID) (bool, error) {
			ok, err := c.DeleteCluster(ctx, iid)
			if err != nil {
				err = &pmks.Error{Code: pmks.CodeOf(err), Err: fmt.Errorf("with key %s: %w", secretKey, err)}
			}
			return ok, err
		}}
	}},
	{name: "adopts-anything", guard: "names/both-empty", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, remove: func(ctx context.Context, cluster, group pmks.IID) (bool, error) {
			if group.IsZero() {
				info, err := c.GetCluster(ctx, cluster)
				if err == nil && len(info.NodeGroupList) > 0 {
					group = info.NodeGroupList[0].IId
				}
			}
			return c.RemoveNodeGroup(ctx, cluster, group)
		}}
	}},
	{name: "token-never-ends", guard: "access/token", wrap: func(c correct) pmks.ClusterHandler {
		return wrong{correct: c, token: func(ctx context.Context, iid pmks.IID) (pmks.Token, error) {
			token, err := c.GenerateClusterToken(ctx, iid)
			token.ExpiresAt = time.Time{}
			return token, err
		}}
	}},
}
