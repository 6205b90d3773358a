// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"crypto"
	"crypto/x509"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// App is an application registration with its service principal.
type App struct {
	// Secrets lists the client secrets; any of them will do.
	Secrets []string
	// SecretsExpire is when they all end; zero means never.
	SecretsExpire time.Time
	// Certificates lists the certificates whose keys may sign assertions.
	Certificates []*x509.Certificate
	// Federated lists the identities that may stand in for the application.
	Federated []Federation
	// Denied lists the actions that the principal may not take, such as
	// "Microsoft.ContainerService/managedClusters/write"; "*" stands for any text
	// between slashes, and alone for every action.
	Denied []string
}

// Federation is a federated identity credential: a token of another issuer is
// taken in place of a secret.
type Federation struct {
	Issuer, Subject string
	// Audience is "api://AzureADTokenExchange" when empty.
	Audience string
	// Key verifies the signature of the token. Nil means that the signature is not
	// looked at, as the keys of the issuer are not reachable.
	Key crypto.PublicKey
}

// denied reports whether an action is refused.
func (a App) denied(action string) bool {
	action = strings.ToLower(action)
	return slices.ContainsFunc(a.Denied, func(pattern string) bool {
		matched, err := path.Match(strings.ToLower(pattern), action)
		return pattern == "*" || err == nil && matched
	})
}

// identity is who sent a request.
type identity struct {
	clientID, objectID string
	app                App
}

// The audiences of tokens: those of Azure Resource Manager, and the Entra
// application of all AKS API servers.
var armAudiences = []string{
	"https://management.azure.com", "https://management.azure.com/",
	"https://management.core.windows.net", "https://management.core.windows.net/",
}

// KubernetesAudience is the Entra application for which tokens for the API servers
// of clusters are issued.
const KubernetesAudience = "6dae42f8-4368-4678-94ff-3960e28e3630"

// admit says whether a call may pass to its handler. The lock is held.
func (s *Server) admit(c *call) *apiError {
	if c.service == entra || c.op == opEndpoints {
		return c.fault
	}
	var e *apiError
	if c.who, e = s.authenticate(c); e != nil {
		return e
	}
	if c.fault != nil {
		return c.fault
	}
	s.advance(c.Now)
	if _, scoped := c.vars["sub"]; !scoped {
		return nil
	}
	for _, check := range []func(*call) *apiError{s.checkScope, s.authorize, s.checkGroup} {
		if e := check(c); e != nil {
			return e
		}
	}
	return nil
}

// authenticate verifies the bearer token of a call.
func (s *Server) authenticate(c *call) (identity, *apiError) {
	unauthorized := func(code, format string, args ...any) (identity, *apiError) {
		e := gateway(http.StatusUnauthorized, code, format, args...)
		e.challenge = `Bearer authorization_uri="` + c.base + "/" + s.tenant + `", error="invalid_token", error_description="` + e.message + `"`
		return identity{}, e
	}
	values := c.header.Values("Authorization")
	if len(values) != 1 {
		return unauthorized("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return unauthorized("AuthenticationFailed", "Authentication failed. The 'Authorization' header is provided in an invalid format.")
	}
	claims, err := s.readToken(token)
	if err != nil {
		return unauthorized("InvalidAuthenticationToken", "The access token is invalid.")
	}
	expires := time.Unix(claims.Expires, 0)
	switch {
	case !c.Now.Before(expires):
		return unauthorized("ExpiredAuthenticationToken", "The access token expiry UTC time '%s' is earlier than current UTC time '%s'.",
			expires.UTC().Format(time.RFC3339), c.Now.UTC().Format(time.RFC3339))
	case c.Now.Add(5 * time.Minute).Before(time.Unix(claims.NotBefore, 0)):
		return unauthorized("InvalidAuthenticationToken", "The access token is not valid yet.")
	case !slices.Contains(armAudiences, claims.Audience):
		return unauthorized("InvalidAuthenticationTokenAudience", "The access token has been obtained for wrong audience or resource '%s'. "+
			"It should exactly match with one of the allowed audiences '%s'.", claims.Audience, strings.Join(armAudiences, "','"))
	}
	app, ok := s.apps[claims.AppID]
	switch {
	case !ok:
		return unauthorized("InvalidAuthenticationToken", "The access token is invalid.")
	case claims.TenantID != s.tenant:
		return unauthorized("InvalidAuthenticationTokenTenant", "The access token is from the wrong issuer '%s'. "+
			"It must match the tenant '%s' associated with this subscription.", claims.Issuer, s.tenant)
	}
	return identity{clientID: claims.AppID, objectID: claims.ObjectID, app: app}, nil
}

var uuidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// checkScope refuses another subscription, another region and a provider that the
// subscription is not registered for.
func (s *Server) checkScope(c *call) *apiError {
	sub := c.vars["sub"]
	switch {
	case !uuidPattern.MatchString(sub):
		return gateway(http.StatusBadRequest, "InvalidSubscriptionId", "The provided subscription identifier '%.64s' is malformed or invalid.", sub)
	case !strings.EqualFold(sub, s.subscription):
		return gateway(http.StatusNotFound, "SubscriptionNotFound", "The subscription '%s' could not be found.", sub)
	case s.unregistered && c.service == containerService:
		return gateway(http.StatusConflict, "MissingSubscriptionRegistration", "The subscription is not registered to use namespace "+
			"'Microsoft.ContainerService'. See https://aka.ms/rps-not-found for how to register subscriptions.")
	}
	if loc, ok := c.vars["loc"]; ok && !sameLocation(loc, s.location) {
		return gateway(http.StatusBadRequest, "NoRegisteredProviderFound", "No registered resource provider found for location '%.64s'.", loc)
	}
	return nil
}

// sameLocation compares regions: "Korea Central" is "koreacentral".
func sameLocation(a, b string) bool {
	return strings.EqualFold(strings.ReplaceAll(a, " ", ""), strings.ReplaceAll(b, " ", ""))
}

// authorize refuses what the caller's roles do not allow.
func (s *Server) authorize(c *call) *apiError {
	if !s.denied && !c.who.app.denied(c.action) && !s.hidden(c) {
		return nil
	}
	return gateway(http.StatusForbidden, "AuthorizationFailed", "The client '%s' with object id '%s' does not have authorization to perform action '%s' "+
		"over scope '%s' or the scope is invalid. If access was recently granted, please refresh your credentials.",
		c.who.clientID, c.who.objectID, c.action, c.path)
}

// hidden reports whether a call is about a resource group of nodes that nobody may read.
func (s *Server) hidden(c *call) bool {
	group, scoped := c.vars["rg"]
	if !scoped {
		return false
	}
	if _, own := s.resources.group(group); own {
		return false
	}
	rec, found := s.clusterOfNodeGroup(group)
	return found && rec.nodesHidden
}

// checkGroup refuses a resource group that does not exist.
func (s *Server) checkGroup(c *call) *apiError {
	group, ok := c.vars["rg"]
	if !ok || s.hasGroup(group) {
		return nil
	}
	return gateway(http.StatusNotFound, "ResourceGroupNotFound", "Resource group '%s' could not be found.", group)
}

// hasGroup reports whether there is a resource group of that name: one of the
// subscription's own, or one that AKS has made for the nodes of a cluster.
func (s *Server) hasGroup(name string) bool {
	if _, ok := s.resources.group(name); ok {
		return true
	}
	_, ok := s.clusterOfNodeGroup(name)
	return ok
}
