// SPDX-License-Identifier: Apache-2.0

// Package v06 is the PMKS driver API V0.6 of CB-Spider as its text has it, without
// contexts and without what pmks has added, over any handler of pmks. It is for a program
// that is written against V0.6 and moves step by step: what it calls stays, what answers
// is pmks.
//
// The names and types are V0.6's; a test compares them with the text, field by field.
package v06

import "time"

// IID names a resource.
type IID struct {
	NameId   string
	SystemId string
}

// KeyValue is one fact that has no field of its own.
type KeyValue struct {
	Key   string
	Value string
}

// ClusterStatus is what a cluster is doing.
type ClusterStatus string

// The words of a cluster.
const (
	ClusterCreating ClusterStatus = "Creating"
	ClusterActive   ClusterStatus = "Active"
	ClusterInactive ClusterStatus = "Inactive"
	ClusterUpdating ClusterStatus = "Updating"
	ClusterDeleting ClusterStatus = "Deleting"
)

// NodeGroupStatus is what a node group is doing.
type NodeGroupStatus string

// The words of a node group.
const (
	NodeGroupCreating NodeGroupStatus = "Creating"
	NodeGroupActive   NodeGroupStatus = "Active"
	NodeGroupInactive NodeGroupStatus = "Inactive"
	NodeGroupUpdating NodeGroupStatus = "Updating"
	NodeGroupDeleting NodeGroupStatus = "Deleting"
)

// ClusterInfo describes a cluster.
type ClusterInfo struct {
	IId           IID
	Version       string
	Network       NetworkInfo
	NodeGroupList []NodeGroupInfo
	AccessInfo    AccessInfo
	Addons        AddonsInfo
	Status        ClusterStatus
	CreatedTime   time.Time
	KeyValueList  []KeyValue
}

// NetworkInfo says where a cluster lives.
type NetworkInfo struct {
	VpcIID            IID
	SubnetIIDs        []IID
	SecurityGroupIIDs []IID
	KeyValueList      []KeyValue
}

// NodeGroupInfo describes a node group.
type NodeGroupInfo struct {
	IId             IID
	ImageIID        IID
	VMSpecName      string
	RootDiskType    string
	RootDiskSize    string
	KeyPairIID      IID
	OnAutoScaling   bool
	DesiredNodeSize int
	MinNodeSize     int
	MaxNodeSize     int
	Status          NodeGroupStatus
	Nodes           []IID
	KeyValueList    []KeyValue
}

// AccessInfo is the way to the Kubernetes API.
type AccessInfo struct {
	Endpoint   string
	Kubeconfig string
}

// AddonsInfo holds what the cloud says of the cluster's add-ons.
type AddonsInfo struct {
	KeyValueList []KeyValue
}

// ClusterHandler is the driver API.
type ClusterHandler interface {
	CreateCluster(clusterReqInfo ClusterInfo) (ClusterInfo, error)
	ListCluster() ([]*ClusterInfo, error)
	GetCluster(clusterIID IID) (ClusterInfo, error)
	DeleteCluster(clusterIID IID) (bool, error)

	AddNodeGroup(clusterIID IID, nodeGroupReqInfo NodeGroupInfo) (NodeGroupInfo, error)
	SetNodeGroupAutoScaling(clusterIID IID, nodeGroupIID IID, on bool) (bool, error)
	ChangeNodeGroupScaling(clusterIID IID, nodeGroupIID IID, DesiredNodeSize int, MinNodeSize int, MaxNodeSize int) (NodeGroupInfo, error)
	RemoveNodeGroup(clusterIID IID, nodeGroupIID IID) (bool, error)

	UpgradeCluster(clusterIID IID, newVersion string) (ClusterInfo, error)
}
