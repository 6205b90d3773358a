// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
)

// TestStatusTable takes every word, and those that nobody knows.
func TestStatusTable(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		words  string
		status pmks.ClusterStatus
		final  bool
	}{
		{"CREATE_IN_PROGRESS", pmks.ClusterCreating, false},
		{"CREATE_COMPLETE UPDATE_COMPLETE UPGRADE_COMPLETE RESUME_COMPLETE RESTORE_COMPLETE ROLLBACK_COMPLETE SNAPSHOT_COMPLETE CHECK_COMPLETE ADOPT_COMPLETE HANDOVER_COMPLETE",
			pmks.ClusterActive, false},
		{"UPDATE_IN_PROGRESS UPGRADE_IN_PROGRESS ROLLBACK_IN_PROGRESS HANDOVER_IN_PROGRESS SUSPEND_IN_PROGRESS", pmks.ClusterUpdating, false},
		{"DELETE_IN_PROGRESS DELETE_COMPLETE", pmks.ClusterDeleting, false},
		{"CREATE_FAILED UPDATE_FAILED UPGRADE_FAILED RESUME_FAILED ROLLBACK_FAILED HANDOVER_FAILED DELETE_FAILED SUSPEND_FAILED", pmks.ClusterInactive, true},
		{"PARTLY ORANGE update_complete", pmks.ClusterInactive, false},
		{"SUSPEND_COMPLETE", pmks.ClusterActive, false},
	} {
		for word := range strings.FieldsSeq(test.words) {
			m := meaningOf(text(word), "")
			if m.Status != test.status || m.Final != test.final || (m.Status == pmks.ClusterInactive) != (m.Reason != "") {
				t.Errorf("%s: got %+v", word, m)
			}
		}
	}
	if m := meaningOf("", ""); m.Status != pmks.ClusterInactive || m.Final || !m.Unknown {
		t.Errorf("no word: got %+v", m)
	}
	if m := meaningOf("UPDATE_FAILED", "ng1: no capacity"); m.Reason != "ng1: no capacity" {
		t.Errorf("NKS's reason is lost: %+v", m)
	}
	if m := meaningOf("UPDATE_COMPLETE", "Stack UPDATE completed successfully"); m.Reason != "" {
		t.Errorf("a success has a reason: %+v", m)
	}
}
