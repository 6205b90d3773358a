// SPDX-License-Identifier: Apache-2.0

package nks

import "slices"

// The bodies of add-ons.
type (
	addonType struct {
		UUID      string `json:"uuid"`
		Name      string `json:"name"`
		Mandatory bool   `json:"mandatory"`
	}
	addonObject struct {
		UUID          string        `json:"uuid"`
		Type          string        `json:"type"`
		Version       string        `json:"version"`
		Name          string        `json:"name"`
		OptionSchemas []addonOption `json:"option_schemas"`
		K8sMinVersion *string       `json:"k8s_min_version"`
		K8sMaxVersion *string       `json:"k8s_max_version"`
		Description   string        `json:"description"`
	}
	addonOption struct {
		Name      string   `json:"name"`
		DataType  string   `json:"data_type"`
		Default   string   `json:"default"`
		Updatable bool     `json:"updatable"`
		Mandatory bool     `json:"mandatory"`
		Choices   []string `json:"choices"`
	}
)

var addonTypes = []addonType{
	{"123e4567-e89b-12d3-a456-426614174001", "cni", true},
	{"123e4567-e89b-12d3-a456-426614174003", "kube-dns", true},
	{"123e4567-e89b-12d3-a456-426614174005", "metrics", false},
}

// addons are what can be installed, in no order of versions. What k8s_max_version says
// is made up: the samples of the guide have none.
var addons = []addonObject{
	{"23454567-1234-12d3-a456-426614174001", "cni", "v3.28.2-nks1", "calico", []addonOption{calicoMode}, textOrNull("v1.26.0"), nil, "Calico"},
	{"23454567-1234-12d3-a456-426614174002", "cni", "v3.30.2-nks1", "calico", []addonOption{calicoMode}, textOrNull("v1.31.0"), nil, "Calico"},
	{"23454567-1234-12d3-a456-426614174003", "cni", "v3.24.1-nks1", "calico", []addonOption{calicoMode}, textOrNull("v1.26.0"), textOrNull("v1.31.4"), "Calico"},
	{"23454567-1234-12d3-a456-426614174005", "kube-dns", "1.8.4-nks1", "coredns", []addonOption{}, textOrNull("v1.26.0"), nil, "CoreDNS"},
	{"23454567-1234-12d3-a456-426614174006", "kube-dns", "1.12.0-nks1", "coredns", []addonOption{}, textOrNull("v1.31.0"), nil, "CoreDNS"},
	{"23454567-1234-12d3-a456-426614174007", "metrics", "0.7.2-nks1", "metrics-server", []addonOption{}, textOrNull("v1.26.0"), textOrNull("v1.33.4"), "Metrics Server"},
}

var calicoMode = addonOption{"mode", "SELECT", "vxlan", false, false, []string{"vxlan", "ebpf"}}

func (s *Server) listAddonTypes(*call) (*answer, *apiError) {
	return ok(map[string][]addonType{"addon_types": addonTypes})
}

// listAddons shows those that a version of Kubernetes can have.
func (s *Server) listAddons(c *call) (*answer, *apiError) {
	version, image := c.query.Get("k8s_version"), c.query.Get("image")
	if _, known := s.versions()[version]; version != "" && !known {
		return nil, badRequest("The k8s_version %.64s is not supported.", version)
	}
	if _, known := c.project.resources.image(image); image != "" && !known {
		return nil, missing("image", image)
	}
	out := []addonObject{}
	for _, a := range addons {
		if version == "" || a.runsOn(version) {
			out = append(out, a)
		}
	}
	return ok(map[string][]addonObject{"addons": out})
}

// runsOn reports whether a version of Kubernetes can have an add-on. Versions of one
// length with a v in front compare as texts.
func (a addonObject) runsOn(version string) bool {
	return *a.K8sMinVersion <= version && (a.K8sMaxVersion == nil || version <= *a.K8sMaxVersion)
}

// checkAddons refuses add-ons that there are not, or not for a version of Kubernetes,
// and, where they are required, the absence of what is mandatory.
func (s *Server) checkAddons(given []addonRequest, version string) *apiError {
	var types []string
	for _, g := range given {
		a, known := find(addons, func(a addonObject) bool { return a.Name == g.Name && a.Version == g.Version })
		if !known {
			return badRequest("The addon %.64s %.64s could not be found.", g.Name, g.Version)
		}
		if !a.runsOn(version) {
			return badRequest("The addon %s %s does not support Kubernetes %s.", a.Name, a.Version, version)
		}
		if slices.Contains(types, a.Type) {
			return badRequest("There are several addons of the type %s.", a.Type)
		}
		for key, value := range g.Options {
			option, known := find(a.OptionSchemas, func(o addonOption) bool { return o.Name == key })
			if text, isText := value.(string); !known || !isText || !slices.Contains(option.Choices, text) {
				return badRequest("The option %.64s of the addon %s is invalid.", key, g.Name)
			}
		}
		types = append(types, a.Type)
	}
	for _, t := range addonTypes {
		if t.Mandatory && s.assume.AddonsRequired && !slices.Contains(types, t.Name) {
			return badRequest("An addon of the type %s is mandatory.", t.Name)
		}
	}
	return nil
}

// clusterAddon is an add-on of a cluster.
type clusterAddon struct {
	UUID         string         `json:"uuid"`
	ProjectID    string         `json:"project_id"`
	ClusterUUID  string         `json:"cluster_uuid"`
	ClusterName  string         `json:"cluster_name"`
	Type         string         `json:"type"`
	Version      string         `json:"version"`
	Options      map[string]any `json:"options"`
	Name         string         `json:"name"`
	Status       string         `json:"status"`
	StatusReason *string        `json:"status_reason"`
	Scope        string         `json:"scope"`
	TargetUUID   string         `json:"target_uuid"`
	CreatedAt    string         `json:"created_at"`
	UpdatedAt    *string        `json:"updated_at"`
}

// listClusterAddons shows what a cluster was made with.
func (s *Server) listClusterAddons(c *call) (*answer, *apiError) {
	shown, rec, e := s.view(c)
	if e != nil {
		return nil, e
	}
	out := []clusterAddon{}
	for _, g := range rec.request.Addons {
		a, known := find(addons, func(a addonObject) bool { return a.Name == g.Name && a.Version == g.Version })
		if !known || !shown.ControlPlaneUp {
			continue
		}
		o := clusterAddon{
			UUID: a.UUID, ProjectID: rec.project.id, ClusterUUID: shown.ID, ClusterName: shown.Name, Type: a.Type, Version: a.Version, Options: g.Options, Name: a.Name,
			Status: "CREATE_COMPLETE", Scope: "cluster", TargetUUID: shown.ID, CreatedAt: timestamp(shown.Created),
		}
		if o.Options == nil {
			o.Options = map[string]any{}
		}
		out = append(out, o)
	}
	return ok(map[string][]clusterAddon{"addons": out})
}
