// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/gcp"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/gke"
)

// seven is a pool that was made with three nodes and has seven.
func seven(s *gke.Seed) {
	for range 7 {
		s.Groups[0].Nodes = append(s.Groups[0].Nodes, pmks.IID{NameId: "n"})
	}
}

// TestScaling_proof: a resize whose answer is lost has happened only if GKE has its
// operation; that the pool once had the size proves nothing.
func TestScaling_proof(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		fault core.Fault
		want  pmks.Code
		sizes int
	}{
		{"nothing-done", core.Fault{Kind: core.FaultRefuse, Code: pmks.CodeUnavailable}, pmks.CodeOK, 2},
		{"nothing-done-ever", core.Fault{Times: -1, Kind: core.FaultRefuse, Code: pmks.CodeUnavailable}, pmks.CodeUnavailable, 3},
		{"reply-lost", core.Fault{Kind: core.FaultLoseReply}, pmks.CodeOK, 1},
		{"reply-cut", core.Fault{Kind: core.FaultCut}, pmks.CodeOK, 1},
		{"reply-empty", core.Fault{Kind: core.FaultAnswerReply, Answer: &core.Answer{Status: 200, Body: "{}"}}, pmks.CodeOK, 1},
		{"refused-by-an-unknown-4xx", core.Fault{Kind: core.FaultAnswer, Answer: &core.Answer{Status: 418, Body: "{}"}}, pmks.CodeFailedPrecondition, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := gke.New(gke.Options{})
				iid, group := put(t, s, region+"-a", "demo", seven), pmks.IID{NameId: "g"}
				h := newHandler(t, s)
				test.fault.Op = "SetNodePoolSize"
				s.Inject(test.fault)
				_, err := h.ChangeNodeGroupScaling(t.Context(), iid, group, 3, 0, 7)
				if err != nil && test.want == pmks.CodeOK || pmks.CodeOf(err) != test.want || err != nil && asError(t, err).MayHaveHappened {
					t.Fatalf("got %v, want %s", err, test.want)
				}
				if n := s.Count("SetNodePoolSize"); n != test.sizes {
					t.Errorf("%d requests were sent, want %d", n, test.sizes)
				}
				time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
				info, err := h.GetCluster(t.Context(), iid)
				want := map[bool]int{true: 3, false: 7}[test.want == pmks.CodeOK]
				if g, _ := info.NodeGroup(group); err != nil || len(g.Nodes) != want {
					t.Errorf("there are %d nodes, want %d; %v", len(g.Nodes), want, err)
				}
			})
		})
	}
}

// TestScaling_atOnce: where the first of two writes is done at the first look, the
// second follows without a pause.
func TestScaling_atOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := gke.New(gke.Options{Latency: providertest.Latency, Pending: -1, Scale: 1e-6})
		iid := put(t, s, region+"-a", "demo")
		h, start := newHandler(t, s), time.Now()
		if _, err := h.ChangeNodeGroupScaling(t.Context(), iid, pmks.IID{NameId: "g"}, 5, 1, 9); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 6*providertest.Latency {
			t.Errorf("it took %s, want five calls of %s", took, providertest.Latency)
		}
	})
}

// change makes a change of bounds and size, which are two writes.
func change(ctx context.Context, h *gcp.Handler, iid pmks.IID) error {
	_, err := h.ChangeNodeGroupScaling(ctx, iid, pmks.IID{NameId: "g"}, 5, 1, 9)
	return err
}

// TestScaling_halfDone: what has been done is said on every way out, and a network
// that is gone ends the wait for the first write.
func TestScaling_halfDone(t *testing.T) {
	t.Parallel()
	for _, on := range []bool{false, true} {
		first := map[bool]string{false: "SetLabels", true: "SetNodePoolAutoscaling"}[on]
		for _, test := range []struct {
			name  string
			fault core.Fault
			code  pmks.Code
			says  string
			maybe bool
		}{
			{"look-refused", core.Fault{Op: "GetOperation", Times: -1, Kind: core.FaultRefuse, Code: pmks.CodePermissionDenied}, pmks.CodePermissionDenied, "was accepted", true},
			{"network-gone", core.Fault{Op: "GetOperation", Times: -1, Kind: core.FaultLoseRequest}, pmks.CodeUnavailable, "was accepted", true},
			{"first-fails-later", core.Fault{Op: first, Kind: core.FaultFailLater, Reason: "GCE_STOCKOUT: no machines"}, pmks.CodeUnavailable, "failed, and nothing more was sent", false},
			{"second-refused", core.Fault{Op: "SetNodePoolSize", Kind: core.FaultRefuse, Code: pmks.CodePermissionDenied}, pmks.CodePermissionDenied, "the bounds are set to 1 and 9, the size is not changed", false},
			{"first-refused", core.Fault{Op: first, Kind: core.FaultRefuse, Code: pmks.CodePermissionDenied}, pmks.CodePermissionDenied, "", false},
		} {
			t.Run(first+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := gke.New(gke.Options{})
					iid := put(t, s, region+"-a", "demo", func(s *gke.Seed) { s.Groups[0].OnAutoScaling = on })
					s.Inject(test.fault)
					start := time.Now()
					err := change(t.Context(), newHandler(t, s), iid)
					if pmks.CodeOf(err) != test.code || !strings.Contains(err.Error(), test.says) || asError(t, err).MayHaveHappened != test.maybe {
						t.Errorf("got %v", err)
					}
					if test.says == "" && (strings.Contains(err.Error(), "bounds are set") || strings.Contains(err.Error(), "accepted")) {
						t.Errorf("nothing was done, but it says %v", err)
					}
					if took := time.Since(start); took > 10*time.Minute || s.Count("GetOperation") > 60 {
						t.Errorf("it took %s and %d looks", took, s.Count("GetOperation"))
					}
				})
			})
		}
	}
}

// TestScaling_contextEnds: the end of the caller's context is found in the error
// wherever it comes, promptly, with what was done before.
func TestScaling_contextEnds(t *testing.T) {
	t.Parallel()
	for after := 50 * time.Millisecond; after < 3*time.Second; after += 150 * time.Millisecond {
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := gke.New(gke.Options{Latency: 200 * time.Millisecond, Pending: 5 * time.Second})
				iid := put(t, s, region+"-a", "demo")
				ctx, cancel := context.WithTimeout(t.Context(), after)
				defer cancel()
				start := time.Now()
				err := change(ctx, newHandler(t, s), iid)
				if !errors.Is(err, context.DeadlineExceeded) || pmks.CodeOf(err) != pmks.CodeTimeout || time.Since(start) != after {
					t.Errorf("after %s: %v", time.Since(start), err)
				}
				if sent := s.Count("SetLabels") > 0; sent != asError(t, err).MayHaveHappened {
					t.Errorf("a write was sent: %t, and it says %v", sent, err)
				}
			})
		})
	}
}

// TestAutoscaling_kept: a change of bounds keeps everything else, the way in which
// they are told included.
func TestAutoscaling_kept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := gke.New(gke.Options{})
		iid := put(t, s, region, "wide", func(s *gke.Seed) {
			s.Groups[0].OnAutoScaling = true
			s.Pools = map[string]gke.PoolSeed{"g": {PerZone: true, LocationPolicy: containerpb.NodePoolAutoscaling_ANY}}
		})
		h := newHandler(t, s)
		read := func() *containerpb.NodePoolAutoscaling {
			t.Helper()
			time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
			p, err := otherHand(t, s).GetNodePool(t.Context(), &containerpb.GetNodePoolRequest{Name: iid.SystemId + "/nodePools/g"})
			if err != nil {
				t.Fatal(err)
			}
			return p.GetAutoscaling()
		}
		if _, err := h.ChangeNodeGroupScaling(t.Context(), iid, pmks.IID{NameId: "g"}, 3, 3, 9); err != nil {
			t.Fatal(err)
		}
		if a := read(); a.GetMinNodeCount() != 1 || a.GetMaxNodeCount() != 3 || a.GetTotalMaxNodeCount() != 0 || a.GetLocationPolicy() != containerpb.NodePoolAutoscaling_ANY {
			t.Errorf("bounds that divide: %v", a)
		}
		if _, err := h.ChangeNodeGroupScaling(t.Context(), iid, pmks.IID{NameId: "g"}, 3, 2, 10); err != nil {
			t.Fatal(err)
		}
		if a := read(); a.GetTotalMinNodeCount() != 2 || a.GetTotalMaxNodeCount() != 10 || a.GetMaxNodeCount() != 0 || a.GetLocationPolicy() != containerpb.NodePoolAutoscaling_ANY {
			t.Errorf("bounds that do not: %v", a)
		}
	})
}

// TestBounds_writeBack: what a read shows of a pool that nobody gave bounds can be
// written back.
func TestBounds_writeBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := gke.New(gke.Options{})
		iid := put(t, s, region+"-a", "console", func(s *gke.Seed) { s.Groups[0].MinNodeSize, s.Groups[0].MaxNodeSize = 0, 0 })
		h := newHandler(t, s)
		info, err := h.GetCluster(t.Context(), iid)
		if err != nil {
			t.Fatal(err)
		}
		g := info.NodeGroupList[0]
		if g.MinNodeSize != 1 || g.MaxNodeSize != 3 {
			t.Errorf("bounds %d to %d", g.MinNodeSize, g.MaxNodeSize)
		}
		got, err := h.ChangeNodeGroupScaling(t.Context(), iid, g.IId, g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize)
		if err != nil || got.DesiredNodeSize != 3 {
			t.Errorf("written back: %+v, %v", got, err)
		}
		if s.Count("SetNodePoolSize") != 0 {
			t.Error("a size that is there was sent")
		}
	})
}

// TestBounds_sizeOfOthers: a size that others gave a pool, outside of the bounds that
// are recorded, is shown with bounds that can be written back.
func TestBounds_sizeOfOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := gke.New(gke.Options{})
		iid := put(t, s, region+"-a", "c")
		h := newHandler(t, s)
		if _, err := h.ChangeNodeGroupScaling(t.Context(), iid, pmks.IID{NameId: "g"}, 3, 2, 4); err != nil {
			t.Fatal(err)
		}
		if _, err := pmks.WaitClusterActive(t.Context(), h, iid); err != nil {
			t.Fatal(err)
		}
		if _, err := otherHand(t, s).SetNodePoolSize(t.Context(), &containerpb.SetNodePoolSizeRequest{Name: iid.SystemId + "/nodePools/g", NodeCount: 7}); err != nil {
			t.Fatal(err)
		}
		info, err := pmks.WaitClusterActive(t.Context(), h, iid)
		if err != nil {
			t.Fatal(err)
		}
		g := info.NodeGroupList[0]
		if g.DesiredNodeSize != 7 || g.MinNodeSize != 2 || g.MaxNodeSize != 7 {
			t.Errorf("shown as %d of %d to %d", g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize)
		}
		if _, err := h.ChangeNodeGroupScaling(t.Context(), iid, g.IId, g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize); err != nil {
			t.Errorf("written back: %v", err)
		}
	})
}

// TestUpgradeCluster_denied: who may not read the versions on offer can upgrade to one
// that is named; GKE judges it.
func TestUpgradeCluster_denied(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]pmks.Code{"1.34": pmks.CodeOK, "v1.33.6-gke.1000000": pmks.CodeInvalidArgument, "default": pmks.CodePermissionDenied} {
		synctest.Test(t, func(t *testing.T) {
			s := gke.New(gke.Options{})
			iid := put(t, s, region+"-a", "c")
			cfg := configFor(s)
			through, asked := cfg.Transport, 0
			cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
				if strings.Contains(r.URL.Path, "serverConfig") {
					return providertest.Respond(r, http.StatusForbidden, `{"error":{"code":403,"status":"PERMISSION_DENIED","message":"no"}}`), nil
				}
				if r.Method == http.MethodPost {
					asked++
				}
				return through.RoundTrip(r)
			})
			_, err := newHandlerWith(t, cfg).UpgradeCluster(t.Context(), iid, version)
			if pmks.CodeOf(err) != want || (asked > 0) != (want != pmks.CodePermissionDenied) {
				t.Errorf("%s: %v after %d requests", version, err, asked)
			}
		})
	}
}

// TestAddNodeGroup_leftOut: bounds that a request leaves out are 1 and the size.
func TestAddNodeGroup_leftOut(t *testing.T) {
	t.Parallel()
	for _, on := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := gke.New(gke.Options{})
			iid := put(t, s, region+"-a", "demo")
			made, err := newHandler(t, s).AddNodeGroup(t.Context(), iid, pmks.NodeGroupInfo{IId: pmks.IID{NameId: "new"}, VMSpecName: "e2-standard-4", OnAutoScaling: on, DesiredNodeSize: 2})
			if err != nil || made.MinNodeSize != 1 || made.MaxNodeSize != 2 || made.DesiredNodeSize != 2 {
				t.Errorf("got %d of %d to %d, %v", made.DesiredNodeSize, made.MinNodeSize, made.MaxNodeSize, err)
			}
		})
	}
}

// TestMutation_prerequisite: that a creation finds something missing never means the
// cluster, which is what the caller knows it by.
func TestMutation_prerequisite(t *testing.T) {
	t.Parallel()
	const gaia = `{"error":{"code":404,"status":"NOT_FOUND","message":"Gaia id not found for email nodes@pmks-sim.iam.gserviceaccount.com"}}`
	synctest.Test(t, func(t *testing.T) {
		s := gke.New(gke.Options{})
		iid := put(t, s, region+"-a", "demo")
		cfg := configFor(s)
		through := cfg.Transport
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost && (strings.HasSuffix(r.URL.Path, "/clusters") || strings.HasSuffix(r.URL.Path, "/nodePools")) {
				return providertest.Respond(r, 404, gaia), nil
			}
			return through.RoundTrip(r)
		})
		h := newHandlerWith(t, cfg)
		_, createErr := h.CreateCluster(t.Context(), bench.SampleRequest("fresh"))
		_, addErr := h.AddNodeGroup(t.Context(), iid, pmks.NodeGroupInfo{IId: pmks.IID{NameId: "new"}, VMSpecName: "e2-standard-4", DesiredNodeSize: 1})
		for name, err := range map[string]error{"CreateCluster": createErr, "AddNodeGroup": addErr} {
			if pmks.CodeOf(err) != pmks.CodeFailedPrecondition || errors.Is(err, pmks.ErrNotFound) ||
				!strings.Contains(err.Error(), "nodes@pmks-sim.iam.gserviceaccount.com") || !strings.Contains(err.Error(), "nodeServiceAccount") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := h.AddNodeGroup(t.Context(), pmks.IID{NameId: "nobody"}, pmks.NodeGroupInfo{IId: pmks.IID{NameId: "new"}, VMSpecName: "e2-standard-4", DesiredNodeSize: 1}); pmks.CodeOf(err) != pmks.CodeNotFound {
			t.Errorf("a cluster that is not there: %v", err)
		}
	})
}

// TestUpgrade_proof: the upgrade of a pool whose answer is lost has happened only if
// GKE has its operation.
func TestUpgrade_proof(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]core.Fault{
		"nothing-done": {Kind: core.FaultRefuse, Code: pmks.CodeUnavailable},
		"reply-lost":   {Kind: core.FaultLoseReply},
	} {
		for _, op := range []string{"UpdateMaster", "UpdateNodePool"} {
			t.Run(op+"/"+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := gke.New(gke.Options{})
					iid := put(t, s, region+"-a", "demo", func(s *gke.Seed) { s.Version = "1.33.5-gke.2072000" })
					h := newHandler(t, s)
					fault.Op = op
					s.Inject(fault)
					info, err := pmks.Upgrade(t.Context(), h, iid, "1.34")
					if err != nil || !strings.HasPrefix(info.Version, "1.34.") || info.NodeGroupList[0].Version != info.Version {
						t.Errorf("got %s with %s, %v", info.Version, info.NodeGroupList[0].Version, err)
					}
					if n := s.Count(op); n != map[string]int{"nothing-done": 2, "reply-lost": 1}[name] {
						t.Errorf("%d requests were sent", n)
					}
				})
			})
		}
	}
}
