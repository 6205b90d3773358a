// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/gke"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// serveGCP serves gRPC and REST on one address, and writes the key of a service
// account where the default credentials of Google's libraries find it.
func serveGCP(o options) (simulator, error) {
	region := o.region
	if region == "" {
		p, _ := profile.Get("gcp")
		region = p.Region
	}
	resources := gke.DefaultResources(region)
	if err := leaveOutGCP(&resources, o.without); err != nil {
		return simulator{}, err
	}
	server := gke.New(gke.Options{
		Region: region, Seed: o.seed, Scale: o.scale, Latency: o.latency, Logger: o.logger, Resources: &resources,
		Unlimited: o.unlimited(),
	})
	listener, err := server.Listen(o.listen, o.secure)
	if err != nil {
		return simulator{}, err
	}
	dir, err := os.MkdirTemp("", "pmks-sim-")
	if err != nil {
		return simulator{}, err
	}
	key := filepath.Join(dir, "service-account.json")
	if err := os.WriteFile(key, server.ServiceAccountJSON(listener.URL()+"/token"), 0o600); err != nil {
		return simulator{}, err
	}
	s := simulator{
		url:       listener.URL(),
		provider:  "gcp",
		region:    region,
		zone:      region + "-a",
		trustedBy: []string{"SSL_CERT_FILE", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "REQUESTS_CA_BUNDLE", "HTTPLIB2_CA_CERTS", "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE"},
		environment: []string{
			"GOOGLE_APPLICATION_CREDENTIALS=" + key,
			"GOOGLE_CLOUD_PROJECT=" + gke.DefaultProject,
			// What the vendor's command line reads.
			"CLOUDSDK_CORE_PROJECT=" + gke.DefaultProject,
			"CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER=" + listener.URL() + "/",
			"CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE=" + listener.URL() + "/compute/v1/",
		},
		settings:  []string{"pollInterval=200ms"},
		resources: describeGCP(resources),
		close: func() error {
			_ = os.RemoveAll(dir) // what is left is a key to nothing
			return listener.Close()
		},
	}
	if c := listener.Certificate(); c != nil {
		s.certificate = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return s, nil
}

// leaveOutGCP removes resources by name, to see what happens without them.
func leaveOutGCP(r *gke.Resources, names []string) error {
	for _, name := range names {
		left := false
		same := func(other string) bool {
			left = left || other == name
			return other == name
		}
		r.Networks = slices.DeleteFunc(r.Networks, func(x gke.Network) bool { return same(x.Name) })
		r.Subnetworks = slices.DeleteFunc(r.Subnetworks, func(x gke.Subnetwork) bool { return same(x.Name) })
		r.MachineTypes = slices.DeleteFunc(r.MachineTypes, func(x gke.MachineType) bool { return same(x.Name) })
		r.DiskTypes = slices.DeleteFunc(r.DiskTypes, same)
		r.ServiceAccounts = slices.DeleteFunc(r.ServiceAccounts, same)
		if !left {
			return fmt.Errorf("-without: the project has no %q", name)
		}
	}
	return nil
}

func describeGCP(r gke.Resources) []string {
	var lines []string
	add := func(kind string, names ...string) {
		lines = append(lines, fmt.Sprintf("%-16s %s", kind, strings.Join(names, "  ")))
	}
	add("project", gke.DefaultProject)
	for _, n := range r.Networks {
		add("network", n.Name)
	}
	for _, s := range r.Subnetworks {
		add("subnetwork", s.Name, s.Network, s.Region, s.CIDR)
	}
	for _, a := range r.ServiceAccounts {
		add("service account", a)
	}
	return lines
}
