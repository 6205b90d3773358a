// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestServer_authenticate: whose signature is wrong is told so, before anything else is.
func TestServer_authenticate(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(w *world)
		before func(r *http.Request)
		want   string
	}{
		"right":           {want: ""},
		"unknown key":     {change: func(w *world) { w.key = "AKIDnobody" }, want: "AuthFailure.SecretIdNotFound"},
		"wrong secret":    {change: func(w *world) { w.secret = "another" }, want: "AuthFailure.SignatureFailure"},
		"a token":         {change: func(w *world) { w.token = "none" }, want: "AuthFailure.TokenFailure"},
		"clock behind":    {change: func(w *world) { w.skew(-6 * time.Minute) }, want: "AuthFailure.SignatureExpire"},
		"clock ahead":     {change: func(w *world) { w.skew(6 * time.Minute) }, want: "AuthFailure.SignatureExpire"},
		"clock a bit off": {change: func(w *world) { w.skew(4 * time.Minute) }, want: ""},
		"unsigned":        {before: func(r *http.Request) { r.Header.Del("Authorization") }, want: "MissingParameter"},
		"without a time":  {before: func(r *http.Request) { r.Header.Del("X-TC-Timestamp") }, want: "MissingParameter"},
		"another time":    {before: func(r *http.Request) { r.Header.Set("X-TC-Timestamp", "1793611801") }, want: "AuthFailure.SignatureFailure"},
		"no time":         {before: func(r *http.Request) { r.Header.Set("X-TC-Timestamp", "now") }, want: "AuthFailure.InvalidAuthorization"},
		"another scheme":  {before: func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, want: "AuthFailure.InvalidAuthorization"},
		"two signatures":  {before: func(r *http.Request) { r.Header.Add("Authorization", "x") }, want: "AuthFailure.InvalidAuthorization"},
		"another body":    {before: func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(`{ }`)) }, want: "AuthFailure.SignatureFailure"},
		"another type":    {before: func(r *http.Request) { r.Header.Set("Content-Type", "application/json; charset=utf-8") }, want: "AuthFailure.SignatureFailure"},
		"another host":    {before: func(r *http.Request) { r.Host = "tke.ap-seoul.tencentcloudapi.com" }, want: "AuthFailure.SignatureFailure"},
		"another query":   {before: func(r *http.Request) { r.URL.RawQuery = "a=b" }, want: "AuthFailure.SignatureFailure"},
		"scope":           {before: replaced("/tke/tc3_request", "/cvm/tc3_request"), want: "AuthFailure.SignatureFailure"},
		"short scope":     {before: replaced("/tc3_request", ""), want: "AuthFailure.InvalidAuthorization"},
		"date":            {before: replaced("2026-11-02", "2026-11-01"), want: "AuthFailure.SignatureExpire"},
		"host unsigned":   {before: replaced("content-type;host", "content-type"), want: "AuthFailure.InvalidAuthorization"},
		"more words":      {before: replaced("Signature=", "More=1, Signature="), want: "AuthFailure.InvalidAuthorization"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if test.change != nil {
				test.change(w)
			}
			w.before = test.before
			a := w.want(w.tke("DescribeVersions", object{}), test.want)
			if a.text("RequestId") == "" {
				t.Errorf("there is no request id: %s", a.body)
			}
			if test.want != "" && bytes.Contains(a.body, []byte(DefaultSecretKey)) {
				t.Errorf("it tells the secret: %s", a.body)
			}
		})
	}
}

// skew moves the clock of the client away from that of the server.
func (w *world) skew(d time.Duration) {
	now := w.now
	w.now = func() time.Time { return now().Add(d) }
}

// replaced changes the Authorization of a request.
func replaced(old, by string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, by, 1))
	}
}

// TestServer_moreHeaders: a client may sign more headers, in lower case.
func TestServer_moreHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.request("tke", "DescribeVersions", object{})
	w.sign(r, "tke")
	sig, err := readSignature(r)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = r.URL.Host
	sig.headers = []string{"content-type", "host", "x-tc-action"}
	if text := canonicalRequest(r, sig.headers, nil); !strings.Contains(text, "x-tc-action:describeversions\n\ncontent-type;host;x-tc-action\n") {
		t.Errorf("got %q", text)
	}
}

// TestServer_keys: keys of users, and those that end.
func TestServer_keys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		o.Keys = map[string]Key{
			"AKIDuser":    {Secret: "s1", User: "100099990001"},
			"AKIDsession": {Secret: "s2", Token: "t", Role: "ci", Expires: time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC)},
		}
	})
	w.want(w.tke("DescribeVersions", object{}), "AuthFailure.SecretIdNotFound")
	w.key, w.secret = "AKIDuser", "s1"
	if a := w.want(w.call("sts", "GetCallerIdentity", object{}), ""); a.text("UserId") != "100099990001" || a.text("AccountId") != DefaultAccountID || a.text("Type") != "CAMUser" {
		t.Errorf("got %s", a.body)
	}
	w.key, w.secret = "AKIDsession", "s2"
	w.want(w.tke("DescribeVersions", object{}), "AuthFailure.TokenFailure")
	w.token = "t"
	if a := w.want(w.call("sts", "GetCallerIdentity", object{}), ""); a.text("Type") != "CAMRole" || !strings.HasSuffix(a.text("UserId"), ":ci") {
		t.Errorf("got %s", a.body)
	}
	w.pass()
	w.want(w.tke("DescribeVersions", object{}), "AuthFailure.TokenFailure")
}

// TestServer_Deny: what no policy allows is refused until it is allowed again.
func TestServer_Deny(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Denied = []string{"tke:DescribeVersions"} })
	a := w.want(w.tke("DescribeVersions", object{}), "AuthFailure.UnauthorizedOperation")
	if !strings.Contains(a.text("Error", "Message"), "tke:DescribeVersions") {
		t.Errorf("got %s", a.body)
	}
	allow := w.Deny("vpc:DescribeVpcs")
	w.want(w.call("vpc", "DescribeVpcs", object{}), "AuthFailure.UnauthorizedOperation")
	allow()
	allow()
	w.want(w.call("vpc", "DescribeVpcs", object{}), "")
}

// TestServer_sessions: a role is assumed with a key, or with a token of somebody else.
func TestServer_sessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		r := DefaultResources("ap-seoul")
		r.CAMRoles = append(r.CAMRoles, CAMRole{"guarded", "secret-word"})
		o.Resources, o.OIDCTokens = &r, []string{"token-of-ci"}
	})
	role := func(name string, more ...any) object {
		return changed(object{"RoleArn": "qcs::cam::uin/" + DefaultAccountID + ":roleName/" + name, "RoleSessionName": "ci"}, more...)
	}
	web := func(token string) object {
		return role(OperatorRole, "ProviderId", "github", "WebIdentityToken", token)
	}
	for _, test := range []struct {
		action string
		body   object
		want   string
	}{
		{"AssumeRole", role("none"), "ResourceNotFound.RoleNotFound"},
		{"AssumeRole", changed(role(OperatorRole), "RoleArn", "qcs::cam::uin/1:roleName/"+OperatorRole), "ResourceNotFound.RoleNotFound"},
		{"AssumeRole", role("guarded"), "UnauthorizedOperation"},
		{"AssumeRole", role("guarded", "ExternalId", "secret-word"), ""},
		{"AssumeRole", role(OperatorRole, "DurationSeconds", 43201), "InvalidParameter.OverTimeError"},
		{"AssumeRole", role(OperatorRole, "RoleSessionName", nil), "MissingParameter"},
		{"AssumeRoleWithWebIdentity", web("of nobody"), "InvalidParameter.WebIdentityTokenError"},
	} {
		w.want(w.call("sts", test.action, test.body), test.want)
	}
	for action, body := range map[string]object{"AssumeRole": role(OperatorRole, "DurationSeconds", 900), "AssumeRoleWithWebIdentity": web("token-of-ci")} {
		key, secret := w.key, w.secret
		w.before = nil
		if action == "AssumeRoleWithWebIdentity" {
			w.before = func(r *http.Request) { r.Header.Set("Authorization", "SKIP") }
		}
		a := w.want(w.call("sts", action, body), "")
		w.before = nil
		w.key, w.secret, w.token = a.text("Credentials", "TmpSecretId"), a.text("Credentials", "TmpSecretKey"), a.text("Credentials", "Token")
		if who := w.want(w.call("sts", "GetCallerIdentity", object{}), ""); who.text("Type") != "CAMRole" {
			t.Errorf("%s: got %s", action, who.body)
		}
		w.key, w.secret, w.token = key, secret, ""
	}
}
