// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// Held says which types a handler must not lead to: the clients of the vendor's SDK, each
// of which has a whole API in its methods. The linker keeps all exported methods of the
// types that a handler leads to in a program that looks methods up by their names, as
// text/template does; a client whose methods are held as functions it keeps only these of.
type Held struct {
	// Packages are beginnings of import paths, Names the ends of the names of the types.
	Packages, Names []string
	// Apart are the methods and fields, as "Handler.Vendor" or "clients.vendor", that the
	// build tag pmks_novendor takes away, or empties.
	Apart []string
}

// Test fails for each client that an open handler leads to: through what its fields are
// and hold, what its methods take and return, and so on. Handler.Vendor, where it is
// there, must lead to one, or clients are not recognised.
func (w Held) Test(t *testing.T, handler any) {
	t.Helper()
	for _, way := range w.find(handler) {
		t.Errorf("a handler leads to a whole client: %s", way)
	}
	typ := reflect.TypeOf(handler)
	if vendor, ok := typ.MethodByName("Vendor"); ok {
		h := newWalker(Held{Packages: w.Packages, Names: w.Names}, typ)
		if h.follow(vendor.Type.Out(0), "Vendor"); len(h.found) == 0 {
			t.Error("Handler.Vendor leads to no client: they are not recognised by these packages and names")
		}
	}
}

// find returns how a handler leads to clients, and to which.
func (w Held) find(handler any) []string {
	v := reflect.ValueOf(handler)
	h := newWalker(w, v.Type())
	h.lookAt(v, "Handler")
	h.follow(v.Type(), "Handler")
	return h.found
}

// walker is a walk through what a handler leads to.
type walker struct {
	Held
	own    string // the module of the provider
	types  map[reflect.Type]bool
	values map[seen]bool
	found  []string
}

type seen struct {
	typ reflect.Type
	at  uintptr
}

func newWalker(w Held, handler reflect.Type) *walker {
	return &walker{Held: w, own: path.Dir(handler.Elem().PkgPath()), types: map[reflect.Type]bool{}, values: map[seen]bool{}}
}

func (h *walker) isOwn(t reflect.Type) bool {
	return t.PkgPath() == h.own || strings.HasPrefix(t.PkgPath(), h.own+"/")
}

func (h *walker) isClient(t reflect.Type) bool {
	name, _, _ := strings.Cut(t.Name(), "[")
	return t.Kind() == reflect.Struct && slices.ContainsFunc(h.Packages, func(p string) bool { return strings.HasPrefix(t.PkgPath(), p) }) &&
		slices.ContainsFunc(h.Names, func(end string) bool { return strings.HasSuffix(name, end) })
}

func (h *walker) isApart(owner reflect.Type, member string) bool {
	return slices.Contains(h.Apart, owner.Name()+"."+member)
}

// follow goes through what a type is made of, and through the methods of our own types.
func (h *walker) follow(t reflect.Type, way string) {
	if h.types[t] {
		return
	}
	h.types[t] = true
	if h.isClient(t) {
		h.found = append(h.found, way+" is "+t.String())
		return
	}
	if t.Name() != "" && h.isOwn(t) {
		h.followMethods(t, way)
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Chan:
		h.follow(t.Elem(), way)
	case reflect.Map:
		h.follow(t.Key(), way)
		h.follow(t.Elem(), way)
	case reflect.Func:
		h.followSignature(t, way)
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); !h.isApart(t, f.Name) {
				h.follow(f.Type, way+"."+f.Name)
			}
		}
	}
}

// followMethods goes through the exported methods of a type and of pointers to it.
func (h *walker) followMethods(t reflect.Type, way string) {
	if t.Kind() != reflect.Interface {
		t = reflect.PointerTo(t)
	}
	for i := range t.NumMethod() {
		m := t.Method(i)
		if owner := t; m.IsExported() && (owner.Kind() == reflect.Interface || !h.isApart(owner.Elem(), m.Name)) {
			h.followSignature(m.Type, way+"."+m.Name+"()")
		}
	}
}

func (h *walker) followSignature(f reflect.Type, way string) {
	for i := range f.NumIn() {
		h.follow(f.In(i), way)
	}
	for i := range f.NumOut() {
		h.follow(f.Out(i), way)
	}
}

// lookAt goes through values for what is in interfaces, which no type tells. What the
// standard library's interfaces hold is the user's, or not of the SDK.
func (h *walker) lookAt(v reflect.Value, way string) {
	switch v.Kind() {
	case reflect.Pointer:
		here := seen{v.Type(), v.Pointer()}
		if v.IsNil() || h.values[here] {
			return
		}
		h.values[here] = true
		h.lookAt(v.Elem(), way)
	case reflect.Struct:
		if !h.isOwn(v.Type()) && v.Type().Name() != "" {
			return
		}
		for i := range v.NumField() {
			if f := v.Type().Field(i); !h.isApart(v.Type(), f.Name) {
				h.lookAt(v.Field(i), way+"."+f.Name)
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			h.lookAt(v.Index(i), way)
		}
	case reflect.Map:
		for r := v.MapRange(); r.Next(); {
			h.lookAt(r.Value(), way)
		}
	case reflect.Interface:
		if first, _, _ := strings.Cut(v.Type().PkgPath(), "/"); v.IsNil() || first != "" && !strings.Contains(first, ".") {
			return
		}
		h.follow(v.Elem().Type(), way)
		h.lookAt(v.Elem(), way)
	}
}
