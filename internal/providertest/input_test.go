// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
)

// TestSetup: a configuration is judged by the code, by what the error says and by what
// it shows.
func TestSetup(t *testing.T) {
	t.Parallel()
	inner := errors.New("signed with s3cr3t")
	bad := &pmks.Error{Code: pmks.CodeInvalidArgument, Message: "Zone is missing"}
	for _, test := range []struct {
		name string
		row  Setup[int]
		err  error
		want string // empty: right
	}{
		{"right", Setup[int]{}, nil, ""},
		{"refused", Setup[int]{Code: pmks.CodeInvalidArgument, Says: []string{"Zone"}}, bad, ""},
		{"accepted", Setup[int]{Code: pmks.CodeInvalidArgument}, nil, "want InvalidArgument"},
		{"another-code", Setup[int]{Code: pmks.CodeUnauthenticated}, bad, "want Unauthenticated"},
		{"wordless", Setup[int]{Code: pmks.CodeInvalidArgument, Says: []string{"Region"}}, bad, `want it to say "Region"`},
		{"refused-for-nothing", Setup[int]{}, bad, "want OK"},
		{"shown", Setup[int]{Code: pmks.CodeInternal}, &pmks.Error{Code: pmks.CodeInternal, Err: inner}, "is shown"},
	} {
		faults := faultsOf(t, func(t testing.TB) { test.row.judge(t, test.err, pmks.CodeOK, []string{"s3cr3t"}) })
		if right := len(faults) == 0; right != (test.want == "") || !right && !strings.Contains(faults[0], test.want) {
			t.Errorf("%s: got %q, want %q", test.name, faults, test.want)
		}
	}
	row := Setup[int]{Change: func(c *int) { *c++ }, Prepare: func(_ testing.TB, c *int) { *c *= 10 }}
	if got := row.config(t, func(testing.TB) int { return 1 }); got != 20 {
		t.Errorf("the configuration is %d, want 20", got)
	}
}

// hidden is a value that shows a secret in one way alone.
type hidden struct{ way string }

func (h hidden) String() string   { return h.in("v") }
func (h hidden) GoString() string { return h.in("#v") }
func (h hidden) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%q", h.in("json")), nil
}

func (h hidden) in(way string) string {
	if way == h.way {
		return "s3cr3t"
	}
	return "-"
}

// TestShowNone: every way to show a secret is found.
func TestShowNone(t *testing.T) {
	t.Parallel()
	values := map[string]any{"wrapped": fmt.Errorf("x: %w", &pmks.Error{Err: errors.New("s3cr3t")}), "nothing": nil, "none": hidden{}}
	for _, way := range []string{"v", "#v", "json"} {
		values[way] = hidden{way}
	}
	for name, v := range values {
		faults := faultsOf(t, func(t testing.TB) { ShowNone(t, []string{"", "s3cr3t"}, v) })
		if found, want := len(faults) > 0, !slices.Contains([]string{"nothing", "none"}, name); found != want {
			t.Errorf("%s: got %q", name, faults)
		}
	}
}
