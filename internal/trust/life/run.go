// SPDX-License-Identifier: Apache-2.0

package life

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks/internal/trust"
)

// Crew is how many lives are led in one account.
type Crew struct {
	// Callers are side by side, and each leads so many Lives one after the other.
	Callers, Lives int
	// Among is how many runs of the package share a soak; 0 means that there is one.
	Among int
}

// script is a life that is to be led.
type script struct {
	name    string
	plan    []Command
	trouble uint64
}

func (s script) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Provision in trouble %d", s.trouble)
	for _, c := range s.plan {
		fmt.Fprintf(&b, "; %s", c)
	}
	return b.String() + "; Teardown"
}

// scripts are those of one account.
func (crew Crew) scripts(r *rand.Rand, troubled bool) (list [][]script) {
	for i := range crew.Callers {
		var mine []script
		for j := range crew.Lives {
			s := script{name: fmt.Sprintf("life%d-%d", i, j), plan: Plan(r, troubled)}
			if troubled && r.IntN(2) == 0 {
				s.trouble = r.Uint64() | 1
			}
			mine = append(mine, s)
		}
		list = append(list, mine)
	}
	return list
}

// Run leads lives in accounts that open makes, each in a bubble of its own: one account,
// or as many as the budget of package trust allows. what names the run in the report.
// Every round has a random stream of its own, so that one that failed can be led alone,
// and a later run goes on after those that are kept.
func Run(t *testing.T, what string, open func(t testing.TB) Cloud, crew Crew) {
	t.Helper()
	groups := 2
	if trust.Soaking() {
		groups = crew.Among
	}
	share, all := trust.Budget(trust.Lives, groups)
	end := time.Now().Add(share)
	lives, first := 0, trust.NextRound(what)
	for round := first; round == first || time.Now().Before(end) || all && round < first+20; round++ {
		troubled := round%4 != 3
		lists := crew.scripts(trust.Random(fmt.Sprintf("lives/%s/%d", what, round)), troubled)
		began := time.Now()
		faults := lead(t, open, lists)
		led := trust.Round{What: what, Round: round, Seed: trust.Seed(), Lives: crew.Callers * crew.Lives, Failed: len(faults), Took: time.Since(began), Troubled: troubled}
		lives += led.Lives
		for _, f := range faults {
			text := f.faults[0]
			if least, alone := shrink(t, open, f.script); alone {
				text += ", alone and shrunk to: " + least.String()
			} else {
				text += ", not alone, in: " + f.script.String()
			}
			text = fmt.Sprintf("%s, seed %d, round %d: %s", what, trust.Seed(), round, text)
			trust.Note(trust.Verdict{Part: trust.Lives, Case: what, Kind: led.Kind(), Faults: []string{text}})
			t.Error(text)
		}
		if n := led.Lives - led.Failed; n > 0 {
			trust.Note(trust.Verdict{Part: trust.Lives, Case: what, Kind: led.Kind(), N: n})
		}
		trust.KeepRound(led)
	}
	t.Logf("%s: %d lives, seed %d, rounds from %d", what, lives, trust.Seed(), first)
}

// failed is a life that went wrong.
type failed struct {
	script
	faults []string
}

// lead leads all lives in one account, in a bubble.
func lead(t *testing.T, open func(t testing.TB) Cloud, lists [][]script) (list []failed) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := open(t)
		var mu sync.Mutex
		var callers sync.WaitGroup
		for _, mine := range lists {
			callers.Go(func() {
				for _, s := range mine {
					faults := c.Live(t.Context(), s.name, s.plan, s.trouble)
					if len(faults) == 0 {
						continue
					}
					mu.Lock()
					list = append(list, failed{s, faults})
					mu.Unlock()
				}
			})
		}
		callers.Wait()
	})
	return list
}

// shrink leads a life alone, and takes commands and troubles out of it as long as it
// still goes wrong. It reports whether it does so alone at all.
func shrink(t *testing.T, open func(t testing.TB) Cloud, s script) (script, bool) {
	t.Helper()
	wrong := func(s script) bool { return len(lead(t, open, [][]script{{s}})) > 0 }
	if !wrong(s) {
		return s, false
	}
	for again := true; again; {
		again = false
		for _, smaller := range s.smaller() {
			if wrong(smaller) {
				s, again = smaller, true
				break
			}
		}
	}
	return s, true
}

// smaller are the lives with one thing less.
func (s script) smaller() (list []script) {
	for i := range s.plan {
		less := s
		less.plan = append(append([]Command(nil), s.plan[:i]...), s.plan[i+1:]...)
		list = append(list, less)
	}
	if s.trouble != 0 {
		less := s
		less.trouble = 0
		list = append(list, less)
	}
	for i, c := range s.plan {
		if c.Trouble != 0 || c.Hurried {
			less := s
			less.plan = append([]Command(nil), s.plan...)
			less.plan[i].Trouble, less.plan[i].Hurried = 0, false
			list = append(list, less)
		}
	}
	return list
}
