// SPDX-License-Identifier: Apache-2.0

package core

import (
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

// TestWorld_OnChange: whoever waits for a change hears of each, and reads the truth
// however long reads lag.
func TestWorld_OnChange(t *testing.T) {
	t.Parallel()
	neutral, _ := profile.Get("neutral")
	w := New(neutral, Options{ReadLag: time.Hour})
	heard := 0
	w.OnChange(func() { heard++ })
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	req := neutral.SampleRequest("demo")
	create := CreateCluster{Name: "demo", Network: req.Network}
	for _, g := range req.NodeGroupList {
		create.Groups = append(create.Groups, AddNodeGroup{Spec: g})
	}
	made, err := w.Apply(now, create, Outcome{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Apply(now, create, Outcome{}); err == nil {
		t.Fatal("the same name was accepted again")
	}
	if heard != 1 {
		t.Errorf("heard %d changes of one command and one refusal, want 1", heard)
	}
	if _, shown := w.Cluster(now, made.Cluster.ID); shown {
		t.Error("a read shows the cluster before the lag is over")
	}
	if c, ok := w.Truth(now, made.Cluster.ID); !ok || c.State != profile.Creating {
		t.Errorf("the truth is %v, %t", c, ok)
	}
	end, _ := w.NextEvent()
	if w.Advance(end); heard != 2 {
		t.Errorf("heard %d changes when the creation had ended, want 2", heard)
	}
	if _, err := w.Put(end, Seed{Name: "other"}); err != nil || heard != 3 {
		t.Errorf("heard %d changes after a Put, want 3; %v", heard, err)
	}
	if w.Snapshot().Advance(end.Add(time.Hour)); heard != 3 {
		t.Error("a snapshot is heard too")
	}
}
