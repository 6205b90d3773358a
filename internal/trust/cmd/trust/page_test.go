// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/trust"
)

// TestWritePage: the section of a soak stays when the tables are written again, and the
// tables when a soak is.
func TestWritePage(t *testing.T) {
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "docs"), 0o700); err != nil {
		t.Fatal(err)
	}
	written := func(o options, report *trust.Report) string {
		t.Helper()
		if err := o.prepare(); err != nil {
			t.Fatal(err)
		}
		if err := o.writePage(root, report); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(root, "docs", "trust.md"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	budget := options{budget: "60s", seed: "1"}
	if text := written(budget, &trust.Report{}); strings.Contains(text, longRunsHead) || !strings.Contains(text, "-budget 60s -seed 1") {
		t.Errorf("the first page is\n%s", text)
	}
	soak := options{soak: "10m", seed: "1", keep: filepath.Join(root, "led")}
	t.Setenv(trust.EnvLed, filepath.Join(root, "led", "aws.rounds"))
	if err := soak.prepare(); err != nil {
		t.Fatal(err)
	}
	trust.KeepRound(trust.Round{What: "aws", Lives: 1234567, Troubled: true, Failed: 2, Took: time.Minute})
	const row = "| `aws` | 1,234,567 | 1,234,567 | 2 | 1m0s |\n| all | 1,234,567 | 1,234,567 | 2 | 1m0s |\n"
	if text := written(soak, &trust.Report{}); !strings.Contains(text, "-budget 60s -seed 1") || !strings.HasSuffix(text, row) {
		t.Errorf("after a soak it is\n%s", text)
	}
	budget.seed = "2"
	if text := written(budget, &trust.Report{}); !strings.Contains(text, "-budget 60s -seed 2") || strings.Count(text, longRunsHead) != 1 || !strings.HasSuffix(text, row) {
		t.Errorf("when it is written again it is\n%s", text)
	}
	if err := (&options{keep: root, budget: "60s"}).prepare(); err == nil {
		t.Error("rounds are kept without a soak")
	}
}
