// SPDX-License-Identifier: Apache-2.0

package kver

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestNext_Walk(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		current string
		target  string
		offered []string
		step    int
		way     []string // every answer up to the "" that ends the walk
	}{
		{"minor-by-minor", "1.31", "1.34", eks, 1, []string{"1.32", "1.33", "1.34"}},
		{"step-of-two", "1.31", "1.34", eks, 2, []string{"1.33", "1.34"}},
		{"step-below-one", "1.32", "1.33", eks, 0, []string{"1.33"}},
		{"even-minors", "1.28.3", "1.34", tke, 2, []string{"1.30.0", "1.32.2", "1.34.1"}},
		{"vendor-spelling", "v1.31.4", "1.33", nks, 1, []string{"v1.32.3", "v1.33.4"}},
		{"newest-patch-on-the-way", "1.31.0", "1.33.2", append([]string{"1.31.0"}, aks...), 1, []string{"1.32.10", "1.33.2"}},
		{"release-on-the-way", "1.34.0", "1.36", append([]string{"1.34.0"}, preview...), 1, []string{"1.35.1", "1.36.0-rc.1"}},
		{"patch-within-minor", "1.33.2", "1.33.5", aks, 1, []string{"1.33.5"}},
		{"build-within-patch", "1.33.5-gke.1956000", "1.33.5-gke.2072000", gke, 1, []string{"1.33.5-gke.2072000"}},
		{"to-newest-build", "1.33.4-gke.3000000", "1.33.5", gke, 1, []string{"1.33.5-gke.2072000"}},
		{"pre-release-to-release", "1.35.0-rc.3", "1.35.0", preview, 1, []string{"1.35.1"}},
		{"current-not-offered", "1.30", "1.31", eks, 1, []string{"1.31"}},
		{"same", "1.33", "1.33", eks, 1, nil},
		{"minor-is-enough", "1.32.9", "1.32", aks, 1, nil},
		{"patch-is-enough", "1.33.5-gke.1956000", "v1.33.5", gke, 1, nil},
		{"minor-decides-on-minors", "1.33", "1.33.9", eks, 1, nil},
		{"there-though-not-offered", "1.29.4", "1.29.4", eks, 1, nil},
		{"newest-of-missing-patch", "1.32.10", "1.32.99", aks, 1, nil},
		{"missing-patch-replaced", "1.31.0", "1.32.4", aks, 1, []string{"1.32.10"}},
		{"ibm-fix-pack-of-missing-patch", "1.34.4_1526", "1.34.9", []string{"1.34.4"}, 1, nil},
		{"ibm-fix-pack-is-enough", "1.34.4_1526", "1.34.4", []string{"1.34.4"}, 1, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var way []string
			for at := tt.current; ; {
				hop, err := Next(at, tt.target, tt.offered, tt.step)
				if err != nil {
					t.Fatalf("Next(%q, %q) after %q: %v", at, tt.target, way, err)
				}
				if hop == "" {
					break
				}
				if way = append(way, hop); len(way) > 10 {
					t.Fatalf("does not end: %q", way)
				}
				at = hop
			}
			if !slices.Equal(way, tt.way) {
				t.Errorf("way %q, want %q", way, tt.way)
			}
		})
	}
}

func TestNext_NoWay(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		current string
		target  string
		offered []string
		step    int
		reason  error
		allowed []string
	}{
		{"minor-down", "1.33", "1.32", eks, 1, ErrDowngrade, []string{"1.34"}},
		{"patch-down", "1.33.5", "1.33.2", aks, 1, ErrDowngrade, []string{"1.34.1"}},
		{"build-down", "1.33.5-gke.2072000", "1.33.5-gke.1956000", gke, 1, ErrDowngrade, []string{"1.34.1-gke.100"}},
		{"text-order-would-go-up", "1.32.10", "1.32.9", aks, 1, ErrDowngrade, []string{"1.33.5", "1.33.2"}},
		{"release-to-pre-release", "1.36.0", "1.36.0-rc.1", preview, 1, ErrDowngrade, nil},
		{"major-down", "4.8", "1.34", eks, 1, ErrDowngrade, nil},
		{"gap", "1.30.0", "1.34", tke, 1, ErrUnreachable, nil},
		{"gap-beyond-first-step", "1.31", "1.35", []string{"1.31", "1.32", "1.35"}, 1, ErrUnreachable, []string{"1.32"}},
		{"next-major", "1.34", "2.0", []string{"1.34", "2.0"}, math.MaxInt, ErrUnreachable, nil},
		{"runs-newer-than-offered", "1.34.5", "1.34.9", []string{"1.34.4"}, 1, ErrUnreachable, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Next(tt.current, tt.target, tt.offered, tt.step)
			var e *StepError
			if !errors.As(err, &e) || !errors.Is(err, tt.reason) || got != "" {
				t.Fatalf("Next = %q, %v, want %v", got, err, tt.reason)
			}
			if !slices.Equal(e.Allowed, tt.allowed) {
				t.Errorf("allowed %q, want %q", e.Allowed, tt.allowed)
			}
			for _, part := range append([]string{e.Current, e.Target}, tt.allowed...) {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("message %q does not name %q", err, part)
				}
			}
		})
	}
}

func TestNext_BadInput(t *testing.T) {
	t.Parallel()
	if _, err := Next("-", "1.30", eks, 1); !errors.Is(err, ErrSyntax) || !strings.Contains(err.Error(), "current version") {
		t.Errorf("current version that is none: %v", err)
	}
	if _, err := Next("1.30", "default", eks, 1); !errors.Is(err, ErrSyntax) || !strings.Contains(err.Error(), "target version") {
		t.Errorf("target version that is none: %v", err)
	}
	var e *NotOfferedError
	if _, err := Next("1.31", "1.35", eks, 1); !errors.As(err, &e) {
		t.Errorf("target that is not offered: %v, want a NotOfferedError", err)
	}
}
