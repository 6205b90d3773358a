// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/nks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// serveNHN serves all services on one address; what is given out is that of identity,
// whose catalog names the others.
func serveNHN(o options) (simulator, error) {
	region := o.region
	if region == "" {
		p, _ := profile.Get("nhn")
		region = p.Region
	}
	resources := nks.DefaultResources(region)
	if err := leaveOutNHN(&resources, o.without); err != nil {
		return simulator{}, err
	}
	server := nks.New(nks.Options{
		Region: region, Seed: o.seed, Scale: o.scale, Latency: o.latency, Logger: o.logger, Resources: &resources,
		Unlimited: o.unlimited(),
	})
	listener, err := server.Listen(o.listen, o.secure)
	if err != nil {
		return simulator{}, err
	}
	identity := listener.URL() + "/v2.0"
	s := simulator{
		url:       identity,
		provider:  "nhn",
		region:    region,
		trustedBy: []string{"SSL_CERT_FILE", "OS_CACERT", "REQUESTS_CA_BUNDLE"},
		environment: []string{
			"OS_AUTH_URL=" + identity,
			"OS_USERNAME=" + nks.DefaultUser,
			"OS_PASSWORD=" + nks.DefaultPassword,
			"OS_TENANT_ID=" + nks.DefaultTenantID,
			"OS_REGION_NAME=" + region,
		},
		settings:  []string{"pollInterval=200ms"},
		resources: describeNHN(resources),
		close:     listener.Close,
	}
	if c := listener.Certificate(); c != nil {
		s.certificate = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return s, nil
}

// leaveOutNHN removes resources by name or id, to see what happens without them.
func leaveOutNHN(r *nks.Resources, names []string) error {
	for _, name := range names {
		left := false
		same := func(others ...string) bool {
			found := slices.Contains(others, name)
			left = left || found
			return found
		}
		r.VPCs = slices.DeleteFunc(r.VPCs, func(x nks.VPC) bool { return same(x.ID, x.Name) })
		r.Subnets = slices.DeleteFunc(r.Subnets, func(x nks.Subnet) bool { return same(x.ID, x.Name) })
		r.SecurityGroups = slices.DeleteFunc(r.SecurityGroups, func(x nks.SecurityGroup) bool { return same(x.ID, x.Name) })
		r.KeyPairs = slices.DeleteFunc(r.KeyPairs, func(x nks.KeyPair) bool { return same(x.Name) })
		r.Flavors = slices.DeleteFunc(r.Flavors, func(x nks.Flavor) bool { return same(x.ID, x.Name) })
		r.Images = slices.DeleteFunc(r.Images, func(x nks.Image) bool { return same(x.ID, x.Name) })
		if !left {
			return fmt.Errorf("-without: the project has no %q", name)
		}
	}
	return nil
}

func describeNHN(r nks.Resources) []string {
	var lines []string
	add := func(kind string, names ...string) {
		lines = append(lines, fmt.Sprintf("%-16s %s", kind, strings.Join(names, "  ")))
	}
	for _, v := range r.VPCs {
		add("VPC", v.ID, v.Name)
	}
	for _, s := range r.Subnets {
		add("subnet", s.ID, s.Name, s.CIDR)
	}
	for _, g := range r.SecurityGroups {
		add("security group", g.ID, g.Name)
	}
	for _, k := range r.KeyPairs {
		add("key pair", k.Name)
	}
	for _, f := range r.Flavors {
		add("flavor", f.Name)
	}
	return lines
}
