// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the vendor's older scheme has it
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

const operatorARN = "acs:ram::" + DefaultAccountID + ":role/" + OperatorRole

// signedForm asks STS as the vendor's library of credentials does: parameters in the
// query and in a form, all of them signed in the older scheme.
func (w *world) signedForm(action string, form url.Values, change func(url.Values)) answer {
	w.t.Helper()
	query := url.Values{
		"Version": {"2015-04-01"}, "Action": {action}, "Format": {"JSON"}, "Timestamp": {w.now().UTC().Format("2006-01-02T15:04:05Z")},
		"SignatureMethod": {"HMAC-SHA1"}, "SignatureVersion": {"1.0"}, "SignatureNonce": {"n" + form.Encode()}, "AccessKeyId": {w.key},
	}
	if w.token != "" {
		query.Set("SecurityToken", w.token)
	}
	all := url.Values{}
	for _, values := range []url.Values{query, form} {
		for key := range values {
			all.Set(key, values.Get(key))
		}
	}
	escape := func(text string) string {
		return strings.NewReplacer("+", "%20", "*", "%2A", "%7E", "~").Replace(text)
	}
	mac := hmac.New(sha1.New, []byte(w.secret+"&"))
	mac.Write([]byte("POST&%2F&" + url.QueryEscape(escape(all.Encode()))))
	query.Set("Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	if change != nil {
		change(query)
	}
	response, body := wiretest.Send(w.t, w.Transport(), wiretest.NewRequest(w.t, "POST", "https://sts.example/?"+query.Encode(), form.Encode(),
		"Content-Type", "application/x-www-form-urlencoded"))
	return answer{response.StatusCode, response.Header, []byte(body)}
}

// TestServer_AssumeRole: a session of a role signs as its own, until it ends.
func TestServer_AssumeRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		r := DefaultResources("ap-northeast-1")
		r.RAMRoles = append(r.RAMRoles, RAMRole{Name: "external", ExternalID: "x"})
		o.Resources = &r
	})
	form := func(change ...string) url.Values {
		v := url.Values{"RoleArn": {operatorARN}, "RoleSessionName": {"a.b"}, "DurationSeconds": {"900"}}
		for i := 0; i+1 < len(change); i += 2 {
			v.Set(change[i], change[i+1])
		}
		return v
	}
	for _, test := range []struct {
		name, want string
		form       url.Values
		change     func(url.Values)
	}{
		{"another-secret", "400 SignatureDoesNotMatch", form(), func(q url.Values) { q.Set("Signature", "x") }},
		{"no-time", "400 IncompleteSignature", form(), func(q url.Values) { q.Del("Timestamp") }},
		{"no-method", "400 IncompleteSignature", form(), func(q url.Values) { q.Set("SignatureMethod", "MD5") }},
		{"unknown-key", "404 InvalidAccessKeyId.NotFound", form(), func(q url.Values) { q.Set("AccessKeyId", "none") }},
		{"no-role", "404 EntityNotExist.Role", form("RoleArn", operatorARN+"2", "RoleSessionName", "ci"), nil},
		{"no-arn", "400 InvalidParameter.RoleArn", form("RoleArn", "pmks", "RoleSessionName", "ci"), nil},
		{"session", "400 InvalidParameter.RoleSessionName", form("RoleSessionName", "a b"), nil},
		{"duration", "400 InvalidParameter", form("DurationSeconds", "899", "RoleSessionName", "ci"), nil},
		{"policy", "501 NotSimulated", form("Policy", "{}", "RoleSessionName", "ci"), nil},
		{"external-id", "403 NoPermission", form("RoleArn", "acs:ram::"+DefaultAccountID+":role/external", "RoleSessionName", "ci"), nil},
		{"with-external-id", "200", form("RoleArn", "acs:ram::"+DefaultAccountID+":role/external", "RoleSessionName", "ci", "ExternalId", "x"), nil},
	} {
		if got := w.signedForm("AssumeRole", test.form, test.change).verdict(); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
	a := w.want(w.signedForm("AssumeRole", form("RoleSessionName", "ci.job-1"), nil), "200")
	w.key, w.secret, w.token = a.text("Credentials", "AccessKeyId"), a.text("Credentials", "AccessKeySecret"), a.text("Credentials", "SecurityToken")
	if a.text("Credentials", "Expiration") != "2026-11-02T09:45:00Z" {
		t.Errorf("it ends at %s", a.text("Credentials", "Expiration"))
	}
	if who := w.want(w.signedForm("GetCallerIdentity", url.Values{}, nil), "200"); who.text("Arn") != "acs:ram::"+DefaultAccountID+":assumed-role/pmks-operator/ci.job-1" {
		t.Errorf("the caller is %s", who.body)
	}
	w.want(w.roa("GET", "/quota", nil), "200")
	w.clock.Add(15 * time.Minute)
	w.want(w.roa("GET", "/quota", nil), "400 InvalidSecurityToken.Expired")
	// The older scheme of the RPC style is none of ACK's.
	r := w.request("GET", "/quota?Signature=x&AccessKeyId=a", nil)
	response, body := wiretest.Send(t, w.Transport(), r)
	if response.StatusCode != http.StatusBadRequest || !strings.Contains(body, "IncompleteSignature") {
		t.Errorf("got %d %s", response.StatusCode, body)
	}
}

// TestServer_AssumeRoleWithOIDC: a token stands for a signature.
func TestServer_AssumeRoleWithOIDC(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.OIDCTokens = []string{"pod-token"} })
	const provider = "acs:ram::" + DefaultAccountID + ":oidc-provider/ack-rrsa-c1"
	for _, test := range []struct{ role, provider, token, want string }{
		{operatorARN, provider, "pod-token\n", "200"},
		{operatorARN, provider, "none", "400 AuthenticationFail.OIDCToken.Invalid"},
		{operatorARN, "acs:ram::1:oidc-provider/a", "pod-token", "404 EntityNotExist.OIDCProvider"},
		{operatorARN + "2", provider, "pod-token", "404 EntityNotExist.Role"},
	} {
		form := url.Values{"RoleArn": {test.role}, "OIDCProviderArn": {test.provider}, "OIDCToken": {test.token}, "RoleSessionName": {"pod"}}
		r := wiretest.NewRequest(t, "POST", "https://sts.example/?Version=2015-04-01&Action=AssumeRoleWithOIDC&Format=JSON&Timestamp=2026-11-02T09%3A30%3A00Z", form.Encode(),
			"Content-Type", "application/x-www-form-urlencoded")
		response, body := wiretest.Send(t, w.Transport(), r)
		a := w.want(answer{response.StatusCode, response.Header, []byte(body)}, test.want)
		if a.status != 200 {
			continue
		}
		w.key, w.secret, w.token = a.text("Credentials", "AccessKeyId"), a.text("Credentials", "AccessKeySecret"), a.text("Credentials", "SecurityToken")
		w.want(w.roa("GET", "/quota", nil), "200")
	}
	if n := len(w.keys); n != 2 {
		t.Errorf("there are %d keys", n)
	}
}
