// SPDX-License-Identifier: Apache-2.0

package aks

// poolObject is an agent pool as a resource of its own.
type poolObject struct {
	ID         *string         `json:"id,omitempty" sim:"read"`
	Name       *string         `json:"name,omitempty" sim:"read"`
	Type       *string         `json:"type,omitempty" sim:"read"`
	Properties *poolProperties `json:"properties,omitempty"`
}

// poolProfile is an agent pool inside a cluster: the name stands beside the
// properties, and there is no id.
type poolProfile struct {
	Name *string `json:"name,omitempty"`
	poolProperties
}

type poolProperties struct {
	ProvisioningState          string  `json:"provisioningState,omitempty" sim:"read"`
	CurrentOrchestratorVersion string  `json:"currentOrchestratorVersion,omitempty" sim:"read"`
	NodeImageVersion           string  `json:"nodeImageVersion,omitempty" sim:"read"`
	ETag                       string  `json:"eTag,omitempty" sim:"read"`
	Status                     *status `json:"status,omitempty" sim:"read"`

	PowerState          *powerObject      `json:"powerState,omitempty"`
	Count               *int32            `json:"count,omitempty"`
	VMSize              *string           `json:"vmSize,omitempty"`
	OSDiskSizeGB        *int32            `json:"osDiskSizeGB,omitempty"`
	OSDiskType          *string           `json:"osDiskType,omitempty"`
	OSSKU               *string           `json:"osSKU,omitempty"`
	OSType              *string           `json:"osType,omitempty"`
	MaxPods             *int32            `json:"maxPods,omitempty"`
	Type                *string           `json:"type,omitempty"`
	Mode                *string           `json:"mode,omitempty"`
	EnableAutoScaling   *bool             `json:"enableAutoScaling,omitempty"`
	MinCount            *int32            `json:"minCount,omitempty"`
	MaxCount            *int32            `json:"maxCount,omitempty"`
	AvailabilityZones   []string          `json:"availabilityZones,omitempty"`
	OrchestratorVersion *string           `json:"orchestratorVersion,omitempty"`
	VnetSubnetID        *string           `json:"vnetSubnetID,omitempty"`
	EnableNodePublicIP  *bool             `json:"enableNodePublicIP,omitempty"`
	Tags                map[string]string `json:"tags,omitempty"`
	NodeLabels          map[string]string `json:"nodeLabels,omitempty"`
	NodeTaints          []string          `json:"nodeTaints,omitempty"`
	UpgradeSettings     *upgradeSettings  `json:"upgradeSettings,omitempty"`
	ScaleDownMode       *string           `json:"scaleDownMode,omitempty"`
	KubeletDiskType     *string           `json:"kubeletDiskType,omitempty"`
	EnableFIPS          *bool             `json:"enableFIPS,omitempty"`

	EnableEncryptionAtHost *bool            `json:"enableEncryptionAtHost,omitempty"`
	EnableUltraSSD         *bool            `json:"enableUltraSSD,omitempty"`
	ScaleSetPriority       *string          `json:"scaleSetPriority,omitempty"`
	ScaleSetEvictionPolicy *string          `json:"scaleSetEvictionPolicy,omitempty"`
	SpotMaxPrice           *float64         `json:"spotMaxPrice,omitempty"`
	CreationData           *creationData    `json:"creationData,omitempty"`
	KubeletConfig          *kubeletConfig   `json:"kubeletConfig,omitempty"`
	VirtualMachinesProfile *machinesProfile `json:"virtualMachinesProfile,omitempty"`

	// VirtualMachineNodesStatus is what AKS shows; in a request it says nothing.
	VirtualMachineNodesStatus []machineCount `json:"virtualMachineNodesStatus,omitempty"`

	CapacityReservationGroupID any `json:"capacityReservationGroupID,omitempty" sim:"no"`
	GatewayProfile             any `json:"gatewayProfile,omitempty" sim:"no"`
	GPUInstanceProfile         any `json:"gpuInstanceProfile,omitempty" sim:"no"`
	GPUProfile                 any `json:"gpuProfile,omitempty" sim:"no"`
	HostGroupID                any `json:"hostGroupID,omitempty" sim:"no"`
	LinuxOSConfig              any `json:"linuxOSConfig,omitempty" sim:"no"`
	LocalDNSProfile            any `json:"localDNSProfile,omitempty" sim:"no"`
	MessageOfTheDay            any `json:"messageOfTheDay,omitempty" sim:"no"`
	NetworkProfile             any `json:"networkProfile,omitempty" sim:"no"`
	NodePublicIPPrefixID       any `json:"nodePublicIPPrefixID,omitempty" sim:"no"`
	PodIPAllocationMode        any `json:"podIPAllocationMode,omitempty" sim:"no"`
	PodSubnetID                any `json:"podSubnetID,omitempty" sim:"no"`
	ProximityPlacementGroupID  any `json:"proximityPlacementGroupID,omitempty" sim:"no"`
	SecurityProfile            any `json:"securityProfile,omitempty" sim:"no"`
	WindowsProfile             any `json:"windowsProfile,omitempty" sim:"no"`
	WorkloadRuntime            any `json:"workloadRuntime,omitempty" sim:"no"`
}

type upgradeSettings struct {
	MaxSurge       string `json:"maxSurge,omitempty"`
	MaxUnavailable string `json:"maxUnavailable,omitempty"`

	DrainTimeoutInMinutes     *int32 `json:"drainTimeoutInMinutes,omitempty"`
	NodeSoakDurationInMinutes *int32 `json:"nodeSoakDurationInMinutes,omitempty"`

	UndrainableNodeBehavior string `json:"undrainableNodeBehavior,omitempty"`
}

// creationData is what a pool was made from.
type creationData struct {
	SourceResourceID string `json:"sourceResourceId,omitempty"`
}

// kubeletConfig is kept and shown, and has no effect.
type kubeletConfig struct {
	AllowedUnsafeSysctls  []string `json:"allowedUnsafeSysctls,omitempty"`
	ContainerLogMaxFiles  *int32   `json:"containerLogMaxFiles,omitempty"`
	ContainerLogMaxSizeMB *int32   `json:"containerLogMaxSizeMB,omitempty"`
	CPUCfsQuota           *bool    `json:"cpuCfsQuota,omitempty"`
	CPUCfsQuotaPeriod     string   `json:"cpuCfsQuotaPeriod,omitempty"`
	CPUManagerPolicy      string   `json:"cpuManagerPolicy,omitempty"`
	FailSwapOn            *bool    `json:"failSwapOn,omitempty"`
	ImageGCHighThreshold  *int32   `json:"imageGcHighThreshold,omitempty"`
	ImageGCLowThreshold   *int32   `json:"imageGcLowThreshold,omitempty"`
	PodMaxPIDs            *int32   `json:"podMaxPids,omitempty"`
	TopologyManagerPolicy string   `json:"topologyManagerPolicy,omitempty"`
}

// machinesProfile is the make-up of a pool of single machines, which has no count
// and no size of its own.
type machinesProfile struct {
	Scale machinesScale `json:"scale"`
}

type machinesScale struct {
	Manual []machineCount `json:"manual,omitempty"`
}

type machineCount struct {
	Size  string `json:"size"`
	Count int32  `json:"count"`
}

// list is a page of a list.
type list[T any] struct {
	Value    []T    `json:"value"`
	NextLink string `json:"nextLink,omitempty"`
}

// The machines of an agent pool.
type (
	machineObject struct {
		ID         string            `json:"id"`
		Name       string            `json:"name"`
		Type       string            `json:"type"`
		Zones      []string          `json:"zones,omitempty"`
		Properties machineProperties `json:"properties"`
	}
	machineProperties struct {
		Network    machineNetwork `json:"network"`
		ResourceID string         `json:"resourceId"`
	}
	machineNetwork struct {
		IPAddresses []machineAddress `json:"ipAddresses"`
	}
	machineAddress struct {
		Family string `json:"family"`
		IP     string `json:"ip"`
	}
)

// number, yes and text read members that may be absent.
func number(p *int32) int {
	if p == nil {
		return 0
	}
	return int(*p)
}

func yes(p *bool) bool { return p != nil && *p }

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}
