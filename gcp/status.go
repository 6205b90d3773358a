// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated

package gcp

import (
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/ready"
)

// cloud is how messages call the service.
const cloud = "GKE"

// clusterStatusTable holds every word of Cluster.Status.
var clusterStatusTable = map[containerpb.Cluster_Status]ready.Meaning{
	containerpb.Cluster_DEGRADED:     {Status: pmks.ClusterInactive, Reason: "the cluster needs somebody's action to work fully"},
	containerpb.Cluster_ERROR:        {Status: pmks.ClusterInactive, Final: true, Reason: "the cluster may be unusable; GKE removes one whose creation failed"},
	containerpb.Cluster_PROVISIONING: {Status: pmks.ClusterCreating},
	containerpb.Cluster_RECONCILING:  {Status: pmks.ClusterUpdating},
	containerpb.Cluster_RUNNING:      {Status: pmks.ClusterActive},
	containerpb.Cluster_STOPPING:     {Status: pmks.ClusterDeleting},
}

// poolStatusTable holds every word of NodePool.Status. A pool that RUNS WITH ERROR
// may heal, when machines are to be had again.
var poolStatusTable = map[containerpb.NodePool_Status]ready.Meaning{
	containerpb.NodePool_ERROR:              {Status: pmks.ClusterInactive, Final: true, Reason: "the node pool may be unusable; remove it and add it again"},
	containerpb.NodePool_PROVISIONING:       {Status: pmks.ClusterCreating},
	containerpb.NodePool_RECONCILING:        {Status: pmks.ClusterUpdating},
	containerpb.NodePool_RUNNING:            {Status: pmks.ClusterActive},
	containerpb.NodePool_RUNNING_WITH_ERROR: {Status: pmks.ClusterInactive, Reason: "some nodes are not as they should be"},
	containerpb.NodePool_STOPPING:           {Status: pmks.ClusterDeleting},
}

func clusterMeaning(c *containerpb.Cluster) ready.Meaning {
	m, ok := clusterStatusTable[c.GetStatus()]
	if !ok {
		m = ready.Unknown(cloud, c.GetStatus().String())
	}
	return m.Because(reason(c.GetConditions(), c.GetStatusMessage()))
}

func poolMeaning(p *containerpb.NodePool) ready.Meaning {
	m, ok := poolStatusTable[p.GetStatus()]
	if !ok {
		m = ready.Unknown(cloud, p.GetStatus().String())
	}
	return m.Because(reason(p.GetConditions(), p.GetStatusMessage()))
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
