// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"fmt"
	"sync"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_concurrent: calls side by side, for the race detector.
func TestServer_concurrent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			name := fmt.Sprintf("c%d", i%4)
			for range 10 {
				_, _ = w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, name, clusterInput(), nil)
				_, _ = w.clusters.Get(t.Context(), testGroup, name, nil)
				_, _ = w.clusters.NewListPager(nil).NextPage(t.Context())
				_, _ = w.machine.NewListPager(testGroup, name, "ng1", nil).NextPage(t.Context())
				_, _ = w.clusters.BeginDelete(t.Context(), testGroup, name, nil)
				w.pass()
			}
		})
	}
	all.Wait()
	if w.Count("ManagedClusters_Get") != 80 {
		t.Errorf("calls: %v", w.Counts())
	}
}

// TestServer_deterministic: the same seed, times and calls give the same answers.
func TestServer_deterministic(t *testing.T) {
	t.Parallel()
	wiretest.Same(t, func() string {
		w := newWorld(t)
		p := w.tape(t, true)
		w.connect(t, simURL, p)
		w.create(t, "demo")
		w.addPool(t, "demo", "ng2")
		w.checkMachines(t, "demo", "ng2", 2)
		wiretest.OK(w.clusters.ListClusterAdminCredentials(t.Context(), testGroup, "demo", nil))(t)
		return p.Text()
	})
}

// TestServer_Put: what a seed says is shown, and a bad one is refused.
func TestServer_Put(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, subnet, _ := sample()
	wiretest.Must(t, w.Put(core.Seed{
		Name: "My_Cluster", Version: "1.33", State: profile.UpdateFailed, Reason: "X: y", Tags: map[string]string{"a": "b"},
		Network: pmks.NetworkInfo{SubnetIIDs: []pmks.IID{{SystemId: subnet}}}, Attr: map[string]string{AttrUserPools: "ng2"},
		Groups: []pmks.NodeGroupInfo{
			{IId: pmks.IID{NameId: "ng1", SystemId: "x"}, VMSpecName: "Standard_D8s_v5", RootDiskSize: "64", DesiredNodeSize: 2},
			{IId: pmks.IID{NameId: "ng2"}, DesiredNodeSize: 0, OnAutoScaling: true, MinNodeSize: 0, MaxNodeSize: 2, Status: pmks.NodeGroupUpdating},
		},
	}))
	c := w.get(t, "my_cluster")
	pools := c.Properties.AgentPoolProfiles
	if *c.Name != "My_Cluster" || *c.Properties.CurrentKubernetesVersion != "1.33.6" || *c.Properties.ProvisioningState != "Failed" || *c.Tags["a"] != "b" || len(pools) != 2 {
		t.Fatalf("the cluster is\n%s", wiretest.JSON(t, c))
	}
	if *pools[0].VMSize != "Standard_D8s_v5" || *pools[0].OSDiskSizeGB != 64 || *pools[0].VnetSubnetID != subnet ||
		*pools[1].Mode != armcontainerservice.AgentPoolModeUser || *pools[1].MaxCount != 2 || *pools[1].ProvisioningState != "Scaling" {
		t.Errorf("the pools are\n%s", wiretest.JSON(t, pools))
	}
	for name, seed := range map[string]core.Seed{
		"no-name":   {},
		"taken":     {Name: "MY_CLUSTER"},
		"no-group":  {Name: "a", Attr: map[string]string{AttrResourceGroup: "none"}},
		"pool-name": {Name: "a", Groups: []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "ng-1"}}}},
	} {
		if err := w.Put(seed); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	for what, err := range map[string]error{
		"force-cluster": w.Force("none", "", profile.Active, ""), "force-pool": w.Force("my_cluster", "none", profile.Active, ""),
		"show": w.Show("my_cluster", "none", "X"), "protect": w.Protect("none", true), "show-cluster": w.Show("none", "", "X"),
	} {
		if err == nil {
			t.Errorf("%s of nothing", what)
		}
	}
	wiretest.Must(t, w.Show("my_cluster", "", "RotatingClusterCertificates"))
	if got := *w.get(t, "my_cluster").Properties.ProvisioningState; got != "RotatingClusterCertificates" {
		t.Errorf("the cluster shows %s", got)
	}
	wiretest.Must(t, w.Protect("pmks/my_cluster", true))
	check(t, wiretest.Err(w.clusters.BeginDelete(t.Context(), testGroup, "my_cluster", nil)), refusal{409, "ScopeLocked"}, "")
}
