// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/operator/api/v1alpha1"
)

// Indices of the cache.
const (
	// IndexClaim finds ManagedClusters by connection and name on the cloud.
	IndexClaim = "claim"
	// IndexCluster finds NodeGroups by their cluster.
	IndexCluster = "cluster"
)

// Claim is the value of IndexClaim.
func Claim(c *v1alpha1.ManagedCluster) string { return c.Spec.Connection + "/" + c.CloudName() }

// grace is how long a cloud may not show yet what it has accepted.
const grace = pmks.DefaultGrace

// olderClaim returns another object that stands for the same cluster and came first.
func (r *ClusterReconciler) olderClaim(ctx context.Context, c *v1alpha1.ManagedCluster) (string, error) {
	var list v1alpha1.ManagedClusterList
	if err := r.List(ctx, &list, client.MatchingFields{IndexClaim: Claim(c)}); err != nil {
		return "", err
	}
	for i := range list.Items {
		o := &list.Items[i]
		if order := cmp.Or(o.CreationTimestamp.Compare(c.CreationTimestamp.Time), cmp.Compare(o.UID, c.UID)); order < 0 {
			return o.Namespace + "/" + o.Name, nil
		}
	}
	return "", nil
}

// claim decides whether a cluster that was found is this object's: it was asked for by
// it, or it is to be adopted. Nothing else is touched.
func (r *ClusterReconciler) claim(ctx context.Context, c *v1alpha1.ManagedCluster, found pmks.IID) (bool, error) {
	adopt := c.Annotations[v1alpha1.AnnotationAdopt]
	if c.Status.Creation == nil && adopt == "" {
		// The cache may be older than the note that this operator itself made before it asked.
		var live v1alpha1.ManagedCluster
		if err := r.Live.Get(ctx, client.ObjectKeyFromObject(c), &live); err != nil {
			return false, client.IgnoreNotFound(err)
		}
		if live.ResourceVersion != c.ResourceVersion {
			*c = live
		}
	}
	switch {
	case c.Status.ID != "":
		return true, nil
	case c.Status.Creation != nil:
		r.event(c, corev1.EventTypeNormal, "Created", "Create", fmt.Sprintf("the cluster %s was asked for, and is there", found))
	case adopt != "":
		c.Status.Adopted = true
		r.event(c, corev1.EventTypeNormal, "Adopted", "Adopt", fmt.Sprintf("the cluster %s was there and is adopted", found))
	default:
		r.foreign(c, found)
		return false, nil
	}
	c.Status.Name, c.Status.ID = found.NameId, found.SystemId
	return true, nil
}

// foreign shows that somebody else's cluster has the name.
func (r *ClusterReconciler) foreign(c *v1alpha1.ManagedCluster, found pmks.IID) {
	r.stuck(c, "Create", pmks.CodeAlreadyExists.String(), fmt.Sprintf(
		"there is a cluster %s that this object did not ask for: choose another name, or adopt it with the annotation %s", found, v1alpha1.AnnotationAdopt))
	c.Status.RefusedFor = request(c)
}

// absent does what is due when the cloud has no such cluster.
func (r *ClusterReconciler) absent(ctx context.Context, h *pmks.Client, c *v1alpha1.ManagedCluster) (ctrl.Result, error) {
	if c.Status.ID != "" {
		if c.Status.Creation != nil && time.Since(c.Status.Creation.RequestedAt.Time) < grace {
			return after(r.Pauses.Soon), nil // not shown yet
		}
		if c.Annotations[v1alpha1.AnnotationRecreate] != c.Status.ID {
			set(clusterSubject{c}, v1alpha1.ConditionReady, false, v1alpha1.ReasonVanished, "")
			r.stuck(c, "Look", v1alpha1.ReasonVanished, fmt.Sprintf(
				"the cluster is gone, and not by this operator: the annotation %s=%s has it made anew", v1alpha1.AnnotationRecreate, c.Status.ID))
			return after(r.Pauses.Slow), nil
		}
		c.Status = v1alpha1.ManagedClusterStatus{Conditions: c.Status.Conditions}
	}
	if adopt := c.Annotations[v1alpha1.AnnotationAdopt]; adopt != "" {
		r.stuck(c, "Adopt", pmks.CodeNotFound.String(), "there is no such cluster to adopt")
		return after(r.Pauses.Slow), nil
	}
	return r.create(ctx, h, c)
}

// create asks for the cluster. The note that it does so is written first: if the answer
// is lost, or this process ends before it is written down, the next reconcile finds the cluster
// and the note.
func (r *ClusterReconciler) create(ctx context.Context, h *pmks.Client, c *v1alpha1.ManagedCluster) (ctrl.Result, error) {
	groups, missing, err := r.firstGroups(ctx, h, c)
	switch {
	case err != nil:
		return ctrl.Result{}, err
	case missing != "":
		set(clusterSubject{c}, v1alpha1.ConditionReady, false, v1alpha1.ReasonWaiting, missing)
		r.stuck(c, "Create", v1alpha1.ReasonWaiting, missing)
		return ctrl.Result{}, nil // a new NodeGroup brings it back
	}
	if c.Status.Creation == nil {
		c.Status.Creation = &v1alpha1.Creation{RequestedAt: metav1.Now()}
	}
	c.Status.Creation.Attempts++
	set(clusterSubject{c}, v1alpha1.ConditionReady, false, string(pmks.ClusterCreating), "")
	set(clusterSubject{c}, v1alpha1.ConditionSynced, false, v1alpha1.ReasonProgressing, "the cloud is asked for the cluster")
	if err := r.Status().Update(ctx, c); err != nil {
		return ctrl.Result{}, conflictIsNoFault(err)
	}
	call, cancel := r.call(ctx)
	defer cancel()
	info, err := h.CreateCluster(call, clusterRequest(c, groups))
	if err != nil {
		return r.notCreated(c, err)
	}
	c.Status.Name, c.Status.ID, c.Status.Phase = info.IId.NameId, info.IId.SystemId, string(info.Status)
	c.Status.ReachedVersion = c.Spec.Version
	r.event(c, corev1.EventTypeNormal, "Created", "Create", fmt.Sprintf("the cloud makes the cluster %s", info.IId))
	r.await(h, c)
	return ctrl.Result{}, nil
}

// notCreated keeps the note unless it is certain that nothing was begun.
func (r *ClusterReconciler) notCreated(c *v1alpha1.ManagedCluster, err error) (ctrl.Result, error) {
	first := c.Status.Creation.Attempts == 1
	switch {
	case errors.Is(err, pmks.ErrAlreadyExists) && first:
		c.Status.Creation = nil // somebody else was faster
		r.foreign(c, pmks.IID{NameId: c.CloudName()})
		return ctrl.Result{}, nil
	case errors.Is(err, pmks.ErrAlreadyExists):
		return after(r.Pauses.Soon), nil // one of the attempts, not shown yet
	case refused(err) && first:
		c.Status.Creation = nil
	case refused(err):
		c.Status.Creation.Attempts--
	}
	return r.failed(c, "Create", err)
}

// firstGroups are the node groups that come with the creation, where the cloud wants
// that; missing says what it waits for.
func (r *ClusterReconciler) firstGroups(ctx context.Context, h *pmks.Client, c *v1alpha1.ManagedCluster) (groups []v1alpha1.NodeGroup, missing string, err error) {
	rule := h.Capabilities().GroupsAtCreate
	if rule.Min == 0 {
		return nil, "", nil
	}
	var list v1alpha1.NodeGroupList
	if err := r.List(ctx, &list, client.InNamespace(c.Namespace), client.MatchingFields{IndexCluster: c.Name}); err != nil {
		return nil, "", err
	}
	groups = slices.DeleteFunc(list.Items, func(g v1alpha1.NodeGroup) bool {
		return !g.DeletionTimestamp.IsZero() || rule.FixedFirstName != "" && g.CloudName() != rule.FixedFirstName
	})
	// Some clouds want a node in the first group; else the order is that of the names.
	slices.SortFunc(groups, func(a, b v1alpha1.NodeGroup) int {
		return cmp.Or(cmp.Compare(min(b.Spec.Desired, 1), min(a.Spec.Desired, 1)), cmp.Compare(a.CloudName(), b.CloudName()))
	})
	switch {
	case len(groups) < rule.Min && rule.FixedFirstName != "":
		return nil, fmt.Sprintf("this cloud makes a cluster with its first node group and calls that %s: a NodeGroup of that name for this cluster is missing", rule.FixedFirstName), nil
	case len(groups) < rule.Min:
		return nil, fmt.Sprintf("this cloud makes a cluster with at least %d node groups: NodeGroups for this cluster are missing", rule.Min), nil
	case rule.Max >= 0 && len(groups) > rule.Max:
		groups = groups[:rule.Max]
	}
	return groups, "", nil
}
