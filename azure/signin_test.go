// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/azure"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/aks"
)

// identity makes a certificate with its key, as a PEM file holds them.
func identity(t *testing.T) (*x509.Certificate, []byte) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "pmks"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, block := range []*pem.Block{{Type: "PRIVATE KEY", Bytes: pkcs8}, {Type: "CERTIFICATE", Bytes: der}} {
		if err := pem.Encode(&b, block); err != nil {
			t.Fatal(err)
		}
	}
	return parsed, b.Bytes()
}

// workloadToken makes a token as a Kubernetes cluster issues it to a workload.
func workloadToken(subject string, ends time.Time) string {
	segment := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			panic(err) // maps of texts and numbers marshal
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	return segment(map[string]string{"alg": "RS256", "typ": "JWT", "kid": "k"}) + "." + segment(map[string]any{
		"iss": "https://issuer.example", "sub": subject, "aud": "api://AzureADTokenExchange",
		"iat": ends.Add(-time.Hour).Unix(), "nbf": ends.Add(-time.Hour).Unix(), "exp": ends.Unix(), "jti": "1"}) +
		"." + base64.RawURLEncoding.EncodeToString([]byte("signature"))
}

// TestNew_credentials signs in at the simulated Entra in each of the ways, and in
// wrong ones.
func TestNew_credentials(t *testing.T) {
	t.Parallel()
	certificate, pemText := identity(t)
	_, strange := identity(t)
	s := aks.New(aks.Options{Apps: map[string]aks.App{
		aks.DefaultClientID: {Secrets: []string{aks.DefaultClientSecret}, Certificates: []*x509.Certificate{certificate},
			Federated: []aks.Federation{{Issuer: "https://issuer.example", Subject: "system:serviceaccount:pmks:pmks"}}},
		"44444444-4444-4444-8444-444444444444": {Secrets: []string{"unprivileged-secret"}, Denied: []string{"*"}},
	}})
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write("good.pem", pemText)
	stranger := write("stranger.pem", strange)
	workload := write("workload", []byte(workloadToken("system:serviceaccount:pmks:pmks", time.Now().Add(time.Hour))))
	other := write("other", []byte(workloadToken("system:serviceaccount:pmks:other", time.Now().Add(time.Hour))))
	sound := func(testing.TB) azure.Config {
		cfg := configFor(s)
		cfg.ClientSecret = ""
		return cfg
	}
	secrets := []string{"planted-secret", "unprivileged-secret", "PRIVATE KEY"}
	providertest.Credentials(t, azure.New, sound, secrets, []providertest.Setup[azure.Config]{
		{Name: "secret", Change: func(c *azure.Config) { c.ClientSecret = aks.DefaultClientSecret }},
		{Name: "certificate", Change: func(c *azure.Config) { c.CertificateFile = good }},
		{Name: "workload-identity", Change: func(c *azure.Config) { c.FederatedTokenFile = workload }},
		{Name: "wrong-secret", Change: func(c *azure.Config) { c.ClientSecret = "planted-secret" }, Code: pmks.CodeUnauthenticated},
		{Name: "wrong-certificate", Change: func(c *azure.Config) { c.CertificateFile = stranger }, Code: pmks.CodeUnauthenticated},
		{Name: "wrong-workload", Change: func(c *azure.Config) { c.FederatedTokenFile = other }, Code: pmks.CodeUnauthenticated},
		{Name: "unknown-client", Change: func(c *azure.Config) {
			c.ClientID, c.ClientSecret = "55555555-5555-4555-8555-555555555555", "planted-secret"
		}, Code: pmks.CodeUnauthenticated},
		{Name: "no-role", Change: func(c *azure.Config) {
			c.ClientID, c.ClientSecret = "44444444-4444-4444-8444-444444444444", "unprivileged-secret"
		}, Code: pmks.CodePermissionDenied},
		{Name: "missing-file", Change: func(c *azure.Config) { c.CertificateFile = filepath.Join(dir, "none") }, Code: pmks.CodeInvalidArgument},
		{Name: "no-certificate-in-it", Change: func(c *azure.Config) { c.CertificateFile = workload }, Code: pmks.CodeInvalidArgument},
		{Name: "two-ways", Change: func(c *azure.Config) { c.ClientSecret, c.CertificateFile = "planted-secret", good }, Code: pmks.CodeInvalidArgument},
		{Name: "half-a-way", Change: func(c *azure.Config) { c.ClientSecret, c.TenantID = "planted-secret", "" }, Code: pmks.CodeInvalidArgument},
	})
}

// TestNew_environment: with no credentials given, the SDK's default chain takes
// those of the environment.
func TestNew_environment(t *testing.T) { // not parallel: the environment is the process's
	s := aks.New(aks.Options{})
	cfg := configFor(s)
	for name, value := range map[string]string{
		"AZURE_TENANT_ID": cfg.TenantID, "AZURE_CLIENT_ID": cfg.ClientID, "AZURE_CLIENT_SECRET": cfg.ClientSecret,
		"AZURE_SUBSCRIPTION_ID": cfg.SubscriptionID, "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
		"AZURE_CLIENT_CERTIFICATE_PATH": "", "AZURE_FEDERATED_TOKEN_FILE": "", "AZURE_AUTHORITY_HOST": "",
	} {
		t.Setenv(name, value)
	}
	cfg.TenantID, cfg.ClientID, cfg.ClientSecret, cfg.SubscriptionID = "", "", "", ""
	if _, err := newHandlerWith(t, cfg).ListIID(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestConfig_secrets: nothing secret is printed, whatever the way.
func TestConfig_secrets(t *testing.T) {
	t.Parallel()
	cfg := configFor(aks.New(aks.Options{}))
	h := newHandlerWith(t, cfg)
	cfg.ClientSecret, cfg.CertificatePassword = "s3cr3t", "s3cr3t"
	providertest.ShowNone(t, []string{"s3cr3t", aks.DefaultClientSecret}, cfg, h)
}
