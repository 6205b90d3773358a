// SPDX-License-Identifier: Apache-2.0

package account

import (
	"regexp"

	"github.com/pmks-go/pmks/internal/sim/tke"
)

// tencent serves TKE, Auto Scaling, VPC, CVM and STS on one address.
var tencent = Cloud{
	Name:    "tencent",
	Regions: regexp.MustCompile(`^[a-z]{2}-[a-z]+(-[a-z]+)*$`),
	Polls:   true,
	Requests: map[string][]string{
		"AddNodeGroup":            {"CreateClusterNodePool"},
		"ChangeNodeGroupScaling":  {"ModifyClusterNodePool", "ModifyNodePoolDesiredCapacityAboutAsg"},
		"CloseAccess":             {"DeleteClusterEndpoint"},
		"CreateCluster":           {"CreateCluster"},
		"DeleteCluster":           {"DeleteClusterEndpoint", "DeleteCluster"},
		"GetCluster":              {"DescribeClusters", "DescribeClusterNodePools"},
		"OpenAccess":              {"CreateClusterEndpoint"},
		"RemoveNodeGroup":         {"DeleteClusterNodePool"},
		"SetNodeGroupAutoScaling": {"ModifyClusterNodePool"},
		"SetTags":                 {"ModifyClusterTags"},
		"UpgradeCluster":          {"UpdateClusterVersion", "UpgradeClusterInstances"},
	},
	Facts: map[string][]string{"Kubeconfig": {"DescribeClusterKubeconfig"}, "Nodes": {"DescribeClusterInstances"}},
	Make: func(o Options) Account {
		r := tke.DefaultResources(o.Region)
		return Account{
			Holds: []Kind{
				Things("VPC", &r.VPCs, func(x tke.VPC) Thing { return Thing{x.ID, x.Name, x.CIDR} }),
				Things("subnet", &r.Subnets, func(x tke.Subnet) Thing { return Thing{x.ID, x.Name, x.Zone} }),
				Things("security group", &r.SecurityGroups, func(x tke.SecurityGroup) Thing { return Thing{ID: x.ID, Name: x.Name} }),
				Things("key pair", &r.KeyPairs, func(x tke.KeyPair) Thing { return Thing{ID: x.ID, Name: x.Name} }),
				Things("service role", &r.Roles, Named),
				Things("", &r.InstanceTypes, func(x tke.InstanceType) Thing { return Named(x.Name) }),
			},
			Start: func() Server {
				return tke.New(tke.Options{
					Region: o.Region, Seed: o.Seed, Scale: o.Scale, Latency: o.Latency, ReadLag: o.Lag(),
					Logger: o.Logger, Kubernetes: o.Kubernetes, Resources: &r, Unlimited: o.Unlimited(),
					Assumptions: Assumed[tke.Assumptions](o),
				})
			},
			Reach: func(base string) Access {
				return Access{
					TrustedBy: []string{"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"},
					Environment: []string{
						"TENCENTCLOUD_SECRET_ID=" + tke.DefaultSecretID,
						"TENCENTCLOUD_SECRET_KEY=" + tke.DefaultSecretKey,
						"TENCENTCLOUD_REGION=" + o.Region,
					},
					Credentials: map[string]string{"secretId": tke.DefaultSecretID, "secretKey": tke.DefaultSecretKey},
				}
			},
		}
	},
}
