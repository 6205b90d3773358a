// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/ready"
)

// How the words for a status end.
const (
	inProgress = "_IN_PROGRESS"
	complete   = "_COMPLETE"
	failed     = "_FAILED"
)

// Reasons for where NKS gives none.
const (
	reasonCreate  = "the creation failed; delete it and create it again"
	reasonDelete  = "the deletion failed; call it again when what blocks it is gone"
	reasonFailed  = "its last operation failed; calling it again, or another one, may mend it"
	reasonUpgrade = "the upgrade failed; when what blocks it is gone, such as a disruption budget of pods, call it again"
)

var (
	active   = ready.Meaning{Status: pmks.ClusterActive}
	updating = ready.Meaning{Status: pmks.ClusterUpdating}
	broken   = ready.Meaning{Status: pmks.ClusterInactive, Final: true, Reason: reasonFailed}
)

// statusTable holds the words of clusters and node groups: those of Magnum, those of
// Heat below it, and those that only drivers of NKS know (UPGRADE_, HANDOVER_).
var statusTable = map[text]ready.Meaning{
	"ADOPT_COMPLETE":       active,
	"CHECK_COMPLETE":       active,
	"CREATE_COMPLETE":      active,
	"CREATE_FAILED":        {Status: pmks.ClusterInactive, Final: true, Reason: reasonCreate},
	"CREATE_IN_PROGRESS":   {Status: pmks.ClusterCreating},
	"DELETE_COMPLETE":      {Status: pmks.ClusterDeleting},
	"DELETE_FAILED":        {Status: pmks.ClusterInactive, Final: true, Reason: reasonDelete},
	"DELETE_IN_PROGRESS":   {Status: pmks.ClusterDeleting},
	"HANDOVER_COMPLETE":    active,
	"HANDOVER_FAILED":      broken,
	"HANDOVER_IN_PROGRESS": updating,
	"RESTORE_COMPLETE":     active,
	"RESUME_COMPLETE":      active,
	"RESUME_FAILED":        broken,
	"ROLLBACK_COMPLETE":    active,
	"ROLLBACK_FAILED":      broken,
	"ROLLBACK_IN_PROGRESS": updating,
	"SNAPSHOT_COMPLETE":    active,
	"UPDATE_COMPLETE":      active,
	"UPDATE_FAILED":        broken,
	"UPDATE_IN_PROGRESS":   updating,
	"UPGRADE_COMPLETE":     active,
	"UPGRADE_FAILED":       {Status: pmks.ClusterInactive, Final: true, Reason: reasonUpgrade},
	"UPGRADE_IN_PROGRESS":  updating,
}

// meaningOf is what a word means; said is the reason that NKS gives, which it does of a
// success too. A word in no table is read by its end.
func meaningOf(word, said text) ready.Meaning {
	m, ok := statusTable[word]
	if !ok {
		switch w := string(word); {
		case strings.HasSuffix(w, inProgress):
			m = updating
		case strings.HasSuffix(w, complete):
			m = active
		case strings.HasSuffix(w, failed):
			m = broken
		default:
			return ready.Unknown(cloud, w)
		}
	}
	if m.Status == pmks.ClusterInactive {
		return m.Because(string(said))
	}
	return m
}

func (c clusterObject) meaning() ready.Meaning {
	m := meaningOf(c.Status, c.StatusReason)
	if faults := c.faults(); m.Status == pmks.ClusterInactive && c.StatusReason == "" && faults != "" {
		m.Reason = faults
	}
	return m
}

func (g groupObject) meaning() ready.Meaning { return meaningOf(g.Status, g.StatusReason) }
