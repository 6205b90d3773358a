// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Token is what an access token stands for.
type Token struct {
	// Email is whom it was issued to.
	Email string
	// Scopes are those it was issued for; none means the whole cloud platform.
	Scopes []string
	// Expires is when it ends; zero means never.
	Expires time.Time
}

// The scopes, one of which a call needs.
const (
	scopePlatform = "https://www.googleapis.com/auth/cloud-platform"
	scopeCompute  = "https://www.googleapis.com/auth/compute"
)

// scopeTable lists the scopes that let a caller use a service.
var scopeTable = map[string][]string{
	serviceCompute: {scopePlatform, scopeCompute, scopeCompute + ".readonly"},
	// The page of each method names only this one.
	serviceContainer: {scopePlatform},
}

// Token issues an access token that lasts an hour, as if by the token endpoint.
func (s *Server) Token(scopes ...string) string {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	return s.issue(ServiceAccountEmail, scopes, s.Now())
}

// tokenLife is how long an access token lasts.
const tokenLife = 3599 * time.Second

// tokenLimit is how many tokens there are before those that have ended are
// forgotten.
const tokenLimit = 1000

// issue makes an access token. The lock is held.
func (s *Server) issue(email string, scopes []string, now time.Time) string {
	if len(s.tokens) >= tokenLimit {
		for text, t := range s.tokens {
			if !t.Expires.IsZero() && !now.Before(t.Expires) {
				delete(s.tokens, text)
			}
		}
	}
	text := "ya29.c.sim_" + s.Random.Text(48, simkit.LowerAlnum)
	s.tokens[text] = Token{Email: email, Scopes: scopes, Expires: now.Add(tokenLife)}
	return text
}

// authenticate looks at the bearer token of a call. The lock is held.
func (s *Server) authenticate(c *call) *apiError {
	if c.anonymous {
		return nil
	}
	if c.bearer == "" {
		return unauthenticated(c, "CREDENTIALS_MISSING")
	}
	t, ok := s.tokens[c.bearer]
	switch {
	case !ok && strings.Count(c.bearer, ".") == 2 && strings.HasPrefix(c.bearer, "eyJ"):
		var e *apiError
		if t, e = s.selfSigned(c); e != nil {
			return e
		}
	case !ok:
		return unauthenticated(c, "ACCESS_TOKEN_TYPE_UNSUPPORTED")
	case !t.Expires.IsZero() && !c.Now.Before(t.Expires):
		return unauthenticated(c, "ACCESS_TOKEN_EXPIRED")
	}
	if len(t.Scopes) > 0 && !slices.ContainsFunc(scopeTable[c.service], func(scope string) bool { return slices.Contains(t.Scopes, scope) }) {
		e := fail(codes.PermissionDenied, "Request had insufficient authentication scopes.")
		e.reason = "insufficientPermissions"
		return e.because("ACCESS_TOKEN_SCOPE_INSUFFICIENT", domainGoogle, "service", c.service, "method", c.full)
	}
	return nil
}

// selfSigned accepts a JSON web token that a service account has signed for the
// service itself, which needs no token endpoint.
func (s *Server) selfSigned(c *call) (Token, *apiError) {
	claims, err := readAssertion(c.bearer)
	if err != nil || claims.Issuer != ServiceAccountEmail || claims.Subject != ServiceAccountEmail {
		return Token{}, unauthenticated(c, "ACCESS_TOKEN_TYPE_UNSUPPORTED")
	}
	if !claims.fresh(c.Now) {
		return Token{}, unauthenticated(c, "ACCESS_TOKEN_EXPIRED")
	}
	if claims.Scope != "" {
		return Token{Email: claims.Issuer, Scopes: strings.Fields(claims.Scope)}, nil
	}
	if claims.Audience != "https://"+c.service+"/" {
		return Token{}, unauthenticated(c, "ACCESS_TOKEN_TYPE_UNSUPPORTED")
	}
	return Token{Email: claims.Issuer}, nil
}

// unauthenticated says that there is no valid token.
func unauthenticated(c *call, reason string) *apiError {
	text := "Request had invalid authentication credentials."
	if reason == "CREDENTIALS_MISSING" {
		text = "Request is missing required authentication credential."
	}
	e := fail(codes.Unauthenticated, "%s Expected OAuth 2 access token, login cookie or other valid authentication credential.", text)
	if reason == "CREDENTIALS_MISSING" {
		e.reason = "required"
	}
	return e.because(reason, domainGoogle, "service", c.service, "method", c.full)
}

// titleTable holds what the services are called in their messages.
var titleTable = map[string]string{
	serviceCompute:   "Compute Engine API",
	serviceContainer: "Kubernetes Engine API",
}

// enabled says whether the project may use the service of a call.
func (s *Server) enabled(c *call) *apiError {
	if !slices.Contains(s.options.Disabled, c.service) {
		return nil
	}
	e := fail(codes.PermissionDenied, "%s has not been used in project %s before or it is disabled. Enable it, then retry.", titleTable[c.service], s.number)
	if c.service == serviceCompute {
		e.reason = "accessNotConfigured"
	}
	return e.because("SERVICE_DISABLED", domainGoogle, "consumer", "projects/"+s.number, "containerInfo", s.number,
		"service", c.service, "serviceTitle", titleTable[c.service])
}

// refusePermission says that a permission is missing.
func (s *Server) refusePermission(c *call, permission string) *apiError {
	if c.service == serviceCompute {
		return fail(codes.PermissionDenied, "Required '%s' permission for '%s'", permission, cmp.Or(c.target, "projects/"+s.project))
	}
	e := fail(codes.PermissionDenied, "Required %q permission(s) for %q.", permission, cmp.Or(c.target, "projects/"+s.project))
	return e.because("IAM_PERMISSION_DENIED", domainIAM, "permission", permission, "resource", cmp.Or(c.target, "projects/"+s.project))
}
