// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// Probe is a call on a [Bench.Fleet] of two clusters of two node groups, and the one of
// its requests that is answered by something else than the cloud's answer.
type Probe struct {
	Name, Request string
	Call          Call
	// None: an object without the members that were asked for is this cloud's way to say
	// that there are none.
	None bool
	// EmptyList: an empty array is its way to say so.
	EmptyList bool
}

// saysNone reports whether a body is the cloud's way to say that there are none.
func (p Probe) saysNone(body string) bool {
	return p.None && strings.HasPrefix(body, "{") && strings.HasSuffix(body, "}") || p.EmptyList && body == "[]"
}

// empty are answers of success that say nothing of what was asked for.
var empty = []string{"null", "{}", "", "[]", `"text"`, "<html></html>", `{"name":7}`, `{"name":"brok`}

// sample is all of a list, or every third under the race detector.
func sample[E any](list []E) (some []E) {
	for i, e := range list {
		if !UnderRace || i%3 == 0 {
			some = append(some, e)
		}
	}
	return some
}

// EmptyReads answers a read with nothing: it fails as unavailable, and when it was
// answered so once it succeeds all the same.
func (b Bench[S]) EmptyReads(t *testing.T, reads []Probe) {
	t.Helper()
	for _, p := range reads {
		for _, body := range sample(append([]string{`{"name":"another"}`}, empty...)) {
			t.Run(p.Name+"/"+body, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { b.readNothing(t, p, body) })
			})
		}
	}
}

func (b Bench[S]) readNothing(t testing.TB, p Probe, body string) {
	t.Helper()
	for times, want := range map[int]pmks.Code{-1: pmks.CodeUnavailable, 1: pmks.CodeOK} {
		fault := Answer(http.StatusOK, body)
		fault.Times = times
		s, h := b.struck(t, p.Request, fault)
		err := p.Call(t.Context(), h)
		if p.saysNone(body) {
			if err != nil && !errors.Is(err, pmks.ErrNotFound) {
				t.Errorf("none: %v", err)
			}
			continue
		}
		if pmks.CodeOf(err) != want || err != nil && !pmks.Retryable(err) {
			t.Errorf("answered so %d times: %v, want %s", times, err, want)
		}
		for request, n := range s.Counts() {
			if times < 0 && slices.Contains(b.Mutating, request) {
				t.Errorf("%s was sent %d times", request, n)
			}
		}
	}
}

// EmptyAnswers answers a change with nothing, applied or not: the outcome is open, it is
// looked for, and in the end the change was made, once.
func (b Bench[S]) EmptyAnswers(t *testing.T, changes []Probe) {
	t.Helper()
	for _, p := range changes {
		for _, body := range sample(empty) {
			for kind, sent := range map[core.FaultKind]int{core.FaultAnswer: 2, core.FaultAnswerReply: 1} {
				t.Run(fmt.Sprintf("%s/%s/%s", p.Name, body, kind), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) { b.changeUnanswered(t, p, kind, body, sent) })
				})
			}
		}
	}
}

func (b Bench[S]) changeUnanswered(t testing.TB, p Probe, kind core.FaultKind, body string, sent int) {
	t.Helper()
	fault := Answer(http.StatusOK, body)
	fault.Kind = kind
	s, h := b.struck(t, p.Request, fault)
	if err := p.Call(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	n := s.Count(p.Request)
	if again := n == 2 && slices.Contains(b.Repeated, p.Request); n != sent && !again {
		t.Errorf("it was sent %d times, want %d", n, sent)
	}
}

// Refusals refuses a change with every status that means it, and a code that nobody
// knows: nothing happened, one request left, and the error says what the status does.
func (b Bench[S]) Refusals(t *testing.T, changes []Probe) {
	t.Helper()
	for status, want := range map[int]pmks.Code{
		400: pmks.CodeInvalidArgument, 402: pmks.CodeFailedPrecondition, 403: pmks.CodePermissionDenied, 404: pmks.CodeUnavailable,
		405: pmks.CodeInvalidArgument, 407: pmks.CodeFailedPrecondition, 409: pmks.CodeBusy, 411: pmks.CodeInvalidArgument,
		413: pmks.CodeInvalidArgument, 415: pmks.CodeInvalidArgument, 418: pmks.CodeFailedPrecondition, 422: pmks.CodeInvalidArgument,
		429: pmks.CodeThrottled, 451: pmks.CodePermissionDenied,
	} {
		for _, p := range sample(changes) {
			t.Run(fmt.Sprintf("%d/%s", status, p.Name), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { b.turnDown(t, p, status, want) })
			})
		}
	}
}

func (b Bench[S]) turnDown(t testing.TB, p Probe, status int, want pmks.Code) {
	t.Helper()
	fault := b.refuse(p.Request, status)
	fault.Times = -1
	s, h := b.struck(t, p.Request, fault)
	err := p.Call(t.Context(), h)
	if e, ok := asError(err); !ok || e.Code != want || e.MayHaveHappened || e.ProviderCode == "" || !strings.Contains(err.Error(), Words) {
		t.Errorf("got %v, want %s in the cloud's words", err, want)
	}
	if n := s.Count(p.Request); n != 1 {
		t.Errorf("it was sent %d times, want once", n)
	}
}

// struck is a fleet one of whose requests fails, and a handler on it.
func (b Bench[S]) struck(t testing.TB, request string, fault core.Fault) (S, Handler) {
	t.Helper()
	s, h := b.counted(t, 2, 2)
	fault.Op = request
	s.Inject(fault)
	return s, h
}
