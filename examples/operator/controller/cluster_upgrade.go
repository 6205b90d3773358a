// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/operator/api/v1alpha1"
)

// upgrade takes one step towards the spec's version: that of the plan that is due now,
// the control plane minor by minor, and after each the node groups that lag. The plan is read
// anew for each step, so that whoever takes over goes on where the cluster stands.
func (r *ClusterReconciler) upgrade(ctx context.Context, h *pmks.Client, c *v1alpha1.ManagedCluster) (ctrl.Result, error) {
	call, cancel := r.call(ctx)
	defer cancel()
	plan, err := pmks.PlanUpgrade(call, h, clusterIID(c), c.Spec.Version)
	if err != nil {
		return r.failed(c, "Upgrade", err)
	}
	if len(plan.Steps) == 0 {
		if c.Status.ReachedVersion != "" || c.Status.Adopted {
			r.event(c, corev1.EventTypeNormal, "Upgraded", "Upgrade", "the cluster and its node groups are at "+plan.To)
		}
		c.Status.ReachedVersion, c.Status.Version = c.Spec.Version, plan.To
		set(clusterSubject{c}, v1alpha1.ConditionSynced, true, v1alpha1.ReasonApplied, "")
		return after(r.Pauses.Resync), nil
	}
	step := plan.Steps[0]
	for _, f := range step.Findings {
		switch {
		case f.Blocks && f.Code == pmks.CodeBusy.String():
			set(clusterSubject{c}, v1alpha1.ConditionSynced, false, v1alpha1.ReasonProgressing, f.Message)
			return after(r.Pauses.Soon), nil
		case f.Blocks:
			r.stuck(c, "Upgrade", pmks.CodeFailedPrecondition.String(), f.Message)
			return after(r.Pauses.Slow), nil
		}
	}
	info, err := h.UpgradeCluster(call, clusterIID(c), step.To)
	if err != nil {
		return r.failed(c, "Upgrade", err)
	}
	what := "the control plane"
	if !step.NodeGroup.IsZero() {
		what = "the node group " + step.NodeGroup.NameId
	}
	message := fmt.Sprintf("%s goes from %s to %s", what, step.From, step.To)
	set(clusterSubject{c}, v1alpha1.ConditionReady, false, string(pmks.ClusterUpdating), message)
	if set(clusterSubject{c}, v1alpha1.ConditionSynced, false, v1alpha1.ReasonProgressing, message) {
		r.event(c, corev1.EventTypeNormal, "Upgrading", "Upgrade", message)
	}
	c.Status.Phase = string(info.Status)
	if !info.Status.Transitional() {
		return after(r.Pauses.Soon), nil
	}
	r.await(h, c)
	return ctrl.Result{}, nil
}
