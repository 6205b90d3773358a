// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"slices"
	"testing"
)

// legal reports whether TKE takes one step: it changes the bounds, or the size, and the
// size never leaves the bounds.
func (s scale) legal(next scale) bool {
	bounds := s.minimum != next.minimum || s.maximum != next.maximum
	return bounds != (s.desired != next.desired) && next.minimum <= next.desired && next.desired <= next.maximum
}

// TestScale_steps walks from every small scale to every other: each step is legal, there
// are no more than three, and none where nothing changes.
func TestScale_steps(t *testing.T) {
	t.Parallel()
	var all []scale
	for low := range 5 {
		for high := max(1, low); high < 6; high++ {
			for size := low; size <= high; size++ {
				all = append(all, scale{size, low, high})
			}
		}
	}
	most := 0
	for _, from := range all {
		for _, to := range all {
			now, steps := from, from.steps(to)
			for _, next := range steps {
				if !now.legal(next) {
					t.Fatalf("from %v to %v: the step from %v to %v is not legal", from, to, now, next)
				}
				now = next
			}
			if most = max(most, len(steps)); now != to || len(steps) > 3 {
				t.Fatalf("from %v to %v by %v", from, to, steps)
			}
		}
	}
	if most != 3 {
		t.Errorf("at most %d steps: the hardest way was not tried", most)
	}
	if got, want := (scale{2, 1, 3}).steps(scale{7, 6, 9}), []scale{{2, 1, 9}, {7, 1, 9}, {7, 6, 9}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestServer is every way in which TKE has been seen to write an address.
func TestServer(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", " ": "", "12.34.56.78": "https://12.34.56.78", "1.2.3.4:443": "https://1.2.3.4", "lb-a.clb.hk-tencentclb.com:443": "https://lb-a.clb.hk-tencentclb.com",
		"https://cls-a.ccs.tencent-cloud.com": "https://cls-a.ccs.tencent-cloud.com", "1.2.3.4:6443": "https://1.2.3.4:6443", "being made": "", "user@host": "",
	} {
		if got := server(&text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if got := server(nil); got != "" {
		t.Errorf("got %q", got)
	}
}
