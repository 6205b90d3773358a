// SPDX-License-Identifier: Apache-2.0

package fleettest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/pmks-go/pmks/examples/operator/api/v1alpha1"
)

// The tokens of the two users that the API server knows, and the name of the second: that
// which a pod of config/operator.yaml has.
const (
	adminToken    = "admin-token"
	operatorToken = "operator-token"
	operatorUser  = "system:serviceaccount:pmks-operator:operator"
)

// cluster is a real API server with its etcd, and no other part of Kubernetes: no garbage
// collector, no scheduler.
type cluster struct {
	url    string
	client client.Client
}

// process is one that runs until the test ends.
type process struct {
	*exec.Cmd
	log  *log
	done chan struct{}
}

// log keeps the end of what a process says.
type log struct {
	mu   sync.Mutex
	text []byte
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	if over := len(l.text) - 1<<20; over > 0 {
		l.text = l.text[over:]
	}
	return len(p), nil
}

func (l *log) end(n int) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.text[max(0, len(l.text)-n):])
}

// run runs a program.
func run(t *testing.T, env []string, name string, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.CommandContext(t.Context(), name, args...), log: &log{}, done: make(chan struct{})}
	p.Stdout, p.Stderr, p.Env = p.log, p.log, append(os.Environ(), env...)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		_ = p.Wait() // how it ended is the test's own doing
	}()
	t.Cleanup(func() {
		_ = p.Process.Kill() // it may be gone
		<-p.done
		if t.Failed() {
			t.Logf("%s:\n%s", filepath.Base(name), p.log.end(4000))
		}
	})
	return p
}

// startKubernetes starts what is in the directory of PMKS_APISERVER, or skips the test.
func startKubernetes(t *testing.T) *cluster {
	t.Helper()
	programs := os.Getenv("PMKS_APISERVER")
	if programs == "" {
		t.Skip("PMKS_APISERVER names no directory with etcd and kube-apiserver: .ci/run operator builds them and runs this test")
	}
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
	tokens := file("tokens.csv", []byte(adminToken+`,admin,1,"system:masters"`+"\n"+
		operatorToken+","+operatorUser+`,2,"system:serviceaccounts,system:serviceaccounts:pmks-operator"`+"\n"))
	etcd, peer, secure := "http://"+freeAddress(t), "http://"+freeAddress(t), freeAddress(t)
	run(t, nil, filepath.Join(programs, "etcd"), "--data-dir", filepath.Join(dir, "etcd"), "--listen-client-urls", etcd, "--advertise-client-urls", etcd,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default="+peer, "--unsafe-no-fsync", "--log-level", "error")
	_, port, err := net.SplitHostPort(secure)
	if err != nil {
		t.Fatal(err)
	}
	run(t, nil, filepath.Join(programs, "kube-apiserver"), "--etcd-servers="+etcd, "--bind-address=127.0.0.1", "--secure-port="+port, "--cert-dir="+dir,
		"--service-account-issuer=https://pmks.invalid", "--service-account-key-file="+signer, "--service-account-signing-key-file="+signer,
		"--service-cluster-ip-range=10.96.0.0/24", "--authorization-mode=RBAC", "--endpoint-reconciler-type=none", "--token-auth-file="+tokens)
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	k := &cluster{url: "https://" + secure}
	awaitTrue(t, 3*time.Minute, "the API server is ready", func(ctx context.Context) error {
		if k.client == nil {
			c, err := client.New(k.config(adminToken), client.Options{Scheme: scheme})
			if err != nil {
				return err
			}
			k.client = c
		}
		return k.get(ctx, "/readyz")
	})
	return k
}

// config reaches the API server. Its certificate is made while it starts, for this test
// alone.
func (k *cluster) config(token string) *rest.Config {
	return &rest.Config{Host: k.url, BearerToken: token, TLSClientConfig: rest.TLSClientConfig{Insecure: true}, QPS: 500, Burst: 1000}
}

// get asks for a path of the API server.
func (k *cluster) get(ctx context.Context, path string) error {
	_, err := k.read(ctx, path)
	return err
}

func (k *cluster) read(ctx context.Context, path string) ([]byte, error) {
	config := k.config(adminToken)
	config.GroupVersion, config.NegotiatedSerializer = &v1alpha1.GroupVersion, clientgoscheme.Codecs.WithoutConversion()
	c, err := rest.UnversionedRESTClientFor(config)
	if err != nil {
		return nil, err
	}
	return c.Get().AbsPath(path).DoRaw(ctx)
}

// kubeconfig is a file for a token.
func (k *cluster) kubeconfig(t *testing.T, token string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	text := fmt.Sprintf(`{"apiVersion":"v1","kind":"Config","current-context":"x","clusters":[{"name":"x","cluster":{"server":%q,"insecure-skip-tls-verify":true}}],`+
		`"users":[{"name":"x","user":{"token":%q}}],"contexts":[{"name":"x","context":{"cluster":"x","user":"x"}}]}`, k.url, token)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// apply creates what the files have.
func (k *cluster) apply(t *testing.T, pattern string) {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("there are no files %s: %v", pattern, err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096); ; {
			o := &unstructured.Unstructured{}
			if err := decoder.Decode(&o.Object); err != nil {
				break
			}
			if len(o.Object) == 0 {
				continue
			}
			awaitTrue(t, time.Minute, name, func(ctx context.Context) error { return k.client.Create(ctx, o.DeepCopy()) })
		}
	}
}

// awaitTrue tries until there is no error.
func awaitTrue(t *testing.T, limit time.Duration, what string, try func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := try(ctx)
		if err == nil {
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatalf("%s: not within %v: %v", what, limit, err)
		}
	}
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
