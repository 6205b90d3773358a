// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/aks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// serveAzure serves https whatever the flags say: the SDK sends no credentials
// over anything else.
func serveAzure(o options) (simulator, error) {
	region := o.region
	if region == "" {
		p, _ := profile.Get("azure")
		region = p.Region
	}
	resources := aks.DefaultResources(region)
	if err := leaveOutAzure(&resources, o.without); err != nil {
		return simulator{}, err
	}
	server := aks.New(aks.Options{
		Location: region, Seed: o.seed, Scale: o.scale, Latency: o.latency, Logger: o.logger, Resources: &resources,
		// The published limits are of real hours, and these are not.
		Unlimited: o.unlimited(),
	})
	listener, err := server.Listen(o.listen, true)
	if err != nil {
		return simulator{}, err
	}
	certificate := listener.Certificate()
	return simulator{
		url:         listener.URL(),
		provider:    "azure",
		region:      region,
		certificate: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})),
		trustedBy:   []string{"SSL_CERT_FILE"},
		environment: []string{
			"AZURE_TENANT_ID=" + aks.DefaultTenantID,
			"AZURE_CLIENT_ID=" + aks.DefaultClientID,
			"AZURE_CLIENT_SECRET=" + aks.DefaultClientSecret,
			"AZURE_SUBSCRIPTION_ID=" + aks.DefaultSubscriptionID,
			// The default chain takes the above and looks no further.
			"AZURE_TOKEN_CREDENTIALS=EnvironmentCredential",
		},
		settings:  []string{"resourceGroup=" + aks.DefaultResourceGroup, "authorityHost=" + listener.URL()},
		resources: describeAzure(resources),
		close:     listener.Close,
	}, nil
}

// leaveOutAzure removes resources by name, to see what happens without them.
func leaveOutAzure(r *aks.Resources, names []string) error {
	for _, name := range names {
		left := false
		same := func(other string) bool {
			found := strings.EqualFold(other, name)
			left = left || found
			return found
		}
		r.ResourceGroups = slices.DeleteFunc(r.ResourceGroups, func(x aks.ResourceGroup) bool { return same(x.Name) })
		r.VirtualNetworks = slices.DeleteFunc(r.VirtualNetworks, func(x aks.VirtualNetwork) bool { return same(x.Name) })
		for i := range r.VirtualNetworks {
			v := &r.VirtualNetworks[i]
			v.Subnets = slices.DeleteFunc(v.Subnets, func(x aks.Subnet) bool { return same(x.Name) })
		}
		r.SecurityGroups = slices.DeleteFunc(r.SecurityGroups, func(x aks.SecurityGroup) bool { return same(x.Name) })
		r.SSHKeys = slices.DeleteFunc(r.SSHKeys, func(x aks.SSHKey) bool { return same(x.Name) })
		r.VMSizes = slices.DeleteFunc(r.VMSizes, func(x aks.VMSize) bool { return same(x.Name) })
		if !left {
			return fmt.Errorf("-without: the subscription has no %q", name)
		}
	}
	return nil
}

func describeAzure(r aks.Resources) []string {
	var lines []string
	add := func(kind string, names ...string) {
		lines = append(lines, fmt.Sprintf("%-16s %s", kind, strings.Join(names, "  ")))
	}
	for _, g := range r.ResourceGroups {
		add("resource group", g.Name)
	}
	for _, v := range r.VirtualNetworks {
		add("virtual network", v.Name, strings.Join(v.Prefixes, ","))
		for _, s := range v.Subnets {
			add("  subnet", s.Name, s.Prefix)
		}
	}
	for _, g := range r.SecurityGroups {
		add("security group", g.Name)
	}
	for _, k := range r.SSHKeys {
		add("SSH key", k.Name)
	}
	return lines
}
