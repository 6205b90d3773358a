// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks"
)

func TestClusterStatus(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		native    types.ClusterStatus
		connector bool
		want      pmks.ClusterStatus
		final     bool
	}{
		{native: "CREATING", want: pmks.ClusterCreating},
		{native: "ACTIVE", want: pmks.ClusterActive},
		{native: "UPDATING", want: pmks.ClusterUpdating},
		{native: "DELETING", want: pmks.ClusterDeleting},
		{native: "FAILED", want: pmks.ClusterInactive, final: true},
		{native: "PENDING", want: pmks.ClusterCreating},
		{native: "PENDING", connector: true, want: pmks.ClusterInactive},
		{native: "SUSPENDED", want: pmks.ClusterInactive},
		{native: "", want: pmks.ClusterInactive},
	} {
		t.Run(string(test.native), func(t *testing.T) {
			t.Parallel()
			c := &types.Cluster{Status: test.native}
			if test.connector {
				c.ConnectorConfig = &types.ConnectorConfigResponse{}
			}
			m := clusterMeaning(c)
			if m.Status != test.want || m.Final != test.final {
				t.Errorf("got %s final=%t, want %s final=%t", m.Status, m.Final, test.want, test.final)
			}
			if m.Status == pmks.ClusterInactive && m.Reason == "" {
				t.Error("Inactive without a reason")
			}
		})
	}
}

func TestNodegroupStatus(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		native types.NodegroupStatus
		want   pmks.NodeGroupStatus
		final  bool
	}{
		{"CREATING", pmks.NodeGroupCreating, false},
		{"ACTIVE", pmks.NodeGroupActive, false},
		{"UPDATING", pmks.NodeGroupUpdating, false},
		{"DELETING", pmks.NodeGroupDeleting, false},
		{"CREATE_FAILED", pmks.NodeGroupInactive, true},
		{"DELETE_FAILED", pmks.NodeGroupInactive, true},
		{"DEGRADED", pmks.NodeGroupInactive, false},
		{"RESTING", pmks.NodeGroupInactive, false},
	} {
		t.Run(string(test.native), func(t *testing.T) {
			t.Parallel()
			m := nodegroupMeaning(&types.Nodegroup{Status: test.native})
			if m.NodeGroupStatus() != test.want || m.Final != test.final {
				t.Errorf("got %s final=%t, want %s final=%t", m.Status, m.Final, test.want, test.final)
			}
			if m.Status == pmks.ClusterInactive && m.Reason == "" {
				t.Error("Inactive without a reason")
			}
		})
	}
}

func TestStatusTables_KnowEveryWordOfTheSDK(t *testing.T) {
	t.Parallel()
	for _, w := range types.ClusterStatus("").Values() {
		if _, ok := clusterStatusTable[w]; !ok {
			t.Errorf("clusterStatusTable lacks %s", w)
		}
	}
	for _, w := range types.NodegroupStatus("").Values() {
		if _, ok := nodegroupStatusTable[w]; !ok {
			t.Errorf("nodegroupStatusTable lacks %s", w)
		}
	}
}

func TestNodegroupStatus_TellsTheIssues(t *testing.T) {
	t.Parallel()
	why := nodegroupMeaning(&types.Nodegroup{
		Status: types.NodegroupStatusCreateFailed,
		Health: &types.NodegroupHealth{Issues: []types.Issue{{
			Code:        types.NodegroupIssueCodeNodeCreationFailure,
			Message:     aws.String("Instances failed to join the kubernetes cluster"),
			ResourceIds: []string{"i-0abc"},
		}}},
	}).Reason
	want := "NodeCreationFailure: Instances failed to join the kubernetes cluster [i-0abc]"
	if why != want {
		t.Errorf("got %q, want %q", why, want)
	}
	if strings.Contains(why, "add it again") {
		t.Error("the vendor's own words are to replace the general reason")
	}
}
