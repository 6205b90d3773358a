// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"reflect"
	"testing"

	"github.com/pmks-go/pmks"
)

// TestCapabilities_clone fills every list of capabilities, and finds none of them in the copy.
func TestCapabilities_clone(t *testing.T) {
	t.Parallel()
	var c pmks.Capabilities
	lists := 0
	walk := func(visit func(v, same reflect.Value, path string)) func(v, same reflect.Value, path string) {
		var down func(v, same reflect.Value, path string)
		down = func(v, same reflect.Value, path string) {
			switch v.Kind() {
			case reflect.Struct:
				for i := range v.NumField() {
					down(v.Field(i), same.Field(i), path+"."+v.Type().Field(i).Name)
				}
			case reflect.Slice:
				visit(v, same, path)
			case reflect.Map, reflect.Pointer:
				t.Errorf("%s is a %s, which Clone does not know", path, v.Kind())
			default:
			}
		}
		return down
	}
	fill := walk(func(v, _ reflect.Value, _ string) { v.Set(reflect.MakeSlice(v.Type(), 1, 1)); lists++ })
	v := reflect.ValueOf(&c).Elem()
	fill(v, v, "Capabilities")
	made := c.Clone()
	walk(func(v, same reflect.Value, path string) {
		if same.Len() != 1 || v.UnsafePointer() == same.UnsafePointer() {
			t.Errorf("%s is shared", path)
		}
	})(v, reflect.ValueOf(&made).Elem(), "Capabilities")
	if lists == 0 {
		t.Error("there are no lists")
	}
}
