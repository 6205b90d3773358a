// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
)

func TestReadPairs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		text string
		want map[string]string // nil: refused
	}{
		{"one", "profile=aws", map[string]string{"profile": "aws"}},
		{"several", "a=1,b=2", map[string]string{"a": "1", "b": "2"}},
		{"list-as-value", "zones=a,b,c,color=red", map[string]string{"zones": "a,b,c", "color": "red"}},
		{"equals-in-value", "role=arn:x/y=z", map[string]string{"role": "arn:x/y=z"}},
		{"empty-value", "a=", map[string]string{"a": ""}},
		{"no-value", "a", nil},
		{"no-name", "=1", nil},
		{"empty", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := map[string]string{}
			err := readPairs(got, tt.text)
			if (err != nil) != (tt.want == nil) || tt.want != nil && !maps.Equal(got, tt.want) {
				t.Errorf("%v, %v; want %v", got, err, tt.want)
			}
		})
	}
}

func TestEnvName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"token": "PMKS_NHN_TOKEN", "TenantID": "PMKS_NHN_TENANT_ID", "accessKeyId": "PMKS_NHN_ACCESS_KEY_ID",
		"api-key": "PMKS_NHN_API_KEY", "auth_url": "PMKS_NHN_AUTH_URL",
	} {
		if got := envName("nhn", name); got != want {
			t.Errorf("envName(%q) = %q, want %q", name, got, want)
		}
	}
}

// The file wins over the environment, and only the provider's own variables
// count.
func TestReadCredentials(t *testing.T) {
	t.Parallel()
	provider := newAccount(fake.New())
	env := func(name string) string {
		return map[string]string{"PMKS_" + strings.ToUpper(provider) + "_ACCESS_KEY": "from-env", "PMKS_FAKE_TOKEN": "other"}[name]
	}
	got, err := readCredentials(options{provider: provider}, env)
	if want := map[string]string{"AccessKey": "from-env"}; err != nil || !maps.Equal(got, want) {
		t.Errorf("environment: %v, %v", got, err)
	}
	file := filepath.Join(t.TempDir(), "credentials.json")
	if err := os.WriteFile(file, []byte(`{"AccessKey": "from-file"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err = readCredentials(options{provider: provider, credentialsFile: file}, env)
	if want := map[string]string{"AccessKey": "from-file"}; err != nil || !maps.Equal(got, want) {
		t.Errorf("file: %v, %v", got, err)
	}
}

func TestNextMinor(t *testing.T) {
	t.Parallel()
	offer := func(names ...string) (list []pmks.Version) {
		for _, name := range names {
			list = append(list, pmks.Version{Name: name})
		}
		return list
	}
	tests := []struct {
		name     string
		versions []pmks.Version
		current  string
		want     string
	}{
		{"next", offer("1.36", "1.35", "1.34"), "1.34", "1.35"},
		{"newest", offer("1.36", "1.35"), "1.36", ""},
		{"patches", offer("1.35.4", "1.35.1", "1.34.4", "1.34.2"), "1.34.2", "1.35"},
		{"vendor-words", offer("v1.34.3", "v1.33.4-x.1"), "v1.33.9-x.7", "1.34"},
		{"even-minors", offer("1.34.1", "1.32.2", "1.30.0"), "1.30.0", "1.32"},
		{"current-no-longer-offered", offer("1.36", "1.35"), "1.30", ""},
		{"nothing-offered", nil, "1.30", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := nextMinor(tt.versions, tt.current); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// The live view draws over its own lines and never wraps one.
func TestLiveView(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	a, b := target{label: "aws", speed: 1}, target{label: "azure", speed: 1}
	v := &liveView{w: &out, width: 5, order: []string{"aws", "azure"}, lines: map[string]string{}}
	v.done(a, outcome{step: "create", state: ok, detail: strings.Repeat("long ", 40)})
	v.done(b, outcome{step: "create", state: failed, err: errors.New("first\nsecond")})
	v.progress(b, "create", pmks.Progress{Goal: "cluster Active", Status: "Creating", Elapsed: time.Minute, Typical: 5 * time.Minute})
	v.close()
	frames := strings.Split(out.String(), "\x1b[2A")
	if len(frames) != 3 {
		t.Fatalf("%d frames: %q", len(frames), out.String())
	}
	for _, frame := range frames {
		lines := strings.SplitAfter(strings.TrimSuffix(frame, "\n"), "\n")
		if len(lines) != 2 {
			t.Errorf("a frame of %d lines: %q", len(lines), frame)
		}
		for _, line := range lines {
			text, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "\x1b[2K")
			if n := len([]rune(text)); !ok || n > columns {
				t.Errorf("line of %d columns: %q", n, line)
			}
		}
	}
	if last := frames[2]; !strings.Contains(last, "cluster Active: Creating, 1m0s of about 5m0s") {
		t.Errorf("last frame %q", last)
	}
}

// Without a terminal a step that takes long is heard of, but not at every look.
func TestPlainView(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	a := target{label: "aws", speed: 1}
	v := newView(&out, []target{a}, false)
	for range 100 {
		v.progress(a, "create", pmks.Progress{Goal: "cluster Active", Status: "Creating"})
	}
	v.done(a, outcome{step: "create", state: ok, detail: "done", took: 90 * time.Second})
	if got, want := out.String(), "aws  create        ok          1m30s  done\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Every code has an advice, so that no failure leaves its reader alone.
func TestAdvice(t *testing.T) {
	t.Parallel()
	for code := pmks.CodeInvalidArgument; code <= pmks.CodeInternal; code++ {
		if advice(&pmks.Error{Code: code}) == "" {
			t.Errorf("no advice for %v", code)
		}
	}
}
