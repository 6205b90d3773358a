// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"fmt"
	"slices"
	"strings"
)

// selector is a list of requirements, all of which must hold.
type selector []requirement

// requirement is one condition on one key: that it has one of the values, or, without
// values, that it is there; not turns that round.
type requirement struct {
	key    string
	values []string
	not    bool
}

func (s selector) match(have map[string]string) bool {
	for _, r := range s {
		value, there := have[r.key]
		if (there && (r.values == nil || slices.Contains(r.values, value))) == r.not {
			return false
		}
	}
	return true
}

// parseSelector reads key=value, key==value, key!=value, key, !key, key in (a,b) and
// key notin (a,b), joined by commas.
func parseSelector(text string) (selector, error) {
	var s selector
	for _, part := range splitOutside(text) {
		part = strings.TrimSpace(part)
		if part == "" {
			if strings.TrimSpace(text) == "" {
				return nil, nil
			}
			return nil, fmt.Errorf("an empty requirement in %q", text)
		}
		r, err := parseRequirement(part)
		if err != nil {
			return nil, err
		}
		s = append(s, r)
	}
	return s, nil
}

func parseRequirement(part string) (requirement, error) {
	if set, ok := strings.CutSuffix(part, ")"); ok {
		head, list, found := strings.Cut(set, "(")
		words := strings.Fields(head)
		if !found || len(words) != 2 || words[1] != "in" && words[1] != "notin" {
			return requirement{}, fmt.Errorf("couldn't parse %q", part)
		}
		r := requirement{key: words[0], not: words[1] == "notin", values: []string{}}
		for value := range strings.SplitSeq(list, ",") {
			r.values = append(r.values, strings.TrimSpace(value))
		}
		return r, nil
	}
	for _, operator := range []string{"!=", "==", "="} {
		if key, value, found := strings.Cut(part, operator); found {
			r := requirement{key: strings.TrimSpace(key), values: []string{strings.TrimSpace(value)}, not: operator == "!="}
			if r.key == "" || strings.ContainsAny(r.key, " =!()") || strings.ContainsAny(r.values[0], " =!()") {
				return requirement{}, fmt.Errorf("couldn't parse %q", part)
			}
			return r, nil
		}
	}
	key, not := strings.CutPrefix(part, "!")
	if key = strings.TrimSpace(key); key == "" || strings.ContainsAny(key, " =!()") {
		return requirement{}, fmt.Errorf("couldn't parse %q", part)
	}
	return requirement{key: key, not: not}, nil
}

// splitOutside splits at the commas that are in no parentheses.
func splitOutside(text string) []string {
	var parts []string
	depth, begin := 0, 0
	for i, r := range text {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth--
		case r == ',' && depth == 0:
			parts = append(parts, text[begin:i])
			begin = i + 1
		}
	}
	return append(parts, text[begin:])
}
