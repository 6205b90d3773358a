// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The microversions of container-infra. The routes of node groups are there from
// nodeGroupVersion on.
const (
	apiVersionPrefix = "container-infra "
	minVersion       = "1.1"
	maxVersion       = "1.11"
	nodeGroupVersion = 9
)

// textUnauthorized is what every service says to a token that is none.
const textUnauthorized = "The request you have made requires authentication."

// token is what a token stands for.
type token struct {
	user, tenant string
	expires      time.Time
}

// admit says whether a call may pass to its handler. The lock is held.
func (s *Server) admit(c *call) *apiError {
	if c.op == opDiscovery && s.assume.Discovery {
		return c.fault
	}
	if c.service == serviceIdentity {
		if c.fault == nil && s.isDenied(c, nil) {
			return fail(http.StatusForbidden, "Forbidden", "You are not authorized to perform the requested action.")
		}
		return c.fault
	}
	if c.service == "" {
		return c.fault // nothing behind the gateway asks for a token
	}
	if e := s.authenticate(c); e != nil {
		return e
	}
	if e := s.checkVersion(c); e != nil {
		return e
	}
	if c.fault != nil {
		return c.fault
	}
	if tenant, scoped := c.vars["tenant"]; scoped && tenant != c.project.id {
		return badRequest("Malformed request url")
	}
	switch {
	case s.isDenied(c, c.who.Denied):
		return forbidden(c.op)
	case c.service == serviceNKS && c.write && c.who.ReadOnly:
		return forbidden(c.op)
	case c.op == "clusters.config" && c.who.ReadOnly && !s.assume.ConfigForReaders:
		return forbidden(c.op)
	}
	return nil
}

// isDenied reports whether a service or an operation is taken away, from everybody or
// from the caller.
func (s *Server) isDenied(c *call, own []string) bool {
	return slices.ContainsFunc(slices.Concat(s.denied, own), func(d string) bool { return d == c.service || d == c.op })
}

// authenticate verifies the token of a call.
func (s *Server) authenticate(c *call) *apiError {
	unauthorized := fail(http.StatusUnauthorized, "Unauthorized", textUnauthorized)
	values := c.header.Values("X-Auth-Token")
	if len(values) != 1 {
		return unauthorized
	}
	t, ok := s.tokens[values[0]]
	if !ok || !c.Now.Before(t.expires) {
		return unauthorized
	}
	i := slices.IndexFunc(s.users, func(u User) bool { return u.Name == t.user })
	if i < 0 {
		return unauthorized
	}
	c.who, c.project = &s.users[i], s.projects[t.tenant]
	return nil
}

// checkVersion looks at the microversion that a call of NKS asks for.
func (s *Server) checkVersion(c *call) *apiError {
	if c.service != serviceNKS {
		return nil
	}
	minor := 1
	c.version = minVersion
	if given := c.header.Get("OpenStack-API-Version"); given != "" {
		wanted, ours := strings.CutPrefix(given, apiVersionPrefix)
		switch number, found := strings.CutPrefix(wanted, "1."); {
		case !ours:
		case wanted == "latest":
			minor, _ = strconv.Atoi(strings.TrimPrefix(maxVersion, "1."))
		case found:
			minor, _ = strconv.Atoi(number)
		default:
			minor = 0
		}
	}
	highest, _ := strconv.Atoi(strings.TrimPrefix(maxVersion, "1."))
	if minor < 1 || minor > highest {
		return fail(http.StatusNotAcceptable, "NotAcceptable", "Version %.64s was requested but the requested API version is not supported for this URL. "+
			"The minimum is %s and the maximum %s.", c.header.Get("OpenStack-API-Version"), minVersion, maxVersion)
	}
	c.version = "1." + strconv.Itoa(minor)
	ofGroups := strings.HasPrefix(c.path, pathGroups)
	if minor < nodeGroupVersion && (ofGroups || s.assume.MicroversionEverywhere) {
		return fail(http.StatusNotAcceptable, "NotAcceptable", "Request not acceptable. The minimum API version of this route is 1.%d.", nodeGroupVersion)
	}
	return nil
}
