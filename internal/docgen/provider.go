// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// provider writes the page of one provider: what its package comment says, its hooks, and
// its column and rows of the tables. root is the folder of the module.
func provider(w io.Writer, root string, p pmks.Provider) error {
	pkg, err := parse(filepath.Join(root, p.Name))
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "# `%s`: %s\n\nImport `github.com/pmks-go/pmks/%s`; open with `pmks.Open(ctx, %q, pmks.Config{...})`, or with `%s.New` and its typed `Config`.\n"+
		"Simulated: never run against a live account.\n\n", p.Name, p.Title, p.Name, p.Name, p.Name)
	w.Write(markdown(pkg, pkg.Doc)) //nolint:errcheck,gosec // a buffer
	fmt.Fprint(w, "\n## Each hook\n\n[beyond-v06.md](../beyond-v06.md) has the hooks of all clouds side by side.\n\n| hook | what it is for |\n|---|---|\n")
	for _, h := range hooks(pkg) {
		fmt.Fprintf(w, "| %s | %s |\n", h[0], h[1])
	}
	fmt.Fprint(w, "\n## Credentials and settings\n\nThe keys of `Config.Credentials` and `Config.Settings`, and the variables that `pmks.ConfigFromEnv` reads for them.\n")
	table(w, p, "Credentials", p.Credentials)
	table(w, p, "Settings", p.Settings)
	for _, cloud := range profile.All() {
		if cloud.Name != p.Name {
			continue
		}
		fmt.Fprint(w, "\n## What it can do\n\n| | |\n|---|---|\n")
		for _, r := range rows {
			fmt.Fprintf(w, "| %s | %s |\n", r.question, r.answer(cloud.Caps))
		}
	}
	return nil
}

// parse reads the documentation of a package from its sources.
func parse(dir string) (*doc.Package, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(set, name, source, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return doc.NewFromFiles(set, files, "github.com/pmks-go/pmks/"+filepath.Base(dir))
}

// markdown is a comment as a page shows it, one level below the page's title.
func markdown(pkg *doc.Package, text string) []byte {
	printer := pkg.Printer()
	printer.HeadingLevel = 2
	printer.HeadingID = func(*comment.Heading) string { return "" }
	printer.DocLinkURL = func(*comment.DocLink) string { return "" } // names stay names
	return printer.Markdown(pkg.Parser().Parse(text))
}

// hooks are the fields of Config that take the vendor's request, with what their comments
// say.
func hooks(pkg *doc.Package) (list [][2]string) {
	for _, t := range pkg.Types {
		if t.Name != "Config" {
			continue
		}
		structType, ok := t.Decl.Specs[0].(*ast.TypeSpec).Type.(*ast.StructType) //nolint:forcetypeassert // a type declaration has such
		if !ok {
			continue
		}
		for _, f := range structType.Fields.List {
			if len(f.Names) == 0 || !strings.HasPrefix(f.Names[0].Name, "Before") {
				continue
			}
			name, text := "`"+f.Names[0].Name+"`", strings.Join(strings.Fields(f.Doc.Text()), " ")
			if text == "" && len(list) > 0 { // one comment stands above several
				list[len(list)-1][0] += ", " + name
			} else {
				list = append(list, [2]string{name, text})
			}
		}
	}
	return list
}

// index writes the list of the providers' pages.
func index(w io.Writer, providers []pmks.Provider) {
	fmt.Fprint(w, "# Providers\n\nOne page for each, from its package comment and its tables. The matrix of all is in [capabilities.md](../capabilities.md).\n\n"+
		"| provider | cloud | type |\n|---|---|---|\n")
	for _, p := range providers {
		for _, cloud := range profile.All() {
			if cloud.Name == p.Name {
				fmt.Fprintf(w, "| [`%s`](%s.md) | %s | %s |\n", p.Name, p.Name, p.Title, cloud.Caps.ClusterType)
			}
		}
	}
}
