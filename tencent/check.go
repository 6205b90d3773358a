// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"context"
	"slices"

	cvm "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/cvm/v20170312"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// CheckCluster implements [pmks.RequestChecker]: what CreateCluster would look up, in
// parallel. TKE has no dry run of its own.
func (h *Handler) CheckCluster(ctx context.Context, req pmks.ClusterInfo) (err error) {
	defer annotate(&err, "CheckCluster", pmks.IID{NameId: req.IId.NameId}, pmks.IID{})
	_, err = h.planCluster(ctx, req)
	return err
}

// CheckNodeGroup implements [pmks.RequestChecker]: what AddNodeGroup would look up, and the
// key pair, which TKE itself looks up then.
func (h *Handler) CheckNodeGroup(ctx context.Context, clusterIID pmks.IID, req pmks.NodeGroupInfo) (err error) {
	defer annotate(&err, "CheckNodeGroup", clusterIID, pmks.IID{NameId: req.IId.NameId})
	return fanout.All(ctx, func(ctx context.Context) error {
		_, err := h.planPool(ctx, clusterIID, req)
		return err
	}, func(ctx context.Context) error {
		id := idOf(req.KeyPairIID, "skey-")
		if id == "" {
			return nil // the plan looks it up
		}
		_, err := h.readKeyPair(ctx, pmks.IID{SystemId: id})
		if errs.Is(err, pmks.CodePermissionDenied) {
			return nil // TKE judges
		}
		return err
	})
}

// keyPairID returns the id of a key pair; one that is given by its name is looked up.
func (h *Handler) keyPairID(ctx context.Context, iid pmks.IID) (string, error) {
	if id := idOf(iid, "skey-"); id != "" || iid.IsZero() {
		return id, nil
	}
	return h.readKeyPair(ctx, iid)
}

func (h *Handler) readKeyPair(ctx context.Context, iid pmks.IID) (string, error) {
	const field = "KeyPairIID"
	list, err := readPages(func(k *cvm.KeyPair) string { return deref(k.KeyId) }, func(offset int) ([]*cvm.KeyPair, int, error) {
		in := cvm.NewDescribeKeyPairsRequest()
		in.Offset, in.Limit = new(int64(offset)), new(int64(pageSize))
		if iid.SystemId != "" {
			in.KeyIds = pointers([]string{iid.SystemId})
		} else {
			in.Filters = []*cvm.Filter{{Name: new("key-name"), Values: pointers([]string{iid.NameId})}}
		}
		out, err := read(ctx, h, in, cvm.NewDescribeKeyPairsResponse, "list of key pairs", func(o *cvm.DescribeKeyPairsResponse) bool { return o.Response != nil && o.Response.TotalCount != nil })
		if err != nil {
			return nil, 0, err
		}
		return withoutNil(out.Response.KeyPairSet), int(*out.Response.TotalCount), nil
	})
	if err != nil {
		return "", unknownReference(err, field, "key pair", given(iid))
	}
	list = slices.DeleteFunc(list, func(k *cvm.KeyPair) bool {
		return iid.SystemId != "" && deref(k.KeyId) != iid.SystemId || iid.SystemId == "" && deref(k.KeyName) != iid.NameId
	})
	switch len(list) {
	case 1:
		return deref(list[0].KeyId), nil
	case 0:
		return "", refuse.Invalid(field, "there is no key pair %q in the region", given(iid))
	}
	return "", refuse.Invalid(field, "%d key pairs are called %q: give the SystemId", len(list), iid.NameId)
}
