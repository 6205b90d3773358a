// SPDX-License-Identifier: Apache-2.0

package tencent

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
			"trading": {creating, false}, "creating": {creating, false}, "running": {active, false},
			"scaling": {updating, false}, "upgrading": {updating, false}, "nodeupgrading": {updating, false}, "runtimeupgrading": {updating, false},
			"masterscaling": {updating, false}, "clusterlevelupgrading": {updating, false}, "clusterleveltrading": {updating, false}, "recovering": {updating, false},
			"deleting": {deleting, false}, "resourcedestroy": {deleting, false}, "resourcedestroyed": {deleting, false},
			"pause": {inactive, true}, "idling": {inactive, true}, "isolated": {inactive, true}, "resourceisolate": {inactive, true}, "resourceisolated": {inactive, true},
			"resourcereverse": {inactive, false}, "resourcereversal": {inactive, false}, "waittingforconnect": {inactive, true}, "abnormal": {inactive, false},
		}},
		"pool": {poolStatusTable, map[string]meaning{
			"creating": {creating, false}, "normal": {active, false}, "updating": {updating, false}, "deleting": {deleting, false}, "deleted": {deleting, false}, "removing": {deleting, false},
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
}

// TestStatus_spelling: words compare without case, those that nobody knows are not final,
// and two endings tell what is going on.
func TestStatus_spelling(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]pmks.ClusterStatus{"Running": pmks.ClusterActive, "RUNNING": pmks.ClusterActive, "WaittingForConnect": pmks.ClusterInactive, "EtcdUpgrading": pmks.ClusterUpdating, "NodeScaling": pmks.ClusterUpdating} {
		if m := clusterMeaning(word); m.Status != want {
			t.Errorf("%s: got %+v, want %s", word, m, want)
		}
	}
	for _, word := range []string{"", "Tomorrow"} {
		for name, m := range map[string]ready.Meaning{"cluster": clusterMeaning(word), "pool": poolMeaning(word)} {
			if m.Status != pmks.ClusterInactive || m.Final || !m.Unknown || !strings.Contains(m.Reason, word) {
				t.Errorf("%s %q: got %+v", name, word, m)
			}
		}
	}
}
