// SPDX-License-Identifier: Apache-2.0

package live

type (
	members = map[string]any
	list    = []any
)

// Parts of a URL that probes replace.
const (
	ofCluster   = `(/clusters/[^/?]+)[^?]*`
	ofManaged   = `(/managedClusters/[^/?]+)[^?]*`
	ofAgentPool = `/agentPools/[a-z0-9]+`
)

// probeTable holds the probes of each cloud, sorted by what they settle. Of those of one
// assumption the last one shows what the others have led to.
var probeTable = map[string][]probe{
	"alibaba": {
		{assumption: "AutoscalerConfiguredOnce", at: atAutomatic, method: "POST", call: "CreateAutoscalingConfig"},
		{assumption: "KubernetesConfigKept", at: atSettled, method: "PUT", call: "ModifyClusterNodePool", body: `{"kubernetes_config":{"labels":[{"key":"probe-a","value":"a"}]}}`},
		{assumption: "KubernetesConfigKept", at: atSettled, method: "PUT", call: "ModifyClusterNodePool", body: `{"kubernetes_config":{"taints":[{"key":"probe","value":"t","effect":"PreferNoSchedule"}]}}`},
		{assumption: "KubernetesConfigKept", at: atSettled, method: "PUT", call: "ModifyClusterNodePool", asMethod: "GET", action: "DescribeClusterNodePoolDetail"},
		{assumption: "LabelsMerged", at: atSettled, method: "PUT", call: "ModifyClusterNodePool", body: `{"kubernetes_config":{"labels":[{"key":"probe-a","value":"a"}]}}`},
		{assumption: "LabelsMerged", at: atSettled, method: "PUT", call: "ModifyClusterNodePool", body: `{"kubernetes_config":{"labels":[{"key":"probe-b","value":"b"}]}}`},
		{assumption: "LabelsMerged", at: atSettled, method: "PUT", call: "ModifyClusterNodePool", asMethod: "GET", action: "DescribeClusterNodePoolDetail"},
		{assumption: "LoginOptional", at: atLast, method: "POST", call: "CreateClusterNodePool", set: members{"nodepool_info.name": "live3", "scaling_group.key_pair": nil, "scaling_group.desired_size": 0}},
		{assumption: "MaxSystemDisk", at: atLast, method: "POST", call: "CreateClusterNodePool", set: members{"nodepool_info.name": "live6", "scaling_group.system_disk_size": 600, "scaling_group.desired_size": 0}},
		{assumption: "MaxVSwitches", at: atLast, method: "POST", call: "CreateClusterNodePool", set: members{
			"nodepool_info.name": "live7", "scaling_group.desired_size": 0,
			"scaling_group.vswitch_ids": list{"vsw-probe1", "vsw-probe2", "vsw-probe3", "vsw-probe4", "vsw-probe5", "vsw-probe6", "vsw-probe7", "vsw-probe8", "vsw-probe9"},
		}},
		{assumption: "OtherCheckWords", at: atActive, method: "GET", call: "DescribeClusterDetail", from: ofCluster, to: "$1/checks", asMethod: "POST", action: "RunClusterCheck", body: `{"type":"ClusterUpgrade"}`},
		{assumption: "OtherCheckWords", at: atActive, method: "GET", call: "DescribeClusterDetail", from: ofCluster, to: "$1/checks", action: "ListClusterChecks"},
		{assumption: "RepeatedDeletionOK", at: atGroupDeleting, method: "DELETE", call: "DeleteClusterNodepool"},
		{assumption: "RepeatedDeletionOK", at: atDeleting, method: "DELETE", call: "DeleteCluster"},
		{assumption: "ScalingGroupReset", at: atSettled, method: "PUT", call: "ModifyClusterNodePool", body: `{"scaling_group":{"tags":[{"key":"probe-a","value":"a"}]}}`},
		{assumption: "ScalingGroupReset", at: atSettled, method: "PUT", call: "ModifyClusterNodePool", body: `{"scaling_group":{"multi_az_policy":"BALANCE"}}`},
		{assumption: "ScalingGroupReset", at: atSettled, method: "PUT", call: "ModifyClusterNodePool", asMethod: "GET", action: "DescribeClusterNodePoolDetail"},
		{assumption: "SmallSystemDisks", at: atLast, method: "POST", call: "CreateClusterNodePool", set: members{"nodepool_info.name": "live4", "scaling_group.system_disk_size": 20, "scaling_group.desired_size": 0}},
		{assumption: "SpotScalingType", at: atLast, method: "POST", call: "CreateClusterNodePool", set: members{
			"nodepool_info.name": "live8", "scaling_group.desired_size": nil, "scaling_group.spot_strategy": "SpotAsPriceGo",
			"auto_scaling": members{"enable": true, "type": "cpu", "min_instances": 0, "max_instances": 1},
		}},
		{assumption: "TagsMerged", at: atSettled, method: "PUT", call: "ModifyClusterNodePool", body: `{"scaling_group":{"tags":[{"key":"probe-a","value":"a"}]}}`},
		{assumption: "TagsMerged", at: atSettled, method: "PUT", call: "ModifyClusterNodePool", body: `{"scaling_group":{"tags":[{"key":"probe-b","value":"b"}]}}`},
		{assumption: "TagsMerged", at: atSettled, method: "PUT", call: "ModifyClusterNodePool", asMethod: "GET", action: "DescribeClusterNodePoolDetail"},
		{assumption: "TagsUpdateCluster", at: atTagging, method: "GET", call: "DescribeClusterDetail"},
		{assumption: "TasksForgotten", at: atGone, method: "GET", call: "DescribeClusterTasks"},
		{assumption: "UniquePoolNames", at: atLast, method: "POST", call: "CreateClusterNodePool", set: members{"nodepool_info.name": "live1", "scaling_group.desired_size": 0}},
	},
	"aws": {
		{assumption: "AddonsWantActive", at: atCreating, method: "GET", call: "/clusters/" + namePrefix, from: `(/clusters/[^/?]+).*`, to: "$1/addons"},
		{assumption: "HashInTagKeys", at: atTagging, method: "POST", call: "/tags/", set: members{"tags": members{"#pmks-live": "probe"}}},
		{assumption: "MaxSecurityGroups", at: atLast, method: "POST", call: "/clusters$", set: members{
			"clientRequestToken": "$new", "name": namePrefix + "probe",
			"resourcesVpcConfig.securityGroupIds": list{"sg-0a0a0a0a0a0a0a0a1", "sg-0a0a0a0a0a0a0a0a2", "sg-0a0a0a0a0a0a0a0a3", "sg-0a0a0a0a0a0a0a0a4", "sg-0a0a0a0a0a0a0a0a5"},
		}},
		{assumption: "MixedUpdatesOK", at: atLast, method: "POST", call: "/node-groups/.*/update-config", from: "live2", to: "live1", set: members{"clientRequestToken": "$new", "labels": members{"addOrUpdateLabels": members{"probe": "mixed"}}}},
		{assumption: "OmittedEndpointReset", at: atLast, method: "POST", call: "/node-groups$", from: `(/clusters/[^/]+)/node-groups`, to: "$1/update-config", body: `{"resourcesVpcConfig":{"publicAccessCidrs":[]}}`},
		{assumption: "RemoveAbsentOK", at: atLast, method: "POST", call: "/node-groups/.*/update-config", from: "live2", to: "live1", set: members{"clientRequestToken": "$new", "scalingConfig": nil, "labels": members{"removeLabels": list{"nosuch"}}}},
		{assumption: "RepeatedDeletionOK", at: atGroupDeleting, method: "DELETE", call: "/node-groups/"},
		{assumption: "ReservedLabelsAccepted", at: atLast, method: "POST", call: "/node-groups$", set: members{"clientRequestToken": "$new", "nodegroupName": "live4", "labels": members{"kubernetes.io/probe": "x"}}},
		{assumption: "TagOnlyActive", at: atGroupCreating, method: "POST", call: "/tags/", from: `/tags/.*`, to: "/tags/{nodegroupArn}", set: members{"tags": members{"probe": "x"}}},
		{assumption: "UnknownInstanceTypeRefused", at: atLast, method: "POST", call: "/node-groups$", set: members{"clientRequestToken": "$new", "nodegroupName": "live3", "instanceTypes": list{"t3.nosuch"}}},
	},
	"azure": {
		{assumption: "BoundsRefusedAsBadRequest", at: atLast, method: "PUT", call: "/agentPools/", from: ofAgentPool, to: "/agentPools/live3", set: members{"properties.minCount": 1, "properties.maxCount": 2, "properties.enableAutoScaling": false}},
		{assumption: "ClusterFollows", at: atGroupCreating, method: "GET", call: "/managedClusters/[^/]+$"},
		{assumption: "CountMayLeaveBounds", at: atAutomatic, method: "PUT", call: "/agentPools/", set: members{"properties.count": 5}},
		{assumption: "EarlyCredentialsConflict", at: atCreating, method: "GET", call: "/managedClusters/" + namePrefix, from: ofManaged, to: "$1/listClusterAdminCredential", asMethod: "POST"},
		{assumption: "EmptyTaintValues", at: atLast, method: "PUT", call: "/agentPools/", from: ofAgentPool, to: "/agentPools/live5", set: members{"properties.nodeTaints": list{"probe=:NoSchedule"}, "properties.count": 0, "properties.mode": "User"}},
		{assumption: "ExistingPoolConflict", at: atGroupCreating, method: "PUT", call: "/agentPools/"},
		{assumption: "LooseDiskSize", at: atLast, method: "PUT", call: "/agentPools/", from: ofAgentPool, to: "/agentPools/live4", set: members{"properties.osDiskSizeGB": 10}},
		{assumption: "OnePoolAtATime", at: atGroupCreating, method: "PUT", call: "/agentPools/", from: ofAgentPool, to: "/agentPools/live1", set: members{"properties.mode": "System", "properties.nodeLabels": members{"probe": "x"}}},
		{assumption: "PoolNotFoundWrapped", at: atActive, method: "GET", call: "/managedClusters/" + namePrefix, from: ofManaged, to: "$1/agentPools/nosuch"},
		{assumption: "RepeatedDeletionOK", at: atDeleting, method: "DELETE", call: "/managedClusters/" + namePrefix},
		{assumption: "SpotPriorityLabel", at: atLast, method: "PUT", call: "/agentPools/", from: ofAgentPool, to: "/agentPools/live6", set: members{
			"properties.scaleSetPriority": "Spot", "properties.scaleSetEvictionPolicy": "Delete", "properties.count": 0, "properties.mode": "User", "properties.upgradeSettings": nil,
		}},
		{assumption: "TagsMerged", at: atLast, method: "PATCH", call: "/managedClusters/" + namePrefix, set: members{"tags.step": nil}},
		{assumption: "TagsRefusedAsParameter", at: atLast, method: "PATCH", call: "/managedClusters/" + namePrefix, set: members{"tags": members{"a<b": "probe"}}},
	},
	"gcp": {
		{assumption: "BoundsWhileOff", at: atSettled, method: "POST", call: "/SetNodePoolAutoscaling", set: members{"autoscaling": members{"enabled": false, "minNodeCount": 1, "maxNodeCount": 2}}},
		{assumption: "ImageTypeOptional", at: atLast, method: "POST", call: "/UpdateNodePool", set: members{"imageType": nil}},
		{assumption: "OtherTexts", at: atLast, method: "POST", call: "/CreateNodePool", set: members{"nodePool.name": "live6", "nodePool.config.machineType": "e2-nosuch"}},
		{assumption: "ReservedLabelsTaken", at: atLast, method: "POST", call: "/CreateNodePool", set: members{"nodePool.name": "live3", "nodePool.config.labels": members{"kubernetes.io/probe": "x"}}},
		{assumption: "SecondDeletionAccepted", at: atDeleting, method: "POST", call: "/DeleteCluster"},
		{assumption: "SizeRefusedWhileAutoscaling", at: atAutomatic, method: "POST", call: "/SetNodePoolAutoscaling", from: "SetNodePoolAutoscaling", to: "SetNodePoolSize", set: members{"autoscaling": nil, "nodeCount": 1}},
		{assumption: "SpotWithPreemptible", at: atLast, method: "POST", call: "/CreateNodePool", set: members{"nodePool.name": "live4", "nodePool.config.spot": true, "nodePool.config.preemptible": true}},
	},
	"ibm": {
		{assumption: "AnyPoolName", at: atLast, method: "POST", call: "/createWorkerPool$", set: members{"name": "live_3"}},
		{assumption: "BadRequestTexts", at: atLast, method: "POST", call: "/resizeWorkerPool", from: "/resizeWorkerPool", to: "/setWorkerPoolTaints", set: members{"size": nil, "workerpool": firstGroup, "taints": members{"probe": "x:Nothing"}}},
		{assumption: "EarlyKubeconfigUnavailable", at: atCreating, method: "GET", call: "/getCluster$", from: `/v2/vpc/getCluster\?cluster=([^&]+).*`, to: "/v2/getKubeconfig?admin=true&cluster=$1&format=yaml"},
		{assumption: "EmptyPools", at: atLast, method: "POST", call: "/resizeWorkerPool", set: members{"size": 0, "workerpool": firstGroup}},
		{assumption: "MissingPoolIsGeneral", at: atActive, method: "GET", call: "/getWorkerPools", from: `getWorkerPools\?cluster=([^&]+).*`, to: "getWorkerPool?cluster=$1&workerpool=nosuch"},
		{assumption: "ProviderIgnored", at: atActive, method: "GET", call: "/getClusters", from: `provider=[a-z0-9-]+`, to: "provider=classic"},
		{assumption: "ResizeRefusedAsBadRequest", at: atAutomatic, method: "POST", call: "/createWorkerPool$", from: "/v2/vpc/createWorkerPool", to: "/v2/resizeWorkerPool", keep: []string{"cluster"}, set: members{"workerpool": secondGroup, "size": 1}},
		{assumption: "SecondDeletionAccepted", at: atDeleting, method: "DELETE", call: "/v1/clusters/"},
		{assumption: "TaintsAccepted", at: atLast, method: "POST", call: "/resizeWorkerPool", from: "/resizeWorkerPool", to: "/setWorkerPoolTaints", set: members{"size": nil, "workerpool": firstGroup, "taints": members{"probe-a": "x:PreferNoSchedule"}}},
		{assumption: "TaintsMerge", at: atLast, method: "POST", call: "/resizeWorkerPool", from: "/resizeWorkerPool", to: "/setWorkerPoolTaints", set: members{"size": nil, "workerpool": firstGroup, "taints": members{"probe-b": "x:PreferNoSchedule"}}},
		{assumption: "TaintsMerge", at: atLast, method: "GET", call: "/getWorkerPools"},
	},
	"nhn": {
		{assumption: "BusyIsConflict", at: atGroupCreating, method: "POST", call: "/nodegroups$", set: members{"name": "live3"}},
		{assumption: "DefaultGroupKept", at: atLast, method: "DELETE", call: "/nodegroups/", from: `/nodegroups/[^?]*`, to: "/nodegroups/default-worker"},
		{assumption: "EarlyConfigStatus", at: atCreating, method: "GET", call: "/v1/clusters/[^/]+$", from: ofCluster, to: "$1/config"},
		{assumption: "MicroversionEverywhere", at: atTour, method: "GET", call: "/v1/clusters", without: "openstack-api-version"},
		{assumption: "OmittedAutoscaleKept", at: atAutomatic, method: "POST", call: "/autoscale$", body: `{"ca_enable":true}`},
		{assumption: "OmittedAutoscaleKept", at: atAutomatic, method: "POST", call: "/autoscale$", asMethod: "GET"},
		{assumption: "SizeMayLeaveBounds", at: atAutomatic, method: "POST", call: "/autoscale$", body: `{"ca_enable":true,"ca_min_node_count":4,"ca_max_node_count":5}`},
	},
	"tencent": {
		{assumption: "DesiredRefusedWhileAuto", at: atAutomatic, method: "POST", call: "^ModifyClusterNodePool$", action: "ModifyNodePoolDesiredCapacityAboutAsg", keep: []string{"ClusterId", "NodePoolId"}, set: members{"DesiredCapacity": 1}},
		{assumption: "LongLabelKeys", at: atSettled, method: "POST", call: "^ModifyClusterNodePool$", keep: []string{"ClusterId", "NodePoolId"}, set: members{"Labels": list{members{"Name": "probe.example.com/a123456789a123456789a123456789a123456789a123456789a12345", "Value": "x"}}}},
		{assumption: "OtherCodes", at: atTour, method: "POST", call: "^DescribeClusters$", set: members{"Limit": 101}},
		{assumption: "RepeatedDeletionOK", at: atGroupDeleting, method: "POST", call: "DeleteClusterNodePool"},
		{assumption: "RepeatedDeletionOK", at: atDeleting, method: "POST", call: "^DeleteCluster$"},
		{assumption: "SubstringFilters", at: atActive, method: "POST", call: "^DescribeClusters$", set: members{"ClusterIds": nil, "Filters": list{members{"Name": "ClusterName", "Values": list{"pmks-liv"}}}}},
		{assumption: "UniquePoolNames", at: atLast, method: "POST", call: "CreateClusterNodePool", set: members{"Name": "live1"}},
	},
}
