// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/gke"
)

// tagged is a cluster with security groups, whose names are in labels, and one tag.
func tagged(t *testing.T, s *gke.Server) pmks.ClusterInfo {
	t.Helper()
	req := bench.SampleRequest("demo")
	req.TagList = []pmks.KeyValue{{Key: "team", Value: "a"}}
	info, err := pmks.Provision(t.Context(), newHandler(t, s), req, patience)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// TestHandler_SetTags: the user's tags become those that are given, with one write and
// none where they are; what pmks keeps in labels stays.
func TestHandler_SetTags(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := gke.New(gke.Options{})
		before := tagged(t, s)
		h := newHandler(t, s)
		group := before.NodeGroupList[0].IId
		if _, err := h.SetNodeGroupAutoScaling(t.Context(), before.IId, group, false); err != nil {
			t.Fatal(err)
		}
		for _, want := range [][]pmks.KeyValue{{{Key: "stage", Value: ""}, {Key: "team", Value: "b"}}, {{Key: "x", Value: "1"}}, nil} {
			for again := range 2 {
				if _, err := pmks.WaitClusterActive(t.Context(), h, before.IId, patience); err != nil {
					t.Fatal(err)
				}
				s.Reset()
				if err := h.SetTags(t.Context(), before.IId, want); err != nil {
					t.Fatal(err)
				}
				if n := s.Count("SetLabels"); n != 1-again {
					t.Errorf("%d writes", n)
				}
			}
			info, err := h.GetCluster(t.Context(), before.IId)
			if err != nil || text(info.TagList) != text(want) || text(info.Network) != text(before.Network) || info.NodeGroupList[0].MaxNodeSize != before.NodeGroupList[0].MaxNodeSize {
				t.Errorf("got %v of %v, %v", info.TagList, info.NodeGroupList[0].MaxNodeSize, err)
			}
		}
	})
}

// TestHandler_SetTags_underWay: labels that others write do not show yet, so nobody is told
// that the old ones are there to stay.
func TestHandler_SetTags_underWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := gke.New(gke.Options{})
		h, info := newHandler(t, s), tagged(t, s)
		raw, err := otherHand(t, s).GetCluster(t.Context(), &containerpb.GetClusterRequest{Name: parent + region + "-a/clusters/demo"})
		if err != nil {
			t.Fatal(err)
		}
		labels := maps.Clone(raw.GetResourceLabels())
		labels["team"] = "b"
		if _, err := otherHand(t, s).SetLabels(t.Context(), &containerpb.SetLabelsRequest{
			Name: parent + region + "-a/clusters/demo", ResourceLabels: labels, LabelFingerprint: raw.GetLabelFingerprint()}); err != nil {
			t.Fatal(err)
		}
		for _, tags := range [][]pmks.KeyValue{info.TagList, nil} {
			if err := h.SetTags(t.Context(), info.IId, tags); pmks.CodeOf(err) != pmks.CodeBusy {
				t.Errorf("%v: %v", tags, err)
			}
		}
	})
}

// TestHandler_SetTags_wait: a change that fails later is told so, and one that is not
// waited for to its end may have happened.
func TestHandler_SetTags_wait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := gke.New(gke.Options{})
		h, info := newHandler(t, s), tagged(t, s)
		s.Inject(core.Fault{Op: "SetLabels", Kind: core.FaultFailLater, Reason: "INTERNAL: the labels are lost", Times: 1})
		if err := h.SetTags(t.Context(), info.IId, nil); err == nil || !strings.Contains(err.Error(), "the labels are lost") || asError(t, err).MayHaveHappened {
			t.Errorf("failed later: %v", err)
		}
		s.Inject(core.Fault{Op: "SetLabels", Kind: core.FaultStick, Times: 1})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := h.SetTags(ctx, info.IId, nil); !errors.Is(err, context.DeadlineExceeded) || !asError(t, err).MayHaveHappened {
			t.Errorf("without an end: %v", err)
		}
	})
}

// TestHandler_SetTags_lag: reads that lag behind a change do not make the next one believe
// that it has nothing to do.
func TestHandler_SetTags_lag(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := gke.New(gke.Options{ReadLag: 20 * time.Second})
		h, info := newHandler(t, s), tagged(t, s)
		for _, tags := range [][]pmks.KeyValue{{{Key: "team", Value: "b"}}, info.TagList} {
			if err := h.SetTags(t.Context(), info.IId, tags); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
		now, err := pmks.WaitClusterActive(t.Context(), h, info.IId, patience)
		if err != nil || text(now.TagList) != text(info.TagList) {
			t.Errorf("got %v, %v", now.TagList, err)
		}
	})
}

// TestHandler_SetTags_stale: labels that others write in between are read again, and
// stay; without an end it is Busy.
func TestHandler_SetTags_stale(t *testing.T) {
	t.Parallel()
	const mismatch = `{"error":{"code":400,"status":"FAILED_PRECONDITION","message":"Labels could not be set due to fingerprint mismatch; try again with the proper fingerprint: x"}}`
	for name, times := range map[string]int{"once": 1, "always": -1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := gke.New(gke.Options{})
				info := tagged(t, s)
				s.Inject(core.Fault{Op: "SetLabels", Kind: core.FaultAnswer, Times: times, Answer: &core.Answer{Status: 400, Body: mismatch, Header: map[string]string{"Content-Type": "application/json"}}})
				s.Reset()
				err := newHandler(t, s).SetTags(t.Context(), info.IId, nil)
				if times == 1 && (err != nil || s.Count("SetLabels") != 2) || times < 0 && (pmks.CodeOf(err) != pmks.CodeBusy || !strings.Contains(err.Error(), "fingerprint") || s.Count("SetLabels") != 3) {
					t.Errorf("got %v after %d requests", err, s.Count("SetLabels"))
				}
			})
		})
	}
}

// TestHandler_SetTags_lost: a write whose answer is lost is made once.
func TestHandler_SetTags_lost(t *testing.T) {
	t.Parallel()
	for _, kind := range []core.FaultKind{core.FaultLoseReply, core.FaultLoseRequest} {
		synctest.Test(t, func(t *testing.T) {
			s := gke.New(gke.Options{})
			info := tagged(t, s)
			s.Inject(core.Fault{Op: "SetLabels", Kind: kind, Times: 1})
			h := newHandler(t, s)
			if err := h.SetTags(t.Context(), info.IId, nil); err != nil {
				t.Fatal(err)
			}
			after, err := pmks.WaitClusterActive(t.Context(), h, info.IId, patience)
			if err != nil || len(after.TagList) != 0 {
				t.Errorf("got %v, %v", after.TagList, err)
			}
		})
	}
}

// TestHandler_SetTags_bad: what cannot be a label of GKE is told before any call.
func TestHandler_SetTags_bad(t *testing.T) {
	t.Parallel()
	s := fleet(t, 1, 1, gke.Options{})
	h := newHandler(t, s)
	var many []pmks.KeyValue
	for i := range 33 {
		many = append(many, pmks.KeyValue{Key: "k" + strings.Repeat("x", i)})
	}
	for field, tags := range map[string][]pmks.KeyValue{
		"TagList[0].Key": {{Key: "Team"}}, "TagList[1].Key": {{Key: "team"}, {Key: "team"}}, "TagList[0].Value": {{Key: "team", Value: "A"}}, "TagList": many,
	} {
		if err := h.SetTags(t.Context(), pmks.IID{SystemId: "c000"}, tags); pmks.CodeOf(err) != pmks.CodeInvalidArgument || asError(t, err).Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, tag := range []string{"goog-x", "cb-spider-pmks-req"} {
		if err := h.SetTags(t.Context(), pmks.IID{SystemId: "c000"}, []pmks.KeyValue{{Key: tag}}); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
			t.Errorf("%s: %v", tag, err)
		}
	}
	if n := s.Count(""); n != 0 {
		t.Errorf("%d calls were made", n)
	}
	if err := h.SetTags(t.Context(), pmks.IID{SystemId: "none"}, nil); pmks.CodeOf(err) != pmks.CodeNotFound {
		t.Errorf("no cluster: %v", err)
	}
}

// TestHandler_SetTags_beside: tags and the bounds that pmks records are all labels of the
// cluster; neither of two writers undoes what the other was told it had done.
func TestHandler_SetTags_beside(t *testing.T) {
	t.Parallel()
	for _, latency := range []time.Duration{0, benchLatency, time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := gke.New(gke.Options{Latency: latency})
			info := tagged(t, s)
			group := info.NodeGroupList[0].IId
			one, other := newHandler(t, s), newHandler(t, s)
			if _, err := one.SetNodeGroupAutoScaling(t.Context(), info.IId, group, false); err != nil {
				t.Fatal(err)
			}
			for round := range 5 {
				if _, err := pmks.WaitClusterActive(t.Context(), one, info.IId, patience); err != nil {
					t.Fatal(err)
				}
				tags := []pmks.KeyValue{{Key: "round", Value: strconv.Itoa(round)}}
				var tagErr, scaleErr error
				var work sync.WaitGroup
				work.Go(func() { tagErr = one.SetTags(t.Context(), info.IId, tags) })
				work.Go(func() {
					_, scaleErr = other.ChangeNodeGroupScaling(t.Context(), info.IId, group, 2, 1, 10+round)
				})
				work.Wait()
				now, err := pmks.WaitClusterActive(t.Context(), one, info.IId, patience)
				if err != nil {
					t.Fatal(err)
				}
				if tagErr == nil && text(now.TagList) != text(tags) || tagErr != nil && pmks.CodeOf(tagErr) != pmks.CodeBusy {
					t.Errorf("%s, %d: SetTags: %v, and the tags are %v", latency, round, tagErr, now.TagList)
				}
				if got := now.NodeGroupList[0].MaxNodeSize; scaleErr == nil && got != 10+round || scaleErr != nil && pmks.CodeOf(scaleErr) != pmks.CodeBusy {
					t.Errorf("%s, %d: ChangeNodeGroupScaling: %v, and the bound is %d", latency, round, scaleErr, got)
				}
				if tagErr != nil && scaleErr != nil {
					t.Errorf("%s, %d: none has come through: %v, %v", latency, round, tagErr, scaleErr)
				}
			}
		})
	}
}
