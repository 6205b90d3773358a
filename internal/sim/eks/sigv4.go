// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Written from the AWS documents on signing requests (Signature Version 4,
// "Create a signed AWS API request"), not from a library that signs.

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	amzDate    = "20060102T150405Z"
	// clockSkew is how far the date of a request may be off.
	clockSkew = 15 * time.Minute
	// unsignedPayload stands in for the hash of a body that was not signed.
	unsignedPayload = "UNSIGNED-PAYLOAD"
)

// signature is what a request says of its own signature.
type signature struct {
	accessKey string
	scope     scope
	headers   []string // lower case, as listed
	value     string
	date      time.Time
	rawDate   string
	token     string
	presigned bool
	// expires is X-Amz-Expires, -1 when it is not there.
	expires time.Duration
}

// scope is a credential scope.
type scope struct{ date, region, service string }

func (s scope) String() string {
	return strings.Join([]string{s.date, s.region, s.service, terminator}, "/")
}

var (
	errNoSignature  = errors.New("the request carries no signature")
	errBadSignature = errors.New("the signature is not complete")
)

// readSignature finds the signature in the Authorization header or, for a
// presigned URL, in the query.
func readSignature(r *http.Request, query url.Values) (signature, error) {
	if query.Has("X-Amz-Algorithm") || query.Has("X-Amz-Signature") || query.Has("X-Amz-Credential") {
		return readPresigned(query)
	}
	s := signature{expires: -1, rawDate: r.Header.Get("X-Amz-Date"), token: r.Header.Get("X-Amz-Security-Token")}
	header := r.Header.Get("Authorization")
	if header == "" {
		return s, errNoSignature
	}
	rest, ok := strings.CutPrefix(header, algorithm+" ")
	if !ok {
		return s, errBadSignature
	}
	for part := range strings.SplitSeq(rest, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch key {
		case "Credential":
			if s.accessKey, s.scope, ok = parseCredential(value); !ok {
				return s, errBadSignature
			}
		case "SignedHeaders":
			s.headers = strings.Split(value, ";")
		case "Signature":
			s.value = value
		default:
			return s, errBadSignature
		}
	}
	return s, s.complete()
}

func readPresigned(query url.Values) (signature, error) {
	s := signature{presigned: true, expires: -1}
	for _, key := range []string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature"} {
		if len(query[key]) != 1 {
			return s, errBadSignature
		}
	}
	var ok bool
	if s.accessKey, s.scope, ok = parseCredential(query.Get("X-Amz-Credential")); !ok || query.Get("X-Amz-Algorithm") != algorithm {
		return s, errBadSignature
	}
	s.rawDate = query.Get("X-Amz-Date")
	s.headers = strings.Split(query.Get("X-Amz-SignedHeaders"), ";")
	s.value, s.token = query.Get("X-Amz-Signature"), query.Get("X-Amz-Security-Token")
	if query.Has("X-Amz-Expires") {
		seconds, err := strconv.Atoi(query.Get("X-Amz-Expires"))
		if err != nil || seconds < 0 || seconds > 7*24*3600 {
			return s, errBadSignature
		}
		s.expires = time.Duration(seconds) * time.Second
	}
	return s, s.complete()
}

// complete checks the parts and reads the date.
func (s *signature) complete() error {
	date, err := time.Parse(amzDate, s.rawDate)
	_, hexErr := hex.DecodeString(s.value)
	if err != nil || hexErr != nil || len(s.value) != 64 || s.accessKey == "" ||
		!slices.IsSorted(s.headers) || !slices.Contains(s.headers, "host") || !strings.HasPrefix(s.rawDate, s.scope.date) {
		return errBadSignature
	}
	s.date = date
	return nil
}

func parseCredential(text string) (key string, s scope, ok bool) {
	parts := strings.Split(text, "/")
	if len(parts) != 5 || parts[4] != terminator || slices.Contains(parts, "") || len(parts[1]) != len("20060102") {
		return "", scope{}, false
	}
	return parts[0], scope{date: parts[1], region: parts[2], service: parts[3]}, true
}

// sign computes what the signature must be.
func (s *signature) sign(r *http.Request, query url.Values, payloadHash, secret string) string {
	canonical := canonicalRequest(r, query, s.headers, payloadHash)
	toSign := strings.Join([]string{algorithm, s.rawDate, s.scope.String(), hexSum(canonical)}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range []string{s.scope.date, s.scope.region, s.scope.service, terminator} {
		key = hmacSum(key, part)
	}
	return hex.EncodeToString(hmacSum(key, toSign))
}

// canonicalRequest joins the six parts of a canonical request.
func canonicalRequest(r *http.Request, query url.Values, headers []string, payloadHash string) string {
	var lines strings.Builder
	for _, name := range headers {
		lines.WriteString(name + ":" + headerValue(r, name) + "\n")
	}
	return strings.Join([]string{
		r.Method, canonicalURI(r.URL), canonicalQuery(query), lines.String(), strings.Join(headers, ";"), payloadHash,
	}, "\n")
}

// canonicalURI encodes the path a second time, as every service but S3 has it.
func canonicalURI(u *url.URL) string {
	path := u.EscapedPath()
	if path == "" {
		return "/"
	}
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		segments[i] = uriEncode(segment)
	}
	return strings.Join(segments, "/")
}

func canonicalQuery(query url.Values) string {
	var pairs []string
	for key, values := range query {
		if key == "X-Amz-Signature" {
			continue
		}
		for _, value := range values {
			pairs = append(pairs, uriEncode(key)+"="+uriEncode(value))
		}
	}
	// Sorting "key=value" would put "a-b=" before "a=": the key counts first.
	slices.SortFunc(pairs, func(a, b string) int {
		aKey, aValue, _ := strings.Cut(a, "=")
		bKey, bValue, _ := strings.Cut(b, "=")
		if c := strings.Compare(aKey, bKey); c != 0 {
			return c
		}
		return strings.Compare(aValue, bValue)
	})
	return strings.Join(pairs, "&")
}

// uriEncode encodes every byte but the unreserved characters.
func uriEncode(s string) string {
	const upper = simkit.UpperHex
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(upper[c>>4])
		b.WriteByte(upper[c&15])
	}
	return b.String()
}

// headerValue returns the values of a header, trimmed, with runs of spaces made
// one; other white space inside stays. The HTTP server has taken some headers out of the
// map.
func headerValue(r *http.Request, name string) string {
	switch name {
	case "host":
		return r.Host
	case "content-length":
		return strconv.FormatInt(r.ContentLength, 10)
	case "transfer-encoding":
		return strings.Join(r.TransferEncoding, ",")
	}
	values := slices.Clone(r.Header.Values(name))
	for i, v := range values {
		words := slices.DeleteFunc(strings.Split(v, " "), func(word string) bool { return word == "" })
		values[i] = strings.TrimSpace(strings.Join(words, " "))
	}
	return strings.Join(values, ",")
}

// unsignedHeader returns a header that must be signed and is not. AWS wants the
// host and everything of its own.
func unsignedHeader(r *http.Request, s *signature) string {
	for name := range r.Header {
		name = strings.ToLower(name)
		if strings.HasPrefix(name, "x-amz-") && !slices.Contains(s.headers, name) {
			return name
		}
	}
	return ""
}

// payloadHash returns the hash that the canonical request ends with, and false
// when a header claims another one.
func payloadHash(r *http.Request, body []byte) (string, bool) {
	sum := hexSum(string(body))
	switch claimed := r.Header.Get("X-Amz-Content-Sha256"); claimed {
	case "", sum:
		return sum, true
	case unsignedPayload:
		return unsignedPayload, true
	}
	return sum, false
}

func (s *signature) matches(want string) bool {
	return subtle.ConstantTimeCompare([]byte(s.value), []byte(want)) == 1
}

func hmacSum(key []byte, data string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(data))
	return mac.Sum(nil)
}

func hexSum(data string) string {
	sum := sha256.Sum256([]byte(data))
	return hex.EncodeToString(sum[:])
}
