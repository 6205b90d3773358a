// SPDX-License-Identifier: Apache-2.0

package live

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/redact"
)

// replayer is a transport that answers from a record: the same request gets the same
// answers in their order, and then the last again. It needs no network and no account.
type replayer struct {
	mu sync.Mutex
	// answers are by the whole request, and loose by its method, path and action: the body
	// of a change may have something in it that is drawn anew each time.
	answers, loose map[string][]*exchange
	// signIn answers requests for tokens, whose answers a record does not keep; nil: the
	// record does.
	signIn http.RoundTripper
}

func newReplayer(rec *record) *replayer {
	p := &replayer{answers: map[string][]*exchange{}, loose: map[string][]*exchange{}}
	for _, x := range rec.exchanges() {
		if x.Failed == "" {
			key := x.key()
			p.answers[key] = append(p.answers[key], x)
			key = x.looseKey()
			p.loose[key] = append(p.loose[key], x)
		}
	}
	return p
}

// key is a request without what is drawn anew each time: its method, path, parameters and
// action.
func (x *exchange) key() string {
	action := x.Header["x-acs-action"] + x.Header["x-tc-action"] + x.Header["x-amz-target"]
	if strings.HasPrefix(x.Header["content-type"], "application/x-www-form-urlencoded") {
		if form, err := url.ParseQuery(x.Body); err == nil {
			action += form.Get("Action") + form.Get("NextToken") + form.Get("grant_type")
		}
	}
	if x.Header["x-tc-action"] != "" || x.isRPC() {
		// Everything stands in the body. A record has its members sorted.
		var v any
		if x.Body != "" && decode(x.Body, &v) == nil {
			action += encode(v)
		}
	}
	u, err := url.Parse(x.URL)
	if err != nil {
		return x.Method + " " + x.URL + " " + action
	}
	return x.Method + " " + u.EscapedPath() + "?" + u.Query().Encode() + " " + action
}

// looseKey is a request without its body.
func (x *exchange) looseKey() string {
	bare := *x
	if !strings.HasPrefix(x.Header["content-type"], "application/x-www-form-urlencoded") { // which holds the action
		bare.Body = ""
	}
	return bare.key()
}

// take is the next answer to a request.
func (p *replayer) take(asked *exchange) (*exchange, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	answers, key := p.answers, asked.key()
	if len(answers[key]) == 0 {
		answers, key = p.loose, asked.looseKey()
	}
	left := answers[key]
	if len(left) == 0 {
		return nil, fmt.Errorf("live: the record has no answer to %s %s", asked.Method, asked.URL)
	}
	if len(left) > 1 {
		answers[key] = left[1:]
	}
	return left[0], nil
}

// RoundTrip answers a request, or fails where the record has no answer.
func (p *replayer) RoundTrip(r *http.Request) (*http.Response, error) {
	asked := &exchange{Method: r.Method, URL: r.URL.String(), Header: kept(r.Header, keptHeaders)}
	if p.signIn != nil && signsIn(asked) {
		return p.signIn.RoundTrip(r)
	}
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		asked.Body = string(body)
	}
	x, err := p.take(asked)
	if err != nil {
		return nil, err
	}
	body, err := refilled(x.Reply.Body)
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	for name, v := range x.Reply.Header {
		header.Set(name, v)
	}
	return &http.Response{
		StatusCode: x.Status, Status: fmt.Sprintf("%d %s", x.Status, http.StatusText(x.Status)), Header: header, Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}

// refilled is an answer with other credentials in its kubeconfigs, in place of those that
// the record does not have: a provider takes none that is not whole.
func refilled(body string) (string, error) {
	var v any
	if !strings.Contains(strings.ToLower(body), "kubeconfig") && !strings.Contains(body, "contexts:") {
		return body, nil
	}
	pair, err := throwaway()
	if err != nil {
		return "", err
	}
	fill := func(kubeconfig string) string {
		return hollow.ReplaceAllStringFunc(kubeconfig, func(line string) string {
			m := hollow.FindStringSubmatch(line)
			return m[1] + cmp.Or(pair[m[2]], "replayed")
		})
	}
	if !json.Valid([]byte(body)) {
		return inKubeconfigs(body, fill), nil
	}
	if err := decode(body, &v); err != nil {
		return "", err
	}
	return encode(eachText(v, func(text string) string { return inKubeconfigs(text, fill) })), nil
}

// hollow are the lines of a kubeconfig that outline has redacted.
var hollow = regexp.MustCompile(`(?m)^(\s*(?:- )?"?([a-z-]+)"?:\s*)"` + regexp.QuoteMeta(redact.Placeholder) + `"`)

// eachText changes the texts of a tree of JSON.
func eachText(v any, change func(string) string) any {
	switch v := v.(type) {
	case map[string]any:
		for key, member := range v {
			v[key] = eachText(member, change)
		}
	case []any:
		for i, member := range v {
			v[i] = eachText(member, change)
		}
	case string:
		return change(v)
	}
	return v
}

// throwaway is a certificate with its key, by the names that they have in a kubeconfig.
var throwaway = sync.OnceValues(func() (map[string]string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "replayed"}, NotBefore: now, NotAfter: now.AddDate(100, 0, 0)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	text := func(kind string, der []byte) string {
		return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return map[string]string{"client-certificate-data": text("CERTIFICATE", certificate), "client-key-data": text("PRIVATE KEY", private)}, nil
})

// replayConfig reaches a record: credentials are of no use, and those of the simulated
// account do.
func replayConfig(rec *record) (pmks.Config, []grpc.DialOption, error) {
	sim, err := simulate(rec.head.Cloud, rec.head.Region, nil)
	if err != nil {
		return pmks.Config{}, nil, err
	}
	cfg := sim.config.Clone()
	answers := newReplayer(rec)
	if rec.head.Cloud == "ibm" || rec.head.Cloud == "gcp" { // whose tokens are looked into
		answers.signIn = sim.config.Transport
	}
	cfg.Region, cfg.Zone, cfg.Transport = rec.head.Region, rec.head.Zone, answers
	for name, id := range rec.head.Accounts {
		cfg.Credentials[name] = id
	}
	if sim.dial == nil {
		return cfg, nil, nil
	}
	return cfg, append(sim.dial, grpc.WithChainUnaryInterceptor(answers.intercept)), nil
}
