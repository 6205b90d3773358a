// SPDX-License-Identifier: Apache-2.0

package tke

// The parts of requests and answers about node pools and their nodes.
type (
	// labelObject is a label, or an annotation. The value is there, and may be empty.
	labelObject struct {
		Name  string  `json:"Name" need:"yes"`
		Value *string `json:"Value" need:"yes"`
	}
	taintObject struct {
		Key    string `json:"Key"`
		Value  string `json:"Value"`
		Effect string `json:"Effect"`
	}
	advancedSettings struct {
		DesiredPodNumber   *int64        `json:"DesiredPodNumber"`
		PreStartUserScript *string       `json:"PreStartUserScript"`
		Taints             []taintObject `json:"Taints"`
		MountTarget        *string       `json:"MountTarget"`
		DockerGraphPath    *string       `json:"DockerGraphPath"`
		UserScript         *string       `json:"UserScript"`
		Unschedulable      int64         `json:"Unschedulable"`
		Labels             []labelObject `json:"Labels"`
		GPUArgs            absent        `json:"GPUArgs" sim:"no"`
		DataDisks          []absent      `json:"DataDisks"`
		ExtraArgs          *extraArgs    `json:"ExtraArgs"`
	}
	extraArgs struct {
		Kubelet []string `json:"Kubelet"`
	}
	createPoolRequest struct {
		ClusterID                string            `json:"ClusterId" need:"yes"`
		AutoScalingGroupPara     string            `json:"AutoScalingGroupPara" need:"yes"`
		LaunchConfigurePara      string            `json:"LaunchConfigurePara" need:"yes"`
		InstanceAdvancedSettings *advancedSettings `json:"InstanceAdvancedSettings" need:"yes"`
		EnableAutoscale          *bool             `json:"EnableAutoscale" need:"yes"`
		Name                     string            `json:"Name"`
		Labels                   []labelObject     `json:"Labels"`
		Taints                   []taintObject     `json:"Taints"`
		Annotations              []labelObject     `json:"Annotations"`
		ContainerRuntime         string            `json:"ContainerRuntime"`
		RuntimeVersion           string            `json:"RuntimeVersion"`
		NodePoolOS               string            `json:"NodePoolOs"`
		OSCustomizeType          string            `json:"OsCustomizeType"`
		Tags                     []tagObject       `json:"Tags"`
		DeletionProtection       bool              `json:"DeletionProtection"`
		SkipValidateOptions      absent            `json:"SkipValidateOptions" sim:"no"`
	}
	createPoolResponse struct {
		NodePoolID string `json:"NodePoolId"`
	}
	// scalingPara is the JSON in AutoScalingGroupPara, which is that of Auto Scaling.
	scalingPara struct {
		AutoScalingGroupName                 string           `json:"AutoScalingGroupName"`
		MaxSize                              *uint64          `json:"MaxSize" need:"yes"`
		MinSize                              *uint64          `json:"MinSize" need:"yes"`
		DesiredCapacity                      *uint64          `json:"DesiredCapacity"`
		VPCID                                string           `json:"VpcId" need:"yes"`
		SubnetIDs                            []string         `json:"SubnetIds" need:"yes"`
		MultiZoneSubnetPolicy                string           `json:"MultiZoneSubnetPolicy"`
		RetryPolicy                          string           `json:"RetryPolicy"`
		ServiceSettings                      *serviceSettings `json:"ServiceSettings"`
		TerminationPolicies                  []string         `json:"TerminationPolicies"`
		DefaultCooldown                      *uint64          `json:"DefaultCooldown"`
		ProjectID                            uint64           `json:"ProjectId"`
		Tags                                 []absent         `json:"Tags"`
		InstanceAllocationPolicy             string           `json:"InstanceAllocationPolicy"`
		SpotMixedAllocationPolicy            *spotMixed       `json:"SpotMixedAllocationPolicy"`
		CapacityRebalance                    bool             `json:"CapacityRebalance"`
		ZonesCheckPolicy                     string           `json:"ZonesCheckPolicy"`
		ConcurrentScaleOutForDesiredCapacity absent           `json:"ConcurrentScaleOutForDesiredCapacity" sim:"no"`
		ForwardLoadBalancers                 absent           `json:"ForwardLoadBalancers" sim:"no"`
		HealthCheckType                      absent           `json:"HealthCheckType" sim:"no"`
		HostNameIndexSettings                absent           `json:"HostNameIndexSettings" sim:"no"`
		InstanceNameIndexSettings            absent           `json:"InstanceNameIndexSettings" sim:"no"`
		IPv6AddressCount                     absent           `json:"Ipv6AddressCount" sim:"no"`
		LaunchConfigurationID                absent           `json:"LaunchConfigurationId" sim:"no"`
		LoadBalancerHealthCheckGracePeriod   absent           `json:"LoadBalancerHealthCheckGracePeriod" sim:"no"`
		LoadBalancerIDs                      absent           `json:"LoadBalancerIds" sim:"no"`
		Zones                                absent           `json:"Zones" sim:"no"`
	}
	// spotMixed says which of the machines of a scaling group are of the spot market.
	spotMixed struct {
		BaseCapacity                        *uint64 `json:"BaseCapacity,omitempty"`
		OnDemandPercentageAboveBaseCapacity *uint64 `json:"OnDemandPercentageAboveBaseCapacity,omitempty"`
		SpotAllocationStrategy              string  `json:"SpotAllocationStrategy,omitempty"`
		CompensateWithBaseInstance          *bool   `json:"CompensateWithBaseInstance,omitempty"`
	}
	serviceSettings struct {
		ReplaceMonitorUnhealthy           bool   `json:"ReplaceMonitorUnhealthy"`
		ScalingMode                       string `json:"ScalingMode"`
		ReplaceLoadBalancerUnhealthy      bool   `json:"ReplaceLoadBalancerUnhealthy"`
		ReplaceMode                       string `json:"ReplaceMode"`
		AutoUpdateInstanceTags            bool   `json:"AutoUpdateInstanceTags"`
		DesiredCapacitySyncWithMaxMinSize bool   `json:"DesiredCapacitySyncWithMaxMinSize"`
		PriorityScaleInUnhealthy          bool   `json:"PriorityScaleInUnhealthy"`
	}
	// launchPara is the JSON in LaunchConfigurePara, which is that of Auto Scaling too.
	launchPara struct {
		LaunchConfigurationName string             `json:"LaunchConfigurationName"`
		ImageID                 string             `json:"ImageId"`
		InstanceType            string             `json:"InstanceType"`
		InstanceTypes           []string           `json:"InstanceTypes"`
		SecurityGroupIDs        []string           `json:"SecurityGroupIds" need:"yes"`
		SystemDisk              *systemDiskRequest `json:"SystemDisk"`
		DataDisks               []absent           `json:"DataDisks"`
		LoginSettings           *loginSettings     `json:"LoginSettings"`
		InstanceChargeType      string             `json:"InstanceChargeType"`
		InstanceMarketOptions   *marketOptions     `json:"InstanceMarketOptions"`
		InternetAccessible      *internetRequest   `json:"InternetAccessible"`
		EnhancedService         *enhancedRequest   `json:"EnhancedService"`
		InstanceTags            []tagObject        `json:"InstanceTags"`
		ProjectID               uint64             `json:"ProjectId"`
		UserData                absent             `json:"UserData" sim:"no"`
		CAMRoleName             absent             `json:"CamRoleName" sim:"no"`
		DedicatedClusterID      absent             `json:"DedicatedClusterId" sim:"no"`
		DisasterRecoverGroupIDs absent             `json:"DisasterRecoverGroupIds" sim:"no"`
		DiskTypePolicy          absent             `json:"DiskTypePolicy" sim:"no"`
		HostNameSettings        absent             `json:"HostNameSettings" sim:"no"`
		HPCClusterID            absent             `json:"HpcClusterId" sim:"no"`
		ImageFamily             absent             `json:"ImageFamily" sim:"no"`
		InstanceChargePrepaid   absent             `json:"InstanceChargePrepaid" sim:"no"`
		InstanceNameSettings    absent             `json:"InstanceNameSettings" sim:"no"`
		InstanceTypesCheck      absent             `json:"InstanceTypesCheckPolicy" sim:"no"`
		IPv6InternetAccessible  absent             `json:"IPv6InternetAccessible" sim:"no"`
		Metadata                absent             `json:"Metadata" sim:"no"`
		NetworkInterfaces       absent             `json:"NetworkInterfaces" sim:"no"`
		Tags                    absent             `json:"Tags" sim:"no"`
	}
	// marketOptions says what machines of the spot market may cost.
	marketOptions struct {
		SpotOptions *spotOptions `json:"SpotOptions" need:"yes"`
		MarketType  string       `json:"MarketType"`
	}
	spotOptions struct {
		MaxPrice         string `json:"MaxPrice" need:"yes"`
		SpotInstanceType string `json:"SpotInstanceType"`
	}
	systemDiskRequest struct {
		systemDisk
		Encrypt  absent `json:"Encrypt" sim:"no"`
		KMSKeyID absent `json:"KmsKeyId" sim:"no"`
	}
	systemDisk struct {
		DiskType string `json:"DiskType"`
		DiskSize uint64 `json:"DiskSize"`
	}
	loginSettings struct {
		Password       string   `json:"Password"`
		KeyIDs         []string `json:"KeyIds"`
		KeepImageLogin bool     `json:"KeepImageLogin"`
	}
	internetRequest struct {
		internetAccessible
		AntiDDoSPackageID       absent `json:"AntiDDoSPackageId" sim:"no"`
		IPv4AddressType         absent `json:"IPv4AddressType" sim:"no"`
		InternetServiceProvider absent `json:"InternetServiceProvider" sim:"no"`
		IsKeepEIP               absent `json:"IsKeepEIP" sim:"no"`
	}
	internetAccessible struct {
		InternetChargeType      string  `json:"InternetChargeType"`
		InternetMaxBandwidthOut uint64  `json:"InternetMaxBandwidthOut"`
		PublicIPAssigned        bool    `json:"PublicIpAssigned"`
		BandwidthPackageID      *string `json:"BandwidthPackageId"`
	}
	enhancedRequest struct {
		enhancedService
		AutomationService      absent `json:"AutomationService" sim:"no"`
		AutomationToolsService absent `json:"AutomationToolsService" sim:"no"`
	}
	enhancedService struct {
		SecurityService *enabledService `json:"SecurityService"`
		MonitorService  *enabledService `json:"MonitorService"`
	}
	enabledService struct {
		Enabled bool `json:"Enabled"`
	}

	describePoolsRequest struct {
		ClusterID string   `json:"ClusterId" need:"yes"`
		Filters   []filter `json:"Filters"`
	}
	describePoolsResponse struct {
		TotalCount  int64        `json:"TotalCount"`
		NodePoolSet []poolObject `json:"NodePoolSet"`
	}
	poolRequest struct {
		ClusterID  string `json:"ClusterId" need:"yes"`
		NodePoolID string `json:"NodePoolId" need:"yes"`
	}
	describePoolResponse struct {
		NodePool poolObject `json:"NodePool"`
	}
	poolObject struct {
		NodePoolID             string        `json:"NodePoolId"`
		Name                   string        `json:"Name"`
		ClusterInstanceID      string        `json:"ClusterInstanceId"`
		LifeState              string        `json:"LifeState"`
		LaunchConfigurationID  string        `json:"LaunchConfigurationId"`
		AutoscalingGroupID     string        `json:"AutoscalingGroupId"`
		Labels                 []labelObject `json:"Labels"`
		Taints                 []taintObject `json:"Taints"`
		Annotations            []labelObject `json:"Annotations"`
		NodeCountSummary       countSummary  `json:"NodeCountSummary"`
		AutoscalingGroupStatus string        `json:"AutoscalingGroupStatus"`
		MaxNodesNum            int64         `json:"MaxNodesNum"`
		MinNodesNum            int64         `json:"MinNodesNum"`
		DesiredNodesNum        int64         `json:"DesiredNodesNum"`
		RuntimeConfig          runtimeConfig `json:"RuntimeConfig"`
		NodePoolOS             string        `json:"NodePoolOs"`
		OSCustomizeType        string        `json:"OsCustomizeType"`
		ImageID                string        `json:"ImageId"`
		DesiredPodNum          int64         `json:"DesiredPodNum"`
		UserScript             string        `json:"UserScript"`
		Tags                   []tagObject   `json:"Tags"`
		DeletionProtection     bool          `json:"DeletionProtection"`
		ExtraArgs              *extraArgs    `json:"ExtraArgs"`
		GPUArgs                absent        `json:"GPUArgs"`
		DockerGraphPath        string        `json:"DockerGraphPath"`
		DataDisks              []absent      `json:"DataDisks"`
		Unschedulable          int64         `json:"Unschedulable"`
		PreStartUserScript     string        `json:"PreStartUserScript"`
	}
	countSummary struct {
		ManuallyAdded    nodeCounts `json:"ManuallyAdded"`
		AutoscalingAdded nodeCounts `json:"AutoscalingAdded"`
	}
	nodeCounts struct {
		Joining      int64 `json:"Joining"`
		Initializing int64 `json:"Initializing"`
		Normal       int64 `json:"Normal"`
		Total        int64 `json:"Total"`
	}
	runtimeConfig struct {
		RuntimeType    string `json:"RuntimeType"`
		RuntimeVersion string `json:"RuntimeVersion"`
	}
	modifyPoolRequest struct {
		ClusterID          string         `json:"ClusterId" need:"yes"`
		NodePoolID         string         `json:"NodePoolId" need:"yes"`
		Name               *string        `json:"Name"`
		MaxNodesNum        *int64         `json:"MaxNodesNum"`
		MinNodesNum        *int64         `json:"MinNodesNum"`
		Labels             *[]labelObject `json:"Labels"`
		Taints             *[]taintObject `json:"Taints"`
		Annotations        *[]labelObject `json:"Annotations"`
		EnableAutoscale    *bool          `json:"EnableAutoscale"`
		OSName             *string        `json:"OsName"`
		OSCustomizeType    *string        `json:"OsCustomizeType"`
		UserScript         *string        `json:"UserScript"`
		IgnoreExistedNode  bool           `json:"IgnoreExistedNode"`
		Tags               *[]tagObject   `json:"Tags"`
		Unschedulable      *int64         `json:"Unschedulable"`
		DeletionProtection *bool          `json:"DeletionProtection"`
		GPUArgs            absent         `json:"GPUArgs" sim:"no"`
		ExtraArgs          absent         `json:"ExtraArgs" sim:"no"`
		DockerGraphPath    absent         `json:"DockerGraphPath" sim:"no"`
		PreStartUserScript absent         `json:"PreStartUserScript" sim:"no"`
	}
	desiredRequest struct {
		ClusterID       string `json:"ClusterId" need:"yes"`
		NodePoolID      string `json:"NodePoolId" need:"yes"`
		DesiredCapacity *int64 `json:"DesiredCapacity" need:"yes"`
	}
	deletePoolRequest struct {
		ClusterID    string   `json:"ClusterId" need:"yes"`
		NodePoolIDs  []string `json:"NodePoolIds" need:"yes"`
		KeepInstance *bool    `json:"KeepInstance" need:"yes"`
	}

	describeNodesRequest struct {
		ClusterID    string   `json:"ClusterId" need:"yes"`
		Offset       *int64   `json:"Offset"`
		Limit        *int64   `json:"Limit"`
		InstanceIDs  []string `json:"InstanceIds"`
		InstanceRole string   `json:"InstanceRole"`
		Filters      []filter `json:"Filters"`
	}
	describeNodesResponse struct {
		TotalCount  int64        `json:"TotalCount"`
		InstanceSet []nodeObject `json:"InstanceSet"`
	}
	nodeObject struct {
		InstanceID               string           `json:"InstanceId"`
		InstanceRole             string           `json:"InstanceRole"`
		FailedReason             string           `json:"FailedReason"`
		InstanceState            string           `json:"InstanceState"`
		DrainStatus              string           `json:"DrainStatus"`
		InstanceAdvancedSettings advancedSettings `json:"InstanceAdvancedSettings"`
		CreatedTime              string           `json:"CreatedTime"`
		LanIP                    string           `json:"LanIP"`
		NodePoolID               string           `json:"NodePoolId"`
		AutoscalingGroupID       string           `json:"AutoscalingGroupId"`
	}
)
