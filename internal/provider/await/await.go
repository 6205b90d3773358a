// SPDX-License-Identifier: Apache-2.0

// Package await waits inside an operation of a provider: for node groups that go,
// for the first of two writes. It is the loop of the public waiters with their
// bounds.
package await

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/poll"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// Until looks at once and then every interval, until look says done or fails for
// good, or more than [pmks.DefaultReadErrors] looks in a row failed in passing. When
// ctx ends, errors.Is finds its error in the result.
func Until(ctx context.Context, interval time.Duration, look func(context.Context) (done bool, err error)) error {
	err := poll.Loop{
		BackOff: backoff.NewConstantBackOff(interval), Failures: pmks.DefaultReadErrors - 1,
		Passing: fanout.Passing,
		Asked: func(err error) time.Duration {
			var e *pmks.Error
			errors.As(err, &e)
			if e == nil {
				return 0
			}
			return e.RetryAfter
		},
	}.Run(ctx, look)
	return errs.Ended(ctx, err)
}
