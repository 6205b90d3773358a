// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"slices"
	"testing"
)

// measured is what was measured of a cloud.
type measured struct {
	cloud      string
	operations []operation
	listings   []listed
}

func measureCloud(t *testing.T, cloud string, most int) measured {
	t.Helper()
	m := measured{cloud: cloud, operations: inBubble(t, func(t *testing.T) []operation { return operations(t, cloud) })}
	for _, f := range fleets(most) {
		m.listings = append(m.listings, inBubble(t, func(t *testing.T) listed { return listing(t, cloud, f) }))
	}
	return m
}

// report writes the tables of the page.
func report(out io.Writer, all []measured) {
	summary(out, all)
	for _, m := range all {
		table := leastTable[m.cloud]
		fmt.Fprintf(out, "\n## `%s`\n\n| operation | calls | least | in sequence | least in sequence | KB | seconds |\n|---|---|---|---|---|---|---|\n", m.cloud)
		for _, o := range m.operations {
			l := table[o.name]
			fmt.Fprintf(out, "| %s | %d | %d | %d | %d | %s | %s |\n", o.name, o.cost.Calls, l.calls(o.fleet), o.cost.Steps, l.steps(o.fleet), kilo(o.cost.Bytes), seconds(o.cost.Took))
		}
		fmt.Fprint(out, "\n| clusters | groups of each | calls | least | in sequence | least in sequence | KB | seconds | plain: calls | plain: in sequence | plain: seconds |\n|---|---|---|---|---|---|---|---|---|---|---|\n")
		for _, r := range m.listings {
			l := table[opList]
			fmt.Fprintf(out, "| %d | %d | %d | %d | %d | %d | %s | %s | %s |\n", r.clusters, r.groups, r.cost.Calls, l.calls(r.fleet), r.cost.Steps, l.steps(r.fleet),
				kilo(r.cost.Bytes), seconds(r.cost.Took), r.plain())
		}
		fmt.Fprintln(out)
		for _, name := range slices.Concat([]string{opList}, names(m.operations)) {
			l := table[name]
			fmt.Fprintf(out, "- `%s`: %s", name, l.why)
			if l.above != "" {
				fmt.Fprintf(out, " **More:** %s", l.above)
			}
			fmt.Fprintln(out)
		}
	}
}

// plain is what the plain driver costs, in three cells.
func (r listed) plain() string {
	if r.refused != nil {
		if r.serial.Calls == 0 {
			return "- | - | -"
		}
		return fmt.Sprintf("fails at call %d | - | -", r.serial.Calls)
	}
	return fmt.Sprintf("%d | %d | %s", r.serial.Calls, r.serial.Steps, seconds(r.serial.Took))
}

// summaryFleet is the listing that the summary is of.
var summaryFleet = fleet{100, 1}

// summary writes one listing of each cloud side by side.
func summary(out io.Writer, all []measured) {
	if !slices.ContainsFunc(all, func(m measured) bool { return slices.ContainsFunc(m.listings, isSummary) }) {
		return
	}
	fmt.Fprintf(out, "\n| listing %d clusters | calls | least | seconds | plain: calls | plain: in sequence | plain: seconds |\n|---|---|---|---|---|---|---|\n", summaryFleet.clusters)
	for _, m := range all {
		for _, r := range m.listings {
			if isSummary(r) {
				fmt.Fprintf(out, "| `%s` | %d | %d | %s | %s |\n", m.cloud, r.cost.Calls, leastTable[m.cloud][opList].calls(r.fleet), seconds(r.cost.Took), r.plain())
			}
		}
	}
}

func isSummary(r listed) bool { return r.fleet == summaryFleet }

func names(list []operation) (names []string) {
	for _, o := range list {
		names = append(names, o.name)
	}
	return names
}

func kilo(n int64) string { return fmt.Sprintf("%.1f", float64(n)/1000) }
