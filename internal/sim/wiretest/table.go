// SPDX-License-Identifier: Apache-2.0

package wiretest

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// Table is a vendor's model of its messages, as far as a simulator speaks it: names,
// types, enumerations and bounds. It holds facts, and none of the simulator's.
type Table struct {
	// Source says what it was made from.
	Source     string               `json:"source"`
	Operations map[string]Operation `json:"operations"`
	Shapes     map[string]Shape     `json:"shapes"`
}

// Operation names the shapes of one operation; empty for no body.
type Operation struct {
	Input  string `json:"input,omitempty"`
	Output string `json:"output,omitempty"`
}

// Shape is one type.
type Shape struct {
	// Type is structure, map, list, string, boolean, integer, number, timestamp or any.
	Type string `json:"type"`
	// Members are those of a structure, by their name on the wire, with their shapes.
	Members  map[string]string `json:"members,omitempty"`
	Required []string          `json:"required,omitempty"`
	// Elsewhere lists members that are in the path, the query or a header.
	Elsewhere []string `json:"elsewhere,omitempty"`
	// ReadOnly lists members that the vendor sets, and reads over in a request.
	ReadOnly []string `json:"readOnly,omitempty"`
	// Of is the shape of what is in a list or a map.
	Of   string   `json:"of,omitempty"`
	Enum []string `json:"enum,omitempty"`
	// Min and Max bound a number, or the length of a text, a list or a map.
	Min *float64 `json:"min,omitempty"`
	Max *float64 `json:"max,omitempty"`
}

// ReadTable reads a table from testdata.
func ReadTable(t testing.TB, name string) *Table {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	table := &Table{}
	if err := json.Unmarshal(data, table); err != nil {
		t.Fatal(err)
	}
	for name, s := range table.Shapes {
		for _, other := range append(slices.Collect(maps.Values(s.Members)), s.Of) {
			if _, ok := table.Shapes[other]; !ok && other != "" {
				t.Fatalf("%s refers to %s, which is not in the table", name, other)
			}
		}
	}
	return table
}

// Answer holds the body of a success against the operation's output, and returns a
// sentence for each fault.
func (t *Table) Answer(op string, body []byte) []string {
	operation, ok := t.Operations[op]
	if !ok {
		return []string{op + " is not in the table"}
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return []string{op + ": " + err.Error()}
	}
	return t.Value(operation.Output, op, v)
}

// Value holds a decoded value against a shape. That a list or a map is empty is no
// fault: vendors show what they would refuse.
func (t *Table) Value(shape, path string, v any) []string {
	s := t.Shapes[shape]
	if v == nil || s.Type == "any" {
		return nil
	}
	switch v := v.(type) {
	case map[string]any:
		return t.object(s, path, v)
	case []any:
		if s.Type != "list" {
			return []string{path + " is a list, and must be a " + s.Type}
		}
		faults := s.size(path, len(v))
		for i, item := range v {
			faults = append(faults, t.Value(s.Of, fmt.Sprintf("%s[%d]", path, i), item)...)
		}
		return faults
	case string:
		if s.Type == "timestamp" && strings.Contains(v, "T") {
			return nil
		}
		if s.Type != "string" {
			return []string{path + " is a text, and must be a " + s.Type}
		}
		if len(s.Enum) > 0 && !slices.Contains(s.Enum, v) {
			return []string{fmt.Sprintf("%s is %q, which is none of its enumeration", path, v)}
		}
		return s.length(path, utf8.RuneCountInString(v))
	case bool:
		if s.Type != "boolean" {
			return []string{path + " is a truth value, and must be a " + s.Type}
		}
	case float64:
		if s.Type != "number" && s.Type != "timestamp" && (s.Type != "integer" || v != float64(int64(v))) {
			return []string{fmt.Sprintf("%s is %v, and must be a %s", path, v, s.Type)}
		}
		if !s.within(v) {
			return []string{fmt.Sprintf("%s is %v, which is out of its bounds", path, v)}
		}
	}
	return nil
}

func (t *Table) object(s Shape, path string, v map[string]any) (faults []string) {
	switch s.Type {
	case "map":
		faults = s.size(path, len(v))
		for key, inner := range v {
			faults = append(faults, t.Value(s.Of, path+"."+key, inner)...)
		}
	case "structure":
		for key, inner := range v {
			member, ok := s.Members[key]
			if !ok || slices.Contains(s.Elsewhere, key) {
				faults = append(faults, path+"."+key+" is not in the vendor's model")
				continue
			}
			faults = append(faults, t.Value(member, path+"."+key, inner)...)
		}
		for _, key := range s.Required {
			if v[key] == nil && !slices.Contains(s.Elsewhere, key) {
				faults = append(faults, path+"."+key+" is missing")
			}
		}
	default:
		faults = []string{path + " is an object, and must be a " + s.Type}
	}
	return faults
}

func (s Shape) within(v float64) bool {
	return (s.Min == nil || v >= *s.Min) && (s.Max == nil || v <= *s.Max)
}

// size is length for what may be empty.
func (s Shape) size(path string, n int) []string {
	if n == 0 {
		return nil
	}
	return s.length(path, n)
}

func (s Shape) length(path string, n int) []string {
	if s.within(float64(n)) {
		return nil
	}
	return []string{fmt.Sprintf("%s has the length %d, which is out of its bounds", path, n)}
}

// Struct holds a struct of the simulator against a shape: each of its members must be
// the vendor's, of the same type. With complete, every member of the vendor's must
// be there too, if only tagged `sim:"no"`, so that none is called unknown, and those
// tagged `sim:"read"` must be the read-only ones.
func (t *Table) Struct(shape string, typ reflect.Type, complete bool) []string {
	return t.structType(shape, shape, typ, complete, nil)
}

// structType does not go into what it is in already, as of types that hold their own.
func (t *Table) structType(shape, path string, typ reflect.Type, complete bool, in []reflect.Type) (faults []string) {
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if slices.Contains(in, typ) {
		return nil
	}
	s, ok := t.Shapes[shape]
	if !ok {
		return []string{path + ": there is no shape " + shape}
	}
	want, known := kindTable[s.Type]
	_, own := reflect.PointerTo(typ).MethodByName("MarshalJSON")
	switch {
	case !known || own || typ.Kind() == reflect.Interface || s.Type == "string" && typ == reflect.TypeFor[[]byte]():
		return nil
	case !slices.Contains(want, typ.Kind()):
		return []string{fmt.Sprintf("%s is a %s, and must be a %s", path, typ.Kind(), s.Type)}
	case s.Type == "list" || s.Type == "map" && typ.Kind() == reflect.Map:
		return t.structType(s.Of, path+"[]", typ.Elem(), complete, in)
	case s.Type != "structure":
		return nil
	}
	seen := map[string]bool{}
	for _, field := range reflect.VisibleFields(typ) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		seen[name] = true
		member, ok := s.Members[name]
		if !ok || slices.Contains(s.Elsewhere, name) {
			faults = append(faults, path+"."+name+" is not in the vendor's model")
			continue
		}
		read := field.Tag.Get("sim") == "read"
		if complete && read != t.readOnly(s, name) {
			faults = append(faults, fmt.Sprintf("%s.%s is read-only: %t in the struct, %t in the vendor's model", path, name, read, !read))
			continue
		}
		faults = append(faults, t.structType(member, path+"."+name, field.Type, complete && !read, append(in, typ))...)
	}
	for name := range s.Members {
		if complete && !seen[name] && !slices.Contains(s.Elsewhere, name) {
			faults = append(faults, path+"."+name+" is in the vendor's model and not in the struct")
		}
	}
	slices.Sort(faults)
	return faults
}

// Structs is Struct for the requests, which must be complete, and the answers of a
// simulator, each under its operation.
func (t *Table) Structs(requests, answers map[string]any) (faults []string) {
	for op, v := range requests {
		faults = append(faults, t.Struct(t.Operations[op].Input, reflect.TypeOf(v), true)...)
	}
	for op, v := range answers {
		faults = append(faults, t.Struct(t.Operations[op].Output, reflect.TypeOf(v), false)...)
	}
	slices.Sort(faults)
	return slices.Compact(faults)
}

// readOnly reports whether the vendor reads over a member: it, or all that is in it.
func (t *Table) readOnly(s Shape, name string) bool {
	inner := t.Shapes[s.Members[name]]
	return slices.Contains(s.ReadOnly, name) || len(inner.Members) > 0 && len(inner.ReadOnly) == len(inner.Members)
}

// kindTable says what each type of a table may be in Go.
var kindTable = map[string][]reflect.Kind{
	"structure": {reflect.Struct},
	"map":       {reflect.Map},
	"list":      {reflect.Slice},
	"string":    {reflect.String},
	"boolean":   {reflect.Bool},
	"integer":   {reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint64},
	"number":    {reflect.Float64, reflect.Float32, reflect.Int, reflect.Int32, reflect.Int64},
}
