// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

func TestHandler_AddNodeGroup(t *testing.T) {
	t.Parallel()
	for _, p := range profile.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := New(WithProfile(p.Name))
				info := running(t, h, p)
				req := p.SampleNodeGroup("third")
				made, err := h.AddNodeGroup(t.Context(), pmks.IID{NameId: "demo"}, req)
				if err != nil {
					t.Fatal(err)
				}
				shown, _ := mustGet(t, h, info.IId).NodeGroup(made.IId)
				same(t, "what a read shows", shown, made)
				if made.Status != pmks.NodeGroupCreating || made.Version != info.Version || made.IId.SystemId == "" {
					t.Errorf("got %+v", made)
				}
				up := settled(t, h, info.IId)
				shown, _ = up.NodeGroup(made.IId)
				if len(shown.Nodes) != req.DesiredNodeSize {
					t.Errorf("got nodes %v, want %d", shown.Nodes, req.DesiredNodeSize)
				}
				_, err = h.AddNodeGroup(t.Context(), info.IId, req)
				if e := asError(t, err); e.Code != pmks.CodeAlreadyExists || e.NodeGroup.NameId != "third" {
					t.Errorf("a second one: got %v, want AlreadyExists", err)
				}
			})
		})
	}
}

// TestHandler_AddNodeGroup_ignored: what a cloud has no use for is reported, on
// every read, and not shown as if it had been used.
func TestHandler_AddNodeGroup_ignored(t *testing.T) {
	t.Parallel()
	t.Run("key-pair-on-ibm", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			p := mustProfile(t, "ibm")
			h := New(WithProfile("ibm"))
			info := running(t, h, p)
			req := p.SampleNodeGroup("third")
			req.KeyPairIID = pmks.IID{NameId: "mine"}
			if _, err := h.AddNodeGroup(t.Context(), info.IId, req); err != nil {
				t.Fatal(err)
			}
			g, _ := settled(t, h, info.IId).NodeGroup(pmks.IID{NameId: "third"})
			if ignored, _ := pmks.Lookup(g.KeyValueList, pmks.KeyIgnored); ignored != "KeyPairIID" || !g.KeyPairIID.IsZero() {
				t.Errorf("got %q ignored and key pair %v", ignored, g.KeyPairIID)
			}
		})
	})
}

func TestHandler_SetNodeGroupAutoScaling(t *testing.T) {
	t.Parallel()
	type sizes struct {
		Auto              bool
		Desired, Min, Max int
	}
	of := func(g pmks.NodeGroupInfo) sizes {
		return sizes{g.OnAutoScaling, g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize}
	}
	tests := []struct {
		name    string
		before  sizes
		off, on sizes
	}{
		{"bounds-recorded", sizes{false, 2, 1, 5}, sizes{false, 2, 1, 5}, sizes{true, 2, 1, 5}},
		{"no-bounds", sizes{false, 2, 0, 0}, sizes{false, 2, 1, 2}, sizes{true, 2, 1, 2}},
		{"no-bounds-and-no-nodes", sizes{false, 0, 0, 0}, sizes{false, 0, 0, 1}, sizes{true, 0, 0, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := New(WithClusters(Cluster{Name: "demo", NodeGroups: []pmks.NodeGroupInfo{{
					IId: pmks.IID{NameId: "ng"}, DesiredNodeSize: tt.before.Desired, MinNodeSize: tt.before.Min, MaxNodeSize: tt.before.Max}}}))
				demo, ng := pmks.IID{NameId: "demo"}, pmks.IID{NameId: "ng"}
				for i, step := range []struct {
					on   bool
					want sizes
				}{{false, tt.off}, {true, tt.on}, {true, tt.on}, {false, tt.off}, {true, tt.on}} {
					if ok, err := h.SetNodeGroupAutoScaling(t.Context(), demo, ng, step.on); err != nil || !ok {
						t.Fatalf("step %d: got %t, %v", i, ok, err)
					}
					g, _ := settled(t, h, demo).NodeGroup(ng)
					same(t, "the sizes", of(g), step.want)
				}
				// Off when it is off, and on when it is on, need no request.
				same(t, "what happened", mutations(h), map[string]int{"SetNodeGroupAutoScaling": 3})
			})
		})
	}
}

func TestHandler_ChangeNodeGroupScaling(t *testing.T) {
	t.Parallel()
	const keep = 0
	tests := []struct {
		name              string
		auto              bool
		desired, min, max int
		code              pmks.Code
		field             string
		// size is what it leads to where a size counts while autoscaling is on;
		// left is the size elsewhere.
		size, left int
	}{
		{"grow", false, 3, 1, 3, pmks.CodeOK, "", 3, 3},
		{"shrink", false, 1, 1, 2, pmks.CodeOK, "", 1, 1},
		{"zero-without-autoscaling", false, keep, 1, 3, pmks.CodeInvalidArgument, "DesiredNodeSize", 2, 2},
		{"grow-automatic", true, 3, 1, 3, pmks.CodeOK, "", 3, 2},
		{"leave-it", true, keep, 1, 4, pmks.CodeOK, "", 2, 2},
		{"leave-it-above", true, keep, 1, 1, pmks.CodeOK, "", 1, 1},
		{"leave-it-below", true, keep, 3, 4, pmks.CodeOK, "", 3, 3},
		{"above-max", false, 4, 1, 3, pmks.CodeInvalidArgument, "DesiredNodeSize", 2, 2},
		{"max-below-min", false, 3, 3, 2, pmks.CodeInvalidArgument, "MaxNodeSize", 2, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, p := range profile.All() {
				t.Run(p.Name, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						h := New(WithProfile(p.Name))
						info := running(t, h, p)
						extra := group(t, info).IId
						if tt.auto {
							if _, err := h.SetNodeGroupAutoScaling(t.Context(), info.IId, extra, true); err != nil {
								t.Fatal(err)
							}
							settled(t, h, info.IId)
						}
						made, err := h.ChangeNodeGroupScaling(t.Context(), info.IId, extra, tt.desired, tt.min, tt.max)
						if code := pmks.CodeOf(err); code != tt.code || code != pmks.CodeOK && asError(t, err).Field != tt.field {
							t.Fatalf("got %v, want %v of %q", err, tt.code, tt.field)
						}
						want := tt.size
						if tt.auto && !p.Caps.Scaling.DesiredWhileAuto {
							want = tt.left
						}
						if err == nil && made.DesiredNodeSize != want {
							t.Errorf("returned size %d, want %d", made.DesiredNodeSize, want)
						}
						g := group(t, settled(t, h, info.IId))
						if g.DesiredNodeSize != want || len(g.Nodes) != want || g.OnAutoScaling != tt.auto {
							t.Errorf("got size %d, %d nodes, autoscaling %t, want %d, %t", g.DesiredNodeSize, len(g.Nodes), g.OnAutoScaling, want, tt.auto)
						}
						if err == nil && (g.MinNodeSize != tt.min || g.MaxNodeSize != tt.max) {
							t.Errorf("got bounds %d-%d, want %d-%d", g.MinNodeSize, g.MaxNodeSize, tt.min, tt.max)
						}
					})
				})
			}
		})
	}
	t.Run("as-it-is", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := New()
			info := running(t, h, mustProfile(t, "neutral"))
			if _, err := h.ChangeNodeGroupScaling(t.Context(), info.IId, pmks.IID{NameId: "extra"}, 2, 1, 3); err != nil {
				t.Fatal(err)
			}
			if n := mutations(h); len(n) > 0 {
				t.Errorf("something happened: %v", n)
			}
		})
	})
	// The bounds are as asked already, so only the size tells whether the request
	// arrived.
	t.Run("lost-while-automatic", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := New()
			info := running(t, h, mustProfile(t, "neutral"))
			if _, err := h.SetNodeGroupAutoScaling(t.Context(), info.IId, pmks.IID{NameId: "extra"}, true); err != nil {
				t.Fatal(err)
			}
			settled(t, h, info.IId)
			h.Inject(Fault{Op: "ChangeNodeGroupScaling", Kind: LoseRequest})
			g, err := h.ChangeNodeGroupScaling(t.Context(), info.IId, pmks.IID{NameId: "extra"}, 3, 1, 3)
			if err != nil || g.DesiredNodeSize != 3 {
				t.Errorf("got size %d, %v, want 3", g.DesiredNodeSize, err)
			}
		})
	})
	// Reads show the group as it was for a while: that proves nothing.
	t.Run("lost-reply-and-late-reads", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := New(WithReadLag(10 * time.Second))
			info := running(t, h, mustProfile(t, "neutral"))
			time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
			h.Inject(Fault{Op: "ChangeNodeGroupScaling", Kind: LoseReply})
			g, err := h.ChangeNodeGroupScaling(t.Context(), info.IId, pmks.IID{NameId: "extra"}, 3, 1, 3)
			if err != nil || g.DesiredNodeSize != 3 {
				t.Errorf("got size %d, %v, want 3", g.DesiredNodeSize, err)
			}
		})
	})
}

func TestHandler_RemoveNodeGroup(t *testing.T) {
	t.Parallel()
	for _, p := range profile.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := New(WithProfile(p.Name))
				info := running(t, h, p)
				if ok, err := h.RemoveNodeGroup(t.Context(), info.IId, pmks.IID{NameId: "extra"}); err != nil || !ok {
					t.Fatalf("got %t, %v", ok, err)
				}
				left := settled(t, h, info.IId).NodeGroupList
				if len(left) != 1 {
					t.Fatalf("got %d groups, want one", len(left))
				}
				ok, err := h.RemoveNodeGroup(t.Context(), info.IId, left[0].IId)
				switch {
				case p.Caps.Scaling.RemoveLast:
					if err != nil || !ok {
						t.Errorf("the last group: got %t, %v", ok, err)
					}
				case !errors.Is(err, pmks.ErrFailedPrecondition) || ok:
					t.Errorf("the last group: got %t, %v, want FailedPrecondition", ok, err)
				}
			})
		})
	}
}

// TestHandler_defaultBounds: bounds that are left out mean the same on every cloud,
// and what was read can be written back.
func TestHandler_defaultBounds(t *testing.T) {
	t.Parallel()
	for _, p := range profile.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := New(WithProfile(p.Name), WithLimits(Limits{}))
				info := running(t, h, p)
				for _, auto := range []bool{false, true} {
					req := p.SampleRequest("demo").NodeGroupList[0]
					req.IId.NameId, req.OnAutoScaling = "bounds1", auto
					if auto {
						req.IId.NameId = "bounds2"
					}
					req.DesiredNodeSize, req.MinNodeSize, req.MaxNodeSize = 2, 0, 0
					made, err := h.AddNodeGroup(t.Context(), info.IId, req)
					if err != nil {
						t.Fatal(err)
					}
					same(t, "the bounds", [2]int{made.MinNodeSize, made.MaxNodeSize}, [2]int{1, 2})
					g, _ := settled(t, h, info.IId).NodeGroup(made.IId)
					got, err := h.ChangeNodeGroupScaling(t.Context(), info.IId, made.IId, g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize)
					if err != nil {
						t.Fatalf("written back as read: %v", err)
					}
					same(t, "the group", got, g)
				}
				if made := mutations(h)["ChangeNodeGroupScaling"]; made != 0 {
					t.Errorf("writing back what was read made %d changes", made)
				}
			})
		})
	}
}
