// SPDX-License-Identifier: Apache-2.0

package core

import (
	"slices"
	"time"

	"github.com/pmks-go/pmks"
)

// FaultKind says what goes wrong.
type FaultKind string

// The kinds of faults. FaultFailLater and FaultStick become the Outcome of the
// command; a skin acts on the others itself.
const (
	// FaultRefuse answers with Code and changes nothing.
	FaultRefuse FaultKind = "refuse"
	// FaultThrottle answers that there were too many calls; RetryAfter says when
	// to come back.
	FaultThrottle FaultKind = "throttle"
	// FaultDelay holds the call back for Delay. It may come with one other fault.
	FaultDelay FaultKind = "delay"
	// FaultLoseRequest: the command does not arrive, and the caller cannot know.
	FaultLoseRequest FaultKind = "lose-request"
	// FaultLoseReply: the command is applied, and its reply is lost.
	FaultLoseReply FaultKind = "lose-reply"
	// FaultFailLater accepts the command; its operation fails with Reason.
	FaultFailLater FaultKind = "fail-later"
	// FaultStick accepts the command; its operation never ends.
	FaultStick FaultKind = "stick"
	// FaultHang: the command does not arrive, and there is no answer until the
	// caller gives up.
	FaultHang FaultKind = "hang"
	// FaultHangReply: the command is applied, and there is no answer until the
	// caller gives up.
	FaultHangReply FaultKind = "hang-reply"
	// FaultCut: the command is applied, and its reply breaks off in the middle.
	FaultCut FaultKind = "cut"
	// FaultRepeatPage: a page of a list, but for the first one, names itself as the
	// next, so that the list never ends.
	FaultRepeatPage FaultKind = "repeat-page"
	// FaultAnswer: the command does not arrive, and Fault.Answer is sent as it is, as
	// a proxy in between might do.
	FaultAnswer FaultKind = "answer"
	// FaultAnswerReply: the command is applied, and Fault.Answer is sent for its
	// reply.
	FaultAnswerReply FaultKind = "answer-reply"
)

// Fault is one thing that goes wrong with some calls.
type Fault struct {
	// Op is the method or request it strikes, in the words of the skin; empty
	// means every one.
	Op string
	// Cluster and NodeGroup are names or ids; empty means every one.
	Cluster, NodeGroup string
	// After is how many matching calls pass before the first is struck.
	After int
	// Times is how many calls are struck: 0 means one, negative means no end.
	Times int

	Kind       FaultKind
	Code       pmks.Code
	RetryAfter time.Duration
	Delay      time.Duration
	Reason     string
	Answer     *Answer
}

// Answer is what is sent in place of a reply, over HTTP.
type Answer struct {
	Status int
	Header map[string]string
	Body   string
}

// Plan holds the faults that are to come. The zero Plan holds none. It is not
// safe for concurrent use.
type Plan struct {
	pending []*pending
}

// pending is a fault with what is left of its counts.
type pending struct {
	fault       Fault
	skip, times int
}

// Inject adds a fault behind those already there. The returned function takes it
// out again; calling it twice, or after the fault is used up, does nothing.
func (p *Plan) Inject(f Fault) (cancel func()) {
	e := &pending{fault: f, skip: f.After, times: f.Times}
	if f.Times == 0 {
		e.times = 1
	}
	p.pending = append(p.pending, e)
	return func() { p.drop(e) }
}

// Match returns the faults that strike a call now and counts them: the oldest
// delay, if there is one, and then the oldest of the others. A fault that gives
// way to an older one is not used up by that, but the call counts towards every
// After that it matches.
func (p *Plan) Match(op, clusterID, clusterName, groupID, groupName string) []Fault {
	var delay, other *pending
	for _, e := range p.pending {
		if !e.fault.matches(op, clusterID, clusterName, groupID, groupName) {
			continue
		}
		slot := &other
		if e.fault.Kind == FaultDelay {
			slot = &delay
		}
		switch {
		case e.skip > 0:
			e.skip--
		case *slot == nil:
			*slot = e
		}
	}
	var struck []Fault
	for _, e := range []*pending{delay, other} {
		if e == nil {
			continue
		}
		struck = append(struck, e.fault)
		if e.times > 0 {
			e.times--
		}
		if e.times == 0 {
			p.drop(e)
		}
	}
	return struck
}

func (p *Plan) drop(e *pending) {
	p.pending = slices.DeleteFunc(p.pending, func(x *pending) bool { return x == e })
}

func (f Fault) matches(op, clusterID, clusterName, groupID, groupName string) bool {
	is := func(want, id, name string) bool { return want == "" || want == id || want == name }
	return (f.Op == "" || f.Op == op) && is(f.Cluster, clusterID, clusterName) && is(f.NodeGroup, groupID, groupName)
}
