// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"strings"
	"testing"

	aks "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"
)

func TestServerURL(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, fqdn, private, want string }{
		{"none", "", "", ""},
		{"public", "x.hcp.koreacentral.azmk8s.io", "x.privatelink.koreacentral.azmk8s.io", "https://x.hcp.koreacentral.azmk8s.io:443"},
		{"private", "", "x.privatelink.koreacentral.azmk8s.io", "https://x.privatelink.koreacentral.azmk8s.io:443"},
		{"private-with-a-public-name", "private:x.hcp.koreacentral.azmk8s.io", "x.privatelink.koreacentral.azmk8s.io", "https://x.privatelink.koreacentral.azmk8s.io:443"},
		{"with-a-port", "127.0.0.1:34567", "", "https://127.0.0.1:34567"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			host, private := strings.CutPrefix(test.fqdn, "private:")
			p := &aks.ManagedClusterProperties{Fqdn: &host, PrivateFQDN: &test.private,
				APIServerAccessProfile: &aks.ManagedClusterAPIServerAccessProfile{EnablePrivateCluster: &private}}
			if got := serverURL(p); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
