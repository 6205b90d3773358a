// SPDX-License-Identifier: Apache-2.0

// Typecheck reads packages and their tests with the compiler's type checker, for the
// architecture that GOARCH names, and compiles nothing:
//
//	GOARCH=386 typecheck ./...
//
// Of what the packages import, standard library included, only the declarations are read:
// compiling the vendors' SDKs once more for every architecture would take minutes.
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/tools/go/packages"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: typecheck PACKAGES")
		os.Exit(2)
	}
	faults, n, err := check(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "typecheck:", err)
		os.Exit(2)
	}
	for _, fault := range faults {
		fmt.Fprintln(os.Stderr, fault)
	}
	if len(faults) > 0 {
		os.Exit(1)
	}
	fmt.Printf("%d packages and test packages\n", n)
}

// check returns what is wrong with the packages, and how many there are.
func check(patterns []string) (faults []string, n int, err error) {
	here, err := os.Getwd()
	if err != nil {
		return nil, 0, err
	}
	loaded, err := packages.Load(&packages.Config{
		Mode:      packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports | packages.NeedDeps | packages.NeedTypes | packages.NeedTypesSizes,
		Tests:     true,
		ParseFile: declarations(here + string(filepath.Separator)),
	}, patterns...)
	if err != nil {
		return nil, 0, err
	}
	seen := map[string]bool{}
	for _, p := range loaded {
		if strings.HasSuffix(p.ID, ".test") {
			continue // the main function of a test program, which the go command writes
		}
		n++
		// A package and the one that its tests are compiled into share files.
		for _, e := range p.Errors {
			if text := e.Error(); !seen[text] {
				seen[text] = true
				faults = append(faults, text)
			}
		}
	}
	if n == 0 {
		err = fmt.Errorf("no package matches %s", strings.Join(patterns, " "))
	}
	return faults, n, err
}

// declarations parses files, and those outside root without the bodies of functions. An
// import that only a body uses is then said to be unused, in a package nobody asks about.
func declarations(root string) func(*token.FileSet, string, []byte) (*ast.File, error) {
	return func(fset *token.FileSet, name string, src []byte) (*ast.File, error) {
		if strings.HasPrefix(name, root) {
			return parser.ParseFile(fset, name, src, parser.AllErrors)
		}
		file, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
		if file != nil {
			for _, decl := range file.Decls {
				if f, ok := decl.(*ast.FuncDecl); ok {
					f.Body = nil
				}
			}
		}
		return file, err
	}
}
