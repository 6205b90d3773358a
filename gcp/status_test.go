// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated

package gcp

import (
	"strings"
	"testing"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
)

// TestClusterStatusTable takes every word of the API.
func TestClusterStatusTable(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status containerpb.Cluster_Status
		want   pmks.ClusterStatus
		final  bool
	}{
		{containerpb.Cluster_STATUS_UNSPECIFIED, pmks.ClusterInactive, false},
		{containerpb.Cluster_PROVISIONING, pmks.ClusterCreating, false},
		{containerpb.Cluster_RUNNING, pmks.ClusterActive, false},
		{containerpb.Cluster_RECONCILING, pmks.ClusterUpdating, false},
		{containerpb.Cluster_STOPPING, pmks.ClusterDeleting, false},
		{containerpb.Cluster_ERROR, pmks.ClusterInactive, true},
		{containerpb.Cluster_DEGRADED, pmks.ClusterInactive, false},
		{containerpb.Cluster_Status(99), pmks.ClusterInactive, false},
	} {
		t.Run(test.status.String(), func(t *testing.T) {
			t.Parallel()
			m := clusterMeaning(&containerpb.Cluster{Status: test.status})
			if m.Status != test.want || m.Final != test.final || (m.Reason == "") != (m.Status != pmks.ClusterInactive) {
				t.Errorf("got %+v", m)
			}
		})
	}
	for number, name := range containerpb.Cluster_Status_name {
		if _, ok := clusterStatusTable[containerpb.Cluster_Status(number)]; !ok && number != 0 {
			t.Errorf("%s is in no table", name)
		}
	}
}

// TestPoolStatusTable takes every word of the API.
func TestPoolStatusTable(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status containerpb.NodePool_Status
		want   pmks.ClusterStatus
		final  bool
	}{
		{containerpb.NodePool_STATUS_UNSPECIFIED, pmks.ClusterInactive, false},
		{containerpb.NodePool_PROVISIONING, pmks.ClusterCreating, false},
		{containerpb.NodePool_RUNNING, pmks.ClusterActive, false},
		{containerpb.NodePool_RUNNING_WITH_ERROR, pmks.ClusterInactive, false},
		{containerpb.NodePool_RECONCILING, pmks.ClusterUpdating, false},
		{containerpb.NodePool_STOPPING, pmks.ClusterDeleting, false},
		{containerpb.NodePool_ERROR, pmks.ClusterInactive, true},
		{containerpb.NodePool_Status(99), pmks.ClusterInactive, false},
	} {
		t.Run(test.status.String(), func(t *testing.T) {
			t.Parallel()
			m := poolMeaning(&containerpb.NodePool{Status: test.status})
			if m.Status != test.want || m.Final != test.final || (m.Reason == "") != (m.Status != pmks.ClusterInactive) {
				t.Errorf("got %+v", m)
			}
		})
	}
	for number, name := range containerpb.NodePool_Status_name {
		if _, ok := poolStatusTable[containerpb.NodePool_Status(number)]; !ok && number != 0 {
			t.Errorf("%s is in no table", name)
		}
	}
}

// TestReason: conditions say more than the older message.
func TestReason(t *testing.T) {
	t.Parallel()
	c := &containerpb.Cluster{Status: containerpb.Cluster_ERROR, StatusMessage: "old",
		Conditions: []*containerpb.StatusCondition{{Code: containerpb.StatusCondition_GCE_STOCKOUT, Message: "no machines"}, {Message: "and more"}}}
	if got := clusterMeaning(c).Reason; !strings.Contains(got, "GCE_STOCKOUT: no machines") || !strings.Contains(got, "and more") {
		t.Errorf("got %q", got)
	}
	c.Conditions = nil
	if got := clusterMeaning(c).Reason; got != "old" {
		t.Errorf("got %q", got)
	}
}

// TestShowOperations: an operation that is not done shows before its target does.
func TestShowOperations(t *testing.T) {
	t.Parallel()
	const zone, link = "asia-northeast3-a", "https://container.googleapis.com/v1/projects/123/zones/asia-northeast3-a/clusters/demo"
	for _, test := range []struct {
		name    string
		op      *containerpb.Operation
		cluster pmks.ClusterStatus
		group   pmks.NodeGroupStatus
	}{
		{"none", &containerpb.Operation{}, pmks.ClusterActive, pmks.NodeGroupActive},
		{"done", &containerpb.Operation{Status: containerpb.Operation_DONE, OperationType: containerpb.Operation_DELETE_CLUSTER, TargetLink: link}, pmks.ClusterActive, pmks.NodeGroupActive},
		{"of-another-cluster", &containerpb.Operation{OperationType: containerpb.Operation_DELETE_CLUSTER, TargetLink: link + "-2"}, pmks.ClusterActive, pmks.NodeGroupActive},
		{"elsewhere", &containerpb.Operation{OperationType: containerpb.Operation_DELETE_CLUSTER, TargetLink: strings.Replace(link, "3-a", "3-b", 1)}, pmks.ClusterActive, pmks.NodeGroupActive},
		{"beside-others", &containerpb.Operation{OperationType: containerpb.Operation_AUTO_REPAIR_NODES, TargetLink: link}, pmks.ClusterActive, pmks.NodeGroupActive},
		{"deletion", &containerpb.Operation{OperationType: containerpb.Operation_DELETE_CLUSTER, TargetLink: link}, pmks.ClusterDeleting, pmks.NodeGroupDeleting},
		{"upgrade", &containerpb.Operation{OperationType: containerpb.Operation_UPGRADE_MASTER, TargetLink: link}, pmks.ClusterUpdating, pmks.NodeGroupActive},
		{"removal", &containerpb.Operation{OperationType: containerpb.Operation_DELETE_NODE_POOL, TargetLink: link + "/nodePools/g"}, pmks.ClusterUpdating, pmks.NodeGroupDeleting},
		{"resize", &containerpb.Operation{OperationType: containerpb.Operation_SET_NODE_POOL_SIZE, TargetLink: link + "/nodePools/g"}, pmks.ClusterUpdating, pmks.NodeGroupUpdating},
		{"resize-of-another", &containerpb.Operation{OperationType: containerpb.Operation_SET_NODE_POOL_SIZE, TargetLink: link + "/nodePools/h"}, pmks.ClusterUpdating, pmks.NodeGroupActive},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			info := pmks.ClusterInfo{Status: pmks.ClusterActive, NodeGroupList: []pmks.NodeGroupInfo{{IId: pmks.IID{NameId: "g"}, Status: pmks.NodeGroupActive}}}
			showOperations(&info, view{ref: ref{project: "p", location: zone, name: "demo"}, ops: []*containerpb.Operation{test.op}})
			if info.Status != test.cluster || info.NodeGroupList[0].Status != test.group {
				t.Errorf("got %s with %s", info.Status, info.NodeGroupList[0].Status)
			}
		})
	}
}

// TestFailedCreation: the newest operation tells why a cluster is not there.
func TestFailedCreation(t *testing.T) {
	t.Parallel()
	const link = "https://x/projects/1/zones/z/clusters/demo"
	failed := &containerpb.Operation{OperationType: containerpb.Operation_CREATE_CLUSTER, Status: containerpb.Operation_DONE, TargetLink: link,
		StartTime: "2026-11-02T09:00:00Z", StatusMessage: "GCE_STOCKOUT: no machines"}
	deleted := &containerpb.Operation{OperationType: containerpb.Operation_DELETE_CLUSTER, Status: containerpb.Operation_DONE, TargetLink: link,
		StartTime: "2026-11-02T10:00:00Z"}
	r := ref{project: "p", location: "z", name: "demo"}
	for _, test := range []struct {
		name string
		ops  []*containerpb.Operation
		want string
	}{
		{"no-operation", nil, ""},
		{"failed", []*containerpb.Operation{failed}, "GCE_STOCKOUT: no machines"},
		{"deleted-since", []*containerpb.Operation{deleted, failed}, ""},
	} {
		if err := failedCreation(r, test.ops); (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
}
