// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"net/http"
	"slices"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestWire_structs: the structs, written by hand, know every member that a request
// may have, and show none that the vendor has not.
func TestWire_structs(t *testing.T) {
	t.Parallel()
	table := wiretest.ReadTable(t, "wire.json")
	requests := map[string]any{
		"CreateCluster": createClusterRequest{}, "CreateNodegroup": createNodegroupRequest{}, "TagResource": tagRequest{},
		"UpdateClusterConfig": updateConfigRequest{}, "UpdateClusterVersion": updateVersionRequest{}, "UpdateNodegroupConfig": updateNodegroupConfigRequest{},
		"UpdateNodegroupVersion": updateNodegroupVersionRequest{}, "ListInsights": listInsightsRequest{},
	}
	answers := map[string]any{
		"CreateCluster": clusterResponse{}, "CreateNodegroup": nodegroupResponse{}, "DescribeClusterVersions": versionsResponse{},
		"DescribeUpdate": updateResponse{}, "ListAddons": addonsResponse{}, "ListClusters": clustersResponse{},
		"ListFargateProfiles": fargateResponse{}, "ListNodegroups": nodegroupsResponse{}, "ListTagsForResource": tagsResponse{},
		"ListUpdates": updatesResponse{}, "DescribeAddon": addonResponse{}, "DescribeFargateProfile": fargateProfileResponse{},
		"DescribeAddonVersions": addonVersionsResponse{}, "DescribeInsight": insightResponse{}, "ListInsights": insightsResponse{},
	}
	for _, fault := range table.Structs(requests, answers) {
		t.Error(fault)
	}
	for _, route := range restTable {
		if _, ok := table.Operations[route.op]; !ok && route.handle != nil {
			t.Errorf("%s is simulated and not in the table", route.op)
		}
	}
	// What answers nothing but metadata has no shape.
	empty := []string{"autoscaling.CreateOrUpdateTags", "autoscaling.DeleteTags", "iam.AttachRolePolicy"}
	for service, api := range queryTable {
		for action := range api.actions {
			if op := service + "." + action; table.Operations[op].Output == "" && !slices.Contains(empty, op) {
				t.Errorf("%s is simulated and not in the table", op)
			}
		}
	}
}

// TestWire_requests: a request that breaks any one rule of the vendor's model is
// refused, and one with any member replaced has an answer.
func TestWire_requests(t *testing.T) {
	t.Parallel()
	table := wiretest.ReadTable(t, "wire.json")
	s := newWorld(t).Server
	cluster := clusterInput(s, "b")
	group := groupInput(s, "a", "h")
	scaling := map[string]any{"minSize": 1, "maxSize": 4, "desiredSize": 4}
	for op, test := range map[string]struct {
		target string
		body   map[string]any
	}{
		"CreateCluster": {"/clusters", map[string]any{
			"name": "b", "roleArn": *cluster.RoleArn, "tags": map[string]any{"a": "b"}, "logging": map[string]any{"clusterLogging": []any{map[string]any{"types": []any{"api"}, "enabled": true}}},
			"resourcesVpcConfig": map[string]any{
				"subnetIds": cluster.ResourcesVpcConfig.SubnetIds, "endpointPublicAccess": true, "endpointPrivateAccess": true, "publicAccessCidrs": []any{"8.8.8.0/24"},
			},
			"accessConfig": map[string]any{"authenticationMode": "API"}, "upgradePolicy": map[string]any{"supportType": "STANDARD"},
			"kubernetesNetworkConfig": map[string]any{"ipFamily": "ipv4"},
		}},
		"CreateNodegroup": {"/clusters/a/node-groups", map[string]any{
			"nodegroupName": "h", "nodeRole": *group.NodeRole, "subnets": group.Subnets, "scalingConfig": scaling, "labels": map[string]any{"a": "b"},
			"taints": []any{map[string]any{"key": "a", "value": "b", "effect": "NO_SCHEDULE"}}, "updateConfig": map[string]any{"maxUnavailable": 1},
			"tags": map[string]any{"a": "b"}, "capacityType": "SPOT",
		}},
		"ListInsights": {"/clusters/a/insights", map[string]any{
			"filter": map[string]any{"categories": []any{"UPGRADE_READINESS"}, "kubernetesVersions": []any{"1.35"}, "statuses": []any{"PASSING"}}, "maxResults": 1,
		}},
		"TagResource":          {"/tags/arn%3Aaws%3Aeks%3Aus-east-2%3A123456789012%3Acluster%2Fa", map[string]any{"tags": map[string]any{"a": "b"}}},
		"UpdateClusterConfig":  {"/clusters/a/update-config", map[string]any{"logging": map[string]any{"clusterLogging": []any{map[string]any{"types": []any{"api"}, "enabled": true}}}}},
		"UpdateClusterVersion": {"/clusters/a/updates", map[string]any{"version": "1.35"}},
		"UpdateNodegroupConfig": {"/clusters/a/node-groups/g/update-config", map[string]any{
			"scalingConfig": scaling, "labels": map[string]any{"addOrUpdateLabels": map[string]any{"a": "b"}, "removeLabels": []any{"c"}},
			"taints":       map[string]any{"addOrUpdateTaints": []any{map[string]any{"key": "a", "value": "b", "effect": "NO_SCHEDULE"}}},
			"updateConfig": map[string]any{"maxUnavailable": 2},
		}},
		"UpdateNodegroupVersion": {"/clusters/a/node-groups/g/update-version", map[string]any{"force": true}},
	} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			wiretest.Request{Op: op, Body: test.body, Send: func(t *testing.T, body string) (int, string) {
				w := newWorld(t, func(o *Options) { o.Assumptions.MixedUpdatesOK, o.Assumptions.RemoveAbsentOK = true, true })
				behind := groupInfo("g")
				if op == "UpdateNodegroupVersion" {
					behind.Version = "1.33"
				}
				wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: []pmks.NodeGroupInfo{behind}}))
				response, answer := wiretest.Send(t, w.Transport(), w.signed(t, http.MethodPost, test.target, body, "eks"))
				return response.StatusCode, answer
			}}.Run(t, table)
		})
	}
}
