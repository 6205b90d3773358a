// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated

package gcp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/ready"
	"github.com/pmks-go/pmks/internal/refuse"
	"github.com/pmks-go/pmks/internal/upgrade"
)

// UpgradeCluster implements [pmks.ClusterHandler]: the control plane first; called
// again when that is done, all node pools that lag, together. Those of an Autopilot
// cluster follow by themselves.
func (h *Handler) UpgradeCluster(ctx context.Context, clusterIID pmks.IID, newVersion string) (_ pmks.ClusterInfo, err error) {
	defer annotate(&err, "UpgradeCluster", clusterIID, pmks.IID{})
	r, err := h.clusterRef(clusterIID)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	if err := checkVersion(newVersion); err != nil {
		return pmks.ClusterInfo{}, err
	}
	var v view
	var o offer
	var viewErr, offerErr error
	// Where the cluster is, is not known yet if its name is all there is.
	location := cmp.Or(r.location, h.cfg.location())
	// Each keeps its own fault, so All has none to report but a panic.
	err = fanout.All(ctx, func(ctx context.Context) error {
		v, viewErr = h.view(ctx, r)
		return nil
	}, func(ctx context.Context) error {
		o, offerErr = h.offered(ctx, location)
		return nil
	})
	// What is under way must be known, or the upgrade might be sent a second time.
	if err := cmp.Or(viewErr, v.opsErr, err); err != nil {
		return pmks.ClusterInfo{}, err
	}
	if v.location != location {
		o, offerErr = h.offered(ctx, v.location)
	}
	if errs.Is(offerErr, pmks.CodePermissionDenied) && !kver.IsDefault(newVersion) {
		// GKE judges the one that is asked for; it takes a minor for its newest patch.
		o, offerErr = offer{masters: []string{strings.TrimPrefix(newVersion, "v")}}, nil
	}
	if offerErr != nil {
		return pmks.ClusterInfo{}, offerErr
	}
	info := h.info(v)
	sent, err := h.upgradeStep(ctx, v, info, o, newVersion)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	if sent {
		info.Status = pmks.ClusterUpdating
	}
	return info, nil
}

// upgrading reports whether an upgrade of a cluster is under way.
func upgrading(v view) bool {
	return slices.ContainsFunc(on(v.ref, v.ops), func(op *containerpb.Operation) bool {
		t := op.GetOperationType()
		return !isDone(op) && (t == containerpb.Operation_UPGRADE_MASTER || t == containerpb.Operation_UPGRADE_NODES)
	})
}

// maxSkew is how many minors GKE lets nodes lie behind the control plane.
const maxSkew = 2

// planUpgrade returns the next step. A version that other channels have is a matter
// of the cluster's channel, not of the request.
func planUpgrade(c *containerpb.Cluster, o offer, want string) (upgrade.Step, error) {
	offered := o.of(c)
	facts := upgrade.Facts{Cloud: cloud, Current: c.GetCurrentMasterVersion(), Target: want,
		Offered: append(slices.Clone(offered), c.GetCurrentMasterVersion()), LargestStep: capabilities.Versions.LargestStep, Skew: maxSkew}
	for _, p := range c.GetNodePools() {
		if !c.GetAutopilot().GetEnabled() {
			facts.Groups = append(facts.Groups, upgrade.Group{Name: p.GetName(), Version: p.GetVersion(), Leaving: p.GetStatus() == containerpb.NodePool_STOPPING})
		}
	}
	step, err := upgrade.Plan(facts)
	if err == nil {
		return step, nil
	}
	if elsewhere := o.elsewhere(c, want); elsewhere != nil {
		return step, elsewhere
	}
	return step, refuse.Upgrade("newVersion", err)
}

// upgradeStep sends what comes next, if anything; true also while it is under way.
func (h *Handler) upgradeStep(ctx context.Context, v view, info pmks.ClusterInfo, o offer, want string) (bool, error) {
	step, err := planUpgrade(v.cluster, o, o.orDefault(v.cluster, want))
	if err != nil {
		return false, err
	}
	if upgrading(v) {
		return true, nil
	}
	native := v.cluster.GetStatus().String()
	if info.Status == pmks.ClusterUpdating {
		return false, &pmks.Error{Code: pmks.CodeBusy, ProviderCode: native, Message: "another operation of the cluster is under way: wait until it is Active"}
	}
	if err := ready.CheckMend("the cluster", native, clusterMeaning(v.cluster)); err != nil {
		return false, err
	}
	switch {
	case step.ControlPlane != "":
		return true, h.upgradeMaster(ctx, v, step.ControlPlane)
	case len(step.Groups) > 0:
		return true, h.upgradePools(ctx, v, step.Groups)
	}
	return false, nil
}

func (h *Handler) upgradeMaster(ctx context.Context, v view, version string) error {
	r, native := v.ref, &containerpb.UpdateMasterRequest{Name: v.path(), MasterVersion: version}
	if err := h.beforeUpgrade(ctx, v.cluster.GetCurrentMasterVersion(), native); err != nil {
		return err
	}
	own := ownOperation{ref: r, kinds: []containerpb.Operation_Type{containerpb.Operation_UPGRADE_MASTER}}
	return once.Do(ctx, once.Mutation{
		Send: own.sent(func(ctx context.Context) (*containerpb.Operation, error) {
			op, err := mutate(ctx, h, h.api.gke.UpdateMaster, native)
			return op, notFoundAs(err, r.tail())
		}),
		Happened: func(ctx context.Context) (bool, error) {
			if found, err := own.find(ctx, h); found || err != nil {
				return found, err
			}
			// The upgrade to a version that is there would make the control plane anew.
			c, err := h.cluster(ctx, r)
			return err == nil && c.GetCurrentMasterVersion() == version, err
		},
	})
}

// upgradePools sends the upgrade of every pool, together. GKE bounds how many it
// works on at once; those that it puts off are taken by the next call.
func (h *Handler) upgradePools(ctx context.Context, v view, groups []upgrade.Group) error {
	natives := make([]*containerpb.UpdateNodePoolRequest, len(groups))
	for i, g := range groups {
		p := findPool(v.cluster, g.Name)
		natives[i] = &containerpb.UpdateNodePoolRequest{
			Name: v.pool(g.Name), NodeVersion: v.cluster.GetCurrentMasterVersion(), ImageType: p.GetConfig().GetImageType()}
		if err := h.beforeUpgradeNodeGroup(ctx, p, natives[i]); err != nil {
			return errs.OfNodeGroup(err, poolIID(g.Name))
		}
	}
	faults := make([]error, len(groups))
	err := fanout.Each(ctx, len(groups), func(ctx context.Context, i int) error {
		faults[i] = h.upgradePool(ctx, v.ref, groups[i].Name, natives[i])
		return nil
	})
	var sent []string
	for i, err := range faults {
		if err == nil {
			sent = append(sent, groups[i].Name)
		}
		faults[i] = errs.OfNodeGroup(err, poolIID(groups[i].Name))
	}
	if len(sent) > 0 {
		faults = slices.DeleteFunc(faults, func(err error) bool { return errs.Is(err, pmks.CodeBusy) })
	}
	all := errs.Join(errors.Join(faults...), err)
	if len(sent) > 0 {
		all = errs.HalfDone(all, fmt.Sprintf("the upgrade of %s has begun, this one has not", strings.Join(sent, ", ")))
	}
	return all
}

func (h *Handler) upgradePool(ctx context.Context, r ref, name string, native *containerpb.UpdateNodePoolRequest) error {
	own := ownOperation{ref: r, pool: name, kinds: []containerpb.Operation_Type{containerpb.Operation_UPGRADE_NODES}}
	return once.Do(ctx, once.Mutation{
		Send: own.sent(func(ctx context.Context) (*containerpb.Operation, error) {
			op, err := mutate(ctx, h, h.api.gke.UpdateNodePool, native)
			return op, notFoundAs(err, r.tail(), "/nodePools/"+name)
		}),
		Happened: func(ctx context.Context) (bool, error) { return own.find(ctx, h) },
	})
}
