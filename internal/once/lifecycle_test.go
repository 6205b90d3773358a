// SPDX-License-Identifier: Apache-2.0

package once_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
)

// script gives one answer after another, the last one for ever.
func script(codes ...pmks.Code) (send func(context.Context) error, calls *int) {
	n := 0
	return func(context.Context) error {
		code := codes[min(n, len(codes)-1)]
		n++
		if code == pmks.CodeOK {
			return nil
		}
		return &pmks.Error{Code: code}
	}, &n
}

func look(answers ...bool) func(context.Context) (bool, error) {
	n := 0
	return func(context.Context) (bool, error) {
		n++
		return answers[min(n, len(answers))-1], nil
	}
}

const (
	ok     = pmks.CodeOK
	lost   = pmks.CodeUnavailable
	exists = pmks.CodeAlreadyExists
	busy   = pmks.CodeBusy
	absent = pmks.CodeNotFound
	refuse = pmks.CodeFailedPrecondition
)

func TestCreate(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		answers []pmks.Code
		ours    []bool
		want    pmks.Code
		calls   int
	}{
		{"at-once", []pmks.Code{ok}, []bool{false}, ok, 1},
		{"exists", []pmks.Code{exists}, []bool{true}, exists, 1},
		{"reply-lost", []pmks.Code{lost}, []bool{true}, ok, 1},
		{"request-lost", []pmks.Code{lost, ok}, []bool{false}, ok, 2},
		{"seen-late", []pmks.Code{lost, exists}, []bool{false, true}, ok, 2},
		{"being-made", []pmks.Code{lost, busy}, []bool{false, true}, ok, 2},
		{"somebody-else's", []pmks.Code{lost, exists}, []bool{false}, exists, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				send, calls := script(test.answers...)
				err := once.Create(t.Context(), send, look(test.ours...))
				if pmks.CodeOf(err) != test.want || *calls != test.calls {
					t.Errorf("got %v after %d calls, want %s after %d", err, *calls, test.want, test.calls)
				}
			})
		})
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		answers []pmks.Code
		gone    []bool
		want    pmks.Code
		calls   int
	}{
		{"at-once", []pmks.Code{ok}, []bool{false}, ok, 1},
		{"absent", []pmks.Code{absent}, []bool{true}, absent, 1},
		{"reply-lost", []pmks.Code{lost}, []bool{true}, ok, 1},
		{"gone-meanwhile", []pmks.Code{lost, absent}, []bool{false}, ok, 2},
		{"being-deleted", []pmks.Code{busy}, []bool{true}, ok, 1},
		{"being-deleted-in-other-words", []pmks.Code{refuse}, []bool{true}, ok, 1},
		{"busy-with-something-else", []pmks.Code{busy}, []bool{false}, busy, 1},
		{"protected", []pmks.Code{refuse}, []bool{false}, refuse, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				send, calls := script(test.answers...)
				err := once.Delete(t.Context(), send, look(test.gone...))
				if pmks.CodeOf(err) != test.want || *calls != test.calls {
					t.Errorf("got %v after %d calls, want %s after %d", err, *calls, test.want, test.calls)
				}
			})
		})
	}
}

// TestCreate_blind: when looking fails too, the error says that it may have
// happened.
func TestCreate_blind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		send, _ := script(lost)
		err := once.Create(t.Context(), send, func(context.Context) (bool, error) { return false, &pmks.Error{Code: lost} })
		var e *pmks.Error
		if !errors.As(err, &e) || !e.MayHaveHappened || pmks.Retryable(err) {
			t.Errorf("got %v", err)
		}
	})
}
