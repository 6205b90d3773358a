// SPDX-License-Identifier: Apache-2.0

package ack

// absent is the type of members that are not simulated.
type absent = any

// The requests and answers about clusters, and what is in both.
type (
	createClusterRequest struct {
		Name                      string         `json:"name"`
		RegionID                  string         `json:"region_id"`
		ClusterType               string         `json:"cluster_type"`
		Profile                   string         `json:"profile"`
		ClusterSpec               string         `json:"cluster_spec"`
		KubernetesVersion         string         `json:"kubernetes_version"`
		VPCID                     string         `json:"vpcid"`
		VSwitchIDs                []string       `json:"vswitch_ids"`
		PodVSwitchIDs             []string       `json:"pod_vswitch_ids"`
		SecurityGroupID           string         `json:"security_group_id"`
		IsEnterpriseSecurityGroup *bool          `json:"is_enterprise_security_group"`
		ContainerCIDR             string         `json:"container_cidr"`
		ServiceCIDR               string         `json:"service_cidr"`
		NodeCIDRMask              string         `json:"node_cidr_mask"`
		ProxyMode                 string         `json:"proxy_mode"`
		IPStack                   string         `json:"ip_stack"`
		Addons                    []addonRequest `json:"addons"`
		SNATEntry                 *bool          `json:"snat_entry"`
		EndpointPublicAccess      bool           `json:"endpoint_public_access"`
		Tags                      []tagObject    `json:"tags"`
		DeletionProtection        bool           `json:"deletion_protection"`
		ClusterDomain             string         `json:"cluster_domain"`
		Timezone                  string         `json:"timezone"`
		ResourceGroupID           string         `json:"resource_group_id"`
		DisableRollback           *bool          `json:"disable_rollback"`
		TimeoutMins               int            `json:"timeout_mins"`
		ControlplaneLogComponents []string       `json:"controlplane_log_components"`
		ControlplaneLogProject    string         `json:"controlplane_log_project"`
		ControlplaneLogTTL        string         `json:"controlplane_log_ttl"`
		// The vendor's clients send these as empty lists.
		Nodepools []absent `json:"nodepools"`
		Taints    []absent `json:"taints"`
		retiredMembers
		AccessControlList           absent `json:"access_control_list" sim:"no"`
		APIAudiences                absent `json:"api_audiences" sim:"no"`
		AuditLogConfig              absent `json:"audit_log_config" sim:"no"`
		AutoMode                    absent `json:"auto_mode" sim:"no"`
		AutoRenew                   absent `json:"auto_renew" sim:"no"`
		AutoRenewPeriod             absent `json:"auto_renew_period" sim:"no"`
		ChargeType                  absent `json:"charge_type" sim:"no"`
		CISEnabled                  absent `json:"cis_enabled" sim:"no"`
		ClientToken                 absent `json:"client_token" sim:"no"`
		CloudMonitorFlags           absent `json:"cloud_monitor_flags" sim:"no"`
		ControlPlaneConfig          absent `json:"control_plane_config" sim:"no"`
		ControlPlaneEndpointsConfig absent `json:"control_plane_endpoints_config" sim:"no"`
		CPUPolicy                   absent `json:"cpu_policy" sim:"no"`
		CustomSAN                   absent `json:"custom_san" sim:"no"`
		EnableRRSA                  absent `json:"enable_rrsa" sim:"no"`
		EncryptionProviderKey       absent `json:"encryption_provider_key" sim:"no"`
		ExtraSANs                   absent `json:"extra_sans" sim:"no"`
		FormatDisk                  absent `json:"format_disk" sim:"no"`
		ImageID                     absent `json:"image_id" sim:"no"`
		ImageType                   absent `json:"image_type" sim:"no"`
		Instances                   absent `json:"instances" sim:"no"`
		KeepInstanceName            absent `json:"keep_instance_name" sim:"no"`
		KeyPair                     absent `json:"key_pair" sim:"no"`
		LoadBalancerID              absent `json:"load_balancer_id" sim:"no"`
		LoadBalancerSpec            absent `json:"load_balancer_spec" sim:"no"`
		LoggingType                 absent `json:"logging_type" sim:"no"`
		LoginPassword               absent `json:"login_password" sim:"no"`
		MaintenanceWindow           absent `json:"maintenance_window" sim:"no"`
		NATGateway                  absent `json:"nat_gateway" sim:"no"`
		NodeNameMode                absent `json:"node_name_mode" sim:"no"`
		NodePortRange               absent `json:"node_port_range" sim:"no"`
		OperationPolicy             absent `json:"operation_policy" sim:"no"`
		OSType                      absent `json:"os_type" sim:"no"`
		Period                      absent `json:"period" sim:"no"`
		PeriodUnit                  absent `json:"period_unit" sim:"no"`
		Platform                    absent `json:"platform" sim:"no"`
		RDSInstances                absent `json:"rds_instances" sim:"no"`
		RRSAConfig                  absent `json:"rrsa_config" sim:"no"`
		Runtime                     absent `json:"runtime" sim:"no"`
		SecurityHardeningOS         absent `json:"security_hardening_os" sim:"no"`
		ServiceAccountIssuer        absent `json:"service_account_issuer" sim:"no"`
		ServiceDiscoveryTypes       absent `json:"service_discovery_types" sim:"no"`
		SOCEnabled                  absent `json:"soc_enabled" sim:"no"`
		SSHFlags                    absent `json:"ssh_flags" sim:"no"`
		UserCA                      absent `json:"user_ca" sim:"no"`
		UserData                    absent `json:"user_data" sim:"no"`
		ZoneID                      absent `json:"zone_id" sim:"no"`
		ZoneIDs                     absent `json:"zone_ids" sim:"no"`
	}
	// retiredMembers of CreateCluster were switched off in 2026.
	retiredMembers struct {
		MasterAutoRenew                  absent   `json:"master_auto_renew"`
		MasterAutoRenewPeriod            absent   `json:"master_auto_renew_period"`
		MasterCount                      absent   `json:"master_count"`
		MasterInstanceChargeType         absent   `json:"master_instance_charge_type"`
		MasterInstanceTypes              absent   `json:"master_instance_types"`
		MasterPeriod                     absent   `json:"master_period"`
		MasterPeriodUnit                 absent   `json:"master_period_unit"`
		MasterSystemDiskCategory         absent   `json:"master_system_disk_category"`
		MasterSystemDiskPerformanceLevel absent   `json:"master_system_disk_performance_level"`
		MasterSystemDiskSize             absent   `json:"master_system_disk_size"`
		MasterSystemDiskSnapshotPolicyID absent   `json:"master_system_disk_snapshot_policy_id"`
		MasterVSwitchIDs                 absent   `json:"master_vswitch_ids"`
		NumOfNodes                       absent   `json:"num_of_nodes"`
		WorkerAutoRenew                  absent   `json:"worker_auto_renew"`
		WorkerAutoRenewPeriod            absent   `json:"worker_auto_renew_period"`
		WorkerDataDisks                  []absent `json:"worker_data_disks"` // clients send an empty list
		WorkerInstanceChargeType         absent   `json:"worker_instance_charge_type"`
		WorkerInstanceTypes              absent   `json:"worker_instance_types"`
		WorkerPeriod                     absent   `json:"worker_period"`
		WorkerPeriodUnit                 absent   `json:"worker_period_unit"`
		WorkerSystemDiskCategory         absent   `json:"worker_system_disk_category"`
		WorkerSystemDiskPerformanceLevel absent   `json:"worker_system_disk_performance_level"`
		WorkerSystemDiskSize             absent   `json:"worker_system_disk_size"`
		WorkerSystemDiskSnapshotPolicyID absent   `json:"worker_system_disk_snapshot_policy_id"`
		WorkerVSwitchIDs                 absent   `json:"worker_vswitch_ids"`
	}
	addonRequest struct {
		Name     string `json:"name"`
		Config   string `json:"config"`
		Version  string `json:"version"`
		Disabled bool   `json:"disabled"`
	}
	tagObject struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	}
	modifyClusterRequest struct {
		ClusterName                 string `json:"cluster_name"`
		ClusterSpec                 string `json:"cluster_spec"`
		DeletionProtection          *bool  `json:"deletion_protection"`
		ResourceGroupID             string `json:"resource_group_id"`
		Timezone                    string `json:"timezone"`
		APIServerEIP                *bool  `json:"api_server_eip"`
		APIServerEIPID              string `json:"api_server_eip_id"`
		AccessControlList           absent `json:"access_control_list" sim:"no"`
		APIServerCustomCertSANs     absent `json:"api_server_custom_cert_sans" sim:"no"`
		ClientToken                 absent `json:"client_token" sim:"no"`
		ControlPlaneConfig          absent `json:"control_plane_config" sim:"no"`
		ControlPlaneEndpointsConfig absent `json:"control_plane_endpoints_config" sim:"no"`
		EnableRRSA                  absent `json:"enable_rrsa" sim:"no"`
		IngressDomainRebinding      absent `json:"ingress_domain_rebinding" sim:"no"`
		IngressLoadbalancerID       absent `json:"ingress_loadbalancer_id" sim:"no"`
		InstanceDeletionProtection  absent `json:"instance_deletion_protection" sim:"no"`
		MaintenanceWindow           absent `json:"maintenance_window" sim:"no"`
		OperationPolicy             absent `json:"operation_policy" sim:"no"`
		SecurityGroupID             absent `json:"security_group_id" sim:"no"`
		SystemEventsLogging         absent `json:"system_events_logging" sim:"no"`
		VSwitchIDs                  absent `json:"vswitch_ids" sim:"no"`
	}
	upgradeClusterRequest struct {
		NextVersion   string `json:"next_version"`
		MasterOnly    *bool  `json:"master_only"`
		RollingPolicy struct {
			MaxParallelism *int `json:"max_parallelism"`
		} `json:"rolling_policy"`
		// Retired.
		ComponentName absent `json:"component_name"`
		Version       absent `json:"version"`
	}

	clusterTaskResponse struct {
		ClusterID string `json:"cluster_id"`
		RequestID string `json:"request_id"`
		TaskID    string `json:"task_id"`
	}
	clustersResponse struct {
		Clusters []clusterObject `json:"clusters"`
		PageInfo pageObject      `json:"page_info"`
	}
	pageObject struct {
		PageNumber int `json:"page_number"`
		PageSize   int `json:"page_size"`
		TotalCount int `json:"total_count"`
	}
	clusterObject struct {
		ClusterID          string      `json:"cluster_id"`
		Name               string      `json:"name"`
		State              string      `json:"state"`
		ClusterType        string      `json:"cluster_type"`
		ClusterSpec        string      `json:"cluster_spec"`
		Profile            string      `json:"profile"`
		CurrentVersion     string      `json:"current_version"`
		InitVersion        string      `json:"init_version"`
		NextVersion        string      `json:"next_version"`
		VPCID              string      `json:"vpc_id"`
		VSwitchIDs         []string    `json:"vswitch_ids"`
		SecurityGroupID    string      `json:"security_group_id"`
		ServiceCIDR        string      `json:"service_cidr"`
		ContainerCIDR      string      `json:"container_cidr"`
		ProxyMode          string      `json:"proxy_mode"`
		IPStack            string      `json:"ip_stack"`
		Created            string      `json:"created"`
		Updated            string      `json:"updated"`
		Size               int         `json:"size"`
		Tags               []tagObject `json:"tags"`
		RegionID           string      `json:"region_id"`
		ResourceGroupID    string      `json:"resource_group_id"`
		DeletionProtection bool        `json:"deletion_protection"`
		Timezone           string      `json:"timezone"`
		ClusterDomain      string      `json:"cluster_domain"`
	}
	clusterDetail struct {
		clusterObject
		MasterURL         string            `json:"master_url"`
		MetaData          string            `json:"meta_data"`
		Parameters        map[string]string `json:"parameters"`
		NodeCIDRMask      string            `json:"node_cidr_mask"`
		WorkerRAMRoleName string            `json:"worker_ram_role_name"`
		PrivateZone       bool              `json:"private_zone"`
		ZoneID            string            `json:"zone_id"`
		MaintenanceWindow struct {
			Enable bool `json:"enable"`
		} `json:"maintenance_window"`
		OperationPolicy struct {
			ClusterAutoUpgrade struct {
				Enabled bool `json:"enabled"`
			} `json:"cluster_auto_upgrade"`
		} `json:"operation_policy"`
		ControlPlaneConfig struct{} `json:"control_plane_config"`
	}
	// endpointsText is what is in master_url, as a text.
	endpointsText struct {
		APIServerEndpoint         string `json:"api_server_endpoint"`
		IntranetAPIServerEndpoint string `json:"intranet_api_server_endpoint"`
	}
)
