// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"encoding/json"
	"strings"
)

// fieldMask is the parameter "fields" of Google's APIs: which members of an answer
// are sent. An empty one keeps everything below it; "*" stands for every member.
type fieldMask map[string]fieldMask

// parseMask reads a mask such as "nextPageToken,items/*/instances(name,zone)".
func parseMask(text string) (fieldMask, bool) {
	m, rest, ok := parseMaskList(text)
	return m, ok && rest == ""
}

func parseMaskList(text string) (m fieldMask, rest string, ok bool) {
	m = fieldMask{}
	for {
		at := m
		for {
			end := strings.IndexAny(text, ",/()")
			if end < 0 {
				end = len(text)
			}
			name := text[:end]
			if name == "" {
				return nil, "", false
			}
			if at[name] == nil {
				at[name] = fieldMask{}
			}
			at, text = at[name], text[end:]
			if !strings.HasPrefix(text, "/") {
				break
			}
			text = text[1:]
		}
		if strings.HasPrefix(text, "(") {
			inner, after, ok := parseMaskList(text[1:])
			if !ok || !strings.HasPrefix(after, ")") {
				return nil, "", false
			}
			for name, sub := range inner {
				at[name] = sub
			}
			text = after[1:]
		}
		if !strings.HasPrefix(text, ",") {
			return m, text, true
		}
		text = text[1:]
	}
}

// keep returns what of a value the mask keeps.
func (m fieldMask) keep(value any) any {
	if len(m) == 0 {
		return value
	}
	switch v := value.(type) {
	case []any:
		list := make([]any, 0, len(v))
		for _, item := range v {
			list = append(list, m.keep(item))
		}
		return list
	case map[string]any:
		kept := map[string]any{}
		for name, item := range v {
			if sub, ok := m[name]; ok {
				kept[name] = sub.keep(item)
			} else if sub, ok := m["*"]; ok {
				kept[name] = sub.keep(item)
			}
		}
		return kept
	}
	return value
}

// trim applies the mask to an answer.
func (m fieldMask) trim(body []byte) []byte {
	var value any
	if json.Unmarshal(body, &value) != nil {
		return body
	}
	data, err := json.Marshal(m.keep(value))
	if err != nil {
		return body
	}
	return data
}
