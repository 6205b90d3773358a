// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks"
)

// word is what a vendor's status means.
type word struct {
	status pmks.ClusterStatus
	// final: EKS will not leave the state by itself.
	final bool
	// reason is used when EKS gives none of its own.
	reason string
}

// clusterStatusTable holds every word of the EKS API reference (Cluster.status).
var clusterStatusTable = map[types.ClusterStatus]word{
	types.ClusterStatusActive:   {status: pmks.ClusterActive},
	types.ClusterStatusCreating: {status: pmks.ClusterCreating},
	types.ClusterStatusDeleting: {status: pmks.ClusterDeleting},
	types.ClusterStatusFailed:   {pmks.ClusterInactive, true, "the creation failed; delete the cluster and create it again"},
	types.ClusterStatusPending:  {status: pmks.ClusterCreating},
	types.ClusterStatusUpdating: {status: pmks.ClusterUpdating},
}

// nodegroupStatusTable holds every word of Nodegroup.status. A DEGRADED group may
// become ACTIVE again when capacity comes back; a CREATE_FAILED one never heals.
var nodegroupStatusTable = map[types.NodegroupStatus]word{
	types.NodegroupStatusActive:       {status: pmks.ClusterActive},
	types.NodegroupStatusCreateFailed: {pmks.ClusterInactive, true, "the creation failed; remove the node group and add it again"},
	types.NodegroupStatusCreating:     {status: pmks.ClusterCreating},
	types.NodegroupStatusDegraded:     {pmks.ClusterInactive, false, "some nodes are not healthy"},
	types.NodegroupStatusDeleteFailed: {pmks.ClusterInactive, true, "the deletion failed; remove what blocks it and remove the node group again"},
	types.NodegroupStatusDeleting:     {status: pmks.ClusterDeleting},
	types.NodegroupStatusUpdating:     {status: pmks.ClusterUpdating},
}

// unknown is the meaning of a word that is in no table: never Active.
func unknown(native string) word {
	return word{pmks.ClusterInactive, false, fmt.Sprintf("EKS reports the status %q, which pmks does not know", native)}
}

func clusterStatus(c *types.Cluster) (pmks.ClusterStatus, string, bool) {
	w, ok := clusterStatusTable[c.Status]
	if !ok {
		w = unknown(string(c.Status))
	}
	if c.Status == types.ClusterStatusPending && c.ConnectorConfig != nil {
		// A registered external cluster waits for its agent, not for EKS.
		w = word{pmks.ClusterInactive, false, "the registration of an external cluster is not finished"}
	}
	var issues []string
	if c.Health != nil {
		for _, i := range c.Health.Issues {
			issues = append(issues, issue(string(i.Code), i.Message, i.ResourceIds))
		}
	}
	return w.status, reason(w, issues), w.final
}

func nodegroupStatus(n *types.Nodegroup) (pmks.NodeGroupStatus, string, bool) {
	w, ok := nodegroupStatusTable[n.Status]
	if !ok {
		w = unknown(string(n.Status))
	}
	var issues []string
	if n.Health != nil {
		for _, i := range n.Health.Issues {
			issues = append(issues, issue(string(i.Code), i.Message, i.ResourceIds))
		}
	}
	return pmks.NodeGroupStatus(w.status), reason(w, issues), w.final
}

// reason prefers what EKS says. Health issues are told in every state: an ACTIVE
// cluster may have some.
func reason(w word, issues []string) string {
	issues = slices.DeleteFunc(issues, func(s string) bool { return s == "" })
	return cmp.Or(strings.Join(issues, "; "), w.reason)
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
