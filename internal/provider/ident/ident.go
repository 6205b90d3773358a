// SPDX-License-Identifier: Apache-2.0

// Package ident compares rich identifiers (ARNs, ARM ids, self links, CRNs) with
// the connection that they are used on. How a vendor writes one stands in its
// provider; that every part counts, and none is cut off, stands here.
package ident

import (
	"strings"

	"github.com/pmks-go/pmks/internal/refuse"
)

// Part is one part of an identifier.
type Part struct {
	// Name is what the part is called, such as "account".
	Name string
	// Got is what the identifier says, Want what it must say. An empty Want accepts
	// everything: the connection does not know better.
	Got, Want string
	// Fold compares without case.
	Fold bool
}

func (p Part) matches() bool {
	return p.Want == "" || p.Got == p.Want || p.Fold && strings.EqualFold(p.Got, p.Want)
}

// Match refuses an identifier with a part that differs: InvalidArgument for field,
// naming the part and both values.
func Match(field, id string, parts ...Part) error {
	for _, p := range parts {
		if !p.matches() {
			got := p.Got
			if got == "" {
				got = "none"
			}
			return refuse.Invalid(field, "%q is of another %s: %s, where this connection has %s", clip(id), p.Name, clip(got), p.Want)
		}
	}
	return nil
}

// clip keeps a user's text short in an error.
func clip(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
