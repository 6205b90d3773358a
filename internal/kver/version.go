// SPDX-License-Identifier: Apache-2.0

// Package kver reads, compares and chooses Kubernetes versions as the seven
// clouds write them: "1.33", "v1.32.3", "1.34.3-aliyun.1",
// "1.33.5-gke.2072000", "1.34.4_1526".
//
// Versions are always compared component by component and as numbers, never as
// text: 1.9 is older than 1.10, and "1.3" has nothing to do with "1.34".
//
// The package has no state; everything in it is safe for concurrent use.
package kver

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// MaxLength is the number of bytes, without the surrounding space, beyond which
// a text is refused as a version.
const MaxLength = 64

// ErrSyntax is what every error of [Parse] wraps.
var ErrSyntax = errors.New("not a Kubernetes version")

// Version is one Kubernetes version. The zero value is "0.0", which no cloud
// offers. Two versions made by [Parse] are equal under == exactly when
// [Version.Compare] gives 0.
type Version struct {
	// Major is the first number.
	Major int
	// Minor is the second number.
	Minor int
	// Patch is the third number; it means nothing unless HasPatch is set.
	Patch int
	// HasPatch tells "1.30.0" from "1.30".
	HasPatch bool
	// Build is the number that Suffix ends with (the build of GKE and ACK, the
	// fix pack of IBM), 0 when it does not end with one. It is there to be read;
	// String and Compare go by Suffix.
	Build int64
	// Suffix is the vendor's addition with its separator, such as
	// "-gke.2072000", "-aliyun.1" or "_1526"; empty for a plain version.
	Suffix string
}

// Parse reads a version. Surrounding white space and one leading v are dropped.
// What remains is major.minor or major.minor.patch, optionally followed by a
// vendor suffix that starts with "-", "+" or "_" and consists of ASCII letters
// and digits with single separators between them. Everything else is refused
// with an error that wraps [ErrSyntax]: "1", "1.30.", "1.30.2.1", "latest",
// numbers with leading zeros or of more than nine digits, a build that does not
// fit an int64, texts longer than [MaxLength].
func Parse(s string) (Version, error) {
	text := strings.Trim(s, " \t\r\n")
	switch {
	case text == "":
		return Version{}, fmt.Errorf("%w: empty", ErrSyntax)
	case len(text) > MaxLength:
		// Not quoted: whatever this is, it does not belong in a message.
		return Version{}, fmt.Errorf("%w: longer than %d bytes", ErrSyntax, MaxLength)
	}
	v, reason := parse(text)
	if reason != "" {
		return Version{}, fmt.Errorf("%w: %q: %s", ErrSyntax, text, reason)
	}
	return v, nil
}

// parse does the work of Parse; a reason that is not empty says why not.
func parse(text string) (v Version, reason string) {
	rest := text
	if rest[0] == 'v' || rest[0] == 'V' {
		rest = rest[1:]
	}
	if v.Major, rest, reason = number(rest, "major"); reason != "" {
		return v, reason
	}
	rest, found := strings.CutPrefix(rest, ".")
	if !found {
		return v, "want major.minor or major.minor.patch"
	}
	if v.Minor, rest, reason = number(rest, "minor"); reason != "" {
		return v, reason
	}
	if after, found := strings.CutPrefix(rest, "."); found {
		v.HasPatch = true
		if v.Patch, rest, reason = number(after, "patch"); reason != "" {
			return v, reason
		}
	}
	v.Suffix = rest
	v.Build, reason = checkSuffix(rest)
	return v, reason
}

// number cuts one number off the front of s.
func number(s, what string) (n int, rest, reason string) {
	end := 0
	for end < len(s) && isDigit(s[end]) {
		end++
	}
	switch {
	case end == 0:
		return 0, s, what + " is not a number"
	case end > 1 && s[0] == '0':
		return 0, s, what + " has a leading zero"
	case end > len("999999999"):
		return 0, s, what + " is too large"
	}
	n, _ = strconv.Atoi(s[:end]) // at most nine digits: cannot fail
	return n, s[end:], ""
}

// checkSuffix validates a vendor suffix and returns the number it ends with.
func checkSuffix(s string) (build int64, reason string) {
	if s == "" {
		return 0, ""
	}
	if s[0] == '.' {
		return 0, "more than three numbers"
	}
	last := 0 // where the last component starts
	for i := range len(s) {
		switch {
		case isSeparator(s[i]):
			if i+1 == len(s) || isSeparator(s[i+1]) {
				return 0, "an empty part in the suffix"
			}
			last = i + 1
		case i == 0, !isDigit(s[i]) && !isLetter(s[i]):
			return 0, "unexpected characters after the numbers"
		}
	}
	for i := last; i < len(s); i++ {
		if !isDigit(s[i]) {
			return 0, "" // ends with a word, as "_1566_openshift" does
		}
	}
	build, err := strconv.ParseInt(s[last:], 10, 64)
	if err != nil {
		return 0, "build is too large"
	}
	return build, ""
}

func isDigit(c byte) bool     { return '0' <= c && c <= '9' }
func isLetter(c byte) bool    { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isSeparator(c byte) bool { return c == '.' || c == '-' || c == '+' || c == '_' }

// String returns the vendor's form without the leading v. Parse(v.String())
// gives v back.
func (v Version) String() string {
	s := v.MinorString()
	if v.HasPatch {
		s += "." + strconv.Itoa(v.Patch)
	}
	return s + v.Suffix
}

// MinorString returns major and minor only, as in "1.30".
func (v Version) MinorString() string {
	return strconv.Itoa(v.Major) + "." + strconv.Itoa(v.Minor)
}

// IsPreRelease reports whether v comes before the release it is named after:
// its suffix starts with alpha, beta or rc, as in "1.35.0-rc.1".
func (v Version) IsPreRelease() bool {
	word, found := strings.CutPrefix(v.Suffix, "-")
	if !found {
		return false
	}
	end := 0
	for end < len(word) && isLetter(word[end]) {
		end++
	}
	switch strings.ToLower(word[:end]) {
	case "alpha", "beta", "rc":
		return true
	}
	return false
}

// Compare returns -1, 0 or +1 as v is older than, the same as or newer than o.
// Major, minor, patch and every number of the suffix compare as numbers.
//
// A missing patch sorts before patch 0: "1.30" names the minor, and everything
// in the minor is at least as new. For the same reason a plain version sorts
// before the vendor builds made from it (1.33.5 < 1.33.5-gke.1), but after its
// own pre-releases (1.35.0-rc.1 < 1.35.0). Suffixes of different vendors, which
// never meet in one list, are ordered by their letters.
func (v Version) Compare(o Version) int {
	if c := cmp.Or(
		cmp.Compare(v.Major, o.Major),
		cmp.Compare(v.Minor, o.Minor),
		cmp.Compare(v.patchKey(), o.patchKey()),
		cmp.Compare(v.suffixRank(), o.suffixRank()),
	); c != 0 {
		return c
	}
	return compareSuffix(v.Suffix, o.Suffix)
}

func (v Version) patchKey() int {
	if !v.HasPatch {
		return -1
	}
	return v.Patch
}

// suffixRank puts pre-releases before the plain version and vendor builds after.
func (v Version) suffixRank() int {
	switch {
	case v.Suffix == "":
		return 0
	case v.IsPreRelease():
		return -1
	}
	return 1
}

// compareSuffix compares run by run: runs of digits as numbers of any length,
// runs of letters as text, numbers before letters.
func compareSuffix(a, b string) int {
	x, y := a, b
	for {
		var p, q string
		p, x = nextRun(x)
		q, y = nextRun(y)
		if p == "" || q == "" {
			if c := cmp.Compare(len(p), len(q)); c != 0 {
				return c
			}
			// The same but for separators or leading zeros: any fixed order will
			// do, so long as 0 means equal.
			return strings.Compare(a, b)
		}
		if c := compareRun(p, q); c != 0 {
			return c
		}
	}
}

// nextRun skips separators and cuts off the next run of digits or of letters.
func nextRun(s string) (run, rest string) {
	for s != "" && isSeparator(s[0]) {
		s = s[1:]
	}
	if s == "" {
		return "", ""
	}
	end := 1
	for end < len(s) && !isSeparator(s[end]) && isDigit(s[end]) == isDigit(s[0]) {
		end++
	}
	return s[:end], s[end:]
}

func compareRun(p, q string) int {
	pn, qn := isDigit(p[0]), isDigit(q[0])
	switch {
	case pn && qn:
		p, q = strings.TrimLeft(p, "0"), strings.TrimLeft(q, "0")
		return cmp.Or(cmp.Compare(len(p), len(q)), strings.Compare(p, q))
	case pn:
		return -1
	case qn:
		return +1
	}
	return strings.Compare(p, q)
}

// SameMinor reports whether v and o have the same major and minor.
func (v Version) SameMinor(o Version) bool {
	return v.Major == o.Major && v.Minor == o.Minor
}

// MinorDistance returns how many minors o is ahead of v; negative when it is
// behind. Versions of different majors are further apart than any cloud can
// step: math.MaxInt32 or -math.MaxInt32.
func (v Version) MinorDistance(o Version) int {
	switch {
	case o.Major > v.Major:
		return math.MaxInt32
	case o.Major < v.Major:
		return -math.MaxInt32
	}
	return o.Minor - v.Minor
}
