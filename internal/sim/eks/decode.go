// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// decodeBody reads a JSON body strictly into a struct: members that the operation
// does not know, members given twice, names in another case and values of another
// type are refused. Members tagged `sim:"no"` exist at AWS and are not simulated.
func decodeBody(body []byte, into any) *apiError {
	if len(bytes.TrimSpace(body)) == 0 {
		body = []byte("{}") // an operation whose members are all optional
	}
	if err := checkMembers(json.NewDecoder(bytes.NewReader(body)), reflect.TypeOf(into).Elem()); err != nil {
		e := &unsimulatedError{}
		if errors.As(err, &e) {
			return notSimulated("%s", e.path)
		}
		return invalidParameter("%v", err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return invalidParameter("The body cannot be read: %v", err)
	}
	return nil
}

// unsimulatedError names a member that is not simulated.
type unsimulatedError struct{ path string }

func (e *unsimulatedError) Error() string { return e.path }

func checkMembers(d *json.Decoder, t reflect.Type) error {
	d.UseNumber()
	if err := checkValue(d, t, ""); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("there is something behind the body")
	}
	return nil
}

// checkValue walks through one value next to the type that it is to become.
func checkValue(d *json.Decoder, t reflect.Type, path string) error {
	token, err := d.Token()
	if err != nil {
		return fmt.Errorf("the body is not JSON: %w", err)
	}
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch token {
	case json.Delim('{'):
		if t != nil && t.Kind() != reflect.Struct && t.Kind() != reflect.Map {
			return fmt.Errorf("%s must not be an object", pathOr(path))
		}
		return checkObject(d, t, path)
	case json.Delim('['):
		if t != nil && t.Kind() != reflect.Slice {
			return fmt.Errorf("%s must not be a list", pathOr(path))
		}
		for i := 0; d.More(); i++ {
			if err := checkValue(d, elem(t), fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
		_, err := d.Token()
		return err
	}
	if path == "" {
		return fmt.Errorf("the body must be an object")
	}
	return checkScalar(token, t, path)
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
		ok = t.Kind() == reflect.Int32 || t.Kind() == reflect.Int
	}
	if !ok {
		return fmt.Errorf("%s has the wrong type: %v", path, token)
	}
	return nil
}

func checkObject(d *json.Decoder, t reflect.Type, path string) error {
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return fmt.Errorf("the body is not JSON: %w", err)
		}
		key := token.(string) //nolint:errcheck,forcetypeassert // the decoder allows nothing else
		at := strings.TrimPrefix(path+"."+key, ".")
		if seen[key] {
			return fmt.Errorf("%s is given twice", at)
		}
		seen[key] = true
		member := elem(t)
		if t != nil && t.Kind() == reflect.Struct {
			field, ok := fieldOf(t, key)
			switch {
			case !ok:
				return fmt.Errorf("unknown parameter: %s", at)
			case field.Tag.Get("sim") == "no":
				return &unsimulatedError{at}
			}
			member = field.Type
		}
		if err := checkValue(d, member, at); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// elem is the type of what is in a list or a map; nil for anything else.
func elem(t reflect.Type) reflect.Type {
	if t != nil && (t.Kind() == reflect.Slice || t.Kind() == reflect.Map) {
		return t.Elem()
	}
	return nil
}

func fieldOf(t reflect.Type, key string) (reflect.StructField, bool) {
	for field := range t.Fields() {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name == key {
			return field, true
		}
	}
	return reflect.StructField{}, false
}

func pathOr(path string) string {
	if path == "" {
		return "the body"
	}
	return path
}
