// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestSignature_vectors: signatures that the vendor's SDK for Go and ack-ram-tool made.
func TestSignature_vectors(t *testing.T) {
	t.Parallel()
	roa := wiretest.NewRequest(t, "GET", "https://cs.example/regions/ap-northeast-2/clusters?name=a+b%2Bc&page_number=1&page_size=50", "",
		"Accept", "application/json", "Date", "Mon, 23 Nov 2026 00:00:00 GMT", "x-acs-action", "DescribeClustersForRegion",
		"x-acs-signature-method", "HMAC-SHA1", "x-acs-signature-nonce", "n1", "x-acs-signature-version", "1.0", "x-acs-version", "2015-12-15",
		"Authorization", "acs any:7YiUrEOd/llZiZc7dJ2FMXqWhLU=")
	token := func(securityToken, signed, signature string) *http.Request {
		r := wiretest.NewRequest(t, "POST", "https://sts.example/?ACKClusterId=c82e6987e2961451182edacd74faf0001", "",
			"x-acs-action", "GetCallerIdentity", "x-acs-version", "2015-04-01", "x-acs-date", "2026-11-23T00:00:00Z", "x-acs-content-sha256", hexSum(nil),
			"Authorization", "ACS3-HMAC-SHA256 Credential=testAK,SignedHeaders=x-acs-action;x-acs-content-sha256;x-acs-date;"+signed+"x-acs-version,Signature="+signature)
		if securityToken != "" {
			r.Header.Set("x-acs-security-token", securityToken)
		}
		return r
	}
	for name, r := range map[string]*http.Request{
		"roa":          roa,
		"acs3":         token("", "", "d1c16ba3eaba952faf00ebbe32cacd4959b8fce4d6425de80cbbeb8ae92b6b6f"),
		"acs3-and-sts": token("STS+tok/en==", "x-acs-security-token;", "21814d7c89d62aa9ced0fd99878fe32c413ac3c55b3334a73cf2f0dd6cf1fb71"),
	} {
		secret := "testSK"
		sig, err := readSignature(r, r.URL.Query())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if text := sig.toSign(r, r.URL.Query(), nil); !sig.matches(text, secret) || sig.matches(text, "another") {
			t.Errorf("%s: not the signature of\n%s", name, text)
		}
	}
}

// TestServer_clusterToken: what a cluster's token holds is what STS is asked with.
func TestServer_clusterToken(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	w := newWorld(t, func(o *Options) {
		o.Keys = map[string]Key{"testAK": {Secret: "testSK"}}
		o.Now = func() time.Time { return at }
	})
	r := wiretest.NewRequest(t, "POST", "https://sts.example/?ACKClusterId=c82e6987e2961451182edacd74faf0001", "",
		"x-acs-action", "GetCallerIdentity", "x-acs-version", "2015-04-01", "x-acs-date", "2026-11-23T00:00:00Z", "x-acs-content-sha256", hexSum(nil), "user-agent", "anything",
		"Authorization", "ACS3-HMAC-SHA256 Credential=testAK,SignedHeaders=x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-version,"+
			"Signature=d1c16ba3eaba952faf00ebbe32cacd4959b8fce4d6425de80cbbeb8ae92b6b6f")
	if response, body := wiretest.Send(t, w.Transport(), r.Clone(t.Context())); response.StatusCode != http.StatusOK || !strings.Contains(body, "acs:ram::1234567890123456:user/pmks") {
		t.Errorf("got %d %s", response.StatusCode, body)
	}
	at = at.Add(16 * time.Minute)
	if response, body := wiretest.Send(t, w.Transport(), r); !strings.Contains(body, "InvalidTimeStamp.Expired") {
		t.Errorf("an old token: %d %s", response.StatusCode, body)
	}
}

// FuzzSignature compares the verification with a signer of another hand.
func FuzzSignature(f *testing.F) {
	f.Add("/clusters/a%2Fb", "page_size=1&a=b", "body", "x-acs-meta", " a  b ", false)
	f.Add("/regions/x/clusters", "name=a%20b%2Bc&page_number=1", "", "x-acs-meta", "v", true)
	f.Add("/", "a", "", "Accept", "*/*", false)
	f.Add("/", "00&0", "0", "0", "0", false)
	f.Add("/", "b=1&b=0&ab=~*'", "{}", "x-acs-action", "ü", true)
	f.Fuzz(func(t *testing.T, path, query, body, header, value string, acs3 bool) {
		values, err := url.ParseQuery(query)
		if err != nil || !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "?#") || strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c == 0x7f }) {
			t.Skip("not a request that HTTP can carry")
		}
		for key, list := range values {
			if values[key] = list[:1]; key == "" || strings.TrimSpace(list[0]) != list[0] {
				t.Skip("no client sends that")
			}
		}
		c := &client{t: t, now: time.Now, key: "ak", secret: "sk", acs3: acs3}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://sim.example"+path, strings.NewReader(body))
		if err != nil {
			t.Skip("not a URL")
		}
		r.URL.RawQuery = strings.ReplaceAll(values.Encode(), "+", "%20")
		r.Header.Set("x-acs-version", "2015-12-15")
		// A name with other characters is none that HTTP can carry.
		if h := strings.ToLower(header); h == "accept" || strings.HasPrefix(h, "x-acs-m") && !strings.ContainsFunc(h, func(c rune) bool {
			return c != '-' && (c < 'a' || c > 'z') && (c < '0' || c > '9')
		}) {
			r.Header.Set(h, strings.TrimSpace(value))
		}
		c.sign(r)
		sig, err := readSignature(r, r.URL.Query())
		if err != nil {
			t.Skip("no header that a client sends")
		}
		text := sig.toSign(r, r.URL.Query(), []byte(body))
		if !sig.matches(text, "sk") {
			t.Errorf("not the signature of\n%s", text)
		}
		if sig.matches(text, "another") {
			t.Error("any secret will do")
		}
	})
}
