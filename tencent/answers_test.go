// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
)

// fleetIDs are the ids of the first cluster and of its first node group.
func fleetIDs(t testing.TB) (cluster, group pmks.IID) {
	t.Helper()
	s := bench.Fleet(t, bench.Simulate(providertest.Options{}), 1, 1)
	list, err := newHandler(t, s).ListCluster(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatalf("%d clusters, %v", len(list), err)
	}
	return pmks.IID{NameId: list[0].IId.NameId}, pmks.IID{NameId: list[0].NodeGroupList[0].IId.NameId}
}

// TestAnswer_read: a read whose answers hold nothing fails as unavailable.
func TestAnswer_read(t *testing.T) {
	t.Parallel()
	cluster, group := fleetIDs(t)
	request := bench.CreateRequest("x")
	bench.EmptyReads(t, []providertest.Probe{
		{Name: "cluster", Request: "DescribeClusters", Call: providertest.GetCluster(cluster)},
		{Name: "list", Request: "DescribeClusters", Call: providertest.ListIID},
		{Name: "pools", Request: "DescribeClusterNodePools", Call: providertest.GetCluster(cluster)},
		{Name: "pool", Request: "DescribeClusterNodePools", Call: providertest.ReadState(cluster, group)},
		{Name: "versions", Request: "DescribeVersions", Call: providertest.ListVersions},
		{Name: "vpc", Request: "DescribeVpcs", Call: providertest.CheckCluster(request)},
		{Name: "subnets", Request: "DescribeSubnets", Call: providertest.CheckCluster(request)},
		{Name: "security-groups", Request: "DescribeSecurityGroups", Call: providertest.CheckCluster(request)},
		{Name: "tags", Request: "DescribeBatchModifyTagsStatus", Call: setTags(cluster)},
		{Name: "tasks", Request: "DescribeTasks", Call: providertest.Fails(pmks.CodeNotFound, providertest.LastOperation(cluster, pmks.IID{}))},
	})
}

// TestAnswer_notTheVendors: what cannot be an answer of the vendor is told by its status,
// never as a success and never as absence; a redirect is not followed.
func TestAnswer_notTheVendors(t *testing.T) {
	t.Parallel()
	cluster := pmks.IID{SystemId: "cls-d3v0000a"}
	refusal := func(code string) string {
		return `{"Response":{"Error":{"Code":"` + code + `","Message":"the vendor's own words"},"RequestId":"R"}}`
	}
	for name, test := range map[string]struct {
		status int
		body   string
		code   pmks.Code
		says   string
	}{
		"page":             {200, "<!DOCTYPE html><html>login</html>", pmks.CodeUnavailable, "proxy"},
		"bad-gateway":      {502, "<html>502</html>", pmks.CodeUnavailable, "proxy"},
		"bare-404":         {404, "", pmks.CodeUnavailable, "no code"},
		"null-404":         {404, "null", pmks.CodeUnavailable, "no code"},
		"list-404":         {404, "[]", pmks.CodeUnavailable, "no code"},
		"page-404":         {404, "<html>not found</html>", pmks.CodeUnavailable, "proxy"},
		"moved":            {301, "", pmks.CodeUnavailable, "redirect"},
		"found":            {302, "{}", pmks.CodeUnavailable, "redirect"},
		"repeat":           {307, "{}", pmks.CodeUnavailable, "redirect"},
		"no-content":       {204, "", pmks.CodeUnavailable, "lost"},
		"empty":            {200, "", pmks.CodeUnavailable, "lost"},
		"null":             {200, "null", pmks.CodeUnavailable, "lost"}, // over which the SDK would end the program
		"null-error":       {200, `{"Response":{"Error":null,"RequestId":"R"}}`, pmks.CodeUnavailable, "lost"},
		"empty-error":      {200, `{"Response":{"Error":{"Code":"","Message":""},"RequestId":"R"}}`, pmks.CodeUnavailable, ""},
		"mistyped":         {200, `{"Response":{"TotalCount":"one","Clusters":[],"RequestId":"R"}}`, pmks.CodeUnavailable, "lost"},
		"negative":         {200, `{"Response":{"TotalCount":1,"Clusters":[{"ClusterId":"cls-d3v0000a","ClusterNodeNum":-1}],"RequestId":"R"}}`, pmks.CodeUnavailable, "lost"},
		"another-cluster":  {200, `{"Response":{"TotalCount":1,"Clusters":[{"ClusterId":"cls-an0ther0","ClusterType":"MANAGED_CLUSTER"}],"RequestId":"R"}}`, pmks.CodeUnavailable, "lost"},
		"another-type":     {200, `{"Response":{"TotalCount":1,"Clusters":[{"ClusterId":"cls-d3v0000a","ClusterType":"INDEPENDENT_CLUSTER"}],"RequestId":"R"}}`, pmks.CodeInvalidArgument, "INDEPENDENT_CLUSTER"},
		"truly-gone":       {200, `{"Response":{"TotalCount":0,"Clusters":[],"RequestId":"R"}}`, pmks.CodeNotFound, "cls-d3v0000a"},
		"unknown-key":      {200, refusal("AuthFailure.SecretIdNotFound"), pmks.CodeUnauthenticated, "secretId"},
		"wrong-secret":     {200, refusal("AuthFailure.SignatureFailure"), pmks.CodeUnauthenticated, "secretKey"},
		"wrong-clock":      {200, refusal("AuthFailure.SignatureExpire"), pmks.CodeUnauthenticated, "clock"},
		"no-right":         {200, refusal("AuthFailure.UnauthorizedOperation"), pmks.CodePermissionDenied, "the vendor's own words"},
		"throttled":        {200, refusal("RequestLimitExceeded.UinLimitExceeded"), pmks.CodeThrottled, "the vendor's own words"},
		"throttled-as-429": {429, refusal("Weird"), pmks.CodeThrottled, "the vendor's own words"},
		"of-another-thing": {200, refusal("ResourceNotFound.KubeResourceNotFound"), pmks.CodeFailedPrecondition, "the vendor's own words"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				followed := 0
				h := newHandlerOn(t, providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
					if r.URL.Host == "elsewhere.example" {
						followed++
					}
					resp := providertest.Respond(r, test.status, test.body)
					resp.Header.Set("Location", "https://elsewhere.example/")
					return resp, nil
				}))
				_, err := h.ReadState(t.Context(), cluster, pmks.IID{})
				if pmks.CodeOf(err) != test.code || !strings.Contains(err.Error(), test.says) || followed > 0 {
					t.Errorf("got %v, want %s that says %q; %d redirects followed", err, test.code, test.says, followed)
				}
				if err := pmks.Teardown(t.Context(), h, cluster); test.code != pmks.CodeNotFound && err == nil {
					t.Error("Teardown takes it for a success")
				}
			})
		})
	}
}

// TestAnswer_nulls: null wherever the vendor allows it, null in lists and members that
// nobody knows are read over.
func TestAnswer_nulls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := bench.Fleet(t, bench.Simulate(providertest.Options{}), 2, 2)
		want, err := newHandler(t, s).ListCluster(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.Nulls(true)
		for op, list := range map[string]string{"DescribeClusters": "Clusters", "DescribeClusterNodePools": "NodePoolSet", "DescribeClusterInstances": "InstanceSet", "DescribeLaunchConfigurations": "LaunchConfigurationSet"} {
			s.Alter(op, func(answer any) any {
				object, _ := answer.(map[string]any)
				items, _ := object[list].([]any)
				object[list] = append([]any{nil}, append(items, nil)...)
				object["Tomorrow"] = map[string]any{"a": 1}
				return object
			})
		}
		got, err := newHandler(t, s).ListCluster(t.Context())
		if err != nil || len(got) != len(want) {
			t.Fatalf("%d clusters of %d, %v", len(got), len(want), err)
		}
		for i := range got {
			if len(got[i].NodeGroupList) != 2 || len(got[i].NodeGroupList[0].Nodes) != 2 || got[i].NodeGroupList[0].VMSpecName != want[i].NodeGroupList[0].VMSpecName {
				t.Errorf("got %+v", got[i])
			}
		}
	})
}

// TestRefused_once: every 4xx ends a change at once, and nobody is told that it may have
// happened.
func TestRefused_once(t *testing.T) {
	t.Parallel()
	cluster, group := fleetIDs(t)
	bench.Refusals(t, []providertest.Probe{
		{Name: "create", Request: "CreateCluster", Call: providertest.CreateCluster(bench.CreateRequest("new"))},
		{Name: "delete", Request: "DeleteCluster", Call: providertest.DeleteCluster(cluster)},
		{Name: "remove", Request: "DeleteClusterNodePool", Call: providertest.RemoveNodeGroup(cluster, group)},
		{Name: "bounds", Request: "ModifyClusterNodePool", Call: providertest.ChangeNodeGroupScaling(cluster, group, 2, 1, 4)},
		{Name: "size", Request: "ModifyNodePoolDesiredCapacityAboutAsg", Call: providertest.ChangeNodeGroupScaling(cluster, group, 3, 1, 3)},
		{Name: "switch", Request: "ModifyClusterNodePool", Call: providertest.SetNodeGroupAutoScaling(cluster, group, false)},
		{Name: "upgrade", Request: "UpdateClusterVersion", Call: providertest.UpgradeCluster(cluster, "1.34")},
		{Name: "tags", Request: "ModifyClusterTags", Call: setTags(cluster, pmks.KeyValue{Key: "a", Value: "b"})},
	})
}
