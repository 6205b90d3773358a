// SPDX-License-Identifier: Apache-2.0

// Package canned answers requests from memory, so that what is measured is the program
// that makes them and not the simulator that answers.
package canned

import (
	"bytes"
	"encoding/gob"
	"fmt"
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
	Status int
	Header http.Header
	Body   []byte
}

// Asked is how many requests Next has had.
func (t *Transport) Asked() int64 { return t.asked.Load() }

// Save writes what is remembered, for [Transport.Load] in another process.
func (t *Transport) Save(w io.Writer) error {
	all := map[string]*answer{}
	t.answers.Range(func(key, known any) bool {
		if a, ok := known.(*answer); ok {
			all[fmt.Sprint(key)] = a
		}
		return true
	})
	return gob.NewEncoder(w).Encode(all)
}

// Load remembers what another one has saved.
func (t *Transport) Load(r io.Reader) error {
	var all map[string]*answer
	if err := gob.NewDecoder(r).Decode(&all); err != nil {
		return err
	}
	for key, a := range all {
		t.answers.Store(key, a)
	}
	return nil
}

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
		Status: http.StatusText(a.Status), StatusCode: a.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req,
		Header: a.Header.Clone(), Body: io.NopCloser(bytes.NewReader(a.Body)), ContentLength: int64(len(a.Body)),
	}
}
