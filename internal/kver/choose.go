// SPDX-License-Identifier: Apache-2.0

package kver

import (
	"fmt"
	"slices"
	"strings"
)

// NotOfferedError says that a wanted version cannot be had. Callers map it to
// their InvalidArgument.
type NotOfferedError struct {
	// Want is the version as it was asked for.
	Want string
	// Offered holds every version that can be had, newest first, as the cloud
	// spells them.
	Offered []string
	// Minors holds the minors of Offered, newest first, each once.
	Minors []string
	// Err is the error of Parse when Want is no version at all, else nil.
	Err error
}

// Error names the wanted version and lists the minors that are offered.
func (e *NotOfferedError) Error() string {
	offered := "nothing is offered"
	if len(e.Minors) > 0 {
		offered = "offered: " + strings.Join(e.Minors, ", ")
	}
	if e.Err != nil {
		return e.Err.Error() + "; " + offered
	}
	return fmt.Sprintf("Kubernetes version %q is not offered; %s", e.Want, offered)
}

// Unwrap returns the error of Parse, if there is one.
func (e *NotOfferedError) Unwrap() error { return e.Err }

// IsDefault reports whether want asks for the cloud's default version: it is
// empty or the word "default" in any case, white space aside.
func IsDefault(want string) bool {
	want = strings.TrimSpace(want)
	return want == "" || strings.EqualFold(want, "default")
}

// Choose resolves the version a user wants against those a cloud offers. It
// returns an element of offered exactly as spelled there (with its v, its build),
// or def.
//
//   - "" and "default" give def, unchanged. A cloud that picks its own default
//     when the field is left out passes "" and gets "" back; one that has no
//     default passes the result of [Newest].
//   - A version that is offered literally is taken.
//   - Else the newest build of the wanted patch: "1.34.2" takes
//     "1.34.2-aliyun.2" rather than "1.34.2-aliyun.1".
//   - Else the newest patch of the wanted minor; a cloud that offers bare minors
//     gives the minor.
//   - A minor that is not offered, and a text that is no version, is a
//     [*NotOfferedError].
//
// Pre-releases are taken only when they are asked for, or when the minor has
// nothing else. Elements of offered that are no versions ("latest", "-") are
// passed over. Of equal elements the first is taken. offered is not modified.
func Choose(want string, offered []string, def string) (string, error) {
	if IsDefault(want) {
		return def, nil
	}
	list := parseAll(offered)
	wanted, err := Parse(want)
	if err != nil {
		return "", notOffered(want, list, err)
	}
	if e, ok := pick(wanted, list); ok {
		return e.text, nil
	}
	return "", notOffered(want, list, nil)
}

// Sort returns the versions newest first, in a new slice, spelled as they were.
// Texts that are no versions come last, in the order they had.
func Sort(versions []string) []string {
	list := parseAll(versions)
	out := make([]string, 0, len(versions))
	for _, e := range list {
		out = append(out, e.text)
	}
	for _, s := range versions {
		if _, err := Parse(s); err != nil {
			out = append(out, s)
		}
	}
	return out
}

// Newest returns the newest of the versions, spelled as it was; a pre-release
// only when there is nothing else. It returns false when none of the texts is a
// version.
func Newest(versions []string) (string, bool) {
	list := parseAll(versions)
	if len(list) == 0 {
		return "", false
	}
	return newest(list).text, true
}

// entry is a version with the spelling it came in.
type entry struct {
	text    string
	version Version
}

// parseAll returns those texts that are versions, newest first; equal ones keep
// their order.
func parseAll(texts []string) []entry {
	list := make([]entry, 0, len(texts))
	for _, s := range texts {
		if v, err := Parse(s); err == nil {
			list = append(list, entry{strings.TrimSpace(s), v})
		}
	}
	slices.SortStableFunc(list, func(a, b entry) int { return b.version.Compare(a.version) })
	return list
}

// newest returns the first release of a sorted list that is not empty, else the
// first pre-release.
func newest(list []entry) entry {
	if i := slices.IndexFunc(list, func(e entry) bool { return !e.version.IsPreRelease() }); i >= 0 {
		return list[i]
	}
	return list[0]
}

// pick finds the element of a sorted list that answers the wanted version.
func pick(wanted Version, list []entry) (entry, bool) {
	var minor, patch []entry
	for _, e := range list {
		v := e.version
		if v == wanted {
			return e, true
		}
		if !v.SameMinor(wanted) {
			continue
		}
		minor = append(minor, e)
		// A pre-release is not the patch it precedes, unless the user named one.
		if wanted.HasPatch && v.HasPatch && v.Patch == wanted.Patch && v.IsPreRelease() == wanted.IsPreRelease() {
			patch = append(patch, e)
		}
	}
	switch {
	case len(patch) > 0:
		return newest(patch), true
	case len(minor) > 0:
		return newest(minor), true
	}
	return entry{}, false
}

func notOffered(want string, list []entry, err error) *NotOfferedError {
	return &NotOfferedError{Want: strings.TrimSpace(want), Offered: texts(list), Minors: minors(list), Err: err}
}

func texts(list []entry) []string {
	out := make([]string, 0, len(list))
	for _, e := range list {
		out = append(out, e.text)
	}
	return slices.Compact(out)
}

// minors relies on the list being sorted: equal minors are neighbours.
func minors(list []entry) []string {
	out := make([]string, 0, len(list))
	for _, e := range list {
		out = append(out, e.version.MinorString())
	}
	return slices.Compact(out)
}
