// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"

	"github.com/pmks-go/pmks/internal/sim/iks"
)

// ibm serves all services of IBM on one address.
var ibm = cloud{
	regions: regexp.MustCompile(`^[a-z]{2}-[a-z]+$`),
	account: func(o options) account {
		r := iks.DefaultResources(o.region)
		return account{
			holds: []kind{
				things("resource group", &r.ResourceGroups, func(x iks.ResourceGroup) thing { return thing{id: x.ID, name: x.Name} }),
				things("VPC", &r.VPCs, func(x iks.VPC) thing { return thing{id: x.ID, name: x.Name} }),
				things("subnet", &r.Subnets, func(x iks.Subnet) thing { return thing{x.ID, x.Name, x.Zone} }),
				things("security group", &r.SecurityGroups, func(x iks.SecurityGroup) thing { return thing{id: x.ID, name: x.Name} }),
				things("", &r.Flavors, func(x iks.Flavor) thing { return named(x.Name) }),
				things("", &r.OperatingSystems, named),
				things("", &r.Addons, func(x iks.Addon) thing { return named(x.Name) }),
			},
			start: func() server {
				return iks.New(iks.Options{
					Region: o.region, Seed: o.seed, Scale: o.scale, Latency: o.latency, Logger: o.logger, Kubernetes: o.kubernetes, Resources: &r, Unlimited: o.unlimited(),
				})
			},
			reach: func(base string) (access, error) {
				return access{
					trustedBy: []string{"SSL_CERT_FILE"},
					environment: []string{
						"IC_API_KEY=" + iks.DefaultAPIKey,
						// What the vendor's Terraform provider reads.
						"IBMCLOUD_API_KEY=" + iks.DefaultAPIKey,
						"IBMCLOUD_CS_API_ENDPOINT=" + base + "/global",
						"IBMCLOUD_IAM_API_ENDPOINT=" + base,
						"IBMCLOUD_IS_NG_API_ENDPOINT=" + base + "/v1",
					},
					settings: []string{"pollInterval=200ms"},
				}, nil
			},
		}
	},
}
