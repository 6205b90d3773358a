// SPDX-License-Identifier: Apache-2.0

package core

import (
	"cmp"
	"slices"
	"time"
)

// lag holds what reads still show although a command has changed it. That of Options.ReadLag
// is empty unless it is set.
type lag struct {
	byID   map[string]*shadow
	byName map[string][]*shadow
	// ending lists the ids of views in the order in which they end; as the lag is
	// always the same, that is the order in which they came.
	ending []string
}

// shadow is what reads show of one id. An id belongs to one name, even when it is
// used again.
type shadow struct {
	id, name string
	views    []view // the first is shown
}

// view is a cluster as it was before a command, nil if it was not there, and
// until when that is shown.
type view struct {
	cluster *Cluster
	until   time.Time
}

// hideChange keeps what reads show of c before a command changes it.
func (w *World) hideChange(c *Cluster) {
	if w.options.ReadLag > 0 || w.remembers {
		w.pushView(c.ID, c.Name, c.clone(nil))
	}
}

// hide keeps reads from showing a cluster that is about to be made.
func (w *World) hide(id, name string) {
	if w.options.ReadLag > 0 || w.remembers {
		w.pushView(id, name, nil)
	}
}

func (w *World) pushView(id, name string, c *Cluster) {
	if w.options.ReadLag > 0 {
		w.lag.push(id, name, view{c, w.now.Add(w.options.ReadLag)})
	}
	if w.remembers && w.memory.byID[id] == nil {
		w.memory.push(id, name, view{c, time.Time{}})
	}
}

// Remember keeps what is there now, for [World.Recall], and forgets what was kept before.
func (w *World) Remember() { w.remembers, w.memory = true, lag{} }

// Recall makes reads show the clusters as they were when the world was told to remember, or
// shows them as they are again.
func (w *World) Recall(on bool) { w.recalls = on }

// shadows are what reads show instead of the truth.
func (w *World) shadows() *lag {
	if w.recalls {
		return &w.memory
	}
	return &w.lag
}

func (l *lag) push(id, name string, v view) {
	if l.byID == nil {
		l.byID, l.byName = map[string]*shadow{}, map[string][]*shadow{}
	}
	s := l.byID[id]
	if s == nil {
		s = &shadow{id: id, name: name}
		l.byID[id] = s
		l.byName[name] = append(l.byName[name], s)
	}
	s.views = append(s.views, v)
	l.ending = append(l.ending, id)
}

// expire drops the views that have ended.
func (l *lag) expire(now time.Time) {
	for len(l.ending) > 0 {
		s := l.byID[l.ending[0]]
		if s.views[0].until.After(now) {
			return
		}
		l.ending, s.views = l.ending[1:], s.views[1:]
		if len(s.views) == 0 {
			l.forget(s)
		}
	}
}

// drop ends the views of an id.
func (l *lag) drop(id string) {
	if s := l.byID[id]; s != nil {
		l.ending = slices.DeleteFunc(l.ending, func(other string) bool { return other == id })
		l.forget(s)
	}
}

// forget takes a shadow out of the indexes.
func (l *lag) forget(s *shadow) {
	delete(l.byID, s.id)
	l.byName[s.name] = slices.DeleteFunc(l.byName[s.name], func(other *shadow) bool { return other == s })
	if len(l.byName[s.name]) == 0 {
		delete(l.byName, s.name)
	}
}

// shown returns what reads show in place of the cluster of that id, if anything
// but the truth.
func (l *lag) shown(id string) (c *Cluster, instead bool) {
	if s := l.byID[id]; s != nil {
		return s.views[0].cluster, true
	}
	return nil, false
}

// ghosts returns the shown clusters of that name, or of every name if it is
// empty, which are not in the world as what is shown: removed ones, and those
// whose id has been given to another. They are in the order of creation.
func (w *World) ghosts(shadows []*shadow) []*Cluster {
	var ghosts []*Cluster
	for _, s := range shadows {
		c := s.views[0].cluster
		if now := w.byID[s.id]; c != nil && (now == nil || now.seq != c.seq) {
			ghosts = append(ghosts, c)
		}
	}
	slices.SortFunc(ghosts, bySeq)
	return ghosts
}

func bySeq(a, b *Cluster) int { return cmp.Compare(a.seq, b.seq) }
