// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/ready"
	"github.com/pmks-go/pmks/internal/refuse"
	"github.com/pmks-go/pmks/internal/upgrade"
)

// quotaOfNodes is how many nodes a group has at most unless NHN allows more. A group that
// has as many has no room for a buffer node.
const quotaOfNodes = 10

// UpgradeCluster implements [pmks.ClusterHandler]: the control plane first; called again
// when that is done, one node group that lags after the other. What remains is in the
// KeyValueList.
func (h *Handler) UpgradeCluster(ctx context.Context, clusterIID pmks.IID, newVersion string) (_ pmks.ClusterInfo, err error) {
	defer annotate(&err, "UpgradeCluster", clusterIID, pmks.IID{})
	r, err := clusterRef(clusterIID)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	if _, err := kver.Parse(newVersion); err != nil && !kver.IsDefault(newVersion) {
		return pmks.ClusterInfo{}, refuse.Invalid("newVersion", "%q is not a Kubernetes version such as 1.33", refuse.Clip(newVersion))
	}
	uuid, err := h.locate(ctx, r)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	var v view
	var o offer
	var viewErr, offerErr error
	// Each keeps its own fault, so All has none to report but a panic.
	err = fanout.All(ctx, func(ctx context.Context) error {
		v, viewErr = h.view(ctx, uuid, true)
		return nil
	}, func(ctx context.Context) error {
		o, offerErr = h.supported(ctx)
		return nil
	})
	if errs.Is(offerErr, pmks.CodePermissionDenied) && !kver.IsDefault(newVersion) {
		offerErr = nil // NKS judges the one that is asked for
	}
	// What is under way must be known, or the upgrade might be sent a second time.
	if err := cmp.Or(viewErr, notFoundAs(v.groupsErr, pmks.CodeUnavailable), v.eventsErr, offerErr, err); err != nil {
		return pmks.ClusterInfo{}, err
	}
	if err := h.readGroups(ctx, &v); err != nil {
		return pmks.ClusterInfo{}, err
	}
	for _, g := range v.groups {
		// A group whose version is not known cannot be judged.
		if err := v.unread[g.UUID]; err != nil {
			return pmks.ClusterInfo{}, errs.OfNodeGroup(err, g.iid())
		}
	}
	names := h.names.recent()
	info := v.info(names)
	sent, remaining, err := h.upgradeStep(ctx, v, info, o, newVersion)
	if errs.Is(err, pmks.CodeFailedPrecondition) && info.Status == pmks.ClusterInactive {
		err = errs.With(err, func(e *pmks.Error) { e.Message += " (the cluster: " + info.StatusReason + ")" })
	}
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	if sent {
		info.Status, info.StatusReason, info.StatusFinal = pmks.ClusterUpdating, "", false
	}
	if remaining != "" {
		info.KeyValueList = append(info.KeyValueList, pmks.KeyValue{Key: "RemainingSteps", Value: remaining})
	}
	return info, nil
}

// planUpgrade returns the next step. The control plane moves on only when every group
// runs its version, the patch included.
func planUpgrade(v view, o offer, want string) (upgrade.Step, error) {
	current := string(v.cluster.Labels["kube_tag"])
	facts := upgrade.Facts{Cloud: cloud, Current: current, Target: want, LargestStep: capabilities.Versions.LargestStep, InStep: true}
	if len(o.all) > 0 {
		facts.Offered = append(slices.Clone(o.all), current)
	}
	for _, g := range v.groups {
		facts.Groups = append(facts.Groups, upgrade.Group{Name: g.Name, Version: string(g.Labels["kube_tag"]), Leaving: g.meaning().Status == pmks.ClusterDeleting})
	}
	slices.SortFunc(facts.Groups, func(a, b upgrade.Group) int { return strings.Compare(a.Name, b.Name) })
	step, err := upgrade.Plan(facts)
	if err != nil {
		return step, refuse.Upgrade("newVersion", err)
	}
	return step, nil
}

// upgradeStep sends what comes next, if anything; true also while it is under way.
func (h *Handler) upgradeStep(ctx context.Context, v view, info pmks.ClusterInfo, o offer, want string) (sent bool, remaining string, err error) {
	if kver.IsDefault(want) {
		if want, err = o.choose(want); err != nil {
			return false, "", err
		}
	}
	step, err := planUpgrade(v, o, want)
	if err != nil {
		return false, "", err
	}
	if e := v.pending(); e != nil && e.Type == eventUpgrade || strings.HasPrefix(string(v.cluster.Status), "UPGRADE_IN") {
		return true, "", nil
	}
	m := ready.Meaning{Status: info.Status, Reason: info.StatusReason, Unknown: v.cluster.meaning().Unknown}
	if err := ready.CheckMend("the cluster", string(v.cluster.Status), m); err != nil {
		return false, "", underWay(err, v.events)
	}
	switch {
	case step.ControlPlane != "":
		return true, "every node group", h.sendUpgrade(ctx, v, groupObject{Name: controlPlane}, UpgradeRequest{Version: tag(step.ControlPlane)})
	case step.Done() && len(untold(v)) > 0:
		return false, "", refuse.Precondition("NKS tells no version of the node groups %s: whether they lag behind the control plane cannot be told; upgrade them in the console", strings.Join(untold(v), ", "))
	case len(step.Groups) > 0:
		g, err := pick(v.groups, ref{name: step.Groups[0].Name})
		if err != nil {
			return false, "", err
		}
		body := UpgradeRequest{Version: string(v.cluster.Labels["kube_tag"]), BufferNodes: new(int)}
		if n, ok := g.NodeCount.number(); ok && n < quotaOfNodes {
			*body.BufferNodes = 1
		}
		var names []string
		for _, g := range step.Groups[1:] {
			names = append(names, g.Name)
		}
		return true, strings.Join(names, ", "), errs.OfNodeGroup(h.sendUpgrade(ctx, v, g, body), g.iid())
	}
	return false, "", nil
}

// untold are the groups whose version NKS does not tell, as of old clusters.
func untold(v view) (names []string) {
	for _, g := range v.groups {
		if g.Labels["kube_tag"] == "" && g.meaning().Status != pmks.ClusterDeleting {
			names = append(names, g.Name)
		}
	}
	return names
}

// tag is a version as NKS writes it.
func tag(version string) string { return "v" + strings.TrimPrefix(version, "v") }

// sendUpgrade sends the upgrade of a group, or of the control plane, once.
func (h *Handler) sendUpgrade(ctx context.Context, v view, g groupObject, body UpgradeRequest) error {
	target := ref{uuid: g.UUID, name: g.Name}
	step := pmks.UpgradeStep{From: string(v.cluster.Labels["kube_tag"]), To: body.Version, Typical: capabilities.Typical.UpgradeControlPlane}
	if g.UUID != "" {
		step.NodeGroup, step.From, step.Typical = g.iid(), string(g.Labels["kube_tag"]), capabilities.Typical.UpgradeNodeGroup
	}
	if err := runHook(ctx, "BeforeUpgrade", h.cfg.BeforeUpgrade, step, &body, (*UpgradeRequest).kept); err != nil {
		return err
	}
	own := &ownEvent{cluster: v.cluster.UUID, group: target, types: []string{eventUpgrade}, request: requested{Version: text(body.Version)}, after: eventNumber(v.events)}
	return once.Do(ctx, once.Mutation{
		Send: own.sent(h, func(ctx context.Context) error {
			_, err := post(ctx, h, []string{"clusters", v.cluster.UUID, "nodegroups", target.key(), "upgrade"}, body, accepted)
			if errs.Is(err, pmks.CodeNotFound) {
				err = h.confirmGone(ctx, v.cluster.UUID, err)
			}
			if errs.Is(err, pmks.CodeNotFound) && g.UUID == "" {
				err = notFoundAs(err, pmks.CodeUnavailable) // every cluster has a control plane
			}
			return unwilling(err) // the version was checked
		}),
		Happened: func(ctx context.Context) (bool, error) {
			if happened, err := own.happened(ctx, h); happened || err != nil {
				return happened, err
			}
			c, err := h.cluster(ctx, v.cluster.UUID)
			if err == nil && g.UUID == "" && string(c.Labels["kube_tag"]) == body.Version {
				return true, nil
			}
			return false, err
		},
	})
}
