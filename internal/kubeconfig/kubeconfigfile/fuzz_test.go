// SPDX-License-Identifier: Apache-2.0

package kubeconfigfile

import (
	"errors"
	"slices"
	"testing"

	"github.com/pmks-go/pmks/internal/kubeconfig"
)

// FuzzParse: no file panics, every error is a typed one, and what is written of a file is
// read again with the same names.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"", "{}", "null", "[]", "a: &a [*a]", "apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster: {server: https://x}\n",
		`{"clusters":[{"name":"\ud83d","cluster":{}}],"contexts":null,"users":{}}`, "clusters: [{name: x}, {name: x}]", "\ufeffkind: Config",
		"users:\n- name: u\n  user: {exec: {command: evil}}\n", "? {a: b}\n: c", "current-context: !!binary aGVsbG8=", "\xff", "clusters: &x [{name: a, cluster: &y {<<: *y}}]",
		`{"clusters" }`, "[a, ]", "{clusters: , ? : b}", "? \n: c\nusers:\n",
	} {
		f.Add([]byte(text))
	}
	sections := []string{"clusters", "contexts", "users"}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := Parse(text)
		if err != nil {
			var typed *kubeconfig.Error
			if !errors.As(err, &typed) {
				t.Fatalf("an untyped error: %T %v", err, err)
			}
			return
		}
		out, err := d.Bytes()
		if err != nil {
			return // it says so
		}
		again, err := Parse(out)
		if err != nil {
			t.Fatalf("what was written of %q is refused: %v\n%s", text, err, out)
		}
		for _, section := range sections {
			if a, b := d.Names(section), again.Names(section); !slices.Equal(a, b) {
				t.Errorf("the names of %s of %q become %q from %q", section, text, b, a)
			}
		}
	})
}
