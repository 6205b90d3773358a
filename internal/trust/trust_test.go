// SPDX-License-Identifier: Apache-2.0

package trust_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/trust"
)

// TestNote: verdicts come back from the file as they were noted, and make the tables.
func TestNote(t *testing.T) {
	file := filepath.Join(t.TempDir(), "verdicts")
	t.Setenv(trust.EnvFile, file)
	for _, v := range []trust.Verdict{
		{Part: trust.Faults, Case: "GetCluster", Kind: "503"},
		{Part: trust.Faults, Case: "GetCluster", Kind: "503", Faults: []string{"GetCluster: wrong"}},
		{Part: trust.Faults, Case: "CreateCluster", Kind: "twice", Faults: []string{"two"}, Reason: "it takes a name twice"},
		{Part: trust.Lives, Case: "bare", Kind: "undisturbed", N: 1000},
	} {
		trust.Note(v)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var r trust.Report
	if err := r.Read("toy", f); err != nil {
		t.Fatal(err)
	}
	if got, want := r.Total(trust.Faults), (trust.Tally{Tried: 3, Passed: 1, Excepted: 1}); got != want || got.Failed() != 1 {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := r.Failures(); !slices.Equal(got, []string{"toy: faults: GetCluster: wrong"}) {
		t.Errorf("the failures are %q", got)
	}
	text := r.Text()
	for _, line := range []string{
		"| `503` | 1 of 2, **1 failed** | 1 of 2, **1 failed** |", "| `twice` | 0 + 1 of 1 | 0 + 1 of 1 |", "| Model runs | 1000 | 1000 |",
		"| toy | 1 | CreateCluster / twice | it takes a name twice |", "- toy: faults: GetCluster: wrong", "| Hostile answers | - | - |",
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("there is no line %s in:\n%s", line, text)
		}
	}
	if err := r.Read("toy", strings.NewReader("{\n")); err == nil {
		t.Error("half a line is taken for a verdict")
	}
}

// TestChoose: without the program it is a sample, always the same; with it an order that
// hangs on the seed, as far as the budget goes.
func TestChoose(t *testing.T) {
	t.Setenv(trust.EnvBudget, "")
	order, more := trust.Choose(trust.Faults, "x", 1, 10, 4)
	if !slices.Equal(order, []int{0, 4, 8}) || !more() {
		t.Errorf("the sample is %v", order)
	}
	t.Setenv(trust.EnvBudget, "1ns")
	orders := map[string][]int{}
	for _, seed := range []string{"1", "2", "1"} {
		t.Setenv(trust.EnvSeed, seed)
		order, more := trust.Choose(trust.Faults, "x", 1, 100, 4)
		if known := orders[seed]; len(order) != 100 || known != nil && !slices.Equal(known, order) {
			t.Errorf("with the seed %s it is %v", seed, order)
		}
		orders[seed] = order
		if !more() || more() {
			t.Error("of a budget that is spent there is one trial")
		}
	}
	if slices.Equal(orders["1"], orders["2"]) {
		t.Error("two seeds give one order")
	}
	t.Setenv(trust.EnvBudget, "all")
	_, more = trust.Choose(trust.Faults, "x", 1, 100, 4)
	for range 100 {
		if !more() {
			t.Fatal("it ends before all are tried")
		}
	}
}

// TestBudget: the parts share what there is, and a soak has it alone.
func TestBudget(t *testing.T) {
	t.Setenv(trust.EnvBudget, "100s")
	var sum time.Duration
	for _, part := range trust.Parts {
		share, all := trust.Budget(part, 1)
		if share <= 0 || all {
			t.Errorf("%s has %s", part, share)
		}
		sum += share
	}
	if sum.Round(time.Second) != 100*time.Second {
		t.Errorf("together they have %s", sum)
	}
	t.Setenv(trust.EnvSoak, "1")
	if share, _ := trust.Budget(trust.Lives, 2); share != 50*time.Second {
		t.Errorf("a soak of two has %s each", share)
	}
}
