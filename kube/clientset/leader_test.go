// SPDX-License-Identifier: Apache-2.0

package clientset_test

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
	"github.com/pmks-go/pmks/kube"
)

// TestLeaderElection has three replicas of a controller, as any is written on client-go,
// elect a leader in the cluster: never two at once, and always another one when one goes,
// past the end of their tokens.
func TestLeaderElection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := fake.New(fake.WithProfile("aws"), fake.WithKubernetesInProcess(), fake.WithClusters(fake.Cluster{Name: "demo"}))
		defer h.Close()
		cfg, err := kube.RESTConfig(t.Context(), h, pmks.IID{NameId: "demo"})
		if err != nil {
			t.Fatal(err)
		}
		cfg.Dial = h.DialKubernetes
		var opened sync.Map
		cfg.Wrap(func(rt http.RoundTripper) http.RoundTripper {
			opened.Store(rt, true)
			return rt
		})
		set, err := kubernetes.NewForConfig(cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer opened.Range(func(rt, _ any) bool {
			utilnet.CloseIdleConnectionsFor(rt.(http.RoundTripper))
			return true
		})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var mu sync.Mutex
		var leading, most, terms int
		count := func(by int) {
			mu.Lock()
			defer mu.Unlock()
			leading += by
			most, terms = max(most, leading), terms+max(by, 0)
		}
		var replicas sync.WaitGroup
		for i := range 3 {
			replicas.Go(func() {
				for ctx.Err() == nil { // it is restarted every few minutes
					life, stop := context.WithTimeout(ctx, time.Duration(3+i)*time.Minute)
					lock := &resourcelock.LeaseLock{LeaseMeta: metav1.ObjectMeta{Name: "leader", Namespace: "kube-system"}, Client: set.CoordinationV1(),
						LockConfig: resourcelock.ResourceLockConfig{Identity: strconv.Itoa(i)}}
					leaderelection.RunOrDie(life, leaderelection.LeaderElectionConfig{Lock: lock, ReleaseOnCancel: true,
						LeaseDuration: 15 * time.Second, RenewDeadline: 10 * time.Second, RetryPeriod: 2 * time.Second,
						Callbacks: leaderelection.LeaderCallbacks{OnStoppedLeading: func() {}, OnStartedLeading: func(ctx context.Context) {
							count(1)
							<-ctx.Done()
							count(-1)
						}}})
					stop()
				}
			})
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		cancel()
		replicas.Wait()
		synctest.Wait()
		if most != 1 || terms < 10 {
			t.Errorf("%d leaders at once and %d terms in an hour, want 1 and more than 10", most, terms)
		}
	})
}
