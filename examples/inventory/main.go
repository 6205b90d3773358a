// SPDX-License-Identifier: Apache-2.0

// Inventory lists the clusters of many connections at once. A connection that
// fails costs nothing but itself: the others are listed, the failure is named, and
// the exit code says that something is missing.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/pmks-go/pmks/inventory"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr, terminal(os.Stdout)))
}

// The exit codes of run.
const (
	exitOK      = 0
	exitPartial = 1 // something could not be listed
	exitUsage   = 2
)

// run is the program without its process, so that a test can call it. A live table is
// one that is drawn over while it fills.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, live bool) int {
	flags := flag.NewFlagSet("inventory", flag.ContinueOnError)
	flags.SetOutput(stderr)
	file := flags.String("connections", "", "JSON `file` with the connections (default: seven simulated clouds)")
	broken := flags.String("break", "", "simulated `cloud`, or cloud/cluster, that does not answer, to see a partial failure")
	parallel := flags.Int("parallel", inventory.DefaultConcurrency, "how many connections to list at a time")
	patience := flags.Duration("timeout", time.Minute, "how long a connection may show nothing")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return exitOK
	} else if err != nil {
		return exitUsage
	}
	sources, err := sourcesOf(*file, *broken)
	if err == nil && *parallel < 1 {
		err = errors.New("-parallel must be at least 1")
	}
	if err != nil {
		fmt.Fprintln(stderr, "inventory:", err)
		return exitUsage
	}

	table := newTable(sources)
	screen := &screen{w: stdout, live: live}
	list := inventory.List(ctx, sources, inventory.WithConcurrency(*parallel), inventory.WithTimeout(*patience),
		inventory.WithProgress(func(p inventory.Progress) {
			table.progress(p)
			screen.draw(table)
		}))
	for item, err := range list {
		table.add(item, err)
		screen.draw(table)
	}
	screen.end()
	return table.print(stdout, stderr)
}

// sourcesOf returns the connections of a file, or the simulated ones.
func sourcesOf(file, broken string) ([]inventory.Source, error) {
	switch {
	case file == "":
		return simulated(broken)
	case broken != "":
		return nil, errors.New("-break is for the simulated clouds, without -connections")
	}
	return load(file)
}
