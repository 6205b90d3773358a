// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"cmp"
	"maps"
	"strconv"

	"github.com/pmks-go/pmks/internal/sim/core"
)

// The bodies of node groups.
type (
	groupRequest struct {
		Name      string         `json:"name"`
		FlavorID  string         `json:"flavor_id"`
		ImageID   string         `json:"image_id"`
		NodeCount *int           `json:"node_count"`
		Role      string         `json:"role"`
		Labels    map[string]any `json:"labels"`
		// What Magnum has besides.
		DockerVolumeSize any `json:"docker_volume_size" sim:"no"`
		MaxNodeCount     any `json:"max_node_count" sim:"no"`
		MergeLabels      any `json:"merge_labels" sim:"no"`
		MinNodeCount     any `json:"min_node_count" sim:"no"`
	}
	groupPatch struct {
		Type       string         `json:"type"`
		NodeLabels map[string]any `json:"k8s_node_labels"`
		Flavor     any            `json:"flavor_id" sim:"no"`
		Metrics    any            `json:"metric_base_autoscale" sim:"no"`
		FloatingIP any            `json:"fip_auto_bind" sim:"no"`
	}
	groupList struct {
		NodeGroups []groupItem `json:"nodegroups"`
		Next       string      `json:"next,omitempty"`
	}
	groupItem struct {
		UUID         string `json:"uuid"`
		Name         string `json:"name"`
		FlavorID     string `json:"flavor_id"`
		ImageID      string `json:"image_id"`
		IsDefault    bool   `json:"is_default"`
		MaxNodeCount *int   `json:"max_node_count"`
		MinNodeCount *int   `json:"min_node_count"`
		NodeCount    int    `json:"node_count"`
		Role         string `json:"role"`
		StackID      string `json:"stack_id"`
		Status       string `json:"status"`
	}
	groupObject struct {
		groupItem
		ID               uint64         `json:"id"`
		ClusterID        string         `json:"cluster_id"`
		CreatedAt        string         `json:"created_at"`
		DockerVolumeSize *int           `json:"docker_volume_size"`
		Labels           map[string]any `json:"labels"`
		Links            []link         `json:"links"`
		NodeAddresses    []string       `json:"node_addresses"`
		ProjectID        string         `json:"project_id"`
		StatusReason     *string        `json:"status_reason"`
		UpdatedAt        *string        `json:"updated_at"`
		Version          *string        `json:"version"` // always null
	}
	// createdGroup has no status and no addresses yet.
	createdGroup struct {
		UUID         string         `json:"uuid"`
		Name         string         `json:"name"`
		ClusterID    string         `json:"cluster_id"`
		FlavorID     string         `json:"flavor_id"`
		ImageID      string         `json:"image_id"`
		Labels       map[string]any `json:"labels"`
		Links        []link         `json:"links"`
		MaxNodeCount *int           `json:"max_node_count"`
		MinNodeCount *int           `json:"min_node_count"`
		NodeCount    int            `json:"node_count"`
		ProjectID    string         `json:"project_id"`
		Role         string         `json:"role"`
	}
)

func itoa(n int) string { return strconv.Itoa(n) }

// bounds are those of the group itself, which are not there while the autoscaler is
// off, but for the first that a group begins with.
func bounds(g *core.NodeGroup) (least, most *int) {
	if !g.Auto {
		return new(1), nil
	}
	return new(g.Min), new(g.Max)
}

func (s *Server) groupItem(g *core.NodeGroup, own *groupRecord) groupItem {
	o := groupItem{
		UUID: g.ID, Name: g.Name, FlavorID: own.flavor, ImageID: own.image, NodeCount: g.Desired, Role: "worker", StackID: own.stack, Status: s.groupStatus(g, own),
		IsDefault: g.Name == defaultWorker && s.assume.DefaultGroupKept,
	}
	o.MinNodeCount, o.MaxNodeCount = bounds(g)
	return o
}

func groupLinks(c *call, cluster, group string) []link {
	return links(c, pathClusters+"/"+cluster+"/nodegroups/"+group)
}

func (s *Server) groupObject(c *call, shown *core.Cluster, rec *clusterRecord, g *core.NodeGroup, own *groupRecord) groupObject {
	o := groupObject{
		groupItem: s.groupItem(g, own), ID: own.number, ClusterID: shown.ID, CreatedAt: timestamp(g.Created), Labels: s.groupLabels(g, own),
		Links: groupLinks(c, shown.ID, g.ID), NodeAddresses: s.nodeAddresses(rec, g), ProjectID: rec.project.id,
	}
	o.StatusReason = textOrNull(cmp.Or(g.Reason, own.reason))
	if !own.updated.IsZero() {
		o.UpdatedAt = textOrNull(timestamp(own.updated))
	}
	return o
}

func (s *Server) createdGroup(c *call, rec *clusterRecord, g *core.NodeGroup, own *groupRecord) createdGroup {
	l := labels(maps.Clone(own.labels))
	maps.Copy(l, own.autoOf(g).texts())
	o := createdGroup{
		UUID: g.ID, Name: g.Name, ClusterID: rec.live.ID, FlavorID: own.flavor, ImageID: own.image, Labels: s.shown(l), Links: groupLinks(c, rec.live.ID, g.ID),
		NodeCount: g.Desired, ProjectID: rec.project.id, Role: "worker",
	}
	o.MinNodeCount, o.MaxNodeCount = bounds(g)
	return o
}

// groupLabels are those of the request, with what NKS adds and what has changed.
func (s *Server) groupLabels(g *core.NodeGroup, own *groupRecord) map[string]any {
	if own.labels == nil {
		return map[string]any{}
	}
	l := labels(maps.Clone(own.labels))
	maps.Copy(l, own.autoOf(g).texts())
	l["kube_tag"], l["kube_version_status"] = g.Version, s.versionStatus(g.Version)
	return s.shown(l)
}
