// SPDX-License-Identifier: Apache-2.0

// Package byhand lists clusters with the vendors' SDKs alone, as a program without pmks
// would: what pmks is measured against.
package byhand

import (
	"context"
	"fmt"

	"github.com/pmks-go/pmks"
)

// Seen is what a listing found.
type Seen struct{ Clusters, Groups, Nodes int }

// Lister lists all clusters of an account with their node groups and nodes.
type Lister interface {
	// Serial makes the requests of a plain driver, one after the other: the list, then
	// each cluster, its groups, each group, and the nodes of each.
	Serial(context.Context) (Seen, error)
	// AtOnce makes the requests that ListCluster of pmks makes, side by side.
	AtOnce(context.Context) (Seen, error)
}

// New makes the vendor's clients for the account that cfg reaches.
func New(ctx context.Context, cloud string, cfg pmks.Config) (Lister, error) {
	switch cloud {
	case "alibaba":
		return newAlibaba(ctx, cfg)
	case "aws":
		return newAWS(ctx, cfg)
	case "azure":
		return newAzure(ctx, cfg)
	case "gcp":
		return newGCP(ctx, cfg)
	case "ibm":
		return newIBM(ctx, cfg)
	case "nhn":
		return newNHN(ctx, cfg)
	case "tencent":
		return newTencent(ctx, cfg)
	}
	return nil, fmt.Errorf("no cloud %q", cloud)
}
