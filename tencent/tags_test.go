// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/tke"
)

func tagsText(t testing.TB, h pmks.ClusterHandler) string {
	t.Helper()
	info, err := h.GetCluster(t.Context(), demo)
	if err != nil {
		t.Fatal(err)
	}
	if len(info.Network.SubnetIIDs) == 0 || len(info.Network.SecurityGroupIIDs) == 0 {
		t.Errorf("pmks' own tags are lost: %+v", info.Network)
	}
	return fmt.Sprint(info.TagList)
}

// TestHandler_SetTags: the user's tags become those that are given, and are so when the
// call returns; pmks' own and the vendor's stay.
func TestHandler_SetTags(t *testing.T) {
	t.Parallel()
	for _, a := range []tke.Assumptions{{}, {TagsAtOnce: true}, {TagTasksOverlap: true}} {
		synctest.Test(t, func(t *testing.T) {
			s := tke.New(tke.Options{Assumptions: a})
			h := newHandler(t, s)
			req := plainRequest("demo")
			req.TagList, req.Access.Mode = []pmks.KeyValue{{Key: "team", Value: "a"}}, pmks.AccessPrivate
			if _, err := h.CreateCluster(t.Context(), req); err != nil {
				t.Fatal(err)
			}
			if _, err := pmks.WaitClusterActive(t.Context(), h, demo); err != nil {
				t.Fatal(err)
			}
			for _, tags := range [][]pmks.KeyValue{{{Key: "team", Value: "b"}, {Key: "a", Value: "1"}}, {{Key: "team", Value: "b"}}, nil, {{Key: "team", Value: "c"}}} {
				s.Reset()
				for i := range 2 {
					if err := h.SetTags(t.Context(), demo, tags); err != nil {
						t.Fatalf("%v: %v", tags, err)
					}
					if n := s.Count("ModifyClusterTags"); n != 1 {
						t.Errorf("%d writes after %d calls", n, i+1)
					}
				}
				want := pmks.ClusterInfo{TagList: tags}.TagList
				if len(want) == 2 {
					want = []pmks.KeyValue{want[1], want[0]}
				}
				if got := tagsText(t, h); got != fmt.Sprint(want) {
					t.Errorf("after %v: %s", tags, got)
				}
			}
			if info, err := h.GetCluster(t.Context(), demo); err != nil || info.Access.Mode != pmks.AccessPrivate {
				t.Errorf("the access is forgotten: %+v, %v", info.Access, err)
			}
		})
	}
}

// TestHandler_SetTags_refused: bad tags are refused before the network, and too many when
// those of others are known.
func TestHandler_SetTags_refused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := readyAccount(t, tke.Options{}, nil)
		h := newHandler(t, s)
		many := make([]pmks.KeyValue, 27)
		for i := range many {
			many[i] = pmks.KeyValue{Key: fmt.Sprint("k", i), Value: "v"}
		}
		for name, tags := range map[string][]pmks.KeyValue{
			"empty-key": {{Value: "v"}}, "empty-value": {{Key: "k"}}, "twice": {{Key: "k", Value: "a"}, {Key: "k", Value: "b"}}, "own": {{Key: "CB-SPIDER-PMKS-ACCESS", Value: "private"}},
			"request": {{Key: "pmks-request-id", Value: "x"}}, "vendors": {{Key: "tencent-x", Value: "y"}}, "sign": {{Key: "k", Value: "a#b"}}, "many": many,
		} {
			if err := h.SetTags(t.Context(), demo, tags); pmks.CodeOf(err) != pmks.CodeInvalidArgument || len(s.Calls()) > 0 {
				t.Errorf("%s: %v, %d calls", name, err, len(s.Calls()))
			}
			s.Reset()
		}
		if err := h.SetTags(t.Context(), pmks.IID{NameId: "none"}, nil); pmks.CodeOf(err) != pmks.CodeNotFound {
			t.Errorf("of nothing: %v", err)
		}
	})
}

// TestHandler_SetTags_fails: a change that is accepted and fails is told with its reason; one
// that another has under way is busy.
func TestHandler_SetTags_fails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := readyAccount(t, tke.Options{}, nil)
		h := newHandler(t, s)
		for range 2 { // the second after one that has failed
			cancel := s.Inject(core.Fault{Op: "ModifyClusterTags", Kind: core.FaultFailLater, Reason: "InternalError.TagCommon: the tag service says no"})
			err := h.SetTags(t.Context(), demo, []pmks.KeyValue{{Key: "a", Value: "b"}})
			cancel()
			if pmks.CodeOf(err) != pmks.CodeFailedPrecondition || !strings.Contains(err.Error(), "the tag service says no") {
				t.Errorf("%v", err)
			}
		}
		if err := h.SetTags(t.Context(), demo, []pmks.KeyValue{{Key: "a", Value: "b"}}); err != nil {
			t.Errorf("after a failure: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		err := h.SetTags(ctx, demo, nil)
		cancel()
		if pmks.CodeOf(err) != pmks.CodeTimeout || !strings.Contains(err.Error(), "accepted") {
			t.Errorf("left: %v", err)
		}
		if err := newHandler(t, s).SetTags(t.Context(), demo, []pmks.KeyValue{{Key: "a", Value: "c"}}); pmks.CodeOf(err) != pmks.CodeBusy {
			t.Errorf("while another changes them: %v", err)
		}
	})
}

// TestHandler_SetTags_once: the answer is lost in several ways, the change done at once or
// late: the tags are set, and the call says so.
func TestHandler_SetTags_once(t *testing.T) {
	t.Parallel()
	for name, strike := range map[string]func(s *tke.Server, r *http.Request) *http.Response{
		"504-done": func(s *tke.Server, r *http.Request) *http.Response {
			deliver(s, copyOf(r))
			return providertest.Respond(r, 504, "<html></html>")
		},
		"504-not-done": func(_ *tke.Server, r *http.Request) *http.Response {
			return providertest.Respond(r, 504, "<html></html>")
		},
		"504-late": lateBy(10 * time.Second),
		"internal-done": func(s *tke.Server, r *http.Request) *http.Response {
			deliver(s, copyOf(r))
			return refusalOf(r, 200, "InternalError", "unknown")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := readyAccount(t, tke.Options{}, nil)
				h := newHandlerOn(t, hooked(s, "ModifyClusterTags", func(n int, r *http.Request) *http.Response {
					if n > 1 {
						return nil
					}
					return strike(s, r)
				}))
				err := h.SetTags(t.Context(), demo, []pmks.KeyValue{{Key: "a", Value: "b"}})
				pass(time.Hour)
				if got := tagsText(t, h); got != "[{a b}]" || err != nil {
					t.Errorf("%s, %v", got, err)
				}
			})
		})
	}
}

// TestHandler_SetTags_twice: callers at once: those who want the same all succeed with one
// change, and of others one does, and the rest are busy.
func TestHandler_SetTags_twice(t *testing.T) {
	t.Parallel()
	for _, same := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s := readyAccount(t, tke.Options{Latency: 50 * time.Millisecond}, nil)
			h := newHandler(t, s)
			errs := make([]error, 4)
			var group sync.WaitGroup
			for i := range errs {
				tags := []pmks.KeyValue{{Key: "a", Value: "b"}}
				if !same {
					tags[0].Value = fmt.Sprint("v", i)
				}
				group.Go(func() { errs[i] = h.SetTags(t.Context(), demo, tags) })
			}
			group.Wait()
			done := 0
			for _, err := range errs {
				switch {
				case err == nil:
					done++
				case same || pmks.CodeOf(err) != pmks.CodeBusy:
					t.Errorf("%v", err)
				}
			}
			if same && done != 4 || !same && done != 1 || !strings.HasPrefix(tagsText(t, h), "[{a ") {
				t.Errorf("%d succeeded, and the tags are %s", done, tagsText(t, h))
			}
		})
	}
}

// TestHandler_SetTags_lag: the list that goes on showing what was before is not believed,
// and what was set by other means meanwhile is set anew.
func TestHandler_SetTags_lag(t *testing.T) {
	t.Parallel()
	for _, lag := range []time.Duration{0, 9 * time.Second, 25 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := readyAccount(t, tke.Options{ReadLag: lag}, nil)
			pass(time.Hour)
			for _, h := range []pmks.TagSetter{newHandler(t, s), newHandler(t, s)} {
				for _, value := range []string{"b", "c", "b"} {
					if err := h.SetTags(t.Context(), demo, []pmks.KeyValue{{Key: "a", Value: value}}); err != nil {
						t.Fatalf("%s: %v", lag, err)
					}
					if got := tagsText(t, newHandler(t, s)); got != "[{a "+value+"}]" {
						t.Errorf("%s: after %s: %s", lag, value, got)
					}
				}
			}
		})
	}
}

// TestHandler_SetTags_hollow: an answer without the tags that the cluster had is none: what
// is written by it would take pmks' own away.
func TestHandler_SetTags_hollow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := readyAccount(t, tke.Options{}, nil)
		hollow := false
		h := newHandlerOn(t, rewritten(s, "DescribeClusters", func(_ int, a map[string]any, _ string) {
			for _, c := range a["Clusters"].([]any) {
				if hollow {
					c.(map[string]any)["TagSpecification"] = nil
				}
			}
		}))
		tagsText(t, h)
		hollow = true
		if err := h.SetTags(t.Context(), demo, []pmks.KeyValue{{Key: "a", Value: "b"}}); pmks.CodeOf(err) != pmks.CodeUnavailable || s.Count("ModifyClusterTags") > 0 {
			t.Errorf("%v", err)
		}
		hollow = false
		if err := h.SetTags(t.Context(), demo, []pmks.KeyValue{{Key: "a", Value: "b"}}); err != nil || tagsText(t, h) != "[{a b}]" {
			t.Errorf("%v", err)
		}
	})
}

// TestHandler_SetTags_reserved: the vendor's tags are neither shown nor written, so that what
// was read can be set.
func TestHandler_SetTags_reserved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tke.New(tke.Options{})
		net := bench.SampleRequest("x").Network
		must(t, s.Put(core.Seed{Name: "demo", Tags: map[string]string{
			"CB-SPIDER-PMKS-SUBNET-ID": net.SubnetIIDs[0].SystemId, "CB-SPIDER-PMKS-SECURITYGROUP-ID": net.SecurityGroupIIDs[0].SystemId,
			"team": "a", "tencentcloud:autoscaling": "x", "project": "y",
		}}))
		h := newHandler(t, s)
		if got := tagsText(t, h); got != "[{team a}]" {
			t.Errorf("shown are %s", got)
		}
		if err := h.SetTags(t.Context(), demo, []pmks.KeyValue{{Key: "team", Value: "a"}}); err != nil || s.Count("ModifyClusterTags") > 0 {
			t.Errorf("what was read: %v", err)
		}
		if err := h.SetTags(t.Context(), demo, nil); err != nil || tagsText(t, h) != "[]" {
			t.Errorf("none: %v, %s", err, tagsText(t, h))
		}
	})
}
