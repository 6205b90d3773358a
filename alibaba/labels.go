// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	cs "github.com/alibabacloud-go/cs-20151215/v5/client"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/refuse"
)

// The words of ACK for machines of the spot market: at what the market asks, which is never
// more than they cost by the hour.
const (
	spotNone   = "NoSpot"
	spotMarket = "SpotAsPriceGo"

	payByHour = "PostPaid"

	// scalingSpot is the kind of instances of an autoscaled pool of the spot market.
	scalingSpot = "spot"
)

// mostVSwitches is how many vSwitches ACK takes of a pool.
const mostVSwitches = 8

// checkLabels refuses values of labels that ACK keeps for itself, as those of tags.
func checkLabels(f *refuse.List, labels map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		if isReserved(strings.ToLower(labels[key])) {
			f.Add("Labels["+refuse.Clip(key)+"]", "%q begins with a prefix that %s keeps for itself", refuse.Clip(labels[key]), vendor)
		}
	}
}

// kubernetesConfig is what a request says of the nodes as Kubernetes has them; nil where it
// says nothing.
func kubernetesConfig(req pmks.NodeGroupInfo) *cs.CreateClusterNodePoolRequestKubernetesConfig {
	if len(req.Labels)+len(req.Taints) == 0 {
		return nil
	}
	c := &cs.CreateClusterNodePoolRequestKubernetesConfig{}
	for _, key := range slices.Sorted(maps.Keys(req.Labels)) {
		c.Labels = append(c.Labels, &cs.Tag{Key: tea.String(key), Value: tea.String(req.Labels[key])})
	}
	for _, t := range req.Taints {
		c.Taints = append(c.Taints, &cs.Taint{Key: tea.String(t.Key), Value: tea.String(t.Value), Effect: tea.String(string(t.Effect))})
	}
	return c
}

// addNodes adds what a pool says of its nodes: the labels and taints of the user, and
// whether they are of the spot market, in part at least.
func addNodes(info *pmks.NodeGroupInfo, p *pool) {
	info.Spot = isSpot(p)
	if p.KubernetesConfig == nil {
		return
	}
	for _, l := range withoutNil(p.KubernetesConfig.Labels) {
		if key := tea.StringValue(l.Key); !capabilities.NodeGroups.Reserved(key) {
			if info.Labels == nil {
				info.Labels = map[string]string{}
			}
			info.Labels[key] = tea.StringValue(l.Value)
		}
	}
	for _, t := range withoutNil(p.KubernetesConfig.Taints) {
		if key := tea.StringValue(t.Key); !capabilities.NodeGroups.Reserved(key) {
			info.Taints = append(info.Taints, pmks.Taint{Key: key, Value: tea.StringValue(t.Value), Effect: pmks.TaintEffect(tea.StringValue(t.Effect))})
		}
	}
}

func isSpot(p *pool) bool {
	if p.ScalingGroup == nil {
		return false
	}
	strategy := tea.StringValue(p.ScalingGroup.SpotStrategy)
	return strategy != "" && strategy != spotNone
}

// scalingKind is the kind of instances of a pool that is to be autoscaled; ACK lets nobody
// change it.
func scalingKind(spot bool) *string {
	if spot {
		return tea.String(scalingSpot)
	}
	return tea.String(scalingType)
}

// knownZones are the zones of vSwitches that this handler has read: vSwitches stay where
// they are.
func (h *Handler) knownZones(ids []string) (zones map[string]string, all bool) {
	zones, all = map[string]string{}, true
	for _, id := range ids {
		zone, ok := h.zones.Load(id)
		if all = all && ok; ok {
			zones[id] = zone.(string) //nolint:errcheck // only texts are stored
		}
	}
	return zones, all
}

// vswitchesLife is for how long a list of vSwitches answers for the next one too: a listing
// asks for those of one VPC again and again.
const vswitchesLife = 10 * time.Second

// zonesOf looks up in which zones vSwitches of a VPC are. One that is gone, or that another
// account shares, is in none that is told.
func (h *Handler) zonesOf(ctx context.Context, vpc string, ids []string) (map[string]string, error) {
	if zones, all := h.knownZones(ids); all {
		return zones, nil
	}
	list, err := h.vswitches.Get(ctx, vpc, func(ctx context.Context) ([]*vswitch, error) { return h.listVSwitches(ctx, vpc) })
	if err != nil {
		return nil, err
	}
	for _, s := range list {
		if s.ZoneId != "" {
			h.zones.Store(s.VSwitchId, s.ZoneId)
		}
	}
	zones, _ := h.knownZones(ids)
	return zones, nil
}

// vswitchesIn are the vSwitches of a cluster that are in the zones of a request, in their
// order. A zone in which the cluster has none is refused: it is of another region, or the
// cluster was made without it.
func (h *Handler) vswitchesIn(ctx context.Context, c *cluster, wanted []string) ([]string, error) {
	ids := vswitches(c)
	zones, err := h.zonesOf(ctx, tea.StringValue(c.VpcId), ids)
	if err != nil {
		return nil, err
	}
	var f refuse.List
	var chosen []string
	for i, zone := range wanted {
		before := len(chosen)
		for _, id := range ids {
			if zones[id] == zone {
				chosen = append(chosen, id)
			}
		}
		if len(chosen) == before {
			f.Add(fmt.Sprintf("Zones[%d]", i), "the cluster has no vSwitch in the zone %q, only in %s", refuse.Clip(zone), strings.Join(inOrder(ids, zones), ", "))
		}
	}
	if len(chosen) > mostVSwitches {
		f.Add("Zones", "the cluster has %d vSwitches in them, of which a node pool takes %d: give fewer", len(chosen), mostVSwitches)
	}
	return chosen, f.Err()
}

// inOrder are the zones of vSwitches, each once, in the order of the vSwitches.
func inOrder(ids []string, zones map[string]string) []string {
	var list []string
	for _, id := range ids {
		if zone := zones[id]; zone != "" && !slices.Contains(list, zone) {
			list = append(list, zone)
		}
	}
	return list
}

// addZones adds the zones of a group that was made with a choice of them, which a tag tells:
// those in which its vSwitches are. Where that is takes a look into the VPC, once, which no
// other group costs; c is nil where the cluster has not been read.
func (h *Handler) addZones(ctx context.Context, id string, c *cluster, p *pool, info *pmks.NodeGroupInfo) {
	if p.ScalingGroup == nil || poolTag(p, tagZones) == "" {
		return
	}
	own := tea.StringSliceValue(withoutNil(p.ScalingGroup.VswitchIds))
	zones, known := h.knownZones(own)
	if !known {
		var err error
		if c == nil {
			c, err = h.describe(ctx, id)
		}
		if err == nil {
			zones, err = h.zonesOf(ctx, tea.StringValue(c.VpcId), own)
		}
		if err == nil && len(zones) < len(own) {
			err = errs.LostAnswer(vendor, "zones of all vSwitches of the node pool")
		}
		if err != nil {
			info.KeyValueList = pmks.AddUnread(info.KeyValueList, "Zones", err)
			return
		}
	}
	info.Zones = inOrder(own, zones)
}
