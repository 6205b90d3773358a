// SPDX-License-Identifier: Apache-2.0

// Package canned answers requests from memory, so that what is measured is the program
// that makes them and not the simulator that answers.
package canned

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// Transport asks Next once for each request and from then on gives the same answer to all
// requests of the same action, method, URL and body. What is not a success is not remembered.
type Transport struct {
	Next http.RoundTripper

	answers sync.Map // of *answer by string
	asked   atomic.Int64
}

// actions are the headers in which some clouds say what a request asks for: bodies of
// different actions may be the same.
var actions = []string{"X-TC-Action", "X-Acs-Action", "X-Amz-Target"}

type answer struct {
	status int
	header http.Header
	body   []byte
}

// Asked is how many requests Next has had.
func (t *Transport) Asked() int64 { return t.asked.Load() }

// RoundTrip implements [http.RoundTripper].
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	var sent []byte
	if req.Body != nil {
		var err error
		if sent, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		if err := req.Body.Close(); err != nil {
			return nil, err
		}
		again := *req // a transport does not change what it was given
		again.Body = io.NopCloser(bytes.NewReader(sent))
		req = &again
	}
	key := req.Method + " " + req.URL.String() + "\n" + string(sent)
	for _, name := range actions {
		key += "\n" + req.Header.Get(name)
	}
	if known, ok := t.answers.Load(key); ok {
		if a, ok := known.(*answer); ok {
			return a.to(req), nil
		}
	}
	t.asked.Add(1)
	resp, err := t.Next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close() // all of it was read
	if err != nil {
		return nil, err
	}
	a := &answer{resp.StatusCode, resp.Header, body}
	if resp.StatusCode/100 == 2 {
		t.answers.Store(key, a)
	}
	return a.to(req), nil
}

func (a *answer) to(req *http.Request) *http.Response {
	return &http.Response{
		Status: http.StatusText(a.status), StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req,
		Header: a.header.Clone(), Body: io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body)),
	}
}
