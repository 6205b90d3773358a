// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// maxBody is the largest body that is read; Azure Resource Manager has the same
// limit.
const maxBody = 4 << 20

// call is a request on its way through the server.
type call struct {
	simkit.Exchange
	route
	requestID string
	header    http.Header
	// base is the scheme and host that the caller used, for absolute URLs.
	base string
	who  identity
}

// answer is a successful reply.
type answer struct {
	status int
	body   any // nil: none
	// operation is the id of what was started; empty: nothing was.
	operation string
	// location: the reply has a Location beside Azure-AsyncOperation.
	location bool
	header   http.Header
}

// ok answers 200 with a body.
func ok(body any) (*answer, *apiError) { return &answer{status: http.StatusOK, body: body}, nil }

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := simkit.ReadBody(r, maxBody)
	query, queryErr := url.ParseQuery(r.URL.RawQuery)
	c := &call{route: routeOf(r, query, body), header: r.Header, base: simkit.BaseURL(r)}
	c.Class = classOf(c, r.Method)
	if queryErr != nil && c.fault == nil {
		c.fault = gateway(http.StatusBadRequest, "InvalidRequestUri", "The query string cannot be read")
	}
	if len(body) > maxBody {
		c.fault = gateway(http.StatusRequestEntityTooLarge, "RequestContentTooLarge", "The request content size exceeds the maximum size of 4 MB.")
	}
	if other, found := s.servers[strings.ToLower(c.vars["sub"])]; found {
		s = other
	}
	c.Entry = Call{Service: c.service, Op: c.op, Cluster: c.vars["cluster"], NodeGroup: c.vars["pool"]}
	simkit.Serve(w, r, s.Kit, &c.Exchange, simkit.Protocol[*apiError]{
		Admit: func() *apiError {
			c.requestID = s.Random.UUID()
			e := s.admit(c)
			c.Entry.Cluster = s.displayName(c)
			return e
		},
		Key: func(per string) string { return s.bucketKey(c, per) },
		Handle: func() (simkit.Reply, *apiError) {
			s.advance(c.Now)
			out, e := c.handle(s, c)
			if e != nil {
				return simkit.Reply{}, e
			}
			return s.success(c, out)
		},
		Injected: func(code pmks.Code, reason string, retryAfter time.Duration) *apiError {
			e := injected(c, code, reason)
			if retryAfter > 0 {
				e.retryAfter = retryAfter
			}
			return e
		},
		Refuse: func(e *apiError) simkit.Reply { return s.refusal(c, e) },
	})
}

// displayName returns the name of the cluster of a call as it was created, which
// may differ in case from what the call says.
func (s *Server) displayName(c *call) string {
	if rec, ok := s.latest[keyOf(c.group(), c.vars["cluster"])]; ok {
		return rec.name
	}
	return c.vars["cluster"]
}

// headers are those of every reply.
func (s *Server) headers(c *call) http.Header {
	h := http.Header{}
	h.Set("x-ms-request-id", c.requestID)
	if c.service != entra {
		h.Set("x-ms-correlation-request-id", c.requestID)
		h.Set("x-ms-routing-request-id", "PMKSSIM:"+c.Now.UTC().Format("20060102T150405Z")+":"+c.requestID)
		if id := c.header.Get("x-ms-client-request-id"); id != "" {
			h.Set("x-ms-client-request-id", id)
		}
	}
	if q := c.Quota; q != nil && c.service == resourceGraph {
		left := q.Until.Sub(c.Now)
		h.Set("x-ms-user-quota-remaining", strconv.Itoa(q.Calls))
		h.Set("x-ms-user-quota-resets-after", time.Time{}.Add(max(0, left+time.Second-1).Truncate(time.Second)).Format(time.TimeOnly))
	}
	return h
}

// success is the reply of a call that was answered.
func (s *Server) success(c *call, out *answer) (simkit.Reply, *apiError) {
	h := s.headers(c)
	for name, values := range out.header {
		h[name] = values
	}
	if out.operation != "" {
		h.Set("Azure-AsyncOperation", s.operationURL(c, "operations", out.operation))
		if out.location {
			h.Set("Location", s.operationURL(c, "operationresults", out.operation))
		}
		if s.assumed.RetryAfterOnAccept {
			h.Set("Retry-After", "10")
		}
	}
	if out.body == nil {
		return simkit.Reply{Status: out.status, Header: h}, nil
	}
	data, err := json.Marshal(out.body)
	if err != nil {
		return simkit.Reply{}, gateway(http.StatusInternalServerError, "InternalServerError", "%v", err)
	}
	h.Set("Content-Type", "application/json; charset=utf-8")
	return simkit.Reply{Status: out.status, Header: h, Body: data}, nil
}

// refusal is the reply of a call that was not.
func (s *Server) refusal(c *call, e *apiError) simkit.Reply {
	h := s.headers(c)
	if c.service != resourceGraph { // its quota tells
		simkit.SetRetryAfter(h, e.retryAfter)
	}
	if e.challenge != "" {
		h.Set("WWW-Authenticate", e.challenge)
	}
	var body any
	switch {
	case c.service == entra:
		body = s.entraBody(c, e)
	case e.gateway:
		h.Set("x-ms-failure-cause", "gateway")
		body = e.body()
	default:
		h.Set("x-ms-failure-cause", "service")
		body = e.body()
	}
	h.Set("Content-Type", "application/json; charset=utf-8")
	data, _ := json.Marshal(body) // texts and numbers only
	return simkit.Reply{Status: e.status, Header: h, Body: data}
}
