// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	aks "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
)

// poolProperties is an agent pool as both shapes of the API have it.
type poolProperties = aks.ManagedClusterAgentPoolProfileProperties

// value is what p points to, or nothing.
func value[T any](p *T) T {
	if p == nil {
		var none T
		return none
	}
	return *p
}

// facts is a KeyValueList under construction.
type facts []pmks.KeyValue

func (f *facts) add(key, text string) {
	if text != "" {
		*f = append(*f, pmks.KeyValue{Key: key, Value: text})
	}
}

// keyNodeResourceGroup is the fact in which resource group the machines are.
const keyNodeResourceGroup = "NodeResourceGroup"

func factOf(list []pmks.KeyValue, key string) string {
	for _, kv := range list {
		if kv.Key == key {
			return kv.Value
		}
	}
	return ""
}

// canonical spells an ARM id as Azure's documentation does. Azure itself writes
// one id in several ways, and an id of pmks must be the same in every answer; group
// is the resource group as the handler spells it.
func canonical(id, group string) string {
	subscription, own, name, ok := clusterSegments(id)
	if !ok {
		parsed, err := arm.ParseResourceID(id)
		if err != nil || parsed.ResourceGroupName == "" || !strings.EqualFold(parsed.ResourceType.String(), clusterType) {
			return id
		}
		subscription, own, name = parsed.SubscriptionID, parsed.ResourceGroupName, parsed.Name
	}
	if !strings.EqualFold(own, group) {
		group = own
	}
	return "/subscriptions/" + strings.ToLower(subscription) + "/resourceGroups/" + group + "/providers/" + clusterType + "/" + name
}

// clusterInfo converts a cluster without its nodes and its kubeconfig.
func clusterInfo(c *aks.ManagedCluster, group string) pmks.ClusterInfo {
	info := pmks.ClusterInfo{IId: pmks.IID{NameId: value(c.Name), SystemId: canonical(value(c.ID), group)}}
	s := clusterState(c)
	m := s.meaning()
	info.Status, info.StatusReason, info.StatusFinal = m.Status, m.Reason, m.Final
	facts := append(make(facts, 0, 16), pmks.KeyValue{Key: pmks.KeyNativeStatus, Value: s.native()})
	facts.add("Location", value(c.Location))
	if c.SKU != nil {
		facts.add("SKUTier", string(value(c.SKU.Tier)))
	}
	p := c.Properties
	if p == nil {
		p = &aks.ManagedClusterProperties{}
	}
	if s.power == "" && s.provisioning == "Succeeded" {
		facts.add("PowerState", "Unknown")
	}
	info.Version = firstText(p.CurrentKubernetesVersion, p.KubernetesVersion)
	info.CreatedTime = created(c)
	info.Network = network(c)
	info.Access = accessOf(p)
	if info.Status == pmks.ClusterCreating {
		// AKS has a name for what does not answer yet.
		info.Access.PublicEndpoint, info.Access.PrivateEndpoint = "", ""
	} else {
		info.AccessInfo.Endpoint = serverURL(p)
	}
	facts.add(keyNodeResourceGroup, value(p.NodeResourceGroup))
	if n := p.NetworkProfile; n != nil {
		facts.add("NetworkPlugin", string(value(n.NetworkPlugin)))
		facts.add("NetworkPluginMode", string(value(n.NetworkPluginMode)))
		facts.add("PodCIDR", value(n.PodCidr))
		facts.add("ServiceCIDR", value(n.ServiceCidr))
	}
	if c.SKU != nil && value(c.SKU.Name) != aks.ManagedClusterSKUNameBase {
		facts.add("SKU", string(value(c.SKU.Name)))
	}
	if n := p.NodeProvisioningProfile; n != nil && value(n.Mode) != aks.NodeProvisioningModeManual {
		facts.add("NodeProvisioning", string(value(n.Mode))) // there are nodes outside of the node groups
	}
	if isPrivate(p) {
		facts.add("APIServer", "private")
	}
	if value(p.DisableLocalAccounts) {
		facts.add("LocalAccounts", "disabled")
	}
	if p.AADProfile != nil {
		facts.add("EntraTenant", value(p.AADProfile.TenantID))
	}
	if n := len(p.AgentPoolProfiles); n > 0 {
		info.NodeGroupList = make([]pmks.NodeGroupInfo, 0, n)
	}
	key := tags(c.Tags).keyPair()
	for _, profile := range p.AgentPoolProfiles {
		if profile == nil || value(profile.Name) == "" {
			continue // nobody could ask for it
		}
		info.NodeGroupList = append(info.NodeGroupList, poolInfo(info.IId.SystemId, value(profile.Name), properties(profile), key))
	}
	for _, name := range slices.Sorted(maps.Keys(p.AddonProfiles)) {
		if a := p.AddonProfiles[name]; a != nil {
			info.Addons.KeyValueList = append(info.Addons.KeyValueList, pmks.KeyValue{Key: name, Value: enabled(value(a.Enabled))})
		}
	}
	info.KeyValueList, info.TagList = facts, tags(c.Tags).ofUser()
	return info
}

func enabled(on bool) string {
	if on {
		return "Enabled"
	}
	return "Disabled"
}

// properties are what pmks reads of a pool within a cluster. The compiler writes it out
// where it is called, and the copy need not outlive that.
func properties(p *aks.ManagedClusterAgentPoolProfile) *poolProperties {
	c := copyProperties(p)
	return &c
}

func copyProperties(p *aks.ManagedClusterAgentPoolProfile) poolProperties {
	return poolProperties{
		AvailabilityZones: p.AvailabilityZones, Count: p.Count, CurrentOrchestratorVersion: p.CurrentOrchestratorVersion,
		ETag: p.ETag, EnableAutoScaling: p.EnableAutoScaling, MaxCount: p.MaxCount, MaxPods: p.MaxPods, MinCount: p.MinCount,
		Mode: p.Mode, NodeImageVersion: p.NodeImageVersion, NodeLabels: p.NodeLabels, NodeTaints: p.NodeTaints, OSDiskSizeGB: p.OSDiskSizeGB, OSDiskType: p.OSDiskType, OSSKU: p.OSSKU,
		OSType: p.OSType, OrchestratorVersion: p.OrchestratorVersion, PodSubnetID: p.PodSubnetID, PowerState: p.PowerState,
		ProvisioningState: p.ProvisioningState, ScaleSetPriority: p.ScaleSetPriority, Status: p.Status, Tags: p.Tags, Type: p.Type,
		VMSize: p.VMSize, VirtualMachineNodesStatus: p.VirtualMachineNodesStatus, VirtualMachinesProfile: p.VirtualMachinesProfile,
		VnetSubnetID: p.VnetSubnetID,
	}
}

// poolInfo converts an agent pool without its nodes. key is that of its cluster,
// which a pool of pmks remembers as well.
func poolInfo(clusterID, name string, p *poolProperties, key pmks.IID) pmks.NodeGroupInfo {
	info := pmks.NodeGroupInfo{
		IId:             pmks.IID{NameId: name, SystemId: clusterID + "/agentPools/" + name},
		ImageIID:        image(p),
		VMSpecName:      value(p.VMSize),
		RootDiskType:    string(value(p.OSDiskType)),
		KeyPairIID:      tags(p.Tags).keyPairOr(key),
		OnAutoScaling:   value(p.EnableAutoScaling),
		DesiredNodeSize: int(value(p.Count)),
		Version:         firstText(p.CurrentOrchestratorVersion, p.OrchestratorVersion),
	}
	singles := singleMachines(p)
	if len(singles) > 0 {
		info.DesiredNodeSize = 0
	}
	for _, m := range singles {
		info.DesiredNodeSize += m.count
		info.VMSpecName = firstOf(info.VMSpecName, m.size)
	}
	if size := value(p.OSDiskSizeGB); size > 0 {
		info.RootDiskSize = strconv.Itoa(int(size))
	}
	info.MinNodeSize, info.MaxNodeSize = bounds(p)
	if !info.OnAutoScaling {
		info = capabilities.WithDefaultBounds(info)
		// Others may have changed the size since: what is shown can be written back.
		info.MinNodeSize, info.MaxNodeSize = min(info.MinNodeSize, info.DesiredNodeSize), max(info.MaxNodeSize, info.DesiredNodeSize)
	}
	s := poolState(p)
	m := s.meaning()
	info.Status, info.StatusReason, info.StatusFinal = m.NodeGroupStatus(), m.Reason, m.Final
	facts := append(make(facts, 0, 8), pmks.KeyValue{Key: pmks.KeyNativeStatus, Value: s.native()})
	facts.add("Mode", string(value(p.Mode)))
	facts.add("OSSKU", string(value(p.OSSKU)))
	facts.add("NodeImageVersion", value(p.NodeImageVersion))
	if n := value(p.MaxPods); n > 0 {
		facts.add("MaxPods", strconv.Itoa(int(n)))
	}
	// What pmks makes is left out: scale sets of Linux machines at the regular price.
	if t := value(p.Type); t != aks.AgentPoolTypeVirtualMachineScaleSets {
		facts.add("Type", string(t))
	}
	if t := value(p.OSType); t != aks.OSTypeLinux {
		facts.add("OSType", string(t))
	}
	if t := value(p.ScaleSetPriority); t != aks.ScaleSetPriorityRegular {
		facts.add("Priority", string(t))
	}
	facts.add("VMSizes", machinesText(singles))
	facts.add("Zones", strings.Join(texts(p.AvailabilityZones), ","))
	info.KeyValueList = facts
	addNodes(&info, p)
	return info
}

// image is what a request would name to have the same nodes: AKS takes an operating system,
// and tells the image that it took for it as well, which is among the facts.
func image(p *poolProperties) pmks.IID {
	name := firstOf(string(value(p.OSSKU)), defaultImage(p))
	return pmks.IID{NameId: name, SystemId: name}
}

// defaultImage is what nodes run of whose operating system AKS tells no more.
func defaultImage(p *poolProperties) string {
	if p.OSType != nil && *p.OSType != aks.OSTypeLinux {
		return string(*p.OSType)
	}
	return "Ubuntu"
}

// machines are some of one size.
type machines struct {
	size  string
	count int
}

// singleMachines are those of a pool of single virtual machines, by size: what is
// asked for, or else what there is. Other pools have none.
func singleMachines(p *poolProperties) []machines {
	var list []machines
	if v := p.VirtualMachinesProfile; v != nil && v.Scale != nil && len(v.Scale.Manual) > 0 {
		for _, m := range v.Scale.Manual {
			if m != nil {
				list = append(list, machines{value(m.Size), int(value(m.Count))})
			}
		}
		return list
	}
	if value(p.Type) == aks.AgentPoolTypeVirtualMachines && value(p.Count) == 0 {
		for _, m := range p.VirtualMachineNodesStatus {
			if m != nil {
				list = append(list, machines{value(m.Size), int(value(m.Count))})
			}
		}
	}
	return list
}

func machinesText(list []machines) string {
	var parts []string
	for _, m := range list {
		parts = append(parts, m.size+"="+strconv.Itoa(m.count))
	}
	return strings.Join(parts, ",")
}

// bounds are those of the autoscaler, or while it is off the recorded ones.
func bounds(p *poolProperties) (minimum, maximum int) {
	if value(p.EnableAutoScaling) {
		return int(value(p.MinCount)), int(value(p.MaxCount))
	}
	return tags(p.Tags).number(poolTagMin), tags(p.Tags).number(poolTagMax)
}

// network tells the subnets from the pools: a cluster has no field for them. Pools
// in a network that AKS made have none.
func network(c *aks.ManagedCluster) pmks.NetworkInfo {
	var n pmks.NetworkInfo
	if c.Properties != nil {
		for _, p := range c.Properties.AgentPoolProfiles {
			if p == nil || p.VnetSubnetID == nil {
				continue
			}
			if slices.ContainsFunc(n.SubnetIIDs, func(s pmks.IID) bool { return strings.EqualFold(s.SystemId, *p.VnetSubnetID) }) {
				continue
			}
			subnet, vpc, ok := subnetIIDs(*p.VnetSubnetID)
			if !ok {
				continue
			}
			n.SubnetIIDs, n.VpcIID = append(n.SubnetIIDs, subnet), vpc
		}
	}
	n.SecurityGroupIIDs = tags(c.Tags).securityGroups()
	return n
}

// subnetIIDs are those of a subnet and of its network.
func subnetIIDs(id string) (subnet, vpc pmks.IID, ok bool) {
	if s, n, ok := segments(id); ok && n == 11 && strings.EqualFold(s[7], "virtualNetworks") && strings.EqualFold(s[9], "subnets") {
		return pmks.IID{NameId: s[10], SystemId: id}, pmks.IID{NameId: s[8], SystemId: id[:len(id)-len("/"+s[9]+"/"+s[10])]}, true
	}
	parsed, err := arm.ParseResourceID(id)
	if err != nil || parsed.Parent == nil {
		return subnet, vpc, false
	}
	return pmks.IID{NameId: parsed.Name, SystemId: id}, pmks.IID{NameId: parsed.Parent.Name, SystemId: parsed.Parent.String()}, true
}

// created is when Azure says the cluster was made, or else its tag: AKS mostly
// leaves systemData out.
func created(c *aks.ManagedCluster) time.Time {
	if c.SystemData != nil && c.SystemData.CreatedAt != nil {
		return c.SystemData.CreatedAt.UTC()
	}
	if seconds, err := strconv.ParseInt(tags(c.Tags).get(tagCreated), 10, 64); err == nil && seconds > 0 {
		return time.Unix(seconds, 0).UTC()
	}
	return time.Time{}
}

func firstText(list ...*string) string {
	for _, p := range list {
		if value(p) != "" {
			return *p
		}
	}
	return ""
}

func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

func texts(list []*string) []string {
	if len(list) == 0 {
		return nil
	}
	out := make([]string, 0, len(list))
	for _, p := range list {
		if value(p) != "" {
			out = append(out, *p)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
