// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/pmks-go/pmks"
)

// state is how a step ended.
type state string

const (
	ok      state = "ok"
	notHere state = "n/a"
	failed  state = "FAILED"
	stopped state = "stopped"
)

// stateOf tells a step that could not be done from one that was interrupted.
func stateOf(err error) state {
	var s skipped
	switch {
	case err == nil:
		return ok
	case errors.As(err, &s):
		return notHere
	case errors.Is(err, pmks.ErrCanceled), errors.Is(err, context.Canceled):
		return stopped
	}
	return failed
}

// outcome is one finished step.
type outcome struct {
	step   string
	state  state
	detail string
	err    error
	took   time.Duration
}

// result is all that happened on one target.
type result struct {
	target     target
	steps      []outcome
	start, end time.Time
	cluster    pmks.IID
	// exists: the cluster is still there, or may be.
	exists bool
}

// worst returns the outcome that ended the run before its time; ok if none did.
func (r result) worst() outcome {
	for _, o := range r.steps {
		if o.state == failed || o.state == stopped {
			return o
		}
	}
	return outcome{state: ok}
}

// stepNames are the columns of the table.
var stepNames = []string{"create", "add group", "scale", "autoscale", "upgrade", "kubeconfig", "remove group", "delete"}

// report prints the table, what went wrong and what is left, and returns the exit
// code.
func report(w io.Writer, o options, results []result, took time.Duration) int {
	fmt.Fprintln(w)
	table(w, o, results)
	code := exitOK
	for _, r := range results {
		bad := r.worst()
		if bad.state == ok {
			continue
		}
		code = exitFailed
		fmt.Fprintln(w)
		if bad.state == stopped && r.exists {
			say(w, r.target.label+" "+bad.step, bad.err) // what to do then, leftovers says
			continue
		}
		explain(w, r.target.label+" "+bad.step, bad.err)
	}
	leftovers(w, results)
	kubeconfigs(w, results)
	simulated := time.Duration(0)
	for _, r := range results {
		if r.target.simulated() {
			simulated += inCloud(r.target, r.end.Sub(r.start))
		}
	}
	fmt.Fprintf(w, "\n%d of %d clouds ok in %s", countOK(results), len(results), took.Round(100*time.Millisecond))
	if simulated > 0 {
		fmt.Fprintf(w, ", %s of simulated time", strings.TrimSuffix(simulated.Round(time.Minute).String(), "0s"))
	}
	fmt.Fprintln(w)
	return code
}

func countOK(results []result) int {
	n := 0
	for _, r := range results {
		if r.worst().state == ok {
			n++
		}
	}
	return n
}

// table prints clouds against steps. A step that was not reached shows a dash.
func table(w io.Writer, o options, results []result) {
	names := stepNames
	switch {
	case o.cleanup:
		names = []string{"delete"}
	case o.keep:
		names = stepNames[:len(stepNames)-2]
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "cloud\t%s\ttime\n", strings.Join(names, "\t"))
	for _, r := range results {
		fmt.Fprint(tw, r.target.label)
		for _, name := range names {
			cell := "-"
			for _, o := range r.steps {
				if o.step == name {
					cell = string(o.state)
				}
			}
			fmt.Fprint(tw, "\t", cell)
		}
		fmt.Fprintf(tw, "\t%s\n", inCloud(r.target, r.end.Sub(r.start)))
	}
	_ = tw.Flush() // it fails only as its writer does
}

// leftovers says what was not deleted, and how to go on.
func leftovers(w io.Writer, results []result) {
	for _, r := range results {
		if !r.exists {
			continue
		}
		name := r.cluster.String()
		if r.target.simulated() {
			fmt.Fprintf(w, "\n%s: cluster %q was not deleted; it ends with this program, because it is simulated. A new run starts anew.\n", r.target.label, name)
			continue
		}
		fmt.Fprintf(w, "\n%s: cluster %q is left, or may be. Run the same command again to go on where it was, or with -cleanup to delete it.\n", r.target.label, name)
	}
}

// kubeconfigs says where the files are.
func kubeconfigs(w io.Writer, results []result) {
	var paths []string
	for _, r := range results {
		for _, o := range r.steps {
			if o.step == "kubeconfig" && o.state == ok {
				paths = append(paths, r.target.kubeconfig)
			}
		}
	}
	switch {
	case len(paths) == 1:
		fmt.Fprintf(w, "\nkubeconfig: %s\n", paths[0])
	case len(paths) > 1:
		fmt.Fprintf(w, "\nkubeconfigs: %d files in %s\n", len(paths), filepath.Dir(paths[0]))
	}
}

// say prints an error, a line for each part.
func say(w io.Writer, what string, err error) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintf(w, "%s: %s\n", what, line)
	}
}

// explain prints an error and what can be done about it.
func explain(w io.Writer, what string, err error) {
	say(w, what, err)
	if text := advice(err); text != "" {
		fmt.Fprintln(w, "  what to do:", text)
	}
	var e *pmks.Error
	if errors.As(err, &e) && e.RetryAfter > 0 {
		fmt.Fprintln(w, "  the cloud asks to wait", e.RetryAfter)
	}
}

// adviceTable says what a user can do about each code.
var adviceTable = map[pmks.Code]string{
	pmks.CodeInvalidArgument:    "correct the field that is named, in the request file or in the flags",
	pmks.CodeNotFound:           "check the name, the region and the account; somebody may have deleted it",
	pmks.CodeAlreadyExists:      "choose another name: what is there is not what was asked for, and stays as it is",
	pmks.CodeBusy:               "wait until the cloud has finished what it is doing, and run the same command again",
	pmks.CodeFailedPrecondition: "do what the message asks for, and run the same command again",
	pmks.CodeUnsupported:        "leave the field out: this cloud cannot honour it",
	pmks.CodeUnauthenticated:    "check the credentials: -list shows their names, for -credentials-file and the environment",
	pmks.CodePermissionDenied:   "give the account the right that is named",
	pmks.CodeThrottled:          "wait a little and run the same command again",
	pmks.CodeQuotaExceeded:      "ask the cloud for a higher limit, or delete something",
	pmks.CodeUnavailable:        "check the network and -endpoint, and run the same command again",
	pmks.CodeTimeout:            "run the same command again, with a longer -timeout",
	pmks.CodeCanceled:           "run the same command again",
	pmks.CodeInternal:           "run the same command again; if it stays, ask the cloud's support, with the request id",
}

func advice(err error) string { return adviceTable[pmks.CodeOf(err)] }
