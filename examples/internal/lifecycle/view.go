// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/pmks-go/pmks"
)

// view shows the work while it goes on. Its methods may be called from several
// goroutines.
type view interface {
	// progress shows what a wait knows.
	progress(t target, step string, p pmks.Progress)
	// done shows a finished step.
	done(t target, o outcome)
	close()
}

// newView returns one line for each cloud on a terminal, else plain lines.
func newView(w io.Writer, targets []target, plain bool) view {
	width := 0
	for _, t := range targets {
		width = max(width, len(t.label))
	}
	p := &plainView{w: w, width: width, spoke: map[string]time.Time{}}
	if plain || !terminal(w) {
		return p
	}
	v := &liveView{w: w, width: width, lines: map[string]string{}}
	for _, t := range targets {
		v.order = append(v.order, t.label)
	}
	return v
}

// terminal reports whether w is one that can move its cursor.
func terminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// describe says in a few words what a wait knows. Simulated time is shown as the
// simulated cloud sees it.
func describe(t target, p pmks.Progress) string {
	text := p.Goal
	if !p.NodeGroup.IsZero() {
		text += " " + p.NodeGroup.NameId
	}
	if p.Status != "" {
		text += ": " + p.Status
	}
	text += ", " + inCloud(t, p.Elapsed).String()
	if p.Typical > 0 {
		text += " of about " + p.Typical.Round(time.Second).String()
	}
	if p.Reason != "" {
		text += " (" + p.Reason + ")"
	}
	return text
}

// inCloud turns a time that passed here into one that passed in the target's
// cloud.
func inCloud(t target, d time.Duration) time.Duration {
	return time.Duration(float64(d) * t.speed).Round(time.Second)
}

// plainView prints a line for each finished step, and one every half minute while
// a step takes its time.
type plainView struct {
	mu    sync.Mutex
	w     io.Writer
	width int
	spoke map[string]time.Time
}

const quiet = 30 * time.Second

func (v *plainView) progress(t target, step string, p pmks.Progress) {
	v.mu.Lock()
	defer v.mu.Unlock()
	key := t.label + " " + step
	now := time.Now()
	if last, ok := v.spoke[key]; ok && now.Sub(last) < quiet {
		return
	}
	_, spokeBefore := v.spoke[key]
	v.spoke[key] = now
	if spokeBefore {
		fmt.Fprintf(v.w, "%-*s  %-12s  ...   %s\n", v.width, t.label, step, describe(t, p))
	}
}

func (v *plainView) done(t target, o outcome) {
	v.mu.Lock()
	defer v.mu.Unlock()
	fmt.Fprintln(v.w, doneLine(v.width, t, o))
}

func (v *plainView) close() {}

func doneLine(width int, t target, o outcome) string {
	text := o.detail
	if o.err != nil {
		text = o.err.Error()
	}
	line := fmt.Sprintf("%-*s  %-12s  %-7s  %8s  %s", width, t.label, o.step, o.state, inCloud(t, o.took), oneLine(text))
	return strings.TrimRight(line, " ")
}

// oneLine keeps joined errors on one line.
func oneLine(s string) string { return strings.ReplaceAll(s, "\n", "; ") }

// liveView keeps one line for each cloud and draws over it.
type liveView struct {
	mu    sync.Mutex
	w     io.Writer
	width int
	order []string
	lines map[string]string
	drawn bool
	last  time.Time
}

// columns is how wide a line may be: drawing over a wrapped one would leave rests.
const columns = 79

func (v *liveView) progress(t target, step string, p pmks.Progress) {
	v.show(t, fmt.Sprintf("%-12s  %s", step, describe(t, p)), false)
}

func (v *liveView) done(t target, o outcome) {
	text := o.detail
	if o.err != nil {
		text = o.err.Error()
	}
	v.show(t, fmt.Sprintf("%-12s  %s  %s", o.step, o.state, text), true)
}

func (v *liveView) show(t target, text string, now bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.lines[t.label] = oneLine(text)
	if !now && time.Since(v.last) < 50*time.Millisecond {
		return
	}
	v.draw()
}

func (v *liveView) draw() {
	v.last = time.Now()
	var b strings.Builder
	if v.drawn {
		fmt.Fprintf(&b, "\x1b[%dA", len(v.order))
	}
	v.drawn = true
	for _, label := range v.order {
		line := []rune(fmt.Sprintf("%-*s  %s", v.width, label, v.lines[label]))
		if len(line) > columns {
			line = append(line[:columns-1], '…')
		}
		// Clear the line before writing: the old text may have been longer.
		b.WriteString("\x1b[2K" + string(line) + "\n")
	}
	fmt.Fprint(v.w, b.String())
}

func (v *liveView) close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.draw()
}
