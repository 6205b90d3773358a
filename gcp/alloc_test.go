// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"fmt"
	"testing"

	"cloud.google.com/go/container/apiv1/containerpb"
)

// converted is a fleet as Google answers it: clusters of five groups of ten VMs, and what
// the lists show of them.
func converted(clusters int) (*Handler, []view, *everywhere) {
	h := &Handler{cfg: &Config{ProjectID: "p", Region: "asia-northeast3", Zone: provenZone}}
	l := &everywhere{managers: map[instanceGroup]managerObject{}, vms: map[place][]vmObject{}, away: map[string]bool{}}
	var views []view
	for i := range clusters {
		c := &containerpb.Cluster{Name: fmt.Sprintf("c%03d", i), Location: provenZone, Status: containerpb.Cluster_RUNNING, CurrentMasterVersion: "1.33.5-gke.2072000",
			Network: "main", Subnetwork: "nodes", Endpoint: "203.0.113.7", Id: "0a1b", SelfLink: "https://container.googleapis.com/v1/projects/p/zones/" + provenZone + "/clusters/c",
			CreateTime: "2026-11-02T09:30:00+00:00", Locations: []string{provenZone}, ResourceLabels: map[string]string{"team": "a", labelSecurityGroup + "0": "sg"}}
		for j := range 5 {
			pool, base := fmt.Sprintf("g%d", j), fmt.Sprintf("gke-c%03d-g%d-11111111", i, j)
			m := managerObject{Name: base + "-grp", BaseInstanceName: base, TargetSize: 10}
			m.Status.IsStable = true
			l.managers[instanceGroup{zone: provenZone, name: m.Name}] = m
			at := place{vmLabels{c.GetName(), provenZone, pool}, provenZone}
			for k := range 10 {
				l.vms[at] = append(l.vms[at], vmObject{Name: fmt.Sprintf("%s-%04d", base, k), Status: "RUNNING"})
			}
			c.NodePools = append(c.NodePools, &containerpb.NodePool{Name: pool, Status: containerpb.NodePool_RUNNING, Version: "1.33.5-gke.2072000", Locations: []string{provenZone},
				Config:            &containerpb.NodeConfig{MachineType: "e2-standard-4", ImageType: "COS_CONTAINERD", DiskType: "pd-balanced", DiskSizeGb: 100},
				InstanceGroupUrls: []string{"https://www.googleapis.com/compute/v1/projects/p/zones/" + provenZone + "/instanceGroupManagers/" + m.Name}})
		}
		views = append(views, view{ref: ref{project: "p", location: provenZone, name: c.GetName()}, cluster: c})
	}
	return h, views, l
}

// convert makes a listing of it.
func convert(tb testing.TB, h *Handler, views []view, l *everywhere) {
	tb.Helper()
	for _, listed := range h.beginListed(tb.Context(), views, l) {
		info, err := h.finishListed(tb.Context(), listed)
		if err != nil || len(info.NodeGroupList) != 5 || len(info.NodeGroupList[4].Nodes) != 10 {
			tb.Fatalf("%+v, %v", info, err)
		}
	}
}

// TestConvert_allocations keeps what the conversion of a cluster with five groups of ten
// nodes allocates: 53 when this was written.
func TestConvert_allocations(t *testing.T) {
	const clusters, ceiling = 100, 64
	h, views, l := converted(clusters)
	if n := testing.AllocsPerRun(5, func() { convert(t, h, views, l) }) / clusters; n > ceiling {
		t.Errorf("%.0f allocations for a cluster, want at most %d", n, ceiling)
	} else {
		t.Logf("%.0f allocations for a cluster", n)
	}
}

// BenchmarkConvert makes a listing of a hundred clusters of what was read.
func BenchmarkConvert(b *testing.B) {
	h, views, l := converted(100)
	b.ReportAllocs()
	for b.Loop() {
		convert(b, h, views, l)
	}
}
