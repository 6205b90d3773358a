// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

// After a failure in passing the switch cannot be made any more: what is so already is
// not written, and the old FAILED is believed.
func TestCase_switchAfterFailure(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		put(t, s, with(seed("plain", "ng1"), iks.AttrAutoscaler, "true"))
		h := newHandler(t, s)
		cluster, group := pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng1"}
		s.Inject(core.Fault{Op: "putConfigMap", Kind: core.FaultFailLater, Reason: "the autoscaler was restarted"})
		_, err := h.SetNodeGroupAutoScaling(t.Context(), cluster, group, true)
		t.Logf("first: %v", err)
		for range 3 {
			time.Sleep(10 * time.Minute) //nolint:forbidigo // inside a synctest bubble
			_, err = h.SetNodeGroupAutoScaling(t.Context(), cluster, group, true)
		}
		if err != nil {
			t.Errorf("after %d writes: %v", s.Count("putConfigMap"), err)
		}
	})
}

// On right after an off that its caller did not wait for: told as success, and off a
// minute later.
func TestCase_onAfterUnfinishedOff(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 1, iks.Options{})
		h := newHandler(t, s)
		cWarm(t, h)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := h.SetNodeGroupAutoScaling(ctx, cCluster, cGroup, false)
		t.Logf("off: %v", err)
		ok, err := h.SetNodeGroupAutoScaling(t.Context(), cCluster, cGroup, true)
		if err != nil || !ok {
			t.Fatalf("on: %v", err)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if g := cGet(t, h, cCluster, cGroup); !g.OnAutoScaling {
			t.Error("it was told as switched on, and is off")
		}
	})
}

// Off of a pool without an entry that IBM shows as autoscaled still: told as done.
func TestCase_offWithoutEntry(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 2, iks.Options{})
		h := newHandler(t, s)
		cWarm(t, h)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		s.Inject(core.Fault{Op: "removeWorkerPool", Kind: core.FaultHang, Times: 1})
		_, err := h.RemoveNodeGroup(ctx, cCluster, cGroup)
		t.Logf("removal: %v", err)
		ok, err := h.SetNodeGroupAutoScaling(t.Context(), cCluster, cGroup, false)
		if g := cGet(t, h, cCluster, cGroup); ok && g.OnAutoScaling {
			t.Errorf("off is told as done (%v), and it is on", err)
		}
	})
}

// Bounds that do not divide are replaced in silence when a pool is switched on.
func TestCase_silentBounds(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		c := with(seed("plain", "ng1"), iks.AttrAutoscaler, "true")
		c.Groups[0].DesiredNodeSize, c.Groups[0].MinNodeSize, c.Groups[0].MaxNodeSize = 3, 1, 10
		r := iks.DefaultResources("us-south")
		for _, n := range r.Subnets[:3] {
			c.Network.SubnetIIDs = append(c.Network.SubnetIIDs, pmks.IID{SystemId: n.ID})
		}
		put(t, s, c)
		h := newHandler(t, s)
		cluster, group := pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng1"}
		ok, err := h.SetNodeGroupAutoScaling(t.Context(), cluster, group, true)
		if g := cGet(t, h, cluster, group); ok && (g.MinNodeSize != 1 || g.MaxNodeSize != 10) {
			t.Errorf("asked for 1 to 10, got %d to %d, told as success: %v", g.MinNodeSize, g.MaxNodeSize, err)
		}
	})
}

// A change of bounds right after an off that its caller did not wait for switches
// autoscaling on again.
func TestCase_boundsAfterUnfinishedOff(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 1, iks.Options{})
		h := newHandler(t, s)
		cWarm(t, h)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := h.SetNodeGroupAutoScaling(ctx, cCluster, cGroup, false)
		t.Logf("off: %v", err)
		_, err = h.ChangeNodeGroupScaling(t.Context(), cCluster, cGroup, 2, 1, 5)
		t.Logf("bounds: %v", err)
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if cGet(t, h, cCluster, cGroup).OnAutoScaling {
			t.Error("it was switched off, and a change of bounds switched it on again")
		}
	})
}

// A hollow list of clusters is no proof that one is gone.
// Each kind of call ends with its context while one service hangs.
// What the autoscaler refuses after it was accepted is told by the next read.
func TestCase_refusedBoundsAreShown(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 1, iks.Options{})
		h := newHandler(t, s)
		cWarm(t, h)
		s.Inject(core.Fault{Op: "putConfigMap", Kind: core.FaultFailLater, Reason: "minSize must be 2 with public ALBs"})
		_, err := h.ChangeNodeGroupScaling(t.Context(), cCluster, cGroup, 2, 1, 9)
		if err != nil {
			return
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		g := cGet(t, h, cCluster, cGroup)
		op, opErr := h.LastOperation(t.Context(), cCluster, cGroup)
		if g.MaxNodeSize == 9 && !strings.Contains(g.StatusReason, "ALB") && opErr == nil && op.Err == nil {
			t.Errorf("bounds that the autoscaler refused are shown as its own, and nothing says so: %+v %+v", g, op)
		}
	})
}

// Two callers switch two pools of a cluster without the add-on on at once, and remove and
// change others: every entry is right at the end.
func TestCase_switchTogether(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{Latency: 200 * time.Millisecond})
		put(t, s, seed("plain", "ng1", "ng2", "ng3", "ng4"))
		done := make(chan error)
		c := pmks.IID{NameId: "plain"}
		for _, g := range []string{"ng1", "ng2", "ng3"} {
			h := newHandler(t, s)
			go func() {
				_, err := h.SetNodeGroupAutoScaling(t.Context(), c, pmks.IID{NameId: g}, true)
				done <- err
			}()
		}
		for range 3 {
			if err := <-done; err != nil {
				t.Errorf("%v", err)
			}
		}
		h := newHandler(t, s)
		go func() { _, err := h.RemoveNodeGroup(t.Context(), c, pmks.IID{NameId: "ng1"}); done <- err }()
		go func() {
			_, err := newHandler(t, s).SetNodeGroupAutoScaling(t.Context(), c, pmks.IID{NameId: "ng4"}, true)
			done <- err
		}()
		for range 2 {
			if err := <-done; err != nil {
				t.Errorf("%v", err)
			}
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		for _, g := range []string{"ng2", "ng3", "ng4"} {
			if !cGet(t, h, c, pmks.IID{NameId: g}).OnAutoScaling {
				t.Errorf("%s is off", g)
			}
		}
	})
}

// An add-on whose installation fails ends the switch.
func TestCase_addOnFails(t *testing.T) {
	t.Parallel()
	for _, kind := range []core.FaultKind{core.FaultFailLater, core.FaultStick} {
		inBubble(t, func(t *testing.T) {
			s := iks.New(iks.Options{})
			put(t, s, seed("plain", "ng1"))
			s.Inject(core.Fault{Op: "patchClusterAddons", Kind: kind, Reason: "no room"})
			ctx, cancel := context.WithTimeout(t.Context(), 6*time.Hour)
			defer cancel()
			_, err := newHandler(t, s).SetNodeGroupAutoScaling(ctx, pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng1"}, true)
			t.Logf("%s: %v", kind, err)
			if kind == core.FaultFailLater && (err == nil || ctx.Err() != nil) {
				t.Errorf("%v", err)
			}
		})
	}
}

// Switching on ends with what IBM says when the labels of the pool cannot be written, and
// a second call goes on.
func TestCase_switchHalf(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		put(t, s, with(seed("plain", "ng1"), iks.AttrAutoscaler, "true"))
		h := newHandler(t, s)
		c, g := pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng1"}
		allow := s.Deny("setWorkerPoolLabels")
		_, err := h.SetNodeGroupAutoScaling(t.Context(), c, g, true)
		t.Log(err)
		allow()
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if ok, err := h.SetNodeGroupAutoScaling(t.Context(), c, g, true); !ok {
			t.Error(err)
		}
		got := cGet(t, h, c, g)
		list, err := h.ListCluster(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if l := list[0].NodeGroupList[0]; l.MinNodeSize != got.MinNodeSize || l.MaxNodeSize != got.MaxNodeSize {
			t.Errorf("ListCluster says %d to %d, GetCluster %d to %d", l.MinNodeSize, l.MaxNodeSize, got.MinNodeSize, got.MaxNodeSize)
		}
	})
}

// A resize that the service refuses because autoscaling has just been switched on waits
// for nothing.
func TestCase_resizeOfAutoscaled(t *testing.T) {
	t.Parallel()
	for _, a := range []iks.Assumptions{{}, {ResizeRefusedAsBadRequest: true}} {
		inBubble(t, func(t *testing.T) {
			s := iks.New(iks.Options{Assumptions: a})
			put(t, s, with(seed("plain", "ng1"), iks.AttrAutoscaler, "true"))
			rival := newHandler(t, s)
			cfg := configFor(s)
			next := cfg.Transport
			cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
				if strings.HasSuffix(r.URL.Path, "/resizeWorkerPool") {
					if _, err := rival.SetNodeGroupAutoScaling(r.Context(), pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng1"}, true); err != nil {
						t.Error(err)
					}
				}
				return next.RoundTrip(r)
			})
			_, err := newHandlerWith(t, cfg).ChangeNodeGroupScaling(t.Context(), pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng1"}, 4, 1, 5)
			if pmks.CodeOf(err) != pmks.CodeFailedPrecondition && pmks.CodeOf(err) != pmks.CodeBusy {
				t.Errorf("%+v: %v", a, err)
			}
			t.Log(err)
		})
	}
}

// Off, and a size at once: the autoscaler does not undo it.
func TestCase_offThenResize(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 1, iks.Options{ReadLag: 20 * time.Second})
		h := newHandler(t, s)
		if _, err := h.SetNodeGroupAutoScaling(t.Context(), cCluster, cGroup, false); err != nil {
			t.Fatal(err)
		}
		if _, err := h.ChangeNodeGroupScaling(t.Context(), cCluster, cGroup, 3, 1, 4); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if g := cGet(t, h, cCluster, cGroup); g.OnAutoScaling || g.DesiredNodeSize != 3 || g.MaxNodeSize != 4 {
			t.Errorf("%+v", g)
		}
		if ok, err := h.SetNodeGroupAutoScaling(t.Context(), cCluster, cGroup, true); !ok {
			t.Error(err)
		}
		if ok, err := h.SetNodeGroupAutoScaling(t.Context(), cCluster, cGroup, false); !ok {
			t.Error(err)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if g := cGet(t, h, cCluster, cGroup); g.OnAutoScaling {
			t.Errorf("told as off: %+v", g)
		}
	})
}

// Switching off a pool whose ConfigMap somebody writes for ever, or whose autoscaler does
// nothing, ends with ctx, promptly, and says what is written.
func TestCase_endlessSwitch(t *testing.T) {
	t.Parallel()
	for _, f := range []core.Fault{
		{Op: "putConfigMap", Kind: core.FaultStick, Times: -1},
		{Op: "putConfigMap", Kind: core.FaultRefuse, Code: pmks.CodeBusy, Times: -1},
		{Op: "getConfigMap", Kind: core.FaultRefuse, Code: pmks.CodeNotFound, Times: -1},
	} {
		inBubble(t, func(t *testing.T) {
			s := iks.New(iks.Options{})
			put(t, s, with(seed("plain", "ng1"), iks.AttrAutoscaler, "true"))
			s.Inject(f)
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			start := time.Now()
			_, err := newHandler(t, s).SetNodeGroupAutoScaling(ctx, pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng1"}, true)
			if !errors.Is(err, context.DeadlineExceeded) && err != nil && ctx.Err() != nil || time.Since(start) > time.Hour+time.Minute {
				t.Errorf("%s %s: %v", f.Op, f.Kind, err)
			}
			t.Log(time.Since(start), err)
		})
	}
}
