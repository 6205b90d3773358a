// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/httpsim"
)

// maxBody is the largest body that is read; Azure Resource Manager has the same
// limit.
const maxBody = 4 << 20

// call is a request on its way through the server.
type call struct {
	route
	now       time.Time
	requestID string
	header    http.Header
	// base is the scheme and host that the caller used, for absolute URLs.
	base    string
	who     identity
	outcome core.Outcome
}

// answer is a successful reply.
type answer struct {
	status int
	body   any // nil: none
	// operation is the id of what was started; empty: nothing was.
	operation string
	// location: the reply has a Location beside Azure-AsyncOperation.
	location bool
}

// ok answers 200 with a body.
func ok(body any) (*answer, *apiError) { return &answer{status: http.StatusOK, body: body}, nil }

// schemeKey carries the scheme of an in-process call, which a server cannot see.
type schemeKey struct{}

// transport tells the server the scheme, so that the URLs it gives out have it.
type transport struct{ inner http.RoundTripper }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := context.WithValue(r.Context(), schemeKey{}, r.URL.Scheme)
	response, err := t.inner.RoundTrip(r.WithContext(ctx))
	if response != nil {
		response.Request = r
	}
	return response, err
}

// baseOf returns the scheme and host of a request.
func baseOf(r *http.Request) string {
	scheme, ok := r.Context().Value(schemeKey{}).(string)
	switch {
	case ok:
	case r.TLS != nil:
		scheme = "https"
	default:
		scheme = "http"
	}
	return scheme + "://" + r.Host
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	query, queryErr := url.ParseQuery(r.URL.RawQuery)
	c := &call{route: routeOf(r, query, body), now: s.now(), header: r.Header, base: baseOf(r)}
	entry := Call{Service: c.service, Op: c.op, Cluster: c.vars["cluster"], NodeGroup: c.vars["pool"], Start: c.now}
	end := s.journal.Begin(entry)
	entry.Lost = true // until there is an answer
	defer func() {    //nolint:contextcheck // it uses that of the request
		entry.End = s.now()
		end(entry)
		s.log.InfoContext(r.Context(), "call", "service", entry.Service, "op", entry.Op, "cluster", entry.Cluster,
			"nodeGroup", entry.NodeGroup, "status", entry.Status, "code", entry.Code, "lost", entry.Lost)
	}()
	if err != nil {
		panic(http.ErrAbortHandler) // the caller went away
	}
	if queryErr != nil && c.fault == nil {
		c.fault = gateway(http.StatusBadRequest, "InvalidRequestUri", "The query string cannot be read")
	}
	if len(body) > maxBody {
		c.fault = gateway(http.StatusRequestEntityTooLarge, "RequestContentTooLarge", "The request content size exceeds the maximum size of 4 MB.")
	}
	reply, e, lost := s.serve(c, r)
	if lost || r.Context().Err() != nil {
		panic(http.ErrAbortHandler)
	}
	entry.Lost = false
	if e != nil {
		entry.Status, entry.Code = e.status, e.code
	} else {
		entry.Status = reply.status
	}
	s.reply(w, c, reply, e)
}

// serve finds the answer. lost means that the connection is to end without it.
func (s *Server) serve(c *call, r *http.Request) (reply *answer, e *apiError, lost bool) {
	s.mu.Lock()
	c.requestID = s.uuid()
	e = s.admit(c)
	var faults []core.Fault
	if e == nil {
		cluster := s.displayName(c)
		faults = s.plan.Match(c.op, cluster, cluster, c.vars["pool"], c.vars["pool"])
	}
	s.mu.Unlock()
	delay, fault := s.latency, core.Fault{}
	for _, f := range faults {
		if f.Kind == core.FaultDelay {
			delay += f.Delay
		} else {
			fault = f
		}
	}
	if err := httpsim.Sleep(r.Context(), delay); err != nil {
		return nil, nil, true
	}
	if e != nil {
		return nil, e, false
	}
	switch fault.Kind {
	case core.FaultRefuse:
		return nil, withRetryAfter(injected(c, fault.Code, fault.Reason), fault.RetryAfter), false
	case core.FaultThrottle:
		return nil, withRetryAfter(injected(c, pmks.CodeThrottled, fault.Reason), fault.RetryAfter), false
	case core.FaultLoseRequest:
		return nil, nil, true
	case core.FaultFailLater:
		c.outcome.Fail = orElse(fault.Reason, defaultFailure+": the operation failed")
	case core.FaultStick:
		c.outcome.Stick = true
	}
	s.mu.Lock()
	c.now = s.now()
	s.advance(c.now)
	if reply, e = c.handle(s, c); e == nil && reply.body != nil {
		// Written down while the lock is held, as it refers to what may change.
		reply.body, e = encoded(reply.body)
	}
	s.mu.Unlock()
	if fault.Kind == core.FaultLoseReply {
		if fault.Code == pmks.CodeOK {
			return nil, nil, true
		}
		return nil, withRetryAfter(injected(c, fault.Code, fault.Reason), fault.RetryAfter), false
	}
	return reply, e, false
}

func withRetryAfter(e *apiError, d time.Duration) *apiError {
	if d > 0 {
		e.retryAfter = d
	}
	return e
}

// displayName returns the name of the cluster of a call as it was created, which
// may differ in case from what the call says.
func (s *Server) displayName(c *call) string {
	if rec, ok := s.latest[keyOf(c.group(), c.vars["cluster"])]; ok {
		return rec.name
	}
	return c.vars["cluster"]
}

// reply writes the answer.
func (s *Server) reply(w http.ResponseWriter, c *call, reply *answer, e *apiError) {
	h := w.Header()
	h.Set("x-ms-request-id", c.requestID)
	if c.service != entra {
		h.Set("x-ms-correlation-request-id", c.requestID)
		h.Set("x-ms-routing-request-id", "PMKSSIM:"+c.now.UTC().Format("20060102T150405Z")+":"+c.requestID)
		if id := c.header.Get("x-ms-client-request-id"); id != "" {
			h.Set("x-ms-client-request-id", id)
		}
	}
	if e != nil {
		s.replyError(w, c, e)
		return
	}
	if reply.operation != "" {
		h.Set("Azure-AsyncOperation", s.operationURL(c, "operations", reply.operation))
		if reply.location {
			h.Set("Location", s.operationURL(c, "operationresults", reply.operation))
		}
		if s.assumed.RetryAfterOnAccept {
			h.Set("Retry-After", "10")
		}
	}
	if reply.body == nil {
		w.WriteHeader(reply.status)
		return
	}
	writeJSON(w, reply.status, reply.body)
}

func (s *Server) replyError(w http.ResponseWriter, c *call, e *apiError) {
	h := w.Header()
	if e.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int((e.retryAfter+time.Second-1)/time.Second)))
	}
	if e.challenge != "" {
		h.Set("WWW-Authenticate", e.challenge)
	}
	if c.service == entra {
		writeJSON(w, e.status, s.entraBody(c, e))
		return
	}
	h.Set("x-ms-failure-cause", "service")
	if e.gateway {
		h.Set("x-ms-failure-cause", "gateway")
	}
	writeJSON(w, e.status, e.body())
}

func encoded(body any) (json.RawMessage, *apiError) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, gateway(http.StatusInternalServerError, "InternalServerError", "%v", err)
	}
	return data, nil
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	data, e := encoded(body)
	if e != nil {
		status, data = e.status, nil
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	// A reader that went away is no concern of the simulator's.
	_, _ = w.Write(data)
}
