// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/ready"
	"github.com/pmks-go/pmks/internal/refuse"
)

// clusterStatusTable holds every word of the EKS API reference (Cluster.status).
var clusterStatusTable = map[types.ClusterStatus]ready.Meaning{
	types.ClusterStatusActive:   {Status: pmks.ClusterActive},
	types.ClusterStatusCreating: {Status: pmks.ClusterCreating},
	types.ClusterStatusDeleting: {Status: pmks.ClusterDeleting},
	types.ClusterStatusFailed:   {Status: pmks.ClusterInactive, Final: true, Reason: "the creation failed; delete the cluster and create it again"},
	types.ClusterStatusPending:  {Status: pmks.ClusterCreating},
	types.ClusterStatusUpdating: {Status: pmks.ClusterUpdating},
}

// nodegroupStatusTable holds every word of Nodegroup.status. A DEGRADED group may
// become ACTIVE again when capacity comes back; a CREATE_FAILED one never heals.
var nodegroupStatusTable = map[types.NodegroupStatus]ready.Meaning{
	types.NodegroupStatusActive:       {Status: pmks.ClusterActive},
	types.NodegroupStatusCreateFailed: {Status: pmks.ClusterInactive, Final: true, Reason: "the creation failed; remove the node group and add it again"},
	types.NodegroupStatusCreating:     {Status: pmks.ClusterCreating},
	types.NodegroupStatusDegraded:     {Status: pmks.ClusterInactive, Reason: "some nodes are not healthy"},
	types.NodegroupStatusDeleteFailed: {Status: pmks.ClusterInactive, Final: true, Reason: "the deletion failed; remove what blocks it and remove the node group again"},
	types.NodegroupStatusDeleting:     {Status: pmks.ClusterDeleting},
	types.NodegroupStatusUpdating:     {Status: pmks.ClusterUpdating},
}

// clusterMeaning says what a cluster's word means, in the words of EKS where it has
// some: health issues are told in every state, an ACTIVE cluster may have them.
func clusterMeaning(c *types.Cluster) ready.Meaning {
	m := ready.Lookup(clusterStatusTable, "EKS", c.Status)
	if c.Status == types.ClusterStatusPending && c.ConnectorConfig != nil {
		// A registered external cluster waits for its agent, not for EKS.
		m = ready.Meaning{Status: pmks.ClusterInactive, Reason: "the registration of an external cluster is not finished"}
	}
	var issues []string
	if c.Health != nil {
		for _, i := range c.Health.Issues {
			issues = append(issues, issue(string(i.Code), i.Message, i.ResourceIds))
		}
	}
	return m.Because(sentences(issues))
}

func nodegroupMeaning(n *types.Nodegroup) ready.Meaning {
	var issues []string
	if n.Health != nil {
		for _, i := range n.Health.Issues {
			issues = append(issues, issue(string(i.Code), i.Message, i.ResourceIds))
		}
	}
	return ready.Lookup(nodegroupStatusTable, "EKS", n.Status).Because(sentences(issues))
}

func sentences(issues []string) string {
	return strings.Join(slices.DeleteFunc(issues, func(s string) bool { return s == "" }), "; ")
}

// checkClusterReady says why a cluster takes no node groups and no upgrade now.
func checkClusterReady(c *types.Cluster) error {
	if err := checkOurs(c); err != nil {
		return err
	}
	return ready.Check("the cluster", string(c.Status), clusterMeaning(c))
}

// checkOurs refuses what EKS shows and does not run.
func checkOurs(c *types.Cluster) error {
	if c.ConnectorConfig != nil {
		return refuse.Unsupported("clusterIID", "is an external cluster (%s) that is registered with EKS, which does not run it: change it where it runs, and deregister it in EKS",
			aws.ToString(c.ConnectorConfig.Provider))
	}
	return nil
}

// checkGroupReady says why a node group takes no changes now. EKS decides about one
// that is DEGRADED.
func checkGroupReady(n *types.Nodegroup) error {
	m := nodegroupMeaning(n)
	if n.Status == types.NodegroupStatusDegraded {
		return ready.CheckMend("the node group", string(n.Status), m)
	}
	return ready.Check("the node group", string(n.Status), m)
}

func issue(code string, message *string, resources []string) string {
	text := code
	if message != nil && *message != "" {
		text = strings.TrimPrefix(text+": "+*message, ": ")
	}
	if len(resources) > 0 {
		text += " [" + strings.Join(resources, " ") + "]"
	}
	return text
}
