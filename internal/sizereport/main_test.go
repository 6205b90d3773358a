// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
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
	list := []program{{name: emptyProgram}, {name: "root"}, {name: "root+fake"}, {name: "sdk+aws"}, {name: "root+aws", against: "sdk+aws"}}
	tests := []struct {
		name  string
		names []string
		want  []program
		ok    bool
	}{
		{"all", nil, list, true},
		{"one", []string{"root+fake"}, []program{list[0], list[2]}, true},
		{"with what it is compared with", []string{"root+aws"}, []program{list[0], list[3], list[4]}, true},
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
	all, err := programs("example.com/m", filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
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

// TestVendorPrograms: each cloud has a program without pmks, which is Go and calls what
// the provider calls.
func TestVendorPrograms(t *testing.T) {
	t.Parallel()
	calls := map[string]string{"alibaba": "c.DescribeClusterNodes(", "aws": "c.DescribeNodegroup(", "azure": "c.BeginCreateOrUpdate(", "gcp": "c.GetNodePool(",
		"ibm": "service.Request(", "nhn": "service.Request(", "tencent": "tkeClient.DescribeClusterNodePools("}
	for _, cloud := range clouds {
		p, err := vendorProgram(filepath.Join("..", ".."), "sdk+"+cloud, cloud)
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range p.more {
			if _, err := parser.ParseFile(token.NewFileSet(), name, text, 0); err != nil {
				t.Error(err)
			}
			if !strings.Contains(text, calls[cloud]) || strings.Contains(text, "pmks") {
				t.Errorf("the program of %s lacks %s, or has pmks in it:\n%s", cloud, calls[cloud], text)
			}
		}
	}
	if _, err := vendorProgram(".", "sdk+none", "none"); err == nil {
		t.Error("there is a program of a cloud that does not exist")
	}
	if _, _, err := fillIn(".", "\tuse noSuchType c\n"); err == nil {
		t.Error("calls of a type that does not exist were made")
	}
}

func TestWeights(t *testing.T) {
	t.Parallel()
	got := weights(`  401000        200 T github.com/x/y%2ez/v2.(*T).Do
  402000         50 r github.com/x/y%2ez/v2..stmp_1
  403000         30 D main.init
  404000        900 B main.big
  405000         10 T slices.SortFunc[go.shape.[]github.com/x/a.T]
  406000          7 R type:.eq.github.com/x/a.T
                    U missing
`)
	want := []weight{{"github.com/x/y.z/v2", 250}, {"main", 30}, {"slices", 10}, {"github.com/x/a", 7}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	err := compare(&out, []size{{program: program{name: "sdk"}, small: 1000}, {program: program{name: "ours", against: "sdk"}, small: 1050}})
	if err != nil || !strings.Contains(out.String(), "+5.0") || !strings.Contains(out.String(), "ours") {
		t.Errorf("%v: %s", err, &out)
	}
}

// TestAddCompiled: what was compiled counts; what was linked, and what was there, does not.
func TestAddCompiled(t *testing.T) {
	t.Parallel()
	got := map[string]time.Duration{"b": time.Second}
	err := addCompiled(got, []byte(`[{"Mode":"build","Package":"a","Cmd":["compile"],"CmdUser":2000000000,"CmdSys":500000000},
		{"Mode":"build","Package":"b"}, {"Mode":"link","Package":"main","CmdUser":9}]`))
	if want := map[string]time.Duration{"a": 2500 * time.Millisecond, "b": time.Second}; err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if addCompiled(got, []byte("{")) == nil {
		t.Error("half a graph was read")
	}
}
