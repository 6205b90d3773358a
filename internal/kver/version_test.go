// SPDX-License-Identifier: Apache-2.0

package kver

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestParse_Forms(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		in   string
		want Version
		text string
	}{
		{"eks-minor", "1.33", Version{Major: 1, Minor: 33}, "1.33"},
		{"leading-v", "v1.30.2", Version{Major: 1, Minor: 30, Patch: 2, HasPatch: true}, "1.30.2"},
		{"leading-capital-v", "V1.30", Version{Major: 1, Minor: 30}, "1.30"},
		{"patch-zero", "1.30.0", Version{Major: 1, Minor: 30, HasPatch: true}, "1.30.0"},
		{"aliyun", "1.34.3-aliyun.1", Version{1, 34, 3, true, 1, "-aliyun.1"}, "1.34.3-aliyun.1"},
		{"gke", "1.33.5-gke.2072000", Version{1, 33, 5, true, 2072000, "-gke.2072000"}, "1.33.5-gke.2072000"},
		{"ibm-fix-pack", "1.34.4_1526", Version{1, 34, 4, true, 1526, "_1526"}, "1.34.4_1526"},
		{"openshift", "4.8.46_1566_openshift", Version{4, 8, 46, true, 0, "_1566_openshift"}, "4.8.46_1566_openshift"},
		{"eks-release", "1.33.4-20260801", Version{1, 33, 4, true, 20260801, "-20260801"}, "1.33.4-20260801"},
		{"eks-git-version", "v1.33.4-eks-5c56fbb", Version{1, 33, 4, true, 0, "-eks-5c56fbb"}, "1.33.4-eks-5c56fbb"},
		{"iks-node", "v1.34.4+IKS", Version{1, 34, 4, true, 0, "+IKS"}, "1.34.4+IKS"},
		{"release-candidate", "1.35.0-rc.1", Version{1, 35, 0, true, 1, "-rc.1"}, "1.35.0-rc.1"},
		{"suffix-without-patch", "1.35-eks.7", Version{1, 35, 0, false, 7, "-eks.7"}, "1.35-eks.7"},
		{"surrounding-space", "\t 1.30.2 \r\n", Version{Major: 1, Minor: 30, Patch: 2, HasPatch: true}, "1.30.2"},
		{"largest-numbers", "999999999.0.999999999", Version{Major: 999999999, Patch: 999999999, HasPatch: true}, "999999999.0.999999999"},
		{"largest-build", "1.2.3-b.9223372036854775807", Version{1, 2, 3, true, math.MaxInt64, "-b.9223372036854775807"}, "1.2.3-b.9223372036854775807"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Parse(tt.in)
			if err != nil || got != tt.want {
				t.Fatalf("Parse(%q)\n got %+v, %v\nwant %+v", tt.in, got, err, tt.want)
			}
			if got.String() != tt.text {
				t.Errorf("String() = %q, want %q", got.String(), tt.text)
			}
			if again, err := Parse(got.String()); err != nil || again != got {
				t.Errorf("Parse(String()) = %+v, %v, want %+v", again, err, got)
			}
		})
	}
}

func TestParse_Refused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		in   string
		want string // part of the message
	}{
		{"empty", "", "empty"},
		{"blank", " \n", "empty"},
		{"word", "latest", "major is not a number"},
		{"only-v", "v", "major is not a number"},
		{"two-v", "vv1.30", "major is not a number"},
		{"dash", "-", "major is not a number"},
		{"negative-major", "-1.30", "major is not a number"},
		{"negative-minor", "1.-30", "minor is not a number"},
		{"major-only", "1", "want major.minor"},
		{"no-minor", "1.", "minor is not a number"},
		{"no-patch", "1.30.", "patch is not a number"},
		{"wildcard", "1.30.x", "patch is not a number"},
		{"four-numbers", "1.30.2.1", "more than three numbers"},
		{"leading-zero", "1.030", "minor has a leading zero"},
		{"overflow", "1.99999999999999999999", "minor is too large"},
		{"build-overflow", "1.2.3-gke.9223372036854775808", "build is too large"},
		{"trailing-separator", "1.30.2-", "empty part"},
		{"two-separators", "1.30.2--a", "empty part"},
		{"word-after-numbers", "1.30beta", "unexpected characters"},
		{"inner-space", "1.30 .2", "unexpected characters"},
		{"ibm-pending", "1.33.5_1540 --> 1.34.4_1526 (pending)", "unexpected characters"},
		{"non-ascii-digit", "1.３0", "minor is not a number"},
		{"non-ascii-suffix", "1.30.2-gké", "unexpected characters"},
		{"no-break-space", "\u00a01.30", "major is not a number"},
		{"nul", "1.30\x00", "unexpected characters"},
		{"invalid-utf8", "1.30-\xff", "unexpected characters"},
		{"path", "1.30/..", "unexpected characters"},
		{"too-long", "1.30-" + strings.Repeat("a", 60), "longer than 64 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Parse(tt.in)
			if !errors.Is(err, ErrSyntax) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("Parse(%q) error = %v, want one with %q", tt.in, err, tt.want)
			}
			if got != (Version{}) {
				t.Errorf("Parse(%q) = %+v beside an error, want the zero value", tt.in, got)
			}
			if len(err.Error()) > 5*MaxLength {
				t.Errorf("the message is %d bytes long", len(err.Error()))
			}
		})
	}
}

// ascending is in order, no two equal; TestVersion_Compare tries every pair.
var ascending = []string{
	"0.0", "1.3", "1.9", "1.9.0", "1.10", "1.30",
	"1.30.0-alpha.3", "1.30.0-beta.0", "1.30.0-rc.0", "1.30.0-rc.2", "1.30.0-rc.10", "1.30.0",
	"1.30.9", "1.30.10",
	"1.33.5", "1.33.5-gke.99", "1.33.5-gke.1956000", "1.33.5-gke.2072000",
	"1.34.3-aliyun.1", "1.34.3-aliyun.2", "1.34.3-aliyun.10",
	"1.34.4", "1.34.4_999", "1.34.4_1526",
	"1.34.5+rke2r1", "1.34.5+rke2r2", "1.34.5+rke2r10",
	"1.34.9-aliyun.1", "1.34.10-aliyun.1",
	"2.0", "4.8.46_1566_openshift", "4.8.46_1567_openshift",
}

func TestVersion_Compare(t *testing.T) {
	t.Parallel()
	for i, a := range ascending {
		for j, b := range ascending {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := mustParse(t, a).Compare(mustParse(t, b)); got != want {
				t.Errorf("%q.Compare(%q) = %d, want %d", a, b, got, want)
			}
		}
	}
}

func TestVersion_CompareSpelling(t *testing.T) {
	t.Parallel()
	// The same build with a zero in front is a different text, so it must not be
	// equal, and the order must be the same both ways.
	a, b := mustParse(t, "1.30.2-gke.07"), mustParse(t, "1.30.2-gke.7")
	if a.Compare(b) == 0 || a.Compare(b) != -b.Compare(a) {
		t.Errorf("Compare = %d and %d, want opposite signs", a.Compare(b), b.Compare(a))
	}
	if got := mustParse(t, "v1.30.2").Compare(mustParse(t, " 1.30.2")); got != 0 {
		t.Errorf("with and without v: Compare = %d, want 0", got)
	}
}

func TestVersion_Minor(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		a, b     string
		same     bool
		distance int
	}{
		{"same", "1.30", "1.30.4-gke.1", true, 0},
		{"one-up", "1.9.4", "1.10", false, 1},
		{"down", "1.34.1", "1.30.9", false, -4},
		{"prefix-is-not-minor", "1.3", "1.34", false, 31},
		{"next-major", "1.34", "2.34", false, math.MaxInt32},
		{"last-major", "4.8", "1.8", false, -math.MaxInt32},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, b := mustParse(t, tt.a), mustParse(t, tt.b)
			if got := a.SameMinor(b); got != tt.same {
				t.Errorf("SameMinor = %t, want %t", got, tt.same)
			}
			if got := a.MinorDistance(b); got != tt.distance {
				t.Errorf("MinorDistance = %d, want %d", got, tt.distance)
			}
			if got := b.MinorDistance(a); got != -tt.distance {
				t.Errorf("MinorDistance the other way = %d, want %d", got, -tt.distance)
			}
		})
	}
	if got := mustParse(t, "1.30.4-gke.1").MinorString(); got != "1.30" {
		t.Errorf("MinorString = %q, want 1.30", got)
	}
}

func TestVersion_IsPreRelease(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{
		"1.35.0-rc.1": true, "1.35.0-RC1": true, "1.35.0-alpha.0": true, "1.35.0-beta.2": true, "1.35-rc.1": true,
		"1.35.0": false, "1.35": false, "1.35.0-gke.1": false, "1.35.0-rce.1": false, "1.35.0_rc.1": false, "1.35.0-1rc": false,
	} {
		if got := mustParse(t, in).IsPreRelease(); got != want {
			t.Errorf("%q: IsPreRelease = %t, want %t", in, got, want)
		}
	}
}

func mustParse(t *testing.T, s string) Version {
	t.Helper()
	v, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func FuzzParse(f *testing.F) {
	for i, s := range ascending {
		f.Add(s, ascending[len(ascending)-1-i])
	}
	f.Add("v1.30.2", " 1.30.2\n")
	f.Add("1.33.5_1540 --> 1.34.4_1526 (pending)", "1.30.2.1")
	f.Add("1.30.2-gke.07", "1.30.2-gke.7")
	f.Add("1.30.2-a1", "1.30.2-a.1")
	f.Fuzz(func(t *testing.T, s, r string) {
		a, errA := Parse(s)
		b, errB := Parse(r)
		for _, err := range []error{errA, errB} {
			if err != nil && !errors.Is(err, ErrSyntax) {
				t.Fatalf("error %v does not wrap ErrSyntax", err)
			}
		}
		if errA != nil || errB != nil {
			return
		}
		if again, err := Parse(a.String()); err != nil || again != a {
			t.Fatalf("Parse(%q) = %+v, %v, want %+v", a.String(), again, err, a)
		}
		if ab, ba := a.Compare(b), b.Compare(a); ab != -ba {
			t.Fatalf("Compare of %q and %q: %d one way, %d the other", a, b, ab, ba)
		} else if (ab == 0) != (a == b) {
			t.Fatalf("Compare of %q and %q is %d, == is %t", a, b, ab, a == b)
		}
		// Transitivity: sorting three must not depend on the order they came in.
		three := []string{s, r, "1.30.2-gke.7"}
		x := Sort(three)
		slices.Reverse(three)
		y := Sort(three)
		for i := range x {
			if mustParse(t, x[i]).Compare(mustParse(t, y[i])) != 0 {
				t.Fatalf("Sort depends on the order: %q, %q", x, y)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("v1.33.5-gke.2072000"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVersion_Compare(b *testing.B) {
	x, _ := Parse("1.33.5-gke.2072000")
	y, _ := Parse("1.33.5-gke.1956000")
	b.ReportAllocs()
	for b.Loop() {
		if x.Compare(y) != 1 {
			b.Fatal("wrong order")
		}
	}
}
