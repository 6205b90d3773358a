// SPDX-License-Identifier: Apache-2.0

package errs_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

func TestWith(t *testing.T) {
	t.Parallel()
	original := &pmks.Error{Code: pmks.CodeBusy, Message: "a"}
	toGone := func(e *pmks.Error) { e.Code = pmks.CodeNotFound }
	if errs.With(nil, toGone) != nil {
		t.Error("nil became an error")
	}
	if got := errs.With(original, toGone); !errors.Is(got, pmks.ErrNotFound) || original.Code != pmks.CodeBusy {
		t.Errorf("got %v, and the original is now %v", got, original)
	}
	if got := errs.With(errors.Join(original, original), toGone); errors.Is(got, pmks.ErrBusy) || !errs.Is(got, pmks.CodeNotFound) {
		t.Errorf("a joined error keeps parts as they were: %v", got)
	}
	if got := errs.With(io.EOF, toGone); !errors.Is(got, pmks.ErrNotFound) || !errors.Is(got, io.EOF) {
		t.Errorf("got %v", got)
	}
	if got := errs.With(fmt.Errorf("around: %w", original), func(*pmks.Error) {}); !errors.Is(got, pmks.ErrBusy) {
		t.Errorf("got %v", got)
	}
}

// TestHalfDone: what has been done stands first, and no sentence is left open.
func TestHalfDone(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{"refused": "half is done: refused", "": "half is done"} {
		got := errs.HalfDone(&pmks.Error{Code: pmks.CodeBusy, Message: message}, "half is done")
		var e *pmks.Error
		if !errors.As(got, &e) || e.Message != want || e.Code != pmks.CodeBusy {
			t.Errorf("got %v, want %q", got, want)
		}
	}
	if errs.HalfDone(nil, "half is done") != nil {
		t.Error("nil became an error")
	}
}

func TestIs(t *testing.T) {
	t.Parallel()
	gone, busy := &pmks.Error{Code: pmks.CodeNotFound}, &pmks.Error{Code: pmks.CodeBusy}
	for _, test := range []struct {
		name string
		err  error
		want bool
	}{
		{"itself", gone, true},
		{"another", busy, false},
		{"joined-with-another", errors.Join(gone, busy), false},
		{"joined-alike", errors.Join(gone, gone), true},
		{"cause-of-another", &pmks.Error{Code: pmks.CodeUnauthenticated, Err: gone}, false},
		{"inside-a-text", fmt.Errorf("x: %w", gone), true},
		{"nil", nil, false},
	} {
		if got := errs.Is(test.err, pmks.CodeNotFound); got != test.want {
			t.Errorf("%s: got %v", test.name, got)
		}
		if ignored := errs.IgnoreNotFound(test.err) == nil; ignored != (test.want || test.err == nil) {
			t.Errorf("%s: ignored %v", test.name, ignored)
		}
	}
}

func TestEnded(t *testing.T) {
	t.Parallel()
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	refusal := &pmks.Error{Code: pmks.CodeBusy, Message: "no", MayHaveHappened: true}
	for _, test := range []struct {
		name string
		ctx  context.Context
		err  error
		want pmks.Code
	}{
		{"nothing", canceled, nil, pmks.CodeOK},
		{"the-caller's-end", canceled, context.Canceled, pmks.CodeCanceled},
		{"a-refusal-after-the-end", canceled, refusal, pmks.CodeCanceled},
		{"a-refusal", t.Context(), refusal, pmks.CodeBusy},
		{"a-limit-of-the-sdk", t.Context(), context.DeadlineExceeded, pmks.CodeUnavailable},
		{"a-limit-inside", t.Context(), &pmks.Error{Code: pmks.CodeTimeout, Err: context.DeadlineExceeded}, pmks.CodeUnavailable},
	} {
		got := errs.Ended(test.ctx, test.err)
		if pmks.CodeOf(got) != test.want {
			t.Errorf("%s: got %v, want %s", test.name, got, test.want)
		}
		if test.ctx.Err() != nil && got != nil && !errors.Is(got, context.Canceled) {
			t.Errorf("%s: %v hides the end of the context", test.name, got)
		}
		if test.ctx.Err() == nil && errors.Is(got, context.DeadlineExceeded) {
			t.Errorf("%s: %v looks like an end of the caller's context", test.name, got)
		}
	}
	var e *pmks.Error
	if got := errs.Ended(canceled, refusal); !errors.As(got, &e) || !e.MayHaveHappened {
		t.Errorf("%v forgot that it may have happened", got)
	}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	refused := func(request string) error {
		return &pmks.Error{Code: pmks.CodeUnavailable, Message: "connection refused", RequestID: request}
	}
	other := &pmks.Error{Code: pmks.CodeBusy}
	if got := errs.Join(nil, nil); got != nil {
		t.Errorf("got %v", got)
	}
	if got := errs.Join(refused("1"), errors.Join(refused("2"), other), refused("3")); strings.Count(got.Error(), "refused") != 1 || !errors.Is(got, pmks.ErrBusy) {
		t.Errorf("got %v", got)
	}
	if got := errs.Join(nil, other, other); got != error(other) { //nolint:errorlint // that very error is meant
		t.Errorf("a single fault is not returned as it is: %#v", got)
	}
}

func TestTransport(t *testing.T) {
	t.Parallel()
	dial := func(inner error) error {
		return &url.Error{Op: "Post", URL: "https://user:secret@host/path?token=secret", Err: &net.OpError{Op: "dial", Net: "tcp", Err: inner}}
	}
	for _, test := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{errors.New("anything"), ""},
		{&pmks.Error{Code: pmks.CodeBusy}, ""},
		{dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)), "connection refused"},
		{dial(os.NewSyscallError("read", syscall.ECONNRESET)), "the connection was reset"},
		{dial(&net.DNSError{Name: "eks.example", IsNotFound: true}), "no such host eks.example"},
		{dial(x509.UnknownAuthorityError{}), "TLS: the certificate is signed by an authority that is not trusted"},
		{dial(os.ErrDeadlineExceeded), "timed out"},
		{fmt.Errorf("body: %w", io.ErrUnexpectedEOF), "the connection ended before the answer was complete"},
		{dial(errors.New("socks  connect\nfailed")), "socks connect failed"},
	} {
		cause, ok := errs.Transport(test.err)
		if cause != test.want || ok != (test.want != "") {
			t.Errorf("%v: got %q, %v, want %q", test.err, cause, ok, test.want)
		}
		if strings.Contains(cause, "secret") {
			t.Errorf("%q holds a secret", cause)
		}
	}
}

func TestNeverSent(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, true},
		{&pmks.Error{Code: pmks.CodeUnavailable, Err: &url.Error{Err: &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}}}, true},
		{&url.Error{Err: &net.DNSError{Name: "eks.example"}}, true},
		{&net.OpError{Op: "read", Err: syscall.ECONNREFUSED}, false},
		{&net.OpError{Op: "write", Err: syscall.EPIPE}, false},
		{io.EOF, false},
	} {
		if got := errs.NeverSent(test.err); got != test.want {
			t.Errorf("%v: got %t", test.err, got)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for text, want := range map[string]time.Duration{
			"":    0,
			"7":   7 * time.Second,
			" 7 ": 7 * time.Second,
			"1.5": 1500 * time.Millisecond,
			"-5":  0, "1m": 0, "NaN": 0, "soon": 0, "0": 0,
			"1e300":   time.Hour,
			"9999999": time.Hour,
			time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat): 90 * time.Second,
			time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat):       0,
			time.Now().Add(48 * time.Hour).UTC().Format(http.TimeFormat):   time.Hour,
		} {
			if got := errs.RetryAfter(http.Header{"Retry-After": {text}}); got != want {
				t.Errorf("%q: got %s, want %s", text, got, want)
			}
		}
	})
}

// TestRetryAfter_otherClock: a date is by the clock of the server that wrote it.
func TestRetryAfter_otherClock(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{-50 * time.Minute, 0, 50 * time.Minute} {
		server := time.Now().Add(off).UTC()
		h := http.Header{"Date": {server.Format(http.TimeFormat)}, "Retry-After": {server.Add(90 * time.Second).Format(http.TimeFormat)}}
		if got := errs.RetryAfter(h); got != 90*time.Second {
			t.Errorf("a server whose clock is off by %s asks for 90 s: got %s", off, got)
		}
	}
}

func TestByStatus(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]pmks.Code{
		0: pmks.CodeUnknown, 200: pmks.CodeUnavailable, 307: pmks.CodeUnavailable,
		400: pmks.CodeInvalidArgument, 405: pmks.CodeInvalidArgument, 411: pmks.CodeInvalidArgument,
		413: pmks.CodeInvalidArgument, 414: pmks.CodeInvalidArgument, 415: pmks.CodeInvalidArgument, 422: pmks.CodeInvalidArgument,
		401: pmks.CodeUnauthenticated, 403: pmks.CodePermissionDenied, 451: pmks.CodePermissionDenied,
		404: pmks.CodeUnavailable, 409: pmks.CodeBusy, 429: pmks.CodeThrottled,
		402: pmks.CodeFailedPrecondition, 410: pmks.CodeFailedPrecondition, 418: pmks.CodeFailedPrecondition, 499: pmks.CodeFailedPrecondition,
		500: pmks.CodeInternal, 501: pmks.CodeUnsupported, 502: pmks.CodeUnavailable, 503: pmks.CodeUnavailable, 504: pmks.CodeUnavailable, 520: pmks.CodeInternal,
	} {
		if got := errs.ByStatus(status); got != want {
			t.Errorf("%d: got %s, want %s", status, got, want)
		}
	}
}

func TestForeign(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind, body string
		want       bool
	}{
		{"text/html; charset=utf-8", "", true},
		{"", "  <!DOCTYPE html><p>", true},
		{"text/plain", "<html>", true},
		{"application/json", "{}", false},
		{"text/xml", "<ErrorResponse>", false},
		{"", "", false},
	} {
		if got := errs.Foreign(http.Header{"Content-Type": {test.kind}}, []byte(test.body)); got != test.want {
			t.Errorf("%q %q: got %v", test.kind, test.body, got)
		}
	}
}
