// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// report writes the tables, and with verbose the linked packages.
func report(out io.Writer, module string, sizes []size, verbose bool) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "program\tstripped\tsmall\tover empty\tlink s\tcold s\tstd packages\tother packages\t")
	var base int64
	for _, s := range sizes {
		over, cold := "-", "-"
		if s.name == emptyProgram {
			base = s.small
		} else if base > 0 {
			over = grouped(s.small - base)
		}
		if s.cold > 0 {
			cold = fmt.Sprintf("%.0f", s.cold.Seconds())
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%.1f\t%s\t%d\t%d\t\n", s.name, grouped(s.stripped), grouped(s.small), over, s.link.Seconds(), cold, s.std, len(s.foreign))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if err := compare(out, sizes); err != nil {
		return err
	}
	if err := buys(out, module, sizes); err != nil {
		return err
	}
	for _, s := range sizes {
		if len(s.packages) > 0 {
			fmt.Fprintf(out, "\n%s weighs\n", s.name)
		}
		writeCompile(out, s)
		for _, w := range s.packages {
			if w.bytes >= 100_000 {
				fmt.Fprintf(out, "%14s  %s\n", grouped(w.bytes), w.path)
			}
		}
		if verbose && len(s.foreign) > 0 {
			fmt.Fprintf(out, "\n%s links\n\t%s\n", s.name, strings.Join(s.foreign, "\n\t"))
		}
	}
	return nil
}

// heavyCompile is from where on a package is listed for what compiling it took.
const heavyCompile = 3 * time.Second

// writeCompile writes the packages of a program that took longest to compile.
func writeCompile(out io.Writer, s size) {
	paths := slices.DeleteFunc(slices.Collect(maps.Keys(s.compile)), func(path string) bool { return s.compile[path] < heavyCompile })
	slices.SortFunc(paths, func(a, b string) int { return cmp.Or(cmp.Compare(s.compile[b], s.compile[a]), strings.Compare(a, b)) })
	if len(paths) > 0 {
		fmt.Fprintf(out, "\n%s takes, of %.0f s\n", s.name, s.cold.Seconds())
	}
	for _, path := range paths {
		fmt.Fprintf(out, "%8.0f s  %s\n", s.compile[path].Seconds(), path)
	}
}

// compare writes the programs that have one without pmks to be compared with.
func compare(out io.Writer, sizes []size) error {
	bytes := map[string]int64{}
	for _, s := range sizes {
		bytes[s.name] = s.small
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	heading := "\nwith pmks\tsmall\twithout\tsmall\tmore\t%\t\n"
	for _, s := range sizes {
		without := bytes[s.against]
		if s.against == "" || without == 0 {
			continue
		}
		fmt.Fprint(table, heading)
		heading = ""
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%+.1f\t\n", s.name, grouped(s.small), s.against, grouped(without), grouped(s.small-without),
			100*(float64(s.small)/float64(without)-1))
	}
	return table.Flush()
}

// grouped writes a number with its thousands apart.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + " " + digits[i:]
	}
	return digits
}
