// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// DeletionPolicy says what becomes of the cluster when its object is deleted.
// +kubebuilder:validation:Enum=Delete;Orphan
type DeletionPolicy string

// The policies.
const (
	DeletionDelete DeletionPolicy = "Delete"
	DeletionOrphan DeletionPolicy = "Orphan"
)

// Ref names something that exists on the cloud: by id where it has one, else by name.
type Ref struct {
	Name string `json:"name,omitempty"`
	ID   string `json:"id,omitempty"`
}

// Network says where a cluster lives. The operator creates none of it.
type Network struct {
	VPC            Ref   `json:"vpc,omitzero"`
	Subnets        []Ref `json:"subnets,omitempty"`
	SecurityGroups []Ref `json:"securityGroups,omitempty"`
}

// Access says from where the Kubernetes API of the cluster can be reached.
type Access struct {
	// Mode is public, private or public-and-private; empty leaves it to the connection.
	Mode string `json:"mode,omitempty"`
	// CIDRs may reach the public endpoint; none means that everybody may.
	CIDRs []string `json:"cidrs,omitempty"`
}

// ManagedClusterSpec is what a cluster is to be.
// +kubebuilder:validation:XValidation:rule="self.connection == oldSelf.connection",message="the connection cannot be changed"
// +kubebuilder:validation:XValidation:rule="has(self.name) == has(oldSelf.name) && (!has(self.name) || self.name == oldSelf.name)",message="the name cannot be changed"
// +kubebuilder:validation:XValidation:rule="has(self.network) == has(oldSelf.network) && (!has(self.network) || self.network == oldSelf.network)",message="the network cannot be changed"
// +kubebuilder:validation:XValidation:rule="has(self.access) == has(oldSelf.access) && (!has(self.access) || self.access == oldSelf.access)",message="the access cannot be changed"
// +kubebuilder:validation:XValidation:rule="has(self.tags) == has(oldSelf.tags) && (!has(self.tags) || self.tags == oldSelf.tags)",message="the tags cannot be changed"
type ManagedClusterSpec struct {
	// Connection is the name of the operator's connection to an account and region.
	// +kubebuilder:validation:MinLength=1
	Connection string `json:"connection"`
	// Name of the cluster on the cloud; empty means the object's own.
	Name string `json:"name,omitempty"`
	// Version of Kubernetes, such as 1.33; empty means the cloud's default at creation and no
	// upgrade later. A newer one upgrades the cluster and its node groups.
	Version string            `json:"version,omitempty"`
	Network Network           `json:"network,omitzero"`
	Access  Access            `json:"access,omitzero"`
	Tags    map[string]string `json:"tags,omitempty"`
	// DeletionPolicy: Delete removes the cluster with its object, Orphan leaves it.
	// +kubebuilder:default=Delete
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
}

// Creation is written before the cloud is asked to create a cluster, once it was seen
// that there is none of its name. Whoever finds it knows a cluster of that name for its own,
// although the answer was lost.
type Creation struct {
	RequestedAt metav1.Time `json:"requestedAt"`
	// Attempts counts the requests.
	Attempts int32 `json:"attempts"`
}

// ManagedClusterStatus is what is known of a cluster.
type ManagedClusterStatus struct {
	// Name and ID are those of the cloud.
	Name string `json:"name,omitempty"`
	ID   string `json:"id,omitempty"`
	// Phase is Creating, Active, Updating, Inactive or Deleting.
	Phase    string `json:"phase,omitempty"`
	Version  string `json:"version,omitempty"`
	Endpoint string `json:"endpoint,omitempty"`
	// Creation is there while a creation is under way, and stays after it.
	Creation *Creation `json:"creation,omitempty"`
	// Adopted: the cluster was there before its object.
	Adopted bool `json:"adopted,omitempty"`
	// ReachedVersion is the spec's version that was reached last, node groups included.
	ReachedVersion string `json:"reachedVersion,omitempty"`
	// AccessOpened: the public endpoint was opened, where that is a call of its own.
	AccessOpened bool `json:"accessOpened,omitempty"`
	// RefusedFor is the state of the object that the cloud refused for good.
	RefusedFor         string             `json:"refusedFor,omitempty"`
	ObservedGeneration int64              `json:"observedGeneration,omitempty"`
	Conditions         []metav1.Condition `json:"conditions,omitempty"`
}

// ManagedCluster is a cluster of a cloud.
// +kubebuilder:resource:shortName=mcl
// +kubebuilder:printcolumn:name="Connection",type=string,JSONPath=`.spec.connection`
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`
// +kubebuilder:printcolumn:name="Version",type=string,JSONPath=`.status.version`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Synced",type=string,JSONPath=`.status.conditions[?(@.type=="Synced")].reason`
type ManagedCluster struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   ManagedClusterSpec   `json:"spec"`
	Status ManagedClusterStatus `json:"status,omitzero"`
}

// ManagedClusterList is a list of them.
type ManagedClusterList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ManagedCluster `json:"items"`
}

// CloudName is the name of the cluster on the cloud.
func (c *ManagedCluster) CloudName() string {
	if c.Spec.Name != "" {
		return c.Spec.Name
	}
	return c.Name
}

// Taint keeps pods that do not tolerate it off the nodes.
type Taint struct {
	Key   string `json:"key"`
	Value string `json:"value,omitempty"`
	// +kubebuilder:validation:Enum=NoSchedule;PreferNoSchedule;NoExecute
	Effect string `json:"effect"`
}

// NodeGroupSpec is what a node group is to be. Sizes are nodes of the whole group, and may
// be changed; the rest cannot, on most clouds, and shows as drift.
// +kubebuilder:validation:XValidation:rule="self.cluster == oldSelf.cluster",message="the cluster cannot be changed"
// +kubebuilder:validation:XValidation:rule="has(self.name) == has(oldSelf.name) && (!has(self.name) || self.name == oldSelf.name)",message="the name cannot be changed"
type NodeGroupSpec struct {
	// Cluster is the name of a ManagedCluster in the same namespace.
	// +kubebuilder:validation:MinLength=1
	Cluster string `json:"cluster"`
	// Name of the node group on the cloud; empty means the object's own.
	Name         string `json:"name,omitempty"`
	VMSpec       string `json:"vmSpec,omitempty"`
	Image        Ref    `json:"image,omitzero"`
	RootDiskType string `json:"rootDiskType,omitempty"`
	// RootDiskSize is a number of GiB, or default.
	RootDiskSize string `json:"rootDiskSize,omitempty"`
	KeyPair      Ref    `json:"keyPair,omitzero"`
	AutoScaling  bool   `json:"autoScaling,omitempty"`
	// +kubebuilder:validation:Minimum=0
	Desired int32 `json:"desired,omitempty"`
	// +kubebuilder:validation:Minimum=0
	Min int32 `json:"min,omitempty"`
	// +kubebuilder:validation:Minimum=0
	Max    int32             `json:"max,omitempty"`
	Labels map[string]string `json:"labels,omitempty"`
	Taints []Taint           `json:"taints,omitempty"`
	Spot   bool              `json:"spot,omitempty"`
	Zones  []string          `json:"zones,omitempty"`
}

// NodeGroupStatus is what is known of a node group.
type NodeGroupStatus struct {
	// Name and ID are those of the cloud.
	Name string `json:"name,omitempty"`
	ID   string `json:"id,omitempty"`
	// Phase is Creating, Active, Updating, Inactive or Deleting.
	Phase   string `json:"phase,omitempty"`
	Version string `json:"version,omitempty"`
	// Nodes is how many there are; Desired, Min and Max are what the cloud holds.
	Nodes   int32 `json:"nodes,omitempty"`
	Desired int32 `json:"desired,omitempty"`
	Min     int32 `json:"min,omitempty"`
	Max     int32 `json:"max,omitempty"`
	// ScaledTo and ScaledAt are of the last change of sizes that the cloud accepted, so that
	// one that it shows differently is not sent again and again.
	ScaledTo           string             `json:"scaledTo,omitempty"`
	ScaledAt           *metav1.Time       `json:"scaledAt,omitempty"`
	RefusedFor         string             `json:"refusedFor,omitempty"`
	ObservedGeneration int64              `json:"observedGeneration,omitempty"`
	Conditions         []metav1.Condition `json:"conditions,omitempty"`
}

// NodeGroup is a node group of a ManagedCluster.
// +kubebuilder:resource:shortName=ngr
// +kubebuilder:printcolumn:name="Cluster",type=string,JSONPath=`.spec.cluster`
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`
// +kubebuilder:printcolumn:name="Nodes",type=integer,JSONPath=`.status.nodes`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Synced",type=string,JSONPath=`.status.conditions[?(@.type=="Synced")].reason`
type NodeGroup struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   NodeGroupSpec   `json:"spec"`
	Status NodeGroupStatus `json:"status,omitzero"`
}

// NodeGroupList is a list of them.
type NodeGroupList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []NodeGroup `json:"items"`
}

// CloudName is the name of the node group on the cloud.
func (g *NodeGroup) CloudName() string {
	if g.Spec.Name != "" {
		return g.Spec.Name
	}
	return g.Name
}
