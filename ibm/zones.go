// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/refuse"
)

// checkZones refuses zones that cannot be of the region.
func (h *Handler) checkZones(f *refuse.List, prefix string, zones []string) {
	for i, zone := range zones {
		if zone != "" && regionOf(zone) != h.cfg.Region {
			f.Add(fmt.Sprintf("%sZones[%d]", prefix, i), "%q is not a zone of the region %s, such as %s-1", refuse.Clip(zone), h.cfg.Region, h.cfg.Region)
		}
	}
}

// pickZones returns which of the zones that the cluster has subnets in a pool is to be in,
// in the order of those, and the others. No wish means all of them.
func pickZones(prefix string, wanted []string, has []ZoneRequest) (picked, others []ZoneRequest, err error) {
	if len(wanted) == 0 {
		return has, nil, nil
	}
	var f refuse.List
	names := make([]string, len(has))
	for i, z := range has {
		if names[i] = z.ID; slices.Contains(wanted, z.ID) {
			picked = append(picked, z)
		} else {
			others = append(others, z)
		}
	}
	for i, zone := range wanted {
		if !slices.Contains(names, zone) {
			f.Add(fmt.Sprintf("%sZones[%d]", prefix, i), "the cluster has no subnet in the zone %q: take %s, or give the new cluster a subnet there", zone, strings.Join(names, " or "))
		}
	}
	return picked, others, f.Err()
}

// rememberZones keeps the zones of a cluster that a pool is not in, with their subnets: no
// other pool need be there, and later ones may want to.
func rememberZones(labels map[string]string, others []ZoneRequest) {
	for _, z := range others {
		labels[labelSubnet+z.ID] = z.SubnetID
	}
}

// otherZones are the zones of its cluster that a pool remembers and is not in.
func otherZones(p poolObject) (list []ZoneRequest) {
	for _, key := range slices.Sorted(maps.Keys(p.Labels)) {
		zone, ok := strings.CutPrefix(key, labelSubnet)
		in := slices.ContainsFunc(p.Zones, func(z poolZone) bool { return z.ID == zone })
		if ok && !in && regionOf(zone) != "" && resourcePattern.MatchString(p.Labels[key]) {
			list = append(list, ZoneRequest{ID: zone, SubnetID: p.Labels[key]})
		}
	}
	return list
}

// zonesOf are the zones of the cluster that pools tell of, each with a subnet: first those
// that they are in, then those that they remember.
func zonesOf(pools ...poolObject) (list []ZoneRequest, err error) {
	add := func(z ZoneRequest) {
		if !slices.ContainsFunc(list, func(o ZoneRequest) bool { return o.ID == z.ID }) {
			list = append(list, z)
		}
	}
	for _, p := range pools {
		for _, z := range p.Zones {
			if len(z.Subnets) == 0 {
				return nil, errs.LostAnswer(cloud, "subnet of the zone "+z.ID)
			}
			s := z.Subnets[max(0, slices.IndexFunc(z.Subnets, func(s poolSubnet) bool { return s.Primary }))]
			add(ZoneRequest{ID: z.ID, SubnetID: s.ID})
		}
	}
	for _, p := range pools {
		for _, z := range otherZones(p) {
			add(z)
		}
	}
	return list, nil
}
