// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/operator/api/v1alpha1"
)

// Options say how the controllers work.
type Options struct {
	Connections *Connections
	// Workers is how many objects of each kind are reconciled at once.
	Workers     int
	Pauses      Pauses
	CallTimeout time.Duration
	WaitOptions []pmks.WaitOption
	// SkipNameValidation allows several managers in one process.
	SkipNameValidation bool
}

// Indices are those that the reconcilers ask the cache by.
func Indices() map[client.Object]map[string]client.IndexerFunc {
	return map[client.Object]map[string]client.IndexerFunc{
		&v1alpha1.ManagedCluster{}: {IndexClaim: func(o client.Object) []string {
			c, ok := o.(*v1alpha1.ManagedCluster)
			if !ok {
				return nil
			}
			return []string{Claim(c)}
		}},
		&v1alpha1.NodeGroup{}: {IndexCluster: func(o client.Object) []string {
			g, ok := o.(*v1alpha1.NodeGroup)
			if !ok {
				return nil
			}
			return []string{g.Spec.Cluster}
		}},
	}
}

// Setup adds both controllers to a manager. Their waits end with ctx, which is that of the
// manager.
func Setup(ctx context.Context, m manager.Manager, o Options) error {
	for object, indices := range Indices() {
		for name, index := range indices {
			if err := m.GetFieldIndexer().IndexField(ctx, object, name, index); err != nil {
				return err
			}
		}
	}
	base := func() Base {
		return Base{
			Client: m.GetClient(), Live: m.GetAPIReader(), Events: m.GetEventRecorder("pmks-operator"), Connections: o.Connections,
			Waits: NewWaits(ctx), Pauses: o.Pauses, CallTimeout: o.CallTimeout, WaitOptions: o.WaitOptions,
		}
	}
	options := func() controller.Options {
		return controller.Options{
			MaxConcurrentReconciles: o.Workers, SkipNameValidation: &o.SkipNameValidation,
			// No bucket over all objects: the handlers have the limits of their clouds.
			RateLimiter: workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](time.Second, 5*time.Minute),
		}
	}
	clusters, groups := &ClusterReconciler{base()}, &GroupReconciler{base()}
	countWaits(clusters.Waits, groups.Waits)
	// The status is the operator's own: its changes are no news.
	news := builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}))
	err := ctrl.NewControllerManagedBy(m).Named("managedcluster").For(&v1alpha1.ManagedCluster{}, news).
		Watches(&v1alpha1.NodeGroup{}, handler.EnqueueRequestsFromMapFunc(clusters.clusterOfGroup), builder.WithPredicates(groupNews)).
		WatchesRawSource(ends(clusters.Waits)).WithOptions(options()).Complete(clusters)
	if err != nil {
		return err
	}
	return ctrl.NewControllerManagedBy(m).Named("nodegroup").For(&v1alpha1.NodeGroup{}, news).
		Watches(&v1alpha1.ManagedCluster{}, handler.EnqueueRequestsFromMapFunc(groups.groupsOfCluster), builder.WithPredicates(phaseChanged)).
		WatchesRawSource(ends(groups.Waits)).WithOptions(options()).Complete(groups)
}

// ends puts the objects whose wait has ended into the queue.
func ends(w *Waits) source.Source {
	return source.Channel(w.Ends, handler.TypedEnqueueRequestsFromMapFunc(func(_ context.Context, name types.NamespacedName) []reconcile.Request {
		return []reconcile.Request{{NamespacedName: name}}
	}))
}

// phaseChanged are the changes of a cluster that its node groups wait for.
var phaseChanged = predicate.Funcs{
	CreateFunc: func(event.CreateEvent) bool { return false },
	UpdateFunc: func(e event.UpdateEvent) bool {
		was, ok := e.ObjectOld.(*v1alpha1.ManagedCluster)
		is, also := e.ObjectNew.(*v1alpha1.ManagedCluster)
		return ok && also && (was.Status.Phase != is.Status.Phase || was.Status.ID != is.Status.ID || was.DeletionTimestamp.IsZero() != is.DeletionTimestamp.IsZero())
	},
}

func (r *GroupReconciler) groupsOfCluster(ctx context.Context, o client.Object) (requests []reconcile.Request) {
	var list v1alpha1.NodeGroupList
	if err := r.List(ctx, &list, client.InNamespace(o.GetNamespace()), client.MatchingFields{IndexCluster: o.GetName()}); err != nil {
		return nil // the cache answers, or the process ends
	}
	for i := range list.Items {
		requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
	}
	return requests
}
