// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

func TestGrouped(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1 000", 1234567: "1 234 567", -100: "-100", -1000: "-1 000"} {
		if got := grouped(n); got != want {
			t.Errorf("grouped(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	list := []program{{name: emptyProgram}, {name: "root"}, {name: "root+fake"}}
	tests := []struct {
		name  string
		names []string
		want  []program
		ok    bool
	}{
		{"all", nil, list, true},
		{"one", []string{"root+fake"}, []program{list[0], list[2]}, true},
		{"unknown", []string{"root", "roof"}, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := choose(list, tt.names)
			if (err == nil) != tt.ok || len(got) != len(tt.want) {
				t.Fatalf("got %v, %v, want %v", got, err, tt.want)
			}
			for i := range got {
				if got[i].name != tt.want[i].name {
					t.Errorf("got %v, want %v", got, tt.want)
				}
			}
		})
	}
}

// The root package and the fake are built; the report names both.
func TestRun(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-v", "root+fake"}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"empty", "root+fake", "github.com/cenkalti/backoff/v4"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, &out)
		}
	}
}

// TestPrograms: the credential helper is there with all clouds, and with each alone.
func TestPrograms(t *testing.T) {
	t.Parallel()
	var names []string
	for _, p := range programs("example.com/m", filepath.Join("..", "..")) {
		if p.command != "" {
			names = append(names, p.name+" "+strings.Join(p.tags, ","))
		}
	}
	got := strings.Join(names, "\n")
	if !strings.HasPrefix(got, "pmks-credential \npmks-credential+aws pmks_only,pmks_aws\n") || len(names) != len(clouds)+1 && len(names) != len(clouds) {
		t.Errorf("the programs are\n%s", got)
	}
}

func TestRun_Refuses(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	for _, args := range [][]string{{"-x"}, {"roof"}} {
		if err := run(t.Context(), args, &out); err == nil {
			t.Errorf("%q was accepted", args)
		}
	}
}
