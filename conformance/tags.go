// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"maps"

	"github.com/pmks-go/pmks"
)

var tagChecks = []check{
	{"tags/set", tagsSet},
	{"tags/refused", tagsRefused},
	{"tags/lost-reply", tagsLost},
}

// setter returns the TagSetter of a cloud that has one; it must be there exactly where
// the capabilities say so.
func (c *Cloud) setter(t T) pmks.TagSetter {
	t.Helper()
	s, ok := c.Handler.(pmks.TagSetter)
	if !c.caps(t).Fields.TagsLater {
		if ok {
			want(t, "SetTags where tags cannot be changed", s.SetTags(t.Context(), pmks.IID{NameId: "any"}, nil), pmks.CodeUnsupported)
		}
		capable(t, "the tags of a cluster cannot be changed", false)
	}
	if !ok {
		t.Fatalf("the capabilities promise SetTags, and there is no TagSetter")
	}
	return s
}

func tagList(pairs ...string) []pmks.KeyValue {
	var list []pmks.KeyValue
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, pmks.KeyValue{Key: pairs[i], Value: pairs[i+1]})
	}
	return list
}

func tagsOf(list []pmks.KeyValue) map[string]string {
	m := map[string]string{}
	for _, kv := range list {
		m[kv.Key] = kv.Value
	}
	return m
}

// tagged waits until a cluster shows tags: some clouds change them in the background.
func (c *Cloud) tagged(t T, iid pmks.IID, tags []pmks.KeyValue) pmks.ClusterInfo {
	t.Helper()
	info, err := pmks.WaitCluster(t.Context(), c.Handler, iid, func(info pmks.ClusterInfo) (bool, error) {
		return info.Status == pmks.ClusterActive && maps.Equal(tagsOf(info.TagList), tagsOf(tags)), nil
	}, c.Wait...)
	if err != nil {
		t.Fatalf("the tags do not become %v: %v, they are %v", tags, err, info.TagList)
	}
	return info
}

// tagsSet replaces, removes and empties the tags, and finds everything else as it was.
func tagsSet(t T, c *Cloud) {
	s, ctx := c.setter(t), t.Context()
	info := c.up(t, "tagged")
	before := c.get(t, info.IId)
	for _, tags := range [][]pmks.KeyValue{
		tagList("env", "prod", "team", "blue"),
		tagList("team", "red"),
		nil,
		before.TagList,
	} {
		if err := s.SetTags(ctx, info.IId, tags); err != nil {
			t.Fatalf("SetTags(%v): %v", tags, err)
		}
		c.tagged(t, info.IId, tags)
		c.unchanged(t, fmt.Sprintf("SetTags(%v) again", tags), func() {
			if err := s.SetTags(ctx, info.IId, tags); err != nil {
				t.Errorf("SetTags(%v) again: %v", tags, err)
			}
		})
	}
	sameInfo(t, before, c.get(t, info.IId))
}

func tagsRefused(t T, c *Cloud) {
	s, ctx := c.setter(t), t.Context()
	info := c.up(t, "strict-tags")
	before := c.get(t, info.IId)
	c.unchanged(t, "refused SetTags", func() {
		wantField(t, "SetTags without a key", s.SetTags(ctx, info.IId, tagList("", "x")), pmks.CodeInvalidArgument, "TagList[0].Key")
		wantField(t, "SetTags with a key twice", s.SetTags(ctx, info.IId, tagList("a", "1", "a", "2")), pmks.CodeInvalidArgument, "TagList[1].Key")
		if most := c.caps(t).Fields.MaxTags; most > 0 {
			var many []pmks.KeyValue
			for i := range most + 1 {
				many = append(many, tagList(fmt.Sprint("k", i), "v")...)
			}
			wantField(t, "SetTags with too many", s.SetTags(ctx, info.IId, many), pmks.CodeInvalidArgument, "TagList")
		}
		want(t, "SetTags of an unknown cluster", s.SetTags(ctx, pmks.IID{NameId: "unknown"}, tagList("a", "1")), pmks.CodeNotFound)
		want(t, "SetTags of no cluster", s.SetTags(ctx, pmks.IID{}, tagList("a", "1")), pmks.CodeInvalidArgument)
	})
	sameInfo(t, before, c.get(t, info.IId))
}

// tagsLost: a change whose reply is lost is success, or says that it may have happened;
// a second call converges.
func tagsLost(t T, c *Cloud) {
	s := c.setter(t)
	need(t, "Inject", c.Inject != nil)
	info := c.up(t, "lost-tags")
	tags := tagList("team", "green")
	stop := c.inject("SetTags", "", LoseReply, 1)
	err := s.SetTags(t.Context(), info.IId, tags)
	stop()
	if err != nil {
		t.Errorf("SetTags whose reply is lost: %v", err)
	}
	if err := s.SetTags(t.Context(), info.IId, tags); err != nil {
		t.Errorf("SetTags again: %v", err)
	}
	c.tagged(t, info.IId, tags)
}
