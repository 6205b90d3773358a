// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"maps"
	"slices"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/operator/api/v1alpha1"
)

func iid(r v1alpha1.Ref) pmks.IID { return pmks.IID{NameId: r.Name, SystemId: r.ID} }

func iids(refs []v1alpha1.Ref) (list []pmks.IID) {
	for _, r := range refs {
		list = append(list, iid(r))
	}
	return list
}

// clusterRequest is what is asked of the cloud, with the groups that come with the
// creation.
func clusterRequest(c *v1alpha1.ManagedCluster, groups []v1alpha1.NodeGroup) pmks.ClusterInfo {
	req := pmks.ClusterInfo{
		IId: pmks.IID{NameId: c.CloudName()}, Version: c.Spec.Version,
		Network: pmks.NetworkInfo{VpcIID: iid(c.Spec.Network.VPC), SubnetIIDs: iids(c.Spec.Network.Subnets), SecurityGroupIIDs: iids(c.Spec.Network.SecurityGroups)},
		Access:  pmks.Access{Mode: pmks.AccessMode(c.Spec.Access.Mode), CIDRs: c.Spec.Access.CIDRs},
	}
	for _, key := range slices.Sorted(maps.Keys(c.Spec.Tags)) {
		req.TagList = append(req.TagList, pmks.KeyValue{Key: key, Value: c.Spec.Tags[key]})
	}
	for i := range groups {
		req.NodeGroupList = append(req.NodeGroupList, groupRequest(&groups[i]))
	}
	return req
}

func groupRequest(g *v1alpha1.NodeGroup) pmks.NodeGroupInfo {
	s := g.Spec
	req := pmks.NodeGroupInfo{
		IId: pmks.IID{NameId: g.CloudName()}, VMSpecName: s.VMSpec, ImageIID: iid(s.Image), RootDiskType: s.RootDiskType, RootDiskSize: s.RootDiskSize,
		KeyPairIID: iid(s.KeyPair), OnAutoScaling: s.AutoScaling,
		DesiredNodeSize: int(s.Desired), MinNodeSize: int(s.Min), MaxNodeSize: int(s.Max),
		Labels: s.Labels, Spot: s.Spot, Zones: s.Zones,
	}
	for _, t := range s.Taints {
		req.Taints = append(req.Taints, pmks.Taint{Key: t.Key, Value: t.Value, Effect: pmks.TaintEffect(t.Effect)})
	}
	return req
}

// clusterIID names the cluster of an object as well as it is known.
func clusterIID(c *v1alpha1.ManagedCluster) pmks.IID {
	if c.Status.ID != "" {
		return pmks.IID{NameId: c.Status.Name, SystemId: c.Status.ID}
	}
	return pmks.IID{NameId: c.CloudName()}
}

func groupIID(g *v1alpha1.NodeGroup) pmks.IID {
	if g.Status.ID != "" {
		return pmks.IID{NameId: g.Status.Name, SystemId: g.Status.ID}
	}
	return pmks.IID{NameId: g.CloudName()}
}
