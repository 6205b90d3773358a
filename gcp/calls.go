// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"context"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
	"github.com/googleapis/gax-go/v2"

	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// The buckets that Google counts calls in: all methods of GKE together, and those
// of Compute Engine by region, where reading the instances of a group shares one
// with the making of VMs.
const (
	bucketGKE       = "container"
	bucketReads     = "compute-reads"
	bucketInstances = "compute-instances/" // and the region
	bucketLists     = "compute-lists"      // over all zones
)

// published keeps to 70 % of what Google publishes (GKE quotas and limits: 3,000 calls
// a minute of a project), or published until it stopped (1,500 a minute in a region
// for calls that count as making VMs, of which other tools draw too), read in
// November 2026. Of other reads it publishes no figure.
func published(bucket string) fanout.Rate {
	switch {
	case bucket == bucketGKE:
		return fanout.Rate{PerSecond: 35, Burst: 100}
	case strings.HasPrefix(bucket, bucketInstances):
		return fanout.Rate{PerSecond: 10, Burst: 100}
	case bucket == bucketLists:
		// There is no figure; older texts call them heavy. A fleet needs a dozen.
		return fanout.Rate{PerSecond: 2, Burst: 20}
	}
	return fanout.Rate{}
}

// limiter is the one of all handlers of a project: Google counts by project, whoever of a
// program asks, and wherever its clusters are.
func (c *Config) limiter() *fanout.Limiter {
	switch {
	case c.RateLimits == ratesNone:
		return fanout.NewLimiter(nil)
	case c.Transport == nil && len(c.DialOptions) > 0:
		// Where these lead to nobody can tell.
		return fanout.NewLimiter(fanout.Scaled(c.RateLimits, published))
	}
	return fanout.Shared(fanout.Account{Provider: Name, Identity: c.ProjectID, Endpoint: c.Endpoint, Rates: c.RateLimits, Transport: c.Transport},
		fanout.Scaled(c.RateLimits, published))
}

// read makes a read of GKE. check says what is wrong with an answer that arrived.
func read[Req, Resp any](ctx context.Context, h *Handler, call func(context.Context, Req, ...gax.CallOption) (Resp, error), req Req, check func(Resp) error) (Resp, error) {
	return fanout.Read(ctx, h.api.limiter, bucketGKE, func(ctx context.Context) (Resp, error) {
		resp, err := call(ctx, req)
		if err != nil {
			return resp, h.fail(err)
		}
		return resp, check(resp)
	})
}

// mutate makes a request of GKE that is answered by an operation, once.
func mutate[Req any](ctx context.Context, h *Handler, call func(context.Context, Req, ...gax.CallOption) (*containerpb.Operation, error), req Req) (*containerpb.Operation, error) {
	return fanout.Do(ctx, h.api.limiter, bucketGKE, func(ctx context.Context) (*containerpb.Operation, error) {
		op, err := call(ctx, req)
		if err != nil {
			return nil, h.fail(err)
		}
		if op.GetName() == "" {
			return nil, errs.LostAnswer("GKE", "operation")
		}
		return op, nil
	})
}

// readCompute makes a read of Compute Engine.
func readCompute[T any](ctx context.Context, h *Handler, bucket string, call func(context.Context) (T, error)) (T, error) {
	return fanout.Read(ctx, h.api.limiter, bucket, func(ctx context.Context) (T, error) {
		resp, err := call(ctx)
		return resp, h.fail(err)
	})
}
