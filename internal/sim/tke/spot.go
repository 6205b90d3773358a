// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
)

// The words of Auto Scaling for how machines are paid, and for what decides it.
const (
	payByHour = "POSTPAID_BY_HOUR"
	paySpot   = "SPOTPAID"

	allocateConfigured = "LAUNCH_CONFIGURATION"
	allocateMixed      = "SPOT_MIXED"
)

// charge is how the machines of a launch configuration are paid.
func (l *launchPara) charge() string { return cmp.Or(l.InstanceChargeType, payByHour) }

var pricePattern = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

// checkCharge checks how machines are paid. Those of the spot market need a price.
func (s *Server) checkCharge(in *launchPara) *apiError {
	market := in.InstanceMarketOptions
	switch charge := in.charge(); {
	case charge == "PREPAID" || charge == "CDCPAID":
		return notSimulated("InstanceChargeType %s", charge)
	case charge != payByHour && charge != paySpot:
		return s.badPara("InvalidParameterValue", "InstanceChargeType %q is not valid", charge)
	case charge == paySpot && market == nil:
		return s.badPara("MissingParameter.InstanceMarketOptions", "InstanceMarketOptions must be given for %s", paySpot)
	case market == nil:
		return nil
	case charge != paySpot:
		return s.badPara("InvalidParameterValue", "InstanceMarketOptions are of %s", paySpot)
	case market.MarketType != "" && market.MarketType != "spot":
		return s.badPara("InvalidParameterValue", "MarketType %q must be spot", market.MarketType)
	case market.SpotOptions.SpotInstanceType != "" && market.SpotOptions.SpotInstanceType != "one-time":
		return s.badPara("InvalidParameterValue", "SpotInstanceType %q must be one-time", market.SpotOptions.SpotInstanceType)
	case !pricePattern.MatchString(market.SpotOptions.MaxPrice):
		return s.badPara("InvalidParameterValue", "MaxPrice %q is not a price", market.SpotOptions.MaxPrice)
	}
	in.InstanceMarketOptions = &marketOptions{&spotOptions{market.SpotOptions.MaxPrice, "one-time"}, "spot"}
	return nil
}

// checkMixed checks a policy of machines of both kinds, and fills its defaults in.
func (s *Server) checkMixed(in *scalingPara) *apiError {
	mixed := in.SpotMixedAllocationPolicy
	switch policy := cmp.Or(in.InstanceAllocationPolicy, allocateConfigured); {
	case policy != allocateConfigured && policy != allocateMixed:
		return s.badPara("InvalidParameterValue", "InstanceAllocationPolicy %q is not valid", policy)
	case policy == allocateConfigured && mixed != nil:
		return s.badPara("InvalidParameterValue", "SpotMixedAllocationPolicy is of %s", allocateMixed)
	case policy == allocateConfigured:
		return nil
	case mixed == nil:
		mixed = &spotMixed{}
	}
	filled := spotMixed{
		new(valueOf(mixed.BaseCapacity, 0)), new(valueOf(mixed.OnDemandPercentageAboveBaseCapacity, 70)),
		cmp.Or(mixed.SpotAllocationStrategy, "COST_OPTIMIZED"), new(valueOf(mixed.CompensateWithBaseInstance, true)),
	}
	switch {
	case *filled.BaseCapacity > *in.MaxSize:
		return s.badPara("InvalidParameterValue", "BaseCapacity %d exceeds MaxSize %d", *filled.BaseCapacity, *in.MaxSize)
	case *filled.OnDemandPercentageAboveBaseCapacity > 100:
		return s.badPara("InvalidParameterValue", "OnDemandPercentageAboveBaseCapacity %d exceeds 100", *filled.OnDemandPercentageAboveBaseCapacity)
	case !slices.Contains([]string{"COST_OPTIMIZED", "CAPACITY_OPTIMIZED"}, filled.SpotAllocationStrategy):
		return s.badPara("InvalidParameterValue", "SpotAllocationStrategy %q is not valid", filled.SpotAllocationStrategy)
	}
	in.SpotMixedAllocationPolicy = &filled
	return nil
}

// checkMarket checks what the two texts say together.
func (s *Server) checkMarket(plan *poolPlan) *apiError {
	if plan.scaling.InstanceAllocationPolicy == allocateMixed && plan.launch.charge() != payByHour {
		return s.badPara("InvalidParameterValue", "%s needs a launch configuration of %s", allocateMixed, payByHour)
	}
	return nil
}

// charge is how a node is paid. Of a mixed node pool the first nodes are paid by the hour: so
// many as its base, and of the others that part, rounded up.
func (s *Server) charge(known *poolRecord, n shownNode) string {
	mixed := known.scaling.SpotMixedAllocationPolicy
	if mixed == nil {
		return known.launch.charge()
	}
	base, above := int(*mixed.BaseCapacity), max(0, len(known.nodes)-int(*mixed.BaseCapacity))
	byHour := base + (above*int(*mixed.OnDemandPercentageAboveBaseCapacity)+99)/100
	if slices.Index(slices.Sorted(maps.Keys(known.nodes)), n.id) < byHour {
		return payByHour
	}
	return paySpot
}
