// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/ibm"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

// tagsOf are the tags of a cluster.
func tagsOf(t *testing.T, h *ibm.Handler, cluster pmks.IID) []pmks.KeyValue {
	t.Helper()
	info, err := h.GetCluster(t.Context(), cluster)
	if err != nil {
		t.Fatal(err)
	}
	return info.TagList
}

// labelled is a cluster of two groups that pmks made, with labels and tags.
func labelled(t *testing.T, s *iks.Server) (h *ibm.Handler, cluster pmks.IID) {
	t.Helper()
	h = newHandler(t, s)
	req := bench.SampleRequest("tagged")
	req.TagList = []pmks.KeyValue{{Key: "env", Value: "dev"}, {Key: "team", Value: "a"}}
	req.NodeGroupList = []pmks.NodeGroupInfo{beyond("ng1"), beyond("ng2")}
	info, err := pmks.Provision(t.Context(), h, req, pmks.WithInterval(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return h, info.IId
}

// TestSetTags: the tags become what is given, at every pool, and nothing else changes.
func TestSetTags(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		h, cluster := labelled(t, s)
		for _, test := range []struct {
			tags   []pmks.KeyValue
			writes int
		}{
			{[]pmks.KeyValue{{Key: "env", Value: "test"}, {Key: "Owner", Value: ""}}, 2},
			{[]pmks.KeyValue{{Key: "Owner", Value: ""}, {Key: "env", Value: "test"}}, 0},
			{nil, 2},
			{nil, 0},
		} {
			s.Reset()
			if err := h.SetTags(t.Context(), cluster, test.tags); err != nil {
				t.Fatal(err)
			}
			want := slices.SortedFunc(slices.Values(test.tags), func(a, b pmks.KeyValue) int { return strings.Compare(a.Key, b.Key) })
			if got := tagsOf(t, h, cluster); !slices.Equal(got, want) || s.Count("setWorkerPoolLabels") != test.writes {
				t.Errorf("got %v after %d writes, want %v after %d", got, s.Count("setWorkerPoolLabels"), want, test.writes)
			}
		}
		for _, name := range []string{"ng1", "ng2"} {
			g := cGet(t, h, cluster, pmks.IID{NameId: name})
			asked(t, name, g, beyond(name))
			if g.MaxNodeSize != bench.SampleNodeGroup(name).MaxNodeSize {
				t.Errorf("%s: the bounds are %d and %d", name, g.MinNodeSize, g.MaxNodeSize)
			}
		}
	})
}

// TestSetTags_refused: what cannot be a tag is told before anything is sent, and what IKS
// refuses of the second pool says that the first has the tags; again, it writes the rest.
func TestSetTags_refused(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		h, cluster := labelled(t, s)
		s.Reset()
		for field, tag := range map[string]pmks.KeyValue{"TagList[1].Key": {Key: "a/b", Value: "x"}, "TagList[1].Value": {Key: "a", Value: "x y"}} {
			if err := h.SetTags(t.Context(), cluster, []pmks.KeyValue{{Key: "ok", Value: "ok"}, tag}); pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), field) {
				t.Errorf("%v: %v", tag, err)
			}
		}
		if n := len(s.Calls()); n > 0 {
			t.Errorf("%d requests were made", n)
		}
		fault := providertest.Answer(403, `{"code":"A0656","description":"no role"}`)
		fault.Op, fault.After, fault.Times = "setWorkerPoolLabels", 1, 1
		s.Inject(fault)
		tags := []pmks.KeyValue{{Key: "env", Value: "test"}}
		err := h.SetTags(t.Context(), cluster, tags)
		if e := asError(t, err); e.Code != pmks.CodePermissionDenied || !strings.Contains(e.Message, "ng1") || !strings.Contains(e.Message, "those of ng2 are not") {
			t.Errorf("got %v", err)
		}
		s.Reset()
		if err := h.SetTags(t.Context(), cluster, tags); err != nil || s.Count("setWorkerPoolLabels") != 1 || !slices.Equal(tagsOf(t, h, cluster), tags) {
			t.Errorf("again: %v after %d writes", err, s.Count("setWorkerPoolLabels"))
		}
	})
}

// TestSetTags_states: a cluster that is made is Busy, one that is deleted is not changed,
// and one that is upgraded is. A pool that shows no labels while it is made is left alone:
// it may have some.
func TestSetTags_states(t *testing.T) {
	t.Parallel()
	tags := []pmks.KeyValue{{Key: "env", Value: "test"}}
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{Assumptions: iks.Assumptions{LabelsLate: true}})
		h := newHandler(t, s)
		info, err := h.CreateCluster(t.Context(), bench.SampleRequest("new"))
		if err != nil {
			t.Fatal(err)
		}
		if err := h.SetTags(t.Context(), info.IId, tags); pmks.CodeOf(err) != pmks.CodeBusy {
			t.Errorf("while it is made: %v", err)
		}
		put(t, s, seed("plain", "ng1"))
		plain := pmks.IID{NameId: "plain"}
		if _, err := h.AddNodeGroup(t.Context(), plain, beyond("late")); err != nil {
			t.Fatal(err)
		}
		if err := h.SetTags(t.Context(), plain, tags); pmks.CodeOf(err) != pmks.CodeBusy || !strings.Contains(err.Error(), "ng1") {
			t.Errorf("while a pool is made: %v", err)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if err := h.SetTags(t.Context(), plain, tags); err != nil {
			t.Error(err)
		}
		asked(t, "late", cGet(t, h, plain, pmks.IID{NameId: "late"}), beyond("late"))
		if _, err := h.UpgradeCluster(t.Context(), plain, "1.35"); err != nil {
			t.Fatal(err)
		}
		if err := h.SetTags(t.Context(), plain, nil); err != nil {
			t.Errorf("while it is upgraded: %v", err)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if _, err := h.DeleteCluster(t.Context(), plain); err != nil {
			t.Fatal(err)
		}
		if err := h.SetTags(t.Context(), plain, tags); pmks.CodeOf(err) != pmks.CodeFailedPrecondition {
			t.Errorf("while it is deleted: %v", err)
		}
	})
}

// TestLabels_together: changes of tags and of bounds at the same time both stay, although
// each write replaces all labels.
func TestLabels_together(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{Latency: 100 * time.Millisecond})
		put(t, s, seed("plain", "ng1", "ng2"))
		h, plain := newHandler(t, s), pmks.IID{NameId: "plain"}
		calls := []func(context.Context) error{
			func(ctx context.Context) error {
				return h.SetTags(ctx, plain, []pmks.KeyValue{{Key: "env", Value: "test"}})
			},
		}
		for _, group := range []string{"ng1", "ng2"} {
			calls = append(calls, func(ctx context.Context) error {
				_, err := h.ChangeNodeGroupScaling(ctx, plain, pmks.IID{NameId: group}, 2, 1, 7)
				return err
			})
		}
		var all sync.WaitGroup
		for i, call := range calls {
			all.Go(func() {
				time.Sleep(time.Duration(i%2) * 50 * time.Millisecond) //nolint:forbidigo // inside a synctest bubble
				if err := call(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if got := tagsOf(t, h, plain); len(got) != 1 {
			t.Errorf("the tags are %v", got)
		}
		for _, group := range []string{"ng1", "ng2"} {
			if g := cGet(t, h, plain, pmks.IID{NameId: group}); g.MaxNodeSize != 7 {
				t.Errorf("%s: the bounds are %d and %d", group, g.MinNodeSize, g.MaxNodeSize)
			}
		}
	})
}

// TestSetTags_lost: a lost answer is looked for, and the write is not sent again.
func TestSetTags_lost(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		put(t, s, seed("plain", "ng1"))
		s.Inject(core.Fault{Op: "setWorkerPoolLabels", Kind: core.FaultLoseReply, Times: 1})
		h := newHandler(t, s)
		if err := h.SetTags(t.Context(), pmks.IID{NameId: "plain"}, []pmks.KeyValue{{Key: "env", Value: "test"}}); err != nil || s.Count("setWorkerPoolLabels") != 1 {
			t.Errorf("%v after %d writes", err, s.Count("setWorkerPoolLabels"))
		}
	})
}

// TestSetTags_whileAdding: a node group that is added at the same time gets the new tags,
// and none of the old.
func TestSetTags_whileAdding(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		_, cluster := labelled(t, s)
		want := []pmks.KeyValue{{Key: "env", Value: "prod"}}
		cfg := configFor(s)
		var h *ibm.Handler
		cfg.BeforeAddNodeGroup = func(ctx context.Context, _ pmks.NodeGroupInfo, _ *ibm.WorkerPoolRequest) error {
			return h.SetTags(ctx, cluster, want)
		}
		h = newHandlerWith(t, cfg)
		if _, err := h.AddNodeGroup(t.Context(), cluster, beyond("ng3")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if got := tagsOf(t, h, cluster); !slices.Equal(got, want) {
			t.Errorf("the tags are %v", got)
		}
	})
	// The other way round: the pool comes while the tags of the others are written.
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{Latency: time.Second})
		h, cluster := labelled(t, s)
		added := make(chan error)
		go func() {
			_, err := h.AddNodeGroup(t.Context(), cluster, beyond("ng3"))
			added <- err
		}()
		want := []pmks.KeyValue{{Key: "env", Value: "prod"}}
		if err := h.SetTags(t.Context(), cluster, want); err != nil {
			t.Error(err)
		}
		if err := <-added; err != nil {
			t.Error(err)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if got := tagsOf(t, h, cluster); !slices.Equal(got, want) {
			t.Errorf("the tags are %v", got)
		}
	})
}

// TestLabels_twoHandlers: handlers of one program do not undo each other's changes.
func TestLabels_twoHandlers(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{Latency: 100 * time.Millisecond})
		_, cluster := labelled(t, s)
		cfg := configFor(s) // with the transport of both
		one, other := newHandlerWith(t, cfg), newHandlerWith(t, cfg)
		want := []pmks.KeyValue{{Key: "env", Value: "prod"}}
		done := make(chan error, 2)
		go func() { done <- one.SetTags(t.Context(), cluster, want) }()
		go func() {
			_, err := other.ChangeNodeGroupScaling(t.Context(), cluster, pmks.IID{NameId: "ng1"}, 2, 1, 60)
			done <- err
		}()
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if got, g := tagsOf(t, one, cluster), cGet(t, one, cluster, pmks.IID{NameId: "ng1"}); !slices.Equal(got, want) || g.MaxNodeSize != 60 {
			t.Errorf("the tags are %v, the bounds %d and %d", got, g.MinNodeSize, g.MaxNodeSize)
		}
	})
}
