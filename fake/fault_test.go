// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// change is a call that changes something in a running cluster, or makes one.
type change struct {
	op   string
	call func(ctx context.Context, h *Handler, p *profile.Profile, c pmks.ClusterInfo) error
	// done reports whether it has happened.
	done func(t *testing.T, h *Handler, p *profile.Profile, c pmks.ClusterInfo) bool
}

func groupIs(t *testing.T, h *Handler, c pmks.ClusterInfo, is func(pmks.NodeGroupInfo) bool) bool {
	t.Helper()
	g, ok := mustGet(t, h, c.IId).NodeGroup(pmks.IID{NameId: "extra"})
	return ok && is(g)
}

var changes = []change{
	{"CreateCluster", func(ctx context.Context, h *Handler, p *profile.Profile, _ pmks.ClusterInfo) error {
		req := p.SampleRequest("second")
		if p.Caps.GroupsAtCreate.Max == 0 {
			req.NodeGroupList = nil
		}
		_, err := h.CreateCluster(ctx, req)
		return err
	}, func(t *testing.T, h *Handler, _ *profile.Profile, _ pmks.ClusterInfo) bool {
		t.Helper()
		_, err := h.GetCluster(t.Context(), pmks.IID{NameId: "second"})
		return err == nil // two of them would be an ambiguous name
	}},
	{"AddNodeGroup", func(ctx context.Context, h *Handler, p *profile.Profile, c pmks.ClusterInfo) error {
		_, err := h.AddNodeGroup(ctx, c.IId, p.SampleNodeGroup("third"))
		return err
	}, func(t *testing.T, h *Handler, _ *profile.Profile, c pmks.ClusterInfo) bool {
		t.Helper()
		_, ok := mustGet(t, h, c.IId).NodeGroup(pmks.IID{NameId: "third"})
		return ok
	}},
	{"SetNodeGroupAutoScaling", func(ctx context.Context, h *Handler, _ *profile.Profile, c pmks.ClusterInfo) error {
		_, err := h.SetNodeGroupAutoScaling(ctx, c.IId, pmks.IID{NameId: "extra"}, true)
		return err
	}, func(t *testing.T, h *Handler, _ *profile.Profile, c pmks.ClusterInfo) bool {
		t.Helper()
		if h.profile.Manner.ShownWhenDone {
			settled(t, h, c.IId)
		}
		return groupIs(t, h, c, func(g pmks.NodeGroupInfo) bool { return g.OnAutoScaling })
	}},
	{"ChangeNodeGroupScaling", func(ctx context.Context, h *Handler, _ *profile.Profile, c pmks.ClusterInfo) error {
		_, err := h.ChangeNodeGroupScaling(ctx, c.IId, pmks.IID{NameId: "extra"}, 3, 1, 3)
		return err
	}, func(t *testing.T, h *Handler, _ *profile.Profile, c pmks.ClusterInfo) bool {
		t.Helper()
		return groupIs(t, h, c, func(g pmks.NodeGroupInfo) bool { return g.DesiredNodeSize == 3 })
	}},
	{"RemoveNodeGroup", func(ctx context.Context, h *Handler, _ *profile.Profile, c pmks.ClusterInfo) error {
		_, err := h.RemoveNodeGroup(ctx, c.IId, pmks.IID{NameId: "extra"})
		return err
	}, func(t *testing.T, h *Handler, _ *profile.Profile, c pmks.ClusterInfo) bool {
		t.Helper()
		return !groupIs(t, h, c, func(g pmks.NodeGroupInfo) bool { return g.Status != pmks.NodeGroupDeleting })
	}},
	{"UpgradeCluster", func(ctx context.Context, h *Handler, p *profile.Profile, c pmks.ClusterInfo) error {
		_, err := h.UpgradeCluster(ctx, c.IId, nextVersion(p))
		return err
	}, func(t *testing.T, h *Handler, _ *profile.Profile, c pmks.ClusterInfo) bool {
		t.Helper()
		return mustGet(t, h, c.IId).Status == pmks.ClusterUpdating
	}},
	{"DeleteCluster", func(ctx context.Context, h *Handler, _ *profile.Profile, c pmks.ClusterInfo) error {
		_, err := h.DeleteCluster(ctx, c.IId)
		return err
	}, func(t *testing.T, h *Handler, _ *profile.Profile, c pmks.ClusterInfo) bool {
		t.Helper()
		info, err := h.GetCluster(t.Context(), c.IId)
		return errors.Is(err, pmks.ErrNotFound) || info.Status == pmks.ClusterDeleting
	}},
}

// nextVersion returns the version after the oldest that is offered.
func nextVersion(p *profile.Profile) string { return p.Offer[len(p.Offer)-2].Name }

// TestHandler_LostMessages loses a message of every change, on its way there and
// on its way back: it happens exactly once, and the caller is told.
func TestHandler_LostMessages(t *testing.T) {
	t.Parallel()
	for _, kind := range []FaultKind{LoseRequest, LoseReply} {
		for _, c := range changes {
			t.Run(string(kind)+"/"+c.op, func(t *testing.T) {
				t.Parallel()
				for _, p := range profile.All() {
					t.Run(p.Name, func(t *testing.T) {
						t.Parallel()
						synctest.Test(t, func(t *testing.T) {
							h := New(WithProfile(p.Name))
							info := running(t, h, p)
							h.Inject(Fault{Op: c.op, Kind: kind})
							if err := c.call(t.Context(), h, p, info); err != nil {
								t.Fatal(err)
							}
							if !c.done(t, h, p, info) {
								t.Error("the caller is told that it happened, and it has not")
							}
							if n := mutations(h)[c.op]; n != 1 {
								t.Errorf("it happened %d times", n)
							}
						})
					})
				}
			})
		}
	}
}

// TestHandler_LostForGood loses the reply and the look after it: the caller is
// told that it may have happened, and is not invited to try again.
func TestHandler_LostForGood(t *testing.T) {
	t.Parallel()
	for _, c := range changes {
		t.Run(c.op, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := mustProfile(t, "neutral")
				h := New()
				info := running(t, h, p)
				h.Inject(Fault{Op: c.op, Kind: LoseReply})
				// The looks before the change pass, the one after it does not.
				before := map[string]int{"CreateCluster": 0, "AddNodeGroup": 0}
				after, ok := before[c.op]
				if !ok {
					after = 1
				}
				h.Inject(Fault{Op: "GetCluster", After: after, Kind: Refuse, Code: pmks.CodeUnavailable})
				err := c.call(t.Context(), h, p, info)
				e := asError(t, err)
				if !e.MayHaveHappened || e.Code != pmks.CodeUnavailable || e.Op != c.op || pmks.Retryable(err) {
					t.Errorf("got %v, want Unavailable of %s, that it may have happened", err, c.op)
				}
				if !c.done(t, h, p, info) {
					t.Error("the fault was to lose the reply, and the request is lost")
				}
			})
		})
	}
}

// TestHandler_LostAlways loses every request: after some attempts the caller is
// told, and it is certain that nothing happened.
func TestHandler_LostAlways(t *testing.T) {
	t.Parallel()
	for _, c := range changes {
		t.Run(c.op, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := mustProfile(t, "neutral")
				h := New()
				info := running(t, h, p)
				cancel := h.Inject(Fault{Op: c.op, Times: -1, Kind: LoseRequest})
				err := c.call(t.Context(), h, p, info)
				if e := asError(t, err); e.MayHaveHappened || !pmks.Retryable(err) || e.Op != c.op {
					t.Errorf("got %v, want a retryable error of %s", err, c.op)
				}
				if c.done(t, h, p, info) {
					t.Error("it happened although no request arrived")
				}
				cancel()
				if err := c.call(t.Context(), h, p, info); err != nil {
					t.Errorf("after the fault: %v", err)
				}
			})
		})
	}
}

// TestHandler_Refusals answers every change with an error: the caller gets it,
// and nothing has changed.
func TestHandler_Refusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault Fault
		want  pmks.Error
	}{
		{"throttled", Fault{Kind: Throttle, RetryAfter: 7 * time.Second},
			pmks.Error{Code: pmks.CodeThrottled, ProviderCode: "Throttling", HTTPStatus: 429, RetryAfter: 7 * time.Second, Message: "too many requests: wait and try again"}},
		{"denied", Fault{Kind: Refuse, Code: pmks.CodePermissionDenied, Reason: "not yours"},
			pmks.Error{Code: pmks.CodePermissionDenied, ProviderCode: "Refused", Message: "not yours"}},
	}
	for _, tt := range tests {
		for _, c := range changes {
			t.Run(tt.name+"/"+c.op, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					p := mustProfile(t, "neutral")
					h := New()
					info := running(t, h, p)
					fault := tt.fault
					fault.Op = c.op
					h.Inject(fault)
					got := *asError(t, c.call(t.Context(), h, p, info))
					if got.RequestID == "" || got.Op != c.op || got.Provider != "neutral" {
						t.Errorf("the error does not say where it comes from: %v", &got)
					}
					want := tt.want
					want.Provider, want.Op, want.Cluster, want.NodeGroup, want.RequestID = got.Provider, got.Op, got.Cluster, got.NodeGroup, got.RequestID
					same(t, "the error", got, want)
					if n := mutations(h); len(n) > 0 || c.done(t, h, p, info) {
						t.Errorf("it happened all the same: %v", n)
					}
				})
			})
		}
	}
}

// TestHandler_FailLater accepts every change, whose operation then fails or never
// ends.
func TestHandler_FailLater(t *testing.T) {
	t.Parallel()
	for _, c := range changes {
		t.Run("fails/"+c.op, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := mustProfile(t, "neutral")
				h := New()
				info := running(t, h, p)
				h.Inject(Fault{Op: c.op, Kind: FailLater, Reason: "no machines left"})
				if err := c.call(t.Context(), h, p, info); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
				if reasons := complaints(t, h); len(reasons) == 0 {
					t.Error("nothing is Inactive after the operation has failed")
				} else {
					for _, r := range reasons {
						if r != "no machines left" {
							t.Errorf("got reason %q", r)
						}
					}
				}
			})
		})
		t.Run("sticks/"+c.op, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := mustProfile(t, "neutral")
				h := New()
				info := running(t, h, p)
				h.Inject(Fault{Op: c.op, Kind: Stick})
				if err := c.call(t.Context(), h, p, info); err != nil {
					t.Fatal(err)
				}
				time.Sleep(1000 * time.Hour) //nolint:forbidigo // inside a synctest bubble
				busy := false
				list, err := h.ListCluster(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for _, info := range list {
					busy = busy || info.Status.Transitional()
					for _, g := range info.NodeGroupList {
						busy = busy || g.Status.Transitional()
					}
				}
				if !busy {
					t.Error("the operation ended")
				}
			})
		})
	}
}

// complaints returns the reasons of everything that is Inactive.
func complaints(t *testing.T, h *Handler) []string {
	t.Helper()
	list, err := h.ListCluster(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var reasons []string
	for _, info := range list {
		if info.Status == pmks.ClusterInactive {
			reasons = append(reasons, info.StatusReason)
		}
		for _, g := range info.NodeGroupList {
			if g.Status == pmks.NodeGroupInactive {
				reasons = append(reasons, g.StatusReason)
			}
		}
	}
	return reasons
}

func TestHandler_Inject(t *testing.T) {
	t.Parallel()
	denied := Fault{Op: "GetCluster", Kind: Refuse, Code: pmks.CodePermissionDenied}
	tests := []struct {
		name  string
		fault func(Fault, pmks.ClusterInfo) Fault
		// struck says which of four reads fail.
		struck [4]bool
	}{
		{"once", func(f Fault, _ pmks.ClusterInfo) Fault { return f }, [4]bool{true}},
		{"after", func(f Fault, _ pmks.ClusterInfo) Fault { f.After = 2; return f }, [4]bool{2: true}},
		{"times", func(f Fault, _ pmks.ClusterInfo) Fault { f.After, f.Times = 1, 2; return f }, [4]bool{1: true, 2: true}},
		{"always", func(f Fault, _ pmks.ClusterInfo) Fault { f.Times = -1; return f }, [4]bool{true, true, true, true}},
		{"by-id", func(f Fault, c pmks.ClusterInfo) Fault { f.Cluster = c.IId.SystemId; return f }, [4]bool{true}},
		{"by-name", func(f Fault, c pmks.ClusterInfo) Fault { f.Cluster = c.IId.NameId; return f }, [4]bool{true}},
		{"other-cluster", func(f Fault, _ pmks.ClusterInfo) Fault { f.Cluster = "other"; return f }, [4]bool{}},
		{"other-method", func(f Fault, _ pmks.ClusterInfo) Fault { f.Op = "ListIID"; return f }, [4]bool{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := New(WithClusters(Cluster{Name: "demo"}))
			info := mustGet(t, h, pmks.IID{NameId: "demo"})
			h.Inject(tt.fault(denied, info))
			var struck [4]bool
			for i := range struck {
				// Names and ids reach the same fault.
				iid := []pmks.IID{{NameId: "demo"}, {SystemId: info.IId.SystemId}}[i%2]
				_, err := h.GetCluster(t.Context(), iid)
				struck[i] = errors.Is(err, pmks.ErrPermissionDenied)
			}
			if struck != tt.struck {
				t.Errorf("struck %v, want %v", struck, tt.struck)
			}
		})
	}
	t.Run("canceled", func(t *testing.T) {
		t.Parallel()
		h := New(WithClusters(Cluster{Name: "demo"}), WithFaults(denied))
		cancel := h.Inject(denied)
		cancel()
		cancel()
		if _, err := h.GetCluster(t.Context(), pmks.IID{NameId: "demo"}); !errors.Is(err, pmks.ErrPermissionDenied) {
			t.Errorf("got %v: the fault of WithFaults is gone", err)
		}
		if _, err := h.GetCluster(t.Context(), pmks.IID{NameId: "demo"}); err != nil {
			t.Errorf("got %v: the fault was taken out", err)
		}
	})
}

// TestHandler_Inject_unknown: a fault that can never strike is a mistake of the
// test that injects it.
func TestHandler_Inject_unknown(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		fault Fault
	}{
		{"no kind", Fault{Op: "GetCluster"}},
		{"unknown kind", Fault{Kind: "explode"}},
		{"unknown operation", Fault{Op: "DescribeCluster", Kind: Refuse}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for name, inject := range map[string]func(){
				"Inject":     func() { New().Inject(test.fault) },
				"WithFaults": func() { New(WithFaults(test.fault)) },
			} {
				func() {
					defer func() {
						if recover() == nil {
							t.Errorf("%s takes it", name)
						}
					}()
					inject()
				}()
			}
		})
	}
	for _, op := range faultOps {
		New().Inject(Fault{Op: op, Kind: Stick})
	}
}
