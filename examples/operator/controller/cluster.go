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
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/operator/api/v1alpha1"
)

// ClusterReconciler makes clusters of ManagedClusters.
type ClusterReconciler struct{ Base }

// Goals of waits.
const (
	goalActive  = "active"
	goalDeleted = "deleted"
)

// clusterSeen is what a look saw.
type clusterSeen struct {
	found bool
	state pmks.State
	// whole is there when the look was at everything.
	whole *pmks.ClusterInfo
}

// Reconcile brings a cluster one step nearer to what its object asks for.
func (r *ClusterReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	c := &v1alpha1.ManagedCluster{}
	if err := r.Get(ctx, req.NamespacedName, c); err != nil {
		if apierrors.IsNotFound(err) {
			r.Waits.Forget(req.NamespacedName)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	step := r.keep
	if !c.DeletionTimestamp.IsZero() {
		step = r.remove
	} else if controllerutil.AddFinalizer(c, v1alpha1.Finalizer) {
		if err := r.Update(ctx, c); err != nil {
			return ctrl.Result{}, conflictIsNoFault(err)
		}
	}
	before := c.DeepCopy()
	result, err := step(ctx, c)
	c.Status.ObservedGeneration = c.Generation
	return r.save(ctx, c, before, result, err)
}

// save writes the status. A stale copy is refused by the API server: the next reconcile
// reads what the cloud has.
func (r *ClusterReconciler) save(ctx context.Context, c, before *v1alpha1.ManagedCluster, result ctrl.Result, err error) (ctrl.Result, error) {
	if equality.Semantic.DeepEqual(before.Status, c.Status) {
		return result, err
	}
	saved := r.Status().Update(ctx, c)
	switch {
	case apierrors.IsNotFound(saved): // its last finalizer went in this step
		return result, err
	case err == nil && apierrors.IsConflict(saved):
		return after(time.Second), nil
	}
	return result, errors.Join(err, saved)
}

// conflictIsNoFault: the object has changed meanwhile, and its event is under way.
func conflictIsNoFault(err error) error {
	if apierrors.IsConflict(err) {
		return nil
	}
	return err
}

// failed shows an error and says when to try again.
func (r *ClusterReconciler) failed(c *v1alpha1.ManagedCluster, action string, err error) (ctrl.Result, error) {
	if set(clusterSubject{c}, v1alpha1.ConditionSynced, false, pmks.CodeOf(err).String(), err.Error()) {
		r.event(c, corev1.EventTypeWarning, pmks.CodeOf(err).String(), action, err.Error())
	}
	if terminal(err) {
		c.Status.RefusedFor = request(c)
	}
	return r.Pauses.again(err)
}

// stuck shows something that a person has to do.
func (r *ClusterReconciler) stuck(c *v1alpha1.ManagedCluster, action, reason, message string) {
	if set(clusterSubject{c}, v1alpha1.ConditionSynced, false, reason, message) {
		r.event(c, corev1.EventTypeWarning, reason, action, message)
	}
}

// keep makes and keeps what the object asks for.
func (r *ClusterReconciler) keep(ctx context.Context, c *v1alpha1.ManagedCluster) (ctrl.Result, error) {
	key := client.ObjectKeyFromObject(c)
	if c.Status.RefusedFor == request(c) || r.Waits.Running(key) != "" {
		return ctrl.Result{}, nil
	}
	c.Status.RefusedFor = ""
	h, err := r.Connections.Client(ctx, c.Spec.Connection)
	if err != nil {
		return r.failed(c, "Connect", err)
	}
	if other, err := r.olderClaim(ctx, c); err != nil {
		return ctrl.Result{}, err
	} else if other != "" {
		r.stuck(c, "Claim", v1alpha1.ReasonConflict, fmt.Sprintf("ManagedCluster %s is older and stands for the cluster %q of this connection", other, c.CloudName()))
		return after(r.Pauses.Slow), nil
	}
	seen, err := r.look(ctx, h, c)
	switch {
	case err != nil:
		return r.failed(c, "Look", err)
	case !seen.found:
		return r.absent(ctx, h, c)
	}
	if c.Status.ID == "" {
		if mine, err := r.claim(ctx, c, seen.state.Cluster); !mine {
			return ctrl.Result{}, err
		}
	}
	return r.follow(ctx, h, c, seen)
}

// look looks at the cluster: at what a wait brought, or with one cheap call.
func (r *ClusterReconciler) look(ctx context.Context, h *pmks.Client, c *v1alpha1.ManagedCluster) (clusterSeen, error) {
	if end, ok := r.Waits.Take(client.ObjectKeyFromObject(c)); ok && end.Err == nil && end.Goal == goalActive {
		return sawWhole(end.Cluster), nil
	}
	call, cancel := r.call(ctx)
	defer cancel()
	target := clusterIID(c)
	if id := c.Annotations[v1alpha1.AnnotationAdopt]; c.Status.ID == "" && id != "" && id != "true" {
		target = pmks.IID{SystemId: id}
	}
	// Once there is nothing to wait for, the whole cluster is read once, for its endpoint.
	if c.Status.Phase == string(pmks.ClusterActive) && c.Status.Endpoint == "" {
		info, err := h.GetCluster(call, target)
		if errors.Is(err, pmks.ErrNotFound) {
			return clusterSeen{}, nil
		}
		return sawWhole(info), err
	}
	state, err := h.ReadState(call, target, pmks.IID{})
	if errors.Is(err, pmks.ErrNotFound) {
		return clusterSeen{}, nil
	}
	return clusterSeen{found: err == nil, state: state}, err
}

func sawWhole(info pmks.ClusterInfo) clusterSeen {
	return clusterSeen{found: true, whole: &info, state: pmks.State{
		Cluster: info.IId, Status: info.Status, StatusReason: info.StatusReason, StatusFinal: info.StatusFinal, Version: info.Version,
	}}
}

// follow does what is due for a cluster that is there.
func (r *ClusterReconciler) follow(ctx context.Context, h *pmks.Client, c *v1alpha1.ManagedCluster, seen clusterSeen) (ctrl.Result, error) {
	s := seen.state
	c.Status.Phase = string(s.Status)
	if s.Version != "" {
		c.Status.Version = s.Version
	}
	if seen.whole != nil {
		c.Status.Endpoint = seen.whole.AccessInfo.Endpoint
	}
	switch {
	case s.Status.Transitional():
		set(clusterSubject{c}, v1alpha1.ConditionReady, false, string(s.Status), s.StatusReason)
		set(clusterSubject{c}, v1alpha1.ConditionSynced, false, v1alpha1.ReasonProgressing, "the cloud is working on it")
		r.await(h, c)
		return ctrl.Result{}, nil
	case s.Status == pmks.ClusterInactive:
		if set(clusterSubject{c}, v1alpha1.ConditionReady, false, string(s.Status), s.StatusReason) {
			r.event(c, corev1.EventTypeWarning, string(s.Status), "Look", s.StatusReason)
		}
		return after(r.Pauses.Slow), nil
	}
	if set(clusterSubject{c}, v1alpha1.ConditionReady, true, string(s.Status), "") {
		r.event(c, corev1.EventTypeNormal, string(s.Status), "Look", "the cluster is Active")
	}
	if h.Capabilities().Access.OpenCall && toBeOpened(c) {
		return r.openAccess(ctx, h, c)
	}
	if v := c.Spec.Version; v != "" && v != c.Status.ReachedVersion {
		return r.upgrade(ctx, h, c)
	}
	set(clusterSubject{c}, v1alpha1.ConditionSynced, true, v1alpha1.ReasonApplied, "")
	if c.Status.Endpoint == "" {
		return after(r.Pauses.Soon), nil
	}
	return after(r.Pauses.Resync), nil
}

// await brings the object back when the cluster has come to rest.
func (r *ClusterReconciler) await(h *pmks.Client, c *v1alpha1.ManagedCluster) {
	target := clusterIID(c)
	r.Waits.Start(client.ObjectKeyFromObject(c), goalActive, func(ctx context.Context) Ended {
		info, err := pmks.WaitClusterActive(ctx, h, target, r.WaitOptions...)
		return Ended{Cluster: info, Err: err}
	})
}
