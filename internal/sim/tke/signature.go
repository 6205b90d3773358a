// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Written from descriptions of the scheme, not from a library that signs.

const (
	// algorithm is how an Authorization begins.
	algorithm = "TC3-HMAC-SHA256"
	// termination ends a scope.
	termination = "tc3_request"
	// clockSkew is how far the time of a request may be off.
	clockSkew = 5 * time.Minute
)

// signature is what a request says of its own signature.
type signature struct {
	secretID, date, service string
	headers                 []string // those that are signed, as listed
	value                   string
	timestamp               string
	at                      time.Time
}

var (
	errNoSignature  = errors.New("the request carries no signature")
	errBadSignature = errors.New("the Authorization header cannot be read")
)

// readSignature takes the Authorization header and X-TC-Timestamp apart.
func readSignature(r *http.Request) (s signature, err error) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 || values[0] == "" {
		return s, errNoSignature
	}
	kind, rest, _ := strings.Cut(values[0], " ")
	if len(values) > 1 || kind != algorithm {
		return s, errBadSignature
	}
	for part := range strings.SplitSeq(rest, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch key {
		case "Credential":
			scope := strings.Split(value, "/")
			if len(scope) != 4 || scope[3] != termination {
				return s, errBadSignature
			}
			s.secretID, s.date, s.service = scope[0], scope[1], scope[2]
		case "SignedHeaders":
			s.headers = strings.Split(value, ";")
		case "Signature":
			s.value = value
		default:
			return s, errBadSignature
		}
	}
	s.timestamp = r.Header.Get("X-TC-Timestamp")
	seconds, err := strconv.ParseInt(s.timestamp, 10, 64)
	if err != nil || s.secretID == "" || s.service == "" || len(s.value) != 2*sha256.Size || !slices.IsSorted(s.headers) ||
		!slices.Contains(s.headers, "content-type") || !slices.Contains(s.headers, "host") {
		return s, errBadSignature
	}
	s.at = time.Unix(seconds, 0).UTC()
	return s, nil
}

// fresh reports whether the time of the request is that of its scope, and not far from
// now.
func (s *signature) fresh(now time.Time) bool {
	return s.at.Sub(now).Abs() <= clockSkew && s.date == s.at.Format(time.DateOnly)
}

// toSign returns the text that is signed.
func (s *signature) toSign(r *http.Request, body []byte) string {
	scope := strings.Join([]string{s.date, s.service, termination}, "/")
	return strings.Join([]string{algorithm, s.timestamp, scope, hexSum([]byte(canonicalRequest(r, s.headers, body)))}, "\n")
}

// matches reports whether the secret makes that signature of a text.
func (s *signature) matches(toSign, secret string) bool {
	key := []byte("TC3" + secret)
	for _, part := range []string{s.date, s.service, termination, toSign} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return subtle.ConstantTimeCompare([]byte(s.value), []byte(hex.EncodeToString(key))) == 1
}

// canonicalRequest joins the six parts of a canonical request. Names and values of headers
// are in lower case.
func canonicalRequest(r *http.Request, headers []string, body []byte) string {
	var lines strings.Builder
	for _, name := range headers {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host // the server has taken it out of the headers
		}
		lines.WriteString(name + ":" + strings.ToLower(strings.TrimSpace(value)) + "\n")
	}
	return strings.Join([]string{cmp.Or(r.Method, http.MethodGet), "/", r.URL.RawQuery, lines.String(), strings.Join(headers, ";"), hexSum(body)}, "\n")
}

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
