// SPDX-License-Identifier: Apache-2.0

package alibaba_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alibabacloud-go/tea/tea"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/alibaba"
	"github.com/pmks-go/pmks/internal/sim/ack"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// TestHandler_SetTags: the user's tags become what is given, those of pmks and of ACK stay,
// and what is there already is not written.
func TestHandler_SetTags(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]ack.Assumptions{"strict": {}, "updating": {TagsUpdateCluster: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := ack.New(ack.Options{Assumptions: a})
				h := newHandler(t, s)
				req := plain("demo")
				req.Network.SecurityGroupIIDs = append(req.Network.SecurityGroupIIDs, pmks.IID{SystemId: ack.DefaultResources(region).SecurityGroups[1].ID})
				req.TagList = []pmks.KeyValue{{Key: "env", Value: "test"}}
				info, err := pmks.Provision(t.Context(), h, req, pmks.WithInterval(time.Minute))
				if err != nil {
					t.Fatal(err)
				}
				groups := info.Network.SecurityGroupIIDs
				own := len(rawTags(t, h, info.IId)) - 1
				writes := 0
				for _, tags := range [][]pmks.KeyValue{
					{{Key: "team", Value: "a"}, {Key: "env", Value: ""}},
					{{Key: "env", Value: ""}, {Key: "team", Value: "a"}}, // the same
					{{Key: "team", Value: "b"}},
					{},
					nil,
					{{Key: "last", Value: "1"}},
				} {
					before := s.Count("ModifyClusterTags")
					if err := h.SetTags(t.Context(), pmks.IID{NameId: "demo"}, tags); err != nil {
						t.Fatal(err)
					}
					writes += s.Count("ModifyClusterTags") - before
					got, err := h.GetCluster(t.Context(), info.IId)
					want := slices.Clone(tags)
					slices.SortFunc(want, func(a, b pmks.KeyValue) int { return strings.Compare(a.Key, b.Key) })
					if err != nil || fmt.Sprint(got.TagList) != fmt.Sprint(want) || !slices.Equal(got.Network.SecurityGroupIIDs, groups) || len(rawTags(t, h, info.IId)) != own+len(tags) {
						t.Errorf("got %v, %v, want %v", got.TagList, err, want)
					}
					if _, err := pmks.WaitClusterActive(t.Context(), h, info.IId, pmks.WithInterval(time.Minute)); err != nil {
						t.Fatal(err)
					}
				}
				if writes != 4 {
					t.Errorf("%d writes, want 4", writes)
				}
			})
		})
	}
}

// rawTags are the keys of all tags of a cluster.
func rawTags(t *testing.T, h *alibaba.Handler, iid pmks.IID) (keys []string) {
	t.Helper()
	c := ackClient(t.Context(), t, h)
	out, err := c.DescribeClusterDetail(&iid.SystemId)
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range out.Body.Tags {
		keys = append(keys, tea.StringValue(tag.Key))
	}
	return keys
}

// TestHandler_SetTagsLost: a lost answer is looked after; one that says nothing, and stands for
// nothing, is no success; and the tags of the vendor are neither sent nor missed.
func TestHandler_SetTagsLost(t *testing.T) {
	t.Parallel()
	tags := []pmks.KeyValue{{Key: "team", Value: "a"}}
	for name, test := range map[string]struct {
		fault core.Fault
		code  pmks.Code
	}{
		"request":       {core.Fault{Kind: core.FaultLoseRequest}, pmks.CodeOK},
		"reply":         {core.Fault{Kind: core.FaultLoseReply}, pmks.CodeOK},
		"empty":         {core.Fault{Kind: core.FaultAnswer, Answer: &core.Answer{Status: http.StatusOK}}, pmks.CodeUnavailable},
		"empty-but-did": {core.Fault{Kind: core.FaultAnswerReply, Answer: &core.Answer{Status: http.StatusOK}}, pmks.CodeOK},
		"a-page":        {core.Fault{Kind: core.FaultAnswer, Answer: &core.Answer{Status: http.StatusOK, Body: "<html>"}}, pmks.CodeOK},
		"denied":        {core.Fault{Kind: core.FaultRefuse, Code: pmks.CodePermissionDenied}, pmks.CodePermissionDenied},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := ready(t, nil)
				s.Alter("DescribeClusterDetail", func(v any) any {
					c, _ := v.(map[string]any)
					list, _ := c["tags"].([]any)
					c["tags"] = append(list, map[string]any{"key": "acs:rm:rgId", "value": "rg-1"}, map[string]any{"key": "aliyun.com/own", "value": "1"}, nil)
					return v
				})
				test.fault.Op = "ModifyClusterTags"
				s.Inject(test.fault)
				h := newHandler(t, s)
				err := h.SetTags(t.Context(), demo, tags)
				var e *pmks.Error
				if pmks.CodeOf(err) != test.code || (errors.As(err, &e) && e.MayHaveHappened) != (name == "empty") {
					t.Errorf("got %v", err)
				}
				info, err := h.GetCluster(t.Context(), demo)
				if err != nil || (test.code == pmks.CodeOK) != (len(info.TagList) == 1) {
					t.Errorf("the tags are %v, %v", info.TagList, err)
				}
				// What is read can be written.
				before := s.Count("ModifyClusterTags")
				if err := h.SetTags(t.Context(), demo, info.TagList); err != nil || s.Count("ModifyClusterTags") != before {
					t.Errorf("what is there already: %v", err)
				}
			})
		})
	}
}

// TestHandler_SetTagsNone: the last tag of a cluster goes too.
func TestHandler_SetTagsNone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, ready(t, nil)) // made by others: without a tag of pmks
		for _, tags := range [][]pmks.KeyValue{{{Key: "team", Value: "a"}}, nil, {{Key: "team", Value: "b"}}, {}} {
			if err := h.SetTags(t.Context(), demo, tags); err != nil {
				t.Fatal(err)
			}
			if info, err := h.GetCluster(t.Context(), demo); err != nil || len(info.TagList) != len(tags) {
				t.Errorf("the tags are %v, %v, want %v", info.TagList, err, tags)
			}
		}
	})
}

// TestHandler_SetTagsRefused: bad tags are told before any request, and a cluster that is
// worked on says so.
func TestHandler_SetTagsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := ack.New(ack.Options{Assumptions: ack.Assumptions{TagsUpdateCluster: true}})
		if err := s.Put(core.Seed{Name: "demo"}); err != nil {
			t.Fatal(err)
		}
		h := newHandler(t, s)
		var many []pmks.KeyValue
		for i := range 21 {
			many = append(many, pmks.KeyValue{Key: fmt.Sprint("t", i)})
		}
		for says, tags := range map[string][]pmks.KeyValue{
			"TagList[0].Key": {{Key: "CB-SPIDER:PMKS:REQUEST", Value: "x"}}, "TagList[1].Key": {{Key: "a"}, {Key: "ack.aliyun.com"}}, "TagList[1]": {{Key: "a"}, {Key: "a", Value: "b"}},
			"TagList[0].Value": {{Key: "a", Value: "acs:x"}}, "TagList": many, "TagList[0]": {{Value: "x"}},
		} {
			if err := h.SetTags(t.Context(), demo, tags); pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: got %v", says, err)
			}
		}
		if err := h.SetTags(t.Context(), pmks.IID{}, nil); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
			t.Errorf("got %v", err)
		}
		if s.Count("") != 0 {
			t.Errorf("%d requests were made", s.Count(""))
		}
		if err := h.SetTags(t.Context(), pmks.IID{NameId: "none"}, nil); pmks.CodeOf(err) != pmks.CodeNotFound {
			t.Errorf("got %v", err)
		}
		if err := s.Force("demo", "", profile.Updating, ""); err != nil {
			t.Fatal(err)
		}
		if err := h.SetTags(t.Context(), demo, []pmks.KeyValue{{Key: "a", Value: "b"}}); pmks.CodeOf(err) != pmks.CodeBusy {
			t.Errorf("got %v", err)
		}
	})
}
