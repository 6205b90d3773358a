// SPDX-License-Identifier: Apache-2.0

package ibm

import "cmp"

// The answers of the services, with the members that pmks reads. The vendor's own
// structs are older than the service.

// clusterObject is a cluster; a list shows a part of it.
type clusterObject struct {
	ID                string `json:"id"`
	Name              string `json:"name"`
	Region            string `json:"region"`
	Provider          string `json:"provider"`
	Type              string `json:"type"`
	ResourceGroup     string `json:"resourceGroup"`
	ResourceGroupName string `json:"resourceGroupName"`
	CRN               string `json:"crn"`
	CreatedDate       string `json:"createdDate"`

	State             string `json:"state"`
	Status            string `json:"status"`
	MasterKubeVersion string `json:"masterKubeVersion"`
	TargetVersion     string `json:"targetVersion"`
	VersionEOS        string `json:"versionEOS"`
	PodSubnet         string `json:"podSubnet"`
	ServiceSubnet     string `json:"serviceSubnet"`
	MasterURL         string `json:"masterURL"`
	VPEURL            string `json:"virtualPrivateEndpointURL"`

	VPCs        []string      `json:"vpcs"`
	WorkerZones []string      `json:"workerZones"`
	Addons      []addonObject `json:"addons"`
	Ingress     struct {
		Hostname string `json:"hostname"`
	} `json:"ingress"`
	Lifecycle struct {
		MasterStatus             string `json:"masterStatus"`
		MasterStatusModifiedDate string `json:"masterStatusModifiedDate"`
		MasterHealth             string `json:"masterHealth"`
		MasterState              string `json:"masterState"`
	} `json:"lifecycle"`
	ServiceEndpoints struct {
		PrivateEnabled bool   `json:"privateServiceEndpointEnabled"`
		PrivateURL     string `json:"privateServiceEndpointURL"`
		PublicEnabled  bool   `json:"publicServiceEndpointEnabled"`
		PublicURL      string `json:"publicServiceEndpointURL"`
	} `json:"serviceEndpoints"`
}

// poolObject is a worker pool. Its WorkerCount is that of each zone.
type poolObject struct {
	ID               string            `json:"id"`
	Name             string            `json:"poolName"`
	Flavor           string            `json:"flavor"`
	Labels           map[string]string `json:"labels"`
	Taints           map[string]string `json:"taints"` // "value:Effect" by key
	WorkerCount      int               `json:"workerCount"`
	AutoscaleEnabled bool              `json:"autoscaleEnabled"`
	OperatingSystem  string            `json:"operatingSystem"`
	VPCID            string            `json:"vpcID"`
	Lifecycle        struct {
		DesiredState string `json:"desiredState"`
		ActualState  string `json:"actualState"`
	} `json:"lifecycle"`
	Zones []poolZone `json:"zones"`
	// Called is the name that IBM gave it where that is not the one that was asked for.
	Called string `json:"-"`
}

// native is the name of a pool in IBM's own words.
func (p poolObject) native() string { return cmp.Or(p.Called, p.Name) }

// asAsked gives a pool the name that its request had. Whether the first pool of a cluster
// keeps it, or is always called default, no document says.
func (p poolObject) asAsked() poolObject {
	if asked := p.Labels[labelName]; p.Name == "default" && asked != "" && asked != p.Name {
		p.Called, p.Name = p.Name, asked
	}
	return p
}

type poolZone struct {
	ID       string       `json:"id"`
	Subnets  []poolSubnet `json:"subnets"`
	Messages []string     `json:"messages"`
}

type poolSubnet struct {
	ID      string `json:"id"`
	Primary bool   `json:"primary"`
}

// workerObject is a worker, a node.
type workerObject struct {
	ID          string `json:"id"`
	PoolID      string `json:"poolID"`
	KubeVersion struct {
		Actual string `json:"actual"`
		Target string `json:"target"`
	} `json:"kubeVersion"`
	Health struct {
		State   string `json:"state"`
		Message string `json:"message"`
	} `json:"health"`
	Lifecycle struct {
		ActualState      string `json:"actualState"`
		DesiredState     string `json:"desiredState"`
		Message          string `json:"message"`
		MessageDate      string `json:"messageDate"`
		MessageDetails   string `json:"messageDetails"`
		PendingOperation string `json:"pendingOperation"`
		ReasonForDelete  string `json:"reasonForDelete"`
	} `json:"lifecycle"`
}

// addonObject is an add-on, on offer or of a cluster.
type addonObject struct {
	Name               string   `json:"name"`
	Version            string   `json:"version"`
	SupportedKubeRange string   `json:"supportedKubeRange"`
	MinKubeVersion     string   `json:"minKubeVersion"`
	Upgrades           []string `json:"allowed_upgrade_versions"`
	Deprecated         bool     `json:"deprecated"`
	HealthState        string   `json:"healthState"`
	HealthStatus       string   `json:"healthStatus"`
}

type securityGroupObject struct {
	ID           string `json:"id"`
	UserProvided bool   `json:"userProvided"`
}

type versionObject struct {
	Major        int    `json:"major"`
	Minor        int    `json:"minor"`
	Patch        int    `json:"patch"`
	Default      bool   `json:"default"`
	EndOfService string `json:"end_of_service"`
}

// resourceObject is one of VPC: a VPC, a subnet or a security group.
type resourceObject struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Status string `json:"status"`
	Zone   struct {
		Name string `json:"name"`
	} `json:"zone"`
	VPC struct {
		ID string `json:"id"`
	} `json:"vpc"`
	CIDR      string `json:"ipv4_cidr_block"`
	Available *int   `json:"available_ipv4_address_count"`
}
