// SPDX-License-Identifier: Apache-2.0

package account

import (
	"regexp"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/aks"
)

// azure serves Entra and Azure Resource Manager on one address, with TLS: the SDK
// sends no credentials over anything else.
var azure = Cloud{
	Name:    "azure",
	Regions: regexp.MustCompile(`^[a-z]+[0-9]?$`),
	TLS:     true,
	Requests: map[string][]string{
		"AddNodeGroup":            {"AgentPools_CreateOrUpdate"},
		"ChangeNodeGroupScaling":  {"AgentPools_CreateOrUpdate"},
		"CreateCluster":           {"ManagedClusters_CreateOrUpdate"},
		"DeleteCluster":           {"ManagedClusters_Delete"},
		"GetCluster":              {"ManagedClusters_Get", "AgentPools_Get", "Machines_List"},
		"RemoveNodeGroup":         {"AgentPools_Delete"},
		"SetNodeGroupAutoScaling": {"AgentPools_CreateOrUpdate"},
		"SetTags":                 {"ManagedClusters_UpdateTags", "ManagedClusters_CreateOrUpdate"},
		"UpgradeCluster":          {"ManagedClusters_CreateOrUpdate", "AgentPools_CreateOrUpdate"},
	},
	Facts: map[string][]string{"Kubeconfig": {"ManagedClusters_ListClusterAdminCredentials"}, "Nodes": {"Machines_List", "ResourceGraph_Resources"}},
	Make: func(o Options) Account {
		r := aks.DefaultResources(o.Region)
		holds := []Kind{
			Things("resource group", &r.ResourceGroups, func(x aks.ResourceGroup) Thing { return Named(x.Name) }),
			Things("virtual network", &r.VirtualNetworks, func(x aks.VirtualNetwork) Thing {
				return Thing{Name: x.Name, About: strings.Join(x.Prefixes, ",")}
			}),
		}
		for i := range r.VirtualNetworks {
			network := &r.VirtualNetworks[i]
			holds = append(holds, Things("subnet", &network.Subnets, func(x aks.Subnet) Thing {
				return Thing{Name: x.Name, About: network.Name + "  " + x.Prefix}
			}))
		}
		holds = append(holds,
			Things("security group", &r.SecurityGroups, func(x aks.SecurityGroup) Thing { return Named(x.Name) }),
			Things("SSH key", &r.SSHKeys, func(x aks.SSHKey) Thing { return Named(x.Name) }),
			Things("", &r.VMSizes, func(x aks.VMSize) Thing { return Named(x.Name) }),
		)
		return Account{
			Holds: holds,
			Start: func() Server {
				return aks.New(aks.Options{
					Location: o.Region, Seed: o.Seed, Scale: o.Scale, Latency: o.Latency, ReadLag: o.Lag(),
					Logger: o.Logger, Kubernetes: o.Kubernetes, Resources: &r, Unlimited: o.Unlimited(),
					Assumptions: Assumed[aks.Assumptions](o),
				})
			},
			Reach: func(base string) Access {
				return Access{
					TrustedBy: []string{"SSL_CERT_FILE"},
					Environment: []string{
						"AZURE_TENANT_ID=" + aks.DefaultTenantID,
						"AZURE_CLIENT_ID=" + aks.DefaultClientID,
						"AZURE_CLIENT_SECRET=" + aks.DefaultClientSecret,
						"AZURE_SUBSCRIPTION_ID=" + aks.DefaultSubscriptionID,
						// The default chain takes the above and looks no further.
						"AZURE_TOKEN_CREDENTIALS=EnvironmentCredential",
					},
					Credentials: map[string]string{
						"clientId": aks.DefaultClientID, "clientSecret": aks.DefaultClientSecret,
						"subscriptionId": aks.DefaultSubscriptionID, "tenantId": aks.DefaultTenantID,
					},
					Settings: map[string]string{"resourceGroup": aks.DefaultResourceGroup, "authorityHost": base},
				}
			},
		}
	},
}
