// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// Key is the secret half of an access key.
type Key struct {
	Secret string
	// SecurityToken must come with every request when it is not empty: the key is one
	// of STS.
	SecurityToken string
	// Expires is when it ends; zero means never.
	Expires time.Time
	// Inactive: it has been disabled.
	Inactive bool
	// User is the RAM user or the assumed role, such as "user/pmks"; empty means that.
	User string
}

// identity is who sent a request.
type identity struct {
	account, accessKey, user string
	// role: the user is an assumed role.
	role bool
}

// nonceLimit is how many nonces are kept before the old ones are dropped.
const nonceLimit = 4096

// authenticate verifies the signature of a request. The lock is held.
func (s *Server) authenticate(r *http.Request, query url.Values, body []byte, service string, now time.Time) (identity, *apiError) {
	if bearer := r.Header.Get("x-acs-bearer-token"); bearer != "" {
		return s.authenticateBearer(r, query, bearer)
	}
	sig, err := readSignature(r, query)
	switch {
	case errors.Is(err, errNoSignature):
		return identity{}, gateway(http.StatusBadRequest, "MissingAuthorization", "The Authorization header is required.")
	case err != nil, service == serviceCS && sig.scheme == schemeRPC, service != serviceCS && sig.scheme == schemeROA:
		return identity{}, gateway(http.StatusBadRequest, "IncompleteSignature", "The request signature does not conform to Aliyun standards.")
	}
	key, ok := s.keys[sig.accessKey]
	switch {
	case !ok:
		return identity{}, gateway(http.StatusNotFound, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
	case key.Inactive:
		return identity{}, gateway(http.StatusBadRequest, "InvalidAccessKeyId.Inactive", "Specified access key is disabled.")
	case key.SecurityToken != sig.token:
		return identity{}, gateway(http.StatusBadRequest, "InvalidSecurityToken.MismatchWithAccessKey", "Specified SecurityToken mismatch with the AccessKey.")
	case !key.Expires.IsZero() && !now.Before(key.Expires):
		return identity{}, gateway(http.StatusBadRequest, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")
	case sig.date.Sub(now).Abs() > clockSkew:
		return identity{}, gateway(http.StatusBadRequest, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
	}
	if hash := r.Header.Get("x-acs-content-sha256"); sig.scheme == schemeACS3 && hash != hexSum(body) {
		return identity{}, gateway(http.StatusBadRequest, "IncompleteSignature", "x-acs-content-sha256 is not the hash of the body.")
	}
	if text := sig.toSign(r, query, body); !sig.matches(text, key.Secret) {
		return identity{}, gateway(http.StatusBadRequest, "SignatureDoesNotMatch",
			"Specified signature is not matched with our calculation. server string to sign is:%s", text)
	}
	if !s.fresh(sig, now) {
		return identity{}, gateway(http.StatusBadRequest, "SignatureNonceUsed", "Specified signature nonce was used already.")
	}
	user := cmp.Or(key.User, "user/pmks")
	return identity{account: s.account, accessKey: sig.accessKey, user: user, role: key.SecurityToken != ""}, nil
}

func (s *Server) authenticateBearer(r *http.Request, query url.Values, bearer string) (identity, *apiError) {
	if r.Header.Get("x-acs-signature-type") != "BEARERTOKEN" && query.Get("SignatureType") != "BEARERTOKEN" {
		return identity{}, gateway(http.StatusBadRequest, "IncompleteSignature", "The signature type must be BEARERTOKEN.")
	}
	if !slices.Contains(s.bearerTokens, bearer) {
		return identity{}, gateway(http.StatusBadRequest, "InvalidBearerToken", "Specified bearer token is not valid.")
	}
	return identity{account: s.account, user: "user/pmks"}, nil
}

// fresh notes a nonce, and reports whether it is a new one.
func (s *Server) fresh(sig signature, now time.Time) bool {
	if sig.nonce == "" {
		return true
	}
	nonce := sig.accessKey + " " + sig.nonce
	if _, used := s.nonces[nonce]; used {
		return false
	}
	if len(s.nonces) >= nonceLimit {
		maps.DeleteFunc(s.nonces, func(_ string, at time.Time) bool { return now.Sub(at) > 2*clockSkew })
	}
	s.nonces[nonce] = now
	return true
}

// authorize says whether the policies allow a call.
func (s *Server) authorize(c *call) *apiError {
	action := c.service + ":" + c.op
	if !slices.Contains(s.denied, action) {
		return nil
	}
	var e *apiError
	if c.service == serviceCS {
		e = fail(http.StatusForbidden, "StatusForbidden", "RAM policy Forbidden for action %s on acs:cs:%s:%s:cluster/%s", action, s.region, s.account,
			cmp.Or(c.labels["cluster"], "*"))
	} else {
		e = gateway(http.StatusForbidden, "Forbidden.RAM", "User not authorized to operate on the specified resource, or this API doesn't support RAM.")
		e.denied = action
	}
	return e
}
