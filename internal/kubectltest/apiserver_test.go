// SPDX-License-Identifier: Apache-2.0

package kubectltest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/kubeconfig/kubeconfigyaml"
)

// apiserverVariable names the directory with etcd and kube-apiserver, which the stage
// apiserver of .ci/run builds.
const apiserverVariable = "PMKS_APISERVER"

// TestAPIServer: the credentials of the simulated clouds pass the authentication of a
// real API server, each in the way that it does in its cloud. A client certificate is
// verified by the authority of the cluster; a token of EKS by a webhook that asks STS,
// as aws-iam-authenticator does; tokens that only their cloud can verify are told to the
// server in a file.
func TestAPIServer(t *testing.T) {
	programs := os.Getenv(apiserverVariable)
	if programs == "" {
		t.Skip(apiserverVariable + " is not set: .ci/run apiserver builds the API server and runs this test")
	}
	accounts := map[string]account{}
	var authorities bytes.Buffer
	var tokens []string
	for _, name := range slices.Sorted(maps.Keys(clouds)) {
		for _, kind := range slices.Sorted(maps.Keys(clouds[name].kinds)) {
			a := clouds[name].open(t, name, kind)
			accounts[name+"/"+kind] = a
			if kind == kindExec {
				continue // it holds nothing
			}
			k, err := kubeconfigyaml.Parse([]byte(a.kubeconfig(t)))
			switch {
			case err != nil:
				t.Fatal(err)
			case k.ClientCertificate != "":
				authorities.WriteString(strings.TrimSpace(k.CAData) + "\n")
			case name != "aws":
				tokens = append(tokens, fmt.Sprintf(`%s,%s@%s,%d,"pmks"`, k.Token.Reveal(), kind, name, len(tokens)))
			}
		}
	}
	server := startAPIServer(t, programs, webhook(t, accounts["aws/token"]), authorities.Bytes(), tokens)
	for _, test := range []struct{ account, who string }{
		{"aws/token", "arn:aws:"},
		{"aws/exec", "arn:aws:"},
		{"gcp/token", "token@gcp"},
		{"ibm/token", "token@ibm"},
		{"alibaba/certificate", ""},
		{"azure/admin", ""},
		{"ibm/admin", ""},
		{"nhn/certificate", ""},
	} {
		t.Run(test.account, func(t *testing.T) {
			a, ok := accounts[test.account]
			if !ok {
				t.Fatal("there is no such account")
			}
			u := a.user(t)
			args := []string{"--server", server.url, "--certificate-authority", server.authority}
			who := u.must(t, append(args, "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}")...)
			if who == "" || !strings.Contains(who, test.who) {
				t.Errorf("the server takes the user for %q", who)
			}
			t.Logf("%s is %s", test.account, who)
			if version := u.must(t, append(args, "version")...); !strings.Contains(version, "Server Version") {
				t.Errorf("version prints:\n%s", version)
			}
		})
	}
	t.Run("nobody", func(t *testing.T) {
		u := newUser(t, "", nil)
		stdout, stderr, err := u.run(t, "--server", server.url, "--certificate-authority", server.authority, "--token", "k8s-aws-v1.bm9ib2R5", "auth", "whoami")
		if err == nil || !strings.Contains(stderr, "logged in") && !strings.Contains(stderr, "nauthorized") {
			t.Errorf("%v: %s%s", err, stdout, stderr)
		}
	})
}

// apiserver is one that runs.
type apiserver struct {
	url string
	// authority is the file with its certificate.
	authority string
}

func startAPIServer(t *testing.T, programs, webhookURL string, authorities []byte, tokens []string) apiserver {
	t.Helper()
	dir := t.TempDir()
	file := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	signer := file("signer.pem", pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
	hook := file("webhook.yaml", []byte(`{"apiVersion":"v1","kind":"Config","current-context":"x","clusters":[{"name":"x","cluster":{"server":"`+webhookURL+
		`"}}],"users":[{"name":"x"}],"contexts":[{"name":"x","context":{"cluster":"x","user":"x"}}]}`))

	client, peer, secure := "http://"+freeAddress(t), "http://"+freeAddress(t), freeAddress(t)
	run(t, filepath.Join(programs, "etcd"), "--data-dir", filepath.Join(dir, "etcd"), "--listen-client-urls", client, "--advertise-client-urls", client,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default="+peer, "--unsafe-no-fsync", "--log-level", "error")
	_, port, err := net.SplitHostPort(secure)
	if err != nil {
		t.Fatal(err)
	}
	run(t, filepath.Join(programs, "kube-apiserver"), "--etcd-servers="+client, "--bind-address=127.0.0.1", "--secure-port="+port, "--cert-dir="+dir,
		"--service-account-issuer=https://pmks.invalid", "--service-account-key-file="+signer, "--service-account-signing-key-file="+signer,
		"--service-cluster-ip-range=10.96.0.0/24", "--authorization-mode=RBAC", "--endpoint-reconciler-type=none",
		"--client-ca-file="+file("clients.pem", authorities), "--token-auth-file="+file("tokens.csv", []byte(strings.Join(tokens, "\n")+"\n")),
		"--authentication-token-webhook-config-file="+hook)
	s := apiserver{"https://" + secure, filepath.Join(dir, "apiserver.crt")}
	s.awaitReady(t)
	return s
}

// awaitReady asks until the server says that it is ready, or for two minutes.
func (s apiserver) awaitReady(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	// Its certificate is made while it starts; that it is the right one shows later.
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // nothing is told and nothing believed
	defer transport.CloseIdleConnections()
	for ticker := time.NewTicker(200 * time.Millisecond); ; {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/readyz", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := transport.RoundTrip(r)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				ticker.Stop()
				return
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatalf("the API server is not ready: %v", err)
		}
	}
}

// run runs a program until the test ends.
func run(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s:\n%s", filepath.Base(name), log.Bytes()[max(0, log.Len()-5000):])
		}
	})
}

// freeAddress is one that nobody listens on, for now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// webhook answers reviews of the tokens of EKS: a token is a request to STS, signed by
// its bearer, which is sent, and whose answer says who that is.
func webhook(t *testing.T, a account) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		type user struct {
			Username string `json:"username"`
		}
		var review struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
			Spec       struct {
				Token string `json:"token"`
			} `json:"spec"`
			Status struct {
				Authenticated bool `json:"authenticated"`
				User          user `json:"user"`
			} `json:"status"`
		}
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		review.Status.User.Username = askSTS(r.Context(), a, review.Spec.Token)
		review.Status.Authenticated, review.Spec.Token = review.Status.User.Username != "", ""
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(review) // who asks may be gone
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// askSTS returns the ARN of a token's bearer; empty: it is not good.
func askSTS(ctx context.Context, a account, token string) string {
	encoded, ok := strings.CutPrefix(token, "k8s-aws-v1.")
	address, err := base64.RawURLEncoding.DecodeString(encoded)
	if !ok || err != nil {
		return ""
	}
	if u, err := url.Parse(string(address)); err != nil || u.Query().Get("Action") != "GetCallerIdentity" {
		return ""
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, string(address), nil)
	r.Header.Set("X-K8s-Aws-Id", "demo")
	answer := httptest.NewRecorder()
	a.simulator.ServeHTTP(answer, r)
	var identity struct {
		ARN string `xml:"GetCallerIdentityResult>Arn"`
	}
	if answer.Code != http.StatusOK || xml.Unmarshal(answer.Body.Bytes(), &identity) != nil {
		return ""
	}
	return identity.ARN
}
