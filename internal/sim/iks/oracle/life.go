// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"strings"
	"time"

	bluemix "github.com/IBM-Cloud/bluemix-go"
	v1 "github.com/IBM-Cloud/bluemix-go/api/container/containerv1"
	v2 "github.com/IBM-Cloud/bluemix-go/api/container/containerv2"
	"github.com/IBM-Cloud/bluemix-go/session"
	ks "github.com/IBM-Cloud/container-services-go-sdk/kubernetesserviceapiv1"
	"github.com/IBM/go-sdk-core/v5/core"

	"github.com/pmks-go/pmks/internal/sim/iks"
)

// The things of the simulated account.
var (
	group = iks.DefaultResourceGroup
	held  = iks.DefaultResources("us-south")
)

const (
	base = "https://containers.cloud.ibm.com/global"
	auto = "cluster-autoscaler"
)

// generated takes a cluster through its life with the client that IBM generates.
// VpcGetWorkerPools is left out: it reads a list as an object; VpcCreateWorkerPool too:
// its zones have no subnets.
func (o *oracle) generated() {
	client := &http.Client{Transport: o}
	authenticator, err := core.NewIamAuthenticatorBuilder().SetApiKey(iks.DefaultAPIKey).SetClientIDSecret("bx", "bx").SetClient(client).Build()
	if err != nil {
		o.fault("the authenticator: %v", err)
		return
	}
	c, err := ks.NewKubernetesServiceApiV1(&ks.KubernetesServiceApiV1Options{URL: base, Authenticator: authenticator})
	if err != nil {
		o.fault("the generated client: %v", err)
		return
	}
	c.Service.SetHTTPClient(client)
	text, number := core.StringPtr, core.Int64Ptr

	versions, _, err := c.GetVersions(&ks.GetVersionsOptions{})
	o.decoded("versions", err, versions)
	list, _, err := c.V2GetVersions(&ks.V2GetVersionsOptions{})
	o.decoded("getVersions", err, list)
	flavors, _, err := c.V2GetFlavors(&ks.V2GetFlavorsOptions{Zone: text("us-south-1"), Provider: text("vpc-gen2")})
	o.decoded("getFlavors", err, flavors)
	quota, _, err := c.GetQuota(&ks.GetQuotaOptions{})
	o.decoded("getQuota", err, quota)
	vpcs, _, err := c.GetVPCs(&ks.GetVPCsOptions{Provider: text("vpc-gen2")})
	o.decoded("getVPCs", err, vpcs)
	vpc, _, err := c.GetVPC(&ks.GetVPCOptions{XRegion: text("us-south"), Provider: text("vpc-gen2"), VpcID: text(held.VPCs[0].ID)})
	o.decoded("getVPC", err, vpc)
	subnets, _, err := c.GetSubnets(&ks.GetSubnetsOptions{Provider: text("vpc-gen2"), Vpc: text(held.VPCs[0].ID), Zone: text("us-south-1")})
	o.decoded("getSubnets", err, subnets)

	made, _, err := c.VpcCreateCluster(&ks.VpcCreateClusterOptions{
		XAuthResourceGroup: &group, Name: text("generated"), Provider: text("vpc-gen2"), KubeVersion: text("1.33.8"), DisablePublicServiceEndpoint: core.BoolPtr(false),
		WorkerPool: &ks.VPCCreateClusterWorkerPool{
			Name: text("ng1"), Flavor: text("bx2.4x16"), VpcID: text(held.VPCs[0].ID), WorkerCount: number(1), Labels: map[string]string{"a": "b"},
			Zones: []ks.VPCCreateClusterWorkerPoolZone{{ID: text("us-south-1"), SubnetID: text(held.Subnets[0].ID)}},
		},
	})
	o.decoded("createCluster", err, made)
	if err != nil {
		return
	}
	id := made.ClusterID
	look := func() {
		list, _, err := c.VpcGetClusters(&ks.VpcGetClustersOptions{Provider: text("vpc-gen2")})
		o.decoded("getClusters", err, list)
		one, _, err := c.VpcGetCluster(&ks.VpcGetClusterOptions{Cluster: id})
		o.decoded("getCluster", err, one)
		workers, _, err := c.VpcGetWorkers(&ks.VpcGetWorkersOptions{Cluster: id, ShowDeleted: text("true")})
		o.decoded("getWorkers", err, workers)
	}
	for range 5 {
		look()
		o.now = o.now.Add(10 * time.Minute)
	}
	o.pass()
	look()
	o.secondPool(*id)
	look()
	o.pass()
	_, err = c.V2ResizeWorkerPool(&ks.V2ResizeWorkerPoolOptions{Cluster: id, Workerpool: text("ng2"), Size: number(2), XAuthResourceGroup: &group})
	o.done("resizeWorkerPool", err)
	_, err = c.V2SetWorkerPoolLabels(&ks.V2SetWorkerPoolLabelsOptions{Cluster: id, Workerpool: text("ng2"), Labels: map[string]string{"a": "b"}, XAuthResourceGroup: &group})
	o.done("setWorkerPoolLabels", err)
	_, err = c.V2SetWorkerPoolTaints(&ks.V2SetWorkerPoolTaintsOptions{Cluster: id, Workerpool: text("ng2"), Taints: map[string]string{"team": "a:NoSchedule"}, XAuthResourceGroup: &group})
	o.done("setWorkerPoolTaints", err)
	_, err = c.VpcCreateWorkerPoolZone(&ks.VpcCreateWorkerPoolZoneOptions{
		XAuthRefreshToken: text("none"), Cluster: id, Workerpool: text("ng2"), ID: text("us-south-1"), SubnetID: text(held.Subnets[0].ID), XAuthResourceGroup: &group,
	})
	o.done("createWorkerPoolZone", err)
	shown, _, err := c.VpcGetWorkerPool(&ks.VpcGetWorkerPoolOptions{Cluster: id, Workerpool: text("ng2")})
	o.decoded("getWorkerPool", err, shown)
	o.pass()
	_, err = c.RemoveWorkerPoolZone1(&ks.RemoveWorkerPoolZone1Options{Cluster: id, Workerpool: text("ng2"), Zone: text("us-south-1"), XAuthResourceGroup: &group})
	o.done("removeWorkerPoolZone", err)
	o.pass()
	_, err = c.V2DisablePublicServiceEndpoint(&ks.V2DisablePublicServiceEndpointOptions{Cluster: id, XAuthResourceGroup: &group})
	o.done("disablePublicServiceEndpoint", err)
	_, err = c.VpcRefreshMaster(&ks.VpcRefreshMasterOptions{Cluster: id, XAuthResourceGroup: &group})
	o.done("refreshMaster", err)
	look()
	o.pass()
	_, err = c.V2EnablePublicServiceEndpoint(&ks.V2EnablePublicServiceEndpointOptions{Cluster: id, XAuthResourceGroup: &group})
	o.done("enablePublicServiceEndpoint", err)
	o.pass()
	_, err = c.V2UpdateMaster(&ks.V2UpdateMasterOptions{Cluster: id, Version: text("1.34.4"), Force: core.BoolPtr(true), XAuthResourceGroup: &group})
	o.done("updateMaster", err)
	look()
	o.pass()
	workers, _, err := c.VpcGetWorkers(&ks.VpcGetWorkersOptions{Cluster: id, ShowDeleted: text("false")})
	o.decoded("getWorkers", err, workers)
	for _, w := range workers[:min(1, len(workers))] {
		_, err = c.VpcReplaceWorker(&ks.VpcReplaceWorkerOptions{Cluster: id, WorkerID: w.ID, Update: core.BoolPtr(true), XAuthResourceGroup: &group})
		o.done("replaceWorker", err)
		one, _, err := c.VpcGetWorker(&ks.VpcGetWorkerOptions{Cluster: id, Worker: w.ID})
		o.decoded("getWorker", err, one)
	}
	o.pass()
	offered, _, err := c.GetAddons(&ks.GetAddonsOptions{})
	o.decoded("getAddons", err, offered)
	changed, _, err := c.ManageClusterAddons(&ks.ManageClusterAddonsOptions{IdOrName: id, Addons: []ks.ClusterAddon{{Name: text(auto), Version: text("2.0.0")}}, Enable: core.BoolPtr(true)})
	o.decoded("patchClusterAddons", err, changed)
	addons, _, err := c.GetClusterAddons(&ks.GetClusterAddonsOptions{IdOrName: id})
	o.decoded("getClusterAddons", err, addons)
	o.pass()
	look()
	_, err = c.GetKubeconfig(&ks.GetKubeconfigOptions{XAuthRefreshToken: text("none"), Cluster: id, Format: text("yaml"), Admin: core.BoolPtr(true)})
	o.done("getKubeconfig", err)
	_, err = c.ApplyRBACAndGetKubeconfig(&ks.ApplyRBACAndGetKubeconfigOptions{XAuthRefreshToken: text("none"), Cluster: id, Format: text("yaml"), EndpointType: text("private")})
	o.done("applyRBACAndGetKubeconfig", err)
	_, err = c.RemoveWorkerPool1(&ks.RemoveWorkerPool1Options{Cluster: id, Workerpool: text("ng2"), XAuthResourceGroup: &group})
	o.done("removeWorkerPool", err)
	look()
	o.pass()
	_, err = c.RemoveCluster(&ks.RemoveClusterOptions{IdOrName: id, DeleteResources: text("false"), XAuthResourceGroup: &group})
	o.done("deleteCluster", err)
	o.pass()
}

// done notes the error of a call whose answer is empty, or no JSON.
func (o *oracle) done(op string, err error) {
	if err != nil {
		o.fault("%s: %v", op, err)
	}
}

// clients are those that IBM's Terraform provider runs on.
func (o *oracle) clients() (v2.ContainerServiceAPI, v1.ContainerServiceAPI) {
	endpoint, iam, none := base, "https://iam.cloud.ibm.com", 0
	s, err := session.New(&bluemix.Config{
		BluemixAPIKey: iks.DefaultAPIKey, Region: "us-south", Endpoint: &endpoint, TokenProviderEndpoint: &iam, MaxRetries: &none, HTTPClient: &http.Client{Transport: o},
	})
	if err != nil {
		o.fault("the session: %v", err)
		return nil, nil
	}
	c, err := v2.New(s)
	older, olderErr := v1.New(s)
	if err != nil || olderErr != nil {
		o.fault("the client: %v, %v", err, olderErr)
		return nil, nil
	}
	return c, older
}

// secondPool adds a pool with the client that can.
func (o *oracle) secondPool(cluster string) {
	c, _ := o.clients()
	if c == nil {
		return
	}
	pool, err := c.WorkerPools().CreateWorkerPool(v2.WorkerPoolRequest{Cluster: cluster, CommonWorkerPoolConfig: v2.CommonWorkerPoolConfig{
		Name: "ng2", Flavor: "bx2.4x16", VpcID: held.VPCs[0].ID, WorkerCount: 1, Zones: []v2.Zone{{ID: "us-south-2", SubnetID: held.Subnets[1].ID}},
	}}, v2.ClusterTargetHeader{ResourceGroup: group, Provider: "vpc-gen2"})
	o.decoded("createWorkerPool", err, pool)
}

// terraform does the same with the client of IBM's Terraform provider, in the order and
// with the empty members of that.
func (o *oracle) terraform() {
	c, older := o.clients()
	if c == nil {
		return
	}
	target, wide := v2.ClusterTargetHeader{ResourceGroup: group, Provider: "vpc-gen2"}, v2.ClusterTargetHeader{Provider: "vpc-gen2"}
	v1Target := v1.ClusterTargetHeader{ResourceGroup: group}
	subnets, err := c.Subnets().ListSubnets(held.VPCs[0].ID, "us-south-1", wide)
	o.decoded("getSubnets", err, subnets)
	vpcs, err := c.VPCs().ListVPCs(wide)
	o.decoded("getVPCs", err, vpcs)
	made, err := c.Clusters().Create(v2.ClusterCreateRequest{
		Name: "terraform", Provider: "vpc-gen2", SecurityGroupIDs: []string{held.SecurityGroups[0].ID}, DisableOutboundTrafficProtection: true,
		WorkerPools: v2.WorkerPoolConfig{CommonWorkerPoolConfig: v2.CommonWorkerPoolConfig{
			Name: "default", Flavor: "bx2.4x16", VpcID: held.VPCs[0].ID, WorkerCount: 2, DiskEncryption: true, OperatingSystem: "UBUNTU_24_64",
			Zones: []v2.Zone{{ID: "us-south-1", SubnetID: held.Subnets[0].ID}},
		}},
	}, target)
	o.decoded("createCluster", err, made)
	look := func() {
		list, err := c.Clusters().List(wide)
		o.decoded("getClusters", err, list)
		one, err := c.Clusters().GetCluster(made.ID, target)
		o.decoded("getCluster", err, one)
		pools, err := c.WorkerPools().ListWorkerPools(made.ID, target)
		o.decoded("getWorkerPools", err, pools)
		workers, err := c.Workers().ListWorkers(made.ID, true, target)
		o.decoded("getWorkers", err, workers)
	}
	look()
	o.pass()
	look()
	pool, err := c.WorkerPools().CreateWorkerPool(v2.WorkerPoolRequest{Cluster: made.ID, CommonWorkerPoolConfig: v2.CommonWorkerPoolConfig{
		Name: "ng2", Flavor: "bx2.4x16", VpcID: held.VPCs[0].ID, WorkerCount: 1, Zones: []v2.Zone{{ID: "us-south-2", SubnetID: held.Subnets[1].ID}},
	}}, target)
	o.decoded("createWorkerPool", err, pool)
	o.done("resizeWorkerPool", c.WorkerPools().ResizeWorkerPool(v2.ResizeWorkerPoolReq{Cluster: made.ID, Workerpool: pool.ID, Size: 2}, target))
	o.done("setWorkerPoolLabels", c.WorkerPools().UpdateWorkerPoolLabels(v2.SetWorkerPoolLabelsRequest{Cluster: made.ID, WorkerPool: pool.ID, Labels: map[string]string{"a": "b"}}, target))
	o.done("patchWorkerPool", older.WorkerPools().UpdateLabelsWorkerPool(made.ID, pool.ID, map[string]string{"a": "c"}, v1Target))
	o.done("setWorkerPoolTaints", c.WorkerPools().UpdateWorkerPoolTaints(v2.WorkerPoolTaintRequest{Cluster: made.ID, WorkerPool: pool.ID, Taints: map[string]string{"team": "a:NoExecute"}}, target))
	o.done("createWorkerPoolZone", c.WorkerPools().CreateWorkerPoolZone(v2.WorkerPoolZone{Cluster: made.ID, Id: "us-south-1", SubnetID: held.Subnets[0].ID, WorkerPoolID: pool.ID}, target))
	shown, err := c.WorkerPools().GetWorkerPool(made.ID, pool.ID, target)
	o.decoded("getWorkerPool", err, shown)
	o.pass()
	o.done("patchWorkerPool", older.WorkerPools().ResizeWorkerPool(made.ID, pool.ID, 1, v1Target))
	o.pass()
	o.done("refreshMasters", older.Clusters().RefreshAPIServers(made.ID, v1Target))
	look()
	o.pass()
	o.done("updateCluster", older.Clusters().Update(made.ID, v1.ClusterUpdateParam{Action: "update", Force: true, Version: "1.35.3"}, v1Target))
	look()
	o.pass()
	workers, err := c.Workers().ListByWorkerPool(made.ID, pool.ID, false, target)
	o.decoded("getWorkers", err, workers)
	for _, w := range workers {
		// The client wants a body where the service has none; its users look over that.
		if _, err := c.Workers().ReplaceWokerNode(made.ID, w.ID, target); err != nil && !strings.Contains(err.Error(), "EmptyResponseBody") {
			o.done("replaceWorker", err)
		}
		one, err := c.Workers().Get(made.ID, w.ID, target)
		o.decoded("getWorker", err, one)
		o.pass()
	}
	listed, err := older.AddOns().ListAddons()
	o.decoded("getAddons", err, listed)
	_, err = older.AddOns().ConfigureAddons(made.ID, &v1.ConfigureAddOns{AddonsList: []v1.AddOn{{Name: auto, Version: "2.0.0"}}, Enable: true}, v1Target)
	o.done("patchClusterAddons", err)
	addons, err := older.AddOns().GetAddons(made.ID, v1Target)
	o.decoded("getClusterAddons", err, addons)
	o.pass()
	o.done("deleteWorkerPool", c.WorkerPools().DeleteWorkerPool(made.ID, pool.ID, target))
	look()
	o.pass()
	look()
	o.done("deleteCluster", c.Clusters().Delete(made.ID, target, false))
	o.pass()
}
