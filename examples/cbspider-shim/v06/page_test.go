// SPDX-License-Identifier: Apache-2.0

package v06

import (
	"os"
	"reflect"
	"regexp"
	"testing"
	"time"
)

// TestPage: docs/from-cb-spider.md says something of every call and every field of the
// V0.6 text.
func TestPage(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../../docs/from-cb-spider.md")
	if err != nil {
		t.Fatal(err)
	}
	has := func(word string) bool { return regexp.MustCompile("`(\\w+\\.)?" + word + "`").Match(data) }
	calls := reflect.TypeFor[ClusterHandler]()
	if calls.NumMethod() != 9 {
		t.Errorf("V0.6 has %d calls", calls.NumMethod())
	}
	for m := range calls.Methods() {
		if !has(m.Name) {
			t.Errorf("the page does not say what is different about the call %s", m.Name)
		}
	}
	seen := map[reflect.Type]bool{}
	var visit func(reflect.Type)
	visit = func(of reflect.Type) {
		for of.Kind() == reflect.Slice {
			of = of.Elem()
		}
		if of.Kind() != reflect.Struct || of == reflect.TypeFor[time.Time]() || seen[of] {
			return
		}
		seen[of] = true
		for f := range of.Fields() {
			visit(f.Type)
			// The halves of an id and of a pair are in all of them.
			if of != reflect.TypeFor[IID]() && of != reflect.TypeFor[KeyValue]() && f.Name != "Network" && f.Name != "AccessInfo" && !has(f.Name) {
				t.Errorf("the page does not mention the field %s of %s", f.Name, of.Name())
			}
		}
	}
	visit(reflect.TypeFor[ClusterInfo]())
	if len(seen) < 6 {
		t.Errorf("only %d structs are seen", len(seen))
	}
}
