// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_pages: lists come in pages, and their links lead to the next one.
func TestServer_pages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.PageSize = 2 })
	var all, inGroup, pools []string
	for i := range 7 {
		seed := core.Seed{Name: fmt.Sprintf("c%d", i)}
		if i%3 == 0 {
			seed.Attr = map[string]string{AttrResourceGroup: "other"}
		} else {
			inGroup = append(inGroup, seed.Name)
		}
		all = append(all, seed.Name)
		seed.Groups = groups("ng0", "ng1", "ng2", "ng3", "ng4")
		wiretest.Must(t, w.Put(seed))
	}
	for _, p := range groups("ng0", "ng1", "ng2", "ng3", "ng4") {
		pools = append(pools, p.IId.NameId)
	}
	const cluster = "/resourceGroups/pmks/providers/Microsoft.ContainerService/managedClusters/c1"
	nodes := *w.get(t, "c1").Properties.NodeResourceGroup
	for name, test := range map[string]struct {
		path string // below the subscription
		want []string
	}{
		"clusters": {"/providers/Microsoft.ContainerService/managedClusters", all},
		"pools":    {cluster + "/agentPools", pools},
		"subnets":  {"/resourceGroups/pmks/providers/Microsoft.Network/virtualNetworks/vpc-01/subnets", []string{"subnet-01", SmallSubnet, TinySubnet, DelegatedSubnet, BareSubnet}},
		"keys":     {"/resourceGroups/pmks/providers/Microsoft.Compute/sshPublicKeys", []string{"keypair-01", "keypair-02", Ed25519Key}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wiretest.Pages{
				Want: test.want, Limit: 2,
				Refused: func(err error) bool {
					return strings.HasPrefix(err.Error(), "400 Bad Request") && strings.Contains(err.Error(), "skip token")
				},
				Get: func(token string) ([]string, string, error) { return w.page(t, test.path, token) },
			}.Run(t)
		})
	}
	// The pages are cut before the group is looked at, and those of the SDK follow the links.
	var got []string
	for _, page := range pagesOf(t, w.clusters.NewListByResourceGroupPager(testGroup, nil)) {
		for _, c := range page.Value {
			got = append(got, *c.Name)
		}
	}
	if calls := w.Count("ManagedClusters_ListByResourceGroup"); !slices.Equal(got, inGroup) || calls != 4 {
		t.Errorf("got %v in %d calls, want %v", got, calls, inGroup)
	}
	w.checkMachines(t, "c1", "ng1", 2)
	if sets, err := w.sets.NewListPager(nodes, nil).NextPage(t.Context()); err != nil || len(sets.Value) != 2 || sets.NextLink == nil {
		t.Errorf("the scale sets: %v, %s", err, wiretest.JSON(t, sets))
	}
}

// page reads one page of a list below the subscription.
func (w *world) page(t *testing.T, path, token string) (names []string, next string, err error) {
	t.Helper()
	version := apiVersions[serviceOf(strings.Split(path, "/"))][0]
	query := url.Values{"api-version": {version}}
	if token != "" {
		query.Set("$skipToken", token)
	}
	response, body := w.send(t, http.MethodGet, "/subscriptions/"+DefaultSubscriptionID+path+"?"+query.Encode(), "", "Authorization", "Bearer "+w.bearer(t, armScope))
	if response.StatusCode != http.StatusOK {
		return nil, "", fmt.Errorf("%s: %s", response.Status, body)
	}
	var page list[struct{ Name string }]
	wiretest.Must(t, json.Unmarshal([]byte(body), &page))
	for _, item := range page.Value {
		names = append(names, item.Name)
	}
	link, err := url.Parse(page.NextLink)
	wiretest.Must(t, err)
	return names, link.Query().Get("$skipToken"), nil
}

// TestServer_preconditions: entity tags guard writes.
func TestServer_preconditions(t *testing.T) {
	t.Parallel()
	type options = armcontainerservice.ManagedClustersClientBeginCreateOrUpdateOptions
	type poolOptions = armcontainerservice.AgentPoolsClientBeginCreateOrUpdateOptions
	w := newWorld(t)
	w.create(t, "a")
	ctx := t.Context()
	tag, poolTag := *w.get(t, "a").ETag, *w.getPool(t, "a", "ng1").Properties.ETag
	put := func(name string, o options) error {
		return wiretest.Err(w.clusters.BeginCreateOrUpdate(ctx, testGroup, name, clusterInput(), &o))
	}
	putPool := func(name string, o poolOptions) error {
		return wiretest.Err(w.pools.BeginCreateOrUpdate(ctx, testGroup, "a", name, armcontainerservice.AgentPool{Properties: poolInput()}, &o))
	}
	remove := func(match string) error {
		return wiretest.Err(w.clusters.BeginDelete(ctx, testGroup, "a", &armcontainerservice.ManagedClustersClientBeginDeleteOptions{IfMatch: &match}))
	}
	for _, test := range []struct {
		name string
		err  error
		want refusal
	}{
		{"none-match-existing", put("a", options{IfNoneMatch: new("*")}), precondition},
		{"none-match-other", put("a", options{IfNoneMatch: &tag}), refusal{400, "BadRequest"}},
		{"match-other", put("a", options{IfMatch: new("x")}), precondition},
		{"match-missing", put("b", options{IfMatch: &tag}), precondition},
		{"pool-none-match-existing", putPool("ng1", poolOptions{IfNoneMatch: new("*")}), precondition},
		{"pool-match-other", putPool("ng1", poolOptions{IfMatch: &tag}), precondition},
		{"pool-match-missing", putPool("ng2", poolOptions{IfMatch: &poolTag}), precondition},
		{"delete-match-other", remove("x"), precondition},
		{"pool-match", putPool("ng1", poolOptions{IfMatch: &poolTag}), refusal{}},
		{"pool-match-again", putPool("ng1", poolOptions{IfMatch: &poolTag}), precondition},
	} {
		if got := refusalOf(test.err); got != test.want {
			t.Errorf("%s: got %v: %v, want %v", test.name, got, test.err, test.want)
		}
	}
	w.pass()
	if err := put("a", options{IfMatch: &tag}); err != nil {
		t.Errorf("the tag of the cluster: %v", err)
	}
	w.pass()
	if now := *w.getPool(t, "a", "ng1").Properties.ETag; now == poolTag || *w.get(t, "a").ETag == tag {
		t.Error("a write has left an eTag as it was")
	}
}

// TestServer_route: what is refused before any handler looks.
func TestServer_route(t *testing.T) {
	t.Parallel()
	const (
		cluster = "/subscriptions/" + DefaultSubscriptionID + "/resourceGroups/pmks/providers/Microsoft.ContainerService/managedClusters/a"
		version = "?api-version=2025-10-01"
	)
	tests := []struct {
		name, method, target, body, kind string
		status                           int
		code                             string
	}{
		{"right", "GET", cluster + version, "", "", 200, ""},
		{"literals-in-other-case", "GET", strings.Replace(strings.ToLower(cluster), "/pmks/", "/PMKS/", 1) + version, "", "", 200, ""},
		{"no-version", "GET", cluster, "", "", 400, "MissingApiVersionParameter"},
		{"other-version", "GET", cluster + "?api-version=2024-02-01", "", "", 400, "InvalidApiVersionParameter"},
		{"version-of-network", "GET", cluster + "?api-version=2025-01-01", "", "", 400, "InvalidApiVersionParameter"},
		{"unknown-parameter", "GET", cluster + version + "&x=y", "", "", 400, "InvalidQueryParameter"},
		{"method", "POST", cluster + version, "", "", 404, "NotFound"},
		{"type", "GET", cluster + "/nodes" + version, "", "", 404, "InvalidResourceType"},
		{"provider", "GET", strings.Replace(cluster, "ContainerService", "Batch", 1) + version, "", "", 404, "InvalidResourceNamespace"},
		{"root", "GET", "/" + version, "", "", 404, "InvalidResourceNamespace"},
		{"subscription", "GET", strings.Replace(cluster, "00000000-", "00000001-", 1) + version, "", "", 404, "SubscriptionNotFound"},
		{"subscription-shape", "GET", strings.Replace(cluster, DefaultSubscriptionID, "mine", 1) + version, "", "", 400, "InvalidSubscriptionId"},
		{"group", "GET", strings.Replace(cluster, "pmks", "none", 1) + version, "", "", 404, "ResourceGroupNotFound"},
		{"location", "GET", "/subscriptions/" + DefaultSubscriptionID + "/providers/Microsoft.ContainerService/locations/westus/kubernetesVersions" + version, "", "", 400, "NoRegisteredProviderFound"},
		{"not-simulated", "POST", cluster + "/runCommand" + version, "", "", 501, CodeNotSimulated},
		{"not-simulated-other-version", "GET", "/subscriptions/" + DefaultSubscriptionID + "/providers/Microsoft.Compute/skus?api-version=2021-07-01", "", "", 501, CodeNotSimulated},
		{"content-type", "PUT", cluster + version, "{}", "text/plain", 415, "UnsupportedMediaType"},
		{"body-of-get", "GET", cluster + version, "{}", "", 400, "InvalidRequestContent"},
		{"no-json", "PUT", cluster + version, "{", "application/json", 400, "InvalidRequestContent"},
		{"no-object", "PUT", cluster + version, "[]", "application/json", 400, "InvalidRequestContent"},
		{"two-objects", "PUT", cluster + version, "{}{}", "application/json", 400, "InvalidRequestContent"},
		{"unknown-member", "PUT", cluster + version, `{"location":"koreacentral","properties":{"foo":1}}`, "application/json", 400, "UnmarshalError"},
		{"member-in-other-case", "PUT", cluster + version, `{"Location":"koreacentral"}`, "application/json", 400, "UnmarshalError"},
		{"member-twice", "PUT", cluster + version, `{"location":"a","location":"b"}`, "application/json", 400, "UnmarshalError"},
		{"member-type", "PUT", cluster + version, `{"location":1}`, "application/json", 400, "UnmarshalError"},
		{"number-type", "PUT", cluster + "/agentPools/ng1" + version, `{"properties":{"count":1.5}}`, "application/json", 400, "UnmarshalError"},
		{"name-is-tolerated", "PUT", cluster + version, `{"name":"a"}`, "application/json", 400, "LocationRequired"},
		{"pdb", "DELETE", cluster + "/agentPools/ng1" + version + "&ignore-pod-disruption-budget=yes", "", "", 400, "BadRequest"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			wiretest.Must(t, w.Put(core.Seed{Name: "a"}))
			header := []string{"Authorization", "Bearer " + w.bearer(t, armScope), "x-ms-client-request-id", "mine"}
			if test.kind != "" {
				header = append(header, "Content-Type", test.kind)
			}
			response, body := w.send(t, test.method, test.target, test.body, header...)
			var e struct {
				Code  string
				Error struct{ Code string }
			}
			if err := json.Unmarshal([]byte(body), &e); err != nil || response.StatusCode != test.status || e.Code+e.Error.Code != test.code {
				t.Errorf("got %s: %s, want %d %s", response.Status, body, test.status, test.code)
			}
			if response.Header.Get("x-ms-request-id") == "" || response.Header.Get("x-ms-client-request-id") != "mine" {
				t.Errorf("the headers are %v", response.Header)
			}
		})
	}
}

// TestServer_bothEnvelopes: Azure Resource Manager and the resource provider answer
// in different shapes.
func TestServer_bothEnvelopes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "a")
	base := "/subscriptions/" + DefaultSubscriptionID + "/resourceGroups/pmks/providers/Microsoft.ContainerService/managedClusters/"
	for target, want := range map[string]string{
		"b":               `{"error":{"code":"ResourceNotFound"`,
		"a/agentPools/ng": `{"code":"NotFound","details":null,"message":`,
	} {
		if _, body := w.send(t, http.MethodGet, base+target+"?api-version=2025-10-01", "", "Authorization", "Bearer "+w.bearer(t, armScope)); !strings.HasPrefix(body, want) {
			t.Errorf("%s: got %s", target, body)
		}
	}
}

// TestServer_readLag: reads show for a while what was before.
func TestServer_readLag(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.ReadLag = time.Minute })
	wiretest.OK(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "a", clusterInput(), nil))(t)
	if _, err := w.clusters.Get(t.Context(), testGroup, "a", nil); refusalOf(err).status != 404 {
		t.Errorf("at once: %v", err)
	}
	w.clock.Add(time.Minute)
	if got := w.states(t, "a"); got != "Creating/Running" {
		t.Errorf("after a minute: %s", got)
	}
}

// TestServer_network: what the network and the compute provider say.
func TestServer_network(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	vnetID, subnet, key := sample()
	v, err := w.vnets.Get(ctx, testGroup, "vpc-01", nil)
	if err != nil || *v.ID != vnetID || *v.Properties.Subnets[0].ID != subnet || *v.Properties.Subnets[0].Properties.AddressPrefix != "10.0.0.0/20" {
		t.Fatalf("%v\n%s", err, wiretest.JSON(t, v))
	}
	sg, err := w.groups.Get(ctx, testGroup, "SG-01", nil)
	if err != nil || *v.Properties.Subnets[0].Properties.NetworkSecurityGroup.ID != *sg.ID {
		t.Errorf("the security group: %v\n%s", err, wiretest.JSON(t, sg))
	}
	k, err := w.keys.Get(ctx, testGroup, key, nil)
	if err != nil || !strings.HasPrefix(*k.Properties.PublicKey, "ssh-rsa ") || !strings.Contains(*k.ID, "/PMKS/") {
		t.Errorf("the key: %v\n%s", err, wiretest.JSON(t, k))
	}
	for what, err := range map[string]error{
		"network": wiretest.Err(w.vnets.Get(ctx, testGroup, "none", nil)),
		"group":   wiretest.Err(w.groups.Get(ctx, testGroup, "none", nil)),
		"key":     wiretest.Err(w.keys.Get(ctx, testGroup, "none", nil)),
	} {
		if got := refusalOf(err); got != (refusal{404, "ResourceNotFound"}) {
			t.Errorf("%s: got %v", what, err)
		}
	}
	check(t, wiretest.Err(w.subnets.Get(ctx, testGroup, "vpc-01", "none", nil)), refusal{404, "NotFound"}, "")
	bare, err := w.subnets.Get(ctx, testGroup, "vpc-01", BareSubnet, nil)
	if err != nil || bare.Properties.NetworkSecurityGroup != nil {
		t.Fatalf("the bare subnet: %v", err)
	}
	bare.Properties.NetworkSecurityGroup = &armnetwork.SecurityGroup{ID: sg.ID}
	wiretest.OK(w.subnets.BeginCreateOrUpdate(ctx, testGroup, "vpc-01", BareSubnet, bare.Subnet, nil))(t)
	if bare, err = w.subnets.Get(ctx, testGroup, "vpc-01", BareSubnet, nil); err != nil || *bare.Properties.NetworkSecurityGroup.ID != *sg.ID {
		t.Errorf("the subnet has no security group: %v", err)
	}
	w.create(t, "a")
	if v, err = w.vnets.Get(ctx, testGroup, "vpc-01", nil); err != nil || len(v.Properties.Subnets[0].Properties.IPConfigurations) != 2 {
		t.Errorf("two nodes have the addresses %s", wiretest.JSON(t, v.Properties.Subnets[0].Properties.IPConfigurations))
	}
	a, errA := w.vnets.NewListPager(testGroup, nil).NextPage(ctx)
	b, errB := w.groups.NewListPager(testGroup, nil).NextPage(ctx)
	c, errC := w.keys.NewListByResourceGroupPager(testGroup, nil).NextPage(ctx)
	d, errD := w.subnets.NewListPager(testGroup, "vpc-01", nil).NextPage(ctx)
	if errA != nil || errB != nil || errC != nil || errD != nil || len(a.Value) != 2 || len(b.Value) != 2 || len(c.Value) != 3 || len(d.Value) != 5 {
		t.Errorf("lists: %v %v %v %v, %d %d %d %d", errA, errB, errC, errD, len(a.Value), len(b.Value), len(c.Value), len(d.Value))
	}
}

// TestServer_subnet_changes: what of a subnet cannot be changed here is said so, and
// not left as it was without a word.
func TestServer_subnet_changes(t *testing.T) {
	t.Parallel()
	type properties = armnetwork.SubnetPropertiesFormat
	for name, test := range map[string]struct {
		change func(*properties)
		want   refusal
	}{
		"as-it-is": {func(*properties) {}, refusal{}},
		"prefix":   {func(p *properties) { p.AddressPrefix = new("10.0.0.0/21") }, unsimulated5},
		"policies": {func(p *properties) {
			p.PrivateEndpointNetworkPolicies = new(armnetwork.VirtualNetworkPrivateEndpointNetworkPoliciesEnabled)
		}, unsimulated5},
		"link-policies": {func(p *properties) {
			p.PrivateLinkServiceNetworkPolicies = new(armnetwork.VirtualNetworkPrivateLinkServiceNetworkPoliciesDisabled)
		}, unsimulated5},
		"unknown-policies": {func(p *properties) {
			p.PrivateEndpointNetworkPolicies = new(armnetwork.VirtualNetworkPrivateEndpointNetworkPolicies("Some"))
		}, refusal{400, "InvalidRequestFormat"}},
		"delegations": {func(p *properties) {
			p.Delegations = []*armnetwork.Delegation{{Name: new("d"), Properties: &armnetwork.ServiceDelegationPropertiesFormat{ServiceName: new("Microsoft.Web/serverFarms")}}}
		}, unsimulated5},
		"endpoints": {func(p *properties) {
			p.ServiceEndpoints = []*armnetwork.ServiceEndpointPropertiesFormat{{Service: new("Microsoft.Storage")}}
		}, unsimulated5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			in := wiretest.OK(w.subnets.Get(t.Context(), testGroup, "vpc-01", "subnet-01", nil))(t)
			test.change(in.Properties)
			check(t, wiretest.Err(w.subnets.BeginCreateOrUpdate(t.Context(), testGroup, "vpc-01", "subnet-01", in.Subnet, nil)), test.want, "")
		})
	}
}
