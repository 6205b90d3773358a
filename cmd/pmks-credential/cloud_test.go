// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/sim/aks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/eks"
	"github.com/pmks-go/pmks/internal/sim/iks"
	"github.com/pmks-go/pmks/internal/sim/nks"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

const (
	askedV1      = `KUBERNETES_EXEC_INFO={"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false}}`
	askedV1Beta1 = `KUBERNETES_EXEC_INFO={"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","spec":{"interactive":false}}`
)

// account is a simulated cloud with the cluster demo, and how it is reached.
type account struct {
	calls       func() []simkit.Call
	environment []string
	args        []string
	secret      string
}

// simulator is what all of them have.
type simulator interface {
	http.Handler
	Put(core.Seed) error
	Listen(addr string, secure bool) (*simkit.Listener, error)
}

func serve(t *testing.T, s simulator, secure bool) *simkit.Listener {
	t.Helper()
	if err := s.Put(core.Seed{Name: "demo"}); err != nil {
		t.Fatal(err)
	}
	l, err := s.Listen("127.0.0.1:0", secure)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func onNHN(t *testing.T) account {
	t.Helper()
	s := nks.New(nks.Options{Unlimited: true})
	l := serve(t, s, false)
	return account{s.Calls, []string{"OS_USERNAME=" + nks.DefaultUser, "OS_PASSWORD=" + nks.DefaultPassword},
		[]string{"-provider", "nhn", "-region", "KR1", "-cluster", "demo", "-endpoint", l.URL() + "/v2.0", "-setting", "tenantId=" + nks.DefaultTenantID}, nks.DefaultPassword}
}

func onIBM(t *testing.T) account {
	t.Helper()
	s := iks.New(iks.Options{Unlimited: true, Scale: 1e-4})
	l := serve(t, s, false)
	return account{s.Calls, []string{"IC_API_KEY=" + iks.DefaultAPIKey},
		[]string{"-provider", "ibm", "-region", "us-south", "-cluster", "demo", "-endpoint", l.URL()}, iks.DefaultAPIKey}
}

func onAWS(t *testing.T) account {
	t.Helper()
	s := eks.New(eks.Options{Unlimited: true})
	l := serve(t, s, false)
	return account{s.Calls, []string{"AWS_ACCESS_KEY_ID=" + eks.DefaultAccessKey, "AWS_SECRET_ACCESS_KEY=" + eks.DefaultSecret, "AWS_EC2_METADATA_DISABLED=true"},
		[]string{"-provider", "aws", "-region", "ap-northeast-2", "-cluster", "demo", "-endpoint", l.URL()}, eks.DefaultSecret}
}

// onAzure has a cluster that takes no tokens of Entra.
func onAzure(t *testing.T) account {
	t.Helper()
	s := aks.New(aks.Options{Unlimited: true})
	l := serve(t, s, true)
	trusted := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(trusted, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: l.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return account{s.Calls, []string{"SSL_CERT_FILE=" + trusted, "AZURE_TENANT_ID=" + aks.DefaultTenantID, "AZURE_CLIENT_ID=" + aks.DefaultClientID,
		"AZURE_CLIENT_SECRET=" + aks.DefaultClientSecret, "AZURE_TOKEN_CREDENTIALS=EnvironmentCredential"},
		[]string{"-provider", "azure", "-region", "koreacentral", "-cluster", "demo", "-endpoint", l.URL(), "-setting", "subscriptionId=" + aks.DefaultSubscriptionID,
			"-setting", "resourceGroup=" + aks.DefaultResourceGroup, "-setting", "authorityHost=" + l.URL()}, aks.DefaultClientSecret}
}

// get runs the program and reads its answer.
func (a account) get(t *testing.T, home string, more ...string) execCredential {
	t.Helper()
	got := start(t, append(append([]string{"HOME=" + home}, a.environment...), more...), a.args...)
	var c execCredential
	if got.err != nil || got.stderr != "" || json.Unmarshal([]byte(got.stdout), &c) != nil {
		t.Fatalf("%v, printed %d bytes, and on standard error:\n%s", got.err, len(got.stdout), got.stderr)
	}
	return c
}

// entries are the files of the cache that hold something.
func entries(t *testing.T, home string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(home, ".cache", "pmks", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestAnswer: the second process gets what the first one got, without asking the cloud.
func TestAnswer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name        string
		on          func(*testing.T) account
		certificate bool
	}{
		{"aws", onAWS, false},
		{"ibm", onIBM, false},
		{"nhn", onNHN, true},
		{"azure-without-entra", onAzure, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a, home := test.on(t), t.TempDir()
			first := a.get(t, home, askedV1)
			before := len(a.calls())
			second := a.get(t, home, askedV1Beta1)
			if n := len(a.calls()); n != before {
				t.Errorf("the second process made %d calls", n-before)
			}
			if first.APIVersion != "client.authentication.k8s.io/v1" || second.APIVersion != "client.authentication.k8s.io/v1beta1" {
				t.Errorf("versions are %s and %s", first.APIVersion, second.APIVersion)
			}
			if f, s := first.Status, second.Status; f.Token != s.Token || f.Certificate != s.Certificate || f.Key != s.Key || !f.ExpirationTimestamp.Equal(*s.ExpirationTimestamp) {
				t.Error("both answers differ")
			}
			if s := first.Status; (s.Certificate != "") != test.certificate || (s.Key != "") != test.certificate || (s.Token == "") != test.certificate || !s.ExpirationTimestamp.After(time.Now()) {
				t.Errorf("certificate %t, token %t, until %v", s.Certificate != "", s.Token != "", s.ExpirationTimestamp)
			}
			checkFiles(t, home, a)
			// Another identity, and the cache turned off, ask the cloud or sign anew.
			if test.name != "aws" {
				a.get(t, home, "PMKS_CREDENTIAL_CACHE=off", askedV1)
				if n := len(a.calls()); n == before {
					t.Error("nothing was asked with the cache turned off")
				}
			}
			if n := len(entries(t, home)); n != 1 {
				t.Errorf("%d credentials are kept", n)
			}
		})
	}
}

// checkFiles: the cache is its user's alone, and its names tell nothing.
func checkFiles(t *testing.T, home string, a account) {
	t.Helper()
	dir := filepath.Join(home, ".cache", "pmks")
	info, err := os.Lstat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Fatalf("%v, %v", info.Mode(), err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("%s has mode %v, %v", f.Name(), info.Mode(), err)
		}
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil || bytes.Contains(text, []byte(a.secret)) {
			t.Errorf("%s: %v, or it holds the secret of the cloud", f.Name(), err)
		}
		for _, word := range []string{"demo", a.secret, a.args[1]} {
			if strings.Contains(f.Name(), word) {
				t.Errorf("the name %s tells %q", f.Name(), word)
			}
		}
	}
}

// TestAnswer_identity: what one identity got is not given to another one.
func TestAnswer_identity(t *testing.T) {
	t.Parallel()
	a, home := onIBM(t), t.TempDir()
	a.get(t, home)
	before := len(a.calls())
	got := start(t, []string{"HOME=" + home, "IC_API_KEY=wrong-" + iks.DefaultAPIKey}, a.args...)
	if got.err == nil || got.stdout != "" || !strings.Contains(got.stderr, "IC_API_KEY") || strings.Contains(got.stderr, iks.DefaultAPIKey) {
		t.Errorf("%v, printed %d bytes, and on standard error:\n%s", got.err, len(got.stdout), got.stderr)
	}
	if len(a.calls()) == before {
		t.Error("the cloud was not asked")
	}
}

// TestAnswer_together: of twenty processes at once one asks the cloud.
func TestAnswer_together(t *testing.T) {
	t.Parallel()
	a, home := onIBM(t), t.TempDir()
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() { a.get(t, home) })
	}
	wait.Wait()
	n := 0
	for _, c := range a.calls() {
		if c.Op == "applyRBACAndGetKubeconfig" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("the cloud was asked %d times", n)
	}
}

// TestAnswer_otherAuthority: a kubeconfig that trusts an authority which the cluster does
// not have is told so, also where a certificate is kept.
func TestAnswer_otherAuthority(t *testing.T) {
	t.Parallel()
	a, home := onNHN(t), t.TempDir()
	const old = `KUBERNETES_EXEC_INFO={"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"cluster":{"certificate-authority-data":"b2xk"}}}`
	for range 2 {
		got := start(t, append(a.environment, "HOME="+home, old), a.args...)
		if got.err == nil || got.stdout != "" || !strings.Contains(got.stderr, "write it anew") {
			t.Errorf("%v, printed %d bytes, and on standard error:\n%s", got.err, len(got.stdout), got.stderr)
		}
		a.get(t, home)
	}
}

// TestAnswer_unsafe: a cache that is not safe is not used, and said to be so; one that
// there is no place for is not.
func TestAnswer_unsafe(t *testing.T) {
	t.Parallel()
	a := onNHN(t)
	linked := t.TempDir()
	if err := os.Mkdir(filepath.Join(linked, ".cache"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(t.TempDir(), filepath.Join(linked, ".cache", "pmks")); err != nil {
		t.Fatal(err)
	}
	noPlace := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(noPlace, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, variable, says string
	}{
		{"link", "HOME=" + linked, "symbolic link"},
		{"no-home", "HOME=", ""},
		{"home-is-a-file", "HOME=" + noPlace, ""},
		{"relative", cacheVariable + "=cache", "not an absolute path"},
	} {
		got := start(t, append(a.environment, test.variable), a.args...)
		if got.err != nil || !strings.Contains(got.stdout, "clientCertificateData") || !strings.Contains(got.stderr, test.says) || test.says == "" && got.stderr != "" {
			t.Errorf("%s: %v, and on standard error:\n%s", test.name, got.err, got.stderr)
		}
	}
}

// TestAnswer_timeout: a cloud that says nothing is given up on.
func TestAnswer_timeout(t *testing.T) {
	t.Parallel()
	l, err := simkit.Listen("127.0.0.1:0", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), simkit.ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	got := start(t, []string{"HOME=" + t.TempDir(), "IC_API_KEY=k"}, "-provider", "ibm", "-region", "us-south", "-cluster", "demo", "-endpoint", l.URL(), "-timeout", "300ms")
	if got.err == nil || got.stdout != "" || !strings.Contains(got.stderr, "within 300ms (-timeout)") {
		t.Errorf("%v, printed %q, and on standard error:\n%s", got.err, got.stdout, got.stderr)
	}
}

// TestAnswer_refused: the process that comes back for a credential which is no longer
// new gets another one. (The age is tested with the cache's own clock: here the file is
// made older.)
func TestAnswer_refused(t *testing.T) {
	t.Parallel()
	a, home := onIBM(t), t.TempDir()
	first := a.get(t, home, askedV1)
	if got := a.get(t, home, askedV1); got.Status.Token != first.Status.Token {
		t.Error("one that is seconds old was replaced")
	}
	path := entries(t, home)[0]
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var e map[string]any
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	e["minted"] = time.Now().Add(-time.Minute).UTC()
	if text, err = json.Marshal(e); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	before := len(a.calls())
	if a.get(t, home); len(a.calls()) != before {
		t.Error("a person who asks twice was taken for a client that was refused")
	}
	if a.get(t, home, askedV1); len(a.calls()) == before {
		t.Error("a client that was refused got the same again")
	}
}

// TestAnswer_closedOutput: who asks may be gone.
func TestAnswer_closedOutput(t *testing.T) {
	t.Parallel()
	a := onNHN(t)
	var stderr bytes.Buffer
	p := process{environ: append(a.environment, cacheVariable+"=off"), stdout: broken{}, stderr: &stderr}
	q, err := parse(a.args, &stderr)
	if err != nil {
		t.Fatal(err)
	}
	q.config.Credentials = map[string]string{"username": nks.DefaultUser, "password": nks.DefaultPassword}
	if err := p.answer(context.WithoutCancel(t.Context()), q); !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, os.ErrClosed }
