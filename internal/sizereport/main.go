// SPDX-License-Identifier: Apache-2.0

// Command sizereport builds small programs on parts of pmks and prints how large
// they are and what they link, so that the price of an import is known:
//
//	go run ./internal/sizereport
//
// The sizes are those of the machine's own platform and Go release. Stripped
// means -trimpath -ldflags "-s -w"; small means the same with -tags grpcnotrace,
// without which the tracing of gRPC keeps every exported method in the program.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
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
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	module, err := goCommand(ctx, "list", "-m", "-f", "{{.Path}} {{.Dir}}")
	if err != nil {
		return err
	}
	path, root, ok := strings.Cut(strings.TrimSpace(module), " ")
	if !ok {
		return fmt.Errorf("go list -m printed %q", module)
	}
	list, err := choose(programs(path, root), flags.Args())
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "pmks-size-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }() // it is in the directory for such

	var sizes []size
	for _, p := range list {
		s, err := measure(ctx, p, root, work)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		sizes = append(sizes, s)
	}
	return report(out, sizes, *verbose)
}

// size is what one program came to.
type size struct {
	program
	full, stripped, small int64
	std                   int
	foreign               []string
}

// measure builds p twice and lists what it links.
func measure(ctx context.Context, p program, root, work string) (size, error) {
	s := size{program: p}
	source := p.command
	if p.source != "" {
		source = filepath.Join(work, p.name+".go")
		if err := os.WriteFile(source, []byte(p.source), 0o600); err != nil {
			return s, err
		}
	}
	tags := func(more ...string) []string {
		return []string{"-tags", strings.Join(slices.Concat(p.tags, more), ",")}
	}
	list := append([]string{"-C", root, "list", "-deps", "-f", "{{.Standard}} {{.ImportPath}}"}, tags()...)
	deps, err := goCommand(ctx, append(list, source)...)
	if err != nil {
		return s, err
	}
	for line := range strings.Lines(deps) {
		standard, path, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case standard == "true":
			s.std++
		case path != "command-line-arguments" && !strings.HasSuffix(path, "/cmd/"+credentialHelper):
			s.foreign = append(s.foreign, path)
		}
	}
	if s.full, err = build(ctx, root, filepath.Join(work, p.name), source, tags()...); err != nil {
		return s, err
	}
	strip := []string{"-trimpath", "-ldflags", "-s -w"}
	if s.stripped, err = build(ctx, root, filepath.Join(work, p.name+"-stripped"), source, slices.Concat(strip, tags())...); err != nil {
		return s, err
	}
	s.small, err = build(ctx, root, filepath.Join(work, p.name+"-small"), source, slices.Concat(strip, tags("grpcnotrace"))...)
	return s, err
}

// build compiles a file in the module and returns the size of the program.
func build(ctx context.Context, root, program, source string, flags ...string) (int64, error) {
	args := append([]string{"-C", root, "build", "-buildvcs=false", "-o", program}, flags...)
	if _, err := goCommand(ctx, append(args, source)...); err != nil {
		return 0, err
	}
	info, err := os.Stat(program)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// goCommand runs the go command without cgo and returns what it prints. -C, if
// given, has to be its first flag.
func goCommand(ctx context.Context, args ...string) (string, error) {
	if args[0] == "-C" {
		args = append([]string{args[2], "-C", args[1]}, args[3:]...)
	}
	var out, problems bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(problems.String()))
	}
	return out.String(), nil
}

// report writes the table, and with verbose the linked packages.
func report(out io.Writer, sizes []size, verbose bool) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "program\tbytes\tstripped\tsmall\tover empty\tstd packages\tother packages\t")
	var base int64
	for _, s := range sizes {
		over := "-"
		if s.name == emptyProgram {
			base = s.small
		} else if base > 0 {
			over = grouped(s.small - base)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%d\t%d\t\n", s.name, grouped(s.full), grouped(s.stripped), grouped(s.small), over, s.std, len(s.foreign))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, s := range sizes {
		if verbose && len(s.foreign) > 0 {
			fmt.Fprintf(out, "\n%s links\n\t%s\n", s.name, strings.Join(s.foreign, "\n\t"))
		}
	}
	return nil
}

// grouped writes a number with its thousands apart.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + " " + digits[i:]
	}
	return digits
}
