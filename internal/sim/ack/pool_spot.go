// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"cmp"
	"slices"
	"strconv"
)

// The words for what machines cost.
const (
	spotNone     = "NoSpot"
	spotCapped   = "SpotWithPriceLimit"
	spotUncapped = "SpotAsPriceGo"
)

// spot: the machines are taken back when others pay more.
func (spec *scalingGroupObject) spot() bool {
	return spec.SpotStrategy == spotCapped || spec.SpotStrategy == spotUncapped
}

// scalingType is the auto_scaling.type of a node pool that names none.
func (spec *scalingGroupObject) scalingType() string {
	if spec.spot() {
		return "spot"
	}
	return "cpu"
}

// checkSpot checks what machines cost, and how many of them may be spot.
func checkSpot(spec *scalingGroupObject) *apiError {
	between := func(member string, n *int, least, most int) *apiError {
		if n == nil || *n >= least && *n <= most {
			return nil
		}
		return invalid("", "%s must be from %d to %d, got %d", member, least, most, *n)
	}
	if !slices.Contains([]string{"", spotNone, spotCapped, spotUncapped}, spec.SpotStrategy) {
		return invalid("SpotStrategy", "spot_strategy %q is not valid", spec.SpotStrategy)
	}
	switch {
	case spec.SpotStrategy == spotCapped && len(spec.SpotPriceLimit) == 0:
		return missing("scaling_group.spot_price_limit")
	case spec.SpotStrategy != spotCapped && len(spec.SpotPriceLimit) > 0:
		return invalid("SpotPriceLimit", "spot_price_limit goes with the spot_strategy %s alone", spotCapped)
	case spec.CompensateWithOnDemand != nil && *spec.CompensateWithOnDemand && spec.MultiAZPolicy != "COST_OPTIMIZED":
		return invalid("CompensateWithOnDemand", "compensate_with_on_demand needs the multi_az_policy COST_OPTIMIZED")
	}
	for i, limit := range spec.SpotPriceLimit {
		price, err := strconv.ParseFloat(limit.PriceLimit, 64)
		twice := slices.ContainsFunc(spec.SpotPriceLimit[:i], func(l spotPriceLimit) bool { return l.InstanceType == limit.InstanceType })
		if err != nil || !(price > 0) || twice || !slices.Contains(spec.InstanceTypes, limit.InstanceType) {
			return invalid("SpotPriceLimit", "the limit %q for the instance type %q is not valid", limit.PriceLimit, limit.InstanceType)
		}
	}
	return cmp.Or(
		between("on_demand_base_capacity", spec.OnDemandBaseCapacity, 0, 1000),
		between("on_demand_percentage_above_base_capacity", spec.OnDemandPercentageAboveBaseCapacity, 0, 100),
		between("spot_instance_pools", spec.SpotInstancePools, 1, 10),
	)
}

// checkScalingType checks the type of autoscaling against the machines.
func (s *Server) checkScalingType(spec *scalingGroupObject, kind string) *apiError {
	if s.assumptions.SpotScalingType && spec.spot() && kind != "spot" {
		return invalid("AutoScaling", "auto_scaling.type must be spot where spot_strategy is %s, got %s", spec.SpotStrategy, kind)
	}
	return nil
}

// laySpot puts what a request says of costs over what is there.
func (spec *scalingGroupObject) laySpot(asked *scalingGroupObject) {
	if asked.SpotStrategy != "" && asked.SpotStrategy != spotCapped {
		spec.SpotPriceLimit = nil
	}
	if len(asked.SpotPriceLimit) > 0 {
		spec.SpotPriceLimit = asked.SpotPriceLimit
	}
	spec.SpotStrategy = cmp.Or(asked.SpotStrategy, spec.SpotStrategy)
	spec.OnDemandBaseCapacity = cmp.Or(asked.OnDemandBaseCapacity, spec.OnDemandBaseCapacity)
	spec.OnDemandPercentageAboveBaseCapacity = cmp.Or(asked.OnDemandPercentageAboveBaseCapacity, spec.OnDemandPercentageAboveBaseCapacity)
	spec.SpotInstancePools = cmp.Or(asked.SpotInstancePools, spec.SpotInstancePools)
	spec.SpotInstanceRemedy = cmp.Or(asked.SpotInstanceRemedy, spec.SpotInstanceRemedy)
	spec.CompensateWithOnDemand = cmp.Or(asked.CompensateWithOnDemand, spec.CompensateWithOnDemand)
}

// resetScalingGroup takes out what a scaling_group that leaves it out would reset, where
// a block that is sent is the new one: all that has a default.
func resetScalingGroup(spec *scalingGroupObject) {
	*spec = scalingGroupObject{
		VSwitchIDs: spec.VSwitchIDs, InstanceTypes: spec.InstanceTypes, InstanceChargeType: spec.InstanceChargeType,
		SystemDiskCategory: spec.SystemDiskCategory, SystemDiskCategories: spec.SystemDiskCategories, SystemDiskSize: spec.SystemDiskSize,
		ImageID: spec.ImageID, ImageType: spec.ImageType, Platform: spec.Platform, KeyPair: spec.KeyPair, LoginPassword: spec.LoginPassword,
		MultiAZPolicy: "PRIORITY", SpotStrategy: spotNone,
	}
}
