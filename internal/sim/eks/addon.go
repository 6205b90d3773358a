// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"slices"

	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

type (
	addonsResponse struct {
		Addons    []string `json:"addons"`
		NextToken *string  `json:"nextToken"`
	}
	addonResponse struct {
		Addon addonObject `json:"addon"`
	}
	addonObject struct {
		AddonName    string            `json:"addonName"`
		AddonARN     string            `json:"addonArn"`
		ClusterName  string            `json:"clusterName"`
		AddonVersion string            `json:"addonVersion"`
		Status       string            `json:"status"`
		Health       healthObject      `json:"health"`
		CreatedAt    epoch             `json:"createdAt"`
		ModifiedAt   epoch             `json:"modifiedAt"`
		Tags         map[string]string `json:"tags"`
	}
)

func (s *Server) listAddons(c *call) (any, *apiError) {
	cluster, rec, e := s.asRead(c.Now, c.labels["name"])
	if e != nil {
		return nil, e
	}
	if cluster.State == profile.Creating && s.assumptions.AddonsWantActive {
		return nil, invalidRequest("Cluster '%s' is not in ACTIVE status", rec.name).in(rec.name, "")
	}
	limit, e := s.limit(c)
	if e != nil {
		return nil, e
	}
	list, next, ok := simkit.PageByNumber(s.Kit, &c.Exchange, "ListAddons/"+rec.uid, c.query.Get("nextToken"), limit, rec.addons)
	if !ok {
		return nil, badToken()
	}
	return addonsResponse{append([]string{}, list...), optional(next)}, nil
}

func (s *Server) describeAddon(c *call) (any, *apiError) {
	cluster, rec, e := s.asRead(c.Now, c.labels["name"])
	if e != nil {
		return nil, e
	}
	name := c.labels["addonName"]
	if !slices.Contains(rec.addons, name) {
		return nil, notFound("No addon: %s found in cluster: %s", name, rec.name).in(rec.name, "")
	}
	return addonResponse{addonObject{
		AddonName: name, AddonARN: s.arn("eks", true, "addon/%s/%s/%s", rec.name, name, rec.uid), ClusterName: rec.name,
		AddonVersion: "v1.0.0-eksbuild.1", Status: "ACTIVE", Health: healthObject{Issues: []issueObject{}},
		CreatedAt: epoch(cluster.Created), ModifiedAt: epoch(cluster.Created), Tags: map[string]string{},
	}}, nil
}
