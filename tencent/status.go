// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/ready"
)

const (
	stateNormal  = "normal"
	stateDeleted = "deleted"
)

// clusterStatusTable holds every word of a cluster's state in small letters, sorted: the
// vendor writes them in several ways.
var clusterStatusTable = map[string]ready.Meaning{
	"abnormal":              {Status: pmks.ClusterInactive, Reason: "the cluster is abnormal"},
	"clusterlevelupgrading": {Status: pmks.ClusterUpdating},
	"clusterleveltrading":   {Status: pmks.ClusterUpdating},
	"creating":              {Status: pmks.ClusterCreating},
	"deleting":              {Status: pmks.ClusterDeleting},
	"idling":                {Status: pmks.ClusterInactive, Final: true, Reason: "the cluster is idle: wake it in the console"},
	"isolated":              {Status: pmks.ClusterInactive, Final: true, Reason: "the cluster is isolated: settle the account"},
	"masterscaling":         {Status: pmks.ClusterUpdating},
	"nodeupgrading":         {Status: pmks.ClusterUpdating},
	"pause":                 {Status: pmks.ClusterInactive, Final: true, Reason: "an upgrade is paused: resume or end it in the console"},
	"recovering":            {Status: pmks.ClusterUpdating},
	"resourcedestroy":       {Status: pmks.ClusterDeleting},
	"resourcedestroyed":     {Status: pmks.ClusterDeleting},
	"resourceisolate":       {Status: pmks.ClusterInactive, Final: true, Reason: "the cluster is isolated: settle the account"},
	"resourceisolated":      {Status: pmks.ClusterInactive, Final: true, Reason: "the cluster is isolated: settle the account"},
	"resourcereversal":      {Status: pmks.ClusterInactive, Reason: "the cluster is coming back from isolation"},
	"resourcereverse":       {Status: pmks.ClusterInactive, Reason: "the cluster is coming back from isolation"},
	"running":               {Status: pmks.ClusterActive},
	"runtimeupgrading":      {Status: pmks.ClusterUpdating},
	"scaling":               {Status: pmks.ClusterUpdating},
	"trading":               {Status: pmks.ClusterCreating},
	"upgrading":             {Status: pmks.ClusterUpdating},
	"waittingforconnect":    {Status: pmks.ClusterInactive, Final: true, Reason: "the cluster is not connected"},
}

// poolStatusTable holds every word of a pool's state likewise. A normal pool exists: that
// its nodes are there is another matter.
var poolStatusTable = map[string]ready.Meaning{
	"creating": {Status: pmks.ClusterCreating},
	"deleted":  {Status: pmks.ClusterDeleting},
	"deleting": {Status: pmks.ClusterDeleting},
	"normal":   {Status: pmks.ClusterActive},
	"removing": {Status: pmks.ClusterDeleting},
	"updating": {Status: pmks.ClusterUpdating},
}

func clusterMeaning(word string) ready.Meaning {
	lower := strings.ToLower(word)
	if m, ok := clusterStatusTable[lower]; ok {
		return m
	}
	if strings.HasSuffix(lower, "upgrading") || strings.HasSuffix(lower, "scaling") {
		return ready.Meaning{Status: pmks.ClusterUpdating}
	}
	return ready.Unknown(vendor, word)
}

func poolMeaning(word string) ready.Meaning {
	if m, ok := poolStatusTable[strings.ToLower(word)]; ok {
		return m
	}
	return ready.Unknown(vendor, word)
}

// taskStates say of the words of a task's and an activity's state whether it has ended and
// how.
var taskStates = map[string]struct{ done, failed bool }{
	"abort": {true, true}, "aborted": {true, true}, "cancelled": {true, true}, "done": {done: true}, "failed": {true, true}, "init": {},
	"partially_successful": {true, true}, "pause": {}, "paused": {}, "pausing": {}, "pending": {}, "process": {}, "resume": {}, "running": {},
	"successful": {done: true}, "timeout": {true, true},
}

func taskState(word string) (done, failed bool) {
	s := taskStates[strings.ToLower(word)]
	return s.done, s.failed
}
