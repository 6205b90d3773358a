// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"time"
)

// Key is the secret half of a key.
type Key struct {
	Secret string
	// Token must come with every request when it is not empty: the key is one of STS.
	Token string
	// Expires is when it ends; zero means never.
	Expires time.Time
	// User is the number (UIN) of the user; empty means the main account.
	User string
	// Role is the name of the role that was assumed; empty means none.
	Role string
}

// identity is who sent a request.
type identity struct {
	secretID, user, role string
}

// authenticate verifies the signature of a request. The lock is held.
func (s *Server) authenticate(r *http.Request, body []byte, c *call) (identity, *apiError) {
	if c.anonymous {
		return identity{user: s.account}, nil
	}
	sig, err := readSignature(r)
	switch {
	case errors.Is(err, errNoSignature):
		return identity{}, fail("MissingParameter", "The request is missing a required parameter `Authorization`.")
	case r.Header.Get("X-TC-Timestamp") == "":
		return identity{}, fail("MissingParameter", "The request is missing a required parameter `Timestamp`.")
	case err != nil:
		return identity{}, fail("AuthFailure.InvalidAuthorization", "The Authorization header does not conform to the standard.")
	}
	key, ok := s.keys[sig.secretID]
	token := r.Header.Get("X-TC-Token")
	switch {
	case !ok:
		return identity{}, fail("AuthFailure.SecretIdNotFound", "The SecretId is not found, please ensure that your SecretId is correct.")
	case key.Token != token, !key.Expires.IsZero() && !c.Now.Before(key.Expires):
		return identity{}, fail("AuthFailure.TokenFailure", "The provided token is invalid or has expired.")
	case !sig.fresh(c.Now):
		return identity{}, fail("AuthFailure.SignatureExpire", "The provided timestamp expired: it differs from the server's by more than 300 seconds, "+
			"or from the date of the credential scope.")
	case sig.service != c.service && c.service != "", !sig.matches(sig.toSign(r, body), key.Secret):
		return identity{}, fail("AuthFailure.SignatureFailure", "The provided credentials could not be validated. Please check your signature is correct.")
	}
	return identity{secretID: sig.secretID, user: cmp.Or(key.User, s.account), role: key.Role}, nil
}

// authorize says whether the policies allow a call.
func (s *Server) authorize(c *call) *apiError {
	action := c.service + ":" + c.op
	if !slices.Contains(s.denied, action) {
		return nil
	}
	code := "AuthFailure.UnauthorizedOperation"
	if s.assumptions.OtherCodes {
		code = "UnauthorizedOperation.CamNoAuth"
	}
	return fail(code, "[request id:%s]you are not authorized to perform operation (%s)\nresource (qcs::%s:%s:uin/%s:cluster/*) has no permission\n",
		c.requestID, action, c.service, s.region, s.account)
}
