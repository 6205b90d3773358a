// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/inventory"
)

// table is what is known so far. It is filled by one loop and the progress function of
// its listing, which share a goroutine: it needs no lock.
type table struct {
	rows   []*row // in the order of the connections
	byName map[string]*row
	ended  int
}

// row is one connection.
type row struct {
	name     string
	state    string
	listing  bool
	clusters []string
	nodes    int
	failures []string
}

func newTable(sources []inventory.Source) *table {
	t := &table{byName: map[string]*row{}}
	for _, s := range sources {
		if t.byName[s.Name] == nil {
			r := &row{name: s.Name, state: "waiting"}
			t.rows, t.byName[s.Name] = append(t.rows, r), r
		}
	}
	return t
}

// add takes a cluster, or a failure.
func (t *table) add(item inventory.Item, err error) {
	r, c := t.byName[item.Source], &item.Cluster
	if err != nil {
		var e *inventory.Error
		if errors.As(err, &e) {
			err = e.Err // the row has the name of the source
		}
		r.failures = append(r.failures, strings.Split(err.Error(), "\n")...)
		return
	}
	nodes := 0
	for _, g := range c.NodeGroupList {
		nodes += len(g.Nodes)
	}
	r.nodes += nodes
	r.clusters = append(r.clusters, fmt.Sprintf("%s\t%s\t%s\t%d\t%d", c.IId.NameId, c.Version, status(c), len(c.NodeGroupList), nodes))
}

// status adds the reason to what needs a person.
func status(c *pmks.ClusterInfo) string {
	if c.Status == pmks.ClusterInactive {
		return fmt.Sprintf("%s: %s", c.Status, c.StatusReason)
	}
	return string(c.Status)
}

// progress takes what became of a connection.
func (t *table) progress(p inventory.Progress) {
	r := t.byName[p.Source]
	r.listing = !p.Ended
	if p.Ended {
		t.ended++
	}
	switch {
	case !p.Ended:
		r.state = "listing"
	case p.Failures > 0:
		r.state = "incomplete"
	default:
		r.state = fmt.Sprintf("complete, %s", p.Duration.Round(10*time.Millisecond))
	}
}

// print prints what there is, and then what is missing.
func (t *table) print(stdout, stderr io.Writer) int {
	tw := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "CONNECTION\tCLUSTER\tVERSION\tSTATUS\tGROUPS\tNODES")
	clusters, faulty := 0, 0
	for _, r := range t.rows {
		for _, cells := range r.clusters {
			clusters++
			fmt.Fprintf(tw, "%s\t%s\n", r.name, cells)
		}
		if len(r.failures) > 0 {
			faulty++
		}
	}
	_ = tw.Flush() // it fails only as its writer does
	fmt.Fprintf(stdout, "%d clusters, %d of %d connections complete\n", clusters, len(t.rows)-faulty, len(t.rows))
	for _, r := range t.rows {
		for _, text := range r.failures {
			fmt.Fprintf(stderr, "%s is incomplete: %s\n", r.name, text)
		}
	}
	if faulty > 0 {
		return exitPartial
	}
	return exitOK
}

// screen shows one line for each connection while they are listed, and draws over it.
type screen struct {
	w     io.Writer
	live  bool
	lines int // that were drawn
	last  time.Time
}

// A table that is larger than this would leave rests when it is drawn over.
const (
	screenLines   = 20
	screenColumns = 79
)

// draw draws the table, but not more often than an eye sees. Of many connections it shows
// those that are being listed.
func (s *screen) draw(t *table) {
	if !s.live || time.Since(s.last) < 50*time.Millisecond {
		return
	}
	s.last = time.Now()
	var text strings.Builder
	tw := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	shown, clusters := 0, 0
	for _, r := range t.rows {
		clusters += len(r.clusters)
		if len(t.rows) <= screenLines || r.listing && shown < screenLines {
			shown++
			fmt.Fprintf(tw, "%s\t%d clusters\t%d nodes\t%s\n", r.name, len(r.clusters), r.nodes, r.state)
		}
	}
	_ = tw.Flush() // it writes into a string
	fmt.Fprintf(&text, "%d clusters, %d of %d connections done\n", clusters, t.ended, len(t.rows))

	var b strings.Builder
	s.clear(&b)
	for line := range strings.Lines(text.String()) {
		s.lines++
		if runes := []rune(line); len(runes) > screenColumns {
			line = string(runes[:screenColumns-1]) + "…\n"
		}
		b.WriteString(line)
	}
	fmt.Fprint(s.w, b.String())
}

// end takes the live table away; what stays is printed after it.
func (s *screen) end() {
	var b strings.Builder
	s.clear(&b)
	fmt.Fprint(s.w, b.String())
}

// clear goes back to the first line and clears what is below.
func (s *screen) clear(b *strings.Builder) {
	if s.lines > 0 {
		fmt.Fprintf(b, "\x1b[%dA\x1b[J", s.lines)
	}
	s.lines = 0
}

// terminal reports whether a file is one that can move its cursor.
func terminal(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}
