// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// FaultKind says what goes wrong with a request.
type FaultKind string

// The kinds of faults.
const (
	// Refuse answers with the vendor's error for Code, and nothing happens.
	Refuse FaultKind = "refuse"
	// Throttle answers that there were too many calls, and nothing happens; RetryAfter
	// says when to come back, where the protocol can say so.
	Throttle FaultKind = "throttle"
	// Delay makes the request take Delay longer. It may come with another fault.
	Delay FaultKind = "delay"
	// LoseRequest ends the connection before the request has arrived: nothing happens,
	// and the caller cannot know.
	LoseRequest FaultKind = "lose-request"
	// LoseReply ends the connection in place of a reply: it has happened, and the caller
	// cannot know. With a Code, the reply is that error instead.
	LoseReply FaultKind = "lose-reply"
	// FailLater accepts the request; its operation fails at its end with Reason, which
	// may be "Code: message" in the vendor's words.
	FailLater FaultKind = "fail-later"
	// Stick accepts the request; its operation never ends.
	Stick FaultKind = "stick"
	// Hang: nothing happens, and there is no answer for as long as the caller waits.
	Hang FaultKind = "hang"
	// HangReply: it has happened, and there is no answer for as long as the caller
	// waits.
	HangReply FaultKind = "hang-reply"
	// Cut: it has happened, and the answer breaks off in the middle.
	Cut FaultKind = "cut"
	// RepeatPage lets a page of a list, but for the first one, name itself as the next.
	RepeatPage FaultKind = "repeat-page"
	// Respond sends Answer as it is and nothing happens, as a proxy in between may do.
	Respond FaultKind = "answer"
	// RespondAfter sends Answer as it is when it has happened.
	RespondAfter FaultKind = "answer-reply"
)

// faultKinds are what a Fault may name.
var faultKinds = []FaultKind{Refuse, Throttle, Delay, LoseRequest, LoseReply, FailLater, Stick, Hang, HangReply, Cut, RepeatPage, Respond, RespondAfter}

// Answer is what is sent in place of the cloud's reply.
type Answer struct {
	// Status, Header and Body are sent as they are.
	Status int
	Header map[string]string
	Body   string
}

// Fault is one thing that goes wrong with requests.
//
// Which requests it strikes is said by a Method of pmks, the same on every cloud, or by a
// Request in the vendor's words; without either it is every one, tokens included. A
// method that makes several requests has each of them struck, and counted, by itself.
type Fault struct {
	// Method is one that changes something, such as "CreateCluster": the requests by
	// which it does are meant, and not those by which it looks. Or it is "GetCluster":
	// all the reads of one cluster. See [Account.Requests].
	Method string
	// Request is one in the vendor's words, as [Call.Request] has it. One that the cloud
	// does not have strikes nothing.
	Request string
	// Cluster and NodeGroup are names or ids, as the requests have them; empty means
	// every one.
	Cluster, NodeGroup string
	// After is how many matching requests pass first.
	After int
	// Times is how many requests are struck: 0 means one, -1 means all.
	Times int

	Kind       FaultKind
	Code       pmks.Code
	RetryAfter time.Duration
	Delay      time.Duration
	Reason     string
	Answer     Answer
}

// Inject adds a fault behind those there are. The returned function takes it out again.
// It panics when the fault's Kind or Method does not exist, or when it has both a Method
// and a Request: a test that relies on it would pass for the wrong reason.
func (a *Account) Inject(f Fault) (cancel func()) {
	if !slices.Contains(faultKinds, f.Kind) {
		panic(fmt.Sprintf("simtest: a fault has the Kind %q; there are %q", f.Kind, faultKinds))
	}
	requests := []string{f.Request}
	if f.Method != "" {
		if requests = a.Requests(f.Method); len(requests) == 0 {
			panic(fmt.Sprintf("simtest: a fault has the Method %q; %s has %q", f.Method, a.cloud, slices.Sorted(maps.Keys(a.opened.Cloud.Requests))))
		}
		if f.Request != "" {
			panic(fmt.Sprintf("simtest: a fault has the Method %q and the Request %q: give one", f.Method, f.Request))
		}
	}
	var cancels []func()
	for _, request := range requests {
		cancels = append(cancels, a.opened.Server.Inject(f.of(request)))
	}
	return func() {
		for _, cancel := range cancels {
			cancel()
		}
	}
}

// of is the fault as a simulator knows it, of one request.
func (f Fault) of(request string) core.Fault {
	out := core.Fault{
		Op: request, Cluster: f.Cluster, NodeGroup: f.NodeGroup, After: f.After, Times: f.Times,
		Kind: core.FaultKind(f.Kind), Code: f.Code, RetryAfter: f.RetryAfter, Delay: f.Delay, Reason: f.Reason,
	}
	if f.Kind == Respond || f.Kind == RespondAfter {
		out.Answer = &core.Answer{Status: f.Answer.Status, Header: maps.Clone(f.Answer.Header), Body: f.Answer.Body}
	}
	return out
}
