// SPDX-License-Identifier: Apache-2.0

//go:build !pmks_novendor

package aws

import (
	"reflect"
	"strings"
	"testing"
)

// TestHandler_holdsNoWholeClient: neither a method of the handler but Vendor, which a build
// tag takes away, nor what it holds leads the linker to a client of the SDK, of which it
// would keep every method in a program that looks methods up by their names.
func TestHandler_holdsNoWholeClient(t *testing.T) {
	t.Parallel()
	handler := reflect.TypeFor[*Handler]()
	for i := range handler.NumMethod() {
		m := handler.Method(i)
		for k := range m.Type.NumOut() {
			if client := clientIn(m.Type.Out(k), nil); client != "" && m.Name != "Vendor" {
				t.Errorf("%s returns %s", m.Name, client)
			}
		}
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[clients]()) {
		if f.Type.Kind() == reflect.Interface {
			t.Errorf("%s is an interface: whatever is in it keeps all its methods", f.Name)
		}
		if client := clientIn(f.Type, nil); client != "" {
			t.Errorf("%s holds %s", f.Name, client)
		}
	}
	if clientIn(reflect.TypeFor[Clients](), nil) == "" {
		t.Error("the clients of the SDK are not recognised")
	}
}

// clientIn finds a client of a service in what a type is made of.
func clientIn(typ reflect.Type, within []reflect.Type) string {
	for _, t := range within {
		if t == typ {
			return ""
		}
	}
	within = append(within, typ)
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return clientIn(typ.Elem(), within)
	case reflect.Struct:
		if typ.Name() == "Client" && strings.Contains(typ.PkgPath(), "aws-sdk-go-v2/service/") {
			return typ.String()
		}
		for i := range typ.NumField() {
			if client := clientIn(typ.Field(i).Type, within); client != "" {
				return client
			}
		}
	}
	return ""
}
