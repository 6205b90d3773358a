// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"context"
	"slices"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// CheckCluster implements [pmks.RequestChecker]: what CreateCluster would look up, in
// parallel. ACK has no dry run of its own.
func (h *Handler) CheckCluster(ctx context.Context, req pmks.ClusterInfo) (err error) {
	defer annotate(&err, "CheckCluster", pmks.IID{NameId: req.IId.NameId}, pmks.IID{})
	_, err = h.planCluster(ctx, req)
	return err
}

// CheckNodeGroup implements [pmks.RequestChecker]: what AddNodeGroup would look up, and the
// key pair, which ACK itself looks up then.
func (h *Handler) CheckNodeGroup(ctx context.Context, clusterIID pmks.IID, req pmks.NodeGroupInfo) (err error) {
	defer annotate(&err, "CheckNodeGroup", clusterIID, pmks.IID{NameId: req.IId.NameId})
	return fanout.All(ctx, func(ctx context.Context) error {
		_, err := h.planPool(ctx, clusterIID, req)
		return err
	}, func(ctx context.Context) error {
		return h.checkKeyPair(ctx, req.KeyPairIID)
	})
}

// checkKeyPair looks a key pair up. What is none at all the request has been refused for.
func (h *Handler) checkKeyPair(ctx context.Context, iid pmks.IID) error {
	name := given(iid)
	if name == "" {
		return nil
	}
	type keyPair struct {
		KeyPairName string `json:"KeyPairName"`
	}
	type keyPairs struct {
		KeyPairs *struct {
			KeyPair []*keyPair `json:"KeyPair"`
		} `json:"KeyPairs"`
	}
	out, err := readRPC(ctx, h, h.api.ecs, "ecs", ecsVersion, "DescribeKeyPairs", map[string]string{"RegionId": h.cfg.Region, "KeyPairName": name},
		func(o *keyPairs) bool { return o.KeyPairs != nil })
	switch {
	case errs.Is(err, pmks.CodePermissionDenied):
		return nil // ACK judges
	case err != nil:
		return err
	case !slices.ContainsFunc(withoutNil(out.KeyPairs.KeyPair), func(k *keyPair) bool { return k.KeyPairName == name }):
		return refuse.Invalid("KeyPairIID", "there is no key pair %q in the region", name)
	}
	return nil
}
