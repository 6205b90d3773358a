// SPDX-License-Identifier: Apache-2.0

package live

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
)

var (
	full        = flag.Bool("full", false, "switch every assumption of every simulator, not a few")
	compareFile = flag.String("compare", "", "compare the `file` of a run with the simulator of its cloud")
	reportFile  = flag.String("report", "", "write the report of -compare to that `file`; empty: print it")
)

// TestCompareFile writes the fidelity report of a record that somebody sent. It needs no
// account:
//
//	go test ./live -run CompareFile -compare FILE
func TestCompareFile(t *testing.T) {
	t.Parallel()
	if *compareFile == "" {
		t.Skip("no -compare")
	}
	if !filepath.IsAbs(*compareFile) || *reportFile != "" && !filepath.IsAbs(*reportFile) {
		t.Fatal("give the whole paths of files: the tests of a package run in its directory")
	}
	rec, err := openRecord(*compareFile)
	if err != nil {
		t.Fatal(err)
	}
	out := os.Stdout
	if *reportFile != "" {
		if out, err = os.Create(*reportFile); err != nil {
			t.Fatal(err)
		}
		defer out.Close()
	}
	// The hours of the cloud pass at once.
	var base *comparison
	var verdicts []verdict
	synctest.Test(t, func(t *testing.T) {
		if base, err = compare(t.Context(), rec, nil); err == nil {
			verdicts, err = tell(t.Context(), rec, base)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := writeReport(out, rec, base, verdicts); err != nil {
		t.Fatal(err)
	}
}
