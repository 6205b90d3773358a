// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	aks "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// The codes of findings, in the words of AKS where it has some.
const (
	findingVersion = "OperationNotAllowed"
	findingPreview = "Preview"
	findingSubnet  = "SubnetIsFull"
	findingSurge   = "MaxSurge"
	findingSpot    = "Spot"
	findingChannel = "AutoUpgradeChannel"
)

// UpgradeFindings implements [pmks.UpgradeAdvisor]: the cluster and the versions that it
// can be upgraded to are read in parallel, then the virtual networks of its node groups,
// whose subnets need room for more nodes meanwhile.
//
// What else AKS looks at is known to its own check alone, which the upgrade begins with:
// deprecated APIs in use, pod disruption budgets, quotas, locks, certificates.
func (h *Handler) UpgradeFindings(ctx context.Context, clusterIID pmks.IID, newVersion string) (_ []pmks.UpgradeFinding, err error) {
	defer errs.Annotate(&err, Name, "UpgradeFindings", clusterIID, pmks.IID{})
	r, err := h.clusterRef(clusterIID)
	if err != nil {
		return nil, err
	}
	if _, err := kver.Parse(newVersion); err != nil && !kver.IsDefault(newVersion) {
		return nil, refuse.Invalid("newVersion", "%q is not a Kubernetes version such as 1.33", newVersion)
	}
	c, profile, version, err := h.readPreflight(ctx, r, newVersion)
	if err != nil {
		return nil, err
	}
	list := versionFindings(c.Properties, profile, version)
	list = append(list, ownUpgrades(c.Properties)...)
	for _, p := range c.Properties.AgentPoolProfiles {
		if p != nil && value(p.Name) != "" && value(p.ProvisioningState) != "Deleting" {
			list = append(list, poolFindings(h.poolIID(c, p), properties(p), p.UpgradeSettings)...)
		}
	}
	room, err := h.roomFindings(ctx, c)
	return append(list, room...), err
}

func (h *Handler) poolIID(c *aks.ManagedCluster, p *aks.ManagedClusterAgentPoolProfile) pmks.IID {
	return pmks.IID{NameId: value(p.Name), SystemId: canonical(value(c.ID), h.cfg.ResourceGroup) + "/agentPools/" + value(p.Name)}
}

// readPreflight reads a cluster beside its upgrade profile. A version that is not in
// there is resolved against what the region offers; without the right to read that AKS
// must judge.
func (h *Handler) readPreflight(ctx context.Context, r ref, newVersion string) (c *aks.ManagedCluster, profile *aks.ManagedClusterPoolUpgradeProfile, version string, err error) {
	var clusterErr, profileErr error
	if err := fanout.All(ctx,
		func(ctx context.Context) error {
			c, clusterErr = h.readCluster(ctx, r)
			return nil
		},
		func(ctx context.Context) error {
			profile, profileErr = h.readUpgradeProfile(ctx, r)
			return nil
		}); err != nil {
		return nil, nil, "", err
	}
	if clusterErr != nil {
		return nil, nil, "", clusterErr
	}
	if !errs.Is(profileErr, pmks.CodePermissionDenied) && profileErr != nil {
		return nil, nil, "", profileErr
	}
	bare := strings.TrimPrefix(newVersion, "v")
	if bare == firstText(c.Properties.CurrentKubernetesVersion, c.Properties.KubernetesVersion) || upgradeTo(profile, bare) != nil {
		return c, profile, bare, nil
	}
	o, err := h.offered(ctx)
	switch {
	case errs.Is(err, pmks.CodePermissionDenied):
		return c, profile, bare, nil
	case err == nil:
		version, err = o.choose("newVersion", newVersion)
	}
	return c, profile, version, err
}

// upgradeTo finds a version among those that a cluster can be upgraded to.
func upgradeTo(profile *aks.ManagedClusterPoolUpgradeProfile, version string) *aks.ManagedClusterPoolUpgradeProfileUpgradesItem {
	if profile == nil {
		return nil
	}
	for _, u := range profile.Upgrades {
		if u != nil && value(u.KubernetesVersion) == version {
			return u
		}
	}
	return nil
}

// versionFindings says whether AKS upgrades the control plane to a version in one step.
func versionFindings(p *aks.ManagedClusterProperties, profile *aks.ManagedClusterPoolUpgradeProfile, version string) []pmks.UpgradeFinding {
	current := firstText(p.CurrentKubernetesVersion, p.KubernetesVersion)
	if farther(current, version) {
		return nil // a later step of the way, of which the profile says nothing yet
	}
	if profile == nil {
		return []pmks.UpgradeFinding{{Code: pmks.KeyUnread, Message: "the versions that the cluster can be upgraded to may not be read with these rights"}}
	}
	if current == version {
		return nil
	}
	if u := upgradeTo(profile, version); u != nil {
		if value(u.IsPreview) {
			return []pmks.UpgradeFinding{{Code: findingPreview, Message: version + " is a preview, which AKS does not support"}}
		}
		return nil
	}
	var others []string
	for _, u := range profile.Upgrades {
		if u != nil && !value(u.IsPreview) {
			others = append(others, value(u.KubernetesVersion))
		}
	}
	next := "nothing newer"
	if len(others) > 0 {
		next = strings.Join(kver.Sort(others), ", ")
	}
	return []pmks.UpgradeFinding{{Blocks: true, Code: findingVersion, Message: fmt.Sprintf("AKS upgrades the cluster from %s only to %s", current, next)}}
}

// farther reports whether a version is more than one step away.
func farther(current, version string) bool {
	from, err1 := kver.Parse(current)
	to, err2 := kver.Parse(version)
	return err1 == nil && err2 == nil && from.Compare(to) < 0 && from.MinorDistance(to) > capabilities.Versions.LargestStep
}

// ownUpgrades warns of AKS, which may upgrade a cluster by itself at any time.
func ownUpgrades(p *aks.ManagedClusterProperties) []pmks.UpgradeFinding {
	a := p.AutoUpgradeProfile
	if a == nil || value(a.UpgradeChannel) == "" || *a.UpgradeChannel == aks.UpgradeChannelNone {
		return nil
	}
	return []pmks.UpgradeFinding{{Code: findingChannel,
		Message: fmt.Sprintf("AKS upgrades the cluster by itself (channel %s), and is busy then", *a.UpgradeChannel)}}
}

// poolFindings says what the settings of a pool mean for its upgrade.
func poolFindings(iid pmks.IID, p *poolProperties, s *aks.AgentPoolUpgradeSettings) []pmks.UpgradeFinding {
	var list []pmks.UpgradeFinding
	if isSpot(p) {
		list = append(list, pmks.UpgradeFinding{NodeGroup: iid, Code: findingSpot,
			Message: "its machines are spot: nodes are evicted without being drained, and none is added for them"})
	} else if s != nil && s.MaxSurge != nil && share(*s.MaxSurge, 100) == 0 && share(value(s.MaxUnavailable), 100) == 0 {
		list = append(list, pmks.UpgradeFinding{NodeGroup: iid, Code: findingSurge, Blocks: true,
			Message: "maxSurge and maxUnavailable are both 0, so that no node can be replaced: set one of them"})
	}
	return list
}

// share is a number of nodes, or a percentage of n that is rounded up.
func share(text string, n int) int {
	if percent, ok := strings.CutSuffix(text, "%"); ok {
		part, err := strconv.ParseFloat(percent, 64)
		if err != nil || part < 0 {
			return 0
		}
		return int(math.Ceil(part * float64(n) / 100))
	}
	count, _ := strconv.Atoi(text) // what is none counts as nothing
	return max(0, count)
}

// defaultSurge is what AKS adds to a pool that says nothing of it.
const defaultSurge = "10%"

// surge is how many nodes a pool has too many while it is upgraded.
func surge(p *poolProperties, s *aks.AgentPoolUpgradeSettings) int {
	text := defaultSurge
	if s != nil && value(s.MaxSurge) != "" {
		text = *s.MaxSurge
	}
	if isSpot(p) {
		return 0
	}
	return share(text, int(value(p.Count)))
}

// roomFindings looks whether the subnets have the addresses for the nodes that pools
// have too many while they are upgraded. Pools are upgraded side by side.
func (h *Handler) roomFindings(ctx context.Context, c *aks.ManagedCluster) ([]pmks.UpgradeFinding, error) {
	need := map[string]int{} // by subnet
	flat := c.Properties.NetworkProfile != nil && value(c.Properties.NetworkProfile.NetworkPlugin) == aks.NetworkPluginAzure &&
		value(c.Properties.NetworkProfile.NetworkPluginMode) != aks.NetworkPluginModeOverlay
	var subnets []string
	for _, p := range c.Properties.AgentPoolProfiles {
		if p == nil || value(p.VnetSubnetID) == "" {
			continue
		}
		each := 1
		if flat && p.PodSubnetID == nil {
			each += int(value(p.MaxPods))
		}
		id := strings.ToLower(*p.VnetSubnetID)
		if _, ok := need[id]; !ok {
			subnets = append(subnets, *p.VnetSubnetID)
		}
		need[id] += surge(properties(p), p.UpgradeSettings) * each
	}
	found := make([][]pmks.UpgradeFinding, len(subnets))
	err := fanout.Each(ctx, len(subnets), func(ctx context.Context, i int) error {
		free, known, err := h.freeAddresses(ctx, subnets[i])
		need := need[strings.ToLower(subnets[i])]
		switch {
		case err != nil && errs.Over(ctx) != nil:
			return err
		case err != nil:
			found[i] = []pmks.UpgradeFinding{{Code: pmks.KeyUnread, Message: "whether the subnet has room for more nodes could not be read: " + err.Error()}}
		case known && need > free:
			found[i] = []pmks.UpgradeFinding{{Code: findingSubnet, Blocks: true, Message: fmt.Sprintf("the upgrade takes %d more addresses of the subnet %s, which has %d left: make room, or lower maxSurge",
				need, subnets[i][strings.LastIndexByte(subnets[i], '/')+1:], max(0, free))}}
		}
		return nil
	})
	return slices.Concat(found...), err
}

// freeAddresses counts the addresses of a subnet that nothing has yet; known is false
// where it has none of IPv4.
func (h *Handler) freeAddresses(ctx context.Context, id string) (free int, known bool, err error) {
	parsed, err := parseID("VnetSubnetID", id, subnetType, h.cfg.SubscriptionID)
	if err != nil {
		return 0, false, err // of another subscription
	}
	vnet, err := h.readNetwork(ctx, ref{parsed.ResourceGroupName, parsed.Parent.Name})
	if err != nil {
		return 0, false, err
	}
	for _, s := range vnet.Properties.Subnets {
		if s == nil || !strings.EqualFold(value(s.Name), parsed.Name) || s.Properties == nil {
			continue
		}
		for _, p := range prefixes(append(s.Properties.AddressPrefixes, s.Properties.AddressPrefix)...) {
			if p.Addr().Is4() {
				free, known = free+1<<(32-p.Bits())-reservedAddresses, true
			}
		}
		return free - len(s.Properties.IPConfigurations), known, nil
	}
	return 0, false, lost("subnet " + parsed.Name)
}
