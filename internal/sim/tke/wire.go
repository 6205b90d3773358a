// SPDX-License-Identifier: Apache-2.0

package tke

// The parts of requests and answers about clusters.
type (
	tagObject struct {
		Key   string `json:"Key"`
		Value string `json:"Value"`
	}
	tagSpecification struct {
		ResourceType string      `json:"ResourceType"`
		Tags         []tagObject `json:"Tags"`
	}
	createClusterRequest struct {
		ClusterType                   string                   `json:"ClusterType" need:"yes"`
		ClusterCIDRSettings           *clusterCIDRSettings     `json:"ClusterCIDRSettings" need:"yes"`
		ClusterBasicSettings          *clusterBasicSettings    `json:"ClusterBasicSettings"`
		ClusterAdvancedSettings       *clusterAdvancedSettings `json:"ClusterAdvancedSettings"`
		RunInstancesForNode           []absent                 `json:"RunInstancesForNode"`
		ExistedInstancesForNode       []absent                 `json:"ExistedInstancesForNode"`
		InstanceDataDiskMountSettings []absent                 `json:"InstanceDataDiskMountSettings"`
		ExtensionAddons               []absent                 `json:"ExtensionAddons"`
		DisableAddons                 []absent                 `json:"DisableAddons"`
		InstanceAdvancedSettings      absent                   `json:"InstanceAdvancedSettings" sim:"no"`
		CDCID                         absent                   `json:"CdcId" sim:"no"`
	}
	clusterCIDRSettings struct {
		ClusterCIDR               string   `json:"ClusterCIDR"`
		IgnoreClusterCIDRConflict bool     `json:"IgnoreClusterCIDRConflict"`
		MaxNodePodNum             *uint64  `json:"MaxNodePodNum"`
		MaxClusterServiceNum      *uint64  `json:"MaxClusterServiceNum"`
		ServiceCIDR               string   `json:"ServiceCIDR"`
		EniSubnetIDs              []string `json:"EniSubnetIds"`
		ClaimExpiredSeconds       *int64   `json:"ClaimExpiredSeconds"`
		IgnoreServiceCIDRConflict bool     `json:"IgnoreServiceCIDRConflict"`
	}
	clusterBasicSettings struct {
		ClusterOS               string             `json:"ClusterOs"`
		ClusterVersion          string             `json:"ClusterVersion"`
		ClusterName             string             `json:"ClusterName"`
		ClusterDescription      string             `json:"ClusterDescription"`
		VPCID                   string             `json:"VpcId"`
		ProjectID               int64              `json:"ProjectId"`
		TagSpecification        []tagSpecification `json:"TagSpecification"`
		OSCustomizeType         string             `json:"OsCustomizeType"`
		SubnetID                string             `json:"SubnetId"`
		ClusterLevel            string             `json:"ClusterLevel"`
		AutoUpgradeClusterLevel *autoUpgradeLevel  `json:"AutoUpgradeClusterLevel"`
		NeedWorkSecurityGroup   absent             `json:"NeedWorkSecurityGroup" sim:"no"`
	}
	autoUpgradeLevel struct {
		IsAutoUpgrade *bool `json:"IsAutoUpgrade" need:"yes"`
	}
	clusterAdvancedSettings struct {
		AsEnabled               bool   `json:"AsEnabled"`
		ContainerRuntime        string `json:"ContainerRuntime"`
		RuntimeVersion          string `json:"RuntimeVersion"`
		NetworkType             string `json:"NetworkType"`
		VPCCNIType              string `json:"VpcCniType"`
		IPVS                    bool   `json:"IPVS"`
		KubeProxyMode           string `json:"KubeProxyMode"`
		NodeNameType            string `json:"NodeNameType"`
		DeletionProtection      bool   `json:"DeletionProtection"`
		AuditEnabled            absent `json:"AuditEnabled" sim:"no"`
		AuditLogTopicID         absent `json:"AuditLogTopicId" sim:"no"`
		AuditLogsetID           absent `json:"AuditLogsetId" sim:"no"`
		BasePodNumber           absent `json:"BasePodNumber" sim:"no"`
		CiliumMode              absent `json:"CiliumMode" sim:"no"`
		DataPlaneV2             absent `json:"DataPlaneV2" sim:"no"`
		EnableCustomizedPodCIDR absent `json:"EnableCustomizedPodCIDR" sim:"no"`
		EtcdOverrideConfigs     absent `json:"EtcdOverrideConfigs" sim:"no"`
		ExtraArgs               absent `json:"ExtraArgs" sim:"no"`
		IsDualStack             absent `json:"IsDualStack" sim:"no"`
		IsHighAvailability      absent `json:"IsHighAvailability" sim:"no"`
		IsNonStaticIPMode       absent `json:"IsNonStaticIpMode" sim:"no"`
		QGPUShareEnable         absent `json:"QGPUShareEnable" sim:"no"`
		SecurityModeConfig      absent `json:"SecurityModeConfig" sim:"no"`
	}
	createClusterResponse struct {
		ClusterID string `json:"ClusterId"`
	}

	describeClustersRequest struct {
		ClusterIDs  []string `json:"ClusterIds"`
		Offset      *int64   `json:"Offset"`
		Limit       *int64   `json:"Limit"`
		Filters     []filter `json:"Filters"`
		ClusterType string   `json:"ClusterType"`
	}
	describeClustersResponse struct {
		TotalCount int64           `json:"TotalCount"`
		Clusters   []clusterObject `json:"Clusters"`
	}
	clusterObject struct {
		ClusterID               string             `json:"ClusterId"`
		ClusterName             string             `json:"ClusterName"`
		ClusterDescription      string             `json:"ClusterDescription"`
		ClusterVersion          string             `json:"ClusterVersion"`
		ClusterOS               string             `json:"ClusterOs"`
		ClusterType             string             `json:"ClusterType"`
		ClusterNetworkSettings  networkSettings    `json:"ClusterNetworkSettings"`
		ClusterNodeNum          int64              `json:"ClusterNodeNum"`
		ProjectID               int64              `json:"ProjectId"`
		TagSpecification        []tagSpecification `json:"TagSpecification"`
		ClusterStatus           string             `json:"ClusterStatus"`
		Property                string             `json:"Property"`
		ClusterMasterNodeNum    int64              `json:"ClusterMaterNodeNum"` // the vendor's spelling
		ImageID                 string             `json:"ImageId"`
		OSCustomizeType         string             `json:"OsCustomizeType"`
		ContainerRuntime        string             `json:"ContainerRuntime"`
		CreatedTime             string             `json:"CreatedTime"`
		DeletionProtection      bool               `json:"DeletionProtection"`
		EnableExternalNode      bool               `json:"EnableExternalNode"`
		ClusterLevel            string             `json:"ClusterLevel"`
		AutoUpgradeClusterLevel bool               `json:"AutoUpgradeClusterLevel"`
		QGPUShareEnable         bool               `json:"QGPUShareEnable"`
		RuntimeVersion          string             `json:"RuntimeVersion"`
		ClusterEtcdNodeNum      int64              `json:"ClusterEtcdNodeNum"`
		IsHighAvailability      bool               `json:"IsHighAvailability"`
	}
	networkSettings struct {
		ClusterCIDR               string   `json:"ClusterCIDR"`
		IgnoreClusterCIDRConflict bool     `json:"IgnoreClusterCIDRConflict"`
		MaxNodePodNum             int64    `json:"MaxNodePodNum"`
		MaxClusterServiceNum      int64    `json:"MaxClusterServiceNum"`
		IPVS                      bool     `json:"Ipvs"`
		VPCID                     string   `json:"VpcId"`
		CNI                       bool     `json:"Cni"`
		KubeProxyMode             string   `json:"KubeProxyMode"`
		ServiceCIDR               string   `json:"ServiceCIDR"`
		Subnets                   []string `json:"Subnets"`
		IgnoreServiceCIDRConflict bool     `json:"IgnoreServiceCIDRConflict"`
		IsDualStack               bool     `json:"IsDualStack"`
		IPv6ServiceCIDR           string   `json:"Ipv6ServiceCIDR"`
		CiliumMode                string   `json:"CiliumMode"`
	}

	describeStatusRequest struct {
		ClusterIDs []string `json:"ClusterIds"`
	}
	describeStatusResponse struct {
		TotalCount       int64          `json:"TotalCount"`
		ClusterStatusSet []statusObject `json:"ClusterStatusSet"`
	}
	statusObject struct {
		ClusterID                 string `json:"ClusterId"`
		ClusterState              string `json:"ClusterState"`
		ClusterInstanceState      string `json:"ClusterInstanceState"`
		ClusterBMonitor           bool   `json:"ClusterBMonitor"`
		ClusterInitNodeNum        int64  `json:"ClusterInitNodeNum"`
		ClusterRunningNodeNum     int64  `json:"ClusterRunningNodeNum"`
		ClusterFailedNodeNum      int64  `json:"ClusterFailedNodeNum"`
		ClusterClosedNodeNum      int64  `json:"ClusterClosedNodeNum"`
		ClusterClosingNodeNum     int64  `json:"ClusterClosingNodeNum"`
		ClusterDeletionProtection bool   `json:"ClusterDeletionProtection"`
		ClusterAuditEnabled       bool   `json:"ClusterAuditEnabled"`
	}

	deleteClusterRequest struct {
		ClusterID             string                 `json:"ClusterId" need:"yes"`
		InstanceDeleteMode    string                 `json:"InstanceDeleteMode" need:"yes"`
		ResourceDeleteOptions []resourceDeleteOption `json:"ResourceDeleteOptions"`
	}
	resourceDeleteOption struct {
		ResourceType           string `json:"ResourceType" need:"yes"`
		DeleteMode             string `json:"DeleteMode" need:"yes"`
		SkipDeletionProtection bool   `json:"SkipDeletionProtection"`
	}
	clusterIDRequest struct {
		ClusterID string `json:"ClusterId" need:"yes"`
	}
)
