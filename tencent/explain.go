// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"context"
	"errors"

	tke "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/v20180525"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/ready"
)

// explain says what a refusal that depends on a state means, by the state that is read
// now: what must be done first where it stays, and busy where it passes or has passed. The
// vendor's sentence stays in front.
func (h *Handler) explain(ctx context.Context, err error, id, poolId string) error {
	if !byState(err) {
		return err
	}
	var faults [2]error
	var c *tke.Cluster
	if fanout.All(ctx, func(ctx context.Context) (err error) {
		if c, err = h.describe(ctx, id); err == nil {
			faults[0] = ready.Check("the cluster", deref(c.ClusterStatus), clusterMeaning(deref(c.ClusterStatus)))
		}
		return err
	}, func(ctx context.Context) error {
		if poolId == "" {
			return nil
		}
		p, err := h.readPool(ctx, id, poolId)
		if err == nil {
			faults[1] = ready.Check("the node group", deref(p.LifeState), poolMeaning(deref(p.LifeState)))
		}
		return err
	}) != nil {
		return err // without an explanation the vendor's own words stand alone
	}
	for _, fault := range faults {
		var e *pmks.Error
		if errors.As(fault, &e) {
			return errs.With(err, func(refusal *pmks.Error) { refusal.Code, refusal.Message = e.Code, refusal.Message+": "+e.Message })
		}
	}
	// It was about a moment that is over, or that the list does not show yet.
	return err
}
