// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	cs "github.com/alibabacloud-go/cs-20151215/v5/client"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/ready"
	"github.com/pmks-go/pmks/internal/refuse"
	"github.com/pmks-go/pmks/internal/upgrade"
)

// parallelNodes is how many nodes of a pool are upgraded at once.
const parallelNodes = 1

// UpgradeCluster implements [pmks.ClusterHandler]: the control plane first; called again
// when that is done, all node pools that lag, together.
func (h *Handler) UpgradeCluster(ctx context.Context, clusterIID pmks.IID, newVersion string) (_ pmks.ClusterInfo, err error) {
	defer annotate(&err, "UpgradeCluster", clusterIID, pmks.IID{})
	r, err := h.clusterRef(clusterIID)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	if _, err := kver.Parse(newVersion); err != nil && !kver.IsDefault(newVersion) {
		return pmks.ClusterInfo{}, refuse.Invalid("newVersion", "%q is not a Kubernetes version such as 1.35", refuse.Clip(newVersion))
	}
	id, _, err := h.locate(ctx, r)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	var u upgrading
	var offerErr error
	err = fanout.All(ctx, func(ctx context.Context) (err error) {
		u.clusterRead, err = h.readCluster(ctx, id, nil)
		return err
	}, func(ctx context.Context) error {
		u.offer, offerErr = h.offered(ctx, "")
		return nil
	})
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	if err := u.resolve(newVersion, offerErr); err != nil {
		return pmks.ClusterInfo{}, err
	}
	sent, err := h.upgradeStep(ctx, u)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	if sent {
		u.info.Status = pmks.ClusterUpdating
	}
	return u.info, nil
}

// upgrading is what an upgrade is planned from.
type upgrading struct {
	clusterRead
	offer []*versionItem
	names []string
	want  string
}

// resolve finds out which version is meant. Where the list may not be read, a version in
// full is left to ACK.
func (u *upgrading) resolve(newVersion string, offerErr error) error {
	u.want = strings.TrimPrefix(newVersion, "v")
	switch {
	case errs.Is(offerErr, pmks.CodePermissionDenied) && !kver.IsDefault(newVersion):
		u.names = []string{u.want}
	case offerErr != nil:
		return offerErr
	default:
		u.names = creatableNames(u.offer)
		for _, v := range u.offer { // what others cannot be made with any more can still be gone to
			u.names = append(u.names, tea.StringSliceValue(withoutNil(v.UpgradableVersions))...)
		}
	}
	if next := tea.StringValue(u.cluster.NextVersion); next != "" {
		u.names = append(u.names, next)
	}
	u.names = slices.Compact(kver.Sort(u.names))
	if kver.IsDefault(newVersion) {
		newest, _ := kver.Newest(creatableNames(u.offer))
		u.want = cmp.Or(newest, clusterVersion(u.cluster))
	}
	return nil
}

// upgradeStep sends what comes next, if anything; true also while it is under way.
func (h *Handler) upgradeStep(ctx context.Context, u upgrading) (bool, error) {
	facts := upgrade.Facts{Cloud: "ACK", Current: clusterVersion(u.cluster), Target: u.want, Offered: append(slices.Clone(u.names), clusterVersion(u.cluster)),
		LargestStep: capabilities.Versions.LargestStep}
	for _, p := range u.pools {
		facts.Groups = append(facts.Groups, upgrade.Group{Name: poolID(p), Version: u.versions.behind(p),
			Leaving: poolMeaning(poolState(p)).Status == pmks.ClusterDeleting})
	}
	step, err := upgrade.Plan(facts)
	var refused *upgrade.Error
	if errors.As(err, &refused) && refused.OfRequest() {
		return false, refuse.Upgrade("newVersion", err)
	}
	state := tea.StringValue(u.cluster.State)
	if u.info.Status == pmks.ClusterUpdating && err == nil && step.ControlPlane != "" {
		// Whether it is an upgrade that runs, only its task tells.
		runs, err := h.upgradeRuns(ctx, u.info.IId.SystemId, step.ControlPlane, facts.Current)
		if runs || err != nil {
			return runs, err
		}
	}
	// A failed upgrade is mended by another; of a failed creation ACK decides.
	if err := ready.CheckMend("the cluster", state, clusterMeaning(state)); err != nil {
		return false, err
	}
	switch {
	case err != nil:
		return false, refuse.Upgrade("newVersion", err)
	case step.ControlPlane != "":
		return true, h.upgradeControlPlane(ctx, u.info.IId.SystemId, step.ControlPlane, facts.Current)
	case len(step.Groups) == 0:
		return false, nil
	case u.versions.err != nil:
		// Which pools lag is a guess without their records.
		return false, errs.HalfDone(u.versions.err, "whether node pools were upgraded already could not be read, and nothing was sent")
	}
	return true, h.upgradePools(ctx, u, step.Groups)
}

// upgradeRuns reports whether an upgrade of the control plane to a version runs.
func (h *Handler) upgradeRuns(ctx context.Context, id, version, current string) (bool, error) {
	list, err := h.upgradeTasks(ctx, id, "", func(t *taskItem) bool {
		done, _ := taskState(tea.StringValue(t.State))
		return !done
	})
	sent, ours := h.upgrades.Load(id) // what a task may not tell, this handler knows of its own
	return slices.ContainsFunc(list, func(t *task) bool {
		return !elsewhere(t, version, current) && (!ours || sent == version)
	}), err
}

// elsewhere reports whether a task names versions, and neither is the one that an upgrade
// leads to. Which parameters a task shows ACK does not say.
func elsewhere(t *task, version, current string) bool {
	text, _ := json.Marshal(t.Parameters) // decoded a moment ago
	named := versionInText.FindAllString(string(text), -1)
	return slices.ContainsFunc(named, func(v string) bool { return v != current }) && !slices.Contains(named, version)
}

// versionInText matches a version of ACK in full.
var versionInText = regexp.MustCompile(`\d+\.\d+\.\d+-aliyun\.\d+`)

// sendUpgrade sends the upgrade of a control plane, or of a node pool, exactly once: where
// the answer is lost, a task that was not there before is its own.
func (h *Handler) sendUpgrade(ctx context.Context, id, poolId, version, current string, before tasksBefore, send func(context.Context) error) error {
	_, err := settle(ctx, once.Mutation{Send: send, Happened: func(ctx context.Context) (bool, error) {
		if before.err != nil {
			return false, before.err
		}
		return h.lookFor(ctx, func(ctx context.Context) (bool, error) {
			list, err := h.upgradeTasks(ctx, id, poolId, before.isNew)
			return slices.ContainsFunc(list, func(t *task) bool { return !elsewhere(t, version, current) }), err
		})
	}})
	return h.explain(ctx, err, id, poolId)
}

func (h *Handler) upgradeControlPlane(ctx context.Context, id, version, current string) error {
	in := &cs.UpgradeClusterRequest{NextVersion: &version, MasterOnly: tea.Bool(true)}
	if err := h.beforeUpgrade(ctx, version, current, in); err != nil {
		return err
	}
	before := h.tasksBefore(ctx, id)
	err := h.sendUpgrade(ctx, id, "", version, current, before, func(ctx context.Context) error {
		_, err := send(ctx, h, "UpgradeCluster", "task", func(c csAPI) (*cs.UpgradeClusterResponse, error) {
			return c.UpgradeCluster(&id, in)
		}, func(o *cs.UpgradeClusterResponse) bool { return o.Body != nil && tea.StringValue(o.Body.TaskId) != "" })
		return absent(err, noCluster)
	})
	if err == nil || once.Open(err) {
		h.upgrades.Store(id, version)
	}
	return err
}

// upgradePools sends the upgrade of every pool that lags and rests, together. Pools that
// are being worked on are taken by the next call.
func (h *Handler) upgradePools(ctx context.Context, u upgrading, groups []upgrade.Group) error {
	id, version := u.info.IId.SystemId, clusterVersion(u.cluster)
	faults := make([]error, len(groups))
	iids, sent := make([]pmks.IID, len(groups)), make([]bool, len(groups))
	requests := make([]*cs.UpgradeClusterNodepoolRequest, len(groups))
	for i, g := range groups {
		p := u.pools[slices.IndexFunc(u.pools, func(p *pool) bool { return poolID(p) == g.Name })]
		if iids[i] = poolIID(p); poolMeaning(poolState(p)).Status == pmks.ClusterUpdating {
			continue
		}
		requests[i] = upgradePoolRequest(version)
		step := pmks.UpgradeStep{NodeGroup: iids[i], From: u.versions.of(p), To: version, Typical: capabilities.Typical.UpgradeNodeGroup}
		if err := h.beforeUpgradeNodeGroup(ctx, step, requests[i]); err != nil {
			return errs.OfNodeGroup(err, iids[i])
		}
	}
	err := fanout.Each(ctx, len(groups), func(ctx context.Context, i int) error {
		if requests[i] != nil {
			faults[i] = errs.OfNodeGroup(h.upgradePool(ctx, id, groups[i].Name, version, requests[i], u.versions.tasks), iids[i])
			sent[i] = faults[i] == nil
		}
		return nil
	})
	var begun []string
	for i, ok := range sent {
		if ok {
			begun = append(begun, iids[i].NameId)
		}
	}
	all := errs.Join(errs.Join(faults...), err)
	if len(begun) > 0 {
		all = errs.HalfDone(all, fmt.Sprintf("the upgrade of %s has begun, this one has not", strings.Join(begun, ", ")))
	}
	return all
}

func upgradePoolRequest(version string) *cs.UpgradeClusterNodepoolRequest {
	return &cs.UpgradeClusterNodepoolRequest{KubernetesVersion: &version, UseReplace: tea.Bool(false),
		// Without it the task pauses after its first nodes, for ever.
		RollingPolicy: &cs.UpgradeClusterNodepoolRequestRollingPolicy{MaxParallelism: tea.Int32(parallelNodes), PausePolicy: tea.String("NotPause")}}
}

func (h *Handler) upgradePool(ctx context.Context, id, poolId, version string, in *cs.UpgradeClusterNodepoolRequest, before tasksBefore) error {
	return h.sendUpgrade(ctx, id, poolId, version, "", before, func(ctx context.Context) error {
		_, err := send(ctx, h, "UpgradeClusterNodepool", "task", func(c csAPI) (*cs.UpgradeClusterNodepoolResponse, error) {
			return c.UpgradeClusterNodepool(&id, &poolId, in)
		}, func(o *cs.UpgradeClusterNodepoolResponse) bool {
			return o.Body != nil && tea.StringValue(o.Body.TaskId) != ""
		})
		return absent(err, noCluster, noPool)
	})
}
