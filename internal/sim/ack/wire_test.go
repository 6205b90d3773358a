// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestWire_structs: the structs, written by hand, know every member that a request may
// have, and show none that the vendor has not.
func TestWire_structs(t *testing.T) {
	t.Parallel()
	table := wiretest.ReadTable(t, "wire.json")
	requests := map[string]any{
		"CheckServiceRole": checkRolesRequest{}, "CreateAutoscalingConfig": autoscalingConfigRequest{}, "CreateCluster": createClusterRequest{},
		"CreateClusterNodePool": createPoolRequest{}, "ModifyCluster": modifyClusterRequest{}, "ScaleClusterNodePool": scalePoolRequest{},
		"ModifyClusterTags": modifyTagsRequest{}, "RunClusterCheck": runCheckRequest{}, "TagResources": tagResourcesRequest{}, "UpgradeCluster": upgradeClusterRequest{}, "UpgradeClusterNodepool": upgradePoolRequest{},
	}
	answers := map[string]any{
		"CheckControlPlaneLogEnable": controlPlaneLogResponse{}, "DescribeAddon": describeAddonResponse{}, "DescribeClusterNodePoolDetail": poolObject{},
		"GetClusterCheck": checkObject{}, "ListAddons": catalogResponse{}, "ListClusterChecks": checksResponse{}, "RunClusterCheck": runCheckResponse{},
		"CheckServiceRole": checkRolesResponse{}, "CreateAutoscalingConfig": clusterTaskResponse{}, "CreateCluster": clusterTaskResponse{},
		"CreateClusterNodePool": poolTaskResponse{}, "DeleteCluster": clusterTaskResponse{}, "DeleteClusterNodepool": taskResponse{},
		"DescribeClusterDetail": clusterDetail{}, "DescribeClusterEvents": eventsResponse{}, "DescribeClusterNodePools": poolsResponse{},
		"DescribeClusterNodes": nodesResponse{}, "DescribeClusterResources": []resourceObject{}, "DescribeClusterTasks": tasksResponse{},
		"DescribeClusterUserKubeconfig": kubeconfigResponse{}, "DescribeClustersForRegion": clustersResponse{},
		"DescribeKubernetesVersionMetadata": []versionObject{}, "DescribeResourcesDeleteProtection": []protectedResource{},
		"DescribeTaskInfo": taskObject{}, "DescribeUserQuota": quotaResponse{}, "GetClusterAddonInstance": addonObject{},
		"ListClusterAddonInstances": addonsResponse{}, "ListTagResources": tagsResponse{}, "ModifyCluster": clusterTaskResponse{},
		"ModifyClusterNodePool": poolTaskResponse{}, "RemoveNodePoolNodes": taskResponse{}, "ScaleClusterNodePool": scaleResponse{},
		"TagResources": tagResourcesResponse{}, "UntagResources": tagResourcesResponse{}, "UpgradeCluster": clusterTaskResponse{},
		"UpgradeClusterNodepool": upgradePoolResponse{}, "ecs.DescribeInstances": instancesResponse{}, "ecs.DescribeKeyPairs": keyPairsResponse{},
		"ecs.DescribeSecurityGroups": securityGroupsResponse{}, "sts.AssumeRole": sessionResponse{}, "sts.AssumeRoleWithOIDC": sessionResponse{}, "sts.GetCallerIdentity": callerIdentity{}, "vpc.DescribeVSwitches": vswitchesResponse{},
		"vpc.DescribeVpcAttribute": vpcResponse{}, "vpc.DescribeVpcs": vpcsResponse{},
	}
	for op, v := range requests {
		for _, fault := range table.Struct(table.Operations[op].Input, reflect.TypeOf(v), true) {
			t.Error(fault)
		}
	}
	// A PUT knows fewer members than the creation, with which it shares a block.
	shared := []string{
		"ModifyClusterNodePoolRequest.nodepool_info.type", "ModifyClusterNodePoolRequest.scaling_group.cis_enabled", "ModifyClusterNodePoolRequest.scaling_group.cpu_options",
		"ModifyClusterNodePoolRequest.scaling_group.instance_metadata_options", "ModifyClusterNodePoolRequest.scaling_group.login_as_non_root",
		"ModifyClusterNodePoolRequest.scaling_group.ram_role_name", "ModifyClusterNodePoolRequest.scaling_group.security_group_id",
		"ModifyClusterNodePoolRequest.scaling_group.security_hardening_os", "ModifyClusterNodePoolRequest.scaling_group.soc_enabled",
	}
	for _, fault := range table.Struct(table.Operations["ModifyClusterNodePool"].Input, reflect.TypeFor[modifyPoolRequest](), true) {
		if !slices.ContainsFunc(shared, func(path string) bool { return fault == path+" is not in the vendor's model" }) {
			t.Error(fault)
		}
	}
	for op, v := range answers {
		for _, fault := range table.Struct(table.Operations[op].Output, reflect.TypeOf(v), false) {
			t.Error(fault)
		}
	}
	for op, known := range operationTable {
		operation, ok := table.Operations[op]
		if !ok || operation.Output != "" && answers[op] == nil {
			t.Errorf("%s is simulated and not in the table, or its answer is not held against it", op)
		}
		mine, vendors := slices.Sorted(slices.Values(append(leftOutTable[op], known.query...))), slices.Sorted(slices.Values(table.Shapes[operation.Input].Elsewhere))
		if !slices.Equal(mine, vendors) {
			t.Errorf("%s takes %v in the query, and the vendor's %v", op, mine, vendors)
		}
	}
	for service, api := range rpcTable {
		for action := range api.actions {
			if answers[service+"."+action] == nil {
				t.Errorf("%s of %s is simulated and not held against the table", action, service)
			}
		}
	}
}

// TestWire_requests: a request that breaks one rule of the vendor's model is refused, and
// every request that differs in one member has an answer.
func TestWire_requests(t *testing.T) {
	t.Parallel()
	table := wiretest.ReadTable(t, "wire.json")
	put := poolBody("ng1")
	delete(put["nodepool_info"].(map[string]any), "type")
	for op, test := range map[string]struct {
		method, target string // {c} and {p} stand for the cluster and its node pool
		body           map[string]any
	}{
		"CheckServiceRole":        {"POST", "/ram/check-service-role", map[string]any{"roles": []any{map[string]any{"name": roleDefault}}}},
		"CreateAutoscalingConfig": {"POST", "/cluster/{c}/autoscale/config/", map[string]any{"scaler_type": "goatscaler", "expander": "least-waste", "scale_down_enabled": true}},
		"CreateCluster":           {"POST", "/clusters", clusterBody("b", "container_cidr", "172.21.0.0/16", "service_cidr", "172.22.0.0/20")},
		"CreateClusterNodePool":   {"POST", "/clusters/{c}/nodepools", poolBody("ng2")},
		"ModifyCluster":           {"PUT", "/api/v2/clusters/{c}", map[string]any{"deletion_protection": true, "timezone": "Asia/Seoul"}},
		"ModifyClusterNodePool":   {"PUT", "{p}", put},
		"ScaleClusterNodePool":    {"POST", "{p}", map[string]any{"count": 1}},
		"ModifyClusterTags":       {"POST", "/clusters/{c}/tags", map[string]any{"body": tag("a", "b")}},
		"RunClusterCheck":         {"POST", "/clusters/{c}/checks", map[string]any{"type": "MasterUpgrade"}},
		"TagResources": {"PUT", "/tags", map[string]any{
			"region_id": "ap-northeast-1", "resource_ids": []any{"{c}"}, "resource_type": "CLUSTER", "tags": []any{map[string]any{"key": "a", "value": "b"}}}},
		"UpgradeCluster": {"POST", "/api/v2/clusters/{c}/upgrade", map[string]any{"next_version": "1.36.2-aliyun.1", "master_only": true, "rolling_policy": map[string]any{"max_parallelism": 1}}},
	} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			wiretest.Request{Op: op, Body: test.body, Send: func(t *testing.T, body string) (int, string) {
				w := newWorld(t)
				cluster := w.create("a")
				places := map[string]string{"{c}": cluster, "{p}": w.addPool(cluster, "ng1")}
				if op == "ModifyClusterTags" { // a bare list, which the table puts into an object
					body = strings.TrimSuffix(strings.TrimPrefix(body, `{"body":`), "}")
				}
				a := w.roa(test.method, fill(test.target, places), fill(body, places))
				return a.status, string(a.body)
			}}.Run(t, table)
		})
	}
}

func fill(text string, places map[string]string) string {
	for _, key := range slices.Sorted(maps.Keys(places)) {
		text = strings.ReplaceAll(text, key, places[key])
	}
	return text
}
