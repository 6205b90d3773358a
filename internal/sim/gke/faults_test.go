// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"github.com/googleapis/gax-go/v2/apierror"
	"google.golang.org/api/googleapi"
	"google.golang.org/grpc/codes"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

func faultLater(op, reason string) core.Fault {
	return core.Fault{Op: op, Kind: core.FaultFailLater, Reason: reason}
}

// TestServer_Inject: every kind of fault, and every code, over both transports.
func TestServer_Inject(t *testing.T) {
	t.Parallel()
	words := map[pmks.Code]codes.Code{
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
	}
	for _, transport := range []string{"grpc", "rest"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			start := func(newWorld func(*testing.T) *world, settle func()) func(*testing.T) wiretest.Subject {
				return func(t *testing.T) wiretest.Subject {
					w := newWorld(t)
					c := w.gke
					if transport == "rest" {
						c = w.rest
					}
					return wiretest.Subject{Sim: w.Kit, Op: "CreateCluster", Cluster: "demo",
						Do: func(ctx context.Context) error {
							_, err := c.CreateCluster(ctx, clusterRequest("demo"))
							settle()
							return err
						},
						Applied: func() bool { _, err := w.named("demo"); return err == nil },
					}
				}
			}
			m := wiretest.Matrix{Codes: map[pmks.Code]string{}, Refusal: func(err error) string { return codeOf(err).String() }}
			for code, want := range words {
				m.Codes[code] = want.String()
			}
			if transport == "grpc" {
				m.Lost = func(err error) bool { return codeOf(err) == codes.Unavailable }
			}
			// The other end of a connection in process learns later that it has ended.
			m.Start = start(func(t *testing.T) *world { return newWorld(t, func(o *Options) { o.Now = nil }) }, synctest.Wait)
			m.Run(t)
			m.Start = start(func(t *testing.T) *world {
				w := newWorld(t)
				w.listen(t)
				return w
			}, func() {})
			t.Run("connected", m.RunConnected)
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

// TestServer_stick: an operation that never ends, and a fault that is taken back.
func TestServer_stick(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "demo")
	w.Inject(core.Fault{Op: "SetLabels", Kind: core.FaultStick})
	cancel := w.Inject(core.Fault{Op: "GetCluster", Kind: core.FaultRefuse, Code: pmks.CodeInternal, Times: -1})
	cancel()
	op := wiretest.OK(setLabels(nil, w.get(t, "demo").GetLabelFingerprint())(t.Context(), w.gke))(t)
	w.pass()
	if op = w.read(t, op); op.GetStatus() != containerpb.Operation_RUNNING || w.get(t, "demo").GetStatus() != reconciling {
		t.Errorf("the operation is %s", op.GetStatus())
	}
	w.create(t, "sticky")
	w.Inject(core.Fault{Op: "SetNodePoolSize", Kind: core.FaultStick})
	op = wiretest.OK(w.gke.SetNodePoolSize(t.Context(), &containerpb.SetNodePoolSizeRequest{Name: poolName("sticky", "ng1"), NodeCount: 5}))(t)
	w.pass()
	if op = w.read(t, op); op.GetStatus() != containerpb.Operation_RUNNING {
		t.Errorf("the operation is %s", op.GetStatus())
	}
}
