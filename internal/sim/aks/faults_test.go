// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// codeTable is what AKS says for each code that a fault may ask for.
var codeTable = map[pmks.Code]string{
	pmks.CodeAlreadyExists:      "PreconditionFailed 412",
	pmks.CodeBusy:               "OperationNotAllowed 409",
	pmks.CodeFailedPrecondition: "OperationNotAllowed 400",
	pmks.CodeInternal:           "InternalOperationError 500",
	pmks.CodeInvalidArgument:    "InvalidParameter 400",
	pmks.CodeNotFound:           "ResourceNotFound 404",
	pmks.CodePermissionDenied:   "AuthorizationFailed 403",
	pmks.CodeQuotaExceeded:      "ErrCode_InsufficientVCPUQuota 400",
	pmks.CodeThrottled:          "Throttled 429",
	pmks.CodeUnauthenticated:    "InvalidAuthenticationToken 401",
	pmks.CodeUnavailable:        "ServiceUnavailable 503",
}

// matrix holds faults against a call to a server with a cluster "a" of two pools.
func matrix(op, cluster string, codes map[pmks.Code]string, start func(*testing.T) *world, do func(context.Context, *world) error, applied func(*world) bool) wiretest.Matrix {
	return wiretest.Matrix{
		Codes: codes,
		Refusal: func(err error) string {
			r := refusalOf(err)
			return fmt.Sprintf("%s %d", r.code, r.status)
		},
		Start: func(t *testing.T) wiretest.Subject {
			w := start(t)
			wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: groups("ng1", "ng2")}))
			return wiretest.Subject{
				Sim: w.Kit, Op: op, Cluster: cluster,
				Do:      func(ctx context.Context) error { return do(ctx, w) },
				Applied: func() bool { return applied(w) },
			}
		},
	}
}

// createMatrix is that of the creation of a cluster.
func createMatrix(start func(*testing.T) *world) wiretest.Matrix {
	return matrix("ManagedClusters_CreateOrUpdate", "b", codeTable, start, func(ctx context.Context, w *world) error {
		return wiretest.Err(w.clusters.BeginCreateOrUpdate(ctx, testGroup, "b", clusterInput(), nil))
	}, func(w *world) bool { _, err := w.named("b"); return err == nil })
}

// TestServer_Inject: every kind of fault, and every code, on calls of two services.
func TestServer_Inject(t *testing.T) {
	t.Parallel()
	bubble := func(t *testing.T) *world { return newWorld(t, func(o *Options) { o.Now = nil }) }
	for name, m := range map[string]wiretest.Matrix{
		"cluster": createMatrix(bubble),
		"pool": matrix("AgentPools_Delete", "a", codeTable, bubble, func(ctx context.Context, w *world) error {
			return wiretest.Err(w.pools.BeginDelete(ctx, testGroup, "a", "ng2", nil))
		}, func(w *world) bool {
			rec, err := w.named("a")
			g, there := rec.live.GroupByName("ng2")
			return err == nil && (!there || g.State == profile.Deleting)
		}),
		"subnet": matrix("Subnets_CreateOrUpdate", "", map[pmks.Code]string{pmks.CodeThrottled: "SubscriptionRequestsThrottled 429"}, bubble, func(ctx context.Context, w *world) error {
			in := armnetwork.Subnet{Properties: &armnetwork.SubnetPropertiesFormat{AddressPrefix: new("10.0.0.0/20")}}
			return wiretest.Err(w.subnets.BeginCreateOrUpdate(ctx, testGroup, "vpc-01", "subnet-01", in, nil))
		}, func(w *world) bool { return w.resources.VirtualNetworks[0].Subnets[0].SecurityGroup == "" }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m.Run(t)
		})
	}
}

// TestServer_Inject_listener: the same over a connection.
func TestServer_Inject_listener(t *testing.T) {
	t.Parallel()
	createMatrix(func(t *testing.T) *world {
		w := newWorld(t)
		w.listen(t, true)
		return w
	}).RunConnected(t)
}

// TestServer_Inject_retryAfter: a throttled call is told when to come back.
func TestServer_Inject_retryAfter(t *testing.T) {
	t.Parallel()
	for after, want := range map[time.Duration]string{0: "1", 7 * time.Second: "7"} {
		w := newWorld(t)
		w.Inject(core.Fault{Kind: core.FaultThrottle, Op: "ManagedClusters_Get", RetryAfter: after})
		var e *azcore.ResponseError
		if _, err := w.clusters.Get(t.Context(), testGroup, "a", nil); !errors.As(err, &e) || e.RawResponse.Header.Get("Retry-After") != want {
			t.Errorf("after %s: %v, want %s", after, err, want)
		}
	}
}

// TestServer_Inject_failLater: an operation that is accepted fails, and says why in
// its status and in the resource.
func TestServer_Inject_failLater(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		op   string
		do   func(*testing.T, *world) *http.Response
		pool bool
	}{
		{"create", "ManagedClusters_CreateOrUpdate", func(t *testing.T, w *world) *http.Response {
			return capture(t, func(ctx context.Context) error {
				return wiretest.Err(w.clusters.BeginCreateOrUpdate(ctx, testGroup, "b", clusterInput(), nil))
			})
		}, false},
		{"update", "ManagedClusters_UpdateTags", func(t *testing.T, w *world) *http.Response {
			return capture(t, func(ctx context.Context) error {
				return wiretest.Err(w.clusters.BeginUpdateTags(ctx, testGroup, "b", armcontainerservice.TagsObject{}, nil))
			})
		}, false},
		{"scale", "AgentPools_CreateOrUpdate", func(t *testing.T, w *world) *http.Response {
			return capture(t, func(ctx context.Context) error {
				p := poolInput()
				p.Count = new(int32(5))
				return wiretest.Err(w.pools.BeginCreateOrUpdate(ctx, testGroup, "b", "ng1", armcontainerservice.AgentPool{Properties: p}, nil))
			})
		}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if test.name != "create" {
				w.create(t, "b")
			}
			w.Inject(core.Fault{Op: test.op, Kind: core.FaultFailLater, Reason: "AllocationFailed: there is no capacity for this"})
			response := test.do(t, w)
			w.pass()
			w.checkOperation(t, response, "Failed", "AllocationFailed")
			state, why := w.get(t, "b").Properties.ProvisioningState, w.get(t, "b").Properties.Status
			if test.pool {
				p := w.getPool(t, "b", "ng1").Properties
				state, why = p.ProvisioningState, (*armcontainerservice.ManagedClusterStatus)(p.Status)
				if *p.Count != 2 {
					t.Errorf("the failed scaling has left the count %d", *p.Count)
				}
			}
			if *state != "Failed" || why == nil || *why.ProvisioningError.Code != "AllocationFailed" || *why.ProvisioningError.Message != "there is no capacity for this" {
				t.Errorf("the state is %s: %s", *state, wiretest.JSON(t, why))
			}
		})
	}
}

// capture returns the first response of an operation.
func capture(t *testing.T, do func(context.Context) error) *http.Response {
	t.Helper()
	var response *http.Response
	wiretest.Must(t, do(runtime.WithCaptureResponse(t.Context(), &response)))
	return response
}

// checkOperation reads the status of an operation where its response says.
func (w *world) checkOperation(t *testing.T, response *http.Response, status, code string) {
	t.Helper()
	target, found := strings.CutPrefix(response.Header.Get("Azure-AsyncOperation"), simURL)
	if !found {
		t.Fatalf("the operation is at %q", response.Header.Get("Azure-AsyncOperation"))
	}
	got, body := w.send(t, http.MethodGet, target, "", "Authorization", "Bearer "+w.bearer(t, armScope))
	if got.StatusCode != http.StatusOK || !strings.Contains(body, `"status":"`+status+`"`) || !strings.Contains(body, `"code":"`+code+`"`) && code != "" {
		t.Errorf("the operation is %s: %s, want %s %s", got.Status, body, status, code)
	}
}

// TestServer_preempted: a deletion ends what is under way.
func TestServer_preempted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	created := capture(t, func(ctx context.Context) error {
		return wiretest.Err(w.clusters.BeginCreateOrUpdate(ctx, testGroup, "a", clusterInput(), nil))
	})
	w.checkOperation(t, created, "InProgress", "")
	deleted := capture(t, func(ctx context.Context) error { return wiretest.Err(w.clusters.BeginDelete(ctx, testGroup, "a", nil)) })
	w.checkOperation(t, created, "Canceled", "AKSOperationPreemptedByDelete")
	w.pass()
	w.checkOperation(t, deleted, "Succeeded", "")
	w.create(t, "a")
	updated := capture(t, func(ctx context.Context) error {
		return wiretest.Err(w.clusters.BeginUpdateTags(ctx, testGroup, "a", armcontainerservice.TagsObject{Tags: map[string]*string{"a": new("b")}}, nil))
	})
	if got := w.states(t, "a"); got != "Updating/Running" {
		t.Errorf("during the update: %s", got)
	}
	wiretest.OK(w.clusters.BeginDelete(t.Context(), testGroup, "a", nil))(t)
	w.checkOperation(t, updated, "Canceled", "AKSOperationPreemptedByDelete")
}

// TestServer_Inject_stick: an operation that sticks never ends, in virtual time.
func TestServer_Inject_stick(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &world{Server: New(Options{Seed: 1}), clock: wiretest.NewClock()}
		w.connect(t, simURL, w.Transport())
		w.Inject(core.Fault{Op: "ManagedClusters_Stop", Kind: core.FaultStick})
		w.Inject(core.Fault{Op: "ManagedClusters_Get", Kind: core.FaultDelay, Delay: time.Minute})
		wiretest.Must(t, w.Put(core.Seed{Name: "a"}))
		wiretest.OK(w.clusters.BeginStop(t.Context(), testGroup, "a", nil))(t)
		start := time.Now()
		time.Sleep(1000 * time.Hour) //nolint:forbidigo // inside a synctest bubble
		if got := w.states(t, "a"); got != "Stopping/Running" {
			t.Errorf("after a thousand hours: %s", got)
		}
		if took := time.Since(start); took != 1000*time.Hour+time.Minute {
			t.Errorf("it took %s", took)
		}
		if at, due := w.NextEvent(); due {
			t.Errorf("an event is due at %s", at)
		}
		w.Inject(core.Fault{Op: "ManagedClusters_Get", Kind: core.FaultDelay, Delay: time.Minute})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := w.clusters.Get(ctx, testGroup, "a", nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with a deadline: %v", err)
		}
	})
}

func TestServer_Inject_entra(t *testing.T) {
	t.Parallel()
	for code, want := range map[pmks.Code]string{
		pmks.CodeThrottled: "AADSTS90055", pmks.CodeUnavailable: "AADSTS90033", pmks.CodeUnauthenticated: "AADSTS7000215",
	} {
		w := newWorld(t)
		cancel := w.Inject(core.Fault{Op: "Token", Kind: core.FaultRefuse, Code: code, Times: -1})
		_, body := w.send(t, http.MethodPost, "/"+DefaultTenantID+"/oauth2/v2.0/token", "", "Content-Type", "application/x-www-form-urlencoded")
		if !strings.Contains(body, want) {
			t.Errorf("%s: got %s", code, body)
		}
		cancel()
		w.bearer(t, armScope)
	}
}

// TestServer_journal: every call is counted, and neither the journal nor the log
// holds a secret.
func TestServer_journal(t *testing.T) {
	t.Parallel()
	var logs bytes.Buffer
	w := newWorld(t, func(o *Options) {
		o.Logger = slog.New(slog.NewTextHandler(&logs, nil))
		o.Faults = []core.Fault{{Op: "AgentPools_Get", Kind: core.FaultRefuse, Code: pmks.CodeInternal}}
		o.Assumptions.StaticTokens = true
	})
	w.create(t, "a")
	if _, err := w.pools.Get(t.Context(), testGroup, "a", "ng1", nil); err == nil {
		t.Error("the fault of the options did not strike")
	}
	if _, err := w.clusters.ListClusterAdminCredentials(t.Context(), testGroup, "a", nil); err != nil {
		t.Error(err)
	}
	calls := w.Calls()
	at := calls[3]
	want := Call{Service: containerService, Op: "AgentPools_Get", Cluster: "a", NodeGroup: "ng1", Status: 500, Code: "InternalOperationError", Start: at.Start, End: at.End, Concurrent: 1}
	if at != want {
		t.Errorf("got %+v, want %+v", at, want)
	}
	if w.Count("ManagedClusters_CreateOrUpdate") != 1 || w.Counts()["Token"] != 3 || w.MaxConcurrent() != 1 {
		t.Errorf("calls: %v", w.Counts())
	}
	for _, secret := range []string{DefaultClientSecret, w.latest[keyOf(testGroup, "a")].token, "eyJ"} {
		if strings.Contains(logs.String(), secret) {
			t.Errorf("the log has %q", secret)
		}
	}
	w.Reset()
	if w.Count("") != 0 {
		t.Error("Reset has left calls")
	}
}

// TestServer_throttle: buckets run dry and fill again.
func TestServer_throttle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Buckets = DefaultBuckets() })
	w.create(t, "a")
	w.create(t, "b")
	get := func(name string) error { return wiretest.Err(w.clusters.Get(t.Context(), testGroup, name, nil)) }
	for i := range 60 {
		if err := get("a"); err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
	}
	err := get("a")
	var e *azcore.ResponseError
	if !errors.As(err, &e) || e.StatusCode != http.StatusTooManyRequests || e.ErrorCode != "Throttled" || e.RawResponse.Header.Get("Retry-After") != "1" {
		t.Errorf("call 61: %v", err)
	}
	if err := get("b"); err != nil {
		t.Errorf("another cluster: %v", err)
	}
	w.clock.Add(time.Second)
	if err := get("a"); err != nil {
		t.Errorf("after a second: %v", err)
	}
	for i := range 61 {
		_, err := w.clusters.GetUpgradeProfile(t.Context(), testGroup, "a", nil)
		if (err != nil) != (i == 60) {
			t.Errorf("call %d of another operation: %v", i, err)
		}
	}
	if _, err := w.pools.BeginCreateOrUpdate(t.Context(), testGroup, "a", "ng1", armcontainerservice.AgentPool{Properties: poolInput()}, nil); err != nil {
		t.Errorf("a PUT: %v", err)
	}
}
