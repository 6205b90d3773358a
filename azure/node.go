// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	aks "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/refuse"
)

// reservedLabels are the older names of labels that AKS itself gives to nodes, which have
// no prefix (AKS, "Use labels in an AKS cluster").
var reservedLabels = []string{"accelerator", "agentpool", "storageprofile", "storagetier"}

// isSystem reports whether a label or a taint is not the user's. A spot pool has some of
// AKS among the user's own; a write must keep them, or the nodes lose them and nothing is
// scheduled there (Azure/AKS#3152).
func isSystem(key string) bool {
	return capabilities.NodeGroups.Reserved(key) || slices.Contains(reservedLabels, key)
}

// zonePattern is what Azure calls a zone: a number within the region, of which a
// subscription has its own order.
var zonePattern = regexp.MustCompile(`^[1-3]$`)

// setNodes writes what a request asks of the nodes of a pool beyond V0.6.
func setNodes(f *refuse.List, prefix string, p *poolProperties, req pmks.NodeGroupInfo) {
	for _, key := range slices.Sorted(maps.Keys(req.Labels)) {
		if slices.Contains(reservedLabels, key) {
			f.Add(prefix+"Labels["+key+"]", "%q is reserved: AKS sets it itself", key)
		}
		if p.NodeLabels == nil {
			p.NodeLabels = map[string]*string{}
		}
		p.NodeLabels[key] = new(req.Labels[key])
	}
	for _, t := range req.Taints {
		p.NodeTaints = append(p.NodeTaints, new(t.Key+"="+t.Value+":"+string(t.Effect)))
	}
	if req.Spot {
		p.ScaleSetPriority = new(aks.ScaleSetPrioritySpot)
	}
	if len(req.Zones) == 0 {
		return
	}
	p.AvailabilityZones = nil
	for i, zone := range req.Zones {
		if !zonePattern.MatchString(zone) {
			f.Add(fmt.Sprintf("%sZones[%d]", prefix, i), "%q is not an availability zone: Azure has 1, 2 and 3 in a region", zone)
		}
		p.AvailabilityZones = append(p.AvailabilityZones, &zone)
	}
}

// mode is System for a group that always has a node, since only those may run what
// belongs to the cluster, and User for one that may have none, whose machines may be
// taken back, or that keeps the pods of the cluster off.
func mode(req pmks.NodeGroupInfo) aks.AgentPoolMode {
	least := req.DesiredNodeSize
	if req.OnAutoScaling {
		least = req.MinNodeSize
	}
	if least < 1 || req.Spot || slices.ContainsFunc(req.Taints, keepsSystemOff) {
		return aks.AgentPoolModeUser
	}
	return aks.AgentPoolModeSystem
}

// keepsSystemOff reports whether AKS takes a taint for pools of mode User alone: its own
// pods tolerate none but CriticalAddonsOnly (Azure/AKS#2578, code
// SystemPoolHasRestrictedTaint).
func keepsSystemOff(t pmks.Taint) bool {
	return t.Effect != pmks.TaintPreferNoSchedule && t.Key != "CriticalAddonsOnly"
}

// isSpot reports whether Azure may take the machines of a pool back.
func isSpot(p *poolProperties) bool { return value(p.ScaleSetPriority) == aks.ScaleSetPrioritySpot }

// addNodes shows what a pool asks of its nodes, without what AKS has added.
func addNodes(info *pmks.NodeGroupInfo, p *poolProperties) {
	for key, text := range p.NodeLabels {
		if isSystem(key) {
			continue
		}
		if info.Labels == nil {
			info.Labels = map[string]string{}
		}
		info.Labels[key] = value(text)
	}
	for _, text := range texts(p.NodeTaints) {
		if t := parseTaint(text); !isSystem(t.Key) {
			info.Taints = append(info.Taints, t)
		}
	}
	info.Spot = isSpot(p)
	info.Zones = texts(p.AvailabilityZones)
}

// parseTaint reads a taint as AKS writes it, "key=value:Effect".
func parseTaint(text string) pmks.Taint {
	var t pmks.Taint
	t.Key = text
	if at := strings.LastIndexByte(text, ':'); at >= 0 {
		t.Key, t.Effect = text[:at], pmks.TaintEffect(text[at+1:])
	}
	t.Key, t.Value, _ = strings.Cut(t.Key, "=")
	return t
}
