// SPDX-License-Identifier: Apache-2.0

package core

import (
	"fmt"
	"strings"
	"testing"
)

func TestPlan_Match(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		faults []Fault
		calls  []string // op cluster-id cluster-name group-id group-name, "-" for empty
		want   string   // the reasons that strike each call
	}{
		{"none", nil, []string{"Get c1 alpha - -"}, "-"},
		{"once", []Fault{{Reason: "a"}}, []string{"Get c1 alpha - -", "Get c1 alpha - -"}, "a -"},
		{"twice", []Fault{{Reason: "a", Times: 2}}, []string{"Get - - - -", "Get - - - -", "Get - - - -"}, "a a -"},
		{"always", []Fault{{Reason: "a", Times: -1}}, []string{"Get - - - -", "Put - - - -", "Get - - - -"}, "a a a"},
		{"after-two", []Fault{{Reason: "a", After: 2}}, []string{"Get - - - -", "Get - - - -", "Get - - - -", "Get - - - -"}, "- - a -"},
		{"op", []Fault{{Reason: "a", Op: "Get"}}, []string{"Put - - - -", "Get - - - -"}, "- a"},
		{"by-name", []Fault{{Reason: "a", Cluster: "beta", Times: -1}}, []string{"Get c1 alpha - -", "Get c2 beta - -"}, "- a"},
		{"by-id", []Fault{{Reason: "a", Cluster: "c2", Times: -1}}, []string{"Get c1 alpha - -", "Get c2 beta - -"}, "- a"},
		{"group", []Fault{{Reason: "a", NodeGroup: "ng", Times: -1}}, []string{"Get c1 alpha - -", "Get c1 alpha g1 ng", "Get c1 alpha ng x"}, "- a a"},
		{"oldest-first", []Fault{{Reason: "a"}, {Reason: "b"}}, []string{"Get - - - -", "Get - - - -", "Get - - - -"}, "a b -"},
		{"waiting-is-no-use", []Fault{{Reason: "a", Times: 2}, {Reason: "b", After: 1}}, []string{"Get - - - -", "Get - - - -", "Get - - - -"}, "a a b"},
		{"delay-with-another", []Fault{{Reason: "a"}, {Reason: "b"}, {Reason: "d", Kind: FaultDelay}, {Reason: "e", Kind: FaultDelay}},
			[]string{"Get - - - -", "Get - - - -", "Get - - - -"}, "d+a e+b -"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var p Plan
			for _, f := range tt.faults {
				p.Inject(f)
			}
			var got []string
			for _, call := range tt.calls {
				w := strings.Fields(strings.ReplaceAll(call, "-", " - "))
				for i := range w {
					w[i] = strings.Trim(w[i], "-")
				}
				var struck []string
				for _, f := range p.Match(w[0], w[1], w[2], w[3], w[4]) {
					struck = append(struck, f.Reason)
				}
				if struck == nil {
					struck = []string{"-"}
				}
				got = append(got, strings.Join(struck, "+"))
			}
			if got := strings.Join(got, " "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPlan_Cancel(t *testing.T) {
	t.Parallel()
	var p Plan
	cancels := make([]func(), 4)
	for i := range cancels {
		cancels[i] = p.Inject(Fault{Reason: fmt.Sprint(i)})
	}
	cancels[1]()
	cancels[1]()
	got := ""
	for range 4 {
		for _, f := range p.Match("Get", "", "", "", "") {
			got += f.Reason
		}
		cancels[3]()
	}
	cancels[0]() // used up long ago
	if got != "02" || len(p.pending) != 0 {
		t.Errorf("struck %q, %d left", got, len(p.pending))
	}
}
