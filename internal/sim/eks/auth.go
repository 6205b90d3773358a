// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Key is the secret half of an access key.
type Key struct {
	Secret string
	// SessionToken must come with every request when it is not empty.
	SessionToken string
	// Expires is when the key ends; zero means never.
	Expires time.Time
	// ARN is the principal. Empty means a user of the account.
	ARN string

	// userID is that of the session of a role: the role's id and the session's name.
	userID string
}

// identity is who sent a request.
type identity struct {
	accessKey, arn, userID string
}

// authCodes are the codes of one service for what can be wrong with a signature.
type authCodes struct {
	missing, incomplete, unknown, signature, expired, clock string
	// unknownStatus is the status of unknown; that of the others is 403.
	unknownStatus int
}

// authTable holds the codes by service; "" is for the query services.
var authTable = map[string]authCodes{
	"": {"MissingAuthenticationToken", "IncompleteSignature", "InvalidClientTokenId", "SignatureDoesNotMatch",
		"ExpiredToken", "SignatureDoesNotMatch", http.StatusForbidden},
	"ec2": {"MissingAuthenticationToken", "IncompleteSignature", "AuthFailure", "SignatureDoesNotMatch",
		"RequestExpired", "RequestExpired", http.StatusUnauthorized},
	"eks": {"MissingAuthenticationTokenException", "IncompleteSignatureException", "UnrecognizedClientException",
		"InvalidSignatureException", "ExpiredTokenException", "InvalidSignatureException", http.StatusForbidden},
}

func codesOf(service string) authCodes {
	if c, ok := authTable[service]; ok {
		return c
	}
	return authTable[""]
}

// authenticate verifies the signature of a request. The lock is held.
func (s *Server) authenticate(r *http.Request, query url.Values, body []byte, service string, now time.Time) (identity, *apiError) {
	codes := codesOf(service)
	forbidden := func(code, text string) *apiError { return fail(http.StatusForbidden, code, "%s", text) }
	sig, err := readSignature(r, query)
	switch {
	case errors.Is(err, errNoSignature):
		return identity{}, forbidden(codes.missing, "Missing Authentication Token")
	case err != nil:
		return identity{}, forbidden(codes.incomplete, "The request signature does not conform to AWS standards")
	}
	invalid := func() *apiError {
		return fail(codes.unknownStatus, codes.unknown, "The security token included in the request is invalid.")
	}
	key, ok := s.keys[sig.accessKey]
	if !ok || key.SessionToken != sig.token {
		return identity{}, invalid()
	}
	if !key.Expires.IsZero() && !now.Before(key.Expires) {
		return identity{}, forbidden(codes.expired, "The security token included in the request is expired")
	}
	if sig.scope.service != service || !slices.Contains(s.scopeRegions(service), sig.scope.region) {
		return identity{}, forbidden(codes.signature, "Credential should be scoped to a valid region and service.")
	}
	if e := checkClock(sig, now, codes); e != nil {
		return identity{}, e
	}
	if name := unsignedHeader(r, &sig); name != "" {
		return identity{}, forbidden(codes.signature, "There were headers present in the request which were not signed: "+name)
	}
	hash, ok := payloadHash(r, body)
	if !ok || !sig.matches(sig.sign(r, query, hash, key.Secret)) {
		return identity{}, forbidden(codes.signature, "The request signature we calculated does not match the signature you provided. "+
			"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	return s.identify(sig.accessKey, key), nil
}

// checkClock compares the date of a request. What STS presigns is good for 15
// minutes whatever X-Amz-Expires says, but X-Amz-Expires must be there.
func checkClock(sig signature, now time.Time, codes authCodes) *apiError {
	age := now.Sub(sig.date)
	switch {
	case sig.presigned && sig.expires < 0:
		return fail(http.StatusForbidden, codes.incomplete, "AWS query-string parameters must include 'X-Amz-Expires'")
	case age > clockSkew:
		return fail(http.StatusForbidden, codes.clock, "Signature expired: %s is now earlier than %s (%s - 15 min.)",
			sig.rawDate, now.Add(-clockSkew).UTC().Format(amzDate), now.UTC().Format(amzDate))
	case age < -clockSkew:
		return fail(http.StatusForbidden, codes.clock, "Signature not yet current: %s is still later than %s (%s + 15 min.)",
			sig.rawDate, now.Add(clockSkew).UTC().Format(amzDate), now.UTC().Format(amzDate))
	}
	return nil
}

// scopeRegions lists the regions that a signature may name. IAM is global and
// signed for us-east-1; with an endpoint of one's own the SDK signs for the
// region of the connection. STS has a global endpoint too.
func (s *Server) scopeRegions(service string) []string {
	if service == "iam" || service == "sts" {
		return []string{s.region, "us-east-1"}
	}
	return []string{s.region}
}

func (s *Server) identify(accessKey string, key Key) identity {
	who := identity{accessKey: accessKey, arn: key.ARN, userID: cmp.Or(key.userID, "AIDA"+strings.ToUpper(hexSum(accessKey)[:17]))}
	if who.arn == "" {
		who.arn = s.arn("iam", false, "user/pmks")
	}
	return who
}
