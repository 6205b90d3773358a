// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/pmks-go/pmks"
)

// errSilent is why a source is given up.
var errSilent = errors.New("inventory: nothing came in time")

// read hands over the clusters of a source, and then its end, whatever its handler does.
func (l *listing) read(ctx context.Context, i int, fault error) {
	end := result{source: i, ended: true, err: &pmks.Error{Code: pmks.CodeInternal, Op: l.op(),
		Message: "the handler ended the goroutine in which it was called"}}
	defer func() { l.send(end) }()
	if fault == nil {
		fault = guarded(l.op(), func() error { return l.list(ctx, i) })
	}
	end.err = fault
}

// send hands a result over; it returns false when the loop is left.
func (l *listing) send(r result) bool {
	select {
	case l.results <- r:
		return true
	case <-l.left:
		return false
	}
}

// list hands over the clusters of a source, and returns why it is incomplete.
func (l *listing) list(ctx context.Context, i int) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	pause, resume := l.watch(func() { cancel(errSilent) })
	defer pause()
	h := l.sources[i].Handler
	if h == nil {
		if err := ctx.Err(); err != nil {
			return pmks.Annotate(err, pmks.Error{Op: l.op()})
		}
		if h, err = open(ctx, l.sources[i]); err != nil {
			return l.cut(ctx, err)
		}
		if closer, ok := h.(io.Closer); ok {
			defer func() { err = errors.Join(err, closer.Close()) }()
		}
	}
	for cluster, err := range l.clusters(ctx, h) {
		pause()
		if err != nil && ctx.Err() != nil && ended(err) {
			continue // it is told once, at the end
		}
		if !l.send(result{source: i, cluster: cluster, err: err}) {
			return nil
		}
		resume()
	}
	return l.cut(ctx, nil)
}

// open makes the handler of a source.
func open(ctx context.Context, s Source) (pmks.ClusterHandler, error) {
	h, err := s.Open(ctx)
	if err == nil && h == nil {
		err = &pmks.Error{Code: pmks.CodeFailedPrecondition, Op: "Open", Message: "Open returned neither a handler nor an error"}
	}
	return h, err
}

// op is what errors of ours say was being done.
func (l *listing) op() string {
	if l.namesOnly {
		return "ListIID"
	}
	return "Clusters"
}

// clusters reads what is wanted of each cluster.
func (l *listing) clusters(ctx context.Context, h pmks.ClusterHandler) iter.Seq2[pmks.ClusterInfo, error] {
	if l.namesOnly {
		return pmks.Clusters(ctx, nameLister{h})
	}
	return pmks.Clusters(ctx, h)
}

// nameLister has the names of the clusters for a listing.
type nameLister struct{ pmks.ClusterHandler }

// ListCluster returns clusters of which the IId is known alone.
func (n nameLister) ListCluster(ctx context.Context) ([]*pmks.ClusterInfo, error) {
	c, ok := n.ClusterHandler.(*pmks.Client)
	if !ok {
		c = pmks.New(n.ClusterHandler)
	}
	names, err := c.ListIID(ctx)
	clusters := make([]*pmks.ClusterInfo, len(names))
	for i, iid := range names {
		clusters[i] = &pmks.ClusterInfo{IId: *iid}
	}
	return clusters, err
}

// cut is why a source is incomplete when its context has ended, else err.
func (l *listing) cut(ctx context.Context, err error) error {
	switch {
	case ctx.Err() == nil:
		return err
	case errors.Is(context.Cause(ctx), errSilent):
		return &pmks.Error{Code: pmks.CodeTimeout, Op: l.op(), Message: fmt.Sprintf("nothing came for %s: given up", l.timeout)}
	}
	return pmks.Annotate(ctx.Err(), pmks.Error{Op: l.op()})
}

// ended reports whether an error is the end of a context.
func ended(err error) bool {
	code := pmks.CodeOf(err)
	return code == pmks.CodeCanceled || code == pmks.CodeTimeout
}

// watch calls silent when the timeout has passed and nobody paused.
func (l *listing) watch(silent func()) (pause, resume func()) {
	if l.timeout == 0 {
		return func() {}, func() {}
	}
	timer := time.AfterFunc(l.timeout, silent)
	return func() { timer.Stop() }, func() { timer.Reset(l.timeout) }
}

// guarded runs f and turns its panic into an error. The value is not shown: it may quote
// what was sent.
func guarded(op string, f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &pmks.Error{Code: pmks.CodeInternal, Op: op, Message: fmt.Sprintf("the handler panicked (%T)", r)}
		}
	}()
	return f()
}
