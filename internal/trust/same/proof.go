// SPDX-License-Identifier: Apache-2.0

package same

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
)

// proves reports whether the difference in how both sides refuse the last command of a list
// is one of order: more than one thing is wrong with it, and all that each side says is of
// that. What is wrong is found by the same command with one thing wrong, where both sides
// must say the same: in the same place without what is wrong in itself, in the same place
// when all has come to rest, and on a cluster of its own with each of its twists.
func (trial Trial) proves(t *testing.T, list List, f found) bool {
	t.Helper()
	m := refused.FindStringSubmatch(f.text)
	if m == nil || m[1] == "none" || m[2] == "none" {
		return false
	}
	last := len(list) - 1
	c := list[last]
	wrong := map[string]bool{}
	for _, text := range f.state {
		wrong[text] = true
	}
	alone := clean(c, 1)
	rest := slices.Concat(clean(c, 2), clean(c, 3), inPlace(list))
	for i, l := range append(slices.Clip(alone), rest...) {
		a, b, alike := trial.answers(t, l)
		if !alike && i < len(alone) {
			return false
		}
		for text := range strings.SplitSeq(a, ", ") {
			if text != "none" && slices.Contains(strings.Split(b, ", "), text) {
				wrong[text] = true
			}
		}
	}
	if len(wrong) < 2 {
		return false
	}
	for _, side := range m[1:3] {
		for text := range strings.SplitSeq(side, ", ") {
			if !wrong[text] {
				return false
			}
		}
	}
	return true
}

// The names of clean lists, which no plan has.
const (
	cleanCluster = 7
	cleanGroup   = "gz"
)

// clean are lists that give a command to a cluster of its own, at rest, with so many of its
// twists that follow each other: with more than one, some are wrong together alone.
func clean(c Command, n int) (lists []List) {
	c.Cluster, c.Unread, c.By, c.After = cleanCluster, nil, "name", idle
	before := List{{Op: createCluster, Cluster: cleanCluster, After: idle}, {Op: addNodeGroup, Cluster: cleanCluster, After: idle}}
	switch c.Op {
	case createCluster, checkCluster:
		before = nil
	case addNodeGroup, checkNodeGroup:
		c.Group = cleanGroup
	case changeScaling, upgradeCluster:
		c.Group = ""
		return []List{append(slices.Clone(before), c)}
	}
	for i := range len(c.Twists) - n + 1 {
		some := c
		some.Twists = c.Twists[i : i+n]
		lists = append(lists, append(slices.Clone(before), some))
	}
	return lists
}

// inPlace are the list with a last command that nothing is wrong with in itself, and with
// the same one when all has come to rest.
func inPlace(list List) (lists []List) {
	last := len(list) - 1
	plain := list[last]
	plain.Twists = nil
	switch plain.Op {
	case changeScaling:
		plain.Desired, plain.Min, plain.Max = 1, 1, 2
	case upgradeCluster:
		plain.Version = "next"
	}
	with := func(c Command) List { return append(slices.Clone(list[:last]), c) }
	lists = append(lists, with(plain))
	if list[last].After != idle {
		rested := list[last]
		rested.After = idle
		lists = append(lists, with(rested))
	}
	return lists
}

// answers are how both sides refuse the last command of a list, and whether they do so
// alike, but for exceptions.
func (trial Trial) answers(t *testing.T, list List) (a, b string, alike bool) {
	t.Helper()
	before := map[int]bool{}
	for i := range len(list) - 1 {
		before[i] = true // it was compared, or is not in question
	}
	out := trial.leadOnce(t, list, before)
	_, wrong := out.fault()
	return out.left, out.right, !wrong
}

// state is how the state of a cluster may be in the way of a command: it is being worked on,
// it goes away, or has what is to be made.
func (p *player) state(ctx context.Context, c Command) (texts []string) {
	taken := errText(&pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId"})
	info, err := p.Handler.GetCluster(ctx, pmks.IID{NameId: clusterName(c.Cluster)})
	if err != nil {
		return nil
	}
	if c.Op == createCluster || c.Op == checkCluster {
		texts = append(texts, taken)
	}
	note := func(status string, going bool) {
		switch {
		case going:
			texts = append(texts, pmks.CodeFailedPrecondition.String())
		case status == string(pmks.ClusterCreating) || status == string(pmks.ClusterUpdating):
			texts = append(texts, pmks.CodeBusy.String())
		}
	}
	note(string(info.Status), info.Status == pmks.ClusterDeleting)
	for _, g := range info.NodeGroupList {
		note(string(g.Status), g.Status == pmks.NodeGroupDeleting)
		if g.IId.NameId == p.groupName(c) && (c.Op == addNodeGroup || c.Op == checkNodeGroup) {
			texts = append(texts, taken)
		}
	}
	return texts
}

// inCommon are the texts of both lists.
func inCommon(a, b []string) (both []string) {
	for _, text := range a {
		if slices.Contains(b, text) {
			both = append(both, text)
		}
	}
	return both
}
