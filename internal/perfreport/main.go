// SPDX-License-Identifier: Apache-2.0

// Command perfreport measures what the calls of pmks cost on each cloud, through the
// vendors' SDKs and over the simulators, with the published limits on, where each request
// takes 40 ms. Time is virtual, so that a minute of a cloud costs milliseconds:
//
//	go run ./internal/perfreport                          # the tables of docs/performance.md
//	go run ./internal/perfreport -most 1000               # the growth of a listing, up to 1,000 clusters: minutes
//	go run ./internal/perfreport -write docs/performance.md
//	go run ./internal/perfreport -cloud aws -requests     # and which requests they are
//	go run ./internal/perfreport -cpu                     # processor time and memory instead
//	go run ./internal/perfreport -instructions            # how many are executed: minutes, needs valgrind
//
// Beside each operation stands what it costs at least, with the reason, and beside each
// listing what a plain driver makes of it with the vendor's SDK. With -cpu and with
// -instructions the listing is compared with the same requests made by hand, over answers
// from memory.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks/simtest"

	_ "github.com/pmks-go/pmks/alibaba"
	_ "github.com/pmks-go/pmks/aws"
	_ "github.com/pmks-go/pmks/azure"
	_ "github.com/pmks-go/pmks/gcp"
	_ "github.com/pmks-go/pmks/ibm"
	_ "github.com/pmks-go/pmks/nhn"
	_ "github.com/pmks-go/pmks/simtest/gcp"
	_ "github.com/pmks-go/pmks/tencent"
)

// latency is how long each request takes.
const latency = 40 * time.Millisecond

func main() {
	testing.Init()
	most := flag.Int("most", 100, "how many clusters the largest listing has")
	cloud := flag.String("cloud", "", "measure this cloud alone")
	cpu := flag.Bool("cpu", false, "measure processor time and memory")
	instructions := flag.Bool("instructions", false, "count the instructions that are executed, with valgrind")
	run := flag.String("listings", "", "list so many times and print nothing, such as pmks:20:FILE or sdk:20:FILE: what -instructions counts")
	requests := flag.Bool("requests", false, "print which requests each operation makes")
	page := flag.String("write", "", "put the tables into this page, between its marks")
	flag.Parse()
	clouds := simtest.Clouds()
	if *cloud != "" {
		if !slices.Contains(clouds, *cloud) {
			fail(fmt.Errorf("there is no cloud %q; there are %s", *cloud, strings.Join(clouds, ", ")))
		}
		clouds = []string{*cloud}
	}
	// A bubble of virtual time is to be had from a test alone.
	testing.Main(func(_, _ string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: "perfreport", F: func(t *testing.T) {
		if *run != "" {
			by, n, file, err := parseListings(*run)
			if err != nil {
				t.Fatal(err)
			}
			listings(t, clouds[0], by, n, file)
			return
		}
		if *instructions {
			reportInstructions(t, os.Stdout, clouds)
			return
		}
		if *cpu {
			reportCPU(t, os.Stdout, clouds)
			return
		}
		var all []measured
		for _, c := range clouds {
			all = append(all, measureCloud(t, c, *most))
		}
		var out bytes.Buffer
		report(&out, all)
		if *page != "" {
			if err := writePage(*page, out.String()); err != nil {
				t.Fatal(err)
			}
			return
		}
		_, _ = out.WriteTo(os.Stdout)
		if *requests {
			for _, m := range all {
				for _, o := range m.operations {
					fmt.Fprintln(os.Stdout, m.cloud, o.name+":", strings.Join(o.requests, " "))
				}
			}
		}
	}}}, nil, nil)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "perfreport:", err)
	os.Exit(2)
}

// The tables stand between these lines of the page.
const (
	markBegin = "<!-- made by internal/perfreport: begin -->\n"
	markEnd   = "<!-- made by internal/perfreport: end -->\n"
)

// tablesOf cuts a page into what is before, between and behind the marks.
func tablesOf(text string) (before, tables, behind string, err error) {
	before, rest, ok := strings.Cut(text, markBegin)
	tables, behind, ends := strings.Cut(rest, markEnd)
	if !ok || !ends {
		return "", "", "", errors.New("the page lacks the marks between which the tables stand")
	}
	return before + markBegin, tables, markEnd + behind, nil
}

// writePage puts tables into a page.
func writePage(path, tables string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, _, behind, err := tablesOf(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, []byte(before+tables+behind), 0o644) //nolint:gosec // a page of the docs
}

// inBubble runs f in virtual time and returns what it returns.
func inBubble[T any](t *testing.T, f func(t *testing.T) T) (result T) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { result = f(t) })
	return result
}
