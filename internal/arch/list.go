// SPDX-License-Identifier: Apache-2.0

package arch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Package is what the rules need to know of one package.
type Package struct {
	// ImportPath is the package's import path.
	ImportPath string
	// Name is the name in its package clause, "main" for a program.
	Name string
	// Dir is the directory of its files.
	Dir string
	// Module is the path of its module, empty in the standard library.
	Module string
	// GoFiles are the names of its files that the listed platform compiles,
	// without tests.
	GoFiles []string
	// Imports are the packages that its non-test files import.
	Imports []string
	// TestImports are the packages that its test files import, in-package and
	// external ones together.
	TestImports []string
}

// Graph is a set of packages closed under Imports. TestImports may lead out of it.
type Graph struct {
	// Module is the path of the main module.
	Module string
	// Dir is its root directory.
	Dir string
	// Packages holds the packages by import path.
	Packages map[string]*Package
}

// Own returns the packages of the main module, sorted by import path.
func (g *Graph) Own() []*Package {
	var own []*Package
	for _, p := range g.Packages {
		if p.Module == g.Module {
			own = append(own, p)
		}
	}
	slices.SortFunc(own, func(a, b *Package) int { return strings.Compare(a.ImportPath, b.ImportPath) })
	return own
}

// Closure returns the packages that path's non-test code reaches, sorted, path
// itself left out.
func (g *Graph) Closure(path string) []string {
	seen := map[string]bool{path: true}
	todo := []string{path}
	var reached []string
	for len(todo) > 0 {
		p := g.Packages[todo[0]]
		todo = todo[1:]
		if p == nil {
			continue
		}
		for _, imp := range p.Imports {
			if !seen[imp] {
				seen[imp] = true
				reached = append(reached, imp)
				todo = append(todo, imp)
			}
		}
	}
	slices.Sort(reached)
	return reached
}

// rel returns path relative to the module: "." for the root package, "aws" for
// github.com/pmks-go/pmks/aws. ok is false for packages of other modules.
func (g *Graph) rel(path string) (rel string, ok bool) {
	if path == g.Module {
		return ".", true
	}
	return strings.CutPrefix(path, g.Module+"/")
}

// ModuleRoot returns the directory of the go.mod above the working directory.
func ModuleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod above the working directory")
		}
		dir = parent
	}
}

// listed is the part of go list's JSON that Load reads.
type listed struct {
	ImportPath, Name, Dir              string
	Standard                           bool
	Module                             *struct{ Path string }
	GoFiles, IgnoredGoFiles            []string
	Imports, TestImports, XTestImports []string
}

// Load runs go list -deps in dir for one platform. cgo is off, as it is in
// everything but the race stage, so that the answer is the same on machines with
// and without a C compiler.
//
// Files of the main module that build constraints leave out (tag live, another
// operating system) are parsed for their imports: a rule must not depend on the
// platform it is checked on.
func Load(dir, goos, goarch string, patterns ...string) (*Graph, error) {
	mod, err := goOutput(dir, goos, goarch, "list", "-m")
	if err != nil {
		return nil, err
	}
	out, err := goOutput(dir, goos, goarch, append([]string{
		"list", "-deps",
		"-json=ImportPath,Name,Dir,Standard,Module,GoFiles,IgnoredGoFiles,Imports,TestImports,XTestImports",
	}, patterns...)...)
	if err != nil {
		return nil, err
	}
	g := &Graph{Module: strings.TrimSpace(string(mod)), Dir: dir, Packages: map[string]*Package{}}
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var l listed
		if err := dec.Decode(&l); errors.Is(err, io.EOF) {
			return g, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		p := &Package{
			ImportPath:  l.ImportPath,
			Name:        l.Name,
			Dir:         l.Dir,
			GoFiles:     l.GoFiles,
			Imports:     l.Imports,
			TestImports: slices.Concat(l.TestImports, l.XTestImports),
		}
		if l.Module != nil {
			p.Module = l.Module.Path
		}
		if p.Module == g.Module {
			if err := p.addIgnored(l.IgnoredGoFiles); err != nil {
				return nil, err
			}
		}
		g.Packages[p.ImportPath] = p
	}
}

// addIgnored adds the imports of files that the listed platform does not compile.
func (p *Package) addIgnored(files []string) error {
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			list := &p.Imports
			if strings.HasSuffix(name, "_test.go") {
				list = &p.TestImports
			}
			if !slices.Contains(*list, path) {
				*list = append(*list, path)
			}
		}
	}
	return nil
}

// listTimeout bounds one go list, a first one with modules to download included.
const listTimeout = 5 * time.Minute

// goOutput runs the go command and returns what it prints.
func goOutput(dir, goos, goarch string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), listTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return out, nil
}
