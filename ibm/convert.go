// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"cmp"
	"slices"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
)

// facts is a KeyValueList under construction.
type facts []pmks.KeyValue

func (f *facts) add(key, text string) {
	if text != "" {
		*f = append(*f, pmks.KeyValue{Key: key, Value: text})
	}
}

// version is that of Kubernetes in the words of IKS: without the fix pack, and while a
// master goes to another one, that which it runs.
func version(native string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(native), " ")
	first, _, _ = strings.Cut(first, "_")
	if _, err := kver.Parse(first); err != nil {
		return ""
	}
	return first
}

// clusterInfo converts what was read of a cluster.
func (h *Handler) clusterInfo(v view) pmks.ClusterInfo {
	c := v.c
	m := clusterMeaning(c, v.workers)
	info := pmks.ClusterInfo{
		IId: clusterIID(c), Version: version(c.MasterKubeVersion), CreatedTime: stamp(c.CreatedDate),
		Network: networkInfo(v), TagList: tags(v.pools), AccessInfo: pmks.AccessInfo{Endpoint: h.endpoint(c)}, Access: access(c),
		Status: m.Status, StatusReason: m.Reason, StatusFinal: m.Final,
	}
	facts := facts{{Key: pmks.KeyNativeStatus, Value: c.State}}
	for _, f := range []struct{ key, text string }{
		{"MasterState", c.Lifecycle.MasterState}, {"MasterHealth", c.Lifecycle.MasterHealth}, {"MasterStatus", c.Lifecycle.MasterStatus},
		{"Region", c.Region}, {"Zones", strings.Join(c.WorkerZones, ",")}, {"CRN", c.CRN},
		{"ResourceGroup", c.ResourceGroup}, {"ResourceGroupName", c.ResourceGroupName},
		{"MasterVersion", c.MasterKubeVersion}, {"TargetVersion", c.TargetVersion}, {"VersionEOS", c.VersionEOS},
		{"PodSubnet", c.PodSubnet}, {"ServiceSubnet", c.ServiceSubnet}, {"IngressHostname", c.Ingress.Hostname},
	} {
		facts.add(f.key, f.text)
	}
	info.KeyValueList = facts
	for _, a := range c.Addons {
		info.Addons.KeyValueList = append(info.Addons.KeyValueList, pmks.KeyValue{Key: a.Name, Value: a.Version})
	}
	for _, p := range v.pools {
		info.NodeGroupList = append(info.NodeGroupList, v.group(p))
	}
	return info
}

// networkInfo is where a cluster is. Its security groups are those that its pools
// remember; GetCluster asks IBM.
func networkInfo(v view) pmks.NetworkInfo {
	var n pmks.NetworkInfo
	if len(v.c.VPCs) > 0 {
		n.VpcIID = same(v.c.VPCs[0])
	}
	seen := map[string]bool{}
	add := func(subnet string) {
		if !seen[subnet] {
			n.SubnetIIDs = append(n.SubnetIIDs, same(subnet))
		}
		seen[subnet] = true
	}
	for _, p := range v.pools {
		if n.VpcIID.IsZero() && p.VPCID != "" {
			n.VpcIID = same(p.VPCID)
		}
		for _, z := range p.Zones {
			for _, s := range z.Subnets {
				add(s.ID)
			}
		}
	}
	for _, p := range v.pools {
		for _, z := range otherZones(p) {
			add(z.SubnetID)
		}
	}
	for _, p := range v.pools {
		if n.SecurityGroupIIDs = securityGroups(p.Labels); len(n.SecurityGroupIIDs) > 0 {
			break
		}
	}
	return n
}

// sameAll are ids as they are shown, sorted.
func sameAll(ids []string) []pmks.IID {
	var list []pmks.IID
	for _, id := range slices.Sorted(slices.Values(ids)) {
		list = append(list, same(id))
	}
	return list
}

// group converts a worker pool.
func (v view) group(p poolObject) pmks.NodeGroupInfo {
	workers := v.of(p)
	m := poolMeaning(p, workers, v.workersErr == nil)
	info := pmks.NodeGroupInfo{
		IId: poolIID(p), VMSpecName: p.Flavor, OnAutoScaling: p.AutoscaleEnabled, DesiredNodeSize: size(p),
		Status: m.NodeGroupStatus(), StatusReason: m.Reason, StatusFinal: m.Final,
		Nodes: nodes(workers), Version: groupVersion(workers), Labels: userLabels(p), Taints: userTaints(p),
	}
	if p.Labels[labelTaints] != "" && len(p.Taints) == 0 {
		info.StatusReason = cmp.Or(info.StatusReason, "it has not got the taints of its request: make the same request again")
	}
	if p.OperatingSystem != "" {
		info.ImageIID = same(p.OperatingSystem)
	}
	info.MinNodeSize, info.MaxNodeSize = bounds(p)
	info = capabilities.WithDefaultBounds(info)
	facts := facts{{Key: pmks.KeyNativeStatus, Value: p.Lifecycle.ActualState}}
	for _, z := range p.Zones {
		info.Zones = append(info.Zones, z.ID)
	}
	facts.add("Zones", strings.Join(info.Zones, ","))
	facts.add(pmks.KeyIgnored, strings.ReplaceAll(p.Labels[labelIgnored], ".", ","))
	info.KeyValueList = facts
	if v.workersErr != nil {
		info.KeyValueList = pmks.AddUnread(info.KeyValueList, "Nodes", v.workersErr)
		info.KeyValueList = pmks.AddUnread(info.KeyValueList, "Version", v.workersErr)
	}
	return info
}

// nodes are the workers that are there: not those on their way in or out, and not those
// that failed to come.
func nodes(workers []workerObject) []pmks.IID {
	var list []pmks.IID
	for _, w := range workers {
		if k := kindOf(w); k == wellWorker || k == sickWorker {
			list = append(list, pmks.IID{SystemId: w.ID})
		}
	}
	return list
}

// groupVersion is the oldest version that a worker runs.
func groupVersion(workers []workerObject) string {
	var all []string
	for _, w := range workers {
		if v := version(w.KubeVersion.Actual); v != "" && kindOf(w) != leavingWorker {
			all = append(all, v)
		}
	}
	if all = kver.Sort(all); len(all) > 0 {
		return all[len(all)-1]
	}
	return ""
}

// access is from where the API server can be reached: the private endpoint is always
// there, on which IKS holds no list of networks for the public one either.
func access(c clusterObject) pmks.Access {
	var a pmks.Access
	e := c.ServiceEndpoints
	switch {
	case e.PublicEnabled && e.PrivateEnabled:
		a.Mode = pmks.AccessPublicAndPrivate
	case e.PublicEnabled:
		a.Mode = pmks.AccessPublic
	case e.PrivateEnabled:
		a.Mode = pmks.AccessPrivate
	}
	if e.PublicEnabled {
		a.PublicEndpoint = e.PublicURL
	}
	if e.PrivateEnabled {
		a.PrivateEndpoint = e.PrivateURL
	}
	return a
}

// endpoint is the URL of the API server, as the settings want it.
func (h *Handler) endpoint(c clusterObject) string {
	a := access(c)
	switch h.cfg.EndpointType {
	case endpointPrivate:
		return a.PrivateEndpoint
	case endpointVPE:
		return c.VPEURL
	}
	return cmp.Or(a.PublicEndpoint, a.PrivateEndpoint, c.MasterURL)
}
