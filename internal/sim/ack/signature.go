// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the vendor's older scheme has it
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Written from descriptions of the schemes, not from a library that signs: the older
// ones, HMAC-SHA1 over what the headers say in the ROA style and over the parameters in
// the RPC style, and the newer ACS3-HMAC-SHA256 of both.

// scheme is a way to sign.
type scheme int

const (
	schemeACS3 scheme = iota
	schemeROA
	schemeRPC
)

const (
	// algorithm and older are how an Authorization of each kind begins.
	algorithm = "ACS3-HMAC-SHA256"
	older     = "acs"
	// acsDate is the form of x-acs-date, and of Timestamp.
	acsDate = "2006-01-02T15:04:05Z"
	// clockSkew is how far the date of a request may be off.
	clockSkew = 15 * time.Minute
)

// signature is what a request says of its own signature.
type signature struct {
	scheme           scheme
	accessKey, value string
	headers          []string // those that ACS3 signs, as listed
	date             time.Time
	nonce            string
	token            string
}

var (
	errNoSignature  = errors.New("the request carries no signature")
	errBadSignature = errors.New("the signature does not conform")
)

// readSignature takes the Authorization header apart, or finds a signature among the
// parameters.
func readSignature(r *http.Request, query url.Values) (s signature, err error) {
	if r.Header.Get("Authorization") == "" && query.Has("Signature") {
		return readRPC(query)
	}
	s = signature{nonce: r.Header.Get("x-acs-signature-nonce"), token: r.Header.Get("x-acs-security-token")}
	kind, rest, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case kind == "":
		return s, errNoSignature
	case !ok || len(r.Header.Values("Authorization")) != 1:
		return s, errBadSignature
	case kind == algorithm:
		err = s.readACS3(r, rest)
	case kind == older:
		err = s.readROA(r, rest)
	default:
		return s, errBadSignature
	}
	if s.accessKey == "" || s.value == "" {
		err = errBadSignature
	}
	return s, err
}

func readRPC(query url.Values) (s signature, err error) {
	s = signature{scheme: schemeRPC, accessKey: query.Get("AccessKeyId"), value: query.Get("Signature"), nonce: query.Get("SignatureNonce"), token: query.Get("SecurityToken")}
	if s.date, err = time.Parse(acsDate, query.Get("Timestamp")); err != nil || s.accessKey == "" || s.nonce == "" ||
		query.Get("SignatureMethod") != "HMAC-SHA1" || query.Get("SignatureVersion") != "1.0" {
		return s, errBadSignature
	}
	return s, nil
}

func (s *signature) readROA(r *http.Request, rest string) (err error) {
	s.scheme = schemeROA
	s.accessKey, s.value, _ = strings.Cut(rest, ":")
	if s.date, err = http.ParseTime(r.Header.Get("Date")); err != nil || s.nonce == "" ||
		r.Header.Get("x-acs-signature-method") != "HMAC-SHA1" || r.Header.Get("x-acs-signature-version") != "1.0" {
		return errBadSignature
	}
	return nil
}

func (s *signature) readACS3(r *http.Request, rest string) (err error) {
	for part := range strings.SplitSeq(rest, ",") {
		key, value, _ := strings.Cut(part, "=")
		switch key {
		case "Credential":
			s.accessKey = value
		case "SignedHeaders":
			s.headers = strings.Split(value, ";")
		case "Signature":
			s.value = value
		default:
			return errBadSignature
		}
	}
	if s.date, err = time.Parse(acsDate, r.Header.Get("x-acs-date")); err != nil || !slices.IsSorted(s.headers) || len(s.value) != 64 {
		return errBadSignature
	}
	for name := range r.Header {
		name = strings.ToLower(name)
		if (strings.HasPrefix(name, "x-acs-") || name == "content-type") && !slices.Contains(s.headers, name) {
			return errBadSignature
		}
	}
	if forCluster(r) {
		return nil // what holds a cluster's token together signs neither
	}
	if s.nonce == "" || !slices.Contains(s.headers, "host") {
		return errBadSignature
	}
	return nil
}

// forCluster reports whether a request is one that a cluster token of the RAM
// authenticator holds: STS is asked by the cluster then, and not by who signed.
func forCluster(r *http.Request) bool {
	return r.Header.Get("x-acs-action") == "GetCallerIdentity" && r.URL.Query().Has("ACKClusterId")
}

// toSign returns the text that is signed.
func (s *signature) toSign(r *http.Request, query url.Values, body []byte) string {
	switch s.scheme {
	case schemeROA:
		return stringROA(r, query)
	case schemeRPC:
		return stringRPC(r, query, body)
	}
	return canonicalACS3(r, query, s.headers, hexSum(body))
}

// matches reports whether the secret makes that signature of a text.
func (s *signature) matches(toSign, secret string) bool {
	hash, encode := sha1.New, base64.StdEncoding.EncodeToString
	switch s.scheme {
	case schemeRPC:
		secret += "&"
	case schemeACS3:
		hash, encode = sha256.New, hex.EncodeToString
		toSign = algorithm + "\n" + hexSum([]byte(toSign))
	}
	mac := hmac.New(hash, []byte(secret))
	mac.Write([]byte(toSign))
	return subtle.ConstantTimeCompare([]byte(s.value), []byte(encode(mac.Sum(nil)))) == 1
}

// stringROA joins what the older scheme signs. The query is not escaped, and a
// parameter without a value has no "=".
func stringROA(r *http.Request, query url.Values) string {
	var b strings.Builder
	b.WriteString(r.Method + "\n")
	for _, name := range []string{"Accept", "Content-MD5", "Content-Type", "Date"} {
		b.WriteString(r.Header.Get(name) + "\n")
	}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-acs-") {
			b.WriteString(lower + ":" + r.Header.Get(name) + "\n")
		}
	}
	b.WriteString(r.URL.EscapedPath())
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(query)) {
		for _, value := range query[key] {
			if value != "" {
				value = "=" + value
			}
			pairs = append(pairs, key+value)
		}
	}
	if len(pairs) > 0 {
		b.WriteString("?" + strings.Join(pairs, "&"))
	}
	return b.String()
}

// stringRPC joins what the older scheme of the RPC style signs: all parameters, those of
// a form too.
func stringRPC(r *http.Request, query url.Values, body []byte) string {
	all := maps.Clone(query)
	delete(all, "Signature")
	if form, err := url.ParseQuery(string(body)); err == nil {
		maps.Copy(all, form)
	}
	return r.Method + "&%2F&" + percentEncode(canonicalQuery(all))
}

// canonicalQuery escapes and sorts parameters.
func canonicalQuery(query url.Values) string {
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(query)) {
		for _, value := range query[key] {
			pairs = append(pairs, percentEncode(key)+"="+percentEncode(value))
		}
	}
	return strings.Join(pairs, "&")
}

// canonicalACS3 joins the six parts of a canonical request.
func canonicalACS3(r *http.Request, query url.Values, headers []string, payloadHash string) string {
	var lines strings.Builder
	for _, name := range headers {
		lines.WriteString(name + ":" + headerValue(r, name) + "\n")
	}
	path := cmp.Or(r.URL.EscapedPath(), "/")
	return strings.Join([]string{r.Method, path, canonicalQuery(query), lines.String(), strings.Join(headers, ";"), payloadHash}, "\n")
}

// headerValue returns the values of a header, trimmed and sorted. The HTTP server has
// taken some headers out of the map.
func headerValue(r *http.Request, name string) string {
	switch name {
	case "host":
		return r.Host
	case "content-length":
		return strconv.FormatInt(r.ContentLength, 10)
	}
	values := slices.Clone(r.Header.Values(name))
	for i := range values {
		values[i] = strings.TrimSpace(values[i])
	}
	slices.Sort(values)
	return strings.Join(values, ",")
}

// percentEncode encodes every byte but the unreserved characters.
func percentEncode(s string) string {
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

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
