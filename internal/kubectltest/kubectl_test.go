// SPDX-License-Identifier: Apache-2.0

package kubectltest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const (
	// kubectlVariable names kubectl.
	kubectlVariable = "PMKS_KUBECTL"
	// oldestMinor is the first one with "auth whoami" for everybody.
	oldestMinor = 28
)

// built is where programs are built, for all tests.
var built string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "kubectltest-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	built = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// findKubectl returns the path of kubectl, or why there is none.
var findKubectl = sync.OnceValues(func() (string, error) {
	name := os.Getenv(kubectlVariable)
	if name == "none" {
		return "", fmt.Errorf("%w: %s is none", errors.ErrUnsupported, kubectlVariable)
	}
	required := name != ""
	if !required {
		name = "kubectl"
	}
	path, err := exec.LookPath(name)
	if err == nil {
		err = checkVersion(path)
	}
	if err != nil && required {
		return "", fmt.Errorf("%s: %w", kubectlVariable, err)
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", errors.ErrUnsupported, err)
	}
	return path, nil
})

func checkVersion(path string) error {
	out, err := exec.Command(path, "version", "--client", "-o", "json").Output()
	if err != nil {
		return fmt.Errorf("%s version: %w", path, err)
	}
	var version struct {
		ClientVersion struct {
			GitVersion string `json:"gitVersion"`
		} `json:"clientVersion"`
	}
	if err := json.Unmarshal(out, &version); err != nil {
		return err
	}
	minor := 0
	text := version.ClientVersion.GitVersion
	if _, err := fmt.Sscanf(text, "v1.%d.", &minor); err != nil || minor < oldestMinor {
		return fmt.Errorf("%s is %s, older than 1.%d", path, text, oldestMinor)
	}
	return nil
}

// helper is the directory with pmks-credential.
var helper = sync.OnceValues(func() (string, error) {
	name := filepath.Join(built, "pmks-credential")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", name, "github.com/pmks-go/pmks/cmd/pmks-credential")
	// Without cgo whatever the tests are built with: with it, every SDK would be compiled anew.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	return built, nil
})

// user is somebody at a terminal: a home, a kubeconfig, an environment.
type user struct {
	kubectl     string
	home        string
	environment []string
}

// newUser makes one with a kubeconfig. PATH is that of the test with the directories
// given before it.
func newUser(t *testing.T, kubeconfig string, environment []string, path ...string) *user {
	t.Helper()
	kubectl, err := findKubectl()
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
	u := &user{kubectl: kubectl, home: t.TempDir()}
	if err := os.WriteFile(u.file(), []byte(kubeconfig), 0o600); err != nil {
		t.Fatal(err)
	}
	search := strings.Join(append(path, os.Getenv("PATH")), string(os.PathListSeparator))
	u.environment = append([]string{"HOME=" + u.home, "KUBECONFIG=" + u.file(), "PATH=" + search}, environment...)
	return u
}

// file is the kubeconfig.
func (u *user) file() string { return filepath.Join(u.home, "config.yaml") }

func (u *user) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, u.kubectl, args...)
	cmd.Env = u.environment
	return cmd
}

// run runs kubectl to its end.
func (u *user) run(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, problems bytes.Buffer
	cmd := u.command(t.Context(), args...)
	cmd.Stdout, cmd.Stderr = &out, &problems
	err = cmd.Run()
	return out.String(), problems.String(), err
}

// must runs kubectl, which succeeds and returns what it prints.
func (u *user) must(t *testing.T, args ...string) string {
	t.Helper()
	stdout, stderr, err := u.run(t, args...)
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s%s", strings.Join(args, " "), err, stdout, stderr)
	}
	return stdout
}

// watch runs kubectl until the test ends; its lines come through the channel, which is
// closed with its output.
func (u *user) watch(t *testing.T, args ...string) <-chan string {
	t.Helper()
	cmd := u.command(t.Context(), args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var problems bytes.Buffer
	cmd.Stderr = &problems
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 1000)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		<-done // the context of the test has ended, and kubectl with it
		_ = cmd.Wait()
		if t.Failed() && problems.Len() > 0 {
			t.Logf("kubectl %s:\n%s", strings.Join(args, " "), &problems)
		}
	})
	return lines
}
