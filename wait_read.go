// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"context"
	"fmt"
	"time"

	"github.com/pmks-go/pmks/internal/poll"
)

// glance looks at the state of the target, or of what is followed. Not-found is an
// observation, not an error.
func (w *wait) glance(ctx context.Context) (observation, error) {
	group := w.readGroup
	if w.whole {
		group = w.moving
	}
	s, err := readOnce(ctx, w.opts.readTimeout, func(ctx context.Context) (State, error) {
		return w.reader.ReadState(ctx, w.readCluster, group)
	})
	o := w.observe(err)
	if o.found = err == nil; o.found {
		o.state, o.clusterFound = s, true
		pin(&w.readCluster, s.Cluster)
		if !w.whole {
			pin(&w.readGroup, s.NodeGroup)
		}
	}
	return w.note(o, err)
}

// read looks at the whole cluster.
func (w *wait) read(ctx context.Context) (observation, error) {
	info, err := readOnce(ctx, w.opts.readTimeout, func(ctx context.Context) (ClusterInfo, error) {
		return w.h.GetCluster(ctx, w.readCluster)
	})
	o := w.observe(err)
	if o.clusterFound = err == nil; o.clusterFound {
		w.last, o.info, o.whole = info, info, true
		pin(&w.readCluster, info.IId)
		if w.group.IsZero() {
			o.state, o.found = stateOf(info), true
		} else if g, ok := info.NodeGroup(w.readGroup); ok {
			o.state, o.found = stateOfGroup(info, g), true
			pin(&w.readGroup, g.IId)
		}
	}
	return w.note(o, err)
}

func (w *wait) observe(err error) observation {
	w.lastErr = err
	return observation{attempt: w.attempts, elapsed: time.Since(w.start)}
}

// note keeps what is known of the presence of the target.
func (w *wait) note(o observation, err error) (observation, error) {
	switch {
	case err != nil && !isNotFound(err):
		return o, err
	case !o.found:
		w.absences.hit(o.attempt)
	default:
		w.seen = true
		w.absences.reset()
	}
	w.shown = o
	return o, nil
}

// pin completes an id with that of what was found.
func pin(iid *IID, found IID) {
	if iid.SystemId == "" && found.NameId == iid.NameId {
		*iid = found
	}
}

// stateOf is the cheap look at a cluster, out of the whole one.
func stateOf(info ClusterInfo) State {
	return State{Cluster: info.IId, Status: info.Status, StatusReason: info.StatusReason, StatusFinal: info.StatusFinal,
		Version: info.Version, DesiredNodeSize: -1, NodeCount: -1}
}

func stateOfGroup(info ClusterInfo, g NodeGroupInfo) State {
	s := State{Cluster: info.IId, NodeGroup: g.IId, Status: ClusterStatus(g.Status), StatusReason: g.StatusReason, StatusFinal: g.StatusFinal,
		Version: g.Version, DesiredNodeSize: g.DesiredNodeSize, NodeCount: len(g.Nodes)}
	for _, fact := range Unread(g.KeyValueList) {
		switch fact.Field {
		case "Nodes":
			s.NodeCount = -1
		case "DesiredNodeSize":
			s.DesiredNodeSize = -1
		}
	}
	return s
}

// passing reports whether a failed read may be repeated. A run of them may not.
func passing(err error) bool {
	switch CodeOf(err) {
	case CodeThrottled, CodeUnavailable, CodeTimeout, CodeInternal, CodeUnknown, CodeBusy:
		return true
	}
	return false
}

// readOnce makes one attempt of a read, within its own bound inside ctx. What it
// says of contexts while ctx lives is no end of the caller's, and passes.
func readOnce[T any](ctx context.Context, bound time.Duration, read func(context.Context) (T, error)) (T, error) {
	attempt := poll.Waiting(ctx)
	if bound > 0 {
		var cancel context.CancelFunc
		attempt, cancel = context.WithTimeout(attempt, bound)
		defer cancel()
	}
	v, err := read(attempt)
	switch code := CodeOf(err); {
	case err == nil || ctx.Err() != nil:
	case attempt.Err() != nil:
		err = &Error{Code: CodeUnavailable, Message: fmt.Sprintf("the read was not answered within %s: %v", bound, err)}
	case code == CodeTimeout || code == CodeCanceled:
		err = &Error{Code: CodeUnavailable, Message: fmt.Sprintf("the read ended before the caller's context did: %v", err)}
	}
	return v, err
}
