// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// market are the options of machines of the spot market.
func market(price any) object {
	return object{"MarketType": "spot", "SpotOptions": object{"MaxPrice": price, "SpotInstanceType": "one-time"}}
}

// charges are how the nodes of all clusters are paid, in the order of their ids.
func (w *world) charges() string {
	w.t.Helper()
	a := w.want(w.call("cvm", "DescribeInstances", object{"Limit": 100}), "")
	var list []string
	for i := range a.size("InstanceSet") {
		list = append(list, a.text("InstanceSet", i, "InstanceChargeType"))
	}
	return strings.Join(list, " ")
}

// TestServer_spot: machines of the spot market need a price, which the launch configuration
// shows; a mixed node pool has machines of both kinds.
func TestServer_spot(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change []any
		nested string
		pays   string
	}{
		"by the hour":    {nil, "", "POSTPAID_BY_HOUR POSTPAID_BY_HOUR"},
		"spot":           {[]any{"launch.InstanceChargeType", "SPOTPAID", "launch.InstanceMarketOptions", market("0.39")}, "", "SPOTPAID SPOTPAID"},
		"mixed":          {[]any{"asg.InstanceAllocationPolicy", "SPOT_MIXED", "asg.SpotMixedAllocationPolicy", object{"BaseCapacity": 1, "OnDemandPercentageAboveBaseCapacity": 0}}, "", "POSTPAID_BY_HOUR SPOTPAID"},
		"mixed anyhow":   {[]any{"asg.InstanceAllocationPolicy", "SPOT_MIXED"}, "", "POSTPAID_BY_HOUR POSTPAID_BY_HOUR"},
		"no price":       {[]any{"launch.InstanceChargeType", "SPOTPAID"}, "MissingParameter.InstanceMarketOptions", ""},
		"not a price":    {[]any{"launch.InstanceChargeType", "SPOTPAID", "launch.InstanceMarketOptions", market("cheap")}, "InvalidParameterValue", ""},
		"a number":       {[]any{"launch.InstanceChargeType", "SPOTPAID", "launch.InstanceMarketOptions", market(0.39)}, "InvalidParameter", ""},
		"no options":     {[]any{"launch.InstanceChargeType", "SPOTPAID", "launch.InstanceMarketOptions", object{}}, "MissingParameter", ""},
		"another market": {[]any{"launch.InstanceChargeType", "SPOTPAID", "launch.InstanceMarketOptions", object{"MarketType": "x", "SpotOptions": object{"MaxPrice": "1"}}}, "InvalidParameterValue", ""},
		"persistent":     {[]any{"launch.InstanceChargeType", "SPOTPAID", "launch.InstanceMarketOptions", object{"SpotOptions": object{"MaxPrice": "1", "SpotInstanceType": "persistent"}}}, "InvalidParameterValue", ""},
		"a price alone":  {[]any{"launch.InstanceMarketOptions", market("0.39")}, "InvalidParameterValue", ""},
		"another charge": {[]any{"launch.InstanceChargeType", "FREE"}, "InvalidParameterValue", ""},
		"both ways":      {[]any{"launch.InstanceChargeType", "SPOTPAID", "launch.InstanceMarketOptions", market("1"), "asg.InstanceAllocationPolicy", "SPOT_MIXED"}, "InvalidParameterValue", ""},
		"a policy alone": {[]any{"asg.SpotMixedAllocationPolicy", object{"BaseCapacity": 1}}, "InvalidParameterValue", ""},
		"a large base":   {[]any{"asg.InstanceAllocationPolicy", "SPOT_MIXED", "asg.SpotMixedAllocationPolicy", object{"BaseCapacity": 4}}, "InvalidParameterValue", ""},
		"too much":       {[]any{"asg.InstanceAllocationPolicy", "SPOT_MIXED", "asg.SpotMixedAllocationPolicy", object{"OnDemandPercentageAboveBaseCapacity": 101}}, "InvalidParameterValue", ""},
		"no strategy":    {[]any{"asg.InstanceAllocationPolicy", "SPOT_MIXED", "asg.SpotMixedAllocationPolicy", object{"SpotAllocationStrategy": "X"}}, "InvalidParameterValue", ""},
		"no policy":      {[]any{"asg.InstanceAllocationPolicy", "X"}, "InvalidParameterValue", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.create("a")
			if test.nested != "" {
				a := w.want(w.tke("CreateClusterNodePool", poolBody(id, "ng1", test.change...)), "FailedOperation.AsCommon")
				if !strings.Contains(a.text("Error", "Message"), "Code="+test.nested) {
					t.Errorf("got %s", a.body)
				}
				return
			}
			w.addPool(id, "ng1", test.change...)
			config := w.want(w.call("as", "DescribeLaunchConfigurations", object{}), "")
			group := w.want(w.call("as", "DescribeAutoScalingGroups", object{}), "")
			charge, price := config.text("LaunchConfigurationSet", 0, "InstanceChargeType"), config.text("LaunchConfigurationSet", 0, "InstanceMarketOptions", "SpotOptions", "MaxPrice")
			if spot := name == "spot"; spot != (charge == "SPOTPAID") || spot != (price == "0.39") {
				t.Errorf("the launch configuration is of %s for %q", charge, price)
			}
			policy := group.text("AutoScalingGroupSet", 0, "InstanceAllocationPolicy")
			if mixed := strings.HasPrefix(name, "mixed"); mixed != (policy == "SPOT_MIXED") || mixed != (group.get("AutoScalingGroupSet", 0, "SpotMixedAllocationPolicy", "CompensateWithBaseInstance") == true) {
				t.Errorf("the scaling group is %s", group.body)
			}
			if got := w.charges(); got != test.pays {
				t.Errorf("the nodes are paid %s", got)
			}
		})
	}
	w := newWorld(t)
	id := w.create("a")
	w.want(w.tke("CreateClusterNodePool", poolBody(id, "ng1", "launch.InstanceChargeType", "PREPAID")), "501 NotSimulated")
	w.want(w.tke("CreateClusterNodePool", poolBody(id, "ng1", "asg.ZonesCheckPolicy", "ALL")), "501 NotSimulated")
}

// TestServer_Put_nodes: a ready-made node pool has what its seed asks for.
func TestServer_Put_nodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := seedGroups("ng1")[0]
	g.Labels, g.Taints, g.Spot, g.Zones = map[string]string{"b": "2", "a": ""}, []pmks.Taint{{Key: "t", Effect: pmks.TaintNoExecute}}, true, []string{"ap-seoul-2"}
	wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: append(seedGroups("ng0"), g)}))
	id, pool := w.seeded("a", 1)
	p := w.pool(id, pool)
	if got := fmt.Sprint(p.text("Labels", 0, "Name"), p.text("Labels", 1, "Value"), p.text("Taints", 0, "Effect")); got != "a2NoExecute" {
		t.Errorf("the pool is %s", p.body)
	}
	configs := w.want(w.call("as", "DescribeLaunchConfigurations", object{"LaunchConfigurationIds": []any{p.text("LaunchConfigurationId")}}), "")
	groups := w.want(w.call("as", "DescribeAutoScalingGroups", object{"AutoScalingGroupIds": []any{p.text("AutoscalingGroupId")}}), "")
	if configs.text("LaunchConfigurationSet", 0, "InstanceChargeType") != "SPOTPAID" || fmt.Sprint(groups.get("AutoScalingGroupSet", 0, "ZoneSet")) != "[ap-seoul-2]" {
		t.Errorf("got %s, %s", configs.body, groups.body)
	}
	if _, plain := w.seeded("a", 0); w.pool(id, plain).size("Labels") != 0 {
		t.Error("a plain pool has labels")
	}
}

// TestServer_zones: those of the subnets. Nodes come in the first subnet, unless they are to
// be spread.
func TestServer_zones(t *testing.T) {
	t.Parallel()
	const first, second = "ap-seoul-1", "ap-seoul-2"
	for policy, want := range map[any]string{nil: "[ap-seoul-1 ap-seoul-1]", "PRIORITY": "[ap-seoul-1 ap-seoul-1]", "EQUALITY": "[ap-seoul-1 ap-seoul-2]"} {
		w := newWorld(t)
		id := w.create("a")
		w.addPool(id, "ng1", "asg.SubnetIds", []any{"subnet-rl79gxhv", "subnet-5k2m7p3w", "subnet-0j9f4h6q"}, "asg.MultiZoneSubnetPolicy", policy)
		group := w.want(w.call("as", "DescribeAutoScalingGroups", object{}), "")
		if got := fmt.Sprint(group.get("AutoScalingGroupSet", 0, "ZoneSet")); got != "["+first+" "+second+"]" || group.size("AutoScalingGroupSet", 0, "SubnetIdSet") != 3 {
			t.Errorf("%v: the scaling group is in %s", policy, got)
		}
		a := w.want(w.call("cvm", "DescribeInstances", object{}), "")
		if got := fmt.Sprint([]string{a.text("InstanceSet", 0, "Placement", "Zone"), a.text("InstanceSet", 1, "Placement", "Zone")}); got != want && got != "["+second+" "+first+"]" {
			t.Errorf("%v: the nodes are in %s", policy, got)
		}
	}
}
