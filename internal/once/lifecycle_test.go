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

func TestRemove(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		answers []pmks.Code
		found   once.Fate
		want    pmks.Code
		calls   int
	}{
		{"at-once", []pmks.Code{ok}, once.Stays, ok, 1},
		{"absent", []pmks.Code{absent}, once.Gone, absent, 1},
		{"reply-lost", []pmks.Code{lost}, once.Going, ok, 1},
		{"reply-lost-and-done", []pmks.Code{lost}, once.Gone, ok, 1},
		{"gone-meanwhile", []pmks.Code{lost, absent}, once.Stays, ok, 2},
		{"being-removed", []pmks.Code{busy}, once.Going, ok, 1},
		{"being-removed-in-other-words", []pmks.Code{refuse}, once.Going, ok, 1},
		{"busy-and-not-listed-yet", []pmks.Code{busy}, once.Gone, busy, 1},
		{"refused-and-not-listed-yet", []pmks.Code{refuse}, once.Gone, refuse, 1},
		{"busy-with-something-else", []pmks.Code{busy}, once.Stays, busy, 1},
		{"protected", []pmks.Code{refuse}, once.Stays, refuse, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				send, calls := script(test.answers...)
				err := once.Remove(t.Context(), send, func(context.Context) (once.Fate, error) { return test.found, nil })
				if pmks.CodeOf(err) != test.want || *calls != test.calls {
					t.Errorf("got %v after %d calls, want %s after %d", err, *calls, test.want, test.calls)
				}
			})
		})
	}
}

// TestRemove_lateRefusal: what is refused as busy after a try whose answer was lost, and
// is not shown any more, went by that try.
func TestRemove_lateRefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		send, _ := script(lost, busy)
		looks := 0
		err := once.Remove(t.Context(), send, func(context.Context) (once.Fate, error) {
			if looks++; looks == 1 {
				return once.Stays, nil
			}
			return once.Gone, nil
		})
		if err != nil {
			t.Errorf("got %v", err)
		}
	})
}

// TestCreate_refused: what exists after a first try whose answer was lost may be what that
// made, unless it is seen to be somebody else's.
func TestCreate_refused(t *testing.T) {
	t.Parallel()
	for _, known := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			send, _ := script(lost, exists)
			looks := 0
			err := once.Create(t.Context(), send, func(context.Context) (bool, error) {
				if looks++; looks > 1 && known {
					return false, &pmks.Error{Code: exists, Message: "somebody else's"}
				}
				return false, nil
			})
			var e *pmks.Error
			if !errors.As(err, &e) || e.Code != exists || e.MayHaveHappened == known {
				t.Errorf("known %t: got %v", known, err)
			}
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
