// SPDX-License-Identifier: Apache-2.0

// Progress draws a bar while a cluster is created, from what pmks.WithProgress
// tells after each look at the cloud.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/requests"
	_ "github.com/pmks-go/pmks/fake"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "progress:", err)
		os.Exit(1)
	}
}

// speed is how much faster than real the simulated cloud is.
const speed = 300

// run is the program without its process, so that a test can call it.
func run(ctx context.Context, args []string, w io.Writer) error {
	flags := flag.NewFlagSet("progress", flag.ContinueOnError)
	cloud := flags.String("profile", "gcp", "the cloud to simulate: "+strings.Join(requests.Clouds(), ", "))
	if err := flags.Parse(args); err != nil {
		return err
	}
	req, err := requests.Load(*cloud)
	if err != nil {
		return err
	}
	client, err := pmks.Open(ctx, "fake", pmks.Config{Settings: map[string]string{
		"profile": *cloud, "speed": fmt.Sprintf("%dx", speed)}})
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }() // by then the work is done or has failed

	bar := bar{w: w, terminal: terminal(w)}
	info, err := pmks.Provision(ctx, client, req,
		pmks.WithProgress(bar.show), pmks.WithInterval(100*time.Millisecond))
	bar.end()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s is %s with Kubernetes %s\n", info.IId.NameId, info.Status, info.Version)
	return nil
}

// bar shows each wait as one line, which grows until the wait is over.
type bar struct {
	w        io.Writer
	terminal bool
	goal     string
	drawn    bool
}

// show is called after each look, on the goroutine that waits: it must be quick.
func (b *bar) show(p pmks.Progress) {
	goal := p.Goal
	if !p.NodeGroup.IsZero() {
		goal += " " + p.NodeGroup.NameId
	}
	if goal != b.goal {
		b.end()
		b.goal = goal
	}
	over := p.Next == 0
	if !b.terminal {
		// A file or a pipe keeps every line: say only how it ended.
		if over {
			fmt.Fprintln(b.w, line(goal, p))
		}
		return
	}
	fmt.Fprint(b.w, "\r\x1b[2K"+line(goal, p))
	b.drawn = true
	if over {
		b.end()
	}
}

// end closes a line that is being drawn.
func (b *bar) end() {
	if b.drawn {
		fmt.Fprintln(b.w)
	}
	b.drawn = false
}

// line draws "cluster Active        [######........] Creating 2m30s of about 5m0s".
// Typical is a hint: past it the bar stays full, and the wait goes on.
func line(goal string, p pmks.Progress) string {
	const width = 20
	passed := p.Elapsed * speed
	filled := 0
	switch {
	case p.Next == 0:
		filled = width
	case p.Typical > 0:
		filled = min(int(width*passed/p.Typical), width-1)
	}
	text := fmt.Sprintf("%-26s [%s%s] %-8s", goal, strings.Repeat("#", filled), strings.Repeat(".", width-filled), p.Status)
	if p.Next > 0 {
		text += " " + passed.Round(time.Second).String()
		if p.Typical > 0 {
			text += " of about " + p.Typical.String()
		}
	}
	if p.Reason != "" {
		text += " (" + p.Reason + ")"
	}
	return strings.TrimRight(text, " ")
}

// terminal reports whether w can draw over a line.
func terminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
