// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

func TestHandler_contexts(t *testing.T) {
	t.Parallel()
	calls := slices.Clone(changes)
	for op, call := range map[string]func(ctx context.Context, h *Handler, c pmks.ClusterInfo) error{
		"GetCluster": func(ctx context.Context, h *Handler, c pmks.ClusterInfo) error {
			_, err := h.GetCluster(ctx, c.IId)
			return err
		},
		"ListCluster": func(ctx context.Context, h *Handler, _ pmks.ClusterInfo) error {
			_, err := h.ListCluster(ctx)
			return err
		},
		"ListIID": func(ctx context.Context, h *Handler, _ pmks.ClusterInfo) error { _, err := h.ListIID(ctx); return err },
		"ListVersions": func(ctx context.Context, h *Handler, _ pmks.ClusterInfo) error {
			_, err := h.ListVersions(ctx)
			return err
		},
		"GenerateClusterToken": func(ctx context.Context, h *Handler, c pmks.ClusterInfo) error {
			_, err := h.GenerateClusterToken(ctx, c.IId)
			return err
		},
		"CheckCluster": func(ctx context.Context, h *Handler, _ pmks.ClusterInfo) error {
			return h.CheckCluster(ctx, mustProfile(t, "neutral").SampleRequest("new"))
		},
	} {
		calls = append(calls, change{op: op, call: func(ctx context.Context, h *Handler, _ *profile.Profile, c pmks.ClusterInfo) error {
			return call(ctx, h, c)
		}})
	}
	for _, c := range calls {
		t.Run("before/"+c.op, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := mustProfile(t, "neutral")
				h := New()
				info := running(t, h, p)
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				err := c.call(ctx, h, p, info)
				if e := asError(t, err); !errors.Is(err, context.Canceled) || e.Code != pmks.CodeCanceled || e.Op != c.op || e.Provider != "neutral" {
					t.Errorf("got %v, want Canceled of %s", err, c.op)
				}
				if n := mutations(h); len(n) > 0 {
					t.Errorf("something happened: %v", n)
				}
			})
		})
		t.Run("during/"+c.op, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := mustProfile(t, "neutral")
				h := New(WithLatency(time.Second))
				info := running(t, h, p)
				h.Inject(Fault{Kind: Delay, Delay: time.Hour})
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				begin := time.Now()
				err := c.call(ctx, h, p, info)
				if e := asError(t, err); !errors.Is(err, context.DeadlineExceeded) || e.Op != c.op {
					t.Errorf("got %v, want Timeout of %s", err, c.op)
				}
				if took := time.Since(begin); took != 30*time.Second {
					t.Errorf("it took %s to notice after 30s", took)
				}
				if n := mutations(h); len(n) > 0 {
					t.Errorf("something happened: %v", n)
				}
			})
		})
	}
}

func TestHandler_latency(t *testing.T) {
	t.Parallel()
	t.Run("adds-up", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := New(WithClusters(Cluster{Name: "demo"}), WithLatency(3*time.Second))
			h.Inject(Fault{Op: "GetCluster", Kind: Delay, Delay: 4 * time.Second})
			for _, want := range []time.Duration{7 * time.Second, 3 * time.Second} {
				begin := time.Now()
				mustGet(t, h, pmks.IID{NameId: "demo"})
				if took := time.Since(begin); took != want {
					t.Errorf("took %s, want %s", took, want)
				}
			}
		})
	})
}
