// SPDX-License-Identifier: Apache-2.0

package simkit

import (
	"slices"
	"sync"
	"time"
)

// Call is one request that a simulator answered, or lost.
type Call struct {
	// Service is the part of the cloud that was called, such as "eks".
	Service string
	// Op is the operation in the vendor's words; empty when there is none of
	// that method and path.
	Op        string
	Cluster   string
	NodeGroup string
	// Status is the HTTP status of the answer, 0 when none was given. Code is
	// the vendor's error code, empty for success.
	Status int
	Code   string
	// Lost: the connection was ended without an answer.
	Lost       bool
	Start, End time.Time
	// Concurrent is how many calls were under way when this one started, itself
	// included.
	Concurrent int
}

// journalLimit is how many calls a Journal keeps, so that a simulator can run for
// days.
const journalLimit = 1 << 18

// Journal counts calls; beyond a quarter of a million it forgets the older half.
// The zero Journal is ready to use, and safe for concurrent
// use.
type Journal struct {
	mu     sync.Mutex
	calls  []*Call
	flying int
}

// Begin notes the start of a call. The returned function notes how it ended; it
// must be called once.
func (j *Journal) Begin(c Call) (end func(Call)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.flying++
	c.Concurrent = j.flying
	if len(j.calls) >= journalLimit {
		j.calls = append([]*Call(nil), j.calls[journalLimit/2:]...)
	}
	kept := &c
	j.calls = append(j.calls, kept)
	return func(done Call) {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.flying--
		done.Start, done.Concurrent = kept.Start, kept.Concurrent
		*kept = done
	}
}

// Calls returns every call since the last Reset in the order of their start.
func (j *Journal) Calls() []Call {
	j.mu.Lock()
	defer j.mu.Unlock()
	calls := make([]Call, len(j.calls))
	for i, c := range j.calls {
		calls[i] = *c
	}
	return calls
}

// Count returns how many calls of that operation there were; "" counts all.
func (j *Journal) Count(op string) int {
	n := 0
	for _, c := range j.Calls() {
		if op == "" || c.Op == op {
			n++
		}
	}
	return n
}

// Counts returns how many calls there were of each operation.
func (j *Journal) Counts() map[string]int {
	counts := map[string]int{}
	for _, c := range j.Calls() {
		counts[c.Op]++
	}
	return counts
}

// MaxConcurrent returns the largest number of calls that were under way at once.
func (j *Journal) MaxConcurrent() int {
	most := 0
	for _, c := range j.Calls() {
		most = max(most, c.Concurrent)
	}
	return most
}

// Reset forgets every call that has started.
func (j *Journal) Reset() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.calls = slices.Clip(j.calls[:0:0])
}
