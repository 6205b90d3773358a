// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// m is a JSON object.
type m = map[string]any

// TestAssumptions looks at both answers to each question that no source settles.
func TestAssumptions(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T, a Assumptions) *world {
		t.Helper()
		return newWorld(t, func(o *Options) { o.Assumptions = a })
	}
	wiretest.Choices(t, start, map[string]wiretest.Choice[Assumptions, *world]{
		"admin-token": wiretest.NewChoice(func(a *Assumptions) { a.AdminToken = true }, func(t *testing.T, w *world) string {
			id := w.active(t, "demo")
			kubeconfig := string(w.get(t, "/v2/getKubeconfig?format=yaml&admin=true&cluster="+id).want(t, 200).body)
			_, rest, found := strings.Cut(kubeconfig, "    token: ")
			w.token, _, _ = strings.Cut(rest, "\n")
			return fmt.Sprint(found, " ", w.get(t, serverOf(kubeconfig)+configPath).refusal())
		}, "false 401 Unauthorized", "true 404 NotFound"),
		"any-pool-name": wiretest.NewChoice(func(a *Assumptions) { a.AnyPoolName = true }, func(t *testing.T, w *world) string {
			body := w.clusterBody("demo")
			body["workerPool"] = w.poolBody("a_pool", 1, 1)
			return w.post(t, "/v2/vpc/createCluster", body).refusal()
		}, "400 E0020", "201"),
		"bad-request-texts": wiretest.NewChoice(func(a *Assumptions) { a.BadRequestTexts = true }, func(t *testing.T, w *world) string {
			id := w.active(t, "demo", func(body m) { body["kubeVersion"] = "1.33" })
			zones := w.poolBody("ng2", 1, 1)
			zones["zones"] = []m{{"id": w.subnet(1).Zone, "subnetID": w.subnet(0).ID}}
			zones["cluster"] = id
			return strings.Join([]string{
				w.post(t, "/v2/updateMaster", m{"cluster": id, "version": "1.99"}).refusal(),
				w.post(t, "/v2/updateMaster", m{"cluster": id, "version": "1.35"}).refusal(),
				w.post(t, "/v2/vpc/createWorkerPool", zones).refusal(),
				w.post(t, "/v2/setWorkerPoolTaints", m{"cluster": id, "workerpool": "ng1", "taints": m{"a": "b"}}).refusal(),
			}, ", ")
		}, "400 E0149, 400 E0148, 400 E0020, 400 E0020", "400 E0020, 400 E0020, 400 E0136, 400 E0d71"),
		"create-failed-word": wiretest.NewChoice(func(a *Assumptions) { a.CreateFailedWord = true }, func(t *testing.T, w *world) string {
			w.Inject(core.Fault{Op: "createCluster", Kind: core.FaultFailLater, Reason: "no luck"})
			return w.cluster(t, w.active(t, "demo")).State
		}, "deploy_failed", "create_failed"),
		"early-kubeconfig": wiretest.NewChoice(func(a *Assumptions) { a.EarlyKubeconfigUnavailable = true }, func(t *testing.T, w *world) string {
			return w.get(t, "/v2/getKubeconfig?format=yaml&cluster="+w.create(t, "demo")).refusal()
		}, "400 E06a0", "500 A0002"),
		"early-worker": wiretest.NewChoice(func(a *Assumptions) { a.EarlyWorker = true }, func(t *testing.T, w *world) string {
			id := w.create(t, "demo")
			for w.cluster(t, id).State != "warning" {
				w.clock.Add(time.Minute)
			}
			w.clock.Add(time.Minute)
			return w.workers(t, id)[0].Health.State + " " + w.workers(t, id)[1].Lifecycle.ActualState
		}, "deploying", "normal deploying"),
		"empty-pools": wiretest.NewChoice(func(a *Assumptions) { a.EmptyPools = true }, func(t *testing.T, w *world) string {
			id := w.active(t, "demo")
			return w.post(t, "/v2/resizeWorkerPool", m{"cluster": id, "workerpool": "ng1", "size": 0}).refusal()
		}, "400 E0020", "202"),
		"failed-update-forgotten": wiretest.NewChoice(func(a *Assumptions) { a.FailedUpdateForgotten = true }, func(t *testing.T, w *world) string {
			id := w.active(t, "demo", func(body m) { body["kubeVersion"] = "1.33" })
			w.Inject(core.Fault{Op: "updateMaster", Kind: core.FaultFailLater, Reason: "no luck"})
			w.post(t, "/v2/updateMaster", m{"cluster": id, "version": "1.34"}).want(t, 204)
			w.finish()
			c := w.cluster(t, id)
			return c.State + " " + c.Lifecycle.MasterState + " " + c.MasterKubeVersion[:4]
		}, "normal update_failed 1.33", "normal deployed 1.33"),
		"first-pool-is-default": wiretest.NewChoice(func(a *Assumptions) { a.FirstPoolIsDefault = true }, func(t *testing.T, w *world) string {
			return w.pools(t, w.create(t, "demo"))[0].PoolName
		}, "ng1", "default"),
		"fresh-is-empty": wiretest.NewChoice(func(a *Assumptions) { a.FreshIsEmpty = true }, func(t *testing.T, w *world) string {
			w.options.Fresh = time.Minute
			id := w.create(t, "demo")
			pools := w.get(t, "/v2/vpc/getWorkerPools?cluster="+id)
			return fmt.Sprint(pools.refusal(), " ", w.get(t, "/v2/vpc/getWorkers?cluster="+id).status, " ", w.get(t, "/v2/vpc/getCluster?cluster="+id).status)
		}, "404 A0006 404 404", "200 [] 200 200"),
		"group-optional-on-writes": wiretest.NewChoice(func(a *Assumptions) { a.GroupOptionalOnWrites = true }, func(t *testing.T, w *world) string {
			wiretest.Must(t, w.Put(core.Seed{Name: "demo", Attr: map[string]string{AttrResourceGroup: OtherResourceGroup}}))
			return w.call(t, "DELETE", "/v1/clusters/demo", nil).refusal()
		}, "404 A0006", "204"),
		"kube-grant-of-keys": wiretest.NewChoice(func(a *Assumptions) { a.KubeGrantOfKeys = true }, func(t *testing.T, w *world) string {
			return w.form(t, "kube", url.Values{"grant_type": {grantAPIKey}, "apikey": {DefaultAPIKey}}).refusal()
		}, "400 BXNIM0106E", "200"),
		"labels-late": wiretest.NewChoice(func(a *Assumptions) { a.LabelsLate = true }, func(t *testing.T, w *world) string {
			id := w.create(t, "demo")
			first := w.pools(t, id)[0].Labels["pmks.io/request"]
			w.finish()
			return first + " " + w.pools(t, id)[0].Labels["pmks.io/request"]
		}, "r1 r1", "r1"),
		"endpoint-at-once": wiretest.NewChoice(func(a *Assumptions) { a.EndpointAtOnce = true }, func(t *testing.T, w *world) string {
			id := w.active(t, "demo")
			w.post(t, "/v2/disablePublicServiceEndpoint", m{"cluster": id}).want(t, 204)
			return fmt.Sprint(w.cluster(t, id).ServiceEndpoints.PublicEnabled)
		}, "true", "false"),
		"kubernetes-labels": wiretest.NewChoice(func(a *Assumptions) { a.KubernetesLabels = true }, func(t *testing.T, w *world) string {
			return fmt.Sprint(len(w.pools(t, w.active(t, "demo"))[0].Labels))
		}, "2", "4"),
		"taints-accepted": wiretest.NewChoice(func(a *Assumptions) { a.TaintsAccepted = true }, func(t *testing.T, w *world) string {
			return w.post(t, "/v2/setWorkerPoolTaints", m{"cluster": w.active(t, "demo"), "workerpool": "ng1", "taints": m{}}).refusal()
		}, "204", "202"),
		"taints-merge": wiretest.NewChoice(func(a *Assumptions) { a.TaintsMerge = true }, func(t *testing.T, w *world) string {
			id := w.active(t, "demo")
			for _, taints := range []m{{"a": "b:NoSchedule"}, {"c": "d:NoExecute"}, {}} {
				w.post(t, "/v2/setWorkerPoolTaints", m{"cluster": id, "workerpool": "ng1", "taints": taints}).want(t, 204)
			}
			return fmt.Sprint(w.pools(t, id)[0].Taints)
		}, "map[]", "map[a:b:NoSchedule c:d:NoExecute]"),
		"missing-pool-is-general": wiretest.NewChoice(func(a *Assumptions) { a.MissingPoolIsGeneral = true }, func(t *testing.T, w *world) string {
			return w.get(t, "/v2/vpc/getWorkerPool?workerpool=none&cluster="+w.active(t, "demo")).refusal()
		}, "404 E0d30", "404 G0004"),
		"names-per-region": wiretest.NewChoice(func(a *Assumptions) { a.NamesPerRegion = true }, func(t *testing.T, w *world) string {
			wiretest.Must(t, w.Put(core.Seed{Name: "demo", Attr: map[string]string{AttrRegion: "eu-de"}}))
			return w.post(t, "/v2/vpc/createCluster", w.clusterBody("demo")).refusal()
		}, "409 E0007", "201"),
		"no-retry-after": wiretest.NewChoice(func(a *Assumptions) { a.NoRetryAfter = true }, func(t *testing.T, w *world) string {
			return w.throttled(t).header.Get("Retry-After")
		}, "10", ""),
		"options-survive": wiretest.NewChoice(func(a *Assumptions) { a.OptionsSurvive = true }, func(t *testing.T, w *world) string {
			id := w.active(t, "demo")
			at := "/v1/clusters/" + id + "/addons"
			w.call(t, "PATCH", at, m{"addons": []m{{"name": autoscaler, "options": "{}"}}, "enable": true}).want(t, 200)
			w.call(t, "PATCH", at, m{"addons": []m{{"name": autoscaler, "version": "2.0.0"}}, "update": true}).want(t, 200)
			var list []addonObject
			w.get(t, at).into(t, 200, &list)
			return list[0].Options
		}, "", "{}"),
		"pools-follow-workers": wiretest.NewChoice(func(a *Assumptions) { a.PoolsFollowWorkers = true }, func(t *testing.T, w *world) string {
			return w.pools(t, w.create(t, "demo"))[0].Lifecycle.ActualState
		}, "active", "resizing"),
		"provider-ignored": wiretest.NewChoice(func(a *Assumptions) { a.ProviderIgnored = true }, func(t *testing.T, w *world) string {
			wiretest.Must(t, w.Put(core.Seed{Name: "demo", Attr: map[string]string{AttrProvider: "satellite", AttrType: typeOpenShift}}))
			var list []clusterSummary
			w.get(t, "/v2/vpc/getClusters?provider=vpc-gen2").into(t, 200, &list)
			return fmt.Sprint(len(list))
		}, "0", "1"),
		"removal-waits-for-workers": wiretest.NewChoice(func(a *Assumptions) { a.RemovalWaitsForWorkers = true }, func(t *testing.T, w *world) string {
			id := w.active(t, "demo")
			body := w.poolBody("ng2", 1, 1)
			body["cluster"] = id
			w.post(t, "/v2/vpc/createWorkerPool", body).want(t, 201)
			return w.post(t, "/v2/removeWorkerPool", m{"cluster": id, "workerpool": "ng1"}).refusal()
		}, "204", "400 E1437"),
		"resize-refused-as-bad-request": wiretest.NewChoice(func(a *Assumptions) { a.ResizeRefusedAsBadRequest = true }, func(t *testing.T, w *world) string {
			seed := seeded("demo")
			seed.Groups[0].OnAutoScaling, seed.Groups[0].MinNodeSize, seed.Groups[0].MaxNodeSize = true, 1, 4
			wiretest.Must(t, w.Put(seed))
			return w.post(t, "/v2/resizeWorkerPool", m{"cluster": "demo", "workerpool": "ng1", "size": 3}).refusal()
		}, "409 E0d61", "400 E0d63"),
		"second-deletion-accepted": wiretest.NewChoice(func(a *Assumptions) { a.SecondDeletionAccepted = true }, func(t *testing.T, w *world) string {
			id := w.active(t, "demo")
			w.call(t, "DELETE", "/v1/clusters/"+id, nil).want(t, 204)
			return w.call(t, "DELETE", "/v1/clusters/"+id, nil).refusal()
		}, "404 G0004", "204"),
		"tags-keep-case": wiretest.NewChoice(func(a *Assumptions) { a.TagsKeepCase = true }, func(t *testing.T, w *world) string {
			crn := w.cluster(t, w.active(t, "demo")).CRN
			w.post(t, tagsHost+"/v3/tags/attach?tag_type=user", m{"tag_names": []string{"Env:Test"}, "resources": []m{{"resource_id": crn}}}).want(t, 200)
			var list tagList
			w.get(t, tagsHost+"/v3/tags?attached_to="+url.QueryEscape(crn)).into(t, 200, &list)
			return list.Items[0].Name
		}, "env:test", "Env:Test"),
		"throttled-status": wiretest.NewChoice(func(a *Assumptions) { a.ThrottledStatus = http.StatusServiceUnavailable }, func(t *testing.T, w *world) string {
			return fmt.Sprint(w.throttled(t).status)
		}, "429", "503"),
		"unforced-update-refused": wiretest.NewChoice(func(a *Assumptions) { a.UnforcedUpdateRefused = true }, func(t *testing.T, w *world) string {
			id := w.active(t, "demo")
			return w.post(t, "/v2/updateMaster", m{"cluster": id, "version": "1.35"}).refusal()
		}, "204", "400 E0020"),
		"updating-state": wiretest.NewChoice(func(a *Assumptions) { a.UpdatingState = true }, func(t *testing.T, w *world) string {
			id := w.active(t, "demo")
			w.force(t, "demo", "", profile.Updating, "")
			return w.cluster(t, id).State
		}, "normal", "updating"),
		"versions-as-list": wiretest.NewChoice(func(a *Assumptions) { a.VersionsAsList = true }, func(t *testing.T, w *world) string {
			return string(w.get(t, "/v2/getVersions").want(t, 200).body[:1]) + string(w.get(t, "/v1/versions").want(t, 200).body[:1])
		}, "{{", "[{"),
	})
}
