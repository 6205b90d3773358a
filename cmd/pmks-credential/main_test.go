// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
)

// mainVariable makes the test binary the program itself.
const mainVariable = "PMKS_CREDENTIAL_TEST_MAIN"

func TestMain(m *testing.M) {
	if args := os.Getenv(mainVariable); args != "" {
		os.Args = append(os.Args[:1], strings.Split(args, "\n")...)
		main()
		return
	}
	os.Exit(m.Run())
}

// result is what a process printed and how it ended.
type result struct {
	stdout, stderr string
	err            error
}

// start runs the program as a process of its own, with a home of its own and nothing of
// this process's environment.
func start(t *testing.T, environment []string, args ...string) result {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append([]string{mainVariable + "=" + strings.Join(args, "\n"), "PATH=" + os.Getenv("PATH")}, environment...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	return result{stdout.String(), stderr.String(), err}
}

// TestProcess: the exit code and what is printed, of a process of its own.
func TestProcess(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		args   []string
		good   bool
		stdout string
		stderr []string
	}{
		{"help", []string{"-h"}, true, "", []string{"-cluster"}},
		{"version", []string{"-version"}, true, "with alibaba, aws, azure", nil},
		{"unknown-provider", []string{"-provider", "moon", "-cluster", "demo"}, false, "", []string{"moon", "registered are"}},
		{"argument", []string{"demo"}, false, "", []string{"unexpected argument"}},
		{"no-cluster", []string{"-provider", "aws"}, false, "", []string{"-cluster:"}},
		{"no-time", []string{"-provider", "aws", "-cluster", "demo", "-timeout", "0s"}, false, "", []string{"-timeout"}},
		{"setting-without-value", []string{"-setting", "colour"}, false, "", []string{"not key=value"}},
		{"unknown-setting", []string{"-provider", "aws", "-cluster", "demo", "-setting", "colour=red"}, false, "", []string{"Settings.colour", "write it anew"}},
		{"no-login", []string{"-provider", "nhn", "-cluster", "demo", "-region", "KR1", "-setting", "tenantId=0123456789abcdef0123456789abcdef"}, false, "",
			[]string{"OS_PASSWORD", "asks nothing and opens no browser"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := start(t, []string{"HOME=" + t.TempDir()}, test.args...)
			if (got.err == nil) != test.good || !strings.Contains(got.stdout, test.stdout) || test.stdout == "" && got.stdout != "" || strings.Contains(got.stderr, "help requested") {
				t.Errorf("%v, printed %q, and on standard error:\n%s", got.err, got.stdout, got.stderr)
			}
			for _, want := range test.stderr {
				if !strings.Contains(got.stderr, want) {
					t.Errorf("standard error does not say %q:\n%s", want, got.stderr)
				}
			}
		})
	}
}

func TestProcess_Getenv(t *testing.T) {
	t.Parallel()
	p := process{environ: []string{"A=1", "AB=2", "A=3", "C="}}
	for name, want := range map[string]string{"A": "3", "AB": "2", "C": "", "D": ""} {
		if got := p.getenv(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// TestClouds: every provider has its file here, and says how to log in.
func TestClouds(t *testing.T) {
	t.Parallel()
	var registered []string
	for _, p := range pmks.Providers() {
		registered = append(registered, p.Name)
	}
	if got := builtIn(); !slices.Equal(got, registered) {
		t.Errorf("built in are %q, registered %q", got, registered)
	}
	for name, c := range clouds {
		if !slices.Contains(pmksClouds, name) || len(c.variables) == 0 || c.login == "" {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

// TestBuildTags: with pmks_only a program links the clouds that are named, and no other
// one's SDK.
func TestBuildTags(t *testing.T) {
	t.Parallel()
	for _, cloud := range builtIn() {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", "pmks_only,pmks_"+cloud, ".").Output()
			if err != nil {
				t.Fatal(err)
			}
			const module = "github.com/pmks-go/pmks/"
			var linked []string
			for line := range strings.Lines(string(out)) {
				if name, ok := strings.CutPrefix(strings.TrimSpace(line), module); ok && slices.Contains(pmksClouds, name) {
					linked = append(linked, name)
				}
			}
			if !slices.Equal(linked, []string{cloud}) {
				t.Errorf("linked are %q", linked)
			}
		})
	}
}

// TestParse_builtWithout: a program of one cloud says so, instead of how to import
// another one.
func TestParse_builtWithout(t *testing.T) {
	all := maps.Clone(clouds)
	t.Cleanup(func() { maps.Copy(clouds, all) })
	delete(clouds, "aws")
	_, err := parse([]string{"-provider", "aws", "-cluster", "demo"}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "built without aws, only with alibaba, azure") {
		t.Errorf("got %v", err)
	}
}

func TestPrintable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"two\nlines, \u00e9\u6f22": "two\nlines, \u00e9\u6f22",
		"\x1b[2J\a\rgone\x9b1m":    " [2J  gone 1m",
		"left\u202eright\u009b":    "left right ",
	} {
		if got := printable(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestAdvise(t *testing.T) {
	t.Parallel()
	q := query{provider: "aws", timeout: time.Second}
	for code, want := range map[pmks.Code]string{
		pmks.CodeUnauthenticated:    "aws sso login",
		pmks.CodePermissionDenied:   "administrator",
		pmks.CodeNotFound:           "delete-context",
		pmks.CodeUnavailable:        "network",
		pmks.CodeThrottled:          "later",
		pmks.CodeBusy:               "later",
		pmks.CodeInvalidArgument:    "anew",
		pmks.CodeFailedPrecondition: "",
		pmks.CodeTimeout:            "",
	} {
		if got := advise(&pmks.Error{Code: code}, q); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%s: %q", code, got)
		}
	}
}

// TestIdentity: what chooses another identity makes another key, and what does not, does
// not.
func TestIdentity(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write(".aws/config", "[default]\n")
	token := write("token", "1")
	base := process{environ: []string{"HOME=" + home, "AWS_PROFILE=a", "AWS_SECRET_ACCESS_KEY=s"}}
	q := query{provider: "aws", cluster: pmks.IID{NameId: "demo"}, config: pmks.Config{Region: "us-east-2", Settings: map[string]string{"webIdentityTokenFile": token}}}
	with := func(lines ...string) process { return process{environ: append(slices.Clone(base.environ), lines...)} }
	first := base.identity(q)
	for _, same := range []process{
		base, with("PAGER=less"), with("OS_USERNAME=u"), {environ: []string{"AWS_SECRET_ACCESS_KEY=s", "AWS_PROFILE=a", "HOME=" + home}},
	} {
		if got := same.identity(q); !slices.Equal(got, first) {
			t.Errorf("%q is not %q", got, first)
		}
	}
	others := map[string][]string{
		"secret":  with("AWS_SECRET_ACCESS_KEY=t").identity(q),
		"profile": with("AWS_PROFILE=b").identity(q),
	}
	for name, change := range map[string]func(*query){
		"region":   func(q *query) { q.config.Region = "us-east-1" },
		"zone":     func(q *query) { q.config.Zone = "a" },
		"endpoint": func(q *query) { q.config.Endpoint = "https://example.com" },
		"cluster":  func(q *query) { q.cluster.SystemId = "x" },
		"provider": func(q *query) { q.provider = "azure" },
		"setting":  func(q *query) { q.config.Settings = map[string]string{"roleArn": "x"} },
	} {
		other := q
		change(&other)
		others[name] = base.identity(other)
	}
	write("token", "2")
	others["rotated-token"] = base.identity(q)
	write("token", "1")
	write(".aws/config", "[default]\nsso_session = x\n")
	others["edited-profile"] = base.identity(q)
	for name, got := range others {
		if slices.Equal(got, first) {
			t.Errorf("%s makes no difference", name)
		}
	}
}
