// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// systemNamespaces are there from the beginning.
var systemNamespaces = []string{"default", "kube-node-lease", "kube-public", "kube-system"}

func newNamespace(name string) object {
	return object{
		"apiVersion": "v1", "kind": "Namespace",
		"metadata": map[string]any{"name": name, "labels": map[string]any{"kubernetes.io/metadata.name": name}},
		"spec":     map[string]any{"finalizers": []any{"kubernetes"}},
		"status":   map[string]any{"phase": "Active"},
	}
}

// gitVersion is a version as /version and kubelets have it.
func gitVersion(version string) string {
	version = strings.TrimPrefix(version, "v")
	number, rest := version, ""
	if i := strings.IndexAny(version, "-+_"); i >= 0 {
		number, rest = version[:i], version[i:]
	}
	if strings.Count(number, ".") == 1 {
		number += ".0"
	}
	return "v" + number + rest
}

// nodeObject is the Node of a machine.
func nodeObject(n Node, c Cluster) object {
	labels := map[string]any{
		"kubernetes.io/arch": "amd64", "kubernetes.io/hostname": n.Name, "kubernetes.io/os": "linux",
		"beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux",
	}
	for key, value := range n.Labels {
		labels[key] = value
	}
	sum := sha256.Sum256([]byte(n.Name + "/" + n.ProviderID))
	internal := cmp.Or(n.InternalIP, address(n.Name+"/"+n.ProviderID))
	addresses := []any{
		map[string]any{"type": "InternalIP", "address": internal},
		map[string]any{"type": "Hostname", "address": n.Name},
	}
	if n.ExternalIP != "" {
		addresses = append(addresses, map[string]any{"type": "ExternalIP", "address": n.ExternalIP})
	}
	joined := stamp(n.Created)
	condition := func(kind, status, reason, message string) map[string]any {
		return map[string]any{
			"type": kind, "status": status, "reason": reason, "message": message,
			"lastHeartbeatTime": joined, "lastTransitionTime": joined,
		}
	}
	ready := condition("Ready", "True", "KubeletReady", "kubelet is posting ready status")
	var taints []any
	for _, t := range n.Taints {
		taint := map[string]any{"key": t.Key, "effect": t.Effect}
		if t.Value != "" {
			taint["value"] = t.Value
		}
		taints = append(taints, taint)
	}
	if n.NotReady != "" {
		ready = condition("Ready", "Unknown", "NodeStatusUnknown", n.NotReady)
		for _, effect := range []string{"NoSchedule", "NoExecute"} {
			taints = append(taints, map[string]any{"key": "node.kubernetes.io/unreachable", "effect": effect})
		}
	}
	spec := map[string]any{"providerID": n.ProviderID}
	if taints != nil {
		spec["taints"] = taints
	}
	resources := map[string]any{"cpu": "2", "memory": "8145332Ki", "ephemeral-storage": "52416492Ki", "pods": "110"}
	return object{
		"apiVersion": "v1", "kind": "Node",
		"metadata": map[string]any{"name": n.Name, "labels": labels},
		"spec":     spec,
		"status": map[string]any{
			"addresses": addresses, "allocatable": resources, "capacity": resources,
			"conditions": []any{
				condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
				condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
				condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
				ready,
			},
			"nodeInfo": map[string]any{
				"architecture": "amd64", "operatingSystem": "linux", "kernelVersion": "6.12.0-simulated", "osImage": cmp.Or(n.OSImage, "Linux"),
				"containerRuntimeVersion": cmp.Or(n.Runtime, "containerd://2.1.5"), "kubeletVersion": gitVersion(cmp.Or(n.Version, c.Version)),
				"kubeProxyVersion": "", "bootID": "", "machineID": fmt.Sprintf("%x", sum[:16]), "systemUUID": fmt.Sprintf("%x", sum[16:]),
			},
		},
	}
}

// nodeCells is a row of kubectl get nodes.
func nodeCells(o object, now time.Time) []any {
	status := "Unknown"
	conditions, _ := o.child("status")["conditions"].([]any)
	for _, value := range conditions {
		entry, _ := value.(map[string]any)
		if c := object(entry); c.text("type") == "Ready" {
			if status = "NotReady"; c.text("status") == "True" {
				status = "Ready"
			}
		}
	}
	var roles []string
	for label := range o.child("metadata", "labels") {
		if role, ok := strings.CutPrefix(label, "node-role.kubernetes.io/"); ok && role != "" {
			roles = append(roles, role)
		}
	}
	address := map[string]string{"InternalIP": "<none>", "ExternalIP": "<none>"}
	addresses, _ := o.child("status")["addresses"].([]any)
	for _, value := range slices.Backward(addresses) {
		entry, _ := value.(map[string]any)
		address[object(entry).text("type")] = object(entry).text("address")
	}
	info := maps.Clone(o.strings("status", "nodeInfo"))
	return []any{
		o.name(), status, cmp.Or(strings.Join(slices.Sorted(slices.Values(roles)), ","), "<none>"), age(o, now), info["kubeletVersion"],
		address["InternalIP"], address["ExternalIP"], info["osImage"], info["kernelVersion"], info["containerRuntimeVersion"],
	}
}
