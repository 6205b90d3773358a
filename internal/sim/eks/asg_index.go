// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"cmp"
	"iter"
	"slices"
	"sort"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// asg is an Auto Scaling group: that of a node group, or one that EKS does not manage.
type asg struct {
	rec *clusterRecord
	own *groupRecord
	// unmanaged holds the sizes of a group that is no node group.
	unmanaged *core.NodeGroup
}

// group returns the sizes and nodes of an Auto Scaling group; nil if it is gone.
func (a asg) group() *core.NodeGroup {
	switch {
	case a.rec.live.State == profile.Gone:
		return nil
	case a.unmanaged != nil:
		return a.unmanaged
	case a.rec.groups[a.own.name] != a.own:
		return nil
	}
	g, _ := a.rec.live.GroupByName(a.own.name)
	return g
}

// asgIndex holds the Auto Scaling groups in the order of their making, so that a page
// costs what is on it. Those that are gone are swept out when there are many.
type asgIndex struct {
	list   []asg
	byName map[string]asg
	sweep  int // at which length
}

func (x *asgIndex) add(a asg) {
	if x.byName == nil {
		x.byName = map[string]asg{}
	}
	if len(x.list) >= x.sweep {
		x.list = slices.DeleteFunc(x.list, func(a asg) bool {
			gone := a.group() == nil
			if gone {
				delete(x.byName, a.own.asg)
			}
			return gone
		})
		x.sweep = 2*len(x.list) + 100
	}
	x.list = append(x.list, a)
	x.byName[a.own.asg] = a
}

// named finds a group that is there.
func (x *asgIndex) named(name string) (asg, bool) {
	a, ok := x.byName[name]
	return a, ok && a.group() != nil
}

// choose returns the groups of these names that are there and were made after number
// seq; no name means all.
func (x *asgIndex) choose(names []string, seq uint64) iter.Seq[asg] {
	return func(yield func(asg) bool) {
		for _, a := range x.candidates(names, seq) {
			if a.own.seq > seq && a.group() != nil && !yield(a) {
				return
			}
		}
	}
}

func (x *asgIndex) candidates(names []string, seq uint64) []asg {
	if len(names) == 0 {
		return x.list[sort.Search(len(x.list), func(i int) bool { return x.list[i].own.seq > seq }):]
	}
	var list []asg
	for _, name := range names {
		if a, ok := x.byName[name]; ok {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(a, b asg) int { return cmp.Compare(a.own.seq, b.own.seq) })
	return slices.CompactFunc(list, func(a, b asg) bool { return a.own == b.own })
}
