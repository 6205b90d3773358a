// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_Life takes a cluster through its whole life with the vendor's own
// clients, in process and over a listener.
func TestServer_Life(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"in-process", "listener", "tls-listener"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if transport != "in-process" {
				w.listen(t, transport == "tls-listener")
			}
			w.life(t)
		})
	}
}

// listen puts a loopback listener between the clients and the server.
func (w *world) listen(t *testing.T, secure bool) {
	t.Helper()
	l, transport := wiretest.Listen(t, w.Listen, secure)
	w.connect(t, l.URL(), transport)
}

// finish polls an operation to its end as the SDK does.
func finish[T any](t *testing.T, w *world, poller *runtime.Poller[T]) T {
	t.Helper()
	if !poller.Done() {
		if _, err := poller.Poll(t.Context()); err != nil || poller.Done() {
			t.Fatalf("the operation is over at once: %v", err)
		}
	}
	w.pass()
	out := wiretest.OK(poller.PollUntilDone(t.Context(), &runtime.PollUntilDoneOptions{Frequency: time.Millisecond}))(t)
	return out
}

func (w *world) life(t *testing.T) {
	ctx := t.Context()
	poller := wiretest.OK(w.clusters.BeginCreateOrUpdate(ctx, testGroup, "demo", clusterInput(), &armcontainerservice.ManagedClustersClientBeginCreateOrUpdateOptions{IfNoneMatch: new("*")}))(t)
	if got := w.states(t, "demo"); got != "Creating/Running" {
		t.Errorf("after the creation: %s", got)
	}
	created := finish(t, w, poller)
	c := created.ManagedCluster
	if *c.Properties.ProvisioningState != "Succeeded" || *c.Properties.CurrentKubernetesVersion != "1.34.4" || *c.Properties.NodeResourceGroup != "MC_pmks_demo_koreacentral" {
		t.Errorf("the cluster is not as expected:\n%s", wiretest.JSON(t, c))
	}
	if !strings.Contains(*c.ID, "/resourcegroups/") || *c.Type != "Microsoft.ContainerService/ManagedClusters" {
		t.Errorf("id %s, type %s", *c.ID, *c.Type)
	}
	w.checkMachines(t, "demo", "ng1", 2)

	user := poolInput()
	user.Mode, user.Count = new(armcontainerservice.AgentPoolModeUser), new(int32(0))
	pool := finish(t, w, wiretest.OK(w.pools.BeginCreateOrUpdate(ctx, testGroup, "demo", "ng2", armcontainerservice.AgentPool{Properties: user}, &armcontainerservice.AgentPoolsClientBeginCreateOrUpdateOptions{IfNoneMatch: new("*")}))(t))
	if *pool.Properties.ProvisioningState != "Succeeded" || *pool.Properties.CurrentOrchestratorVersion != "1.34.4" {
		t.Errorf("the pool is not as expected:\n%s", wiretest.JSON(t, pool))
	}
	wiretest.Must(t, w.putPool(t, "demo", "ng2", func(p *armcontainerservice.ManagedClusterAgentPoolProfileProperties) {
		p.EnableAutoScaling, p.MinCount, p.MaxCount, p.Count = new(true), new(int32(1)), new(int32(5)), new(int32(3))
	}))
	if got := *w.getPool(t, "demo", "ng2").Properties.ProvisioningState; got != "Scaling" {
		t.Errorf("while it grows the pool is %s", got)
	}
	w.pass()
	w.checkMachines(t, "demo", "ng2", 3)
	w.upgrade(t, "demo", "1.35.4")

	finish(t, w, wiretest.OK(w.clusters.BeginStop(ctx, testGroup, "demo", nil))(t))
	if got := w.states(t, "demo"); got != "Succeeded/Stopped" {
		t.Errorf("after the stop: %s", got)
	}
	finish(t, w, wiretest.OK(w.clusters.BeginStart(ctx, testGroup, "demo", nil))(t))
	if got := w.states(t, "demo"); got != "Succeeded/Running" {
		t.Errorf("after the start: %s", got)
	}
	finish(t, w, wiretest.OK(w.pools.BeginDelete(ctx, testGroup, "demo", "ng2", &armcontainerservice.AgentPoolsClientBeginDeleteOptions{IgnorePodDisruptionBudget: new(true)}))(t))
	finish(t, w, wiretest.OK(w.clusters.BeginDelete(ctx, testGroup, "demo", nil))(t))
	check(t, wiretest.Err(w.clusters.Get(ctx, testGroup, "demo", nil)), refusal{404, "ResourceNotFound"}, "")
	again, err := w.clusters.BeginDelete(ctx, testGroup, "demo", nil)
	if err != nil || !again.Done() {
		t.Errorf("a deletion of nothing: %v", err)
	}
}

// pagesOf reads a list to its end.
func pagesOf[T any](t *testing.T, pager *runtime.Pager[T]) (pages []T) {
	t.Helper()
	for pager.More() {
		pages = append(pages, wiretest.OK(pager.NextPage(t.Context()))(t))
	}
	return pages
}

// checkMachines compares the machines of a pool with the VMs of its scale set.
func (w *world) checkMachines(t *testing.T, cluster, pool string, want int) {
	t.Helper()
	var ids []string
	for _, page := range pagesOf(t, w.machine.NewListPager(testGroup, cluster, pool, nil)) {
		for _, m := range page.Value {
			if !strings.HasPrefix(*m.Name, "aks-"+pool+"-") || len(*m.Name) != len("aks-"+pool+"-12345678-vmss00000a") {
				t.Errorf("the name of a machine is %s", *m.Name)
			}
			ids = append(ids, *m.Properties.ResourceID)
		}
	}
	if len(ids) != want {
		t.Errorf("%s has %d machines, want %d", pool, len(ids), want)
	}
	nodes := *w.get(t, cluster).Properties.NodeResourceGroup
	set := ""
	for _, page := range pagesOf(t, w.sets.NewListPager(nodes, nil)) {
		for _, s := range page.Value {
			if *s.Tags["aks-managed-poolName"] == pool {
				set = *s.Name
			}
		}
	}
	n := 0
	for _, page := range pagesOf(t, w.vms.NewListPager(nodes, set, nil)) {
		for i, vm := range page.Value {
			if *vm.ID != ids[n+i] {
				t.Errorf("VM %s is not machine %s", *vm.ID, ids[n+i])
			}
		}
		n += len(page.Value)
	}
	if n != want {
		t.Errorf("the scale set %s has %d VMs, want %d", set, n, want)
	}
}

// upgrade takes the control plane and its pools to a version in one call.
func (w *world) upgrade(t *testing.T, cluster, version string) {
	t.Helper()
	in := w.get(t, cluster)
	in.Properties.KubernetesVersion = &version
	for _, p := range in.Properties.AgentPoolProfiles {
		p.OrchestratorVersion = &version
	}
	poller := wiretest.OK(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, cluster, *in, &armcontainerservice.ManagedClustersClientBeginCreateOrUpdateOptions{IfMatch: in.ETag}))(t)
	during := w.get(t, cluster)
	if *during.Properties.ProvisioningState != "Upgrading" || *during.Properties.AgentPoolProfiles[0].ProvisioningState != "Upgrading" ||
		*during.Properties.KubernetesVersion != version || *during.Properties.CurrentKubernetesVersion == version {
		t.Errorf("during the upgrade:\n%s", wiretest.JSON(t, during))
	}
	done := finish(t, w, poller)
	for _, p := range done.Properties.AgentPoolProfiles {
		if *p.CurrentOrchestratorVersion != version || *p.OrchestratorVersion != version {
			t.Errorf("pool %s is at %s", *p.Name, *p.CurrentOrchestratorVersion)
		}
	}
}
