// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"slices"
	"strings"
)

// filter is a name with the values that fit it, one of which is enough. Those of
// EC2 are patterns.
type filter struct {
	name      string
	values    []string
	wildcards bool
}

func (f filter) matches(value string) bool {
	if !f.wildcards {
		return slices.Contains(f.values, value)
	}
	return slices.ContainsFunc(f.values, func(pattern string) bool { return like([]rune(pattern), []rune(value)) })
}

// like compares a text with a pattern: an asterisk stands for any text, a question
// mark for any character, and a backslash takes what follows as it is (EC2 user
// guide, filtering resources).
func like(pattern, text []rune) bool {
	star, behind := -1, 0
	p, t := 0, 0
	for t < len(text) {
		at := p
		if p+1 < len(pattern) && pattern[p] == '\\' {
			at = p + 1
		}
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, behind = p, t
			p++
		case p < len(pattern) && (pattern[at] == text[t] || at == p && pattern[p] == '?'):
			p, t = at+1, t+1
		case star >= 0:
			behind++
			p, t = star+1, behind
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// filters reads Filter.N of EC2 (member empty) or Filters.member.N of Auto
// Scaling. Only the names in allowed, and those that start with "tag:" if that is
// among them, are known.
func (f *form) filters(prefix, valueKey string, allowed ...string) []filter {
	var filters []filter
	for _, item := range f.items(prefix) {
		one := filter{name: f.required(item + ".Name"), values: f.list(item + "." + valueKey), wildcards: f.wildcards}
		known := slices.Contains(allowed, one.name)
		if strings.HasPrefix(one.name, "tag:") && len(one.name) > len("tag:") {
			known = slices.Contains(allowed, "tag:")
		}
		if !known {
			f.refuse(f.bad, "The filter '%s' is invalid", one.name)
		}
		if len(one.values) == 0 {
			f.refuse(f.bad, "The filter '%s' has no values", one.name)
		}
		for _, v := range one.values {
			if !f.wildcards && strings.ContainsAny(v, "*?") {
				f.fault = notSimulated("wildcards in filters")
			}
		}
		filters = append(filters, one)
	}
	return filters
}

// all reports whether every filter fits a resource, whose facts are looked up by
// the name of the filter.
func all(filters []filter, fact func(name string) []string) bool {
	for _, f := range filters {
		if !slices.ContainsFunc(fact(f.name), f.matches) {
			return false
		}
	}
	return true
}

// tagFact adds tags to the facts of a resource.
func tagFact(name string, tags map[string]string) []string {
	if key, ok := strings.CutPrefix(name, "tag:"); ok {
		if v, ok := tags[key]; ok {
			return []string{v}
		}
	}
	return nil
}
