// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
)

// toyJobs are the jobs that the toy can do.
func toyJobs() []job {
	return slices.DeleteFunc(slices.Clone(jobs), func(j job) bool { return j.name == "Upgrade" })
}

// TestJobs_right: the jobs of a right handler pass wherever they are stopped.
func TestJobs_right(t *testing.T) {
	t.Parallel()
	m := toyMatrix(none)
	for _, j := range toyJobs() {
		n := m.requests(t, j)
		if n < 2 {
			t.Errorf("%s makes %d requests", j.name, n)
		}
		for _, c := range m.jobCells(j, n) {
			for _, fault := range m.faults(t, c) {
				t.Errorf("%s: %s", c, fault)
			}
		}
	}
}

// TestJobs_sins: what a job leaves wrong after it was stopped is reported in one of
// its cells.
func TestJobs_sins(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		sin  sin
		job  string
		want string
	}{
		{"another-cluster", makesAnother, "Provision", "there are 2 clusters"},
		{"not-again", refusesAgain, "Provision", "run again: "},
		{"goroutine", leavesTimer, "Provision", "something still runs"},
		{"slow", leavesSlowly, "Provision", "after the context ended"},
		{"not-deleted", keepsCluster, "Teardown", "is still there"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := toyMatrix(test.sin)
			i := slices.IndexFunc(jobs, func(j job) bool { return j.name == test.job })
			n := toyMatrix(none).requests(t, jobs[i])
			var all []string
			for _, c := range m.jobCells(jobs[i], n) {
				all = append(all, m.faults(t, c)...)
			}
			if !slices.ContainsFunc(all, func(f string) bool { return strings.Contains(f, test.want) }) {
				t.Errorf("got %q, want %q among them", all, test.want)
			}
		})
	}
}

// TestJobs_notMade: a request that is never made stops nothing, and that is said.
func TestJobs_notMade(t *testing.T) {
	t.Parallel()
	m := toyMatrix(none)
	cells := m.jobCells(jobs[0], 100)
	if faults := m.faults(t, cells[len(cells)-1]); len(faults) != 1 || !strings.Contains(faults[0], "was not made") {
		t.Errorf("got %q", faults)
	}
}

// TestKeepsContext: package pmks sees to it whatever a handler does, so that no toy
// shows it.
func TestKeepsContext(t *testing.T) {
	t.Parallel()
	for err, faults := range map[error]int{
		nil: 0, context.Canceled: 0, &pmks.Error{Code: pmks.CodeCanceled, Err: context.Canceled}: 0,
		&pmks.Error{Code: pmks.CodeUnavailable}: 1,
	} {
		var v verdict
		if keepsContext(&v, err); len(v) != faults {
			t.Errorf("%v: got %q", err, v)
		}
	}
}

// TestOneOfEach: whatever there is besides one cluster with one of each group, at
// rest, at the version, is a fault.
func TestOneOfEach(t *testing.T) {
	t.Parallel()
	group := func(name string) pmks.NodeGroupInfo {
		return pmks.NodeGroupInfo{IId: pmks.IID{NameId: name}, Version: "1.36", Status: pmks.NodeGroupActive}
	}
	right := func() truth {
		return truth{first: usualGroup, clusters: []*pmks.ClusterInfo{{
			IId: clusterIID, Version: "1.36", Status: pmks.ClusterActive,
			NodeGroupList: []pmks.NodeGroupInfo{group(usualGroup), group(extraGroup)},
		}}}
	}
	for _, test := range []struct {
		name, want string
		change     func(*truth)
	}{
		{"right", "", func(*truth) {}},
		{"none", "there are 0 clusters", func(now *truth) { now.clusters = nil }},
		{"two", "there are 2 clusters", func(now *truth) { now.clusters = append(now.clusters, now.clusters[0]) }},
		{"cluster-behind", "the cluster is", func(now *truth) { now.clusters[0].Version = "1.35" }},
		{"cluster-at-work", "the cluster is", func(now *truth) { now.clusters[0].Status = pmks.ClusterUpdating }},
		{"group-behind", "the group is", func(now *truth) { now.clusters[0].NodeGroupList[1].Version = "1.35" }},
		{"group-at-work", "the group is", func(now *truth) { now.clusters[0].NodeGroupList[1].Status = pmks.NodeGroupUpdating }},
		{"group-twice", "the groups are", func(now *truth) { now.clusters[0].NodeGroupList[1] = group(usualGroup) }},
		{"group-missing", "the groups are", func(now *truth) { now.clusters[0].NodeGroupList = now.clusters[0].NodeGroupList[:1] }},
	} {
		now := right()
		test.change(&now)
		var v verdict
		oneOfEach(&v, now, "1.36")
		if got := strings.Join(v, "; "); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}
