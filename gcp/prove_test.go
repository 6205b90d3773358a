// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"fmt"
	"testing"

	"github.com/pmks-go/pmks"
)

const provenZone = "asia-northeast3-a"

// proving is a list with groups "g0" and on of two VMs each, in the cluster "c", and the
// reads that it is to answer.
func proving(groups int) (*everywhere, []*groupRead) {
	l := &everywhere{managers: map[instanceGroup]managerObject{}, vms: map[place][]vmObject{}, away: map[string]bool{}}
	var reads []*groupRead
	for i := range groups {
		pool := fmt.Sprintf("g%d", i)
		m := managerObject{Name: "gke-c-" + pool + "-grp", BaseInstanceName: "gke-c-" + pool, TargetSize: 2}
		m.Status.IsStable = true
		l.managers[instanceGroup{zone: provenZone, name: m.Name}] = m
		at := place{vmLabels{"c", provenZone, pool}, provenZone}
		for _, end := range []string{"-aaaa", "-bbbb"} {
			l.vms[at] = append(l.vms[at], vmObject{Name: m.BaseInstanceName + end, Status: "RUNNING", Labels: at.vmLabels})
		}
		g := newGroupRead(pool, "https://www.googleapis.com/compute/v1/projects/p/zones/"+provenZone+"/instanceGroupManagers/"+m.Name)
		g.of, g.rest = ref{project: "p", location: provenZone, name: "c"}, true
		reads = append(reads, g)
	}
	return l, reads
}

// TestEverywhere_answer: only what is at rest, whole and as many as it is to be is taken.
func TestEverywhere_answer(t *testing.T) {
	t.Parallel()
	here := place{vmLabels{"c", provenZone, "g0"}, provenZone}
	for name, test := range map[string]struct {
		change func(l *everywhere, g *groupRead, m *managerObject)
		taken  bool
	}{
		"as-it-is": {func(*everywhere, *groupRead, *managerObject) {}, true},
		"copy-of-a-node": {func(l *everywhere, _ *groupRead, _ *managerObject) {
			l.vms[here] = append(l.vms[here], vmObject{Name: "my-copy", Status: "TERMINATED"})
		}, true},
		"one-more":         {func(_ *everywhere, _ *groupRead, m *managerObject) { m.TargetSize++ }, false},
		"one-less":         {func(_ *everywhere, _ *groupRead, m *managerObject) { m.TargetSize-- }, false},
		"not-stable":       {func(_ *everywhere, _ *groupRead, m *managerObject) { m.Status.IsStable = false }, false},
		"no-name":          {func(_ *everywhere, _ *groupRead, m *managerObject) { m.BaseInstanceName = "" }, false},
		"in-transition":    {func(_ *everywhere, g *groupRead, _ *managerObject) { g.rest = false }, false},
		"size-asked-for":   {func(_ *everywhere, g *groupRead, _ *managerObject) { g.target = true }, false},
		"zone-away":        {func(l *everywhere, _ *groupRead, _ *managerObject) { l.away[provenZone] = true }, false},
		"another-cluster":  {func(_ *everywhere, g *groupRead, _ *managerObject) { g.of.name = "d" }, false},
		"another-location": {func(_ *everywhere, g *groupRead, _ *managerObject) { g.of.location = "asia-northeast3" }, false},
		"another-pool":     {func(_ *everywhere, g *groupRead, _ *managerObject) { g.pool = "g1" }, false},
		"another-zone":     {func(_ *everywhere, g *groupRead, _ *managerObject) { g.at.zone = "asia-northeast3-b" }, false},
		"vm-stops":         {func(l *everywhere, _ *groupRead, _ *managerObject) { l.vms[here][1].Status = "STOPPING" }, false},
		"vm-of-another":    {func(l *everywhere, _ *groupRead, _ *managerObject) { l.vms[here][1].Name = "gke-c-g0b-cccc" }, false},
		"no-url": {func(_ *everywhere, g *groupRead, _ *managerObject) {
			g.err = &pmks.Error{Code: pmks.CodeInternal}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, reads := proving(1)
			at := instanceGroup{zone: provenZone, name: "gke-c-g0-grp"}
			m := l.managers[at]
			test.change(l, reads[0], &m)
			l.managers[at] = m
			if got := l.answer(reads[0]); got != test.taken || test.taken != (len(reads[0].nodes) == 2 && reads[0].size == 2) {
				t.Errorf("taken is %t: %+v", got, reads[0])
			}
		})
	}
}

// TestEverywhere_fromLists: up to a hundred groups are left to be read, more are told as
// throttled, unless the lists know too little to be believed.
func TestEverywhere_fromLists(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		groups, differ, away int
		left, throttled      int
		believe              bool
	}{
		{groups: 500, believe: true},
		{groups: 500, differ: 100, left: 100, believe: true},
		{groups: 500, differ: 130, left: 100, throttled: 30, believe: true},
		{groups: 500, differ: 250, left: 100, throttled: 150, believe: true},
		{groups: 500, differ: 251, left: 251},
		{groups: 500, differ: 500, left: 500},
		{groups: 20, away: 20, left: 20, believe: true},
	} {
		t.Run(fmt.Sprint(test.groups, test.differ, test.away), func(t *testing.T) {
			t.Parallel()
			l, reads := proving(test.groups)
			for i := range test.differ {
				m := l.managers[instanceGroup{zone: provenZone, name: reads[i].at.name}]
				m.TargetSize = 3
				l.managers[instanceGroup{zone: provenZone, name: reads[i].at.name}] = m
			}
			l.away[provenZone] = test.away > 0
			left, believe := l.fromLists(reads)
			throttled := 0
			for _, g := range reads {
				if pmks.CodeOf(g.err) == pmks.CodeThrottled {
					throttled++
				}
			}
			if len(left) != test.left || throttled != test.throttled || believe != test.believe {
				t.Errorf("%d are left, %d throttled, believed %t; want %+v", len(left), throttled, believe, test)
			}
		})
	}
}
