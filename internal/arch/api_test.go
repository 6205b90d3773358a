// SPDX-License-Identifier: Apache-2.0

package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"
)

// apiSource has one of everything that the listing shows or hides.
const apiSource = `// Package p is documented.
package p

import "errors"

// Code is documented.
type Code int

const (
	// Unknown is documented.
	Unknown Code = iota // and here

	Known
	hidden
	Last = "last"
)

// ErrZ comes first.
var ErrZ = errors.New("z")

var (
	Typed  map[string]int = map[string]int{"a": 1}
	long                  = 1
	Table                 = []string{
		"a",
	}
)

// T is documented.
type T struct {
	base
	// A is documented.
	A, b int

	B string ` + "`json:\"B\"`" + ` // B too
	c    func()
}

type base struct{}

// Promoted reaches T's users.
func (base) Promoted() {}

// NewT belongs to T.
func NewT(a int) *T { return &T{A: a} }

func (t *T) Zed(x, y int) (n int, err error) { return }
func (t T) Alpha()                           {}
func (t T) quiet()                           {}

// I is documented.
type I[K comparable] interface {
	// M is documented.
	M(k K) error
	secret()
}

type Alias = T

// F is documented.
func F[K comparable](k ...K) { println(k) }

func init() {}

func quiet() {}
`

const apiWant = `
var ErrZ = errors.New("z")

var (
	Typed map[string]int
	Table = elided
)

func F[K comparable](k ...K)

type Alias = T

type Code int

const (
	Unknown Code = iota
	Known
	Last = "last"
)

type I[K comparable] interface {
	M(k K) error
	// contains filtered or unexported methods
}

type T struct {
	A int
	B string ` + "`json:\"B\"`" + `
	// contains filtered or unexported fields
}

func NewT(a int) *T

func (t T) Alpha()

func (T) Promoted()

func (t *T) Zed(x, y int) (n int, err error)
`

func TestPackageAPI(t *testing.T) {
	t.Parallel()
	list := func(src string) string {
		t.Helper()
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, "p.go", src, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		got, err := PackageAPI(fset, "m.org/p", []*ast.File{f})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if d := Diff(apiWant, list(apiSource)); d != "" {
		t.Error(d)
	}
	// A body, a comment and an unexported name are no part of the API.
	if d := Diff(list("package p\n\nfunc F() {}\n"), list("package p\n\n// F.\nfunc F() { g() }\n\nfunc g() {}\n")); d != "" {
		t.Error(d)
	}
	// A parameter's type is.
	if Diff(list("package p\n\nfunc F(a int) {}\n"), list("package p\n\nfunc F(a int64) {}\n")) == "" {
		t.Error("a changed signature does not show")
	}
}
