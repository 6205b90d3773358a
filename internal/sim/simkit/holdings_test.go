// SPDX-License-Identifier: Apache-2.0

package simkit

import (
	"slices"
	"testing"

	"github.com/pmks-go/pmks/internal/sim/core"
)

// TestHoldings: everything that a server keeps is listed, by where it is, and once; what
// leads back to itself ends.
func TestHoldings(t *testing.T) {
	t.Parallel()
	type thing struct {
		Name string
		tags map[string]string
		back any
	}
	type server struct {
		*Kit
		world  *core.World
		things []*thing
		byID   map[string]*thing
		n      int
		f      func()
	}
	one := &thing{Name: "one", tags: map[string]string{"k": "v"}}
	s := &server{Kit: New(Options{}), world: &core.World{}, things: []*thing{one}, byID: map[string]*thing{"x": nil}, n: 7, f: func() {}}
	one.back = s
	want := []string{"byID[x]", "n = 7", "things[0].Name = one", "things[0].tags[k]", "things[0].tags[k] = v"}
	if got := s.Holdings(s); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if s.world == nil || s.f == nil {
		t.Error("it was changed")
	}
}
