// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	asgtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/refuse"
)

// What a group asks of its nodes beyond V0.6. EKS changes labels and taints by what is to
// be added and removed, and spot and subnets never, so that no later write of the provider
// can lose them.

// effectTable holds the words of EKS for the effects of taints, in the order of
// Kubernetes' own.
var effectTable = []struct {
	effect pmks.TaintEffect
	native types.TaintEffect
}{
	{pmks.TaintNoExecute, types.TaintEffectNoExecute},
	{pmks.TaintNoSchedule, types.TaintEffectNoSchedule},
	{pmks.TaintPreferNoSchedule, types.TaintEffectPreferNoSchedule},
}

// askOfNodes puts labels, taints and spot into a request.
func askOfNodes(in *eks.CreateNodegroupInput, req pmks.NodeGroupInfo) {
	if len(req.Labels) > 0 {
		in.Labels = maps.Clone(req.Labels)
	}
	for _, t := range req.Taints {
		taint := types.Taint{Key: aws.String(t.Key), Effect: types.TaintEffect(t.Effect)}
		if t.Value != "" {
			taint.Value = aws.String(t.Value)
		}
		for _, row := range effectTable {
			if row.effect == t.Effect {
				taint.Effect = row.native
			}
		}
		in.Taints = append(in.Taints, taint)
	}
	if req.Spot {
		in.CapacityType = types.CapacityTypesSpot
	}
}

// showNodes fills in what is asked of the nodes of a group. groupsErr is why its Auto
// Scaling groups, which know the zones, could not be read.
func showNodes(info *pmks.NodeGroupInfo, n *types.Nodegroup, groups []asgtypes.AutoScalingGroup, groupsErr error) {
	if len(n.Labels) > 0 {
		info.Labels = maps.Clone(n.Labels)
	}
	info.Taints = taints(n.Taints)
	info.Spot = n.CapacityType == types.CapacityTypesSpot
	info.Zones = zones(n, groups)
	if info.Zones == nil && !ours(n) {
		unread(&info.KeyValueList, groupsErr, "Zones")
	}
}

// ours reports whether pmks made a group, and so recorded what EKS does not show.
func ours(n *types.Nodegroup) bool { return n.Tags[tagRequest] != "" }

// taints are in the order of their keys: EKS promises none.
func taints(list []types.Taint) []pmks.Taint {
	var shown []pmks.Taint
	for _, t := range list {
		taint := pmks.Taint{Key: aws.ToString(t.Key), Value: aws.ToString(t.Value), Effect: pmks.TaintEffect(t.Effect)}
		for _, row := range effectTable {
			if row.native == t.Effect {
				taint.Effect = row.effect
			}
		}
		shown = append(shown, taint)
	}
	// slices.SortFunc would be compiled anew for taints alone, 12 KB of every program.
	sort.Slice(shown, func(i, k int) bool {
		a, b := shown[i], shown[k]
		return cmp.Or(strings.Compare(a.Key, b.Key), strings.Compare(string(a.Effect), string(b.Effect))) < 0
	})
	return shown
}

// zones are those that pmks was asked for, none where it was left to EKS. Those of a group
// that pmks did not make are told by its Auto Scaling groups; its subnets would tell them
// too, but of what zone a subnet is only EC2 knows.
func zones(n *types.Nodegroup, groups []asgtypes.AutoScalingGroup) []string {
	list := strings.Fields(n.Tags[tagZones])
	if len(list) == 0 && !ours(n) {
		for i := range groups {
			list = append(list, groups[i].AvailabilityZones...)
		}
	}
	slices.Sort(list)
	if list = slices.Compact(list); len(list) == 0 {
		return nil
	}
	return list
}

// checkZones refuses what can be no zone of the region: its zones bear its name.
func (h *Handler) checkZones(f *refuse.List, list []string) {
	for i, zone := range list {
		if rest, found := strings.CutPrefix(zone, h.api.region); zone != "" && (!found || rest == "") {
			f.Add(fmt.Sprintf("Zones[%d]", i), "%q is not an availability zone of %s, such as %sa", refuse.Clip(zone), h.api.region, h.api.region)
		}
	}
}

// subnetsIn returns the subnets of a cluster that are in certain zones, each of which must
// have one.
func (h *Handler) subnetsIn(ctx context.Context, c *types.Cluster, wanted []string) ([]string, error) {
	own, err := clusterSubnets(c)
	if err != nil {
		return nil, err
	}
	found, err := h.describeSubnets(ctx, nameFilter("subnet-id", own...))
	if err != nil {
		return nil, err
	}
	zoneOf := map[string]string{}
	for _, s := range found {
		zoneOf[aws.ToString(s.SubnetId)] = aws.ToString(s.AvailabilityZone)
	}
	var chosen, known []string
	for _, id := range own {
		zone := zoneOf[id]
		if zone == "" {
			continue // it is gone
		}
		known = append(known, zone)
		if slices.Contains(wanted, zone) {
			chosen = append(chosen, id)
		}
	}
	slices.Sort(known)
	known = slices.Compact(known)
	var f refuse.List
	for i, zone := range wanted {
		if !slices.Contains(known, zone) {
			f.Add(fmt.Sprintf("Zones[%d]", i), "the cluster has no subnet in %q: its subnets are in %s", zone, strings.Join(known, ", "))
		}
	}
	return chosen, f.Err()
}

func tagOfZones(zones []string) string {
	return strings.Join(slices.Sorted(slices.Values(zones)), " ")
}
