// SPDX-License-Identifier: Apache-2.0

package fleettest

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/operator/api/v1alpha1"
	"github.com/pmks-go/pmks/examples/operator/controller"
)

// embedded is a replica of the operator in the process of the test.
type embedded struct {
	stop context.CancelFunc
	dead atomic.Bool
	won  <-chan struct{}
	done chan struct{}
	err  error // how it ended, when done is closed
}

var logOnce = sync.OnceFunc(func() { ctrl.SetLogger(logr.FromSlogHandler(slog.DiscardHandler)) })

// embed starts one with the rights of config/operator.yaml, set up as the processes of
// start are.
func embed(t *testing.T, k *cluster, connections *controller.Connections) *embedded {
	t.Helper()
	logOnce()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	r := &embedded{stop: stop, done: make(chan struct{})}
	config := k.config(operatorToken)
	config.QPS, config.Burst = 300, 600
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return transport(func(request *http.Request) (*http.Response, error) { return r.carry(next, request) })
	})
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	// No replica gives its lease back, and none waits for its workers when it ends.
	lease, renew, retry, grace := 15*time.Second, 10*time.Second, 2500*time.Millisecond, time.Duration(0)
	m, err := ctrl.NewManager(config, ctrl.Options{
		Scheme: scheme, LeaderElection: true, LeaderElectionID: "operator." + v1alpha1.Group, LeaderElectionNamespace: "pmks-operator",
		LeaseDuration: &lease, RenewDeadline: &renew, RetryPeriod: &retry, GracefulShutdownTimeout: &grace,
		Metrics: metricsserver.Options{BindAddress: "0"}, HealthProbeBindAddress: "0",
	})
	if err != nil {
		t.Fatal(err)
	}
	err = controller.Setup(ctx, m, controller.Options{
		Connections: connections, Workers: 16, CallTimeout: 2 * time.Minute, SkipNameValidation: true,
		Pauses:      controller.Pauses{Soon: 2 * time.Second, Slow: 10 * time.Second, Resync: controller.DefaultPauses.Resync},
		WaitOptions: []pmks.WaitOption{pmks.WithInterval(3 * time.Second)},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.won = m.Elected()
	go func() {
		defer close(r.done)
		r.err = m.Start(ctx)
	}()
	t.Cleanup(func() {
		r.dead.Store(true)
		stop()
		<-r.done
	})
	return r
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

var errDead = errors.New("the replica is dead")

// carry sends a request while the replica lives, and loses the answer of one that died
// meanwhile.
func (r *embedded) carry(next http.RoundTripper, request *http.Request) (*http.Response, error) {
	if r.dead.Load() {
		return nil, errDead
	}
	response, err := next.RoundTrip(request)
	if err == nil && r.dead.Load() {
		_ = response.Body.Close() // nobody reads it
		return nil, errDead
	}
	return response, err
}

// kill ends the replica: first it is cut off, so that nothing of its end is told.
func (r *embedded) kill() {
	r.dead.Store(true)
	r.stop()
	<-r.done
}

// leads reports whether the replica lives and leads.
func (r *embedded) leads() bool {
	select {
	case <-r.done:
		return false
	default:
	}
	select {
	case <-r.won:
		return !r.dead.Load()
	default:
		return false
	}
}

// crew are replicas in this process, kept as a deployment keeps those that are processes.
type crew struct {
	replicas []*embedded
	start    func() *embedded
}

func (c *crew) keep(t *testing.T) {
	t.Helper()
	for i, r := range c.replicas {
		select {
		case <-r.done:
		default:
			continue
		}
		if r.dead.Load() {
			continue
		}
		if r.err == nil || !strings.Contains(r.err.Error(), lostLease) {
			t.Fatalf("a replica ended by itself: %v", r.err)
		}
		t.Log("a replica could not renew its lease and ended; it is started again")
		r.kill()
		c.replicas[i] = c.start()
	}
}

// leading waits until one of the replicas that live leads.
func (c *crew) leading(t *testing.T) (leader *embedded) {
	t.Helper()
	awaitTrue(t, 5*time.Minute, "there is a leader", func(context.Context) error {
		c.keep(t)
		at := slices.IndexFunc(c.replicas, (*embedded).leads)
		if at < 0 {
			return errors.New("none of them is")
		}
		leader = c.replicas[at]
		return nil
	})
	return leader
}
