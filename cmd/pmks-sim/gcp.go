// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/gke"
)

// gcp serves gRPC and REST on one address.
var gcp = cloud{
	regions: regexp.MustCompile(`^[a-z]+-[a-z]+[0-9]+$`),
	account: func(o options) account {
		r := gke.DefaultResources(o.region)
		var s *gke.Server
		return account{
			holds: []kind{
				things("network", &r.Networks, func(x gke.Network) thing { return named(x.Name) }),
				things("subnetwork", &r.Subnetworks, func(x gke.Subnetwork) thing {
					return thing{name: x.Name, about: strings.Join([]string{x.Network, x.Region, x.CIDR}, "  ")}
				}),
				things("service account", &r.ServiceAccounts, named),
				things("", &r.MachineTypes, func(x gke.MachineType) thing { return named(x.Name) }),
				things("", &r.DiskTypes, named),
			},
			start: func() server {
				s = gke.New(gke.Options{
					Region: o.region, Seed: o.seed, Scale: o.scale, Latency: o.latency, Logger: o.logger, Kubernetes: o.kubernetes, Resources: &r, Unlimited: o.unlimited(),
				})
				return s
			},
			reach: func(base string) (access, error) {
				key, remove, err := keyFile(s.ServiceAccountJSON(base + "/token"))
				return access{
					zone: o.region + "-a",
					trustedBy: []string{
						"SSL_CERT_FILE", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "REQUESTS_CA_BUNDLE", "HTTPLIB2_CA_CERTS",
						"CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
					},
					environment: []string{
						"GOOGLE_APPLICATION_CREDENTIALS=" + key,
						"GOOGLE_CLOUD_PROJECT=" + gke.DefaultProject,
						// What the vendor's command line reads.
						"CLOUDSDK_CORE_PROJECT=" + gke.DefaultProject,
						"CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER=" + base + "/",
						"CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE=" + base + "/compute/v1/",
					},
					settings: []string{"pollInterval=200ms"},
					remove:   remove,
				}, err
			},
		}
	},
}

// keyFile writes the key of a service account where the default credentials of
// Google's libraries find it.
func keyFile(key []byte) (path string, remove func() error, err error) {
	dir, err := os.MkdirTemp("", "pmks-sim-")
	if err != nil {
		return "", nil, err
	}
	remove = func() error { return os.RemoveAll(dir) }
	path = filepath.Join(dir, "service-account.json")
	if err := os.WriteFile(path, key, 0o600); err != nil {
		return "", nil, errors.Join(err, remove())
	}
	return path, remove, nil
}
