// SPDX-License-Identifier: Apache-2.0

package fake_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/trust/life"
)

// troubles are what goes wrong with a request of the fake.
var troubles = []fake.Fault{
	{Kind: fake.Refuse, Code: pmks.CodeUnavailable},
	{Kind: fake.Refuse, Code: pmks.CodeInternal},
	{Kind: fake.Refuse, Code: pmks.CodePermissionDenied},
	{Kind: fake.Refuse, Code: pmks.CodeUnauthenticated},
	{Kind: fake.Refuse, Code: pmks.CodeQuotaExceeded},
	{Kind: fake.Throttle, RetryAfter: 7 * time.Second},
	{Kind: fake.Delay, Delay: 10 * time.Second},
	{Kind: fake.Delay, Delay: 1000 * time.Hour},
	{Kind: fake.LoseRequest},
	{Kind: fake.LoseReply},
}

// trouble makes up to two requests about a cluster go wrong.
func trouble(h *fake.Handler) func(context.Context, string, *rand.Rand) (context.Context, func()) {
	return func(ctx context.Context, cluster string, r *rand.Rand) (context.Context, func()) {
		var cancels []func()
		for range 1 + r.IntN(2) {
			f := troubles[r.IntN(len(troubles))]
			f.Cluster, f.After = cluster, r.IntN(4)
			cancels = append(cancels, h.Inject(f))
		}
		return ctx, func() {
			for _, cancel := range cancels {
				cancel()
			}
		}
	}
}

// living is a cloud of a profile to live in.
func living(p *profile.Profile) life.Cloud {
	h := fake.New(fake.WithProfile(p.Name), fake.WithLimits(fake.Limits{}))
	return life.Cloud{
		Handler: pmks.New(h), Direct: pmks.New(h), Request: p.SampleRequest, Group: p.SampleNodeGroup, Disturb: trouble(h),
		Hide: func() func() { return h.Hide(fake.Unread{Fact: fake.Nodes, Code: pmks.CodeUnavailable}) },
	}
}

// TestTrust_lives lets clusters of each profile live under random commands of many
// callers, in trouble.
func TestTrust_lives(t *testing.T) {
	for _, p := range profile.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			life.Run(t, p.Name, func(testing.TB) life.Cloud { return living(p) }, life.Crew{Callers: 8, Lives: 10, Among: len(profile.All())})
		})
	}
}

// TestTrust_types searches every exported type of the root package for secrets.
func TestTrust_types(t *testing.T) { providertest.Types(t, "..") }

// TestTrust_scaledWhileRemoved: a group is gone when the fake looks whether a change whose
// reply was lost has happened.
func TestTrust_scaledWhileRemoved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, _ := profile.Get("aws")
		h := fake.New(fake.WithProfile(p.Name), fake.WithClusters(fake.Cluster{Name: "c1", NodeGroups: []pmks.NodeGroupInfo{p.SampleNodeGroup("ng1")}}))
		cluster, group := pmks.IID{NameId: "c1"}, pmks.IID{NameId: "ng1"}
		if _, err := h.RemoveNodeGroup(t.Context(), cluster, group); err != nil {
			t.Fatal(err)
		}
		h.Inject(fake.Fault{Op: "ChangeNodeGroupScaling", Kind: fake.LoseRequest})
		h.Inject(fake.Fault{Op: "GetCluster", After: 1, Kind: fake.Delay, Delay: 5 * time.Hour})
		if _, err := h.ChangeNodeGroupScaling(t.Context(), cluster, group, 3, 1, 4); pmks.CodeOf(err) != pmks.CodeNotFound {
			t.Errorf("got %v, want NotFound", err)
		}
	})
}
