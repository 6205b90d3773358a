// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Labels and taints of nodes. AKS keeps those of its own in the same members as the
// user's: a PUT has to bring them back, although a user's of their kind is refused.

const (
	spotLabel = azurePrefix + "scalesetpriority"
	// spotTwin is the newer name of spotLabel.
	spotTwin  = azurePrefix + "priority"
	spotTaint = spotLabel + "=spot:NoSchedule"

	azurePrefix = "kubernetes.azure.com/"

	// criticalAddons is the key of the one hard taint that System pools may have.
	criticalAddons = "CriticalAddonsOnly"
	softEffect     = "PreferNoSchedule"
)

// Names of Kubernetes: a label's name and value, and the prefix of a name.
var (
	labelWord   = regexp.MustCompile(`^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)$`)
	labelPrefix = regexp.MustCompile(`^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$`)
)

// bareReserved are keys without a prefix that AKS gives to nodes itself.
var bareReserved = []string{"accelerator", "agentpool", "storageprofile", "storagetier"}

// kubernetesPrefixes are the only ones of Kubernetes' own that a user may use.
var kubernetesPrefixes = []string{"kubelet.kubernetes.io", "node.kubernetes.io"}

// markSpot adds what AKS adds to a pool of spot machines.
func (s *Server) markSpot(p *poolProperties) {
	labels := map[string]string{spotLabel: "spot"}
	if s.assumed.SpotPriorityLabel {
		labels[spotTwin] = "spot"
	}
	maps.Copy(labels, p.NodeLabels)
	p.NodeLabels = labels
	if !slices.Contains(p.NodeTaints, spotTaint) {
		p.NodeTaints = append(slices.Clone(p.NodeTaints), spotTaint)
	}
}

// checkNodeWords checks the labels and the taints that nodes are to have.
func (s *Server) checkNodeWords(p *poolProperties) *apiError {
	for _, key := range slices.Sorted(maps.Keys(p.NodeLabels)) {
		value := p.NodeLabels[key]
		if p.spot() && (key == spotLabel || key == spotTwin) && value == "spot" {
			continue
		}
		if e := checkLabel(key, value); e != nil {
			return e
		}
	}
	seen := map[string]bool{}
	for _, taint := range p.NodeTaints {
		if p.spot() && taint == spotTaint {
			continue
		}
		if e := s.checkTaint(p, taint); e != nil {
			return e
		}
		key, rest, _ := strings.Cut(taint, "=")
		_, effect, _ := strings.Cut(rest, ":")
		if seen[key+":"+effect] {
			return invalid("agentPoolProfile.nodeTaints", "the taint %.64s with the effect %s is given twice", key, effect)
		}
		seen[key+":"+effect] = true
	}
	return nil
}

func checkLabel(key, value string) *apiError {
	const field = "agentPoolProfile.nodeLabels"
	prefix, name, found := strings.Cut(key, "/")
	if !found {
		prefix, name = "", key
	}
	switch {
	case !labelWord.MatchString(name) || found && (!labelPrefix.MatchString(prefix) || len(prefix) > 253):
		return invalid(field, "%.64q is not the key of a label", key)
	case value != "" && !labelWord.MatchString(value):
		return invalid(field, "%.64q is not the value of a label", value)
	}
	return reservedKey(prefix, name).at(key + "=" + value)
}

// reservedKey refuses a key of AKS or of Kubernetes itself; nil for any other.
func reservedKey(prefix, name string) *apiError {
	switch {
	case prefix+"/" == azurePrefix:
		return badRequest("Invalid node label key %s/%s. The '%s' prefix is preserved by aks system labels", prefix, name, prefix)
	case prefix == "" && slices.Contains(bareReserved, name):
		return badRequest("Invalid node label key %s. It is reserved by AKS", name)
	case under(prefix, "kubernetes.io") || under(prefix, "k8s.io"):
		if !slices.ContainsFunc(kubernetesPrefixes, func(allowed string) bool { return under(prefix, allowed) }) {
			return badRequest("For Kubernetes version greater than or equal to 1.16, node label keys in the 'kubernetes.io' or 'k8s.io' namespace " +
				"must begin with an allowed prefix (kubelet.kubernetes.io, node.kubernetes.io). For more information, please check https://aka.ms/aks-node-labels-116.")
		}
	}
	return nil
}

// under reports whether a domain is another one or below it.
func under(domain, other string) bool { return domain == other || strings.HasSuffix(domain, "."+other) }

func (s *Server) checkTaint(p *poolProperties, taint string) *apiError {
	const field = "agentPoolProfile.nodeTaints"
	key, rest, found := strings.Cut(taint, "=")
	value, effect, complete := strings.Cut(rest, ":")
	prefix, name, prefixed := strings.Cut(key, "/")
	if !prefixed {
		prefix, name = "", key
	}
	switch {
	case !found || !complete || !labelWord.MatchString(name) || prefixed && !labelPrefix.MatchString(prefix):
		return invalid(field, "%.128q is not key=value:effect", taint)
	case value == "" && !s.assumed.EmptyTaintValues, value != "" && !labelWord.MatchString(value):
		return invalid(field, "%.64q is not the value of a taint", value)
	case !slices.Contains([]string{"NoSchedule", softEffect, "NoExecute"}, effect):
		return invalid(field, "%.64q is not an effect of a taint", effect)
	case prefix+"/" == azurePrefix:
		return invalid(field, "the prefix %s is reserved", azurePrefix)
	case text(p.Mode) == modeSystem && key != criticalAddons && effect != softEffect:
		return fail(http.StatusBadRequest, "SystemPoolHasRestrictedTaint", "Placing custom taints on system pool is not supported(except 'CriticalAddonsOnly' taint or "+
			"taint effect is 'PreferNoSchedule'). Please refer to https://aka.ms/aks/system-taints for detail").at(field)
	}
	return nil
}
