// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// idPattern finds what is drawn at random, which may change with the order of drawing.
var idPattern = regexp.MustCompile(`[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}|\b(?:c|np)[0-9a-f]{32}\b|T-[0-9a-f]{24}|A-[0-9a-f]{24}|` +
	`\b(?:asg|eip|i|lb|ngw|sg)-[0-9a-z]{20}\b|iZ[0-9a-z]{20}Z|KubernetesWorkerRole-[0-9a-f-]{36}|LS0t[0-9A-Za-z+/=]+|clustercheck-[0-9a-z]{5}`)

// TestServer_golden keeps pairs of requests and answers, and holds the answers against
// the vendor's model.
func TestServer_golden(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(*world){"cluster": goldenCluster, "nodepool": goldenNodePool, "checks": goldenChecks, "spot": goldenSpot, "rpc": goldenRPC, "refused": goldenRefused} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := w.tape()
			w.transport = p
			run(w)
			r := DefaultResources("ap-northeast-1")
			wiretest.Golden(t, name+".golden", wiretest.Mask(p.Text(), idPattern, r.SecurityGroups[0].ID, r.SecurityGroups[1].ID))
		})
	}
}

// tape writes down what goes over the wire.
func (w *world) tape() *wiretest.Tape {
	table := wiretest.ReadTable(w.t, "wire.json")
	return &wiretest.Tape{
		Next: w.Transport(),
		Sent: func(r *http.Request) string {
			if action := r.Header.Get("x-acs-action"); action != "" {
				return " " + action + "\n"
			}
			return "\n"
		},
		Watch: func(r *http.Request, sent []byte, response *http.Response, got []byte) {
			to := routeOf(r, r.URL.Query(), sent)
			op := to.op
			if to.service != serviceCS {
				op = to.service + "." + op
			}
			if response.StatusCode > 299 || table.Operations[op].Output == "" {
				return
			}
			for _, fault := range table.Answer(op, got) {
				w.t.Error(fault)
			}
		},
	}
}

func goldenCluster(w *world) {
	id := w.want(w.roa("POST", "/clusters", clusterBody("demo")), "202").text("cluster_id")
	path := "/clusters/" + id
	w.roa("GET", path, nil)
	w.pass()
	w.roa("GET", path, nil)
	w.roa("GET", "/regions/ap-northeast-1/clusters?name=dem&page_size=10", nil)
	w.roa("GET", "/k8s/"+id+"/user_config?TemporaryDurationMinutes=60", nil)
	w.roa("GET", path+"/addon_instances", nil)
	w.roa("GET", path+"/addon_instances/flannel", nil)
	w.roa("POST", "/cluster/"+id+"/autoscale/config/", map[string]any{"scaler_type": "goatscaler", "expander": "least-waste"})
	up := w.want(w.roa("POST", "/api/v2"+path+"/upgrade", map[string]any{"next_version": "1.36.2-aliyun.1", "master_only": true}), "202")
	w.pass()
	w.roa("GET", "/tasks/"+up.text("task_id"), nil)
	w.roa("GET", path+"/tasks?page_size=2", nil)
	w.roa("GET", path+"/events?page_size=2", nil)
	w.roa("PUT", "/tags", map[string]any{"region_id": "ap-northeast-1", "resource_ids": []any{id}, "resource_type": "CLUSTER", "tags": tag("team", "a")})
	w.roa("GET", "/tags?region_id=ap-northeast-1&resource_type=CLUSTER&resource_ids=%5B%22"+id+"%22%5D", nil)
	w.roa("DELETE", "/tags?region_id=ap-northeast-1&resource_type=CLUSTER&resource_ids=%5B%22"+id+"%22%5D&tag_keys=%5B%22team%22%5D", nil)
	w.roa("PUT", "/api/v2"+path, map[string]any{"deletion_protection": false})
	w.roa("GET", path+"/resources?with_addon_resources=true", nil)
	w.roa("GET", path+"/resources/services/protection", nil)
	w.roa("GET", "/api/v1/metadata/versions?Region=ap-northeast-1&ClusterType=ManagedKubernetes&KubernetesVersion=1.34.3-aliyun.1&QueryUpgradableVersion=true", nil)
	w.roa("GET", "/quota", nil)
	w.roa("POST", "/ram/check-service-role", map[string]any{"roles": []any{map[string]any{"name": roleDefault}}})
	w.want(w.roa("DELETE", path+"?retain_all_resources=false", nil), "202")
	w.pass()
	w.want(w.roa("GET", path, nil), "404 ErrorClusterNotFound")
}

func goldenNodePool(w *world) {
	id := w.create("demo")
	pool := w.addPool(id, "ng1")
	w.roa("GET", pool, nil)
	w.roa("GET", "/clusters/"+id+"/nodepools?NodepoolName=ng1", nil)
	w.roa("GET", "/clusters/"+id+"/nodes?pageSize=100", nil)
	for _, put := range []map[string]any{
		{"scaling_group": map[string]any{"desired_size": 1}}, {"auto_scaling": autoOn(1, 3)}, {"auto_scaling": map[string]any{"enable": false}},
		{"scaling_group": map[string]any{"tags": tag("x", "y")}},
	} {
		w.want(w.roa("PUT", pool, put), "200")
		w.roa("GET", pool, nil)
		w.pass()
	}
	w.want(w.roa("POST", pool, map[string]any{"count": 1}), "200")
	w.pass()
	w.want(w.roa("DELETE", pool+"?force=true", nil), "200")
	w.pass()
	w.want(w.roa("GET", pool, nil), "404 ErrorNodePoolNotFound")
}

// goldenSpot is about what a node pool is made of.
func goldenSpot(w *world) {
	id := w.create("demo", "controlplane_log_components", []any{"apiserver", "kcm"}, "controlplane_log_ttl", "7")
	w.want(w.roa("GET", "/clusters/"+id+"/controlplanelog", nil), "200")
	pool := w.addPool(id, "ng1", "kubernetes_config", map[string]any{"labels": tag("team", "a"), "taints": taints("spot", "", "NoSchedule")},
		"scaling_group.spot_strategy", spotCapped, "scaling_group.spot_price_limit", limits("ecs.g7.large", "0.39"), "scaling_group.multi_az_policy", "COST_OPTIMIZED",
		"scaling_group.on_demand_base_capacity", 1, "scaling_group.on_demand_percentage_above_base_capacity", 20, "scaling_group.spot_instance_remedy", true)
	w.want(w.roa("GET", pool, nil), "200")
	w.want(w.roa("PUT", pool, map[string]any{"kubernetes_config": map[string]any{"labels": []any{}, "taints": []any{}}, "update_nodes": true}), "200")
	w.pass()
	w.want(w.roa("GET", "/clusters/"+id+"/nodepools", nil), "200")
	w.want(w.roa("PUT", "/api/v2/clusters/"+id, map[string]any{"api_server_eip": false}), "202")
	w.pass()
	w.want(w.roa("GET", "/clusters/"+id, nil), "200")
	w.want(w.roa("POST", "/clusters/"+id+"/tags", tag("team", "b")), "200")
}

// goldenChecks is about what stands in the way of an upgrade.
func goldenChecks(w *world) {
	id := w.create("demo")
	path := "/clusters/" + id
	pool := w.addPool(id, "ng1")
	w.roa("POST", "/api/v2"+path+"/upgrade", map[string]any{"next_version": "1.36.2-aliyun.1", "master_only": true})
	w.pass()
	check := w.want(w.roa("POST", path+"/checks", map[string]any{"type": checkMasterUpgrade}), "200").text("check_id")
	w.want(w.roa("GET", path+"/checks/"+check, nil), "200")
	w.pass()
	w.want(w.roa("GET", path+"/checks/"+check, nil), "200")
	w.want(w.roa("POST", path+"/checks", map[string]any{"type": checkNodePoolUpgrade, "target": pool[strings.LastIndex(pool, "/")+1:]}), "200")
	w.want(w.roa("GET", path+"/checks?type=MasterUpgrade", nil), "200")
	w.want(w.roa("GET", "/addons/coredns?cluster_id="+id+"&version=v1.9.3.6", nil), "200")
	w.want(w.roa("GET", "/addons?region_id=ap-northeast-1&cluster_type=ManagedKubernetes&cluster_version=1.36.2-aliyun.1", nil), "200")
}

func goldenRPC(w *world) {
	w.want(w.rpc(serviceVPC, "DescribeVpcAttribute", "RegionId", "ap-northeast-1", "VpcId", w.resources.VPCs[0].ID), "200")
	w.want(w.rpc(serviceVPC, "DescribeVpcs", "RegionId", "ap-northeast-1", "VpcName", w.resources.VPCs[0].Name), "200")
	w.want(w.rpc(serviceVPC, "DescribeVSwitches", "RegionId", "ap-northeast-1", "PageSize", "2"), "200")
	w.want(w.rpc(serviceECS, "DescribeKeyPairs", "RegionId", "ap-northeast-1", "KeyPairName", "*-01"), "200")
	w.want(w.rpc(serviceECS, "DescribeSecurityGroups", "RegionId", "ap-northeast-1", "SecurityGroupIds", `["sg-6wefc8r3k2m5n7p9q1s4"]`), "200")
	w.want(w.rpc(serviceECS, "DescribeSecurityGroups", "RegionId", "ap-northeast-1", "VpcId", w.resources.VPCs[0].ID, "SecurityGroupName", "sg-01"), "200")
	w.want(w.rpc(serviceSTS, "GetCallerIdentity"), "200")
	w.addPool(w.create("demo"), "ng1")
	w.want(w.rpc(serviceECS, "DescribeInstances", "RegionId", "ap-northeast-1", "VpcId", w.resources.VPCs[0].ID), "200")
}

func goldenRefused(w *world) {
	w.roa("GET", "/clusters/none", nil)
	w.roa("GET", "/api/v1/clusters", nil)
	w.roa("GET", "/regions", nil)
	w.roa("POST", "/clusters", clusterBody("demo", "vpc_id", "vpc-1"))
	w.roa("POST", "/clusters", clusterBody("demo", "tags", "none"))
	w.rpc(serviceVPC, "DescribeVpcAttribute", "RegionId", "ap-northeast-1", "VpcId", "vpc-none")
	w.Deny("ecs:DescribeInstances")
	w.rpc(serviceECS, "DescribeInstances", "RegionId", "ap-northeast-1")
	w.Inject(core.Fault{Kind: core.FaultThrottle})
	w.roa("GET", "/quota", nil)
	w.key = "none"
	if a := w.roa("GET", "/quota", nil); !strings.Contains(string(a.body), "InvalidAccessKeyId.NotFound") {
		w.t.Errorf("got %s", a.body)
	}
}
