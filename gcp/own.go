// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"context"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// ownOperation is the operation that a request of ours has led to. GKE takes no
// token that would mark it, so where the answer was lost it is the one of the right
// kind on the right target that began between the sending of the request and the
// look. A state, such as a size, could have other causes. Where the clock of this
// machine is wrong nothing is found, and the request is sent again: it says what is
// to be, so a second one changes nothing.
type ownOperation struct {
	ref
	pool  string
	kinds []containerpb.Operation_Type

	// op is what GKE answered, or what was found.
	op    *containerpb.Operation
	began time.Time
	tries int
}

// sent wraps the sending of the request for once.Do. That the target is busy may,
// after a try whose answer was lost, come of that very try.
func (o *ownOperation) sent(send func(context.Context) (*containerpb.Operation, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		if o.tries++; o.tries == 1 {
			o.began = time.Now()
		}
		op, err := send(ctx)
		if err == nil {
			o.op = op
		}
		if o.tries > 1 && errs.Is(err, pmks.CodeBusy) {
			return errs.With(err, func(e *pmks.Error) { e.MayHaveHappened = true })
		}
		return err
	}
}

// find looks for the operation.
func (o *ownOperation) find(ctx context.Context, h *Handler) (bool, error) {
	ops, err := h.operations(ctx, o.ref)
	if err != nil {
		return false, err
	}
	now := time.Now()
	for _, op := range on(o.ref, ops) {
		if _, _, pool := target(op); pool != o.pool || !slices.Contains(o.kinds, op.GetOperationType()) {
			continue
		}
		began := o.began
		if !strings.Contains(op.GetStartTime(), ".") {
			began = began.Truncate(time.Second) // that is all that GKE tells
		}
		if start := stamp(op.GetStartTime()); !start.Before(began) && !start.After(now) {
			o.op = op
			return true, nil
		}
	}
	return false, nil
}
