// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// longestText bounds every name and id. The longest real ones are ARM ids of a
// few hundred characters.
const longestText = 1024

// checkIIDs checks a list of references: each named, none twice.
func checkIIDs(f *faults, field string, iids []IID) {
	for i, iid := range iids {
		path := fmt.Sprintf("%s[%d]", field, i)
		if err := CheckIID(path, iid); err != nil {
			f.addErr(err)
		} else if slices.Contains(iids[:i], iid) {
			f.add(path, "%q is given twice", clip(iid.String()))
		}
	}
}

// CheckIID refuses, with ErrInvalidArgument for field, an IID that names nothing
// or that could bend a URL. A SystemId may be a path (ARM ids are), or a link that
// begins with https:// (those of Google are), so slashes stay, but no segment may be
// empty, "." or "..". Every handler of pmks calls it
// before it touches the network.
func CheckIID(field string, iid IID) error {
	if iid.IsZero() {
		return invalid(field, "give a NameId or a SystemId")
	}
	if iid.NameId != "" {
		if err := checkPath(field+".NameId", iid.NameId); err != nil {
			return err
		}
	}
	if iid.SystemId != "" {
		return checkPath(field+".SystemId", strings.TrimPrefix(iid.SystemId, "https://"))
	}
	return nil
}

func checkPath(field, s string) error {
	if err := checkText(field, s); err != nil {
		return err
	}
	for segment := range strings.SplitSeq(strings.TrimPrefix(s, "/"), "/") {
		if trimmed := strings.TrimSpace(segment); trimmed == "" || trimmed == "." || trimmed == ".." {
			return invalid(field, "%q has an empty or relative path segment", clip(s))
		}
	}
	return nil
}

// checkSegment is checkPath for a text that must not be a path.
func checkSegment(field, s string) error {
	if strings.ContainsAny(s, `/\`) {
		return invalid(field, "%q must not be a path", clip(s))
	}
	return checkPath(field, s)
}

func checkText(field, s string) error {
	switch {
	case len(s) > longestText:
		return invalid(field, "is too long: %d bytes, at most %d", len(s), longestText)
	case !utf8.ValidString(s):
		return invalid(field, "is not valid UTF-8")
	case strings.ContainsFunc(s, unicode.IsControl):
		return invalid(field, "%q holds a control character", clip(s))
	}
	return nil
}

// clip keeps a user's text short in an error.
func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// clipLong is clip for what is shown whole up to the length of a real id.
func clipLong(s string) string {
	const most = 512
	if len(s) <= most {
		return s
	}
	return clip(s)
}

// clipIID is clipLong for both halves.
func clipIID(iid IID) IID {
	return IID{NameId: clipLong(iid.NameId), SystemId: clipLong(iid.SystemId)}
}
