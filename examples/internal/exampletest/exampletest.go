// SPDX-License-Identifier: Apache-2.0

// Package exampletest compares what an example prints with what its README says
// that it prints.
package exampletest

import (
	"os"
	"strings"
	"testing"
)

// CheckOutput compares output with the block of the README.md in the current
// directory that follows the line "    COMMAND" of the given command. A line
// "..." in the README stands for any number of lines.
func CheckOutput(t *testing.T, command, output string) {
	t.Helper()
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(data), "\n    "+command+"\n")
	if !ok {
		t.Fatalf("README.md does not show the command %q", command)
	}
	_, rest, opened := strings.Cut(rest, "```text\n")
	block, _, closed := strings.Cut(rest, "```")
	if !opened || !closed {
		t.Fatalf("README.md shows no output of %q", command)
	}
	want := strings.Split(strings.TrimRight(block, "\n"), "\n")
	got := strings.Split(strings.TrimRight(output, "\n"), "\n")
	if !match(want, got) {
		t.Errorf("README.md shows for %q:\n%s\nthe program prints:\n%s", command, block, output)
	}
}

// match compares lines; trailing blanks do not count.
func match(want, got []string) bool {
	switch {
	case len(want) == 0:
		return len(got) == 0
	case want[0] == "...":
		for i := range len(got) + 1 {
			if match(want[1:], got[i:]) {
				return true
			}
		}
		return false
	case len(got) == 0 || strings.TrimRight(want[0], " ") != strings.TrimRight(got[0], " "):
		return false
	}
	return match(want[1:], got[1:])
}
