// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"encoding/json"
	"time"
)

// epoch is a time as restJson1 has it: seconds since 1970, with a fraction.
type epoch time.Time

// MarshalJSON writes the number with milliseconds.
func (e epoch) MarshalJSON() ([]byte, error) {
	return json.Marshal(float64(time.Time(e).UnixMilli()) / 1000)
}

// absent is the type of members that are not simulated.
type absent = any

// The requests.
type (
	createClusterRequest struct {
		Name               string            `json:"name"`
		RoleARN            string            `json:"roleArn"`
		ResourcesVpcConfig *vpcConfigRequest `json:"resourcesVpcConfig"`
		Version            string            `json:"version"`
		tokened
		Tags                       map[string]string   `json:"tags"`
		AccessConfig               accessConfigRequest `json:"accessConfig"`
		UpgradePolicy              upgradePolicyObject `json:"upgradePolicy"`
		DeletionProtection         bool                `json:"deletionProtection"`
		KubernetesNetworkConfig    networkRequest      `json:"kubernetesNetworkConfig"`
		Logging                    *loggingObject      `json:"logging"`
		BootstrapSelfManagedAddons *bool               `json:"bootstrapSelfManagedAddons"`
		ComputeConfig              absent              `json:"computeConfig" sim:"no"`
		ControlPlaneScalingConfig  absent              `json:"controlPlaneScalingConfig" sim:"no"`
		EncryptionConfig           absent              `json:"encryptionConfig" sim:"no"`
		KubeAPIServerConfig        absent              `json:"kubeApiServerConfig" sim:"no"`
		KubeControllerConfig       absent              `json:"kubeControllerManagerConfig" sim:"no"`
		KubeSchedulerConfig        absent              `json:"kubeSchedulerConfig" sim:"no"`
		OutpostConfig              absent              `json:"outpostConfig" sim:"no"`
		RemoteNetworkConfig        absent              `json:"remoteNetworkConfig" sim:"no"`
		StorageConfig              absent              `json:"storageConfig" sim:"no"`
		ZonalShiftConfig           absent              `json:"zonalShiftConfig" sim:"no"`
	}
	vpcConfigRequest struct {
		SubnetIDs             []string `json:"subnetIds"`
		SecurityGroupIDs      []string `json:"securityGroupIds"`
		EndpointPublicAccess  *bool    `json:"endpointPublicAccess"`
		EndpointPrivateAccess *bool    `json:"endpointPrivateAccess"`
		PublicAccessCIDRs     []string `json:"publicAccessCidrs"`
		EgressMode            absent   `json:"controlPlaneEgressMode" sim:"no"`
	}
	accessConfigRequest struct {
		AuthenticationMode                      string `json:"authenticationMode"`
		BootstrapClusterCreatorAdminPermissions *bool  `json:"bootstrapClusterCreatorAdminPermissions"`
	}
	networkRequest struct {
		ServiceIPv4CIDR      string `json:"serviceIpv4Cidr"`
		IPFamily             string `json:"ipFamily"`
		ElasticLoadBalancing absent `json:"elasticLoadBalancing" sim:"no"`
	}
	updateVersionRequest struct {
		Version string `json:"version"`
		tokened
		Force          bool   `json:"force"`
		RollbackConfig absent `json:"rollbackConfig" sim:"no"`
	}
	createNodegroupRequest struct {
		NodegroupName  string                 `json:"nodegroupName"`
		NodeRole       string                 `json:"nodeRole"`
		Subnets        []string               `json:"subnets"`
		ScalingConfig  *scalingRequest        `json:"scalingConfig"`
		InstanceTypes  []string               `json:"instanceTypes"`
		AMIType        string                 `json:"amiType"`
		DiskSize       *int32                 `json:"diskSize"`
		RemoteAccess   *remoteAccessObject    `json:"remoteAccess"`
		LaunchTemplate *launchTemplateRequest `json:"launchTemplate"`
		Labels         map[string]string      `json:"labels"`
		Taints         []taintObject          `json:"taints"`
		Tags           map[string]string      `json:"tags"`
		CapacityType   string                 `json:"capacityType"`
		Version        string                 `json:"version"`
		ReleaseVersion string                 `json:"releaseVersion"`
		UpdateConfig   *updateConfigObject    `json:"updateConfig"`
		tokened
		NodeRepairConfig absent `json:"nodeRepairConfig" sim:"no"`
		WarmPoolConfig   absent `json:"warmPoolConfig" sim:"no"`
	}
	scalingRequest struct {
		MinSize     *int32 `json:"minSize"`
		MaxSize     *int32 `json:"maxSize"`
		DesiredSize *int32 `json:"desiredSize"`
	}
	launchTemplateRequest struct {
		ID      string `json:"id"`
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	updateNodegroupConfigRequest struct {
		ScalingConfig *scalingRequest     `json:"scalingConfig"`
		Labels        *labelsRequest      `json:"labels"`
		Taints        *taintsRequest      `json:"taints"`
		UpdateConfig  *updateConfigObject `json:"updateConfig"`
		tokened
		NodeRepairConfig absent `json:"nodeRepairConfig" sim:"no"`
		WarmPoolConfig   absent `json:"warmPoolConfig" sim:"no"`
	}
	labelsRequest struct {
		AddOrUpdateLabels map[string]string `json:"addOrUpdateLabels"`
		RemoveLabels      []string          `json:"removeLabels"`
	}
	taintsRequest struct {
		AddOrUpdateTaints []taintObject `json:"addOrUpdateTaints"`
		RemoveTaints      []taintObject `json:"removeTaints"`
	}
	updateNodegroupVersionRequest struct {
		Version        string                 `json:"version"`
		ReleaseVersion string                 `json:"releaseVersion"`
		LaunchTemplate *launchTemplateRequest `json:"launchTemplate"`
		Force          bool                   `json:"force"`
		tokened
	}
	tagRequest struct {
		Tags map[string]string `json:"tags"`
	}
)

// The answers, and what is in both.
type (
	clusterResponse struct {
		Cluster clusterObject `json:"cluster"`
	}
	clusterObject struct {
		Name                    string                     `json:"name"`
		ARN                     string                     `json:"arn"`
		CreatedAt               epoch                      `json:"createdAt"`
		Version                 string                     `json:"version"`
		Endpoint                *string                    `json:"endpoint,omitempty"`
		RoleARN                 string                     `json:"roleArn"`
		ResourcesVpcConfig      vpcConfigObject            `json:"resourcesVpcConfig"`
		KubernetesNetworkConfig networkObject              `json:"kubernetesNetworkConfig"`
		Logging                 loggingObject              `json:"logging"`
		Identity                *identityObject            `json:"identity,omitempty"`
		Status                  string                     `json:"status"`
		CertificateAuthority    certificateAuthorityObject `json:"certificateAuthority"`
		ClientRequestToken      *string                    `json:"clientRequestToken"`
		PlatformVersion         string                     `json:"platformVersion"`
		Tags                    map[string]string          `json:"tags"`
		Health                  healthObject               `json:"health"`
		AccessConfig            accessConfigObject         `json:"accessConfig"`
		UpgradePolicy           upgradePolicyObject        `json:"upgradePolicy"`
		DeletionProtection      bool                       `json:"deletionProtection"`
		ComputeConfig           *computeConfigObject       `json:"computeConfig,omitempty"`
		StorageConfig           *storageConfigObject       `json:"storageConfig,omitempty"`
	}
	computeConfigObject struct {
		Enabled     bool     `json:"enabled"`
		NodePools   []string `json:"nodePools"`
		NodeRoleARN string   `json:"nodeRoleArn"`
	}
	storageConfigObject struct {
		BlockStorage enabledObject `json:"blockStorage"`
	}
	enabledObject struct {
		Enabled bool `json:"enabled"`
	}
	vpcConfigObject struct {
		SubnetIDs              []string `json:"subnetIds"`
		SecurityGroupIDs       []string `json:"securityGroupIds"`
		ClusterSecurityGroupID string   `json:"clusterSecurityGroupId,omitempty"`
		VpcID                  string   `json:"vpcId"`
		EndpointPublicAccess   bool     `json:"endpointPublicAccess"`
		EndpointPrivateAccess  bool     `json:"endpointPrivateAccess"`
		PublicAccessCIDRs      []string `json:"publicAccessCidrs"`
	}
	networkObject struct {
		ServiceIPv4CIDR      string         `json:"serviceIpv4Cidr"`
		IPFamily             string         `json:"ipFamily"`
		ElasticLoadBalancing *enabledObject `json:"elasticLoadBalancing,omitempty"`
	}
	loggingObject struct {
		ClusterLogging []logSetup `json:"clusterLogging"`
	}
	logSetup struct {
		Types   []string `json:"types"`
		Enabled bool     `json:"enabled"`
	}
	identityObject struct {
		OIDC struct {
			Issuer string `json:"issuer"`
		} `json:"oidc"`
	}
	certificateAuthorityObject struct {
		Data string `json:"data,omitempty"`
	}
	healthObject struct {
		Issues []issueObject `json:"issues"`
	}
	issueObject struct {
		Code        string   `json:"code"`
		Message     string   `json:"message"`
		ResourceIDs []string `json:"resourceIds"`
	}
	accessConfigObject struct {
		AuthenticationMode string `json:"authenticationMode"`
	}
	upgradePolicyObject struct {
		SupportType string `json:"supportType"`
	}
	clustersResponse struct {
		Clusters  []string `json:"clusters"`
		NextToken *string  `json:"nextToken"`
	}
	nodegroupResponse struct {
		Nodegroup nodegroupObject `json:"nodegroup"`
	}
	nodegroupObject struct {
		NodegroupName  string                `json:"nodegroupName"`
		NodegroupARN   string                `json:"nodegroupArn"`
		ClusterName    string                `json:"clusterName"`
		Version        string                `json:"version"`
		ReleaseVersion string                `json:"releaseVersion"`
		CreatedAt      epoch                 `json:"createdAt"`
		ModifiedAt     epoch                 `json:"modifiedAt"`
		Status         string                `json:"status"`
		CapacityType   string                `json:"capacityType"`
		ScalingConfig  scalingObject         `json:"scalingConfig"`
		InstanceTypes  []string              `json:"instanceTypes"`
		Subnets        []string              `json:"subnets"`
		RemoteAccess   *remoteAccessObject   `json:"remoteAccess"`
		AMIType        string                `json:"amiType"`
		NodeRole       string                `json:"nodeRole"`
		Labels         map[string]string     `json:"labels"`
		Taints         []taintObject         `json:"taints"`
		Resources      *resourcesObject      `json:"resources"`
		DiskSize       *int32                `json:"diskSize"`
		Health         healthObject          `json:"health"`
		UpdateConfig   updateConfigObject    `json:"updateConfig"`
		LaunchTemplate *launchTemplateObject `json:"launchTemplate"`
		Tags           map[string]string     `json:"tags"`
	}
	scalingObject struct {
		MinSize     int32 `json:"minSize"`
		MaxSize     int32 `json:"maxSize"`
		DesiredSize int32 `json:"desiredSize"`
	}
	remoteAccessObject struct {
		EC2SSHKey            *string  `json:"ec2SshKey"`
		SourceSecurityGroups []string `json:"sourceSecurityGroups"`
	}
	taintObject struct {
		Key    string `json:"key"`
		Value  string `json:"value"`
		Effect string `json:"effect"`
	}
	resourcesObject struct {
		AutoScalingGroups         []asgName `json:"autoScalingGroups"`
		RemoteAccessSecurityGroup *string   `json:"remoteAccessSecurityGroup"`
	}
	asgName struct {
		Name string `json:"name"`
	}
	updateConfigObject struct {
		MaxUnavailable           *int32 `json:"maxUnavailable,omitempty"`
		MaxUnavailablePercentage *int32 `json:"maxUnavailablePercentage,omitempty"`
		UpdateStrategy           string `json:"updateStrategy,omitempty"`
	}
	launchTemplateObject struct {
		ID      string `json:"id"`
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	nodegroupsResponse struct {
		Nodegroups []string `json:"nodegroups"`
		NextToken  *string  `json:"nextToken"`
	}
	updateResponse struct {
		Update updateObject `json:"update"`
	}
	updateObject struct {
		ID        string        `json:"id"`
		Status    string        `json:"status"`
		Type      string        `json:"type"`
		Params    []updateParam `json:"params"`
		CreatedAt epoch         `json:"createdAt"`
		Errors    []updateError `json:"errors"`
	}
	updateParam struct {
		Type  string `json:"type"`
		Value string `json:"value"`
	}
	updateError struct {
		ErrorCode    string   `json:"errorCode"`
		ErrorMessage string   `json:"errorMessage"`
		ResourceIDs  []string `json:"resourceIds"`
	}
	updatesResponse struct {
		UpdateIDs []string `json:"updateIds"`
		NextToken *string  `json:"nextToken"`
	}
	versionsResponse struct {
		ClusterVersions []versionObject `json:"clusterVersions"`
		NextToken       *string         `json:"nextToken"`
	}
	versionObject struct {
		ClusterVersion           string `json:"clusterVersion"`
		ClusterType              string `json:"clusterType"`
		DefaultPlatformVersion   string `json:"defaultPlatformVersion"`
		DefaultVersion           bool   `json:"defaultVersion"`
		VersionStatus            string `json:"versionStatus"`
		Status                   string `json:"status"`
		ReleaseDate              epoch  `json:"releaseDate"`
		EndOfStandardSupportDate epoch  `json:"endOfStandardSupportDate"`
		EndOfExtendedSupportDate epoch  `json:"endOfExtendedSupportDate"`
		KubernetesPatchVersion   string `json:"kubernetesPatchVersion"`
	}
	tagsResponse struct {
		Tags map[string]string `json:"tags"`
	}
	errorBody struct {
		ClusterName        *string  `json:"clusterName"`
		NodegroupName      *string  `json:"nodegroupName"`
		FargateProfileName *string  `json:"fargateProfileName"`
		AddonName          *string  `json:"addonName"`
		SubscriptionID     *string  `json:"subscriptionId"`
		Message            string   `json:"message"`
		ValidZones         []string `json:"validZones,omitempty"`
	}
)
