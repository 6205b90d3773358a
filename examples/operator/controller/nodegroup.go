// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/operator/api/v1alpha1"
)

// GroupReconciler makes node groups of NodeGroups, in the clusters of ManagedClusters.
type GroupReconciler struct{ Base }

// Reconcile brings a node group one step nearer to what its object asks for.
func (r *GroupReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	g := &v1alpha1.NodeGroup{}
	if err := r.Get(ctx, req.NamespacedName, g); err != nil {
		if apierrors.IsNotFound(err) {
			r.Waits.Forget(req.NamespacedName)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	c := &v1alpha1.ManagedCluster{}
	if err := r.Get(ctx, client.ObjectKey{Namespace: g.Namespace, Name: g.Spec.Cluster}, c); apierrors.IsNotFound(err) {
		c = nil
	} else if err != nil {
		return ctrl.Result{}, err
	}
	step := r.keep
	switch {
	case c == nil || !c.DeletionTimestamp.IsZero():
		step = r.withoutCluster
	case !g.DeletionTimestamp.IsZero():
		step = r.remove
	default:
		if err := r.belong(ctx, g, c); err != nil {
			return ctrl.Result{}, conflictIsNoFault(err)
		}
	}
	before := g.DeepCopy()
	result, err := step(ctx, g, c)
	g.Status.ObservedGeneration = g.Generation
	if equality.Semantic.DeepEqual(before.Status, g.Status) {
		return result, err
	}
	saved := r.Status().Update(ctx, g)
	switch {
	case apierrors.IsNotFound(saved):
		return result, err
	case err == nil && apierrors.IsConflict(saved):
		return after(time.Second), nil
	}
	return result, errors.Join(err, saved)
}

// belong makes the object one that goes with its cluster's, and that stays until its node
// group is gone.
func (r *GroupReconciler) belong(ctx context.Context, g *v1alpha1.NodeGroup, c *v1alpha1.ManagedCluster) error {
	changed := controllerutil.AddFinalizer(g, v1alpha1.Finalizer)
	if !metav1.IsControlledBy(g, c) {
		changed = true
		if err := controllerutil.SetControllerReference(c, g, r.Scheme()); err != nil {
			return err
		}
	}
	if !changed {
		return nil
	}
	return r.Update(ctx, g)
}

func (r *GroupReconciler) failed(g *v1alpha1.NodeGroup, action string, err error) (ctrl.Result, error) {
	r.stuck(g, action, pmks.CodeOf(err).String(), err.Error())
	if terminal(err) {
		g.Status.RefusedFor = request(g)
	}
	return r.Pauses.again(err)
}

func (r *GroupReconciler) stuck(g *v1alpha1.NodeGroup, action, reason, message string) {
	if set(groupSubject{g}, v1alpha1.ConditionSynced, false, reason, message) {
		r.event(g, corev1.EventTypeWarning, reason, action, message)
	}
}

// keep makes and keeps what the object asks for.
func (r *GroupReconciler) keep(ctx context.Context, g *v1alpha1.NodeGroup, c *v1alpha1.ManagedCluster) (ctrl.Result, error) {
	if g.Status.RefusedFor == request(g) || r.Waits.Running(client.ObjectKeyFromObject(g)) != "" {
		return ctrl.Result{}, nil
	}
	g.Status.RefusedFor = ""
	if c.Status.ID == "" || c.Status.Phase != string(pmks.ClusterActive) {
		// The change of the cluster's phase brings it back.
		set(groupSubject{g}, v1alpha1.ConditionSynced, false, v1alpha1.ReasonWaiting, fmt.Sprintf("its cluster %s is not Active", c.Name))
		return ctrl.Result{}, nil
	}
	h, err := r.Connections.Client(ctx, c.Spec.Connection)
	if err != nil {
		return r.failed(g, "Connect", err)
	}
	info, found, err := r.look(ctx, h, g, c)
	switch {
	case err != nil:
		return r.failed(g, "Look", err)
	case !found:
		return r.add(ctx, h, g, c)
	}
	return r.follow(ctx, h, g, c, info)
}

// look looks at the node group: at what a wait brought, or with one read.
func (r *GroupReconciler) look(ctx context.Context, h *pmks.Client, g *v1alpha1.NodeGroup, c *v1alpha1.ManagedCluster) (pmks.NodeGroupInfo, bool, error) {
	if end, ok := r.Waits.Take(client.ObjectKeyFromObject(g)); ok && end.Err == nil && end.Goal == goalActive {
		return end.Group, true, nil
	}
	call, cancel := r.call(ctx)
	defer cancel()
	info, err := h.GetNodeGroup(call, clusterIID(c), groupIID(g))
	if errors.Is(err, pmks.ErrNotFound) {
		return info, false, nil
	}
	return info, err == nil, err
}

// add asks for the node group. Its name is its identity: whoever finds it there in a
// cluster of this operator knows it for the object's.
func (r *GroupReconciler) add(ctx context.Context, h *pmks.Client, g *v1alpha1.NodeGroup, c *v1alpha1.ManagedCluster) (ctrl.Result, error) {
	if g.Status.ID != "" {
		r.event(g, corev1.EventTypeWarning, v1alpha1.ReasonVanished, "Look", "the node group is gone, and not by this operator: it is made anew")
		g.Status = v1alpha1.NodeGroupStatus{Conditions: g.Status.Conditions}
	}
	call, cancel := r.call(ctx)
	defer cancel()
	info, err := h.AddNodeGroup(call, clusterIID(c), groupRequest(g))
	switch {
	case errors.Is(err, pmks.ErrAlreadyExists):
		return after(r.Pauses.Soon), nil // an attempt whose answer was lost, not shown yet
	case err != nil:
		return r.failed(g, "Add", err)
	}
	r.note(g, info)
	set(groupSubject{g}, v1alpha1.ConditionReady, false, string(info.Status), "")
	set(groupSubject{g}, v1alpha1.ConditionSynced, false, v1alpha1.ReasonProgressing, "the cloud is working on it")
	r.event(g, corev1.EventTypeNormal, "Created", "Add", fmt.Sprintf("the cloud makes the node group %s", info.IId))
	r.await(h, g, c)
	return ctrl.Result{}, nil
}

// note writes down what was seen.
func (r *GroupReconciler) note(g *v1alpha1.NodeGroup, info pmks.NodeGroupInfo) {
	g.Status.Name, g.Status.ID = info.IId.NameId, info.IId.SystemId
	g.Status.Phase, g.Status.Version = string(info.Status), info.Version
	unread := map[string]bool{}
	for _, fact := range pmks.Unread(info.KeyValueList) {
		unread[fact.Field] = true
	}
	if !unread["Nodes"] {
		g.Status.Nodes = int32(len(info.Nodes)) //nolint:gosec // no group has as many
	}
	if !unread["DesiredNodeSize"] {
		g.Status.Desired, g.Status.Min, g.Status.Max = int32(info.DesiredNodeSize), int32(info.MinNodeSize), int32(info.MaxNodeSize) //nolint:gosec // as above
	}
}

// follow does what is due for a node group that is there.
func (r *GroupReconciler) follow(ctx context.Context, h *pmks.Client, g *v1alpha1.NodeGroup, c *v1alpha1.ManagedCluster, info pmks.NodeGroupInfo) (ctrl.Result, error) {
	r.note(g, info)
	switch {
	case info.Status.Transitional():
		set(groupSubject{g}, v1alpha1.ConditionReady, false, string(info.Status), info.StatusReason)
		set(groupSubject{g}, v1alpha1.ConditionSynced, false, v1alpha1.ReasonProgressing, "the cloud is working on it")
		r.await(h, g, c)
		return ctrl.Result{}, nil
	case info.Status == pmks.NodeGroupInactive:
		message := info.StatusReason
		if info.StatusFinal {
			message += " (delete this object and make it anew to try again)"
		}
		if set(groupSubject{g}, v1alpha1.ConditionReady, false, string(info.Status), message) {
			r.event(g, corev1.EventTypeWarning, string(info.Status), "Look", message)
		}
		return after(r.Pauses.Slow), nil
	}
	if set(groupSubject{g}, v1alpha1.ConditionReady, true, string(info.Status), "") {
		r.event(g, corev1.EventTypeNormal, string(info.Status), "Look", "the node group is Active")
	}
	return r.scale(ctx, h, g, c, info)
}

// await brings the object back when the node group has come to rest.
func (r *GroupReconciler) await(h *pmks.Client, g *v1alpha1.NodeGroup, c *v1alpha1.ManagedCluster) {
	cluster, group := clusterIID(c), groupIID(g)
	r.Waits.Start(client.ObjectKeyFromObject(g), goalActive, func(ctx context.Context) Ended {
		info, err := pmks.WaitNodeGroupActive(ctx, h, cluster, group, r.WaitOptions...)
		return Ended{Group: info, Err: err}
	})
}
