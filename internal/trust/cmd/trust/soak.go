// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/pmks-go/pmks/internal/trust"
)

// prepare makes the folder of -keep.
func (o *options) prepare() (err error) {
	if o.keep == "" {
		return nil
	}
	if o.soak == "" {
		return errors.New("-keep is for a -soak")
	}
	// The tests run in the folders of their packages.
	if o.keep, err = filepath.Abs(o.keep); err != nil {
		return err
	}
	return os.MkdirAll(o.keep, 0o700)
}

// ledFile is where the rounds of a package are kept; empty means nowhere.
func (o *options) ledFile(cloud string) string {
	if o.keep == "" {
		return ""
	}
	return filepath.Join(o.keep, cloud+".rounds")
}

// tellEvery is how often a soak says how far it is.
const tellEvery = time.Minute

// tell says how many lives there are by now, until the returned function is called.
func (o *options) tell() (stop func()) {
	over := make(chan struct{})
	if o.keep == "" {
		return func() {}
	}
	go func() {
		tick := time.NewTicker(tellEvery)
		defer tick.Stop()
		for {
			select {
			case <-over:
				return
			case <-tick.C:
			}
			if _, all, err := o.led(); err == nil {
				fmt.Fprintf(os.Stderr, "%d lives, %d failed\n", all.Lives, all.Failed)
			}
		}
	}()
	return func() { close(over) }
}

// led sums up what the folder has, of each package and of all.
func (o *options) led() (by map[string]trust.Led, all trust.Led, err error) {
	by = map[string]trust.Led{}
	var every []trust.Round
	for _, cloud := range clouds {
		rounds, err := trust.ReadLed(o.ledFile(cloud))
		if err != nil {
			return nil, all, err
		}
		if len(rounds) > 0 {
			by[cloud] = trust.Sum(rounds)
			every = append(every, rounds...)
		}
	}
	return by, trust.Sum(every), nil
}

// longRuns is the section of docs/trust.md on what a soak has led.
func (o *options) longRuns() ([]byte, error) {
	by, all, err := o.led()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s%s lives of clusters were led by `go run ./internal/trust/cmd/trust -soak D -keep DIR -seed %s`, in one run or several with one DIR,\n"+
		"and written by the last of them with `-write`. In a life a cluster is provisioned, given up to six random commands and torn down, by one of several callers at once;\n"+
		"in trouble its requests fail at random. \"Real time\" is what the rounds took on a machine that others used too; the clusters' own time is virtual.\n\n",
		longRunsHead, grouped(all.Lives), o.seed)
	fmt.Fprint(&b, "| provider | lives | in trouble | went wrong | real time |\n|---|---|---|---|---|\n")
	row := func(name string, l trust.Led) {
		fmt.Fprintf(&b, "| %s | %s | %s | %d | %s |\n", name, grouped(l.Lives), grouped(l.Troubled), l.Failed, l.Took.Round(time.Second))
	}
	for _, name := range clouds {
		if l, there := by[name]; there {
			row("`"+name+"`", l)
		}
	}
	row("all", all)
	return b.Bytes(), nil
}

// grouped writes a number with a comma between the thousands.
func grouped(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
