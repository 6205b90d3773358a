// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// size is what one program came to.
type size struct {
	program
	stripped, small int64
	// link and cold are processor time; cold is 0 where it was not asked for.
	link, cold time.Duration
	// compile is what each package took to compile, where that was asked for.
	compile  map[string]time.Duration
	std      int
	foreign  []string
	packages []weight
}

// weight is what the code and data of a package have in a program, in bytes.
type weight struct {
	path  string
	bytes int64
}

// builder builds programs in a directory of its own.
type builder struct {
	root, work           string
	trim, cold, packages bool
	// compiled is what compiling took, by package: each is compiled once for all programs.
	compiled map[string]time.Duration
}

// smallTags are the build tags that leave out what keeps in a program what it does not
// use.
var smallTags = []string{"grpcnotrace", "pmks_novendor"}

// measure builds p and lists what it links.
func (b builder) measure(ctx context.Context, p program) (size, error) {
	s := size{program: p}
	sources, err := b.write(p)
	if err != nil {
		return s, err
	}
	tags := func(more ...string) []string {
		return []string{"-tags", strings.Join(slices.Concat(p.tags, more), ",")}
	}
	list := slices.Concat([]string{"list", "-C", b.root, "-deps", "-f", "{{.Standard}} {{.ImportPath}}"}, tags(), sources)
	deps, _, err := goCommand(ctx, nil, list...)
	if err != nil {
		return s, err
	}
	var linked []string
	for line := range strings.Lines(deps) {
		standard, path, _ := strings.Cut(strings.TrimSpace(line), " ")
		linked = append(linked, path)
		switch {
		case standard == "true":
			s.std++
		case path != "command-line-arguments" && !strings.HasSuffix(path, "/cmd/"+credentialHelper):
			s.foreign = append(s.foreign, path)
		}
	}
	strip := []string{"-ldflags", "-s -w"}
	if b.trim {
		strip = append(strip, "-trimpath")
	}
	// The first build may compile; what is measured is the second, which links alone.
	for range 2 {
		if s.stripped, s.link, err = b.build(ctx, nil, p.name, sources, slices.Concat(strip, tags())); err != nil {
			return s, err
		}
	}
	s.small = s.stripped
	if len(s.foreign) > 0 {
		if s.small, _, err = b.build(ctx, nil, p.name, sources, slices.Concat(strip, tags(smallTags...))); err != nil {
			return s, err
		}
	}
	if b.packages {
		if s.packages, err = b.weigh(ctx, p, sources, tags(smallTags...)); err != nil {
			return s, err
		}
	}
	if b.cold {
		if err := b.compile(ctx, p.name, sources, slices.Concat(strip, tags())); err != nil {
			return s, err
		}
		s.cold, s.compile = s.link, map[string]time.Duration{}
		for _, path := range linked {
			s.cold += b.compiled[path]
			s.compile[path] = b.compiled[path]
		}
	}
	return s, nil
}

// compile builds a program with a cache that is shared by all programs and began empty,
// and notes what compiling each package took.
func (b builder) compile(ctx context.Context, name string, sources, flags []string) error {
	graph := filepath.Join(b.work, "graph.json")
	env := []string{"GOCACHE=" + filepath.Join(b.work, "cache")}
	if _, _, err := b.build(ctx, env, name, sources, slices.Concat([]string{"-debug-actiongraph=" + graph}, flags)); err != nil {
		return err
	}
	text, err := os.ReadFile(graph)
	if err != nil {
		return err
	}
	return addCompiled(b.compiled, text)
}

// addCompiled adds what a graph of actions of the go command says of packages that were
// compiled: processor time of the compiler and the assembler, not of the linker.
func addCompiled(compiled map[string]time.Duration, graph []byte) error {
	var actions []struct {
		Mode, Package   string
		CmdUser, CmdSys time.Duration
	}
	if err := json.Unmarshal(graph, &actions); err != nil {
		return fmt.Errorf("the graph of actions: %w", err)
	}
	for _, a := range actions {
		if took := a.CmdUser + a.CmdSys; a.Mode == "build" && took > 0 {
			compiled[a.Package] = took
		}
	}
	return nil
}

// write writes the files of a program and returns what to build.
func (b builder) write(p program) ([]string, error) {
	if p.source == "" {
		return []string{p.command}, nil
	}
	dir := filepath.Join(b.work, strings.ReplaceAll(p.name, "/", "-")+".src")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	var sources []string
	put := func(name, text string) error {
		sources = append(sources, filepath.Join(dir, name))
		return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600)
	}
	for name, text := range p.more {
		if err := put(name, text); err != nil {
			return nil, err
		}
	}
	err := put("main.go", p.source)
	slices.Sort(sources)
	return sources, err
}

// build builds a program and returns its size, and the processor time that took.
func (b builder) build(ctx context.Context, env []string, name string, sources, flags []string) (int64, time.Duration, error) {
	program := filepath.Join(b.work, strings.ReplaceAll(name, "/", "-"))
	// One that is there and up to date would not be linked.
	if err := os.RemoveAll(program); err != nil {
		return 0, 0, err
	}
	_, took, err := goCommand(ctx, env, slices.Concat([]string{"build", "-C", b.root, "-buildvcs=false", "-o", program}, flags, sources)...)
	if err != nil {
		return 0, 0, err
	}
	info, err := os.Stat(program)
	if err != nil {
		return 0, 0, err
	}
	return info.Size(), took, nil
}

// weigh builds a program with its symbols and adds up those of each package.
func (b builder) weigh(ctx context.Context, p program, sources, tags []string) ([]weight, error) {
	if _, _, err := b.build(ctx, nil, p.name, sources, tags); err != nil {
		return nil, err
	}
	text, _, err := goCommand(ctx, nil, "tool", "nm", "-size", filepath.Join(b.work, strings.ReplaceAll(p.name, "/", "-")))
	if err != nil {
		return nil, err
	}
	return weights(text), nil
}

// weights adds up the symbols that go tool nm -size lists, the heaviest package first.
func weights(text string) []weight {
	sum := map[string]int64{}
	for line := range strings.Lines(text) {
		// address, size, kind, name
		f := strings.Fields(line)
		// What is in no file: bss, and the memory of a random generator that is laid out as
		// data.
		if len(f) < 4 || f[2] == "U" || strings.EqualFold(f[2], "b") || strings.HasPrefix(f[3], "crypto/internal/fips140/drbg.") {
			continue
		}
		if n, err := strconv.ParseInt(f[1], 10, 64); err == nil {
			sum[packageOf(f[3])] += n
		}
	}
	var list []weight
	for path, n := range sum {
		list = append(list, weight{path, n})
	}
	slices.SortFunc(list, func(a, b weight) int {
		if a.bytes != b.bytes {
			return int(b.bytes - a.bytes)
		}
		return strings.Compare(a.path, b.path)
	})
	return list
}

// typesAndStrings stands for what the linker puts together from all packages.
const typesAndStrings = "(types, strings, runtime)"

// packageOf is the package of a symbol, whose last path element has dots written %2e.
func packageOf(symbol string) string {
	symbol = strings.TrimPrefix(symbol, "type:.eq.")
	if strings.HasPrefix(symbol, "type:") || strings.HasPrefix(symbol, "go:") || strings.HasPrefix(symbol, "runtime.") {
		return typesAndStrings
	}
	symbol, _, _ = strings.Cut(symbol, "[")
	slash := strings.LastIndex(symbol, "/")
	if dot := strings.Index(symbol[slash+1:], "."); dot >= 0 {
		symbol = symbol[:slash+1+dot]
	}
	return strings.ReplaceAll(symbol, "%2e", ".")
}

// goCommand runs the go command without cgo and returns what it prints, and the
// processor time that it and what it ran used.
func goCommand(ctx context.Context, env []string, args ...string) (string, time.Duration, error) {
	var out, problems bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = slices.Concat(os.Environ(), []string{"CGO_ENABLED=0"}, env)
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return "", 0, fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(problems.String()))
	}
	return out.String(), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}
