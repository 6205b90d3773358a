// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/simkit"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_addon: an installation that fails, one that is taken out, and a ConfigMap
// that outlives the add-on.
func TestServer_addon(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.active(t, "demo")
	at := "/v1/clusters/" + id + "/addons"
	enable := func(on bool) reply {
		return w.call(t, "PATCH", at, m{"addons": []m{{"name": autoscaler}}, "enable": on})
	}
	shown := func() string {
		var list []addonObject
		w.get(t, at).into(t, 200, &list)
		if len(list) == 0 {
			return "none"
		}
		return list[0].HealthState + " " + list[0].HealthStatus
	}
	w.Inject(core.Fault{Op: "patchClusterAddons", Kind: core.FaultFailLater, Reason: "no luck"})
	enable(true).want(t, 200)
	if w.finish(); shown() != "critical no luck" {
		t.Errorf("an installation that failed: %s", shown())
	}
	enable(false).want(t, 200)
	enable(true).want(t, 200)
	w.finish()
	rec, err := w.named("demo")
	wiretest.Must(t, err)
	rec.config.Data[configKey] = `[{"name":"` + w.pools(t, id)[0].ID + `","minSize":1,"maxSize":2,"enabled":true}]`
	w.readConfigMap(rec, "")
	before := rec.config
	if !w.pools(t, id)[0].AutoscaleEnabled {
		t.Error("an entry by the id of the pool means nothing")
	}
	enable(false).want(t, 200)
	if shown() != "none" || w.pools(t, id)[0].AutoscaleEnabled {
		t.Errorf("an add-on that was taken out: %s", shown())
	}
	enable(true).want(t, 200)
	if w.finish(); rec.config != before {
		t.Error("the ConfigMap did not outlive the add-on")
	}
}

// TestServer_configMap has one case for each thing that the autoscaler makes of an
// entry, and for what the API server refuses.
func TestServer_configMap(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ entries, status string }{
		"good":        {`[{"name":"ng1","minSize":1,"maxSize":3,"enabled":true}]`, "SUCCESS"},
		"off":         {`[{"name":"ng1","minSize":1,"maxSize":3,"enabled":false}]`, "SUCCESS"},
		"empty":       {`[{"name":"ng1","minSize":0,"maxSize":3,"enabled":true}]`, "FAILED CODE: 400"},
		"upside-down": {`[{"name":"ng1","minSize":3,"maxSize":1,"enabled":true}]`, "FAILED CODE: 400"},
		"no-pool":     {`[{"name":"none","minSize":1,"maxSize":1,"enabled":true}]`, "FAILED CODE: 404"},
		"no-json":     {`{`, "FAILED CODE: 400"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			wiretest.Must(t, w.Put(withAutoscaler("demo")))
			rec, err := w.named("demo")
			wiretest.Must(t, err)
			rec.config.Data[configKey] = test.entries
			w.readConfigMap(rec, "")
			var status map[string]string
			wiretest.Must(t, json.Unmarshal([]byte(rec.config.Metadata.Annotations[configStatus]), &status))
			for _, got := range status {
				if !strings.HasPrefix(got, test.status) {
					t.Errorf("got %s, want %s", got, test.status)
				}
			}
			if _, p, _ := w.namedPool("demo", "ng1"); len(status) != 1 || p.auto != (name == "good") {
				t.Errorf("%d results, the pool scales: %v", len(status), p.auto)
			}
		})
	}
	w := newWorld(t)
	wiretest.Must(t, w.Put(withAutoscaler("demo")))
	rec, err := w.named("demo")
	wiretest.Must(t, err)
	rec.synced["IBMid-5500000PMKS"] = w.Now()
	at := "https://c2.us-south.containers.cloud.ibm.com:" + rec.port + configPath
	w.token = w.kubeToken(t)
	for name, test := range map[string]struct {
		change func(*configMap)
		want   string
	}{
		"another-name":    {func(c *configMap) { c.Metadata.Name = "x" }, "400 BadRequest"},
		"another-kind":    {func(c *configMap) { c.Kind = "Secret" }, "400 BadRequest"},
		"another-uid":     {func(c *configMap) { c.Metadata.UID = "x" }, "409 Conflict"},
		"another-version": {func(c *configMap) { c.Metadata.ResourceVersion = "1" }, "409 Conflict"},
		"without-version": {func(c *configMap) { c.Metadata.ResourceVersion = "" }, "200 "},
	} {
		var config configMap
		w.get(t, at).into(t, 200, &config)
		test.change(&config)
		if got := w.call(t, "PUT", at, config).refusal(); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
	if got := w.call(t, "PUT", at, m{"dat": 1}).refusal(); got != "400 BadRequest" {
		t.Errorf("an unknown member: %s", got)
	}
}

// TestServer_private: nothing answers at an endpoint inside of IBM's network.
func TestServer_private(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seed := withAutoscaler("demo")
	seed.Attr[AttrPrivate] = "true"
	wiretest.Must(t, w.Put(seed))
	c := w.cluster(t, "demo")
	if c.ServiceEndpoints.PublicEnabled || c.ServiceEndpoints.PublicURL != "" || !strings.Contains(c.MasterURL, ".private.") {
		t.Errorf("the endpoints are %+v, the master is at %s", c.ServiceEndpoints, c.MasterURL)
	}
	kubeconfig := string(w.get(t, "/v2/getKubeconfig?format=yaml&admin=true&cluster=demo").want(t, 200).body)
	if _, err := w.try(w.request(t, "GET", serverOf(kubeconfig)+configPath, nil)); !errors.Is(err, simkit.ErrConnectionLost) {
		t.Errorf("the API server answers %v", err)
	}
	if calls := w.Calls(); calls[len(calls)-1].Code != "unreachable" || calls[len(calls)-1].Status != 0 {
		t.Errorf("the journal holds %+v", calls[len(calls)-1])
	}
	if got := w.post(t, "/v2/applyRBACAndGetKubeconfig", m{"cluster": "demo", "format": "yaml", "endpointType": "public"}).refusal(); got != "400 E0020" {
		t.Errorf("its public endpoint: %s", got)
	}
}

// TestServer_tags: user tags are those of the account, and compare without case.
func TestServer_tags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seed := seeded("demo")
	seed.Tags = map[string]string{"env": "test", "team": "a"}
	wiretest.Must(t, w.Put(seed))
	crn := w.cluster(t, "demo").CRN
	names := func(query string) string {
		var out tagList
		w.get(t, tagsHost+"/v3/tags?attached_to="+crn+query).into(t, 200, &out)
		var list []string
		for _, item := range out.Items {
			list = append(list, item.Name)
		}
		return strings.Join(list, " ")
	}
	change := func(way string, tags ...string) reply {
		return w.post(t, tagsHost+"/v3/tags/"+way+"?tag_type=user", m{"tag_names": tags, "resources": []m{{"resource_id": crn}}})
	}
	change("attach", "ENV:TEST", "b").want(t, 200)
	if got := names(""); got != "env:test team:a b" {
		t.Errorf("attached: %s", got)
	}
	if got := names("&limit=1&offset=1"); got != "team:a" {
		t.Errorf("the second of them: %s", got)
	}
	change("detach", "Team:A").want(t, 200)
	if got := names(""); got != "env:test b" {
		t.Errorf("detached: %s", got)
	}
	for _, tag := range []string{"a:b:c", "#a", "", strings.Repeat("a", 129)} {
		change("attach", tag).want(t, 400)
	}
	for _, query := range []string{"&limit=0", "&offset=-1", "&limit=1001"} {
		w.get(t, tagsHost+"/v3/tags?attached_to="+crn+query).want(t, 400)
	}
	w.get(t, tagsHost+"/v3/tags").want(t, 501)
	change("attach").want(t, 400)
}

// TestServer_quota: the quotas of the region, as they are configured.
func TestServer_quota(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		o.ClusterQuota, o.WorkerQuota = 1, 4
		o.Resources = new(DefaultResources("us-south"))
	})
	wiretest.Must(t, w.Put(core.Seed{Name: "far", Attr: map[string]string{AttrRegion: "eu-de"}}))
	w.active(t, "demo")
	if got := w.post(t, "/v2/vpc/createCluster", w.clusterBody("next")).refusal(); got != "403 E60b6" {
		t.Errorf("a second cluster: %s", got)
	}
	w.post(t, "/v2/resizeWorkerPool", m{"cluster": "demo", "workerpool": "ng1", "size": 4}).want(t, 202)
	if got := w.post(t, "/v2/resizeWorkerPool", m{"cluster": "demo", "workerpool": "ng1", "size": 5}).refusal(); got != "403 E60b6" {
		t.Errorf("a fifth worker: %s", got)
	}
}

// TestServer_forget: records of clusters that are gone do not pile up.
func TestServer_forget(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Unlimited = true })
	for range 300 {
		id := w.create(t, "demo")
		w.call(t, "DELETE", "/v1/clusters/"+id, nil).want(t, 204)
		w.finish()
	}
	if len(w.clusters) > 110 {
		t.Errorf("%d records are kept", len(w.clusters))
	}
}
