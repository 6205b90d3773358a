// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

func tooFarBehind(version, of string, skew int) bool {
	a, errA := kver.Parse(version)
	b, errB := kver.Parse(of)
	return errA == nil && errB == nil && a.MinorDistance(b) > skew
}

// spec is a pool as the core takes it.
func (p poolProperties) spec(name string) pmks.NodeGroupInfo {
	return pmks.NodeGroupInfo{
		IId:             pmks.IID{NameId: name},
		VMSpecName:      text(p.VMSize),
		OnAutoScaling:   yes(p.EnableAutoScaling),
		DesiredNodeSize: number(p.Count),
		MinNodeSize:     number(p.MinCount),
		MaxNodeSize:     number(p.MaxCount),
	}
}

// newPool keeps what the core has no place for.
func (s *Server) newPool(rec *clusterRecord, name string, p poolProperties) *poolRecord {
	own := &poolRecord{name: name, seq: s.Random.Next(), spec: p, requested: cmp.Or(text(p.OrchestratorVersion), rec.live.Version)}
	own.rev = own.seq
	rec.pools[name] = own
	return own
}

// sized is what was asked for of a pool, with the sizes that the core keeps.
func (s *Server) sized(g *core.NodeGroup, own *poolRecord) poolProperties {
	p := own.spec
	p.Count, p.EnableAutoScaling, p.MinCount, p.MaxCount = new(int32(g.Desired)), new(g.Auto), nil, nil
	if g.Auto {
		p.MinCount, p.MaxCount = new(int32(g.Min)), new(int32(g.Max))
	}
	return p
}

// nodeImageTable is the beginning of the image of each OS SKU.
var nodeImageTable = map[string]string{
	"Windows2019": "AKSWindows-2019-containerd",
	"Windows2022": "AKSWindows-2022-containerd",
	"Windows2025": "AKSWindows-2025-gen2",
	"AzureLinux":  "AKSAzureLinux-V3gen2",
	"AzureLinux3": "AKSAzureLinux-V3gen2",
	"Ubuntu":      "AKSUbuntu-2204gen2containerd",
	"Ubuntu2204":  "AKSUbuntu-2204gen2containerd",
	"Ubuntu2404":  "AKSUbuntu-2404gen2containerd",
}

// nodeImage is the newest image for a pool, which every pool has.
func nodeImage(p poolProperties) string { return nodeImageTable[text(p.OSSKU)] + "-202609.22.0" }

// poolProperties shows a pool.
func (s *Server) poolProperties(c *core.Cluster, rec *clusterRecord, g *core.NodeGroup, own *poolRecord) poolProperties {
	word, power := s.poolWords(c, rec, g, own)
	p := s.sized(g, own)
	p.ProvisioningState, p.PowerState = word, &powerObject{power}
	p.OrchestratorVersion, p.CurrentOrchestratorVersion = &own.requested, g.Version
	p.NodeImageVersion = nodeImage(p)
	p.ETag = s.poolTag(c, rec, g, own)
	p.Status = why(word, g.Reason)
	if p.machinesPool() {
		showMachines(&p)
	}
	return p
}

// poolObject shows a pool as a resource of its own.
func (s *Server) poolObject(c *core.Cluster, rec *clusterRecord, g *core.NodeGroup, own *poolRecord, reading bool) poolObject {
	p := s.poolProperties(c, rec, g, own)
	return poolObject{
		ID:         new(s.clusterID(rec, reading) + "/agentPools/" + own.name),
		Name:       &own.name,
		Type:       new("Microsoft.ContainerService/managedClusters/agentPools"),
		Properties: &p,
	}
}

func (s *Server) getPool(c *call) (*answer, *apiError) {
	shown, rec, g, own, e := s.viewPool(c)
	if e != nil {
		return nil, e
	}
	return ok(s.poolObject(shown, rec, g, own, true))
}

func (s *Server) listPools(c *call) (*answer, *apiError) {
	shown, rec, e := s.view(c)
	if e != nil {
		return nil, e
	}
	all := list[poolObject]{Value: []poolObject{}}
	for _, g := range rec.inOrder(shown) {
		all.Value = append(all.Value, s.poolObject(shown, rec, g, rec.pools[g.Name], true))
	}
	return paged(s, c, all)
}

func (s *Server) putPool(c *call) (*answer, *apiError) {
	rec, missing := s.current(c)
	if missing != nil {
		return nil, s.noParent(c)
	}
	var in poolObject
	if e := decodeBody(c.body, &in); e != nil {
		return nil, e
	}
	if in.Properties == nil {
		in.Properties = &poolProperties{}
	}
	if g, own, exists := rec.pool(rec.live, c.vars["pool"]); exists {
		if e := checkPreconditions(c.header, s.poolTag(rec.live, rec, g, own)); e != nil {
			if s.assumed.ExistingPoolConflict && c.header.Get("If-None-Match") == "*" {
				e.status, e.code = http.StatusConflict, "Conflict"
			}
			return nil, e
		}
		return s.updatePool(c, rec, g, own, in.Properties)
	}
	return s.addPool(c, rec, in.Properties)
}

func (s *Server) addPool(c *call, rec *clusterRecord, p *poolProperties) (*answer, *apiError) {
	if e := checkPreconditions(c.header, ""); e != nil {
		return nil, e
	}
	name, network := c.vars["pool"], rec.spec.Properties.NetworkProfile
	if e := s.planPool(c, name, p, rec.live.Version, network.NetworkPluginMode); e != nil {
		return nil, e
	}
	after := s.withPool(rec, name, *p)
	if e := checkProvisioning(&after, after.AgentPoolProfiles); e != nil {
		return nil, e
	}
	if e := s.checkAddresses(&after, rec.key); e != nil {
		return nil, e
	}
	if e := s.checkVCPUs(rec, after.AgentPoolProfiles); e != nil {
		return nil, e
	}
	if e := s.writable(rec, false); e != nil {
		return nil, e
	}
	cmd := core.AddNodeGroup{ClusterID: rec.live.ID, Spec: p.spec(name), Version: text(p.OrchestratorVersion)}
	result, e := s.onCluster(c, rec, cmd)
	if e != nil {
		return nil, e
	}
	own := s.newPool(rec, name, *p)
	own.operation = result.Operation.ID
	return &answer{status: http.StatusCreated, body: s.poolObject(rec.live, rec, result.Group, own, false), operation: result.Operation.ID}, nil
}

// withPool is a cluster as it would be with a pool added or changed.
func (s *Server) withPool(rec *clusterRecord, name string, p poolProperties) clusterProperties {
	after := *rec.spec.Properties
	after.AgentPoolProfiles = nil
	for _, g := range rec.live.Groups {
		if own := rec.pools[g.Name]; own != nil && g.Name != name {
			after.AgentPoolProfiles = append(after.AgentPoolProfiles, poolProfile{&own.name, s.sized(g, own)})
		}
	}
	after.AgentPoolProfiles = append(after.AgentPoolProfiles, poolProfile{&name, p})
	return after
}

// onCluster applies a command to a pool of a cluster that has failed as well: AKS
// takes it, while the core wants the cluster to be well. The cluster stays failed.
func (s *Server) onCluster(c *call, rec *clusterRecord, cmd core.Command) (core.Result, *apiError) {
	before, reason, canceled := rec.live.State, rec.live.Reason, rec.canceled
	failed := before == profile.UpdateFailed || before == profile.Degraded || before == profile.DeleteFailed
	if failed {
		if e := s.force(c.Now, rec, profile.Active, ""); e != nil {
			return core.Result{}, e
		}
	}
	result, err := s.world.Apply(c.Now, cmd, c.Outcome)
	if failed {
		if e := s.force(c.Now, rec, before, reason); e != nil {
			return core.Result{}, e
		}
		rec.canceled = canceled
	}
	if err != nil {
		return core.Result{}, s.overQuota(err, "AgentPoolQuotaExceeded")
	}
	return result, nil
}

func (s *Server) deletePool(c *call) (*answer, *apiError) {
	rec, missing := s.current(c)
	if missing != nil {
		return nil, s.noParent(c)
	}
	if v := c.query.Get("ignore-pod-disruption-budget"); v != "" && v != "true" && v != "false" {
		return nil, badRequest("The value of ignore-pod-disruption-budget must be true or false, got '%.64s'.", v)
	}
	g, own, exists := rec.pool(rec.live, c.vars["pool"])
	if !exists {
		if e := checkPreconditions(c.header, ""); e != nil {
			return nil, e
		}
		return &answer{status: http.StatusNoContent}, nil
	}
	if e := checkPreconditions(c.header, s.poolTag(rec.live, rec, g, own)); e != nil {
		return nil, e
	}
	if rec.live.Protected {
		return nil, s.locked(rec, s.clusterID(rec, false)+"/agentPools/"+own.name)
	}
	if e := s.writablePool(rec, g, own); e != nil {
		return nil, e
	}
	if lastSystem(rec, g) {
		return nil, notAllowed(http.StatusBadRequest, "There has to be at least one system agent pool. '%s' is the only one of the managed cluster '%s'.", own.name, rec.name)
	}
	result, e := s.onCluster(c, rec, core.RemoveNodeGroup{ClusterID: rec.live.ID, GroupID: g.ID})
	if e != nil {
		return nil, e
	}
	own.rev, own.operation = s.Random.Next(), result.Operation.ID
	return &answer{status: http.StatusAccepted, operation: result.Operation.ID, location: true}, nil
}

// writablePool says whether the states of a pool and of its cluster let it be
// written to.
func (s *Server) writablePool(rec *clusterRecord, g *core.NodeGroup, own *poolRecord) *apiError {
	if e := s.writable(rec, false); e != nil {
		return e
	}
	word, _ := s.poolWords(rec.live, rec, g, own)
	if inTransit(g) || !terminal(word) {
		return pending("the agent pool '%s' of the managed cluster '%s' has the provisioning state '%s'", own.name, rec.name, word)
	}
	return nil
}

// sameText compares texts whose case does not matter; nothing asked for is what is
// there.
func sameText(asked, is *string) bool { return asked == nil || strings.EqualFold(*asked, text(is)) }
