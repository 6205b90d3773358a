// SPDX-License-Identifier: Apache-2.0

package exampletest

import (
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, want, got string
		ok              bool
	}{
		{"same", "a\nb", "a\nb", true},
		{"trailing-blanks", "a\nb", "a  \nb", true},
		{"other", "a\nb", "a\nc", false},
		{"shorter", "a\nb", "a", false},
		{"longer", "a", "a\nb", false},
		{"gap-at-the-end", "a\n...", "a\nb\nc", true},
		{"gap-of-nothing", "a\n...\nb", "a\nb", true},
		{"gap-inside", "a\n...\nd", "a\nb\nc\nd", true},
		{"gap-does-not-hide-the-end", "a\n...\nd", "a\nb\nc", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if ok := match(strings.Split(tt.want, "\n"), strings.Split(tt.got, "\n")); ok != tt.ok {
				t.Errorf("match %q with %q: %v", tt.want, tt.got, ok)
			}
		})
	}
}
