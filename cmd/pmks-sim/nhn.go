// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"

	"github.com/pmks-go/pmks/internal/sim/nks"
)

// nhn serves all services on one address; what is given out is that of identity, whose
// catalog names the others.
var nhn = cloud{
	regions: regexp.MustCompile(`^[A-Z]{2}[0-9]$`),
	account: func(o options) account {
		r := nks.DefaultResources(o.region)
		return account{
			holds: []kind{
				things("VPC", &r.VPCs, func(x nks.VPC) thing { return thing{id: x.ID, name: x.Name} }),
				things("subnet", &r.Subnets, func(x nks.Subnet) thing { return thing{x.ID, x.Name, x.CIDR} }),
				things("security group", &r.SecurityGroups, func(x nks.SecurityGroup) thing { return thing{id: x.ID, name: x.Name} }),
				things("key pair", &r.KeyPairs, func(x nks.KeyPair) thing { return named(x.Name) }),
				things("flavor", &r.Flavors, func(x nks.Flavor) thing { return thing{id: x.ID, name: x.Name} }),
				things("", &r.Images, func(x nks.Image) thing { return thing{id: x.ID, name: x.Name} }),
			},
			start: func() server {
				return nks.New(nks.Options{
					Region: o.region, Seed: o.seed, Scale: o.scale, Latency: o.latency, Logger: o.logger, Kubernetes: o.kubernetes, Resources: &r, Unlimited: o.unlimited(),
				})
			},
			reach: func(base string) (access, error) {
				identity := base + "/v2.0"
				return access{
					endpoint:  identity,
					trustedBy: []string{"SSL_CERT_FILE", "OS_CACERT", "REQUESTS_CA_BUNDLE"},
					environment: []string{
						"OS_AUTH_URL=" + identity,
						"OS_USERNAME=" + nks.DefaultUser,
						"OS_PASSWORD=" + nks.DefaultPassword,
						"OS_TENANT_ID=" + nks.DefaultTenantID,
						"OS_REGION_NAME=" + o.region,
					},
					settings: []string{"pollInterval=200ms"},
				}, nil
			},
		}
	},
}
