// SPDX-License-Identifier: Apache-2.0

// Package simkit is what the servers of all simulators are: a simulator adds its
// vendor's routes, errors and bodies, and what it answers comes out of sim/core.
//
//   - Kit is the part that every server embeds: the journal of calls, the plan of
//     faults, the seeded random stream, the clock and the lock.
//   - Run takes one call through its states: admit, limit, delay, fault, handle,
//     lose. It knows nothing of HTTP, so that gRPC goes the same way.
//   - Serve does it for a call over HTTP, whose answer is a Reply; BaseURL, ReadBody and
//     Segments read requests.
//   - Kubernetes is what a simulator tells about its clusters so that each has an API
//     server; see package kubeapi.
//   - Transport runs a server in process and Listen on a loopback address: plain,
//     with TLS, and with HTTP/2 where the vendor's clients speak it.
//   - Decode, MatchPath, Page and Tokens read requests as strictly as a vendor does;
//     Bucket holds a published rate limit; Authority is a cluster's own; Find looks
//     into what an account holds; Force and Protect are the commands behind the
//     controls of tests.
//
// Use it for a server in front of sim/core; what makes one vendor differ from
// another stays in the simulator.
package simkit

import (
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/kubeapi"
)

// Options configures a Kit. Simulators have the same fields in Options of their own.
type Options struct {
	// Seed starts the random stream; Stream tells the simulators' streams apart.
	Seed, Stream uint64
	// Latency is how long each call takes.
	Latency time.Duration
	// Now is the clock; nil means time.Now, which inside a testing/synctest bubble
	// is the bubble's.
	Now func() time.Time
	// Logger gets a line for each call with its verdict; nil means none.
	Logger *slog.Logger
	// Faults are injected before the first call.
	Faults []core.Fault
	// Buckets are the rate limits; nil means none, so a simulator gives its
	// vendor's published ones.
	Buckets []Bucket
}

// Kit is what a server embeds. Its methods are safe for concurrent use.
type Kit struct {
	// Mu guards the random stream and everything that the simulator keeps.
	Mu     sync.Mutex
	Random Random

	seed    uint64
	latency time.Duration
	now     func() time.Time
	log     *slog.Logger
	journal Journal
	plan    core.Plan
	limits  limits
	worlds  []*core.World
	// kubernetes serves the API of clusters; nil is none.
	kubernetes *kubeapi.Servers
}

// New returns a Kit.
func New(o Options) *Kit {
	k := &Kit{
		Random:  Random{Rand: rand.New(rand.NewPCG(o.Seed, o.Stream))},
		seed:    o.Seed,
		latency: o.Latency,
		now:     o.Now,
		log:     o.Logger,
		limits:  newLimits(o.Buckets),
	}
	if k.now == nil {
		k.now = time.Now
	}
	if k.log == nil {
		k.log = slog.New(slog.DiscardHandler)
	}
	for _, f := range o.Faults {
		k.plan.Inject(f)
	}
	return k
}

// Now returns the time by the simulator's clock.
func (k *Kit) Now() time.Time { return k.now() }

// Inject adds a fault; Op is the operation as Call has it. The returned function
// takes it out again.
//
// FaultRefuse answers with the vendor's error for Code and changes nothing;
// FaultLoseReply with a Code answers that error after the call took effect, and
// without one ends the connection. FaultHang and FaultHangReply never answer, and
// FaultCut breaks the answer off; they end when the caller gives up. FaultAnswer and
// FaultAnswerReply send what the vendor would not. The Reason of a FaultFailLater may
// be "Code: message" in the vendor's words.
func (k *Kit) Inject(f core.Fault) (cancel func()) {
	k.Mu.Lock()
	defer k.Mu.Unlock()
	drop := k.plan.Inject(f)
	return func() {
		k.Mu.Lock()
		defer k.Mu.Unlock()
		drop()
	}
}

// Calls returns every call since the last Reset, in the order of their start.
func (k *Kit) Calls() []Call { return k.journal.Calls() }

// Count returns how many calls of an operation there were; "" counts all.
func (k *Kit) Count(op string) int { return k.journal.Count(op) }

// Counts returns how many calls there were of each operation.
func (k *Kit) Counts() map[string]int { return k.journal.Counts() }

// MaxConcurrent returns the largest number of calls that were under way at once.
func (k *Kit) MaxConcurrent() int { return k.journal.MaxConcurrent() }

// Reset forgets the calls; the clusters stay.
func (k *Kit) Reset() { k.journal.Reset() }
