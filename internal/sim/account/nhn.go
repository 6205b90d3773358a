// SPDX-License-Identifier: Apache-2.0

package account

import (
	"regexp"

	"github.com/pmks-go/pmks/internal/sim/nks"
)

// nhn serves all services on one address; what is given out is that of identity, whose
// catalog names the others.
var nhn = Cloud{
	Name:    "nhn",
	Regions: regexp.MustCompile(`^[A-Z]{2}[0-9]$`),
	Polls:   true,
	Requests: map[string][]string{
		"AddNodeGroup":            {"nodegroups.create"},
		"ChangeNodeGroupScaling":  {"autoscale.set", "clusters.resize"},
		"CreateCluster":           {"clusters.create"},
		"DeleteCluster":           {"clusters.delete"},
		"GetCluster":              {"clusters.get", "nodegroups.list", "nodegroups.get"},
		"RemoveNodeGroup":         {"nodegroups.delete"},
		"SetNodeGroupAutoScaling": {"autoscale.set"},
		"UpgradeCluster":          {"nodegroups.upgrade"},
	},
	Facts: map[string][]string{"Kubeconfig": {"clusters.config"}, "Nodes": {"servers.list"}},
	Make: func(o Options) Account {
		r := nks.DefaultResources(o.Region)
		return Account{
			Holds: []Kind{
				Things("VPC", &r.VPCs, func(x nks.VPC) Thing { return Thing{ID: x.ID, Name: x.Name} }),
				Things("subnet", &r.Subnets, func(x nks.Subnet) Thing { return Thing{x.ID, x.Name, x.CIDR} }),
				Things("security group", &r.SecurityGroups, func(x nks.SecurityGroup) Thing { return Thing{ID: x.ID, Name: x.Name} }),
				Things("key pair", &r.KeyPairs, func(x nks.KeyPair) Thing { return Named(x.Name) }),
				Things("flavor", &r.Flavors, func(x nks.Flavor) Thing { return Thing{ID: x.ID, Name: x.Name} }),
				Things("", &r.Images, func(x nks.Image) Thing { return Thing{ID: x.ID, Name: x.Name} }),
			},
			Start: func() Server {
				return nks.New(nks.Options{
					Region: o.Region, Seed: o.Seed, Scale: o.Scale, Latency: o.Latency, ReadLag: o.ReadLag,
					Logger: o.Logger, Kubernetes: o.Kubernetes, Resources: &r, Unlimited: o.Unlimited(),
					Assumptions: Assumed[nks.Assumptions](o),
				})
			},
			Reach: func(base string) Access {
				identity := base + "/v2.0"
				return Access{
					Endpoint:  identity,
					TrustedBy: []string{"SSL_CERT_FILE", "OS_CACERT", "REQUESTS_CA_BUNDLE"},
					Environment: []string{
						"OS_AUTH_URL=" + identity,
						"OS_USERNAME=" + nks.DefaultUser,
						"OS_PASSWORD=" + nks.DefaultPassword,
						"OS_TENANT_ID=" + nks.DefaultTenantID,
						"OS_REGION_NAME=" + o.Region,
					},
					Credentials: map[string]string{"password": nks.DefaultPassword, "tenantId": nks.DefaultTenantID, "username": nks.DefaultUser},
				}
			},
		}
	},
}
