// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// quoted is a name between backquotes.
var quoted = regexp.MustCompile("`([^`\n]+)`")

// TestContributing: whoever makes a folder says in CONTRIBUTING.md what it is for, and who
// reads the changes to it.
func TestContributing(t *testing.T) {
	t.Parallel()
	page := contents(t, "../CONTRIBUTING.md")
	layout, owners := names(t, page, "Layout"), names(t, page, "Who owns what")
	folders := 0
	for _, pattern := range []string{"../*", "../cmd/*", "../internal/*", "../internal/sim/*"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			folder := strings.TrimPrefix(filepath.ToSlash(path), "../")
			if !hasCode(path) || folder == "cmd" || folder == "internal" || folder == "internal/sim" {
				continue
			}
			folders++
			parent := filepath.ToSlash(filepath.Dir(folder))
			simulator := parent == "internal/sim"
			if explained := parent == "cmd" || simulator || folder == "docs" || folder == "tools"; !explained && !layout[folder] && !layout[folder+"/..."] {
				t.Errorf("the layout of CONTRIBUTING.md does not name %s", folder)
			}
			if !owners[folder] && !simulator {
				t.Errorf("CONTRIBUTING.md does not say who owns %s", folder)
			}
		}
	}
	if folders < 40 {
		t.Errorf("only %d folders are found", folders)
	}
}

// hasCode reports whether there is Go code in a folder or below: others are not of the
// repository, or not for reading.
func hasCode(dir string) bool {
	found := false
	_ = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || strings.HasPrefix(filepath.Base(dir), ".") {
			return filepath.SkipAll
		}
		if path != dir && filepath.Ext(path) == ".go" {
			found = true
			return filepath.SkipAll
		}
		return nil
	})
	return found
}

// names are what the tables of a section quote.
func names(t *testing.T, page, section string) map[string]bool {
	t.Helper()
	_, rest, ok := strings.Cut(page, "\n## "+section+"\n")
	if !ok {
		t.Fatalf("there is no section %q", section)
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	set := map[string]bool{}
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		for _, m := range quoted.FindAllStringSubmatch(line, -1) {
			set[m[1]] = true
		}
	}
	return set
}
