// SPDX-License-Identifier: Apache-2.0

package core

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

// always is how long every operation of a fuzzed world takes.
const always = 10 * time.Second

// model is the reference: which clusters and groups there are, what they are like
// and when they go. It trusts the world in what it accepts, and knows what that
// must lead to.
type model struct {
	next     int
	clusters map[string]*thing
}

type thing struct {
	version string
	size    int
	groups  map[string]*thing
	// to happens at due unless something else comes first; nil is nothing.
	to  func()
	due time.Time
	seq int
}

func (m *model) later(x *thing, now time.Time, out Outcome, to func()) {
	x.to, x.due = to, now.Add(always)
	m.next++
	if x.seq = m.next; out.Stick || out.Fail != "" {
		x.to = nil
	}
}

func (m *model) advance(now time.Time) {
	var due []*thing
	for _, c := range m.clusters {
		due = append(due, c)
		for _, g := range c.groups {
			due = append(due, g)
		}
	}
	due = slices.DeleteFunc(due, func(x *thing) bool { return x.to == nil || x.due.After(now) })
	slices.SortFunc(due, func(a, b *thing) int { return cmp.Or(a.due.Compare(b.due), cmp.Compare(a.seq, b.seq)) })
	for _, x := range due {
		x.to()
		x.to = nil
	}
}

// accepted records an accepted command.
func (m *model) accepted(now time.Time, cmd Command, out Outcome, r Result) {
	if r.Repeated {
		return
	}
	c := m.clusters[r.Cluster.ID]
	var g *thing
	if c != nil && r.Group != nil {
		g = c.groups[r.Group.ID]
	}
	switch cmd := cmd.(type) {
	case CreateCluster:
		c = &thing{version: r.Cluster.Version, groups: map[string]*thing{}}
		for _, g := range r.Cluster.Groups {
			c.groups[g.ID] = &thing{version: c.version, size: g.Spec.DesiredNodeSize}
		}
		m.clusters[r.Cluster.ID] = c
	case AddNodeGroup:
		c.groups[r.Group.ID] = &thing{version: c.version, size: cmd.Spec.DesiredNodeSize}
	case DeleteCluster:
		for _, g := range c.groups {
			g.to = nil
		}
		m.later(c, now, out, func() { delete(m.clusters, cmd.ClusterID) })
	case RemoveNodeGroup:
		m.later(g, now, out, func() { delete(c.groups, cmd.GroupID) })
	case Scale, SetAutoScaling:
		m.resized(now, g, cmd, out, r.Group)
	case UpgradeControlPlane:
		m.later(c, now, out, func() {
			c.version = cmd.Version
			for id, g := range c.groups {
				if got, ok := r.Cluster.Group(id); ok && cmd.Groups && got.State == profile.Active {
					g.version = cmd.Version
				}
			}
		})
	case UpgradeNodeGroup:
		m.later(g, now, out, func() { g.version = c.version })
	case Force:
		m.forced(c, g, cmd)
	case Work:
		switch {
		case cmd.Aside:
		case g != nil:
			g.to = nil
		default:
			c.to = nil
		}
	case CancelOperation:
		if g != nil {
			g.to = nil
		}
	}
}

// resized: the size counts at once, and comes back when the operation fails.
func (m *model) resized(now time.Time, g *thing, cmd Command, out Outcome, is *NodeGroup) {
	before := g.size
	if cmd, ok := cmd.(Scale); ok && !cmd.KeepDesired && (!is.Auto || is.Desired == cmd.Desired) {
		g.size = cmd.Desired
	}
	if is.Auto {
		g.size = min(max(g.size, is.Min), is.Max)
	}
	if out.Fail != "" {
		m.later(g, now, Outcome{}, func() { g.size = before })
	}
}

func (m *model) forced(c, g *thing, cmd Force) {
	switch gone := cmd.State == profile.Gone; {
	case g != nil && gone:
		delete(c.groups, cmd.GroupID)
	case g != nil:
		g.to = nil
	case gone:
		delete(m.clusters, cmd.ClusterID)
	default:
		c.to = nil
		for _, g := range c.groups {
			if cmd.State == profile.Deleting {
				g.to = nil
			}
		}
	}
}

// compare returns how the world differs from the model.
func (m *model) compare(w *World) string {
	var b strings.Builder
	for id := range m.clusters {
		if _, ok := w.byID[id]; !ok {
			fmt.Fprintf(&b, "cluster %s is missing\n", id)
		}
	}
	for id, c := range w.byID {
		x := m.clusters[id]
		if x == nil {
			fmt.Fprintf(&b, "cluster %s should be gone\n", id)
			continue
		}
		if c.Version != x.version || len(c.Groups) != len(x.groups) {
			fmt.Fprintf(&b, "cluster %s has version %s and %d groups, want %s and %d\n", id, c.Version, len(c.Groups), x.version, len(x.groups))
		}
		for _, g := range c.Groups {
			y := x.groups[g.ID]
			if y == nil {
				fmt.Fprintf(&b, "group %s should be gone\n", g.ID)
			} else if g.Version != y.version || g.Desired != y.size || g.State == profile.Active && len(g.Nodes) != y.size {
				fmt.Fprintf(&b, "group %s has version %s and %d nodes of %d, want %s and %d\n", g.ID, g.Version, len(g.Nodes), g.Desired, y.version, y.size)
			}
		}
	}
	return b.String()
}

// tape turns bytes into choices; when it is at its end it gives zeros.
type tape struct{ bytes []byte }

func (t *tape) next(n int) int {
	if len(t.bytes) == 0 {
		return 0
	}
	b := t.bytes[0]
	t.bytes = t.bytes[1:]
	return int(b) % n
}

func (t *tape) outcome() Outcome {
	switch t.next(8) {
	case 6:
		return Outcome{Fail: "no luck"}
	case 7:
		return Outcome{Stick: true}
	}
	return Outcome{}
}

// command makes the next command, its target mostly one that is there.
func (t *tape) command(w *World) Command {
	cluster, group := "nowhere", "nobody"
	if i := t.next(len(w.clusters) + 1); i < len(w.clusters) {
		c := w.clusters[i]
		cluster = c.ID
		if j := t.next(len(c.Groups) + 1); j < len(c.Groups) {
			group = c.Groups[j].ID
		}
	}
	name := string(rune('a' + t.next(4)))
	offered := w.profile.OfferedNames()
	size := func() int { return t.next(6) - 1 }
	newGroup := func() AddNodeGroup {
		g := autoSpec("g"+name, 1+t.next(2), 1, 3)
		if t.next(4) == 3 {
			g = spec("g"+name, size(), size(), size())
		}
		return AddNodeGroup{ClusterID: cluster, Spec: g, Token: []string{"", "t"}[t.next(2)]}
	}
	switch t.next(17) {
	case 14, 15:
		if t.next(2) == 0 {
			group = ""
		}
		return Work{ClusterID: cluster, GroupID: group, Took: time.Duration(1+t.next(3)) * always / 2, Aside: t.next(2) == 0, To: profile.State(t.next(11))}
	case 16:
		ids := slices.Sorted(maps.Keys(w.operations))
		if i := t.next(len(ids) + 1); i < len(ids) {
			return CancelOperation{OperationID: ids[i]}
		}
		return CancelOperation{}
	case 0, 1:
		cmd := CreateCluster{Name: name, Version: offered[t.next(len(offered))], Token: []string{"", "t"}[t.next(2)]}
		for range t.next(3) {
			cmd.Groups = append(cmd.Groups, newGroup())
			name += "x"
		}
		return cmd
	case 2:
		return AddNodeGroup{ClusterID: cluster, Spec: spec("g"+name, 2, 1, 3)}
	case 3:
		return newGroup()
	case 4:
		return DeleteCluster{cluster}
	case 5:
		return RemoveNodeGroup{cluster, group}
	case 6:
		return Scale{ClusterID: cluster, GroupID: group, Desired: size(), Min: size(), Max: size(), KeepDesired: t.next(4) == 0}
	case 7:
		return SetAutoScaling{ClusterID: cluster, GroupID: group, On: t.next(2) == 0, Min: size(), Max: size()}
	case 8, 9:
		return UpgradeControlPlane{ClusterID: cluster, Version: offered[t.next(len(offered))], Groups: t.next(2) == 0}
	case 10:
		return UpgradeNodeGroup{cluster, group}
	case 11:
		return SetTags{cluster, map[string]string{"a": name}}
	case 12:
		return SetProtection{cluster, t.next(3) == 0}
	}
	if t.next(2) == 0 {
		group = ""
	}
	return Force{ClusterID: cluster, GroupID: group, State: profile.State(t.next(11))}
}

// fuzzed is a profile with every operation as long as the other, and tight
// limits.
func fuzzed(p *profile.Profile) (*profile.Profile, Options) {
	p = p.Clone()
	p.Spread = 0
	p.Limits = profile.Limits{Clusters: 3, NodeGroups: 3, NodesPerGroup: 3}
	o := Options{Seed: 5, Durations: map[profile.Operation]time.Duration{}}
	for _, op := range []profile.Operation{profile.CreateCluster, profile.DeleteCluster, profile.AddNodeGroup, profile.RemoveNodeGroup,
		profile.ScaleNodeGroup, profile.SetAutoScaling, profile.UpgradeControlPlane, profile.UpgradeNodeGroup, profile.UpgradeAll} {
		o.Durations[op] = always
	}
	return p, o
}

// play runs the commands on a tape against the model and returns the journal.
func play(t *testing.T, data []byte) {
	in := &tape{data}
	all := profile.All()
	p, o := fuzzed(all[in.next(len(all))])
	o.ReadLag = time.Duration(in.next(3)) * 4 * time.Second
	w, m, now := New(p, o), &model{clusters: map[string]*thing{}}, epoch
	journal := []string{fmt.Sprintf("%s, lag %v", p.Name, o.ReadLag)}
	defer func() {
		if t.Failed() {
			t.Logf("journal:\n%s", strings.Join(journal, "\n"))
		}
	}()
	for len(in.bytes) > 0 && len(journal) < 400 && !t.Failed() {
		now = now.Add(time.Duration(in.next(8)) * 2 * time.Second)
		w.Advance(now)
		m.advance(now)
		out, cmd := in.outcome(), in.command(w)
		before := w.Dump()
		checked := w.Check(now, cmd)
		r, err := w.Apply(now, cmd, out)
		journal = append(journal, fmt.Sprintf("%v %T%+v %+v: %v", now.Sub(epoch), cmd, cmd, out, err))
		switch {
		case (checked == nil) != (err == nil):
			t.Errorf("Check says %v, Apply %v", checked, err)
		case err != nil && (len(Refusals(err)) == 0 || w.Dump() != before):
			t.Errorf("refused with %v, and changed:\n%s", err, diff(before, w.Dump()))
		case err == nil && r.Repeated && w.Dump() != before:
			t.Errorf("a repetition changed the world:\n%s", diff(before, w.Dump()))
		case err == nil:
			m.accepted(now, cmd, out, r)
		}
		if d := m.compare(w); d != "" {
			t.Errorf("the world is not what it must be:\n%s", d)
		}
		checkIndexes(t, w)
		checkReads(t, w, now)
	}
	if got, want := w.Snapshot().Dump(), w.Dump(); got != want {
		t.Errorf("the snapshot differs:\n%s", diff(want, got))
	}
}

// checkReads compares the ways to read with each other.
func checkReads(t *testing.T, w *World, now time.Time) {
	t.Helper()
	before := w.Dump()
	var all, paged []*Cluster
	for c := range w.All(now) {
		all = append(all, c)
		if got, ok := w.Cluster(now, c.ID); !ok || got != c || !slices.Contains(w.ClustersByName(now, c.Name), c) {
			t.Errorf("cluster %s is in All, but is %v by id", c.ID, got)
		}
	}
	for token, done := "", false; !done; done = token == "" {
		page, next, err := w.Page(now, token, 2)
		if err != nil || len(page) > 2 {
			t.Errorf("page of %d: %v", len(page), err)
		}
		paged, token = append(paged, page...), next
	}
	if !slices.Equal(all, paged) || w.Len(now) != len(all) || !slices.IsSortedFunc(all, bySeq) {
		t.Errorf("All has %d, Page %d, Len is %d", len(all), len(paged), w.Len(now))
	}
	if after := w.Dump(); after != before {
		t.Errorf("reading changed the world:\n%s", diff(before, after))
	}
}

// FuzzWorld turns bytes into commands and times, and checks after each command
// that a refusal changed nothing and that the rest agrees with the model.
func FuzzWorld(f *testing.F) {
	random := rand.New(rand.NewPCG(8, 15))
	for i := range len(profile.All()) {
		for j := range 12 {
			seed := []byte{byte(i), byte(j)} // the profile and the lag
			for range 300 {
				seed = append(seed, byte(random.Uint32()))
			}
			f.Add(seed)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) { play(t, data) })
}
