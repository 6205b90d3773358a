// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"slices"

	"github.com/pmks-go/pmks"
)

// queue says which source begins next.
type queue struct {
	groupOf []*group
	// open are the groups with sources that wait.
	open     []*group
	waiting  int
	perGroup int // 0: no bound
}

// group is the sources that are limited together.
type group struct {
	waiting []int // sources, in their order
	running int
}

func newQueue(sources []Source, perGroup int) queue {
	q := queue{groupOf: make([]*group, len(sources)), waiting: len(sources), perGroup: perGroup}
	named := map[string]*group{}
	for i, s := range sources {
		name := groupName(s)
		g := named[name]
		if g == nil {
			g = &group{}
			q.open = append(q.open, g)
			if name != "" {
				named[name] = g
			}
		}
		g.waiting = append(g.waiting, i)
		q.groupOf[i] = g
	}
	return q
}

// groupName is the group of a source, or empty for one of its own.
func groupName(s Source) (name string) {
	if s.Group != "" || s.Handler == nil {
		return s.Group
	}
	// A handler that panics here does so again where it is listed.
	_ = guarded("Capabilities", func() error {
		if r, ok := s.Handler.(pmks.CapabilityReporter); ok {
			name = r.Capabilities().Provider
		}
		return nil
	})
	return name
}

// next takes the source that begins next: of the group with the fewest under way, and
// among several such the one that stands first.
func (q *queue) next() (source int, ok bool) {
	var best *group
	for _, g := range q.open {
		if q.perGroup > 0 && g.running >= q.perGroup {
			continue
		}
		if best == nil || g.running < best.running || g.running == best.running && g.waiting[0] < best.waiting[0] {
			best = g
		}
	}
	if best == nil {
		return 0, false
	}
	source, best.waiting = best.waiting[0], best.waiting[1:]
	best.running++
	q.waiting--
	if len(best.waiting) == 0 {
		q.open = slices.DeleteFunc(q.open, func(g *group) bool { return g == best })
	}
	return source, true
}

// done notes that a source has ended.
func (q *queue) done(source int) { q.groupOf[source].running-- }
