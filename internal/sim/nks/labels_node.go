// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/core"
)

// maxNodeLabels is how many labels the nodes of a group may have.
const maxNodeLabels = 20

// The syntax of Kubernetes. A value may be empty.
var (
	nodeLabelName   = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$`)
	nodeLabelValue  = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$`)
	nodeLabelPrefix = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`)
)

// nodeLabelPrefixes are those of Kubernetes and of NKS itself.
var nodeLabelPrefixes = []string{"kubernetes.io", "k8s.io", "magnum.openstack.org"}

// NodeLabelsForm is how k8s_node_labels may be sent with a new cluster or node group.
type NodeLabelsForm int

// The values of NodeLabelsForm.
const (
	// FormEither: as the one or the other.
	FormEither NodeLabelsForm = iota
	// FormObject: as an object, as in PATCH.
	FormObject
	// FormText: as the JSON of an object in a text, as the table of the guide says.
	FormText
)

// String says what is taken.
func (f NodeLabelsForm) String() string {
	return [...]string{"an object, or its JSON as a string", "an object", "a string"}[f]
}

// takes reports whether labels may be sent in the form that they have.
func (f NodeLabelsForm) takes(value any) bool {
	_, isText := value.(string)
	return f == FormEither || isText == (f == FormText)
}

func tooManyNodeLabels() *apiError {
	return badRequest("k8s_node_labels must be an object of at most %d labels.", maxNodeLabels)
}

// nodeLabelsOf reads the labels of nodes.
func nodeLabelsOf(value any) (map[string]string, *apiError) {
	if text, ok := value.(string); ok {
		var inner map[string]any
		if json.Unmarshal([]byte(text), &inner) != nil || inner == nil {
			return nil, badRequest("k8s_node_labels is not a JSON object.")
		}
		value = inner
	}
	object, ok := value.(map[string]any)
	if !ok || object == nil || len(object) > maxNodeLabels {
		return nil, tooManyNodeLabels()
	}
	out := map[string]string{}
	for _, key := range sortedKeys(object) {
		text, isText := object[key].(string)
		prefix, name, found := strings.Cut(key, "/")
		if !found {
			prefix, name = "", key
		}
		reserved := slices.ContainsFunc(nodeLabelPrefixes, func(p string) bool { return prefix == p || strings.HasSuffix(prefix, "."+p) })
		badPrefix := found && (len(prefix) > 253 || !nodeLabelPrefix.MatchString(prefix))
		if !isText || reserved || badPrefix || !nodeLabelName.MatchString(name) || !nodeLabelValue.MatchString(text) {
			return nil, badRequest("The label %.64s of k8s_node_labels is invalid.", key)
		}
		out[key] = text
	}
	return out, nil
}

// relabel replaces the labels of a group. Nodes that are there keep theirs.
func (own *groupRecord) relabel(g *core.NodeGroup, next map[string]any) {
	earlier := map[string]map[string]string{}
	for _, node := range g.Nodes {
		earlier[node.SystemId] = own.labelsOf(node.SystemId)
	}
	own.earlier = earlier
	own.labels = maps.Clone(own.labels)
	if own.labels == nil {
		own.labels = map[string]any{} // of a group that showed none
	}
	own.labels["k8s_node_labels"] = next
}

// labelsOf are the labels that a node was made with.
func (own *groupRecord) labelsOf(node string) map[string]string {
	if kept, before := own.earlier[node]; before {
		return kept
	}
	current, _ := nodeLabelsOf(own.labels["k8s_node_labels"])
	return current
}
