// SPDX-License-Identifier: Apache-2.0

package live

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/pmks-go/pmks"
)

// authorizer adds credentials to requests that no SDK has made.
type authorizer interface {
	authorize(ctx context.Context, r *http.Request, body []byte, scope string) error
}

// newAuthorizer returns the one of a cloud. seen are the credentials that the provider's
// own requests had, where the cloud takes tokens.
func newAuthorizer(cloud, region string, credentials map[string]string, seen *bearers) authorizer {
	switch cloud {
	case "aws":
		return awsKey{region: region, key: aws.Credentials{AccessKeyID: credentials["accessKeyId"], SecretAccessKey: credentials["secretAccessKey"], SessionToken: credentials["sessionToken"]}}
	case "alibaba":
		return alibabaKey{id: credentials["accessKeyId"], secret: credentials["accessKeySecret"], token: credentials["securityToken"]}
	case "tencent":
		return tencentKey{id: credentials["secretId"], secret: credentials["secretKey"], token: credentials["token"]}
	}
	return seen
}

// awsKey signs with Signature Version 4.
type awsKey struct {
	region string
	key    aws.Credentials
}

func (k awsKey) authorize(ctx context.Context, r *http.Request, body []byte, scope string) error {
	region, service, ok := strings.Cut(scope, "/")
	if !ok {
		region, service = k.region, "eks"
	}
	sum := sha256.Sum256(body)
	return v4.NewSigner().SignHTTP(ctx, k.key, r, hex.EncodeToString(sum[:]), service, region, time.Now())
}

// alibabaKey signs with ACS3-HMAC-SHA256 (Alibaba Cloud, "Request syntax and signature
// method V3", read in November 2026).
type alibabaKey struct{ id, secret, token string }

func (k alibabaKey) authorize(_ context.Context, r *http.Request, body []byte, _ string) error {
	r.Header.Set("x-acs-date", time.Now().UTC().Format("2006-01-02T15:04:05Z"))
	r.Header.Set("x-acs-signature-nonce", nonce())
	r.Header.Set("x-acs-content-sha256", hexSum(body))
	if k.token != "" {
		r.Header.Set("x-acs-security-token", k.token)
	}
	names := []string{"host"}
	for name := range r.Header {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-acs-") || name == "content-type" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var headers strings.Builder
	for _, name := range names {
		v := r.Header.Get(name)
		if name == "host" {
			v = r.URL.Host
		}
		headers.WriteString(name + ":" + strings.TrimSpace(v) + "\n")
	}
	signed := strings.Join(names, ";")
	canonical := strings.Join([]string{r.Method, r.URL.EscapedPath(), escapedQuery(r.URL.Query()), headers.String(), signed, hexSum(body)}, "\n")
	const algorithm = "ACS3-HMAC-SHA256"
	signature := hex.EncodeToString(hmacSum([]byte(k.secret), algorithm+"\n"+hexSum([]byte(canonical))))
	r.Header.Set("Authorization", algorithm+" Credential="+k.id+",SignedHeaders="+signed+",Signature="+signature)
	return nil
}

// escapedQuery sorts and escapes parameters, a space as %20.
func escapedQuery(query url.Values) string {
	escape := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(query)) {
		for _, v := range query[key] {
			pairs = append(pairs, escape(key)+"="+escape(v))
		}
	}
	return strings.Join(pairs, "&")
}

// tencentKey signs with TC3-HMAC-SHA256 (Tencent Cloud, "Signature v3", read in November
// 2026).
type tencentKey struct{ id, secret, token string }

func (k tencentKey) authorize(_ context.Context, r *http.Request, body []byte, service string) error {
	now := time.Now().UTC()
	stamp, date := fmt.Sprint(now.Unix()), now.Format(time.DateOnly)
	r.Header.Set("X-TC-Timestamp", stamp)
	if k.token != "" {
		r.Header.Set("X-TC-Token", k.token)
	}
	headers := "content-type:" + strings.ToLower(r.Header.Get("Content-Type")) + "\nhost:" + strings.ToLower(r.URL.Host) + "\n"
	const signed, algorithm = "content-type;host", "TC3-HMAC-SHA256"
	canonical := strings.Join([]string{r.Method, "/", r.URL.RawQuery, headers, signed, hexSum(body)}, "\n")
	scope := date + "/" + service + "/tc3_request"
	key := []byte("TC3" + k.secret)
	for _, part := range []string{date, service, "tc3_request"} {
		key = hmacSum(key, part)
	}
	signature := hex.EncodeToString(hmacSum(key, strings.Join([]string{algorithm, stamp, scope, hexSum([]byte(canonical))}, "\n")))
	r.Header.Set("Authorization", algorithm+" Credential="+k.id+"/"+scope+", SignedHeaders="+signed+", Signature="+signature)
	return nil
}

func hmacSum(key []byte, data string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(data))
	return mac.Sum(nil)
}

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// bearerHeaders carry tokens.
var bearerHeaders = []string{"Authorization", "X-Auth-Token", "X-Auth-Refresh-Token"}

// bearers is a transport that remembers the tokens which the provider's requests have,
// and gives the requests of others the same ones.
type bearers struct {
	next http.RoundTripper
	// renew makes the provider send a request, with a token that is still good.
	renew func(context.Context) error

	mu    sync.Mutex
	last  map[string]string
	since time.Time
}

// clusterTokens are the tokens for the API server of a cluster.
func clusterTokens(c *pmks.Client, cluster pmks.IID) *bearers {
	b := &bearers{}
	b.renew = func(ctx context.Context) error {
		token, err := c.GenerateClusterToken(ctx, cluster)
		if err == nil {
			b.see(http.Header{"Authorization": {"Bearer " + token.Value}})
		}
		return err
	}
	return b
}

// tokenAge is how old a token may be that is used again; no cloud has any that lives less
// than an hour.
const tokenAge = 10 * time.Minute

// RoundTrip sends r on.
func (b *bearers) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasPrefix(r.URL.Path, kubernetesPath) {
		b.see(r.Header)
	}
	response, err := b.next.RoundTrip(r)
	if err != nil || !strings.HasSuffix(r.URL.Path, "/token") {
		return response, err
	}
	// Calls over gRPC carry their token where no transport sees it: it is taken from where
	// it comes from.
	body, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	var got struct {
		Token string `json:"access_token"`
	}
	if json.Unmarshal(body, &got) == nil && got.Token != "" {
		b.see(http.Header{"Authorization": {"Bearer " + got.Token}})
	}
	return response, nil
}

// see remembers the tokens of a request.
func (b *bearers) see(h http.Header) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, name := range bearerHeaders {
		if v := h.Get(name); v != "" && !strings.HasPrefix(v, "Basic ") {
			if b.last == nil {
				b.last = map[string]string{}
			}
			b.last[name], b.since = v, time.Now()
		}
	}
}

// CloseIdleConnections passes the wish on.
func (b *bearers) CloseIdleConnections() {
	if c, ok := b.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func (b *bearers) authorize(ctx context.Context, r *http.Request, _ []byte, _ string) error {
	b.mu.Lock()
	old := time.Since(b.since) > tokenAge
	b.mu.Unlock()
	if old {
		if err := b.renew(ctx); err != nil {
			return fmt.Errorf("a token: %w", err)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for name, v := range b.last {
		if name != "X-Auth-Refresh-Token" {
			r.Header.Set(name, v)
		}
	}
	return nil
}

// request makes a request with a body.
func request(ctx context.Context, method, target string, header map[string]string, body string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, target, http.NoBody)
	if err != nil {
		return nil, err
	}
	if body != "" {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader([]byte(body))), int64(len(body))
	}
	for name, v := range header {
		r.Header.Set(name, v)
	}
	return r, nil
}
