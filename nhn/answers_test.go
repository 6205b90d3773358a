// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/nks"
	"github.com/pmks-go/pmks/nhn"
)

// changes are the calls that change something, by the request that does it.
func changes() []providertest.Probe {
	cluster, group := pmks.IID{NameId: "c000"}, pmks.IID{NameId: "g0"}
	return []providertest.Probe{
		{Name: "add", Request: "nodegroups.create", Call: providertest.AddNodeGroup(cluster, bench.SampleNodeGroup("new"))},
		{Name: "resize", Request: "clusters.resize", Call: resized(cluster, group)},
		{Name: "bounds", Request: "autoscale.set", Call: providertest.ChangeNodeGroupScaling(cluster, group, 2, 1, 4)},
	}
}

// resized turns autoscaling off, waits, and changes the size alone.
func resized(cluster, group pmks.IID) providertest.Call {
	return providertest.Then(providertest.SetNodeGroupAutoScaling(cluster, group, false), atRest(cluster), providertest.ChangeNodeGroupScaling(cluster, group, 3, 1, 3))
}

func removals() []providertest.Probe {
	cluster, group := pmks.IID{NameId: "c000"}, pmks.IID{NameId: "g0"}
	return []providertest.Probe{
		{Name: "upgrade", Request: "nodegroups.upgrade", Call: providertest.UpgradeCluster(cluster, "v1.33.4")},
		{Name: "create", Request: "clusters.create", Call: providertest.CreateCluster(bench.SampleRequest("new"))},
		{Name: "delete", Request: "clusters.delete", Call: providertest.DeleteCluster(cluster)},
		{Name: "remove", Request: "nodegroups.delete", Call: providertest.RemoveNodeGroup(cluster, group)},
	}
}

// TestAnswer_mutation: a change whose answer holds nothing is looked for; it is made once,
// whether or not it had been made.
func TestAnswer_mutation(t *testing.T) {
	t.Parallel()
	bench.EmptyAnswers(t, append(changes(), removals()...))
}

// TestRefused_once: every 4xx ends a change at once, and nobody is told that it may have
// happened.
func TestRefused_once(t *testing.T) {
	t.Parallel()
	bench.Refusals(t, changes())
}

// TestRefused_removal: a removal has no argument that could be wrong, and a creation needs
// what it refers to: 400 and 404 say so.
func TestRefused_removal(t *testing.T) {
	t.Parallel()
	for _, p := range removals() {
		for status, want := range map[int]pmks.Code{400: pmks.CodeFailedPrecondition, 404: pmks.CodeUnavailable, 409: pmks.CodeBusy, 403: pmks.CodePermissionDenied,
			413: pmks.CodeInvalidArgument, 422: pmks.CodeInvalidArgument, 498: pmks.CodeThrottled, 406: pmks.CodeInternal} {
			if p.Name == "create" && (status == 400 || status == 404) {
				want = pmks.CodeInvalidArgument
			}
			t.Run(fmt.Sprintf("%d/%s", status, p.Name), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := bench.Fleet(t, nks.New(nks.Options{Quota: noQuota}), 1, 2)
					fault := bench.Refusal("", status)
					fault.Op, fault.Times = p.Request, -1
					s.Inject(fault)
					err := p.Call(t.Context(), newHandler(t, s))
					if e := asError(t, err); e.Code != want || e.MayHaveHappened || !strings.Contains(err.Error(), providertest.Words) || s.Count(p.Request) != 1 {
						t.Errorf("got %v after %d requests, want %s", err, s.Count(p.Request), want)
					}
				})
			})
		}
	}
}

// TestAnswer_read: a read whose answers hold nothing fails as unavailable; a list must
// have its key.
func TestAnswer_read(t *testing.T) {
	t.Parallel()
	cluster, group := pmks.IID{NameId: "c000"}, pmks.IID{NameId: "g0"}
	check := providertest.CheckCluster(bench.SampleRequest("x"))
	bench.EmptyReads(t, []providertest.Probe{
		{Name: "cluster", Request: "clusters.get", Call: providertest.GetCluster(cluster)},
		{Name: "groups", Request: "nodegroups.list", Call: providertest.GetCluster(cluster)},
		{Name: "group", Request: "nodegroups.get", Call: providertest.ReadState(cluster, group)},
		{Name: "autoscaling", Request: "autoscale.get", Call: providertest.SetNodeGroupAutoScaling(cluster, group, true)},
		{Name: "list", Request: "clusters.list", Call: providertest.ListIID},
		{Name: "events", Request: "events.list", Call: providertest.Fails(pmks.CodeNotFound, providertest.LastOperation(cluster, pmks.IID{}))},
		{Name: "versions", Request: "supports.get", Call: providertest.ListVersions},
		{Name: "flavors", Request: "flavors.list", Call: check},
		{Name: "images", Request: "images.list", Call: check},
		{Name: "networks", Request: "networks.list", Call: check},
		{Name: "subnet", Request: "vpcsubnets.get", Call: check},
		{Name: "security-groups", Request: "securityGroups.list", Call: check},
		{Name: "key-pair", Request: "keypairs.get", Call: check},
		{Name: "zones", Request: "zones.list", Call: check},
	})
}

// TestAnswer_parent: what is not NKS's own word on that very cluster ends no Teardown as
// success: a bare 404, a page, NKS's word that the list contradicts.
func TestAnswer_parent(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"bare": "", "object": "{}", "page": "<html></html>",
		"nova":   `{"itemNotFound":{"code":404,"message":"Instance could not be found"}}`,
		"magnum": `{"errors":[{"code":"client","status":404,"title":"Cluster could not be found","detail":"Cluster could not be found","links":[]}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := bench.Fleet(t, nks.New(nks.Options{Quota: noQuota}), 1, 1)
				cfg := configFor(s)
				through := cfg.Transport
				cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
					if strings.HasPrefix(r.URL.Path, "/v1/clusters/") {
						return providertest.Respond(r, http.StatusNotFound, body), nil
					}
					return through.RoundTrip(r)
				})
				h := providertest.New(t, nhn.New, cfg)
				iid := pmks.IID{NameId: "c000"}
				for what, err := range map[string]error{
					"Teardown": pmks.Teardown(t.Context(), h, iid), "GetCluster": providertest.GetCluster(iid)(t.Context(), h),
					"DeleteCluster": providertest.DeleteCluster(iid)(t.Context(), h), "RemoveNodeGroup": providertest.RemoveNodeGroup(iid, pmks.IID{NameId: "g0"})(t.Context(), h),
				} {
					if pmks.CodeOf(err) != pmks.CodeUnavailable {
						t.Errorf("%s: %v", what, err)
					}
				}
			})
		})
	}
}
