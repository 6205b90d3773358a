// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_reconcile: a PUT on a cluster changes sizes of its pools, access and
// tags, and mends what has failed.
func TestServer_reconcile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "a")
	wiretest.Must(t, w.Force("a", "ng1", profile.CreateFailed, "X: y"))
	in := w.get(t, "a")
	in.Tags = map[string]*string{"new": new("tag")}
	in.SKU.Tier = new(armcontainerservice.ManagedClusterSKUTierStandard)
	in.Properties.AgentPoolProfiles[0].Count = new(int32(5))
	in.Properties.AgentPoolProfiles[0].Tags = map[string]*string{"pool": new("tag")}
	in.Properties.AADProfile = &armcontainerservice.ManagedClusterAADProfile{Managed: new(true), AdminGroupObjectIDs: []*string{new("g")}}
	in.Properties.DisableLocalAccounts = new(true)
	in.Properties.AddonProfiles = map[string]*armcontainerservice.ManagedClusterAddonProfile{"azurepolicy": {Enabled: new(true)}}
	in.Properties.AutoUpgradeProfile = &armcontainerservice.ManagedClusterAutoUpgradeProfile{UpgradeChannel: new(armcontainerservice.UpgradeChannelPatch)}
	in.Properties.APIServerAccessProfile = &armcontainerservice.ManagedClusterAPIServerAccessProfile{AuthorizedIPRanges: []*string{new("1.2.3.0/24")}}
	poller := wiretest.OK(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "a", *in, nil))(t)
	if got, pool := w.states(t, "a"), *w.getPool(t, "a", "ng1").Properties.ProvisioningState; got != "Updating/Running" || pool != "Scaling" {
		t.Errorf("during the change: %s, the pool %s", got, pool)
	}
	out := finish(t, w, poller)
	p := out.Properties
	if *p.ProvisioningState != "Succeeded" || *out.Tags["new"] != "tag" || len(out.Tags) != 1 || *out.SKU.Tier != armcontainerservice.ManagedClusterSKUTierStandard ||
		*p.AADProfile.TenantID != DefaultTenantID || !*p.DisableLocalAccounts || !*p.AddonProfiles["azurepolicy"].Enabled ||
		*p.AutoUpgradeProfile.UpgradeChannel != armcontainerservice.UpgradeChannelPatch || *p.APIServerAccessProfile.AuthorizedIPRanges[0] != "1.2.3.0/24" {
		t.Errorf("after the change:\n%s", wiretest.JSON(t, out))
	}
	pool := p.AgentPoolProfiles[0]
	if *pool.Count != 5 || *pool.Tags["pool"] != "tag" || *pool.ProvisioningState != "Succeeded" {
		t.Errorf("after the change the pool is:\n%s", wiretest.JSON(t, pool))
	}
	w.checkMachines(t, "a", "ng1", 5)
	in = w.get(t, "a")
	in.Properties.AgentPoolProfiles[0].Count, in.Properties.KubernetesVersion = new(int32(1)), new("1.35.1")
	check(t, wiretest.Err(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "a", *in, nil)), unsimulated5, "")
}

// TestServer_skew: the control plane does not leave its pools more than three
// minors behind.
func TestServer_skew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wiretest.Must(t, w.Put(core.Seed{Name: "a", Version: "1.36.1", Groups: []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "ng1"}, Version: "1.33.2", DesiredNodeSize: 1}}}))
	in := w.get(t, "a")
	in.Properties.KubernetesVersion = new(PreviewVersion)
	check(t, wiretest.Err(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "a", *in, nil)), refusal{400, "NodePoolMcVersionIncompatible"}, "")
	in.Properties.KubernetesVersion, in.Properties.AgentPoolProfiles[0].OrchestratorVersion = new("1.36.1"), new("1.36.1")
	wiretest.OK(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "a", *in, nil))(t)
	w.pass()
	if got := *w.getPool(t, "a", "ng1").Properties.CurrentOrchestratorVersion; got != "1.36.1" {
		t.Errorf("a pool that lagged is at %s", got)
	}
}

// TestServer_noParent: a pool of no cluster.
func TestServer_noParent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, none := t.Context(), refusal{404, "ParentResourceNotFound"}
	check(t, wiretest.Err(w.pools.BeginCreateOrUpdate(ctx, testGroup, "none", "ng1", armcontainerservice.AgentPool{Properties: poolInput()}, nil)), none, "")
	check(t, wiretest.Err(w.pools.BeginDelete(ctx, testGroup, "none", "ng1", nil)), none, "")
	for what, err := range map[string]error{
		"tags":    wiretest.Err(w.clusters.BeginUpdateTags(ctx, testGroup, "none", armcontainerservice.TagsObject{}, nil)),
		"stop":    wiretest.Err(w.clusters.BeginStop(ctx, testGroup, "none", nil)),
		"start":   wiretest.Err(w.clusters.BeginStart(ctx, testGroup, "none", nil)),
		"abort":   wiretest.Err(w.clusters.BeginAbortLatestOperation(ctx, testGroup, "none", nil)),
		"profile": wiretest.Err(w.clusters.GetUpgradeProfile(ctx, testGroup, "none", nil)),
		"pools":   wiretest.Err(w.pools.NewListPager(testGroup, "none", nil).NextPage(ctx)),
		"admin":   wiretest.Err(w.clusters.ListClusterAdminCredentials(ctx, testGroup, "none", nil)),
	} {
		if refusalOf(err) != (refusal{404, "ResourceNotFound"}) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestServer_forget: records of clusters that are gone do not pile up, and names
// can be used again.
func TestServer_forget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 150 {
		name := fmt.Sprintf("c%d", i%120)
		w.create(t, name)
		wiretest.OK(w.clusters.BeginDelete(t.Context(), testGroup, name, nil))(t)
		w.pass()
	}
	w.create(t, "c1")
	if n := len(w.records()); n > 102 {
		t.Errorf("there are %d records", n)
	}
}

// records returns the records, whose name the SDK's client has taken.
func (w *world) records() map[string]*clusterRecord { return w.Server.clusters }

// TestServer_Resources: what the options bring is what there is, and stays the
// caller's.
func TestServer_Resources(t *testing.T) {
	t.Parallel()
	r := DefaultResources("koreacentral")
	r.VirtualNetworks[0].Subnets[0].Used = 4089
	w := newWorld(t, func(o *Options) { o.Resources = &r })
	check(t, wiretest.Err(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "a", clusterInput(), nil)), refusal{400, "InsufficientSubnetSize"}, "")
	r.VirtualNetworks[0].Subnets[0].Used = 0
	if _, err := w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "a", clusterInput(), nil); err == nil {
		t.Error("the server shares the resources of the options")
	}
	w = newWorld(t, func(o *Options) { o.Unregistered = true })
	check(t, wiretest.Err(w.clusters.Get(t.Context(), testGroup, "a", nil)), refusal{409, "MissingSubscriptionRegistration"}, "")
}

// TestServer_signingKeys: tokens are signed by the key that Entra publishes.
func TestServer_signingKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, body := w.send(t, http.MethodGet, "/"+DefaultTenantID+"/discovery/v2.0/keys", "")
	var keys struct {
		Keys []struct {
			X string `json:"x"`
		} `json:"keys"`
	}
	if err := json.Unmarshal([]byte(body), &keys); err != nil || len(keys.Keys) != 1 {
		t.Fatalf("%v: %s", err, body)
	}
	public, err := base64.RawURLEncoding.DecodeString(keys.Keys[0].X)
	wiretest.Must(t, err)
	token := w.bearer(t, armScope)
	text, signature := token[:strings.LastIndex(token, ".")], token[strings.LastIndex(token, ".")+1:]
	sum, err := base64.RawURLEncoding.DecodeString(signature)
	wiretest.Must(t, err)
	if !ed25519.Verify(public, []byte(text), sum) {
		t.Error("the token is not of that key")
	}
}
