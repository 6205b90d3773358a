// SPDX-License-Identifier: Apache-2.0

package aws_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/eks"
)

// unreadOf is what a list says of facts that could not be read.
func unreadOf(list []pmks.KeyValue) string {
	value, _ := pmks.Lookup(list, pmks.KeyUnread)
	return value
}

// away takes one request of the cloud away for good.
func away(s *eks.Server, op string, code pmks.Code) {
	s.Inject(core.Fault{Op: op, Kind: core.FaultRefuse, Code: code, Times: -1})
}

// The add-ons cannot be listed, whatever the fault: the cluster is there, and whatever
// waits for it goes on.
func TestHandler_GetCluster_withoutAddons(t *testing.T) {
	t.Parallel()
	for _, code := range []pmks.Code{pmks.CodeInvalidArgument, pmks.CodePermissionDenied, pmks.CodeNotFound, pmks.CodeUnavailable, pmks.CodeThrottled} {
		t.Run(code.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := fleet(t, 1, 2, eks.Options{})
				away(s, "ListAddons", code)
				info, err := newHandler(t, s).GetCluster(t.Context(), pmks.IID{NameId: "c000"})
				if err != nil {
					t.Fatal(err)
				}
				if got := unreadOf(info.KeyValueList); got != "Addons("+code.String()+")" || len(info.NodeGroupList) != 2 || info.AccessInfo.Kubeconfig == "" {
					t.Errorf("unread %q, %d node groups", got, len(info.NodeGroupList))
				}
			})
		})
	}
}

// EKS may have no list of add-ons while it makes the cluster.
func TestProvision_addonsWantActive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, eks.New(eks.Options{Assumptions: eks.Assumptions{AddonsWantActive: true}}))
		req := pmks.ClusterInfo{IId: pmks.IID{NameId: "early"}, Network: sampleNetwork(t)}
		if _, err := h.CreateCluster(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		info, err := h.GetCluster(t.Context(), req.IId)
		if err != nil || info.Status != pmks.ClusterCreating || !strings.HasPrefix(unreadOf(info.KeyValueList), "Addons(") {
			t.Errorf("while it is created: %s, unread %q, %v", info.Status, unreadOf(info.KeyValueList), err)
		}
		if info, err = pmks.WaitClusterActive(t.Context(), h, req.IId); err != nil || unreadOf(info.KeyValueList) != "" {
			t.Errorf("later: unread %q, %v", unreadOf(info.KeyValueList), err)
		}
	})
}

func sampleNetwork(t *testing.T) pmks.NetworkInfo {
	t.Helper()
	r := eks.DefaultResources("us-east-2")
	return pmks.NetworkInfo{SubnetIIDs: []pmks.IID{{SystemId: r.Subnets[0].ID}, {SystemId: r.Subnets[1].ID}}}
}

// The certificate of a cluster is no certificate, or not there: the cluster is.
func TestHandler_GetCluster_badCertificate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 1, eks.Options{})
		h, cluster := newHandler(t, s), pmks.IID{NameId: "c000"}
		for data, want := range map[string]string{"bm90IGEgY2VydGlmaWNhdGU=": "Kubeconfig(Internal)", "***": "Kubeconfig(Internal)", "": ""} {
			if err := s.SetCertificate("c000", data); err != nil {
				t.Fatal(err)
			}
			info, err := h.GetCluster(t.Context(), cluster)
			if err != nil || unreadOf(info.KeyValueList) != want || info.AccessInfo.Endpoint == "" || info.AccessInfo.Kubeconfig != "" || len(info.NodeGroupList) != 1 {
				t.Errorf("%q: unread %q, endpoint %q, %v", data, unreadOf(info.KeyValueList), info.AccessInfo.Endpoint, err)
			}
		}
	})
}

// Auto Scaling is denied alone: every cluster and node group is there, without nodes.
func TestHandler_ListCluster_withoutAutoScaling(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 3, 2, eks.Options{})
		away(s, "DescribeAutoScalingGroups", pmks.CodePermissionDenied)
		h := newHandler(t, s)
		list, err := h.ListCluster(t.Context())
		if err != nil || len(list) != 3 {
			t.Fatalf("%d clusters, %v", len(list), err)
		}
		one, err := h.GetCluster(t.Context(), list[0].IId)
		if err != nil {
			t.Fatal(err)
		}
		for _, info := range append(list, &one) {
			for _, g := range info.NodeGroupList {
				if got := unreadOf(g.KeyValueList); got != "Zones(PermissionDenied),Nodes(PermissionDenied),OnAutoScaling(PermissionDenied)" || len(g.Nodes) != 0 || g.OnAutoScaling || g.DesiredNodeSize != 2 {
					t.Errorf("%s %s: unread %q, %+v", info.IId, g.IId, got, g)
				}
			}
		}
		// What it needs to know it does not guess.
		group := list[0].NodeGroupList[0].IId
		_, err = h.SetNodeGroupAutoScaling(t.Context(), list[0].IId, group, false)
		says(t, err, pmks.ErrPermissionDenied)
		_, err = h.ChangeNodeGroupScaling(t.Context(), list[0].IId, group, 0, 0, 4)
		says(t, err, pmks.ErrPermissionDenied)
		if _, err = h.ChangeNodeGroupScaling(t.Context(), list[0].IId, group, 3, 1, 4); err != nil {
			t.Errorf("a size that is given: %v", err)
		}
	})
}

// One node group cannot be described: its siblings are whole, and it is named. An
// upgrade, which must know all, says so and sends nothing.
func TestHandler_oneGroupUnreadable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 2, 3, eks.Options{})
		s.Inject(core.Fault{Op: "DescribeNodegroup", Cluster: "c000", NodeGroup: "g1", Kind: core.FaultRefuse, Code: pmks.CodePermissionDenied, Times: -1})
		h, cluster := newHandler(t, s), pmks.IID{NameId: "c000"}
		one, err := h.GetCluster(t.Context(), cluster)
		if err != nil {
			t.Fatal(err)
		}
		list, err := h.ListCluster(t.Context())
		if err != nil || len(list) != 2 {
			t.Fatalf("%d clusters, %v", len(list), err)
		}
		for _, info := range []pmks.ClusterInfo{one, *list[0]} {
			if len(info.NodeGroupList) != 3 {
				t.Fatalf("%d node groups", len(info.NodeGroupList))
			}
			for _, g := range info.NodeGroupList {
				if g.IId.NameId != "g1" {
					if g.Status != pmks.NodeGroupActive || len(g.Nodes) != 2 || unreadOf(g.KeyValueList) != "" {
						t.Errorf("%+v", g)
					}
					continue
				}
				if g.Status != pmks.NodeGroupInactive || g.StatusFinal || !strings.Contains(g.StatusReason, "PermissionDenied") || !strings.Contains(unreadOf(g.KeyValueList), "DesiredNodeSize(PermissionDenied)") {
					t.Errorf("%+v", g)
				}
			}
		}
		_, err = h.UpgradeCluster(t.Context(), cluster, "1.34")
		says(t, err, pmks.ErrPermissionDenied, "g1")
		if n := s.Count("UpdateClusterVersion"); n != 0 {
			t.Errorf("%d upgrades were sent", n)
		}
	})
}

// The primary reads still fail the whole, with one sentence.
func TestHandler_GetCluster_primaryReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, op := range []string{"DescribeCluster", "ListNodegroups"} {
			s := fleet(t, 1, 1, eks.Options{})
			away(s, op, pmks.CodePermissionDenied)
			_, err := newHandler(t, s).GetCluster(t.Context(), pmks.IID{NameId: "c000"})
			var e *pmks.Error
			if !errors.As(err, &e) || e.Code != pmks.CodePermissionDenied || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %v", op, err)
			}
		}
		_, err := newHandler(t, eks.New(eks.Options{Assumptions: eks.Assumptions{NoClusterAsClientException: true}})).GetCluster(t.Context(), pmks.IID{NameId: "none"})
		says(t, err, pmks.ErrNotFound, "No cluster found")
	})
}
