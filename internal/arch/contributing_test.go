// SPDX-License-Identifier: Apache-2.0

package arch

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// read returns a file of the repository.
func read(t *testing.T, g *Graph, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(g.Dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// firstCells returns what stands in backquotes in the first column of the table
// with that head.
func firstCells(t *testing.T, page, head string) []string {
	t.Helper()
	_, table, ok := strings.Cut(page, "\n"+head+"\n")
	if !ok {
		t.Fatalf("there is no table %q", head)
	}
	table, _, _ = strings.Cut(table, "\n\n")
	var cells []string
	for row := range strings.Lines(table) {
		first, _, _ := strings.Cut(strings.TrimPrefix(row, "|"), "|")
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(first, -1) {
			cells = append(cells, m[1])
		}
	}
	return cells
}

// present are the providers that are there.
func present(g *Graph) []string {
	return slices.DeleteFunc(slices.Clone(providers), func(p string) bool { return g.Packages[g.Module+"/"+p] == nil })
}

// TestContributing_stages holds the table of stages against the gate itself.
func TestContributing_stages(t *testing.T) {
	t.Parallel()
	g := load(t)
	gate := read(t, g, ".ci/run")
	m := regexp.MustCompile(`(?m)^all_stages="([^"]+)"$`).FindStringSubmatch(gate)
	byName := regexp.MustCompile(`there are: \$\{all_stages% nightly\} ([a-z ]+)"`).FindStringSubmatch(gate)
	if m == nil || byName == nil {
		t.Fatal(".ci/run names no stages")
	}
	want := append(strings.Fields(m[1]), strings.Fields(byName[1])...)
	if got := firstCells(t, read(t, g, "CONTRIBUTING.md"), "| stage | checks |"); !slices.Equal(got, want) {
		t.Errorf("CONTRIBUTING.md has the stages %q, .ci/run %q", got, want)
	}
}

// TestContributing_layout: what the table of the layout names is there, but for what
// it calls planned.
func TestContributing_layout(t *testing.T) {
	t.Parallel()
	g := load(t)
	page := read(t, g, "CONTRIBUTING.md")
	planned := append([]string{"kube"}, providers...)
	for _, path := range firstCells(t, page, "| path | what |") {
		path = strings.TrimSuffix(path, "/...")
		if strings.ContainsAny(path, "*<") {
			continue
		}
		if _, err := os.Stat(filepath.Join(g.Dir, filepath.FromSlash(path))); err != nil && !slices.Contains(planned, path) {
			t.Errorf("CONTRIBUTING.md names %s: %v", path, err)
		}
	}
}

// TestContributing_providerFiles: every provider has the files of the table.
func TestContributing_providerFiles(t *testing.T) {
	t.Parallel()
	g := load(t)
	files := firstCells(t, read(t, g, "CONTRIBUTING.md"), "| file | what |")
	if len(files) < 8 {
		t.Fatalf("the table has only %q", files)
	}
	for _, p := range present(g) {
		for _, file := range files {
			name := strings.ReplaceAll(file, "<cloud>", p)
			if !strings.HasSuffix(name, ".go") || strings.Contains(name, "*") {
				continue
			}
			if _, err := os.Stat(filepath.Join(g.Dir, p, name)); err != nil {
				t.Errorf("%s has no %s", p, name)
			}
		}
	}
}

// TestContributing_headings: the package comment of every provider has the headings
// that the page names, in that order.
func TestContributing_headings(t *testing.T) {
	t.Parallel()
	g := load(t)
	page := strings.Join(strings.Fields(read(t, g, "CONTRIBUTING.md")), " ")
	m := regexp.MustCompile(`The package comment has these headings, in this order: ([^.]+)\.`).FindStringSubmatch(page)
	if m == nil {
		t.Fatal("CONTRIBUTING.md names no headings")
	}
	want := strings.Split(m[1], ", ")
	want[0] = strings.ToUpper(want[0][:1]) + want[0][1:]
	for _, p := range present(g) {
		comment, _, _ := strings.Cut(read(t, g, p+"/"+p+".go"), "\npackage ")
		var got []string
		for _, h := range regexp.MustCompile(`(?m)^// # (.+)$`).FindAllStringSubmatch(comment, -1) {
			got = append(got, h[1])
		}
		if !slices.Equal(got, want) {
			t.Errorf("the package comment of %s has the headings %q, want %q", p, got, want)
		}
	}
}
