// SPDX-License-Identifier: Apache-2.0

package wiretest

import (
	"encoding/json"
	"iter"
)

// replacements stand in turn for each member of a good request.
var replacements = []any{
	nil, "", "x", "/subscriptions/a/resourceGroups/b/providers/c/d/e", "::/0", 0, -1, 1 << 30, 1.5, true, false,
	[]any{}, []any{nil}, map[string]any{}, map[string]any{"a": nil},
}

// Mutations returns every body that differs from a good one in one member. The
// simulator may do anything with them but break: each has an answer in the vendor's
// shape.
func Mutations(good any) iter.Seq[string] {
	return func(yield func(string) bool) {
		root := plain(good)
		var walk func(set func(any), value any) bool
		walk = func(set func(any), value any) bool {
			for _, r := range replacements {
				set(r)
				if data, err := json.Marshal(root); err == nil && !yield(string(data)) {
					return false
				}
			}
			set(value)
			switch value := value.(type) {
			case map[string]any:
				for key, inner := range value {
					if !walk(func(v any) { value[key] = v }, inner) {
						return false
					}
				}
			case []any:
				for i, inner := range value {
					if !walk(func(v any) { value[i] = v }, inner) {
						return false
					}
				}
			}
			return true
		}
		for key, inner := range root {
			if !walk(func(v any) { root[key] = v }, inner) {
				return
			}
		}
	}
}

// plain returns what a body is in JSON.
func plain(body any) map[string]any {
	var root map[string]any
	data, err := json.Marshal(body)
	if err == nil {
		err = json.Unmarshal(data, &root)
	}
	if err != nil {
		panic("wiretest: " + err.Error()) // a test's own request
	}
	return root
}
