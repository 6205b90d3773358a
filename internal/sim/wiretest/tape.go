// SPDX-License-Identifier: Apache-2.0

package wiretest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Tape writes down what goes over the wire. It is an http.RoundTripper, safe for
// concurrent use.
type Tape struct {
	Next http.RoundTripper
	// Sent and Got return what is written behind the first line of a request and of
	// an answer, such as headers that matter; nil means nothing.
	Sent func(*http.Request) string
	Got  func(*http.Response) string
	// Skip leaves calls out; nil means none.
	Skip func(*http.Request) bool
	// Watch sees every call that is written down, with both bodies.
	Watch func(r *http.Request, sent []byte, response *http.Response, got []byte)

	mu   sync.Mutex
	text strings.Builder
}

// RoundTrip sends r on.
func (p *Tape) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent []byte
	if r.Body != nil {
		read, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		sent = read
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	response, err := p.Next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	got, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(got))
	if p.Skip != nil && p.Skip(r) {
		return response, nil
	}
	more, answered := "\n", "\n"
	if p.Sent != nil {
		more = p.Sent(r)
	}
	if p.Got != nil {
		answered = p.Got(response)
	}
	p.Note("> %s %s%s%s< %d%s%s\n", r.Method, r.URL.RequestURI(), more, Canonical(r.Header.Get("Content-Type"), sent),
		response.StatusCode, answered, Canonical(response.Header.Get("Content-Type"), got))
	if p.Watch != nil {
		p.Watch(r, sent, response, got)
	}
	return response, nil
}

// Note writes down what did not go over HTTP.
func (p *Tape) Note(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(&p.text, format, args...)
}

// Text returns what was written down.
func (p *Tape) Text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// Rewind forgets it.
func (p *Tape) Rewind() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text.Reset()
}

// Canonical makes a body readable and always the same.
func Canonical(contentType string, body []byte) string {
	var v any
	switch {
	case len(body) == 0:
		return ""
	case strings.HasPrefix(contentType, "application/x-www-form-urlencoded"):
		if form, err := url.ParseQuery(string(body)); err == nil {
			var lines []string
			for key, values := range form {
				lines = append(lines, key+"="+strings.Join(values, " and ")+"\n")
			}
			slices.Sort(lines)
			return strings.Join(lines, "")
		}
	case strings.HasPrefix(contentType, "text/xml"):
		return strings.ReplaceAll(string(body), "><", ">\n<") + "\n"
	case json.Unmarshal(body, &v) == nil:
		if text, err := json.MarshalIndent(v, "", "  "); err == nil {
			return string(text) + "\n"
		}
	}
	return string(body) + "\n"
}

// Mask numbers what a pattern finds in a text, in the order in which it appears:
// identifiers that are drawn at random change with the order of drawing. Those that
// a test gives itself are kept.
func Mask(text string, pattern *regexp.Regexp, keep ...string) string {
	seen := map[string]string{}
	return pattern.ReplaceAllStringFunc(text, func(id string) string {
		if slices.Contains(keep, id) {
			return id
		}
		if seen[id] == "" {
			seen[id] = "{id " + itoa(len(seen)+1) + "}"
		}
		return seen[id]
	})
}

func itoa(n int) string { return strconv.Itoa(n) }
