// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// realClock lets tokens of azidentity, which knows no other clock, be good.
func realClock(o *Options) { o.Now = time.Now }

func newCertificate(t *testing.T) (*x509.Certificate, *rsa.PrivateKey) {
	t.Helper()
	key := wiretest.OK(rsa.GenerateKey(rand.Reader, 2048))(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "app"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der := wiretest.OK(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))(t)
	cert := wiretest.OK(x509.ParseCertificate(der))(t)
	return cert, key
}

// signed makes a token as an issuer does; key may be nil for "none".
func signed(t *testing.T, key ed25519.PrivateKey, claims map[string]any) string {
	t.Helper()
	header := `{"alg":"EdDSA","typ":"JWT"}`
	if key == nil {
		header = `{"alg":"none"}`
	}
	data := wiretest.OK(json.Marshal(claims))(t)
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString(data)
	if key == nil {
		return text + "."
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(text)))
}

// TestServer_Entra_azidentity: the vendor's own credentials get tokens, in process
// and over TLS, and list clusters with them.
func TestServer_Entra_azidentity(t *testing.T) {
	t.Parallel()
	cert, key := newCertificate(t)
	other, otherKey := newCertificate(t)
	public, issuer, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	app := App{
		Secrets:      []string{"s1", "s2"},
		Certificates: []*x509.Certificate{cert},
		Federated:    []Federation{{Issuer: "https://oidc.example/1", Subject: "system:serviceaccount:a:b", Key: public}},
	}
	assertion := func(issuer ed25519.PrivateKey, change map[string]any) func(context.Context) (string, error) {
		claims := map[string]any{
			"iss": "https://oidc.example/1", "sub": "system:serviceaccount:a:b", "aud": []string{"api://AzureADTokenExchange"},
			"exp": time.Now().Add(time.Hour).Unix(), "nbf": time.Now().Unix(),
		}
		for k, v := range change {
			claims[k] = v
		}
		return func(context.Context) (string, error) { return signed(t, issuer, claims), nil }
	}
	type maker func(o azcore.ClientOptions) (azcore.TokenCredential, error)
	secret := func(id, text string) maker {
		return func(o azcore.ClientOptions) (azcore.TokenCredential, error) {
			return azidentity.NewClientSecretCredential(DefaultTenantID, id, text, &azidentity.ClientSecretCredentialOptions{ClientOptions: o, DisableInstanceDiscovery: true})
		}
	}
	certificate := func(cert *x509.Certificate, key crypto.PrivateKey) maker {
		return func(o azcore.ClientOptions) (azcore.TokenCredential, error) {
			return azidentity.NewClientCertificateCredential(DefaultTenantID, DefaultClientID, []*x509.Certificate{cert}, key,
				&azidentity.ClientCertificateCredentialOptions{ClientOptions: o, DisableInstanceDiscovery: true})
		}
	}
	federated := func(get func(context.Context) (string, error)) maker {
		return func(o azcore.ClientOptions) (azcore.TokenCredential, error) {
			return azidentity.NewClientAssertionCredential(DefaultTenantID, DefaultClientID, get,
				&azidentity.ClientAssertionCredentialOptions{ClientOptions: o, DisableInstanceDiscovery: true})
		}
	}
	tests := []struct {
		name  string
		make  maker
		fault string
	}{
		{"secret", secret(DefaultClientID, "s2"), ""},
		{"secret-wrong", secret(DefaultClientID, "s3"), "AADSTS7000215"},
		{"app-unknown", secret("33333333-2222-4222-8222-222222222222", "s1"), "AADSTS700016"},
		{"certificate", certificate(cert, key), ""},
		{"certificate-unknown", certificate(other, otherKey), "not registered"},
		{"certificate-other-key", certificate(cert, otherKey), "key"},
		{"federated", federated(assertion(issuer, nil)), ""},
		{"federated-subject", federated(assertion(issuer, map[string]any{"sub": "x"})), "no matching federated identity"},
		{"federated-audience", federated(assertion(issuer, map[string]any{"aud": "x"})), "audience"},
		{"federated-expired", federated(assertion(issuer, map[string]any{"exp": time.Now().Add(-time.Hour).Unix()})), "expired"},
		{"federated-too-early", federated(assertion(issuer, map[string]any{"nbf": time.Now().Add(time.Hour).Unix()})), "not valid yet"},
		{"federated-unsigned", federated(assertion(nil, nil)), "signature"},
		{"federated-garbage", federated(func(context.Context) (string, error) { return "a.b.c", nil }), "cannot be read"},
	}
	for _, test := range tests {
		for _, secure := range []bool{false, true} {
			name, base := test.name+"/in-process", simURL
			if secure {
				name = test.name + "/tls"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, realClock, func(o *Options) { o.Apps = map[string]App{DefaultClientID: app} })
				base, transport := base, w.Transport()
				if secure {
					l := wiretest.OK(w.Listen("127.0.0.1:0", true))(t)
					dialing := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: l.CertPool(), MinVersion: tls.VersionTLS12}}
					t.Cleanup(func() {
						dialing.CloseIdleConnections()
						_ = l.Close()
					})
					base, transport = l.URL(), dialing
				}
				options := clientOptions(base, &http.Client{Transport: transport})
				credential, err := test.make(options.ClientOptions)
				if err != nil {
					if test.fault == "" || !strings.Contains(err.Error(), test.fault) {
						t.Fatal(err)
					}
					return
				}
				clusters := wiretest.OK(armcontainerservice.NewManagedClustersClient(DefaultSubscriptionID, credential, options))(t)
				_, err = clusters.NewListPager(nil).NextPage(t.Context())
				var failed *azidentity.AuthenticationFailedError
				switch {
				case test.fault == "" && err != nil:
					t.Error(err)
				case test.fault != "" && (!errors.As(err, &failed) || !strings.Contains(err.Error(), test.fault)):
					t.Errorf("got %v, want %q", err, test.fault)
				}
			})
		}
	}
}

// TestServer_Entra_instanceDiscovery: the discovery that azidentity makes by
// default is answered too.
func TestServer_Entra_instanceDiscovery(t *testing.T) {
	t.Parallel()
	w := newWorld(t, realClock)
	options := clientOptions(simURL, &http.Client{Transport: w.Transport()})
	credential := wiretest.OK(azidentity.NewClientSecretCredential(DefaultTenantID, DefaultClientID, DefaultClientSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: options.ClientOptions}))(t)
	wiretest.OK(credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{KubernetesAudience + "/.default"}}))(t)
	if w.Count("InstanceDiscovery") == 0 || w.Count("Token") != 1 {
		t.Errorf("calls: %v", w.Counts())
	}
}

// send sends a request by hand and returns the status and the body.
func (w *world) send(t *testing.T, method, target, body string, header ...string) (*http.Response, string) {
	t.Helper()
	return wiretest.Send(t, w.Transport(), wiretest.NewRequest(t, method, simURL+target, body, header...))
}

// bearer returns a token for a scope.
func (w *world) bearer(t *testing.T, scope string) string {
	t.Helper()
	l := &login{base: simURL, client: &http.Client{Transport: w.Transport()}, id: DefaultClientID, secret: DefaultClientSecret, clock: w.clock}
	token := wiretest.OK(l.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{scope}}))(t)
	return token.Token
}

const armScope = "https://management.azure.com/.default"

func TestServer_authenticate(t *testing.T) {
	t.Parallel()
	const target = "/subscriptions/" + DefaultSubscriptionID + "/providers/Microsoft.ContainerService/managedClusters?api-version=2025-10-01"
	tests := []struct {
		name  string
		value func(*testing.T, *world) string
		want  string
	}{
		{"right", func(t *testing.T, w *world) string { return "Bearer " + w.bearer(t, armScope) }, ""},
		{"scheme-in-other-case", func(t *testing.T, w *world) string { return "bearer " + w.bearer(t, armScope) }, ""},
		{"missing", func(*testing.T, *world) string { return "" }, "AuthenticationFailed"},
		{"basic", func(*testing.T, *world) string { return "Basic YTpi" }, "AuthenticationFailed"},
		{"garbage", func(*testing.T, *world) string { return "Bearer abc" }, "InvalidAuthenticationToken"},
		{"audience", func(t *testing.T, w *world) string { return "Bearer " + w.bearer(t, KubernetesAudience+"/.default") }, "InvalidAuthenticationTokenAudience"},
		{"expired", func(t *testing.T, w *world) string {
			token := w.bearer(t, armScope)
			w.clock.Add(2 * time.Hour)
			return "Bearer " + token
		}, "ExpiredAuthenticationToken"},
		{"other-simulator", func(t *testing.T, _ *world) string {
			return "Bearer " + newWorld(t, func(o *Options) { o.Seed = 2 }).bearer(t, armScope)
		}, "InvalidAuthenticationToken"},
		{"unsigned", func(t *testing.T, _ *world) string {
			return "Bearer " + signed(t, nil, map[string]any{"aud": "https://management.azure.com", "tid": DefaultTenantID, "exp": int64(1 << 40)})
		}, "InvalidAuthenticationToken"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			var header []string
			if value := test.value(t, w); value != "" {
				header = []string{"Authorization", value}
			}
			response, body := w.send(t, http.MethodGet, target, "", header...)
			if test.want == "" {
				if response.StatusCode != http.StatusOK {
					t.Errorf("got %s: %s", response.Status, body)
				}
				return
			}
			var e gatewayBody
			if err := json.Unmarshal([]byte(body), &e); err != nil || e.Error.Code != test.want || response.StatusCode != http.StatusUnauthorized {
				t.Errorf("got %s: %s, want %s", response.Status, body, test.want)
			}
			if !strings.HasPrefix(response.Header.Get("WWW-Authenticate"), "Bearer authorization_uri=") {
				t.Errorf("the challenge is %q", response.Header.Get("WWW-Authenticate"))
			}
		})
	}
}

func TestServer_issueToken_refusals(t *testing.T) {
	t.Parallel()
	const good = "grant_type=client_credentials&client_id=" + DefaultClientID + "&client_secret=" + DefaultClientSecret + "&scope=https%3A%2F%2Fmanagement.azure.com%2F.default"
	tests := []struct {
		name, tenant, body string
		status             int
		want               string
	}{
		{"right", DefaultTenantID, good + "+openid+offline_access+profile", 200, "access_token"},
		{"tenant", "organizations", good, 400, "AADSTS90002"},
		{"grant", DefaultTenantID, strings.Replace(good, "client_credentials", "password", 1), 400, "unsupported_grant_type"},
		{"no-scope", DefaultTenantID, strings.SplitAfter(good, "&scope=")[0], 400, "AADSTS900144"},
		{"scope-without-default", DefaultTenantID, strings.TrimSuffix(good, "%2F.default"), 400, "AADSTS1002012"},
		{"scope-unknown", DefaultTenantID, strings.Replace(good, "management", "graph", 1), 400, "AADSTS500011"},
		{"two-scopes", DefaultTenantID, good + "+" + KubernetesAudience + "/.default", 400, "AADSTS70011"},
		{"two-credentials", DefaultTenantID, good + "&client_assertion=x", 400, "AADSTS7000219"},
		{"assertion-type", DefaultTenantID, strings.Replace(good, "client_secret=", "client_assertion_type=x&client_assertion=", 1), 400, "AADSTS50183"},
		{"expired", DefaultTenantID, strings.Replace(good, DefaultClientID, "44444444-2222-4222-8222-222222222222", 1), 401, "AADSTS7000222"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(o *Options) {
				o.Apps = map[string]App{
					DefaultClientID:                        {Secrets: []string{DefaultClientSecret}},
					"44444444-2222-4222-8222-222222222222": {Secrets: []string{DefaultClientSecret}, SecretsExpire: wiretest.NewClock().Now()},
				}
			})
			response, body := w.send(t, http.MethodPost, "/"+test.tenant+"/oauth2/v2.0/token", test.body, "Content-Type", "application/x-www-form-urlencoded")
			if response.StatusCode != test.status || !strings.Contains(body, test.want) {
				t.Errorf("got %s: %s, want %d %s", response.Status, body, test.status, test.want)
			}
		})
	}
}

func TestServer_authorize(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		denied string
		want   refusal
	}{
		{"nothing", "Microsoft.ContainerService/managedClusters/delete", refusal{}},
		{"write", "microsoft.containerservice/managedclusters/write", refusal{403, "AuthorizationFailed"}},
		{"all-writes", "Microsoft.ContainerService/*/write", refusal{403, "AuthorizationFailed"}},
		{"everything", "*", refusal{403, "AuthorizationFailed"}},
		{"join", joinAction, refusal{403, "LinkedAuthorizationFailed"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(o *Options) {
				o.Apps = map[string]App{DefaultClientID: {Secrets: []string{DefaultClientSecret}, Denied: []string{test.denied}}}
			})
			_, err := w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "a", clusterInput(), nil)
			check(t, err, test.want, "")
		})
	}
}

func TestServer_VerifyToken(t *testing.T) {
	t.Parallel()
	const scope = KubernetesAudience + "/.default"
	tests := []struct {
		name, cluster, scope string
		age                  time.Duration
		fault                string
	}{
		{"right", "entra", scope, 0, ""},
		{"expired", "entra", scope, 2 * time.Hour, "expired"},
		{"management", "entra", armScope, 0, "audience"},
		{"no-entra", "plain", scope, 0, "does not know Entra"},
		{"no-cluster", "none", scope, 0, "there is no cluster"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for name, attr := range map[string]map[string]string{"entra": {AttrEntra: "yes"}, "plain": nil} {
				wiretest.Must(t, w.Put(core.Seed{Name: name, Attr: attr}))
			}
			token := w.bearer(t, test.scope)
			w.clock.Add(test.age)
			subject, err := w.VerifyToken(token, test.cluster)
			switch {
			case test.fault == "" && (err != nil || subject != w.objectID(DefaultClientID)):
				t.Errorf("got %q, %v", subject, err)
			case test.fault != "" && (err == nil || !strings.Contains(err.Error(), test.fault)):
				t.Errorf("got %v, want %q", err, test.fault)
			}
		})
	}
}
