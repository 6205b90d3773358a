// SPDX-License-Identifier: Apache-2.0

package once_test

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
)

// TestDo_neverSent: when no connection could be made, and the look that would tell
// cannot be made either, it is certain all the same that nothing happened; not when one
// try had a connection.
func TestDo_neverSent(t *testing.T) {
	t.Parallel()
	unreachable := &pmks.Error{Code: pmks.CodeUnavailable, Err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}
	reset := &pmks.Error{Code: pmks.CodeUnavailable, Err: &net.OpError{Op: "read", Err: syscall.ECONNRESET}}
	half := &pmks.Error{Code: pmks.CodeUnavailable, MayHaveHappened: true, Err: unreachable.Err}
	unseen := errors.New("the look fails too")
	busy, exists := &pmks.Error{Code: pmks.CodeBusy}, &pmks.Error{Code: pmks.CodeAlreadyExists}
	denied := &pmks.Error{Code: pmks.CodePermissionDenied}
	for _, test := range []struct {
		name    string
		answers []*pmks.Error
		looks   []error
		may     bool
		calls   int
	}{
		{"unreachable", []*pmks.Error{unreachable}, []error{unseen}, false, 1},
		{"reset", []*pmks.Error{reset}, []error{unseen}, true, 1},
		{"unreachable-then-reset", []*pmks.Error{unreachable, reset}, []error{nil, unseen}, true, 2},
		{"reset-then-unreachable", []*pmks.Error{reset, unreachable}, []error{nil, unseen}, true, 2},
		{"half-done-before", []*pmks.Error{half}, []error{unseen}, true, 1},
		{"busy-with-what-was-lost", []*pmks.Error{reset, busy}, []error{nil}, true, 2},
		{"what-was-lost-exists", []*pmks.Error{reset, exists}, []error{nil}, true, 2},
		{"busy-and-never-sent", []*pmks.Error{unreachable, busy}, []error{nil}, false, 2},
		{"denied-after-all", []*pmks.Error{reset, denied}, []error{nil}, false, 2},
		{"busy", []*pmks.Error{busy}, nil, false, 1},
		{"seen-not-to-have-happened", []*pmks.Error{reset}, []error{nil}, false, once.Attempts},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				calls, looks := 0, 0
				err := once.Do(t.Context(), once.Mutation{
					Send: func(context.Context) error {
						calls++
						return test.answers[min(calls, len(test.answers))-1]
					},
					Happened: func(context.Context) (bool, error) {
						looks++
						return false, test.looks[min(looks, len(test.looks))-1]
					},
				})
				var e *pmks.Error
				if !errors.As(err, &e) || e.MayHaveHappened != test.may || calls != test.calls {
					t.Errorf("got %v after %d calls, want MayHaveHappened %t after %d", err, calls, test.may, test.calls)
				}
			})
		})
	}
}
