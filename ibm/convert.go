// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
)

// Labels of worker pools that pmks keeps. They are Kubernetes' own, which the nodes
// show as well; of IBM's labels none is written.
const (
	labelPrefix        = "pmks.io/"
	labelRequest       = labelPrefix + "request" // what only one request has
	labelMin           = labelPrefix + "min"
	labelMax           = labelPrefix + "max"
	labelName          = labelPrefix + "name"           // that a request gave the first pool
	labelIgnored       = labelPrefix + "ignored"        // fields of the request, with dots between them
	labelSecurityGroup = labelPrefix + "securitygroup-" // and a number, for their order
	labelTag           = "tag.pmks.io/"                 // and the key of a tag of the cluster

	ibmPrefix = "ibm-cloud.kubernetes.io/"
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
		Network: networkInfo(v), TagList: tags(v.pools), AccessInfo: pmks.AccessInfo{Endpoint: h.endpoint(c)},
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
	for _, p := range v.pools {
		if n.VpcIID.IsZero() && p.VPCID != "" {
			n.VpcIID = same(p.VPCID)
		}
		for _, z := range p.Zones {
			for _, s := range z.Subnets {
				if !seen[s.ID] {
					n.SubnetIIDs = append(n.SubnetIIDs, same(s.ID))
				}
				seen[s.ID] = true
			}
		}
	}
	for _, p := range v.pools {
		if n.SecurityGroupIIDs = securityGroups(p.Labels); len(n.SecurityGroupIIDs) > 0 {
			break
		}
	}
	return n
}

// securityGroups are those that a pool remembers, sorted by their ids.
func securityGroups(labels map[string]string) []pmks.IID {
	var ids []string
	for key, id := range labels {
		if strings.HasPrefix(key, labelSecurityGroup) {
			ids = append(ids, id)
		}
	}
	return sameAll(ids)
}

// sameAll are ids as they are shown, sorted.
func sameAll(ids []string) []pmks.IID {
	var list []pmks.IID
	for _, id := range slices.Sorted(slices.Values(ids)) {
		list = append(list, same(id))
	}
	return list
}

// tags are those of the cluster, which every pool that pmks makes carries.
func tags(pools []poolObject) []pmks.KeyValue {
	all := map[string]string{}
	for _, p := range pools {
		for key, value := range p.Labels {
			if tag, ok := strings.CutPrefix(key, labelTag); ok {
				all[tag] = value
			}
		}
	}
	var list []pmks.KeyValue
	for _, key := range slices.Sorted(maps.Keys(all)) {
		list = append(list, pmks.KeyValue{Key: key, Value: all[key]})
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
		Nodes: nodes(workers), Version: groupVersion(workers),
	}
	if p.OperatingSystem != "" {
		info.ImageIID = same(p.OperatingSystem)
	}
	info.MinNodeSize, info.MaxNodeSize = bounds(p)
	info = capabilities.WithDefaultBounds(info)
	facts := facts{{Key: pmks.KeyNativeStatus, Value: p.Lifecycle.ActualState}}
	var zones []string
	for _, z := range p.Zones {
		zones = append(zones, z.ID)
	}
	facts.add("Zones", strings.Join(zones, ","))
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

// bounds are those that a pool remembers; 0 where it has none.
func bounds(p poolObject) (minimum, maximum int) {
	minimum, _ = strconv.Atoi(p.Labels[labelMin])
	maximum, _ = strconv.Atoi(p.Labels[labelMax])
	return minimum, maximum
}

// ownLabels are the labels of a pool that a write must carry: all but IBM's.
func ownLabels(p poolObject) map[string]string {
	labels := map[string]string{}
	for key, value := range p.Labels {
		if !strings.HasPrefix(key, ibmPrefix) {
			labels[key] = value
		}
	}
	return labels
}

// endpoint is the URL of the API server, as the settings want it.
func (h *Handler) endpoint(c clusterObject) string {
	e := c.ServiceEndpoints
	public, private := "", ""
	if e.PublicEnabled {
		public = e.PublicURL
	}
	if e.PrivateEnabled {
		private = e.PrivateURL
	}
	switch h.cfg.EndpointType {
	case endpointPrivate:
		return private
	case endpointVPE:
		return c.VPEURL
	}
	return cmp.Or(public, private, c.MasterURL)
}
