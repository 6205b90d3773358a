// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/refuse"
)

// What a node pool has of Kubernetes' own: labels and taints of its nodes, and the zones
// that these are in.

// longestLabels is how many characters the labels of a pool may have in all
// (containerpb, NodeConfig.labels).
const longestLabels = 1024

// effectTable maps the effects of taints both ways.
var effectTable = map[pmks.TaintEffect]containerpb.NodeTaint_Effect{
	pmks.TaintNoExecute:        containerpb.NodeTaint_NO_EXECUTE,
	pmks.TaintNoSchedule:       containerpb.NodeTaint_NO_SCHEDULE,
	pmks.TaintPreferNoSchedule: containerpb.NodeTaint_PREFER_NO_SCHEDULE,
}

// effectOf is the word of Kubernetes for an effect; one that nobody knows is shown as it
// is.
func effectOf(e containerpb.NodeTaint_Effect) pmks.TaintEffect {
	for word, effect := range effectTable {
		if effect == e {
			return word
		}
	}
	return pmks.TaintEffect(e.String())
}

// acceleratorKeys are those of the taints that GKE puts on nodes with accelerators, and
// that a user may put on others.
var acceleratorKeys = []string{"google.com/tpu", "nvidia.com/gpu"}

// nodeLabels are the user's labels; nil if there are none.
func nodeLabels(c *containerpb.NodeConfig) map[string]string {
	var labels map[string]string
	for key, value := range c.GetLabels() {
		if capabilities.NodeGroups.Reserved(key) {
			continue
		}
		if labels == nil {
			labels = map[string]string{}
		}
		labels[key] = value
	}
	return labels
}

// nodeTaints are the user's taints; nil if there are none.
func nodeTaints(c *containerpb.NodeConfig) []pmks.Taint {
	var taints []pmks.Taint
	for _, t := range c.GetTaints() {
		accelerated := len(c.GetAccelerators()) > 0 && slices.Contains(acceleratorKeys, t.GetKey())
		if !capabilities.NodeGroups.Reserved(t.GetKey()) && !accelerated {
			taints = append(taints, pmks.Taint{Key: t.GetKey(), Value: t.GetValue(), Effect: effectOf(t.GetEffect())})
		}
	}
	return taints
}

// checkNodes refuses what GKE would of the nodes of a request. Everything wrong comes at
// once, with prefix before the field; syntax, counts and reserved keys have been checked
// with the capabilities.
func (h *Handler) checkNodes(prefix string, req pmks.NodeGroupInfo) error {
	var f refuse.List
	size := 0
	for key, value := range req.Labels {
		size += utf8.RuneCountInString(key) + utf8.RuneCountInString(value)
	}
	if size > longestLabels {
		f.Add(prefix+"Labels", "GKE takes %d characters for all keys and values together, got %d", longestLabels, size)
	}
	for i, zone := range req.Zones {
		if !zonePattern.MatchString(zone) || regionOf(zone) != h.cfg.Region {
			f.Add(fmt.Sprintf("%sZones[%d]", prefix, i), "%q is not a zone of the region %s, such as %s-a", refuse.Clip(zone), h.cfg.Region, h.cfg.Region)
		}
	}
	return f.Err()
}

// setNodes puts what a request asks of the nodes into a pool.
func setNodes(p *containerpb.NodePool, req pmks.NodeGroupInfo) {
	p.Config.Labels, p.Config.Spot = maps.Clone(req.Labels), req.Spot
	for _, t := range req.Taints {
		p.Config.Taints = append(p.Config.Taints, &containerpb.NodeTaint{Key: t.Key, Value: t.Value, Effect: effectTable[t.Effect]})
	}
	p.Locations = slices.Clone(req.Zones)
}

// zonesIn are those that a pool has its nodes in; nil where GKE has not said yet.
func zonesIn(p *containerpb.NodePool, cluster *containerpb.Cluster) []string {
	if zones := p.GetLocations(); len(zones) > 0 {
		return slices.Clone(zones)
	}
	return slices.Clone(cluster.GetLocations())
}
