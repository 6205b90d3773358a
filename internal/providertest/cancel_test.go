// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
)

// pausedOf is what pauses, by its name.
func pausedOf(t *testing.T, name string) pausing {
	t.Helper()
	all := paused()
	i := slices.IndexFunc(all, func(p pausing) bool { return p.name == name })
	if i < 0 {
		t.Fatalf("there is no %s", name)
	}
	return all[i]
}

// TestCancel: a right handler passes at every instant, and what one does wrong when the
// context of a job ends is reported.
func TestCancel(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		sin  sin
		want string
	}{
		{"right", none, ""},
		{"slow", leavesSlowly, "after the context ended"},
		{"goroutine", leavesTimer, "something still runs"},
		{"another-cluster", makesAnother, "there are 2 clusters"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := pausedOf(t, "Provision")
			instants, skip := toyMatrix(none).instants(t, p)
			if skip != "" || len(instants) < 4 {
				t.Fatalf("the instants are %v, %s", instants, skip)
			}
			m := toyMatrix(test.sin)
			var all []string
			for _, at := range instants {
				all = append(all, m.faults(t, cell{op: p.operation, fault: "cancel-in-" + at.part, run: canceledCell(p, at)})...)
			}
			if test.want == "" && len(all) > 0 || !slices.ContainsFunc(append(all, test.want), func(f string) bool { return strings.Contains(f, test.want) }) {
				t.Errorf("got %q, want %q", all, test.want)
			}
			if test.want != "" && len(all) == 0 {
				t.Errorf("nothing is reported, want %q", test.want)
			}
		})
	}
}

// TestTimeline: a pause has a beginning, a middle and an end, and a request two sides.
func TestTimeline(t *testing.T) {
	t.Parallel()
	m := toyMatrix(none)
	instants, _ := m.instants(t, pausedOf(t, "Provision"))
	parts := map[string]int{}
	for _, i := range instants {
		parts[i.part]++
	}
	if parts["request"] == 0 || parts["request"] != parts["answer"] || parts["pause"]%3 != 0 {
		t.Errorf("the instants are %v", instants)
	}
}

// TestCrash: what a job leaves wrong when its process ended is reported, and what is left
// of it when all is torn down.
func TestCrash(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		sin  sin
		left []string
		want string
	}{
		{"right", none, nil, ""},
		{"another-cluster", makesAnother, nil, "there are 2 clusters"},
		{"not-again", refusesAgain, nil, "run again: "},
		{"helper-left", none, []string{"a launch template"}, "there is still"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := toyMatrix(test.sin)
			open := m.Open
			m.Open = func(t testing.TB, wire func(http.RoundTripper) http.RoundTripper) Rig {
				rig := open(t, wire)
				rig.Left = func() []string { return test.left }
				return rig
			}
			var all []string
			for n := range toyMatrix(none).requests(t, jobs[0]) {
				for _, fault := range crashes {
					all = append(all, m.faults(t, cell{op: jobs[0].operation(), at: step{"request", n + 1}, fault: fault, run: crashedCell(jobs[0])})...)
				}
			}
			if got := strings.Join(all, "; "); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestCrashes_left: what the simulator has more of than before reaches the rig, but for what
// is its own memory.
func TestCrashes_left(t *testing.T) {
	t.Parallel()
	m := toyBench("").Crashes()
	rig := m.Open(t, func(next http.RoundTripper) http.RoundTripper { return next })
	if got := rig.Left(); len(got) > 0 {
		t.Errorf("before there was anything: %q", got)
	}
	if _, err := pmks.New(rig.Direct).CreateCluster(t.Context(), m.Request("made")); err != nil {
		t.Fatal(err)
	}
	if got := rig.Left(); !slices.Equal(got, []string{"cloud.made = 1"}) {
		t.Errorf("got %q", got)
	}
}
