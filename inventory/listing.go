// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/pmks-go/pmks"
)

// listing is one loop over a List. All but reading is done on the loop's own goroutine, so
// that nothing here needs a lock.
type listing struct {
	options
	sources []Source
	states  []Progress
	began   []time.Time
	queue   queue
	running int
	// left is closed when the loop is left.
	left chan struct{}
	// results is not buffered: what a source has ready waits in its own goroutine, and Go
	// serves those that wait in their order. That is what makes the sources take turns.
	results chan result
}

// result is what a source hands over.
type result struct {
	source  int
	cluster pmks.ClusterInfo
	err     error
	// ended: nothing more comes. An err is then one of the source as a whole.
	ended bool
}

// run hands over the clusters of all sources.
func (l *listing) run(ctx context.Context, yield func(Item, error) bool) {
	l.states = make([]Progress, len(l.sources))
	l.began = make([]time.Time, len(l.sources))
	faults := check(l.sources)
	l.queue = newQueue(l.sources, l.groupConcurrency)

	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	defer work.Wait() // in these three, the order matters
	defer close(l.left)
	defer cancel()
	for {
		for l.running < l.concurrency {
			i, ok := l.queue.next()
			if !ok {
				break
			}
			l.begin(i)
			work.Go(func() { l.read(ctx, i, faults[i]) })
		}
		if l.running == 0 {
			return
		}
		if !l.take(<-l.results, yield) {
			return
		}
	}
}

// begin notes that a source begins.
func (l *listing) begin(i int) {
	l.running++
	l.began[i] = time.Now()
	l.states[i].Source = l.sources[i].Name
	l.tell(i)
}

// take hands a result over; it returns false when the loop is left.
func (l *listing) take(r result, yield func(Item, error) bool) bool {
	state, name := &l.states[r.source], l.sources[r.source].Name
	if r.err != nil {
		r.err = &Error{name, r.err}
		state.Failures++
		state.Incomplete = state.Incomplete || r.cluster.IId.IsZero()
	} else if !r.ended {
		state.Clusters++
	}
	if (r.err != nil || !r.ended) && !yield(Item{name, r.cluster}, r.err) {
		return false
	}
	if r.ended {
		l.queue.done(r.source)
		l.running--
		state.Ended, state.Duration = true, time.Since(l.began[r.source])
		l.tell(r.source)
	}
	return true
}

// tell reports how far a source is.
func (l *listing) tell(i int) {
	if l.progress == nil {
		return
	}
	p := l.states[i]
	p.Sources, p.Waiting, p.Running = len(l.sources), l.queue.waiting, l.running
	l.progress(p)
}

// check returns what is wrong with each source.
func check(sources []Source) []error {
	faults := make([]error, len(sources))
	names := make(map[string]bool, len(sources))
	for i, s := range sources {
		message := ""
		switch {
		case s.Name == "":
			message = "it needs a name, by which its clusters and failures go"
		case names[s.Name]:
			message = "an earlier source has the same name"
		case s.Handler == nil && s.Open == nil:
			message = "it has neither a Handler nor an Open"
		}
		names[s.Name] = true
		if message != "" {
			faults[i] = &pmks.Error{Code: pmks.CodeInvalidArgument, Field: fmt.Sprintf("sources[%d]", i), Message: message}
		}
	}
	return faults
}
