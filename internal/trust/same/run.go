// SPDX-License-Identifier: Apache-2.0

package same

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks/internal/trust"
)

// Exception is a difference that is the nature of a cloud.
type Exception struct {
	// Where matches the text of a difference, which begins with the command's name.
	Where string
	// Amid are commands, one of which was given since all was at rest; none means any.
	Amid []string
	// Reason says why; it stands in the report.
	Reason string
	// Ends: from there on the two have different things, and the list ends.
	Ends bool
}

// Trial says how two sides are made and compared.
type Trial struct {
	// What names the run in the report.
	What string
	// Open makes two sides with nothing in them.
	Open func(t testing.TB) Pair
	// Facts are those that can be made unreadable.
	Facts      []string
	Exceptions []Exception
	// Lists are how many are run where no budget says so.
	Lists int
}

// found is a difference, and the command that it was found with.
type found struct {
	at     int
	op     string
	text   string
	reason string
	// state is what the state of the cluster forbids, on both sides.
	state []string
}

// outcome is what became of a list of commands.
type outcome struct {
	ops   []string // that were compared
	found []found
	// left and right are how the last command was refused on each side, or "none".
	left, right string
}

// fault is the first difference that nothing excuses.
func (o outcome) fault() (found, bool) {
	for _, f := range o.found {
		if f.reason == "" {
			return f, true
		}
	}
	return found{}, false
}

// Run gives random lists of commands to both sides, each in a bubble of its own: so many
// as the trial says, or as the budget of package trust allows.
func (trial Trial) Run(t *testing.T) {
	t.Helper()
	share, all := trust.Budget(trust.Same, 1)
	end := time.Now().Add(share)
	more := func(n int) bool {
		if !trust.Asked() {
			return n < trial.Lists
		}
		return n == 0 || time.Now().Before(end) || all && n < 100
	}
	compared := 0
	for n := 0; more(n); n++ {
		list := trial.plan(t, n)
		out := trial.lead(t, list)
		compared += len(out.ops)
		trial.note(out)
		f, wrong := out.fault()
		if !wrong {
			continue
		}
		least := trial.shrink(t, list, f)
		text := fmt.Sprintf("%s, seed %d, list %d: %s, shrunk to: %s", trial.What, trust.Seed(), n, f.text, least)
		trust.Note(trust.Verdict{Part: trust.Same, Case: f.op, Kind: f.op, Faults: []string{text}})
		t.Error(text)
	}
	t.Logf("%s: %d commands were compared, seed %d", trial.What, compared, trust.Seed())
}

// plan is the list of that number.
func (trial Trial) plan(t *testing.T, n int) (list List) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		caps := trial.Open(t).Left.Handler.Capabilities()
		list = Plan(trust.Random(fmt.Sprintf("same/%s/%d", trial.What, n)), caps, trial.Facts)
	})
	return list
}

// note keeps the verdicts of the commands of a list that are alike or excused.
func (trial Trial) note(out outcome) {
	excused := map[int]found{}
	for _, f := range out.found {
		if _, known := excused[f.at]; f.reason != "" && !known {
			excused[f.at] = f
		}
	}
	wrong, isWrong := out.fault()
	same := map[string]int{}
	for i, op := range out.ops {
		if isWrong && i == wrong.at {
			continue
		}
		if f, yes := excused[i]; yes {
			trust.Note(trust.Verdict{Part: trust.Same, Case: op, Kind: op, Faults: []string{f.text}, Reason: f.reason})
			continue
		}
		same[op]++
	}
	for op, n := range same {
		trust.Note(trust.Verdict{Part: trust.Same, Case: op, Kind: op, N: n})
	}
}

// refused matches a difference in how both sides fail.
var refused = regexp.MustCompile(`: error is "([^"]*)" on [^"]*, "([^"]*)"`)

// excuse is the exception that a difference is; the zero one has no reason.
func (trial Trial) excuse(text string, amid []string) Exception {
	for _, e := range trial.Exceptions {
		given := len(e.Amid) == 0 || slices.ContainsFunc(e.Amid, func(op string) bool { return slices.Contains(amid, op) })
		if given && regexp.MustCompile(e.Where).MatchString(text) {
			return e
		}
	}
	return Exception{}
}

// lead gives a list to both sides, as often as it takes: where both refuse a command that
// more than one thing is wrong with, each may begin with another, and what they say is
// proven to be among that.
func (trial Trial) lead(t *testing.T, list List) outcome {
	t.Helper()
	proven := map[int]bool{}
	for {
		out := trial.leadOnce(t, list, proven)
		f, wrong := out.fault()
		if !wrong || proven[f.at] || !refused.MatchString(f.text) || !trial.proves(t, list[:f.at+1], f) {
			return out
		}
		proven[f.at] = true
	}
}

// leadOnce gives a list to both sides. It ends with the first difference that is not
// excused, and after an excused one in what failed: from there on the two clouds are not
// alike. How the commands that are proven are refused is not compared.
func (trial Trial) leadOnce(t *testing.T, list List, proven map[int]bool) (out outcome) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		pair := trial.Open(t)
		left, right := newPlayer(pair, pair.Left), newPlayer(pair, pair.Right)
		var given []string // since all was at rest
		for i, c := range list {
			if c.After == idle {
				given = nil
			}
			time.Sleep(c.After) //nolint:forbidigo // inside a synctest bubble
			a, b := both(t.Context(), left, right, c)
			out.ops = append(out.ops, c.Op)
			out.left, out.right = a.error(), b.error()
			given = append(given, c.Op)
			if proven[i] {
				continue
			}
			ends := false
			for _, d := range differences(c.Op, left.Name, right.Name, a, b) {
				text := c.Op + ": " + d
				e := trial.excuse(text, given)
				f := found{at: i, op: c.Op, text: text, reason: e.Reason}
				if e.Reason == "" {
					f.state = inCommon(left.state(t.Context(), c), right.state(t.Context(), c))
				}
				out.found = append(out.found, f)
				ends = ends || e.Ends || e.Reason == "" || strings.HasPrefix(d, "error ")
			}
			if ends {
				return
			}
		}
	})
	return out
}

// both gives a command to both sides at once.
func both(ctx context.Context, left, right *player, c Command) (a, b page) {
	var sides sync.WaitGroup
	for p, answer := range map[*player]*page{left: &a, right: &b} {
		sides.Go(func() {
			v, err := p.do(ctx, c)
			*answer = p.answer(c, v, err)
		})
	}
	sides.Wait()
	return a, b
}

// shrink takes out of a list what is not needed for the same difference.
func (trial Trial) shrink(t *testing.T, list List, want found) List {
	t.Helper()
	wrong := func(l List) bool {
		f, yes := trial.lead(t, l).fault()
		return yes && f.text == want.text
	}
	list = list[:want.at+1]
	for again := true; again; {
		again = false
		for _, smaller := range list.smaller() {
			if wrong(smaller) {
				list, again = smaller, true
				break
			}
		}
	}
	return list
}
