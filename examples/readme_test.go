// SPDX-License-Identifier: Apache-2.0

package examples_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// marked matches a block of Go code in a README with the mark that says which
// function it is the body of: <!-- example: FUNCTION in FILE -->. The file is
// named from the root of the repository.
var marked = regexp.MustCompile("(?m)^<!-- example: (\\w+) in (\\S+) -->\n+```go\n((?s:.*?))^```$")

// TestReadme checks that the code in the README, and in the guides, is code that a test
// runs.
func TestReadme(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, "../README.md", "../CONTRIBUTING.md", "../SECURITY.md") {
		if filepath.Base(page) == "getting-started.md" {
			continue // TestGettingStarted types it
		}
		t.Run(filepath.Base(page), func(t *testing.T) {
			t.Parallel()
			checkCode(t, page)
		})
	}
}

// checkCode checks the code of one document.
func checkCode(t *testing.T, document string) {
	t.Helper()
	data, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	readme := string(data)
	blocks := marked.FindAllStringSubmatch(readme, -1)
	if len(blocks) != strings.Count(readme, "```go\n") {
		t.Errorf("%d of %d blocks of Go code are marked", len(blocks), strings.Count(readme, "```go\n"))
	}
	for _, block := range blocks {
		function, file, shown := block[1], block[2], block[3]
		t.Run(function, func(t *testing.T) {
			t.Parallel()
			body := bodyOf(t, filepath.Join("..", filepath.FromSlash(file)), function)
			if body != shown {
				t.Errorf("%s shows\n%s\n%s has\n%s", document, shown, file, body)
			}
		})
	}
}

// bodyOf returns the body of a function without its indentation and its expected
// output.
func bodyOf(t *testing.T, file, function string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, file, data, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, decl := range parsed.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Name.Name != function {
			continue
		}
		body := string(data[fset.Position(f.Body.Lbrace).Offset+2 : fset.Position(f.Body.Rbrace).Offset])
		body, _, _ = strings.Cut(body, "\t// Output:")
		body, _, _ = strings.Cut(body, "\t// Unordered output:")
		var b strings.Builder
		for line := range strings.Lines(body) {
			b.WriteString(strings.TrimPrefix(line, "\t"))
		}
		return b.String()
	}
	t.Fatalf("%s has no function %s", file, function)
	return ""
}
