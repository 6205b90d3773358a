// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	azfake "github.com/Azure/azure-sdk-for-go/sdk/azcore/fake"
	aks "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks"
)

// The fleet of which the cost of a listing is measured.
const (
	costClusters = 100
	costPools    = 5
	costNodes    = 10
)

const costSubscription = "00000000-0000-4000-8000-000000000001"

// costCluster is a cluster as AKS answers it.
func costCluster(i int) string {
	pools := make([]string, costPools)
	for p := range pools {
		pools[p] = fmt.Sprintf(`{"name":"g%d","count":%d,"vmSize":"Standard_D4s_v5","osDiskSizeGB":128,"osDiskType":"Managed","kubeletDiskType":"OS","maxPods":110,
"type":"VirtualMachineScaleSets","availabilityZones":["1","2"],"enableAutoScaling":true,"minCount":1,"maxCount":20,"provisioningState":"Succeeded","powerState":{"code":"Running"},
"orchestratorVersion":"1.33.6","currentOrchestratorVersion":"1.33.6","mode":"System","osType":"Linux","osSKU":"Ubuntu","nodeImageVersion":"AKSUbuntu-2204gen2containerd-202510.03.0",
"nodeLabels":{"team":"a"},"nodeTaints":["dedicated=a:NoSchedule"],"tags":{"env":"test"},"eTag":"x",
"vnetSubnetID":"/subscriptions/%s/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/v/subnets/s"}`, p, costNodes, costSubscription)
	}
	return fmt.Sprintf(`{"id":"/subscriptions/%[1]s/resourcegroups/rg/providers/Microsoft.ContainerService/managedClusters/c%03[2]d","name":"c%03[2]d","type":"Microsoft.ContainerService/ManagedClusters",
"location":"koreacentral","tags":{"env":"test","owner":"a"},"eTag":"y","sku":{"name":"Base","tier":"Free"},"properties":{"provisioningState":"Succeeded","powerState":{"code":"Running"},
"kubernetesVersion":"1.33.6","currentKubernetesVersion":"1.33.6","dnsPrefix":"c","fqdn":"c.hcp.koreacentral.azmk8s.io","nodeResourceGroup":"MC_rg_c%03[2]d_koreacentral","enableRBAC":true,
"networkProfile":{"networkPlugin":"azure","networkPluginMode":"overlay","podCidr":"10.244.0.0/16","serviceCidr":"172.16.0.0/16"},
"addonProfiles":{"azurepolicy":{"enabled":true},"omsagent":{"enabled":false}},"agentPoolProfiles":[%[3]s]}}`, costSubscription, i, strings.Join(pools, ","))
}

// costFleet answers for Azure without computing: the list of clusters, and the pages of the
// index.
func costFleet() http.RoundTripper {
	clusters := make([]string, costClusters)
	var rows []string
	for i := range clusters {
		clusters[i] = costCluster(i)
		for p := range costPools {
			for n := range costNodes {
				set := fmt.Sprintf("aks-g%d-%08d-vmss", p, i)
				rows = append(rows, fmt.Sprintf(`{"id":"/subscriptions/%s/resourceGroups/MC_rg_c%03d_koreacentral/providers/Microsoft.Compute/virtualMachineScaleSets/%s/virtualMachines/%d","computerName":"%s%06d"}`,
					costSubscription, i, set, n, set, n))
			}
		}
	}
	list := `{"value":[` + strings.Join(clusters, ",") + `]}`
	pages := map[int]string{}
	for from := 0; from < len(rows); from += indexTop {
		pages[from] = fmt.Sprintf(`{"totalRecords":%d,"count":%d,"resultTruncated":"false","$skipToken":"x","data":[%s]}`, len(rows), indexTop, strings.Join(rows[from:from+indexTop], ","))
	}
	return readyAnswers(func(r *http.Request) string {
		if r.Method == http.MethodGet {
			return list
		}
		var body struct {
			Options struct {
				Skip int `json:"$skip"`
			}
		}
		if json.NewDecoder(r.Body).Decode(&body) != nil {
			return ""
		}
		return pages[body.Options.Skip]
	})
}

// readyAnswers is a transport that answers with texts.
type readyAnswers func(*http.Request) string

// RoundTrip implements [http.RoundTripper].
func (f readyAnswers) RoundTrip(r *http.Request) (*http.Response, error) {
	text := f(r)
	return &http.Response{StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)), Request: r}, nil
}

func costHandler(t testing.TB, transport http.RoundTripper) *Handler {
	t.Helper()
	h, err := New(t.Context(), Config{SubscriptionID: costSubscription, ResourceGroup: "rg", Location: "koreacentral",
		Credential: &azfake.TokenCredential{}, Transport: transport, RateLimits: limitsNone})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.ListIID(t.Context()); err != nil {
		t.Fatal(err)
	}
	return h
}

// BenchmarkListCluster_overhead is a listing of 100 clusters with 5 pools of 10 nodes over
// ready answers, beside the decoding alone with the SDK's types.
func BenchmarkListCluster_overhead(b *testing.B) {
	fleet := costFleet()
	b.Run("handler", func(b *testing.B) {
		h := costHandler(b, fleet)
		b.ReportAllocs()
		for b.Loop() {
			list, err := h.ListCluster(b.Context())
			if err != nil || len(list) != costClusters || len(list[99].NodeGroupList[4].Nodes) != costNodes {
				b.Fatal(len(list), err)
			}
		}
	})
	b.Run("sdk", func(b *testing.B) {
		h := costHandler(b, fleet)
		b.ReportAllocs()
		for b.Loop() {
			pages := h.api.clusters.NewListByResourceGroupPager("rg", nil)
			page, err := pages.NextPage(b.Context())
			if err != nil || len(page.Value) != costClusters {
				b.Fatal(err)
			}
			for from := 0; from < costClusters*costPools*costNodes; from += indexTop {
				if _, err := h.askIndex(b.Context(), pageQuery{skip: from}); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}

// TestListCluster_allocations: what pmks makes of a cluster with five pools of ten nodes,
// beside what the SDK makes of the answer, stays small.
func TestListCluster_allocations(t *testing.T) {
	const ceiling = 280 // a fifth above what it was when it was last measured
	var c aks.ManagedCluster
	if err := json.Unmarshal([]byte(costCluster(0)), &c); err != nil {
		t.Fatal(err)
	}
	h := costHandler(t, costFleet())
	x := index{h: h}
	x.begin(t.Context())
	if !x.complete(t.Context(), costClusters*costPools) {
		t.Fatal(x.err)
	}
	var info pmks.ClusterInfo
	ctx := t.Context()
	allocations := testing.AllocsPerRun(100, func() {
		info = clusterInfo(&c, h.cfg.ResourceGroup)
		r, err := h.clusterRef(info.IId)
		if err != nil {
			t.Fatal(err)
		}
		if left := x.answer(ctx, poolsToAsk(&info, r)); len(left) > 0 {
			t.Fatal("the index is wrong about a pool")
		}
	})
	if len(info.NodeGroupList) != costPools || len(info.NodeGroupList[4].Nodes) != costNodes {
		t.Fatalf("%+v", info)
	}
	t.Logf("%v allocations for a cluster", allocations)
	if allocations > ceiling {
		t.Errorf("%v allocations for a cluster, want at most %d", allocations, ceiling)
	}
}
