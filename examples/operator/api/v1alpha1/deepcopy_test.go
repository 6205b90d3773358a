// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"encoding/json"
	"reflect"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/randfill"
)

// TestDeepCopy: a copy equals the original, and shares no memory with it. The objects are
// filled with everything that their types can hold, so that a new field cannot be forgotten.
func TestDeepCopy(t *testing.T) {
	t.Parallel()
	for _, o := range []runtime.Object{&ManagedCluster{}, &NodeGroup{}, &ManagedClusterList{}, &NodeGroupList{}} {
		t.Run(reflect.TypeOf(o).Elem().Name(), func(t *testing.T) {
			t.Parallel()
			fields := func(f *metav1.FieldsV1, _ randfill.Continue) { f.SetRawString("{}") }
			randfill.NewWithSeed(1).NilChance(0).NumElements(2, 3).MaxDepth(12).Funcs(fields).Fill(o)
			c := o.DeepCopyObject()
			if a, b := text(t, o), text(t, c); a != b {
				t.Errorf("the copy is\n%s\nof\n%s", b, a)
			}
			seen := map[uintptr]string{}
			pointers(reflect.ValueOf(o), "", seen)
			if len(seen) < 10 {
				t.Errorf("only %d pointers were found", len(seen))
			}
			for at, where := range shared(reflect.ValueOf(c), seen) {
				t.Errorf("%s is shared with the original's %s", at, where)
			}
		})
	}
}

func text(t *testing.T, o runtime.Object) string {
	t.Helper()
	data, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// pointers notes where memory that can be shared lies.
func pointers(v reflect.Value, path string, seen map[uintptr]string) {
	walk(v, path, func(at uintptr, path string) { seen[at] = path })
}

func shared(v reflect.Value, seen map[uintptr]string) map[string]string {
	both := map[string]string{}
	walk(v, "", func(at uintptr, path string) {
		if where, ok := seen[at]; ok {
			both[path] = where
		}
	})
	return both
}

// walk visits pointers, slices and maps. Times point to their zone, which all share.
func walk(v reflect.Value, path string, visit func(uintptr, string)) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || v.Type().String() == "*time.Location" {
			return
		}
		visit(v.Pointer(), path)
		walk(v.Elem(), path, visit)
	case reflect.Slice:
		if v.Len() > 0 {
			visit(v.Pointer(), path)
		}
		for i := range v.Len() {
			walk(v.Index(i), path+"[]", visit)
		}
	case reflect.Map:
		if v.Len() > 0 {
			visit(v.Pointer(), path)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			walk(v.Field(i), path+"."+v.Type().Field(i).Name, visit)
		}
	}
}
