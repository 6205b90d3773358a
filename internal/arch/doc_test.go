// SPDX-License-Identifier: Apache-2.0

package arch

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// publicDirs are the packages that users import.
var publicDirs = append([]string{
	".", "fake", "conformance", "simtest", "simtest/gcp", "inventory", "kube", "kube/clientset", "pmkstest", "pmksotel",
}, providers...)

// documented parses a package without its tests, with the documentation of it.
func documented(t *testing.T, dir string) *doc.Package {
	t.Helper()
	g := load(t)
	names, err := filepath.Glob(filepath.Join(g.Dir, filepath.FromSlash(dir), "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if !ast.IsGenerated(file) {
			files = append(files, file)
		}
	}
	pkg, err := doc.NewFromFiles(set, files, g.Module+"/"+dir)
	if err != nil {
		t.Fatal(err)
	}
	return pkg
}

// TestDocumented: each exported name of the packages that users import has a comment that
// begins with it, fields and methods of interfaces too.
func TestDocumented(t *testing.T) {
	t.Parallel()
	for _, dir := range publicDirs {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			pkg := documented(t, dir)
			if words := len(strings.Fields(pkg.Doc)); words < 40 || !strings.HasPrefix(pkg.Doc, "Package "+pkg.Name+" ") {
				t.Errorf("the package comment has %d words: %.60q", words, pkg.Doc)
			}
			for _, fault := range undocumented(pkg) {
				t.Error(fault)
			}
		})
	}
}

// TestDocumented_internal: each exported name of the other packages has a comment as well,
// which may begin as it likes; fields may speak for themselves.
func TestDocumented_internal(t *testing.T) {
	t.Parallel()
	g := load(t)
	checked := 0
	for _, p := range g.Own() {
		dir := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, g.Module), "/")
		if !strings.HasPrefix(dir, "internal/") {
			continue
		}
		checked++
		pkg := documented(t, dir)
		if pkg.Name != "main" && !strings.HasPrefix(pkg.Doc, "Package "+pkg.Name+" ") {
			t.Errorf("%s: the package comment is %.60q", dir, pkg.Doc)
		}
		for _, fault := range undocumented(pkg) {
			name, _, missing := strings.Cut(fault, " has no comment")
			if typ, _, member := strings.Cut(name, "."); missing && (!member || isMethod(pkg, typ, name)) {
				t.Errorf("%s: %s", dir, fault)
			}
		}
	}
	if checked < 40 {
		t.Errorf("only %d packages are checked", checked)
	}
}

// isMethod says whether the name is that of a method of the type, not of a field.
func isMethod(pkg *doc.Package, typ, name string) bool {
	return slices.ContainsFunc(pkg.Types, func(t *doc.Type) bool {
		return t.Name == typ && slices.ContainsFunc(t.Methods, func(m *doc.Func) bool { return t.Name+"."+m.Name == name })
	})
}

// undocumented says what of a package lacks a comment, or has one of something else.
func undocumented(pkg *doc.Package) (faults []string) {
	check := func(name, text string) {
		first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
		first = regexp.MustCompile(`^(A|An|The) `).ReplaceAllString(first, "")
		last := name[strings.LastIndex(name, ".")+1:]
		switch {
		case first == "":
			faults = append(faults, name+" has no comment")
		case !strings.HasPrefix(first, last):
			faults = append(faults, name+": the comment does not begin with it: "+first)
		}
	}
	values := func(list []*doc.Value) {
		for _, v := range list {
			for _, spec := range v.Decl.Specs {
				s, ok := spec.(*ast.ValueSpec)
				if ok && s.Names[0].IsExported() && v.Doc == "" && s.Doc.Text() == "" && s.Comment.Text() == "" {
					faults = append(faults, s.Names[0].Name+" has no comment, nor has its group")
				}
			}
		}
	}
	funcs := func(of string, list []*doc.Func) {
		for _, f := range list {
			check(of+f.Name, f.Doc)
		}
	}
	values(pkg.Consts)
	values(pkg.Vars)
	funcs("", pkg.Funcs)
	for _, t := range pkg.Types {
		check(t.Name, t.Doc)
		values(t.Consts)
		values(t.Vars)
		funcs("", t.Funcs)
		funcs(t.Name+".", t.Methods)
		switch s := t.Decl.Specs[0].(*ast.TypeSpec).Type.(type) { //nolint:forcetypeassert // a declaration of a type has such
		case *ast.InterfaceType:
			for _, m := range s.Methods.List {
				// One method alone has the comment of its interface, and those of testing.T
				// have the testing package's.
				if len(s.Methods.List) > 1 && !strings.Contains(t.Doc, "of *testing.T") && len(m.Names) > 0 && m.Names[0].IsExported() && m.Doc.Text() == "" {
					faults = append(faults, t.Name+"."+m.Names[0].Name+" has no comment")
				}
			}
		case *ast.StructType:
			if !isWire(s) {
				faults = append(faults, fields(t.Name, s)...)
			}
		}
	}
	return faults
}

// fields says which exported fields of a struct nothing is said of. One comment may stand
// above several fields that follow it.
func fields(of string, s *ast.StructType) (faults []string) {
	covered := false
	for _, f := range s.Fields.List {
		covered = covered || f.Doc.Text() != "" || f.Comment.Text() != ""
		for _, name := range f.Names {
			if name.IsExported() && !covered {
				faults = append(faults, of+"."+name.Name+" has no comment")
			}
		}
	}
	return faults
}

// isWire says whether a struct is a request of a vendor, whose members are told by the
// vendor's reference under the names in their tags.
func isWire(s *ast.StructType) bool {
	return len(s.Fields.List) > 0 && s.Fields.List[0].Tag != nil && strings.HasPrefix(s.Fields.List[0].Tag.Value, "`json:")
}

// TestDocumented_finds: what has no comment is found.
func TestDocumented_finds(t *testing.T) {
	t.Parallel()
	const source = `// Package p is one.
package p

type A struct{ F int }

// C is wrong.
func B() {}

const D = 1

// E is right.
type E interface {
	// G does.
	G()
	H()
}
`
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "p.go", source, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	pkg, err := doc.NewFromFiles(set, []*ast.File{file}, "p")
	if err != nil {
		t.Fatal(err)
	}
	got := undocumented(pkg)
	want := []string{
		"D has no comment, nor has its group", "B: the comment does not begin with it: C is wrong.",
		"A has no comment", "A.F has no comment", "E.H has no comment",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestIndex: the comment of the root package links every wait, job and optional interface.
func TestIndex(t *testing.T) {
	t.Parallel()
	pkg := documented(t, ".")
	var names []string
	add := func(f *doc.Func) {
		if strings.HasPrefix(f.Name, "Wait") || slices.Contains([]string{"Provision", "Upgrade", "Teardown", "PlanUpgrade", "Clusters", "GetNodeGroup"}, f.Name) {
			names = append(names, f.Name)
		}
	}
	for _, f := range pkg.Funcs {
		add(f)
	}
	for _, typ := range pkg.Types {
		for _, f := range typ.Funcs {
			add(f)
		}
		if s, ok := typ.Decl.Specs[0].(*ast.TypeSpec).Type.(*ast.InterfaceType); ok && typ.Name != "ClusterHandler" && !strings.HasPrefix(typ.Name, "Observer") && len(s.Methods.List) > 0 {
			names = append(names, typ.Name)
		}
	}
	if len(names) < 20 {
		t.Fatalf("only %q are found", names)
	}
	for _, name := range names {
		if !strings.Contains(pkg.Doc, "["+name+"]") {
			t.Errorf("the package comment does not link [%s]", name)
		}
	}
}
