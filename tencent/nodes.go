// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	as "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/as/v20180419"
	tke "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/v20180525"
	vpc "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/vpc/v20170312"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/refuse"
)

// What a pool asks of its nodes beyond V0.6. Labels and taints are of the pool itself, and
// what a later write leaves out stays; whether machines are spot their launch
// configuration tells, and their zones the scaling group.

// tagZones is on pools whose zones were asked for: of them alone the scaling group is read,
// which costs a call.
const tagZones = tagPrefix + "ZONES"

// labelsFor writes labels as TKE takes them; nil where there are none.
func labelsFor(labels map[string]string) []*tke.Label {
	var list []*tke.Label
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		list = append(list, &tke.Label{Name: new(key), Value: new(labels[key])})
	}
	return list
}

// taintsFor does the same with taints.
func taintsFor(taints []pmks.Taint) []*tke.Taint {
	var list []*tke.Taint
	for _, t := range taints {
		list = append(list, &tke.Taint{Key: new(t.Key), Value: new(t.Value), Effect: new(string(t.Effect))})
	}
	return list
}

// labelsOf are the labels of a pool that are the user's.
func labelsOf(p *tke.NodePool) map[string]string {
	var labels map[string]string
	for _, l := range withoutNil(p.Labels) {
		if key := deref(l.Name); !capabilities.NodeGroups.Reserved(key) {
			if labels == nil {
				labels = map[string]string{}
			}
			labels[key] = deref(l.Value)
		}
	}
	return labels
}

// taintsOf are the taints of a pool that are the user's.
func taintsOf(p *tke.NodePool) []pmks.Taint {
	var taints []pmks.Taint
	for _, t := range withoutNil(p.Taints) {
		if key := deref(t.Key); !capabilities.NodeGroups.Reserved(key) {
			taints = append(taints, pmks.Taint{Key: key, Value: deref(t.Value), Effect: pmks.TaintEffect(deref(t.Effect))})
		}
	}
	return taints
}

// The words for machines of the spot market.
const (
	chargeSpot   = "SPOTPAID"
	chargeHourly = "POSTPAID_BY_HOUR"
)

// charge says how machines are paid for.
func (h *Handler) charge(machine *as.CreateLaunchConfigurationRequestParams, spot bool) {
	machine.InstanceChargeType = new(chargeHourly)
	if spot {
		machine.InstanceChargeType = new(chargeSpot)
		machine.InstanceMarketOptions = &as.InstanceMarketOptionsRequest{MarketType: new("spot"),
			SpotOptions: &as.SpotMarketOptions{MaxPrice: &h.cfg.SpotMaxPrice, SpotInstanceType: new("one-time")}}
	}
}

func isSpot(l *as.LaunchConfiguration) bool {
	return l != nil && deref(l.InstanceChargeType) == chargeSpot
}

// checkZoneNames refuses zones that are none of the region, which their names tell.
func (h *Handler) checkZoneNames(f *refuse.List, zones []string) {
	for i, zone := range zones {
		if number, ok := strings.CutPrefix(zone, h.cfg.Region+"-"); !ok || !numberPattern.MatchString(number) {
			f.Add(fmt.Sprintf("Zones[%d]", i), "%q is no zone of the region %s: they are called %s-1 and so on", refuse.Clip(zone), h.cfg.Region, h.cfg.Region)
		}
	}
}

// subnetsIn are those of the subnets of a cluster that lie in the zones that are asked for.
func (h *Handler) subnetsIn(ctx context.Context, c *tke.Cluster, zones []string) ([]string, error) {
	subnets := subnetsOf(c)
	if len(zones) == 0 {
		return subnets, nil
	}
	list, err := h.listSubnets(ctx, deref(deref(c.ClusterNetworkSettings).VpcId))
	if err != nil {
		return nil, err
	}
	zoneOf := map[string]string{}
	for _, s := range list {
		zoneOf[deref(s.SubnetId)] = deref(s.Zone)
	}
	var there []string
	for _, id := range subnets {
		if zone := zoneOf[id]; zone != "" { // one that is gone lies nowhere
			there = append(there, zone)
		}
	}
	var f refuse.List
	for i, zone := range zones {
		if !slices.Contains(there, zone) {
			f.Add(fmt.Sprintf("Zones[%d]", i), "no subnet of the cluster lies in %q: they are in %s", refuse.Clip(zone), strings.Join(slices.Compact(slices.Sorted(slices.Values(there))), ", "))
		}
	}
	return slices.DeleteFunc(subnets, func(id string) bool { return !slices.Contains(zones, zoneOf[id]) }), f.Err()
}

// listSubnets lists the subnets of a VPC.
func (h *Handler) listSubnets(ctx context.Context, vpcID string) ([]*vpc.Subnet, error) {
	return readPages(func(s *vpc.Subnet) string { return deref(s.SubnetId) }, func(offset int) ([]*vpc.Subnet, int, error) {
		in := vpc.NewDescribeSubnetsRequest()
		in.Offset, in.Limit, in.Filters = text(offset), text(pageSize), vpcFilter("vpc-id", vpcID)
		out, err := read(ctx, h, in, vpc.NewDescribeSubnetsResponse, "list of subnets", func(o *vpc.DescribeSubnetsResponse) bool { return o.Response != nil && o.Response.TotalCount != nil })
		if err != nil {
			return nil, 0, err
		}
		return withoutNil(out.Response.SubnetSet), int(*out.Response.TotalCount), nil
	})
}

// tellsZones reports whether the zones of a pool were asked for.
func tellsZones(p *tke.NodePool) bool {
	return tagOf(p.Tags, tagZones) != "" && deref(p.AutoscalingGroupId) != ""
}

// scalingGroups reads scaling groups, by id, a hundred a call.
func (h *Handler) scalingGroups(ctx context.Context, ids []string) (map[string]*as.AutoScalingGroup, error) {
	list, err := chunked(ctx, ids, func(ctx context.Context, chunk []*string) ([]*as.AutoScalingGroup, error) {
		in := as.NewDescribeAutoScalingGroupsRequest()
		in.AutoScalingGroupIds, in.Limit = chunk, new(uint64(pageSize))
		out, err := read(ctx, h, in, as.NewDescribeAutoScalingGroupsResponse, "list of scaling groups", func(o *as.DescribeAutoScalingGroupsResponse) bool {
			return o.Response != nil && o.Response.TotalCount != nil
		})
		if err != nil {
			return nil, err
		}
		return withoutNil(out.Response.AutoScalingGroupSet), nil
	})
	found := make(map[string]*as.AutoScalingGroup, len(list))
	for _, g := range list {
		found[deref(g.AutoScalingGroupId)] = g
	}
	return found, err
}

// zonesOf are the zones of a scaling group, in the order of their names.
func zonesOf(g *as.AutoScalingGroup) []string {
	if g == nil {
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(texts(g.ZoneSet))))
}

// zonesAsked are those that a request for a pool names, as its tag has them.
func zonesAsked(tags []*tke.Tag) []string {
	text := tagOf(tags, tagZones)
	if text == "" {
		return nil
	}
	return strings.Split(text, tagSeparator)
}

// roomForTags refuses a pool whose scaling group would have more tags than it takes.
func roomForTags(c *tke.Cluster, own int) error {
	if n := len(clusterTags(c)) + own; n > maxTags {
		return refuse.Precondition("a scaling group takes %d tags, those of its cluster included, and this one would have %d: take tags off the cluster first", maxTags, n)
	}
	return nil
}

// errNoZones is why the zones of a pool are not told.
func errNoZones(err error) error {
	if err != nil {
		return err
	}
	return errs.LostAnswer(vendor, "scaling group of the node pool")
}
