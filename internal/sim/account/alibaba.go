// SPDX-License-Identifier: Apache-2.0

package account

import (
	"regexp"

	"github.com/pmks-go/pmks/internal/sim/ack"
)

// alibaba serves ACK, VPC, ECS and STS on one address.
var alibaba = Cloud{
	Name:    "alibaba",
	Regions: regexp.MustCompile(`^[a-z]{2}-[a-z]+(-[a-z]+)*(-?[0-9])?$`),
	Polls:   true,
	Requests: map[string][]string{
		"AddNodeGroup":            {"CreateClusterNodePool"},
		"ChangeNodeGroupScaling":  {"ModifyClusterNodePool"},
		"CreateCluster":           {"CreateCluster"},
		"DeleteCluster":           {"DeleteCluster"},
		"GetCluster":              {"DescribeClusterDetail", "DescribeClusterNodePools", "DescribeClusterNodePoolDetail"},
		"RemoveNodeGroup":         {"DeleteClusterNodepool"},
		"SetNodeGroupAutoScaling": {"CreateAutoscalingConfig", "ModifyClusterNodePool"},
		"SetTags":                 {"ModifyClusterTags"},
		"UpgradeCluster":          {"UpgradeCluster", "UpgradeClusterNodepool"},
	},
	Facts: map[string][]string{"Kubeconfig": {"DescribeClusterUserKubeconfig"}, "Nodes": {"DescribeClusterNodes"}},
	Make: func(o Options) Account {
		r := ack.DefaultResources(o.Region)
		return Account{
			Holds: []Kind{
				Things("VPC", &r.VPCs, func(x ack.VPC) Thing { return Thing{x.ID, x.Name, x.CIDR} }),
				Things("vSwitch", &r.VSwitches, func(x ack.VSwitch) Thing { return Thing{x.ID, x.Name, x.Zone} }),
				Things("security group", &r.SecurityGroups, func(x ack.SecurityGroup) Thing { return Thing{ID: x.ID, Name: x.Name} }),
				Things("key pair", &r.KeyPairs, Named),
				Things("service role", &r.Roles, Named),
				Things("", &r.InstanceTypes, func(x ack.InstanceType) Thing { return Named(x.Name) }),
			},
			Start: func() Server {
				return ack.New(ack.Options{
					Region: o.Region, Seed: o.Seed, Scale: o.Scale, Latency: o.Latency, ReadLag: o.Lag(),
					Logger: o.Logger, Kubernetes: o.Kubernetes, Resources: &r, Unlimited: o.Unlimited(),
					Assumptions: Assumed[ack.Assumptions](o),
				})
			},
			Reach: func(base string) Access {
				return Access{
					TrustedBy: []string{"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"},
					Environment: []string{
						"ALIBABA_CLOUD_ACCESS_KEY_ID=" + ack.DefaultAccessKeyID,
						"ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + ack.DefaultAccessKeySecret,
						"ALIBABA_CLOUD_REGION_ID=" + o.Region,
						"ALIBABA_CLOUD_ECS_METADATA_DISABLED=true",
					},
					Credentials: map[string]string{"accessKeyId": ack.DefaultAccessKeyID, "accessKeySecret": ack.DefaultAccessKeySecret},
					Settings:    map[string]string{"vpcEndpoint": base, "ecsEndpoint": base, "stsEndpoint": base},
				}
			},
		}
	},
}
