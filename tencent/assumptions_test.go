// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/tke"
	"github.com/pmks-go/pmks/tencent"
)

// TestAssumptions takes a cluster through its life with either answer to each question that
// no source settles.
func TestAssumptions(t *testing.T) {
	t.Parallel()
	providertest.EitherAnswer(t, func(t *testing.T, a tke.Assumptions) {
		h := newHandler(t, tke.New(tke.Options{Assumptions: a}))
		req, group := bench.SampleRequest("life"), beyond("extra")
		req.Version = "1.30"
		group.DesiredNodeSize, group.MinNodeSize, group.MaxNodeSize = 1, 0, 3
		providertest.Life{Handler: h, Request: req, Group: group, Scaled: [3]int{2, 1, 5}}.Run(t)
		deletedTwice(t, h, req)
	}, map[string]tke.Assumptions{
		"ThrottledByUser":   {ThrottlingCode: "RequestLimitExceeded.UinLimitExceeded"},
		"ThrottledByIP":     {ThrottlingCode: "RequestLimitExceeded.IPLimitExceeded"},
		"ThrottledByRegion": {ThrottlingCode: "RequestLimitExceeded.GlobalRegionUinLimitExceeded"},
		"EndpointWithPort":  {Endpoint: tke.EndpointIPPort},
		"EndpointDomain":    {Endpoint: tke.EndpointDomain},
	})
}

// deletedTwice: an endpoint, a node group and a cluster that are closed, removed and deleted
// twice end well, whatever TKE says of the second time.
func deletedTwice(t *testing.T, h *tencent.Handler, req pmks.ClusterInfo) {
	t.Helper()
	req.Version, req.Access.Mode = "", pmks.AccessPublicAndPrivate
	info, err := pmks.Provision(t.Context(), h, req, pmks.WithInterval(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if info.AccessInfo.Endpoint == "" {
		t.Error("it has no endpoint")
	}
	for range 2 {
		if err := h.SetTags(t.Context(), info.IId, []pmks.KeyValue{{Key: "a", Value: "b"}}); err != nil {
			t.Errorf("SetTags: %v", err)
		}
	}
	for range 2 {
		if err := h.CloseAccess(t.Context(), info.IId); err != nil {
			t.Errorf("CloseAccess: %v", err)
		}
	}
	group := pmks.IID{NameId: "ng1"}
	for range 2 {
		if _, err := h.RemoveNodeGroup(t.Context(), info.IId, group); err != nil {
			t.Errorf("RemoveNodeGroup: %v", err)
		}
	}
	if err := pmks.WaitNodeGroupDeleted(t.Context(), h, info.IId, group); err != nil {
		t.Error(err)
	}
	for range 2 {
		if _, err := h.DeleteCluster(t.Context(), info.IId); err != nil {
			t.Errorf("DeleteCluster: %v", err)
		}
	}
	if err := pmks.WaitClusterDeleted(t.Context(), h, info.IId); err != nil {
		t.Error(err)
	}
}
