// SPDX-License-Identifier: Apache-2.0

package errtree_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/pmks-go/pmks/internal/errtree"
)

var (
	errYes = errors.New("yes")
	errNo  = errors.New("no")
)

// known decides about the two, and leaves the rest open.
func known(err error) (yes, decided bool) { return err == errYes, err == errYes || err == errNo } //nolint:errorlint // the very error

// decider has a cause that says the other thing.
type decider struct{ cause error }

func (decider) Error() string   { return "decided" }
func (d decider) Unwrap() error { return d.cause }

func TestAll(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		err  error
		want bool
	}{
		{"nil", nil, false},
		{"yes", errYes, true},
		{"no", errNo, false},
		{"undecided", io.EOF, false},
		{"wrapped", fmt.Errorf("x: %w", errYes), true},
		{"wrapped-nothing", decider{}, false},
		{"joined", errors.Join(errYes, fmt.Errorf("x: %w", errYes)), true},
		{"joined-with-no", errors.Join(errYes, errNo), false},
		{"joined-with-undecided", errors.Join(errYes, io.EOF), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := errtree.All(test.err, known); got != test.want {
				t.Errorf("got %t", got)
			}
		})
	}
	if errtree.All(decider{errYes}, func(err error) (bool, bool) { _, ok := err.(decider); return err == errYes, ok }) { //nolint:errorlint // the outermost alone
		t.Error("the cause of what was decided counts")
	}
}

func TestAny(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		err  error
		want bool
	}{
		{"nil", nil, false},
		{"it", errYes, true},
		{"another", errNo, false},
		{"inside", decider{fmt.Errorf("x: %w", errors.Join(errNo, errYes))}, true},
		{"wrapped-nothing", decider{}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := errtree.Any(test.err, func(err error) bool { return err == errYes }); got != test.want { //nolint:errorlint // the very error
				t.Errorf("got %t", got)
			}
		})
	}
}

func TestParts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		err  error
		want int
	}{
		{"nil", nil, 0},
		{"plain", errYes, 0},
		{"joined", errors.Join(errYes, errNo), 2},
		{"with-a-text", fmt.Errorf("both: %w, %w", errYes, errNo), 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := errtree.Parts(test.err); len(got) != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	again := errors.New("yes")
	for _, test := range []struct {
		name string
		errs []error
		want string
	}{
		{"none", []error{nil, nil}, "<nil>"},
		{"two", []error{errYes, errNo}, "yes\nno"},
		{"doubles", []error{errYes, nil, errNo, again}, "yes\nno"},
		{"joined", []error{errYes, errors.Join(again, errNo)}, "yes\nno"},
		{"with-a-text", []error{errYes, fmt.Errorf("both: %w, %w", errYes, errNo)}, "yes\nboth: yes, no"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := fmt.Sprint(errtree.Join(test.errs, error.Error)); got != test.want {
				t.Errorf("got %q", got)
			}
		})
	}
	if got := errtree.Join([]error{nil, errYes, again}, error.Error); got != errYes { //nolint:errorlint // the very error
		t.Errorf("what is alone is %v", got)
	}
}
