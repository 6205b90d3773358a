// SPDX-License-Identifier: Apache-2.0

// Package refuse makes the errors with which a provider refuses a request, alone
// or everything that is wrong with it at once ([List]). They name the field and what to do,
// in the same words on every cloud; what the cloud refuses is worded by the cloud.
package refuse

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/upgrade"
)

// Invalid says what is wrong with a field of the request, and the way out.
func Invalid(field, format string, args ...any) error {
	return &pmks.Error{Code: pmks.CodeInvalidArgument, Field: field, Message: fmt.Sprintf(format, args...)}
}

// Unsupported says that the cloud has no way to honour a field.
func Unsupported(field, format string, args ...any) error {
	return &pmks.Error{Code: pmks.CodeUnsupported, Field: field, Message: fmt.Sprintf(format, args...)}
}

// Precondition says what must be done before the request can succeed.
func Precondition(format string, args ...any) error {
	return &pmks.Error{Code: pmks.CodeFailedPrecondition, Message: fmt.Sprintf(format, args...)}
}

// Upgrade turns the refusal of an upgrade's plan into the error of a request: the
// field is wrong, or the cluster is not ready for it.
func Upgrade(field string, err error) error {
	var e *upgrade.Error
	if errors.As(err, &e) && !e.OfRequest() {
		return Precondition("%s", e.Message)
	}
	return Invalid(field, "%v", err)
}

// longest is how much of a user's text an error repeats.
const longest = 200

// Clip keeps a user's text short in an error.
func Clip(text string) string {
	if len(text) <= longest {
		return text
	}
	return strings.ToValidUTF8(text[:longest], "") + "..."
}

// List collects everything that is wrong. The zero List is empty.
type List []error

// Add adds what is wrong with a field.
func (l *List) Add(field, format string, args ...any) {
	*l = append(*l, Invalid(field, format, args...))
}

// Join adds err, if it is one.
func (l *List) Join(err error) {
	if err != nil {
		*l = append(*l, err)
	}
}

// Err returns nil for an empty list, its error if there is one, and otherwise all
// of them joined.
func (l List) Err() error {
	if len(l) == 1 {
		return l[0]
	}
	return errors.Join(l...)
}
