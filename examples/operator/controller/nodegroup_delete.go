// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/operator/api/v1alpha1"
)

// withoutCluster: the cluster's object is gone, or is being deleted. What the cloud does
// with the cluster it does with its node groups; the objects go when that is done.
func (r *GroupReconciler) withoutCluster(ctx context.Context, g *v1alpha1.NodeGroup, c *v1alpha1.ManagedCluster) (ctrl.Result, error) {
	r.Waits.Forget(client.ObjectKeyFromObject(g))
	switch {
	case c != nil && controllerutil.ContainsFinalizer(c, v1alpha1.Finalizer):
		set(groupSubject{g}, v1alpha1.ConditionReady, false, string(pmks.NodeGroupDeleting), "its cluster is being deleted")
		return ctrl.Result{}, nil // the end of the cluster brings it back
	case metav1.GetControllerOf(g) != nil && g.DeletionTimestamp.IsZero():
		// It belonged to that cluster. Where Kubernetes' garbage collector runs, it does the same.
		if err := r.Delete(ctx, g); client.IgnoreNotFound(err) != nil {
			return ctrl.Result{}, err
		}
		return ctrl.Result{}, nil // its deletion brings it back
	case !g.DeletionTimestamp.IsZero():
		return r.gone(ctx, g)
	}
	r.stuck(g, "Look", v1alpha1.ReasonWaiting, "there is no ManagedCluster "+g.Spec.Cluster)
	return ctrl.Result{}, nil
}

// remove brings a node group whose object is deleted one step nearer to being gone.
func (r *GroupReconciler) remove(ctx context.Context, g *v1alpha1.NodeGroup, c *v1alpha1.ManagedCluster) (ctrl.Result, error) {
	key := client.ObjectKeyFromObject(g)
	switch {
	case !controllerutil.ContainsFinalizer(g, v1alpha1.Finalizer), r.Waits.Running(key) == goalDeleted:
		return ctrl.Result{}, nil
	case g.Annotations[v1alpha1.AnnotationProtect] == "true":
		r.stuck(g, "Remove", v1alpha1.ReasonProtected, "the node group is kept as long as the annotation "+v1alpha1.AnnotationProtect+" is there")
		return ctrl.Result{}, nil
	case c.Status.ID == "" && c.Status.Creation == nil, c.Spec.DeletionPolicy == v1alpha1.DeletionOrphan && c.Status.ID == "":
		return r.gone(ctx, g) // there is no cluster that could have it
	case c.Status.ID == "":
		set(groupSubject{g}, v1alpha1.ConditionSynced, false, v1alpha1.ReasonWaiting, "its cluster is being made")
		return after(r.Pauses.Soon), nil
	}
	h, err := r.Connections.Client(ctx, c.Spec.Connection)
	if err != nil {
		return r.failed(g, "Connect", err)
	}
	r.Waits.Take(key) // what was seen before is of no use
	call, cancel := r.call(ctx)
	defer cancel()
	cluster, group := clusterIID(c), groupIID(g)
	state, err := h.ReadState(call, cluster, group)
	switch {
	case errors.Is(err, pmks.ErrNotFound):
		return r.gone(ctx, g)
	case err != nil:
		return r.failed(g, "Look", err)
	}
	if state.Status != pmks.ClusterDeleting {
		if _, err := h.RemoveNodeGroup(call, cluster, group); errors.Is(err, pmks.ErrNotFound) {
			return r.gone(ctx, g)
		} else if err != nil {
			return r.failed(g, "Remove", err)
		}
		r.event(g, corev1.EventTypeNormal, "Deleting", "Remove", "the cloud removes the node group "+group.String())
	}
	g.Status.Phase = string(pmks.NodeGroupDeleting)
	set(groupSubject{g}, v1alpha1.ConditionReady, false, string(pmks.NodeGroupDeleting), state.StatusReason)
	set(groupSubject{g}, v1alpha1.ConditionSynced, false, v1alpha1.ReasonProgressing, "the cloud removes it")
	r.Waits.Start(key, goalDeleted, func(ctx context.Context) Ended {
		return Ended{Err: pmks.WaitNodeGroupDeleted(ctx, h, cluster, group, r.WaitOptions...)}
	})
	return ctrl.Result{}, nil
}

// gone lets the object go.
func (r *GroupReconciler) gone(ctx context.Context, g *v1alpha1.NodeGroup) (ctrl.Result, error) {
	r.Waits.Forget(client.ObjectKeyFromObject(g))
	controllerutil.RemoveFinalizer(g, v1alpha1.Finalizer)
	return ctrl.Result{}, conflictIsNoFault(client.IgnoreNotFound(r.Update(ctx, g)))
}
