// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"

	"github.com/pmks-go/pmks/internal/sim/ack"
)

// alibaba serves ACK, VPC, ECS and STS on one address.
var alibaba = cloud{
	regions: regexp.MustCompile(`^[a-z]{2}-[a-z]+(-[a-z]+)*(-?[0-9])?$`),
	account: func(o options) account {
		r := ack.DefaultResources(o.region)
		return account{
			holds: []kind{
				things("VPC", &r.VPCs, func(x ack.VPC) thing { return thing{x.ID, x.Name, x.CIDR} }),
				things("vSwitch", &r.VSwitches, func(x ack.VSwitch) thing { return thing{x.ID, x.Name, x.Zone} }),
				things("security group", &r.SecurityGroups, func(x ack.SecurityGroup) thing { return thing{id: x.ID, name: x.Name} }),
				things("key pair", &r.KeyPairs, named),
				things("service role", &r.Roles, named),
				things("", &r.InstanceTypes, func(x ack.InstanceType) thing { return named(x.Name) }),
			},
			start: func() server {
				return ack.New(ack.Options{
					Region: o.region, Seed: o.seed, Scale: o.scale, Latency: o.latency, Logger: o.logger, Kubernetes: o.kubernetes, Resources: &r, Unlimited: o.unlimited(),
				})
			},
			reach: func(base string) (access, error) {
				return access{
					trustedBy: []string{"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"},
					environment: []string{
						"ALIBABA_CLOUD_ACCESS_KEY_ID=" + ack.DefaultAccessKeyID,
						"ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + ack.DefaultAccessKeySecret,
						"ALIBABA_CLOUD_REGION_ID=" + o.region,
						"ALIBABA_CLOUD_ECS_METADATA_DISABLED=true",
					},
					settings: []string{"vpcEndpoint=" + base, "ecsEndpoint=" + base, "stsEndpoint=" + base, "pollInterval=200ms"},
				}, nil
			},
		}
	},
}
