// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"slices"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// fargateProfile is a Fargate profile. They come with Put and can be deleted; making
// them is not simulated.
type fargateProfile struct {
	name, id, status string
	created          time.Time
	seq              uint64
	subnets          []string
}

// attachProfile gives a cluster a profile.
func (s *Server) attachProfile(rec *clusterRecord, name string) {
	rec.fargate = append(rec.fargate, &fargateProfile{
		name: name, id: s.Random.UUID(), created: s.Now(), status: "ACTIVE", seq: s.Random.Next(), subnets: systemIDs(rec.live.Network.SubnetIIDs),
	})
}

type (
	fargateResponse struct {
		FargateProfileNames []string `json:"fargateProfileNames"`
		NextToken           *string  `json:"nextToken"`
	}
	fargateProfileResponse struct {
		FargateProfile fargateObject `json:"fargateProfile"`
	}
	fargateObject struct {
		FargateProfileName  string            `json:"fargateProfileName"`
		FargateProfileARN   string            `json:"fargateProfileArn"`
		ClusterName         string            `json:"clusterName"`
		CreatedAt           epoch             `json:"createdAt"`
		PodExecutionRoleARN string            `json:"podExecutionRoleArn"`
		Subnets             []string          `json:"subnets"`
		Selectors           []selectorObject  `json:"selectors"`
		Status              string            `json:"status"`
		Tags                map[string]string `json:"tags"`
	}
	selectorObject struct {
		Namespace string `json:"namespace"`
	}
)

func (s *Server) fargateObject(rec *clusterRecord, p *fargateProfile) fargateProfileResponse {
	return fargateProfileResponse{fargateObject{
		FargateProfileName:  p.name,
		FargateProfileARN:   s.arn("eks", true, "fargateprofile/%s/%s/%s", rec.name, p.name, p.id),
		ClusterName:         rec.name,
		CreatedAt:           epoch(p.created),
		PodExecutionRoleARN: s.arn("iam", false, "role/fargate"),
		Subnets:             p.subnets,
		Selectors:           []selectorObject{{"default"}},
		Status:              p.status,
		Tags:                map[string]string{},
	}}
}

func (s *Server) listFargateProfiles(c *call) (any, *apiError) {
	_, rec, e := s.asRead(c.Now, c.labels["name"])
	if e != nil {
		return nil, e
	}
	list, next, e := pageOf(s, c, "ListFargateProfiles/"+rec.uid, rec.fargate, func(p *fargateProfile) uint64 { return p.seq })
	if e != nil {
		return nil, e
	}
	return fargateResponse{namesOf(list, func(p *fargateProfile) string { return p.name }), next}, nil
}

// findFargate returns the profile of a call.
func (s *Server) findFargate(c *call) (*clusterRecord, *fargateProfile, *apiError) {
	rec, e := s.current(c.labels["name"])
	if e != nil {
		return nil, nil, e
	}
	name := c.labels["fargateProfileName"]
	p, ok := simkit.Find(rec.fargate, func(p *fargateProfile) bool { return p.name == name })
	if !ok {
		return nil, nil, notFound("No Fargate Profile found with name: %s.", name).in(rec.name, "")
	}
	return rec, p, nil
}

func (s *Server) describeFargateProfile(c *call) (any, *apiError) {
	rec, p, e := s.findFargate(c)
	if e != nil {
		return nil, e
	}
	return s.fargateObject(rec, p), nil
}

// deleteFargateProfile takes two minutes; one profile of a cluster goes at a time.
func (s *Server) deleteFargateProfile(c *call) (any, *apiError) {
	rec, p, e := s.findFargate(c)
	if e != nil {
		return nil, e
	}
	if busy, ok := simkit.Find(rec.fargate, func(p *fargateProfile) bool { return p.status == "DELETING" }); ok {
		return nil, inUse("Cannot delete Fargate Profile %s because cluster %s currently has Fargate profile %s in status DELETING",
			p.name, rec.name, busy.name).in(rec.name, "")
	}
	c.Outcome.Effect = func(end core.OperationRecord) {
		if p.status = "DELETE_FAILED"; end.Failure == "" {
			rec.fargate = slices.DeleteFunc(rec.fargate, func(other *fargateProfile) bool { return other == p })
		}
	}
	took := time.Duration(float64(2*time.Minute) * s.scale)
	if _, err := s.world.Apply(c.Now, core.Work{ClusterID: rec.live.ID, Took: took, Aside: true}, c.Outcome); err != nil {
		e, _ := refused(err)
		return nil, e.in(rec.name, "")
	}
	p.status = "DELETING"
	return s.fargateObject(rec, p), nil
}

// heldByFargate refuses the deletion of a cluster that has Fargate profiles.
func (rec *clusterRecord) heldByFargate() *apiError {
	if len(rec.fargate) == 0 || rec.live.State == profile.Gone {
		return nil
	}
	e := inUse("Cluster has Fargate profiles attached").in(rec.name, "")
	e.fargate = rec.fargate[0].name
	return e
}
