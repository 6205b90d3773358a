// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
)

// decodeBody reads a JSON body strictly into a struct: members that the API does
// not know, members given twice, names in another case and values of another type
// are refused. Members tagged `sim:"no"` exist at Azure and are not simulated; null
// is the same as nothing. Members tagged `sim:"read"` are read over.
func decodeBody(body []byte, into any) *apiError {
	unread := func(err error) *apiError {
		return gateway(http.StatusBadRequest, "InvalidRequestContent", "The request content was invalid and could not be deserialized: '%v'.", err)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	kept, err := filterValue(d, reflect.TypeOf(into).Elem(), "")
	if err == nil {
		if _, end := d.Token(); end != io.EOF {
			err = errors.New("there is something behind the body")
		}
	}
	member := &memberError{}
	switch {
	case errors.As(err, &member) && member.known:
		return notSimulated("%s", member.path)
	case errors.As(err, &member):
		return fail(http.StatusBadRequest, "UnmarshalError", "UnmarshalEntity encountered error: %v.", err)
	case err != nil:
		return unread(err)
	}
	data, err := json.Marshal(kept)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		return fail(http.StatusBadRequest, "UnmarshalError", "UnmarshalEntity encountered error: %v.", err)
	}
	return nil
}

// memberError is about a member of the body. known: Azure has it, and it is not
// simulated.
type memberError struct {
	path, text string
	known      bool
}

func (e *memberError) Error() string { return "json: " + e.path + ": " + e.text }

func badMember(path, format string, args ...any) error {
	if path == "" {
		return errors.New("the body must be an object")
	}
	return &memberError{path: path, text: fmt.Sprintf(format, args...)}
}

// skipped stands for a member that is left out.
var skipped = new(struct{ _ int })

// filterValue walks through one value next to the type that it is to become, and
// returns it without what is to be left out.
func filterValue(d *json.Decoder, t reflect.Type, path string) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, fmt.Errorf("the body is not JSON: %w", err)
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
			return nil, badMember(path, "must not be an object")
		}
		return filterObject(d, t, path)
	case json.Delim('['):
		if t != nil && t.Kind() != reflect.Slice {
			return nil, badMember(path, "must not be a list")
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
		return nil, errors.New("the body must be an object")
	}
	return token, checkScalar(token, t, path)
}

func checkScalar(token json.Token, t reflect.Type, path string) error {
	if t == nil || token == nil {
		return nil
	}
	var ok bool
	switch token.(type) {
	case string:
		ok = t.Kind() == reflect.String
	case bool:
		ok = t.Kind() == reflect.Bool
	case json.Number:
		ok = t.Kind() == reflect.Int32 || t.Kind() == reflect.Float64
	}
	if !ok {
		return badMember(path, "cannot unmarshal %v into a value of type %s", token, t.Kind())
	}
	return nil
}

func filterObject(d *json.Decoder, t reflect.Type, path string) (any, error) {
	kept := map[string]any{}
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("the body is not JSON: %w", err)
		}
		key := token.(string) //nolint:errcheck,forcetypeassert // the decoder allows nothing else
		at := strings.TrimPrefix(path+"."+key, ".")
		if seen[key] {
			return nil, badMember(at, "given twice")
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
		return nil, badMember(at, "unknown field %q", key)
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
		return nil, &memberError{path: at, known: true}
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

func fieldOf(t reflect.Type, key string) (reflect.StructField, bool) {
	for _, field := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name == key && name != "" {
			return field, true
		}
	}
	return reflect.StructField{}, false
}
