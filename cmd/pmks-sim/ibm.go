// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/iks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// serveIBM serves all services of IBM at one address.
func serveIBM(o options) (simulator, error) {
	region := o.region
	if region == "" {
		p, _ := profile.Get("ibm")
		region = p.Region
	}
	resources := iks.DefaultResources(region)
	if err := leaveOutIBM(&resources, o.without); err != nil {
		return simulator{}, err
	}
	server := iks.New(iks.Options{
		Region: region, Seed: o.seed, Scale: o.scale, Latency: o.latency, Logger: o.logger, Resources: &resources,
		Unlimited: o.unlimited(),
	})
	listener, err := server.Listen(o.listen, o.secure)
	if err != nil {
		return simulator{}, err
	}
	s := simulator{
		url:       listener.URL(),
		provider:  "ibm",
		region:    region,
		trustedBy: []string{"SSL_CERT_FILE"},
		environment: []string{
			"IC_API_KEY=" + iks.DefaultAPIKey,
			// What the vendor's Terraform provider reads.
			"IBMCLOUD_API_KEY=" + iks.DefaultAPIKey,
			"IBMCLOUD_CS_API_ENDPOINT=" + listener.URL() + "/global",
			"IBMCLOUD_IAM_API_ENDPOINT=" + listener.URL(),
			"IBMCLOUD_IS_NG_API_ENDPOINT=" + listener.URL() + "/v1",
		},
		settings:  []string{"pollInterval=200ms"},
		resources: describeIBM(resources),
		close:     listener.Close,
	}
	if c := listener.Certificate(); c != nil {
		s.certificate = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return s, nil
}

// leaveOutIBM removes resources by name or id, to see what happens without them.
func leaveOutIBM(r *iks.Resources, names []string) error {
	for _, name := range names {
		left := false
		same := func(others ...string) bool {
			found := slices.Contains(others, name)
			left = left || found
			return found
		}
		r.VPCs = slices.DeleteFunc(r.VPCs, func(x iks.VPC) bool { return same(x.ID, x.Name) })
		r.Subnets = slices.DeleteFunc(r.Subnets, func(x iks.Subnet) bool { return same(x.ID, x.Name) })
		r.SecurityGroups = slices.DeleteFunc(r.SecurityGroups, func(x iks.SecurityGroup) bool { return same(x.ID, x.Name) })
		r.Flavors = slices.DeleteFunc(r.Flavors, func(x iks.Flavor) bool { return same(x.Name) })
		r.OperatingSystems = slices.DeleteFunc(r.OperatingSystems, func(x string) bool { return same(x) })
		r.Addons = slices.DeleteFunc(r.Addons, func(x iks.Addon) bool { return same(x.Name) })
		if !left {
			return fmt.Errorf("-without: the account has no %q", name)
		}
	}
	return nil
}

func describeIBM(r iks.Resources) []string {
	var lines []string
	add := func(kind string, names ...string) {
		lines = append(lines, fmt.Sprintf("%-16s %s", kind, strings.Join(names, "  ")))
	}
	for _, g := range r.ResourceGroups {
		add("resource group", g.ID, g.Name)
	}
	for _, v := range r.VPCs {
		add("VPC", v.ID, v.Name)
	}
	for _, n := range r.Subnets {
		add("subnet", n.ID, n.Name, n.Zone)
	}
	for _, g := range r.SecurityGroups {
		add("security group", g.ID, g.Name)
	}
	return lines
}
