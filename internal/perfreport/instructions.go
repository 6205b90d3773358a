// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/pmks-go/pmks/internal/perfreport/canned"
	"github.com/pmks-go/pmks/simtest"
)

// Instructions are counted as the difference of a long run and a short one, so that the
// start is in neither.
const (
	shortRun = 10
	longRun  = 60
)

// listings lists [cpuFleet] n times, by pmks or with the SDK alone, over the answers in a
// file: the program that instructions are counted of. It collects no garbage: a collection
// looks at all that the program holds, and there are a few in a run, one more or less by
// chance. What collecting costs follows from the bytes that [reportCPU] measures.
func listings(t *testing.T, cloud, by string, n int, file string) {
	t.Helper()
	saved, err := os.Open(file) //nolint:gosec // the one that saveAnswers made
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = saved.Close() }()
	// The account is empty: it takes signatures, and does nothing else meanwhile.
	answers := &canned.Transport{}
	if err := answers.Load(saved); err != nil {
		t.Fatal(err)
	}
	l, err := over(t, simtest.Start(t, cloud, simtest.Options{Speed: 1000}), cloud, answers)
	if err != nil {
		t.Fatal(err)
	}
	list := l.pmks
	if by == "sdk" {
		list = l.sdk
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	asked := answers.Asked()
	for range n {
		if err := list(); err != nil {
			t.Fatal(err)
		}
	}
	if answers.Asked() != asked {
		t.Fatal("the simulator was asked in what is counted: a request is never the same twice")
	}
}

// saveAnswers writes the answers of a simulator with [cpuFleet] into a file.
func saveAnswers(t *testing.T, cloud, file string) {
	t.Helper()
	l, err := newCannedListing(t, cloud)
	if err != nil {
		t.Fatal(err)
	}
	var saved bytes.Buffer
	if err := l.transport.Save(&saved); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, saved.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// parseListings reads "pmks:20:FILE".
func parseListings(text string) (by string, n int, file string, err error) {
	by, rest, _ := strings.Cut(text, ":")
	number, file, _ := strings.Cut(rest, ":")
	if n, err = strconv.Atoi(number); err != nil || n <= 0 || by != "pmks" && by != "sdk" || file == "" {
		return "", 0, "", fmt.Errorf("-listings is pmks or sdk, how many, and the file of answers, with colons between them, not %q", text)
	}
	return by, n, file, nil
}

// reportInstructions counts what a listing executes on each cloud, with valgrind: unlike a
// time it does not hang on what else the machine does.
func reportInstructions(t *testing.T, out io.Writer, clouds []string) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(out, "\nListing %d clusters of %d node groups, millions of instructions on one processor, no garbage collected:\n\n", cpuFleet.clusters, cpuFleet.groups)
	fmt.Fprint(out, "| cloud | pmks | SDK | more |\n|---|---|---|---|\n")
	for _, cloud := range clouds {
		file := filepath.Join(t.TempDir(), "answers")
		saveAnswers(t, cloud, file)
		var used [2]float64
		for i, by := range []string{"pmks", "sdk"} {
			short, err := count(t, program, cloud, by, shortRun, file)
			if err != nil {
				t.Fatal(err)
			}
			long, err := count(t, program, cloud, by, longRun, file)
			if err != nil {
				t.Fatal(err)
			}
			used[i] = float64(long-short) / (longRun - shortRun) / 1e6
		}
		fmt.Fprintf(out, "| %s | %.1f | %.1f | %+.1f%% |\n", cloud, used[0], used[1], 100*(used[0]/used[1]-1))
	}
}

// count runs the program for n listings under valgrind.
func count(t *testing.T, program, cloud, by string, n int, answers string) (int64, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "counts")
	cmd := exec.CommandContext(t.Context(), "valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file="+file, //nolint:gosec // our own program
		program, "-cloud", cloud, "-listings", fmt.Sprintf("%s:%d:%s", by, n, answers))
	// With several processors idle ones look around for work.
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	if said, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("valgrind, which counts instructions: %w: %s", err, said)
	}
	counts, err := os.ReadFile(file) //nolint:gosec // the one that valgrind wrote
	if err != nil {
		return 0, err
	}
	return sum(string(counts))
}

// keyPattern are the functions that make the RSA key of a simulated account, by trying
// random numbers: each time it takes another while, and no listing makes one.
var keyPattern = regexp.MustCompile(`^crypto/internal/fips140/(rsa|bigmod|drbg|aes)[./]`)

// sum adds up what valgrind has counted, the making of keys left out: lines of a function's
// name, and then of a line's number and count.
func sum(counts string) (total int64, err error) {
	key := false
	for line := range strings.Lines(counts) {
		line = strings.TrimSuffix(line, "\n")
		if name, ok := strings.CutPrefix(line, "fn="); ok {
			key = keyPattern.MatchString(name)
			continue
		}
		number, text, ok := strings.Cut(line, " ")
		if _, err := strconv.Atoi(number); !ok || err != nil || key {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("valgrind's file of counts has the line %q", line)
		}
		total += n
	}
	if total == 0 {
		return 0, errors.New("valgrind has counted nothing")
	}
	return total, nil
}
