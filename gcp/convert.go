// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated

package gcp

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
)

// Labels that pmks keeps. A label takes no "#", no ":" and no capital letter, so
// the spec's form is spelled as CB-Spider spells it on Google Cloud.
const (
	labelPrefix        = "cb-spider-pmks-"
	labelSecurityGroup = labelPrefix + "securitygroup-" // and a number, for their order
	labelKeyPair       = labelPrefix + "keypair"
	labelRequest       = labelPrefix + "req" // what only one request has
	labelMin           = labelPrefix + "min"
	labelMax           = labelPrefix + "max"

	// labelBounds, with the name of a pool behind it, is on the cluster: GKE makes the
	// nodes of a pool anew when a label of the pool changes (gcloud container
	// node-pools update --labels).
	labelBounds = labelPrefix + "bounds-"

	googlePrefix = "goog-" // Google's own
)

// facts is a KeyValueList under construction.
type facts []pmks.KeyValue

func (f *facts) add(key, text string) {
	if text != "" {
		*f = append(*f, pmks.KeyValue{Key: key, Value: text})
	}
}

func (f *facts) addTrue(key string, is bool) {
	if is {
		f.add(key, "true")
	}
}

// clusterInfo converts a cluster without nodes and access.
func (h *Handler) clusterInfo(c *containerpb.Cluster) pmks.ClusterInfo {
	m := clusterMeaning(c)
	info := pmks.ClusterInfo{
		IId:     h.clusterIID(h.refOf(c)),
		Version: cmp.Or(c.GetCurrentMasterVersion(), c.GetInitialClusterVersion()),
		Network: h.networkInfo(c),
		Status:  m.Status, StatusReason: m.Reason, StatusFinal: m.Final,
		TagList: tags(c.GetResourceLabels()),
		Access:  accessOf(c),
	}
	if created, err := time.Parse(time.RFC3339, c.GetCreateTime()); err == nil {
		info.CreatedTime = created.UTC()
	}
	facts := append(make(facts, 0, 8), pmks.KeyValue{Key: pmks.KeyNativeStatus, Value: c.GetStatus().String()})
	facts.add("Location", h.refOf(c).location)
	facts.add("Id", c.GetId())
	facts.add("SelfLink", c.GetSelfLink())
	if channel := c.GetReleaseChannel().GetChannel(); channel != containerpb.ReleaseChannel_UNSPECIFIED {
		facts.add("ReleaseChannel", channel.String())
	}
	facts.addTrue("Autopilot", c.GetAutopilot().GetEnabled())
	if networks := authorizedNetworks(c); networks != nil && len(networks.GetCidrBlocks()) == 0 {
		// In Access that would look as if everybody might.
		facts.add("AuthorizedNetworks", "none")
	}
	info.KeyValueList = facts
	if pools := c.GetNodePools(); len(pools) > 0 {
		info.NodeGroupList = make([]pmks.NodeGroupInfo, 0, len(pools))
	}
	for _, p := range c.GetNodePools() {
		info.NodeGroupList = append(info.NodeGroupList, poolInfo(p, c))
	}
	addons(&info, c.GetAddonsConfig())
	return info
}

func (h *Handler) networkInfo(c *containerpb.Cluster) pmks.NetworkInfo {
	region := regionOf(h.refOf(c).location)
	n := pmks.NetworkInfo{VpcIID: h.network("global/networks/", c.GetNetwork(), c.GetNetworkConfig().GetNetwork())}
	if subnet := h.network("regions/"+region+"/subnetworks/", c.GetSubnetwork(), c.GetNetworkConfig().GetSubnetwork()); !subnet.IsZero() {
		n.SubnetIIDs = []pmks.IID{subnet}
	}
	type numbered struct {
		number int
		name   string
	}
	var groups []numbered
	for key, name := range c.GetResourceLabels() {
		if number, ok := strings.CutPrefix(key, labelSecurityGroup); ok {
			i, _ := strconv.Atoi(number)
			groups = append(groups, numbered{i, name})
		}
	}
	slices.SortFunc(groups, func(a, b numbered) int { return cmp.Or(a.number-b.number, strings.Compare(a.name, b.name)) })
	for _, g := range groups {
		n.SecurityGroupIIDs = append(n.SecurityGroupIIDs, pmks.IID{NameId: g.name, SystemId: g.name})
	}
	return n
}

// network is a network or subnetwork: its short name, and its path, which is that
// of another project where the network is shared.
func (h *Handler) network(kind, short, path string) pmks.IID {
	name := short[strings.LastIndexByte(short, '/')+1:]
	if name == "" {
		name = path[strings.LastIndexByte(path, '/')+1:]
	}
	if path == "" && name != "" {
		path = "projects/" + h.cfg.ProjectID + "/" + kind + name
	}
	return pmks.IID{NameId: name, SystemId: path}
}

func addons(info *pmks.ClusterInfo, a *containerpb.AddonsConfig) {
	for _, addon := range []struct {
		name  string
		there bool
		off   bool
	}{
		{"HorizontalPodAutoscaling", a.GetHorizontalPodAutoscaling() != nil, a.GetHorizontalPodAutoscaling().GetDisabled()},
		{"HttpLoadBalancing", a.GetHttpLoadBalancing() != nil, a.GetHttpLoadBalancing().GetDisabled()},
	} {
		if addon.there {
			state := "Enabled"
			if addon.off {
				state = "Disabled"
			}
			info.Addons.KeyValueList = append(info.Addons.KeyValueList, pmks.KeyValue{Key: addon.name, Value: state})
		}
	}
}

// zonesOf is in how many zones a pool has its nodes.
func zonesOf(p *containerpb.NodePool, cluster *containerpb.Cluster) int {
	return max(1, cmp.Or(len(p.GetLocations()), len(cluster.GetLocations())))
}

// poolInfo converts a node pool of a cluster without its nodes.
func poolInfo(p *containerpb.NodePool, cluster *containerpb.Cluster) pmks.NodeGroupInfo {
	zones := zonesOf(p, cluster)
	c := p.GetConfig()
	m := poolMeaning(p)
	info := pmks.NodeGroupInfo{
		IId:             poolIID(p.GetName()),
		ImageIID:        pmks.IID{NameId: c.GetImageType(), SystemId: c.GetImageType()},
		VMSpecName:      c.GetMachineType(),
		RootDiskType:    c.GetDiskType(),
		OnAutoScaling:   p.GetAutoscaling().GetEnabled(),
		DesiredNodeSize: int(p.GetInitialNodeCount()) * zones,
		Status:          m.NodeGroupStatus(), StatusReason: m.Reason, StatusFinal: m.Final,
		Version: p.GetVersion(),
		Labels:  nodeLabels(c), Taints: nodeTaints(c), Zones: zonesIn(p, cluster),
		// The older kind of them is taken back as well, after a day at the latest.
		Spot: c.GetSpot() || c.GetPreemptible(),
	}
	if size := c.GetDiskSizeGb(); size > 0 {
		info.RootDiskSize = strconv.Itoa(int(size))
	}
	if key := c.GetResourceLabels()[labelKeyPair]; key != "" {
		info.KeyPairIID = pmks.IID{NameId: key, SystemId: key}
	}
	info.MinNodeSize, info.MaxNodeSize = bounds(p, cluster)
	facts := append(make(facts, 0, 4), pmks.KeyValue{Key: pmks.KeyNativeStatus, Value: p.GetStatus().String()})
	facts.add("Zones", strings.Join(p.GetLocations(), ","))
	facts.addTrue("Autoprovisioned", p.GetAutoscaling().GetAutoprovisioned())
	facts.addTrue("Preemptible", c.GetPreemptible())
	facts.addTrue("Spot", c.GetSpot())
	facts.addTrue("Windows", strings.HasPrefix(c.GetImageType(), "WINDOWS"))
	for _, url := range p.GetInstanceGroupUrls() {
		facts.add("InstanceGroup", url)
	}
	info.KeyValueList = facts
	return info
}

// bounds are those of the autoscaler, as totals, or while it is off the recorded
// ones: on the cluster, or else those of the pool's creation.
func bounds(p *containerpb.NodePool, cluster *containerpb.Cluster) (minimum, maximum int) {
	a := p.GetAutoscaling()
	switch zones := zonesOf(p, cluster); {
	case a.GetEnabled() && a.GetTotalMaxNodeCount() > 0:
		return int(a.GetTotalMinNodeCount()), int(a.GetTotalMaxNodeCount())
	case a.GetEnabled():
		return int(a.GetMinNodeCount()) * zones, int(a.GetMaxNodeCount()) * zones
	}
	if text, found := cluster.GetResourceLabels()[labelBounds+p.GetName()]; found {
		if recorded := strings.Split(text, "-"); len(recorded) == 3 && recorded[2] == birthmark(p) {
			return count(recorded[0]), count(recorded[1])
		}
	}
	labels := p.GetConfig().GetResourceLabels()
	return count(labels[labelMin]), count(labels[labelMax])
}

// count is a recorded number; 0 for what is none, which most often is nothing.
func count(text string) int {
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}

// record is the value of the label with a pool's bounds. The birthmark keeps a later
// pool of the same name from taking them for its own.
func record(p *containerpb.NodePool, minimum, maximum int) string {
	return strconv.Itoa(minimum) + "-" + strconv.Itoa(maximum) + "-" + birthmark(p)
}

// birthmark is a part of what only the request for a pool had; pools that pmks did
// not make have none.
func birthmark(p *containerpb.NodePool) string {
	mark := p.GetConfig().GetResourceLabels()[labelRequest]
	return mark[:min(len(mark), 8)]
}

// tags are the labels without those of pmks and of Google, sorted.
func tags(labels map[string]string) []pmks.KeyValue {
	var list []pmks.KeyValue
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		if !strings.HasPrefix(key, labelPrefix) && !strings.HasPrefix(key, googlePrefix) {
			list = append(list, pmks.KeyValue{Key: key, Value: labels[key]})
		}
	}
	return list
}
