// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/pmks-go/pmks/internal/poll"
)

// wait is one wait under way: the loop behind every waiter. It polls with the
// cheapest look and reads the whole cluster when that seems to end the wait, so
// that verdict and result rest on the whole.
type wait struct {
	goal string
	h    ClusterHandler
	// cluster and group are as the caller named them, readCluster and readGroup with
	// the ids that were found: from then on these very ones are meant, not others
	// that get their names later.
	cluster, group         IID
	readCluster, readGroup IID
	opts                   waitOptions
	durations              Durations
	typical                time.Duration

	// reader gives the cheap look; nil where there is none.
	reader StateReader
	// whole: the check needs the whole cluster. The cheap look then only follows what
	// the whole one saw in transition, if follow says so.
	whole  bool
	follow bool
	moving IID // the node group that is followed; zero: the cluster, if following

	following bool
	check     func(context.Context, observation) (bool, error)

	start    time.Time
	attempts int
	told     int // the attempt that was reported last
	absences streak
	seen     bool
	shown    observation // of the last attempt
	last     ClusterInfo
	lastErr  error
	// explained: the error holds what the last operation says, or has nothing to do
	// with it.
	explained bool
}

// observation is what one look saw of the target of a wait.
type observation struct {
	// state is that of the target, the cluster or the node group; found says whether
	// there is one, and clusterFound whether the cluster is there.
	state        State
	found        bool
	clusterFound bool
	// info is the whole cluster, if it was read.
	info  ClusterInfo
	whole bool

	attempt int
	elapsed time.Duration
}

// streak counts attempts in a row. An attempt that looks twice counts once.
type streak struct{ n, attempt int }

func (s *streak) hit(attempt int) int {
	if s.attempt != attempt {
		s.n, s.attempt = s.n+1, attempt
	}
	return s.n
}

func (s *streak) reset() { s.n = 0 }

// verdict is the error of a check, which ends the wait whatever its code.
type verdict struct{ err error }

func (v *verdict) Error() string { return v.err.Error() }
func (v *verdict) Unwrap() error { return v.err }

func newWait(goal string, h ClusterHandler, cluster, group IID, opts []WaitOption) *wait {
	return &wait{goal: goal, h: h, cluster: cluster, group: group, readCluster: cluster, readGroup: group,
		opts: newWaitOptions(opts), durations: capabilitiesOf(h).Typical, reader: stateReaderOf(h)}
}

func capabilitiesOf(h ClusterHandler) Capabilities {
	if r, ok := h.(CapabilityReporter); ok {
		return r.Capabilities()
	}
	return Capabilities{}
}

// stateReaderOf returns the cheap look of h. A Client has one always, which is of
// no use when its handler has none.
func stateReaderOf(h ClusterHandler) StateReader {
	if c, ok := h.(*Client); ok {
		if _, ok := c.Unwrap().(StateReader); !ok {
			return nil
		}
	}
	r, _ := h.(StateReader)
	return r
}

// noHandler is the error of a wait or a job over nothing.
func noHandler() error {
	return invalid("h", "is nil: make a handler with pmks.Open or with the New of a provider")
}

// run looks and checks until the check says done or fails, or the wait is over.
func (w *wait) run(ctx context.Context, check func(context.Context, observation) (bool, error)) (info ClusterInfo, err error) {
	if w.h == nil {
		return ClusterInfo{}, w.refused(ctx, noHandler())
	}
	if err := CheckIID("clusterIID", w.cluster); err != nil {
		return ClusterInfo{}, w.refused(ctx, err)
	}
	ctx, a := beginOver(ctx, w.h, Event{Op: "Wait", Goal: w.goal, Cluster: w.cluster, NodeGroup: w.group})
	returned := false
	defer func() {
		a.event.Cluster, a.event.NodeGroup, a.event.Attempts = w.readCluster, w.readGroup, w.attempts
		a.end(outcome(err, returned))
	}()
	info, err = w.watch(ctx, check)
	returned = true
	return info, err
}

func (w *wait) watch(ctx context.Context, check func(context.Context, observation) (bool, error)) (ClusterInfo, error) {
	w.start, w.check = time.Now(), check
	bounded := ctx
	if w.opts.maxWait > 0 {
		var cancel context.CancelFunc
		bounded, cancel = context.WithTimeout(ctx, w.opts.maxWait)
		defer cancel()
	}
	err := w.loop(bounded).Run(bounded, w.look)
	var v *verdict
	switch {
	case err == nil:
		w.report(0)
		return w.last, nil
	case errors.As(err, &v):
		err = v.err
	case bounded.Err() != nil:
		// Whatever the read said, the wait ended because its context did.
		err = bounded.Err()
	case errors.Is(err, poll.ErrScheduleEnded):
		err = &Error{Code: CodeTimeout, Message: poll.ErrScheduleEnded.Error()}
	}
	if w.told != w.attempts || w.attempts == 0 {
		w.report(0)
	}
	err = w.explain(ctx, err)
	w.last = w.lastSeen()
	return w.last, w.failed(ctx, err)
}

// lastSeen is the cluster as it was read last, with what the cheap look of the
// last attempt showed.
func (w *wait) lastSeen() ClusterInfo {
	info, s := w.last, w.shown.state
	if !w.shown.found || w.shown.whole {
		return info
	}
	if info.IId.IsZero() {
		info.IId = s.Cluster
	}
	if s.NodeGroup.IsZero() {
		info.Status, info.StatusReason, info.StatusFinal = s.Status, s.StatusReason, s.StatusFinal
		if s.Version != "" {
			info.Version = s.Version
		}
		return info
	}
	info.NodeGroupList = slices.Clone(info.NodeGroupList)
	i := slices.IndexFunc(info.NodeGroupList, func(g NodeGroupInfo) bool { return g.IId == s.NodeGroup })
	if i < 0 {
		i = len(info.NodeGroupList)
		info.NodeGroupList = append(info.NodeGroupList, NodeGroupInfo{IId: s.NodeGroup})
	}
	g := &info.NodeGroupList[i]
	g.Status, g.StatusReason, g.StatusFinal = NodeGroupStatus(s.Status), s.StatusReason, s.StatusFinal
	if s.Version != "" {
		g.Version = s.Version
	}
	if s.DesiredNodeSize >= 0 {
		g.DesiredNodeSize = s.DesiredNodeSize
	}
	return info
}

func (w *wait) loop(ctx context.Context) poll.Loop {
	return poll.Loop{
		BackOff:  w.opts.policy(),
		Failures: w.opts.readErrors,
		Passing: func(err error) bool {
			var v *verdict
			return !errors.As(err, &v) && passing(err)
		},
		Asked: retryAfter,
		Pause: func(next time.Duration, _ error) {
			if ctx.Err() == nil {
				w.report(next)
			}
		},
	}
}

// runGroup is run for the waiters of a node group.
func (w *wait) runGroup(ctx context.Context, check func(context.Context, observation) (bool, error)) (NodeGroupInfo, error) {
	if err := CheckIID("nodeGroupIID", w.group); err != nil {
		return NodeGroupInfo{}, w.refused(ctx, err)
	}
	info, err := w.run(ctx, check)
	g, _ := info.NodeGroup(w.readGroup)
	return g, err
}

// until is run with a condition on a whole cluster that is there.
func (w *wait) until(ctx context.Context, cond func(ClusterInfo) (bool, error)) (ClusterInfo, error) {
	w.whole = true
	return w.run(ctx, func(_ context.Context, o observation) (bool, error) {
		if !o.found {
			return false, w.missing(o)
		}
		return cond(o.info)
	})
}

// look is one attempt: the cheap look, and the whole one where the cheap one does
// not say that nothing has changed.
func (w *wait) look(ctx context.Context) (bool, error) {
	w.attempts++
	w.shown, w.lastErr = observation{}, nil
	if w.reader != nil && (!w.whole || w.following) {
		o, err := w.glance(ctx)
		switch {
		case errors.Is(err, ErrUnsupported):
			w.reader = nil
		case err != nil && passing(err):
			return false, err
		case err != nil:
			w.reader = nil // what hinders the cheap look need not hinder the other
		case w.whole:
			if o.found && o.state.Status.Transitional() {
				return false, nil
			}
		default:
			if done, err := w.check(ctx, o); !done && err == nil {
				return false, nil
			}
		}
	}
	o, err := w.read(ctx)
	if err != nil {
		return false, err
	}
	done, err := w.check(ctx, o)
	if unread := (*unreadError)(nil); errors.As(err, &unread) {
		w.lastErr = unread.err
		return false, unread.err
	} else if err != nil {
		return false, &verdict{err}
	}
	if w.follow && !done {
		w.moving, w.following = inTransition(o.info)
	}
	return done, err
}

// inTransition returns what a wait for everything can follow with the cheap look.
func inTransition(info ClusterInfo) (group IID, found bool) {
	if info.Status.Transitional() {
		return IID{}, true
	}
	for _, g := range info.NodeGroupList {
		if g.Status.Transitional() && !g.IId.IsZero() {
			return g.IId, true
		}
	}
	return IID{}, false
}

// missing is the error of a target that is not there: nil during the grace
// period. Once it had been seen, a few reads must agree that it is gone.
func (w *wait) missing(o observation) error {
	if !w.seen && o.elapsed < w.opts.grace || w.seen && w.absences.n < confirmReads {
		return nil
	}
	what := "the cluster does not exist"
	switch {
	case w.seen:
		what = "it vanished while being waited for"
	case o.clusterFound:
		what = "the node group does not exist"
	}
	return &Error{Code: CodeNotFound, Message: what}
}

func (w *wait) report(next time.Duration) {
	w.told = w.attempts
	if w.opts.progress == nil {
		return
	}
	p := Progress{Goal: w.goal, Cluster: w.cluster, NodeGroup: w.group, Attempt: w.attempts,
		Elapsed: time.Since(w.start), Next: next, Typical: w.typical}
	if w.whole && !w.shown.whole {
		p.NodeGroup = w.shown.state.NodeGroup // the one that is followed
	}
	switch {
	case w.lastErr != nil:
		p.Reason = w.lastErr.Error()
	case w.shown.found:
		p.Status, p.Reason = string(w.shown.state.Status), w.shown.state.StatusReason
	}
	w.opts.progress(p)
}

// refused is failed for a wait that never began.
func (w *wait) refused(ctx context.Context, err error) error {
	w.start = time.Now()
	return w.failed(ctx, err)
}

// failed wraps why a wait ended, with all that is known but the kubeconfig, which
// has no place in an error.
func (w *wait) failed(ctx context.Context, err error) error {
	if end := ctx.Err(); end != nil && !errors.Is(err, end) {
		err = errors.Join(err, end)
	}
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
