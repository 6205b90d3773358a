// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	tke "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/v20180525"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/hook"
	"github.com/pmks-go/pmks/internal/provider/ready"
	"github.com/pmks-go/pmks/internal/refuse"
	"github.com/pmks-go/pmks/internal/upgrade"
)

// UpgradeCluster implements [pmks.ClusterHandler]: the control plane first; called again
// when that is done, all nodes that lag, in place and together.
func (h *Handler) UpgradeCluster(ctx context.Context, clusterIID pmks.IID, newVersion string) (_ pmks.ClusterInfo, err error) {
	defer annotate(&err, "UpgradeCluster", clusterIID, pmks.IID{})
	r, err := h.clusterRef(clusterIID)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	if _, err := kver.Parse(newVersion); err != nil && !kver.IsDefault(newVersion) {
		return pmks.ClusterInfo{}, refuse.Invalid("newVersion", "%q is not a Kubernetes version such as 1.32", refuse.Clip(newVersion))
	}
	id, listed, err := h.locate(ctx, r)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	var u upgrading
	var nextErr error
	err = fanout.All(ctx, func(ctx context.Context) (err error) {
		if u.clusterRead, err = h.readCluster(ctx, id, listed); err == nil {
			err = h.readDetails(ctx, u.clusterRead)
		}
		return err
	}, func(ctx context.Context) error {
		u.next, nextErr = h.availableVersions(ctx, id)
		return nil
	})
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	status := clusterMeaning(deref(u.cluster.ClusterStatus))
	if nextErr != nil && (status.Status == pmks.ClusterActive || !isRefusal(nextErr)) {
		return pmks.ClusterInfo{}, nextErr
	}
	if err := h.resolve(ctx, &u, newVersion); err != nil {
		return pmks.ClusterInfo{}, err
	}
	sent, err := h.upgradeStep(ctx, u)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	info := u.info()
	if sent {
		info.Status = pmks.ClusterUpdating
	}
	return info, nil
}

// upgrading is what an upgrade is planned from.
type upgrading struct {
	*clusterRead
	next  []string // where TKE offers to go now
	names []string // what is known beside that
	want  string
}

// availableVersions are those that TKE offers to upgrade a cluster to.
func (h *Handler) availableVersions(ctx context.Context, id string) ([]string, error) {
	in := tke.NewDescribeAvailableClusterVersionRequest()
	in.ClusterId = &id
	out, err := read(ctx, h, in, tke.NewDescribeAvailableClusterVersionResponse, "list of versions", func(o *tke.DescribeAvailableClusterVersionResponse) bool {
		return o.Response != nil && deref(o.Response.RequestId) != ""
	})
	if err != nil {
		return nil, err
	}
	list := texts(out.Response.Versions)
	for _, c := range withoutNil(out.Response.Clusters) {
		if deref(c.ClusterId) == id {
			list = append(list, texts(c.Versions)...)
		}
	}
	return slices.Compact(kver.Sort(list)), nil
}

// resolve finds out which version is meant: one that the cluster has or may go to, or else
// one of those that there are.
func (h *Handler) resolve(ctx context.Context, u *upgrading, newVersion string) error {
	current := deref(u.cluster.ClusterVersion)
	u.names = append([]string{current}, u.next...)
	u.want = strings.TrimPrefix(newVersion, "v")
	if !kver.IsDefault(newVersion) {
		if _, err := kver.Choose(newVersion, u.names, ""); err == nil {
			return nil
		}
	}
	offered, _, err := h.offered(ctx)
	if err != nil {
		return err
	}
	u.names = slices.Compact(kver.Sort(append(u.names, offered...)))
	if kver.IsDefault(newVersion) {
		if u.want, _ = kver.Newest(offered); u.want == "" {
			u.want = current
		}
	}
	return nil
}

// plan is the next step. Where TKE offers to go further than usual, that is a step.
func (u upgrading) plan() (upgrade.Step, error) {
	f := upgrade.Facts{Cloud: "TKE", Current: deref(u.cluster.ClusterVersion), Target: u.want, Offered: u.names, LargestStep: capabilities.Versions.LargestStep}
	if current, err := kver.Parse(f.Current); err == nil {
		for _, name := range u.next {
			if v, err := kver.Parse(name); err == nil {
				f.LargestStep = max(f.LargestStep, current.MinorDistance(v))
			}
		}
	}
	f.Skew = f.LargestStep
	for _, p := range u.pools {
		id := deref(p.pool.NodePoolId)
		f.Groups = append(f.Groups, upgrade.Group{Name: id, Version: u.versions.of(id), Leaving: poolMeaning(deref(p.pool.LifeState)).Status == pmks.ClusterDeleting})
	}
	return upgrade.Plan(f)
}

// upgradeStep sends what comes next, if anything; true also while it is under way.
func (h *Handler) upgradeStep(ctx context.Context, u upgrading) (bool, error) {
	step, planErr := u.plan()
	var refused *upgrade.Error
	if errors.As(planErr, &refused) && refused.OfRequest() {
		return false, refuse.Upgrade("newVersion", planErr)
	}
	word := deref(u.cluster.ClusterStatus)
	switch {
	case planErr == nil && strings.EqualFold(word, "Upgrading") && step.ControlPlane != "" && h.isUpgradingTo(ctx, u.id(), step.ControlPlane),
		planErr == nil && strings.EqualFold(word, "NodeUpgrading") && step.ControlPlane == "" && len(step.Groups) > 0:
		return true, nil
	}
	// What mends a failed cluster is for TKE to say.
	if err := ready.CheckMend("the cluster", word, clusterMeaning(word)); err != nil {
		return false, err
	}
	switch {
	case planErr != nil:
		return false, refuse.Upgrade("newVersion", planErr)
	case step.ControlPlane != "" && !slices.Contains(u.next, step.ControlPlane):
		if len(u.next) == 0 {
			return false, refuse.Precondition("TKE offers no upgrade of this cluster now, to %s neither", step.ControlPlane)
		}
		return false, refuse.Precondition("TKE upgrades this cluster to %s next, not to %s", strings.Join(u.next, " or "), step.ControlPlane)
	case step.ControlPlane != "":
		return true, h.upgradeControlPlane(ctx, u.id(), deref(u.cluster.ClusterVersion), step.ControlPlane)
	case u.versions.err != nil:
		return false, errs.HalfDone(u.versions.err, "which nodes lag could not be read, and nothing was sent")
	case len(step.Groups) == 0:
		for _, p := range u.pools {
			if err := u.versions.errOf(deref(p.pool.NodePoolId)); err != nil {
				return false, errs.OfNodeGroup(err, poolIID(p.pool))
			}
		}
		return false, nil
	}
	return true, h.upgradeNodes(ctx, u, step.Groups)
}

// upgradeSent is an upgrade that this handler has sent.
type upgradeSent struct {
	version string
	at      time.Time
}

// forgetUpgrade forgets what was sent to a cluster that rests: what runs later another has
// sent. The list may not show yet that it has begun.
func (h *Handler) forgetUpgrade(c *tke.Cluster) {
	id := deref(c.ClusterId)
	sent, ok := h.upgrades.Load(id)
	if ok && clusterMeaning(deref(c.ClusterStatus)).Status == pmks.ClusterActive && time.Since(sent.(upgradeSent).at) >= listLag { //nolint:errcheck // only these are stored
		h.upgrades.CompareAndDelete(id, sent)
	}
}

// versionText matches the versions that the parameters of a task may hold.
var versionText = regexp.MustCompile(`\b1\.[0-9]+\.[0-9]+\b`)

// isUpgradingTo reports whether the upgrade that runs goes to a version: this handler has
// sent it, or its record tells.
func (h *Handler) isUpgradingTo(ctx context.Context, id, version string) bool {
	if sent, ok := h.upgrades.Load(id); ok && sent.(upgradeSent).version == version { //nolint:errcheck // only these are stored
		return true
	}
	t, err := h.lastTask(ctx, id, taskUpgrade)
	return err == nil && t != nil && slices.Contains(versionText.FindAllString(deref(t.Param), -1), version)
}

func (h *Handler) upgradeControlPlane(ctx context.Context, id, was, version string) error {
	in := tke.NewUpdateClusterVersionRequest()
	in.ClusterId, in.DstVersion, in.SkipPreCheck = &id, &version, new(false)
	step := pmks.UpgradeStep{From: was, To: version, Typical: capabilities.Typical.UpgradeControlPlane}
	if err := hook.Run(ctx, "BeforeUpgrade", h.cfg.BeforeUpgrade, step, in, keptOfUpgrade); err != nil {
		return err
	}
	began := h.api.now()
	_, err := settle(ctx, once.Mutation{
		Send: func(ctx context.Context) error {
			_, err := send(ctx, h, in, tke.NewUpdateClusterVersionResponse, "answer to UpdateClusterVersion", func(o *tke.UpdateClusterVersionResponse) bool {
				return o.Response != nil && deref(o.Response.RequestId) != ""
			})
			return unfound(err)
		},
		Happened: func(ctx context.Context) (bool, error) {
			c, err := h.describe(ctx, id)
			switch {
			case err != nil:
				return false, err
			case deref(c.ClusterVersion) != was:
				return deref(c.ClusterVersion) == version, nil
			case strings.EqualFold(deref(c.ClusterStatus), "Upgrading"):
				t, err := h.lastTask(ctx, id, taskUpgrade)
				others := err == nil && t != nil && versionText.MatchString(deref(t.Param)) && !strings.Contains(deref(t.Param), version)
				return !others, nil
			}
			// One that failed at once leaves its record alone.
			return h.taskSince(ctx, id, taskUpgrade, began), nil
		},
	})
	if err == nil {
		h.upgrades.Store(id, upgradeSent{version, time.Now()})
	}
	return h.explain(ctx, err, id, "")
}

// taskSince reports whether TKE has the record of a task from a time on; it tells seconds.
func (h *Handler) taskSince(ctx context.Context, id, kind string, began time.Time) bool {
	t, err := h.lastTask(ctx, id, kind)
	at := time.Time{}
	if t != nil {
		at = stamp(t.CreatedAt)
	}
	return err == nil && !at.IsZero() && !at.Before(began.Truncate(time.Second))
}

// parallelNodes is how many nodes are upgraded at once.
const parallelNodes = 1

// upgradeNodes sends the upgrade of the nodes that lag, of all pools that rest. Those that
// lag by minors go first; TKE upgrades patches in another way.
func (h *Handler) upgradeNodes(ctx context.Context, u upgrading, groups []upgrade.Group) error {
	current, err := kver.Parse(u.versions.current)
	if err != nil {
		return errs.LostAnswer(vendor, "version of the cluster")
	}
	resting := func(poolId string) bool {
		i := slices.IndexFunc(u.pools, func(p poolRead) bool { return deref(p.pool.NodePoolId) == poolId })
		return i >= 0 && poolMeaning(deref(u.pools[i].pool.LifeState)).Status != pmks.ClusterUpdating &&
			slices.ContainsFunc(groups, func(g upgrade.Group) bool { return g.Name == poolId })
	}
	ways, pools := map[string][]string{}, map[string]pmks.UpgradeStep{}
	for _, n := range u.nodes {
		version, lags := u.versions.behind[*n.InstanceId]
		if !lags || !resting(deref(n.NodePoolId)) {
			continue
		}
		way := "major"
		if v, err := kver.Parse(version); err == nil && v.SameMinor(current) {
			way = "hot"
		}
		step, known := pools[way]
		if !known {
			step = pmks.UpgradeStep{NodeGroup: u.group(deref(n.NodePoolId)), From: version, To: u.versions.current, Typical: capabilities.Typical.UpgradeNodeGroup}
		}
		if step.NodeGroup.SystemId != deref(n.NodePoolId) {
			step.NodeGroup = pmks.IID{} // one request for several
		}
		if isOlder(version, step.From) {
			step.From = version
		}
		ways[way], pools[way] = append(ways[way], *n.InstanceId), step
	}
	for _, way := range []string{"major", "hot"} {
		if len(ways[way]) > 0 {
			return h.upgradeInstances(ctx, u.id(), way, ways[way], pools[way])
		}
	}
	return nil // all that lag are being worked on
}

// group is a pool of the cluster by its id.
func (r *clusterRead) group(poolId string) pmks.IID {
	for _, p := range r.pools {
		if deref(p.pool.NodePoolId) == poolId {
			return poolIID(p.pool)
		}
	}
	return pmks.IID{SystemId: poolId}
}

func (h *Handler) upgradeInstances(ctx context.Context, id, way string, ids []string, step pmks.UpgradeStep) error {
	in := tke.NewUpgradeClusterInstancesRequest()
	in.ClusterId, in.Operation, in.UpgradeType, in.InstanceIds, in.Concurrent = &id, new("create"), &way, pointers(ids), new(int64(parallelNodes))
	if err := hook.Run(ctx, "BeforeUpgradeNodeGroup", h.cfg.BeforeUpgradeNodeGroup, step, in, keptOfNodes); err != nil {
		return err
	}
	began := h.api.now()
	_, err := settle(ctx, once.Mutation{
		Send: func(ctx context.Context) error {
			_, err := send(ctx, h, in, tke.NewUpgradeClusterInstancesResponse, "answer to UpgradeClusterInstances", func(o *tke.UpgradeClusterInstancesResponse) bool {
				return o.Response != nil && deref(o.Response.RequestId) != ""
			})
			return unfound(err)
		},
		Happened: func(ctx context.Context) (bool, error) { return h.taskSince(ctx, id, taskNodes, began), nil },
	})
	if err == nil {
		h.nodesSent.Store(id, time.Now())
	}
	return h.explain(ctx, err, id, "")
}
