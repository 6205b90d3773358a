// SPDX-License-Identifier: Apache-2.0

// Package wiretest is what the tests of all simulators are. A simulator's tests say
// which calls there are and what is right, and take the rest from here:
//
//   - Clock is the time of a test.
//   - Tape writes down what goes over the wire, Mask hides what is drawn at random,
//     and Golden keeps it in testdata, rewritten with -update.
//   - Matrix is the matrix of the kinds of faults with a call of a simulator.
//   - Pages reads a list page by page, and makes the tokens wrong.
//   - Mutations are the bodies that differ from a good one in one member.
//   - Table is what the vendor's own model says of its messages. It is committed in
//     testdata, made by a script beside the simulator out of the vendor's published
//     model. Answers and the simulator's structs are held against it.
//   - Kubernetes calls the API server of a simulated cluster.
//   - Request is a request that is accepted: what breaks one rule of the table must be
//     refused, and what differs in one member must have an answer.
//
// Only tests may import it: it defines the flag -update.
package wiretest

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Updating reports whether golden files are to be rewritten.
func Updating() bool { return *update }

// Golden compares a text with the file of that name in testdata.
func Golden(t testing.TB, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := firstDifference(got, string(want)); diff != "" {
		t.Fatalf("%s: %s", path, diff)
	}
}

// firstDifference shows where two texts part, with the lines around; empty if they
// do not.
func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(a), len(b)) {
		if i < len(a) && i < len(b) && a[i] == b[i] {
			continue
		}
		around := func(lines []string) string {
			return strings.Join(lines[min(max(0, i-5), len(lines)):min(len(lines), i+5)], "\n")
		}
		return "differs at line " + itoa(i+1) + ":\ngot\n" + around(a) + "\nwant\n" + around(b)
	}
	return ""
}

// Same runs what writes down a conversation twice: the same seed, times and calls
// must give the same answers.
func Same(t *testing.T, run func() string) {
	t.Helper()
	first := run()
	if first == "" {
		t.Error("nothing was written down")
	}
	if diff := firstDifference(run(), first); diff != "" {
		t.Error("two runs: " + diff)
	}
}
