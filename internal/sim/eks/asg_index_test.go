// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"fmt"
	"slices"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestASGIndex: a page looks at nothing in front of it, what is gone is swept out, and
// names come in the order of making, once each.
func TestASGIndex(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	put := func(i int) {
		wiretest.Must(t, w.Put(core.Seed{Name: fmt.Sprintf("c%03d", i), Groups: []pmks.NodeGroupInfo{groupInfo("g1"), groupInfo("g2")}}))
	}
	for i := range 200 {
		put(i)
	}
	own := func(i int) *groupRecord { return w.latest[fmt.Sprintf("c%03d", i)].groups["g1"] }
	if n := len(w.asgs.candidates(nil, own(190).seq)); n != 19 {
		t.Errorf("a page close to the end looks at %d groups", n)
	}
	found := slices.Collect(w.asgs.choose([]string{own(7).asg, "none", own(3).asg, own(7).asg}, 0))
	if len(found) != 2 || found[0].own != own(3) || found[1].own != own(7) {
		t.Errorf("got %v", found)
	}
	gone := own(3).asg
	for i := range 190 {
		w.force(fmt.Sprintf("c%03d", i), "", profile.Gone)
	}
	if n := len(slices.Collect(w.asgs.choose(nil, 0))); n != 20 {
		t.Errorf("%d groups are left", n)
	}
	if _, ok := w.asgs.named(gone); ok {
		t.Error("one that is gone is found by its name")
	}
	for i := range 200 {
		put(200 + i)
	}
	if n := len(w.asgs.list); n != 420 || len(w.asgs.byName) != n {
		t.Errorf("the index holds %d groups, %d names", n, len(w.asgs.byName))
	}
}
