// SPDX-License-Identifier: Apache-2.0

package core

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

// seen tells what every kind of read shows, which must be the same.
func seen(s *stand, name, id string) string {
	s.t.Helper()
	show := func(c *Cluster) string { return fmt.Sprintf("%s/%d", c.State, len(c.Groups)) }
	var all, paged, named []string
	n := 0
	for c := range s.w.All(s.now) {
		n++
		if c.Name == name {
			all = append(all, show(c))
		}
	}
	for token := ""; ; {
		page, next, err := s.w.Page(s.now, token, 2)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, c := range page {
			if c.Name == name {
				paged = append(paged, show(c))
			}
		}
		if token = next; token == "" {
			break
		}
	}
	for _, c := range s.w.ClustersByName(s.now, name) {
		named = append(named, show(c))
	}
	got := strings.Join(all, " ")
	if p, m := strings.Join(paged, " "), strings.Join(named, " "); got != p || got != m {
		s.t.Errorf("All shows %q, Page %q, ClustersByName %q", got, p, m)
	}
	if l := s.w.Len(s.now); l != n {
		s.t.Errorf("Len is %d, All has %d", l, n)
	}
	byID := ""
	if c, ok := s.w.Cluster(s.now, id); ok {
		byID = show(c)
	}
	if byID != got {
		s.t.Errorf("Cluster shows %q, All %q", byID, got)
	}
	return got
}

func TestWorld_ReadLag(t *testing.T) {
	t.Parallel()
	p := neutralWith(t, func(p *profile.Profile) { p.IDs.Cluster = "{name}" }) // the id is used again
	s := newStand(t, p, Options{ReadLag: 10 * time.Second, Durations: map[profile.Operation]time.Duration{
		profile.CreateCluster: 15 * time.Second, profile.AddNodeGroup: 30 * time.Second, profile.DeleteCluster: 3 * time.Second,
	}})
	for _, name := range []string{"before", "alpha", "omega"} {
		s.apply(request(p, name))
		s.wait(time.Second)
	}
	expect := func(after time.Duration, want string) {
		t.Helper()
		s.wait(after)
		if got := seen(s, "alpha", "alpha"); got != want {
			t.Errorf("at %v: %q, want %q", s.now.Sub(epoch), got, want)
		}
		checkIndexes(t, s.w)
	}
	expect(0, "")                                 // 3s: made at 1s, not seen yet
	expect(8*time.Second-1, "")                   // just before 11s
	expect(1, "Creating/1")                       // 11s
	expect(5*time.Second, "Active/1")             // 16s: what ends by itself is seen at once
	s.refused(request(p, "alpha"), ClusterExists) // commands see the truth

	s.apply(AddNodeGroup{ClusterID: "alpha", Spec: spec("ng2", 1, 1, 1)}) // 16s
	expect(4*time.Second, "Active/1")                                     // 20s
	s.apply(DeleteCluster{"alpha"})                                       // 20s, gone at 23s
	expect(4*time.Second, "Active/1")                                     // 24s: gone, shown as it was
	s.apply(request(p, "alpha"))                                          // 24s: another one under the same id
	expect(time.Second, "Active/1")                                       // 25s
	expect(time.Second, "Active/2")                                       // 26s: the view from before the deletion
	expect(4*time.Second, "")                                             // 30s: the view from before the creation
	expect(4*time.Second, "Creating/1")                                   // 34s
	expect(5*time.Second, "Active/1")                                     // 39s
	if len(s.w.lag.byID) != 0 || len(s.w.lag.byName) != 0 || len(s.w.lag.ending) != 0 {
		t.Errorf("the lag keeps %+v", s.w.lag)
	}
	if ops := s.w.Operations(s.now, "alpha"); len(ops) != 1 {
		t.Errorf("operations of the new cluster: %+v", ops)
	}
}

func TestWorld_ReadLagOff(t *testing.T) {
	t.Parallel()
	s := newStand(t, neutralWith(t, nil), Options{})
	c := s.apply(request(s.w.Profile(), "alpha")).Cluster
	if got := seen(s, "alpha", c.ID); got != "Creating/1" || s.w.lag.byID != nil {
		t.Errorf("seen %q, lag %+v", got, s.w.lag)
	}
}

// TestWorld_ForceAtOnce: what is forced so shows at once, and so does what it comes
// behind; later commands lag again.
func TestWorld_ForceAtOnce(t *testing.T) {
	t.Parallel()
	p := neutralWith(t, nil)
	s := newStand(t, p, Options{ReadLag: time.Hour})
	c := s.apply(request(p, "alpha")).Cluster
	see := func(want string) {
		t.Helper()
		if got := seen(s, "alpha", c.ID); got != want {
			t.Errorf("seen %q, want %q", got, want)
		}
		checkIndexes(t, s.w)
	}
	see("")
	s.apply(Force{ClusterID: c.ID, State: profile.UpdateFailed, AtOnce: true})
	see("UpdateFailed/1")
	s.apply(Force{ClusterID: c.ID, State: profile.Active})
	see("UpdateFailed/1")
	s.apply(Force{ClusterID: c.ID, State: profile.Gone, AtOnce: true})
	see("")
	if len(s.w.lag.byID) != 0 || len(s.w.lag.byName) != 0 || len(s.w.lag.ending) != 0 {
		t.Errorf("the lag keeps %+v", s.w.lag)
	}
}

// TestWorld_Recall: what was there when the world was told to remember is shown while it is
// recalled, whatever has happened since, and the truth otherwise.
func TestWorld_Recall(t *testing.T) {
	t.Parallel()
	p := neutralWith(t, func(p *profile.Profile) { p.IDs.Cluster = "{name}" })
	s := newStand(t, p, Options{})
	s.apply(request(p, "alpha"))
	s.run()
	s.w.Remember()
	see := func(name, before, now string) {
		t.Helper()
		for recalls, want := range map[bool]string{true: before, false: now} {
			s.w.Recall(recalls)
			if got := seen(s, name, name); got != want {
				t.Errorf("%s, recalled %t: %q, want %q", name, recalls, got, want)
			}
		}
		s.w.Recall(false)
		checkIndexes(t, s.w)
	}
	see("alpha", "Active/1", "Active/1")
	s.apply(request(p, "omega"))
	see("omega", "", "Creating/1")
	s.apply(AddNodeGroup{ClusterID: "alpha", Spec: spec("ng2", 1, 1, 1)})
	s.run()
	see("alpha", "Active/1", "Active/2")
	s.apply(DeleteCluster{"alpha"})
	s.run()
	see("alpha", "Active/1", "")
	s.w.Remember()
	see("alpha", "", "")
	see("omega", "Active/1", "Active/1")
}
