// SPDX-License-Identifier: Apache-2.0

// Package requests holds one create request for each cloud, in the JSON form of
// the PMKS specification. The names and ids in them are made up: put your own
// VPC, subnets, security groups and key pair there before you send one to a real
// cloud.
package requests

import (
	"embed"
	"fmt"
	"slices"

	"github.com/pmks-go/pmks"
)

//go:embed *.json
var files embed.FS

// clouds are in the order in which the documentation lists them.
var clouds = []string{"aws", "azure", "gcp", "alibaba", "tencent", "nhn", "ibm"}

// Clouds returns the provider names that there is a request for.
func Clouds() []string { return slices.Clone(clouds) }

// Load returns the request for a cloud.
func Load(cloud string) (pmks.ClusterInfo, error) {
	data, err := files.ReadFile(cloud + ".json")
	if err != nil {
		return pmks.ClusterInfo{}, fmt.Errorf("there is no example request for %q; there are %v", cloud, clouds)
	}
	req, err := pmks.ParseRequest(data)
	if err != nil {
		return req, fmt.Errorf("%s.json: %w", cloud, err)
	}
	return req, nil
}
