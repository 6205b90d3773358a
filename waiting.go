// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// wait is one wait under way: the loop behind every waiter.
type wait struct {
	goal      string
	h         ClusterHandler
	cluster   IID
	group     IID
	opts      waitOptions
	durations Durations
	typical   time.Duration

	start    time.Time
	attempts int
	failures int // reads in a row that failed
	absences int // reads in a row that did not find the target
	seen     bool
	last     ClusterInfo
	lastErr  error
}

// sight is what one read saw.
type sight struct {
	info       ClusterInfo
	found      bool
	group      NodeGroupInfo
	groupFound bool
	elapsed    time.Duration
}

func newWait(goal string, h ClusterHandler, cluster, group IID, opts []WaitOption) *wait {
	return &wait{goal: goal, h: h, cluster: cluster, group: group,
		opts: newWaitOptions(opts), durations: capabilitiesOf(h).Typical}
}

func capabilitiesOf(h ClusterHandler) Capabilities {
	if r, ok := h.(CapabilityReporter); ok {
		return r.Capabilities()
	}
	return Capabilities{}
}

// run reads and judges until judge says done or fails, or the wait is over.
func (w *wait) run(ctx context.Context, judge func(sight) (bool, error)) (ClusterInfo, error) {
	if err := CheckIID("clusterIID", w.cluster); err != nil {
		return ClusterInfo{}, w.refused(err)
	}
	w.start = time.Now()
	if w.opts.maxWait > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, w.opts.maxWait)
		defer cancel()
	}
	policy := w.opts.policy()
	policy.Reset()
	for {
		s, err := w.read(ctx)
		done := false
		switch {
		case err == nil:
			done, err = judge(s)
		case ctx.Err() != nil:
			// Whatever the read said, the wait ended because its context did.
			err = ctx.Err()
		case w.tolerates(err):
			err = nil
		}
		if !done && err == nil {
			err = ctx.Err()
		}
		if done || err != nil {
			w.report(s, 0)
			if err != nil {
				return w.last, w.failed(err)
			}
			return w.last, nil
		}
		pause := policy.NextBackOff()
		if asked := retryAfter(w.lastErr); asked > 0 && pause != backoff.Stop {
			pause = asked
		}
		if pause == backoff.Stop {
			w.report(s, 0)
			return w.last, w.failed(&Error{Code: CodeTimeout, Message: "the wait's schedule ended"})
		}
		w.report(s, pause)
		if err := sleep(ctx, pause); err != nil {
			return w.last, w.failed(err)
		}
	}
}

// runGroup is run for the waiters of a node group.
func (w *wait) runGroup(ctx context.Context, judge func(sight) (bool, error)) (NodeGroupInfo, error) {
	if err := CheckIID("nodeGroupIID", w.group); err != nil {
		return NodeGroupInfo{}, w.refused(err)
	}
	info, err := w.run(ctx, judge)
	g, _ := info.NodeGroup(w.group)
	return g, err
}

// until is run with a condition on a cluster that is there.
func (w *wait) until(ctx context.Context, cond func(ClusterInfo) (bool, error)) (ClusterInfo, error) {
	return w.run(ctx, func(s sight) (bool, error) {
		if !s.found {
			return false, w.missing(s)
		}
		return cond(s.info)
	})
}

// read looks once. Not-found is a sight, not an error.
func (w *wait) read(ctx context.Context) (sight, error) {
	w.attempts++
	if err := ctx.Err(); err != nil {
		return sight{}, err
	}
	info, err := w.h.GetCluster(ctx, w.cluster)
	s := sight{info: info, elapsed: time.Since(w.start)}
	w.lastErr = err
	switch {
	case absent(err):
		w.failures = 0
		w.absences++
		return s, nil
	case err != nil:
		w.failures++
		return s, err
	}
	w.failures = 0
	w.last = info
	s.found = true
	s.group, s.groupFound = info.NodeGroup(w.group)
	if w.group.IsZero() || s.groupFound {
		w.seen, w.absences = true, 0
	} else {
		w.absences++
	}
	return s, nil
}

// tolerates reports whether a failed read may pass. A run of them may not.
func (w *wait) tolerates(err error) bool {
	switch CodeOf(err) {
	case CodeThrottled, CodeUnavailable, CodeTimeout, CodeInternal, CodeUnknown, CodeBusy:
		return w.failures <= w.opts.readErrors
	}
	return false
}

// missing is the error of a target that is not there: nil during the grace
// period. Once it had been seen, a few reads must agree that it is gone.
func (w *wait) missing(s sight) error {
	if !w.seen && s.elapsed < w.opts.grace || w.seen && w.absences < confirmReads {
		return nil
	}
	what := "the cluster does not exist"
	switch {
	case w.seen:
		what = "it vanished while being waited for"
	case s.found:
		what = "the node group does not exist"
	}
	return &Error{Code: CodeNotFound, Message: what}
}

func (w *wait) report(s sight, next time.Duration) {
	if w.opts.progress == nil {
		return
	}
	p := Progress{Goal: w.goal, Cluster: w.cluster, NodeGroup: w.group, Attempt: w.attempts,
		Elapsed: time.Since(w.start), Next: next, Typical: w.typical}
	switch {
	case s.groupFound:
		p.Status, p.Reason = string(s.group.Status), s.group.StatusReason
	case s.found && w.group.IsZero():
		p.Status, p.Reason = string(s.info.Status), s.info.StatusReason
	case w.lastErr != nil:
		p.Reason = w.lastErr.Error()
	}
	w.opts.progress(p)
}

// refused is failed for a wait that never began.
func (w *wait) refused(err error) error {
	w.start = time.Now()
	return w.failed(err)
}

// failed wraps why a wait ended, with all that is known but the kubeconfig, which
// has no place in an error.
func (w *wait) failed(err error) error {
	where := Error{Provider: capabilitiesOf(w.h).Provider, Op: "Wait", Cluster: w.cluster, NodeGroup: w.group}
	last := w.last
	last.AccessInfo.Kubeconfig = ""
	e := &WaitError{Goal: w.goal, Cluster: w.cluster, NodeGroup: w.group, Last: last,
		Attempts: w.attempts, Elapsed: time.Since(w.start), Err: Annotate(err, where)}
	if !errors.Is(err, w.lastErr) {
		e.LastReadErr = w.lastErr
	}
	return e
}

// sleep pauses for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// deletion judges a target that should vanish.
type deletion struct {
	w       *wait
	started bool // Deleting was seen
	back    int  // reads in a row that showed another state after that
}

func (d *deletion) judge(s sight, status string, final bool, reason, op string) error {
	failed := status == string(ClusterInactive) && final
	switch {
	case status == string(ClusterDeleting):
		d.started, d.back = true, 0
	case !d.started && s.elapsed < d.w.opts.grace:
		// The deletion may not be visible yet, of a failed cluster too.
	case !d.started && !failed:
		return &Error{Code: CodeFailedPrecondition, Message: "it is not being deleted: call " + op + " first"}
	default:
		// A failed deletion ends Inactive on some clouds and as if nothing had been
		// on others, where a read may also be stale.
		if d.back++; failed || d.back >= confirmReads {
			if reason == "" {
				reason = "it is " + status + " again"
			}
			return &Error{Code: CodeFailedPrecondition, Message: fmt.Sprintf("the deletion failed: %s; remove what blocks it and call %s again", reason, op)}
		}
	}
	return nil
}

// settling judges an update that should reach something. Clouds return a failed
// update to Active as if nothing had been, and stale reads show Active before
// the update is seen to begin; so Active without the goal ends the wait only
// when it lasts.
type settling struct {
	w *wait
	// withGroups: the node groups must be at rest as well.
	withGroups bool
	started    bool
	idle       int // reads in a row that showed rest without the goal
}

func (u *settling) judge(s sight, reached bool) (bool, error) {
	resting := s.info.Status == ClusterActive
	for _, g := range s.info.NodeGroupList {
		resting = resting && !g.Status.Transitional()
	}
	switch {
	case !resting:
		u.started = u.started || s.info.Status == ClusterUpdating || u.withGroups && s.info.Status == ClusterActive
		u.idle = 0
		return reached && s.info.Status == ClusterActive && !u.withGroups, nil
	case reached:
		return true, nil
	}
	u.idle++
	if u.started && u.idle >= confirmReads || !u.started && s.elapsed >= u.w.opts.grace {
		message := "the cloud is at rest and the goal is not reached"
		if s.info.StatusReason != "" {
			message += ": " + s.info.StatusReason
		}
		return false, &Error{Code: CodeFailedPrecondition, Message: message}
	}
	return false, nil
}
