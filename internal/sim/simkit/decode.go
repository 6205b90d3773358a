// SPDX-License-Identifier: Apache-2.0

package simkit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// MemberFault says what is wrong with a member.
type MemberFault int

// The faults of members.
const (
	// Malformed: the text is no JSON, or not one object alone.
	Malformed MemberFault = iota
	// Unknown: the API has no such member.
	Unknown
	// Repeated: it is given twice.
	Repeated
	// WrongType: its value is not of the type of the member.
	WrongType
	// NotSimulated: the vendor has it, and the simulator has not.
	NotSimulated
)

// DecodeError is why Decode refuses a body. Path is the member's, such as
// "tags.a[1]"; it is empty for the body as a whole.
type DecodeError struct {
	Fault MemberFault
	Path  string
	Text  string
}

// Error returns the text with the path.
func (e *DecodeError) Error() string {
	if e.Path == "" {
		return e.Text
	}
	return e.Path + ": " + e.Text
}

// Decode reads a JSON object strictly into a struct. Members that the struct has
// not, members given twice, names in another case and values of another type are
// refused with a *DecodeError.
//
// Members tagged `sim:"no"` exist at the vendor and are not simulated; null is the
// same as nothing. Members tagged `sim:"read"` are read over.
func Decode(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	kept, err := filterValue(d, reflect.TypeOf(into).Elem(), "")
	if err == nil {
		if _, end := d.Token(); end != io.EOF {
			err = &DecodeError{Text: "there is something behind the body"}
		}
	}
	if err != nil {
		return asDecodeError(err)
	}
	data, err := json.Marshal(kept)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	wrong := &json.UnmarshalTypeError{}
	switch {
	case errors.As(err, &wrong):
		return &DecodeError{Fault: WrongType, Path: wrong.Field, Text: "cannot take " + wrong.Value}
	case err != nil:
		return &DecodeError{Fault: WrongType, Text: err.Error()}
	}
	return nil
}

func asDecodeError(err error) error {
	known := &DecodeError{}
	if errors.As(err, &known) {
		return known
	}
	return &DecodeError{Text: fmt.Sprintf("the body is not JSON: %v", err)}
}

func memberError(fault MemberFault, path, format string, args ...any) error {
	if path == "" {
		return &DecodeError{Text: "the body must be an object"}
	}
	return &DecodeError{Fault: fault, Path: path, Text: fmt.Sprintf(format, args...)}
}

// skipped stands for a member that is left out.
var skipped = new(struct{ _ int })

// filterValue walks through one value next to the type that it is to become, and
// returns it without what is to be left out.
func filterValue(d *json.Decoder, t reflect.Type, path string) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t != nil && t.Kind() == reflect.Interface {
		t = nil
	}
	switch token {
	case json.Delim('{'):
		if t != nil && t.Kind() != reflect.Struct && t.Kind() != reflect.Map {
			return nil, memberError(WrongType, path, "must not be an object")
		}
		return filterObject(d, t, path)
	case json.Delim('['):
		if t != nil && t.Kind() != reflect.Slice {
			return nil, memberError(WrongType, path, "must not be a list")
		}
		items := []any{}
		for i := 0; d.More(); i++ {
			item, err := filterValue(d, elem(t), fmt.Sprintf("%s[%d]", path, i))
			if err != nil {
				return nil, err
			}
			items = append(items, item)
		}
		_, err := d.Token()
		return items, err
	}
	if path == "" {
		return nil, memberError(Malformed, path, "")
	}
	if t != nil && token != nil && !scalarFits(token, t.Kind()) {
		return nil, memberError(WrongType, path, "cannot unmarshal %v into a value of type %s", token, t.Kind())
	}
	return token, nil
}

func scalarFits(token json.Token, kind reflect.Kind) bool {
	switch token.(type) {
	case string:
		return kind == reflect.String
	case bool:
		return kind == reflect.Bool
	case json.Number:
		return kind >= reflect.Int && kind <= reflect.Float64
	}
	return false
}

func filterObject(d *json.Decoder, t reflect.Type, path string) (any, error) {
	kept := map[string]any{}
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		key := token.(string) //nolint:errcheck,forcetypeassert // the decoder allows nothing else
		at := strings.TrimPrefix(path+"."+key, ".")
		if seen[key] {
			return nil, memberError(Repeated, at, "given twice")
		}
		seen[key] = true
		value, err := filterMember(d, t, key, at)
		if err != nil {
			return nil, err
		}
		if value != skipped {
			kept[key] = value
		}
	}
	_, err := d.Token()
	return kept, err
}

func filterMember(d *json.Decoder, t reflect.Type, key, at string) (any, error) {
	if t == nil || t.Kind() != reflect.Struct {
		return filterValue(d, elem(t), at)
	}
	field, ok := fieldOf(t, key)
	if !ok {
		return nil, memberError(Unknown, at, "unknown field %q", key)
	}
	mark := field.Tag.Get("sim")
	if mark == "" {
		return filterValue(d, field.Type, at)
	}
	value, err := filterValue(d, nil, at)
	switch {
	case err != nil:
		return nil, err
	case mark == "no" && value != nil:
		return nil, memberError(NotSimulated, at, "is not simulated")
	}
	return skipped, nil
}

// elem is the type of what is in a list or a map; nil for anything else.
func elem(t reflect.Type) reflect.Type {
	if t != nil && (t.Kind() == reflect.Slice || t.Kind() == reflect.Map) {
		return t.Elem()
	}
	return nil
}

// fieldOf finds the field of a member, in embedded structs too.
func fieldOf(t reflect.Type, key string) (reflect.StructField, bool) {
	for _, field := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name == key && name != "" && name != "-" {
			return field, true
		}
	}
	return reflect.StructField{}, false
}
