// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/nks"
	"github.com/pmks-go/pmks/nhn"
)

// TestTruth_giveWayEnds: of two clusters of one name the later cannot be removed: that
// is told, and not waited for without end.
func TestTruth_giveWayEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := nks.New(nks.Options{Quota: noQuota})
		rivals := newHandler(t, s)
		cfg := configFor(s)
		through := cfg.Transport
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost && r.URL.Path == "/v1/clusters" {
				if _, err := rivals.CreateCluster(t.Context(), bench.SampleRequest("race")); err != nil {
					t.Error(err)
				}
			}
			return through.RoundTrip(r)
		})
		s.Inject(failLater("clusters.delete", "Failed to pre-delete resources"))
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		start := time.Now()
		_, err := providertest.New(t, nhn.New, cfg).CreateCluster(ctx, bench.SampleRequest("race"))
		if took := time.Since(start); took > 2*time.Hour || err == nil || !strings.Contains(err.Error(), "pre-delete") {
			t.Errorf("after %s: %v", took, err)
		}
	})
}

// TestTruth_stateHasTheName: ReadState tells the name that the cluster has.
func TestTruth_stateHasTheName(t *testing.T) {
	inBubble(t, nks.Options{}, func(t *testing.T, _ *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		iid := pmks.IID{NameId: "another", SystemId: demo.IId.SystemId}
		state, err := h.ReadState(t.Context(), iid, demo.NodeGroupList[1].IId)
		info, _ := h.GetCluster(t.Context(), iid)
		if err == nil && state.Cluster != info.IId {
			t.Errorf("ReadState calls it %v, GetCluster %v", state.Cluster, info.IId)
		}
	})
}

// TestTruth_anothersChange: a change is lost on the way while somebody else makes
// another one of the same kind on the same group: its record is not taken for ours.
func TestTruth_anothersChange(t *testing.T) {
	for _, test := range []struct {
		name, path string
		theirs     func(pmks.ClusterInfo) providertest.Call
		ours       func(pmks.ClusterInfo) providertest.Call
		done       func(pmks.NodeGroupInfo) bool
	}{
		{"size", "/actions/resize", func(demo pmks.ClusterInfo) providertest.Call {
			return providertest.ChangeNodeGroupScaling(demo.IId, demo.NodeGroupList[1].IId, 1, 1, 3)
		}, func(demo pmks.ClusterInfo) providertest.Call {
			return providertest.ChangeNodeGroupScaling(demo.IId, demo.NodeGroupList[1].IId, 3, 1, 3)
		}, func(g pmks.NodeGroupInfo) bool { return g.DesiredNodeSize == 3 }},
		{"autoscaling", "/autoscale", func(demo pmks.ClusterInfo) providertest.Call {
			return providertest.ChangeNodeGroupScaling(demo.IId, demo.NodeGroupList[1].IId, 2, 1, 7)
		}, func(demo pmks.ClusterInfo) providertest.Call {
			return providertest.SetNodeGroupAutoScaling(demo.IId, demo.NodeGroupList[1].IId, true)
		}, func(g pmks.NodeGroupInfo) bool { return g.OnAutoScaling }},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
				cfg := configFor(s)
				through := cfg.Transport
				sent := 0
				cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
					if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, test.path) {
						if sent++; sent == 1 {
							if err := test.theirs(demo)(t.Context(), h); err != nil {
								t.Error(err)
							}
							return nil, io.ErrUnexpectedEOF
						}
					}
					return through.RoundTrip(r)
				})
				err := test.ours(demo)(t.Context(), providertest.New(t, nhn.New, cfg))
				time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
				if got, _ := get(t, h, demo.IId).NodeGroup(demo.NodeGroupList[1].IId); err == nil && !test.done(got) {
					t.Errorf("success was told, and the group is %+v", got)
				}
			})
		})
	}
}

// TestTruth_upgradeFailureIsTold: why the upgrade of a group failed is told by the job.
func TestTruth_upgradeFailureIsTold(t *testing.T) {
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		s.Inject(core.Fault{Op: "nodegroups.upgrade", After: 1, Kind: core.FaultFailLater, Reason: "a budget of pods stops the drain"})
		_, err := pmks.Upgrade(t.Context(), h, demo.IId, "v1.33.4", pmks.WithInterval(time.Minute))
		if err == nil || !strings.Contains(err.Error(), "a budget of pods stops the drain") {
			t.Errorf("got %v", err)
		}
	})
}

// TestTruth_clusterOfAFailedGroupChange: the last operation of a cluster that a change of
// a group made fail is not its creation of long ago.
func TestTruth_clusterOfAFailedGroupChange(t *testing.T) {
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		s.Inject(failLater("autoscale.set", "no room"))
		if _, err := h.SetNodeGroupAutoScaling(t.Context(), demo.IId, demo.NodeGroupList[1].IId, true); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		info := get(t, h, demo.IId)
		op, err := h.LastOperation(t.Context(), demo.IId, pmks.IID{})
		if info.Status == pmks.ClusterInactive && (err != nil || op.Err == nil) {
			t.Errorf("the cluster is %s (%s), its last operation %+v, %v", info.Status, info.StatusReason, op, err)
		}
	})
}

// TestTruth_firstGroupGoes: the first group goes while another is added.
func TestTruth_firstGroupGoes(t *testing.T) {
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, _ *nhn.Handler, demo pmks.ClusterInfo) {
		cfg := configFor(s)
		through := cfg.Transport
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/nodegroups") && r.URL.Query().Get("marker") == "" {
				resp, err := through.RoundTrip(r)
				if err != nil {
					return nil, err
				}
				body := readAll(t, resp)
				return providertest.Respond(r, 200, body), nil
			}
			if strings.HasSuffix(r.URL.Path, demo.NodeGroupList[0].IId.SystemId) {
				return providertest.Respond(r, http.StatusForbidden, `{"errors":[{"code":"client","status":403,"detail":"not you"}]}`), nil
			}
			return through.RoundTrip(r)
		})
		_, err := providertest.New(t, nhn.New, cfg).AddNodeGroup(t.Context(), demo.IId, bench.SampleNodeGroup("more"))
		if pmks.CodeOf(err) != pmks.CodePermissionDenied || s.Count("nodegroups.create") != 0 {
			t.Errorf("got %v", err)
		}
	})
}
