// SPDX-License-Identifier: Apache-2.0

package simkit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// ErrConnectionLost is the error of a call whose connection ended without a
// reply. The caller cannot know whether the request took effect.
var ErrConnectionLost = fmt.Errorf("simkit: the connection ended without a reply: %w", io.ErrUnexpectedEOF)

// Transport runs a handler in process, on the goroutine of the caller. It starts
// no goroutine, so that it can be used inside a testing/synctest bubble. It is
// safe for concurrent use if its handler is.
type Transport struct {
	handler http.Handler
}

// NewTransport returns a Transport in front of h.
func NewTransport(h http.Handler) *Transport { return &Transport{handler: h} }

// RoundTrip serves req. It ends with the error of the request's context when that
// is done first, and with ErrConnectionLost when the handler panics with
// http.ErrAbortHandler. Any other panic is passed on.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		read, err := io.ReadAll(req.Body)
		if closeErr := req.Body.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			return nil, err
		}
		body = read
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	in, err := received(req, body)
	if err != nil {
		return nil, err
	}
	rec := &recorder{header: http.Header{}}
	aborted := serve(t.handler, rec, in)
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	if aborted && !rec.flushed {
		return nil, ErrConnectionLost
	}
	return rec.response(req, aborted), nil
}

// received returns req as a server would see it.
func received(req *http.Request, body []byte) (*http.Request, error) {
	in := req.Clone(context.WithValue(req.Context(), schemeKey{}, req.URL.Scheme))
	target, err := url.ParseRequestURI(req.URL.RequestURI())
	if err != nil {
		return nil, fmt.Errorf("simkit: %w", err)
	}
	in.URL = target
	in.RequestURI = req.URL.RequestURI()
	in.Host = req.Host
	if in.Host == "" {
		in.Host = req.URL.Host
	}
	// A server never shows these among the headers.
	in.Header.Del("Host")
	in.Header.Del("Content-Length")
	in.Header.Del("Transfer-Encoding")
	in.TransferEncoding = nil
	in.Body = io.NopCloser(bytes.NewReader(body))
	in.ContentLength = int64(len(body))
	in.GetBody = nil
	in.RemoteAddr = "127.0.0.1:0"
	return in, nil
}

func serve(h http.Handler, w http.ResponseWriter, r *http.Request) (aborted bool) {
	defer func() {
		switch p := recover(); {
		case p == nil:
		case isAbort(p):
			aborted = true
		default:
			panic(p)
		}
	}()
	h.ServeHTTP(w, r)
	return false
}

func isAbort(p any) bool {
	err, ok := p.(error)
	return ok && errors.Is(err, http.ErrAbortHandler)
}

// recorder is the http.ResponseWriter of an in-process call.
type recorder struct {
	header http.Header
	sent   http.Header // as it was when the status was written
	status int
	body   bytes.Buffer
	// flushed: the caller has seen the beginning.
	flushed bool
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status, r.sent = status, r.header.Clone()
	}
}

func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(p)
}

// Flush shows the caller what there is so far.
func (r *recorder) Flush() {
	r.WriteHeader(http.StatusOK)
	r.flushed = true
}

// response is what was recorded; one that was cut ends in an error.
func (r *recorder) response(req *http.Request, cut bool) *http.Response {
	r.WriteHeader(http.StatusOK)
	var body io.Reader = bytes.NewReader(r.body.Bytes())
	length := int64(r.body.Len())
	if cut {
		body, length = io.MultiReader(body, brokenReader{}), -1
	}
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", r.status, http.StatusText(r.status)),
		StatusCode:    r.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        r.sent,
		Body:          io.NopCloser(body),
		ContentLength: length,
		Request:       req,
	}
}

// brokenReader is the end of an answer that was cut.
type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
