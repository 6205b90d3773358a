// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/ack"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// serveAlibaba serves ACK, VPC, ECS and STS on one address.
func serveAlibaba(o options) (simulator, error) {
	region := o.region
	if region == "" {
		p, _ := profile.Get("alibaba")
		region = p.Region
	}
	resources := ack.DefaultResources(region)
	if err := leaveOutAlibaba(&resources, o.without); err != nil {
		return simulator{}, err
	}
	server := ack.New(ack.Options{
		Region: region, Seed: o.seed, Scale: o.scale, Latency: o.latency, Logger: o.logger, Resources: &resources,
		Unlimited: o.unlimited(),
	})
	listener, err := server.Listen(o.listen, o.secure)
	if err != nil {
		return simulator{}, err
	}
	s := simulator{
		url:       listener.URL(),
		provider:  "alibaba",
		region:    region,
		trustedBy: []string{"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"},
		environment: []string{
			"ALIBABA_CLOUD_ACCESS_KEY_ID=" + ack.DefaultAccessKeyID,
			"ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + ack.DefaultAccessKeySecret,
			"ALIBABA_CLOUD_REGION_ID=" + region,
			"ALIBABA_CLOUD_ECS_METADATA_DISABLED=true",
		},
		settings: []string{
			"vpcEndpoint=" + listener.URL(), "ecsEndpoint=" + listener.URL(), "stsEndpoint=" + listener.URL(), "pollInterval=200ms",
		},
		resources: describeAlibaba(resources),
		close:     listener.Close,
	}
	if c := listener.Certificate(); c != nil {
		s.certificate = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return s, nil
}

// leaveOutAlibaba removes resources by name or id, to see what happens without them.
func leaveOutAlibaba(r *ack.Resources, names []string) error {
	for _, name := range names {
		left := false
		same := func(others ...string) bool {
			found := slices.Contains(others, name)
			left = left || found
			return found
		}
		r.VPCs = slices.DeleteFunc(r.VPCs, func(x ack.VPC) bool { return same(x.ID, x.Name) })
		r.VSwitches = slices.DeleteFunc(r.VSwitches, func(x ack.VSwitch) bool { return same(x.ID, x.Name) })
		r.SecurityGroups = slices.DeleteFunc(r.SecurityGroups, func(x ack.SecurityGroup) bool { return same(x.ID, x.Name) })
		r.KeyPairs = slices.DeleteFunc(r.KeyPairs, func(x string) bool { return same(x) })
		r.InstanceTypes = slices.DeleteFunc(r.InstanceTypes, func(x ack.InstanceType) bool { return same(x.Name) })
		r.Roles = slices.DeleteFunc(r.Roles, func(x string) bool { return same(x) })
		if !left {
			return fmt.Errorf("-without: the account has no %q", name)
		}
	}
	return nil
}

func describeAlibaba(r ack.Resources) []string {
	var lines []string
	add := func(kind string, names ...string) {
		lines = append(lines, fmt.Sprintf("%-16s %s", kind, strings.Join(names, "  ")))
	}
	for _, v := range r.VPCs {
		add("VPC", v.ID, v.Name, v.CIDR)
	}
	for _, v := range r.VSwitches {
		add("vSwitch", v.ID, v.Name, v.Zone)
	}
	for _, g := range r.SecurityGroups {
		add("security group", g.ID, g.Name)
	}
	for _, k := range r.KeyPairs {
		add("key pair", k)
	}
	for _, role := range r.Roles {
		add("service role", role)
	}
	return lines
}
