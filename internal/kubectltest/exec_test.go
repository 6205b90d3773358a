// SPDX-License-Identifier: Apache-2.0

package kubectltest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/sim/eks"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

// kept are the files in which the credential helper has put something.
func (u *user) kept(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(u.home, ".cache", "pmks", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// rewrite changes the credential that is kept.
func (u *user) rewrite(t *testing.T, change func(map[string]any)) {
	t.Helper()
	files := u.kept(t)
	if len(files) != 1 {
		t.Fatalf("kept are %q", files)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	entry := map[string]any{}
	if err := json.Unmarshal(text, &entry); err != nil {
		t.Fatal(err)
	}
	change(entry)
	if text, err = json.Marshal(entry); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(files[0], text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestExec_together: twenty kubectl at once make one request for a token; what is kept
// is the user's alone, and the kubeconfig holds no secret.
func TestExec_together(t *testing.T) {
	t.Parallel()
	a := clouds["ibm"].open(t, "ibm", kindExec)
	u := a.user(t)
	before := len(a.simulator.Calls())
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			if _, stderr, err := u.run(t, "get", "nodes"); err != nil {
				t.Errorf("%v: %s", err, stderr)
			}
		})
	}
	wait.Wait()
	n := 0
	for _, c := range a.simulator.Calls()[before:] {
		if c.Op == "applyRBACAndGetKubeconfig" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("the cloud was asked %d times", n)
	}
	for _, file := range append(u.kept(t), u.file()) {
		info, err := os.Lstat(file)
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: mode %v, %v", filepath.Base(file), info.Mode(), err)
		}
		text, err := os.ReadFile(file)
		if err != nil || bytes.Contains(text, []byte(iks.DefaultAPIKey)) {
			t.Errorf("%s: %v, or it holds the key of the cloud", filepath.Base(file), err)
		}
	}
}

// TestExec_refused: a kept token that the cluster takes no more is asked for once more
// by the same kubectl, and then is another one. client-go does not repeat the request
// that was refused, so that this kubectl may fail; the next one does not.
func TestExec_refused(t *testing.T) {
	t.Parallel()
	a := clouds["aws"].open(t, "aws", kindExec)
	u := a.user(t)
	u.must(t, "get", "nodes")
	u.rewrite(t, func(entry map[string]any) {
		entry["token"] = "k8s-aws-v1.refused"
		entry["minted"] = time.Now().Add(-time.Minute).UTC()
		entry["given"] = nil
	})
	if _, stderr, err := u.run(t, "auth", "whoami"); err != nil && !strings.Contains(stderr, "nauthorized") && !strings.Contains(stderr, "logged in") {
		t.Errorf("%v: %s", err, stderr)
	}
	u.must(t, "get", "nodes")
}

// TestExec_brokenCache: what is kept may be anything.
func TestExec_brokenCache(t *testing.T) {
	t.Parallel()
	a := clouds["aws"].open(t, "aws", kindExec)
	u := a.user(t)
	u.must(t, "get", "nodes")
	for _, text := range []string{"", "{", "\x00\xff", `{"version":1}`} {
		if err := os.WriteFile(u.kept(t)[0], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		u.must(t, "get", "nodes")
	}
	u.environment = append(u.environment, "PMKS_CREDENTIAL_CACHE=off")
	if err := os.RemoveAll(filepath.Join(u.home, ".cache", "pmks")); err != nil {
		t.Fatal(err)
	}
	if u.must(t, "get", "nodes"); len(u.kept(t)) > 0 {
		t.Errorf("kept are %q", u.kept(t))
	}
}

// TestExec_v1beta1: the older version of the interface.
func TestExec_v1beta1(t *testing.T) {
	t.Parallel()
	a := clouds["aws"].open(t, "aws", kindExec)
	u := a.user(t)
	text := a.kubeconfig(t)
	older := strings.Replace(text, "client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1", 1)
	if older == text {
		t.Fatal("the kubeconfig has no version to replace")
	}
	if err := os.WriteFile(u.file(), []byte(older), 0o600); err != nil {
		t.Fatal(err)
	}
	u.must(t, "get", "nodes")
}

// TestExec_failures: what kubectl shows when there is no credential to be had.
func TestExec_failures(t *testing.T) {
	t.Parallel()
	a := clouds["aws"].open(t, "aws", kindExec)
	for _, test := range []struct {
		name  string
		spoil func(*user)
		says  []string
	}{
		{"not-installed", func(u *user) { u.environment = append(u.environment, "PATH="+u.home) }, []string{"go install", "cmd/pmks-credential@latest"}},
		{"no-login", func(u *user) { u.environment = append(u.environment, "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=") }, []string{"aws sso login", "opens no browser"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			u := a.user(t)
			test.spoil(u)
			stdout, stderr, err := u.run(t, "get", "nodes")
			if err == nil || stdout != "" || strings.Contains(stderr, eks.DefaultSecret) {
				t.Errorf("%v, printed %q", err, stdout)
			}
			for _, want := range test.says {
				if !strings.Contains(stderr, want) {
					t.Errorf("kubectl does not say %q:\n%s", want, stderr)
				}
			}
		})
	}
}
