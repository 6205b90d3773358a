// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"cmp"
	"encoding/json"
	"maps"
	"math/bits"
	"net/netip"
	"slices"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// The words for what pmks manages.
const (
	kindManaged     = "MANAGED_CLUSTER"
	kindIndependent = "INDEPENDENT_CLUSTER"
	networkGR       = "GR"
	networkCNI      = "VPC-CNI"
)

func (s *Server) createCluster(c *call, in *createClusterRequest) (any, *apiError) {
	if in.ClusterBasicSettings == nil {
		in.ClusterBasicSettings = &clusterBasicSettings{}
	}
	if in.ClusterAdvancedSettings == nil {
		in.ClusterAdvancedSettings = &clusterAdvancedSettings{}
	}
	basic := in.ClusterBasicSettings
	if e := s.checkCreateCluster(c, in); e != nil {
		return nil, e
	}
	rec := s.newRecord(c.region, in)
	var tags []tagObject
	for _, t := range basic.TagSpecification {
		tags = append(tags, t.Tags...)
	}
	task := s.newTask(c.Now, taskCreate, rec)
	result, e := s.apply(c, core.CreateCluster{
		Name: basic.ClusterName, Version: basic.ClusterVersion, Tags: tagMap(tags),
		Network: pmks.NetworkInfo{VpcIID: pmks.IID{SystemId: basic.VPCID}},
	}, task.finish)
	if e != nil {
		return nil, e
	}
	s.keep(rec, task, result.Cluster)
	if in.ClusterAdvancedSettings.DeletionProtection {
		if e := s.must(c.Now, core.SetProtection{ClusterID: rec.id, On: true}); e != nil {
			return nil, e
		}
	}
	s.forget(c.Now)
	return createClusterResponse{rec.id}, nil
}

// newRecord keeps what the core has no place for.
func (s *Server) newRecord(region string, in *createClusterRequest) *clusterRecord {
	basic, advanced, ranges := in.ClusterBasicSettings, in.ClusterAdvancedSettings, in.ClusterCIDRSettings
	rec := &clusterRecord{
		kind: in.ClusterType, region: region, vpc: basic.VPCID, description: basic.ClusterDescription,
		os: cmp.Or(basic.ClusterOS, "tlinux3.1x86_64"), osKind: cmp.Or(basic.OSCustomizeType, "GENERAL"), runtime: cmp.Or(advanced.ContainerRuntime, "docker"),
		level: cmp.Or(basic.ClusterLevel, "L5"), autoLevel: basic.AutoUpgradeClusterLevel != nil && *basic.AutoUpgradeClusterLevel.IsAutoUpgrade,
		network: cmp.Or(advanced.NetworkType, networkGR), podCIDR: ranges.ClusterCIDR,
		podsPerNode: roundUp(ranges.MaxNodePodNum, 256), services: roundUp(ranges.MaxClusterServiceNum, 256),
		podSubnets: ranges.EniSubnetIDs, ipvs: advanced.IPVS, proxyMode: cmp.Or(advanced.KubeProxyMode, "iptables"),
		nodeNames: cmp.Or(advanced.NodeNameType, "lan-ip"), project: basic.ProjectID, pools: map[string]*poolRecord{}, addons: slices.Clone(defaultAddons),
	}
	if rec.ipvs {
		rec.proxyMode = "ipvs"
	}
	rec.serviceCIDR = cmp.Or(ranges.ServiceCIDR, serviceRange(rec.podCIDR, rec.services))
	// One that cannot be made is left out of the kubeconfig.
	rec.authority, _ = s.NewAuthority("kubernetes", s.Random.Key())
	return rec
}

// roundUp is the power of two that is not below a number.
func roundUp(n *uint64, otherwise int64) int64 {
	if n == nil || *n == 0 {
		return otherwise
	}
	return 1 << bits.Len64(*n-1)
}

// serviceRange is the end of the pods' network, which Services have where they are given
// none of their own.
func serviceRange(pods string, services int64) string {
	prefix, err := netip.ParsePrefix(pods)
	if err != nil || !prefix.Addr().Is4() {
		return ""
	}
	size := int64(1) << (32 - prefix.Bits())
	b := prefix.Masked().Addr().As4()
	first := int64(b[0])<<24 | int64(b[1])<<16 | int64(b[2])<<8 | int64(b[3])
	first += size - services
	addr := netip.AddrFrom4([4]byte{byte(first >> 24), byte(first >> 16), byte(first >> 8), byte(first)})
	return netip.PrefixFrom(addr, 33-bits.Len64(uint64(services))).String()
}

// keep puts the record of a cluster that has been made into the index.
func (s *Server) keep(rec *clusterRecord, task *taskRecord, live *core.Cluster) {
	rec.id, rec.live = live.ID, live
	s.clusters[rec.id] = rec
	if task != nil {
		rec.tasks = append(rec.tasks, task)
	}
}

// clusterObject shows a cluster, which may be the one before the last change.
func (s *Server) clusterObject(c *call, live *core.Cluster, rec *clusterRecord) clusterObject {
	property, _ := json.Marshal(struct { // texts only
		NodeNameType string
		NetworkType  string
	}{rec.nodeNames, rec.network})
	o := clusterObject{
		ClusterID: live.ID, ClusterName: live.Name, ClusterDescription: rec.description, ClusterVersion: live.Version, ClusterOS: rec.os,
		ClusterType: rec.kind,
		ClusterNetworkSettings: networkSettings{
			ClusterCIDR: rec.podCIDR, MaxNodePodNum: rec.podsPerNode, MaxClusterServiceNum: rec.services, IPVS: rec.ipvs, VPCID: rec.vpc,
			CNI: true, KubeProxyMode: rec.proxyMode, ServiceCIDR: rec.serviceCIDR, Subnets: rec.podSubnets,
		},
		ProjectID: rec.project, ClusterStatus: s.stateOf(rec, live), Property: string(property),
		OSCustomizeType: rec.osKind, ContainerRuntime: rec.runtime, CreatedTime: stamp(live.Created), DeletionProtection: live.Protected,
		ClusterLevel: rec.level, AutoUpgradeClusterLevel: rec.autoLevel, RuntimeVersion: "1.6.9",
	}
	if image, ok := s.resources.image(rec.os); ok {
		o.ImageID = image.ID
	}
	if tags := tagList(live.Tags); len(tags) > 0 {
		o.TagSpecification = []tagSpecification{{"cluster", tags}}
	}
	for _, g := range live.Groups {
		for _, n := range rec.pools[g.ID].nodes {
			if n.there(c.Now) {
				o.ClusterNodeNum++
			}
		}
	}
	return o
}

// nowShown returns the clusters of a region as reads show them, those of some ids or all.
func (s *Server) nowShown(c *call, ids []string) []*core.Cluster {
	var list []*core.Cluster
	for live := range s.world.All(c.Now) {
		if rec := s.clusters[live.ID]; rec.region == c.region && (len(ids) == 0 || slices.Contains(ids, live.ID)) && !(s.assumptions.IDsCurrent && len(ids) > 0) {
			list = append(list, live)
		}
	}
	if s.assumptions.IDsCurrent {
		for _, id := range ids {
			if rec, e := s.find(c, id, ""); e == nil {
				list = append(list, rec.live)
			}
		}
	}
	return list
}

func (s *Server) describeClusters(c *call, in *describeClustersRequest) (any, *apiError) {
	by, e := filters(in.Filters, "ClusterName", "ClusterType", "ClusterStatus", "vpc-id", "tag-key", "tag-value", "Tags")
	switch {
	case e != nil:
		return nil, e
	case by["Tags"] != nil:
		return nil, notSimulated("the filter Tags of DescribeClusters")
	case len(in.ClusterIDs) > 100:
		return nil, invalid("at most 100 ClusterIds may be given, got %d", len(in.ClusterIDs))
	}
	var list []*core.Cluster
	for _, live := range s.nowShown(c, in.ClusterIDs) {
		rec := s.clusters[live.ID]
		is := func(name, value string) bool { return by[name] == nil || slices.Contains(by[name], value) }
		tagged := func(name string, part func(tagObject) string) bool {
			return by[name] == nil || slices.ContainsFunc(tagList(live.Tags), func(t tagObject) bool { return slices.Contains(by[name], part(t)) })
		}
		if s.named(by["ClusterName"], live.Name) && is("ClusterType", rec.kind) && is("ClusterStatus", s.stateOf(rec, live)) && is("vpc-id", rec.vpc) &&
			tagged("tag-key", func(t tagObject) string { return t.Key }) && tagged("tag-value", func(t tagObject) string { return t.Value }) &&
			(in.ClusterType == "" || in.ClusterType == rec.kind) {
			list = append(list, live)
		}
	}
	items, total, e := page(s, c, in.Offset, in.Limit, list)
	out := describeClustersResponse{total, make([]clusterObject, len(items))}
	for i, live := range items {
		out.Clusters[i] = s.clusterObject(c, live, s.clusters[live.ID])
	}
	return out, e
}

// named says whether a filter by name takes a name.
func (s *Server) named(values []string, name string) bool {
	return values == nil || slices.ContainsFunc(values, func(v string) bool {
		return v == name || s.assumptions.SubstringFilters && strings.Contains(name, v)
	})
}

func (s *Server) describeClusterStatus(c *call, in *describeStatusRequest) (any, *apiError) {
	if len(in.ClusterIDs) > 100 {
		return nil, invalid("at most 100 ClusterIds may be given, got %d", len(in.ClusterIDs))
	}
	list := []statusObject{}
	for _, live := range s.nowShown(c, in.ClusterIDs) {
		rec := s.clusters[live.ID]
		o := statusObject{
			ClusterID: live.ID, ClusterState: s.stateOf(rec, live), ClusterInstanceState: "AllNormal", ClusterDeletionProtection: live.Protected,
		}
		for _, g := range live.Groups {
			for _, n := range rec.pools[g.ID].nodesAt(c.Now) {
				switch n.state {
				case nodeRunning:
					o.ClusterRunningNodeNum++
				case nodeFailed:
					o.ClusterFailedNodeNum++
				default:
					o.ClusterInitNodeNum++
				}
			}
		}
		if live.State != profile.Active { // -1 means unknown
			o.ClusterInitNodeNum, o.ClusterRunningNodeNum, o.ClusterFailedNodeNum, o.ClusterClosedNodeNum, o.ClusterClosingNodeNum = -1, -1, -1, -1, -1
		}
		if o.ClusterFailedNodeNum > 0 {
			o.ClusterInstanceState = "PartialAbnormal"
		}
		list = append(list, o)
	}
	return describeStatusResponse{int64(len(list)), list}, nil
}

func (s *Server) deleteCluster(c *call, in *deleteClusterRequest) (any, *apiError) {
	if in.InstanceDeleteMode != "terminate" && in.InstanceDeleteMode != "retain" {
		return nil, fail("FailedOperation.Param", "PARAM_ERROR(InstanceDeleteMode %q must be terminate or retain)", in.InstanceDeleteMode)
	}
	for _, o := range in.ResourceDeleteOptions {
		if !slices.Contains([]string{"CBS", "CLB", "CVM"}, o.ResourceType) || !slices.Contains([]string{"terminate", "retain"}, o.DeleteMode) {
			return nil, fail("FailedOperation.Param", "PARAM_ERROR(ResourceDeleteOptions has %s of %s)", o.DeleteMode, o.ResourceType)
		}
	}
	rec, e := s.find(c, in.ClusterID, "InternalError")
	if e != nil {
		return nil, e
	}
	switch live := rec.live; live.State {
	case profile.Creating, profile.Updating:
		return nil, clusterState("InternalError", rec.id, s.stateOf(rec, live))
	case profile.Deleting:
		if !s.assumptions.RepeatedDeletionOK {
			return nil, clusterState("InternalError", rec.id, s.stateOf(rec, live))
		}
		return nil, nil
	}
	if rec.live.Protected {
		return nil, fail("OperationDenied.ClusterInDeletionProtection", "the cluster %s is in deletion protection", rec.id)
	}
	if e := s.protectedNodes(rec, "", in.InstanceDeleteMode == "terminate"); e != nil {
		return nil, e
	}
	task := s.newTask(c.Now, taskDelete, rec)
	if _, e := s.apply(c, core.DeleteCluster{ClusterID: rec.id}, func(end core.OperationRecord) {
		task.finish(end)
		rec.ended(end)
	}); e != nil {
		return nil, e
	}
	rec.tasks = append(rec.tasks, task)
	return nil, nil
}

// ended is what is left to do when a cluster is gone: the activities of its scaling groups
// are over.
func (rec *clusterRecord) ended(end core.OperationRecord) {
	for _, known := range rec.pools {
		known.cancelActivities(end.End)
	}
}

// protectedNodes refuses to terminate a node that may not be, in one node pool or in all.
func (s *Server) protectedNodes(rec *clusterRecord, pool string, terminate bool) *apiError {
	for _, id := range slices.Sorted(maps.Keys(rec.pools)) {
		known := rec.pools[id]
		for _, instance := range slices.Sorted(maps.Keys(known.nodes)) {
			if terminate && known.nodes[instance].protected && (pool == "" || pool == id) {
				return fail("FailedOperation.CvmDeletionProtection", "the instance %s is in deletion protection", instance)
			}
		}
	}
	return nil
}

func setProtection(on bool) handler {
	return with(func(s *Server, c *call, in *clusterIDRequest) (any, *apiError) {
		if _, e := s.find(c, in.ClusterID, "ResourceNotFound"); e != nil {
			return nil, e
		}
		return nil, s.must(c.Now, core.SetProtection{ClusterID: in.ClusterID, On: on})
	})
}
