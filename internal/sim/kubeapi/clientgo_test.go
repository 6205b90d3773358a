// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"context"
	"encoding/pem"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// clientset reaches the cluster with the real client, which sends protobuf and asks for
// it.
func clientset(t *testing.T, c *cloud) *kubernetes.Clientset {
	t.Helper()
	config := &rest.Config{Host: c.servers.Endpoint("c", endpoint), BearerToken: "good", TLSClientConfig: rest.TLSClientConfig{
		CAData: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.authority.Leaf.Raw}),
	}}
	if c.servers.mode == InProcess {
		config.Dial = c.servers.DialContext
	}
	set, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// inBoth runs a test in virtual time in process, and over the network.
func inBoth(t *testing.T, test func(t *testing.T, c *cloud, set *kubernetes.Clientset)) {
	t.Helper()
	t.Parallel()
	t.Run("in-process", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			c := newCloud(t, InProcess)
			test(t, c, clientset(t, c))
		})
	})
	t.Run("loopback", func(t *testing.T) {
		t.Parallel()
		c := newCloud(t, Loopback)
		test(t, c, clientset(t, c))
	})
}

// TestClientGo_Informer: an informer sees the nodes come and go.
func TestClientGo_Informer(t *testing.T) {
	inBoth(t, func(t *testing.T, c *cloud, set *kubernetes.Clientset) {
		ctx, cancel := context.WithCancel(t.Context())
		factory := informers.NewSharedInformerFactory(set, 0)
		events := make(chan string, 100)
		note := func(what string) func(any) {
			return func(o any) {
				if n, ok := o.(*corev1.Node); ok {
					events <- what + " " + n.Name + " " + n.Status.NodeInfo.KubeletVersion
				}
			}
		}
		informer := factory.Core().V1().Nodes().Informer()
		if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc: note("add"), UpdateFunc: func(_, o any) { note("update")(o) }, DeleteFunc: note("delete"),
		}); err != nil {
			t.Fatal(err)
		}
		factory.Start(ctx.Done())
		defer factory.Shutdown()
		defer cancel()
		expect := func(want ...string) {
			t.Helper()
			var got []string
			for range want {
				got = append(got, <-events)
			}
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		expect("add a v1.34.0", "add b v1.33.5-sim")
		c.change(func(c *cloud) {
			c.cluster.Nodes = append(slices.Clone(c.cluster.Nodes), Node{Name: "d", ProviderID: "sim:///d"})
		})
		expect("add d v1.34.0")
		c.later(20*time.Millisecond, func(c *Cluster) {
			c.Nodes = slices.Clone(c.Nodes[1:])
			c.Nodes[0].Version = "1.34.1"
		})
		expect("delete a v1.34.0", "update b v1.34.1")
	})
}

// TestClientGo_LeaderElection: a lease has one holder, and another after it was given
// up.
func TestClientGo_LeaderElection(t *testing.T) {
	inBoth(t, func(t *testing.T, _ *cloud, set *kubernetes.Clientset) {
		leaders := make(chan string)
		run := func(ctx context.Context, name string) <-chan struct{} {
			done := make(chan struct{})
			elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
				Lock: &resourcelock.LeaseLock{
					LeaseMeta: metav1.ObjectMeta{Name: "leader", Namespace: "kube-system"}, Client: set.CoordinationV1(),
					LockConfig: resourcelock.ResourceLockConfig{Identity: name},
				},
				LeaseDuration: 1500 * time.Millisecond, RenewDeadline: time.Second, RetryPeriod: 50 * time.Millisecond, ReleaseOnCancel: true,
				Callbacks: leaderelection.LeaderCallbacks{
					OnStartedLeading: func(context.Context) { leaders <- name }, OnStoppedLeading: func() {},
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				defer close(done)
				elector.Run(ctx)
			}()
			return done
		}
		first, stop := context.WithCancel(t.Context())
		one := run(first, "one")
		if got := <-leaders; got != "one" {
			t.Fatalf("%s leads", got)
		}
		second, stopSecond := context.WithCancel(t.Context())
		two := run(second, "two")
		lease, err := set.CoordinationV1().Leases("kube-system").Get(t.Context(), "leader", metav1.GetOptions{})
		if err != nil || *lease.Spec.HolderIdentity != "one" || lease.Spec.RenewTime.IsZero() {
			t.Errorf("the lease is %v, %v", lease, err)
		}
		stop()
		<-one
		if got := <-leaders; got != "two" {
			t.Errorf("%s leads", got)
		}
		stopSecond()
		<-two
	})
}

// TestClientGo_Objects: typed calls and typed errors.
func TestClientGo_Objects(t *testing.T) {
	inBoth(t, func(t *testing.T, _ *cloud, set *kubernetes.Clientset) {
		ctx := t.Context()
		if v, err := set.Discovery().ServerVersion(); err != nil || v.GitVersion != "v1.34.0" || v.Minor != "34" {
			t.Errorf("the version is %v, %v", v, err)
		}
		who, err := set.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
		if err != nil || who.Status.UserInfo.Username != "admin" || who.Status.UserInfo.Extra["from"][0] != "here" {
			t.Errorf("the caller is %v, %v", who, err)
		}
		maps := set.CoreV1().ConfigMaps("default")
		m, err := maps.Create(ctx, &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{GenerateName: "m-", Labels: map[string]string{"a": "b"}, OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: "a", UID: "x"}}},
			Data:       map[string]string{"k": "v"}, BinaryData: map[string][]byte{"b": {1, 2}},
		}, metav1.CreateOptions{})
		if err != nil || m.Data["k"] != "v" || len(m.BinaryData["b"]) != 2 || m.Labels["a"] != "b" || len(m.OwnerReferences) != 1 {
			t.Fatalf("got %v, %v", m, err)
		}
		old := m.DeepCopy()
		m.Data["k"] = "w"
		if m, err = maps.Update(ctx, m, metav1.UpdateOptions{}); err != nil || m.Data["k"] != "w" {
			t.Errorf("the update: %v, %v", m, err)
		}
		if _, err := maps.Update(ctx, old, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
			t.Errorf("an update of what was: %v", err)
		}
		uid := m.UID + "x"
		if err := maps.Delete(ctx, m.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}}); !apierrors.IsConflict(err) {
			t.Errorf("a deletion of another: %v", err)
		}
		if err := maps.Delete(ctx, m.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
		if _, err := maps.Get(ctx, m.Name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			t.Errorf("what is gone: %v", err)
		}
		if _, err := set.CoreV1().Pods("default").List(ctx, metav1.ListOptions{}); !apierrors.IsNotFound(err) {
			t.Errorf("pods, of which there are none: %v", err)
		}
		page, err := set.CoreV1().Nodes().List(ctx, metav1.ListOptions{Limit: 1})
		if err != nil || len(page.Items) != 1 || page.Continue == "" {
			t.Errorf("the first page is %v, %v", page, err)
		}
	})
}
