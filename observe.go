// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"context"
	"log/slog"
	"time"
)

// Event is one call of a Client, one wait, or one whole job. It holds no secrets.
type Event struct {
	// Provider is the registered name of the cloud.
	Provider string
	// Op is the method, such as "CreateCluster"; "Wait" for every waiter; the name of
	// a whole job, such as "Provision".
	Op string
	// Goal is what a wait waits for, such as "cluster Active".
	Goal string
	// Cluster and NodeGroup are what it is about, as far as the caller named them.
	Cluster   IID
	NodeGroup IID
	Start     time.Time

	// Duration is 0 until the end.
	Duration time.Duration
	// Attempts counts the looks of a wait; 0 until the end, and for all others.
	Attempts int
	// Retries counts the calls that a job made again because the cloud was busy,
	// throttled or could not serve; 0 until the end, and for all others.
	Retries int
	// Err is nil until the end, and when what began succeeded.
	Err error
}

// Observer is told when a call, a wait or a whole job begins and when it ends,
// always both, on the calling goroutine. It is called by many goroutines at once.
//
// What happens inside gets the context that Begin returns: the calls of a wait, the
// waits of a job, and the requests of the vendor's SDK. A span that Begin starts is
// thus the parent of theirs. End gets the same context. Waits and jobs are told of
// when their handler is a Client.
type Observer interface {
	// Begin may return its ctx as it came. It must not end it.
	Begin(ctx context.Context, e Event) context.Context
	// End gets the context that Begin returned, and the same event with its outcome.
	End(ctx context.Context, e Event)
}

// ObserverFunc is an [Observer] that is told of ends alone. A nil one is told nothing.
type ObserverFunc func(context.Context, Event)

// Begin implements [Observer].
func (f ObserverFunc) Begin(ctx context.Context, _ Event) context.Context { return ctx }

// End implements [Observer].
func (f ObserverFunc) End(ctx context.Context, e Event) {
	if f != nil {
		f(ctx, e)
	}
}

// WithObserver tells o of each call, wait and job. Given several times, the
// observers begin in that order and end in the other.
func WithObserver(o Observer) Option {
	return func(c *Client) {
		if o != nil {
			c.observers = append(c.observers, o)
		}
	}
}

// WithLogger is WithObserver of [SlogObserver]. Nil means silence, which is the
// default of New. The default of Open is the logger of its Config.
func WithLogger(l *slog.Logger) Option {
	return func(c *Client) { c.logger = l }
}

// SlogObserver logs the end of each call, wait and job: failures as warnings, the
// others for debugging. Nil means silence.
func SlogObserver(l *slog.Logger) Observer {
	if l == nil {
		return ObserverFunc(nil)
	}
	return ObserverFunc(func(ctx context.Context, e Event) {
		level, text := slog.LevelDebug, "pmks: call"
		if e.Err != nil {
			level, text = slog.LevelWarn, "pmks: call failed"
		}
		if l.Enabled(ctx, level) {
			l.LogAttrs(ctx, level, text, e.attrs()...)
		}
	})
}

func (e Event) attrs() []slog.Attr {
	attrs := []slog.Attr{slog.String("provider", e.Provider), slog.String("op", e.Op), slog.Duration("duration", e.Duration)}
	if e.Goal != "" {
		attrs = append(attrs, slog.String("goal", e.Goal), slog.Int("attempts", e.Attempts))
	}
	if !e.Cluster.IsZero() {
		attrs = append(attrs, slog.String("cluster", clipIID(e.Cluster).String()))
	}
	if !e.NodeGroup.IsZero() {
		attrs = append(attrs, slog.String("nodeGroup", clipIID(e.NodeGroup).String()))
	}
	if e.Err != nil {
		attrs = append(attrs, slog.String("error", e.Err.Error()))
	}
	return attrs
}

// activity is what observers are told of, under way.
type activity struct {
	observers []Observer
	ctx       context.Context
	// before are the observers but for the last, whose context is ctx: a span that one of
	// them finds in its own is not that of another.
	before []told
	event  Event
}

// told is an observer that was told of the beginning.
type told struct {
	observer Observer
	ctx      context.Context
}

func (t *told) end(e Event) { t.observer.End(t.ctx, e) }

func begin(ctx context.Context, observers []Observer, e Event) activity {
	e.Start = time.Now()
	var before []told
	for i, o := range observers {
		if inner := o.Begin(ctx, e); inner != nil {
			ctx = inner
		}
		if i < len(observers)-1 {
			before = append(before, told{o, ctx})
		}
	}
	return activity{observers, ctx, before, e}
}

func (a *activity) end(err error) {
	a.event.Err, a.event.Duration = err, time.Since(a.event.Start)
	if n := len(a.observers); n > 0 {
		a.observers[n-1].End(a.ctx, a.event)
	}
	for i := len(a.before) - 1; i >= 0; i-- {
		a.before[i].end(a.event)
	}
}

// outcome is the error that observers are told of: what panics, or leaves its goroutine,
// in a function or a loop of the caller's ends too.
func outcome(err error, returned bool) error {
	if returned {
		return err
	}
	return &Error{Code: CodeInternal, Message: "it did not return: it panicked, or its goroutine ended"}
}

// beginOver is begin for what works over a handler: its observers are those of a
// Client.
func beginOver(ctx context.Context, h ClusterHandler, e Event) (context.Context, *activity) {
	var observers []Observer
	if c, ok := h.(*Client); ok && c != nil {
		observers, e.Provider = c.observers, c.provider
	}
	a := begin(ctx, observers, e)
	return a.ctx, &a
}
