// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/aks"
)

// azure serves Entra and Azure Resource Manager on one address, with TLS: the SDK
// sends no credentials over anything else.
var azure = cloud{
	regions: regexp.MustCompile(`^[a-z]+[0-9]?$`),
	secure:  true,
	account: func(o options) account {
		r := aks.DefaultResources(o.region)
		holds := []kind{
			things("resource group", &r.ResourceGroups, func(x aks.ResourceGroup) thing { return named(x.Name) }),
			things("virtual network", &r.VirtualNetworks, func(x aks.VirtualNetwork) thing {
				return thing{name: x.Name, about: strings.Join(x.Prefixes, ",")}
			}),
		}
		for i := range r.VirtualNetworks {
			network := &r.VirtualNetworks[i]
			holds = append(holds, things("subnet", &network.Subnets, func(x aks.Subnet) thing {
				return thing{name: x.Name, about: network.Name + "  " + x.Prefix}
			}))
		}
		holds = append(holds,
			things("security group", &r.SecurityGroups, func(x aks.SecurityGroup) thing { return named(x.Name) }),
			things("SSH key", &r.SSHKeys, func(x aks.SSHKey) thing { return named(x.Name) }),
			things("", &r.VMSizes, func(x aks.VMSize) thing { return named(x.Name) }),
		)
		return account{
			holds: holds,
			start: func() server {
				return aks.New(aks.Options{
					Location: o.region, Seed: o.seed, Scale: o.scale, Latency: o.latency, Logger: o.logger, Kubernetes: o.kubernetes, Resources: &r, Unlimited: o.unlimited(),
				})
			},
			reach: func(base string) (access, error) {
				return access{
					trustedBy: []string{"SSL_CERT_FILE"},
					environment: []string{
						"AZURE_TENANT_ID=" + aks.DefaultTenantID,
						"AZURE_CLIENT_ID=" + aks.DefaultClientID,
						"AZURE_CLIENT_SECRET=" + aks.DefaultClientSecret,
						"AZURE_SUBSCRIPTION_ID=" + aks.DefaultSubscriptionID,
						// The default chain takes the above and looks no further.
						"AZURE_TOKEN_CREDENTIALS=EnvironmentCredential",
					},
					settings: []string{"resourceGroup=" + aks.DefaultResourceGroup, "authorityHost=" + base},
				}, nil
			},
		}
	},
}
