// SPDX-License-Identifier: Apache-2.0

package clientset_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/requests"
	"github.com/pmks-go/pmks/fake"
	"github.com/pmks-go/pmks/kube"
)

// TestInformers has real informers of client-go follow the nodes of a cluster of every
// cloud for hours of virtual time: past the end of many tokens, through a scaling and
// through a rotation of all that opens the cluster.
func TestInformers(t *testing.T) {
	t.Parallel()
	for _, cloud := range requests.Clouds() {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { follow(t, cloud) })
		})
	}
}

func follow(t *testing.T, cloud string) {
	h := fake.New(fake.WithProfile(cloud), fake.WithKubernetesInProcess())
	defer func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}()
	req, err := requests.Load(cloud)
	if err != nil {
		t.Fatal(err)
	}
	info, err := pmks.Provision(t.Context(), h, req)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := kube.RESTConfig(t.Context(), h, info.IId)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Dial = h.DialKubernetes
	var opened sync.Map // what is to be closed at the end of the bubble
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
	factory := informers.NewSharedInformerFactory(set, 0)
	nodes := factory.Core().V1().Nodes()
	lister := nodes.Lister()
	factory.Start(ctx.Done())
	defer factory.Shutdown()
	defer cancel()
	factory.WaitForCacheSync(ctx.Done())
	count := func(when string) int {
		t.Helper()
		synctest.Wait()
		info, err := h.GetCluster(t.Context(), info.IId)
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		for _, g := range info.NodeGroupList {
			want += len(g.Nodes)
		}
		if list, err := lister.List(labels.Everything()); err != nil || len(list) != want {
			t.Errorf("%s: %d nodes, %v, want %d", when, len(list), err, want)
		}
		return want
	}
	first := count("at first")
	group := info.NodeGroupList[0]
	if group.OnAutoScaling {
		if _, err := h.SetNodeGroupAutoScaling(t.Context(), info.IId, group.IId, false); err != nil {
			t.Fatal(err)
		}
	}
	scale := func(when string, size int) {
		t.Helper()
		if _, err := pmks.WaitNodeGroupActive(t.Context(), h, info.IId, group.IId); err != nil {
			t.Fatal(err)
		}
		if _, err := h.ChangeNodeGroupScaling(t.Context(), info.IId, group.IId, size, 1, 10); err != nil {
			t.Fatal(err)
		}
		if _, err := pmks.WaitNodeCount(t.Context(), h, info.IId, group.IId, size); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute) //nolint:forbidigo // inside a synctest bubble
		if n := count(when); n == first {
			t.Errorf("%s: still %d nodes", when, n)
		}
	}
	size := len(group.Nodes)
	scale("scaled up", size+2)
	time.Sleep(4 * time.Hour) //nolint:forbidigo // inside a synctest bubble
	scale("after hours", size+1)
	if err := h.RevokeAccess(info.IId); err != nil {
		t.Fatal(err)
	}
	time.Sleep(10 * time.Minute) //nolint:forbidigo // inside a synctest bubble
	scale("after a rotation", size+3)
	who, err := set.AuthenticationV1().SelfSubjectReviews().Create(t.Context(), &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil || who.Status.UserInfo.Username == "" {
		t.Errorf("who am I: %v, %v", who, err)
	}
	cancel()
	factory.Shutdown()
	if err := pmks.Teardown(t.Context(), h, info.IId); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Minute) //nolint:forbidigo // inside a synctest bubble
	if _, err := set.Discovery().ServerVersion(); !errors.Is(err, pmks.ErrNotFound) {
		t.Errorf("after the cluster was deleted: %v, want NotFound", err)
	}
}
