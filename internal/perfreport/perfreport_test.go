// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/pmks-go/pmks/simtest"
)

// TestReport measures everything once and holds it against the table of what is possible
// and against the page.
func TestReport(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "performance.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, page, _, err := tablesOf(string(text))
	if err != nil {
		t.Fatal(err)
	}
	var all []measured
	for _, cloud := range simtest.Clouds() {
		m := measureCloud(t, cloud, 100)
		all = append(all, m)
		checkLeast(t, m)
		for _, l := range m.listings {
			if l.refused != nil && l.serial.Calls > 0 && !strings.Contains(l.refused.Error(), "429") {
				t.Errorf("%s: the plain driver fails, and not for its rate: %v", cloud, l.refused)
			}
			if l.refused == nil && (l.serial.Calls < l.cost.Calls && l.clusters > 1 || l.serial.Steps != l.serial.Calls) {
				t.Errorf("%s: the plain driver lists %+v with %d calls, %d in sequence: it is to make one after the other", cloud, l.fleet, l.serial.Calls, l.serial.Steps)
			}
		}
	}
	var out bytes.Buffer
	report(&out, all)
	for _, fault := range differences(page, out.String()) {
		t.Error(fault)
	}
	if t.Failed() {
		t.Log("if the figures are as they should be: go run ./internal/perfreport -write docs/performance.md")
	}
}

// checkLeast: nothing measured is below what is possible, and where it is above the table
// says why.
func checkLeast(t *testing.T, m measured) {
	t.Helper()
	table, seen := leastTable[m.cloud], map[string]bool{}
	above := map[string]bool{}
	row := func(name string, f fleet, calls, steps int) {
		t.Helper()
		l, ok := table[name]
		if seen[name] = true; !ok {
			t.Errorf("%s: there is no least of %s", m.cloud, name)
			return
		}
		if calls < l.calls(f) || steps < l.steps(f) {
			t.Errorf("%s: %s of %+v takes %d calls, %d in sequence: the table is wrong with %d and %d", m.cloud, name, f, calls, steps, l.calls(f), l.steps(f))
		}
		if calls > l.calls(f) || steps > l.steps(f) {
			above[name] = true
		}
	}
	for _, o := range m.operations {
		row(o.name, o.fleet, o.cost.Calls, o.cost.Steps)
	}
	for _, l := range m.listings {
		row(opList, l.fleet, l.cost.Calls, l.cost.Steps)
	}
	for name, l := range table {
		switch {
		case !seen[name]:
			t.Errorf("%s: the table has %s, which is not measured", m.cloud, name)
		case l.why == "":
			t.Errorf("%s: %s has no reason", m.cloud, name)
		case above[name] != (l.above != ""):
			t.Errorf("%s: %s is above the least: %v; the table says why: %q", m.cloud, name, above[name], l.above)
		}
	}
}

// differences compares the tables of the page with what was measured. Counts of calls,
// and words, are the same on each run. How requests fall beside each other is not quite,
// where many wait for a limit.
func differences(page, now string) (faults []string) {
	var header []string
	want, got := strings.Split(page, "\n"), strings.Split(now, "\n")
	if len(want) != len(got) {
		return []string{fmt.Sprintf("the page has %d lines in its tables, there are to be %d", len(want), len(got))}
	}
	for i, line := range got {
		cells := strings.Split(line, "|")
		if len(cells) > 1 && (i == 0 || !strings.HasPrefix(got[i-1], "|")) {
			header = cells
		}
		same := line == want[i]
		if wanted := strings.Split(want[i], "|"); !same && len(cells) > 2 && len(wanted) == len(cells) && len(header) == len(cells) {
			same = true
			for j := range cells {
				same = same && alike(header[j], strings.TrimSpace(wanted[j]), strings.TrimSpace(cells[j]))
			}
		}
		if !same {
			faults = append(faults, fmt.Sprintf("the page has\n\t%s\nand there is\n\t%s", want[i], line))
		}
	}
	return faults
}

// alike compares two cells of a column.
func alike(column, want, got string) bool {
	a, errA := strconv.ParseFloat(want, 64)
	b, errB := strconv.ParseFloat(got, 64)
	if want == got || errA != nil || errB != nil {
		return want == got
	}
	if strings.Contains(column, "calls") || strings.Contains(column, "least") {
		return false
	}
	if strings.TrimSpace(column) == "in sequence" {
		// Which of those that wait for a limit come to stand in a row is chance.
		return max(a, b) <= 2*min(a, b)+3
	}
	return math.Abs(a-b) <= max(3, 0.2*max(a, b))
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	const head = "text\n\n| name | calls | seconds |\n|---|---|---|\n"
	tests := []struct {
		name, page, now string
		faults          int
	}{
		{"same", head + "| a | 3 | 1.00 |", head + "| a | 3 | 1.00 |", 0},
		{"another time", head + "| a | 3 | 100.00 |", head + "| a | 3 | 110.00 |", 0},
		{"far another time", head + "| a | 3 | 100.00 |", head + "| a | 3 | 150.00 |", 1},
		{"another count", head + "| a | 3 | 1.00 |", head + "| a | 4 | 1.00 |", 1},
		{"another name", head + "| a | 3 | 1.00 |", head + "| b | 3 | 1.00 |", 1},
		{"another text", "text", "texts", 1},
		{"a row more", head + "| a | 3 | 1.00 |", head + "| a | 3 | 1.00 |\n| b | 3 | 1.00 |", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := differences(tt.page, tt.now); len(got) != tt.faults {
				t.Errorf("got %q, want %d", got, tt.faults)
			}
		})
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{0: 1, 1: 1, 100: 1, 101: 2, 250: 3} {
		if got := pages(n, 100); got != want {
			t.Errorf("pages(%d, 100) = %d, want %d", n, got, want)
		}
	}
	if got := listSteps(17, 2); got != 3 {
		t.Errorf("17 calls, eight at once, take %d steps", got)
	}
	if got := listSteps(17, 2, 5); got != 5 {
		t.Errorf("a row of five takes %d steps", got)
	}
}

func TestWritePage(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "page.md")
	for _, text := range []string{"no marks", markEnd + markBegin} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := writePage(path, "new\n"); err == nil {
			t.Errorf("%q was written to", text)
		}
	}
	if err := os.WriteFile(path, []byte("before\n"+markBegin+"old\n"+markEnd+"behind\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := writePage(path, "new\n"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if want := "before\n" + markBegin + "new\n" + markEnd + "behind\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestPage_thousand: the table of 1,000 clusters is of a run of minutes, which no test
// makes. It has each cloud, and nothing in it is below what is possible.
func TestPage_thousand(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "performance.md"))
	if err != nil {
		t.Fatal(err)
	}
	f, seen := fleet{1000, 1}, map[string]bool{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) < 5 || !strings.HasPrefix(strings.TrimSpace(cells[2]), "1000") {
			continue
		}
		cloud := strings.Trim(cells[1], " `")
		l, ok := leastTable[cloud][opList]
		if !ok {
			t.Errorf("there is no cloud %q", cloud)
			continue
		}
		seen[cloud] = true
		calls, err := strconv.Atoi(strings.TrimSpace(cells[3]))
		least := strings.TrimSpace(cells[4])
		if err != nil || calls < l.calls(f) || least != strconv.Itoa(l.calls(f)) {
			t.Errorf("%s: the page has %d calls and %s as the least, which is %d: %v", cloud, calls, least, l.calls(f), err)
		}
	}
	for cloud := range leastTable {
		if !seen[cloud] {
			t.Errorf("the page has no listing of 1,000 clusters of %s", cloud)
		}
	}
}
