// SPDX-License-Identifier: Apache-2.0

// Command trust runs, for every provider over its simulator and for the fake, the trials
// of what happens when everything around them fails, and prints how many there were and
// what became of them:
//
//	go run ./internal/trust/cmd/trust -budget 60s          # a part of the trials
//	go run ./internal/trust/cmd/trust -budget all -write   # every one, and docs/trust.md
//	go run ./internal/trust/cmd/trust -soak 10m            # random lives of clusters alone
//	go run ./internal/trust/cmd/trust -soak 10m -keep DIR  # the same, going on where the last run with DIR ended
//
// It builds the tests of the providers, which takes a while and is not counted, and runs
// those whose names begin with TestFaultMatrix, TestJobs and TestTrust. Two runs with the
// same seed begin with the same trials; how far they get hangs on the machine. With -soak,
// -write writes what the folder of -keep has, all runs together, into docs/trust.md as
// its section on long runs, which a later -write leaves as it is. Nothing is run on a
// real cloud.
package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pmks-go/pmks/internal/trust"
)

// clouds are the packages whose tests are run, by their folders.
var clouds = []string{"alibaba", "aws", "azure", "gcp", "ibm", "nhn", "tencent", "fake"}

type options struct {
	budget, soak, seed string
	// keep is a folder for the rounds of a soak.
	keep   string
	clouds []string
	write  bool
	run    string
}

func main() {
	var o options
	cloud := flag.String("cloud", "", "run these alone, with commas between them")
	flag.StringVar(&o.budget, "budget", "60s", "how long all of it goes on, the build not counted; all: every trial there is")
	flag.StringVar(&o.soak, "soak", "", "run nothing but random lives of clusters, for that long")
	flag.StringVar(&o.keep, "keep", "", "with -soak: a folder that keeps the rounds that were led; a run goes on after those that are there")
	flag.StringVar(&o.seed, "seed", "1", "what the order of trials and all that is random begins with")
	flag.StringVar(&o.run, "run", "^Test(FaultMatrix|Jobs_|Trust)", "the tests to run, by their names")
	flag.BoolVar(&o.write, "write", false, "write docs/trust.md too")
	flag.Parse()
	o.clouds = clouds
	if *cloud != "" {
		o.clouds = strings.Split(*cloud, ",")
	}
	if err := run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "trust:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	for _, c := range o.clouds {
		if !slices.Contains(clouds, c) {
			return fmt.Errorf("there is no provider %q; there are %s", c, strings.Join(clouds, ", "))
		}
	}
	if err := o.prepare(); err != nil {
		return err
	}
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	side := min(runtime.NumCPU(), len(o.clouds))
	share, err := o.share(side)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "trust")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	for _, c := range o.clouds {
		fmt.Fprintf(os.Stderr, "building the tests of %s\n", c)
		if err := build(ctx, root, work, c); err != nil {
			return err
		}
	}
	start := time.Now()
	defer o.tell()()
	failed := o.runAll(ctx, root, work, side, share)
	fmt.Fprintf(os.Stderr, "run in %s\n", time.Since(start).Round(time.Second))
	var report trust.Report
	for _, c := range o.clouds {
		if err := readVerdicts(&report, work, c); err != nil {
			return errors.Join(err, failed)
		}
	}
	fmt.Print(report.Text()) //nolint:forbidigo // the program's output
	if o.write {
		if err := o.writePage(root, &report); err != nil {
			return err
		}
	}
	if n := len(report.Failures()); n > 0 && failed == nil {
		failed = fmt.Errorf("%d trials failed", n)
	}
	return failed
}

// share is what each of the packages gets of the budget, where as many run at once as
// there are sides; all of it where that is "all".
func (o options) share(side int) (string, error) {
	text := cmp.Or(o.soak, o.budget)
	if text == "all" {
		return text, nil
	}
	whole, err := time.ParseDuration(text)
	if err != nil || whole <= 0 {
		return "", fmt.Errorf("%q is no time such as 60s", text)
	}
	return (whole * time.Duration(side) / time.Duration(len(o.clouds))).String(), nil
}

func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	return strings.TrimSpace(string(out)), err
}

func build(ctx context.Context, root, work, cloud string) error {
	c := exec.CommandContext(ctx, "go", "test", "-c", "-o", filepath.Join(work, cloud+".test"), "./"+cloud)
	c.Dir, c.Stderr = root, os.Stderr
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	return c.Run()
}

// runAll runs the tests of all packages and returns how those that failed did.
func (o options) runAll(ctx context.Context, root, work string, side int, share string) error {
	slots, faults := make(chan struct{}, side), make([]error, len(o.clouds))
	var all sync.WaitGroup
	for i, cloud := range o.clouds {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			faults[i] = o.runOne(ctx, root, work, cloud, share)
		})
	}
	all.Wait()
	return errors.Join(faults...)
}

func (o options) runOne(ctx context.Context, root, work, cloud, share string) error {
	tests := o.run
	if o.soak != "" {
		tests = "^TestTrust_lives$"
	}
	// Each package has one processor: what it does in virtual time uses no more.
	c := exec.CommandContext(ctx, filepath.Join(work, cloud+".test"), "-test.run", tests, "-test.parallel", "1", "-test.timeout", "0")
	c.Dir = filepath.Join(root, cloud)
	c.Env = append(os.Environ(), trust.EnvFile+"="+filepath.Join(work, cloud+".verdicts"), trust.EnvBudget+"="+share, trust.EnvSeed+"="+o.seed)
	if o.soak != "" {
		c.Env = append(c.Env, trust.EnvSoak+"=1", trust.EnvLed+"="+o.ledFile(cloud))
	}
	start := time.Now()
	out, err := c.CombinedOutput()
	fmt.Fprintf(os.Stderr, "%-8s %s\n", cloud, time.Since(start).Round(time.Second))
	if err != nil {
		const most = 8000
		text := bytes.TrimSpace(out)
		return fmt.Errorf("the tests of %s: %w\n%s", cloud, err, text[:min(most, len(text))])
	}
	return nil
}

func readVerdicts(report *trust.Report, work, cloud string) error {
	f, err := os.Open(filepath.Join(work, cloud+".verdicts"))
	if err != nil {
		return fmt.Errorf("%s has noted nothing: %w", cloud, err)
	}
	defer func() { _ = f.Close() }()
	return report.Read(cloud, f)
}
