// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	fenced  = regexp.MustCompile("(?m)^```(?s:.*?)^```$")
	inline  = regexp.MustCompile("`[^`\n]*`")
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	mark    = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// TestLinks: every relative link of the repository's pages leads to a file that is there,
// and to a heading where it names one. Links to other hosts are not followed.
func TestLinks(t *testing.T) {
	t.Parallel()
	var pages []string
	for _, pattern := range []string{"../*.md", "../*/*.md", "../*/*/*.md", "../.github/*.md", "../.github/*/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, found...)
	}
	if len(pages) < 30 {
		t.Fatalf("only %d pages are found", len(pages))
	}
	links := 0
	for _, page := range pages {
		text := inline.ReplaceAllString(fenced.ReplaceAllString(contents(t, page), ""), "code")
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			links++
			file, anchor, _ := strings.Cut(m[1], "#")
			target := page
			if file != "" {
				target = filepath.Join(filepath.Dir(page), filepath.FromSlash(file))
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %v", page, err)
				continue
			}
			if anchor != "" && !slices.Contains(anchors(contents(t, target)), anchor) {
				t.Errorf("%s: %s has no heading #%s", page, target, anchor)
			}
		}
	}
	if links < 100 {
		t.Errorf("only %d links are found", links)
	}
}

// anchors are what the headings of a page can be linked by.
func anchors(page string) (list []string) {
	for _, m := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(page, ""), -1) {
		list = append(list, strings.ReplaceAll(mark.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return list
}

// TestDocs_linked: every page of docs is linked from another page, or nobody finds it.
func TestDocs_linked(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := contents(t, "../README.md") + contents(t, "../docs/getting-started.md")
	for _, page := range pages {
		name := filepath.Base(page)
		if name != "getting-started.md" && !strings.Contains(readme, "("+name+")") && !strings.Contains(readme, "(docs/"+name+")") {
			t.Errorf("neither README.md nor getting-started.md links docs/%s", name)
		}
	}
}

func contents(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
