// SPDX-License-Identifier: Apache-2.0

package live

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pmks-go/pmks"
)

// recorder is an http.RoundTripper that writes down what passes. It keeps everything in
// memory as it is; what leaves the process goes through a scrubber.
type recorder struct {
	next  http.RoundTripper
	start time.Time

	mu      sync.Mutex
	head    header
	lines   []line
	n       int
	secrets []string
}

func newRecorder(head header) *recorder {
	head.Version = recordVersion
	head.Made = time.Now().UTC().Truncate(time.Second)
	return &recorder{start: time.Now(), head: head}
}

// keptHeaders are the headers of requests that mean something to a cloud and hold no
// secret, and keptReplies those of answers, in lower case. Others are not written down.
var (
	keptHeaders = []string{
		"accept", "content-type", "if-match", "if-none-match", "openstack-api-version", "x-acs-action", "x-acs-version", "x-amz-target",
		"x-auth-resource-group", "x-goog-request-params", "x-tc-action", "x-tc-region", "x-tc-version",
	}
	keptReplies = []string{
		"azure-asyncoperation", "content-type", "etag", "grpc-status", "location", "openstack-api-version", "retry-after", "www-authenticate",
		"x-amzn-errortype", "x-amzn-requestid", "x-ms-request-id",
	}
)

// kept returns the headers that are written down.
func kept(h http.Header, names []string) map[string]string {
	var found map[string]string
	for name, values := range h {
		if name = strings.ToLower(name); slices.Contains(names, name) {
			if found == nil {
				found = map[string]string{}
			}
			found[name] = strings.Join(values, ", ")
		}
	}
	return found
}

// scopes finds what a signature is for in an Authorization header: the region and the
// service of AWS, the service of Tencent Cloud.
var scopes = regexp.MustCompile(`^(?:AWS4-HMAC-SHA256 Credential=[^/]+/\d+/([^/]+/[^/]+)/aws4_request|TC3-HMAC-SHA256 Credential=[^/]+/[^/]+/([^/]+)/tc3_request)`)

// scopeOf returns it.
func scopeOf(h http.Header) string {
	if m := scopes.FindStringSubmatch(h.Get("Authorization")); m != nil {
		return m[1] + m[2]
	}
	return ""
}

// RoundTrip sends r on.
func (p *recorder) RoundTrip(r *http.Request) (*http.Response, error) {
	x := &exchange{Method: r.Method, URL: r.URL.String(), Header: kept(r.Header, keptHeaders), Scope: scopeOf(r.Header)}
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		_ = r.Body.Close()
		x.Body = string(body)
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	if host := r.Host; host != "" && host != r.URL.Host {
		u := *r.URL
		u.Host = host
		x.URL = u.String()
	}
	p.hide(credentialsIn(r.Header)...)
	done := p.begin(x)
	response, err := p.next.RoundTrip(r)
	var got []byte
	if err == nil {
		got, err = io.ReadAll(response.Body)
		_ = response.Body.Close()
	}
	if err != nil {
		done(func() { x.Failed = err.Error() })
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(got))
	done(func() {
		x.Status = response.StatusCode
		x.Reply = reply{Header: kept(response.Header, keptReplies), Body: string(got)}
	})
	return response, nil
}

// CloseIdleConnections passes the wish on.
func (p *recorder) CloseIdleConnections() {
	if c, ok := p.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// begin writes a request down. What it returns writes down the answer.
func (p *recorder) begin(x *exchange) (done func(set func())) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
	began := time.Now()
	x.N, x.At = p.n, milliseconds(began.Sub(p.start).Milliseconds())
	p.lines = append(p.lines, line{Exchange: x})
	return func(set func()) {
		p.mu.Lock()
		defer p.mu.Unlock()
		set()
		x.Took = milliseconds(time.Since(began).Milliseconds())
	}
}

// credentialsIn are those in the headers of a request, whole and without the word before.
func credentialsIn(h http.Header) (list []string) {
	for _, name := range []string{"Authorization", "X-Auth-Token", "X-Auth-Refresh-Token", "X-Subject-Token", "X-Amz-Security-Token", "X-Acs-Security-Token", "X-Tc-Token", "X-K8s-Aws-Id"} {
		for _, v := range h.Values(name) {
			_, after, _ := strings.Cut(v, " ")
			if id, signature, ok := strings.Cut(after, ":"); ok && strings.HasPrefix(v, "acs ") && signature != "" {
				list = append(list, id) // of Alibaba Cloud: the signature is another for each request
				continue
			}
			if strings.Contains(after, "Signature=") {
				// The id of the key stands in it in the clear, and the rest is of no use.
				if m := regexp.MustCompile(`Credential=([^/,]+)`).FindStringSubmatch(after); m != nil {
					list = append(list, m[1])
				}
				continue
			}
			list = append(list, v, after)
		}
	}
	return list
}

// hide adds to what must not leave the process.
func (p *recorder) hide(secrets ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range secrets {
		if s != "" && !slices.Contains(p.secrets, s) {
			p.secrets = append(p.secrets, s)
		}
	}
}

// step begins a step.
func (p *recorder) step(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, line{Step: name})
}

// found writes down a cluster that was there.
func (p *recorder) found(info pmks.ClusterInfo) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, line{Found: &info})
}

// ended writes down how a step ended.
func (p *recorder) ended(step string, value any, err error) {
	r := &result{Step: step}
	if err != nil {
		r.Error, r.Code = err.Error(), pmks.CodeOf(err).String()
	} else if value != nil {
		text, failed := json.Marshal(value)
		if failed == nil {
			r.Value = text
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, line{Result: r})
}

// raw returns the record as it is, with all secrets.
func (p *recorder) raw() *record {
	p.mu.Lock()
	defer p.mu.Unlock()
	rec := &record{head: p.head}
	for _, l := range p.lines {
		if l.Exchange != nil {
			x := *l.Exchange
			l.Exchange = &x
		}
		rec.lines = append(rec.lines, l)
	}
	return rec
}

// scrubbed returns the record without secrets and ids of accounts. config are those of
// the configuration, by the names of its entries.
func (p *recorder) scrubbed(config map[string]string) (*record, error) {
	rec := p.raw()
	p.mu.Lock()
	secrets := slices.Clone(p.secrets)
	p.mu.Unlock()
	return scrub(rec, secrets, config)
}
