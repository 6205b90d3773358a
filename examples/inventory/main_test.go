// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/internal/exampletest"
	"github.com/pmks-go/pmks/fake"
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
			var stdout, stderr bytes.Buffer
			if code := run(t.Context(), tt.args, &stdout, &stderr); code != tt.code {
				t.Errorf("exit %d, want %d", code, tt.code)
			}
			command := strings.TrimSpace("go run ./examples/inventory " + strings.Join(tt.args, " "))
			exampletest.CheckOutput(t, command, stdout.String()+stderr.String())
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
	code := run(t.Context(), []string{"-connections", file}, &stdout, &stderr)
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
			if code := run(t.Context(), args, &stdout, &stderr); code != exitUsage || !strings.Contains(stderr.String(), tt.says) {
				t.Errorf("exit %d, stderr %q", code, stderr.String())
			}
		})
	}
}

// Never more connections are asked at a time than allowed, and one that hangs is
// given up.
func TestCollect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		now, most := 0, 0
		count := func(change int) {
			mu.Lock()
			defer mu.Unlock()
			now += change
			most = max(most, now)
		}
		var connections []connection
		for range 20 {
			connections = append(connections, connection{"slow", func(context.Context) (*pmks.Client, error) {
				count(1)
				defer count(-1)
				time.Sleep(time.Second) //nolint:forbidigo // inside a synctest bubble
				return pmks.New(fake.New(fake.WithLatency(time.Second))), nil
			}})
		}
		connections = append(connections, connection{"stuck", func(context.Context) (*pmks.Client, error) {
			return pmks.New(fake.New(fake.WithLatency(24 * time.Hour))), nil
		}})
		begin := time.Now()
		listings := collect(t.Context(), connections, 5, time.Minute)
		// The stuck one is not counted, and may hold a slot from the start.
		if most < 4 || most > 5 {
			t.Errorf("%d connections at a time, want 5", most)
		}
		if took := time.Since(begin); took > 70*time.Second {
			t.Errorf("took %v", took)
		}
		for i, l := range listings {
			if stuck := i == 20; stuck != errors.Is(l.err, pmks.ErrTimeout) || !stuck && l.err != nil {
				t.Errorf("%s: %v", l.connection, l.err)
			}
		}
	})
}
