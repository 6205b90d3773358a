// SPDX-License-Identifier: Apache-2.0

package live

import (
	"encoding/json"
	"time"
)

// mostPairs bounds how many pairs of entries are looked at to find which belong together;
// longer lists are compared place by place.
const mostPairs = 40_000

// lists compares two lists, entry with entry: those that are the same thing, as clouds
// sort by ids that they make up. That one goes from old to new and the other from new to
// old is a difference of its own.
func (d *differ) lists(path string, cloud, simulator []any) {
	if a, b := direction(cloud), direction(simulator); a*b < 0 {
		words := map[int]string{1: "the oldest first", -1: "the newest first"}
		d.add(kindState, path, words[a], words[b])
	}
	for i, j := range d.pairs(cloud, simulator) {
		if j >= 0 {
			d.compare(path+"[]", cloud[i], simulator[j])
		}
	}
	if len(cloud) != len(simulator) {
		d.add(kindCount, path, about(cloud), about(simulator))
	}
}

// pairs returns for each entry of the cloud's list the place of the simulator's, or -1.
func (d *differ) pairs(cloud, simulator []any) []int {
	pairs := make([]int, len(cloud))
	for i := range pairs {
		pairs[i] = -1
		if i < len(simulator) {
			pairs[i] = i
		}
	}
	if len(cloud)*len(simulator) > mostPairs || len(cloud) <= 1 && len(simulator) <= 1 {
		return pairs
	}
	taken := make([]bool, len(simulator))
	for i := range cloud {
		best, most := -1, -1
		for j := range simulator {
			if taken[j] {
				continue
			}
			points := 2 * d.alike(cloud[i], simulator[j], 3)
			if i == j {
				points++
			}
			if points > most {
				best, most = j, points
			}
		}
		if pairs[i] = best; best >= 0 {
			taken[best] = true
		}
	}
	return pairs
}

// alike counts what says that two values are the same thing: ids that are known to belong
// together, and texts and numbers that are equal.
func (d *differ) alike(cloud, simulator any, depth int) (points int) {
	switch c := cloud.(type) {
	case map[string]any:
		s, ok := simulator.(map[string]any)
		if !ok || depth == 0 {
			return 0
		}
		for key, v := range c {
			if other, ok := s[key]; ok {
				points += d.alike(v, other, depth-1)
			}
		}
	case []any:
		if s, ok := simulator.([]any); ok && len(c) == 1 && len(s) == 1 && depth > 0 {
			return d.alike(c[0], s[0], depth-1)
		}
	case string:
		s, _ := simulator.(string)
		switch {
		case len(c) < 4:
		case d.known[c] == s:
			return 10
		case made(c) && d.mapped(c) == s:
			return 10
		case c == s:
			return 2
		}
	case json.Number:
		if cloud == simulator {
			return 1
		}
	}
	return points
}

// direction is 1 for a list that goes from old to new, -1 for one that goes from new to
// old, and 0 for one of which that cannot be said: two may be in any order by chance.
func direction(list []any) int {
	var times []time.Time
	for _, entry := range list {
		if object, ok := entry.(map[string]any); ok {
			if at, ok := begun(object); ok {
				times = append(times, at)
			}
		}
	}
	up, down := 0, 0
	for i := 1; i < len(times); i++ {
		switch times[i].Compare(times[i-1]) {
		case 1:
			up++
		case -1:
			down++
		}
	}
	switch {
	case len(times) < 3, len(times) != len(list), up > 0 && down > 0, up+down == 0:
		return 0
	case up > 0:
		return 1
	}
	return -1
}

// begun is when something began, by its own word.
func begun(object map[string]any) (time.Time, bool) {
	for _, key := range []string{"startTime", "StartTime", "created", "created_at", "createdAt", "CreatedAt", "CreatedTime", "creationTimestamp", "time"} {
		if text, ok := object[key].(string); ok {
			for _, layout := range []string{time.RFC3339Nano, time.DateTime} {
				if at, err := time.Parse(layout, text); err == nil {
					return at, true
				}
			}
		}
	}
	return time.Time{}, false
}
