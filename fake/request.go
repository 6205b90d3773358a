// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// Call is one request that was made to the cloud.
type Call struct {
	// Op is the method that made it, such as "CreateCluster", or "GetCluster" for
	// every look at a single cluster but the cheap one, which is "ReadState".
	Op        string
	Cluster   string // id, else name, else empty
	NodeGroup string
	// Mutation: it was to change something.
	Mutation bool
	// Applied: it did change something.
	Applied bool
	Time    time.Time
	// Code is CodeOK when the cloud accepted the request and the reply arrived.
	Code pmks.Code
}

// Calls returns the requests so far, oldest first.
func (h *Handler) Calls() []Call {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.calls)
}

// ResetCalls forgets the requests so far.
func (h *Handler) ResetCalls() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = nil
}

// keptCalls bounds the record of a fake that runs for long.
const keptCalls = 100_000

// request is one request on its way to the cloud.
type request struct {
	op        string
	cluster   pmks.IID
	nodeGroup pmks.IID
	mutation  bool
	// of is the request that this one is made for, which errors speak of.
	of *request
	// underWay is what lookGroup has seen that the node group is in.
	underWay profile.Operation
}

func read(op string, cluster pmks.IID) request { return request{op: op, cluster: cluster} }

func look(cluster pmks.IID) request { return read("GetCluster", cluster) }

// look is a look at the cluster on behalf of r.
func (r request) look() request {
	l := look(r.cluster)
	if l.of = r.of; l.of == nil {
		l.of = &r
	}
	return l
}

func mutation(op string, cluster, nodeGroup pmks.IID) request {
	return request{op: op, cluster: cluster, nodeGroup: nodeGroup, mutation: true}
}

// send carries a request to the cloud: through the faults and the latency, then
// into the world. do runs under the lock; what it points to must not leave it.
func (h *Handler) send(ctx context.Context, r request, do func(now time.Time, out core.Outcome) error) error {
	if err := ctx.Err(); err != nil {
		return h.failed(r, err)
	}
	struck := h.match(r)
	pause := h.latency
	var fault core.Fault
	for _, f := range struck {
		if f.Kind == core.FaultDelay {
			pause += f.Delay
		} else {
			fault = f
		}
	}
	if err := sleep(ctx, pause); err != nil {
		return h.failed(r, err)
	}
	out := core.Outcome{}
	switch fault.Kind {
	case core.FaultRefuse:
		return h.record(ctx, r, false, &pmks.Error{Code: fault.Code, ProviderCode: "Refused", Message: cmp.Or(fault.Reason, "the cloud refused it")})
	case core.FaultThrottle:
		return h.record(ctx, r, false, &pmks.Error{Code: pmks.CodeThrottled, ProviderCode: "Throttling", HTTPStatus: 429,
			RetryAfter: fault.RetryAfter, Message: cmp.Or(fault.Reason, "too many requests: wait and try again")})
	case core.FaultLoseRequest:
		return h.record(ctx, r, false, lost())
	case core.FaultFailLater:
		out.Fail = cmp.Or(fault.Reason, "the operation failed")
	case core.FaultStick:
		out.Stick = true
	}
	h.mu.Lock()
	err := do(time.Now(), out)
	h.mu.Unlock()
	applied := err == nil && r.mutation
	if err == nil && fault.Kind == core.FaultLoseReply {
		err = lost()
	}
	return h.record(ctx, r, applied, err)
}

func lost() error {
	return &pmks.Error{Code: pmks.CodeUnavailable, ProviderCode: "ConnectionReset", Message: "the connection broke before the answer came"}
}

// match asks the plan for the faults that strike a request.
func (h *Handler) match(r request) []core.Fault {
	h.mu.Lock()
	defer h.mu.Unlock()
	id, name := r.cluster.SystemId, r.cluster.NameId
	group := r.nodeGroup
	if c, err := h.cluster(time.Now(), r.cluster); err == nil {
		id, name = c.ID, c.Name
		if g, err := h.group(c, group); err == nil {
			group = pmks.IID{NameId: g.Name, SystemId: g.ID}
		}
	}
	return h.plan.Match(r.op, id, name, group.SystemId, group.NameId)
}

// record notes a request and finishes its error.
func (h *Handler) record(ctx context.Context, r request, applied bool, err error) error {
	h.mu.Lock()
	h.requests++
	id := "req-" + strconv.Itoa(h.requests)
	if len(h.calls) < keptCalls {
		h.calls = append(h.calls, Call{
			Op: r.op, Cluster: cmp.Or(r.cluster.SystemId, r.cluster.NameId), NodeGroup: cmp.Or(r.nodeGroup.SystemId, r.nodeGroup.NameId),
			Mutation: r.mutation, Applied: applied, Time: time.Now(), Code: pmks.CodeOf(err),
		})
	}
	h.mu.Unlock()
	if h.logger != nil {
		h.logger.LogAttrs(ctx, slog.LevelDebug, "fake: request",
			slog.String("op", r.op), slog.String("cluster", r.cluster.String()), slog.String("nodeGroup", r.nodeGroup.String()),
			slog.String("code", pmks.CodeOf(err).String()), slog.String("requestId", id))
	}
	return h.finish(err, r, id)
}

// failed is the error of a request that was never sent.
func (h *Handler) failed(r request, err error) error { return h.finish(err, r, "") }

// mutate makes a change exactly once. happened looks for what only this change
// leaves behind.
func (h *Handler) mutate(ctx context.Context, r request, do func(now time.Time, out core.Outcome) error, happened func(now time.Time) (bool, error)) error {
	err := once.Do(ctx, once.Mutation{
		Send: func(ctx context.Context) error { return h.send(ctx, r, do) },
		Happened: func(ctx context.Context) (bool, error) {
			// Until then a read may show what was before.
			if err := sleep(ctx, h.lag); err != nil {
				return false, err
			}
			var yes bool
			err := h.send(ctx, r.look(), func(now time.Time, _ core.Outcome) (err error) {
				yes, err = happened(now)
				return err
			})
			if errors.Is(err, pmks.ErrNotFound) {
				return yes, nil
			}
			return yes, err
		},
	})
	return h.finish(err, r, "")
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
