// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"maps"
	"slices"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// resourceCluster is the resource_type of clusters.
const resourceCluster = "CLUSTER"

// tagged finds the clusters that a call about tags names.
func (s *Server) tagged(region, kind string, ids []string) ([]*clusterRecord, *apiError) {
	switch {
	case region == "":
		return nil, missing("region_id")
	case kind == "":
		return nil, missing("resource_type")
	case kind != resourceCluster:
		return nil, invalid("ResourceType", "resource_type %q is not valid", kind)
	case len(ids) == 0 || len(ids) > 50:
		return nil, invalid("ResourceIds", "1 to 50 resource_ids may be given, got %d", len(ids))
	}
	var list []*clusterRecord
	for _, id := range ids {
		rec, e := s.current(id)
		if e != nil {
			return nil, e
		}
		list = append(list, rec)
	}
	return list, nil
}

// tagResources lays tags over those that are there.
func (s *Server) tagResources(c *call) (any, *apiError) {
	var in tagResourcesRequest
	if e := decodeBody(c.body, &in); e != nil {
		return nil, e
	}
	list, e := s.tagged(in.RegionID, in.ResourceType, in.ResourceIDs)
	switch {
	case e != nil:
		return nil, e
	case len(in.Tags) == 0:
		return nil, missing("tags")
	}
	if e := checkTags(in.Tags, false); e != nil {
		return nil, e
	}
	for _, rec := range list {
		tags := tagMap(shownTags(rec.live.Tags))
		maps.Copy(tags, tagMap(in.Tags))
		if len(tags) > maxTags {
			return nil, invalid("Tags", "a cluster may have at most %d tags", maxTags)
		}
		if e := s.must(c.Now, core.SetTags{ClusterID: rec.id, Tags: tags}); e != nil {
			return nil, e
		}
	}
	return tagResourcesResponse{c.requestID}, nil
}

// modifyTags replaces the tags of a cluster. The body is a bare list.
func (s *Server) modifyTags(c *call) (any, *apiError) {
	rec, e := s.cluster(c)
	if e != nil {
		return nil, e
	}
	var in modifyTagsRequest
	if e := decodeBody(slices.Concat([]byte(`{"body":`), c.body, []byte(`}`)), &in); e != nil {
		return nil, e
	}
	if e := checkTags(in.Body, true); e != nil {
		return nil, e
	}
	if s.assumptions.TagsUpdateCluster {
		if rec, e = s.running(c); e != nil {
			return nil, e
		}
		if e := s.must(c.Now, core.Work{ClusterID: rec.id, Took: s.scaled(10 * time.Second)}); e != nil {
			return nil, e
		}
	}
	return nil, s.must(c.Now, core.SetTags{ClusterID: rec.id, Tags: tagMap(in.Body)})
}

func (s *Server) untagResources(c *call) (any, *apiError) {
	ids, e := c.decodeText("resource_ids")
	if e != nil {
		return nil, e
	}
	keys, e := c.decodeText("tag_keys")
	if e != nil {
		return nil, e
	}
	all, e := c.truth("all")
	if e != nil {
		return nil, e
	}
	list, e := s.tagged(c.query.Get("region_id"), c.query.Get("resource_type"), ids)
	switch {
	case e != nil:
		return nil, e
	case len(keys) == 0 && !all:
		return nil, missing("tag_keys")
	case len(keys) > maxTags:
		return nil, invalid("TagKeys", "at most %d tag_keys may be given", maxTags)
	}
	for _, rec := range list {
		tags := tagMap(shownTags(rec.live.Tags))
		maps.DeleteFunc(tags, func(key, _ string) bool { return len(keys) == 0 || slices.Contains(keys, key) })
		if e := s.must(c.Now, core.SetTags{ClusterID: rec.id, Tags: tags}); e != nil {
			return nil, e
		}
	}
	return tagResourcesResponse{c.requestID}, nil
}

// tagsOnPage is how many tags an answer holds.
const tagsOnPage = 50

func (s *Server) listTags(c *call) (any, *apiError) {
	ids, e := c.decodeText("resource_ids")
	if e != nil {
		return nil, e
	}
	if c.query.Has("tags") {
		return nil, notSimulated("ListTagResources by tags")
	}
	list, e := s.tagged(c.query.Get("region_id"), c.query.Get("resource_type"), ids)
	if e != nil {
		return nil, e
	}
	var items []tagItem
	for _, rec := range list {
		for _, t := range shownTags(rec.live.Tags) {
			items = append(items, tagItem{rec.id, resourceCluster, t.Key, t.Value})
		}
	}
	items, next, ok := simkit.PageByNumber(s.Kit, &c.Exchange, "ListTagResources", c.query.Get("next_token"), tagsOnPage, items)
	if !ok {
		return nil, invalid("NextToken", "next_token is not valid")
	}
	var out tagsResponse
	out.NextToken, out.RequestID, out.TagResources.TagResource = next, c.requestID, append([]tagItem{}, items...)
	return out, nil
}

// The requests and answers about tags.
type (
	tagResourcesRequest struct {
		RegionID     string      `json:"region_id"`
		ResourceIDs  []string    `json:"resource_ids"`
		ResourceType string      `json:"resource_type"`
		Tags         []tagObject `json:"tags"`
	}
	// modifyTagsRequest is what is around the body, too.
	modifyTagsRequest struct {
		Body []tagObject `json:"body"`
	}
	tagResourcesResponse struct {
		RequestID string `json:"RequestId"`
	}
	tagsResponse struct {
		NextToken    string `json:"next_token"`
		RequestID    string `json:"request_id"`
		TagResources struct {
			TagResource []tagItem `json:"tag_resource"`
		} `json:"tag_resources"`
	}
	tagItem struct {
		ResourceID   string `json:"resource_id"`
		ResourceType string `json:"resource_type"`
		TagKey       string `json:"tag_key"`
		TagValue     string `json:"tag_value"`
	}
)
