// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// many returns n tags.
func many(n int) []any {
	var list []any
	for i := range n {
		list = append(list, map[string]any{"key": "k" + strconv.Itoa(i), "value": "v"})
	}
	return list
}

// tags, taints and limits are lists of what their texts say in turn.
func tags(texts ...string) []any { return objects(texts, "key", "value") }

func taints(texts ...string) []any { return objects(texts, "key", "value", "effect") }

func limits(texts ...string) []any { return objects(texts, "instance_type", "price_limit") }

func objects(texts []string, members ...string) (list []any) {
	for part := range slices.Chunk(texts, len(members)) {
		o := map[string]any{}
		for i, name := range members {
			o[name] = part[i]
		}
		list = append(list, o)
	}
	return list
}

func tag(key, value string) []any { return []any{map[string]any{"key": key, "value": value}} }

// TestServer_CreateCluster_refused: each rule, in ACK's words.
func TestServer_CreateCluster_refused(t *testing.T) {
	t.Parallel()
	terway := []any{map[string]any{"name": "terway-eniip"}}
	pods := []any{"vsw-6wes1t2u3v4w5x6y7z8ab"}
	for _, test := range []struct {
		name   string
		change []any
		want   string // empty: it is accepted
	}{
		{"fine", nil, ""},
		{"newest-version", []any{"kubernetes_version", nil}, ""},
		{"terway", []any{"addons", terway, "container_cidr", nil, "pod_vswitch_ids", pods}, ""},
		{"empty-lists", []any{"addons", []any{}, "nodepools", []any{}, "taints", []any{}, "worker_data_disks", []any{}}, ""},
		{"no-tag-value", []any{"tags", tag("a", "")}, ""},
		{"20-tags", []any{"tags", many(20)}, ""},
		{"no-name", []any{"name", nil}, "400 MissingParameter.name"},
		{"no-region", []any{"region_id", nil}, "400 MissingParameter.region_id"},
		{"no-type", []any{"cluster_type", nil}, "400 MissingParameter.cluster_type"},
		{"no-vpc", []any{"vpcid", nil}, "400 MissingParameter.vpcid"},
		{"no-vswitch", []any{"vswitch_ids", []any{}}, "400 MissingParameter.vswitch_ids"},
		{"no-services", []any{"service_cidr", nil}, "400 MissingParameter.service_cidr"},
		{"no-pods", []any{"container_cidr", nil}, "400 MissingParameter.container_cidr"},
		{"vpc_id", []any{"vpc_id", "vpc-1"}, "400 InvalidParameter"},
		{"number-as-name", []any{"name", 7}, "400 InvalidParameter"},
		{"hyphen-first", []any{"name", "-a"}, "400 InvalidParameter.Name"},
		{"long-name", []any{"name", strings.Repeat("a", 64)}, "400 InvalidParameter.Name"},
		{"dot", []any{"name", "a.b"}, "400 InvalidParameter.Name"},
		{"other-region", []any{"region_id", "cn-hangzhou"}, "501 NotSimulated"},
		{"dedicated", []any{"cluster_type", "Kubernetes"}, "501 NotSimulated"},
		{"serverless", []any{"profile", "Serverless"}, "501 NotSimulated"},
		{"unknown-type", []any{"cluster_type", "Swarm"}, "400 InvalidParameter"},
		{"unknown-spec", []any{"cluster_spec", "ack.big"}, "400 InvalidParameter"},
		{"ipv6", []any{"ip_stack", "dual"}, "501 NotSimulated"},
		{"proxy", []any{"proxy_mode", "none"}, "400 InvalidParameter"},
		{"mask", []any{"node_cidr_mask", "23"}, "400 InvalidParameter"},
		{"mask-as-number", []any{"node_cidr_mask", 26}, "400 InvalidParameter"},
		{"mask-too-wide", []any{"container_cidr", "172.20.0.0/24", "node_cidr_mask", "24"}, "400 InvalidParameter.NodeCIDRMask"},
		{"unknown-version", []any{"kubernetes_version", "1.35"}, "400 InvalidParameter.KubernetesVersion"},
		{"retired-version", []any{"kubernetes_version", retiredVersion}, "400 InvalidParameter.KubernetesVersion"},
		{"unknown-vpc", []any{"vpcid", "vpc-none"}, "400 InvalidVpcId.NotFound"},
		{"unknown-vswitch", []any{"vswitch_ids", []any{"vsw-none"}}, "400 InvalidVSwitchId.NotFound"},
		{"vswitch-of-another-vpc", []any{"vswitch_ids", []any{"vsw-other"}}, "400 InvalidParameter.VSwitchId"},
		{"vswitch-twice", []any{"vswitch_ids", []any{pods[0], pods[0]}}, "400 InvalidParameter.VSwitchId"},
		{"full-vswitch", []any{"vswitch_ids", []any{"vsw-full"}}, "400 InvalidVSwitchId.IpNotEnough"},
		{"unknown-group", []any{"security_group_id", "sg-none"}, "400 InvalidSecurityGroupId.NotFound"},
		{"group-of-another-vpc", []any{"security_group_id", "sg-other"}, "400 InvalidParameter.SecurityGroup"},
		{"both-groups", []any{"is_enterprise_security_group", true}, "400 InvalidParameter.SecurityGroup"},
		{"public-pods", []any{"container_cidr", "8.0.0.0/16"}, "400 InvalidParameter.ContainerCIDR"},
		{"wide-services", []any{"service_cidr", "172.16.0.0/12"}, "400 InvalidParameter.ServiceCIDR"},
		{"unmasked", []any{"service_cidr", "172.19.0.1/20"}, "400 InvalidParameter.ServiceCIDR"},
		{"pods-over-services", []any{"service_cidr", "172.20.16.0/20"}, "400 InvalidParameter.CIDRConflict"},
		{"pods-over-vpc", []any{"container_cidr", "10.0.0.0/16"}, "400 InvalidParameter.CIDRConflict"},
		{"pods-over-secondary", []any{"container_cidr", "192.168.0.0/16"}, "400 InvalidParameter.CIDRConflict"},
		{"services-over-another-cluster", []any{"service_cidr", "172.30.0.0/20"}, "400 InvalidParameter.CIDRConflict"},
		{"terway-with-pods", []any{"addons", terway, "pod_vswitch_ids", pods}, "400 InvalidParameter.ContainerCIDR"},
		{"terway-without-vswitch", []any{"addons", terway, "container_cidr", nil}, "400 MissingParameter.pod_vswitch_ids"},
		{"21-tags", []any{"tags", many(21)}, "400 InvalidParameter.Tags"},
		{"tag-key", []any{"tags", tag("acs:a", "b")}, "400 InvalidParameter.TagKey"},
		{"long-tag-key", []any{"tags", tag(strings.Repeat("ü", 65), "b")}, "400 InvalidParameter.TagKey"},
		{"tag-value", []any{"tags", tag("a", "https://b")}, "400 InvalidParameter.TagValue"},
		{"tag-twice", []any{"tags", append(tag("a", "b"), tag("a", "c")...)}, "400 InvalidParameter.TagKey"},
		{"master_vswitch_ids", []any{"master_vswitch_ids", []any{"vsw-1"}}, "400 InvalidParameter"},
		{"worker_instance_types", []any{"worker_instance_types", []any{"ecs.g7.large"}}, "400 InvalidParameter"},
		{"worker_data_disks", []any{"worker_data_disks", []any{map[string]any{"size": 40}}}, "400 InvalidParameter"},
		{"num_of_nodes", []any{"num_of_nodes", 3}, "400 InvalidParameter"},
		{"nodepools", []any{"nodepools", []any{map[string]any{}}}, "501 NotSimulated"},
		{"client_token", []any{"client_token", "a"}, "501 NotSimulated"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			resources := DefaultResources("ap-northeast-1")
			resources.VPCs[0].Secondary = []string{"192.168.0.0/20"}
			resources.VPCs = append(resources.VPCs, VPC{ID: "vpc-other", CIDR: "172.16.0.0/16"})
			resources.VSwitches = append(resources.VSwitches, VSwitch{ID: "vsw-other", VPC: "vpc-other", FreeIPs: 1}, VSwitch{ID: "vsw-full", VPC: resources.VPCs[0].ID})
			resources.SecurityGroups = append(resources.SecurityGroups, SecurityGroup{ID: "sg-other", VPC: "vpc-other"})
			w := newWorld(t, func(o *Options) { o.Resources = &resources })
			w.create("other", "container_cidr", "172.29.0.0/16", "service_cidr", "172.30.0.0/20")
			want := test.want
			if want == "" {
				want = "202"
			}
			a := w.want(w.roa("POST", "/clusters", clusterBody("demo", test.change...)), want)
			if n := w.roa("GET", "/regions/ap-northeast-1/clusters", nil).number("page_info", "total_count"); n == 2 != (test.want == "") {
				t.Errorf("there are %d clusters after %s", n, a.verdict())
			}
		})
	}
}

// TestServer_CreateClusterNodePool_refused: the same for node pools.
func TestServer_CreateClusterNodePool_refused(t *testing.T) {
	t.Parallel()
	const sg = "scaling_group."
	for _, test := range []struct {
		name   string
		change []any
		want   string
	}{
		{"fine", nil, ""},
		{"none", []any{sg + "desired_size", 0}, ""},
		{"image-id", []any{sg + "image_type", nil, sg + "image_id", "m-6we8x1y2z3a4b5c6d7e8"}, ""},
		{"password", []any{sg + "key_pair", nil, sg + "login_password", "Passw0rd!"}, ""},
		{"arm", []any{sg + "instance_types", []any{"ecs.c8y.xlarge"}, sg + "image_type", imageARM}, ""},
		{"auto", []any{"auto_scaling", autoOn(0, 3), sg + "desired_size", nil}, ""},
		{"categories", []any{sg + "system_disk_category", nil, sg + "system_disk_categories", []any{"cloud_essd"}}, ""},
		{"data-disk", []any{sg + "data_disks", []any{map[string]any{"category": "cloud_essd", "size": 40, "encrypted": "false"}}}, ""},
		{"management-off", []any{"management", map[string]any{"enable": false}}, ""},
		{"empty-lists", []any{"node_components", []any{}, sg + "disk_init", []any{}, sg + "instance_patterns", []any{}, sg + "spot_price_limit", []any{}}, ""},
		{"no-name", []any{"nodepool_info", nil}, "400 MissingParameter.nodepool_info.name"},
		{"bad-name", []any{"nodepool_info.name", "a b"}, "400 InvalidParameter.NodePoolName"},
		{"no-group", []any{"scaling_group", nil}, "400 MissingParameter.scaling_group"},
		{"edge", []any{"nodepool_info.type", "edge"}, "501 NotSimulated"},
		{"no-vswitch", []any{sg + "vswitch_ids", nil}, "400 MissingParameter.scaling_group.vswitch_ids"},
		{"no-machine", []any{sg + "instance_types", nil}, "400 MissingParameter.scaling_group.instance_types"},
		{"unknown-machine", []any{sg + "instance_types", []any{"ecs.none"}}, "400 InvalidInstanceType.ValueNotSupported"},
		{"small-machine", []any{sg + "instance_types", []any{"ecs.t6-c1m1.large"}}, "400 InvalidInstanceType.NotSupported"},
		{"sold-out", []any{sg + "instance_types", []any{"ecs.g8i.large"}}, "400 RecommendEmpty.InstanceTypeNoStock"},
		{"11-machines", []any{sg + "instance_types", []any{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"}}, "400 InvalidParameter.InstanceTypes"},
		{"both-images", []any{sg + "image_id", "m-6we8x1y2z3a4b5c6d7e8"}, "400 InvalidParameter.ImageId"},
		{"unknown-image", []any{sg + "image_type", nil, sg + "image_id", "m-none"}, "400 InvalidImageId.NotFound"},
		{"unknown-image-type", []any{sg + "image_type", "Debian"}, "400 InvalidParameter.ImageType"},
		{"cgroup-v1", []any{sg + "image_type", imageAliyunLinux3}, "400 InvalidImageId.NotFound"},
		{"container-os", []any{sg + "image_type", imageContainerOS, sg + "key_pair", nil, sg + "login_password", "Passw0rd!"}, "400 InvalidParameter.KeyPair"},
		{"arm-without-image", []any{sg + "instance_types", []any{"ecs.c8y.xlarge"}}, "400 InvalidParameter.ImageType"},
		{"no-login", []any{sg + "key_pair", nil}, "400 MissingParameter.scaling_group.key_pair"},
		{"both-logins", []any{sg + "login_password", "Passw0rd!"}, "400 InvalidParameter.KeyPair"},
		{"short-password", []any{sg + "key_pair", nil, sg + "login_password", "short"}, "400 InvalidParameter.LoginPassword"},
		{"unknown-key", []any{sg + "key_pair", "none"}, "400 InvalidKeyPairName.NotFound"},
		{"small-disk", []any{sg + "system_disk_size", 20}, "400 InvalidParameter.SystemDiskSize"},
		{"large-disk", []any{sg + "system_disk_size", 2049}, "400 InvalidParameter.SystemDiskSize"},
		{"unknown-disk", []any{sg + "system_disk_category", "gp3"}, "400 InvalidParameter.SystemDiskCategory"},
		{"old-disk", []any{sg + "system_disk_category", nil}, "400 InvalidSystemDiskCategory.ValueNotSupported"},
		{"data-disk-bool", []any{sg + "data_disks", []any{map[string]any{"category": "cloud_essd", "size": 40, "encrypted": false}}}, "400 InvalidParameter"},
		{"small-data-disk", []any{sg + "data_disks", []any{map[string]any{"category": "cloud_essd", "size": 1}}}, "400 InvalidParameter.DataDisks"},
		{"unknown-group", []any{sg + "security_group_ids", []any{"sg-none"}}, "400 InvalidSecurityGroupId.NotFound"},
		{"management", []any{"management", map[string]any{"enable": true}}, "400 InvalidParameter.Management"},
		{"runtime", []any{"kubernetes_config", map[string]any{"runtime": "docker"}}, "400 InvalidParameter.Runtime"},
		{"taint", []any{"kubernetes_config", map[string]any{"taints": []any{map[string]any{"key": "a", "effect": "None"}}}}, "400 InvalidParameter.Taints"},
		{"auto-and-desired", []any{"auto_scaling", autoOn(0, 3)}, "400 InvalidDesiredSizeOrCount.NotNull"},
		{"auto-and-count", []any{"auto_scaling", autoOn(0, 3), sg + "desired_size", nil, "count", 1}, "400 InvalidDesiredSizeOrCount.NotNull"},
		{"desired-and-count", []any{"count", 2}, "400 InvalidParameter.DesiredSize"},
		{"negative", []any{sg + "desired_size", -1}, "400 InvalidParameter.DesiredSize"},
		{"bounds", []any{"auto_scaling", autoOn(4, 3), sg + "desired_size", nil}, "400 InvalidParameter.AutoScaling"},
		{"far-bounds", []any{"auto_scaling", autoOn(0, 2001), sg + "desired_size", nil}, "400 InvalidParameter.AutoScaling"},
		{"nodes", []any{sg + "desired_size", 101}, "400 QuotaExceeded.Node"},
		{"subscription", []any{sg + "instance_charge_type", "PrePaid"}, "501 NotSimulated"},
		{"spot", []any{sg + "spot_strategy", "Cheap"}, "400 InvalidParameter.SpotStrategy"},
		{"spot-capped", []any{sg + "spot_strategy", spotCapped, sg + "spot_price_limit", limits("ecs.g7.large", "0.39")}, ""},
		{"spot-without-cap", []any{sg + "spot_strategy", spotCapped}, "400 MissingParameter.scaling_group.spot_price_limit"},
		{"spot-cap-alone", []any{sg + "spot_price_limit", limits("ecs.g7.large", "0.39")}, "400 InvalidParameter.SpotPriceLimit"},
		{"spot-bad-cap", []any{sg + "spot_strategy", spotCapped, sg + "spot_price_limit", limits("ecs.g7.large", "cheap")}, "400 InvalidParameter.SpotPriceLimit"},
		{"spot-other-cap", []any{sg + "spot_strategy", spotCapped, sg + "spot_price_limit", limits("ecs.c7.large", "1")}, "400 InvalidParameter.SpotPriceLimit"},
		{"mixed", []any{sg + "multi_az_policy", "COST_OPTIMIZED", sg + "on_demand_base_capacity", 1, sg + "compensate_with_on_demand", true, sg + "spot_instance_pools", 2}, ""},
		{"mixed-base", []any{sg + "on_demand_base_capacity", 1001}, "400 InvalidParameter"},
		{"mixed-share", []any{sg + "on_demand_percentage_above_base_capacity", 101}, "400 InvalidParameter"},
		{"mixed-compensation", []any{sg + "compensate_with_on_demand", true}, "400 InvalidParameter.CompensateWithOnDemand"},
		{"policy", []any{sg + "multi_az_policy", "RANDOM"}, "400 InvalidParameter.MultiAzPolicy"},
		{"labels", []any{"kubernetes_config.labels", tags("a", "", "example.com/b.c", "D-e_f")}, ""},
		{"label-key", []any{"kubernetes_config.labels", tag("a b", "")}, "400 InvalidParameter.Labels"},
		{"label-prefix", []any{"kubernetes_config.labels", tag("Exa_mple/a", "")}, "400 InvalidParameter.Labels"},
		{"label-value", []any{"kubernetes_config.labels", tag("a", "-")}, "400 InvalidParameter.Labels"},
		{"label-long", []any{"kubernetes_config.labels", tag("a", strings.Repeat("a", 64))}, "400 InvalidParameter.Labels"},
		{"label-reserved", []any{"kubernetes_config.labels", tag("aliyun.com/a", "")}, "400 InvalidParameter.Labels"},
		{"label-twice", []any{"kubernetes_config.labels", tags("a", "1", "a", "2")}, "400 InvalidParameter.Labels"},
		{"21-labels", []any{"kubernetes_config.labels", many(21)}, "400 InvalidParameter.Labels"},
		{"taint-value", []any{"kubernetes_config.taints", taints("a", "b c", "NoSchedule")}, "400 InvalidParameter.Taints"},
		{"taint-twice", []any{"kubernetes_config.taints", taints("a", "1", "NoSchedule", "a", "2", "NoSchedule")}, "400 InvalidParameter.Taints"},
		{"taint-effects", []any{"kubernetes_config.taints", taints("a", "1", "NoSchedule", "a", "1", "NoExecute")}, ""},
		{"unknown-member", []any{sg + "instance_type", "a"}, "400 InvalidParameter"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			resources := DefaultResources("ap-northeast-1")
			i := slices.IndexFunc(resources.InstanceTypes, func(x InstanceType) bool { return x.Name == "ecs.g8i.large" })
			resources.InstanceTypes[i].NoStock = true
			w := newWorld(t, func(o *Options) { o.Resources = &resources })
			id := w.create("demo")
			want := test.want
			if want == "" {
				want = "200"
			}
			w.want(w.roa("POST", "/clusters/"+id+"/nodepools", poolBody("ng1", test.change...)), want)
			if _, there := w.roa("GET", "/clusters/"+id+"/nodepools", nil).get("nodepools", 0).(map[string]any); there != (test.want == "") {
				t.Errorf("the pool is there: %v", there)
			}
		})
	}
}

// TestServer_prerequisites: what the account must have.
func TestServer_prerequisites(t *testing.T) {
	t.Parallel()
	without := func(role string) func(*Resources) {
		return func(r *Resources) { r.Roles = slices.DeleteFunc(r.Roles, func(x string) bool { return x == role }) }
	}
	for _, test := range []struct {
		name             string
		change           func(*Resources)
		cluster, pool    string
		autoscaler, link string
	}{
		{"service", func(r *Resources) { r.NotOpen = true }, "400 ErrServiceNotOpen", "", "", "common-buy.aliyun.com"},
		{"cluster-role", without(roleCluster), "400 ErrManagedKuberneteRoleNotAttach", "", "", "ram.console.aliyun.com"},
		{"addon-role", without("AliyunCSManagedCsiRole"), "400 ErrManagedAddonRoleNotAttach", "", "", "ram.console.aliyun.com"},
		{"audit-role", without(roleAudit), "400 ErrKubernetesAuditRoleNotAttach", "", "", "ram.console.aliyun.com"},
		{"hook-role", without(roleHook), "202", "400 MissingAuth.AliyunOOSLifecycleHook4CSRole", "200", "ram.console.aliyun.com"},
		{"autoscaler-role", without(roleAutoscaler), "202", "200", "400 ErrAutoScalerRoleNotAttach", "ram.console.aliyun.com"},
		{"quota", func(r *Resources) { r.Quota = Quota{Clusters: -1, NodePools: -1, Nodes: -1} }, "202", "200", "200", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			resources := DefaultResources("ap-northeast-1")
			test.change(&resources)
			w := newWorld(t, func(o *Options) { o.Resources = &resources })
			link := func(a answer, want string) {
				t.Helper()
				if w.want(a, want); a.status >= 400 && !strings.Contains(a.text("message"), "https://"+test.link) {
					t.Errorf("the message has no link: %s", a.text("message"))
				}
			}
			a := w.roa("POST", "/clusters", clusterBody("demo"))
			link(a, test.cluster)
			if a.status != 202 {
				return
			}
			w.pass()
			id := a.text("cluster_id")
			link(w.roa("POST", "/cluster/"+id+"/autoscale/config/", map[string]any{}), test.autoscaler)
			link(w.roa("POST", "/clusters/"+id+"/nodepools", poolBody("ng1")), test.pool)
			w.want(w.roa("POST", "/clusters/"+id+"/nodepools", poolBody("ng2", "scaling_group.desired_size", 0)), "200")
			roles := w.want(w.roa("POST", "/ram/check-service-role", map[string]any{"roles": []any{map[string]any{"name": roleHook}, map[string]any{"name": "None"}}}), "200")
			if roles.get("roles", 0, "granted") != (test.name != "hook-role") || roles.get("roles", 1, "granted") != false {
				t.Errorf("the roles are %s", roles.body)
			}
		})
	}
	w := newWorld(t, func(o *Options) {
		r := DefaultResources("ap-northeast-1")
		r.Quota = Quota{Clusters: 1, NodePools: 1, Nodes: 2}
		o.Resources = &r
	})
	id := w.create("a")
	w.addPool(id, "ng1")
	w.want(w.roa("POST", "/clusters/"+id+"/nodepools", poolBody("ng2")), "400 QuotaExceeded.NodePool")
	w.want(w.roa("POST", "/clusters", clusterBody("b", "container_cidr", "172.21.0.0/16", "service_cidr", "172.22.0.0/20")), "400 QuotaExceeded.Cluster")
	if a := w.roa("GET", "/quota", nil); a.number("amk_cluster_quota") != 1 || a.number("node_quota") != 2 {
		t.Errorf("the quota is %s", a.body)
	}
}

// TestServer_routes: what there is not, what is retired, and what is not simulated.
func TestServer_routes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create("demo")
	c := "/clusters/" + id
	for _, test := range []struct{ method, target, want string }{
		{"GET", "/api/v1/clusters", "404 InvalidAction.NotFound"},
		{"GET", "/clusters", "404 InvalidAction.NotFound"},
		{"GET", "/clusters/", "404 InvalidAction.NotFound"},
		{"DELETE", "/clusters/", "404 InvalidAction.NotFound"},
		{"GET", "/clusters/..", "404 ErrorClusterNotFound"},
		{"GET", "/api/v2" + c + "/upgrade/status", "404 InvalidAction.NotFound"},
		{"POST", "/api/v2" + c + "/upgrade/cancel", "404 InvalidAction.NotFound"},
		{"POST", "/api/v2" + c + "/upgrade/pause", "404 InvalidAction.NotFound"},
		{"PATCH", c, "404 InvalidAction.NotFound"},
		{"GET", "/nothing", "404 InvalidAction.NotFound"},
		{"GET", c + "/nodepools/", "404 InvalidAction.NotFound"},
		{"GET", c + "/nodepools/np1", "404 ErrorNodePoolNotFound"},
		{"GET", c + "/addon_instances/none", "404 AddonNotFound"},
		{"GET", c + "/logs", "501 NotSimulated"},
		{"GET", c + "/check_config", "404 InvalidAction.NotFound"},
		{"GET", c + "/checks/none", "404 ErrCheckNotFound"},
		{"GET", "/regions", "501 NotSimulated"},
		{"GET", c + "?more=1", "400 InvalidParameter"},
		{"GET", "/regions/ap-northeast-1/clusters?page_size=101", "400 InvalidParameter"},
		{"GET", "/regions/ap-northeast-1/clusters?page_size=1&page_size=2", "400 InvalidParameter"},
		{"GET", "/regions/ap-northeast-1/clusters?page_number=0", "400 InvalidParameter"},
		{"GET", c + "/nodes?pageSize=101", "400 InvalidParameter"},
		{"GET", c + "/nodes?nodepool_id=none", "404 ErrorNodePoolNotFound"},
		{"GET", c + "/tasks?page_size=x", "400 InvalidParameter"},
		{"GET", c + "/events?page_size=51", "400 InvalidParameter"},
		{"GET", c + "/resources/pods/protection", "400 InvalidParameter.ResourceType"},
		{"GET", "/k8s/" + id + "/user_config?TemporaryDurationMinutes=14", "400 InvalidParameter"},
		{"GET", "/k8s/" + id + "/user_config?TemporaryDurationMinutes=4321", "400 InvalidParameter"},
		{"GET", "/k8s/" + id + "/user_config?PrivateIpAddress=perhaps", "400 InvalidParameter"},
		{"GET", "/api/v1/metadata/versions?ClusterType=ManagedKubernetes", "400 MissingParameter.Region"},
		{"GET", "/api/v1/metadata/versions?Region=ap-northeast-1", "400 MissingParameter.ClusterType"},
		{"GET", "/api/v1/metadata/versions?Region=ap-northeast-1&ClusterType=ManagedKubernetes&Mode=all", "400 InvalidParameter.Mode"},
		{"DELETE", c + "?retain_resources=ngw", "400 InvalidParameter"},
		{"DELETE", c + "?retain_resources=%5B%22ngw%22%5D", "400 InvalidParameter.RetainResources"},
		{"DELETE", c + "?delete_options=1", "400 InvalidParameter.DeleteOptions"},
		{"DELETE", c + "?delete_options=%5B%7B%22delete_mode%22%3A%22burn%22%7D%5D", "400 InvalidParameter.DeleteOptions"},
		{"GET", "/addons", "400 MissingParameter.cluster_id"},
		{"GET", "/addons?cluster_id=none", "404 ErrorClusterNotFound"},
		{"GET", "/addons/none?cluster_id=" + id, "404 AddonNotFound"},
		{"GET", "/tags?region_id=a&resource_type=CLUSTER", "400 InvalidParameter.ResourceIds"},
		{"GET", "/tags?region_id=a&resource_type=POD&resource_ids=%5B%22a%22%5D", "400 InvalidParameter.ResourceType"},
		{"DELETE", "/tags?region_id=a&resource_type=CLUSTER&resource_ids=%5B%22" + id + "%22%5D", "400 MissingParameter.tag_keys"},
	} {
		if got := w.roa(test.method, test.target, nil).verdict(); got != test.want {
			t.Errorf("%s %s: got %s, want %s", test.method, test.target, got, test.want)
		}
	}
	for name, test := range map[string]struct {
		header, value, want string
	}{
		"version":      {"x-acs-version", "2014-01-01", "400 InvalidVersion"},
		"action":       {"x-acs-action", "DescribeClustersV1", "400 InvalidAction"},
		"content-type": {"Content-Type", "text/plain", "415 UnsupportedContentType"},
	} {
		r := w.request("POST", "/clusters", clusterBody("x"))
		r.Header.Set(test.header, test.value)
		w.acs3 = true
		if got := w.send(r).verdict(); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
	w.want(w.roa("GET", c, "{}"), "400 InvalidParameter")
	w.want(w.roa("POST", "/clusters", strings.Repeat(" ", maxBody+1)), "413 RequestEntityTooLarge")
	for _, test := range []struct {
		service, action string
		parameters      []string
		want            string
	}{
		{serviceVPC, "DescribeRouteTableList", nil, "501 NotSimulated"},
		{serviceVPC, "Nothing", nil, "404 InvalidAction.NotFound"},
		{serviceVPC, "DescribeVpcAttribute", []string{"RegionId", "ap-northeast-1"}, "400 MissingParameter"},
		{serviceVPC, "DescribeVpcAttribute", []string{"RegionId", "ap-northeast-1", "VpcId", "vpc-none"}, "404 InvalidVpcId.NotFound"},
		{serviceVPC, "DescribeVpcAttribute", []string{"VpcId", "a"}, "400 MissingParameter"},
		{serviceVPC, "DescribeVSwitches", []string{"RegionId", "mars"}, "404 InvalidRegionId.NotFound"},
		{serviceVPC, "DescribeVSwitches", []string{"RegionId", "ap-northeast-1", "PageSize", "51"}, "400 InvalidParameter"},
		{serviceVPC, "DescribeVSwitches", []string{"RegionId", "ap-northeast-1", "More", "1"}, "400 InvalidParameter"},
		{serviceECS, "DescribeInstances", []string{"RegionId", "ap-northeast-1", "InstanceIds", "i-1"}, "400 InvalidParameter"},
		{serviceECS, "DescribeKeyPairs", []string{"RegionId", "ap-northeast-1", "KeyPairName", "none"}, "200"},
	} {
		if got := w.rpc(test.service, test.action, test.parameters...).verdict(); got != test.want {
			t.Errorf("%s %v: got %s, want %s", test.action, test.parameters, got, test.want)
		}
	}
}
