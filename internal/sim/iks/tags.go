// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

type (
	tagRequest struct {
		TagNames  []string      `json:"tag_names"`
		Resources []tagResource `json:"resources"`
	}
	tagResource struct {
		ID   string `json:"resource_id"`
		Type string `json:"resource_type,omitempty"`
	}
	tagResults struct {
		Results []tagResult `json:"results"`
	}
	tagResult struct {
		ID      string `json:"resource_id"`
		IsError bool   `json:"is_error"`
		Message string `json:"message,omitempty"`
	}
	tagList struct {
		Total  int       `json:"total_count"`
		Offset int       `json:"offset"`
		Limit  int       `json:"limit"`
		Items  []tagItem `json:"items"`
	}
	tagItem struct {
		Name string `json:"name"`
	}
	resourceGroupList struct {
		Resources []resourceGroupObject `json:"resources"`
	}
	resourceGroupObject struct {
		ID        string `json:"id"`
		Name      string `json:"name"`
		Default   bool   `json:"default"`
		State     string `json:"state"`
		AccountID string `json:"account_id"`
	}
)

// tagsUntil are the tags that the list shows of a resource until a time.
type tagsUntil struct {
	until time.Time
	tags  []string
}

// tagPattern is what a user tag may be: a key, or a key and a value.
var tagPattern = regexp.MustCompile(`^[A-Za-z0-9_. -]+(:[A-Za-z0-9_. -]+)?$`)

// tagged finds the cluster of a CRN.
func (s *Server) tagged(crn string) (*clusterRecord, bool) {
	for _, rec := range s.clusters {
		if s.crnOf(rec) == crn && rec.live.State != profile.Gone {
			return rec, true
		}
	}
	return nil, false
}

// listedTags are the tags of a resource as the list shows them, which may lag behind.
func (s *Server) listedTags(crn string, now time.Time) []string {
	for _, before := range s.tagsBefore[crn] {
		if now.Before(before.until) {
			return before.tags
		}
	}
	return s.tags[crn]
}

// untag forgets the tags of a cluster that is gone.
func (s *Server) untag(rec *clusterRecord) {
	delete(s.tags, s.crnOf(rec))
	delete(s.tagsBefore, s.crnOf(rec))
}

// readTags reads a request to attach or detach user tags.
func (s *Server) readTags(c *call) (*tagRequest, *apiError) {
	in := &tagRequest{}
	if e := c.decode(in); e != nil {
		return nil, e
	}
	switch {
	case c.query.Get("tag_type") != "" && c.query.Get("tag_type") != "user":
		return nil, notSimulated("tags of the type %.40q", c.query.Get("tag_type"))
	case len(in.TagNames) == 0 || len(in.Resources) == 0:
		return nil, badRequest("tag_names and resources must be given.")
	}
	for i, tag := range in.TagNames {
		if !tagPattern.MatchString(tag) || len(tag) > 128 {
			return nil, badRequest("The tag %q is not valid.", tag)
		}
		if !s.assume.TagsKeepCase {
			in.TagNames[i] = strings.ToLower(tag)
		}
	}
	return in, nil
}

// changeTags answers with a result for each resource.
func (s *Server) changeTags(c *call, change func(tags []string, name string) []string) (*answer, *apiError) {
	in, e := s.readTags(c)
	if e != nil {
		return nil, e
	}
	out := tagResults{}
	for _, r := range in.Resources {
		rec, found := s.tagged(r.ID)
		switch {
		case !found || c.who.account != s.account:
			out.Results = append(out.Results, tagResult{r.ID, true, "The resource could not be found."})
			continue
		case rec.tagsRefused != "":
			out.Results = append(out.Results, tagResult{r.ID, true, rec.tagsRefused})
			continue
		}
		if lag := s.options.TagLag; lag > 0 {
			s.tagsBefore[r.ID] = append(s.tagsBefore[r.ID], tagsUntil{c.Now.Add(lag), s.tags[r.ID]})
		}
		for _, name := range in.TagNames {
			s.tags[r.ID] = change(s.tags[r.ID], name)
		}
		out.Results = append(out.Results, tagResult{ID: r.ID})
	}
	return body(out)
}

func (s *Server) attachTags(c *call) (*answer, *apiError) {
	return s.changeTags(c, func(tags []string, name string) []string {
		if slices.ContainsFunc(tags, func(t string) bool { return strings.EqualFold(t, name) }) {
			return tags
		}
		return append(slices.Clone(tags), name)
	})
}

func (s *Server) detachTags(c *call) (*answer, *apiError) {
	return s.changeTags(c, func(tags []string, name string) []string {
		return slices.DeleteFunc(slices.Clone(tags), func(t string) bool { return strings.EqualFold(t, name) })
	})
}

func (s *Server) listTags(c *call) (*answer, *apiError) {
	out := tagList{Limit: 100, Items: []tagItem{}}
	for key, at := range map[string]*int{"limit": &out.Limit, "offset": &out.Offset} {
		if text := c.query.Get(key); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 0 || key == "limit" && (n < 1 || n > 1000) {
				return nil, badRequest("The query parameter %q is not valid.", key)
			}
			*at = n
		}
	}
	crn := c.query.Get("attached_to")
	switch {
	case crn == "":
		return nil, notSimulated("the list of all tags of the account")
	case c.query.Get("tag_type") != "" && c.query.Get("tag_type") != "user":
		return nil, notSimulated("tags of the type %.40q", c.query.Get("tag_type"))
	}
	if _, found := s.tagged(crn); !found || c.who.account != s.account {
		return body(out)
	}
	tags := s.listedTags(crn, c.Now)
	out.Total = len(tags)
	for _, name := range tags[min(out.Offset, len(tags)):min(out.Offset+out.Limit, len(tags))] {
		out.Items = append(out.Items, tagItem{name})
	}
	return body(out)
}

func (s *Server) listResourceGroups(c *call) (*answer, *apiError) {
	out := resourceGroupList{[]resourceGroupObject{}}
	only := c.query.Get("default")
	if only != "" && only != "true" && only != "false" {
		return nil, fail(http.StatusBadRequest, "bad_request", "default must be true or false")
	}
	if account := c.query.Get("account_id"); account != "" && account != s.account || c.who.account != s.account {
		return body(out)
	}
	for _, g := range s.resources.ResourceGroups {
		if name := c.query.Get("name"); name != "" && name != g.Name || only == "true" && !g.Default {
			continue
		}
		out.Resources = append(out.Resources, resourceGroupObject{g.ID, g.Name, g.Default, "ACTIVE", s.account})
	}
	return body(out)
}
