// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/pmks-go/pmks/internal/poll"
)

// Provision makes a cluster with all its node groups and waits until everything
// is Active: the one call that is the same on every cloud. Groups that the cloud
// takes with the create request go with it, the others are added when the
// cluster is up; where the public endpoint is a call of its own, it is opened.
//
// It is resumable. Interrupted anywhere and called again with the same request it
// continues, and makes nothing twice. A cluster of that name that differs from
// the request is ErrAlreadyExists, with the Field that differs, and is left
// alone. The whole request is checked before anything is made.
//
// On failure the cluster is returned as last seen, and what was made stays: call
// Provision again, or [Teardown].
func Provision(ctx context.Context, h ClusterHandler, req ClusterInfo, opts ...WaitOption) (ClusterInfo, error) {
	j := newJob("Provision", h, IID{NameId: req.IId.NameId}, opts)
	return j.run(ctx, func(ctx context.Context) (ClusterInfo, error) { return j.provision(ctx, req.Clone()) })
}

// Upgrade brings a cluster, its control plane and every node group, to a version,
// through every minor on the way. It is resumable: called again with the same
// version it continues where things are. At the version already, it returns at
// once and sends nothing.
//
// ErrInvalidArgument: a downgrade, or a version that is not offered.
// ErrFailedPrecondition: an update ended without effect, or the cluster failed.
func Upgrade(ctx context.Context, h ClusterHandler, iid IID, version string, opts ...WaitOption) (ClusterInfo, error) {
	j := newJob("Upgrade", h, iid, opts)
	return j.run(ctx, func(ctx context.Context) (ClusterInfo, error) { return j.upgrade(ctx, version) })
}

// Teardown deletes a cluster with its node groups and waits until it is gone. A
// cluster that does not exist is success, so that an interrupted Teardown can be
// called again.
//
// ErrFailedPrecondition: the cluster is protected, or its deletion failed.
func Teardown(ctx context.Context, h ClusterHandler, iid IID, opts ...WaitOption) error {
	j := newJob("Teardown", h, iid, opts)
	_, err := j.run(ctx, func(ctx context.Context) (ClusterInfo, error) { return ClusterInfo{}, j.teardown(ctx) })
	return err
}

// job is one whole job under way.
type job struct {
	op      string
	h       ClusterHandler
	caps    Capabilities
	iid     IID
	opts    []WaitOption
	options waitOptions
	// sent is when the last mutation was sent; zero: none was.
	sent    time.Time
	retries int
}

func newJob(op string, h ClusterHandler, iid IID, opts []WaitOption) *job {
	return &job{op: op, h: h, caps: capabilitiesOf(h), iid: iid, opts: opts, options: newWaitOptions(opts)}
}

// run does the work of the job, and tells the observers of it.
func (j *job) run(ctx context.Context, work func(context.Context) (ClusterInfo, error)) (info ClusterInfo, err error) {
	if j.h == nil {
		return info, j.wrap(noHandler())
	}
	ctx, a := beginOver(ctx, j.h, Event{Op: j.op, Cluster: j.iid})
	returned := false
	defer func() {
		a.event.Cluster, a.event.Retries = j.iid, j.retries
		a.end(outcome(err, returned))
	}()
	info, err = work(ctx)
	err = j.wrap(err)
	returned = true
	return info, err
}

func (j *job) wrap(err error) error {
	var w *WaitError
	if errors.As(err, &w) {
		return err // says already what was waited for
	}
	return Annotate(err, Error{Provider: j.caps.Provider, Op: j.op, Cluster: j.iid})
}

// send makes a mutation. While the cloud is busy, throttles or cannot serve, and
// it is certain that nothing happened, it tries again as the schedule says; busy
// targets for as long as ctx and WithMaxWait allow, because long operations are
// normal. The bound is for the pauses: it never cuts a request off. Each time, the
// progress callback is told why.
func (j *job) send(ctx context.Context, op string, group IID, mutate func() error) error {
	j.sent = time.Now()
	return j.try(ctx, op+" accepted", group, mutate)
}

// look makes a read of a job, with the bound of a read, in the same way.
func look[T any](ctx context.Context, j *job, op string, read func(context.Context) (T, error)) (result T, err error) {
	err = j.try(ctx, op+" answered", IID{}, func() error {
		result, err = readOnce(ctx, j.options.readTimeout, read)
		return err
	})
	return result, err
}

func (j *job) try(ctx context.Context, goal string, group IID, call func() error) error {
	o := j.options
	waiting := ctx
	if o.maxWait > 0 {
		var cancel context.CancelFunc
		waiting, cancel = context.WithTimeout(ctx, o.maxWait)
		defer cancel()
	}
	start, attempts, failures := time.Now(), 0, 0
	var last error
	err := poll.Loop{
		BackOff:  o.policy(),
		Failures: math.MaxInt, // counted below: a busy target is no failure
		Passing: func(err error) bool {
			if !Retryable(err) {
				return false
			}
			if !errors.Is(err, ErrBusy) {
				failures++
			}
			return failures <= o.readErrors
		},
		Asked: retryAfter,
		Pause: func(next time.Duration, failure error) {
			j.retries++
			if o.progress != nil && waiting.Err() == nil {
				o.progress(Progress{Goal: goal, Cluster: j.iid, NodeGroup: group, Reason: failure.Error(),
					Attempt: attempts, Elapsed: time.Since(start), Next: next})
			}
		},
	}.Run(waiting, func(context.Context) (bool, error) {
		attempts++
		last = call()
		return last == nil, last
	})
	switch {
	case err == nil:
		return nil
	case last == nil: // ctx was over before the first try
		return err
	case waiting.Err() != nil && Retryable(last):
		return errors.Join(Annotate(waiting.Err(), Error{Message: "while trying again"}), last)
	case ctx.Err() != nil && !errors.Is(last, ctx.Err()):
		return errors.Join(last, ctx.Err())
	}
	return last
}

// waits are the options of the waits for what was sent last.
func (j *job) waits() []WaitOption {
	return append(slices.Clip(j.opts), withSince(j.sent))
}

func (j *job) teardown(ctx context.Context) error {
	if err := CheckIID("clusterIID", j.iid); err != nil {
		return err
	}
	if j.iid.SystemId == "" {
		// Wait for the end of this very cluster: its name may be taken again.
		info, err := j.get(ctx)
		if err != nil {
			return ignoreNotFound(err)
		}
		j.iid = info.IId
	}
	err := j.send(ctx, "DeleteCluster", IID{}, func() error {
		_, err := j.h.DeleteCluster(ctx, j.iid)
		return err
	})
	if err != nil {
		return ignoreNotFound(err)
	}
	return WaitClusterDeleted(ctx, j.h, j.iid, j.waits()...)
}

func ignoreNotFound(err error) error {
	if isNotFound(err) {
		return nil
	}
	return err
}
