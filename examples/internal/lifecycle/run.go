// SPDX-License-Identifier: Apache-2.0

// Package lifecycle is what the programs quickstart and realcloud share: one managed
// Kubernetes cluster through its whole life, by flags alone. Which clouds it can do
// that on is decided by what the program imports.
package lifecycle

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/pmks-go/pmks"
)

// Main is the whole program of that name; it does not return. provider is the cloud
// that is meant where no flag says otherwise; empty means that one must be given.
func Main(name, provider string) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first Ctrl-C ends the work in good order, a second one the program.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, program{name, provider}, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// program is which of the two it is.
type program struct{ name, provider string }

// The exit codes of run.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// run is the program without its process, so that tests can call it.
func run(ctx context.Context, p program, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	opts, err := parseFlags(p, args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		fmt.Fprintln(stderr, p.name+":", err)
		return exitUsage
	case opts.list:
		listProviders(stdout)
		return exitOK
	}
	targets, err := newTargets(opts, getenv)
	if err != nil {
		explain(stderr, p.name, err)
		return exitUsage
	}
	if opts.kubeconfig == "" && !opts.cleanup {
		// A temporary directory that stayed empty goes; a full one cannot.
		defer func() { _ = os.Remove(filepath.Dir(targets[0].kubeconfig)) }()
	}
	ctx, cancel := context.WithTimeout(ctx, opts.patience())
	defer cancel()

	start := time.Now()
	view := newView(stdout, targets, opts.plain)
	results := make([]result, len(targets))
	var wg sync.WaitGroup
	for i, t := range targets {
		wg.Go(func() { results[i] = t.live(ctx, opts, view) })
	}
	wg.Wait()
	view.close()
	return report(stdout, opts, results, time.Since(start))
}

// live opens the target's cloud and takes every step, until one fails.
func (t target) live(ctx context.Context, opts options, view view) (r result) {
	r = result{target: t, start: time.Now()}
	defer func() { r.end = time.Now() }()
	client, err := pmks.Open(ctx, t.provider, t.config)
	if err != nil {
		r.steps = append(r.steps, outcome{step: "open", state: failed, err: err})
		view.done(t, r.steps[0])
		return r
	}
	l := newLife(client, t, opts)
	for _, s := range l.steps(opts) {
		o := outcome{step: s.name}
		l.progress = func(p pmks.Progress) { view.progress(t, s.name, p) }
		begin := time.Now()
		o.detail, o.err = s.take(ctx)
		o.took = time.Since(begin)
		o.state = stateOf(o.err)
		r.steps = append(r.steps, o)
		view.done(t, o)
		if o.state == failed || o.state == stopped {
			break
		}
	}
	r.cluster, r.exists = l.cluster, l.exists
	// Whatever was done is done: failing to close changes no result.
	_ = client.Close()
	return r
}
