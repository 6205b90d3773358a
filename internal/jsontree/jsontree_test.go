// SPDX-License-Identifier: Apache-2.0

package jsontree_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/pmks-go/pmks/internal/jsontree"
)

func TestParse(t *testing.T) {
	t.Parallel()
	root, err := jsontree.Parse([]byte(`{"a": [1.50, "x", null], "B": {"c": true}}`), 100)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := root.Member("A")
	b, _ := root.Member("b")
	c, ok := b.Member("c")
	if !ok || c.Path != "B.c" || c.Kind != jsontree.Boolean || c.Text != "true" {
		t.Errorf("B.c is %+v", c)
	}
	if len(a.Items) != 3 || a.Items[0].Text != "1.50" || a.Items[1].Path != "a[1]" || !a.Items[2].Zero() || a.Zero() {
		t.Errorf("a is %+v", a)
	}
	if _, ok := root.Member("c"); ok {
		t.Error("a member of a member was found")
	}
}

func TestParse_errors(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, path, says string }{
		{"empty", " ", "", "is empty"},
		{"too-large", strings.Repeat("1", 101), "", "is larger than 100 bytes"},
		{"too-deep", strings.Repeat("[", 40), strings.Repeat("[0]", 32), "nested too deep"},
		{"twice", `{"a": {"b": 1, "b": 2}}`, "a.b", "given twice, again at line 1, column 19"},
		{"mark-alone", "\uFEFF ", "", "is empty"},
		{"more", "{}\n{}", "", "nothing after it"},
		{"cut", `{"a": [1`, "a", "ends too early"},
		{"not-utf-8", "\"\n\xff\"", "", "line 2, column 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := jsontree.Parse([]byte(tt.text), 100)
			var e *jsontree.Error
			if !errors.As(err, &e) || e.Path != tt.path || !strings.Contains(e.Message, tt.says) {
				t.Errorf("got %#v, want %q at %q", err, tt.says, tt.path)
			}
			if err != nil && (strings.HasPrefix(err.Error(), ":") || !strings.HasPrefix(err.Error(), tt.path)) {
				t.Errorf("the text is %q", err)
			}
		})
	}
}

// TestParse_twin: names that differ in case alone are told, for the reader to judge.
func TestParse_twin(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, path string }{
		{`{"Straße": 1, "STRAßE": 2}`, "STRAßE"},
		{"{\"key\": 1, \"\u212aey\": 2, \"KEY\": 3}", "\u212aey"}, // by folding, and the first alone
		{`{"a": {"b": 1}, "b": {"a": 1}}`, ""},
	} {
		root, err := jsontree.Parse([]byte(test.text), 100)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if root.Twin != nil {
			got = root.Twin.Path
		}
		if got != test.path {
			t.Errorf("%s: the twin is %q, want %q", test.text, got, test.path)
		}
	}
}
