// SPDX-License-Identifier: Apache-2.0

package simkit

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
)

// oops is the error of a protocol.
type oops struct {
	status int
	code   string
	after  time.Duration
}

func (e *oops) Verdict() (status int, code string) { return e.status, e.code }

// counter is a server with one operation, which counts how often it took effect.
type counter struct {
	*Kit
	n       int
	outcome core.Outcome
	refuse  *oops  // by the handler
	notify  func() // told when a call takes effect
}

func (s *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &Exchange{Entry: Call{Service: "s", Op: strings.TrimPrefix(r.URL.Path, "/"), Cluster: r.Header.Get("Cluster")}}
	Serve(w, r, s.Kit, x, Protocol[*oops]{
		Admit: func() *oops {
			if r.Header.Get("Token") == "bad" {
				return &oops{status: 401, code: "Bad"}
			}
			return nil
		},
		Handle: func() (Reply, *oops) {
			s.n++
			if s.notify != nil {
				s.notify()
			}
			s.outcome = x.Outcome
			return Reply{Status: http.StatusCreated, Header: http.Header{}, Body: []byte("0123456789")}, s.refuse
		},
		Injected: func(code pmks.Code, reason string, after time.Duration) *oops {
			return &oops{status: 400 + int(code), code: code.String() + reason, after: after}
		},
		Refuse: func(e *oops) Reply {
			reply := Reply{Status: e.status, Header: http.Header{}, Body: []byte(e.code)}
			SetRetryAfter(reply.Header, e.after)
			return reply
		},
	})
}

// call sends one request in process and reads its answer.
func (s *counter) call(ctx context.Context, t *testing.T, op string, header ...string) (status int, body string, err error) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://sim.example/"+op, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := NewTransport(s).RoundTrip(r)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	return response.StatusCode, string(read), err
}

// TestRun_faults: each kind of fault, the answer that it leads to, and whether the
// call took effect.
func TestRun_faults(t *testing.T) {
	t.Parallel()
	throttled := 400 + int(pmks.CodeThrottled)
	tests := []struct {
		name    string
		fault   core.Fault
		status  int
		body    string
		err     error // nil: there is an answer
		applied bool
		outcome core.Outcome
	}{
		{"none", core.Fault{Op: "Other"}, 201, "0123456789", nil, true, core.Outcome{}},
		{"refuse", core.Fault{Kind: core.FaultRefuse, Code: pmks.CodeBusy, Reason: "!"}, 400 + int(pmks.CodeBusy), "Busy!", nil, false, core.Outcome{}},
		{"throttle", core.Fault{Kind: core.FaultThrottle}, throttled, "Throttled", nil, false, core.Outcome{}},
		{"delay", core.Fault{Kind: core.FaultDelay, Delay: time.Minute}, 201, "0123456789", nil, true, core.Outcome{}},
		{"lose-request", core.Fault{Kind: core.FaultLoseRequest}, 0, "", ErrConnectionLost, false, core.Outcome{}},
		{"lose-reply", core.Fault{Kind: core.FaultLoseReply}, 0, "", ErrConnectionLost, true, core.Outcome{}},
		{"lose-reply-behind-an-error", core.Fault{Kind: core.FaultLoseReply, Code: pmks.CodeInternal}, 400 + int(pmks.CodeInternal), "Internal", nil, true, core.Outcome{}},
		{"hang", core.Fault{Kind: core.FaultHang}, 0, "", context.DeadlineExceeded, false, core.Outcome{}},
		{"hang-reply", core.Fault{Kind: core.FaultHangReply}, 0, "", context.DeadlineExceeded, true, core.Outcome{}},
		{"cut", core.Fault{Kind: core.FaultCut}, 201, "01234", io.ErrUnexpectedEOF, true, core.Outcome{}},
		{"fail-later", core.Fault{Kind: core.FaultFailLater, Reason: "why"}, 201, "0123456789", nil, true, core.Outcome{Fail: "why"}},
		{"fail-later-without-reason", core.Fault{Kind: core.FaultFailLater}, 201, "0123456789", nil, true, core.Outcome{Fail: "the operation failed"}},
		{"stick", core.Fault{Kind: core.FaultStick}, 201, "0123456789", nil, true, core.Outcome{Stick: true}},
		{"answer", core.Fault{Kind: core.FaultAnswer, Answer: &core.Answer{Status: 302, Header: map[string]string{"location": "/"}, Body: "<p>"}}, 302, "<p>", nil, false, core.Outcome{}},
		{"answer-reply", core.Fault{Kind: core.FaultAnswerReply, Answer: &core.Answer{Status: 200, Body: "null"}}, 200, "null", nil, true, core.Outcome{}},
		{"another-cluster", core.Fault{Cluster: "b", Kind: core.FaultThrottle}, 201, "0123456789", nil, true, core.Outcome{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &counter{Kit: New(Options{Latency: time.Second, Faults: []core.Fault{test.fault}})}
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				start := time.Now()
				status, body, err := s.call(ctx, t, "Make", "Cluster", "a")
				if status != test.status || body != test.body || !errors.Is(err, test.err) || (s.n > 0) != test.applied || s.outcome.Fail != test.outcome.Fail || s.outcome.Stick != test.outcome.Stick {
					t.Errorf("got %d %q %v, applied %d times with %+v", status, body, err, s.n, s.outcome)
				}
				took := time.Since(start)
				want := time.Second + test.fault.Delay
				if errors.Is(test.err, context.DeadlineExceeded) {
					want = time.Hour
				}
				if took != want {
					t.Errorf("it took %s, want %s", took, want)
				}
				call := s.Calls()[0]
				if call.Lost != (test.err != nil) || call.Status != test.status || call.Op != "Make" || !call.End.Equal(start.Add(want)) {
					t.Errorf("the journal holds %+v", call)
				}
				if s.fault(test.fault) {
					return
				}
				if status, _, err := s.call(ctx, t, "Make", "Cluster", "a"); err == nil && status != 201 {
					t.Errorf("the fault strikes twice: %d", status)
				}
			})
		})
	}
}

// fault reports whether f is still to come.
func (s *counter) fault(f core.Fault) bool { return f.Op == "Other" || f.Cluster == "b" }

func TestRun_refusals(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := &counter{Kit: New(Options{Logger: slog.New(slog.NewTextHandler(&log, nil)), Buckets: []Bucket{{Burst: 3, Every: time.Hour}}})}
	drop := s.Inject(core.Fault{Kind: core.FaultThrottle})
	if status, body, _ := s.call(t.Context(), t, "Make", "Token", "bad"); status != 401 || body != "Bad" || s.n != 0 {
		t.Errorf("not admitted: %d %s, applied %d times", status, body, s.n)
	}
	drop() // what was not admitted has not used it up
	s.refuse = &oops{status: 409, code: "Taken"}
	if status, body, _ := s.call(t.Context(), t, "Make"); status != 409 || body != "Taken" || s.n != 1 {
		t.Errorf("refused by the handler: %d %s, applied %d times", status, body, s.n)
	}
	s.refuse = &oops{code: "nobody"}
	if _, _, err := s.call(t.Context(), t, "Make"); !errors.Is(err, ErrConnectionLost) {
		t.Errorf("refused without a status: %v", err)
	}
	if last := s.Calls()[2]; last.Status != 0 || last.Code != "nobody" {
		t.Errorf("the journal holds %+v", last)
	}
	s.refuse = nil
	for i, want := range []int{201, 400 + int(pmks.CodeThrottled)} { // what was not admitted took no token
		if status, _, _ := s.call(t.Context(), t, "Make"); status != want {
			t.Errorf("call %d: got %d, want %d", i, status, want)
		}
	}
	if got := s.Counts()["Make"]; got != 5 || s.Count("") != 5 || s.MaxConcurrent() != 1 {
		t.Errorf("the journal counts %d", got)
	}
	for _, want := range []string{"status=401 code=Bad", "status=409 code=Taken", "status=201", "code=Throttled"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log has no %q:\n%s", want, log.String())
		}
	}
	s.Reset()
	if s.Count("") != 0 {
		t.Error("Reset forgot nothing")
	}
}

// TestRun_listener: what is cut or hangs does so over a connection too.
func TestRun_listener(t *testing.T) {
	t.Parallel()
	for _, tls := range []bool{false, true} {
		s := &counter{Kit: New(Options{Faults: []core.Fault{{Kind: core.FaultCut}, {Kind: core.FaultHangReply}}})}
		client, base := reachServer(t, s, ListenOptions{TLS: tls, HTTP2: tls})
		get := func(ctx context.Context) (*http.Response, error) {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/Make", nil)
			if err != nil {
				t.Fatal(err)
			}
			return client.Do(r)
		}
		response, err := get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		if err := response.Body.Close(); err != nil {
			t.Error(err)
		}
		if string(body) != "01234" || err == nil {
			t.Errorf("cut: got %q, %v", body, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		s.Mu.Lock()
		s.notify = cancel
		s.Mu.Unlock()
		if response, err = get(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("hang: got %v", err)
		}
		if err == nil {
			response.Body.Close()
		}
		cancel()
	}
}
