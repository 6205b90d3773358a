// SPDX-License-Identifier: Apache-2.0

package live

import "time"

type (
	members = map[string]any
	list    = []any
)

// Parts of a URL that probes replace.
const (
	ofCluster   = `(/clusters/[^/?]+)[^?]*`
	ofManaged   = `(/managedClusters/[^/?]+)[^?]*`
	ofAgentPool = `/agentPools/[a-z0-9]+`

	ofSubscription = `/subscriptions/([^/?]+).*`
)

// The index of Azure's machines, and a query for those of the kit. $1 is the subscription.
const (
	machineIndex = "/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01"
	machineQuery = `{"subscriptions":["$1"],"query":"computeresources | where type =~ 'microsoft.compute/virtualmachinescalesets/virtualmachines'` +
		` | where id contains '` + namePrefix + `' | project id, computerName = tostring(properties.osProfile.computerName) | order by id asc"}`
)

// spotPool makes a pool of AKS that has spot machines, but none of them.
var spotPool = members{
	"properties.scaleSetPriority": "Spot", "properties.scaleSetEvictionPolicy": "Delete", "properties.count": 0, "properties.mode": "User", "properties.upgradeSettings": nil,
}

// probeTable holds the probes of each cloud, sorted by what they settle. Of those of one
// assumption the last one shows what the others have led to.
var probeTable = map[string][]probe{
	"alibaba": {
		{assumption: "AutoscalerConfiguredOnce", at: atAutomatic, method: "POST", call: "CreateAutoscalingConfig"},
		{assumption: "ChecksOldestFirst", at: atLast, method: "GET", call: "DescribeClusterDetail", from: ofCluster, to: "$1/checks", asMethod: "POST", action: "RunClusterCheck", body: `{"type":"MasterUpgrade"}`},
		{assumption: "ChecksOldestFirst", at: atLast, method: "GET", call: "DescribeClusterDetail", from: ofCluster, to: "$1/checks", action: "ListClusterChecks"},
		{assumption: "KubernetesConfigKept", at: atSettled, method: "PUT", call: "ModifyClusterNodePool", body: `{"kubernetes_config":{"labels":[{"key":"probe-a","value":"a"}],"cms_enabled":true}}`},
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
		{assumption: "TasksForgotten", at: atGone, method: "GET", call: "DescribeClusterDetail", from: `/clusters/[^?]*`, to: "/tasks/{task_id}", action: "DescribeTaskInfo"},
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
		{assumption: "RestoreDiscoveryTags", at: atSettled, method: "POST", call: "DescribeAutoScalingGroups"},
		{assumption: "ReservedLabelsAccepted", at: atLast, method: "POST", call: "/node-groups$", set: members{"clientRequestToken": "$new", "nodegroupName": "live4", "labels": members{"kubernetes.io/probe": "x"}}},
		{assumption: "TagOnlyActive", at: atGroupCreating, method: "POST", call: "/tags/", from: `/tags/.*`, to: "/tags/{nodegroupArn}", set: members{"tags": members{"probe": "x"}}},
		{assumption: "UnknownInstanceTypeRefused", at: atLast, method: "POST", call: "/node-groups$", set: members{"clientRequestToken": "$new", "nodegroupName": "live3", "instanceTypes": list{"t3.nosuch"}}},
	},
	"azure": {
		{assumption: "AbsentMembersKept", at: atLast, method: "PUT", call: "/agentPools/", from: ofAgentPool, to: "/agentPools/live7", set: spotPool},
		{assumption: "AbsentMembersKept", at: atLast, method: "PUT", call: "/agentPools/", from: ofAgentPool, to: "/agentPools/live7", set: members{
			"properties.count": 0, "properties.mode": "User", "properties.upgradeSettings": nil,
		}},
		{assumption: "BoundsRefusedAsBadRequest", at: atLast, method: "PUT", call: "/agentPools/", from: ofAgentPool, to: "/agentPools/live3", set: members{"properties.minCount": 1, "properties.maxCount": 2, "properties.enableAutoScaling": false}},
		{assumption: "ClusterFollows", at: atGroupCreating, method: "GET", call: "/managedClusters/[^/]+$"},
		{assumption: "CountMayLeaveBounds", at: atAutomatic, method: "PUT", call: "/agentPools/", set: members{"properties.count": 5}},
		{assumption: "EarlyCredentialsConflict", at: atCreating, method: "GET", call: "/managedClusters/" + namePrefix, from: ofManaged, to: "$1/listClusterAdminCredential", asMethod: "POST"},
		{assumption: "EmptyTaintValues", at: atLast, method: "PUT", call: "/agentPools/", from: ofAgentPool, to: "/agentPools/live5", set: members{"properties.nodeTaints": list{"probe=:NoSchedule"}, "properties.count": 0, "properties.mode": "User"}},
		{assumption: "ExistingPoolConflict", at: atGroupCreating, method: "PUT", call: "/agentPools/"},
		{assumption: "GraphIDsInLowerCase", at: atActive, method: "GET", call: "/managedClusters/" + namePrefix, from: ofSubscription, to: machineIndex, asMethod: "POST", body: machineQuery},
		{assumption: "GraphScrubbed", at: atActive, method: "GET", call: "/managedClusters/" + namePrefix, from: ofSubscription, to: machineIndex, asMethod: "POST", body: machineQuery},
		{assumption: "LooseDiskSize", at: atLast, method: "PUT", call: "/agentPools/", from: ofAgentPool, to: "/agentPools/live4", set: members{"properties.osDiskSizeGB": 10}},
		{assumption: "OnePoolAtATime", at: atGroupCreating, method: "PUT", call: "/agentPools/", from: ofAgentPool, to: "/agentPools/live1", set: members{"properties.mode": "System", "properties.nodeLabels": members{"probe": "x"}}},
		{assumption: "PoolNotFoundWrapped", at: atActive, method: "GET", call: "/managedClusters/" + namePrefix, from: ofManaged, to: "$1/agentPools/nosuch"},
		{assumption: "RepeatedDeletionOK", at: atDeleting, method: "DELETE", call: "/managedClusters/" + namePrefix},
		{assumption: "SmallSystemPools", at: atLast, method: "PUT", call: "/agentPools/", from: ofAgentPool, to: "/agentPools/live8", set: members{
			"properties.vmSize": "Standard_D2s_v5", "properties.mode": "System", "properties.count": 1, "properties.upgradeSettings": nil,
		}},
		{assumption: "SpotPriorityLabel", at: atLast, method: "PUT", call: "/agentPools/", from: ofAgentPool, to: "/agentPools/live6", set: spotPool},
		{assumption: "TagsMerged", at: atTagged, method: "PATCH", call: "/managedClusters/" + namePrefix, set: members{"tags.step": nil}},
		{assumption: "TagsRefusedAsParameter", at: atLast, method: "PATCH", call: "/managedClusters/" + namePrefix, set: members{"tags": members{"a<b": "probe"}}},
	},
	"gcp": {
		{assumption: "BoundsWhileOff", at: atSettled, method: "POST", call: "/SetNodePoolAutoscaling", set: members{"autoscaling": members{"enabled": false, "minNodeCount": 1, "maxNodeCount": 2}}},
		{assumption: "ImageTypeOptional", at: atLast, method: "POST", call: "/UpdateNodePool", set: members{"imageType": nil}},
		{assumption: "MaxPoolOperations", at: atLast, method: "POST", call: "/CreateNodePool", set: members{"nodePool.name": "live7", "nodePool.initialNodeCount": nil}},
		{assumption: "MaxPoolOperations", at: atLast, method: "POST", call: "/CreateNodePool", set: members{"nodePool.name": "live8", "nodePool.initialNodeCount": nil}, soon: true},
		{assumption: "OtherTexts", at: atLast, method: "POST", call: "/CreateNodePool", set: members{"nodePool.name": "live6", "nodePool.config.machineType": "e2-nosuch"}},
		{assumption: "ReservedLabelsTaken", at: atLast, method: "POST", call: "/CreateNodePool", set: members{"nodePool.name": "live3", "nodePool.config.labels": members{"kubernetes.io/probe": "x"}}},
		{assumption: "RunningWhileAutoscaling", at: atAutomatic, method: "POST", call: "/SetNodePoolAutoscaling", set: members{"autoscaling.maxNodeCount": 4}},
		{assumption: "RunningWhileAutoscaling", at: atAutomatic, method: "POST", call: "/GetCluster$", soon: true, after: 5 * time.Second},
		{assumption: "SecondDeletionAccepted", at: atDeleting, method: "POST", call: "/DeleteCluster"},
		{assumption: "SizeRefusedWhileAutoscaling", at: atAutomatic, method: "POST", call: "/SetNodePoolAutoscaling", from: "SetNodePoolAutoscaling", to: "SetNodePoolSize", set: members{"autoscaling": nil, "nodeCount": 1}},
		{assumption: "SpotLabelShown", at: atLast, method: "POST", call: "/CreateNodePool", set: members{"nodePool.name": "live9", "nodePool.initialNodeCount": nil, "nodePool.config.spot": true}},
		{assumption: "SpotLabelShown", at: atLast, method: "POST", call: "/GetCluster$"},
		{assumption: "SpotWithPreemptible", at: atLast, method: "POST", call: "/CreateNodePool", set: members{"nodePool.name": "live4", "nodePool.config.spot": true, "nodePool.config.preemptible": true}},
	},
	"ibm": {
		{assumption: "AnyPoolName", at: atLast, method: "POST", call: "/createWorkerPool$", set: members{"name": "live_3"}},
		{assumption: "BadRequestTexts", at: atLast, method: "POST", call: "/resizeWorkerPool", from: "/resizeWorkerPool", to: "/setWorkerPoolTaints", set: members{"size": nil, "workerpool": firstGroup, "taints": members{"probe": "x:Nothing"}}},
		{assumption: "EarlyKubeconfigUnavailable", at: atCreating, method: "GET", call: "/getCluster$", from: `/v2/vpc/getCluster\?cluster=([^&]+).*`, to: "/v2/getKubeconfig?admin=true&cluster=$1&format=yaml"},
		{assumption: "EmptyPools", at: atLast, method: "POST", call: "/resizeWorkerPool", set: members{"size": 0, "workerpool": firstGroup}},
		{assumption: "MissingPoolIsGeneral", at: atActive, method: "GET", call: "/getWorkerPools", from: `getWorkerPools\?cluster=([^&]+).*`, to: "getWorkerPool?cluster=$1&workerpool=nosuch"},
		{assumption: "ProviderIgnored", at: atActive, method: "GET", call: "/getClusters", from: `provider=[a-z0-9-]+`, to: "provider=classic"},
		{assumption: "RemovalWaitsForWorkers", at: atLast, method: "POST", call: "/createWorkerPool$", set: members{"name": "live4"}},
		{assumption: "RemovalWaitsForWorkers", at: atLast, method: "POST", call: "/removeWorkerPool$", set: members{"workerpool": "live4"}, soon: true},
		{assumption: "ResizeRefusedAsBadRequest", at: atAutomatic, method: "POST", call: "/createWorkerPool$", from: "/v2/vpc/createWorkerPool", to: "/v2/resizeWorkerPool", keep: []string{"cluster"}, set: members{"workerpool": secondGroup, "size": 1}},
		{assumption: "SecondDeletionAccepted", at: atDeleting, method: "DELETE", call: "/v1/clusters/"},
		{assumption: "TaintsAccepted", at: atLast, method: "POST", call: "/resizeWorkerPool", from: "/resizeWorkerPool", to: "/setWorkerPoolTaints", set: members{"size": nil, "workerpool": firstGroup, "taints": members{"probe-a": "x:PreferNoSchedule"}}},
		{assumption: "TaintsMerge", at: atLast, method: "POST", call: "/resizeWorkerPool", from: "/resizeWorkerPool", to: "/setWorkerPoolTaints", set: members{"size": nil, "workerpool": firstGroup, "taints": members{"probe-b": "x:PreferNoSchedule"}}},
		{assumption: "TaintsMerge", at: atLast, method: "GET", call: "/getWorkerPools"},
		{assumption: "VersionsAsList", at: atTour, method: "GET", call: "/v1/versions$", from: `/v1/versions.*`, to: "/v2/getVersions"},
		// Afterwards nothing may ask for the API server any more.
		{assumption: "EndpointAtOnce", at: atLast, method: "POST", call: "/resizeWorkerPool", from: "/resizeWorkerPool", to: "/disablePublicServiceEndpoint", keep: []string{"cluster"}, set: members{"size": nil}},
		{assumption: "EndpointAtOnce", at: atLast, method: "GET", call: "/getCluster$", soon: true},
	},
	"nhn": {
		{assumption: "AuthorityKept", at: atLast, method: "GET", call: "/v1/clusters/[^/]+$", from: ofCluster, to: "$1/config"},
		{assumption: "AuthorityKept", at: atLast, method: "GET", call: "/v1/clusters/[^/]+$", from: `/clusters(/[^/?]+)[^?]*`, to: "/certificates$1", asMethod: "PATCH", body: `{"term_of_validity":5}`},
		{assumption: "AuthorityKept", at: atLast, method: "GET", call: "/v1/clusters/[^/]+$", from: ofCluster, to: "$1/config"},
		{assumption: "BusyIsConflict", at: atGroupCreating, method: "POST", call: "/nodegroups$", set: members{"name": "live3"}},
		{assumption: "DefaultGroupKept", at: atLast, method: "DELETE", call: "/nodegroups/", from: `/nodegroups/[^?]*`, to: "/nodegroups/default-worker"},
		{assumption: "Discovery", at: atTour, method: "GET", call: "^(/network)?/v2.0/", from: `/v2\.0/.*`, to: ""},
		{assumption: "EarlyConfigStatus", at: atCreating, method: "GET", call: "/v1/clusters/[^/]+$", from: ofCluster, to: "$1/config"},
		{assumption: "GroupsWhileCreating", at: atCreating, method: "GET", call: "/v1/clusters/[^/]+$", from: ofCluster, to: "$1/nodegroups"},
		{assumption: "MicroversionEverywhere", at: atTour, method: "GET", call: "/v1/clusters", without: "openstack-api-version"},
		{assumption: "NodeLabelsFixedWhileAuto", at: atAutomatic, method: "POST", call: "/autoscale$", from: "/autoscale$", to: "", asMethod: "PATCH", body: `{"type":"k8s_node_labels","k8s_node_labels":{"probe":"a"}}`},
		{assumption: "NodeLabelsForm", at: atLast, method: "POST", call: "/nodegroups$", set: members{"name": "live4", "labels.k8s_node_labels": `{"probe":"a"}`}},
		{assumption: "NodeLabelsHidden", at: atSettled, method: "POST", call: "/autoscale$", from: "/autoscale$", to: "", asMethod: "PATCH", body: `{"type":"k8s_node_labels","k8s_node_labels":{"probe":"a"}}`},
		{assumption: "NodeLabelsHidden", at: atSettled, method: "POST", call: "/autoscale$", from: "/autoscale$", to: "", asMethod: "GET"},
		{assumption: "NodeLabelsMerged", at: atSettled, method: "POST", call: "/autoscale$", from: "/autoscale$", to: "", asMethod: "PATCH", body: `{"type":"k8s_node_labels","k8s_node_labels":{"probe-a":"a"}}`},
		{assumption: "NodeLabelsMerged", at: atSettled, method: "POST", call: "/autoscale$", from: "/autoscale$", to: "", asMethod: "PATCH", body: `{"type":"k8s_node_labels","k8s_node_labels":{"probe-b":"b"}}`},
		{assumption: "NodeLabelsMerged", at: atSettled, method: "POST", call: "/autoscale$", from: "/autoscale$", to: "", asMethod: "GET"},
		{assumption: "NodeLabelsText", at: atSettled, method: "POST", call: "/autoscale$", from: "/autoscale$", to: "", asMethod: "PATCH", body: `{"type":"k8s_node_labels","k8s_node_labels":{"probe":"a"}}`},
		{assumption: "NodeLabelsText", at: atSettled, method: "POST", call: "/autoscale$", from: "/autoscale$", to: "", asMethod: "GET"},
		{assumption: "NumberLabels", at: atLast, method: "POST", call: "/nodegroups$", set: members{"name": "live5", "labels.ca_max_node_count": 10}},
		{assumption: "OmittedAutoscaleKept", at: atAutomatic, method: "POST", call: "/autoscale$", body: `{"ca_enable":true}`},
		{assumption: "OmittedAutoscaleKept", at: atAutomatic, method: "POST", call: "/autoscale$", asMethod: "GET"},
		{assumption: "SizeMayLeaveBounds", at: atAutomatic, method: "POST", call: "/autoscale$", body: `{"ca_enable":true,"ca_min_node_count":4,"ca_max_node_count":5}`},
		// Afterwards nobody may ask the API server any more.
		{assumption: "ACLShowsSubnet", at: atLast, method: "GET", call: "/v1/clusters/[^/]+$", from: ofCluster, to: "$1/api_ep_ipacl", asMethod: "POST", body: `{"enable":"True","action":"ALLOW","ipacl_targets":[{"cidr_address":"192.0.2.1/32"}]}`},
		{assumption: "ACLShowsSubnet", at: atLast, method: "GET", call: "/v1/clusters/[^/]+$", from: ofCluster, to: "$1/api_ep_ipacl"},
	},
	"tencent": {
		{assumption: "DesiredRefusedWhileAuto", at: atAutomatic, method: "POST", call: "^ModifyClusterNodePool$", action: "ModifyNodePoolDesiredCapacityAboutAsg", keep: []string{"ClusterId", "NodePoolId"}, set: members{"DesiredCapacity": 1}},
		{assumption: "LongLabelKeys", at: atSettled, method: "POST", call: "^ModifyClusterNodePool$", keep: []string{"ClusterId", "NodePoolId"}, set: members{"Labels": list{members{"Name": "probe.example.com/a123456789a123456789a123456789a123456789a123456789a12345", "Value": "x"}}}},
		{assumption: "OtherCodes", at: atTour, method: "POST", call: "^DescribeClusters$", set: members{"Limit": 101}},
		{assumption: "RepeatedDeletionOK", at: atGroupDeleting, method: "POST", call: "DeleteClusterNodePool"},
		{assumption: "RepeatedDeletionOK", at: atDeleting, method: "POST", call: "^DeleteCluster$"},
		{assumption: "SubstringFilters", at: atActive, method: "POST", call: "^DescribeClusters$", set: members{"ClusterIds": nil, "Filters": list{members{"Name": "ClusterName", "Values": list{"pmks-liv"}}}}},
		{assumption: "TagTasksOverlap", at: atTagged, method: "POST", call: "^ModifyClusterTags$", set: members{"Tags+": list{members{"Key": "probe-a", "Value": "a"}}}},
		{assumption: "TagTasksOverlap", at: atTagged, method: "POST", call: "^ModifyClusterTags$", set: members{"Tags+": list{members{"Key": "probe-b", "Value": "b"}}}, soon: true},
		{assumption: "TagsAtOnce", at: atSettled, method: "POST", call: "^ModifyClusterTags$", set: members{"Tags+": list{members{"Key": "probe", "Value": "a"}}}},
		{assumption: "TagsAtOnce", at: atSettled, method: "POST", call: "^DescribeClusters$", soon: true},
		{assumption: "UniquePoolNames", at: atLast, method: "POST", call: "CreateClusterNodePool", set: members{"Name": "live1"}},
	},
}
