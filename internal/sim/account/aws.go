// SPDX-License-Identifier: Apache-2.0

package account

import (
	"regexp"

	"github.com/pmks-go/pmks/internal/sim/eks"
)

// aws serves EKS, EC2, Auto Scaling, IAM and STS on one address.
var aws = Cloud{
	Name:    "aws",
	Regions: regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`),
	Polls:   true,
	Requests: map[string][]string{
		"AddNodeGroup":            {"CreateNodegroup"},
		"ChangeNodeGroupScaling":  {"UpdateNodegroupConfig"},
		"CreateCluster":           {"CreateCluster"},
		"DeleteCluster":           {"DeleteCluster"},
		"GetCluster":              {"DescribeCluster", "DescribeNodegroup"},
		"RemoveNodeGroup":         {"DeleteNodegroup"},
		"SetNodeGroupAutoScaling": {"CreateOrUpdateTags", "DeleteTags", "TagResource"},
		"SetTags":                 {"TagResource", "UntagResource"},
		"UpgradeCluster":          {"UpdateClusterVersion", "UpdateNodegroupVersion"},
	},
	Facts: map[string][]string{"Addons": {"ListAddons"}, "Nodes": {"DescribeAutoScalingGroups"}},
	Make: func(o Options) Account {
		r := eks.DefaultResources(o.Region)
		return Account{
			Holds: []Kind{
				Things("VPC", &r.VPCs, func(x eks.VPC) Thing { return Thing{ID: x.ID, Name: x.Name} }),
				Things("subnet", &r.Subnets, func(x eks.Subnet) Thing { return Thing{x.ID, x.Name, x.Zone} }),
				Things("security group", &r.SecurityGroups, func(x eks.SecurityGroup) Thing { return Thing{ID: x.ID, Name: x.Name} }),
				Things("key pair", &r.KeyPairs, func(x eks.KeyPair) Thing { return Thing{ID: x.ID, Name: x.Name} }),
				Things("role", &r.Roles, func(x eks.Role) Thing { return Named(x.Name) }),
				Things("", &r.InstanceTypes, func(x eks.InstanceType) Thing { return Named(x.Name) }),
			},
			Start: func() Server {
				return eks.New(eks.Options{
					Region: o.Region, Seed: o.Seed, Scale: o.Scale, Latency: o.Latency, ReadLag: o.Lag(),
					Logger: o.Logger, Kubernetes: o.Kubernetes, Resources: &r, Unlimited: o.Unlimited(),
					Assumptions: Assumed[eks.Assumptions](o),
				})
			},
			Reach: func(base string) Access {
				return Access{
					TrustedBy: []string{"AWS_CA_BUNDLE"},
					Environment: []string{
						"AWS_ACCESS_KEY_ID=" + eks.DefaultAccessKey,
						"AWS_SECRET_ACCESS_KEY=" + eks.DefaultSecret,
						"AWS_REGION=" + o.Region,
						"AWS_DEFAULT_REGION=" + o.Region, // what the vendor's command line reads
						"AWS_ENDPOINT_URL=" + base,
						"AWS_EC2_METADATA_DISABLED=true",
					},
					Credentials: map[string]string{"accessKeyId": eks.DefaultAccessKey, "secretAccessKey": eks.DefaultSecret},
				}
			},
		}
	},
}
