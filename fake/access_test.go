// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kubeconfig/kubeconfigyaml"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// TestHandler_kubeconfig reads what every cloud hands out: it is complete, and of
// the kind that the capabilities promise.
func TestHandler_kubeconfig(t *testing.T) {
	t.Parallel()
	for _, p := range profile.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := New(WithProfile(p.Name))
				info := mustGet(t, h, running(t, h, p).IId)
				k, err := kubeconfigyaml.Parse([]byte(info.AccessInfo.Kubeconfig))
				if err != nil {
					t.Fatal(err)
				}
				if k.Server != info.AccessInfo.Endpoint || info.AccessInfo.Endpoint == "" {
					t.Errorf("got server %q and endpoint %q", k.Server, info.AccessInfo.Endpoint)
				}
				roots := x509.NewCertPool()
				if !roots.AppendCertsFromPEM([]byte(k.CAData)) {
					t.Error("the certificate authority cannot be read")
				}
				if !p.Caps.Access.Certificate {
					lifetime := p.Caps.Access.TokenLifetime
					if k.Token.IsZero() || !info.AccessInfo.ExpiresAt.Equal(time.Now().Add(lifetime)) {
						t.Errorf("got token %t until %s, want %s from now", !k.Token.IsZero(), info.AccessInfo.ExpiresAt, lifetime)
					}
					return
				}
				end := time.Time{}
				if p.Manner.CertificateLife > 0 {
					end = info.CreatedTime.Add(p.Manner.CertificateLife)
				}
				if !info.AccessInfo.ExpiresAt.Equal(end) {
					t.Errorf("a certificate ends at %s, want %s", info.AccessInfo.ExpiresAt, end)
				}
				pair, err := tls.X509KeyPair([]byte(k.ClientCertificate), []byte(k.ClientKey.Reveal()))
				if err != nil {
					t.Fatal(err)
				}
				_, err = pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
					CurrentTime: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)})
				if err != nil {
					t.Errorf("the client certificate is not good in 2100: %v", err)
				}
			})
		})
	}
}

// TestBuildKubeconfig: the filled-in form is what the writer would have written.
func TestBuildKubeconfig(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"", "fake-token"} {
		for _, name := range []string{"demo", "form-name", "100012345678", "true", `a"b`, "クラスタ", "a b: c"} {
			got, err := buildKubeconfig(name, "https://203.0.113.7:6443/x", token)
			if err != nil {
				t.Fatal(err)
			}
			want, err := writeShared(name, "https://203.0.113.7:6443/x", token)
			if err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("%q with token %q: the form gives another text than the writer", name, token)
			}
		}
	}
}

func TestHandler_kubeconfig_notReady(t *testing.T) {
	t.Parallel()
	for _, p := range profile.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := New(WithProfile(p.Name))
				req := p.SampleRequest("demo")
				if p.Caps.GroupsAtCreate.Max == 0 {
					req.NodeGroupList = nil
				}
				info, err := h.CreateCluster(t.Context(), req)
				if err != nil {
					t.Fatal(err)
				}
				if got := mustGet(t, h, info.IId).AccessInfo; got != (pmks.AccessInfo{}) {
					t.Errorf("got %v before the control plane is up", got)
				}
				if p.Caps.Access.Token && !p.Manner.SignsTokens {
					if _, err := h.GenerateClusterToken(t.Context(), info.IId); !errors.Is(err, pmks.ErrBusy) {
						t.Errorf("a token: got %v, want Busy", err)
					}
				}
			})
		})
	}
}

func TestHandler_GenerateClusterToken(t *testing.T) {
	t.Parallel()
	for _, p := range profile.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := New(WithProfile(p.Name))
				info := running(t, h, p)
				token, err := h.GenerateClusterToken(t.Context(), info.IId)
				if !p.Caps.Access.Token {
					if !errors.Is(err, pmks.ErrUnsupported) || token != (pmks.Token{}) {
						t.Errorf("got %v, %v, want Unsupported", token, err)
					}
					return
				}
				if err != nil || token.Value == "" || !token.ExpiresAt.Equal(time.Now().Add(p.Caps.Access.TokenLifetime)) {
					t.Errorf("got %v, %v", token, err)
				}
				time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
				again, err := h.GenerateClusterToken(t.Context(), info.IId)
				if err != nil || again.Value == token.Value {
					t.Errorf("got the same token a minute later, %v", err)
				}
			})
		})
	}
}

func TestHandler_OpenAccess(t *testing.T) {
	t.Parallel()
	for _, p := range profile.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := New(WithProfile(p.Name))
				info := running(t, h, p) // Provision has opened it
				if !p.Caps.Access.OpenCall {
					for _, err := range []error{h.OpenAccess(t.Context(), info.IId), h.CloseAccess(t.Context(), info.IId)} {
						if !errors.Is(err, pmks.ErrUnsupported) {
							t.Errorf("got %v, want Unsupported", err)
						}
					}
					return
				}
				for range 2 { // the second is no write
					if err := h.CloseAccess(t.Context(), info.IId); err != nil {
						t.Fatal(err)
					}
				}
				if got := mustGet(t, h, info.IId).AccessInfo; got != (pmks.AccessInfo{}) {
					t.Errorf("closed: got %v", got)
				}
				h.Inject(Fault{Op: "OpenAccess", Kind: LoseReply})
				if err := h.OpenAccess(t.Context(), info.IId); err != nil {
					t.Fatal(err)
				}
				if got := mustGet(t, h, info.IId).AccessInfo; got.Endpoint == "" || got.Kubeconfig == "" {
					t.Errorf("open: got %v", got)
				}
				same(t, "what happened", mutations(h), map[string]int{"CloseAccess": 1, "OpenAccess": 1})
			})
		})
	}
}

// TestHandler_noSecrets collects every text that a handler gives, and looks for
// what must not be in it.
func TestHandler_noSecrets(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"aws", "neutral"} { // a token, a certificate
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const credential = "hunter2-credential"
				logs := &buffer{}
				client, err := pmks.Open(t.Context(), "fake", pmks.Config{
					Credentials: map[string]string{"token": credential},
					Settings:    map[string]string{"profile": name},
					Logger:      logs.logger(),
				})
				if err != nil {
					t.Fatal(err)
				}
				p := mustProfile(t, name)
				info, err := pmks.Provision(t.Context(), client, p.SampleRequest("demo"))
				if err != nil {
					t.Fatal(err)
				}
				h, ok := client.Unwrap().(*Handler)
				if !ok {
					t.Fatalf("Open made a %T", client.Unwrap())
				}
				h.Inject(Fault{Kind: Refuse, Code: pmks.CodeInternal})
				_, failure := client.GetCluster(t.Context(), info.IId)
				token, err := client.GenerateClusterToken(t.Context(), info.IId)
				if err != nil {
					t.Fatal(err)
				}
				access := mustGet(t, h, info.IId).AccessInfo
				k, err := kubeconfigyaml.Parse([]byte(access.Kubeconfig))
				if err != nil {
					t.Fatal(err)
				}
				text := logs.String() + sprint(failure, access, token, h.Calls(), info)
				if !strings.Contains(text, "fake: request") {
					t.Error("nothing was logged")
				}
				for what, secret := range map[string]string{"credential": credential, "token": token.Value,
					"key": k.ClientKey.Reveal(), "token of the kubeconfig": k.Token.Reveal(), "kubeconfig": access.Kubeconfig} {
					if secret != "" && strings.Contains(text, secret) {
						t.Errorf("the %s shows", what)
					}
				}
			})
		})
	}
}
