// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
)

// FuzzSegments: what segments takes apart by itself it takes apart as the SDK's parser does.
func FuzzSegments(f *testing.F) {
	const group = "/subscriptions/S/resourceGroups/g"
	for _, id := range []string{
		"", "/", "name", group, group + "/", "//" + group[1:],
		group + "/providers/" + clusterType + "/c", group + "/providers/" + clusterType + "/ c", group + "/providers/" + clusterType + "/c/",
		strings.ToLower(group) + "/providers/" + strings.ToLower(clusterType) + "/c",
		group + "/providers/" + strings.ToLower(clusterType) + "/C", group + "/providers/" + clusterType + "/c/agentPools/p",
		group + "/providers/" + subnetType[:len(networkType)] + "/v/subnets/s", group + "/providers/MICROSOFT.NETWORK/VIRTUALNETWORKS/v/SUBNETS/s",
		group + "/providers/Microsoft.Network/virtualNetworks/v/providers/s", group + "/providers/Microsoft.Network/providers/v/subnets/s",
		group + "/providers/Microsoft.Network/virtualNetworks/v/subnets/s/x/y", group + "/providers/Microsoft.Network/virtualNetworks/v//s",
	} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		parsed, err := arm.ParseResourceID(id)
		if subscription, group, name, ok := clusterSegments(id); ok {
			if err != nil || subscription != parsed.SubscriptionID || group != parsed.ResourceGroupName || name != parsed.Name ||
				!strings.EqualFold(parsed.ResourceType.String(), clusterType) {
				t.Errorf("%q: got %q, %q, %q, the SDK has %+v, %v", id, subscription, group, name, parsed, err)
			}
		}
		subnet, vpc, ok := subnetIIDs(id)
		if ok != (err == nil && parsed.Parent != nil) ||
			ok && (subnet.NameId != parsed.Name || subnet.SystemId != id || vpc.NameId != parsed.Parent.Name || vpc.SystemId != parsed.Parent.String()) {
			t.Errorf("%q: got %v in %v, %t, the SDK has %+v, %v", id, subnet, vpc, ok, parsed, err)
		}
	})
}
