// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/gke"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// TestNodes_unread: whatever keeps a group from being read leaves the nodes of the
// others, and its own size unknown; nothing of it is taken from the past.
func TestNodes_unread(t *testing.T) {
	t.Parallel()
	const noGroup = `{"error":{"code":404,"message":"The resource 'projects/pmks-sim/zones/asia-northeast3-a/instanceGroupManagers/GROUP' was not found","errors":[{"reason":"notFound"}]}}`
	for _, test := range []struct {
		name   string
		status int
		body   string
		code   pmks.Code
	}{
		{"not-found", 404, noGroup, pmks.CodeNotFound},
		{"another-not-found", 404, `{"error":{"code":404,"message":"The resource 'projects/pmks-sim' was not found","errors":[{"reason":"notFound"}]}}`, pmks.CodeUnavailable},
		{"bare-404", 404, "{}", pmks.CodeUnavailable},
		{"page-of-a-proxy", 404, "<html>", pmks.CodeUnavailable},
		{"forbidden", 403, `{"error":{"code":403,"message":"Required 'compute.instanceGroupManagers.get'","errors":[{"reason":"forbidden"}]}}`, pmks.CodePermissionDenied},
		{"throttled", 403, `{"error":{"code":403,"message":"slow","errors":[{"reason":"rateLimitExceeded"}]}}`, pmks.CodeThrottled},
		{"unknown-4xx", 418, "{}", pmks.CodeFailedPrecondition},
		{"internal", 500, "{}", pmks.CodeInternal},
		{"null", 200, "null", pmks.CodeUnavailable},
		{"nothing", 200, "", pmks.CodeUnavailable},
		{"another-kind", 200, `{"managedInstances":7}`, pmks.CodeUnavailable},
		{"redirect", 307, "", pmks.CodeUnavailable},
		{"hang", 0, "", pmks.CodeUnavailable},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := gke.New(gke.Options{})
				iid := put(t, s, region, "wide", func(s *gke.Seed) {
					for range 6 {
						s.Groups[0].Nodes = append(s.Groups[0].Nodes, pmks.IID{NameId: "n"})
					}
					s.Groups = append(s.Groups, pmks.NodeGroupInfo{IId: pmks.IID{NameId: "h"}, VMSpecName: "e2-standard-4", DesiredNodeSize: 3})
				})
				c, err := otherHand(t, s).GetCluster(t.Context(), &containerpb.GetClusterRequest{Name: iid.SystemId})
				if err != nil {
					t.Fatal(err)
				}
				url := c.GetNodePools()[0].GetInstanceGroupUrls()[0] // one of three
				group := url[strings.LastIndexByte(url, '/')+1:]
				cfg := configFor(s)
				through := cfg.Transport
				cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
					if !strings.Contains(r.URL.Path, "/"+group+"/") {
						return through.RoundTrip(r)
					}
					if test.status == 0 {
						return providertest.Hang(r)
					}
					return providertest.Respond(r, test.status, strings.ReplaceAll(test.body, "GROUP", group)), nil
				})
				h := newHandlerWith(t, cfg)
				list, err := h.ListCluster(t.Context())
				if err != nil || len(list) != 1 {
					t.Fatalf("ListCluster: %d, %v", len(list), err)
				}
				info, err := h.GetCluster(t.Context(), iid)
				if err != nil {
					t.Fatal(err)
				}
				want := "Nodes(" + test.code.String() + "),DesiredNodeSize(" + test.code.String() + ")"
				for _, info := range append(list, &info) {
					g, _ := info.NodeGroup(pmks.IID{NameId: "g"})
					if got, _ := pmks.Lookup(g.KeyValueList, pmks.KeyUnread); got != want || len(g.Nodes) != 4 || g.DesiredNodeSize != 0 {
						t.Errorf("unread %q with %d nodes of %d, want %q", got, len(g.Nodes), g.DesiredNodeSize, want)
					}
					if other, _ := info.NodeGroup(pmks.IID{NameId: "h"}); len(other.Nodes) != 3 || other.DesiredNodeSize != 3 {
						t.Errorf("the other group has %d nodes of %d", len(other.Nodes), other.DesiredNodeSize)
					}
				}
				// A size that is not known is set, not taken for the wanted one.
				if _, err := h.ChangeNodeGroupScaling(t.Context(), iid, pmks.IID{NameId: "g"}, 3, 0, 6); err != nil {
					t.Fatalf("ChangeNodeGroupScaling: %v", err)
				}
				if n := s.Count("SetNodePoolSize"); n != 1 {
					t.Errorf("the size was sent %d times", n)
				}
			})
		})
	}
}

// TestNodes_passing: one passing fault of any kind on any read is made up for.
func TestNodes_passing(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"ListClusters", "GetCluster", "ListOperations", listInstances} {
		for name, fault := range map[string]core.Fault{
			"throttled":   {Kind: core.FaultThrottle},
			"unavailable": {Kind: core.FaultRefuse, Code: pmks.CodeUnavailable},
			"lost":        {Kind: core.FaultLoseReply},
			"cut":         {Kind: core.FaultCut},
			"hang":        {Kind: core.FaultHang},
		} {
			t.Run(op+"/"+name, func(t *testing.T) {
				t.Parallel()
				for _, protocol := range []string{"rest", "grpc"} {
					synctest.Test(t, func(t *testing.T) {
						s := fleet(t, 3, 1, gke.Options{})
						fault.Op = op
						s.Inject(fault)
						cfg := configFor(s)
						if protocol == "grpc" {
							overGRPC(s)(&cfg)
						}
						h := newHandlerWith(t, cfg)
						list, err := h.ListCluster(t.Context())
						if err != nil || len(list) != 3 {
							t.Errorf("%s: ListCluster shows %d, %v", protocol, len(list), err)
						}
						s.Inject(fault)
						info, err := h.GetCluster(t.Context(), pmks.IID{NameId: "c000", SystemId: "c000"})
						for _, info := range append(list, &info) {
							if _, unread := pmks.Lookup(info.KeyValueList, pmks.KeyUnread); unread || len(info.NodeGroupList) != 1 || len(info.NodeGroupList[0].Nodes) != 2 {
								t.Errorf("%s: got %+v, %v", protocol, info.NodeGroupList, err)
							}
						}
					})
				}
			})
		}
	}
}

// TestNodes_pages: all pages are read, and a token that repeats ends the list with an
// error.
func TestNodes_pages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := gke.New(gke.Options{PagedGroups: true})
		iid := put(t, s, region+"-a", "big", func(s *gke.Seed) { s.Groups[0].DesiredNodeSize = 1100 })
		h := newHandler(t, s)
		info, err := h.GetCluster(t.Context(), iid)
		if err != nil || len(info.NodeGroupList[0].Nodes) != 1100 {
			t.Fatalf("%d nodes, %v", len(info.NodeGroupList[0].Nodes), err)
		}
		s.Reset()
		s.Inject(core.Fault{Op: listInstances, Times: -1, Kind: core.FaultRepeatPage})
		info, err = h.GetCluster(t.Context(), iid)
		if got, _ := pmks.Lookup(info.NodeGroupList[0].KeyValueList, pmks.KeyUnread); err != nil || got != "Nodes(Internal),DesiredNodeSize(Internal)" || s.Count(listInstances) > 20 {
			t.Errorf("unread is %q after %d calls, %v", got, s.Count(listInstances), err)
		}
	})
}

// TestNodes_vanished: a cluster, or a pool, that goes while it is read is left out.
func TestNodes_vanished(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 2, 2, gke.Options{Latency: time.Second})
		h := newHandler(t, s)
		go func() {
			time.Sleep(1500 * time.Millisecond) //nolint:forbidigo // inside a synctest bubble
			if err := s.Force("c000", "", profile.Gone, ""); err != nil {
				t.Error(err)
			}
			if err := s.Force("c001", "g1", profile.Gone, ""); err != nil {
				t.Error(err)
			}
		}()
		list, err := h.ListCluster(t.Context())
		if err != nil || len(list) != 1 || list[0].IId.NameId != "c001" || len(list[0].NodeGroupList) != 1 {
			t.Errorf("got %d clusters, %v", len(list), err)
		}
	})
}

// TestNodes_blueGreen: a pool of three that is being replaced has the size three in
// every phase.
func TestNodes_blueGreen(t *testing.T) {
	t.Parallel()
	for phase := containerpb.NodePool_UpdateInfo_BlueGreenInfo_UPDATE_STARTED; phase <= containerpb.NodePool_UpdateInfo_BlueGreenInfo_ROLLBACK_STARTED; phase++ {
		t.Run(phase.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := gke.New(gke.Options{})
				iid := put(t, s, region+"-a", "demo", func(s *gke.Seed) { s.Pools = map[string]gke.PoolSeed{"g": {BlueGreen: phase}} })
				info, err := newHandler(t, s).GetCluster(t.Context(), iid)
				if err != nil || info.NodeGroupList[0].DesiredNodeSize != 3 || info.NodeGroupList[0].Status != pmks.NodeGroupUpdating {
					t.Errorf("got %+v, %v", info.NodeGroupList, err)
				}
			})
		})
	}
}

// TestOperations_unread: without the operations a cluster is told as it is, and that
// they are missing.
func TestOperations_unread(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 1, gke.Options{})
		s.Inject(core.Fault{Op: "ListOperations", Times: -1, Kind: core.FaultRefuse, Code: pmks.CodePermissionDenied})
		h := newHandler(t, s)
		info, err := h.GetCluster(t.Context(), pmks.IID{NameId: "c000"})
		if got, _ := pmks.Lookup(info.KeyValueList, pmks.KeyUnread); err != nil || got != "Operations(PermissionDenied)" || info.Status != pmks.ClusterActive {
			t.Errorf("unread is %q, %s, %v", got, info.Status, err)
		}
		if list, err := h.ListCluster(t.Context()); err != nil || len(list) != 1 {
			t.Errorf("ListCluster: %d, %v", len(list), err)
		}
		// An upgrade might be sent a second time.
		if _, err := h.UpgradeCluster(t.Context(), pmks.IID{NameId: "c000"}, "1.34"); pmks.CodeOf(err) != pmks.CodePermissionDenied || s.Count("UpdateMaster") != 0 {
			t.Errorf("UpgradeCluster: %v", err)
		}
	})
}
