// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"strings"
	"testing"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_Force: clusters in every state, with the reason in a task.
func TestServer_Force(t *testing.T) {
	t.Parallel()
	for state, want := range map[profile.State]string{
		profile.Active: "Running", profile.Creating: "Creating", profile.Updating: "Upgrading", profile.Deleting: "Deleting",
		profile.CreateFailed: "Abnormal cluster_create aborted Broken: x", profile.UpdateFailed: "Abnormal cluster_create aborted Broken: x",
		profile.DeleteFailed: "Abnormal cluster_delete aborted Broken: x", profile.Degraded: "Abnormal", profile.Stopped: "Idling cluster_create aborted Broken: x",
		profile.Gone: "",
	} {
		w := newWorld(t, func(o *Options) { o.Assumptions.CreationTasks = true })
		wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: seedGroups("ng1")}))
		id, _ := w.seeded("a", 0)
		wiretest.Must(t, w.Force("a", "", state, "Broken: x"))
		if got := strings.TrimSpace(w.state(id) + " " + w.task(id, taskUpgrade, taskCreate, taskDelete)); got != want {
			t.Errorf("%s: got %q, want %q", state, got, want)
		}
	}
}

// TestServer_Force_pool: a node pool that failed is normal, with too few nodes and the reason
// in its activities, and any change mends it.
func TestServer_Force_pool(t *testing.T) {
	t.Parallel()
	for state, want := range map[profile.State]string{
		profile.Active:       "normal 2 of 2",
		profile.Creating:     "creating 2 of 2",
		profile.Updating:     "updating 2 of 2",
		profile.Deleting:     "deleting 2 of 2",
		profile.CreateFailed: "normal 0 of 0 SCALE_OUT FAILED Broken: x",
		profile.UpdateFailed: "normal 1 of 1 SCALE_OUT FAILED Broken: x",
		profile.DeleteFailed: "normal 2 of 2 SCALE_IN FAILED Broken: x",
		profile.Degraded:     "normal 1 of 1 SCALE_OUT FAILED Broken: x",
		profile.Gone:         "gone",
	} {
		w := newWorld(t)
		wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: seedGroups("ng1")}))
		id, pool := w.seeded("a", 0)
		wiretest.Must(t, w.Force("a", "ng1", state, "Broken: x"))
		got := w.poolState(id, pool)
		if got != "gone" {
			word, _, _ := strings.Cut(got, " ")
			_, nodes, _ := strings.Cut(got, "normal ")
			_, last, found := strings.Cut(nodes, " normal ")
			if found {
				nodes = last
			}
			got = strings.TrimSpace(word + " " + nodes + " " + w.activity(id, pool))
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", state, got, want)
		}
		if state != profile.CreateFailed {
			continue
		}
		wiretest.Must(t, w.Force("a", "ng1", profile.Active, ""))
		if got := w.poolState(id, pool); got != "normal disabled 1/2/5 joining 0 initializing 0 normal 2 of 2" {
			t.Errorf("mended: %s", got)
		}
	}
}
