// SPDX-License-Identifier: Apache-2.0

package ack

// The requests and answers about node pools, and what is in both.
type (
	createPoolRequest struct {
		NodepoolInfo       *poolInfoRequest         `json:"nodepool_info"`
		ScalingGroup       *scalingGroupRequest     `json:"scaling_group"`
		AutoScaling        *autoScalingObject       `json:"auto_scaling"`
		KubernetesConfig   *kubernetesConfigRequest `json:"kubernetes_config"`
		Management         *managementObject        `json:"management"`
		Count              *int                     `json:"count"`
		InterconnectMode   string                   `json:"interconnect_mode"`
		TEEConfig          *teeObject               `json:"tee_config"`
		NodeComponents     []absent                 `json:"node_components"` // clients send an empty list
		AutoMode           absent                   `json:"auto_mode" sim:"no"`
		EfloNodeGroup      absent                   `json:"eflo_node_group" sim:"no"`
		HostNetwork        absent                   `json:"host_network" sim:"no"`
		InterconnectConfig absent                   `json:"interconnect_config" sim:"no"`
		Intranet           absent                   `json:"intranet" sim:"no"`
		MaxNodes           absent                   `json:"max_nodes" sim:"no"`
		NodeConfig         absent                   `json:"node_config" sim:"no"`
	}
	modifyPoolRequest struct {
		NodepoolInfo     *poolInfoRequest         `json:"nodepool_info"`
		ScalingGroup     *scalingGroupRequest     `json:"scaling_group"`
		AutoScaling      *autoScalingObject       `json:"auto_scaling"`
		KubernetesConfig *kubernetesConfigRequest `json:"kubernetes_config"`
		Management       *managementObject        `json:"management"`
		TEEConfig        *teeObject               `json:"tee_config"`
		UpdateNodes      *bool                    `json:"update_nodes"`
		Concurrency      absent                   `json:"concurrency" sim:"no"`
		EfloNodeGroup    absent                   `json:"eflo_node_group" sim:"no"`
	}
	poolInfoRequest struct {
		Name            string `json:"name"`
		Type            string `json:"type"`
		ResourceGroupID string `json:"resource_group_id"`
	}
	scalingGroupRequest struct {
		scalingGroupObject
		DesiredSize *int `json:"desired_size"`
		// Clients send these as empty lists.
		DataDisks                  []dataDisk `json:"data_disks"`
		DiskInit                   []absent   `json:"disk_init"`
		InstancePatterns           []absent   `json:"instance_patterns"`
		AutoRenew                  absent     `json:"auto_renew" sim:"no"`
		AutoRenewPeriod            absent     `json:"auto_renew_period" sim:"no"`
		CISEnabled                 absent     `json:"cis_enabled" sim:"no"`
		CPUOptions                 absent     `json:"cpu_options" sim:"no"`
		DeploymentsetID            absent     `json:"deploymentset_id" sim:"no"`
		EnableHighDensityMode      absent     `json:"enable_high_density_mode" sim:"no"`
		InstanceMetadataOptions    absent     `json:"instance_metadata_options" sim:"no"`
		InternetChargeType         absent     `json:"internet_charge_type" sim:"no"`
		InternetMaxBandwidthOut    absent     `json:"internet_max_bandwidth_out" sim:"no"`
		LoginAsNonRoot             absent     `json:"login_as_non_root" sim:"no"`
		Period                     absent     `json:"period" sim:"no"`
		PeriodUnit                 absent     `json:"period_unit" sim:"no"`
		PrivatePoolOptions         absent     `json:"private_pool_options" sim:"no"`
		RAMRoleName                absent     `json:"ram_role_name" sim:"no"`
		RDSInstances               absent     `json:"rds_instances" sim:"no"`
		ResourcePoolOptions        absent     `json:"resource_pool_options" sim:"no"`
		ScalingPolicy              absent     `json:"scaling_policy" sim:"no"`
		SecurityHardeningOS        absent     `json:"security_hardening_os" sim:"no"`
		SOCEnabled                 absent     `json:"soc_enabled" sim:"no"`
		SystemDiskBurstingEnabled  absent     `json:"system_disk_bursting_enabled" sim:"no"`
		SystemDiskEncryptAlgorithm absent     `json:"system_disk_encrypt_algorithm" sim:"no"`
		SystemDiskEncrypted        absent     `json:"system_disk_encrypted" sim:"no"`
		SystemDiskKMSKeyID         absent     `json:"system_disk_kms_key_id" sim:"no"`
		SystemDiskPerformanceLevel absent     `json:"system_disk_performance_level" sim:"no"`
		SystemDiskProvisionedIOPS  absent     `json:"system_disk_provisioned_iops" sim:"no"`
		SystemDiskSnapshotPolicyID absent     `json:"system_disk_snapshot_policy_id" sim:"no"`
	}
	// scalingGroupObject is what requests and answers have in common, and what a pool
	// keeps.
	scalingGroupObject struct {
		VSwitchIDs           []string    `json:"vswitch_ids"`
		InstanceTypes        []string    `json:"instance_types"`
		InstanceChargeType   string      `json:"instance_charge_type,omitempty"`
		SystemDiskCategory   string      `json:"system_disk_category,omitempty"`
		SystemDiskCategories []string    `json:"system_disk_categories,omitempty"`
		SystemDiskSize       int         `json:"system_disk_size,omitempty"`
		ImageID              string      `json:"image_id,omitempty"`
		ImageType            string      `json:"image_type,omitempty"`
		Platform             string      `json:"platform,omitempty"`
		KeyPair              string      `json:"key_pair,omitempty"`
		LoginPassword        string      `json:"login_password,omitempty"`
		SecurityGroupID      string      `json:"security_group_id,omitempty"`
		SecurityGroupIDs     []string    `json:"security_group_ids,omitempty"`
		MultiAZPolicy        string      `json:"multi_az_policy,omitempty"`
		SpotStrategy         string      `json:"spot_strategy,omitempty"`
		Tags                 []tagObject `json:"tags"`

		SpotPriceLimit                      []spotPriceLimit `json:"spot_price_limit,omitempty"`
		OnDemandBaseCapacity                *int             `json:"on_demand_base_capacity,omitempty"`
		OnDemandPercentageAboveBaseCapacity *int             `json:"on_demand_percentage_above_base_capacity,omitempty"`
		SpotInstancePools                   *int             `json:"spot_instance_pools,omitempty"`
		SpotInstanceRemedy                  *bool            `json:"spot_instance_remedy,omitempty"`
		CompensateWithOnDemand              *bool            `json:"compensate_with_on_demand,omitempty"`
	}
	spotPriceLimit struct {
		InstanceType string `json:"instance_type"`
		PriceLimit   string `json:"price_limit"`
	}
	dataDisk struct {
		Category             string `json:"category"`
		Size                 int    `json:"size"`
		Encrypted            string `json:"encrypted,omitempty"`
		PerformanceLevel     string `json:"performance_level,omitempty"`
		AutoSnapshotPolicyID string `json:"auto_snapshot_policy_id,omitempty"`
		AutoFormat           absent `json:"auto_format,omitempty" sim:"no"`
		BurstingEnabled      absent `json:"bursting_enabled,omitempty" sim:"no"`
		Device               absent `json:"device,omitempty" sim:"no"`
		DiskName             absent `json:"disk_name,omitempty" sim:"no"`
		FileSystem           absent `json:"file_system,omitempty" sim:"no"`
		KMSKeyID             absent `json:"kms_key_id,omitempty" sim:"no"`
		MountTarget          absent `json:"mount_target,omitempty" sim:"no"`
		ProvisionedIOPS      absent `json:"provisioned_iops,omitempty" sim:"no"`
		SnapshotID           absent `json:"snapshot_id,omitempty" sim:"no"`
	}
	autoScalingObject struct {
		Enable                *bool  `json:"enable"`
		MinInstances          *int   `json:"min_instances,omitempty"`
		MaxInstances          *int   `json:"max_instances,omitempty"`
		Type                  string `json:"type,omitempty"`
		EIPBandwidth          absent `json:"eip_bandwidth,omitempty" sim:"no"`
		EIPInternetChargeType absent `json:"eip_internet_charge_type,omitempty" sim:"no"`
		IsBondEIP             absent `json:"is_bond_eip,omitempty" sim:"no"`
	}
	kubernetesConfigRequest struct {
		Runtime        string        `json:"runtime"`
		RuntimeVersion string        `json:"runtime_version"`
		Labels         []tagObject   `json:"labels"`
		Taints         []taintObject `json:"taints"`
		CPUPolicy      string        `json:"cpu_policy"`
		Unschedulable  *bool         `json:"unschedulable"`
		UserData       *string       `json:"user_data"`
		CMSEnabled     *bool         `json:"cms_enabled"`
		NodeNameMode   absent        `json:"node_name_mode" sim:"no"`
		PreUserData    absent        `json:"pre_user_data" sim:"no"`
	}
	taintObject struct {
		Key    string `json:"key"`
		Value  string `json:"value"`
		Effect string `json:"effect"`
	}
	managementObject struct {
		Enable             bool   `json:"enable"`
		AutoRepair         bool   `json:"auto_repair"`
		AutoUpgrade        bool   `json:"auto_upgrade"`
		AutoVulFix         bool   `json:"auto_vul_fix"`
		AutoFaultDiagnosis absent `json:"auto_fault_diagnosis,omitempty" sim:"no"`
		AutoRepairPolicy   absent `json:"auto_repair_policy,omitempty" sim:"no"`
		AutoUpgradePolicy  absent `json:"auto_upgrade_policy,omitempty" sim:"no"`
		AutoVulFixPolicy   absent `json:"auto_vul_fix_policy,omitempty" sim:"no"`
		DriftEnabled       absent `json:"drift_enabled,omitempty" sim:"no"`
		UpgradeConfig      absent `json:"upgrade_config,omitempty" sim:"no"`
	}
	teeObject struct {
		TEEEnable bool `json:"tee_enable"`
	}
	scalePoolRequest struct {
		Count *int `json:"count"`
	}
	upgradePoolRequest struct {
		KubernetesVersion string `json:"kubernetes_version"`
		RollingPolicy     struct {
			MaxParallelism *int   `json:"max_parallelism"`
			PausePolicy    string `json:"pause_policy"`
			BatchInterval  *int   `json:"batch_interval"`
			MaxFailedNodes absent `json:"max_failed_nodes" sim:"no"`
		} `json:"rolling_policy"`
		UseReplace         bool   `json:"use_replace"`
		IgnoreWarningCheck absent `json:"ignore_warning_check" sim:"no"`
		ImageID            absent `json:"image_id" sim:"no"`
		NodeNames          absent `json:"node_names" sim:"no"`
		RuntimeType        absent `json:"runtime_type" sim:"no"`
		RuntimeVersion     absent `json:"runtime_version" sim:"no"`
	}

	poolTaskResponse struct {
		NodepoolID string `json:"nodepool_id"`
		RequestID  string `json:"request_id"`
		TaskID     string `json:"task_id"`
	}
	taskResponse struct {
		RequestID string `json:"request_id"`
		TaskID    string `json:"task_id"`
	}
	scaleResponse struct {
		TaskID string `json:"task_id"`
	}
	upgradePoolResponse struct {
		RequestID string `json:"RequestId"`
		TaskID    string `json:"task_id"`
	}
	poolsResponse struct {
		Nodepools []poolObject `json:"nodepools"`
	}
	poolObject struct {
		NodepoolInfo     poolInfoObject         `json:"nodepool_info"`
		ScalingGroup     scalingGroupAnswer     `json:"scaling_group"`
		AutoScaling      autoScalingObject      `json:"auto_scaling"`
		KubernetesConfig kubernetesConfigObject `json:"kubernetes_config"`
		Management       managementObject       `json:"management"`
		Status           poolStatus             `json:"status"`
		TEEConfig        teeObject              `json:"tee_config"`
		InterconnectMode string                 `json:"interconnect_mode"`
	}
	poolInfoObject struct {
		NodepoolID      string `json:"nodepool_id"`
		Name            string `json:"name"`
		IsDefault       *bool  `json:"is_default,omitempty"`
		Type            string `json:"type"`
		RegionID        string `json:"region_id"`
		ResourceGroupID string `json:"resource_group_id"`
		Created         string `json:"created"`
		Updated         string `json:"updated"`
	}
	scalingGroupAnswer struct {
		scalingGroupObject
		ScalingGroupID string     `json:"scaling_group_id"`
		DesiredSize    *int       `json:"desired_size,omitempty"`
		DataDisks      []dataDisk `json:"data_disks"`
	}
	kubernetesConfigObject struct {
		Runtime        string        `json:"runtime"`
		RuntimeVersion string        `json:"runtime_version"`
		Labels         []tagObject   `json:"labels"`
		Taints         []taintObject `json:"taints"`
		CPUPolicy      string        `json:"cpu_policy"`
		Unschedulable  bool          `json:"unschedulable"`
		UserData       string        `json:"user_data"`
		CMSEnabled     *bool         `json:"cms_enabled,omitempty"`
	}
	poolStatus struct {
		State         string `json:"state"`
		TotalNodes    int    `json:"total_nodes"`
		HealthyNodes  int    `json:"healthy_nodes"`
		FailedNodes   int    `json:"failed_nodes"`
		InitialNodes  int    `json:"initial_nodes"`
		OfflineNodes  int    `json:"offline_nodes"`
		RemovingNodes int    `json:"removing_nodes"`
		ServingNodes  int    `json:"serving_nodes"`
	}

	nodesResponse struct {
		Nodes []nodeObject `json:"nodes"`
		Page  pageObject   `json:"page"`
	}
	nodeObject struct {
		InstanceID         string   `json:"instance_id"`
		InstanceName       string   `json:"instance_name"`
		HostName           string   `json:"host_name"`
		NodeName           string   `json:"node_name"`
		NodepoolID         string   `json:"nodepool_id"`
		NodeStatus         string   `json:"node_status"`
		State              string   `json:"state"`
		InstanceStatus     string   `json:"instance_status"`
		InstanceRole       string   `json:"instance_role"`
		InstanceType       string   `json:"instance_type"`
		InstanceTypeFamily string   `json:"instance_type_family"`
		InstanceChargeType string   `json:"instance_charge_type"`
		ImageID            string   `json:"image_id"`
		IPAddress          []string `json:"ip_address"`
		IsAliyunNode       bool     `json:"is_aliyun_node"`
		CreationTime       string   `json:"creation_time"`
		ErrorMessage       string   `json:"error_message"`
		Source             string   `json:"source"`
		SpotStrategy       string   `json:"spot_strategy"`
	}
)
