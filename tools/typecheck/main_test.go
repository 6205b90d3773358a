// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is right on one architecture is found where it is wrong on another, in tests and in
// the bodies of functions too.
func TestCheck(t *testing.T) {
	const module = "module example.org/m\n\ngo 1.25\n"
	for _, test := range []struct {
		name, arch string
		files      map[string]string
		want       string // "" for nothing
	}{
		{"fits", "amd64", map[string]string{"a.go": "package m\n\nfunc f() int { return 1 << 40 }\n"}, ""},
		{"too large", "386", map[string]string{"a.go": "package m\n\nfunc f() int { return 1 << 40 }\n"}, "overflows"},
		{"in a test", "386", map[string]string{"a.go": "package m\n", "a_test.go": "package m\n\nvar _ int = 1 << 40\n"}, "overflows"},
		{"a file for another system", "386", map[string]string{"a.go": "package m\n", "a_amd64.go": "package m\n\nvar _ int = 1 << 40\n"}, ""},
		{"missing there", "386", map[string]string{"a.go": "package m\n\nvar _ = b\n", "a_amd64.go": "package m\n\nvar b int\n"}, "undefined: b"},
		{"no Go", "386", map[string]string{"a.go": "package m\n\nfunc {\n"}, "expected"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			test.files["go.mod"] = module
			for name, text := range test.files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			t.Chdir(dir)
			t.Setenv("GOOS", "linux")
			t.Setenv("GOARCH", test.arch)
			t.Setenv("GOWORK", "off")
			t.Setenv("GOFLAGS", "")
			faults, n, err := check([]string{"./..."})
			if err != nil || n == 0 {
				t.Fatalf("%d packages, %v", n, err)
			}
			if got := strings.Join(faults, "\n"); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
				t.Errorf("it says %q, want something with %q", got, test.want)
			}
		})
	}
	if faults, _, err := check([]string{"./nothing/here"}); err == nil && len(faults) == 0 {
		t.Error("a folder that is not there is no fault")
	}
}
