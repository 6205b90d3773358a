// SPDX-License-Identifier: Apache-2.0

package refuse_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/refuse"
	"github.com/pmks-go/pmks/internal/upgrade"
)

func TestErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		err  error
		want pmks.Error
	}{
		{"invalid", refuse.Invalid("Version", "%q is none", "x"), pmks.Error{Code: pmks.CodeInvalidArgument, Field: "Version", Message: `"x" is none`}},
		{"unsupported", refuse.Unsupported("ImageIID", "not here"), pmks.Error{Code: pmks.CodeUnsupported, Field: "ImageIID", Message: "not here"}},
		{"precondition", refuse.Precondition("enable %s", "it"), pmks.Error{Code: pmks.CodeFailedPrecondition, Message: "enable it"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got *pmks.Error
			if !errors.As(test.err, &got) || *got != test.want {
				t.Errorf("got %#v, want %#v", test.err, test.want)
			}
		})
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	var l refuse.List
	l.Join(nil)
	if err := l.Err(); err != nil {
		t.Errorf("an empty list is %v", err)
	}
	one := errors.New("one")
	l.Join(one)
	if err := l.Err(); err != one { //nolint:errorlint // the very error, not one around it
		t.Errorf("a list of one is %v", err)
	}
	l.Add("Field", "two")
	err := l.Err()
	if !errors.Is(err, one) || !errors.Is(err, pmks.ErrInvalidArgument) {
		t.Errorf("a list of two is %v", err)
	}
}

func TestUpgrade(t *testing.T) {
	t.Parallel()
	for kind, want := range map[upgrade.Kind]error{
		upgrade.Downgrade: pmks.ErrInvalidArgument, upgrade.NotOffered: pmks.ErrInvalidArgument, upgrade.Unreadable: pmks.ErrInvalidArgument,
		upgrade.TooFar: pmks.ErrFailedPrecondition, upgrade.GroupsLag: pmks.ErrFailedPrecondition,
	} {
		if err := refuse.Upgrade("newVersion", &upgrade.Error{Kind: kind, Message: "because"}); !errors.Is(err, want) || !strings.Contains(err.Error(), "because") {
			t.Errorf("kind %d: got %v", kind, err)
		}
	}
}
