// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// refusal is the verdict on a call as an error.
type refusal struct{ answer }

func (r refusal) Error() string { return r.verdict() }

// do makes a call under a context.
func (w *world) do(ctx context.Context, r *http.Request) error {
	a, err := w.try(r.WithContext(ctx))
	if err == nil && a.status >= 400 {
		err = refusal{a}
	}
	return err
}

// TestServer_Inject: every kind of fault on calls that change something, and every code
// in the words of the service.
func TestServer_Inject(t *testing.T) {
	t.Parallel()
	onCS := map[pmks.Code]string{
		pmks.CodeAlreadyExists:      "400 ClusterNameAlreadyExist",
		pmks.CodeBusy:               "400 InvalidNodePoolStatus.Forbidden",
		pmks.CodeFailedPrecondition: "400 DependencyViolation.Resource",
		pmks.CodeInternal:           "500 InternalError",
		pmks.CodeInvalidArgument:    "400 InvalidParameter",
		pmks.CodeNotFound:           "404 ErrorClusterNotFound",
		pmks.CodePermissionDenied:   "403 StatusForbidden",
		pmks.CodeQuotaExceeded:      "400 QuotaExceeded.Cluster",
		pmks.CodeThrottled:          "400 Throttling.User",
		pmks.CodeUnauthenticated:    "404 InvalidAccessKeyId.NotFound",
		pmks.CodeUnavailable:        "503 ServiceUnavailable",
	}
	state := func(w *world, name string) profile.State {
		w.Mu.Lock()
		defer w.Mu.Unlock()
		rec, err := w.named(name)
		if err != nil {
			return profile.Gone
		}
		return rec.live.State
	}
	pool := func(w *world) *core.NodeGroup {
		w.Mu.Lock()
		defer w.Mu.Unlock()
		rec, err := w.named("a")
		if err != nil || len(rec.live.Groups) == 0 {
			return &core.NodeGroup{}
		}
		return rec.live.Groups[0]
	}
	for _, test := range []struct {
		op, cluster string
		request     func(w *world, cluster, pool string) *http.Request
		applied     func(*world) bool
	}{
		{"CreateCluster", "b", func(w *world, _, _ string) *http.Request { return w.request("POST", "/clusters", clusterBody("b")) },
			func(w *world) bool { return state(w, "b") != profile.Gone }},
		{"DeleteCluster", "a", func(w *world, cluster, _ string) *http.Request { return w.request("DELETE", cluster, nil) },
			func(w *world) bool { return state(w, "a") == profile.Deleting || state(w, "a") == profile.Gone }},
		{"CreateClusterNodePool", "a", func(w *world, cluster, _ string) *http.Request {
			return w.request("POST", cluster+"/nodepools", poolBody("ng2"))
		}, func(w *world) bool {
			w.Mu.Lock()
			defer w.Mu.Unlock()
			rec, err := w.named("a")
			return err == nil && len(rec.live.Groups) == 2
		}},
		{"ModifyClusterNodePool", "a", func(w *world, _, pool string) *http.Request {
			return w.request("PUT", pool, map[string]any{"scaling_group": map[string]any{"desired_size": 4}})
		}, func(w *world) bool { return pool(w).Desired == 4 }},
		{"DeleteClusterNodepool", "a", func(w *world, _, pool string) *http.Request { return w.request("DELETE", pool+"?force=true", nil) },
			func(w *world) bool { return pool(w).State == profile.Deleting || pool(w).ID == "" }},
	} {
		t.Run(test.op, func(t *testing.T) {
			t.Parallel()
			wiretest.Matrix{
				Codes: onCS,
				Refusal: func(err error) string {
					var r refusal
					if errors.As(err, &r) {
						return r.Error()
					}
					return ""
				},
				Start: func(t *testing.T) wiretest.Subject {
					w := newWorld(t, func(o *Options) { o.Now = time.Now })
					wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: seedGroups("ng1")}))
					cluster, pool := w.seeded("a", -1), w.seeded("a", 0)
					return wiretest.Subject{
						Sim: w.Kit, Op: test.op, Cluster: test.cluster,
						Do:      func(ctx context.Context) error { return w.do(ctx, test.request(w, cluster, pool)) },
						Applied: func() bool { return test.applied(w) },
					}
				},
			}.Run(t)
		})
	}
}

// TestServer_Inject_rpc: codes in the words of the services of the RPC style.
func TestServer_Inject_rpc(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for code, want := range map[pmks.Code]string{
		pmks.CodeBusy: "400 IncorrectStatus", pmks.CodeNotFound: "404 InvalidVpcId.NotFound", pmks.CodePermissionDenied: "403 Forbidden.RAM",
		pmks.CodeThrottled: "400 Throttling.User", pmks.CodeUnauthenticated: "404 InvalidAccessKeyId.NotFound", pmks.CodeUnknown: "500 InternalError",
	} {
		w.Inject(core.Fault{Op: "DescribeVSwitches", Kind: core.FaultRefuse, Code: code, Reason: "in words"})
		a := w.want(w.rpc(serviceVPC, "DescribeVSwitches", "RegionId", "ap-northeast-1"), want)
		if a.text("Message") != "in words" || a.text("RequestId") == "" {
			t.Errorf("got %s", a.body)
		}
	}
}

// TestServer_buckets: rates are limited unless they are taken away, each action by
// itself, and the header says how long.
func TestServer_buckets(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*Options)
		burst  int
	}{
		"default": {func(o *Options) { o.Unlimited = false }, 100},
		"own":     {func(o *Options) { o.Unlimited, o.Buckets = false, []simkit.Bucket{{Burst: 3, Every: time.Hour}} }, 3},
		"none":    {func(*Options) {}, 150},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, test.change)
			n := 0
			for n < 150 {
				a := w.roa("GET", "/quota", nil)
				if a.status != 200 {
					w.want(a, "400 Throttling.User")
					if !strings.HasPrefix(a.header.Get("x-ratelimit-user-api"), "TimeLeft:") {
						t.Errorf("the header is %v", a.header)
					}
					break
				}
				n++
			}
			if n != test.burst {
				t.Errorf("%d calls passed, want %d", n, test.burst)
			}
			if got := w.roa("GET", "/regions/ap-northeast-1/clusters", nil).status; got != 200 && name != "own" {
				t.Errorf("another action: %d", got)
			}
		})
	}
}

// TestServer_ReadLag: lists are behind, and what is read by its id is the truth.
func TestServer_ReadLag(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.ReadLag = 5 * time.Second })
	count := func() int {
		return w.roa("GET", "/regions/ap-northeast-1/clusters?name=em", nil).number("page_info", "total_count")
	}
	id := w.want(w.roa("POST", "/clusters", clusterBody("demo")), "202").text("cluster_id")
	if count() != 0 || w.state("/clusters/"+id) != "initial" {
		t.Errorf("at once the list has %d, and the cluster is %s", count(), w.state("/clusters/"+id))
	}
	w.clock.Add(5 * time.Second)
	if count() != 1 {
		t.Error("the list never shows it")
	}
	w.pass()
	a := w.want(w.roa("POST", "/clusters/"+id+"/nodepools", poolBody("ng1")), "200")
	pool := "/clusters/" + id + "/nodepools/" + a.text("nodepool_id")
	if got := w.state(pool); got != "404 ErrorNodePoolNotFound" {
		t.Errorf("at once the pool is %s", got)
	}
	w.clock.Add(5 * time.Second)
	if got := w.state(pool); got != "initial" {
		t.Errorf("later the pool is %s", got)
	}
	w.pass()
	w.want(w.roa("PUT", pool, map[string]any{"scaling_group": map[string]any{"desired_size": 4}}), "200")
	if list := w.roa("GET", "/clusters/"+id+"/nodepools?NodepoolName=ng1", nil).text("nodepools", 0, "status", "state"); w.state(pool) != "scaling" || list != "active" {
		t.Errorf("the pool is %s, and in the list %s", w.state(pool), list)
	}
	w.pass()
	w.want(w.roa("DELETE", "/clusters/"+id, nil), "202")
	if list := w.roa("GET", "/regions/ap-northeast-1/clusters", nil).text("clusters", 0, "state"); list != "running" || w.state("/clusters/"+id) != "deleting" {
		t.Errorf("the list shows %s", list)
	}
}

// TestServer_JoinDelay: an active pool need not have nodes that are ready; without a way
// to the Internet it never does.
func TestServer_JoinDelay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.JoinDelay = 25 * time.Hour })
	pool := w.addPool(w.create("a"), "ng1")
	if a := w.roa("GET", pool, nil); a.text("status", "state") != "active" || a.number("status", "initial_nodes") != 2 || a.number("status", "healthy_nodes") != 0 {
		t.Errorf("at once the pool is %s", a.body)
	}
	w.pass()
	if a := w.roa("GET", pool, nil); a.number("status", "healthy_nodes") != 2 {
		t.Errorf("later the pool is %s", a.body)
	}
	w = newWorld(t)
	id := w.create("b", "snat_entry", false)
	pool = w.addPool(id, "ng1")
	a, nodes := w.roa("GET", pool, nil), w.roa("GET", "/clusters/"+id+"/nodes?state=offline", nil)
	if a.text("status", "state") != "active" || a.number("status", "offline_nodes") != 2 || a.number("status", "failed_nodes") != 0 || nodes.text("nodes", 1, "node_status") != "Offline" || nodes.text("nodes", 1, "error_message") == "" {
		t.Errorf("without a NAT gateway the pool is %s, its nodes %s", a.body, nodes.body)
	}
}

// TestServer_hang: a call that hangs ends with its caller.
func TestServer_hang(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *Options) { o.Now, o.Latency = time.Now, time.Second })
		w.Inject(core.Fault{Op: "DescribeUserQuota", Kind: core.FaultHang})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := w.do(ctx, w.request("GET", "/quota", nil)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		began := time.Now()
		w.want(w.roa("GET", "/quota", nil), "200")
		if took := time.Since(began); took != time.Second {
			t.Errorf("a call takes %s", took)
		}
	})
}
