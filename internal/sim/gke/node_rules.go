// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
)

// The syntax of Kubernetes for the keys and values of labels and taints.
var (
	labelNamePattern   = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`)
	labelPrefixPattern = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	labelValuePattern  = regexp.MustCompile(`^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$`)
)

// labelKey reports whether Kubernetes takes a text as a key.
func labelKey(key string) bool {
	prefix, name, ok := strings.Cut(key, "/")
	if !ok {
		return labelNamePattern.MatchString(key)
	}
	return len(prefix) <= 253 && labelPrefixPattern.MatchString(prefix) && labelNamePattern.MatchString(name)
}

// nodeLabelLimit is how many characters the labels of the nodes of a pool may have.
const nodeLabelLimit = 1024

// checkNodeLabels checks the Kubernetes labels of nodes.
func (s *Server) checkNodeLabels(field string, labels map[string]string) *apiError {
	total := 0
	for key, value := range labels {
		total += len(key) + len(value)
	}
	if total > nodeLabelLimit {
		return invalid("The node labels have %d characters, more than %d.", total, nodeLabelLimit).badField(field)
	}
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		value := labels[key]
		prefix, _, _ := strings.Cut(key, "/")
		reserved := func(domain string) bool { return prefix == domain || strings.HasSuffix(prefix, "."+domain) }
		switch {
		case !labelKey(key):
			return invalid("Invalid node label key %q.", key).badField(field)
		case !labelValuePattern.MatchString(value):
			return invalid("Invalid node label value %q of key %q.", value, key).badField(field)
		case prefix != key && (reserved("kubernetes.io") || reserved("k8s.io")) && !s.assume.ReservedLabelsTaken:
			return invalid("Node label key %q has a reserved prefix.", key).badField(field)
		}
	}
	return nil
}

// checkTaints checks the taints of nodes; one key may have several effects.
func checkTaints(field string, taints []*containerpb.NodeTaint) *apiError {
	for i, taint := range taints {
		twin := func(other *containerpb.NodeTaint) bool {
			return other.GetKey() == taint.GetKey() && other.GetEffect() == taint.GetEffect()
		}
		_, known := containerpb.NodeTaint_Effect_name[int32(taint.GetEffect())]
		switch {
		case !labelKey(taint.GetKey()):
			return invalid("Invalid node taint key %q.", taint.GetKey()).badField(field)
		case !labelValuePattern.MatchString(taint.GetValue()):
			return invalid("Invalid node taint value %q of key %q.", taint.GetValue(), taint.GetKey()).badField(field)
		case !known || taint.GetEffect() == containerpb.NodeTaint_EFFECT_UNSPECIFIED:
			return invalid("Invalid node taint effect of key %q.", taint.GetKey()).badField(field)
		case slices.ContainsFunc(taints[:i], twin):
			return invalid("Node taint %q with effect %s is given twice.", taint.GetKey(), taint.GetEffect()).badField(field)
		}
	}
	return nil
}

// withOwnTaints returns taints with those that GKE itself puts on the nodes of a
// pool: those of another architecture are tainted unless the pool says otherwise.
func withOwnTaints(config *containerpb.NodeConfig, taints []*containerpb.NodeTaint) []*containerpb.NodeTaint {
	machine := config.GetMachineType()
	arm := strings.HasPrefix(machine, "t2a-") || strings.HasPrefix(machine, "c4a-")
	if !arm || config.GetTaintConfig().GetArchitectureTaintBehavior() == containerpb.TaintConfig_NONE {
		return taints
	}
	own := &containerpb.NodeTaint{Key: "kubernetes.io/arch", Value: "arm64", Effect: containerpb.NodeTaint_NO_SCHEDULE}
	if slices.ContainsFunc(taints, func(t *containerpb.NodeTaint) bool {
		return t.GetKey() == own.GetKey() && t.GetEffect() == own.GetEffect()
	}) {
		return taints
	}
	return append(slices.Clone(taints), own)
}

// spotLabel is the Kubernetes label of the nodes of spot VMs.
const spotLabel = "cloud.google.com/gke-spot"

// planSpot checks in what way the VMs of a pool are offered.
func (s *Server) planSpot(config *containerpb.NodeConfig) *apiError {
	switch {
	case config.GetSpot() && config.GetPreemptible() && !s.assume.SpotWithPreemptible:
		return invalid("Node_pool.config.spot and Node_pool.config.preemptible cannot both be set.").badField("node_pool.config.spot")
	case config.GetSpot() && s.assume.SpotLabelShown:
		config.Labels = with(config.GetLabels(), spotLabel, "true")
	}
	return nil
}
