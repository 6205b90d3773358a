// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// The bodies of clusters.
type (
	clusterRequest struct {
		Name              string         `json:"name"`
		ClusterTemplateID string         `json:"cluster_template_id"`
		Keypair           string         `json:"keypair"`
		NodeCount         *int           `json:"node_count"`
		FlavorID          string         `json:"flavor_id"`
		FixedNetwork      string         `json:"fixed_network"`
		FixedSubnet       string         `json:"fixed_subnet"`
		CreateTimeout     *int           `json:"create_timeout"`
		Labels            map[string]any `json:"labels"`
		Addons            []addonRequest `json:"addons"`
		// What Magnum has besides.
		DiscoveryURL      any `json:"discovery_url" sim:"no"`
		DockerVolumeSize  any `json:"docker_volume_size" sim:"no"`
		FloatingIPEnabled any `json:"floating_ip_enabled" sim:"no"`
		MasterCount       any `json:"master_count" sim:"no"`
		MasterFlavorID    any `json:"master_flavor_id" sim:"no"`
		MasterLBEnabled   any `json:"master_lb_enabled" sim:"no"`
		MergeLabels       any `json:"merge_labels" sim:"no"`
	}
	addonRequest struct {
		Name    string         `json:"name"`
		Version string         `json:"version"`
		Options map[string]any `json:"options"`
	}
	link struct {
		Href string `json:"href"`
		Rel  string `json:"rel"`
	}
	clusterList struct {
		Clusters []clusterItem `json:"clusters"`
		Next     string        `json:"next,omitempty"`
	}
	clusterItem struct {
		UUID              string         `json:"uuid"`
		Name              string         `json:"name"`
		ClusterTemplateID string         `json:"cluster_template_id"`
		CreateTimeout     int            `json:"create_timeout"`
		DockerVolumeSize  *int           `json:"docker_volume_size"`
		FlavorID          string         `json:"flavor_id"`
		HealthStatus      *string        `json:"health_status"`
		Keypair           string         `json:"keypair"`
		Labels            map[string]any `json:"labels"`
		Links             []link         `json:"links"`
		NodeCount         int            `json:"node_count"`
		StackID           string         `json:"stack_id"`
		Status            string         `json:"status"`
	}
	clusterObject struct {
		clusterItem
		APIAddress         *string           `json:"api_address"`
		COEVersion         *string           `json:"coe_version"`
		ContainerVersion   *string           `json:"container_version"`
		CreatedAt          string            `json:"created_at"`
		FixedNetwork       string            `json:"fixed_network"`
		FixedSubnet        string            `json:"fixed_subnet"`
		FloatingIPEnabled  bool              `json:"floating_ip_enabled"`
		HealthStatusReason map[string]string `json:"health_status_reason"`
		NodeAddresses      []string          `json:"node_addresses"`
		ProjectID          string            `json:"project_id"`
		StatusReason       *string           `json:"status_reason"`
		UpdatedAt          *string           `json:"updated_at"`
		UserID             string            `json:"user_id"`
	}
)

// clusterItem is a cluster in a list.
func (s *Server) clusterItem(c *call, shown *core.Cluster, rec *clusterRecord) clusterItem {
	href := pathClusters + "/" + shown.ID
	o := clusterItem{
		UUID: shown.ID, Name: shown.Name, ClusterTemplateID: rec.template, CreateTimeout: 60, FlavorID: rec.request.FlavorID, Keypair: rec.request.Keypair,
		Labels: s.clusterLabels(shown, rec), Links: links(c, href), StackID: rec.stack, Status: s.status(shown, rec),
	}
	if rec.request.CreateTimeout != nil {
		o.CreateTimeout = *rec.request.CreateTimeout
	}
	if shown.ControlPlaneUp {
		o.HealthStatus = textOrNull("FRESH")
	}
	for _, g := range rec.inOrder(shown) {
		o.NodeCount += g.Desired
	}
	return o
}

func links(c *call, href string) []link {
	return []link{{c.base + href, "self"}, {c.base + href[len(nksRoot):], "bookmark"}}
}

// clusterLabels are those of the request, with what NKS adds and what has changed.
func (s *Server) clusterLabels(shown *core.Cluster, rec *clusterRecord) map[string]any {
	l := labels(maps.Clone(rec.labels))
	if l == nil {
		return map[string]any{}
	}
	for key, rule := range labelTable {
		if s.assume.GroupLabelsHidden && !rule.cluster {
			delete(l, key)
		}
	}
	if g, first := shown.GroupByName(defaultWorker); first && rec.groups[g.ID] != nil && !s.assume.GroupLabelsHidden {
		maps.Copy(l, rec.groups[g.ID].autoOf(g).texts())
	}
	l["kube_tag"], l["kube_version_status"] = shown.Version, s.versionStatus(shown.Version)
	l["clusterautoscale"], l["project_domain"], l["platform_version"] = "nodegroupfeature", "NORMAL", "1.202511.0"
	if shown.ControlPlaneUp {
		l["certificate_expiry"] = timestamp(rec.expiry)
	}
	return s.shown(l)
}

// autoOf is the autoscaling of a group as a view of it has it.
func (own *groupRecord) autoOf(g *core.NodeGroup) autoscaleObject {
	a := own.auto
	if a.Enable = g.Auto; g.BoundsKnown {
		a.Min, a.Max = g.Min, g.Max
	}
	return a
}

// clusterObject is a cluster by itself.
func (s *Server) clusterObject(c *call, shown *core.Cluster, rec *clusterRecord) clusterObject {
	o := clusterObject{
		clusterItem: s.clusterItem(c, shown, rec), CreatedAt: timestamp(shown.Created), FixedNetwork: rec.request.FixedNetwork,
		FixedSubnet: rec.request.FixedSubnet, NodeAddresses: []string{}, ProjectID: rec.project.id, UserID: rec.userID,
		HealthStatusReason: map[string]string{},
	}
	reason := shown.Reason
	if shown.State == profile.Active {
		reason = rec.failed
	}
	o.StatusReason = textOrNull(reason)
	if !rec.updated.IsZero() {
		o.UpdatedAt = textOrNull(timestamp(rec.updated))
	}
	if shown.ControlPlaneUp {
		o.APIAddress, o.HealthStatusReason = textOrNull(s.apiAddress(shown, rec)), map[string]string{"api_status": "NORMAL", "node_status": "NORMAL"}
		// It stays what it was at the creation.
		o.COEVersion, o.ContainerVersion = textOrNull(labels(rec.labels).text("kube_tag")), textOrNull("1.7.25")
	}
	for _, g := range rec.inOrder(shown) {
		o.NodeAddresses = append(o.NodeAddresses, s.nodeAddresses(rec, g)...)
	}
	return o
}

// apiAddress is public, or in the subnet.
func (s *Server) apiAddress(shown *core.Cluster, rec *clusterRecord) string {
	if labels(rec.labels).truth("master_lb_floating_ip_enabled", true) {
		return s.KubernetesEndpoint(shown.ID, shown.Endpoint)
	}
	return s.KubernetesEndpoint(shown.ID, "https://"+rec.project.address(rec.request.FixedSubnet, "api/"+shown.ID)+":6443")
}

// page cuts a list behind the marker of a call, and says what the next call asks for
// if it is full.
func page[T any](s *Server, c *call, all []T, id func(T) string) (items []T, next string, e *apiError) {
	limit, marker := s.pageSize, c.query.Get("marker")
	if text := c.query.Get("limit"); text != "" {
		given, err := strconv.Atoi(text)
		if err != nil || given < 1 {
			return nil, "", badRequest("The limit %.64q is invalid, it must be positive.", text)
		}
		limit = min(limit, given)
	}
	if marker != "" {
		at := slices.IndexFunc(all, func(x T) bool { return id(x) == marker })
		if at < 0 {
			return nil, "", fail(http.StatusNotFound, "NotFound", "The marker %.64s could not be found.", marker)
		}
		all = all[at+1:]
	}
	if len(all) < limit {
		return all, "", nil
	}
	items = all[:limit]
	return items, "limit=" + itoa(limit) + "&marker=" + c.NextToken(marker, id(items[limit-1])), nil
}
