// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// UpgradeStep is one step of an upgrade: of the control plane, or of one node group.
type UpgradeStep struct {
	// NodeGroup is zero for the control plane.
	NodeGroup IID
	// From and To are versions in the vendor's form; From is "" where the cloud does not
	// tell the version of a group.
	From, To string
	// Typical is how long the step typically takes; 0 where nothing is known. Node groups
	// of one version are upgraded side by side where the cloud allows it.
	Typical time.Duration
	// Findings are what holds the step up now, or speaks against it.
	Findings []UpgradeFinding
}

// UpgradeFinding is something that holds an upgrade up, or speaks against it.
type UpgradeFinding struct {
	// NodeGroup is zero where the finding is about the cluster.
	NodeGroup IID
	// Blocks is true where the cloud refuses the upgrade, or it fails, while this stands;
	// false for a warning.
	Blocks bool
	// Code is the vendor's word for it, or one of pmks such as "Busy".
	Code string
	// Message says what it is and the way out.
	Message string
}

// UpgradePlan is the way of a cluster to a version.
type UpgradePlan struct {
	// Cluster is what the plan is for, with both halves.
	Cluster IID
	// From and To are the versions of the control plane; To is resolved against what the
	// cloud offers.
	From, To string
	// Steps are in the order in which [Upgrade] takes them. None: all is there.
	Steps []UpgradeStep
}

// Blocked returns the findings that block a step, in the order of the steps.
func (p UpgradePlan) Blocked() []UpgradeFinding {
	var list []UpgradeFinding
	for _, s := range p.Steps {
		for _, f := range s.Findings {
			if f.Blocks {
				list = append(list, f)
			}
		}
	}
	return list
}

// PlanUpgrade returns the steps that [Upgrade] would take now: the control plane version
// by version, after each the node groups that lag behind it. Nothing is changed. Each
// step says what blocks it as far as the cloud tells that beforehand (see
// [UpgradeAdvisor]); findings are of now, and may be gone, or others have come, when a
// later step is due.
//
// version is as for [Upgrade]. ErrInvalidArgument: a downgrade, or a version that is not
// offered. ErrFailedPrecondition: no way leads there. ErrNotFound: no such cluster. Where
// the version of a node group could not be read, the error has the code of that read.
func PlanUpgrade(ctx context.Context, h ClusterHandler, clusterIID IID, version string) (UpgradePlan, error) {
	j := newJob("PlanUpgrade", h, clusterIID, nil)
	var plan UpgradePlan
	_, err := j.run(ctx, func(ctx context.Context) (_ ClusterInfo, err error) {
		plan, err = j.plan(ctx, version)
		return ClusterInfo{}, err
	})
	return plan, err
}

func (j *job) plan(ctx context.Context, version string) (UpgradePlan, error) {
	if err := j.checkUpgrade(version); err != nil {
		return UpgradePlan{}, err
	}
	info, err := j.get(ctx)
	if err != nil {
		return UpgradePlan{}, err
	}
	j.iid = info.IId
	if err := unreadVersion(info); err != nil {
		return UpgradePlan{}, err
	}
	offered, target, err := j.target(ctx, version)
	if err != nil {
		return UpgradePlan{}, err
	}
	plan := UpgradePlan{Cluster: info.IId, From: info.Version, To: target}
	if plan.Steps, err = j.steps(info, target, offered); err != nil {
		return UpgradePlan{}, err
	}
	if len(plan.Steps) > 0 {
		plan.Steps[0].Findings = notReady(info)
	}
	return plan, j.advise(ctx, plan.Steps)
}

// unreadVersion is the error of a read that does not know the version of a node group:
// a plan that leaves the group out would be none.
func unreadVersion(info ClusterInfo) error {
	for _, g := range info.NodeGroupList {
		for _, fact := range Unread(g.KeyValueList) {
			if fact.Field == "Version" && g.Version == "" && g.Status != NodeGroupDeleting {
				return &Error{Code: fact.Code, NodeGroup: g.IId, Message: "the version of the node group could not be read: what an upgrade would do with it is unknown"}
			}
		}
	}
	return nil
}

// steps walks the way that upgrade would go, on paper.
func (j *job) steps(info ClusterInfo, target string, offered []string) ([]UpgradeStep, error) {
	info = info.Clone()
	var steps []UpgradeStep
	for {
		hop, err := j.nextVersion(info, target, offered, false)
		if err != nil {
			return nil, err
		}
		if info.Version != hop && older(info.Version, hop) {
			steps = append(steps, UpgradeStep{From: info.Version, To: hop, Typical: j.caps.Typical.UpgradeControlPlane})
			info.Version = hop
		}
		for i, g := range info.NodeGroupList {
			if !lags(g, info.Version) {
				continue
			}
			steps = append(steps, UpgradeStep{NodeGroup: g.IId, From: g.Version, To: info.Version, Typical: j.caps.Typical.UpgradeNodeGroup})
			info.NodeGroupList[i].Version = info.Version
		}
		if hop == target {
			return steps, nil
		}
	}
}

// notReady says what keeps a cluster from being upgraded at all now, and which node groups
// speak against it. One that is Inactive and may heal does not: clouds take an upgrade of
// such a cluster, which often is what mends it.
func notReady(info ClusterInfo) []UpgradeFinding {
	var list []UpgradeFinding
	if f, held := heldUp("the cluster", info.Status, info.StatusReason); held {
		list = append(list, f)
	}
	for _, g := range info.NodeGroupList {
		if g.Status == NodeGroupDeleting {
			continue
		}
		if f, held := heldUp(fmt.Sprintf("node group %q", g.IId.NameId), ClusterStatus(g.Status), g.StatusReason); held {
			f.NodeGroup = g.IId
			if g.Status == NodeGroupInactive && !g.StatusFinal {
				f.Blocks = false
			}
			list = append(list, f)
		}
	}
	return list
}

func heldUp(what string, status ClusterStatus, reason string) (UpgradeFinding, bool) {
	f := UpgradeFinding{Blocks: true, Code: CodeBusy.String(), Message: fmt.Sprintf("%s is %s: upgrade when that is done", what, status)}
	switch status {
	case ClusterActive:
		return UpgradeFinding{}, false
	case ClusterDeleting: // no waiting helps
		f.Code, f.Message = CodeFailedPrecondition.String(), what+" is being deleted"
	case ClusterInactive:
		f.Code, f.Message = CodeFailedPrecondition.String(), what+" is Inactive: repair it first"
		if reason != "" {
			f.Message += ": " + reason
		}
	}
	return f, true
}

// advise asks the cloud for its findings, once for each version on the way.
func (j *job) advise(ctx context.Context, steps []UpgradeStep) error {
	asked := map[string]bool{}
	for _, s := range steps {
		if asked[s.To] {
			continue
		}
		asked[s.To] = true
		found, err := look(ctx, j, "UpgradeFindings", func(ctx context.Context) ([]UpgradeFinding, error) {
			if a, ok := j.h.(UpgradeAdvisor); ok {
				return a.UpgradeFindings(ctx, j.iid, s.To)
			}
			return nil, nil
		})
		switch {
		case errors.Is(err, ErrUnsupported):
			return nil
		case errors.Is(err, ErrCanceled), errors.Is(err, ErrTimeout) && ctx.Err() != nil, errors.Is(err, ErrNotFound):
			return err
		case err != nil:
			found = []UpgradeFinding{{Code: KeyUnread, Message: "what the cloud says of this step could not be read: " + err.Error()}}
		}
		for _, f := range found {
			at := stepOf(steps, s.To, f.NodeGroup)
			steps[at].Findings = append(steps[at].Findings, f)
		}
	}
	return nil
}

// stepOf is the step that a finding belongs to: that of its node group, else the first
// one to that version.
func stepOf(steps []UpgradeStep, version string, group IID) int {
	if at := slices.IndexFunc(steps, func(s UpgradeStep) bool {
		return s.To == version && !group.IsZero() && (s.NodeGroup == group || s.NodeGroup.SystemId == group.SystemId && group.SystemId != "")
	}); at >= 0 {
		return at
	}
	return slices.IndexFunc(steps, func(s UpgradeStep) bool { return s.To == version })
}
