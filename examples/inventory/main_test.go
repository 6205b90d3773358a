// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks/examples/internal/exampletest"
	"github.com/pmks-go/pmks/inventory"
)

func TestRun(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args []string
		code int
	}{
		{"all", nil, exitOK},
		{"one-cloud-broken", []string{"-break", "nhn"}, exitPartial},
		{"one-cluster-broken", []string{"-break", "aws/test"}, exitPartial},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var stdout, stderr bytes.Buffer
				if code := run(t.Context(), tt.args, &stdout, &stderr, false); code != tt.code {
					t.Errorf("exit %d, want %d", code, tt.code)
				}
				command := strings.TrimSpace("go run ./examples/inventory " + strings.Join(tt.args, " "))
				exampletest.CheckOutput(t, command, stdout.String()+stderr.String())
			})
		})
	}
}

// The file of the README, with a connection whose credentials are missing.
func TestRun_Connections(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```json\n")
	text, _, _ := strings.Cut(rest, "```")
	file := filepath.Join(t.TempDir(), "connections.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"-connections", file}, &stdout, &stderr, false)
	if code != exitPartial || !strings.Contains(stdout.String(), "0 clusters, 1 of 2 connections complete") ||
		!strings.Contains(stderr.String(), "kr is incomplete: open nhn-credentials.json") {
		t.Errorf("exit %d\n%s%s", code, stdout.String(), stderr.String())
	}
}

func TestRun_Usage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		file string // written if not empty
		args []string
		says string
	}{
		{"unknown-cloud", "", []string{"-break", "oracle"}, `"oracle"`},
		{"no-parallel", "", []string{"-parallel", "0"}, "at least 1"},
		{"unknown-flag", "", []string{"-x"}, "-x"},
		{"no-file", "", []string{"-connections", "absent.json"}, "absent.json"},
		{"not-json", "x", nil, "invalid character"},
		{"unknown-field", `[{"Name": "a", "Provider": "fake", "Password": "x"}]`, nil, "Password"},
		{"trailing", `[] []`, nil, "nothing after it"},
		{"no-provider", `[{"Name": "a"}]`, nil, "[0]: needs a Name and a Provider"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			args := tt.args
			if tt.file != "" {
				file := filepath.Join(t.TempDir(), "connections.json")
				if err := os.WriteFile(file, []byte(tt.file), 0o600); err != nil {
					t.Fatal(err)
				}
				args = []string{"-connections", file}
			}
			var stdout, stderr bytes.Buffer
			if code := run(t.Context(), args, &stdout, &stderr, false); code != exitUsage || !strings.Contains(stderr.String(), tt.says) {
				t.Errorf("exit %d, stderr %q", code, stderr.String())
			}
		})
	}
}

// The live table is drawn over while it fills, and taken away at the end.
func TestRun_live(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), []string{"-break", "nhn"}, &stdout, &stderr, true); code != exitPartial {
			t.Errorf("exit %d", code)
		}
		frames := strings.Split(stdout.String(), "\x1b[8A\x1b[J")
		if len(frames) < 5 || strings.Contains(strings.Join(frames, ""), "\x1b") {
			t.Fatalf("%d frames: %q", len(frames), stdout.String())
		}
		for _, want := range []string{
			"aws      0 clusters  0 nodes  listing\n",
			"nhn      0 clusters  0 nodes  waiting\n",
			"0 clusters, 0 of 7 connections done\n",
		} {
			if !strings.Contains(frames[0], want) {
				t.Errorf("the first table has no line %q:\n%s", want, frames[0])
			}
		}
		for _, want := range []string{
			"aws      2 clusters  6 nodes  complete, 0s\n",
			"tencent  1 clusters  6 nodes  complete, 400ms\n",
			"nhn      0 clusters  0 nodes  incomplete\n",
			"ibm      2 clusters  6 nodes  listing\n",
			"9 clusters, 6 of 7 connections done\n",
		} {
			if last := frames[len(frames)-2]; !strings.Contains(last, want) {
				t.Errorf("the last table has no line %q:\n%s", want, last)
			}
		}
		if end := frames[len(frames)-1]; !strings.HasPrefix(end, "CONNECTION") {
			t.Errorf("after the live table comes\n%s", end)
		}
	})
}

// Of many connections those are shown that are being listed.
func TestScreen_many(t *testing.T) {
	t.Parallel()
	var sources []inventory.Source
	for i := range 100 {
		sources = append(sources, inventory.Source{Name: fmt.Sprint(strings.Repeat("long", 30), i)})
	}
	table := newTable(sources)
	for i, s := range sources[:70] {
		table.progress(inventory.Progress{Source: s.Name, Ended: i < 60})
	}
	var out bytes.Buffer
	(&screen{w: &out, live: true}).draw(table)
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 11 || lines[10] != "0 clusters, 60 of 100 connections done" || len([]rune(lines[0])) != screenColumns {
		t.Errorf("got\n%s", out.String())
	}
}

// A connection that shows nothing is given up, and the others are there at once.
func TestRun_stuck(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), []string{"-timeout", "550ms"}, &stdout, &stderr, false)
		if code != exitPartial || !strings.Contains(stderr.String(), "ibm is incomplete: pmks: Clusters: Timeout: nothing came for 550ms: given up") ||
			!strings.Contains(stdout.String(), "8 clusters, 6 of 7 connections complete") {
			t.Errorf("exit %d after %s\n%s%s", code, time.Since(begin), stdout.String(), stderr.String())
		}
	})
}
