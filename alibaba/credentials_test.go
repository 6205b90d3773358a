// SPDX-License-Identifier: Apache-2.0

package alibaba_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alibabacloud-go/tea/tea"
	"github.com/aliyun/credentials-go/credentials"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/alibaba"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/ack"
)

// noEnvironment takes the credentials of the machine that runs the test out of its way.
func noEnvironment(t testing.TB) {
	t.Helper()
	env, ok := t.(interface{ Setenv(key, value string) })
	if !ok {
		t.Fatal("no Setenv")
	}
	for _, name := range []string{"ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN", "ROLE_ARN", "OIDC_PROVIDER_ARN", "OIDC_TOKEN_FILE", "ECS_METADATA", "CREDENTIALS_URI", "PROFILE"} {
		env.Setenv("ALIBABA_CLOUD_"+name, "")
	}
	env.Setenv("HOME", t.TempDir())
	env.Setenv("ALIBABA_CLOUD_CONFIG_FILE", filepath.Join(t.TempDir(), "none.json"))
	env.Setenv("ALIBABA_CLOUD_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
}

// TestNew_credentials reaches the simulator with each way to give a key, and with wrong
// ones.
func TestNew_credentials(t *testing.T) {
	const token = "sts-session-token-of-the-test"
	oidc := filepath.Join(t.TempDir(), "oidc-token")
	if err := os.WriteFile(oidc, []byte("oidc-token-for-the-simulator"), 0o600); err != nil {
		t.Fatal(err)
	}
	const operator = "acs:ram::" + ack.DefaultAccountID + ":role/" + ack.OperatorRole
	s := ack.New(ack.Options{Unlimited: true, OIDCTokens: []string{"oidc-token-for-the-simulator"}, BearerTokens: []string{"bearer-of-the-test"}, Keys: map[string]ack.Key{
		ack.DefaultAccessKeyID: {Secret: ack.DefaultAccessKeySecret}, "STS.temporary": {Secret: "secret-of-sts", SecurityToken: token}}})
	noKeys := func(t testing.TB, c *alibaba.Config) {
		t.Helper()
		noEnvironment(t)
		c.AccessKeyID, c.AccessKeySecret = "", ""
	}
	sound := func(testing.TB) alibaba.Config { return configOf(providertest.Connection{Transport: s.Transport()}) }
	secrets := []string{ack.DefaultAccessKeySecret, "secret-of-sts", token, "wrong-secret-of-the-test"}
	providertest.Credentials(t, alibaba.New, sound, secrets, []providertest.Setup[alibaba.Config]{
		{Name: "keys"},
		{Name: "temporary", Change: func(c *alibaba.Config) {
			c.AccessKeyID, c.AccessKeySecret, c.SecurityToken = "STS.temporary", "secret-of-sts", token
		}},
		{Name: "bearer", Change: func(c *alibaba.Config) {
			c.AccessKeyID, c.AccessKeySecret, c.BearerToken = "", "", "bearer-of-the-test"
		}},
		{Name: "role", Change: func(c *alibaba.Config) { c.RoleARN = operator }},
		{Name: "oidc", Change: func(c *alibaba.Config) {
			c.AccessKeyID, c.AccessKeySecret, c.RoleARN = "", "", operator
			c.OIDCProviderARN, c.OIDCTokenFile = "acs:ram::"+ack.DefaultAccountID+":oidc-provider/ack", oidc
		}},
		{Name: "role-with-the-environment", Prepare: func(t testing.TB, c *alibaba.Config) {
			noKeys(t, c)
			t.(*testing.T).Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", ack.DefaultAccessKeyID)
			t.(*testing.T).Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", ack.DefaultAccessKeySecret)
			c.RoleARN = operator
		}},
		{Name: "role-without-keys", Prepare: func(t testing.TB, c *alibaba.Config) {
			t.Helper()
			noKeys(t, c)
			c.RoleARN = operator
		}, Code: pmks.CodeUnauthenticated, Says: []string{"accessKeyId"}},
		{Name: "no-such-role", Change: func(c *alibaba.Config) { c.RoleARN = operator + "-not" }, Code: pmks.CodeUnauthenticated, Says: []string{operator + "-not could not be assumed"}},
		{Name: "no-token-file", Change: func(c *alibaba.Config) {
			c.AccessKeyID, c.AccessKeySecret, c.RoleARN = "", "", operator
			c.OIDCProviderARN, c.OIDCTokenFile = "acs:ram::"+ack.DefaultAccountID+":oidc-provider/ack", oidc+"-not"
		}, Says: []string{"oidcTokenFile"}, Code: pmks.CodeInvalidArgument},
		{Name: "oidc-of-the-environment", Prepare: func(t testing.TB, c *alibaba.Config) {
			noKeys(t, c)
			t.(*testing.T).Setenv("ALIBABA_CLOUD_ROLE_ARN", operator)
			t.(*testing.T).Setenv("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "acs:ram::"+ack.DefaultAccountID+":oidc-provider/ack")
			t.(*testing.T).Setenv("ALIBABA_CLOUD_OIDC_TOKEN_FILE", oidc)
		}},
		{Name: "credential", Change: func(c *alibaba.Config) {
			c.AccessKeyID, c.AccessKeySecret = "", ""
			c.Credential, _ = credentials.NewCredential(&credentials.Config{Type: tea.String("access_key"),
				AccessKeyId: tea.String(ack.DefaultAccessKeyID), AccessKeySecret: tea.String(ack.DefaultAccessKeySecret)})
		}},
		{Name: "environment", Prepare: func(t testing.TB, c *alibaba.Config) {
			noKeys(t, c)
			t.(*testing.T).Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", ack.DefaultAccessKeyID)
			t.(*testing.T).Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", ack.DefaultAccessKeySecret)
		}},
		{Name: "profile", Prepare: func(t testing.TB, c *alibaba.Config) {
			noKeys(t, c)
			file := filepath.Join(t.TempDir(), "config.json")
			t.(*testing.T).Setenv("ALIBABA_CLOUD_CONFIG_FILE", file)
			t.(*testing.T).Setenv("HOME", filepath.Dir(file))
			if err := os.MkdirAll(filepath.Join(filepath.Dir(file), ".aliyun"), 0o700); err != nil {
				t.Fatal(err)
			}
			text := `{"current":"ops","profiles":[{"name":"ops","mode":"AK","access_key_id":"` + ack.DefaultAccessKeyID + `","access_key_secret":"` + ack.DefaultAccessKeySecret + `"}]}`
			for _, name := range []string{file, filepath.Join(filepath.Dir(file), ".aliyun", "config.json")} {
				if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			c.Profile = "ops"
		}},
		{Name: "none", Prepare: noKeys, Code: pmks.CodeUnauthenticated, Says: []string{"accessKeyId"}},
		{Name: "unknown-key", Change: func(c *alibaba.Config) { c.AccessKeyID = "LTAI-nobody" }, Code: pmks.CodeUnauthenticated, Says: []string{"check accessKeyId", "InvalidAccessKeyId.NotFound", "HTTP 404"}},
		{Name: "wrong-secret", Change: func(c *alibaba.Config) { c.AccessKeySecret = "wrong-secret-of-the-test" }, Code: pmks.CodeUnauthenticated, Says: []string{"check accessKeySecret"}},
		{Name: "wrong-token", Change: func(c *alibaba.Config) {
			c.AccessKeyID, c.AccessKeySecret, c.SecurityToken = "STS.temporary", "secret-of-sts", "wrong-secret-of-the-test"
		}, Code: pmks.CodeUnauthenticated},
		{Name: "no-such-profile", Prepare: func(t testing.TB, c *alibaba.Config) {
			t.Helper()
			noKeys(t, c)
			c.Profile = "nobody"
		}, Code: pmks.CodeUnauthenticated},
	})
}

// uriServer is a service that hands out keys, and the environment that names it.
func uriServer(t *testing.T, answer http.HandlerFunc) {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	noEnvironment(t)
	t.Setenv("ALIBABA_CLOUD_CREDENTIALS_URI", server.URL)
	t.Setenv("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "true")
}

const handedOut = "secret-that-was-handed-out"

func goodKeys() string {
	return `{"AccessKeyId":"` + ack.DefaultAccessKeyID + `","AccessKeySecret":"` + ack.DefaultAccessKeySecret + `","SecurityToken":"t0ken-handed-out","Expiration":"` +
		time.Now().Add(time.Hour).UTC().Format("2006-01-02T15:04:05Z") + `"}`
}

// TestCredentials_faults: what a service that hands out keys answers wrongly is told
// without what it handed out, and is asked again by the next request.
func TestCredentials_faults(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"no-expiration": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"AccessKeyId":"LTAI","AccessKeySecret":"` + handedOut + `","SecurityToken":"x"}`))
		},
		"page":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>" + handedOut + "</html>")) },
		"empty": func(http.ResponseWriter, *http.Request) {},
		"forbidden": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"Secret":"`+handedOut+`"}`, http.StatusForbidden)
		},
		"broken": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, handedOut, http.StatusInternalServerError) },
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			uriServer(t, func(w http.ResponseWriter, r *http.Request) { asked.Add(1); answer(w, r) })
			h := newHandler(t, bench.Simulate(providertest.Options{}), func(c *alibaba.Config) { c.AccessKeyID, c.AccessKeySecret = "", "" })
			for want := range int32(2) {
				_, err := h.ListIID(t.Context())
				if code := pmks.CodeOf(err); code != pmks.CodeUnauthenticated {
					t.Errorf("got %v", err)
				}
				providertest.ShowNone(t, []string{handedOut}, err)
				if asked.Load() <= want {
					t.Error("it was not asked again")
				}
			}
		})
	}
}

// TestCredentials_sharedAndPatient: many callers make one request for keys, and none waits
// longer than its own context while that hangs.
func TestCredentials_sharedAndPatient(t *testing.T) {
	var asked atomic.Int32
	first, release := make(chan struct{}), make(chan struct{})
	uriServer(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			close(first)
		}
		<-release
		_, _ = w.Write([]byte(goodKeys()))
	})
	s := ack.New(ack.Options{Unlimited: true, Keys: map[string]ack.Key{ack.DefaultAccessKeyID: {Secret: ack.DefaultAccessKeySecret, SecurityToken: "t0ken-handed-out"}}})
	h := newHandler(t, s, func(c *alibaba.Config) { c.AccessKeyID, c.AccessKeySecret = "", "" })
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { _, err := h.ListIID(ctx); ended <- err }()
	<-first
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if _, err := h.ListIID(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(release)
	group.Wait()
	if n := asked.Load(); n > 2 {
		t.Errorf("%d requests for keys", n)
	}
}

// TestCredentials_inTheClear: keys are not asked for over plain http of another machine,
// whatever the environment says.
func TestCredentials_inTheClear(t *testing.T) {
	noEnvironment(t)
	t.Setenv("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "true")
	t.Setenv("ALIBABA_CLOUD_CREDENTIALS_URI", "http://192.0.2.1/keys")
	h := newHandler(t, bench.Simulate(providertest.Options{}), func(c *alibaba.Config) { c.AccessKeyID, c.AccessKeySecret = "", "" })
	_, err := h.ListIID(t.Context())
	if pmks.CodeOf(err) != pmks.CodeUnauthenticated || !strings.Contains(err.Error(), "ALIBABA_CLOUD_CREDENTIALS_URI http would send") {
		t.Errorf("got %v", err)
	}
}
