// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// getCallerIdentity answers who asks.
func (s *Server) getCallerIdentity(c *call) (any, *apiError) {
	o := callerIdentity{
		RequestID: c.requestID, AccountID: s.account, ARN: "acs:ram::" + s.account + ":" + c.who.user,
		IdentityType: "RAMUser", PrincipalID: "2" + s.account[1:], UserID: "2" + s.account[1:],
	}
	if c.who.role {
		o.IdentityType, o.RoleID = "AssumedRoleUser", "3"+s.account[1:]
	}
	return o, nil
}

// How long a session of a role may last.
const (
	minSession = 900
	maxSession = 3600
)

// keysKept is how many keys there are before those that have ended are dropped.
const keysKept = 1000

var sessionPattern = regexp.MustCompile(`^[A-Za-z0-9.@_-]{2,64}$`)

func (s *Server) assumeRole(c *call) (any, *apiError) {
	name, e := s.roleOf(c)
	if e != nil {
		return nil, e
	}
	role, ok := simkit.Find(s.resources.RAMRoles, func(r RAMRole) bool { return r.Name == name })
	switch {
	case !ok:
		return nil, fail(http.StatusNotFound, "EntityNotExist.Role", "The specified Role not exists.")
	case role.ExternalID != c.query.Get("ExternalId"):
		return nil, fail(http.StatusForbidden, "NoPermission", "You are not authorized to do this action. You should be authorized by RAM.")
	}
	return s.session(c, name)
}

// assumeRoleWithOIDC is not signed: the token stands for it.
func (s *Server) assumeRoleWithOIDC(c *call) (any, *apiError) {
	name, e := s.roleOf(c)
	switch {
	case e != nil:
		return nil, e
	case !strings.HasPrefix(c.query.Get("OIDCProviderArn"), "acs:ram::"+s.account+":oidc-provider/"):
		return nil, fail(http.StatusNotFound, "EntityNotExist.OIDCProvider", "The specified OIDC provider not exists.")
	case !slices.Contains(s.oidcTokens, strings.TrimSpace(c.query.Get("OIDCToken"))):
		return nil, fail(http.StatusBadRequest, "AuthenticationFail.OIDCToken.Invalid", "This OIDC token is invalid.")
	case !slices.ContainsFunc(s.resources.RAMRoles, func(r RAMRole) bool { return r.Name == name }):
		return nil, fail(http.StatusNotFound, "EntityNotExist.Role", "The specified Role not exists.")
	}
	return s.session(c, name)
}

// roleOf returns the name of the role that a call wants to assume.
func (s *Server) roleOf(c *call) (string, *apiError) {
	name, ok := strings.CutPrefix(c.query.Get("RoleArn"), "acs:ram::"+s.account+":role/")
	switch {
	case c.query.Has("Policy"):
		return "", notSimulated("Policy of %s", c.op)
	case !ok || name == "":
		return "", fail(http.StatusBadRequest, "InvalidParameter.RoleArn", "The parameter RoleArn is wrongly formed.")
	case !sessionPattern.MatchString(c.query.Get("RoleSessionName")):
		return "", fail(http.StatusBadRequest, "InvalidParameter.RoleSessionName", "The parameter RoleSessionName is wrongly formed.")
	}
	return name, nil
}

// session makes a key that ends.
func (s *Server) session(c *call, role string) (any, *apiError) {
	seconds, e := c.number("DurationSeconds", minSession, maxSession, maxSession)
	if e != nil {
		return nil, e
	}
	if len(s.keys) > keysKept {
		maps.DeleteFunc(s.keys, func(_ string, k Key) bool { return !k.Expires.IsZero() && !c.Now.Before(k.Expires) })
	}
	user := "role/" + role + "/" + c.query.Get("RoleSessionName")
	ends := c.Now.Add(time.Duration(seconds) * time.Second)
	var o sessionResponse
	o.RequestID = c.requestID
	o.AssumedRoleUser.ARN, o.AssumedRoleUser.AssumedRoleID = "acs:ram::"+s.account+":"+user, "3"+s.account[1:]+":"+c.query.Get("RoleSessionName")
	o.Credentials = sessionCredentials{
		AccessKeyID: "STS." + s.Random.Text(20, simkit.LowerAlnum), AccessKeySecret: s.Random.Text(44, simkit.LowerAlnum),
		SecurityToken: "CAIS" + s.Random.Text(60, simkit.LowerAlnum), Expiration: ends.UTC().Format(acsDate),
	}
	s.keys[o.Credentials.AccessKeyID] = Key{Secret: o.Credentials.AccessKeySecret, SecurityToken: o.Credentials.SecurityToken, Expires: ends, User: "assumed-" + user}
	return o, nil
}

// The answers of STS.
type (
	callerIdentity struct {
		RequestID    string `json:"RequestId"`
		AccountID    string `json:"AccountId"`
		ARN          string `json:"Arn"`
		IdentityType string `json:"IdentityType"`
		PrincipalID  string `json:"PrincipalId"`
		UserID       string `json:"UserId"`
		RoleID       string `json:"RoleId,omitempty"`
	}
	sessionResponse struct {
		RequestID       string `json:"RequestId"`
		AssumedRoleUser struct {
			ARN           string `json:"Arn"`
			AssumedRoleID string `json:"AssumedRoleId"`
		} `json:"AssumedRoleUser"`
		Credentials sessionCredentials `json:"Credentials"`
	}
	sessionCredentials struct {
		AccessKeyID     string `json:"AccessKeyId"`
		AccessKeySecret string `json:"AccessKeySecret"`
		SecurityToken   string `json:"SecurityToken"`
		Expiration      string `json:"Expiration"`
	}
)
