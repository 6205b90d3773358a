// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"context"
	"fmt"

	"github.com/pmks-go/pmks"
)

// Call is one call of a handler, for a table.
type Call func(ctx context.Context, h Handler) error

// failure is how a call ended, whatever it returned.
func failure[T any](_ T, err error) error { return err }

// CreateCluster calls the method of that name, as all that follow do.
func CreateCluster(req pmks.ClusterInfo) Call {
	return func(ctx context.Context, h Handler) error { return failure(h.CreateCluster(ctx, req)) }
}

// GetCluster reads a cluster.
func GetCluster(cluster pmks.IID) Call {
	return func(ctx context.Context, h Handler) error { return failure(h.GetCluster(ctx, cluster)) }
}

// ListCluster lists all clusters.
func ListCluster(ctx context.Context, h Handler) error { return failure(h.ListCluster(ctx)) }

// ListIID lists the names of all clusters.
func ListIID(ctx context.Context, h Handler) error { return failure(h.ListIID(ctx)) }

// ListVersions lists the versions on offer.
func ListVersions(ctx context.Context, h Handler) error { return failure(h.ListVersions(ctx)) }

// DeleteCluster deletes a cluster.
func DeleteCluster(cluster pmks.IID) Call {
	return func(ctx context.Context, h Handler) error { return failure(h.DeleteCluster(ctx, cluster)) }
}

// UpgradeCluster upgrades a cluster.
func UpgradeCluster(cluster pmks.IID, version string) Call {
	return func(ctx context.Context, h Handler) error { return failure(h.UpgradeCluster(ctx, cluster, version)) }
}

// AddNodeGroup adds a node group.
func AddNodeGroup(cluster pmks.IID, group pmks.NodeGroupInfo) Call {
	return func(ctx context.Context, h Handler) error { return failure(h.AddNodeGroup(ctx, cluster, group)) }
}

// RemoveNodeGroup removes a node group.
func RemoveNodeGroup(cluster, group pmks.IID) Call {
	return func(ctx context.Context, h Handler) error { return failure(h.RemoveNodeGroup(ctx, cluster, group)) }
}

// SetNodeGroupAutoScaling switches autoscaling.
func SetNodeGroupAutoScaling(cluster, group pmks.IID, on bool) Call {
	return func(ctx context.Context, h Handler) error {
		return failure(h.SetNodeGroupAutoScaling(ctx, cluster, group, on))
	}
}

// ChangeNodeGroupScaling changes sizes.
func ChangeNodeGroupScaling(cluster, group pmks.IID, desired, least, largest int) Call {
	return func(ctx context.Context, h Handler) error {
		return failure(h.ChangeNodeGroupScaling(ctx, cluster, group, desired, least, largest))
	}
}

// ReadState looks at a cluster, or at a node group.
func ReadState(cluster, group pmks.IID) Call {
	return func(ctx context.Context, h Handler) error { return failure(h.ReadState(ctx, cluster, group)) }
}

// LastOperation reads the record of what was done last.
func LastOperation(cluster, group pmks.IID) Call {
	return func(ctx context.Context, h Handler) error { return failure(h.LastOperation(ctx, cluster, group)) }
}

// GenerateClusterToken makes a token.
func GenerateClusterToken(cluster pmks.IID) Call {
	return func(ctx context.Context, h Handler) error { return failure(h.GenerateClusterToken(ctx, cluster)) }
}

// CheckCluster checks a request.
func CheckCluster(req pmks.ClusterInfo) Call {
	return func(ctx context.Context, h Handler) error { return h.CheckCluster(ctx, req) }
}

// CheckNodeGroup checks a request.
func CheckNodeGroup(cluster pmks.IID, group pmks.NodeGroupInfo) Call {
	return func(ctx context.Context, h Handler) error { return h.CheckNodeGroup(ctx, cluster, group) }
}

// Fails is a call that fails with a code, and so succeeds.
func Fails(want pmks.Code, call Call) Call {
	return func(ctx context.Context, h Handler) error {
		if err := call(ctx, h); pmks.CodeOf(err) != want {
			return fmt.Errorf("want %s: %w", want, err)
		}
		return nil
	}
}

// Then makes calls one after the other until one fails.
func Then(calls ...Call) Call {
	return func(ctx context.Context, h Handler) error {
		for _, call := range calls {
			if err := call(ctx, h); err != nil {
				return err
			}
		}
		return nil
	}
}
