// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/ready"
)

// stateDeleted is the word of what is gone and still listed for a while.
const stateDeleted = "deleted"

// clusterStatusTable holds every word of a cluster's state, sorted. Two spellings of a
// failed deletion are in use.
var clusterStatusTable = map[string]ready.Meaning{
	"create_timeout":  {Status: pmks.ClusterInactive, Final: true, Reason: "the creation took too long: delete the cluster, which is billed until then"},
	"delete_failed":   {Status: pmks.ClusterInactive, Final: true, Reason: "the deletion failed: delete it again when what is in its way is gone"},
	"deleted_failed":  {Status: pmks.ClusterInactive, Final: true, Reason: "the deletion failed: delete it again when what is in its way is gone"},
	"deleting":        {Status: pmks.ClusterDeleting},
	"disconnected":    {Status: pmks.ClusterInactive, Reason: "the control plane is not connected"},
	"draining":        {Status: pmks.ClusterUpdating},
	"failed":          {Status: pmks.ClusterInactive, Final: true, Reason: "the creation failed: delete the cluster, which is billed until then"},
	"inactive":        {Status: pmks.ClusterInactive, Reason: "the cluster is inactive"},
	"initial":         {Status: pmks.ClusterCreating},
	"migrating":       {Status: pmks.ClusterUpdating},
	"removing":        {Status: pmks.ClusterUpdating},
	"removing_nodes":  {Status: pmks.ClusterUpdating},
	"running":         {Status: pmks.ClusterActive},
	"scaling":         {Status: pmks.ClusterUpdating},
	"stopped":         {Status: pmks.ClusterInactive, Reason: "the cluster is stopped"},
	"unavailable":     {Status: pmks.ClusterInactive, Reason: "the cluster is unavailable"},
	"updating":        {Status: pmks.ClusterUpdating},
	"updating_failed": {Status: pmks.ClusterInactive, Final: true, Reason: "the last change failed: upgrade again, or delete the cluster"},
	"upgrading":       {Status: pmks.ClusterUpdating},
	"waiting":         {Status: pmks.ClusterInactive, Reason: "the cluster waits for something"},
}

// poolStatusTable holds every word of a pool's state, sorted. An active pool exists: that
// its nodes have joined is another matter.
var poolStatusTable = map[string]ready.Meaning{
	"active":         {Status: pmks.ClusterActive},
	"delete_failed":  {Status: pmks.ClusterInactive, Final: true, Reason: "the deletion failed: remove it again when what is in its way is gone"},
	"deleting":       {Status: pmks.ClusterDeleting},
	"failed":         {Status: pmks.ClusterInactive, Final: true, Reason: "the node pool has failed: remove it and add it again"},
	"initial":        {Status: pmks.ClusterCreating},
	"removing":       {Status: pmks.ClusterUpdating},
	"removing_nodes": {Status: pmks.ClusterUpdating},
	"repairing":      {Status: pmks.ClusterUpdating},
	"scaling":        {Status: pmks.ClusterUpdating},
	"updating":       {Status: pmks.ClusterUpdating},
	"upgrading":      {Status: pmks.ClusterUpdating},
}

func clusterMeaning(state string) ready.Meaning {
	return ready.Lookup(clusterStatusTable, vendor, state)
}

func poolMeaning(state string) ready.Meaning { return ready.Lookup(poolStatusTable, vendor, state) }

// taskStates say of the words of a task's state, of which there are several spellings,
// whether it has ended and how.
var taskStates = map[string]struct{ done, failed bool }{
	"canceled": {true, true}, "cancelled": {true, true}, "error": {true, true}, "fail": {true, true}, "failed": {true, true}, "timeout": {true, true},
	"initial": {}, "paused": {}, "pending": {}, "running": {},
	"succeeded": {done: true}, "success": {done: true},
}

func taskState(word string) (done, failed bool) {
	s := taskStates[strings.ToLower(word)]
	return s.done, s.failed
}
