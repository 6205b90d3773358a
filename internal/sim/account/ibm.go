// SPDX-License-Identifier: Apache-2.0

package account

import (
	"regexp"

	"github.com/pmks-go/pmks/internal/sim/iks"
)

// ibm serves all services of IBM on one address.
var ibm = Cloud{
	Name:    "ibm",
	Regions: regexp.MustCompile(`^[a-z]{2}-[a-z]+$`),
	Polls:   true,
	Requests: map[string][]string{
		"AddNodeGroup":            {"createWorkerPool"},
		"ChangeNodeGroupScaling":  {"setWorkerPoolLabels", "resizeWorkerPool", "putConfigMap"},
		"CreateCluster":           {"createCluster"},
		"DeleteCluster":           {"deleteCluster"},
		"GetCluster":              {"getCluster", "getWorkerPools", "getWorkers", "getSecurityGroups", "getKubeconfig"},
		"RemoveNodeGroup":         {"removeWorkerPool"},
		"SetNodeGroupAutoScaling": {"patchClusterAddons", "putConfigMap"},
		"SetTags":                 {"setWorkerPoolLabels"},
		"UpgradeCluster":          {"updateMaster", "replaceWorker"},
	},
	Facts: map[string][]string{"Kubeconfig": {"getKubeconfig"}, "Nodes": {"getWorkers"}},
	Make: func(o Options) Account {
		r := iks.DefaultResources(o.Region)
		return Account{
			Holds: []Kind{
				Things("resource group", &r.ResourceGroups, func(x iks.ResourceGroup) Thing { return Thing{ID: x.ID, Name: x.Name} }),
				Things("VPC", &r.VPCs, func(x iks.VPC) Thing { return Thing{ID: x.ID, Name: x.Name} }),
				Things("subnet", &r.Subnets, func(x iks.Subnet) Thing { return Thing{x.ID, x.Name, x.Zone} }),
				Things("security group", &r.SecurityGroups, func(x iks.SecurityGroup) Thing { return Thing{ID: x.ID, Name: x.Name} }),
				Things("", &r.Flavors, func(x iks.Flavor) Thing { return Named(x.Name) }),
				Things("", &r.OperatingSystems, Named),
				Things("", &r.Addons, func(x iks.Addon) Thing { return Named(x.Name) }),
			},
			Start: func() Server {
				return iks.New(iks.Options{
					Region: o.Region, Seed: o.Seed, Scale: o.Scale, Latency: o.Latency, ReadLag: o.Lag(),
					Logger: o.Logger, Kubernetes: o.Kubernetes, Resources: &r, Unlimited: o.Unlimited(),
					Assumptions: Assumed[iks.Assumptions](o),
				})
			},
			Reach: func(base string) Access {
				return Access{
					Endpoint:  base + "/global",
					TrustedBy: []string{"SSL_CERT_FILE"},
					Environment: []string{
						"IC_API_KEY=" + iks.DefaultAPIKey,
						// What the vendor's Terraform provider reads.
						"IBMCLOUD_API_KEY=" + iks.DefaultAPIKey,
						"IBMCLOUD_CS_API_ENDPOINT=" + base + "/global",
						"IBMCLOUD_IAM_API_ENDPOINT=" + base,
						"IBMCLOUD_IS_NG_API_ENDPOINT=" + base + "/v1",
					},
					Credentials: map[string]string{"apiKey": iks.DefaultAPIKey},
					Settings:    map[string]string{"iamEndpoint": base, "resourceManagerEndpoint": base, "vpcEndpoint": base + "/v1"},
				}
			},
		}
	},
}
