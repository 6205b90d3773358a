// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"maps"
	"net/http"
	"regexp"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

var resourceARNPattern = regexp.MustCompile(`^arn:(aws[a-z-]*):eks:([a-z0-9-]+):([0-9]{12}):(?:cluster/([^/]+)|nodegroup/([^/]+)/([^/]+)/([0-9a-f-]+))$`)

const badRequest = "BadRequestException"

// tagged is a resource that has tags.
type tagged struct {
	rec   *clusterRecord
	live  *core.Cluster
	group *groupRecord // nil: the cluster itself
	state profile.State
}

// byARN finds the resource of a tag operation. For reads it may be what was
// before the last change.
func (s *Server) byARN(c *call, read bool) (tagged, *apiError) {
	arn := c.labels["resourceArn"]
	m := resourceARNPattern.FindStringSubmatch(arn)
	if m == nil {
		return tagged{}, fail(http.StatusBadRequest, badRequest, "The resource ARN %q is not valid", arn)
	}
	unknown := fail(http.StatusNotFound, "NotFoundException", "The resource %s was not found", arn)
	name := m[4] + m[5] // one of them is empty
	var live *core.Cluster
	rec, e := s.current(name)
	if e == nil {
		live = rec.live
	}
	if read {
		live, rec, e = s.asRead(c.Now, name)
	}
	if e != nil || !s.ours(m[1], m[2], m[3]) {
		return tagged{}, unknown
	}
	if m[6] == "" {
		return tagged{rec: rec, live: live, state: live.State}, nil
	}
	g, ok := live.GroupByName(m[6])
	own := rec.groups[m[6]]
	if !ok || own.uid != m[7] {
		return tagged{}, unknown
	}
	return tagged{rec, live, own, g.State}, nil
}

func (t tagged) tags() map[string]string {
	if t.group != nil {
		return t.group.tags
	}
	return t.live.Tags
}

// setTags replaces the tags of a resource.
func (s *Server) setTags(c *call, t tagged, tags map[string]string) *apiError {
	if t.group != nil {
		if s.assumptions.TagOnlyActive && t.state != profile.Active && t.state != profile.Degraded {
			return invalidRequest("Nodegroup %s is not ACTIVE", t.group.name).in(t.rec.name, t.group.name)
		}
		t.group.tags = tags
		return nil
	}
	if _, err := s.world.Apply(c.Now, core.SetTags{ClusterID: t.live.ID, Tags: tags}, core.Outcome{}); err != nil {
		return fail(http.StatusBadRequest, badRequest, "%v", err)
	}
	return nil
}

func (s *Server) tagResource(c *call) (any, *apiError) {
	t, e := s.byARN(c, false)
	if e != nil {
		return nil, e
	}
	var in tagRequest
	if e := decodeBody(c.body, &in); e != nil {
		e.code = badRequest
		return nil, e
	}
	if len(in.Tags) == 0 {
		return nil, fail(http.StatusBadRequest, badRequest, "tags are required")
	}
	merged := map[string]string{}
	maps.Copy(merged, t.tags())
	maps.Copy(merged, in.Tags)
	if e := s.checkTags(merged, badRequest); e != nil {
		return nil, e
	}
	if e := s.setTags(c, t, merged); e != nil {
		return nil, e
	}
	return struct{}{}, nil
}

func (s *Server) untagResource(c *call) (any, *apiError) {
	t, e := s.byARN(c, false)
	if e != nil {
		return nil, e
	}
	keys := c.query["tagKeys"]
	if len(keys) == 0 || len(keys) > 50 {
		return nil, fail(http.StatusBadRequest, badRequest, "tagKeys must name 1 to 50 tags")
	}
	rest := map[string]string{}
	maps.Copy(rest, t.tags())
	for _, key := range keys {
		if e := s.checkTagKey(key, badRequest); e != nil {
			return nil, e
		}
		delete(rest, key)
	}
	if e := s.setTags(c, t, rest); e != nil {
		return nil, e
	}
	return struct{}{}, nil
}

func (s *Server) listTags(c *call) (any, *apiError) {
	t, e := s.byARN(c, true)
	if e != nil {
		return nil, e
	}
	return tagsResponse{shownTags(t.tags())}, nil
}
