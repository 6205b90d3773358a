// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"net/http"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// The classes of calls that Azure Resource Manager counts. Entra and Resource Graph
// are none of its.
const (
	classRead   = "read"
	classWrite  = "write"
	classDelete = "delete"
)

func classOf(c *call, method string) string {
	switch {
	case c.service == entra || c.service == resourceGraph:
		return ""
	case method == http.MethodGet || method == http.MethodHead:
		return classRead
	case method == http.MethodDelete:
		return classDelete
	}
	return classWrite
}

// DefaultBuckets returns the published limits: those of Azure Resource Manager and
// of the resource providers behind it (quotas, SKUs and regions of AKS; throttling
// limits of compute and network; guidance of Resource Graph). A call must be
// admitted at every level. The words of Bucket.Per are "subscription", "group" for a
// resource group, "cluster", "nodeGroup", "set" for a scale set and "user" for who calls,
// whatever subscription is meant.
//
// No page says to which group of compute the list of the machines of a scale set
// belongs; it is taken to be that of a single machine.
func DefaultBuckets() []simkit.Bucket {
	const sub = "subscription"
	per := func(n int, every time.Duration) time.Duration { return every / time.Duration(n) }
	return []simkit.Bucket{
		{Level: "arm", Ops: []string{classRead}, Per: sub, Burst: 250, Every: per(25, time.Second)},
		{Level: "arm", Ops: []string{classWrite}, Per: sub, Burst: 200, Every: per(10, time.Second)},
		{Level: "arm", Ops: []string{classDelete}, Per: sub, Burst: 200, Every: per(10, time.Second)},

		{Level: "aks", Ops: []string{"ManagedClusters_List"}, Per: sub, Burst: 500, Every: time.Second},
		{Level: "aks", Ops: []string{"ManagedClusters_ListByResourceGroup"}, Per: "group", Burst: 60, Every: time.Second},
		{Level: "aks", Ops: []string{"ManagedClusters_CreateOrUpdate"}, Per: "cluster", Burst: 20, Every: time.Minute},
		{Level: "aks", Ops: []string{"AgentPools_CreateOrUpdate"}, Per: "nodeGroup", Burst: 20, Every: time.Minute},
		{Level: "aks", Ops: []string{"ManagedClusters_Get"}, Per: "cluster", Burst: 60, Every: time.Second},
		{Level: "aks", Ops: []string{"Operations_GetStatus"}, Per: sub, Burst: 200, Every: per(2, time.Second)},
		{Level: "aks", Service: containerService, Per: sub, Burst: 60, Every: time.Second},

		{Level: "compute", Ops: []string{"VirtualMachineScaleSets_List", "VirtualMachineScaleSets_ListAll"}, Per: sub, Burst: 1080, Every: per(360, time.Minute)},
		{Level: "compute", Ops: []string{"VirtualMachineScaleSetVMs_List"}, Per: sub, Burst: 6000, Every: per(2000, time.Minute)},
		{Level: "compute-set", Ops: []string{"VirtualMachineScaleSetVMs_List"}, Per: "set", Burst: 36, Every: per(12, time.Minute)},

		{Level: "network", Service: network, Ops: []string{classRead}, Per: sub, Burst: 10000, Every: per(10000, 5*time.Minute)},
		{Level: "network", Service: network, Ops: []string{classWrite, classDelete}, Per: sub, Burst: 1000, Every: per(1000, 5*time.Minute)},

		{Level: "graph", Service: resourceGraph, Per: "user", Burst: 15, Window: 5 * time.Second},
	}
}

// bucketKey names what has a bucket of its own.
func (s *Server) bucketKey(c *call, per string) string {
	key := strings.ToLower(s.subscription)
	switch per {
	case "user":
		return c.who.objectID
	case "group":
		key += "/" + strings.ToLower(c.group())
	case "cluster":
		key += "/" + keyOf(c.group(), c.vars["cluster"])
	case "nodeGroup":
		key += "/" + keyOf(c.group(), c.vars["cluster"]) + "/" + strings.ToLower(c.vars["pool"])
	case "set":
		key += "/" + keyOf(c.group(), c.vars["name"])
	}
	return key
}
