// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Instructions are counted as the difference of a long run and a short one, so that the
// start, which fills the simulated account, is in neither.
const (
	shortRun = 20
	longRun  = 120
)

// listings lists [cpuFleet] n times, by pmks or with the SDK alone: the program that
// instructions are counted of.
func listings(t *testing.T, cloud, by string, n int) {
	t.Helper()
	l, err := newCannedListing(t, cloud)
	if err != nil {
		t.Fatal(err)
	}
	list := l.pmks
	if by == "sdk" {
		list = l.sdk
	}
	asked := l.transport.Asked()
	for range n {
		if err := list(); err != nil {
			t.Fatal(err)
		}
	}
	if l.transport.Asked() != asked {
		t.Fatal("the simulator was asked in what is counted: a request is never the same twice")
	}
}

// parseListings reads "pmks:20".
func parseListings(text string) (by string, n int, err error) {
	by, count, _ := strings.Cut(text, ":")
	if n, err = strconv.Atoi(count); err != nil || n <= 0 || by != "pmks" && by != "sdk" {
		return "", 0, fmt.Errorf("-listings is pmks or sdk, a colon and how many, not %q", text)
	}
	return by, n, nil
}

// reportInstructions counts what a listing executes on each cloud, with valgrind: unlike a
// time it does not hang on what else the machine does.
func reportInstructions(ctx context.Context, out io.Writer, clouds []string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nListing %d clusters of %d node groups, millions of instructions on one processor:\n\n", cpuFleet.clusters, cpuFleet.groups)
	fmt.Fprint(out, "| cloud | pmks | SDK | more |\n|---|---|---|---|\n")
	for _, cloud := range clouds {
		var used [2]float64
		for i, by := range []string{"pmks", "sdk"} {
			short, err := count(ctx, program, cloud, by, shortRun)
			if err != nil {
				return err
			}
			long, err := count(ctx, program, cloud, by, longRun)
			if err != nil {
				return err
			}
			used[i] = float64(long-short) / float64(longRun-shortRun) / 1e6
		}
		fmt.Fprintf(out, "| %s | %.1f | %.1f | %+.1f%% |\n", cloud, used[0], used[1], 100*(used[0]/used[1]-1))
	}
	return nil
}

// count runs the program for n listings under valgrind.
func count(ctx context.Context, program, cloud, by string, n int) (int64, error) {
	cmd := exec.CommandContext(ctx, "valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", //nolint:gosec // our own program
		program, "-cloud", cloud, "-listings", fmt.Sprintf("%s:%d", by, n))
	// With several processors idle ones look around for work.
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	said, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("valgrind, which counts instructions: %w: %s", err, said)
	}
	return refs(string(said))
}

var refsPattern = regexp.MustCompile(`I +refs: +([0-9,]+)`)

// refs reads how many instructions valgrind has counted.
func refs(said string) (int64, error) {
	m := refsPattern.FindStringSubmatch(said)
	if m == nil {
		return 0, fmt.Errorf("valgrind does not say how many instructions there were: %s", said)
	}
	return strconv.ParseInt(strings.ReplaceAll(m[1], ",", ""), 10, 64)
}
