// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"net/http"
	"slices"
)

// addonFloor is the oldest Kubernetes that the add-ons here take.
const addonFloor = "1.22.0"

// catalog lists the add-ons that there are: those of new clusters, and those that a
// cluster may have beside.
func catalog() []string {
	list := slices.Concat(standardAddons, plugins, []string{"ack-goatscaler", "ack-node-problem-detector", "ack-ram-authenticator", "cluster-autoscaler"})
	slices.Sort(list)
	return list
}

// addonTarget is the cluster that a question about add-ons is for; nil if it names none.
func (s *Server) addonTarget(c *call) (*clusterRecord, *apiError) {
	id := c.query.Get("cluster_id")
	if id == "" {
		if c.query.Get("cluster_type") == "" && c.query.Get("region_id") == "" {
			return nil, missing("cluster_id")
		}
		return nil, nil
	}
	return s.current(id)
}

func catalogEntry(name string) catalogItem {
	return catalogItem{
		Name: name, Version: addonVersion, Architecture: []string{"amd64", "arm64"}, Category: "others", ConfigSchema: "{}",
		InstallByDefault: slices.Contains(standardAddons, name), SupportedActions: []string{"Install", "Modify", "Upgrade"},
	}
}

func (s *Server) describeCatalog(c *call) (any, *apiError) {
	if _, e := s.addonTarget(c); e != nil {
		return nil, e
	}
	out := catalogResponse{Addons: []catalogItem{}}
	for _, name := range catalog() {
		out.Addons = append(out.Addons, catalogEntry(name))
	}
	return out, nil
}

// describeAddon shows one version of an add-on: that of the request, else that of the
// cluster, else the newest.
func (s *Server) describeAddon(c *call) (any, *apiError) {
	rec, e := s.addonTarget(c)
	if e != nil {
		return nil, e
	}
	name := c.labels["addon_name"]
	if !slices.Contains(catalog(), name) {
		return nil, fail(http.StatusNotFound, "AddonNotFound", "addon %s not found", name)
	}
	o := describeAddonResponse{catalogItem: catalogEntry(name), NewerVersions: []newerVersion{}}
	if rec != nil && rec.addon(name) != nil {
		o.Version = rec.addon(name).version
	}
	if v := c.query.Get("version"); v != "" {
		o.Version = v
	}
	if o.Version != addonVersion {
		o.NewerVersions = append(o.NewerVersions, newerVersion{addonFloor, true, addonVersion})
	}
	return o, nil
}

// The answers about the add-ons that there are.
type (
	catalogResponse struct {
		Addons []catalogItem `json:"addons"`
	}
	catalogItem struct {
		Name             string   `json:"name"`
		Version          string   `json:"version"`
		Architecture     []string `json:"architecture"`
		Category         string   `json:"category"`
		ConfigSchema     string   `json:"config_schema"`
		InstallByDefault bool     `json:"install_by_default"`
		Managed          bool     `json:"managed"`
		SupportedActions []string `json:"supported_actions"`
	}
	describeAddonResponse struct {
		catalogItem
		NewerVersions []newerVersion `json:"newer_versions"`
	}
	newerVersion struct {
		MinimumClusterVersion string `json:"minimum_cluster_version"`
		Upgradable            bool   `json:"upgradable"`
		Version               string `json:"version"`
	}
)
