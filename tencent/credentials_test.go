// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/tke"
	"github.com/pmks-go/pmks/tencent"
)

// noEnvironment takes the credentials of the machine that runs the test out of its way.
func noEnvironment(t testing.TB) *testing.T {
	t.Helper()
	whole, ok := t.(*testing.T)
	if !ok {
		t.Fatal("no Setenv")
	}
	for _, name := range []string{"TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY", "TENCENTCLOUD_CREDENTIALS_FILE", "TKE_WEB_IDENTITY_TOKEN_FILE"} {
		whole.Setenv(name, "") // to have it back afterwards
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	whole.Setenv("HOME", t.TempDir())
	return whole
}

// write makes a file below the home directory of the test.
func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(os.Getenv("HOME"), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestNew_credentials reaches the simulator with each way to give a key, and with wrong
// ones.
func TestNew_credentials(t *testing.T) {
	const token, oidc = "session-token-of-the-test", "oidc-token-for-the-simulator"
	const operator = "qcs::cam::uin/" + tke.DefaultAccountID + ":roleName/" + tke.OperatorRole
	s := tke.New(tke.Options{Unlimited: true, OIDCTokens: []string{oidc}, Keys: map[string]tke.Key{
		tke.DefaultSecretID: {Secret: tke.DefaultSecretKey}, "AKIDtemporary": {Secret: "secret-of-sts", Token: token}}})
	noKeys := func(t testing.TB, c *tencent.Config) *testing.T {
		t.Helper()
		c.SecretID, c.SecretKey = "", ""
		return noEnvironment(t)
	}
	sound := func(testing.TB) tencent.Config { return configOf(providertest.Connection{Transport: s.Transport()}) }
	providertest.Credentials(t, tencent.New, sound, []string{tke.DefaultSecretKey, "secret-of-sts", token, oidc, "wrong-secret-of-the-test"}, []providertest.Setup[tencent.Config]{
		{Name: "keys"},
		{Name: "temporary", Change: func(c *tencent.Config) { c.SecretID, c.SecretKey, c.Token = "AKIDtemporary", "secret-of-sts", token }},
		{Name: "role", Change: func(c *tencent.Config) { c.RoleARN = operator }},
		{Name: "role-with-the-environment", Prepare: func(t testing.TB, c *tencent.Config) {
			env := noKeys(t, c)
			env.Setenv("TENCENTCLOUD_SECRET_ID", tke.DefaultSecretID)
			env.Setenv("TENCENTCLOUD_SECRET_KEY", tke.DefaultSecretKey)
			c.RoleARN = operator
		}},
		{Name: "oidc", Prepare: func(t testing.TB, c *tencent.Config) {
			noKeys(t, c)
			c.RoleARN, c.OIDCProviderID, c.OIDCTokenFile = operator, "pods", write(t, "token", oidc)
		}},
		{Name: "oidc-of-a-pod", Prepare: func(t testing.TB, c *tencent.Config) {
			env := noKeys(t, c)
			env.Setenv("TKE_WEB_IDENTITY_TOKEN_FILE", write(t, "token", oidc))
			env.Setenv("TKE_PROVIDER_ID", "pods")
			env.Setenv("TKE_ROLE_ARN", operator)
		}},
		{Name: "credential", Change: func(c *tencent.Config) {
			c.SecretID, c.SecretKey, c.Credential = "", "", common.NewCredential(tke.DefaultSecretID, tke.DefaultSecretKey)
		}},
		{Name: "environment", Prepare: func(t testing.TB, c *tencent.Config) {
			env := noKeys(t, c)
			env.Setenv("TENCENTCLOUD_SECRET_ID", tke.DefaultSecretID)
			env.Setenv("TENCENTCLOUD_SECRET_KEY", tke.DefaultSecretKey)
		}},
		{Name: "shared-file", Prepare: func(t testing.TB, c *tencent.Config) {
			noKeys(t, c)
			write(t, ".tencentcloud/credentials", "[default]\nsecret_id = "+tke.DefaultSecretID+"\nsecret_key = "+tke.DefaultSecretKey+"\n")
		}},
		{Name: "profile", Prepare: func(t testing.TB, c *tencent.Config) {
			noKeys(t, c)
			write(t, ".tccli/ops.credential", `{"secretId":"`+tke.DefaultSecretID+`","secretKey":"`+tke.DefaultSecretKey+`"}`)
			c.Profile = "ops"
		}},
		{Name: "none", Prepare: func(t testing.TB, c *tencent.Config) { noKeys(t, c) }, Code: pmks.CodeUnauthenticated, Says: []string{"secretId"}},
		{Name: "no-such-profile", Prepare: func(t testing.TB, c *tencent.Config) { noKeys(t, c); c.Profile = "nobody" }, Code: pmks.CodeUnauthenticated, Says: []string{"profile"}},
		{Name: "broken-file", Prepare: func(t testing.TB, c *tencent.Config) {
			noKeys(t, c)
			write(t, ".tencentcloud/credentials", "[default]\nsecret_id = "+tke.DefaultSecretID+"\n")
		}, Code: pmks.CodeUnauthenticated},
		{Name: "no-such-role", Change: func(c *tencent.Config) { c.RoleARN = operator + "-not" }, Code: pmks.CodeUnauthenticated, Says: []string{operator + "-not could not be assumed"}},
		{Name: "no-token-file", Prepare: func(t testing.TB, c *tencent.Config) {
			noKeys(t, c)
			c.RoleARN, c.OIDCProviderID, c.OIDCTokenFile = operator, "pods", "/no/such/file"
		}, Code: pmks.CodeInvalidArgument, Says: []string{"oidcTokenFile"}},
		{Name: "unknown-key", Change: func(c *tencent.Config) { c.SecretID = "AKIDnobody" }, Code: pmks.CodeUnauthenticated, Says: []string{"check secretId", "AuthFailure.SecretIdNotFound"}},
		{Name: "wrong-secret", Change: func(c *tencent.Config) { c.SecretKey = "wrong-secret-of-the-test" }, Code: pmks.CodeUnauthenticated, Says: []string{"check secretKey"}},
		{Name: "wrong-token", Change: func(c *tencent.Config) {
			c.SecretID, c.SecretKey, c.Token = "AKIDtemporary", "secret-of-sts", "wrong-secret-of-the-test"
		}, Code: pmks.CodeUnauthenticated},
	})
}

// slow is a credential that is deaf to contexts.
type slow struct {
	asked          *atomic.Int32
	first, release chan struct{}
}

func (s slow) GetCredential() (id, secret, token string) {
	if s.asked.Add(1) == 1 {
		close(s.first)
	}
	<-s.release
	return tke.DefaultSecretID, tke.DefaultSecretKey, ""
}
func (s slow) GetSecretId() string  { return tke.DefaultSecretID }
func (s slow) GetSecretKey() string { return tke.DefaultSecretKey }
func (s slow) GetToken() string     { return "" }

// TestCredentials_sharedAndPatient: many callers ask a credential once at a time, and none
// waits longer than its own context while that hangs.
func TestCredentials_sharedAndPatient(t *testing.T) {
	t.Parallel()
	deaf := slow{&atomic.Int32{}, make(chan struct{}), make(chan struct{})}
	h := newHandler(t, bench.Simulate(providertest.Options{Unlimited: true}), func(c *tencent.Config) { c.SecretID, c.SecretKey, c.Credential = "", "", deaf })
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { _, err := h.ListIID(ctx); ended <- err }()
	<-deaf.first
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
	close(deaf.release)
	group.Wait()
}
