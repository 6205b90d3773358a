// SPDX-License-Identifier: Apache-2.0

package alibaba_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
)

// changes are the calls that change something, by the request that does it.
func changes(t testing.TB) []providertest.Probe {
	t.Helper()
	cluster, group := fleetIDs(t)
	plain := bench.SampleRequest("new")
	plain.NodeGroupList = nil
	return []providertest.Probe{
		{Name: "create", Request: "CreateCluster", Call: providertest.CreateCluster(plain)},
		{Name: "delete", Request: "DeleteCluster", Call: providertest.DeleteCluster(cluster)},
		{Name: "add", Request: "CreateClusterNodePool", Call: providertest.AddNodeGroup(cluster, bench.SampleNodeGroup("new"))},
		{Name: "bounds", Request: "ModifyClusterNodePool", Call: providertest.ChangeNodeGroupScaling(cluster, group, 0, 1, 4)},
		{Name: "switch", Request: "ModifyClusterNodePool", Call: providertest.SetNodeGroupAutoScaling(cluster, group, false)},
		{Name: "upgrade", Request: "UpgradeCluster", Call: providertest.UpgradeCluster(cluster, "1.36")},
	}
}

// TestAnswer_mutation: a change whose answer holds nothing is looked for; it is made once,
// whether or not it had been made.
func TestAnswer_mutation(t *testing.T) {
	t.Parallel()
	bench.EmptyAnswers(t, changes(t))
}

// TestRefused_once: every 4xx ends a change at once, and nobody is told that it may have
// happened.
func TestRefused_once(t *testing.T) {
	t.Parallel()
	bench.Refusals(t, changes(t))
}

// TestAnswer_read: a read whose answers hold nothing fails as unavailable.
func TestAnswer_read(t *testing.T) {
	t.Parallel()
	cluster, group := fleetIDs(t)
	request := bench.SampleRequest("x")
	request.NodeGroupList = nil
	bench.EmptyReads(t, []providertest.Probe{
		{Name: "cluster", Request: "DescribeClusterDetail", Call: providertest.GetCluster(cluster)},
		{Name: "pools", Request: "DescribeClusterNodePools", Call: providertest.GetCluster(cluster)},
		{Name: "pool", Request: "DescribeClusterNodePoolDetail", Call: providertest.ReadState(cluster, group)},
		{Name: "list", Request: "DescribeClustersForRegion", Call: providertest.ListIID},
		{Name: "versions", Request: "DescribeKubernetesVersionMetadata", Call: providertest.ListVersions},
		{Name: "vpc", Request: "DescribeVpcAttribute", Call: providertest.CheckCluster(request)},
		{Name: "vswitches", Request: "DescribeVSwitches", Call: providertest.CheckCluster(request)},
		{Name: "key-pair", Request: "DescribeKeyPairs", Call: providertest.CheckNodeGroup(cluster, bench.SampleNodeGroup("x"))},
		{Name: "tasks", Request: "DescribeClusterTasks", Call: providertest.Fails(pmks.CodeNotFound, providertest.LastOperation(cluster, pmks.IID{}))},
	})
}

// TestAnswer_notTheVendors: what cannot be an answer of the vendor is told by its status,
// never as a success and never as absence; a redirect is not followed.
func TestAnswer_notTheVendors(t *testing.T) {
	t.Parallel()
	cluster, _ := fleetIDs(t)
	for name, test := range map[string]struct {
		status int
		body   string
		code   pmks.Code
		says   string
	}{
		"page":                {200, "<!DOCTYPE html><html>login</html>", pmks.CodeUnavailable, "proxy"},
		"bad-gateway":         {502, "<html>502</html>", pmks.CodeUnavailable, "proxy"},
		"bare-404":            {404, "", pmks.CodeUnavailable, "without a code"},
		"null-404":            {404, "null", pmks.CodeUnavailable, "without a code"},
		"object-404":          {404, "{}", pmks.CodeUnavailable, "without a code"},
		"list-404":            {404, "[]", pmks.CodeUnavailable, "without a code"},
		"page-404":            {404, "<html>not found</html>", pmks.CodeUnavailable, "proxy"},
		"moved":               {301, "", pmks.CodeUnavailable, "redirect"},
		"found":               {302, "{}", pmks.CodeUnavailable, "redirect"},
		"repeat":              {307, "{}", pmks.CodeUnavailable, "redirect"},
		"no-content":          {204, "", pmks.CodeUnavailable, "lost"},
		"empty":               {200, "", pmks.CodeUnavailable, "lost"},
		"accepted-empty":      {202, "", pmks.CodeUnavailable, "lost"},
		"refusal-in-success":  {200, `{"code":"ErrorClusterNotFound","message":"gone"}`, pmks.CodeUnavailable, "lost"},
		"another-cluster":     {200, `{"cluster_id":"c00000000000000000000000000000000","cluster_type":"ManagedKubernetes"}`, pmks.CodeUnavailable, "lost"},
		"another-404":         {404, `{"code":"ErrorNodePoolNotFound","message":"no such pool"}`, pmks.CodeUnavailable, "no such pool"},
		"unknown-key":         {404, `{"Code":"InvalidAccessKeyId.NotFound","Message":"not found"}`, pmks.CodeUnauthenticated, "accessKeyId"},
		"wrong-endpoint":      {404, `{"Code":"InvalidAction.NotFound","Message":"no such action"}`, pmks.CodeUnsupported, "endpoint"},
		"truly-gone":          {404, `{"code":"ErrorClusterNotFound","message":"gone","requestId":"R"}`, pmks.CodeNotFound, "gone"},
		"throttled-as-503":    {503, `{"Code":"Throttling.User","Message":"slow down"}`, pmks.CodeThrottled, "slow down"},
		"throttled-otherwise": {429, `{"Code":"Weird","Message":"slow down"}`, pmks.CodeThrottled, "slow down"},
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
					if strings.HasPrefix(test.body, "<") {
						resp.Header.Set("Content-Type", "text/html")
					}
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

// TestAnswer_nulls: null in a list, numbers as texts and members that nobody knows are read
// over.
func TestAnswer_nulls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := bench.Fleet(t, bench.Simulate(providertest.Options{}), 2, 2)
		h := newHandler(t, s)
		want, err := h.ListCluster(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for op, list := range map[string]string{"DescribeClustersForRegion": "clusters", "DescribeClusterNodePools": "nodepools", "DescribeClusterNodes": "nodes"} {
			s.Alter(op, func(answer any) any {
				object, _ := answer.(map[string]any)
				items, _ := object[list].([]any)
				object[list] = append([]any{nil}, append(items, nil)...)
				object["tomorrow"] = map[string]any{"a": 1}
				for _, page := range []string{"page", "page_info"} {
					if p, ok := object[page].(map[string]any); ok {
						p["total_count"] = "2"
						if list == "nodes" {
							delete(p, "total_count")
						}
					}
				}
				return object
			})
		}
		got, err := h.ListCluster(t.Context())
		if err != nil || len(got) != len(want) {
			t.Fatalf("%d clusters of %d, %v", len(got), len(want), err)
		}
		for i := range got {
			if len(got[i].NodeGroupList) != 2 || len(got[i].NodeGroupList[0].Nodes) != 2 {
				t.Errorf("got %+v", got[i])
			}
		}
	})
}

// TestAnswer_samePage: a list that gives one page for ever is an error, not an end.
func TestAnswer_samePage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := bench.Fleet(t, bench.Simulate(providertest.Options{}), 2, 0)
		h := newHandler(t, s)
		s.Alter("DescribeClustersForRegion", func(answer any) any {
			object, _ := answer.(map[string]any)
			if page, ok := object["page_info"].(map[string]any); ok {
				page["total_count"] = 500
			}
			return object
		})
		_, err := h.ListIID(t.Context())
		if !errors.Is(err, pmks.ErrUnavailable) && err != nil {
			t.Errorf("got %v", err)
		}
		if n := s.Count("DescribeClustersForRegion"); n > 10 {
			t.Errorf("%d pages were read", n)
		}
	})
}
