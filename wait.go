// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/pmks-go/pmks/internal/kver"
)

// Defaults of the waiters.
const (
	// DefaultGrace is how long a read may say not-found, or show the state from
	// before the mutation, until a wait believes it.
	DefaultGrace = 2 * time.Minute
	// DefaultReadErrors is how many reads in a row may fail with a passing error
	// until a wait ends.
	DefaultReadErrors = 10
	// DefaultReadTimeout is how long one read may take. A read that is never
	// answered costs that, not the wait.
	DefaultReadTimeout = time.Minute

	firstInterval  = 5 * time.Second
	longestPause   = 30 * time.Second
	intervalGrowth = 1.3
	jitter         = 0.2

	// confirmReads is how many reads in a row must agree on a bad end that might
	// be a stale read.
	confirmReads = 3
)

// WaitOption changes how a waiter or a whole job waits.
type WaitOption func(*waitOptions)

type waitOptions struct {
	policy      func() backoff.BackOff
	progress    func(Progress)
	maxWait     time.Duration
	grace       time.Duration
	readErrors  int
	readTimeout time.Duration
	// since is when the mutation was sent that the wait is about; zero: when the wait
	// began.
	since time.Time
}

// WithBackOff sets the pauses between checks. The function is called once for
// each wait, because a policy has state; a shared one would be a race. A policy
// that stops ends the wait with ErrTimeout. The default grows from 5 s to 30 s
// with jitter and never stops; it is what nil means. Where the cloud asks to wait
// longer, that is the pause. A policy that is nil, or gives nil, is the default.
func WithBackOff(policy func() backoff.BackOff) WaitOption {
	return func(o *waitOptions) {
		o.policy = func() backoff.BackOff {
			if policy != nil {
				if b := policy(); b != nil {
					return b
				}
			}
			return defaultPolicy()
		}
	}
}

// WithInterval checks every d; 0 or less means the default of [WithBackOff].
func WithInterval(d time.Duration) WaitOption {
	if d <= 0 {
		return WithBackOff(nil)
	}
	return WithBackOff(func() backoff.BackOff { return backoff.NewConstantBackOff(d) })
}

// WithMaxWait ends each single wait after d with ErrTimeout, those of a whole job
// for a busy target included. The default is no limit but the context's.
func WithMaxWait(d time.Duration) WaitOption {
	return func(o *waitOptions) { o.maxWait = d }
}

// WithProgress calls f after each check, and before each pause in which a whole
// job waits to send a call again, on the waiting goroutine.
func WithProgress(f func(Progress)) WaitOption {
	return func(o *waitOptions) { o.progress = f }
}

// WithGrace replaces [DefaultGrace].
func WithGrace(d time.Duration) WaitOption {
	return func(o *waitOptions) { o.grace = d }
}

// WithReadErrors replaces [DefaultReadErrors].
func WithReadErrors(n int) WaitOption {
	return func(o *waitOptions) { o.readErrors = n }
}

// WithReadTimeout replaces [DefaultReadTimeout]; 0 leaves reads to the context alone.
func WithReadTimeout(d time.Duration) WaitOption {
	return func(o *waitOptions) { o.readTimeout = d }
}

func withSince(t time.Time) WaitOption {
	return func(o *waitOptions) { o.since = t }
}

func newWaitOptions(opts []WaitOption) waitOptions {
	o := waitOptions{policy: defaultPolicy, grace: DefaultGrace, readErrors: DefaultReadErrors, readTimeout: DefaultReadTimeout}
	for _, opt := range opts {
		if opt != nil {
			opt(&o)
		}
	}
	return o
}

// defaultPolicy switches the 15 minute limit of the library off: a create takes
// longer than that on several clouds, and the context is in charge.
func defaultPolicy() backoff.BackOff {
	return backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(firstInterval),
		backoff.WithMultiplier(intervalGrowth),
		backoff.WithRandomizationFactor(jitter),
		backoff.WithMaxInterval(longestPause),
		backoff.WithMaxElapsedTime(0),
	)
}

// Progress is what a wait knows after a check, or a job before it tries again.
type Progress struct {
	// Goal is what is waited for, such as "cluster Active", or "AddNodeGroup
	// accepted" while a job waits to send that call again.
	Goal    string
	Cluster IID
	// NodeGroup is the group that is waited for. It is also set when a wait for a
	// whole cluster looks at one group that is being changed.
	NodeGroup IID
	// Status is the word of the last read, empty when nothing was found.
	Status string
	// Reason is the StatusReason of the last read, or the error that it, or the call
	// that is to be sent again, failed with.
	Reason string
	// Attempt counts the checks of this wait, or the tries of this call, from 1.
	Attempt int
	Elapsed time.Duration
	// Next is the pause until the next check; 0 when the wait is over.
	Next time.Duration
	// Typical is how long this usually takes; 0 when the handler does not say.
	Typical time.Duration
}

// WaitError is a wait that did not reach its goal. errors.Is and errors.As see
// through it: a wait that ended with its context is ErrTimeout or ErrCanceled and
// also the context's own error.
type WaitError struct {
	// Goal is what was waited for, such as "cluster Active".
	Goal      string
	Cluster   IID
	NodeGroup IID
	// Last is what the last successful read showed, without Kubeconfig; the zero
	// value if none was.
	Last ClusterInfo
	// LastReadErr is the error of the last read, if it failed.
	LastReadErr error
	// Attempts counts the looks, and Elapsed is how long the wait took.
	Attempts int
	Elapsed  time.Duration
	// Err says why the wait ended. Where the cloud keeps a record of operations and
	// the last one failed, its error is in the text and found by errors.As.
	Err error
}

// Error says what was waited for, for how long, what was seen last and why it
// ended.
func (e *WaitError) Error() string {
	target := fmt.Sprintf("cluster %q", clipIID(e.Cluster).String())
	if !e.NodeGroup.IsZero() {
		target += fmt.Sprintf(" node group %q", clipIID(e.NodeGroup).String())
	}
	status, reason := e.lastSeen()
	if status == "" {
		status = "nothing"
	}
	text := fmt.Sprintf("pmks: waiting for %s of %s: gave up after %s and %d checks, last seen %s",
		e.Goal, target, e.Elapsed.Round(time.Millisecond), e.Attempts, status)
	if reason != "" {
		text += " (" + reason + ")"
	}
	if e.LastReadErr != nil && !errors.Is(e.Err, e.LastReadErr) {
		text += fmt.Sprintf("; last read: %v", e.LastReadErr)
	}
	return oneLine(text + ": " + e.Err.Error())
}

// lastSeen returns the words of what the wait was about.
func (e *WaitError) lastSeen() (status, reason string) {
	if e.NodeGroup.IsZero() {
		return string(e.Last.Status), e.Last.StatusReason
	}
	g, _ := e.Last.NodeGroup(e.NodeGroup)
	return string(g.Status), g.StatusReason
}

// Unwrap returns why the wait ended, and the error of the last read.
func (e *WaitError) Unwrap() []error {
	if e.LastReadErr == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.LastReadErr}
}

// Format prints the text of Error under every verb: the vendor's error inside may
// hold the signed request.
func (e *WaitError) Format(f fmt.State, _ rune) { fmt.Fprint(f, e.Error()) }

// LogValue logs the text of Error, for the same reason.
func (e *WaitError) LogValue() slog.Value { return slog.StringValue(e.Error()) }

// WaitClusterActive waits until a cluster is Active. Like all waiters it checks
// at once, then as its schedule says, with [StateReader] where the handler has it;
// the context is in charge of how long. A cluster that is not found is forgiven for
// a grace period, for creations that are not visible yet. Failed reads that may
// pass are tolerated unless many come in a row. All errors are [*WaitError]:
// ErrFailedPrecondition when the cluster failed for good (its reason is in the
// text) or is being deleted, ErrNotFound, ErrTimeout, ErrCanceled, or that of the
// reads.
func WaitClusterActive(ctx context.Context, h ClusterHandler, iid IID, opts ...WaitOption) (ClusterInfo, error) {
	w := newWait("cluster Active", h, iid, IID{}, opts)
	w.typical = w.durations.CreateCluster
	return w.run(ctx, w.checkActive)
}

// WaitClusterDeleted waits until a cluster is not found. ErrFailedPrecondition:
// the deletion failed, for the reason in the text, or was never asked for.
func WaitClusterDeleted(ctx context.Context, h ClusterHandler, iid IID, opts ...WaitOption) error {
	w := newWait("cluster deleted", h, iid, IID{}, opts)
	w.typical = w.durations.DeleteCluster
	_, err := w.run(ctx, (&deletionCheck{w: w, op: "DeleteCluster"}).check)
	return err
}

// WaitClusterVersion waits until a cluster is Active and its control plane runs a
// version: exactly that one, or any patch of it if version names only a minor.
// Node groups may still lag; [Upgrade] takes them along. ErrFailedPrecondition:
// the update ended and the version is another.
func WaitClusterVersion(ctx context.Context, h ClusterHandler, iid IID, version string, opts ...WaitOption) (ClusterInfo, error) {
	w := newWait("version "+clip(version), h, iid, IID{}, opts)
	want, err := kver.Parse(version)
	if err != nil {
		return ClusterInfo{}, w.refused(ctx, invalid("version", "%q is not a Kubernetes version", clip(version)))
	}
	w.typical = w.durations.UpgradeControlPlane
	update := updateCheck{w: w}
	return w.run(ctx, func(_ context.Context, o observation) (bool, error) {
		if !o.found {
			return false, w.missing(o)
		}
		if err := failedState(o.state); err != nil {
			return false, err
		}
		if o.state.Version == "" && !o.whole {
			return !o.state.Status.Transitional(), nil // the whole cluster tells
		}
		return update.check(o, runs(o.state.Version, want))
	})
}

// WaitCluster waits until cond says true of a cluster. An error of cond ends the
// wait. Each check reads the whole cluster.
func WaitCluster(ctx context.Context, h ClusterHandler, iid IID, cond func(ClusterInfo) (bool, error), opts ...WaitOption) (ClusterInfo, error) {
	w := newWait("condition", h, iid, IID{}, opts)
	if cond == nil {
		return ClusterInfo{}, w.refused(ctx, noCondition())
	}
	w.explained = true // what is not reached, only cond knows
	return w.until(ctx, cond)
}

// WaitNodeGroupActive waits until a node group is Active, as WaitClusterActive
// does for a cluster.
func WaitNodeGroupActive(ctx context.Context, h ClusterHandler, clusterIID, nodeGroupIID IID, opts ...WaitOption) (NodeGroupInfo, error) {
	w := newWait("node group Active", h, clusterIID, nodeGroupIID, opts)
	w.typical = w.durations.AddNodeGroup
	return w.runGroup(ctx, w.checkActive)
}

// WaitNodeGroupDeleted waits until a node group, or its whole cluster, is not
// found.
func WaitNodeGroupDeleted(ctx context.Context, h ClusterHandler, clusterIID, nodeGroupIID IID, opts ...WaitOption) error {
	w := newWait("node group deleted", h, clusterIID, nodeGroupIID, opts)
	w.typical = w.durations.RemoveNodeGroup
	_, err := w.runGroup(ctx, (&deletionCheck{w: w, op: "RemoveNodeGroup"}).check)
	return err
}

// WaitNodeCount waits until a node group is Active with exactly n nodes. A list of
// nodes that could not be read says nothing of their number.
// ErrFailedPrecondition: the group rests at another size and its last operation
// failed, for the reason in the text.
func WaitNodeCount(ctx context.Context, h ClusterHandler, clusterIID, nodeGroupIID IID, n int, opts ...WaitOption) (NodeGroupInfo, error) {
	w := newWait(fmt.Sprintf("%d nodes", n), h, clusterIID, nodeGroupIID, opts)
	if n < 0 {
		return NodeGroupInfo{}, w.refused(ctx, invalid("n", "must not be negative, got %d", n))
	}
	w.typical = w.durations.ScaleNodeGroup
	return w.runGroup(ctx, (&countCheck{w: w, n: n}).check)
}

// WaitNodeGroup waits until cond says true of a node group. An error of cond ends the
// wait. Each check reads the whole cluster.
func WaitNodeGroup(ctx context.Context, h ClusterHandler, clusterIID, nodeGroupIID IID, cond func(NodeGroupInfo) (bool, error), opts ...WaitOption) (NodeGroupInfo, error) {
	w := newWait("condition", h, clusterIID, nodeGroupIID, opts)
	if cond == nil {
		return NodeGroupInfo{}, w.refused(ctx, noCondition())
	}
	w.explained = true // what is not reached, only cond knows
	w.whole = true
	return w.runGroup(ctx, func(_ context.Context, o observation) (bool, error) {
		if !o.found {
			return false, w.missing(o)
		}
		g, _ := o.info.NodeGroup(o.state.NodeGroup)
		return cond(g)
	})
}

func noCondition() error {
	return invalid("cond", "is nil: give a function that says when the wait is over")
}

// runs reports whether a cluster's version is the wanted one, or a patch of it
// when only a minor is wanted.
func runs(version string, want kver.Version) bool {
	v, err := kver.Parse(version)
	if err != nil {
		return false
	}
	if want.HasPatch && v.HasPatch {
		return v.Compare(want) == 0
	}
	return v.SameMinor(want)
}
