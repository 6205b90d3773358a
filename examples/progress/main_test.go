// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/internal/exampletest"
	"github.com/pmks-go/pmks/examples/requests"
)

func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		if err := run(t.Context(), nil, &out); err != nil {
			t.Fatal(err)
		}
		exampletest.CheckOutput(t, "go run ./examples/progress", out.String())
	})
}

func TestRun_EveryCloud(t *testing.T) {
	for _, cloud := range requests.Clouds() {
		t.Run(cloud, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				if err := run(t.Context(), []string{"-profile", cloud}, &out); err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(out.String(), "demo is Active with Kubernetes") {
					t.Errorf("prints %q", out.String())
				}
			})
		})
	}
}

func TestRun_UnknownCloud(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-profile", "oracle"}, &out); err == nil || !strings.Contains(err.Error(), "oracle") {
		t.Errorf("error %v", err)
	}
}

// On a terminal the bar is drawn over itself and every wait ends with a line.
func TestBar_Terminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	b := bar{w: &out, terminal: true}
	for _, p := range []pmks.Progress{
		{Goal: "cluster Active", Status: "Creating", Elapsed: 0, Next: time.Second, Typical: 10 * time.Minute},
		{Goal: "cluster Active", Status: "Creating", Elapsed: time.Second, Next: time.Second, Typical: 10 * time.Minute},
		{Goal: "cluster Active", Status: "Creating", Elapsed: time.Minute, Next: time.Second, Typical: 10 * time.Minute, Reason: "slow"},
		{Goal: "cluster Active", Status: "Active", Elapsed: time.Minute},
		{Goal: "other", Status: "Updating", Next: time.Second},
	} {
		b.show(p)
	}
	b.end()
	want := "\r\x1b[2Kcluster Active             [....................] Creating 0s of about 10m0s" +
		"\r\x1b[2Kcluster Active             [##########..........] Creating 5m0s of about 10m0s" +
		"\r\x1b[2Kcluster Active             [###################.] Creating 5h0m0s of about 10m0s (slow)" +
		"\r\x1b[2Kcluster Active             [####################] Active\n" +
		"\r\x1b[2Kother                      [....................] Updating 0s\n"
	if got := out.String(); got != want {
		t.Errorf("drew\n%q, want\n%q", got, want)
	}
}
