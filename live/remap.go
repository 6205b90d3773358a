// SPDX-License-Identifier: Apache-2.0

package live

import (
	"slices"
	"strings"
)

// remap replaces what stands in a text of the keys of known, whole words only, by their
// values, the longest first.
func remap(text string, known map[string]string) string {
	var found []string
	for id := range known {
		if strings.Contains(text, id) {
			found = append(found, id)
		}
	}
	if len(found) == 0 {
		return text
	}
	slices.SortFunc(found, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	var b strings.Builder
scan:
	for i := 0; i < len(text); {
		for _, id := range found {
			if strings.HasPrefix(text[i:], id) && !joined(text, i, i+len(id)) {
				b.WriteString(known[id])
				i += len(id)
				continue scan
			}
		}
		b.WriteByte(text[i])
		i++
	}
	return b.String()
}

// joined reports whether what stands in a text from i to j is part of a longer word.
func joined(text string, i, j int) bool {
	return i > 0 && letter(text[i-1]) && letter(text[i]) || j < len(text) && letter(text[j-1]) && letter(text[j])
}

func letter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
