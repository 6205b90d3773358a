// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

const (
	// defaultWatch is how long a watch goes on that does not say.
	defaultWatch = 45 * time.Minute
	// bookmarkEvery is how often a watch is told how far it is.
	bookmarkEvery = time.Minute
)

// watcher is one watch.
type watcher struct {
	*call
	matches   func(object) bool
	at        uint64 // all changes up to here have been told
	bookmarks bool
	// initial is the annotation due on the next bookmark.
	initial bool
	// columns have been told.
	columns bool
}

// watch tells of the changes of a resource as they come.
func (c *call) watch() *refusal {
	matches, e := c.selectors()
	if e != nil {
		return e
	}
	from, e := c.number("resourceVersion")
	if e != nil {
		return e
	}
	seconds, e := c.number("timeoutSeconds")
	if e != nil {
		return e
	}
	w := &watcher{call: c, matches: matches, bookmarks: c.flag("allowWatchBookmarks")}
	match, initial := c.query.Get("resourceVersionMatch"), c.flag("sendInitialEvents")
	switch {
	case c.query.Has("sendInitialEvents") && match != "NotOlderThan":
		return invalid(c.of, "", "resourceVersionMatch", "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
	case match != "" && !c.query.Has("sendInitialEvents"):
		return invalid(c.of, "", "resourceVersionMatch", "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
	}
	lasting := defaultWatch
	if seconds > 0 {
		lasting = time.Duration(seconds) * time.Second
	}
	ctx, cancel := context.WithTimeout(c.r.Context(), lasting)
	defer cancel()
	c.started = true
	c.w.Header().Set("Content-Type", c.form.contentType())
	c.w.WriteHeader(http.StatusOK)
	if from == 0 || initial {
		if e := w.begin(from, initial); e != nil {
			w.fail(e)
			return e
		}
	} else {
		w.at = from
	}
	if e := w.run(ctx); e != nil {
		w.fail(e)
		return e
	}
	return nil
}

// begin tells of what is there, and that this was all if the caller wants to know.
func (w *watcher) begin(from uint64, initial bool) *refusal {
	items, version, err := w.store.list(w.of, w.namespace, 0)
	if err != nil {
		return gone(err)
	}
	if from > version {
		return tooNew(from, version)
	}
	w.at = version
	for _, o := range items {
		if w.matches(o) {
			w.send(added, o)
		}
	}
	if initial && w.bookmarks {
		w.initial = true
		w.mark()
	}
	return nil
}

// run tells of changes until ctx is done or nothing answers any more.
func (w *watcher) run(ctx context.Context) *refusal {
	var due time.Time // the next bookmark; zero: none
	if w.bookmarks {
		due = w.all.now().Add(bookmarkEvery)
	}
	for ctx.Err() == nil {
		cloud, store := w.all.changes.next(), w.store.changes.next()
		if w.refresh().Condition != Up {
			return nil
		}
		changes, version, err := w.store.since(w.of, w.namespace, w.at)
		if err != nil {
			return gone(err)
		}
		for _, change := range changes {
			w.tell(change)
		}
		w.at = max(w.at, version)
		if now := w.all.now(); w.bookmarks && !now.Before(due) {
			w.mark()
			due = now.Add(bookmarkEvery)
		}
		_ = http.NewResponseController(w.w).Flush() // it fails when the caller is gone, which ctx says
		w.all.wait(ctx, due, cloud, store)
	}
	if w.r.Context().Err() == nil { // the time of the watch is over
		w.mark()
	}
	return nil
}

// tell sends a change as the caller's selectors show it.
func (w *watcher) tell(c change) {
	was := c.before != nil && w.matches(c.before)
	is := c.after != nil && w.matches(c.after)
	switch {
	case is && was:
		w.send(modified, c.after)
	case is:
		w.send(added, c.after)
	case was:
		// What it was, at the version of its end.
		w.send(deleted, c.before.withMeta(map[string]any{"resourceVersion": strconv.FormatUint(c.version, 10)}))
	}
}

// mark tells how far the watch is, to who can use it.
func (w *watcher) mark() {
	if !w.bookmarks {
		return
	}
	metadata := map[string]any{"resourceVersion": strconv.FormatUint(w.at, 10), "creationTimestamp": nil}
	if w.initial {
		metadata["annotations"] = map[string]any{"k8s.io/initial-events-end": "true"}
		w.initial = false
	}
	w.send(bookmark, object{"kind": w.of.kind, "apiVersion": w.of.apiVersion(), "metadata": metadata})
}

// send writes one event.
func (w *watcher) send(kind string, o object) {
	var body any
	if w.form.as == asTable {
		body = w.form.table(w.call, []object{o}, map[string]any{"resourceVersion": o.meta("resourceVersion")}, !w.columns)
		w.columns = true
	} else {
		body = w.form.object(w.call, o)
	}
	w.event(kind, body)
}

// fail ends a watch that has begun.
func (w *watcher) fail(e *refusal) { w.event("ERROR", e) }

func (w *watcher) event(kind string, body any) {
	data, err := json.Marshal(map[string]any{"type": kind, "object": body})
	if err == nil {
		_, _ = w.w.Write(append(data, '\n')) // who is gone is told nothing; the context says so
	}
}
