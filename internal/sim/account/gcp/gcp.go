// SPDX-License-Identifier: Apache-2.0

// Package gcp is the table of Google Cloud for package account, which has it where this
// is imported.
package gcp

import (
	"regexp"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/account"
	"github.com/pmks-go/pmks/internal/sim/gke"
)

func init() { account.Register(cloud) }

// cloud serves gRPC and REST on one address.
var cloud = account.Cloud{
	Name:    "gcp",
	Regions: regexp.MustCompile(`^[a-z]+-[a-z]+[0-9]+$`),
	Polls:   true,
	Requests: map[string][]string{
		"AddNodeGroup":            {"CreateNodePool"},
		"ChangeNodeGroupScaling":  {"SetLabels", "SetNodePoolAutoscaling", "SetNodePoolSize"},
		"CreateCluster":           {"CreateCluster"},
		"DeleteCluster":           {"DeleteCluster"},
		"GetCluster":              {"GetCluster", "GetNodePool", "instanceGroupManagers.listManagedInstances"},
		"RemoveNodeGroup":         {"DeleteNodePool"},
		"SetNodeGroupAutoScaling": {"SetNodePoolAutoscaling"},
		"SetTags":                 {"SetLabels"},
		"UpgradeCluster":          {"UpdateMaster", "UpdateNodePool"},
	},
	Facts: map[string][]string{"Nodes": {"instanceGroupManagers.listManagedInstances", "instances.aggregatedList"}},
	Make: func(o account.Options) account.Account {
		r := gke.DefaultResources(o.Region)
		var s *gke.Server
		return account.Account{
			Holds: []account.Kind{
				account.Things("network", &r.Networks, func(x gke.Network) account.Thing { return account.Named(x.Name) }),
				account.Things("subnetwork", &r.Subnetworks, func(x gke.Subnetwork) account.Thing {
					return account.Thing{Name: x.Name, About: strings.Join([]string{x.Network, x.Region, x.CIDR}, "  ")}
				}),
				account.Things("service account", &r.ServiceAccounts, account.Named),
				account.Things("", &r.MachineTypes, func(x gke.MachineType) account.Thing { return account.Named(x.Name) }),
				account.Things("", &r.DiskTypes, account.Named),
			},
			Start: func() account.Server {
				s = gke.New(gke.Options{
					Region: o.Region, Seed: o.Seed, Scale: o.Scale, Latency: o.Latency, ReadLag: o.Lag(),
					Logger: o.Logger, Kubernetes: o.Kubernetes, Resources: &r, Unlimited: o.Unlimited(),
					Assumptions: account.Assumed[gke.Assumptions](o),
				})
				return s
			},
			Reach: func(base string) account.Access {
				key := s.ServiceAccountJSON(base + "/token")
				return account.Access{
					Zone: o.Region + "-a",
					TrustedBy: []string{
						"SSL_CERT_FILE", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "REQUESTS_CA_BUNDLE", "HTTPLIB2_CA_CERTS",
						"CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
					},
					Environment: []string{
						"GOOGLE_CLOUD_PROJECT=" + gke.DefaultProject,
						// What the vendor's command line reads.
						"CLOUDSDK_CORE_PROJECT=" + gke.DefaultProject,
						"CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER=" + base + "/",
						"CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE=" + base + "/compute/v1/",
					},
					Files:       map[string][]byte{"GOOGLE_APPLICATION_CREDENTIALS": key},
					Credentials: map[string]string{"credentialsJson": string(key), "projectId": gke.DefaultProject},
				}
			},
		}
	},
}
