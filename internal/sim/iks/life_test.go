// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

// words are what the states of a cluster and of its workers pass through.
func passed(list []string, next string) []string {
	if len(list) > 0 && list[len(list)-1] == next {
		return list
	}
	return append(list, next)
}

// TestServer_creation: the master first, then the workers, past critical and warning.
func TestServer_creation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create(t, "demo")
	var states, masters, lives []string
	for range 200 {
		c := w.cluster(t, id)
		states, masters = passed(states, c.State), passed(masters, c.Lifecycle.MasterState)
		if up := c.Lifecycle.MasterState == masterDeployed; up != (c.MasterURL != "") || up != (c.ServiceEndpoints.PublicURL != "") {
			t.Errorf("with the master %s the URL is %q", c.Lifecycle.MasterState, c.MasterURL)
		}
		for _, o := range w.workers(t, id) {
			lives = passed(lives, o.Lifecycle.ActualState)
			if (o.Lifecycle.ActualState == workerDeployed) != (o.Health.State == healthNormal) {
				t.Errorf("a worker is %s and %q", o.Lifecycle.ActualState, o.Health.State)
			}
		}
		if p := w.pools(t, id); len(p) != 1 || p[0].Lifecycle.ActualState != poolActive || p[0].PoolName != "ng1" || p[0].Labels["pmks.io/request"] != "r1" {
			t.Errorf("pools %+v", p)
		}
		w.clock.Add(30 * time.Second)
		if c.State == "normal" {
			break
		}
	}
	if got := strings.Join(states, " "); got != "requested deploying pending critical warning normal" {
		t.Errorf("states %s", got)
	}
	if got := strings.Join(masters, " "); got != "deploying deployed" {
		t.Errorf("states of the master %s", got)
	}
	if got := strings.Join(lives, " "); got != "provision_pending provisioning provisioned deploying deployed" {
		t.Errorf("states of the workers %s", got)
	}
}

// TestServer_life takes a cluster through all that there is.
func TestServer_life(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.active(t, "demo", func(body map[string]any) { body["kubeVersion"] = "1.33" })

	// A second pool, resized.
	in := w.poolBody("ng2", 1, 3)
	in["cluster"] = id
	var pool createdPoolObject
	w.post(t, "/v2/vpc/createWorkerPool", in).into(t, 201, &pool)
	w.finish()
	w.post(t, "/v2/resizeWorkerPool", map[string]any{"cluster": id, "workerpool": pool.WorkerPoolID, "size": 2}).want(t, 202)
	w.finish()
	if got := w.cluster(t, id).WorkerCount; got != 2+6 {
		t.Errorf("%d workers", got)
	}
	if p := w.pools(t, id)[1]; p.WorkerCount != 2 || len(p.Zones) != 3 || p.Zones[2].WorkerCount != 2 || !p.IsBalanced || p.ID != pool.WorkerPoolID {
		t.Errorf("the pool is %+v", p)
	}

	// The master moves on, and then the workers one by one.
	w.post(t, "/v2/updateMaster", map[string]any{"cluster": id, "version": "1.34.4", "force": false}).want(t, 204)
	if c := w.cluster(t, id); c.Lifecycle.MasterState != "updating" || !strings.HasPrefix(c.MasterKubeVersion, "1.33.8_") || !strings.Contains(c.MasterKubeVersion, " --> 1.34.4_") {
		t.Errorf("the master is %s in %s", c.Lifecycle.MasterState, c.MasterKubeVersion)
	}
	w.finish()
	for _, o := range w.workers(t, id) {
		if o.KubeVersion.Actual == o.KubeVersion.Target {
			t.Errorf("a worker is at %s already", o.KubeVersion.Actual)
		}
		w.post(t, "/v2/vpc/replaceWorker", map[string]any{"cluster": id, "workerID": o.ID, "update": true}).want(t, 204)
		if left := w.workers(t, id); slices.ContainsFunc(left, func(n workerObject) bool { return n.ID == o.ID && n.Lifecycle.ActualState != workerDeleting }) || len(left) != 9 {
			t.Errorf("%d workers while one is replaced", len(left))
		}
		w.finish()
	}
	for _, o := range w.workers(t, id) {
		if o.KubeVersion.Actual != o.KubeVersion.Target || !strings.HasPrefix(o.KubeVersion.Actual, "1.34.4_") {
			t.Errorf("a worker is at %s", o.KubeVersion.Actual)
		}
	}

	// Removal.
	w.post(t, "/v2/removeWorkerPool", map[string]any{"cluster": id, "workerpool": pool.WorkerPoolID}).want(t, 204)
	if p := w.pools(t, id); len(p) != 2 || p[1].Lifecycle != (poolLifecycle{poolDeleted, "deleting"}) {
		t.Errorf("pools %+v", p)
	}
	w.finish()
	if p := w.pools(t, id); len(p) != 1 {
		t.Errorf("pools %+v", p)
	}
	var gone poolObject
	w.get(t, "/v2/vpc/getWorkerPool?cluster="+id+"&workerpool="+pool.WorkerPoolID).into(t, 200, &gone)
	if gone.Lifecycle.ActualState != poolDeleted {
		t.Errorf("the pool is %+v", gone)
	}
	w.call(t, "DELETE", "/v1/clusters/"+id+"?deleteResources=false", nil).want(t, 204)
	if c := w.cluster(t, id); c.State != "deleting" || c.Lifecycle.MasterState != "deleting" {
		t.Errorf("the cluster is %s", c.State)
	}
	w.finish()
	if got := w.get(t, "/v2/vpc/getCluster?cluster="+id).refusal(); got != "404 G0004" {
		t.Errorf("the cluster answers %s", got)
	}
	var list []clusterSummary
	if w.get(t, "/v2/vpc/getClusters?provider=vpc-gen2").into(t, 200, &list); len(list) != 0 {
		t.Errorf("the list holds %+v", list)
	}
}

// kubeToken goes the three steps to a token for clusters.
func (w *world) kubeToken(t testing.TB) string {
	t.Helper()
	var first, second, third tokenObject
	w.form(t, "bx", url.Values{"grant_type": {grantAPIKey}, "apikey": {DefaultAPIKey}, "response_type": {"cloud_iam"}}).into(t, 200, &first)
	w.form(t, "bx", url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {first.RefreshToken}, "response_type": {"delegated_refresh_token"},
		"delegated_refresh_token_expiry": {"600"}, "receiver_client_ids": {"kube"},
	}).into(t, 200, &second)
	w.form(t, "kube", url.Values{"grant_type": {grantDelegated}, "refresh_token": {second.DelegatedToken}}).into(t, 200, &third)
	return third.IDToken
}

// serverOf reads where the API server is out of a kubeconfig.
func serverOf(kubeconfig string) string {
	_, rest, _ := strings.Cut(kubeconfig, "server: ")
	server, _, _ := strings.Cut(rest, "\n")
	return server
}

// TestServer_autoscaler: the add-on, its ConfigMap, and what comes of it.
func TestServer_autoscaler(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.active(t, "demo")
	w.call(t, "PATCH", "/v1/clusters/"+id+"/addons", map[string]any{"addons": []map[string]string{{"name": autoscaler, "version": "2.0.0"}}, "enable": true}).want(t, 200)
	health := func() string {
		var list []addonObject
		w.get(t, "/v1/clusters/"+id+"/addons").into(t, 200, &list)
		return list[0].HealthState
	}
	if got := health(); got != "pending" {
		t.Errorf("the add-on is %s", got)
	}
	w.finish()
	if got := health(); got != healthNormal {
		t.Errorf("the add-on is %s", got)
	}
	kubeconfig := string(w.post(t, "/v2/applyRBACAndGetKubeconfig", map[string]any{"cluster": id, "format": "yaml", "admin": true}).want(t, 200).body)
	path := serverOf(kubeconfig) + configPath
	w.token = w.kubeToken(t)
	if got := w.get(t, path).refusal(); got != "403 Forbidden" {
		t.Errorf("before the roles are there: %s", got)
	}
	w.clock.Add(time.Minute)
	var config configMap
	w.get(t, path).into(t, 200, &config)
	config.Data[configKey] = `[{"name":"ng1","minSize":1,"maxSize":3,"enabled":true},{"name":"gone","minSize":1,"maxSize":1,"enabled":false}]`
	w.call(t, "PUT", path, config).want(t, 200)
	if got := w.call(t, "PUT", path, config).refusal(); got != "409 Conflict" {
		t.Errorf("with an old resourceVersion: %s", got)
	}
	w.finish()
	w.get(t, path).into(t, 200, &config)
	var status map[string]string
	if err := json.Unmarshal([]byte(config.Metadata.Annotations[configStatus]), &status); err != nil || status["1:3:ng1"] != "SUCCESS" {
		t.Errorf("the status is %q", config.Metadata.Annotations[configStatus])
	}
	if err := w.Autoscale("demo", "ng1", 3); err != nil {
		t.Error(err)
	}
	w.finish()
	w.login(t)
	if p := w.pools(t, id)[0]; !p.AutoscaleEnabled || p.WorkerCount != 3 {
		t.Errorf("the pool is %+v", p)
	}
	if got := w.post(t, "/v2/resizeWorkerPool", map[string]any{"cluster": id, "workerpool": "ng1", "size": 2}).refusal(); got != "409 E0d61" {
		t.Errorf("a size while autoscaling: %s", got)
	}
}

// TestServer_Force: every state has its word.
func TestServer_Force(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.active(t, "demo")
	for state, want := range map[profile.State]string{
		profile.Active: "normal deployed normal", profile.CreateFailed: "deploy_failed deploy_failed error", profile.DeleteFailed: "delete_failed delete_failed normal",
		profile.Degraded: "critical deployed unavailable", profile.Stopped: "critical scaled_down error", profile.UpdateFailed: "normal update_failed normal",
		profile.Updating: "normal updating normal", profile.Creating: "requested deploying ", profile.Deleting: "deleting deleting ",
	} {
		w.force(t, "demo", "", profile.Active, "")
		w.force(t, "demo", "", state, "why")
		c := w.cluster(t, id)
		if got := c.State + " " + c.Lifecycle.MasterState + " " + c.Lifecycle.MasterHealth; got != want {
			t.Errorf("%s shows %s, want %s", state, got, want)
		}
	}
	w.force(t, "demo", "", profile.Active, "")
	for state, want := range map[profile.State]string{
		profile.Active: "deployed normal", profile.Degraded: "deployed critical", profile.CreateFailed: "provision_failed critical",
		profile.UpdateFailed: "deploy_failed critical", profile.Stopped: "deployed unknown", profile.Updating: "provision_pending ",
	} {
		w.force(t, "demo", "ng1", profile.Active, "")
		w.force(t, "demo", "ng1", state, "why")
		o := w.workers(t, id)[0]
		if got := o.Lifecycle.ActualState + " " + o.Health.State; got != want {
			t.Errorf("a pool that is %s has a worker that is %s, want %s", state, got, want)
		}
	}
	w.force(t, "demo", "", profile.Gone, "")
	w.get(t, "/v2/vpc/getCluster?cluster="+id).want(t, 404)
}
