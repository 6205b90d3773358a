// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"context"
	"errors"
	"net/http"
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
	if err == nil && a.verdict() != "" {
		err = refusal{a}
	}
	return err
}

// TestServer_Inject: every kind of fault on calls that change something, and every code
// in the words of the vendor.
func TestServer_Inject(t *testing.T) {
	t.Parallel()
	codes := map[pmks.Code]string{}
	for code, said := range injectedTable {
		codes[code] = said.Code
	}
	codes[pmks.CodeThrottled] = "RequestLimitExceeded"
	state := func(w *world, name string) profile.State {
		w.Mu.Lock()
		defer w.Mu.Unlock()
		rec, err := w.byName(name)
		if err != nil {
			return profile.Gone
		}
		return rec.live.State
	}
	pool := func(w *world, n int) core.NodeGroup {
		w.Mu.Lock()
		defer w.Mu.Unlock()
		rec, err := w.byName("a")
		if err != nil || len(rec.live.Groups) <= n {
			return core.NodeGroup{}
		}
		return *rec.live.Groups[n]
	}
	for _, test := range []struct {
		op, cluster string
		body        func(id, pool string) object
		applied     func(*world) bool
	}{
		{"CreateCluster", "b", func(_, _ string) object { return clusterBody("b") }, func(w *world) bool { return state(w, "b") != profile.Gone }},
		{"DeleteCluster", "a", func(id, _ string) object { return object{"ClusterId": id, "InstanceDeleteMode": "terminate"} },
			func(w *world) bool { return state(w, "a") == profile.Deleting || state(w, "a") == profile.Gone }},
		{"CreateClusterNodePool", "a", func(id, _ string) object { return poolBody(id, "ng2") }, func(w *world) bool { return pool(w, 1).ID != "" }},
		{"ModifyNodePoolDesiredCapacityAboutAsg", "a", func(id, pool string) object {
			return object{"ClusterId": id, "NodePoolId": pool, "DesiredCapacity": 4}
		}, func(w *world) bool { return pool(w, 0).Desired == 4 }},
		{"DeleteClusterNodePool", "a", func(id, pool string) object {
			return object{"ClusterId": id, "NodePoolIds": []any{pool}, "KeepInstance": false}
		}, func(w *world) bool { return pool(w, 0).State == profile.Deleting || pool(w, 0).ID == "" }},
	} {
		t.Run(test.op, func(t *testing.T) {
			t.Parallel()
			wiretest.Matrix{
				Codes: codes,
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
					id, pool := w.seeded("a", 0)
					r := w.client.request("tke", test.op, test.body(id, pool))
					return wiretest.Subject{
						Sim: w.Kit, Op: test.op, Cluster: test.cluster,
						Do:      func(ctx context.Context) error { return w.do(ctx, r) },
						Applied: func() bool { return test.applied(w) },
					}
				},
			}.Run(t)
		})
	}
}

// TestServer_injectedWords: a reason that begins with a code of the vendor has that code.
func TestServer_injectedWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for reason, want := range map[string]string{
		"InternalError.VstationError: no host": "InternalError.VstationError no host", "ResourcesSoldOut: gone": "ResourcesSoldOut gone",
		"in words": "ServiceUnavailable in words", "at 10: no": "ServiceUnavailable at 10: no", "": "ServiceUnavailable The service is temporarily unavailable.",
	} {
		w.Inject(core.Fault{Kind: core.FaultRefuse, Code: pmks.CodeUnavailable, Reason: reason})
		if a := w.tke("DescribeVersions", object{}); a.verdict()+" "+a.text("Error", "Message") != want {
			t.Errorf("%q: got %s", reason, a.body)
		}
	}
	w.Inject(core.Fault{Kind: core.FaultRefuse, Code: pmks.CodeUnknown})
	w.want(w.tke("DescribeVersions", object{}), "InternalError")
}

// TestServer_buckets: so many calls of an action in a second of the clock, for each user by
// itself, unless limits are taken away.
func TestServer_buckets(t *testing.T) {
	t.Parallel()
	passes := func(w *world, action string) int {
		for n := range 200 {
			if a := w.tke(action, object{"ClusterId": "cls-none0000", "InstanceDeleteMode": "terminate"}); a.verdict() == "RequestLimitExceeded" {
				return n
			}
		}
		return 200
	}
	w := newWorld(t, func(o *Options) {
		o.Unlimited = false
		o.Keys = map[string]Key{DefaultSecretID: {Secret: DefaultSecretKey}, "AKIDother": {Secret: DefaultSecretKey, User: "100099990001"}}
	})
	for action, want := range map[string]int{"DeleteCluster": 50, "DescribeClusterKubeconfig": 20, "DescribeVersions": 20} {
		if got := passes(w, action); got != want {
			t.Errorf("%s: %d calls pass, want %d", action, got, want)
		}
	}
	w.key = "AKIDother"
	if got := passes(w, "DescribeVersions"); got != 20 {
		t.Errorf("of another user %d pass", got)
	}
	w.key = DefaultSecretID
	w.clock.Add(time.Second)
	if got := passes(w, "DescribeVersions"); got != 20 {
		t.Errorf("in the next second %d pass", got)
	}
	if got := passes(newWorld(t), "DescribeVersions"); got != 200 {
		t.Errorf("without limits %d pass", got)
	}
	own := func(o *Options) { o.Unlimited, o.Buckets = false, []simkit.Bucket{{Burst: 3, Every: time.Hour}} }
	if got := passes(newWorld(t, own), "DescribeVersions"); got != 3 {
		t.Errorf("with a bucket of its own %d pass", got)
	}
}

// TestServer_hang: a call that hangs ends with its caller.
func TestServer_hang(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(o *Options) { o.Now, o.Latency = time.Now, time.Second })
		w.Inject(core.Fault{Op: "DescribeVersions", Kind: core.FaultHang})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := w.do(ctx, w.client.request("tke", "DescribeVersions", object{})); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		began := time.Now()
		w.want(w.tke("DescribeVersions", object{}), "")
		if took := time.Since(began); took != time.Second {
			t.Errorf("a call takes %s", took)
		}
	})
}
