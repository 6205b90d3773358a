// SPDX-License-Identifier: Apache-2.0

package simkit

import (
	"net/http"
	"net/url"
	"strings"
)

// Segments splits the escaped path of a request, so that a "%2F" inside of a part
// is no separator.
func Segments(r *http.Request) []string {
	return strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
}

// Exactly and AnyCase say how MatchPath compares the fixed parts of a path.
func Exactly(a, b string) bool { return a == b }

// AnyCase compares without case, as Azure does.
func AnyCase(a, b string) bool { return strings.EqualFold(a, b) }

// MatchPath compares a path with a pattern such as "/clusters/{name}" and returns
// its variables, decoded. An empty variable matches nothing.
func MatchPath(pattern string, segments []string, equal func(a, b string) bool) (vars map[string]string, ok bool) {
	rest := strings.TrimPrefix(pattern, "/")
	if strings.Count(rest, "/") != len(segments)-1 {
		return nil, false
	}
	vars = map[string]string{}
	for _, segment := range segments {
		var part string
		part, rest, _ = strings.Cut(rest, "/")
		if !strings.HasPrefix(part, "{") {
			if !equal(part, segment) {
				return nil, false
			}
			continue
		}
		value, err := url.PathUnescape(segment)
		if err != nil || value == "" {
			return nil, false
		}
		vars[strings.Trim(part, "{}")] = value
	}
	return vars, true
}
