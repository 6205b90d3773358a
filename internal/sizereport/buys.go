// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// What a program with pmks has more than the one that it is compared with, by what the
// bytes are for: the answer to how large pmks is, and to what could make it smaller.

// kinds are the rows of the table, in its order.
var kinds = []struct {
	name string
	has  func(module, path string) bool
}{
	{"the provider", func(module, path string) bool {
		rest, ours := strings.CutPrefix(path, module+"/")
		return ours && !strings.HasPrefix(rest, "internal/")
	}},
	{"pmks itself", func(module, path string) bool { return path == module }},
	{"internal/provider", func(module, path string) bool { return strings.HasPrefix(path, module+"/internal/provider/") }},
	{"internal, the rest", func(module, path string) bool { return strings.HasPrefix(path, module+"/internal/") }},
	{"YAML reader", func(_, path string) bool { return strings.HasPrefix(path, "go.yaml.in/") }},
	{"other modules", func(_, path string) bool {
		first, _, _ := strings.Cut(path, "/")
		return strings.Contains(first, ".")
	}},
	{"log/slog", func(_, path string) bool { return strings.HasPrefix(path, "log/slog") }},
	{"slices", func(_, path string) bool { return path == "slices" }},
	{"types, strings, runtime", func(_, path string) bool { return path == typesAndStrings }},
	{"standard library, the rest", func(string, string) bool { return true }},
}

// functionTables is the last row: what has no symbol of its own, which is the names and
// the lines of all functions and what aligns the parts of the program.
const functionTables = "tables of functions"

// more sums up by kind what a program has more than another.
func more(module string, s, against size) map[string]int64 {
	sum := map[string]int64{}
	rest := s.small - against.small
	add := func(list []weight, sign int64) {
		for _, w := range list {
			for _, k := range kinds {
				if k.has(module, w.path) {
					sum[k.name] += sign * w.bytes
					break
				}
			}
			rest -= sign * w.bytes
		}
	}
	add(s.packages, 1)
	add(against.packages, -1)
	sum[functionTables] = rest
	return sum
}

// buys writes the table, in KB, of those programs whose packages were weighed.
func buys(out io.Writer, module string, sizes []size) error {
	byName := map[string]size{}
	for _, s := range sizes {
		byName[s.name] = s
	}
	var columns []map[string]int64
	heading, total := "\nKB more", "together"
	for _, s := range sizes {
		against, ok := byName[s.against]
		if !ok || len(s.packages) == 0 {
			continue
		}
		columns = append(columns, more(module, s, against))
		heading += "\t" + s.name
		total += fmt.Sprintf("\t%d", (s.small-against.small)/1000)
	}
	if len(columns) == 0 {
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, heading+"\t")
	row := func(name string) {
		fmt.Fprint(table, name)
		for _, c := range columns {
			fmt.Fprintf(table, "\t%d", c[name]/1000)
		}
		fmt.Fprintln(table, "\t")
	}
	for _, k := range kinds {
		row(k.name)
	}
	row(functionTables)
	fmt.Fprintln(table, total+"\t")
	return table.Flush()
}
