// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/operator/api/v1alpha1"
	"github.com/pmks-go/pmks/examples/operator/internal/objects"
	"github.com/pmks-go/pmks/examples/requests"
	cloud "github.com/pmks-go/pmks/fake"
)

const namespace = "fleet"

// world is an operator over a fake API server and a fake cloud, inside a synctest bubble:
// its hours take no time. It stands for the queue of controller-runtime, with the same
// predicates.
type world struct {
	t        *testing.T
	ctx      context.Context //nolint:containedctx // that of the operator's process
	stop     context.CancelFunc
	client   client.WithWatch
	cloud    *cloud.Handler
	clusters *ClusterReconciler
	groups   *GroupReconciler
	events   *told
	due      map[item]time.Time
	failures map[item]int
	// changes counts the calls of pmks that change something.
	changes atomic.Int32
	// refuseStatus, when set, may make a status write fail.
	refuseStatus func(client.Object) error
}

type item struct {
	group bool
	name  types.NamespacedName
}

// newWorld makes one on a cloud with that profile.
func newWorld(t *testing.T, profile string, opts ...cloud.Option) *world {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, cloud: cloud.New(append([]cloud.Option{cloud.WithProfile(profile)}, opts...)...), events: &told{}}
	b := fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(&v1alpha1.ManagedCluster{}, &v1alpha1.NodeGroup{}).
		WithInterceptorFuncs(interceptor.Funcs{SubResourceUpdate: func(ctx context.Context, c client.Client, sub string, o client.Object, opts ...client.SubResourceUpdateOption) error {
			if w.refuseStatus != nil {
				if err := w.refuseStatus(o); err != nil {
					return err
				}
			}
			return c.SubResource(sub).Update(ctx, o, opts...)
		}})
	for object, indices := range Indices() {
		for name, index := range indices {
			b = b.WithIndex(object, name, index)
		}
	}
	w.client = b.Build()
	w.start()
	t.Cleanup(func() { w.stop() })
	return w
}

// start starts an operator that knows nothing but what the API server has, as after a crash.
func (w *world) start() {
	if w.stop != nil {
		w.stop()
	}
	w.ctx, w.stop = context.WithCancel(w.t.Context())
	connections := NewConnections(nil, func(string) pmks.Observer {
		return ended(func(e pmks.Event) {
			if slices.Contains(mutating, e.Op) {
				w.changes.Add(1)
			}
		})
	})
	connections.Add("main", w.cloud)
	base := func() Base {
		return Base{Client: w.client, Live: w.client, Events: w.events, Connections: connections, Waits: NewWaits(w.ctx), Pauses: DefaultPauses, CallTimeout: time.Minute}
	}
	w.clusters, w.groups = &ClusterReconciler{base()}, &GroupReconciler{base()}
	w.due, w.failures = map[item]time.Time{}, map[item]int{}
	var clusters v1alpha1.ManagedClusterList
	var groups v1alpha1.NodeGroupList
	if err := w.client.List(w.ctx, &clusters); err != nil {
		w.t.Fatal(err)
	}
	if err := w.client.List(w.ctx, &groups); err != nil {
		w.t.Fatal(err)
	}
	for i := range clusters.Items {
		w.enqueue(&clusters.Items[i])
	}
	for i := range groups.Items {
		w.enqueue(&groups.Items[i])
	}
}

// enqueue makes an object due now.
func (w *world) enqueue(o client.Object) {
	_, group := o.(*v1alpha1.NodeGroup)
	w.due[item{group, client.ObjectKeyFromObject(o)}] = time.Now()
}

// create makes objects.
func (w *world) create(list ...client.Object) {
	w.t.Helper()
	for _, o := range list {
		o.SetUID(types.UID(o.GetName())) // the fake API server makes none
		o.SetCreationTimestamp(metav1.Now())
		o.SetGeneration(1)
		if err := w.client.Create(w.ctx, o); err != nil {
			w.t.Fatal(err)
		}
		w.enqueue(o)
		if g, ok := o.(*v1alpha1.NodeGroup); ok {
			for _, r := range w.clusters.clusterOfGroup(w.ctx, g) {
				w.due[item{false, r.NamespacedName}] = time.Now()
			}
		}
	}
}

// request returns the objects of the example request for a cloud.
func (w *world) request(name, cloud string) (*v1alpha1.ManagedCluster, []*v1alpha1.NodeGroup) {
	w.t.Helper()
	req, err := requests.Load(cloud)
	if err != nil {
		w.t.Fatal(err)
	}
	req.IId.NameId = name
	return objects.Of(namespace, "main", req)
}

// ask makes the objects of the example request for a cloud.
func (w *world) ask(name, cloud string) (*v1alpha1.ManagedCluster, []*v1alpha1.NodeGroup) {
	w.t.Helper()
	c, groups := w.request(name, cloud)
	w.create(c)
	for _, g := range groups {
		w.create(g)
	}
	return c, groups
}

// change changes an object as a user does.
func change[T client.Object](w *world, o T, f func(T)) {
	w.t.Helper()
	if err := w.client.Get(w.ctx, client.ObjectKeyFromObject(o), o); err != nil {
		w.t.Fatal(err)
	}
	f(o)
	o.SetGeneration(o.GetGeneration() + 1)
	if err := w.client.Update(w.ctx, o); err != nil {
		w.t.Fatal(err)
	}
	w.enqueue(o)
}

// remove deletes an object as a user does.
func (w *world) remove(o client.Object) {
	w.t.Helper()
	before := w.cluster(o.GetName())
	if err := w.client.Delete(w.ctx, o); err != nil {
		w.t.Fatal(err)
	}
	w.enqueue(o)
	w.tellGroups(before)
}

// tellGroups does what the watch of the clusters does for the node groups.
func (w *world) tellGroups(before *v1alpha1.ManagedCluster) {
	if before == nil {
		return
	}
	is := w.cluster(before.Name)
	if is == nil || phaseChanged.Update(event.UpdateEvent{ObjectOld: before, ObjectNew: is}) {
		for _, r := range w.groups.groupsOfCluster(w.ctx, before) {
			w.due[item{true, r.NamespacedName}] = time.Now()
		}
	}
}

// cluster returns an object as it is now; nil when it is gone.
func (w *world) cluster(name string) *v1alpha1.ManagedCluster {
	c := &v1alpha1.ManagedCluster{}
	if err := w.client.Get(w.ctx, types.NamespacedName{Namespace: namespace, Name: name}, c); client.IgnoreNotFound(err) != nil {
		w.t.Fatal(err)
	} else if err != nil {
		return nil
	}
	return c
}

func (w *world) group(name string) *v1alpha1.NodeGroup {
	g := &v1alpha1.NodeGroup{}
	if err := w.client.Get(w.ctx, types.NamespacedName{Namespace: namespace, Name: name}, g); client.IgnoreNotFound(err) != nil {
		w.t.Fatal(err)
	} else if err != nil {
		return nil
	}
	return g
}

// step reconciles the object that is due first, or lets time pass until one is. It reports
// false when nothing happens before the deadline.
func (w *world) step(deadline time.Time) bool {
	w.t.Helper()
	next, at := item{}, deadline
	for i, when := range w.due {
		if when.Before(at) || when.Equal(at) && i.name.Name < next.name.Name {
			next, at = i, when
		}
	}
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case e := <-w.clusters.Waits.Ends:
		w.due[item{false, e.Object}] = time.Now()
		return true
	case e := <-w.groups.Waits.Ends:
		w.due[item{true, e.Object}] = time.Now()
		return true
	case <-timer.C:
	}
	if next == (item{}) {
		return false
	}
	delete(w.due, next)
	w.reconcile(next)
	return true
}

func (w *world) reconcile(i item) {
	w.t.Helper()
	run := w.groups.Reconcile
	var before *v1alpha1.ManagedCluster
	if !i.group {
		run, before = w.clusters.Reconcile, w.cluster(i.name.Name)
	}
	kept := w.group(i.name.Name)
	changes := w.changes.Load()
	began := time.Now()
	result, err := run(w.ctx, ctrl.Request{NamespacedName: i.name})
	if n := w.changes.Load() - changes; n > 1 {
		w.t.Errorf("one reconcile of %v made %d changes", i.name, n)
	}
	if took := time.Since(began); took > 5*time.Second {
		w.t.Errorf("a reconcile of %v took %v", i.name, took)
	}
	switch {
	case err != nil:
		w.failures[i]++
		w.later(i, min(time.Second<<w.failures[i], 5*time.Minute))
	case result.RequeueAfter > 0:
		delete(w.failures, i)
		w.later(i, result.RequeueAfter)
	default:
		delete(w.failures, i)
	}
	w.tellGroups(before)
	g := w.group(i.name.Name)
	if !i.group || kept == nil || g == nil {
		return
	}
	if kept.DeletionTimestamp.IsZero() && !g.DeletionTimestamp.IsZero() {
		w.enqueue(g) // the deletion of an object is an event
	}
	if groupNews.Update(event.UpdateEvent{ObjectOld: kept, ObjectNew: g}) {
		for _, r := range w.clusters.clusterOfGroup(w.ctx, g) {
			w.due[item{false, r.NamespacedName}] = time.Now()
		}
	}
}

func (w *world) later(i item, d time.Duration) {
	if at, ok := w.due[i]; !ok || at.After(time.Now().Add(d)) {
		w.due[i] = time.Now().Add(d)
	}
}

// mutating are the calls that change something.
var mutating = []string{
	"CreateCluster", "DeleteCluster", "AddNodeGroup", "RemoveNodeGroup", "SetNodeGroupAutoScaling", "ChangeNodeGroupScaling", "UpgradeCluster", "OpenAccess",
}

// mutations counts the requests of such calls that reached the cloud; one call may make
// several.
func (w *world) mutations() (n int) {
	for _, c := range w.cloud.Calls() {
		if slices.Contains(mutating, c.Op) {
			n++
		}
	}
	return n
}

// applied counts the calls of an operation that took effect.
func (w *world) applied(op string) (n int) {
	for _, c := range w.cloud.Calls() {
		if c.Op == op && c.Applied {
			n++
		}
	}
	return n
}

// until lets the operator work until it is true, for some hours at the most.
func (w *world) until(what string, f func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(5 * time.Hour)
	for !f() {
		if !w.step(deadline) {
			w.t.Fatalf("%s: not after hours; %s", what, w.dump())
		}
	}
}

// pass lets the operator work for that long.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	for deadline := time.Now().Add(d); w.step(deadline); {
	}
}

// dump says how everything stands.
func (w *world) dump() string {
	var b strings.Builder
	var clusters v1alpha1.ManagedClusterList
	var groups v1alpha1.NodeGroupList
	_, _ = w.client.List(w.ctx, &clusters), w.client.List(w.ctx, &groups)
	for _, c := range clusters.Items {
		fmt.Fprintf(&b, "\ncluster %s: %+v", c.Name, c.Status)
	}
	for _, g := range groups.Items {
		fmt.Fprintf(&b, "\nnode group %s: %+v", g.Name, g.Status)
	}
	return b.String() + "\n" + strings.Join(w.events.all(), "\n")
}

// is reports whether a condition is true and, when it is false, for which reason.
func is(conditions []metav1.Condition, kind string) (bool, string) {
	c := apimeta.FindStatusCondition(conditions, kind)
	if c == nil {
		return false, ""
	}
	return c.Status == metav1.ConditionTrue, c.Reason
}

func (w *world) clusterReady(name string) bool {
	c := w.cluster(name)
	if c == nil {
		return false
	}
	ready, _ := is(c.Status.Conditions, v1alpha1.ConditionReady)
	synced, _ := is(c.Status.Conditions, v1alpha1.ConditionSynced)
	return ready && synced
}

func (w *world) groupReady(name string) bool {
	g := w.group(name)
	if g == nil {
		return false
	}
	ready, _ := is(g.Status.Conditions, v1alpha1.ConditionReady)
	synced, _ := is(g.Status.Conditions, v1alpha1.ConditionSynced)
	return ready && synced
}

// allReady reports whether every object is.
func (w *world) allReady() bool {
	var clusters v1alpha1.ManagedClusterList
	var groups v1alpha1.NodeGroupList
	if w.client.List(w.ctx, &clusters) != nil || w.client.List(w.ctx, &groups) != nil {
		return false
	}
	for _, c := range clusters.Items {
		if !w.clusterReady(c.Name) {
			return false
		}
	}
	for _, g := range groups.Items {
		if !w.groupReady(g.Name) {
			return false
		}
	}
	return len(clusters.Items) > 0
}

// told keeps events.
type told struct {
	mu   sync.Mutex
	list []string
}

func (r *told) Eventf(regarding, _ runtime.Object, kind, reason, action, note string, args ...any) {
	r.AnnotatedEventf(regarding, nil, nil, kind, reason, action, note, args...)
}

func (r *told) AnnotatedEventf(_, _ runtime.Object, _ map[string]string, kind, reason, action, note string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, strings.Join([]string{kind, reason, action, fmt.Sprintf(note, args...)}, " "))
}

func (r *told) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.list...)
}

// told reports whether there was an event that begins so.
func (r *told) told(begin string) bool {
	for _, e := range r.all() {
		if strings.HasPrefix(e, begin) {
			return true
		}
	}
	return false
}
