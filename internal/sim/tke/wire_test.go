// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// wireTable holds the structs of every action that is simulated. An action without an
// answer of its own shows the id of the request alone; the two that are not called by
// themselves are the texts inside CreateClusterNodePool.
var wireTable = map[string]struct{ request, answer any }{
	"CheckInstancesUpgradeAble":             {checkUpgradeRequest{}, checkUpgradeResponse{}},
	"CreateCluster":                         {createClusterRequest{}, createClusterResponse{}},
	"CreateClusterEndpoint":                 {createEndpointRequest{}, nil},
	"CreateClusterNodePool":                 {createPoolRequest{}, createPoolResponse{}},
	"DeleteCluster":                         {deleteClusterRequest{}, nil},
	"DeleteClusterEndpoint":                 {endpointRequest{}, nil},
	"DeleteClusterNodePool":                 {deletePoolRequest{}, nil},
	"DescribeAddon":                         {describeAddonsRequest{}, describeAddonsResponse{}},
	"DescribeAvailableClusterVersion":       {describeAvailableVersionsRequest{}, describeAvailableVersionsResponse{}},
	"DescribeBatchModifyTagsStatus":         {clusterIDRequest{}, tagsStatusResponse{}},
	"DescribeClusterAsGroups":               {describeAsGroupsRequest{}, describeAsGroupsResponse{}},
	"DescribeClusterEndpointStatus":         {endpointRequest{}, endpointStatusResponse{}},
	"DescribeClusterEndpoints":              {clusterIDRequest{}, endpointsResponse{}},
	"DescribeClusterInstances":              {describeNodesRequest{}, describeNodesResponse{}},
	"DescribeClusterKubeconfig":             {endpointRequest{}, kubeconfigResponse{}},
	"DescribeClusterNodePoolDetail":         {poolRequest{}, describePoolResponse{}},
	"DescribeClusterNodePools":              {describePoolsRequest{}, describePoolsResponse{}},
	"DescribeClusterStatus":                 {describeStatusRequest{}, describeStatusResponse{}},
	"DescribeClusters":                      {describeClustersRequest{}, describeClustersResponse{}},
	"DescribeOSImages":                      {describeImagesRequest{}, describeImagesResponse{}},
	"DescribeTasks":                         {describeTasksRequest{}, describeTasksResponse{}},
	"DescribeVersions":                      {describeVersionsRequest{}, describeVersionsResponse{}},
	"DisableClusterDeletionProtection":      {clusterIDRequest{}, nil},
	"EnableClusterDeletionProtection":       {clusterIDRequest{}, nil},
	"GetUpgradeInstanceProgress":            {progressRequest{}, progressResponse{}},
	"ModifyClusterNodePool":                 {modifyPoolRequest{}, nil},
	"ModifyClusterTags":                     {modifyTagsRequest{}, modifyTagsResponse{}},
	"ModifyNodePoolDesiredCapacityAboutAsg": {desiredRequest{}, nil},
	"UpdateClusterVersion":                  {updateVersionRequest{}, nil},
	"UpgradeClusterInstances":               {upgradeNodesRequest{}, nil},
	"as.CreateAutoScalingGroup":             {scalingPara{}, nil},
	"as.CreateLaunchConfiguration":          {launchPara{}, nil},
	"as.DescribeAutoScalingActivities":      {describeActivitiesRequest{}, describeActivitiesResponse{}},
	"as.DescribeAutoScalingGroups":          {describeGroupsRequest{}, describeGroupsResponse{}},
	"as.DescribeLaunchConfigurations":       {describeConfigsRequest{}, describeConfigsResponse{}},
	"as.ModifyAutoScalingGroup":             {modifyGroupRequest{}, nil},
	"cvm.DescribeInstances":                 {describeInstancesRequest{}, describeInstancesResponse{}},
	"cvm.DescribeKeyPairs":                  {describeKeyPairsRequest{}, describeKeyPairsResponse{}},
	"sts.GetCallerIdentity":                 {struct{}{}, callerIdentity{}}, "sts.AssumeRole": {assumeRoleRequest{}, sessionResponse{}}, "sts.AssumeRoleWithWebIdentity": {webIdentityRequest{}, sessionResponse{}},
	"vpc.DescribeSecurityGroups": {describeSecurityGroupsRequest{}, describeSecurityGroupsResponse{}},
	"vpc.DescribeSubnets":        {describeSubnetsRequest{}, describeSubnetsResponse{}},
	"vpc.DescribeVpcs":           {describeVPCsRequest{}, describeVPCsResponse{}},
}

// TestWire_structs: the structs, written by hand, know every member that a request may
// have, and show none that the vendor has not.
func TestWire_structs(t *testing.T) {
	t.Parallel()
	table := wiretest.ReadTable(t, "wire.json")
	for op, wire := range wireTable {
		operation, ok := table.Operations[op]
		if !ok {
			t.Errorf("%s is not in the table", op)
			continue
		}
		for _, fault := range table.Struct(operation.Input, reflect.TypeOf(wire.request), true) {
			t.Error(fault)
		}
		switch {
		case wire.answer != nil:
			for _, fault := range table.Struct(operation.Output, reflect.TypeOf(wire.answer), false) {
				t.Error(fault)
			}
		case len(table.Shapes[operation.Output].Members) > 1 && op != "as.CreateAutoScalingGroup" && op != "as.CreateLaunchConfiguration":
			t.Errorf("%s has no answer here", op)
		}
	}
	for service, api := range apiTable {
		for action := range api.actions {
			if service != serviceTKE {
				action = service + "." + action
			}
			if _, ok := wireTable[action]; !ok {
				t.Errorf("%s is simulated and not held against the table", action)
			}
		}
	}
}

// TestWire_required: what a request must have is marked in the structs, and nothing else. Of
// the two texts inside CreateClusterNodePool TKE fills in the names.
func TestWire_required(t *testing.T) {
	t.Parallel()
	table := wiretest.ReadTable(t, "wire.json")
	for op, wire := range wireTable {
		if op == "as.CreateAutoScalingGroup" || op == "as.CreateLaunchConfiguration" {
			continue
		}
		kind := reflect.TypeOf(wire.request)
		var mine []string
		for _, field := range reflect.VisibleFields(kind) {
			if field.Tag.Get("need") != "" {
				mine = append(mine, field.Tag.Get("json"))
			}
		}
		slices.Sort(mine)
		if vendors := table.Shapes[table.Operations[op].Input].Required; !slices.Equal(mine, vendors) {
			t.Errorf("%s needs %v, and the vendor's %v", op, mine, vendors)
		}
	}
}

// TestWire_requests: a request that breaks one rule of the vendor's model is refused, and
// every request that differs in one member has an answer.
func TestWire_requests(t *testing.T) {
	t.Parallel()
	table := wiretest.ReadTable(t, "wire.json")
	node := []any{"{i}"}
	labels, taints := []any{object{"Name": "team", "Value": "a"}}, []any{object{"Key": "gpu", "Value": "yes", "Effect": "NoSchedule"}}
	ranges := object{"ClusterCIDR": "172.21.0.0/16", "ServiceCIDR": "", "MaxNodePodNum": 64, "MaxClusterServiceNum": 1024}
	for op, body := range map[string]object{
		"CheckInstancesUpgradeAble":             {"ClusterId": "{c}", "UpgradeType": "major", "Limit": 100, "Offset": 0},
		"CreateCluster":                         clusterBody("b", "ClusterCIDRSettings", ranges),
		"CreateClusterEndpoint":                 {"ClusterId": "{c}", "IsExtranet": true, "SecurityGroup": "sg-46eef229"},
		"CreateClusterNodePool":                 poolBody("{c}", "ng2", "Labels", labels, "Taints", taints, "Tags", []any{object{"Key": "a", "Value": "b"}}),
		"DeleteCluster":                         {"ClusterId": "{c}", "InstanceDeleteMode": "terminate", "ResourceDeleteOptions": []any{object{"ResourceType": "CBS", "DeleteMode": "retain"}}},
		"DeleteClusterEndpoint":                 {"ClusterId": "{c}", "IsExtranet": true},
		"DeleteClusterNodePool":                 {"ClusterId": "{c}", "NodePoolIds": []any{"{p}"}, "KeepInstance": false},
		"DescribeAddon":                         {"ClusterId": "{c}"},
		"DescribeClusterInstances":              {"ClusterId": "{c}", "Limit": 100, "InstanceRole": "WORKER", "Filters": []any{byName("nodepool-id", "{p}")}},
		"DescribeClusterNodePools":              {"ClusterId": "{c}", "Filters": []any{byName("NodePoolsId", "{p}")}},
		"DescribeClusters":                      {"ClusterIds": []any{"{c}"}, "Limit": 100, "ClusterType": "MANAGED_CLUSTER"},
		"DescribeTasks":                         {"Filter": []any{byName("ClusterId", "{c}"), byName("TaskType", "master_upgrade")}, "Latest": true},
		"ModifyClusterNodePool":                 {"ClusterId": "{c}", "NodePoolId": "{p}", "MinNodesNum": 1, "MaxNodesNum": 5, "Name": "ng1", "Labels": labels, "Taints": taints, "IgnoreExistedNode": true},
		"ModifyClusterTags":                     {"ClusterId": "{c}", "Tags": []any{object{"Key": "a", "Value": "b"}}, "SyncSubresource": false, "SyncNodePoolTags": false},
		"ModifyNodePoolDesiredCapacityAboutAsg": {"ClusterId": "{c}", "NodePoolId": "{p}", "DesiredCapacity": 2},
		"UpdateClusterVersion":                  {"ClusterId": "{c}", "DstVersion": "1.32.2", "SkipPreCheck": false},
		"UpgradeClusterInstances":               {"ClusterId": "{c}", "Operation": "create", "UpgradeType": "major", "InstanceIds": node, "Concurrent": 1, "MaxNotReadyPercent": 20},
		"as.DescribeLaunchConfigurations":       {"LaunchConfigurationIds": []any{"asc-none0000"}, "Limit": 100},
		"cvm.DescribeKeyPairs":                  {"Limit": 100},
		"sts.AssumeRole":                        {"RoleArn": "qcs::cam::uin/" + DefaultAccountID + ":roleName/" + OperatorRole, "RoleSessionName": "ci"},
		"vpc.DescribeVpcs":                      {"Limit": "100", "Filters": []any{byName("vpc-name", "vpc-01")}},
	} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			wiretest.Request{Op: op, Body: body, Send: func(t *testing.T, body string) (int, string) {
				w := newWorld(t)
				cluster := w.create("a")
				pool := w.addPool(cluster, "ng1")
				nodes := w.want(w.tke("DescribeClusterInstances", object{"ClusterId": cluster}), "")
				if op == "UpgradeClusterInstances" {
					w.want(w.tke("UpdateClusterVersion", object{"ClusterId": cluster, "DstVersion": "1.32.2"}), "")
					w.pass()
				}
				if op == "DeleteClusterEndpoint" {
					w.want(w.tke("CreateClusterEndpoint", object{"ClusterId": cluster, "IsExtranet": true, "SecurityGroup": "sg-46eef229"}), "")
					w.pass()
				}
				body = strings.NewReplacer("{c}", cluster, "{p}", pool, "{i}", nodes.text("InstanceSet", 0, "InstanceId")).Replace(body)
				service, action, found := strings.Cut(op, ".")
				if !found {
					service, action = serviceTKE, op
				}
				a := w.call(service, action, json.RawMessage(body))
				status := a.status
				if status == http.StatusOK && a.verdict() != "" {
					status = http.StatusBadRequest // errors come with 200
				}
				if strings.HasPrefix(a.verdict(), "InternalError.Unexpected") {
					status = http.StatusInternalServerError
				}
				return status, string(a.body)
			}}.Run(t, table)
		})
	}
}
