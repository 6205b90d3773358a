// SPDX-License-Identifier: Apache-2.0

package simkit

import (
	"context"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// Exchange is a call on its way through a server. The call of a simulator embeds it
// and adds what its protocol carries.
type Exchange struct {
	// Entry is what the journal will hold: the service, the operation and the names
	// are given, the verdict is filled in.
	Entry Call
	// Class is what a Bucket may name instead of an operation, such as "read".
	Class string
	// Now is the time of admission, and then that of the handler.
	Now time.Time
	// Outcome is for the command that the handler applies.
	Outcome core.Outcome
	// Answer is sent in place of the reply, if it is there: see core.FaultAnswer.
	Answer *core.Answer
	// Exhausted is the Bucket that refused the call.
	Exhausted *Bucket
	// Quota is what the last Bucket with a window that counted the call, or refused it,
	// has left; nil where none did.
	Quota *Quota

	repeatPage bool
}

// Refusal is the error of a protocol, a pointer of which nil is none.
type Refusal interface {
	comparable
	// Verdict is the HTTP status and the vendor's code.
	Verdict() (status int, code string)
}

// Steps are what a protocol adds to Run.
type Steps[E Refusal] struct {
	// Admit says whether a call may go on: signature, route, rights. It runs under
	// the lock, and what it refuses counts against no rate limit.
	Admit func() E
	// Key returns what has a Bucket of its own, by the word in Bucket.Per; nil where
	// only the words that Bucket explains are used.
	Key func(per string) string
	// Handle answers the call. It runs under the lock, at Exchange.Now and with
	// Exchange.Outcome.
	Handle func() E
	// Injected is the error that a fault or a rate limit asks for. It runs outside
	// of the lock.
	Injected func(code pmks.Code, reason string, retryAfter time.Duration) E
	// Status is that of a success; nil means 200.
	Status func() int
}

// Ending says how the answer of a call reaches the caller.
type Ending int

// The endings.
const (
	// Answered: whole.
	Answered Ending = iota
	// Cut: it breaks off in the middle.
	Cut
	// Lost: not at all; the connection ends.
	Lost
)

// Run takes a call through its states and returns its refusal, if any, and how it
// ends. What Handle left behind is the answer.
func Run[E Refusal](ctx context.Context, k *Kit, x *Exchange, s Steps[E]) (refusal E, ending Ending) {
	var none E
	x.Now = k.now()
	x.Entry.Start = x.Now
	end := k.journal.Begin(x.Entry)
	ending = Lost // also when a step panics
	defer func() {
		entry := &x.Entry
		entry.End, entry.Lost = k.now(), ending != Answered
		switch {
		case ending == Lost:
		case x.Answer != nil:
			entry.Status = x.Answer.Status
		case refusal != none:
			entry.Status, entry.Code = refusal.Verdict()
		case s.Status != nil:
			entry.Status = s.Status()
		default:
			entry.Status = 200
		}
		end(*entry)
		k.log.InfoContext(ctx, "call", "service", entry.Service, "op", entry.Op, "cluster", entry.Cluster,
			"nodeGroup", entry.NodeGroup, "status", entry.Status, "code", entry.Code, "lost", entry.Lost)
	}()
	refusal, fault, delay := admit(k, x, s)
	if err := Sleep(ctx, k.latency+delay); err != nil {
		return none, Lost
	}
	if refusal != none {
		return refusal, Answered
	}
	switch fault.Kind {
	case core.FaultRefuse:
		return s.Injected(fault.Code, fault.Reason, fault.RetryAfter), Answered
	case core.FaultThrottle:
		return s.Injected(pmks.CodeThrottled, fault.Reason, fault.RetryAfter), Answered
	case core.FaultLoseRequest:
		return none, Lost
	case core.FaultHang:
		<-ctx.Done()
		return none, Lost
	case core.FaultAnswer:
		x.Answer = fault.Answer
		return none, Answered
	case core.FaultFailLater:
		if x.Outcome.Fail = fault.Reason; fault.Reason == "" {
			x.Outcome.Fail = "the operation failed"
		}
	case core.FaultStick:
		x.Outcome.Stick = true
	case core.FaultRepeatPage:
		x.repeatPage = true
	}
	refusal = handle(ctx, k, x, s)
	switch {
	case fault.Kind == core.FaultLoseReply && fault.Code != pmks.CodeOK:
		return s.Injected(fault.Code, fault.Reason, fault.RetryAfter), Answered
	case fault.Kind == core.FaultHangReply:
		<-ctx.Done()
		return none, Lost
	case fault.Kind == core.FaultLoseReply, ctx.Err() != nil:
		return none, Lost
	case fault.Kind == core.FaultCut:
		return refusal, Cut
	case fault.Kind == core.FaultAnswerReply:
		x.Answer = fault.Answer
		return none, Answered
	}
	return refusal, Answered
}

// admit asks the protocol and the rate limits, and says which faults strike.
func admit[E Refusal](k *Kit, x *Exchange, s Steps[E]) (refusal E, fault core.Fault, delay time.Duration) {
	k.Mu.Lock()
	var none E
	refusal = s.Admit()
	var wait time.Duration
	if refusal == none {
		if wait = k.limits.take(x, s.Key); wait == 0 {
			for _, f := range k.plan.Match(x.Entry.Op, x.Entry.Cluster, x.Entry.Cluster, x.Entry.NodeGroup, x.Entry.NodeGroup) {
				if f.Kind == core.FaultDelay {
					delay += f.Delay
				} else {
					fault = f
				}
			}
		}
	}
	k.Mu.Unlock()
	if wait > 0 {
		refusal = s.Injected(pmks.CodeThrottled, "", wait)
	}
	return refusal, fault, delay
}

func handle[E Refusal](ctx context.Context, k *Kit, x *Exchange, s Steps[E]) E {
	k.Mu.Lock()
	defer k.Mu.Unlock()
	x.Now = k.now()
	if IsStale(ctx) {
		defer k.recall()()
	}
	return s.Handle()
}
