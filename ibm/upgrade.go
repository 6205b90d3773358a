// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/ready"
	"github.com/pmks-go/pmks/internal/refuse"
	"github.com/pmks-go/pmks/internal/upgrade"
)

// UpgradeCluster implements [pmks.ClusterHandler]: the control plane first. Workers do
// not follow by themselves, and many at once would be an outage: each further call
// replaces one worker of every pool that lags and is at rest, until none does.
func (h *Handler) UpgradeCluster(ctx context.Context, clusterIID pmks.IID, newVersion string) (_ pmks.ClusterInfo, err error) {
	defer annotate(&err, "UpgradeCluster", clusterIID, pmks.IID{})
	r, err := h.clusterRef(ctx, clusterIID)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	if _, err := kver.Parse(newVersion); err != nil && !kver.IsDefault(newVersion) {
		return pmks.ClusterInfo{}, refuse.Invalid("newVersion", "%q is not a Kubernetes version such as 1.33", refuse.Clip(newVersion))
	}
	var o offer
	var offerErr error
	v, err := h.withWorkers(ctx, r, func(ctx context.Context, _ string) { o, offerErr = h.offered(ctx) })
	// Which workers lag must be known, or it would not be known what is left to do.
	for _, err := range []error{err, offerErr, v.workersErr} {
		if err != nil {
			return pmks.ClusterInfo{}, err
		}
	}
	info := h.clusterInfo(v)
	going, err := h.upgradeStep(ctx, v, o, newVersion)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	if going {
		info.Status = pmks.ClusterUpdating
	}
	return info, nil
}

// maxSkew is how many minors IKS lets workers lie behind the master.
const maxSkew = 2

// upgradeStep sends what comes next, if anything; true also while it is under way.
func (h *Handler) upgradeStep(ctx context.Context, v view, o offer, want string) (bool, error) {
	if kver.IsDefault(want) {
		want = o.standard()
	}
	current := version(v.c.MasterKubeVersion)
	facts := upgrade.Facts{Cloud: cloud, Current: current, Target: want, Offered: append(o.names(true), current),
		LargestStep: capabilities.Versions.LargestStep, Skew: maxSkew}
	for _, p := range v.pools {
		facts.Groups = append(facts.Groups, upgrade.Group{Name: p.Name, Version: groupVersion(v.of(p)),
			Leaving: poolMeaning(p, nil, false).Status == pmks.ClusterDeleting})
	}
	step, err := upgrade.Plan(facts)
	if err != nil {
		return false, refuse.Upgrade("newVersion", err)
	}
	m := clusterMeaning(v.c, nil)
	if m.Status == pmks.ClusterUpdating {
		if to := pendingVersion(v.c); to == "" || step.ControlPlane == to || step.ControlPlane == "" {
			return true, nil
		}
		return false, &pmks.Error{Code: pmks.CodeBusy, ProviderCode: v.c.State, Message: "the master goes to " + pendingVersion(v.c) + ": wait until it is there"}
	}
	check := ready.CheckMend
	if m.Final {
		check = ready.Check // no master that could be upgraded
	}
	if err := check("the cluster", v.c.State, m); err != nil {
		return false, err
	}
	if step.ControlPlane != "" {
		return true, h.upgradeMaster(ctx, v.c, step.ControlPlane)
	}
	return h.replaceWorkers(ctx, v)
}

// pendingVersion is the version that a master goes to; empty where IBM does not tell.
func pendingVersion(c clusterObject) string {
	_, to, _ := strings.Cut(c.MasterKubeVersion, "-->")
	return version(to)
}

// upgradeMaster sends the upgrade of the master. That it is there, or on its way there,
// is what was wanted, whoever sent it.
func (h *Handler) upgradeMaster(ctx context.Context, c clusterObject, to string) error {
	if err := h.checkAutoscaler(ctx, c, to); err != nil {
		return err
	}
	in := UpdateMasterRequest{Cluster: c.ID, Version: to, Force: h.cfg.ForceUpdate}
	if err := h.beforeUpgrade(ctx, c, &in); err != nil {
		return err
	}
	err := h.change(ctx, post("/v2/updateMaster", c.ResourceGroup, in, http.StatusNoContent),
		func(ctx context.Context) (bool, error) {
			now, err := h.readCluster(ctx, c.ID)
			return version(now.MasterKubeVersion) == to || pendingVersion(now) == to, err
		})
	if errs.ProviderCode(err) == codeMasterThere {
		return nil
	}
	if errs.Is(err, pmks.CodeInvalidArgument) {
		// The version was chosen from those on offer: only a warning is left.
		err = errs.With(err, func(e *pmks.Error) {
			if asksForce.MatchString(e.Message) {
				e.Code, e.Message = pmks.CodeFailedPrecondition, e.Message+": mend it, or set forceUpdate=true"
			}
		})
	}
	return h.ofCluster(ctx, err, c.ID)
}

// asksForce matches a refusal that IBM lets a caller override.
var asksForce = regexp.MustCompile(`(?i)\bforce\b|force-update`)

// lags reports whether a worker is to be replaced: it runs an older version than the
// master, or an older fix pack than IBM has for it.
func lags(w workerObject, c clusterObject) bool {
	k := w.KubeVersion
	if kindOf(w) == leavingWorker || version(k.Actual) == "" {
		return false
	}
	master := version(c.MasterKubeVersion)
	group := []upgrade.Group{{Version: version(k.Actual)}}
	return len(upgrade.Lagging(group, master)) > 0 || k.Target != "" && k.Target != k.Actual && version(k.Target) == master
}

// nextWorker is the worker of a pool that is to be replaced next, -1 for none; going
// reports whether the pool is on its way. A worker is only given up when all others are
// there and well, or when it is the one that is not: two at once would be an outage. One
// that failed to come ends the upgrade, or all the others would go the same way.
func nextWorker(p poolObject, workers []workerObject, c clusterObject) (next int, going bool, err error) {
	live, sick, moving, lagging, sickLagging := 0, 0, false, -1, -1
	for i, w := range workers {
		k := kindOf(w)
		if k == failedWorker {
			return -1, false, refuse.Precondition("no further worker is replaced while one has failed: %s %s; end its cause, replace or remove it with IBM's own tools, then call again", w.ID, workerMessage(w))
		}
		live++
		moving = moving || inTransition(w)
		behind := lags(w, c)
		switch {
		case k == sickWorker && behind && sickLagging < 0:
			sickLagging = i
		case k == sickWorker:
			sick++
		case behind && lagging < 0:
			lagging = i
		}
	}
	switch {
	case moving, live < size(p):
		return -1, true, nil // of one that is not there nobody knows the version
	case sickLagging >= 0 && sick == 0:
		return sickLagging, true, nil
	case lagging < 0 && sickLagging < 0:
		return -1, false, nil
	case sick > 0, sickLagging >= 0:
		return -1, true, nil
	}
	return lagging, true, nil
}

// replaceWorkers replaces one worker of every pool that lags and is at rest.
func (h *Handler) replaceWorkers(ctx context.Context, v view) (bool, error) {
	type replacement struct {
		pool   poolObject
		worker workerObject
	}
	var list []replacement
	going := false
	for _, p := range v.pools {
		if poolMeaning(p, nil, false).Status == pmks.ClusterDeleting {
			continue
		}
		workers := v.of(p)
		next, more, err := nextWorker(p, workers, v.c)
		if err != nil {
			return false, errs.OfNodeGroup(err, poolIID(p))
		}
		going = going || more
		if next >= 0 {
			list = append(list, replacement{p, workers[next]})
		}
	}
	faults := make([]error, len(list))
	err := fanout.Each(ctx, len(list), func(ctx context.Context, i int) error {
		faults[i] = errs.OfNodeGroup(h.replaceWorker(ctx, v.c, list[i].pool, list[i].worker), poolIID(list[i].pool))
		return nil
	})
	var sent []string
	for i, err := range faults {
		if err == nil {
			sent = append(sent, list[i].pool.Name)
		}
	}
	all := errs.Join(errors.Join(faults...), err)
	if len(sent) > 0 && len(sent) < len(list) {
		all = errs.HalfDone(all, fmt.Sprintf("a worker of %s is replaced, of this group none is", strings.Join(sent, ", ")))
	}
	return going, all
}

// replaceWorker sends the replacement of one worker. Its id is never used again: that it
// leaves is this very replacement, or one that does the same.
func (h *Handler) replaceWorker(ctx context.Context, c clusterObject, p poolObject, w workerObject) error {
	in := ReplaceWorkerRequest{Cluster: c.ID, WorkerID: w.ID, Update: true}
	if err := h.beforeUpgradeNodeGroup(ctx, c, p, w, &in); err != nil {
		return err
	}
	leaves := func(ctx context.Context) (bool, error) {
		workers, err := h.readWorkers(ctx, c.ID, w.PoolID)
		i := slices.IndexFunc(workers, func(now workerObject) bool { return now.ID == w.ID })
		return err == nil && (i < 0 || inTransition(workers[i])), err
	}
	err := h.change(ctx, post("/v2/vpc/replaceWorker", c.ResourceGroup, in, http.StatusNoContent), leaves)
	if e := asRefusal(err); e != nil && e.HTTPStatus >= 400 && e.HTTPStatus < 500 {
		// Somebody else may have been faster.
		if done, lookErr := leaves(ctx); lookErr == nil && done {
			return nil
		}
	}
	return h.ofCluster(ctx, err, c.ID)
}
