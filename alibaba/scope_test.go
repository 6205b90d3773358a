// SPDX-License-Identifier: Apache-2.0

package alibaba_test

import (
	"testing"
	"testing/synctest"

	cs "github.com/alibabacloud-go/cs-20151215/v5/client"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/ack"
)

// idsOf are the ids of the one cluster of an account and of its first node pool, as the
// SDK's own client tells them: pmks shows no cluster out of its scope.
func idsOf(t testing.TB, s *ack.Server, region string) (cluster, group pmks.IID) {
	t.Helper()
	c := ackClient(t.Context(), t, newHandler(t, s))
	list, err := c.DescribeClustersForRegion(tea.String(region), &cs.DescribeClustersForRegionRequest{})
	if err != nil || len(list.Body.Clusters) != 1 {
		t.Fatalf("the list: %v, %v", list, err)
	}
	cluster.SystemId = tea.StringValue(list.Body.Clusters[0].ClusterId)
	pools, err := c.DescribeClusterNodePools(&cluster.SystemId, &cs.DescribeClusterNodePoolsRequest{})
	if err != nil || len(pools.Body.Nodepools) == 0 {
		t.Fatalf("the pools: %v, %v", pools, err)
	}
	group.SystemId = tea.StringValue(pools.Body.Nodepools[0].NodepoolInfo.NodepoolId)
	return cluster, group
}

// TestScope_byID: a cluster that pmks does not show, of another region or another kind, is
// refused by every method that is given its id, however often, and with it its node pools:
// whether they are given by id or name, and whether or not they tell their region.
func TestScope_byID(t *testing.T) {
	t.Parallel()
	for kind, attr := range map[string]map[string]string{
		"region": {ack.AttrRegion: "cn-hangzhou"}, "dedicated": {ack.AttrType: "Kubernetes"}, "registered": {ack.AttrType: "ExternalKubernetes"}, "serverless": {ack.AttrProfile: "Serverless"},
	} {
		attr[ack.AttrAddons] = "ack-ram-authenticator"
		for name, call := range map[string]func(c, g pmks.IID) providertest.Call{
			"get":              func(c, _ pmks.IID) providertest.Call { return providertest.GetCluster(c) },
			"delete":           func(c, _ pmks.IID) providertest.Call { return providertest.DeleteCluster(c) },
			"upgrade":          func(c, _ pmks.IID) providertest.Call { return providertest.UpgradeCluster(c, "1.36") },
			"token":            func(c, _ pmks.IID) providertest.Call { return providertest.GenerateClusterToken(c) },
			"state":            func(c, _ pmks.IID) providertest.Call { return providertest.ReadState(c, pmks.IID{}) },
			"state-of-group":   providertest.ReadState,
			"operation":        func(c, _ pmks.IID) providertest.Call { return providertest.LastOperation(c, pmks.IID{}) },
			"operation-of-one": providertest.LastOperation,
			"add":              func(c, _ pmks.IID) providertest.Call { return providertest.AddNodeGroup(c, bench.SampleNodeGroup("x")) },
			"check": func(c, _ pmks.IID) providertest.Call {
				return providertest.CheckNodeGroup(c, bench.SampleNodeGroup("x"))
			},
			"remove": providertest.RemoveNodeGroup,
			"scale":  func(c, g pmks.IID) providertest.Call { return providertest.ChangeNodeGroupScaling(c, g, 3, 1, 5) },
			"switch": func(c, g pmks.IID) providertest.Call { return providertest.SetNodeGroupAutoScaling(c, g, true) },
		} {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := ready(t, attr)
					at := region
					if kind == "region" {
						at = attr[ack.AttrRegion]
					}
					cluster, group := idsOf(t, s, at)
					for _, hidden := range []bool{false, true} {
						if hidden {
							for _, op := range []string{"DescribeClusterNodePools", "DescribeClusterNodePoolDetail"} {
								s.Alter(op, func(answer any) any { return without(answer, "region_id") })
							}
						}
						h := newHandler(t, s)
						for _, g := range []pmks.IID{group, first, group} {
							s.Reset()
							if err := call(cluster, g)(t.Context(), h); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
								t.Errorf("%v: got %v", g, err)
							}
							for _, op := range bench.Mutating {
								if n := s.Count(op); n != 0 {
									t.Errorf("%v: %d times %s", g, n, op)
								}
							}
						}
					}
				})
			})
		}
	}
}

func without(v any, member string) any {
	switch v := v.(type) {
	case map[string]any:
		delete(v, member)
		for k := range v {
			v[k] = without(v[k], member)
		}
	case []any:
		for i := range v {
			v[i] = without(v[i], member)
		}
	}
	return v
}
