// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/operator/api/v1alpha1"
)

// scale makes one change where the group differs from its spec.
func (r *GroupReconciler) scale(ctx context.Context, h *pmks.Client, g *v1alpha1.NodeGroup, c *v1alpha1.ManagedCluster, info pmks.NodeGroupInfo) (ctrl.Result, error) {
	want := h.Capabilities().WithDefaultBounds(groupRequest(g))
	call, cancel := r.call(ctx)
	defer cancel()
	if info.OnAutoScaling != want.OnAutoScaling {
		if _, err := h.SetNodeGroupAutoScaling(call, clusterIID(c), groupIID(g), want.OnAutoScaling); err != nil {
			return r.failed(g, "AutoScaling", err)
		}
		r.event(g, corev1.EventTypeNormal, "AutoScaling", "Scale", fmt.Sprintf("autoscaling is switched: %t", want.OnAutoScaling))
		return r.changed(h, g, c)
	}
	if sizes, differ := sizesDue(want, info); differ {
		if g.Status.ScaledTo == sizes && g.Status.ScaledAt != nil && time.Since(g.Status.ScaledAt.Time) < r.Pauses.Resync {
			r.stuck(g, "Scale", v1alpha1.ReasonDrift, fmt.Sprintf("the cloud took the sizes %s and shows %s", sizes, sizesOf(info)))
			return after(r.Pauses.Resync), nil
		}
		desired := want.DesiredNodeSize
		if want.OnAutoScaling {
			desired = 0 // the autoscaler's
		}
		if _, err := h.ChangeNodeGroupScaling(call, clusterIID(c), groupIID(g), desired, want.MinNodeSize, want.MaxNodeSize); err != nil {
			return r.failed(g, "Scale", err)
		}
		now := metav1.Now()
		g.Status.ScaledTo, g.Status.ScaledAt = sizes, &now
		r.event(g, corev1.EventTypeNormal, "Scaled", "Scale", fmt.Sprintf("from %s to %s", sizesOf(info), sizes))
		return r.changed(h, g, c)
	}
	if drift := driftOf(want, info); len(drift) > 0 {
		r.stuck(g, "Compare", v1alpha1.ReasonDrift, "the cloud has something else, and it cannot be changed there: "+strings.Join(drift, "; "))
		return after(r.Pauses.Resync), nil
	}
	set(groupSubject{g}, v1alpha1.ConditionSynced, true, v1alpha1.ReasonApplied, "")
	return after(r.Pauses.Resync), nil
}

// changed waits for what was asked.
func (r *GroupReconciler) changed(h *pmks.Client, g *v1alpha1.NodeGroup, c *v1alpha1.ManagedCluster) (ctrl.Result, error) {
	set(groupSubject{g}, v1alpha1.ConditionSynced, false, v1alpha1.ReasonProgressing, "the cloud is working on it")
	r.await(h, g, c)
	return ctrl.Result{}, nil
}

// sizesDue says which sizes the group is to have, and whether it has others. While the
// autoscaler moves the size, only the bounds are compared. What could not be read is
// not compared.
func sizesDue(want, info pmks.NodeGroupInfo) (sizes string, differ bool) {
	for _, fact := range pmks.Unread(info.KeyValueList) {
		if fact.Field == "DesiredNodeSize" || fact.Field == "MinNodeSize" || fact.Field == "MaxNodeSize" {
			return "", false
		}
	}
	differ = want.MinNodeSize != info.MinNodeSize || want.MaxNodeSize != info.MaxNodeSize ||
		!want.OnAutoScaling && want.DesiredNodeSize != info.DesiredNodeSize
	return sizesOf(want), differ
}

func sizesOf(g pmks.NodeGroupInfo) string {
	return fmt.Sprintf("%d (%d to %d)", g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize)
}

// driftOf names what the group was made with otherwise than the spec says, as far as both
// say something.
func driftOf(want, info pmks.NodeGroupInfo) (drift []string) {
	unread := map[string]bool{}
	for _, fact := range pmks.Unread(info.KeyValueList) {
		unread[fact.Field] = true
	}
	differ := func(field, want, got string) {
		if want != "" && !strings.EqualFold(want, "default") && got != "" && want != got && !unread[field] {
			drift = append(drift, fmt.Sprintf("%s is %q, not %q", field, got, want))
		}
	}
	differ("VMSpecName", want.VMSpecName, info.VMSpecName)
	differ("RootDiskType", want.RootDiskType, info.RootDiskType)
	differ("RootDiskSize", want.RootDiskSize, info.RootDiskSize)
	if len(want.Zones) > 0 && len(info.Zones) > 0 {
		differ("Zones", strings.Join(slices.Sorted(slices.Values(want.Zones)), ","), strings.Join(slices.Sorted(slices.Values(info.Zones)), ","))
	}
	if want.Spot != info.Spot && !unread["Spot"] {
		drift = append(drift, fmt.Sprintf("Spot is %t", info.Spot))
	}
	if len(want.Labels) > 0 && !unread["Labels"] && !maps.Equal(want.Labels, info.Labels) {
		drift = append(drift, fmt.Sprintf("Labels are %v", info.Labels))
	}
	if len(want.Taints) > 0 && !unread["Taints"] && taints(want.Taints) != taints(info.Taints) {
		drift = append(drift, fmt.Sprintf("Taints are %v", info.Taints))
	}
	return drift
}

func taints(list []pmks.Taint) string {
	var words []string
	for _, t := range list {
		words = append(words, t.String())
	}
	slices.Sort(words)
	return strings.Join(words, ",")
}
