// SPDX-License-Identifier: Apache-2.0

package kver

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// What the clouds offer, in an order nobody promised.
var (
	eks     = []string{"1.31", "1.33", "1.32", "1.34"}
	aks     = []string{"1.32.9", "1.33.2", "1.32.10", "1.33.5", "1.34.1"}
	gke     = []string{"1.33.5-gke.1956000", "1.34.1-gke.100", "1.33.5-gke.2072000", "1.33.4-gke.3000000"}
	ack     = []string{"1.34.3-aliyun.1", "1.34.2-aliyun.1", "1.34.2-aliyun.10", "1.34.2-aliyun.9", "1.36.2-aliyun.1"}
	tke     = []string{"1.30.0", "1.34.1", "1.32.2", "1.28.3"}
	nks     = []string{"v1.31.4", "v1.33.4", "v1.32.3"}
	preview = []string{"1.36.0-rc.1", "1.36.0-rc.0", "1.35.2-beta.1", "1.35.1", "1.35.0-rc.3"}
)

func TestIsDefault(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{
		"": true, " ": true, "default": true, "Default": true, " DEFAULT\n": true,
		"1.30": false, "latest": false, "defaults": false, "-": false,
	} {
		if got := IsDefault(in); got != want {
			t.Errorf("IsDefault(%q) = %t, want %t", in, got, want)
		}
	}
}

func TestChoose_Found(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		want    string
		offered []string
		def     string
		out     string
	}{
		{"empty-is-default", "", eks, "1.33", "1.33"},
		{"word-is-default", " Default ", nks, "v1.32.3", "v1.32.3"},
		{"default-left-out", "default", ack, "", ""},
		{"default-without-offer", "", nil, "1.33", "1.33"},
		{"minor-on-minors", "1.33", eks, "", "1.33"},
		{"patch-on-minors", "v1.33.9", eks, "", "1.33"},
		{"exact-patch", "1.33.2", aks, "", "1.33.2"},
		{"newest-patch", "1.32", aks, "", "1.32.10"},
		{"missing-patch", "1.32.4", aks, "", "1.32.10"},
		{"patch-above-all", "1.32.99", aks, "", "1.32.10"},
		{"exact-build", "1.33.5-gke.1956000", gke, "", "1.33.5-gke.1956000"},
		{"newest-build-of-patch", "1.33.5", gke, "", "1.33.5-gke.2072000"},
		{"patch-beats-build-number", "1.33", gke, "", "1.33.5-gke.2072000"},
		{"missing-build", "1.33.4-gke.1", gke, "", "1.33.4-gke.3000000"},
		{"builds-are-numbers", "1.34.2", ack, "", "1.34.2-aliyun.10"},
		{"ibm-fix-pack-of-listed-patch", "1.34.4_1526", []string{"1.34.4", "1.33.9"}, "", "1.34.4"},
		{"v-kept-as-offered", "1.32.3", nks, "", "v1.32.3"},
		{"v-on-both", "v1.32", nks, "", "v1.32.3"},
		{"even-minors", "1.30.5", tke, "", "1.30.0"},
		{"release-before-newer-pre-release", "1.35", preview, "", "1.35.1"},
		{"pre-release-is-not-its-patch", "1.35.0", preview, "", "1.35.1"},
		{"pre-release-when-asked", "1.35.0-rc.3", preview, "", "1.35.0-rc.3"},
		{"pre-release-when-nothing-else", "1.36", preview, "", "1.36.0-rc.1"},
		{"pre-release-of-the-patch", "1.36.0-rc.7", preview, "", "1.36.0-rc.1"},
		{"first-of-equals", "1.30.2", []string{"v1.30.2", "1.30.2"}, "", "v1.30.2"},
		{"noise-passed-over", "1.30", []string{"latest", "-", "", "1.30.1"}, "", "1.30.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			before := slices.Clone(tt.offered)
			got, err := Choose(tt.want, tt.offered, tt.def)
			if err != nil || got != tt.out {
				t.Errorf("Choose(%q) = %q, %v, want %q", tt.want, got, err, tt.out)
			}
			if !slices.Equal(before, tt.offered) {
				t.Errorf("Choose changed its input to %q", tt.offered)
			}
		})
	}
}

func TestChoose_NotOffered(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		want    string
		offered []string
		minors  []string
		syntax  bool
		message string
	}{
		{"never-by-prefix", "1.3", tke, []string{"1.34", "1.32", "1.30", "1.28"}, false,
			`Kubernetes version "1.3" is not offered; offered: 1.34, 1.32, 1.30, 1.28`},
		{"odd-minor", "1.31", tke, []string{"1.34", "1.32", "1.30", "1.28"}, false, `"1.31" is not offered`},
		{"minors-once", "1.30", gke, []string{"1.34", "1.33"}, false, "offered: 1.34, 1.33"},
		{"other-major", "2.33", eks, []string{"1.34", "1.33", "1.32", "1.31"}, false, `"2.33" is not offered`},
		{"nothing-offered", "1.30", nil, []string{}, false, "nothing is offered"},
		{"no-version", "latest", eks, []string{"1.34", "1.33", "1.32", "1.31"}, true, `"latest": major is not a number; offered: 1.34`},
		{"four-numbers", "1.30.2.1", eks, []string{"1.34", "1.33", "1.32", "1.31"}, true, "more than three numbers"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Choose(tt.want, tt.offered, "1.33")
			var e *NotOfferedError
			if !errors.As(err, &e) || got != "" {
				t.Fatalf("Choose(%q) = %q, %v, want a NotOfferedError", tt.want, got, err)
			}
			if e.Want != tt.want || !slices.Equal(e.Minors, tt.minors) || !slices.Equal(e.Offered, Sort(tt.offered)) {
				t.Errorf("got %+v, want minors %q", e, tt.minors)
			}
			if errors.Is(err, ErrSyntax) != tt.syntax {
				t.Errorf("errors.Is(ErrSyntax) = %t, want %t", !tt.syntax, tt.syntax)
			}
			if !strings.Contains(err.Error(), tt.message) {
				t.Errorf("message %q, want it to contain %q", err, tt.message)
			}
		})
	}
}

func TestSort(t *testing.T) {
	t.Parallel()
	in := []string{"1.9.4", "zzz", "1.10.1", "1.30.9", "", "v1.30.10", "1.30"}
	before := slices.Clone(in)
	want := []string{"v1.30.10", "1.30.9", "1.30", "1.10.1", "1.9.4", "zzz", ""}
	if got := Sort(in); !slices.Equal(got, want) {
		t.Errorf("Sort = %q, want %q", got, want)
	}
	if !slices.Equal(in, before) {
		t.Errorf("Sort changed its input to %q", in)
	}
}

func TestNewest(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		in   []string
		want string
		ok   bool
	}{
		{"numeric", []string{"1.9", "1.10", "1.3"}, "1.10", true},
		{"spelling-kept", nks, "v1.33.4", true},
		{"release-first", preview, "1.35.1", true},
		{"only-pre-releases", []string{"1.36.0-rc.1", "1.36.0-rc.2"}, "1.36.0-rc.2", true},
		{"no-version", []string{"latest", "-"}, "", false},
		{"empty", nil, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, ok := Newest(tt.in); got != tt.want || ok != tt.ok {
				t.Errorf("Newest(%q) = %q, %t, want %q, %t", tt.in, got, ok, tt.want, tt.ok)
			}
		})
	}
}

func FuzzChoose(f *testing.F) {
	for _, list := range [][]string{eks, aks, gke, ack, tke, nks, preview} {
		joined := strings.Join(list, ",")
		f.Add("1.34", joined, "1.33", 1)
		f.Add(" default", joined, "", 2)
		f.Add("v1.32.3", joined, "x", 0)
		f.Add(list[0], joined, "", -1)
	}
	f.Add("1.3", "1.34,latest,-", "", 3)
	f.Fuzz(func(t *testing.T, want, joined, def string, step int) {
		offered := strings.Split(joined, ",")
		before := slices.Clone(offered)
		got, err := Choose(want, offered, def)
		if !slices.Equal(before, offered) {
			t.Fatalf("Choose changed its input to %q", offered)
		}
		checkChoice(t, want, offered, def, got, err)
		checkWay(t, want, offered, step)
	})
}

func checkChoice(t *testing.T, want string, offered []string, def, got string, err error) {
	t.Helper()
	if IsDefault(want) {
		if got != def || err != nil {
			t.Fatalf("Choose(%q) = %q, %v, want the default %q", want, got, err, def)
		}
		return
	}
	v, parseErr := Parse(want)
	same := slices.ContainsFunc(offered, func(s string) bool {
		o, err := Parse(s)
		return err == nil && parseErr == nil && o.SameMinor(v)
	})
	if !same {
		var e *NotOfferedError
		if !errors.As(err, &e) || got != "" {
			t.Fatalf("Choose(%q, %q) = %q, %v, want a NotOfferedError", want, offered, got, err)
		}
		return
	}
	if err != nil || !slices.ContainsFunc(offered, func(s string) bool { return strings.TrimSpace(s) == got }) {
		t.Fatalf("Choose(%q, %q) = %q, %v, want one that is offered", want, offered, got, err)
	}
	if o := mustParse(t, got); !o.SameMinor(v) {
		t.Fatalf("Choose(%q) = %q, of another minor", want, got)
	}
	if again, err := Choose(got, offered, def); err != nil || mustParse(t, again) != mustParse(t, got) {
		t.Fatalf("Choose(%q) = %q, %v: not settled", got, again, err)
	}
}

// checkWay walks from the oldest version on offer to the target: every step goes
// up, within bounds, and the walk ends or fails at its first step.
func checkWay(t *testing.T, target string, offered []string, step int) {
	t.Helper()
	list := parseAll(offered)
	if len(list) == 0 {
		return
	}
	at := list[len(list)-1]
	for i := 0; ; i++ {
		hop, err := Next(at.text, target, offered, step)
		if err != nil {
			if i > 0 {
				t.Fatalf("Next(%q, %q, %q) failed half way: %v", at.text, target, offered, err)
			}
			return
		}
		if hop == "" {
			return
		}
		v := mustParse(t, hop)
		if d := at.version.MinorDistance(v); d < 0 || d > max(step, 1) || v.Compare(at.version) <= 0 || i > len(list) {
			t.Fatalf("Next(%q, %q, %q, %d) = %q", at.text, target, offered, step, hop)
		}
		at = entry{hop, v}
	}
}
