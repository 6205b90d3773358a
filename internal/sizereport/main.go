// SPDX-License-Identifier: Apache-2.0

// Command sizereport builds small programs on parts of pmks and prints how large they
// are, what they link and what building them takes, so that the price of an import is
// known:
//
//	go run ./internal/sizereport                 # all programs: minutes
//	go run ./internal/sizereport root+aws        # one, and the one it is compared with
//	go run ./internal/sizereport -packages root+all-clouds
//	go run ./internal/sizereport -cold root+aws  # compiles everything anew, too
//
// A program "sdk+<cloud>" makes the requests that pmks makes there, each once, with the
// vendor's SDK and without pmks.
//
// The sizes are those of the machine's own platform and Go release. Stripped means
// -ldflags "-s -w"; small means the same with -tags grpcnotrace,pmks_novendor: without the
// first the tracing of gRPC keeps every exported method in the program, without the second
// the clients that Handler.Vendor returns are kept where anything finds methods by name, as
// the SDK of IBM does. What it takes to build is processor
// time, which other work on the machine does not change: to link, with all packages
// compiled; and, cold, to compile them all first, the standard library too.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sizereport:", err)
		os.Exit(1)
	}
}

// run prints the report; the arguments choose programs by name, none means all.
func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("sizereport", flag.ContinueOnError)
	flags.SetOutput(out)
	verbose := flags.Bool("v", false, "list the linked packages that are not in the standard library")
	packages := flags.Bool("packages", false, "list what each package weighs in the program, from 100 KB on, and what the bytes buy that a program without pmks has not")
	trim := flags.Bool("trimpath", false, "build with -trimpath, which compiles everything once more")
	cold := flags.Bool("cold", false, "also compile everything anew, each package once: minutes")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	module, _, err := goCommand(ctx, nil, "list", "-m", "-f", "{{.Path}} {{.Dir}}")
	if err != nil {
		return err
	}
	path, root, ok := strings.Cut(strings.TrimSpace(module), " ")
	if !ok {
		return fmt.Errorf("go list -m printed %q", module)
	}
	all, err := programs(path, root)
	if err != nil {
		return err
	}
	list, err := choose(all, flags.Args())
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "pmks-size-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }() // it is in the directory for such

	b := builder{root: root, work: work, trim: *trim, cold: *cold, packages: *packages, compiled: map[string]time.Duration{}}
	var sizes []size
	for _, p := range list {
		s, err := b.measure(ctx, p)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		sizes = append(sizes, s)
	}
	return report(out, path, sizes, *verbose)
}
