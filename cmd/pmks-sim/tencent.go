// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"

	"github.com/pmks-go/pmks/internal/sim/tke"
)

// tencent serves TKE, Auto Scaling, VPC, CVM and STS on one address.
var tencent = cloud{
	regions: regexp.MustCompile(`^[a-z]{2}-[a-z]+(-[a-z]+)*$`),
	account: func(o options) account {
		r := tke.DefaultResources(o.region)
		return account{
			holds: []kind{
				things("VPC", &r.VPCs, func(x tke.VPC) thing { return thing{x.ID, x.Name, x.CIDR} }),
				things("subnet", &r.Subnets, func(x tke.Subnet) thing { return thing{x.ID, x.Name, x.Zone} }),
				things("security group", &r.SecurityGroups, func(x tke.SecurityGroup) thing { return thing{id: x.ID, name: x.Name} }),
				things("key pair", &r.KeyPairs, func(x tke.KeyPair) thing { return thing{id: x.ID, name: x.Name} }),
				things("service role", &r.Roles, named),
				things("", &r.InstanceTypes, func(x tke.InstanceType) thing { return named(x.Name) }),
			},
			start: func() server {
				return tke.New(tke.Options{
					Region: o.region, Seed: o.seed, Scale: o.scale, Latency: o.latency, Logger: o.logger, Kubernetes: o.kubernetes, Resources: &r, Unlimited: o.unlimited(),
				})
			},
			reach: func(string) (access, error) {
				return access{
					trustedBy: []string{"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"},
					environment: []string{
						"TENCENTCLOUD_SECRET_ID=" + tke.DefaultSecretID,
						"TENCENTCLOUD_SECRET_KEY=" + tke.DefaultSecretKey,
						"TENCENTCLOUD_REGION=" + o.region,
					},
					settings: []string{"pollInterval=200ms"},
				}, nil
			},
		}
	},
}
