// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/ready"
)

// TestStatus_words holds every word of both tables against what it has to mean.
func TestStatus_words(t *testing.T) {
	t.Parallel()
	const creating, active, updating, deleting, inactive = pmks.ClusterCreating, pmks.ClusterActive, pmks.ClusterUpdating, pmks.ClusterDeleting, pmks.ClusterInactive
	type meaning struct {
		status pmks.ClusterStatus
		final  bool
	}
	for name, test := range map[string]struct {
		table map[string]ready.Meaning
		want  map[string]meaning
	}{
		"cluster": {clusterStatusTable, map[string]meaning{
			"initial": {creating, false}, "running": {active, false}, "updating": {updating, false}, "upgrading": {updating, false}, "scaling": {updating, false},
			"removing": {updating, false}, "removing_nodes": {updating, false}, "draining": {updating, false}, "migrating": {updating, false},
			"deleting": {deleting, false}, "failed": {inactive, true}, "create_timeout": {inactive, true}, "updating_failed": {inactive, true},
			"delete_failed": {inactive, true}, "deleted_failed": {inactive, true}, "waiting": {inactive, false}, "disconnected": {inactive, false},
			"inactive": {inactive, false}, "stopped": {inactive, false}, "unavailable": {inactive, false},
		}},
		"pool": {poolStatusTable, map[string]meaning{
			"initial": {creating, false}, "active": {active, false}, "scaling": {updating, false}, "updating": {updating, false}, "upgrading": {updating, false},
			"repairing": {updating, false}, "removing": {updating, false}, "removing_nodes": {updating, false}, "deleting": {deleting, false},
			"failed": {inactive, true}, "delete_failed": {inactive, true},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, want := slices.Sorted(maps.Keys(test.table)), slices.Sorted(maps.Keys(test.want)); !slices.Equal(got, want) {
				t.Errorf("words %v, want %v", got, want)
			}
			for word, want := range test.want {
				if got := test.table[word]; got.Status != want.status || got.Final != want.final || (got.Reason != "") != (want.status == inactive) {
					t.Errorf("%s: got %+v, want %+v", word, got, want)
				}
			}
		})
	}
	for _, word := range []string{"", "tomorrow", "Running"} {
		if m := clusterMeaning(word); m.Status != inactive || m.Final || !m.Unknown || !strings.Contains(m.Reason, word) {
			t.Errorf("%q: got %+v", word, m)
		}
	}
}

// TestTaskState: every spelling of how a task ended.
func TestTaskState(t *testing.T) {
	t.Parallel()
	for word, want := range map[string][2]bool{
		"running": {}, "pending": {}, "initial": {}, "paused": {}, "tomorrow": {}, "": {},
		"success": {true, false}, "Succeeded": {true, false}, "SUCCESS": {true, false},
		"fail": {true, true}, "failed": {true, true}, "error": {true, true}, "timeout": {true, true}, "canceled": {true, true}, "Cancelled": {true, true},
	} {
		if done, failed := taskState(word); done != want[0] || failed != want[1] {
			t.Errorf("%q: done %t, failed %t", word, done, failed)
		}
	}
}
