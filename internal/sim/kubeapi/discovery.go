// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"cmp"
	"slices"
	"strings"
)

// serveInfo answers what is not about objects: with a body, or with a text.
func (c *call) serveInfo(parts []string) (answer any, text string, e *refusal) {
	path := strings.Join(parts, "/")
	switch path {
	case "":
		paths := []string{"/api", "/api/v1", "/apis", "/healthz", "/livez", "/readyz", "/version"}
		for _, group := range groups() {
			paths = append(paths, "/apis/"+group, "/apis/"+group+"/v1")
		}
		return map[string]any{"paths": slices.Sorted(slices.Values(paths))}, "", nil
	case "healthz", "livez", "readyz":
		if c.flag("verbose") {
			return nil, "[+]ping ok\n" + path + " check passed\n", nil
		}
		return nil, "ok", nil
	case "version":
		return c.version(), "", nil
	case "api":
		if c.form.aggregated != "" {
			return c.aggregate([]string{""}), "", nil
		}
		return map[string]any{
			"kind": "APIVersions", "versions": []string{"v1"},
			"serverAddressByClientCIDRs": []any{map[string]any{"clientCIDR": "0.0.0.0/0", "serverAddress": c.r.Host}},
		}, "", nil
	case "apis":
		if c.form.aggregated != "" {
			return c.aggregate(groups()), "", nil
		}
		var list []any
		for _, group := range groups() {
			list = append(list, groupObject(group))
		}
		return map[string]any{"kind": "APIGroupList", "apiVersion": "v1", "groups": list}, "", nil
	case "api/v1":
		return resourceList("", "v1"), "", nil
	}
	for _, group := range groups() {
		switch path {
		case "apis/" + group:
			answer := groupObject(group)
			answer["kind"], answer["apiVersion"] = "APIGroup", "v1"
			return answer, "", nil
		case "apis/" + group + "/v1":
			return resourceList(group, "v1"), "", nil
		}
	}
	return nil, "", noPath()
}

// groups are the API groups with a name.
func groups() []string {
	var names []string
	for _, r := range resources {
		if r.group != "" && !slices.Contains(names, r.group) {
			names = append(names, r.group)
		}
	}
	return names
}

func groupObject(group string) map[string]any {
	version := map[string]any{"groupVersion": group + "/v1", "version": "v1"}
	return map[string]any{"name": group, "versions": []any{version}, "preferredVersion": version}
}

// resourceList is the discovery of one version of a group.
func resourceList(group, version string) map[string]any {
	var list []any
	for _, r := range resources {
		if r.group != group || r.version != version {
			continue
		}
		entry := map[string]any{"name": r.name, "singularName": r.singular, "namespaced": r.namespaced, "kind": r.kind, "verbs": r.verbs}
		if r.short != nil {
			entry["shortNames"] = r.short
		}
		list = append(list, entry)
	}
	name := version
	if group != "" {
		name = group + "/" + version
	}
	return map[string]any{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": list}
}

// aggregate is the discovery of several groups at once.
func (c *call) aggregate(names []string) map[string]any {
	var items []any
	for _, group := range names {
		var list []any
		for _, r := range resources {
			if r.group != group {
				continue
			}
			scope := "Cluster"
			if r.namespaced {
				scope = "Namespaced"
			}
			entry := map[string]any{
				"resource": r.name, "singularResource": r.singular, "scope": scope, "verbs": r.verbs,
				"responseKind": map[string]any{"group": r.group, "version": r.version, "kind": r.kind},
			}
			if r.short != nil {
				entry["shortNames"] = r.short
			}
			list = append(list, entry)
		}
		metadata := map[string]any{}
		if group != "" {
			metadata["name"] = group
		}
		items = append(items, map[string]any{
			"metadata": metadata, "versions": []any{map[string]any{"version": "v1", "freshness": "Current", "resources": list}},
		})
	}
	return map[string]any{
		"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/" + c.form.aggregated, "metadata": map[string]any{}, "items": items,
	}
}

// version is the body of /version.
func (c *call) version() map[string]any {
	git := gitVersion(c.view.Version)
	number := strings.TrimPrefix(git, "v")
	major, rest, _ := strings.Cut(number, ".")
	minor, _, _ := strings.Cut(rest, ".")
	return map[string]any{
		"major": cmp.Or(major, "1"), "minor": minor, "gitVersion": git, "gitCommit": strings.Repeat("0", 40), "gitTreeState": "clean",
		"buildDate": "2026-01-01T00:00:00Z", "goVersion": "go1.26", "compiler": "gc", "platform": "linux/amd64",
	}
}
