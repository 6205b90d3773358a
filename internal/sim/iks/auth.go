// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// identity is who calls.
type identity struct {
	id, account, subject string
	expires              time.Time
}

// groupHeader names a resource group.
const groupHeader = "X-Auth-Resource-Group"

// admit says whether a call may go on: the route, then who calls, then the role.
func (s *Server) admit(c *call) *apiError {
	if c.op == "" || c.service == serviceIAM {
		return c.fault
	}
	if e := s.authenticate(c); e != nil {
		return e
	}
	if slices.Contains(s.denied, c.op) {
		return s.noRole(c)
	}
	if c.fault != nil {
		return c.fault
	}
	if given := c.header.Get(groupHeader); given != "" && c.service == serviceIKS {
		if _, ok := s.resources.group(given); !ok {
			return noCluster("A0006")
		}
	}
	if c.service == serviceVPC {
		return checkVPCQuery(c)
	}
	return nil
}

// authenticate verifies the token of a call. Clusters take another kind of token
// than the services do.
func (s *Server) authenticate(c *call) *apiError {
	if c.service == serviceKube {
		return s.authenticateKube(c)
	}
	scheme, token, _ := strings.Cut(c.header.Get("Authorization"), " ")
	claims, ok := s.readToken(token)
	switch {
	case !strings.EqualFold(scheme, "Bearer") || !ok || claims.Audience != "":
		return unauthenticated("The IAM token is missing or not valid.")
	case !c.Now.Before(time.Unix(claims.Expires, 0)):
		return unauthenticated("The IAM token has expired.")
	}
	c.who = claims.identity()
	return nil
}

func unauthenticated(text string) *apiError {
	return fail(http.StatusUnauthorized, "A0003", "%s", text).of(kindAuthentication).
		recover("Log in with 'ibmcloud login' and try again.")
}

func (s *Server) noRole(c *call) *apiError {
	return fail(http.StatusForbidden, "A0656", "You do not have the IAM role that is required to perform '%s'.", c.op).of(kindAuthentication)
}
