// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"cmp"
	"net/http"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// The types of clusters; only the first is made here.
const (
	typeKubernetes   = "kubernetes"
	typeOpenShift    = "openshift"
	openShiftVersion = "4.18.22_1566_openshift"
)

// createRequest makes a cluster with its first pool.
type createRequest struct {
	Name             string      `json:"name"`
	Provider         string      `json:"provider"`
	KubeVersion      string      `json:"kubeVersion"`
	PodSubnet        string      `json:"podSubnet"`
	ServiceSubnet    string      `json:"serviceSubnet"`
	DisablePublic    bool        `json:"disablePublicServiceEndpoint"`
	DisableOutbound  bool        `json:"disableOutboundTrafficProtection"`
	SecurityGroupIDs textList    `json:"securityGroupIDs"`
	Entitlement      string      `json:"defaultWorkerPoolEntitlement"`
	COSInstance      string      `json:"cosInstanceCRN"`
	NetworkPlugin    string      `json:"networkPlugin"`
	Offering         string      `json:"offering"`
	Billing          string      `json:"billing"`
	ACLs             bool        `json:"cseACLEnabled" sim:"no"`
	WorkerPool       *poolMember `json:"workerPool"`
}

// poolMember is the pool in a createRequest.
type poolMember struct {
	poolRequest
	HostPoolID string `json:"hostPoolID"`
}

// createdObject is what a creation answers.
type createdObject struct {
	ClusterID   string             `json:"clusterID"`
	Messages    []createdMessage   `json:"messages,omitempty"`
	NonCritical *nonCriticalErrors `json:"non_critical_errors,omitempty"`
}

type createdMessage struct {
	Level string `json:"level"`
	Text  string `json:"text"`
}

type nonCriticalErrors struct {
	IncidentID string     `json:"incidentID"`
	Items      []iksError `json:"items"`
}

func (s *Server) createCluster(c *call) (*answer, *apiError) {
	var in createRequest
	if e := c.decode(&in); e != nil {
		return nil, e
	}
	version, base, e := s.planCluster(c, &in)
	if e != nil {
		return nil, e
	}
	spec := &in.WorkerPool.poolRequest
	if e := s.checkName(c, in.Name); e != nil {
		return nil, e
	}
	if e := s.checkQuota(c, spec); e != nil {
		return nil, e
	}
	name := cmp.Or(spec.Name, "default")
	if s.assume.FirstPoolIsDefault {
		name = "default"
	}
	var made []*worker
	c.Outcome.Effect = func(r core.OperationRecord) { failWorkers(made)(r) }
	r, err := s.world.Apply(c.Now, core.CreateCluster{
		Name: in.Name, Version: version,
		Groups: []core.AddNodeGroup{{Spec: pmks.NodeGroupInfo{IId: pmks.IID{NameId: name}, VMSpecName: spec.Flavor, DesiredNodeSize: spec.size()}}},
	}, c.Outcome)
	if err != nil {
		return nil, refused(err)
	}
	s.forget(c.Now)
	s.keep(base, r.Cluster)
	p := s.newPool(base, r.Cluster.Groups[0].ID, name, spec)
	op := r.Operation
	begun := op.Start
	if !op.End.IsZero() {
		begun = op.Start.Add(time.Duration(masterShare * float64(op.End.Sub(op.Start))))
	}
	for _, z := range p.zones {
		for range p.perZone {
			made = append(made, s.newWorker(base, p, z, c.Now, begun, op.End))
		}
	}
	if s.assume.EarlyWorker && len(made) > 1 && !op.End.IsZero() {
		made[0].ready = op.Start.Add(time.Duration(0.92 * float64(op.End.Sub(op.Start))))
	}
	out := createdObject{ClusterID: base.id}
	if s.warning != "" {
		out.Messages = []createdMessage{{"warning", s.warning}}
		out.NonCritical = &nonCriticalErrors{c.requestID, []iksError{{c.requestID, "E0d77", s.warning, kindProvisioning, ""}}}
	}
	return &answer{status: http.StatusCreated, body: out}, nil
}

// checkName says whether a name is taken, by a cluster that is deleted and still
// listed too.
func (s *Server) checkName(c *call, name string) *apiError {
	taken := func(rec *clusterRecord) bool {
		return rec.name == name && rec.provider == providerVPC && (!s.assume.NamesPerRegion || rec.region == s.region)
	}
	_, ghost := simkit.Find(s.lingering(c.Now), taken)
	for _, rec := range s.clusters {
		if ghost = ghost || rec.live.State != profile.Gone && taken(rec); ghost {
			return fail(http.StatusConflict, "E0007", "A cluster with the same name already exists. Choose another name.").of(kindProvisioning).
				recover("Run 'ibmcloud ks clusters' to list the names of your clusters.")
		}
	}
	return nil
}

// checkQuota holds a request against the quotas of the region.
func (s *Server) checkQuota(c *call, spec *poolRequest) *apiError {
	clusters := 0
	for _, rec := range s.clusters {
		if rec.live.State != profile.Gone && rec.region == s.region {
			clusters++
		}
	}
	if clusters >= s.clusterQuota() {
		return quotaExceeded("clusters", s.clusterQuota())
	}
	return s.checkWorkerQuota(c.Now, spec)
}

func (s *Server) checkWorkerQuota(now time.Time, spec *poolRequest) *apiError {
	if s.busyWorkers(now)+spec.size() > s.workerQuota() {
		return quotaExceeded("worker nodes", s.workerQuota())
	}
	return nil
}

func (s *Server) getClusters(c *call) (*answer, *apiError) {
	provider, location := c.query.Get("provider"), c.query.Get("location")
	out := []clusterSummary{}
	if c.who.account != s.account {
		return body(out)
	}
	add := func(shown *core.Cluster, rec *clusterRecord) {
		if provider != "" && rec.provider != provider && !s.assume.ProviderIgnored || location != "" && location != rec.region {
			return
		}
		sum, _ := s.summary(c, shown, rec)
		if rec.live.State == profile.Gone && shown.State == profile.Gone {
			sum.State, sum.Status, sum.WorkerCount, sum.MasterURL = "deleted", "Deleted.", 0, ""
		}
		out = append(out, sum)
	}
	for shown := range s.world.All(c.Now) {
		add(shown, s.clusters[shown.ID])
	}
	for _, rec := range s.lingering(c.Now) {
		add(rec.live, rec)
	}
	return body(out)
}

func (s *Server) getCluster(c *call) (*answer, *apiError) {
	for _, key := range []string{"showResources", "v1-compatible"} {
		if v := c.query.Get(key); v != "" && v != "true" && v != "false" {
			return nil, badRequest("The query parameter '%s' must be true or false.", key)
		}
	}
	shown, rec, e := s.asRead(c, c.query.Get("cluster"))
	if e != nil {
		return nil, e
	}
	return body(s.clusterObject(c, shown, rec))
}

func (s *Server) deleteCluster(c *call) (*answer, *apiError) {
	if v := c.query.Get("deleteResources"); v != "" && v != "true" && v != "false" {
		return nil, badRequest("The query parameter 'deleteResources' must be true or false.")
	}
	rec, e := s.toWrite(c, c.vars["cluster"])
	if e != nil {
		return nil, e
	}
	if rec.live.State == profile.Deleting {
		if s.assume.SecondDeletionAccepted {
			return none(http.StatusNoContent)
		}
		return nil, noCluster("G0004")
	}
	aborted := rec.live.State == profile.Creating && !s.masterUp(rec.live, c.Now)
	started := leave(rec.workers, c.Now, "The cluster was deleted.", &c.Outcome, func(at time.Time) {
		rec.gone = at
		s.untag(rec)
	})
	r, err := s.world.Apply(c.Now, core.DeleteCluster{ClusterID: rec.id}, c.Outcome)
	if err != nil {
		return nil, refused(err)
	}
	started(r.Operation)
	rec.aborted, rec.changed = aborted, c.Now
	return none(http.StatusNoContent)
}

func (s *Server) crnOf(rec *clusterRecord) string {
	return "crn:v1:bluemix:public:containers-kubernetes:" + rec.region + ":a/" + s.account + ":" + rec.id + "::"
}
