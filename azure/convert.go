// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
)

// poolProperties is an agent pool as both shapes of the API have it.
type poolProperties = armcontainerservice.ManagedClusterAgentPoolProfileProperties

// Tags that pmks keeps. "#" and ":" are allowed in the names of tags of clusters;
// AKS copies the tags of a cluster to what it makes for it, so few are written.
const (
	specTagPrefix    = "#CB-SPIDER:PMKS:"
	tagSecurityGroup = specTagPrefix + "SECURITYGROUP:" // and the name; the value is the id
	tagKeyPair       = specTagPrefix + "KEYPAIR"
	tagRequest       = specTagPrefix + "REQUEST" // what only one create request has
	tagCreated       = "createdAt"               // Unix seconds, as CB-Spider has it
	oldTagKeyPair    = "sshkey"                  // of CB-Spider

	// On agent pools, whose tags become tags of machines.
	poolTagMin     = "pmks-min"
	poolTagMax     = "pmks-max"
	poolTagRequest = "pmks-request" // what only one request has
	poolTagKeyPair = "pmks-keypair"
)

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

// canonical spells an ARM id as Azure's documentation does. Azure itself writes
// one id in several ways, and an id of pmks must be the same in every answer; group
// is the resource group as the handler spells it.
func canonical(id, group string) string {
	parsed, err := arm.ParseResourceID(id)
	if err != nil || parsed.ResourceGroupName == "" || !strings.EqualFold(parsed.ResourceType.String(), clusterType) {
		return id
	}
	if !strings.EqualFold(parsed.ResourceGroupName, group) {
		group = parsed.ResourceGroupName
	}
	return "/subscriptions/" + strings.ToLower(parsed.SubscriptionID) + "/resourceGroups/" + group + "/providers/" + clusterType + "/" + parsed.Name
}

// clusterInfo converts a cluster without its nodes and its kubeconfig.
func clusterInfo(c *armcontainerservice.ManagedCluster, group string) pmks.ClusterInfo {
	info := pmks.ClusterInfo{IId: pmks.IID{NameId: value(c.Name), SystemId: canonical(value(c.ID), group)}}
	s := clusterState(c)
	info.Status, info.StatusReason, info.StatusFinal = s.portable()
	facts := facts{{Key: pmks.KeyNativeStatus, Value: s.native()}}
	facts.add("Location", value(c.Location))
	if c.SKU != nil {
		facts.add("SKUTier", string(value(c.SKU.Tier)))
	}
	p := c.Properties
	if p == nil {
		p = &armcontainerservice.ManagedClusterProperties{}
	}
	if s.power == "" && s.provisioning == "Succeeded" {
		facts.add("PowerState", "Unknown")
	}
	info.Version = firstText(p.CurrentKubernetesVersion, p.KubernetesVersion)
	info.CreatedTime = created(c)
	info.Network = network(c)
	info.AccessInfo.Endpoint = endpoint(p)
	facts.add("NodeResourceGroup", value(p.NodeResourceGroup))
	if n := p.NetworkProfile; n != nil {
		facts.add("NetworkPlugin", string(value(n.NetworkPlugin)))
		facts.add("NetworkPluginMode", string(value(n.NetworkPluginMode)))
		facts.add("PodCIDR", value(n.PodCidr))
		facts.add("ServiceCIDR", value(n.ServiceCidr))
	}
	if value(p.DisableLocalAccounts) {
		facts.add("LocalAccounts", "disabled")
	}
	if p.AADProfile != nil {
		facts.add("EntraTenant", value(p.AADProfile.TenantID))
	}
	for _, profile := range p.AgentPoolProfiles {
		if profile == nil || value(profile.Name) == "" {
			continue // nobody could ask for it
		}
		info.NodeGroupList = append(info.NodeGroupList, poolInfo(info.IId.SystemId, value(profile.Name), properties(profile), keyPair(c.Tags)))
	}
	for _, name := range slices.Sorted(maps.Keys(p.AddonProfiles)) {
		if a := p.AddonProfiles[name]; a != nil {
			info.Addons.KeyValueList = append(info.Addons.KeyValueList, pmks.KeyValue{Key: name, Value: enabled(value(a.Enabled))})
		}
	}
	info.KeyValueList, info.TagList = facts, userTags(c.Tags)
	return info
}

func enabled(on bool) string {
	if on {
		return "Enabled"
	}
	return "Disabled"
}

// properties copies what pmks reads of a pool within a cluster.
func properties(p *armcontainerservice.ManagedClusterAgentPoolProfile) *poolProperties {
	return &poolProperties{
		AvailabilityZones: p.AvailabilityZones, Count: p.Count, CurrentOrchestratorVersion: p.CurrentOrchestratorVersion,
		ETag: p.ETag, EnableAutoScaling: p.EnableAutoScaling, MaxCount: p.MaxCount, MaxPods: p.MaxPods, MinCount: p.MinCount,
		Mode: p.Mode, NodeImageVersion: p.NodeImageVersion, OSDiskSizeGB: p.OSDiskSizeGB, OSDiskType: p.OSDiskType, OSSKU: p.OSSKU,
		OrchestratorVersion: p.OrchestratorVersion, PowerState: p.PowerState, ProvisioningState: p.ProvisioningState,
		Status: p.Status, Tags: p.Tags, VMSize: p.VMSize, VnetSubnetID: p.VnetSubnetID,
	}
}

// poolInfo converts an agent pool without its nodes. key is that of its cluster,
// which a pool of pmks remembers as well.
func poolInfo(clusterID, name string, p *poolProperties, key pmks.IID) pmks.NodeGroupInfo {
	info := pmks.NodeGroupInfo{
		IId:             pmks.IID{NameId: name, SystemId: clusterID + "/agentPools/" + name},
		ImageIID:        pmks.IID{NameId: firstOf(string(value(p.OSSKU)), "Ubuntu"), SystemId: value(p.NodeImageVersion)},
		VMSpecName:      value(p.VMSize),
		RootDiskType:    string(value(p.OSDiskType)),
		KeyPairIID:      cmp.Or(keyPair(p.Tags), key),
		OnAutoScaling:   value(p.EnableAutoScaling),
		DesiredNodeSize: int(value(p.Count)),
		Version:         firstText(p.CurrentOrchestratorVersion, p.OrchestratorVersion),
	}
	if size := value(p.OSDiskSizeGB); size > 0 {
		info.RootDiskSize = strconv.Itoa(int(size))
	}
	info.MinNodeSize, info.MaxNodeSize = bounds(p)
	s := poolState(p)
	status, reason, final := s.portable()
	info.Status, info.StatusReason, info.StatusFinal = pmks.NodeGroupStatus(status), reason, final
	facts := facts{{Key: pmks.KeyNativeStatus, Value: s.native()}}
	facts.add("Mode", string(value(p.Mode)))
	facts.add("OSSKU", string(value(p.OSSKU)))
	facts.add("NodeImageVersion", value(p.NodeImageVersion))
	if n := value(p.MaxPods); n > 0 {
		facts.add("MaxPods", strconv.Itoa(int(n)))
	}
	facts.add("Zones", strings.Join(texts(p.AvailabilityZones), ","))
	info.KeyValueList = facts
	return info
}

// bounds are those of the autoscaler, or while it is off the recorded ones.
func bounds(p *poolProperties) (minimum, maximum int) {
	if value(p.EnableAutoScaling) {
		return int(value(p.MinCount)), int(value(p.MaxCount))
	}
	minimum, _ = strconv.Atoi(value(p.Tags[poolTagMin]))
	maximum, _ = strconv.Atoi(value(p.Tags[poolTagMax]))
	return minimum, maximum
}

// network tells the subnets from the pools: a cluster has no field for them. Pools
// in a network that AKS made have none.
func network(c *armcontainerservice.ManagedCluster) pmks.NetworkInfo {
	var n pmks.NetworkInfo
	if c.Properties != nil {
		for _, p := range c.Properties.AgentPoolProfiles {
			if p == nil || p.VnetSubnetID == nil {
				continue
			}
			id, err := arm.ParseResourceID(*p.VnetSubnetID)
			if err != nil || id.Parent == nil || slices.ContainsFunc(n.SubnetIIDs, func(s pmks.IID) bool { return strings.EqualFold(s.SystemId, *p.VnetSubnetID) }) {
				continue
			}
			n.SubnetIIDs = append(n.SubnetIIDs, pmks.IID{NameId: id.Name, SystemId: *p.VnetSubnetID})
			n.VpcIID = pmks.IID{NameId: id.Parent.Name, SystemId: id.Parent.String()}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(c.Tags)) {
		if name, ok := cutPrefixFold(key, tagSecurityGroup); ok && name != "" {
			n.SecurityGroupIIDs = append(n.SecurityGroupIIDs, pmks.IID{NameId: name, SystemId: value(c.Tags[key])})
		}
	}
	return n
}

// keyPair is the key of the whole cluster. Azure's tag names know no case.
func keyPair(tags map[string]*string) pmks.IID {
	for _, name := range []string{tagKeyPair, poolTagKeyPair, oldTagKeyPair} {
		for key, v := range tags {
			if strings.EqualFold(key, name) && value(v) != "" {
				id := value(v)
				if parsed, err := arm.ParseResourceID(id); err == nil {
					return pmks.IID{NameId: parsed.Name, SystemId: id}
				}
				return pmks.IID{NameId: id, SystemId: id}
			}
		}
	}
	return pmks.IID{}
}

// created is when Azure says the cluster was made, or else its tag: AKS mostly
// leaves systemData out.
func created(c *armcontainerservice.ManagedCluster) time.Time {
	if c.SystemData != nil && c.SystemData.CreatedAt != nil {
		return c.SystemData.CreatedAt.UTC()
	}
	if seconds, err := strconv.ParseInt(value(c.Tags[tagCreated]), 10, 64); err == nil && seconds > 0 {
		return time.Unix(seconds, 0).UTC()
	}
	return time.Time{}
}

// endpoint is the address of the API server, the public one if there is one.
func endpoint(p *armcontainerservice.ManagedClusterProperties) string {
	if host := firstText(p.Fqdn, p.PrivateFQDN); host != "" {
		return "https://" + host + ":443"
	}
	return ""
}

// userTags are the tags without those of pmks, sorted.
func userTags(tags map[string]*string) []pmks.KeyValue {
	var list []pmks.KeyValue
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		if _, own := cutPrefixFold(key, specTagPrefix); !own && key != tagCreated && key != oldTagKeyPair {
			list = append(list, pmks.KeyValue{Key: key, Value: value(tags[key])})
		}
	}
	return list
}

func cutPrefixFold(s, prefix string) (rest string, ok bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return "", false
	}
	return s[len(prefix):], true
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
	var out []string
	for _, p := range list {
		if value(p) != "" {
			out = append(out, *p)
		}
	}
	return out
}
