// SPDX-License-Identifier: Apache-2.0

// Package objects makes the operator's objects of a create request of pmks, for tests.
package objects

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/operator/api/v1alpha1"
)

// Of returns the objects that ask for the cluster of a request on a connection. The
// object of a node group has the cluster's name before its own.
func Of(namespace, connection string, req pmks.ClusterInfo) (*v1alpha1.ManagedCluster, []*v1alpha1.NodeGroup) {
	name := req.IId.NameId
	c := &v1alpha1.ManagedCluster{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.ManagedClusterSpec{
			Connection: connection, Version: req.Version, DeletionPolicy: v1alpha1.DeletionDelete,
			Network: v1alpha1.Network{VPC: ref(req.Network.VpcIID), Subnets: refs(req.Network.SubnetIIDs), SecurityGroups: refs(req.Network.SecurityGroupIIDs)},
			Access:  v1alpha1.Access{Mode: string(req.Access.Mode), CIDRs: req.Access.CIDRs},
		},
	}
	for _, tag := range req.TagList {
		if c.Spec.Tags == nil {
			c.Spec.Tags = map[string]string{}
		}
		c.Spec.Tags[tag.Key] = tag.Value
	}
	var groups []*v1alpha1.NodeGroup
	for _, g := range req.NodeGroupList {
		groups = append(groups, Group(namespace, name, g))
	}
	return c, groups
}

// Group returns the object that asks for a node group.
func Group(namespace, cluster string, g pmks.NodeGroupInfo) *v1alpha1.NodeGroup {
	group := &v1alpha1.NodeGroup{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: cluster + "-" + g.IId.NameId},
		Spec: v1alpha1.NodeGroupSpec{
			Cluster: cluster, Name: g.IId.NameId, VMSpec: g.VMSpecName, Image: ref(g.ImageIID), RootDiskType: g.RootDiskType, RootDiskSize: g.RootDiskSize,
			KeyPair: ref(g.KeyPairIID), AutoScaling: g.OnAutoScaling,
			Desired: int32(g.DesiredNodeSize), Min: int32(g.MinNodeSize), Max: int32(g.MaxNodeSize), //nolint:gosec // of a test
			Labels: g.Labels, Spot: g.Spot, Zones: g.Zones,
		},
	}
	for _, t := range g.Taints {
		group.Spec.Taints = append(group.Spec.Taints, v1alpha1.Taint{Key: t.Key, Value: t.Value, Effect: string(t.Effect)})
	}
	return group
}

func ref(iid pmks.IID) v1alpha1.Ref { return v1alpha1.Ref{Name: iid.NameId, ID: iid.SystemId} }

func refs(list []pmks.IID) (out []v1alpha1.Ref) {
	for _, iid := range list {
		out = append(out, ref(iid))
	}
	return out
}
