// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/pmks-go/pmks"
)

// kind is one way in which a request fails.
type kind struct {
	name string
	// applied: the request reaches the cloud before it fails.
	applied bool
	// always: every request of that name from there on is struck, not one.
	always bool
	// settles: the answer says that nothing happened.
	settles bool
	// codes are the errors that tell this truly. Success is right as well where the
	// operation got what it needed all the same.
	codes []pmks.Code
	// ofTokens are right besides, where the request was for a credential.
	ofTokens []pmks.Code
	strike   func(*Wire, *http.Request, func() (*http.Response, error)) (*http.Response, error)
}

var (
	silent   = []pmks.Code{pmks.CodeUnavailable}
	internal = []pmks.Code{pmks.CodeUnavailable, pmks.CodeInternal}
	rejected = []pmks.Code{pmks.CodeInvalidArgument, pmks.CodeFailedPrecondition}
	// What was lost may be in the way of what is sent again.
	inTheWay = []pmks.Code{pmks.CodeUnavailable, pmks.CodeBusy, pmks.CodeAlreadyExists}
	identity = []pmks.Code{pmks.CodeUnauthenticated, pmks.CodePermissionDenied}
)

// kinds are the columns of the matrix.
var kinds = []kind{
	{name: "refused", codes: silent, settles: true, strike: broken("dial", syscall.ECONNREFUSED)},
	{name: "refused-always", always: true, settles: true, codes: silent, strike: broken("dial", syscall.ECONNREFUSED)},
	{name: "reset-before", codes: silent, strike: broken("read", syscall.ECONNRESET)},
	{name: "reset-after", applied: true, codes: silent, strike: broken("read", syscall.ECONNRESET)},
	{name: "reset-always", always: true, codes: silent, strike: broken("read", syscall.ECONNRESET)},
	{name: "cut", applied: true, codes: internal, strike: cut},
	{name: "hang-before", codes: silent, strike: hang},
	{name: "hang-after", applied: true, codes: silent, strike: hang},
	{name: "429", settles: true, codes: []pmks.Code{pmks.CodeThrottled}, strike: status(429, nil)},
	{name: "429-retry-after", settles: true, codes: []pmks.Code{pmks.CodeThrottled}, strike: status(429, http.Header{"Retry-After": {"7"}})},
	{name: "429-always", always: true, settles: true, codes: []pmks.Code{pmks.CodeThrottled}, strike: status(429, nil)},
	{name: "500", codes: internal, strike: status(500, nil)},
	{name: "502-html", codes: silent, strike: page(502)},
	{name: "503", codes: silent, strike: status(503, nil)},
	{name: "503-always", always: true, codes: silent, strike: status(503, nil)},
	{name: "401", settles: true, codes: identity, strike: status(401, nil)},
	{name: "401-always", always: true, settles: true, codes: identity, strike: status(401, nil)},
	{name: "403", settles: true, codes: []pmks.Code{pmks.CodePermissionDenied}, ofTokens: identity, strike: status(403, nil)},
	{name: "unknown-4xx", settles: true, codes: rejected, ofTokens: identity, strike: status(422, nil)},
	{name: "bare-404", codes: silent, ofTokens: append(identity, rejected...), strike: bare(404)},
	{name: "redirect", codes: append(silent, rejected...), ofTokens: identity, strike: redirect},
	{name: "malformed", codes: internal, strike: text("application/json", `{"broken`)},
	{name: "malformed-after", applied: true, codes: internal, strike: text("application/json", `{"broken`)},
	{name: "null", codes: internal, ofTokens: identity, strike: text("application/json", "null")},
	{name: "null-after", applied: true, codes: internal, ofTokens: identity, strike: text("application/json", "null")},
	{name: "empty-object", codes: internal, ofTokens: identity, strike: text("application/json", "{}")},
	{name: "empty-object-after", applied: true, codes: internal, ofTokens: identity, strike: text("application/json", "{}")},
	{name: "empty", codes: internal, ofTokens: identity, strike: text("application/json", "")},
	{name: "empty-after", applied: true, codes: internal, ofTokens: identity, strike: text("application/json", "")},
	{name: "html-200", codes: internal, strike: page(200)},
	{name: "oversized", applied: true, codes: internal, strike: oversized},
	{name: "wrong-type", applied: true, codes: internal, strike: wrongType},
	{name: "twice", applied: true, codes: nil, strike: twice},
	{name: "stale", strike: stale},
	{name: "stale-for-a-while", strike: staleForAWhile},
	{name: "reset-after-and-stale", applied: true, codes: inTheWay, strike: resetAndStale},
}

// broken is a connection that fails.
func broken(op string, errno syscall.Errno) func(*Wire, *http.Request, func() (*http.Response, error)) (*http.Response, error) {
	return func(_ *Wire, _ *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
		call := map[string]string{"dial": "connect", "read": "read"}[op]
		return nil, &net.OpError{Op: op, Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443}, Err: os.NewSyscallError(call, errno)}
	}
}

// hang waits for as long as the caller does.
func hang(w *Wire, req *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
	select {
	case <-req.Context().Done():
		return nil, req.Context().Err()
	case <-w.over:
		return nil, errors.New("providertest: the cell is over")
	}
}

// answer makes a response.
func answer(req *http.Request, code int, header http.Header, body io.Reader, length int64) *http.Response {
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{
		Status: strconv.Itoa(code) + " " + http.StatusText(code), StatusCode: code, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(body), ContentLength: length, Request: req,
	}
}

func reply(req *http.Request, code int, kind, body string, more http.Header) *http.Response {
	header := more.Clone()
	if header == nil {
		header = http.Header{}
	}
	if kind != "" {
		header.Set("Content-Type", kind)
	}
	return answer(req, code, header, strings.NewReader(body), int64(len(body)))
}

type striker = func(*Wire, *http.Request, func() (*http.Response, error)) (*http.Response, error)

// status is a refusal in the vendor's form with a code that nobody knows.
func status(code int, header http.Header) striker {
	return func(w *Wire, req *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
		kind, body := w.matrix.refusal(req, code)
		return reply(req, code, kind, body, header), nil
	}
}

func bare(code int) striker {
	return func(_ *Wire, req *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
		return reply(req, code, "", "", nil), nil
	}
}

func page(code int) striker {
	return func(_ *Wire, req *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
		return reply(req, code, "text/html", "<html><head><title>Gateway</title></head><body><h1>It does not answer</h1></body></html>", nil), nil
	}
}

// elsewhere is where redirects lead. Nothing may go there.
const elsewhere = "elsewhere.example"

func redirect(_ *Wire, req *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
	return reply(req, http.StatusFound, "", "", http.Header{"Location": {"https://" + elsewhere + "/" + strings.TrimPrefix(req.URL.Path, "/")}}), nil
}

func text(kind, body string) striker {
	return func(_ *Wire, req *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
		return reply(req, http.StatusOK, kind, body, nil), nil
	}
}

// cut ends the true answer in its middle.
func cut(_ *Wire, req *http.Request, deliver func() (*http.Response, error)) (*http.Response, error) {
	res, err := deliver()
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	if closeErr := res.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, err
	}
	out := answer(req, res.StatusCode, res.Header, io.MultiReader(bytes.NewReader(body[:len(body)/2]), failing{io.ErrUnexpectedEOF}), int64(len(body)))
	return out, nil
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// wrongType is the true answer under a false name.
func wrongType(_ *Wire, _ *http.Request, deliver func() (*http.Response, error)) (*http.Response, error) {
	res, err := deliver()
	if err == nil {
		res.Header = res.Header.Clone()
		res.Header.Set("Content-Type", "text/plain")
	}
	return res, err
}

// twice delivers a request again, as a proxy may that saw no answer.
func twice(w *Wire, req *http.Request, deliver func() (*http.Response, error)) (*http.Response, error) {
	res, err := deliver()
	if err != nil {
		return nil, err
	}
	if again, err := w.deliver(req); err == nil {
		_ = again.Body.Close()
	}
	return res, nil
}

// mostRead is how much of an endless answer may be read: more than any true one.
const mostRead = 96 << 20

// oversized is an answer without an end.
func oversized(w *Wire, req *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
	body := io.MultiReader(strings.NewReader(`{"a":"`), &endless{wire: w})
	return answer(req, http.StatusOK, http.Header{"Content-Type": {"application/json"}}, body, -1), nil
}

type endless struct{ wire *Wire }

func (e *endless) Read(p []byte) (int, error) {
	if e.wire.read.Add(int64(len(p))) > mostRead {
		return 0, errors.New("providertest: too much was read")
	}
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}
