// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/tke"
)

// TestTruth_desiredZero: with autoscaling on a desired size of 0 means that it is left to
// the autoscaler; nodes that run are not taken away.
func TestTruth_desiredZero(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ least, largest, want int }{{0, 5, 3}, {1, 5, 3}, {4, 6, 4}, {0, 2, 2}} {
		t.Run(fmt.Sprint(c.least, "-", c.largest), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := tke.New(tke.Options{})
				g := bench.SampleNodeGroup("ng1")
				g.OnAutoScaling, g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize = true, 3, 1, 4
				putCluster(t, s, core.Seed{Name: "demo", Groups: []pmks.NodeGroupInfo{g}})
				h := newHandler(t, s)
				info, err := h.ChangeNodeGroupScaling(t.Context(), demo, first, 0, c.least, c.largest)
				if err != nil {
					t.Fatal(err)
				}
				pass(time.Hour)
				got := poolsOf(t, s)[0]
				if got.DesiredNodeSize != c.want || got.MinNodeSize != c.least || got.MaxNodeSize != c.largest || !got.OnAutoScaling {
					t.Errorf("got %d of %d to %d (%t), want %d; told %d", got.DesiredNodeSize, got.MinNodeSize, got.MaxNodeSize, got.OnAutoScaling, c.want, info.DesiredNodeSize)
				}
			})
		})
	}
}

// TestTruth_desiredRefused: autoscaling on, and TKE takes no size then: the bounds are
// set, the size is left.
func TestTruth_desiredRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tke.New(tke.Options{Assumptions: tke.Assumptions{DesiredRefusedWhileAuto: true}})
		g := bench.SampleNodeGroup("ng1")
		g.OnAutoScaling, g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize = true, 2, 1, 4
		putCluster(t, s, core.Seed{Name: "demo", Groups: []pmks.NodeGroupInfo{g}})
		info, err := newHandler(t, s).ChangeNodeGroupScaling(t.Context(), demo, first, 3, 1, 6)
		if err != nil || info.MaxNodeSize != 6 || info.DesiredNodeSize != 2 {
			t.Errorf("%d of %d to %d, %v", info.DesiredNodeSize, info.MinNodeSize, info.MaxNodeSize, err)
		}
	})
}

// TestTruth_answeredThenCanceled: a change that was answered is not told as one that was
// never sent, though its caller has left meanwhile.
func TestTruth_answeredThenCanceled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := readyAccount(t, tke.Options{}, nil)
		ctx, cancel := context.WithCancel(t.Context())
		h := newHandlerOn(t, hooked(s, "ModifyClusterNodePool", func(_ int, r *http.Request) *http.Response {
			resp, err := s.Transport().RoundTrip(r)
			if err != nil {
				t.Error(err)
			}
			cancel()
			return resp
		}))
		before := poolsOf(t, s)[0]
		_, err := h.ChangeNodeGroupScaling(ctx, demo, first, before.DesiredNodeSize, before.MinNodeSize, before.MaxNodeSize+1)
		var e *pmks.Error
		if err != nil && !(errors.As(err, &e) && e.MayHaveHappened) {
			t.Errorf("it has happened: %v", err)
		}
		pass(time.Minute)
		if after := poolsOf(t, s)[0]; after.MaxNodeSize != before.MaxNodeSize+1 {
			t.Errorf("at most %d nodes, want %d", after.MaxNodeSize, before.MaxNodeSize+1)
		}
	})
}

// TestTruth_scaling: every way between sizes and bounds, each step of which the cloud must
// take, with each write lost once.
func TestTruth_scaling(t *testing.T) {
	t.Parallel()
	for _, c := range [][6]int{{2, 1, 3, 5, 4, 6}, {5, 4, 6, 2, 1, 3}, {2, 1, 3, 2, 2, 2}, {2, 0, 2, 0, 0, 1}, {1, 1, 1, 7, 7, 7}, {3, 1, 5, 1, 1, 1}, {3, 1, 5, 6, 0, 9}} {
		for _, kind := range []core.FaultKind{"", core.FaultLoseReply, core.FaultLoseRequest} {
			for _, lag := range []time.Duration{0, 9 * time.Second} {
				t.Run(fmt.Sprint(c, kind, lag), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						s := tke.New(tke.Options{ReadLag: lag})
						g := bench.SampleNodeGroup("ng1")
						g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize = c[0], c[1], c[2]
						putCluster(t, s, core.Seed{Name: "demo", Groups: []pmks.NodeGroupInfo{g}})
						pass(time.Minute)
						if kind != "" {
							s.Inject(core.Fault{Op: "ModifyClusterNodePool", Kind: kind, Times: 1})
							s.Inject(core.Fault{Op: "ModifyNodePoolDesiredCapacityAboutAsg", Kind: kind, Times: 1})
						}
						h := newHandler(t, s)
						info, err := h.ChangeNodeGroupScaling(t.Context(), demo, first, c[3], c[4], c[5])
						for range 3 {
							if kind != core.FaultLoseReply || lag == 0 || pmks.CodeOf(err) != pmks.CodeBusy || !isOpenOutcome(err) {
								break
							}
							pass(time.Minute) // the list did not show what had happened
							info, err = h.ChangeNodeGroupScaling(t.Context(), demo, first, c[3], c[4], c[5])
						}
						if err != nil {
							t.Errorf("%v", err)
						} else if info.DesiredNodeSize != c[3] || info.MinNodeSize != c[4] || info.MaxNodeSize != c[5] {
							t.Errorf("told %d of %d to %d", info.DesiredNodeSize, info.MinNodeSize, info.MaxNodeSize)
						}
						pass(time.Hour)
						if got := poolsOf(t, s)[0]; got.DesiredNodeSize != c[3] || got.MinNodeSize != c[4] || got.MaxNodeSize != c[5] || len(got.Nodes) != c[3] {
							t.Errorf("it is %d of %d to %d, %d nodes", got.DesiredNodeSize, got.MinNodeSize, got.MaxNodeSize, len(got.Nodes))
						}
						if n := s.Count("ModifyClusterNodePool") + s.Count("ModifyNodePoolDesiredCapacityAboutAsg"); n > 3 && kind == "" {
							t.Errorf("%d writes", n)
						}
					})
				})
			}
		}
	}
}

// TestTruth_halfScaled: a scaling whose later step is refused says what was applied.
func TestTruth_halfScaled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tke.New(tke.Options{})
		g := bench.SampleNodeGroup("ng1")
		g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize = 2, 1, 3
		putCluster(t, s, core.Seed{Name: "demo", Groups: []pmks.NodeGroupInfo{g}})
		h := newHandlerOn(t, hooked(s, "ModifyNodePoolDesiredCapacityAboutAsg", func(_ int, r *http.Request) *http.Response {
			return refusalOf(r, 200, "OperationDenied", "the vendor's own words")
		}))
		_, err := h.ChangeNodeGroupScaling(t.Context(), demo, first, 7, 5, 9)
		got := poolsOf(t, s)[0]
		if err == nil || !strings.Contains(err.Error(), "the vendor's own words") || got.MaxNodeSize != 3 && !strings.Contains(err.Error(), "9") {
			t.Errorf("bounds are %d to %d now: %v", got.MinNodeSize, got.MaxNodeSize, err)
		}
	})
}

// TestTruth_autoscalerMoves: a size that the cluster-autoscaler moves between our read and
// our write.
func TestTruth_autoscalerMoves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tke.New(tke.Options{})
		g := bench.SampleNodeGroup("ng1")
		g.OnAutoScaling, g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize = true, 2, 1, 6
		putCluster(t, s, core.Seed{Name: "demo", Groups: []pmks.NodeGroupInfo{g}})
		other := newHandler(t, s)
		moved := false
		h := newHandlerOn(t, hooked(s, "ModifyClusterNodePool", func(_ int, _ *http.Request) *http.Response {
			if !moved {
				moved = true
				if _, err := other.ChangeNodeGroupScaling(t.Context(), demo, first, 5, 1, 6); err != nil {
					t.Error(err)
				}
			}
			return nil
		}))
		// The bounds shut out the size that the autoscaler has just taken.
		_, err := h.ChangeNodeGroupScaling(t.Context(), demo, first, 0, 1, 4)
		pass(time.Hour)
		if got := poolsOf(t, s)[0]; err == nil && got.MaxNodeSize != 4 || err != nil && got.DesiredNodeSize != 5 {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// TestTruth_lag: a removal by name and by id right after an addition, and a read after
// each change, under lag: nothing is absent that is there, and nothing old is told as new.
func TestTruth_lag(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := readyAccount(t, tke.Options{ReadLag: 9 * time.Second}, nil)
		pass(time.Minute)
		h := newHandler(t, s)
		if _, err := h.ChangeNodeGroupScaling(t.Context(), demo, first, 4, 1, 5); err != nil {
			t.Fatal(err)
		}
		if st, err := h.ReadState(t.Context(), demo, first); err != nil || st.DesiredNodeSize == bench.SampleNodeGroup("x").DesiredNodeSize && st.Status == pmks.ClusterActive {
			t.Errorf("at once: %+v %v", st, err)
		}
		if g, err := pmks.WaitNodeGroupActive(t.Context(), h, demo, first); err != nil || g.DesiredNodeSize != 4 || len(g.Nodes) != 4 {
			t.Errorf("the wait ends too early: %d %d nodes, %v", g.DesiredNodeSize, len(g.Nodes), err)
		}
		if _, err := h.RemoveNodeGroup(t.Context(), demo, first); err != nil {
			t.Fatal(err)
		}
		if _, err := h.AddNodeGroup(t.Context(), demo, bench.SampleNodeGroup("ng1")); err == nil {
			t.Error("a second pool of the name is made while the first goes")
		}
		if err := pmks.WaitNodeGroupDeleted(t.Context(), h, demo, first); err != nil {
			t.Error(err)
		}
		if _, err := h.DeleteCluster(t.Context(), demo); err != nil {
			t.Error(err)
		}
		if _, err := h.DeleteCluster(t.Context(), demo); err != nil && pmks.CodeOf(err) != pmks.CodeNotFound && pmks.CodeOf(err) != pmks.CodeBusy {
			t.Errorf("again: %v", err)
		}
		if err := pmks.WaitClusterDeleted(t.Context(), h, demo); err != nil {
			t.Error(err)
		}
	})
}

// TestTruth_changesInARow: changes in a row, each as soon as the one before it lets it,
// with lists that lag: what is shown in the end is the last one.
func TestTruth_changesInARow(t *testing.T) {
	t.Parallel()
	for _, lag := range []time.Duration{0, 9 * time.Second, 25 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := readyAccount(t, tke.Options{ReadLag: lag}, nil)
			pass(time.Minute)
			h := newHandler(t, s)
			for i, change := range []func() error{
				func() error { _, err := h.SetNodeGroupAutoScaling(t.Context(), demo, first, true); return err },
				func() error { _, err := h.ChangeNodeGroupScaling(t.Context(), demo, first, 4, 2, 6); return err },
				func() error { _, err := h.SetNodeGroupAutoScaling(t.Context(), demo, first, false); return err },
				func() error { _, err := h.ChangeNodeGroupScaling(t.Context(), demo, first, 1, 1, 1); return err },
			} {
				err := change()
				for range 60 {
					if pmks.CodeOf(err) != pmks.CodeBusy {
						break
					}
					pass(2 * time.Second)
					err = change()
				}
				if err != nil {
					t.Fatalf("%s, change %d: %v", lag, i, err)
				}
			}
			g, err := pmks.WaitNodeGroupActive(t.Context(), h, demo, first)
			if err != nil || g.DesiredNodeSize != 1 || len(g.Nodes) != 1 || g.OnAutoScaling {
				t.Errorf("%s: %d, %d nodes, autoscaling %t, %v", lag, g.DesiredNodeSize, len(g.Nodes), g.OnAutoScaling, err)
			}
		})
	}
}
