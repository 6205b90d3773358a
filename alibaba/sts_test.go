// SPDX-License-Identifier: Apache-2.0

package alibaba_test

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/alibaba"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/ack"
)

const (
	roleARN   = "acs:ram::1234567890123456:role/operator"
	oidcToken = "oidc-token-of-the-test"
	roleToken = "sts-token-of-the-role"
)

// withRole is a handler that assumes a role, with keys or with a token, and what STS
// answers: after the vendor's reference, in front of the simulator.
func withRole(t *testing.T, oidc bool, sts func(r *http.Request, form url.Values) *http.Response) *alibaba.Handler {
	t.Helper()
	s := ack.New(ack.Options{Keys: map[string]ack.Key{"STS.role": {Secret: "secret-of-the-role", SecurityToken: roleToken}}})
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(oidcToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return newHandlerOn(t, providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if !strings.HasPrefix(r.URL.Host, "sts.") {
			return s.Transport().RoundTrip(r)
		}
		var body []byte
		if r.Body != nil {
			var err error
			if body, err = io.ReadAll(r.Body); err != nil {
				return nil, err
			}
		}
		form, err := url.ParseQuery(string(body))
		return sts(r, form), err
	}), func(c *alibaba.Config) {
		c.RoleARN = roleARN
		if oidc {
			c.AccessKeyID, c.AccessKeySecret, c.OIDCProviderARN, c.OIDCTokenFile = "", "", "acs:ram::1234567890123456:oidc-provider/ack", file
		}
	})
}

func roleKeys(r *http.Request, end string) *http.Response {
	return providertest.Respond(r, 200, `{"RequestId":"R","AssumedRoleUser":{},"Credentials":{"AccessKeyId":"STS.role","AccessKeySecret":"secret-of-the-role","SecurityToken":"`+roleToken+`"`+end+`}}`)
}

func endsIn(d time.Duration) string {
	return `,"Expiration":"` + time.Now().Add(d).UTC().Format("2006-01-02T15:04:05Z") + `"`
}

// TestRole: a role is assumed with keys or with a token, which stands in the body alone, and
// again before its keys end.
func TestRole(t *testing.T) {
	t.Parallel()
	for _, oidc := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			asked := 0
			h := withRole(t, oidc, func(r *http.Request, form url.Values) *http.Response {
				asked++
				q := r.URL.Query()
				action, signed := r.Header.Get("X-Acs-Action"), r.Header.Get("Authorization")
				if q.Get("RoleArn") != roleARN || q.Get("RoleSessionName") != "pmks" || strings.Contains(r.URL.String(), oidcToken) {
					t.Errorf("the request is %s", r.URL)
				}
				if oidc && (action != "AssumeRoleWithOIDC" || signed != "" || form.Get("OIDCToken") != oidcToken || form.Get("OIDCProviderArn") == "") {
					t.Errorf("%s, signed %q, with %v", action, signed, form)
				}
				if !oidc && (action != "AssumeRole" || !strings.Contains(signed, ack.DefaultAccessKeyID)) {
					t.Errorf("%s, signed %q", action, signed)
				}
				return roleKeys(r, endsIn(time.Hour))
			})
			for _, wait := range []time.Duration{0, 30 * time.Minute, 25 * time.Minute} {
				time.Sleep(wait) //nolint:forbidigo // inside a synctest bubble
				if _, err := h.ListIID(t.Context()); err != nil {
					t.Error(err)
				}
			}
			if asked != 2 {
				t.Errorf("the role was assumed %d times in 55 minutes, want twice", asked)
			}
		})
	}
}

// TestRole_token: a token of a cluster ends no later than the session that signs it.
func TestRole_token(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broken, began := false, time.Now()
		h := withRole(t, false, func(r *http.Request, _ url.Values) *http.Response {
			if broken {
				return providertest.Respond(r, 500, `{"Code":"InternalError","Message":"try again"}`)
			}
			return roleKeys(r, endsIn(time.Hour))
		})
		info, err := h.CreateCluster(t.Context(), plain("demo"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pmks.WaitClusterActive(t.Context(), h, info.IId); err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct{ at, ends time.Duration }{{30 * time.Minute, 40 * time.Minute}, {57 * time.Minute, time.Hour}} {
			time.Sleep(time.Until(began.Add(test.at))) //nolint:forbidigo // inside a synctest bubble
			token, err := h.GenerateClusterToken(t.Context(), info.IId)
			if got := token.ExpiresAt.Sub(began).Round(time.Second); err != nil || got != test.ends {
				t.Errorf("after %s a token ends after %s, %v, want %s", test.at, got, err, test.ends)
			}
			broken = true // the session is used to its end
		}
	})
}

// TestRole_faults: what STS says otherwise is told, without the token and the keys, and no
// redirect takes them elsewhere.
func TestRole_faults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		body   string
		code   pmks.Code
		says   string
	}{
		"not-trusted": {403, `{"Code":"NoPermission","Message":"You are not authorized to do this action."}`, pmks.CodePermissionDenied, "not authorized"},
		"no-role":     {404, `{"Code":"EntityNotExist.Role","Message":"The role not exists."}`, pmks.CodeUnauthenticated, "The role not exists"},
		"bad-token":   {400, `{"Code":"AuthenticationFail.OIDCToken.Invalid","Message":"` + oidcToken + ` is invalid"}`, pmks.CodeUnauthenticated, "is invalid"},
		"page":        {200, "<html>login</html>", pmks.CodeUnavailable, "proxy"},
		"hollow":      {200, "{}", pmks.CodeUnavailable, "lost"},
		"endless":     {200, `{"Credentials":{"AccessKeyId":"a","AccessKeySecret":"secret-of-the-role"}}`, pmks.CodeUnavailable, "lost"},
		"redirect":    {307, "{}", pmks.CodeUnavailable, "redirect"},
		"broken":      {500, `{"Code":"InternalError","Message":"try again"}`, pmks.CodeInternal, "try again"},
	} {
		for _, oidc := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				h := withRole(t, oidc, func(r *http.Request, _ url.Values) *http.Response {
					resp := providertest.Respond(r, test.status, test.body)
					resp.Header.Set("Location", "https://sts.elsewhere.example/")
					if r.URL.Host == "sts.elsewhere.example" {
						t.Error("the redirect was followed")
					}
					return resp
				})
				_, err := h.ListIID(t.Context())
				if pmks.CodeOf(err) != test.code || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), roleARN) {
					t.Errorf("%s: got %v, want %s that says %q", name, err, test.code, test.says)
				}
				secrets := []string{"secret-of-the-role", ack.DefaultAccessKeySecret}
				if oidc { // otherwise it is nothing that the handler knows
					secrets = append(secrets, oidcToken)
				}
				providertest.ShowNone(t, secrets, err)
			})
		}
	}
}
