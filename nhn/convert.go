// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/refuse"
)

// facts is a KeyValueList under construction.
type facts []pmks.KeyValue

// newFacts begins one, with room for some, with NKS's word for a state.
func newFacts(room int, status text) facts {
	return append(make(facts, 0, room), pmks.KeyValue{Key: pmks.KeyNativeStatus, Value: string(status)})
}

func (f *facts) add(key, text string) {
	if text != "" {
		*f = append(*f, pmks.KeyValue{Key: key, Value: text})
	}
}

// info converts a view. What was not read of a group beside the list, and the nodes,
// are added by who reads them.
func (v view) info(n known) pmks.ClusterInfo {
	c := v.cluster
	m := c.meaning()
	info := pmks.ClusterInfo{
		IId:     c.iid(),
		Version: string(c.Labels["kube_tag"]),
		Network: v.network(n),
		Status:  m.Status, StatusReason: m.Reason, StatusFinal: m.Final,
		CreatedTime: stamp(c.CreatedAt),
	}
	if info.AccessInfo.Endpoint = strings.TrimSpace(string(c.APIAddress)); !strings.HasPrefix(info.AccessInfo.Endpoint, "http") {
		info.AccessInfo.Endpoint = ""
	}
	info.Access = accessOf(c.Labels[keyPublicEndpoint], info.AccessInfo.Endpoint)
	f := newFacts(12, c.Status)
	f.add("HealthStatus", string(c.HealthStatus))
	f.add("ApiStatus", c.apiStatus())
	for _, key := range []string{"kube_version_status", "platform_version", "certificate_expiry", "cni_driver",
		"service_cluster_ip_range", "pods_network_cidr", "pods_network_subnet"} {
		f.add(key, string(c.Labels[key]))
	}
	info.KeyValueList = slices.Clip(pmks.AddUnread(f, "NodeGroupList", v.groupsErr))
	info.KeyValueList = pmks.AddUnread(info.KeyValueList, "Operations", v.eventsErr)
	info.NodeGroupList = slices.Grow(info.NodeGroupList, len(v.groups))
	for _, g := range v.groups {
		group := g.info(n)
		group.KeyPairIID = keyPair(c.KeyPair)
		if err := v.unread[g.UUID]; err != nil {
			for _, field := range []string{"Version", "RootDiskType", "RootDiskSize", "OnAutoScaling", "MinNodeSize", "MaxNodeSize", "Nodes", "Labels", "Zones"} {
				group.KeyValueList = pmks.AddUnread(group.KeyValueList, field, err)
			}
		}
		info.NodeGroupList = append(info.NodeGroupList, group)
	}
	v.showPending(&info)
	return info
}

func (c clusterObject) iid() pmks.IID { return pmks.IID{NameId: c.Name, SystemId: c.UUID} }
func (g groupObject) iid() pmks.IID   { return pmks.IID{NameId: g.Name, SystemId: g.UUID} }

// keyPair is a key pair: a name in the list of the user who made the cluster.
func keyPair(name text) pmks.IID { return pmks.IID{NameId: string(name), SystemId: string(name)} }

// network is where a cluster is. The security groups are those of the first group's
// nodes, besides the one that NKS makes.
func (v view) network(n known) pmks.NetworkInfo {
	c := v.cluster
	var in pmks.NetworkInfo
	if c.FixedNetwork != "" {
		in.VpcIID = n.vpcs.iid(string(c.FixedNetwork))
	}
	if c.FixedSubnet != "" {
		in.SubnetIIDs = append(in.SubnetIIDs, pmks.IID{NameId: string(c.FixedSubnet), SystemId: string(c.FixedSubnet)})
	}
	first := v.firstGroup()
	for _, id := range split(string(first.label(c, "additional_subnet_id_list")), ":") {
		in.SubnetIIDs = append(in.SubnetIIDs, pmks.IID{NameId: id, SystemId: id})
	}
	for _, group := range securityGroups(first.label(c, "extra_security_groups")) {
		for _, id := range split(group.IDs, ",") {
			if iid := (pmks.IID{NameId: id, SystemId: id}); !slices.Contains(in.SecurityGroupIIDs, iid) {
				in.SecurityGroupIIDs = append(in.SecurityGroupIIDs, iid)
			}
		}
	}
	return in
}

// firstGroup is the group that came with the cluster, or where that was removed the
// first that is there.
func (v view) firstGroup() groupObject {
	for _, g := range v.groups {
		if g.Name == firstGroup {
			return g
		}
	}
	if len(v.groups) > 0 {
		return v.groups[0]
	}
	return groupObject{}
}

// label is a fact of a group: its own label, or that of its cluster, which old clusters
// have alone.
func (g groupObject) label(c clusterObject, key string) text {
	if own := g.Labels[key]; own != "" {
		return own
	}
	return c.Labels[key]
}

// securityGroups reads a label that is an array, or a text with one.
func securityGroups(label text) []securityGroupsObject {
	var list []securityGroupsObject
	_ = json.Unmarshal([]byte(label), &list) // what is no list names no groups
	return list
}

// split splits a list, which may have separators too many.
func split(list, separator string) []string {
	parts := strings.Split(list, separator)
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return slices.DeleteFunc(parts, func(s string) bool { return s == "" })
}

// info converts a group without its nodes and its key pair.
func (g groupObject) info(n known) pmks.NodeGroupInfo {
	m := g.meaning()
	info := pmks.NodeGroupInfo{
		IId:           g.iid(),
		ImageIID:      n.images.iid(string(g.ImageID)),
		VMSpecName:    n.flavors.name(string(g.FlavorID)),
		RootDiskType:  string(g.Labels["boot_volume_type"]),
		RootDiskSize:  string(g.Labels["boot_volume_size"]),
		OnAutoScaling: g.Labels["ca_enable"].isTrue(),
		Status:        m.NodeGroupStatus(), StatusReason: m.Reason, StatusFinal: m.Final,
		Version: string(g.Labels["kube_tag"]),
		Labels:  g.userLabels(), Zones: zones(g.Labels["availability_zone"]),
	}
	f := newFacts(2, g.Status)
	f.add("Zone", string(g.Labels["availability_zone"]))
	var counted bool
	if info.DesiredNodeSize, counted = g.NodeCount.number(); !counted {
		f = pmks.AddUnread(f, "DesiredNodeSize", &pmks.Error{Code: pmks.CodeUnavailable})
	}
	info.KeyValueList = slices.Clip(f)
	info.MinNodeSize, info.MaxNodeSize = bounds(g.Labels["ca_min_node_count"], g.Labels["ca_max_node_count"], g)
	info = capabilities.WithDefaultBounds(info)
	if !info.OnAutoScaling && counted {
		// Others may have changed the size since: what is shown can be written back.
		info.MinNodeSize, info.MaxNodeSize = min(info.MinNodeSize, info.DesiredNodeSize), max(info.MaxNodeSize, info.DesiredNodeSize)
	}
	return info
}

// bounds are those of the autoscaler, or Magnum's own where it has none; 0 and 0 where
// nobody gave any.
func bounds(least, most text, g groupObject) (minimum, maximum int) {
	for _, pair := range [][2]text{{least, most}, {g.MinNodeCount, g.MaxNodeCount}} {
		minimum, hasMin := pair[0].number()
		maximum, hasMax := pair[1].number()
		if hasMin && hasMax && maximum > 0 {
			return minimum, maximum
		}
	}
	return 0, 0
}

// passedLabels are the labels that a request may give in its KeyValueList, with "label:"
// before them (NKS API guide, "Create a Cluster").
var passedLabels = []string{"boot_volume_appkey", "boot_volume_key_id", "ca_pod_replicas", "ca_scale_down_delay_after_add",
	"ca_scale_down_enable", "ca_scale_down_unneeded_time", "ca_scale_down_util_thresh", "control_plane_log", "extra_volumes",
	"fip_auto_bind_enable", "fip_bind_subnet", "fip_selector", "k8s_node_labels", "mba_scale_in", "mba_scale_out", "skm",
	"strict_sg_rules", "user_script_v2"}

const labelPrefix = "label:"

// passLabels copies the labels of a request; arrays and objects are given as JSON.
func passLabels(into map[string]any, list []pmks.KeyValue) error {
	for i, kv := range list {
		key, ok := strings.CutPrefix(kv.Key, labelPrefix)
		if !ok {
			continue
		}
		if !slices.Contains(passedLabels, key) {
			return refuse.Invalid(fmt.Sprintf("KeyValueList[%d].Key", i), "%q is no label that can be given; there are %s", refuse.Clip(key), strings.Join(passedLabels, ", "))
		}
		into[key] = kv.Value
		if value := strings.TrimSpace(kv.Value); strings.HasPrefix(value, "[") || strings.HasPrefix(value, "{") {
			if !json.Valid([]byte(value)) {
				return refuse.Invalid(fmt.Sprintf("KeyValueList[%d].Value", i), "is not JSON")
			}
			into[key] = json.RawMessage(value)
		}
	}
	return nil
}

// boolLabel is how NKS writes a bool in a label.
func boolLabel(b bool) string {
	if b {
		return "True"
	}
	return "False"
}
