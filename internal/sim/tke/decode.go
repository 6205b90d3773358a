// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"errors"
	"reflect"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// absent is the type of members that are not simulated.
type absent = any

// with makes a handler of a function that takes the decoded request.
func with[In any](do func(*Server, *call, *In) (any, *apiError)) handler {
	return func(s *Server, c *call) (any, *apiError) {
		in := new(In)
		if e := decodeBody(c.body, in); e != nil {
			return nil, e
		}
		return do(s, c, in)
	}
}

// decodeBody reads a body strictly into a struct, as simkit.Decode does; members that are
// tagged `need:"yes"` must be there.
func decodeBody(body []byte, into any) *apiError {
	err := simkit.Decode(body, into)
	wrong := &simkit.DecodeError{}
	switch {
	case errors.As(err, &wrong) && wrong.Fault == simkit.NotSimulated:
		return notSimulated("%s", wrong.Path)
	case errors.As(err, &wrong) && wrong.Fault == simkit.Unknown:
		return fail("UnknownParameter", "The parameter `%s` is not recognized.", wrong.Path)
	case errors.As(err, &wrong) && wrong.Path != "":
		return fail("InvalidParameter", "The parameter `%s` is not valid: %s.", wrong.Path, wrong.Text)
	case err != nil:
		return fail("InvalidParameter", "The request is not valid JSON: %v.", err)
	}
	if path := missingMember(reflect.ValueOf(into).Elem(), ""); path != "" {
		return missing(path)
	}
	return nil
}

// missingMember returns the path of the first member that is needed and not there.
func missingMember(v reflect.Value, path string) string {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return missingMember(v.Elem(), path)
		}
	case reflect.Slice:
		for i := range v.Len() {
			if at := missingMember(v.Index(i), path); at != "" {
				return at
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			at := strings.TrimPrefix(path+"."+name, ".")
			if field.Anonymous {
				at = path
			}
			if field.Tag.Get("need") != "" && v.Field(i).IsZero() {
				return at
			}
			if at := missingMember(v.Field(i), at); at != "" {
				return at
			}
		}
	}
	return ""
}

// valueOf is what a pointer points to, or something else.
func valueOf[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// filter is a condition of a list: any of its values.
type filter struct {
	Name   string   `json:"Name" need:"yes"`
	Values []string `json:"Values" need:"yes"`
}

// filters reads the conditions of a list: one of each name, and of those that are known.
func filters(list []filter, known ...string) (map[string][]string, *apiError) {
	by := map[string][]string{}
	for _, f := range list {
		ok := false
		for _, name := range known {
			ok = ok || name == f.Name
		}
		if !ok {
			return nil, fail("InvalidParameter.Param", "PARAM_ERROR(the filter %q is not supported, use one of %s)", f.Name, strings.Join(known, ", "))
		}
		by[f.Name] = append(by[f.Name], f.Values...)
	}
	return by, nil
}

// page cuts a list. A core.FaultRepeatPage shows the first page again and promises more.
func page[T any](s *Server, c *call, offset, limit *int64, list []T) (items []T, total int64, e *apiError) {
	from, size := valueOf(offset, 0), valueOf(limit, 20)
	switch {
	case from < 0 || size < 0:
		return nil, 0, fail("InvalidParameter.Param", "PARAM_ERROR(offset %d or limit %d is negative)", from, size)
	case size > 100:
		code := "InvalidParameter.Param"
		if (c.service != serviceTKE) != s.assumptions.OtherCodes {
			code = "InvalidParameterValue.LimitExceeded"
		}
		return nil, 0, fail(code, "PARAM_ERROR(limit %d exceeds 100)", size)
	}
	total = int64(len(list))
	if from > 0 && c.NextToken("again", "") != "" {
		from, total = 0, from+size+1
	}
	from = min(from, int64(len(list)))
	return append([]T{}, list[from:min(from+size, int64(len(list)))]...), total, nil
}
