// SPDX-License-Identifier: Apache-2.0

package core

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"iter"
	"maps"
	"slices"
	"strconv"
	"time"
)

// Cluster returns the cluster of that id, as Options.ReadLag lets it be seen.
func (w *World) Cluster(now time.Time, id string) (*Cluster, bool) {
	w.Advance(now)
	if c, instead := w.shadows().shown(id); instead {
		return c, c != nil
	}
	c, ok := w.byID[id]
	return c, ok
}

// Truth returns the cluster of that id as it is, whatever the lag of reads.
func (w *World) Truth(now time.Time, id string) (*Cluster, bool) {
	w.Advance(now)
	c, ok := w.byID[id]
	return c, ok
}

// ClustersByName returns the clusters of that name in the order of creation.
func (w *World) ClustersByName(now time.Time, name string) []*Cluster {
	w.Advance(now)
	clusters := w.byName[name]
	shadows := w.shadows().byName[name]
	if len(shadows) == 0 {
		return slices.Clip(clusters)
	}
	var list []*Cluster
	for c := range w.merge(clusters, w.ghosts(shadows)) {
		list = append(list, c)
	}
	return list
}

// All returns every cluster in the order of creation.
func (w *World) All(now time.Time) iter.Seq[*Cluster] {
	w.Advance(now)
	return w.after(0)
}

// after returns the clusters that were created after number seq.
func (w *World) after(seq uint64) iter.Seq[*Cluster] {
	first, _ := slices.BinarySearchFunc(w.clusters, seq+1, func(c *Cluster, seq uint64) int {
		return cmp.Compare(c.seq, seq)
	})
	var ghosts []*Cluster
	if len(w.shadows().byID) > 0 {
		ghosts = w.ghosts(slices.Collect(maps.Values(w.shadows().byID)))
		ghosts = slices.DeleteFunc(ghosts, func(c *Cluster) bool { return c.seq <= seq })
	}
	return w.merge(w.clusters[first:], ghosts)
}

// merge goes through clusters as reads show them, and ghosts between them, both
// in the order of creation.
func (w *World) merge(clusters, ghosts []*Cluster) iter.Seq[*Cluster] {
	return func(yield func(*Cluster) bool) {
		ghosts := ghosts
		for _, c := range clusters {
			for len(ghosts) > 0 && ghosts[0].seq < c.seq {
				if !yield(ghosts[0]) {
					return
				}
				ghosts = ghosts[1:]
			}
			if c.removed {
				continue
			}
			if shown, instead := w.shadows().shown(c.ID); instead {
				if shown == nil || shown.seq != c.seq {
					continue // not to be seen yet
				}
				c = shown
			}
			if !yield(c) {
				return
			}
		}
		for _, c := range ghosts {
			if !yield(c) {
				return
			}
		}
	}
}

// Len returns how many clusters All returns.
func (w *World) Len(now time.Time) int {
	w.Advance(now)
	if len(w.shadows().byID) == 0 {
		return len(w.byID)
	}
	n := 0
	for range w.after(0) {
		n++
	}
	return n
}

// Page returns up to limit clusters, in the order of creation, after those that
// came with an earlier token; "" starts. A limit below 1 means the profile's. The
// next token is empty at the end. A token keeps its place when clusters come and
// go meanwhile. One that no world of this seed gave out is a *Refusal.
func (w *World) Page(now time.Time, token string, limit int) (page []*Cluster, next string, err error) {
	w.Advance(now)
	seq, ok := w.readToken(token)
	if !ok {
		return nil, "", refuse(InvalidArgument, "", "%.64q is not a page token", token)
	}
	if limit < 1 {
		limit = max(1, w.profile.PageSize)
	}
	for c := range w.after(seq) {
		if len(page) == limit {
			return page, w.token(page[limit-1].seq), nil
		}
		page = append(page, c)
	}
	return page, "", nil
}

// token hides a position behind a checksum, so that callers do not make their
// own.
func (w *World) token(seq uint64) string {
	place := strconv.FormatUint(seq, 36)
	sum := fnv.New64a()
	fmt.Fprintf(sum, "%d/%s/%s", w.options.Seed, w.profile.Name, place)
	return fmt.Sprintf("%016x%s", sum.Sum64(), place)
}

func (w *World) readToken(token string) (seq uint64, ok bool) {
	if token == "" {
		return 0, true
	}
	if len(token) <= 16 {
		return 0, false
	}
	seq, err := strconv.ParseUint(token[16:], 36, 64)
	return seq, err == nil && w.token(seq) == token
}

// Group returns the group of that id.
func (c *Cluster) Group(id string) (*NodeGroup, bool) {
	for _, g := range c.Groups {
		if g.ID == id {
			return g, true
		}
	}
	return nil, false
}

// GroupByName returns the group of that name.
func (c *Cluster) GroupByName(name string) (*NodeGroup, bool) {
	for _, g := range c.Groups {
		if g.Name == name {
			return g, true
		}
	}
	return nil, false
}

// Operation returns the operation of that id. Those of a cluster that is gone
// are remembered for a while; so are the last of one that is there.
func (w *World) Operation(now time.Time, id string) (OperationRecord, bool) {
	w.Advance(now)
	op, ok := w.operations[id]
	if !ok {
		return OperationRecord{}, false
	}
	return op.OperationRecord, true
}

// Operations returns the last operations on a cluster and its groups, newest
// first. When the cluster is gone they are those of the clusters that had the id.
func (w *World) Operations(now time.Time, clusterID string) []OperationRecord {
	w.Advance(now)
	history := w.past
	if c, ok := w.byID[clusterID]; ok {
		history = c.history
	}
	var records []OperationRecord
	for _, op := range slices.Backward(history) {
		if op.ClusterID == clusterID {
			records = append(records, op.OperationRecord)
		}
	}
	return records
}
