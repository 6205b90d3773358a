// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_golden keeps pairs of requests and answers.
func TestServer_golden(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(*testing.T, *world){
		"cluster": goldenCluster, "pool": goldenPool, "addon": goldenAddon, "iam": goldenIAM, "around": goldenAround, "refused": goldenRefused,
		"marks": goldenMarks, "endpoint": goldenEndpoint,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			record := func() string {
				w := newWorld(t)
				tape := w.tape(t)
				w.client.Transport = tape
				run(t, w)
				return wiretest.Mask(tape.Text(), idPattern, DefaultAPIKey)
			}
			wiretest.Same(t, record)
			wiretest.Golden(t, name+".golden", record())
		})
	}
}

// idPattern finds what is drawn at random, or signed.
var idPattern = regexp.MustCompile(`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|eyJ[\w-]+\.[\w-]+\.[\w-]+|\b[a-z0-9]{64}\b|data: [A-Za-z0-9+/=]{80,}|kube-[0-9a-z]{20}-[a-z0-9]*-[a-z0-9]*-[0-9a-f]{8}|\b[0-9a-z]{20}\b`)

// tape writes down what goes over the wire, and holds the answers against the members
// that the vendor's clients know.
func (w *world) tape(t *testing.T) *wiretest.Tape {
	t.Helper()
	table := wiretest.ReadTable(t, "wire.json")
	return &wiretest.Tape{
		Next: w.Transport(),
		Sent: func(r *http.Request) string {
			text := " " + r.URL.Host
			if group := r.Header.Get(groupHeader); group != "" {
				text += " group " + group
			}
			return text + "\n"
		},
		Got: func(r *http.Response) string {
			return strings.TrimRight(" "+r.Header.Get("Content-Type")+" "+r.Header.Get("Retry-After"), " ") + "\n"
		},
		Watch: func(r *http.Request, _ []byte, response *http.Response, got []byte) {
			to := w.routeOf(r, r.URL.Query(), nil)
			if response.StatusCode < 300 && table.Operations[to.op].Output != "" && to.service == serviceIKS {
				for _, fault := range table.Answer(to.op, got) {
					t.Error(fault)
				}
			}
		},
	}
}

func goldenCluster(t *testing.T, w *world) {
	t.Helper()
	w.get(t, "/v1/versions").want(t, 200)
	w.get(t, "/v2/getVersions").want(t, 200)
	w.get(t, "/v2/getFlavors?zone=us-south-2&provider=vpc-gen2").want(t, 200)
	id := w.create(t, "demo")
	for _, after := range []time.Duration{0, 10 * time.Minute, 15 * time.Minute} {
		w.clock.Add(after)
		w.cluster(t, id)
	}
	w.finish()
	w.cluster(t, id)
	w.get(t, "/v2/getCluster?cluster=demo&v1-compatible").want(t, 200)
	w.get(t, "/v2/vpc/getClusters?provider=vpc-gen2").want(t, 200)
	w.get(t, "/network/v2/security-group/getSecurityGroups?cluster="+id+"&type=cluster").want(t, 200)
	w.get(t, "/v2/getKubeconfig?cluster="+id+"&format=yaml&admin=true").want(t, 200)
	w.post(t, "/v2/applyRBACAndGetKubeconfig", m{"cluster": id, "format": "yaml", "endpointType": "private"}).want(t, 200)
	w.get(t, "/v2/getRBACStatus?cluster="+id).want(t, 200)
	w.post(t, "/v2/updateMaster", m{"cluster": id, "version": "1.35.3", "force": false}).want(t, 204)
	w.cluster(t, id)
	w.finish()
	w.call(t, "DELETE", "/v1/clusters/"+id+"?deleteResources=false", nil).want(t, 204)
	w.cluster(t, id)
	w.finish()
	w.get(t, "/v2/vpc/getCluster?cluster="+id).want(t, 404)
	w.get(t, "/v2/vpc/getClusters").want(t, 200)
}

func goldenPool(t *testing.T, w *world) {
	t.Helper()
	wiretest.Must(t, w.Put(seeded("demo")))
	body := w.poolBody("ng2", 1, 2)
	body["cluster"] = "demo"
	w.post(t, "/v2/vpc/createWorkerPool", body).want(t, 201)
	w.pools(t, "demo")
	w.clock.Add(10 * time.Minute)
	w.workers(t, "demo")
	w.finish()
	w.post(t, "/v2/resizeWorkerPool", m{"cluster": "demo", "workerpool": "ng2", "size": 2}).want(t, 202)
	w.post(t, "/v2/setWorkerPoolLabels", m{"cluster": "demo", "workerpool": "ng2", "labels": m{"a": "b"}}).want(t, 204)
	w.get(t, "/v2/vpc/getWorkerPool?cluster=demo&workerpool=ng2").want(t, 200)
	w.finish()
	w.post(t, "/v2/vpc/replaceWorker", m{"cluster": "demo", "workerID": w.workers(t, "demo")[0].ID, "update": true}).want(t, 204)
	w.workers(t, "demo")
	w.finish()
	w.get(t, "/v2/vpc/getWorkers?cluster=demo&pool=ng1&showDeleted=true").want(t, 200)
	w.post(t, "/v2/removeWorkerPool", m{"cluster": "demo", "workerpool": "ng2"}).want(t, 204)
	w.pools(t, "demo")
	w.finish()
	w.get(t, "/v2/vpc/getWorkerPool?cluster=demo&workerpool=ng2").want(t, 200)
}

// goldenMarks: labels, taints and zones of a pool.
func goldenMarks(t *testing.T, w *world) {
	t.Helper()
	wiretest.Must(t, w.Put(seeded("demo")))
	of := func(key string, value any) m { return m{"cluster": "demo", "workerpool": "ng1", key: value} }
	look := func() { w.get(t, "/v2/vpc/getWorkerPool?cluster=demo&workerpool=ng1").want(t, 200) }
	look()
	w.post(t, "/v2/setWorkerPoolLabels", of("labels", m{"team": "a", "example.com/tier": ""})).want(t, 204)
	w.post(t, "/v2/setWorkerPoolTaints", of("taints", m{"team": "a:NoSchedule", "example.com/gpu": ":NoExecute"})).want(t, 204)
	look()
	w.post(t, "/v2/setWorkerPoolTaints", of("taints", m{})).want(t, 204)
	w.post(t, "/v2/setWorkerPoolTaints", of("taints", m{"team": "NoSchedule"})).want(t, 400)
	w.post(t, "/v2/vpc/createWorkerPoolZone", m{"cluster": "demo", "workerPoolID": "ng1", "id": w.subnet(1).Zone, "subnetID": w.subnet(1).ID}).want(t, 201)
	look()
	w.finish()
	w.post(t, "/v2/removeWorkerPoolZone", of("zone", w.subnet(0).Zone)).want(t, 204)
	look()
	w.post(t, "/v2/removeWorkerPoolZone", of("zone", w.subnet(1).Zone)).want(t, 400)
	w.finish()
	look()
}

// goldenEndpoint takes the public endpoint away and gives it back.
func goldenEndpoint(t *testing.T, w *world) {
	t.Helper()
	wiretest.Must(t, w.Put(seeded("demo")))
	w.post(t, "/v2/disablePublicServiceEndpoint", m{"cluster": "demo"}).want(t, 204)
	w.post(t, "/v2/refreshMaster", m{"cluster": "demo"}).want(t, 204)
	w.cluster(t, "demo")
	w.post(t, "/v2/enablePublicServiceEndpoint", m{"cluster": "demo"}).want(t, 400)
	w.finish()
	w.cluster(t, "demo")
	w.post(t, "/v2/enablePublicServiceEndpoint", m{"cluster": "demo"}).want(t, 204)
	w.call(t, "PUT", "/v1/clusters/demo/masters", m{"action": "refresh"}).want(t, 204)
	w.finish()
	w.cluster(t, "demo")
}

func goldenAddon(t *testing.T, w *world) {
	t.Helper()
	id := w.active(t, "demo")
	w.get(t, "/v1/addons").want(t, 200)
	at := "/v1/clusters/" + id + "/addons"
	w.call(t, "PATCH", at, m{"addons": []m{{"name": autoscaler}}, "enable": true}).want(t, 200)
	w.get(t, at).want(t, 200)
	w.finish()
	w.get(t, at).want(t, 200)
	server := serverOf(string(w.post(t, "/v2/applyRBACAndGetKubeconfig", m{"cluster": id, "format": "yaml"}).want(t, 200).body))
	w.token = w.kubeToken(t)
	w.get(t, server+configPath).want(t, 403)
	w.clock.Add(time.Minute)
	var config configMap
	w.get(t, server+configPath).into(t, 200, &config)
	config.Data[configKey] = `[{"name":"ng1","minSize":1,"maxSize":3,"enabled":true}]`
	w.call(t, "PUT", server+configPath, config).want(t, 200)
	w.call(t, "PUT", server+configPath, config).want(t, 409)
	w.finish()
	patch := w.request(t, "PATCH", server+configPath, m{"data": m{"expander": nil}})
	patch.Header.Set("Content-Type", "application/merge-patch+json")
	w.send(t, patch).want(t, 200)
}

func goldenIAM(t *testing.T, w *world) {
	t.Helper()
	w.form(t, "", url.Values{"grant_type": {grantAPIKey}, "apikey": {DefaultAPIKey}}).want(t, 200)
	w.kubeToken(t)
	w.form(t, "", url.Values{"grant_type": {grantAPIKey}, "apikey": {"wrong"}}).want(t, 400)
}

func goldenAround(t *testing.T, w *world) {
	t.Helper()
	wiretest.Must(t, w.Put(core.Seed{Name: "demo", Tags: map[string]string{"env": "test"}}))
	const version = "version=2026-04-07&generation=2"
	for _, path := range []string{
		"/v1/vpcs?", "/v1/vpcs/" + w.resources.VPCs[0].ID + "?", "/v1/subnets?limit=2&", "/v1/subnets/" + w.subnet(0).ID + "?",
		"/v1/security_groups?vpc.id=" + w.resources.VPCs[1].ID + "&", "/v1/security_groups/" + w.resources.SecurityGroups[0].ID + "?",
	} {
		w.get(t, vpcHost+path+version).want(t, 200)
	}
	w.get(t, vpcHost+"/v1/subnets/none?"+version).want(t, 404)
	w.get(t, vpcHost+"/v1/vpcs").want(t, 400)
	w.get(t, resourceHost+"/v2/resource_groups?default=true").want(t, 200)
	crn := url.QueryEscape(w.cluster(t, "demo").CRN)
	w.get(t, tagsHost+"/v3/tags?tag_type=user&full_data=false&limit=1000&attached_to="+crn).want(t, 200)
	w.post(t, tagsHost+"/v3/tags/attach?tag_type=user", m{"tag_names": []string{"A:b"}, "resources": []m{{"resource_id": w.cluster(t, "demo").CRN}, {"resource_id": "none"}}}).want(t, 200)
	w.post(t, tagsHost+"/v3/tags/attach?tag_type=user", m{"tag_names": []string{"#a"}, "resources": []m{{"resource_id": "none"}}}).want(t, 400)
	w.get(t, "/v2/getQuota").want(t, 200)
	w.get(t, "/v2/vpc/getVPCs?provider=vpc-gen2").want(t, 200)
	w.get(t, "/v2/vpc/getSubnets?provider=vpc-gen2&vpc="+w.resources.VPCs[0].ID+"&zone=us-south-1").want(t, 200)
}

func goldenRefused(t *testing.T, w *world) {
	t.Helper()
	wiretest.Must(t, w.Put(seeded("demo")))
	w.post(t, "/v2/vpc/createCluster", w.clusterBody("demo")).want(t, 409)
	w.post(t, "/v2/removeWorkerPool", m{"cluster": "demo", "workerpool": "ng1"}).want(t, 400)
	w.get(t, "/v2/vpc/getWorkerPool?cluster=demo&workerpool=none").want(t, 404)
	w.force(t, "demo", "", profile.Updating, "")
	w.post(t, "/v2/updateMaster", m{"cluster": "demo", "version": "1.35"}).want(t, 400)
	w.get(t, "/v9/nothing").want(t, 404)
	w.post(t, "/v2/rebalanceWorkerPool", m{"cluster": "demo"}).want(t, 501)
	w.Inject(core.Fault{Op: "versions", Kind: core.FaultThrottle, RetryAfter: 7 * time.Second})
	w.get(t, "/v1/versions").want(t, 429)
}
