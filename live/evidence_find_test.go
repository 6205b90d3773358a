// SPDX-License-Identifier: Apache-2.0

package live

import (
	"cmp"
	"slices"
	"strings"
)

// pair are the records of two simulators with the same seed, of which the second has an
// assumption switched.
type pair struct{ assumed, switched *facts }

// findEvidence finds the place that says best which of the two a record is of, whatever is
// drawn. It should not speak for the records of others, in which something else is
// switched.
func findEvidence(cloud, assumption string, pairs []pair, others []*facts) (best evidence, ok bool) {
	type ranked struct {
		row  evidence
		rank int
	}
	var list []ranked
	base := pairs[0]
	seen := map[fact]bool{}
	for _, place := range append(slices.Clone(base.assumed.order), base.switched.order...) {
		if seen[place] {
			continue
		}
		seen[place] = true
		a, o := without(base.assumed.at(place), base.switched.at(place)), without(base.switched.at(place), base.assumed.at(place))
		row := evidence{cloud, assumption, place.step, place.request, place.path, a, o}
		if a == never && o == never || !row.tells(pairs) {
			continue
		}
		list = append(list, ranked{row, placeRank(place, assumption, a, o)})
	}
	slices.SortStableFunc(list, func(a, b ranked) int { return cmp.Compare(a.rank, b.rank) })
	for _, r := range list {
		if !slices.ContainsFunc(others, func(f *facts) bool { return r.row.verdict(f).verdict == otherwise }) {
			return r.row, true
		}
	}
	if len(list) > 0 {
		return list[0].row, true
	}
	return best, false
}

// tells reports whether a row is right about all pairs.
func (e evidence) tells(pairs []pair) bool {
	return !slices.ContainsFunc(pairs, func(p pair) bool {
		return e.verdict(p.assumed).verdict != asAssumed || e.verdict(p.switched).verdict != otherwise
	})
}

// without is the first value that only the first list has.
func without(list, others []string) string {
	for _, v := range list {
		if !slices.Contains(others, v) {
			return v
		}
	}
	return never
}

// placeRank is lower for what says more.
func placeRank(place fact, assumption, assumed, otherwise string) (rank int) {
	if place.step != probeStep+assumption {
		rank += 100
	}
	if assumed == never || otherwise == never {
		rank += 40
	}
	path := strings.TrimPrefix(place.path, ofRefusal)
	switch {
	case path == "status":
	case assumed == oldestFirst, assumed == newestFirst: // whatever is in the list
		rank += 2
	case strings.Contains(path, inState):
		rank += 25
	case codeKeys.MatchString(path):
		rank += 5
	case stateKeys.MatchString(path):
		rank += 10
	case messageKeys.MatchString(path):
		rank += 20
	case strings.HasSuffix(path, ".length"):
		rank += 30
	default:
		rank += 15
	}
	return rank
}
