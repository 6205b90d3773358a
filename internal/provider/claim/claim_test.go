// SPDX-License-Identifier: Apache-2.0

package claim_test

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/claim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const lag = 12 * time.Second

func account(key string) claim.Account {
	return claim.NewAccount("toy", "r", "https://x.example", key, &http.Transport{}, lag)
}

func nothing([]netip.Prefix) error { return nil }

// TestTake: who comes second waits what comes of the first, and is told.
func TestTake(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		id     string
		open   bool
		want   error
		waited time.Duration
	}{
		{"made", "c-1", false, pmks.ErrAlreadyExists, time.Second},
		{"refused", "", false, claim.ErrLookAgain, time.Second},
		{"open", "", true, claim.ErrLookAgain, time.Second + lag},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, first := account(test.name), &claim.Claim{Name: "n"}
				if err := a.Take(t.Context(), first, nothing); err != nil {
					t.Fatal(err)
				}
				time.AfterFunc(time.Second, func() { a.Settle(first, test.id, test.open) })
				start := time.Now()
				if err := a.Take(t.Context(), &claim.Claim{Name: "n"}, nothing); !errors.Is(err, test.want) || time.Since(start) != test.waited {
					t.Errorf("got %v after %s, want %v after %s", err, time.Since(start), test.want, test.waited)
				}
				time.Sleep(lag + time.Second) //nolint:forbidigo // inside a synctest bubble
				second := &claim.Claim{Name: "n"}
				if err := a.Take(t.Context(), second, nothing); err != nil {
					t.Errorf("when the lists show it: %v", err)
				}
				a.Settle(second, "", false)
			})
		})
	}
}

// TestTake_goneAgain: what another made and a third hand has removed is in nobody's way.
func TestTake_goneAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, first := account("gone"), &claim.Claim{Name: "n"}
		if err := a.Take(t.Context(), first, nothing); err != nil {
			t.Fatal(err)
		}
		a.Settle(first, "c-1", false)
		second := &claim.Claim{Name: "n", There: func(id string) bool { return id != "c-1" }}
		if err := a.Take(t.Context(), second, nothing); !errors.Is(err, claim.ErrLookAgain) || a.Made("", "c-1") {
			t.Errorf("got %v", err)
		}
		if err := a.Take(t.Context(), second, nothing); err != nil {
			t.Errorf("again: %v", err)
		}
		a.Settle(second, "", false)
	})
}

// TestTake_canceled: who waits goes away when told to, whether the first is decided or not.
func TestTake_canceled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, first := account("canceled"), &claim.Claim{Name: "n"}
		if err := a.Take(t.Context(), first, nothing); err != nil {
			t.Fatal(err)
		}
		for _, decided := range []bool{false, true} {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			if decided {
				time.AfterFunc(time.Second, func() { a.Settle(first, "", true) })
			}
			if err := a.Take(ctx, &claim.Claim{Name: "n"}, nothing); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("decided %t: got %v", decided, err)
			}
			cancel()
		}
	})
}

// TestRanges: ranges of the same VPC that others have claimed are told, of what is open
// as long as lists lag.
func TestRanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, range1 := account("ranges"), netip.MustParsePrefix("10.0.0.0/16")
		first := &claim.Claim{Name: "a", VPC: "v"}
		if err := a.Take(t.Context(), first, func([]netip.Prefix) error { first.Ranges = []netip.Prefix{range1}; return nil }); err != nil {
			t.Fatal(err)
		}
		taken := func(vpc string) (got []netip.Prefix) {
			bad := errors.New("not wanted")
			if err := a.Take(t.Context(), &claim.Claim{Name: "b", VPC: vpc}, func(taken []netip.Prefix) error { got = taken; return bad }); !errors.Is(err, bad) {
				t.Errorf("got %v", err)
			}
			return got
		}
		if got := taken("v"); !slices.Equal(got, []netip.Prefix{range1}) {
			t.Errorf("got %v", got)
		}
		a.Settle(first, "", true)
		if got := taken("v"); len(got) != 1 || len(taken("w")) != 0 {
			t.Errorf("got %v", got)
		}
		time.Sleep(lag + time.Second) //nolint:forbidigo // inside a synctest bubble
		if got := taken("v"); len(got) != 0 {
			t.Errorf("when the lists show it: %v", got)
		}
	})
}

// TestRecent: what was made is known until the lists show it, or it is removed.
func TestRecent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := account("recent")
		for _, name := range []string{"x", "y"} {
			c := &claim.Claim{Parent: "p", Name: name}
			if err := a.Take(t.Context(), c, nothing); err != nil {
				t.Fatal(err)
			}
			a.Settle(c, "id-"+name, false)
		}
		if got := a.Recent("p", ""); !slices.Equal(got, []string{"id-x", "id-y"}) || !a.Made("p", "id-x") || a.Made("", "id-x") {
			t.Errorf("got %v", got)
		}
		if got := a.Recent("p", "y"); !slices.Equal(got, []string{"id-y"}) {
			t.Errorf("of a name: %v", got)
		}
		a.Forget("id-x")
		if got := a.Recent("p", ""); !slices.Equal(got, []string{"id-y"}) || a.Made("p", "id-x") {
			t.Errorf("after a removal: %v", got)
		}
		time.Sleep(lag + time.Second) //nolint:forbidigo // inside a synctest bubble
		if got := a.Recent("p", ""); len(got) != 0 {
			t.Errorf("when the lists show it: %v", got)
		}
	})
}

// TestNewAccount: claims meet only where both callers reach the same account.
func TestNewAccount(t *testing.T) {
	t.Parallel()
	way := &http.Transport{}
	same := claim.NewAccount("toy", "r", "", "k", way, lag)
	for name, test := range map[string]struct {
		other claim.Account
		meets bool
	}{
		"same":             {claim.NewAccount("toy", "r", "", "k", way, lag), true},
		"another-key":      {claim.NewAccount("toy", "r", "", "l", way, lag), false},
		"another-way":      {claim.NewAccount("toy", "r", "", "k", &http.Transport{}, lag), false},
		"another-cloud":    {claim.NewAccount("yot", "r", "", "k", way, lag), false},
		"nobody-knows-who": {claim.NewAccount("toy", "r", "", "", way, lag), false},
	} {
		if (test.other == same) != test.meets {
			t.Errorf("%s: meets is %t", name, !test.meets)
		}
	}
	if claim.NewAccount("toy", "r", "", "", way, lag) == claim.NewAccount("toy", "r", "", "", way, lag) {
		t.Error("two without a key meet")
	}
	unlike := roundTripper(func(*http.Request) (*http.Response, error) { return nil, nil })
	_ = claim.NewAccount("toy", "r", "", "k", unlike, lag) == same // does not panic
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
