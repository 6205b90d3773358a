// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// refusedError is a refusal as an error.
type refusedError string

func (e refusedError) Error() string { return string(e) }

// do makes a call under a context and returns what is not a success as an error.
func (w *world) do(ctx context.Context, r *http.Request) error {
	out, err := w.try(r.WithContext(ctx))
	switch {
	case err != nil:
		return err
	case out.status >= 300:
		return refusedError(out.refusal())
	}
	return nil
}

// TestServer_Inject: every kind of fault on calls of each service, and every code in
// the words of the service.
func TestServer_Inject(t *testing.T) {
	t.Parallel()
	onIKS := map[pmks.Code]string{
		pmks.CodeAlreadyExists: "409 E0007", pmks.CodeBusy: "409 E0d61", pmks.CodeFailedPrecondition: "400 E1437", pmks.CodeInternal: "500 G0002",
		pmks.CodeInvalidArgument: "400 E0020", pmks.CodeNotFound: "404 A0006", pmks.CodePermissionDenied: "403 A0656", pmks.CodeQuotaExceeded: "403 E60b6",
		pmks.CodeThrottled: "429 G0015", pmks.CodeUnauthenticated: "401 A0003", pmks.CodeUnavailable: "503 A0002",
	}
	onTags := map[pmks.Code]string{pmks.CodeThrottled: "429 rate_limit_exceeded", pmks.CodePermissionDenied: "403 forbidden", pmks.CodeInternal: "500 internal_error"}
	onKube := map[pmks.Code]string{pmks.CodeThrottled: "429 TooManyRequests", pmks.CodePermissionDenied: "403 Forbidden", pmks.CodeBusy: "409 Conflict"}
	tests := []struct {
		op, cluster string
		codes       map[pmks.Code]string
		request     func(*testing.T, *world) *http.Request
		applied     func(*world) bool
	}{
		{"createCluster", "b", onIKS, func(t *testing.T, w *world) *http.Request {
			t.Helper()
			return w.request(t, "POST", "/v2/vpc/createCluster", w.clusterBody("b"))
		}, func(w *world) bool { _, err := w.named("b"); return err == nil }},
		{"deleteCluster", "a", onIKS, func(t *testing.T, w *world) *http.Request {
			t.Helper()
			return w.request(t, "DELETE", "/v1/clusters/a", nil)
		}, func(w *world) bool { rec, err := w.named("a"); return err != nil || rec.live.State == profile.Deleting }},
		{"resizeWorkerPool", "a", onIKS, func(t *testing.T, w *world) *http.Request {
			t.Helper()
			return w.request(t, "POST", "/v2/resizeWorkerPool", m{"cluster": "a", "workerpool": "ng1", "size": 3})
		}, func(w *world) bool { _, p, _ := w.namedPool("a", "ng1"); return p.perZone == 3 }},
		{"attachTags", "", onTags, func(t *testing.T, w *world) *http.Request {
			t.Helper()
			rec, err := w.named("a")
			wiretest.Must(t, err)
			return w.request(t, "POST", tagsHost+"/v3/tags/attach", m{"tag_names": []string{"x"}, "resources": []m{{"resource_id": w.crnOf(rec)}}})
		}, func(w *world) bool { return len(w.tags) == 1 }},
		{"putConfigMap", "a", onKube, func(t *testing.T, w *world) *http.Request {
			t.Helper()
			rec, err := w.named("a")
			wiretest.Must(t, err)
			rec.synced["IBMid-5500000PMKS"] = w.Now()
			w.token = w.kubeToken(t)
			config := *rec.config
			config.Data = merged(config.Data, nil)
			config.Data["x"] = "y"
			return w.request(t, "PUT", "https://c2.us-south.containers.cloud.ibm.com:"+rec.port+configPath, config)
		}, func(w *world) bool { rec, _ := w.named("a"); return rec.config.Data["x"] == "y" }},
		{"token", "", map[pmks.Code]string{pmks.CodeUnauthenticated: "400 BXNIM0415E", pmks.CodeThrottled: "429 G0015"}, func(t *testing.T, _ *world) *http.Request {
			t.Helper()
			r := newRequest(t, "POST", "https://iam.cloud.ibm.com/identity/token", url.Values{"grant_type": {grantAPIKey}, "apikey": {DefaultAPIKey}}.Encode())
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.SetBasicAuth("bx", "bx")
			return r
		}, func(w *world) bool { return len(w.refresh) == 1 }},
	}
	for _, test := range tests {
		t.Run(test.op, func(t *testing.T) {
			t.Parallel()
			wiretest.Matrix{
				Codes: test.codes,
				Refusal: func(err error) string {
					var refused refusedError
					errors.As(err, &refused)
					return string(refused)
				},
				Start: func(t *testing.T) wiretest.Subject {
					t.Helper()
					w := newWorld(t, func(o *Options) { o.Now = nil })
					wiretest.Must(t, w.Put(withAutoscaler("a")))
					r := test.request(t, w)
					clear(w.refresh)
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

// TestServer_failLater: what is accepted and fails, and what never ends.
func TestServer_failLater(t *testing.T) {
	t.Parallel()
	const why = "The zone has no capacity."
	look := func(t *testing.T, w *world, id string) string {
		t.Helper()
		c := w.cluster(t, id)
		out := c.State + " " + c.Lifecycle.MasterState
		for _, o := range w.workers(t, id) {
			out += " " + o.Lifecycle.ActualState + ":" + o.Health.State
			if o.Health.State == healthCritical && o.Health.Message != why {
				t.Errorf("a worker says %q", o.Health.Message)
			}
		}
		return out
	}
	steps := map[string]func(*testing.T, *world, string){
		"createCluster": func(t *testing.T, w *world, _ string) { t.Helper(); w.create(t, "new") },
		"createWorkerPool": func(t *testing.T, w *world, id string) {
			t.Helper()
			body := w.poolBody("ng2", 1, 1)
			body["cluster"] = id
			w.post(t, "/v2/vpc/createWorkerPool", body).want(t, 201)
		},
		"resizeWorkerPool": func(t *testing.T, w *world, id string) {
			t.Helper()
			w.post(t, "/v2/resizeWorkerPool", m{"cluster": id, "workerpool": "ng1", "size": 3}).want(t, 202)
		},
		"removeWorkerPool": func(t *testing.T, w *world, id string) {
			t.Helper()
			w.post(t, "/v2/removeWorkerPool", m{"cluster": id, "workerpool": "ng0"}).want(t, 204)
		},
		"replaceWorker": func(t *testing.T, w *world, id string) {
			t.Helper()
			w.post(t, "/v2/vpc/replaceWorker", m{"cluster": id, "workerID": w.workers(t, id)[1].ID, "update": true}).want(t, 204)
		},
		"createWorkerPoolZone": func(t *testing.T, w *world, id string) {
			t.Helper()
			w.post(t, "/v2/vpc/createWorkerPoolZone", m{"cluster": id, "workerPoolID": "ng1", "id": w.subnet(1).Zone, "subnetID": w.subnet(1).ID}).want(t, 201)
		},
		"removeWorkerPoolZone": func(t *testing.T, w *world, id string) {
			t.Helper()
			w.post(t, "/v2/removeWorkerPoolZone", m{"cluster": id, "workerpool": "ng0", "zone": w.subnet(0).Zone}).want(t, 204)
		},
		"refreshMaster": func(t *testing.T, w *world, id string) {
			t.Helper()
			w.post(t, "/v2/refreshMaster", m{"cluster": id}).want(t, 204)
		},
		"updateMaster": func(t *testing.T, w *world, id string) {
			t.Helper()
			w.post(t, "/v2/updateMaster", m{"cluster": id, "version": "1.35"}).want(t, 204)
		},
		"deleteCluster": func(t *testing.T, w *world, id string) {
			t.Helper()
			w.call(t, "DELETE", "/v1/clusters/"+id, nil).want(t, 204)
		},
	}
	const well, sick = " deployed:normal", " provision_failed:critical"
	for op, want := range map[string][2]string{
		"createCluster":        {"deploy_failed deploy_failed" + sick + sick, "requested deploying provision_pending: provision_pending:"},
		"createWorkerPool":     {"warning deployed" + well + well + sick, "normal deployed" + well + well + " provision_pending:"},
		"resizeWorkerPool":     {"warning deployed" + well + well + sick, "normal deployed" + well + well + " provision_pending:"},
		"removeWorkerPool":     {"warning deployed deployed:critical" + well, "normal deployed deleting:" + well},
		"createWorkerPoolZone": {"warning deployed" + well + well + sick + sick, "normal deployed" + well + well + " provision_pending: provision_pending:"},
		"removeWorkerPoolZone": {"normal deployed" + well + well, "normal deployed deleting:" + well},
		"refreshMaster":        {"normal update_failed" + well + well, "normal updating" + well + well},
		"replaceWorker":        {"warning deployed" + well + sick, "normal deployed" + well + " deleting: provision_pending:"},
		"updateMaster":         {"normal update_failed" + well + well, "normal updating" + well + well},
		"deleteCluster":        {"delete_failed delete_failed deployed:critical deployed:critical", "deleting deleting deleting: deleting:"},
	} {
		for i, kind := range []core.FaultKind{core.FaultFailLater, core.FaultStick} {
			t.Run(op+"/"+string(kind), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				seed := seeded("demo")
				if strings.HasPrefix(op, "removeWorkerPool") {
					seed.Groups = []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "ng0"}, DesiredNodeSize: 1}, {IId: pmks.IID{NameId: "ng1"}, DesiredNodeSize: 1}}
				}
				wiretest.Must(t, w.Put(seed))
				w.Inject(core.Fault{Op: op, Kind: kind, Reason: why})
				rec, err := w.named("demo")
				wiretest.Must(t, err)
				steps[op](t, w, rec.id)
				w.finish()
				w.clock.Add(time.Hour)
				if op == "createCluster" {
					rec, err = w.named("new")
					wiretest.Must(t, err)
				}
				if got := look(t, w, rec.id); got != want[i] {
					t.Errorf("got  %s\nwant %s", got, want[i])
				}
			})
		}
	}
}

// TestServer_buckets: the published limit is on by default, comes back when its window
// is over, and can be taken away.
func TestServer_buckets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if r := w.throttled(t); r.refusal() != "429 G0015" || r.header.Get("Retry-After") == "" {
		t.Errorf("the 201st call: %s, %v", r.refusal(), r.header)
	}
	w.get(t, vpcHost+"/v1/vpcs?version=2026-04-07&generation=2").want(t, 200) // another service
	w.clock.Add(10 * time.Second)
	w.get(t, "/v1/versions").want(t, 200)
	w = newWorld(t, func(o *Options) { o.Unlimited = true })
	if r := w.throttled(t); r.status != 200 {
		t.Errorf("without a limit: %s", r.refusal())
	}
	w = newWorld(t, func(o *Options) { o.Buckets = []simkit.Bucket{{Service: serviceVPC, Burst: 1, Window: time.Minute}} })
	w.get(t, vpcHost+"/v1/vpcs?version=2026-04-07&generation=2").want(t, 200)
	w.get(t, vpcHost+"/v1/vpcs?version=2026-04-07&generation=2").want(t, 429)
}

// TestServer_pages reads the lists of the VPC service page by page.
func TestServer_pages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var want []string
	for _, n := range w.resources.Subnets {
		want = append(want, n.Name)
	}
	wiretest.Pages{
		Want: want, Limit: 2,
		Get: func(token string) (names []string, next string, err error) {
			r := w.get(t, vpcHost+"/v1/subnets?limit=2&version=2026-04-07&generation=2&start="+url.QueryEscape(token))
			if r.status != 200 {
				return nil, "", refusedError(r.refusal())
			}
			var out subnetList
			r.into(t, 200, &out)
			for _, n := range out.Subnets {
				names = append(names, n.Name)
			}
			if out.Next != nil {
				u, err := url.Parse(out.Next.Href)
				wiretest.Must(t, err)
				next = u.Query().Get("start")
			}
			return names, next, nil
		},
		Refused: func(err error) bool { return err.Error() == "400 bad_request" },
	}.Run(t)
	for _, bad := range []string{"limit=0", "limit=101", "limit=x"} {
		w.get(t, vpcHost+"/v1/subnets?version=2026-04-07&generation=2&"+bad).want(t, 400)
	}
	w.Inject(core.Fault{Op: "listSubnets", After: 1, Kind: core.FaultRepeatPage})
	next := func(address string) string {
		var out subnetList
		w.get(t, address).into(t, 200, &out)
		return out.Next.Href + "&version=2026-04-07&generation=2"
	}
	second := next(vpcHost + "/v1/subnets?limit=2&version=2026-04-07&generation=2")
	if got := next(second); got != second {
		t.Errorf("the page names %s, not itself", got)
	}
}

// TestServer_lag: reads go on showing what was.
func TestServer_lag(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.ReadLag = time.Minute })
	id := w.create(t, "demo")
	if got := w.get(t, "/v2/vpc/getCluster?cluster="+id).refusal(); got != "404 G0004" {
		t.Errorf("at once: %s", got)
	}
	w.clock.Add(time.Minute)
	w.finish()
	w.clock.Add(time.Minute)
	body := w.poolBody("ng2", 1, 1)
	body["cluster"] = id
	var made createdPoolObject
	w.post(t, "/v2/vpc/createWorkerPool", body).into(t, 201, &made)
	if p, o := w.pools(t, id), w.workers(t, id); len(p) != 1 || len(o) != 2 {
		t.Errorf("%d pools, %d workers at once", len(p), len(o))
	}
	w.get(t, "/v2/vpc/getWorkerPool?cluster="+id+"&workerpool=ng2").want(t, 404)
	w.clock.Add(time.Minute)
	if p, o := w.pools(t, id), w.workers(t, id); len(p) != 2 || len(o) != 3 {
		t.Errorf("%d pools, %d workers then", len(p), len(o))
	}
}

// TestServer_Show: what is shown, and what the service refuses for it.
func TestServer_Show(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wiretest.Must(t, w.Put(withAutoscaler("demo")))
	wiretest.Must(t, w.Show("demo", Shown{State: "odd", Status: "Odd", MasterState: "scaled_down", MasterStatus: "s", MasterHealth: "error", MasterKubeVersion: "1.2.3_4", Region: "r", Provider: "p", Type: "t"}))
	c := w.cluster(t, "demo")
	if got := fmt.Sprint(c.State, c.Status, c.Lifecycle.MasterState, c.Lifecycle.MasterStatus, c.Lifecycle.MasterHealth, c.MasterKubeVersion, c.Region, c.Provider, c.Type); got != "oddOddscaled_downserror1.2.3_4rpt" {
		t.Errorf("got %s", got)
	}
	wiretest.Must(t, w.ShowPool("demo", "ng1", PoolShown{ActualState: "odd", DesiredState: "odder"}))
	if p := w.pools(t, "demo")[0]; p.Lifecycle != (poolLifecycle{"odder", "odd"}) {
		t.Errorf("got %+v", p.Lifecycle)
	}
	wiretest.Must(t, w.ShowWorkers("demo", "ng1", 1, WorkerShown{Health: "critical", HealthMessage: "h", ActualState: "reload_failed", Message: "m", MessageDetails: "d",
		PendingOperation: "p", ActualVersion: "1", DesiredVersion: "2", TargetVersion: "3"}))
	o := w.workers(t, "demo")
	if got := fmt.Sprint(o[0].Health.State, o[1].Health, o[1].Lifecycle.ActualState, o[1].Lifecycle.Message, o[1].Lifecycle.MessageDetails, o[1].Lifecycle.PendingOperation, o[1].KubeVersion); got != "normal{critical h}reload_failedmdp{1 2   3}" {
		t.Errorf("got %s", got)
	}
	wiretest.Must(t, w.ShowAddon("demo", autoscaler, "critical"))
	if got := string(w.get(t, "/v1/clusters/demo/addons").body); !strings.Contains(got, `"healthState":"critical"`) {
		t.Errorf("got %s", got)
	}
	w.Warn("careful")
	var made createdObject
	w.post(t, "/v2/vpc/createCluster", w.clusterBody("new")).into(t, 201, &made)
	if len(made.Messages) != 1 || made.NonCritical == nil || made.NonCritical.IncidentID == "" {
		t.Errorf("got %+v", made)
	}
	for _, err := range []error{
		w.Show("none", Shown{}), w.ShowPool("demo", "none", PoolShown{}), w.ShowWorkers("demo", "ng1", 2, WorkerShown{}), w.ShowAddon("demo", "none", ""),
		w.Force("none", "", profile.Active, ""), w.Force("demo", "none", profile.Active, ""), w.Autoscale("demo", "ng1", 2), w.Put(core.Seed{}),
		w.Put(core.Seed{Name: "x", Attr: map[string]string{AttrResourceGroup: "none"}}),
		w.Put(core.Seed{Name: "x", Network: pmks.NetworkInfo{SubnetIIDs: []pmks.IID{{NameId: "none"}}}}),
	} {
		if err == nil {
			t.Error("a control that must fail did not")
		}
	}
}

// TestServer_Inject_listener: the same over a connection.
func TestServer_Inject_listener(t *testing.T) {
	t.Parallel()
	wiretest.Matrix{
		Codes: map[pmks.Code]string{pmks.CodeThrottled: "429 G0015"},
		Refusal: func(err error) string {
			var refused refusedError
			errors.As(err, &refused)
			return string(refused)
		},
		Start: func(t *testing.T) wiretest.Subject {
			t.Helper()
			w := newWorld(t)
			l, transport := wiretest.Listen(t, w.Listen, false)
			w.client.Transport = transport
			r := w.request(t, "POST", l.URL()+"/global/v2/vpc/createCluster", w.clusterBody("b"))
			return wiretest.Subject{
				Sim: w.Kit, Op: "createCluster", Cluster: "b",
				Do:      func(ctx context.Context) error { return w.do(ctx, r) },
				Applied: func() bool { _, err := w.named("b"); return err == nil },
			}
		},
	}.RunConnected(t)
}
