// SPDX-License-Identifier: Apache-2.0

package arch

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// weakTLS is what would lower the floor of TLS, or trust whoever answers.
var weakTLS = regexp.MustCompile(`InsecureSkipVerify|VersionTLS1[01]\b|VersionSSL30`)

// TestSecurity_tls holds the promise of SECURITY.md: no code that a program links speaks TLS
// below 1.2, or without verifying who answers.
func TestSecurity_tls(t *testing.T) {
	t.Parallel()
	files := 0
	for _, p := range load(t).Own() {
		for _, name := range p.GoFiles {
			data, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			files++
			if found := weakTLS.Find(data); found != nil {
				t.Errorf("%s/%s has %s", p.ImportPath, name, found)
			}
		}
	}
	if files < 100 {
		t.Errorf("only %d files were read", files)
	}
}

// writesFiles is what makes or changes a file.
var writesFiles = regexp.MustCompile(`\bos\.(WriteFile|Create|CreateTemp|OpenFile|Mkdir|MkdirAll|MkdirTemp|Rename)\(`)

// TestSecurity_files holds another one: of what a program may link only three packages make
// files or directories: the cache of pmks-credential, and two for kubeconfigs.
func TestSecurity_files(t *testing.T) {
	t.Parallel()
	own := regexp.MustCompile(`^github\.com/pmks-go/pmks/(cmd|examples|live|kube|internal/(arch|credcache|docgen|kubeconfig/kubeconfigfile|kubectltest|perfreport|providertest|sim|sizereport|trust))(/|$)`)
	files := 0
	for _, p := range load(t).Own() {
		if own.MatchString(p.ImportPath) {
			continue
		}
		for _, name := range p.GoFiles {
			data, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			files++
			if found := writesFiles.Find(data); found != nil {
				t.Errorf("%s/%s has %s", p.ImportPath, name, found)
			}
		}
	}
	if files < 100 {
		t.Errorf("only %d files were read", files)
	}
}
