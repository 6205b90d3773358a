// SPDX-License-Identifier: Apache-2.0

package ibm

// The requests that change something. Those that a hook may change are exported, as the
// vendor has no struct for them that fits the service; their members are named as IBM's,
// and hold what pmks does not ask for as well.

// CreateClusterRequest is the request that makes a cluster with its first worker pool,
// POST /v2/vpc/createCluster; see Config.BeforeCreateCluster.
type CreateClusterRequest struct {
	Name                             string `json:"name"`
	Provider                         string `json:"provider"`
	KubeVersion                      string `json:"kubeVersion,omitempty"`
	PodSubnet                        string `json:"podSubnet,omitempty"`
	ServiceSubnet                    string `json:"serviceSubnet,omitempty"`
	DisablePublicServiceEndpoint     bool   `json:"disablePublicServiceEndpoint"`
	DisableOutboundTrafficProtection bool   `json:"disableOutboundTrafficProtection,omitempty"`
	// SecurityGroupIDs are those of all worker pools. IKS refuses an empty list.
	SecurityGroupIDs []string          `json:"securityGroupIDs,omitempty"`
	WorkerPool       WorkerPoolRequest `json:"workerPool"`
}

// WorkerPoolRequest is a worker pool: within the request for its cluster, and by itself,
// POST /v2/vpc/createWorkerPool, with Cluster; see Config.BeforeAddNodeGroup.
type WorkerPoolRequest struct {
	// Cluster is the id of its cluster; empty within the request for that.
	Cluster string `json:"cluster,omitempty"`
	Name    string `json:"name"`
	Flavor  string `json:"flavor"`
	VPCID   string `json:"vpcID"`
	// WorkerCount is that of each zone.
	WorkerCount int           `json:"workerCount"`
	Zones       []ZoneRequest `json:"zones"`
	// Labels are the user's and those in which pmks keeps its notes; that of the key
	// "pmks.io/request" must stay as it is.
	Labels          map[string]string `json:"labels,omitempty"`
	OperatingSystem string            `json:"operatingSystem,omitempty"`

	// What follows pmks leaves out.

	// DiskEncryption: nil means IBM's default, which encrypts the disks of workers.
	DiskEncryption *bool `json:"diskEncryption,omitempty"`
	// Isolation is public or dedicated.
	Isolation string `json:"isolation,omitempty"`
	// SecondaryStorageOption is a second disk, such as 900gb.5iops-tier.
	SecondaryStorageOption string   `json:"secondaryStorageOption,omitempty"`
	SecurityGroupIDs       []string `json:"securityGroupIDs,omitempty"`
	// WorkerVolumeEncryption encrypts the disks of workers with a key of the user's.
	WorkerVolumeEncryption *WorkerVolumeEncryption `json:"workerVolumeEncryption,omitempty"`
}

// ZoneRequest is a zone of a worker pool, with the subnet that its workers are in.
type ZoneRequest struct {
	ID       string `json:"id"`
	SubnetID string `json:"subnetID"`
}

// WorkerVolumeEncryption is the key of a key management service that encrypts the disks
// of workers.
type WorkerVolumeEncryption struct {
	KMSInstanceID     string `json:"kmsInstanceID"`
	WorkerVolumeCRKID string `json:"workerVolumeCRKID"`
	KMSAccountID      string `json:"kmsAccountID,omitempty"`
}

// UpdateMasterRequest is the request that upgrades the control plane of a cluster, POST
// /v2/updateMaster; see Config.BeforeUpgrade.
type UpdateMasterRequest struct {
	Cluster string `json:"cluster"`
	Version string `json:"version"`
	// Force goes on although IBM warns.
	Force bool `json:"force"`
}

// ReplaceWorkerRequest is the request that replaces one worker by one of the version of
// the control plane, POST /v2/vpc/replaceWorker; see Config.BeforeUpgradeNodeGroup.
type ReplaceWorkerRequest struct {
	Cluster  string `json:"cluster"`
	WorkerID string `json:"workerID"`
	Update   bool   `json:"update"`
}

// poolRequest is a request about a worker pool that is there.
type poolRequest struct {
	Cluster    string `json:"cluster"`
	WorkerPool string `json:"workerpool"`
	Size       int    `json:"size,omitempty"`
}

// labelsRequest and taintsRequest replace what they speak of: an empty map says that
// there is nothing.
type (
	labelsRequest struct {
		poolRequest
		Labels map[string]string `json:"labels"`
	}
	taintsRequest struct {
		poolRequest
		Taints map[string]string `json:"taints"`
	}
)
