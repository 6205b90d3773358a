// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// tape writes down what goes over the wire, with the headers that matter, and holds
// the answers against the vendor's model.
func (w *world) tape(t *testing.T, tokens bool) *wiretest.Tape {
	t.Helper()
	table := wiretest.ReadTable(t, "wire.json")
	return &wiretest.Tape{
		Next: w.Transport(),
		Sent: func(r *http.Request) string { return "\n" + headers(r.Header) },
		Got:  func(r *http.Response) string { return "\n" + headers(r.Header) },
		Skip: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/token") && !tokens },
		Watch: func(r *http.Request, sent []byte, response *http.Response, got []byte) {
			to := routeOf(r, r.URL.Query(), sent)
			if op := nameInTable(to.service, to.op); response.StatusCode < 300 && table.Operations[op].Output != "" {
				for _, fault := range table.Answer(op, got) {
					t.Error(fault)
				}
			}
		},
	}
}

var shownHeaders = []string{"Azure-AsyncOperation", "If-Match", "If-None-Match", "Location", "Retry-After", "WWW-Authenticate", "x-ms-failure-cause"}

func headers(h http.Header) string {
	var b strings.Builder
	for _, name := range shownHeaders {
		if v := h.Get(name); v != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, v)
		}
	}
	return b.String()
}

// TestServer_golden keeps pairs of requests, as the SDK sends them, and answers.
func TestServer_golden(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*testing.T, *world){
		"cluster": goldenCluster,
		"entra":   goldenEntra,
		"pool":    goldenPool,
		"read":    goldenRead,
		"refused": goldenRefused,
	}
	for name, run := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(o *Options) { o.PageSize = 2 })
			p := w.tape(t, name == "entra")
			w.connect(t, simURL, p)
			run(t, w)
			wiretest.Golden(t, name+".golden", mask(p.Text()))
		})
	}
}

// Patterns of what is drawn at random, which may change with the order of drawing.
var (
	idPattern    = regexp.MustCompile(`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?:demo|old)-[a-z0-9]{8}\b|-[0-9]{8}-vmss`)
	tokenPattern = regexp.MustCompile(`eyJ[A-Za-z0-9_.-]+|"value": "[^"]{500,}"`)
)

// mask leaves out what is drawn at random.
func mask(text string) string {
	return wiretest.Mask(tokenPattern.ReplaceAllString(text, "{token}"), idPattern, DefaultSubscriptionID, DefaultTenantID, DefaultClientID, KubernetesAudience)
}

func goldenCluster(t *testing.T, w *world) {
	ctx := t.Context()
	wiretest.OK(w.clusters.BeginCreateOrUpdate(ctx, testGroup, "demo", clusterInput(), &armcontainerservice.ManagedClustersClientBeginCreateOrUpdateOptions{IfNoneMatch: new("*")}))(t)
	w.get(t, "demo")
	w.pass()
	in := w.get(t, "demo")
	in.Properties.KubernetesVersion, in.Properties.AgentPoolProfiles[0].OrchestratorVersion = new("1.35.4"), new("1.35.4")
	wiretest.OK(w.clusters.BeginCreateOrUpdate(ctx, testGroup, "demo", *in, &armcontainerservice.ManagedClustersClientBeginCreateOrUpdateOptions{IfMatch: in.ETag}))(t)
	w.pass()
	wiretest.OK(w.clusters.BeginUpdateTags(ctx, testGroup, "demo", armcontainerservice.TagsObject{Tags: map[string]*string{"a": new("b")}}, nil))(t)
	w.pass()
	finish(t, w, wiretest.OK(w.clusters.BeginStop(ctx, testGroup, "demo", nil))(t))
	finish(t, w, wiretest.OK(w.clusters.BeginDelete(ctx, testGroup, "demo", nil))(t))
}

func goldenPool(t *testing.T, w *world) {
	wiretest.Must(t, w.Put(core.Seed{Name: "demo"}))
	ctx := t.Context()
	finish(t, w, wiretest.OK(w.pools.BeginCreateOrUpdate(ctx, testGroup, "demo", "ng2", armcontainerservice.AgentPool{Properties: poolInput()}, &armcontainerservice.AgentPoolsClientBeginCreateOrUpdateOptions{IfNoneMatch: new("*")}))(t))
	wiretest.Must(t, w.putPool(t, "demo", "ng2", func(p *pp) {
		p.EnableAutoScaling, p.MinCount, p.MaxCount = new(true), new(int32(1)), new(int32(3))
	}))
	w.pass()
	w.machineNames(t, "demo", "ng2")
	pagesOf(t, w.pools.NewListPager(testGroup, "demo", nil))
	wiretest.OK(w.pools.BeginDelete(ctx, testGroup, "demo", "ng2", &armcontainerservice.AgentPoolsClientBeginDeleteOptions{IgnorePodDisruptionBudget: new(true)}))(t)
	w.getPool(t, "demo", "ng2")
}

func goldenRead(t *testing.T, w *world) {
	ctx := t.Context()
	for _, name := range []string{"demo", "old", "older"} {
		wiretest.Must(t, w.Put(core.Seed{Name: name, Groups: []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "ng1"}, DesiredNodeSize: 1}}}))
	}
	pagesOf(t, w.clusters.NewListPager(nil))
	wiretest.OK(w.clusters.ListKubernetesVersions(ctx, "koreacentral", nil))(t)
	wiretest.OK(w.clusters.GetUpgradeProfile(ctx, testGroup, "demo", nil))(t)
	wiretest.OK(w.pools.GetAvailableAgentPoolVersions(ctx, testGroup, "demo", nil))(t)
	wiretest.OK(w.clusters.ListClusterAdminCredentials(ctx, testGroup, "demo", nil))(t)
	wiretest.OK(w.vnets.Get(ctx, testGroup, "vpc-01", nil))(t)
	wiretest.OK(w.groups.Get(ctx, testGroup, "sg-01", nil))(t)
	wiretest.OK(w.keys.Get(ctx, testGroup, "keypair-01", nil))(t)
	w.checkMachines(t, "demo", "ng1", 1)
	wiretest.OK(w.pools.GetUpgradeProfile(ctx, testGroup, "demo", "ng1", nil))(t)
}

func goldenRefused(t *testing.T, w *world) {
	wiretest.Must(t, w.Put(core.Seed{Name: "demo"}))
	ctx := t.Context()
	in := clusterInput()
	in.Properties.AgentPoolProfiles[0].Count = new(int32(0))
	calls := []func() error{
		func() error { return wiretest.Err(w.clusters.Get(ctx, testGroup, "none", nil)) },
		func() error { return wiretest.Err(w.clusters.Get(ctx, "none", "none", nil)) },
		func() error { return wiretest.Err(w.pools.Get(ctx, testGroup, "demo", "none", nil)) },
		func() error { return wiretest.Err(w.clusters.BeginCreateOrUpdate(ctx, testGroup, "new", in, nil)) },
		func() error { return wiretest.Err(w.pools.BeginDelete(ctx, testGroup, "demo", "nodepool1", nil)) },
		func() error { return wiretest.Err(w.clusters.BeginAbortLatestOperation(ctx, testGroup, "demo", nil)) },
		func() error {
			w.Inject(core.Fault{Op: "ManagedClusters_Get", Kind: core.FaultThrottle})
			return wiretest.Err(w.clusters.Get(ctx, testGroup, "demo", nil))
		},
		func() error {
			w.Inject(core.Fault{Op: "VirtualNetworks_Get", Kind: core.FaultThrottle})
			return wiretest.Err(w.vnets.Get(ctx, testGroup, "vpc-01", nil))
		},
	}
	for i, call := range calls {
		if err := call(); refusalOf(err) == (refusal{}) {
			t.Errorf("call %d is not refused: %v", i, err)
		}
	}
}

func goldenEntra(t *testing.T, w *world) {
	wiretest.OK(w.clusters.NewListPager(nil).NextPage(t.Context()))(t)
}
