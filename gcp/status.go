// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated

package gcp

import (
	"cmp"
	"fmt"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
)

// word is what a vendor's status means.
type word struct {
	status pmks.ClusterStatus
	// final: GKE will not leave the state by itself.
	final bool
	// reason is used when GKE gives none of its own.
	reason string
}

// clusterStatusTable holds every word of Cluster.Status.
var clusterStatusTable = map[containerpb.Cluster_Status]word{
	containerpb.Cluster_DEGRADED:     {pmks.ClusterInactive, false, "the cluster needs somebody's action to work fully"},
	containerpb.Cluster_ERROR:        {pmks.ClusterInactive, true, "the cluster may be unusable; GKE removes one whose creation failed"},
	containerpb.Cluster_PROVISIONING: {status: pmks.ClusterCreating},
	containerpb.Cluster_RECONCILING:  {status: pmks.ClusterUpdating},
	containerpb.Cluster_RUNNING:      {status: pmks.ClusterActive},
	containerpb.Cluster_STOPPING:     {status: pmks.ClusterDeleting},
}

// poolStatusTable holds every word of NodePool.Status. A pool that RUNS WITH ERROR
// may heal, when machines are to be had again.
var poolStatusTable = map[containerpb.NodePool_Status]word{
	containerpb.NodePool_ERROR:              {pmks.ClusterInactive, true, "the node pool may be unusable; remove it and add it again"},
	containerpb.NodePool_PROVISIONING:       {status: pmks.ClusterCreating},
	containerpb.NodePool_RECONCILING:        {status: pmks.ClusterUpdating},
	containerpb.NodePool_RUNNING:            {status: pmks.ClusterActive},
	containerpb.NodePool_RUNNING_WITH_ERROR: {pmks.ClusterInactive, false, "some nodes are not as they should be"},
	containerpb.NodePool_STOPPING:           {status: pmks.ClusterDeleting},
}

// unknown is the meaning of a word that is in no table: never Active.
func unknown(native string) word {
	return word{pmks.ClusterInactive, false, fmt.Sprintf("GKE reports the status %q, which pmks does not know", native)}
}

func clusterWord(c *containerpb.Cluster) word {
	w, ok := clusterStatusTable[c.GetStatus()]
	if !ok {
		w = unknown(c.GetStatus().String())
	}
	w.reason = cmp.Or(reason(c.GetConditions(), c.GetStatusMessage()), w.reason)
	return w
}

func poolWord(p *containerpb.NodePool) word {
	w, ok := poolStatusTable[p.GetStatus()]
	if !ok {
		w = unknown(p.GetStatus().String())
	}
	w.reason = cmp.Or(reason(p.GetConditions(), p.GetStatusMessage()), w.reason)
	return w
}

// reason joins what GKE says of a state. The message of a status is the older way.
func reason(conditions []*containerpb.StatusCondition, message string) string {
	var parts []string
	for _, c := range conditions {
		code := c.GetCanonicalCode().String()
		if old := c.GetCode(); old != containerpb.StatusCondition_UNKNOWN {
			code = old.String()
		}
		parts = append(parts, strings.TrimSuffix(code+": "+c.GetMessage(), ": "))
	}
	if len(parts) == 0 {
		return message
	}
	return strings.Join(parts, "; ")
}
