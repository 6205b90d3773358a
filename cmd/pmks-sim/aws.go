// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/eks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

func serveAWS(o options) (simulator, error) {
	region := o.region
	if region == "" {
		p, _ := profile.Get("aws")
		region = p.Region
	}
	resources := eks.DefaultResources(region)
	if err := leaveOut(&resources, o.without); err != nil {
		return simulator{}, err
	}
	server := eks.New(eks.Options{
		Region: region, Seed: o.seed, Scale: o.scale, Latency: o.latency, Logger: o.logger, Resources: &resources,
		Unlimited: o.unlimited(),
	})
	listener, err := server.Listen(o.listen, o.secure)
	if err != nil {
		return simulator{}, err
	}
	s := simulator{
		url:      listener.URL(),
		provider: "aws",
		region:   region,
		environment: []string{
			"AWS_ACCESS_KEY_ID=" + eks.DefaultAccessKey,
			"AWS_SECRET_ACCESS_KEY=" + eks.DefaultSecret,
			"AWS_REGION=" + region,
			"AWS_DEFAULT_REGION=" + region, // what the vendor's command line reads
			"AWS_ENDPOINT_URL=" + listener.URL(),
			"AWS_EC2_METADATA_DISABLED=true",
		},
		// A deletion looks as often as the simulated cloud is fast.
		settings:  []string{"pollInterval=200ms"},
		resources: describeAWS(resources),
		trustedBy: []string{"AWS_CA_BUNDLE"},
		close:     listener.Close,
	}
	if c := listener.Certificate(); c != nil {
		s.certificate = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return s, nil
}

// leaveOut removes resources by name or id, to see what happens without them.
func leaveOut(r *eks.Resources, names []string) error {
	for _, name := range names {
		before := len(r.Roles) + len(r.KeyPairs) + len(r.Subnets) + len(r.SecurityGroups) + len(r.InstanceTypes)
		r.Roles = slices.DeleteFunc(r.Roles, func(x eks.Role) bool { return x.Name == name })
		r.KeyPairs = slices.DeleteFunc(r.KeyPairs, func(x eks.KeyPair) bool { return x.Name == name || x.ID == name })
		r.Subnets = slices.DeleteFunc(r.Subnets, func(x eks.Subnet) bool { return x.Name == name || x.ID == name })
		r.SecurityGroups = slices.DeleteFunc(r.SecurityGroups, func(x eks.SecurityGroup) bool { return x.Name == name || x.ID == name })
		r.InstanceTypes = slices.DeleteFunc(r.InstanceTypes, func(x eks.InstanceType) bool { return x.Name == name })
		if before == len(r.Roles)+len(r.KeyPairs)+len(r.Subnets)+len(r.SecurityGroups)+len(r.InstanceTypes) {
			return fmt.Errorf("-without: the account has no %q", name)
		}
	}
	return nil
}

func describeAWS(r eks.Resources) []string {
	var lines []string
	add := func(kind string, names ...string) {
		lines = append(lines, fmt.Sprintf("%-16s %s", kind, strings.Join(names, "  ")))
	}
	for _, v := range r.VPCs {
		add("VPC", v.ID, v.Name)
	}
	for _, s := range r.Subnets {
		add("subnet", s.ID, s.Name, s.Zone)
	}
	for _, g := range r.SecurityGroups {
		add("security group", g.ID, g.Name)
	}
	for _, k := range r.KeyPairs {
		add("key pair", k.Name)
	}
	for _, role := range r.Roles {
		add("role", role.Name)
	}
	return lines
}
