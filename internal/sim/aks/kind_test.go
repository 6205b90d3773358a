// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// groups are node groups of two nodes each.
func groups(names ...string) []pmks.NodeGroupInfo {
	var list []pmks.NodeGroupInfo
	for _, name := range names {
		list = append(list, pmks.NodeGroupInfo{IId: pmks.IID{NameId: name}, DesiredNodeSize: 2})
	}
	return list
}

// TestServer_Put_kinds: what consoles and command lines make can be put there, and
// reads show it as AKS does.
func TestServer_Put_kinds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, seed := range []core.Seed{
		{Name: "auto", Attr: map[string]string{AttrAutomatic: "1"}},
		{Name: "off", Attr: map[string]string{AttrStopped: "1"}},
		{Name: "old", Attr: map[string]string{AttrPrincipal: DefaultClientID, AttrSnapshotPools: "nodepool1"}},
		{Name: "mixed", Groups: groups("sys", "spot", "win", "vms"), Attr: map[string]string{
			AttrSpotPools: "spot", AttrWindowsPools: "win", AttrMachinesPools: "vms",
		}},
	} {
		wiretest.Must(t, w.Put(seed))
	}
	if c := w.get(t, "auto"); *c.SKU.Name != "Automatic" || *c.SKU.Tier != "Standard" || *c.Properties.NodeProvisioningProfile.Mode != "Auto" ||
		!*c.Properties.DisableLocalAccounts || !*c.Properties.AADProfile.Managed {
		t.Errorf("an Automatic cluster shows:\n%s", wiretest.JSON(t, c))
	}
	if got := w.states(t, "off"); got != "Succeeded/Stopped" {
		t.Errorf("a stopped cluster shows %s", got)
	}
	if p := w.get(t, "off").Properties; *p.ServicePrincipalProfile.ClientID != "msi" || !strings.HasSuffix(*p.IdentityProfile["kubeletidentity"].ResourceID, "/off-agentpool") {
		t.Errorf("the identities are:\n%s", wiretest.JSON(t, p))
	}
	if p := w.get(t, "old").Properties; *p.ServicePrincipalProfile.ClientID != DefaultClientID || p.ServicePrincipalProfile.Secret != nil || p.IdentityProfile != nil {
		t.Errorf("a service principal shows as:\n%s", wiretest.JSON(t, p))
	}
	spot := w.getPool(t, "mixed", "spot").Properties
	if *spot.ScaleSetPriority != "Spot" || *spot.ScaleSetEvictionPolicy != "Delete" || *spot.SpotMaxPrice != -1 || *spot.Mode != "User" ||
		*spot.NodeLabels[spotLabel] != "spot" || *spot.NodeTaints[0] != spotLabel+"=spot:NoSchedule" {
		t.Errorf("a spot pool shows:\n%s", wiretest.JSON(t, spot))
	}
	if win := w.getPool(t, "mixed", "win").Properties; *win.OSType != "Windows" || *win.OSSKU != "Windows2022" || !strings.HasPrefix(*win.NodeImageVersion, "AKSWindows") {
		t.Errorf("a Windows pool shows:\n%s", wiretest.JSON(t, win))
	}
	vms := w.getPool(t, "mixed", "vms").Properties
	if vms.Count != nil || vms.VMSize != nil || vms.EnableAutoScaling != nil || *vms.VirtualMachineNodesStatus[0].Count != 2 ||
		*vms.VirtualMachinesProfile.Scale.Manual[0].Size != "Standard_D4s_v5" {
		t.Errorf("a pool of machines shows:\n%s", wiretest.JSON(t, vms))
	}
	for pool, want := range map[string][2]string{"sys": {"vmss000000", "/virtualMachineScaleSets/"}, "win": {"akswin000000", "/akswin/"}, "vms": {"-vms1", "/virtualMachines/aks-vms-"}} {
		page, err := w.machine.NewListPager(testGroup, "mixed", pool, nil).NextPage(t.Context())
		if err != nil || len(page.Value) != 2 || !strings.Contains(*page.Value[0].Name, want[0]) || !strings.Contains(*page.Value[0].Properties.ResourceID, want[1]) {
			t.Errorf("the machines of %s are %v:\n%s", pool, err, wiretest.JSON(t, page))
		}
	}
	sets, err := w.sets.NewListPager("MC_pmks_mixed_koreacentral", nil).NextPage(t.Context())
	if err != nil || len(sets.Value) != 3 {
		t.Errorf("the scale sets are %v:\n%s", err, wiretest.JSON(t, sets))
	}
}

// TestServer_Put_words: labels, taints, spot and zones of a seed, and its ranges.
func TestServer_Put_words(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	list := groups("sys", "spot")
	list[0].Labels, list[0].Zones = map[string]string{"team": "a"}, []string{"1", "2"}
	list[1].Spot, list[1].Taints = true, []pmks.Taint{{Key: "a", Value: "b", Effect: pmks.TaintNoSchedule}}
	wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: list, Attr: map[string]string{AttrRanges: "198.51.100.0/24,203.0.113.7"}}))
	if p := w.getPool(t, "a", "sys").Properties; len(p.NodeLabels) != 1 || *p.NodeLabels["team"] != "a" || len(p.AvailabilityZones) != 2 {
		t.Errorf("the pool shows:\n%s", wiretest.JSON(t, p))
	}
	if p := w.getPool(t, "a", "spot").Properties; *p.ScaleSetPriority != "Spot" || len(p.NodeTaints) != 2 || *p.NodeTaints[0] != "a=b:NoSchedule" || *p.NodeLabels[spotLabel] != "spot" {
		t.Errorf("the pool shows:\n%s", wiretest.JSON(t, p))
	}
	if p := w.get(t, "a").Properties.APIServerAccessProfile; len(p.AuthorizedIPRanges) != 2 {
		t.Errorf("the access is:\n%s", wiretest.JSON(t, p))
	}
}

// TestServer_kinds_writes: a pool of machines has no count to set, and an Automatic
// cluster leaves the nodes to AKS.
func TestServer_kinds_writes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wiretest.Must(t, w.Put(core.Seed{Name: "auto", Attr: map[string]string{AttrAutomatic: "1"}}))
	wiretest.Must(t, w.Put(core.Seed{Name: "mixed", Groups: groups("sys", "vms", "spot"), Attr: map[string]string{AttrMachinesPools: "vms", AttrSpotPools: "spot"}}))
	scale := func(n int32) func(*pp) {
		return func(p *pp) { p.VirtualMachinesProfile.Scale.Manual[0].Count = &n }
	}
	for _, test := range []struct {
		name, cluster, pool string
		change              func(*pp)
		want                refusal
	}{
		{"machines-count", "mixed", "vms", func(p *pp) { p.Count = new(int32(3)) }, badParameter},
		{"machines-autoscaling", "mixed", "vms", func(p *pp) { p.EnableAutoScaling = new(true) }, badParameter},
		{"machines-scale", "mixed", "vms", scale(3), refusal{}},
		{"spot-to-regular", "mixed", "spot", func(p *pp) { p.ScaleSetPriority = new(armcontainerservice.ScaleSetPriorityRegular) }, refusal{400, "PropertyChangeNotAllowed"}},
		{"spot-echo", "mixed", "spot", func(p *pp) { p.Count = new(int32(1)) }, refusal{}},
		{"automatic-autoscaling", "auto", "nodepool1", func(p *pp) {
			p.EnableAutoScaling, p.MinCount, p.MaxCount = new(true), new(int32(1)), new(int32(3))
		}, badParameter},
		{"automatic-echo", "auto", "nodepool1", func(*pp) {}, refusal{}},
	} {
		if err := w.putPool(t, test.cluster, test.pool, test.change); refusalOf(err) != test.want {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
		w.pass()
	}
	if p := w.getPool(t, "mixed", "vms").Properties; *p.VirtualMachineNodesStatus[0].Count != 3 {
		t.Errorf("the pool of machines has not grown:\n%s", wiretest.JSON(t, p))
	}
}

// TestServer_updateCluster_echoes: what the vendor's command line takes out of a
// cluster before it sends it back is refused, and all else comes back as it is.
func TestServer_updateCluster_echoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, attr := range map[string]map[string]string{
		"principal": {AttrPrincipal: DefaultClientID}, "snapshot": {AttrSnapshotPools: "nodepool1"}, "identity": nil, "auto": {AttrAutomatic: "1"},
	} {
		wiretest.Must(t, w.Put(core.Seed{Name: name, Attr: attr}))
	}
	type properties = armcontainerservice.ManagedClusterProperties
	for _, test := range []struct {
		cluster string
		change  func(*properties)
		want    refusal
		text    string
	}{
		{"principal", func(*properties) {}, badParameter, "servicePrincipalProfile.secret"},
		{"principal", func(p *properties) { p.ServicePrincipalProfile = nil }, refusal{}, ""},
		{"snapshot", func(*properties) {}, badParameter, "agentPoolProfile.creationData"},
		{"snapshot", func(p *properties) { p.AgentPoolProfiles[0].CreationData = nil }, refusal{}, ""},
		{"identity", func(*properties) {}, refusal{}, ""},
		{"identity", func(p *properties) { p.IdentityProfile["kubeletidentity"].ClientID = new("other") }, unsimulated5, "identityProfile"},
		{"auto", func(*properties) {}, refusal{}, ""},
	} {
		c := w.get(t, test.cluster)
		test.change(c.Properties)
		_, err := w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, test.cluster, *c, nil)
		check(t, err, test.want, test.text)
		w.pass()
	}
}

// TestServer_quotedTags: entity tags come with quotes and without.
func TestServer_quotedTags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "a")
	for quote, want := range map[string]refusal{`"`: {}, "": {}, "'": {412, "PreconditionFailed"}} {
		c := w.get(t, "a")
		tag := quote + *c.ETag + quote
		_, err := w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "a", *c, &armcontainerservice.ManagedClustersClientBeginCreateOrUpdateOptions{IfMatch: &tag})
		if refusalOf(err) != want {
			t.Errorf("If-Match %s: got %v, want %v", tag, err, want)
		}
		w.pass()
	}
}

// TestServer_failureDetails: an operation that fails after it was accepted leaves
// its error with the resource and in its own record.
func TestServer_failureDetails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "a")
	w.Inject(core.Fault{Op: "AgentPools_CreateOrUpdate", Kind: core.FaultFailLater, Reason: "ReconcileVMSSAgentPoolFailed: no room\nQuotaExceeded: 0 of 4 left\nwords alone"})
	poller := wiretest.OK(w.pools.BeginCreateOrUpdate(t.Context(), testGroup, "a", "ng2", armcontainerservice.AgentPool{Properties: poolInput()}, nil))(t)
	w.pass()
	detail := w.getPool(t, "a", "ng2").Properties.Status.ProvisioningError
	if *detail.Code != "ReconcileVMSSAgentPoolFailed" || *detail.Message != "no room" || len(detail.Details) != 2 || *detail.Details[0].Code != "QuotaExceeded" ||
		*detail.Details[1].Message != "words alone" {
		t.Errorf("the pool shows:\n%s", wiretest.JSON(t, detail))
	}
	_, err := poller.PollUntilDone(t.Context(), &runtime.PollUntilDoneOptions{Frequency: 1})
	if refusalOf(err) != (refusal{200, "ReconcileVMSSAgentPoolFailed"}) || !strings.Contains(err.Error(), "0 of 4 left") {
		t.Errorf("the operation ends with %v", err)
	}
}

// TestServer_remake: a pool that a controller wants there comes back.
func TestServer_remake(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "a")
	w.addPool(t, "a", "ng2")
	wiretest.Must(t, w.Remake("a", "ng2", 1))
	for _, want := range []string{"Creating", ""} {
		wiretest.OK(w.pools.BeginDelete(t.Context(), testGroup, "a", "ng2", nil))(t)
		w.pass()
		got, err := w.pools.Get(t.Context(), testGroup, "a", "ng2", nil)
		switch {
		case want == "" && refusalOf(err).status != 404:
			t.Errorf("the second time: %v", err)
		case want != "" && (err != nil || *got.Properties.ProvisioningState != want):
			t.Errorf("the first time: %v", err)
		}
		w.pass()
	}
}

// TestServer_SetKubeconfigs: credential calls answer what a test wants.
func TestServer_SetKubeconfigs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "a")
	wiretest.Must(t, w.SetKubeconfigs("a", true, Kubeconfig{"clusterMonitoring", []byte("x")}, Kubeconfig{"clusterAdmin", []byte("<html>")}))
	got, err := w.clusters.ListClusterAdminCredentials(t.Context(), testGroup, "a", nil)
	if err != nil || len(got.Kubeconfigs) != 2 || string(got.Kubeconfigs[1].Value) != "<html>" {
		t.Errorf("got %v:\n%s", err, wiretest.JSON(t, got))
	}
	wiretest.Must(t, w.SetKubeconfigs("a", true))
	got, err = w.clusters.ListClusterAdminCredentials(t.Context(), testGroup, "a", nil)
	if err != nil || len(got.Kubeconfigs) != 1 || *got.Kubeconfigs[0].Name != "clusterAdmin" {
		t.Errorf("got %v:\n%s", err, wiretest.JSON(t, got))
	}
}

// TestServer_Subscription: other subscriptions hold what they hold, and their
// networks can be used from the same tenant only.
func TestServer_Subscription(t *testing.T) {
	t.Parallel()
	const second2, denied, foreign, tenant = "aaaaaaaa-0000-4000-8000-000000000002", "aaaaaaaa-0000-4000-8000-000000000003",
		"aaaaaaaa-0000-4000-8000-000000000004", "bbbbbbbb-1111-4111-8111-111111111111"
	w := newWorld(t, func(o *Options) {
		o.Subscriptions = []Subscription{{ID: second2}, {ID: denied, Denied: true}, {ID: foreign, TenantID: tenant}}
	})
	wiretest.Must(t, w.Put(core.Seed{Name: "a"}))
	wiretest.Must(t, w.Subscription(second2).Put(core.Seed{Name: "a"}))
	for sub, want := range map[string]refusal{
		second2: {}, denied: {403, "AuthorizationFailed"}, foreign: {401, "InvalidAuthenticationTokenTenant"},
		"aaaaaaaa-0000-4000-8000-000000000005": {404, "SubscriptionNotFound"},
	} {
		client := &http.Client{Transport: w.Transport()}
		clusters, err := armcontainerservice.NewManagedClustersClient(sub, &login{base: simURL, client: client, id: DefaultClientID, secret: DefaultClientSecret, clock: w.clock},
			clientOptions(simURL, client))
		wiretest.Must(t, err)
		got, err := clusters.Get(t.Context(), testGroup, "a", nil)
		if refusalOf(err) != want || err == nil && !strings.Contains(*got.ID, second2) {
			t.Errorf("%s: got %v, want %v", sub, err, want)
		}
	}
	for sub, want := range map[string]refusal{second2: {}, foreign: {400, "InvalidResourceReference"}} {
		in := clusterInput()
		in.Properties.AgentPoolProfiles[0].VnetSubnetID = new(strings.Replace(*in.Properties.AgentPoolProfiles[0].VnetSubnetID, DefaultSubscriptionID, sub, 1))
		_, err := w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "b"+sub[len(sub)-1:], in, nil)
		if refusalOf(err) != want {
			t.Errorf("a subnet of %s: got %v, want %v", sub, err, want)
		}
	}
	response, body := w.send(t, http.MethodPost, "/"+tenant+"/oauth2/v2.0/token",
		"grant_type=client_credentials&client_id="+DefaultClientID+"&client_secret="+DefaultClientSecret+"&scope=https%3A%2F%2Fmanagement.azure.com%2F.default",
		"Content-Type", "application/x-www-form-urlencoded")
	if response.StatusCode != http.StatusBadRequest || !strings.Contains(body, "AADSTS700016") {
		t.Errorf("a token of another tenant: %s %s", response.Status, body)
	}
}
