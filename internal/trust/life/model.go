// SPDX-License-Identifier: Apache-2.0

package life

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
)

// size is what the model knows of a node group.
type size struct {
	desired, least, most int
	auto                 bool
	// loose: the autoscaler has decided on the size, so that it may be any.
	loose bool
}

// model is the reference: what a cluster is, by the commands that succeeded.
type model struct {
	version, tags string
	groups        map[string]size
}

// after is the model when a command has been obeyed.
func (m model) after(c Command, group, target string, made size) model {
	m.groups = maps.Clone(m.groups)
	g, there := m.groups[group]
	if !there && (c.Op == scale || c.Op == autoscale) {
		return m // it is going away, and as it was to be
	}
	switch c.Op {
	case addGroup:
		if !there {
			m.groups[group] = made
		}
	case removeGroup:
		delete(m.groups, group)
	case scale:
		if g.least, g.most = c.Min, c.Max; !g.auto {
			g.desired, g.loose = c.Desired, false
		}
		m.groups[group] = g
	case autoscale:
		g.auto, g.loose = c.On, g.loose || c.On
		m.groups[group] = g
	case setTags:
		m.tags = "life=" + c.Tag
	case upgrade:
		m.version = target
	}
	return m
}

// halves are the models of a change of which one half was made, as its error says.
func (m model) halves(c Command, group string) (list []model) {
	switch c.Op {
	case setTags:
		// What was there is gone, or, where tags are kept at several places, still at some.
		gone, both := m, m
		gone.tags = ""
		both.tags = strings.Trim(m.tags+",life="+c.Tag, ",")
		return []model{gone, both, m.after(c, group, "", size{})}
	case scale:
	default:
		return nil
	}
	for _, resized := range []bool{false, true} {
		half := m
		half.groups = maps.Clone(m.groups)
		g := half.groups[group]
		if resized {
			g.desired = c.Desired
		} else {
			g.least, g.most = c.Min, c.Max
		}
		half.groups[group] = g
		list = append(list, half)
	}
	// Bounds that are wide enough for the size as it is, on the way to narrower ones.
	wide := m
	wide.groups = maps.Clone(m.groups)
	g := wide.groups[group]
	g.least, g.most = min(c.Min, g.desired), max(c.Max, g.desired)
	wide.groups[group] = g
	return append(list, wide)
}

// differs says what of a cluster is not as in the model.
func (m model) differs(info pmks.ClusterInfo) string {
	var wrong []string
	if info.Version != m.version {
		wrong = append(wrong, "the version is "+info.Version+", want "+m.version)
	}
	if tags := tagOf(info); tags != m.tags {
		wrong = append(wrong, "the tags are "+tags+", want "+m.tags)
	}
	if got, want := names(info), slices.Sorted(maps.Keys(m.groups)); !slices.Equal(got, want) {
		return strings.Join(append(wrong, "the groups are "+strings.Join(got, " ")+", want "+strings.Join(want, " ")), "; ")
	}
	for _, g := range info.NodeGroupList {
		got, want := sizeOf(g), m.groups[g.IId.NameId]
		if want.loose {
			// Where it was switched off outside of its bounds, the size stays as it is.
			// An autoscaler that is no part of the cloud comes to new bounds when it does.
			if want.loose = false; !want.auto {
				want.desired = got.desired
			} else if got.desired != want.desired {
				want.desired = min(max(got.desired, want.least), want.most)
			}
		}
		if got != want {
			wrong = append(wrong, "group "+g.IId.NameId+" is "+got.String()+", want "+want.String())
		}
	}
	return strings.Join(wrong, "; ")
}

// obey gives a command, and keeps what the cloud may hold after it.
func (o *one) obey(ctx context.Context, c Command) {
	group := c.Group
	if group == "" {
		group = o.first
	}
	iid := pmks.IID{NameId: group}
	made := o.Group(group)
	var seen pmks.ClusterInfo
	call := func(ctx context.Context) (err error) {
		switch c.Op {
		case addGroup:
			_, err = o.Handler.AddNodeGroup(ctx, o.iid, made)
		case removeGroup:
			_, err = o.Handler.RemoveNodeGroup(ctx, o.iid, iid)
		case scale:
			_, err = o.Handler.ChangeNodeGroupScaling(ctx, o.iid, iid, c.Desired, c.Min, c.Max)
		case autoscale:
			_, err = o.Handler.SetNodeGroupAutoScaling(ctx, o.iid, iid, c.On)
		case setTags:
			err = o.Handler.SetTags(ctx, o.iid, []pmks.KeyValue{{Key: "life", Value: c.Tag}})
		case upgrade:
			if o.target != "" {
				_, err = pmks.Upgrade(ctx, o.Handler, o.iid, o.target, patience)
			}
		case get:
			seen, err = o.Handler.GetCluster(ctx, o.iid)
		case list:
			seen, err = o.listed(ctx)
		}
		return err
	}
	err := o.disturbed(ctx, c.Trouble, call)
	o.judge(c, group, sizeOf(made), seen, err)
}

// judge keeps what the cloud may hold after a command.
func (o *one) judge(c Command, group string, made size, seen pmks.ClusterInfo, err error) {
	if err != nil {
		e, ok := typed(err)
		if !ok || e.Code == pmks.CodeUnknown {
			o.fault("%s: an untyped error: %v", c, err)
			return
		}
		o.last = err
		half := strings.Contains(e.Message, "call again") || c.Op == scale && strings.Contains(e.Message, "bounds")
		if c.Op == upgrade || half || e.MayHaveHappened {
			for _, m := range o.could {
				o.could = append(o.could, m.after(c, group, o.target, made))
				if half {
					o.could = append(o.could, m.halves(c, group)...)
				}
			}
		}
		return
	}
	switch c.Op {
	case get, list:
		if seen.IId.NameId != o.name {
			o.fault("%s: success with %s", c, seen.IId)
		}
	case upgrade:
		if o.target == "" {
			return
		}
		fallthrough
	default:
		for i, m := range o.could {
			o.could[i] = m.after(c, group, o.target, made)
		}
	}
}

// listed is the cluster in a listing, where it must be once.
func (o *one) listed(ctx context.Context) (found pmks.ClusterInfo, err error) {
	all, err := o.Handler.ListCluster(ctx)
	if err != nil {
		return found, err
	}
	n := 0
	for _, info := range all {
		if info.IId.NameId == o.name {
			n, found = n+1, *info
		}
	}
	if n > 1 {
		o.fault("it is listed %d times", n)
	}
	return found, nil
}

// longest is how long a cluster may take to come to rest.
const longest = 6 * time.Hour

// rest waits until nothing is under way, and returns the truth.
func (o *one) rest(ctx context.Context) (pmks.ClusterInfo, bool) {
	deadline := time.Now().Add(longest)
	for {
		// Some clouds show what they have accepted a while later.
		pause(30 * time.Second)
		info, err := o.Direct.GetCluster(ctx, o.iid)
		if err != nil {
			o.fault("the truth cannot be read: %v", err)
			return info, false
		}
		if atRest(info) {
			return info, true
		}
		if time.Now().After(deadline) {
			o.fault("it does not come to rest: %s", info.Status)
			return info, false
		}
		pause(time.Minute)
	}
}

func atRest(info pmks.ClusterInfo) bool {
	busy := slices.ContainsFunc(info.NodeGroupList, func(g pmks.NodeGroupInfo) bool {
		return g.Status != pmks.NodeGroupActive && g.Status != pmks.NodeGroupInactive
	})
	return !busy && (info.Status == pmks.ClusterActive || info.Status == pmks.ClusterInactive)
}

// compare holds the cloud, at rest, against what it may be.
func (o *one) compare(ctx context.Context, after string) {
	if len(o.faults) > 0 {
		return
	}
	info, ok := o.rest(ctx)
	if !ok {
		return
	}
	if info.Status != pmks.ClusterActive {
		o.fault("after %s it is %s: %s", after, info.Status, info.StatusReason)
	}
	var wrong []string
	for _, m := range o.could {
		d := m.differs(info)
		if d == "" {
			for name, g := range m.groups {
				if found, _ := info.NodeGroup(pmks.IID{NameId: name}); g.loose {
					g.desired, g.loose = found.DesiredNodeSize, g.auto
					m.groups[name] = g
				}
			}
			o.could = []model{m}
			return
		}
		wrong = append(wrong, d)
	}
	o.fault("after %s: %s; the last error is: %v", after, strings.Join(slices.Compact(wrong), ", or "), o.last)
}

func names(info pmks.ClusterInfo) (list []string) {
	for _, g := range info.NodeGroupList {
		list = append(list, g.IId.NameId)
	}
	slices.Sort(list)
	return list
}

// tagOf are the tags that a user would see, as text.
func tagOf(info pmks.ClusterInfo) string {
	var list []string
	for _, t := range info.TagList {
		list = append(list, t.Key+"="+t.Value)
	}
	slices.Sort(list)
	return strings.Join(list, ",")
}

// sizeOf are the sizes that a group shows.
func sizeOf(g pmks.NodeGroupInfo) size {
	return size{desired: g.DesiredNodeSize, least: g.MinNodeSize, most: g.MaxNodeSize, auto: g.OnAutoScaling}
}

func (s size) String() string {
	auto := ""
	if s.auto {
		auto = " automatic"
	}
	return fmt.Sprintf("%d of %d-%d%s", s.desired, s.least, s.most, auto)
}
