// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"

	"github.com/pmks-go/pmks/internal/sim/eks"
)

// aws serves EKS, EC2, Auto Scaling, IAM and STS on one address.
var aws = cloud{
	regions: regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`),
	account: func(o options) account {
		r := eks.DefaultResources(o.region)
		return account{
			holds: []kind{
				things("VPC", &r.VPCs, func(x eks.VPC) thing { return thing{id: x.ID, name: x.Name} }),
				things("subnet", &r.Subnets, func(x eks.Subnet) thing { return thing{x.ID, x.Name, x.Zone} }),
				things("security group", &r.SecurityGroups, func(x eks.SecurityGroup) thing { return thing{id: x.ID, name: x.Name} }),
				things("key pair", &r.KeyPairs, func(x eks.KeyPair) thing { return thing{id: x.ID, name: x.Name} }),
				things("role", &r.Roles, func(x eks.Role) thing { return named(x.Name) }),
				things("", &r.InstanceTypes, func(x eks.InstanceType) thing { return named(x.Name) }),
			},
			start: func() server {
				return eks.New(eks.Options{
					Region: o.region, Seed: o.seed, Scale: o.scale, Latency: o.latency, Logger: o.logger, Kubernetes: o.kubernetes, Resources: &r, Unlimited: o.unlimited(),
				})
			},
			reach: func(base string) (access, error) {
				return access{
					trustedBy: []string{"AWS_CA_BUNDLE"},
					environment: []string{
						"AWS_ACCESS_KEY_ID=" + eks.DefaultAccessKey,
						"AWS_SECRET_ACCESS_KEY=" + eks.DefaultSecret,
						"AWS_REGION=" + o.region,
						"AWS_DEFAULT_REGION=" + o.region, // what the vendor's command line reads
						"AWS_ENDPOINT_URL=" + base,
						"AWS_EC2_METADATA_DISABLED=true",
					},
					// A deletion looks as often as the simulated cloud is fast.
					settings: []string{"pollInterval=200ms"},
				}, nil
			},
		}
	},
}
