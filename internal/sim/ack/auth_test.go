// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_authenticate: what is wrong with a signature, in both schemes.
func TestServer_authenticate(t *testing.T) {
	t.Parallel()
	now := wiretest.NewClock().Now()
	keys := map[string]Key{
		DefaultAccessKeyID: {Secret: DefaultAccessKeySecret},
		"inactive":         {Secret: "s", Inactive: true},
		"sts":              {Secret: "s", SecurityToken: "token", Expires: now.Add(time.Hour), User: "assumed-role/pmks/session"},
		"ended":            {Secret: "s", SecurityToken: "token", Expires: now},
	}
	header := func(name, value string) func(*world) {
		return func(w *world) { w.before = func(r *http.Request) { r.Header.Set(name, value) } }
	}
	key := func(id, secret, token string) func(*world) {
		return func(w *world) { w.key, w.secret, w.token = id, secret, token }
	}
	later := func(d time.Duration) func(*world) {
		return func(w *world) { w.now = func() time.Time { return now.Add(d) } }
	}
	for _, test := range []struct {
		name, want string
		change     func(*world)
	}{
		{"fine", "200", func(*world) {}},
		{"a-little-late", "200", later(-14 * time.Minute)},
		{"sts", "200", key("sts", "s", "token")},
		{"no-header", "400 MissingAuthorization", func(w *world) { w.before = func(r *http.Request) { r.Header.Del("Authorization") } }},
		{"another-scheme", "400 IncompleteSignature", header("Authorization", "Basic abc")},
		{"one-word", "400 IncompleteSignature", header("Authorization", "acs")},
		{"no-key", "400 IncompleteSignature", header("Authorization", "acs :x")},
		{"no-nonce", "400 IncompleteSignature", func(w *world) { w.before = func(r *http.Request) { r.Header.Del("x-acs-signature-nonce") } }},
		{"unknown-key", "404 InvalidAccessKeyId.NotFound", key("none", "s", "")},
		{"inactive-key", "400 InvalidAccessKeyId.Inactive", key("inactive", "s", "")},
		{"wrong-secret", "400 SignatureDoesNotMatch", key(DefaultAccessKeyID, "none", "")},
		{"no-token", "400 InvalidSecurityToken.MismatchWithAccessKey", key("sts", "s", "")},
		{"wrong-token", "400 InvalidSecurityToken.MismatchWithAccessKey", key("sts", "s", "none")},
		{"token-for-no-sts-key", "400 InvalidSecurityToken.MismatchWithAccessKey", key(DefaultAccessKeyID, DefaultAccessKeySecret, "token")},
		{"ended", "400 InvalidSecurityToken.Expired", key("ended", "s", "token")},
		{"early", "400 InvalidTimeStamp.Expired", later(16 * time.Minute)},
		{"late", "400 InvalidTimeStamp.Expired", later(-16 * time.Minute)},
		{"changed-header", "400 SignatureDoesNotMatch", header("x-acs-signature-nonce", "another")},
	} {
		for scheme, acs3 := range map[string]bool{"roa": false, "acs3": true} {
			t.Run(test.name+"-"+scheme, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, func(o *Options) { o.Keys = keys })
				w.acs3 = acs3
				test.change(w)
				a := w.want(w.roa("GET", "/quota", nil), test.want)
				if a.status == 200 {
					return
				}
				if a.text("RequestId") == "" || a.text("RequestId") != a.header.Get("x-acs-request-id") || a.text("HostId") == "" {
					t.Errorf("not an error of the gateway: %s", a.body)
				}
				if strings.HasPrefix(test.want, "400 SignatureDoes") != strings.Contains(a.text("Message"), "server string to sign is:") {
					t.Errorf("the message is %s", a.text("Message"))
				}
			})
		}
	}
}

// TestServer_authenticate_acs3: what only the newer scheme has.
func TestServer_authenticate_acs3(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*http.Request){
		"body":            func(r *http.Request) { r.Header.Set("x-acs-content-sha256", hexSum([]byte("another"))) },
		"unsigned-header": func(r *http.Request) { r.Header.Set("x-acs-more", "a") },
		"unknown-part": func(r *http.Request) {
			r.Header.Set("Authorization", r.Header.Get("Authorization")+",More=1")
		},
		"host": func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "SignedHeaders=host;", "SignedHeaders=", 1))
		},
	} {
		w := newWorld(t)
		w.acs3, w.before = true, change
		if got := w.roa("GET", "/quota", nil).code(); got != "IncompleteSignature" && got != "SignatureDoesNotMatch" {
			t.Errorf("%s: got %s", name, got)
		}
	}
	// The services of the RPC style have it alone.
	w := newWorld(t)
	w.before = func(r *http.Request) { r.Header.Set("Authorization", "acs "+DefaultAccessKeyID+":x") }
	w.want(w.rpc(serviceSTS, "GetCallerIdentity"), "400 IncompleteSignature")
}

// TestServer_nonce: a request is taken once.
func TestServer_nonce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.request("GET", "/quota", nil)
	w.sign(r)
	for _, want := range []int{200, 400} {
		response, body := wiretest.Send(t, w.Transport(), r.Clone(t.Context()))
		if response.StatusCode != want || want == 400 && !strings.Contains(body, "SignatureNonceUsed") {
			t.Errorf("got %d %s", response.StatusCode, body)
		}
	}
	for range nonceLimit + 10 {
		w.want(w.roa("GET", "/quota", nil), "200")
	}
	w.pass()
	w.want(w.roa("GET", "/quota", nil), "200")
	if n := len(w.nonces); n > 100 {
		t.Errorf("%d nonces are kept", n)
	}
}

// TestServer_bearer: a bearer token stands for a signature.
func TestServer_bearer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.BearerTokens = []string{"bearer"} })
	set := func(token, kind string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Del("Authorization")
			r.Header.Set("x-acs-bearer-token", token)
			r.Header.Set("x-acs-signature-type", kind)
		}
	}
	for _, test := range []struct{ token, kind, want string }{
		{"bearer", "BEARERTOKEN", "200"}, {"none", "BEARERTOKEN", "400 InvalidBearerToken"}, {"bearer", "", "400 IncompleteSignature"},
	} {
		w.before = set(test.token, test.kind)
		w.want(w.roa("GET", "/quota", nil), test.want)
	}
	w.before = set("bearer", "")
	w.want(w.rpc(serviceSTS, "GetCallerIdentity", "SignatureType", "BEARERTOKEN"), "200")
}

// TestServer_Deny: rights, in the words of each service.
func TestServer_Deny(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Denied = []string{"vpc:DescribeVSwitches"} })
	a := w.want(w.rpc(serviceVPC, "DescribeVSwitches", "RegionId", "ap-northeast-1"), "403 Forbidden.RAM")
	if a.text("AccessDeniedDetail", "AuthAction") != "vpc:DescribeVSwitches" {
		t.Errorf("the details are %s", a.body)
	}
	id := w.create("a")
	allow := w.Deny("cs:DescribeClusterNodes")
	a = w.want(w.roa("GET", "/clusters/"+id+"/nodes", nil), "403 StatusForbidden")
	if !strings.Contains(a.text("message"), "RAM policy Forbidden for action cs:DescribeClusterNodes") || a.text("requestId") == "" {
		t.Errorf("the error is %s", a.body)
	}
	allow()
	allow()
	w.want(w.roa("GET", "/clusters/"+id+"/nodes", nil), "200")
}

// TestServer_identity: who asks.
func TestServer_identity(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		o.Keys = map[string]Key{"sts": {Secret: "s", SecurityToken: "token", User: "assumed-role/pmks/ci"}}
	})
	w.key, w.secret, w.token = "sts", "s", "token"
	a := w.want(w.rpc(serviceSTS, "GetCallerIdentity"), "200")
	if a.text("Arn") != "acs:ram::1234567890123456:assumed-role/pmks/ci" || a.text("IdentityType") != "AssumedRoleUser" || a.text("RoleId") == "" {
		t.Errorf("got %s", a.body)
	}
}
