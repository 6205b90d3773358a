// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"slices"

	"github.com/pmks-go/pmks"
)

// closedVersions are known and not open for creation any more.
var closedVersions = []pmks.Version{{Name: "v1.30.3", Deprecated: true}, {Name: "v1.29.3", Deprecated: true}, {Name: "v1.28.3", Deprecated: true}}

// versions says of each version whether clusters can be made with it.
func (s *Server) versions() map[string]bool {
	out := map[string]bool{}
	for _, v := range s.profile.Offer {
		out[v.Name] = !slices.Contains(closedVersions, v)
	}
	return out
}

// versionStatus is the label that says whether a version is the newest.
func (s *Server) versionStatus(version string) string {
	if version == s.profile.Offer[0].Name {
		return "LATEST"
	}
	return "NEED_UPGRADE"
}

// eventTypes are the types of records, of clusters and of node groups.
var eventTypes = map[string]map[string]string{
	"cluster_events": {
		"CLUSTER_CREATE": "Create a cluster", "CLUSTER_DELETE": "Delete a cluster", eventRenewal: "Rotate cluster certificate",
		eventACL: "Update cluster API endpoint IP access control settings",
	},
	"nodegroup_events": {
		"CLUSTER_RESIZE": "Resize a cluster", eventGroupCreated: "Create a node group", "NODEGROUP_DELETE": "Delete a node group",
		"NODEGROUP_SCALE_IN": "Scale in nodes", "NODEGROUP_SCALE_OUT": "Scale out nodes", "NODEGROUP_UPGRADE": "Node group upgrade",
		"NODEGROUP_SET_CLUSTER_AUTOSCALER": "Change cluster autoscaler settings", "NODEGROUP_UPDATE_K8S_NODE_LABELS": "Update node group Kubernetes label settings",
	},
}

type supportsObject struct {
	SupportedK8s       map[string]any `json:"supported_k8s"`
	SupportedEventType map[string]any `json:"supported_event_type"`
}

func (s *Server) getSupports(*call) (*answer, *apiError) {
	out := supportsObject{map[string]any{}, map[string]any{}}
	for version, creatable := range s.versions() {
		out.SupportedK8s[version] = creatable
		if s.assume.TextVersions {
			out.SupportedK8s[version] = truthText(creatable)
		}
	}
	for kind, types := range eventTypes {
		if s.assume.NestedEventTypes {
			out.SupportedEventType[kind] = types
			continue
		}
		for word, text := range types {
			out.SupportedEventType[word] = text
		}
	}
	return ok(out)
}
