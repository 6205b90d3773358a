// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/operator/api/v1alpha1"
)

// toBeOpened reports whether a cluster's public endpoint is still to be opened, where that
// is a call of its own.
func toBeOpened(c *v1alpha1.ManagedCluster) bool {
	return !c.Status.AccessOpened && c.Spec.Access.Mode != string(pmks.AccessPrivate)
}

// openAccess opens the public endpoint where that is a call of its own. Such a cloud
// refuses it while the cluster has no node: where there are node groups to wait for it is
// not asked before one of them has.
func (r *ClusterReconciler) openAccess(ctx context.Context, h *pmks.Client, c *v1alpha1.ManagedCluster) (ctrl.Result, error) {
	var groups v1alpha1.NodeGroupList
	if err := r.List(ctx, &groups, client.InNamespace(c.Namespace), client.MatchingFields{IndexCluster: c.Name}); err != nil {
		return ctrl.Result{}, err
	}
	nodes := len(groups.Items) == 0 // nobody will tell
	for i := range groups.Items {
		nodes = nodes || hasNodes(&groups.Items[i])
	}
	if !nodes {
		set(clusterSubject{c}, v1alpha1.ConditionSynced, false, v1alpha1.ReasonWaiting, "the public endpoint is opened when a NodeGroup of it has a node")
		return after(r.Pauses.Resync), nil // that NodeGroup brings it back
	}
	call, cancel := r.call(ctx)
	defer cancel()
	if err := h.OpenAccess(call, clusterIID(c)); err != nil {
		return r.failed(c, "OpenAccess", err)
	}
	c.Status.AccessOpened, c.Status.Endpoint = true, ""
	set(clusterSubject{c}, v1alpha1.ConditionSynced, false, v1alpha1.ReasonProgressing, "the public endpoint is being opened")
	return after(r.Pauses.Soon), nil
}

// hasNodes reports whether a node group has nodes that work.
func hasNodes(g *v1alpha1.NodeGroup) bool {
	return apimeta.IsStatusConditionTrue(g.Status.Conditions, v1alpha1.ConditionReady) && (g.Status.Nodes > 0 || g.Status.Desired > 0)
}

// groupNews is what a cluster may wait for: its first node groups, and that one of them
// has nodes.
var groupNews = predicate.Funcs{
	UpdateFunc: func(e event.UpdateEvent) bool {
		was, ok := e.ObjectOld.(*v1alpha1.NodeGroup)
		is, also := e.ObjectNew.(*v1alpha1.NodeGroup)
		return ok && also && !hasNodes(was) && hasNodes(is)
	},
	DeleteFunc: func(event.DeleteEvent) bool { return false },
}

// clusterOfGroup brings the cluster of a node group back that waits for it.
func (r *ClusterReconciler) clusterOfGroup(ctx context.Context, o client.Object) []reconcile.Request {
	g, ok := o.(*v1alpha1.NodeGroup)
	if !ok {
		return nil
	}
	key := client.ObjectKey{Namespace: g.Namespace, Name: g.Spec.Cluster}
	if hasNodes(g) {
		c := &v1alpha1.ManagedCluster{}
		if err := r.Get(ctx, key, c); err != nil || !toBeOpened(c) || !r.Connections.opensByCall(c.Spec.Connection) {
			return nil // the cache answers, or the process ends
		}
	}
	return []reconcile.Request{{NamespacedName: key}}
}
