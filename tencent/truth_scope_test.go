// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/tke"
)

// everyCall is every call on a cluster that pmks does not cover.
func everyCall(id pmks.IID, group pmks.IID) map[string]providertest.Call {
	return map[string]providertest.Call{
		"get": providertest.GetCluster(id), "delete": providertest.DeleteCluster(id), "upgrade": providertest.UpgradeCluster(id, "1.34"),
		"state": providertest.ReadState(id, pmks.IID{}), "state-of-group": providertest.ReadState(id, group), "add": providertest.AddNodeGroup(id, bench.SampleNodeGroup("x")),
		"remove": providertest.RemoveNodeGroup(id, group), "scale": providertest.ChangeNodeGroupScaling(id, group, 0, 0, 1), "switch": providertest.SetNodeGroupAutoScaling(id, group, true),
		"operation": providertest.LastOperation(id, pmks.IID{}), "operation-of-group": providertest.LastOperation(id, group), "check": providertest.CheckNodeGroup(id, bench.SampleNodeGroup("x")),
		"get-group": getNodeGroup(id, group), "tags": setTags(id, pmks.KeyValue{Key: "a", Value: "b"}), "findings": upgradeFindings(id, "1.34"),
		"open": func(ctx context.Context, h providertest.Handler) error {
			return h.(pmks.AccessOpener).OpenAccess(ctx, id)
		},
		"close": func(ctx context.Context, h providertest.Handler) error {
			return h.(pmks.AccessOpener).CloseAccess(ctx, id)
		},
	}
}

// TestTruth_otherType: a cluster of another type given by its SystemId is refused by every
// method and never changed.
func TestTruth_otherType(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"INDEPENDENT_CLUSTER", "independent_cluster"} {
		synctest.Test(t, func(t *testing.T) {
			s := readyAccount(t, tke.Options{}, map[string]string{tke.AttrType: kind})
			id, group := idsOf(t, s)
			for name, call := range everyCall(id, group) {
				if err := call(t.Context(), newHandler(t, s)); err == nil {
					t.Errorf("%s: is done for a cluster of the type %s", name, kind)
				}
			}
			if n := writesOf(s); n != 0 {
				t.Errorf("%d writes", n)
			}
		})
	}
}

// TestTruth_foreignIDs: identifiers of another region, account or service are refused in
// every method, those of a native machine and of a launch configuration as node groups
// too.
func TestTruth_foreignIDs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := readyAccount(t, tke.Options{}, nil)
		id, group := idsOf(t, s)
		h := newHandler(t, s)
		q := "qcs::tke:" + region + ":uin/" + tke.DefaultAccountID + ":cluster/" + id.SystemId
		for _, foreign := range []string{
			strings.Replace(q, region, "ap-tokyo", 1), strings.Replace(q, tke.DefaultAccountID, "100099999999", 1), strings.Replace(q, ":tke:", ":cvm:", 1), strings.Replace(q, "uin/"+tke.DefaultAccountID, "", 1),
			strings.Replace(q, region, "*", 1), strings.Replace(q, ":cluster/", ":instance/", 1), q + "/x", strings.Replace(q, "qcs:", "arn:", 1), strings.Replace(q, "qcs::", "qcs:1:", 1),
			strings.ToUpper(id.SystemId), id.SystemId + " ", "../" + id.SystemId, "ins-" + strings.TrimPrefix(id.SystemId, "cls-"), "cls-",
		} {
			before := writesOf(s)
			for name, call := range everyCall(pmks.IID{SystemId: foreign}, group) {
				if err := call(t.Context(), h); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
					t.Errorf("%s of %s: %v", name, foreign, err)
				}
			}
			if writesOf(s) != before {
				t.Errorf("%s: something was written", foreign)
			}
		}
		if _, err := h.GetCluster(t.Context(), pmks.IID{SystemId: q}); err != nil {
			t.Errorf("the cluster's own: %v", err)
		}
		for _, foreign := range []string{group.SystemId + "-x7k2p", "asg-" + strings.TrimPrefix(group.SystemId, "np-"), "np-", strings.ToUpper(group.SystemId)} {
			for name, call := range map[string]providertest.Call{
				"remove": providertest.RemoveNodeGroup(id, pmks.IID{SystemId: foreign}), "scale": providertest.ChangeNodeGroupScaling(id, pmks.IID{SystemId: foreign}, 0, 0, 1),
				"switch": providertest.SetNodeGroupAutoScaling(id, pmks.IID{SystemId: foreign}, true), "state": providertest.ReadState(id, pmks.IID{SystemId: foreign}),
			} {
				if err := call(t.Context(), h); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
					t.Errorf("%s of %s: %v", name, foreign, err)
				}
			}
		}
		if writesOf(s) != 0 {
			t.Error("something was written")
		}
	})
}

// TestTruth_poolOfAnother: a node pool of another cluster, given by its SystemId, is not
// there.
func TestTruth_poolOfAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := readyAccount(t, tke.Options{}, nil)
		putCluster(t, s, core.Seed{Name: "other", Groups: []pmks.NodeGroupInfo{bench.SampleNodeGroup("their")}})
		h := newHandler(t, s)
		other, err := h.GetCluster(t.Context(), pmks.IID{NameId: "other"})
		if err != nil {
			t.Fatal(err)
		}
		their := pmks.IID{SystemId: other.NodeGroupList[0].IId.SystemId}
		for name, call := range map[string]providertest.Call{
			"remove": providertest.RemoveNodeGroup(demo, their), "scale": providertest.ChangeNodeGroupScaling(demo, their, 2, 1, 5), "switch": providertest.SetNodeGroupAutoScaling(demo, their, true),
			"state": providertest.ReadState(demo, their), "operation": providertest.LastOperation(demo, their),
		} {
			if err := call(t.Context(), h); pmks.CodeOf(err) != pmks.CodeNotFound {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := writesOf(s); n != 0 {
			t.Errorf("%d writes", n)
		}
	})
}

// TestTruth_namesOfOthers: a role, a region or an account that changes: what one handler
// has claimed is not asked for by another with other keys.
func TestTruth_namesOfOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := tke.New(tke.Options{ReadLag: 9 * time.Second}), tke.New(tke.Options{AccountID: "100099999999"})
		ha, hb := newHandler(t, a), newHandler(t, b)
		if _, err := ha.CreateCluster(t.Context(), plainRequest("same")); err != nil {
			t.Fatal(err)
		}
		if _, err := hb.CreateCluster(t.Context(), plainRequest("same")); err != nil {
			t.Errorf("B: %v", err)
		}
	})
}

// TestTruth_facts: user tags come back, pmks's own do not; security groups and subnets in
// their order.
func TestTruth_facts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tke.New(tke.Options{})
		h := newHandler(t, s)
		req := plainRequest("facts")
		req.TagList = []pmks.KeyValue{{Key: "team", Value: "플랫폼 a"}, {Key: "Team", Value: "b"}}
		req.Network.SubnetIIDs = append(req.Network.SubnetIIDs[:1:1], pmks.IID{SystemId: "subnet-5k2m7p3w"}, pmks.IID{SystemId: "subnet-0j9f4h6q"})
		req.Network.SecurityGroupIIDs = append([]pmks.IID{{SystemId: "sg-7b2xq9vd"}}, req.Network.SecurityGroupIIDs...)
		made, err := h.CreateCluster(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := h.GetCluster(t.Context(), made.IId)
		if err != nil {
			t.Fatal(err)
		}
		list, err := h.ListCluster(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]pmks.ClusterInfo{"created": made, "read": got, "listed": *list[0]} {
			if len(c.TagList) != 2 || len(c.Network.SubnetIIDs) != 3 || c.Network.SubnetIIDs[2].SystemId != "subnet-0j9f4h6q" || len(c.Network.SecurityGroupIIDs) != 2 || c.Network.SecurityGroupIIDs[0].SystemId != "sg-7b2xq9vd" {
				t.Errorf("%s: %+v %+v", name, c.TagList, c.Network)
			}
		}
		var sent string
		h2 := newHandlerOn(t, hooked(s, "CreateClusterNodePool", func(_ int, r *http.Request) *http.Response { sent = bodyOf(r); return nil }))
		if _, err := pmks.WaitClusterActive(t.Context(), h2, made.IId); err != nil {
			t.Fatal(err)
		}
		if _, err := h2.AddNodeGroup(t.Context(), made.IId, bench.SampleNodeGroup("ng1")); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"subnet-5k2m7p3w", "subnet-0j9f4h6q", "sg-7b2xq9vd", req.Network.SecurityGroupIIDs[1].SystemId, "EQUALITY"} {
			if !strings.Contains(sent, want) {
				t.Errorf("%s is not sent: %s", want, sent)
			}
		}
		if strings.Contains(sent, `PublicIpAssigned\":true`) || strings.Contains(sent, `"Password`) {
			t.Errorf("sent %s", sent)
		}
	})
}

// TestTruth_othersCluster: a cluster that others have made, without pmks's tags: its
// security groups and subnets are read from what there is, or a node group is refused with
// what to do; nothing is guessed.
func TestTruth_othersCluster(t *testing.T) {
	t.Parallel()
	for _, description := range []string{"", "#CB-SPIDER:PMKS:SECURITYGROUP:ID:sg-7b2xq9vd #CB-SPIDER:PMKS:SUBNET:ID:subnet-5k2m7p3w", "@CB-SPIDER:PMKS:SECURITYGROUP:ID:sg-7b2xq9vd @CB-SPIDER:PMKS:SUBNET:ID:subnet-5k2m7p3w", "#CB-SPIDER:PMKS:SECURITYGROUP:sg-7b2xq9vd"} {
		t.Run(description, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := readyAccount(t, tke.Options{}, nil)
				var sent string
				strip := rewritten(s, "DescribeClusters", func(_ int, a map[string]any, _ string) {
					for _, c := range a["Clusters"].([]any) {
						c.(map[string]any)["TagSpecification"] = nil
						c.(map[string]any)["ClusterDescription"] = description
					}
				})
				h := newHandlerOn(t, providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
					if actionOf(r) == "CreateClusterNodePool" {
						sent = bodyOf(r)
					}
					return strip.RoundTrip(r)
				}))
				info, err := h.GetCluster(t.Context(), demo)
				if err != nil {
					t.Fatal(err)
				}
				if description != "" && (len(info.Network.SecurityGroupIIDs) != 1 || info.Network.SecurityGroupIIDs[0].SystemId != "sg-7b2xq9vd") {
					t.Errorf("security groups %v", info.Network.SecurityGroupIIDs)
				}
				_, err = h.AddNodeGroup(t.Context(), demo, bench.SampleNodeGroup("more"))
				if err == nil && (strings.Contains(sent, `SubnetIds\":[]`) || strings.Contains(sent, `SubnetIds\":null`) || !strings.Contains(sent, "SecurityGroupIds") || !strings.Contains(sent, "subnet-")) {
					t.Errorf("sent %s", sent)
				}
				if err != nil && pmks.CodeOf(err) != pmks.CodeFailedPrecondition {
					t.Errorf("%v", err)
				}
			})
		})
	}
}

// TestTruth_ranges: the ranges of a new cluster overlap nothing that is known, of the VPC,
// its further ranges and of other clusters in it.
func TestTruth_ranges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := tke.DefaultResources("ap-seoul")
		r.VPCs[0].Assistant = []string{"172.16.0.0/13", "172.24.0.0/14", "192.168.0.0/16"}
		s := tke.New(tke.Options{Resources: &r, Unlimited: true})
		h := newHandler(t, s)
		var group sync.WaitGroup
		for i := range 40 {
			group.Go(func() {
				if _, err := h.CreateCluster(t.Context(), plainRequest(fmt.Sprintf("c%03d", i))); err != nil {
					t.Errorf("%d: %v", i, err)
				}
			})
		}
		group.Wait()
		var taken []netip.Prefix
		for _, text := range append(r.VPCs[0].Assistant, r.VPCs[0].CIDR) {
			taken = append(taken, netip.MustParsePrefix(text))
		}
		probe := newHandlerOn(t, rewritten(s, "DescribeClusters", func(_ int, a map[string]any, _ string) {
			for _, c := range a["Clusters"].([]any) {
				net := c.(map[string]any)["ClusterNetworkSettings"].(map[string]any)
				p := netip.MustParsePrefix(net["ClusterCIDR"].(string))
				for _, other := range taken {
					if other.Overlaps(p) {
						t.Errorf("%s overlaps %s", p, other)
					}
				}
				taken = append(taken, p)
			}
		}))
		if list, err := probe.ListIID(t.Context()); err != nil || len(list) != 40 {
			t.Errorf("%d, %v", len(list), err)
		}
	})
}

// TestTruth_rangeTaken: somebody else takes a range between the look and the request,
// again and again; and one that the user has chosen is never replaced.
func TestTruth_rangeTaken(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"InvalidParameter.CidrConflictWithOtherCluster", "InternalError.CidrConflictWithOtherCluster", "InvalidParameter.CidrConflictWithOtherRoute", "InternalError.CidrConflictWithVpcGlobalRoute"} {
		synctest.Test(t, func(t *testing.T) {
			s := tke.New(tke.Options{})
			seen := map[string]bool{}
			through := hooked(s, "CreateCluster", func(n int, r *http.Request) *http.Response {
				var body struct {
					ClusterCIDRSettings struct{ ClusterCIDR string }
				}
				_ = json.Unmarshal([]byte(bodyOf(r)), &body)
				if seen[body.ClusterCIDRSettings.ClusterCIDR] {
					t.Errorf("%s is tried again", body.ClusterCIDRSettings.ClusterCIDR)
				}
				seen[body.ClusterCIDRSettings.ClusterCIDR] = true
				if n < 4 {
					return refusalOf(r, 200, code, "the vendor's own words")
				}
				return nil
			})
			if _, err := newHandlerOn(t, through).CreateCluster(t.Context(), plainRequest("x")); err != nil {
				t.Errorf("%s: %v", code, err)
			}
		})
	}
}

// TestTruth_tags: tags that would keep nodes from being made are refused before anything
// is.
func TestTruth_tags(t *testing.T) {
	t.Parallel()
	s := tke.New(tke.Options{Unlimited: true})
	h := newHandler(t, s)
	for _, tag := range []pmks.KeyValue{
		{Key: "a", Value: ""}, {Key: "a#b", Value: "x"}, {Key: "a", Value: "#x"}, {Key: "a", Value: "x,y"}, {Key: "a", Value: "x;y"}, {Key: "qcloud-a", Value: "x"}, {Key: "TencentA", Value: "x"}, {Key: "qcs:a", Value: "x"},
		{Key: "project", Value: "x"}, {Key: "", Value: "x"}, {Key: strings.Repeat("é", 128), Value: "x"}, {Key: "a", Value: strings.Repeat("é", 256)}, {Key: "CB-SPIDER-PMKS-SUBNET-ID", Value: "subnet-x"}, {Key: "pmks-request-id", Value: "x"},
		{Key: "#CB-SPIDER:PMKS:SECURITYGROUP:sg-1", Value: "x"}, {Key: "a", Value: "x\ny"}, {Key: "a", Value: "😀"},
	} {
		req := plainRequest("tagged")
		req.TagList = []pmks.KeyValue{tag}
		if _, err := h.CreateCluster(t.Context(), req); err == nil {
			t.Errorf("%q=%q is taken", tag.Key, tag.Value)
			break
		} else if pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), "TagList") {
			t.Errorf("%q=%q: %v", tag.Key, tag.Value, err)
		}
	}
	if len(s.Calls()) != 0 {
		t.Errorf("%d requests", len(s.Calls()))
	}
}

// TestTruth_manyTags: tags of a cluster come down to its scaling groups, which take
// thirty: a cluster with more could never get a node group.
func TestTruth_manyTags(t *testing.T) {
	t.Parallel()
	for _, n := range []int{20, 26, 27, 40, 47} {
		synctest.Test(t, func(t *testing.T) {
			s := tke.New(tke.Options{})
			h := newHandler(t, s)
			req := plainRequest("tagged")
			req.TagList = nil
			for i := range n {
				req.TagList = append(req.TagList, pmks.KeyValue{Key: fmt.Sprintf("key%02d", i), Value: "x"})
			}
			made, err := h.CreateCluster(t.Context(), req)
			if err != nil {
				if pmks.CodeOf(err) != pmks.CodeInvalidArgument || n <= 26 {
					t.Errorf("%d: %v", n, err)
				}
				return
			}
			if _, err := pmks.WaitClusterActive(t.Context(), h, made.IId); err != nil {
				t.Fatal(err)
			}
			if _, err := h.AddNodeGroup(t.Context(), made.IId, bench.SampleNodeGroup("ng1")); err != nil {
				t.Errorf("a cluster with %d tags was made, and takes no node group: %v", n, err)
			}
		})
	}
}

// TestTruth_references: names that are taken by others, given by name: fuzzy filters do
// not make another thing of it.
func TestTruth_references(t *testing.T) {
	t.Parallel()
	r := tke.DefaultResources(region)
	r.VPCs = append(r.VPCs, tke.VPC{ID: "vpc-zzzzzzzz", Name: r.VPCs[0].Name + "-old", CIDR: "10.9.0.0/16"})
	for i := range 130 {
		r.VPCs = append(r.VPCs, tke.VPC{ID: fmt.Sprintf("vpc-n%07d", i), Name: fmt.Sprintf("x-%s-%d", r.VPCs[0].Name, i), CIDR: "10.9.0.0/16"})
	}
	s := tke.New(tke.Options{Resources: &r, Unlimited: true, Assumptions: tke.Assumptions{SubstringFilters: true}})
	h := newHandler(t, s)
	req := plainRequest("named")
	req.Network.VpcIID.SystemId, req.Network.SubnetIIDs[0].SystemId, req.Network.SecurityGroupIIDs[0].SystemId = "", "", ""
	info, err := h.CreateCluster(t.Context(), req)
	if err != nil || info.Network.VpcIID.SystemId != plainRequest("x").Network.VpcIID.SystemId {
		t.Errorf("%+v, %v", info.Network, err)
	}
}
