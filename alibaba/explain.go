// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"context"
	"errors"

	"github.com/alibabacloud-go/tea/tea"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/ready"
)

// explain says what a refusal that depends on a state means, by the state that is read
// now: busy where the target is in transition, and what must be done first where it has
// failed. ACK's sentence stays in front; its codes for that are not all known.
func (h *Handler) explain(ctx context.Context, err error, id, poolId string) error {
	if !byState(err) {
		return err
	}
	var faults [2]error
	if fanout.All(ctx, func(ctx context.Context) error {
		if c, err := h.describe(ctx, id); err == nil {
			faults[0] = ready.Check("the cluster", tea.StringValue(c.State), clusterMeaning(tea.StringValue(c.State)))
		}
		return nil
	}, func(ctx context.Context) error {
		if poolId == "" {
			return nil
		}
		if p, err := h.readPool(ctx, id, poolId); err == nil {
			faults[1] = ready.Check("the node group", poolState(p), poolMeaning(poolState(p)))
		}
		return nil
	}) != nil {
		return err // without an explanation ACK's own words stand alone
	}
	for _, fault := range faults {
		var e *pmks.Error
		if errors.As(fault, &e) {
			return errs.With(err, func(refusal *pmks.Error) {
				refusal.Code, refusal.Message, refusal.Field = e.Code, refusal.Message+": "+e.Message, ""
			})
		}
	}
	return err
}
