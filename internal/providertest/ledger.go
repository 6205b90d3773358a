// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"flag"
	"iter"
	"strconv"
	"strings"

	"github.com/pmks-go/pmks/internal/trust"
)

// chosen are the cells of a group that are run: all, a sample, or as many as the budget
// of package trust allows, which the groups share.
func chosen(part, group string, groups int, cells []cell, stride int, full bool) iter.Seq[cell] {
	return func(yield func(cell) bool) {
		if full {
			for _, c := range cells {
				if !yield(c) {
					return
				}
			}
			return
		}
		order, more := trust.Choose(part, group, sharing(groups), len(cells), stride)
		for _, i := range order {
			if !more() || !yield(cells[i]) {
				return
			}
		}
	}
}

// few is how far apart the cells of a sample of about that many are, fewer under the race
// detector. It is odd, so that what comes in pairs comes up whole.
func few(n, many int) int {
	if UnderRace {
		many = 1
	}
	return max(1, n/many) | 1
}

// sharing is how many of n groups come one after the other, where some of them run side
// by side.
func sharing(n int) int {
	side := 1
	if f := flag.Lookup("test.parallel"); f != nil {
		if p, err := strconv.Atoi(f.Value.String()); err == nil {
			side = max(1, p)
		}
	}
	return (n + side - 1) / side
}

// part is the part of the report that a cell belongs to.
func (c cell) part() string {
	switch {
	case strings.HasPrefix(c.fault, "cancel-"):
		return trust.Cancel
	case strings.HasPrefix(c.fault, "stopped-"), strings.HasPrefix(c.fault, "crash-"):
		return trust.Crash
	}
	return trust.Faults
}

// note keeps the verdict of a cell for the report.
func (c cell) note(faults []string, reason string) {
	if len(faults) > 0 {
		faults = []string{c.String() + ": " + strings.Join(faults, "; ")}
	}
	trust.Note(trust.Verdict{Part: c.part(), Case: c.op.name, Kind: c.fault, Faults: faults, Reason: reason})
}
