// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// maxBody is the largest body that is read.
const maxBody = 1 << 20

// classWrite is the class of calls that change something.
const classWrite = "write"

// call is a request on its way through the server.
type call struct {
	simkit.Exchange
	route
	header    http.Header
	base      string // the scheme and host that the caller used
	requestID string
	// who is the caller, and project what the token is for.
	who     *User
	project *project
}

// answer is a successful reply.
type answer struct {
	status int
	body   any // nil: none
}

// ok answers 200 with a body.
func ok(body any) (*answer, *apiError) { return &answer{http.StatusOK, body}, nil }

// uuidObject is the whole body of most answers to changes.
type uuidObject struct {
	UUID string `json:"uuid"`
}

// accepted answers what NKS adds to Magnum: no source says whether 200 or 202.
func (s *Server) accepted(uuid string) *answer {
	status := http.StatusAccepted
	if s.Random.IntN(2) == 0 {
		status = http.StatusOK
	}
	return &answer{status, uuidObject{uuid}}
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := simkit.ReadBody(r, maxBody)
	query, queryErr := url.ParseQuery(r.URL.RawQuery)
	c := &call{route: routeOf(r, query, body), header: r.Header, base: simkit.BaseURL(r)}
	switch {
	case c.fault != nil:
	case queryErr != nil:
		c.fault = badRequest("The query string cannot be read")
	case len(body) > maxBody:
		c.fault = fail(http.StatusRequestEntityTooLarge, "RequestTooLarge", "Request is too large.")
	}
	c.Entry = Call{Service: c.service, Op: c.op, Cluster: c.vars["cluster"], NodeGroup: c.vars["group"]}
	if c.write {
		c.Class = classWrite
	}
	simkit.Serve(w, r, s.Kit, &c.Exchange, simkit.Protocol[*apiError]{
		Admit: func() *apiError {
			c.requestID = "req-" + s.Random.UUID()
			e := s.admit(c)
			s.displayNames(c)
			return e
		},
		Key: func(string) string { return c.service },
		Handle: func() (simkit.Reply, *apiError) {
			if c.project != nil {
				c.project.world.Advance(c.Now)
			}
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

// displayNames gives the journal names in place of uuids.
func (s *Server) displayNames(c *call) {
	if c.project == nil {
		return
	}
	rec, ok := c.project.clusters[c.vars["cluster"]]
	if !ok {
		return
	}
	c.Entry.Cluster = rec.live.Name
	if g, ok := rec.live.Group(c.vars["group"]); ok {
		c.Entry.NodeGroup = g.Name
	}
}

// headers are those of every reply.
func (c *call) headers() http.Header {
	h := http.Header{"Content-Type": {"application/json"}}
	h.Set("x-openstack-request-id", c.requestID)
	if c.service == serviceNKS {
		h.Set("OpenStack-API-Minimum-Version", apiVersionPrefix+minVersion)
		h.Set("OpenStack-API-Maximum-Version", apiVersionPrefix+maxVersion)
		h.Set("OpenStack-API-Version", apiVersionPrefix+c.version)
	}
	return h
}

// success is the reply of a call that was answered.
func (s *Server) success(c *call, out *answer) (simkit.Reply, *apiError) {
	h := c.headers()
	if out.body == nil {
		h.Del("Content-Type")
		return simkit.Reply{Status: out.status, Header: h}, nil
	}
	data, err := json.Marshal(out.body)
	if err != nil {
		return simkit.Reply{}, fail(http.StatusInternalServerError, "Internal", "%v", err)
	}
	return simkit.Reply{Status: out.status, Header: h, Body: data}, nil
}

// refusal is the reply of a call that was not.
func (s *Server) refusal(c *call, e *apiError) simkit.Reply {
	h := c.headers()
	simkit.SetRetryAfter(h, e.retryAfter)
	if e.status == http.StatusUnauthorized && c.service != serviceIdentity {
		h.Set("WWW-Authenticate", "Keystone uri='"+c.base+identityRoot+"'")
	}
	data, html := e.body(c, s.assume.Texts)
	if html {
		h.Set("Content-Type", "text/html; charset=UTF-8")
	}
	return simkit.Reply{Status: e.status, Header: h, Body: data}
}
