// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"context"
	"fmt"
	"time"
)

// failedState is the error of a target that will not become Active by itself.
func failedState(s State) error {
	switch {
	case s.Status == ClusterDeleting:
		return &Error{Code: CodeFailedPrecondition, Message: "it is being deleted"}
	case s.Status == ClusterInactive && s.StatusFinal:
		e := &Error{Code: CodeFailedPrecondition, Message: "it failed and will not recover by itself: " + s.StatusReason}
		if !s.NodeGroup.IsZero() {
			e.Message += "; remove the node group (RemoveNodeGroup), then call again"
		}
		return e
	}
	return nil
}

// checkActive is the check of what should become Active.
func (w *wait) checkActive(_ context.Context, o observation) (bool, error) {
	if !o.found {
		return false, w.missing(o)
	}
	return o.state.Status == ClusterActive, failedState(o.state)
}

// deletionCheck is the check of a target that should vanish.
type deletionCheck struct {
	w        *wait
	op       string // what deletes it
	started  bool   // Deleting was seen
	reverted streak // reads that showed another state after that
}

func (d *deletionCheck) check(_ context.Context, o observation) (bool, error) {
	if !o.found {
		return true, nil
	}
	s := o.state
	failed := s.Status == ClusterInactive && s.StatusFinal
	switch {
	case s.Status == ClusterDeleting:
		d.started = true
		d.reverted.reset()
	case !d.started && o.elapsed < d.w.opts.grace:
		// The deletion may not be visible yet, of a failed cluster too.
	case !d.started && !failed:
		return false, &Error{Code: CodeFailedPrecondition, Message: "it is not being deleted: call " + d.op + " first"}
	default:
		// A failed deletion ends Inactive on some clouds and as if nothing had been
		// on others, where a read may also be stale.
		if n := d.reverted.hit(o.attempt); failed || n >= confirmReads {
			reason := s.StatusReason
			if reason == "" {
				reason = "it is " + string(s.Status) + " again"
			}
			return false, &Error{Code: CodeFailedPrecondition, Message: fmt.Sprintf("the deletion failed: %s; remove what blocks it and call %s again", reason, d.op)}
		}
	}
	return false, nil
}

// updateCheck is the check of an update that should reach something. Clouds return
// a failed update to Active as if nothing had been, and stale reads show Active
// before the update is seen to begin; so Active without the goal ends the wait
// only when it lasts.
type updateCheck struct {
	w *wait
	// withGroups: the node groups must be at rest as well.
	withGroups bool
	started    bool
	rest       streak // reads that showed rest without the goal
}

func (u *updateCheck) check(o observation, reached bool) (bool, error) {
	active := o.state.Status == ClusterActive
	resting := active
	for _, g := range o.info.NodeGroupList {
		resting = resting && !g.Status.Transitional()
	}
	switch {
	case !resting:
		u.started = u.started || o.state.Status == ClusterUpdating || u.withGroups && active
		u.rest.reset()
		return reached && active && !u.withGroups, nil
	case reached:
		return true, nil
	}
	n := u.rest.hit(o.attempt)
	if u.started && n >= confirmReads || !u.started && o.elapsed >= u.w.opts.grace {
		message := "the cloud is at rest and the goal is not reached"
		if o.state.StatusReason != "" {
			message += ": " + o.state.StatusReason
		}
		return false, &Error{Code: CodeFailedPrecondition, Message: message}
	}
	return false, nil
}

// countCheck is the check of a node group that should have n nodes.
type countCheck struct {
	w       *wait
	n       int
	counted streak // the attempt that counted n
	rest    streak // reads that showed rest at another size
	// askAfter is when, in the wait, the record of the last operation is asked for
	// again.
	askAfter time.Duration
	failed   Operation // what failedAt, an attempt, learned of it
	failedAt int
}

func (c *countCheck) check(ctx context.Context, o observation) (bool, error) {
	if !o.found {
		return false, c.w.missing(o)
	}
	if err := failedState(o.state); err != nil {
		return false, err
	}
	if o.state.Status != ClusterActive {
		c.rest.reset()
		c.askAfter = 0
		return false, nil
	}
	switch count := o.state.NodeCount; {
	case count == c.n:
		c.counted.hit(o.attempt)
		return true, nil
	case count < 0 && !o.whole:
		return true, nil // as far as this look can tell: the whole one counts
	case count < 0 && c.counted.n > 0 && c.counted.attempt == o.attempt:
		return true, nil // the cheap look knew what the whole one could not read
	case count < 0:
		return false, unreadNodes(o)
	}
	// At rest at another size: nodes come and go late, and an autoscaler may still
	// move it; but after an operation that failed nobody will.
	n := c.rest.hit(o.attempt)
	if c.failedAt != o.attempt {
		if n < confirmReads || o.elapsed < c.askAfter {
			return false, nil
		}
		c.askAfter = o.elapsed + c.w.opts.grace
		op, failed := c.w.failedOperation(ctx, c.w.readGroup)
		if !failed {
			return false, nil
		}
		c.failed, c.failedAt = op, o.attempt
	}
	if !o.whole {
		return true, nil // the whole one confirms the size
	}
	c.w.explained = true
	return false, blame(&Error{Code: CodeFailedPrecondition, Message: fmt.Sprintf("the node group rests at %d nodes", o.state.NodeCount)}, c.failed)
}

// unreadError is a look that could not tell what the check needs: a failed read,
// which passes or does not as every other.
type unreadError struct{ err error }

func (e *unreadError) Error() string { return e.err.Error() }

// unreadNodes is the error of a look that could not count.
func unreadNodes(o observation) error {
	e := &Error{Code: CodeUnknown, NodeGroup: o.state.NodeGroup, Message: "the nodes of the group could not be read: their number is unknown"}
	g, _ := o.info.NodeGroup(o.state.NodeGroup)
	for _, fact := range Unread(g.KeyValueList) {
		if fact.Field == "Nodes" {
			e.Code = fact.Code
		}
	}
	return &unreadError{e}
}
