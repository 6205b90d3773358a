// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/aks"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestSetTags: what is sent, and when nothing is. Azure compares names without regard to
// case, and pmks's own tags stay.
func TestSetTags(t *testing.T) {
	t.Parallel()
	kv := func(pairs ...string) (list []pmks.KeyValue) {
		for i := 0; i < len(pairs); i += 2 {
			list = append(list, pmks.KeyValue{Key: pairs[i], Value: pairs[i+1]})
		}
		return list
	}
	many := func(n int) (list []pmks.KeyValue) {
		for i := range n {
			list = append(list, pmks.KeyValue{Key: fmt.Sprintf("t%02d", i), Value: "x"})
		}
		return list
	}
	for name, test := range map[string]struct {
		tags    []pmks.KeyValue
		private bool
		sends   string // the method
		want    pmks.Code
	}{
		"same":          {kv("Team", "a", "env", ""), false, "", pmks.CodeOK},
		"another-value": {kv("team", "b", "env", ""), false, http.MethodPatch, pmks.CodeOK},
		"one-more":      {kv("team", "a", "env", "", "x", "y"), false, http.MethodPatch, pmks.CodeOK},
		"one-less":      {kv("team", "a"), false, http.MethodPut, pmks.CodeOK},
		"none":          {nil, false, http.MethodPut, pmks.CodeOK},
		"own":           {kv("CreatedAt", "1"), false, "", pmks.CodeInvalidArgument},
		"of-spider":     {kv("#CB-SPIDER:PMKS:X", "1"), false, "", pmks.CodeInvalidArgument},
		"twice":         {kv("a", "1", "A", "2"), false, "", pmks.CodeInvalidArgument},
		"bad-name":      {kv("a/b", "1"), false, "", pmks.CodeInvalidArgument},
		"too-many":      {many(46), false, "", pmks.CodeInvalidArgument},
		"private":       {many(14), true, http.MethodPut, pmks.CodeOK},
		"private-many":  {many(15), true, "", pmks.CodeInvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed := seedOf("g0")
			if test.private {
				seed = with(seed, map[string]string{aks.AttrPrivate: "yes"})
			}
			seed.Tags = map[string]string{"team": "a", "env": "", "createdAt": "1700000000"}
			h, p, _ := tapped(t, seed, nil)
			var sent []string
			p.answer = func(r *http.Request) *http.Response {
				if r.Method == http.MethodPut || r.Method == http.MethodPatch {
					if sent = append(sent, r.Method); r.Header.Get("If-Match") == "" {
						t.Errorf("%s without a condition", r.Method)
					}
				}
				return nil
			}
			err := h.SetTags(t.Context(), clusterC, test.tags)
			if pmks.CodeOf(err) != test.want || strings.Join(sent, ",") != test.sends {
				t.Fatalf("%v, sent %v", err, sent)
			}
			want := test.tags
			if test.want != pmks.CodeOK || test.sends == "" {
				want = kv("env", "", "team", "a")
			}
			slices.SortFunc(want, func(a, b pmks.KeyValue) int { return strings.Compare(a.Key, b.Key) })
			got := wiretest.OK(h.GetCluster(t.Context(), clusterC))(t)
			if !slices.Equal(got.TagList, want) || got.CreatedTime.Unix() != 1700000000 {
				t.Errorf("the tags are %v, want %v; made at %s", got.TagList, want, got.CreatedTime)
			}
		})
	}
}

// TestSetTags_once: an answer that is lost, or holds nothing, is resolved by a look, and
// a change of somebody else meanwhile is not overwritten.
func TestSetTags_once(t *testing.T) {
	t.Parallel()
	for _, tags := range [][]pmks.KeyValue{{{Key: "a", Value: "b"}, {Key: "old", Value: "x"}}, {{Key: "a", Value: "b"}}} {
		for name, test := range map[string]struct {
			applied bool
			reply   func() *http.Response
			sends   int
			want    pmks.Code
		}{
			"lost-before": {false, func() *http.Response { return replyWith(503, "") }, 2, pmks.CodeOK},
			"lost-after":  {true, func() *http.Response { return replyWith(503, "") }, 1, pmks.CodeOK},
			"null":        {true, func() *http.Response { return replyWith(200, "null") }, 1, pmks.CodeOK},
			"changed":     {false, func() *http.Response { return replyWith(412, `{"code":"PreconditionFailed","message":"x"}`) }, 1, pmks.CodeBusy},
			"busy":        {false, func() *http.Response { return replyWith(409, `{"code":"OperationNotAllowed","message":"in progress"}`) }, 1, pmks.CodeBusy},
		} {
			t.Run(fmt.Sprint(name, len(tags)), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					seed := seedOf("g0")
					seed.Tags = map[string]string{"old": "x"}
					h, p, s := tapped(t, seed, nil)
					sends := 0
					p.answer = func(r *http.Request) *http.Response {
						if r.Method != http.MethodPut && r.Method != http.MethodPatch {
							return nil
						}
						if sends++; sends > 1 {
							return nil
						}
						if test.applied {
							response, err := s.Transport().RoundTrip(r)
							if err != nil || response.StatusCode != http.StatusOK {
								t.Errorf("%v, %v", response, err)
							}
						}
						return test.reply()
					}
					err := h.SetTags(t.Context(), clusterC, tags)
					if pmks.CodeOf(err) != test.want || sends != test.sends {
						t.Fatalf("%d requests, %v", sends, err)
					}
					if got := wiretest.OK(h.GetCluster(t.Context(), clusterC))(t); err == nil && !slices.Equal(got.TagList, tags) {
						t.Errorf("the tags are %v", got.TagList)
					}
				})
			})
		}
	}
}
