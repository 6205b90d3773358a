// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/pmks-go/pmks/examples/operator/api/v1alpha1"
)

// TestFiles: the definitions in config/crd are those of the types.
func TestFiles(t *testing.T) {
	t.Parallel()
	files, err := Generate("../api/v1alpha1")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 2 {
		t.Fatalf("there are %d kinds", len(files))
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("../config/crd", name))
		if err != nil || string(got) != string(want) {
			t.Errorf("config/crd/%s is not what the types say: run go generate ./... (%v)", name, err)
		}
	}
}

// TestFields: every field of a kind, by its JSON name, is in its definition, with the
// type that JSON has for it. This reads the types by reflection and the definitions from their
// files: the generator does neither.
func TestFields(t *testing.T) {
	t.Parallel()
	for file, kind := range map[string]any{"managedclusters.yaml": v1alpha1.ManagedCluster{}, "nodegroups.yaml": v1alpha1.NodeGroup{}} {
		data, err := os.ReadFile(filepath.Join("../config/crd", file))
		if err != nil {
			t.Fatal(err)
		}
		var crd object
		if err := yaml.Unmarshal(data, &crd); err != nil {
			t.Fatal(err)
		}
		version := at(t, crd, "spec", "versions").([]any)[0].(object)
		for _, part := range []string{"Spec", "Status"} {
			field, _ := reflect.TypeOf(kind).FieldByName(part)
			n := compare(t, file+" "+part, field.Type, at(t, version, "schema", "openAPIV3Schema", "properties", strings.ToLower(part)).(object))
			if n < 10 {
				t.Errorf("%s: only %d fields of %s were compared", file, n, part)
			}
		}
	}
}

func at(t *testing.T, o object, path ...string) any {
	t.Helper()
	var v any = o
	for _, name := range path {
		v = v.(object)[name]
	}
	if v == nil {
		t.Fatalf("there is no %v", path)
	}
	return v
}

// compare counts the fields that it compares.
func compare(t *testing.T, where string, typ reflect.Type, schema object) (n int) {
	t.Helper()
	word := map[reflect.Kind]string{
		reflect.Bool: "boolean", reflect.String: "string", reflect.Int32: "integer", reflect.Int64: "integer", reflect.Slice: "array", reflect.Map: "object", reflect.Struct: "object",
	}[typ.Kind()]
	switch {
	case typ.Kind() == reflect.Pointer:
		return compare(t, where, typ.Elem(), schema)
	case typ.PkgPath() == "k8s.io/apimachinery/pkg/apis/meta/v1" && typ.Name() == "Time":
		word = "string"
	}
	if schema["type"] != word {
		t.Errorf("%s is %v, want %s", where, schema["type"], word)
		return n
	}
	switch {
	case word == "array":
		return compare(t, where+"[]", typ.Elem(), schema["items"].(object))
	case typ.Kind() == reflect.Map:
		return compare(t, where+"{}", typ.Elem(), schema["additionalProperties"].(object))
	case word != "object":
		return n
	}
	properties := schema["properties"].(object)
	if len(properties) != typ.NumField() {
		t.Errorf("%s has %d properties for %d fields", where, len(properties), typ.NumField())
	}
	for i := range typ.NumField() {
		name, options, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		property, ok := properties[name].(object)
		if !ok {
			t.Errorf("%s has no %s", where, name)
			continue
		}
		required := false
		list, _ := schema["required"].([]any)
		for _, r := range list {
			required = required || r == name
		}
		if required == strings.Contains(options, "omit") {
			t.Errorf("%s.%s is required: %t", where, name, required)
		}
		n += 1 + compare(t, where+"."+name, typ.Field(i).Type, property)
	}
	return n
}
