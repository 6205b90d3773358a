// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	container "cloud.google.com/go/container/apiv1"
	"cloud.google.com/go/container/apiv1/containerpb"
	"github.com/googleapis/gax-go/v2/apierror"
	"google.golang.org/api/googleapi"
	"google.golang.org/grpc/codes"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
)

func faultLater(op, reason string) core.Fault {
	return core.Fault{Op: op, Kind: core.FaultFailLater, Reason: reason}
}

// TestServer_faults: each code that a fault can ask for, over both protocols.
func TestServer_faults(t *testing.T) {
	t.Parallel()
	for code, want := range map[pmks.Code]codes.Code{
		pmks.CodeAlreadyExists:      codes.AlreadyExists,
		pmks.CodeBusy:               codes.FailedPrecondition,
		pmks.CodeFailedPrecondition: codes.FailedPrecondition,
		pmks.CodeInternal:           codes.Internal,
		pmks.CodeInvalidArgument:    codes.InvalidArgument,
		pmks.CodeNotFound:           codes.NotFound,
		pmks.CodePermissionDenied:   codes.PermissionDenied,
		pmks.CodeQuotaExceeded:      codes.PermissionDenied,
		pmks.CodeThrottled:          codes.ResourceExhausted,
		pmks.CodeTimeout:            codes.DeadlineExceeded,
		pmks.CodeUnauthenticated:    codes.Unauthenticated,
		pmks.CodeUnavailable:        codes.Unavailable,
	} {
		t.Run(code.String(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.create(t, "demo")
			for name, c := range map[string]*container.ClusterManagerClient{"grpc": w.gke, "rest": w.rest} {
				w.Inject(core.Fault{Op: "SetNodePoolSize", Cluster: "demo", NodeGroup: "ng1", Kind: core.FaultRefuse, Code: code})
				_, err := size("ng1", 3)(t.Context(), c)
				got := codeOf(err)
				var rest *googleapi.Error
				if errors.As(err, &rest) && rest.Code == statusTable[want].status {
					got = want // several codes have one status
				}
				if got != want {
					t.Errorf("%s: got %v, want %v", name, err, want)
				}
			}
			if got := w.get(t, "demo").GetNodePools()[0].GetInitialNodeCount(); got != 2 {
				t.Errorf("the size is %d", got)
			}
		})
	}
}

// TestServer_throttle: when to come back is in the details, and in a header of REST.
func TestServer_throttle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Inject(core.Fault{Kind: core.FaultThrottle, RetryAfter: 7 * time.Second, Times: 2})
	_, err := w.gke.ListClusters(t.Context(), &containerpb.ListClustersRequest{Parent: inZone})
	var api *apierror.APIError
	if !errors.As(err, &api) || codeOf(err) != codes.ResourceExhausted {
		t.Fatalf("got %v", err)
	}
	if api.Details().RetryInfo.GetRetryDelay().AsDuration() != 7*time.Second || api.Reason() != "RATE_LIMIT_EXCEEDED" ||
		api.Domain() != domainGoogle || api.Metadata()["quota_limit_value"] != "60" || api.Details().RequestInfo.GetRequestId() == "" {
		t.Errorf("the details are %v", api.Details())
	}
	_, err = w.rest.ListClusters(t.Context(), &containerpb.ListClustersRequest{Parent: inZone})
	var rest *googleapi.Error
	if !errors.As(err, &rest) || rest.Code != 429 || rest.Header.Get("Retry-After") != "7" || len(rest.Details) != 3 {
		t.Errorf("over REST: %v", err)
	}
}

// TestServer_lost: a connection that is lost is UNAVAILABLE; what the request did
// depends on which way it was lost.
func TestServer_lost(t *testing.T) {
	t.Parallel()
	for _, kind := range []core.FaultKind{core.FaultLoseRequest, core.FaultLoseReply} {
		for _, transport := range []string{"grpc", "rest", "grpc-loopback", "rest-loopback"} {
			t.Run(string(kind)+"/"+transport, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				if transport == "grpc-loopback" || transport == "rest-loopback" {
					w.listen(t)
				}
				c := w.gke
				if transport == "rest" || transport == "rest-loopback" {
					c = w.rest
				}
				w.Inject(core.Fault{Op: "CreateCluster", Kind: kind})
				_, err := c.CreateCluster(t.Context(), clusterRequest("demo"))
				if err == nil {
					t.Fatal("it got an answer")
				}
				if c == w.gke && codeOf(err) != codes.Unavailable {
					t.Errorf("got %v, want UNAVAILABLE", err)
				}
				_, err = c.GetCluster(t.Context(), &containerpb.GetClusterRequest{Name: clusterName("demo")})
				if want := map[core.FaultKind]codes.Code{core.FaultLoseRequest: codes.NotFound, core.FaultLoseReply: codes.OK}[kind]; codeOf(err) != want {
					t.Errorf("afterwards: got %v, want %v", err, want)
				}
				if n := w.Count("CreateCluster"); n != 1 {
					t.Errorf("%d calls were made", n)
				}
				if call := w.Calls()[0]; !call.Lost || call.Status != 0 {
					t.Errorf("the journal has %+v", call)
				}
			})
		}
	}
}

// TestServer_delay: a call that is held ends with its context.
func TestServer_delay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Seed: 1, Latency: time.Second})
		c := newGRPC(t, s, static(DefaultToken))
		began := time.Now()
		if _, err := c.CreateCluster(t.Context(), clusterRequest("one")); err != nil || time.Since(began) != time.Second {
			t.Errorf("it took %s: %v", time.Since(began), err)
		}
		s.Inject(core.Fault{Kind: core.FaultDelay, Delay: 10 * time.Second})
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_, err := c.CreateCluster(ctx, clusterRequest("two"))
		if codeOf(err) != codes.DeadlineExceeded {
			t.Errorf("got %v", err)
		}
		time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
		if _, err := c.GetCluster(t.Context(), &containerpb.GetClusterRequest{Name: clusterName("two")}); codeOf(err) != codes.NotFound {
			t.Errorf("what was given up has happened: %v", err)
		}
	})
}

// TestServer_stick: an operation that never ends, and a fault that is taken back.
func TestServer_stick(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "demo")
	w.Inject(core.Fault{Op: "SetLabels", Kind: core.FaultStick})
	cancel := w.Inject(core.Fault{Op: "GetCluster", Kind: core.FaultRefuse, Code: pmks.CodeInternal, Times: -1})
	cancel()
	op, err := setLabels(nil, w.get(t, "demo").GetLabelFingerprint())(t.Context(), w.gke)
	if err != nil {
		t.Fatal(err)
	}
	w.pass()
	op, err = w.gke.GetOperation(t.Context(), &containerpb.GetOperationRequest{Name: opName(op)})
	if err != nil || op.GetStatus() != containerpb.Operation_RUNNING || w.get(t, "demo").GetStatus() != reconciling {
		t.Errorf("the operation is %s, %v", op.GetStatus(), err)
	}
	w.create(t, "sticky")
	w.Inject(core.Fault{Op: "SetNodePoolSize", Kind: core.FaultStick})
	if op, err = w.gke.SetNodePoolSize(t.Context(), &containerpb.SetNodePoolSizeRequest{Name: poolName("sticky", "ng1"), NodeCount: 5}); err != nil {
		t.Fatal(err)
	}
	w.pass()
	if op, err = w.gke.GetOperation(t.Context(), &containerpb.GetOperationRequest{Name: opName(op)}); err != nil || op.GetStatus() != containerpb.Operation_RUNNING {
		t.Errorf("the operation is %s, %v", op.GetStatus(), err)
	}
}
