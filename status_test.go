// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"testing"

	"github.com/pmks-go/pmks"
)

var statuses = []pmks.ClusterStatus{
	pmks.ClusterCreating, pmks.ClusterActive, pmks.ClusterInactive, pmks.ClusterUpdating, pmks.ClusterDeleting,
}

func TestClusterStatus_MayBecome(t *testing.T) {
	t.Parallel()
	// One row for each earlier state; the columns are the later one, in the order
	// of statuses.
	table := map[pmks.ClusterStatus][5]bool{
		pmks.ClusterCreating: {true, true, true, true, true},
		pmks.ClusterActive:   {false, true, true, true, true},
		pmks.ClusterInactive: {false, true, true, true, true},
		pmks.ClusterUpdating: {false, true, true, true, true},
		pmks.ClusterDeleting: {false, false, true, false, true},
		"":                   {},
		"creating":           {},
	}
	for from, row := range table {
		for i, to := range statuses {
			if got := from.MayBecome(to); got != row[i] {
				t.Errorf("%q.MayBecome(%q) = %t", from, to, got)
			}
			if got := pmks.NodeGroupStatus(from).MayBecome(pmks.NodeGroupStatus(to)); got != row[i] {
				t.Errorf("node group: %q.MayBecome(%q) = %t", from, to, got)
			}
		}
		if from.MayBecome("Broken") || from.MayBecome("") {
			t.Errorf("%q may become a word that is none", from)
		}
	}
}

// A read may miss states in between, so what may follow what must be transitive.
func TestClusterStatus_MayBecome_Transitive(t *testing.T) {
	t.Parallel()
	for _, a := range statuses {
		for _, b := range statuses {
			for _, c := range statuses {
				// A failed deletion (Deleting, Inactive) is the one way back to life,
				// and it is a new fact that a reader must see.
				if b == pmks.ClusterInactive && a == pmks.ClusterDeleting {
					continue
				}
				if a.MayBecome(b) && b.MayBecome(c) && !a.MayBecome(c) {
					t.Errorf("%s, %s, %s is possible, but %s, %s is not", a, b, c, a, c)
				}
			}
		}
	}
}

func TestClusterStatus_Words(t *testing.T) {
	t.Parallel()
	tests := []struct {
		word                string
		valid, transitional bool
	}{
		{"Creating", true, true},
		{"Active", true, false},
		{"Inactive", true, false},
		{"Updating", true, true},
		{"Deleting", true, true},
		{"", false, false},
		{"ACTIVE", false, false},
		{"Failed", false, false},
	}
	for _, tt := range tests {
		c, g := pmks.ClusterStatus(tt.word), pmks.NodeGroupStatus(tt.word)
		if c.Valid() != tt.valid || g.Valid() != tt.valid {
			t.Errorf("%q: Valid() = %t, %t, want %t", tt.word, c.Valid(), g.Valid(), tt.valid)
		}
		if c.Transitional() != tt.transitional || g.Transitional() != tt.transitional {
			t.Errorf("%q: Transitional() = %t, %t, want %t", tt.word, c.Transitional(), g.Transitional(), tt.transitional)
		}
	}
}
