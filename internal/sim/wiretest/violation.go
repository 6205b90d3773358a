// SPDX-License-Identifier: Apache-2.0

package wiretest

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
)

// Violation is a request that breaks one rule of the vendor's model.
type Violation struct {
	// Path is the member, and Rule what is wrong with it: "type", "enum", "min",
	// "max" or "required".
	Path, Rule string
	Body       string
}

// Violations returns the requests that differ from a good one by one member that
// breaks one rule. Members that the good request has not are tried too, where what
// they are in is there.
func (t *Table) Violations(op string, good any) iter.Seq[Violation] {
	root := plain(good)
	return func(yield func(Violation) bool) {
		t.violate(t.Shapes[t.Operations[op].Input], "", root, func(path, rule string) bool {
			data, err := json.Marshal(root)
			return err != nil || yield(Violation{path, rule, string(data)})
		})
	}
}

// violate breaks each member of an object in turn.
func (t *Table) violate(s Shape, path string, in map[string]any, try func(path, rule string) bool) bool {
	for _, name := range slices.Sorted(maps.Keys(s.Members)) {
		if slices.Contains(s.Elsewhere, name) || t.readOnly(s, name) {
			continue
		}
		at := strings.TrimPrefix(path+"."+name, ".")
		before, given := in[name]
		restore := func() {
			if delete(in, name); given {
				in[name] = before
			}
		}
		if given && slices.Contains(s.Required, name) {
			delete(in, name)
			if !try(at, "required") {
				return false
			}
		}
		member := t.Shapes[s.Members[name]]
		for rule, bad := range t.wrong(member) {
			in[name] = bad
			if !try(at, rule) {
				return false
			}
		}
		restore()
		switch inner := before.(type) {
		case map[string]any:
			if member.Type == "structure" && !t.violate(member, at, inner, try) {
				return false
			}
		case []any:
			if of := t.Shapes[member.Of]; of.Type == "structure" {
				for i, item := range inner {
					if object, ok := item.(map[string]any); ok && !t.violate(of, fmt.Sprintf("%s[%d]", at, i), object, try) {
						return false
					}
				}
			}
		}
	}
	return true
}

// wrong returns values that a shape does not take, by the rule that they break.
func (t *Table) wrong(s Shape) iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		bad := any("text")
		if s.Type == "string" || s.Type == "timestamp" {
			bad = true
		}
		if s.Type != "any" && !yield("type", bad) {
			return
		}
		if len(s.Enum) > 0 && !yield("enum", "NoneOfThese") {
			return
		}
		if s.Min != nil && *s.Min > 0 || s.Type == "integer" && s.Min != nil {
			if value, ok := t.sized(s, int(*s.Min)-1); ok && !yield("min", value) {
				return
			}
		}
		if s.Max != nil && *s.Max < 1<<20 {
			if value, ok := t.sized(s, int(*s.Max)+1); ok && !yield("max", value) {
				return
			}
		}
	}
}

// sized returns a value of that size.
func (t *Table) sized(s Shape, n int) (any, bool) {
	switch s.Type {
	case "integer", "number":
		return n, true
	case "string":
		return strings.Repeat("a", n), len(s.Enum) == 0
	case "list":
		if of := t.Shapes[s.Of]; of.Type == "string" {
			list := make([]any, n)
			for i := range list {
				list[i] = fmt.Sprintf("a%d", i)
			}
			return list, true
		}
	case "map":
		if of := t.Shapes[s.Of]; of.Type == "string" {
			m := map[string]any{}
			for i := range n {
				m[fmt.Sprintf("a%d", i)] = "a"
			}
			return m, true
		}
	}
	return nil, false
}
