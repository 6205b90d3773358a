// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// DeepCopy returns a copy that shares no memory with c.
func (c *ManagedCluster) DeepCopy() *ManagedCluster {
	out := *c
	c.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.Spec.Network.Subnets = slices.Clone(c.Spec.Network.Subnets)
	out.Spec.Network.SecurityGroups = slices.Clone(c.Spec.Network.SecurityGroups)
	out.Spec.Access.CIDRs = slices.Clone(c.Spec.Access.CIDRs)
	out.Spec.Tags = maps.Clone(c.Spec.Tags)
	if c.Status.Creation != nil {
		creation := *c.Status.Creation
		out.Status.Creation = &creation
	}
	out.Status.Conditions = slices.Clone(c.Status.Conditions)
	return &out
}

// DeepCopyObject implements runtime.Object.
func (c *ManagedCluster) DeepCopyObject() runtime.Object { return c.DeepCopy() }

// DeepCopyObject implements runtime.Object.
func (l *ManagedClusterList) DeepCopyObject() runtime.Object {
	out := &ManagedClusterList{TypeMeta: l.TypeMeta, ListMeta: *l.ListMeta.DeepCopy()}
	if l.Items != nil {
		out.Items = make([]ManagedCluster, len(l.Items))
	}
	for i := range l.Items {
		out.Items[i] = *l.Items[i].DeepCopy()
	}
	return out
}

// DeepCopy returns a copy that shares no memory with g.
func (g *NodeGroup) DeepCopy() *NodeGroup {
	out := *g
	g.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.Spec.Labels = maps.Clone(g.Spec.Labels)
	out.Spec.Taints = slices.Clone(g.Spec.Taints)
	out.Spec.Zones = slices.Clone(g.Spec.Zones)
	if g.Status.ScaledAt != nil {
		at := metav1.NewTime(g.Status.ScaledAt.Time)
		out.Status.ScaledAt = &at
	}
	out.Status.Conditions = slices.Clone(g.Status.Conditions)
	return &out
}

// DeepCopyObject implements runtime.Object.
func (g *NodeGroup) DeepCopyObject() runtime.Object { return g.DeepCopy() }

// DeepCopyObject implements runtime.Object.
func (l *NodeGroupList) DeepCopyObject() runtime.Object {
	out := &NodeGroupList{TypeMeta: l.TypeMeta, ListMeta: *l.ListMeta.DeepCopy()}
	if l.Items != nil {
		out.Items = make([]NodeGroup, len(l.Items))
	}
	for i := range l.Items {
		out.Items[i] = *l.Items[i].DeepCopy()
	}
	return out
}
