// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/operator/api/v1alpha1"
)

// remove brings a cluster whose object is deleted one step nearer to being gone.
func (r *ClusterReconciler) remove(ctx context.Context, c *v1alpha1.ManagedCluster) (ctrl.Result, error) {
	key := client.ObjectKeyFromObject(c)
	switch {
	case !controllerutil.ContainsFinalizer(c, v1alpha1.Finalizer):
		return ctrl.Result{}, nil
	case c.Annotations[v1alpha1.AnnotationProtect] == "true":
		r.stuck(c, "Delete", v1alpha1.ReasonProtected, "the cluster is kept as long as the annotation "+v1alpha1.AnnotationProtect+" is there")
		return ctrl.Result{}, nil
	case c.Spec.DeletionPolicy == v1alpha1.DeletionOrphan:
		return r.gone(ctx, c, "the cluster stays on the cloud")
	case c.Status.ID == "" && c.Status.Creation == nil:
		// A copy from before the creation must not let the cluster be forgotten.
		var live v1alpha1.ManagedCluster
		if err := r.Live.Get(ctx, key, &live); err != nil {
			return ctrl.Result{}, client.IgnoreNotFound(err)
		}
		if live.ResourceVersion != c.ResourceVersion {
			return after(time.Second), nil
		}
		return r.gone(ctx, c, "nothing was made on the cloud")
	case r.Waits.Running(key) == goalDeleted:
		return ctrl.Result{}, nil
	}
	h, err := r.Connections.Client(ctx, c.Spec.Connection)
	if err != nil {
		return r.failed(c, "Connect", err)
	}
	seen, err := r.lookBeforeDeletion(ctx, h, c)
	switch {
	case err != nil:
		return r.failed(c, "Look", err)
	case !seen.found && c.Status.ID == "" && time.Since(c.Status.Creation.RequestedAt.Time) < grace:
		return after(r.Pauses.Soon), nil // it may have been asked for, and not be shown yet
	case !seen.found:
		return r.gone(ctx, c, "the cluster is gone")
	}
	if c.Status.ID == "" {
		c.Status.Name, c.Status.ID = seen.state.Cluster.NameId, seen.state.Cluster.SystemId
	}
	c.Status.Phase = string(pmks.ClusterDeleting)
	set(clusterSubject{c}, v1alpha1.ConditionReady, false, string(pmks.ClusterDeleting), seen.state.StatusReason)
	if seen.state.Status == pmks.ClusterDeleting {
		r.awaitDeleted(h, c)
		return ctrl.Result{}, nil
	}
	if seen.whole != nil && len(seen.whole.NodeGroupList) > 0 {
		return r.removeGroups(ctx, h, c, seen.whole.NodeGroupList)
	}
	call, cancel := r.call(ctx)
	defer cancel()
	switch _, err := h.DeleteCluster(call, clusterIID(c)); {
	case errors.Is(err, pmks.ErrNotFound):
		return after(0), nil
	case err != nil:
		return r.failed(c, "Delete", err)
	}
	r.event(c, corev1.EventTypeNormal, "Deleting", "Delete", fmt.Sprintf("the cloud deletes the cluster %s", clusterIID(c)))
	set(clusterSubject{c}, v1alpha1.ConditionSynced, false, v1alpha1.ReasonProgressing, "the cloud deletes it")
	r.awaitDeleted(h, c)
	return ctrl.Result{}, nil
}

// lookBeforeDeletion is the cheap look, but where the deletion of a cluster would first
// wait for that of its node groups: there they are removed one by one, and no worker waits.
func (r *ClusterReconciler) lookBeforeDeletion(ctx context.Context, h *pmks.Client, c *v1alpha1.ManagedCluster) (clusterSeen, error) {
	r.Waits.Take(client.ObjectKeyFromObject(c)) // what was seen before is of no use
	call, cancel := r.call(ctx)
	defer cancel()
	if h.Capabilities().ClusterType == pmks.TypeI {
		info, err := h.GetCluster(call, clusterIID(c))
		if errors.Is(err, pmks.ErrNotFound) {
			return clusterSeen{}, nil
		}
		return sawWhole(info), err
	}
	state, err := h.ReadState(call, clusterIID(c), pmks.IID{})
	if errors.Is(err, pmks.ErrNotFound) {
		return clusterSeen{}, nil
	}
	return clusterSeen{found: err == nil, state: state}, err
}

// removeGroups removes one group that is not being removed yet, or waits for one that is.
func (r *ClusterReconciler) removeGroups(ctx context.Context, h *pmks.Client, c *v1alpha1.ManagedCluster, groups []pmks.NodeGroupInfo) (ctrl.Result, error) {
	set(clusterSubject{c}, v1alpha1.ConditionSynced, false, v1alpha1.ReasonProgressing, "its node groups are removed first")
	for _, g := range groups {
		if g.Status == pmks.NodeGroupDeleting {
			continue
		}
		call, cancel := r.call(ctx)
		defer cancel()
		if _, err := h.RemoveNodeGroup(call, clusterIID(c), g.IId); err != nil && !errors.Is(err, pmks.ErrNotFound) {
			return r.failed(c, "RemoveNodeGroup", err)
		}
		return after(time.Second), nil // there may be more
	}
	cluster, group := clusterIID(c), groups[0].IId
	r.Waits.Start(client.ObjectKeyFromObject(c), "node group "+group.NameId+" deleted", func(ctx context.Context) Ended {
		return Ended{Err: pmks.WaitNodeGroupDeleted(ctx, h, cluster, group, r.WaitOptions...)}
	})
	return ctrl.Result{}, nil
}

// awaitDeleted brings the object back when the cluster is gone.
func (r *ClusterReconciler) awaitDeleted(h *pmks.Client, c *v1alpha1.ManagedCluster) {
	target := clusterIID(c)
	r.Waits.Start(client.ObjectKeyFromObject(c), goalDeleted, func(ctx context.Context) Ended {
		return Ended{Err: pmks.WaitClusterDeleted(ctx, h, target, r.WaitOptions...)}
	})
}

// gone lets the object go.
func (r *ClusterReconciler) gone(ctx context.Context, c *v1alpha1.ManagedCluster, why string) (ctrl.Result, error) {
	r.Waits.Forget(client.ObjectKeyFromObject(c))
	r.event(c, corev1.EventTypeNormal, "Gone", "Delete", why)
	controllerutil.RemoveFinalizer(c, v1alpha1.Finalizer)
	return ctrl.Result{}, conflictIsNoFault(client.IgnoreNotFound(r.Update(ctx, c)))
}
