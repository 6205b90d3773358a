// SPDX-License-Identifier: Apache-2.0

package arch

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/doc"
	"go/format"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
)

// apiHeader opens api/pmks.txt.
const apiHeader = `The exported API of pmks, package by package, without comments and bodies. A line
that goes or changes breaks somebody's program: it needs a line in CHANGELOG.md.
Rewrite: go test ./internal/arch -update
`

// maxInitializer is how long the shown initializer of a variable may be.
const maxInitializer = 60

// API lists the exported declarations of every public package.
func API(g *Graph) (string, error) {
	var b strings.Builder
	b.WriteString(apiHeader)
	for _, p := range Public(g) {
		fset := token.NewFileSet()
		var files []*ast.File
		for _, name := range p.GoFiles {
			// Comments are not even parsed, so none can show up.
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				return "", err
			}
			files = append(files, f)
		}
		listing, err := PackageAPI(fset, p.ImportPath, files)
		if err != nil {
			return "", fmt.Errorf("%s: %w", p.ImportPath, err)
		}
		b.WriteString("\n==== package " + p.ImportPath + "\n" + listing)
	}
	return b.String(), nil
}

// PackageAPI lists the exported declarations of one package's files: constants
// and variables in the order of their groups, because the order of an iota group
// is its values, and the rest by name, each type followed by what belongs to it.
func PackageAPI(fset *token.FileSet, path string, files []*ast.File) (string, error) {
	d, err := doc.NewFromFiles(fset, files, path)
	if err != nil {
		return "", err
	}
	l := &lister{fset: fset}
	l.values(d.Consts)
	l.values(d.Vars)
	l.funcs(d.Funcs)
	for _, t := range d.Types {
		l.decl(t.Decl)
		l.values(t.Consts)
		l.values(t.Vars)
		l.funcs(t.Funcs)
		l.funcs(t.Methods)
	}
	return l.buf.String(), l.err
}

// lister prints declarations and keeps the first error.
type lister struct {
	fset *token.FileSet
	buf  strings.Builder
	err  error
}

func (l *lister) values(vs []*doc.Value) {
	// go/doc sorts groups by their order in the source; with several files that is
	// the order of the file names, which a move between files must not show in.
	vs = slices.Clone(vs)
	slices.SortStableFunc(vs, func(a, b *doc.Value) int { return strings.Compare(a.Names[0], b.Names[0]) })
	for _, v := range vs {
		l.decl(v.Decl)
	}
}

func (l *lister) funcs(fs []*doc.Func) {
	for _, f := range fs {
		f.Decl.Body = nil
		l.decl(f.Decl)
	}
}

func (l *lister) decl(d ast.Decl) {
	if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
		for _, spec := range g.Specs {
			if v, ok := spec.(*ast.ValueSpec); ok {
				l.shorten(v)
			}
		}
	}
	// Positions of a filtered tree still hold the gaps of what was taken out, and
	// the printer keeps blank lines where it finds them.
	text := l.print(d)
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, " \t\n"); line != "" {
			lines = append(lines, line)
		}
	}
	// Without the gaps, columns align differently.
	out, err := format.Source([]byte(strings.Join(lines, "\n")))
	if err != nil && l.err == nil {
		l.err = err
	}
	l.buf.WriteString("\n" + strings.TrimSpace(string(out)) + "\n")
}

// shorten replaces the long initializers of variables. With a type given, the
// value is no part of the API at all.
func (l *lister) shorten(v *ast.ValueSpec) {
	if v.Type != nil {
		v.Values = nil
	}
	for i, x := range v.Values {
		if s := l.print(x); len(s) > maxInitializer || strings.Contains(s, "\n") {
			v.Values[i] = ast.NewIdent("elided")
		}
	}
}

func (l *lister) print(node any) string {
	var b bytes.Buffer
	if err := format.Node(&b, l.fset, node); err != nil && l.err == nil {
		l.err = err
	}
	return b.String()
}
