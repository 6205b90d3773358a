// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// The words for what pmks manages.
const (
	kindManaged    = "ManagedKubernetes"
	profileDefault = "Default"
	specBasic      = "ack.standard"
)

func (s *Server) createCluster(c *call) (any, *apiError) {
	var in createClusterRequest
	if e := decodeBody(c.body, &in); e != nil {
		return nil, e
	}
	version, e := s.checkCreateCluster(&in)
	if e != nil {
		return nil, e
	}
	rec := s.newRecord(&in, version)
	t := s.newTask("cluster_create", targetCluster)
	result, e := s.start(c, t, core.CreateCluster{
		Name:    in.Name,
		Version: version,
		Network: network(in.VPCID, in.VSwitchIDs, rec.securityGroup),
		Tags:    tagMap(in.Tags),
	}, func(end core.OperationRecord) {
		rec.updated = end.End
		if s.assumptions.DefaultNodePool && end.Failure == "" {
			s.addDefaultPool(callAt(end.End), rec)
		}
	})
	if e != nil {
		return nil, e
	}
	s.keep(c.Now, rec, result.Cluster)
	if in.DeletionProtection {
		if e := s.must(c.Now, core.SetProtection{ClusterID: rec.id, On: true}); e != nil {
			return nil, e
		}
	}
	s.enlist(c.Now, rec, t, rec.id)
	s.forget(c.Now)
	return clusterTaskResponse{rec.id, c.requestID, t.id}, nil
}

// newRecord keeps what the core has no place for.
func (s *Server) newRecord(in *createClusterRequest, version string) *clusterRecord {
	vpc, _ := s.resources.vpc(in.VPCID)
	n := s.Random.Next()
	rec := &clusterRecord{
		kind: in.ClusterType, profile: cmp.Or(in.Profile, profileDefault), spec: cmp.Or(in.ClusterSpec, specBasic),
		region: in.RegionID, initVersion: version,
		vpc: in.VPCID, vswitches: in.VSwitchIDs, podVSwitches: in.PodVSwitchIDs,
		securityGroup: in.SecurityGroupID,
		containerCIDR: in.ContainerCIDR, serviceCIDR: in.ServiceCIDR, nodeMask: cmp.Or(in.NodeCIDRMask, "26"),
		proxyMode: cmp.Or(in.ProxyMode, "ipvs"), timezone: cmp.Or(in.Timezone, "Asia/Shanghai"),
		domain: cmp.Or(in.ClusterDomain, "cluster.local"), resourceGroup: cmp.Or(in.ResourceGroupID, defaultResourceGroup),
		public: in.EndpointPublicAccess, publicIP: address("203.0.113.", n), privateIP: address("10.0.200.", n),
		balancer: s.alnumID("lb-"), workerRole: "KubernetesWorkerRole-" + s.Random.UUID(),
		egress: vpc.NAT, addons: addonsOf(in), pools: map[string]*poolRecord{},
		log: controlPlaneLog{in.ControlplaneLogComponents, in.ControlplaneLogProject, in.ControlplaneLogTTL},
	}
	if rec.securityGroup == "" {
		rec.securityGroup, rec.ownSecurityGroup = s.alnumID("sg-"), true
	}
	if in.SNATEntry == nil || *in.SNATEntry {
		rec.egress = true
		if !vpc.NAT {
			rec.nat = s.alnumID("ngw-")
		}
	}
	// One that cannot be made is left out of the kubeconfig.
	rec.authority, _ = s.NewAuthority("kubernetes", s.Random.Key())
	return rec
}

// defaultResourceGroup is that of everything that names none.
const defaultResourceGroup = "rg-acfm2simulated01"

// address is one in a network for documentation, or a private one.
func address(network string, n uint64) string { return network + strconv.Itoa(int(n%254)+1) }

// keep puts the record of a cluster that has been made into the index.
func (s *Server) keep(now time.Time, rec *clusterRecord, live *core.Cluster) {
	rec.id, rec.live, rec.updated = live.ID, live, now
	if rec.ownSecurityGroup {
		s.resources.SecurityGroups = append(s.resources.SecurityGroups,
			SecurityGroup{ID: rec.securityGroup, Name: "alicloud-cs-auto-created-security-group-" + rec.id, VPC: rec.vpc})
	}
	s.clusters[rec.id] = rec
}

func network(vpc string, vswitches []string, group string) pmks.NetworkInfo {
	info := pmks.NetworkInfo{VpcIID: pmks.IID{SystemId: vpc}, SecurityGroupIIDs: []pmks.IID{{SystemId: group}}}
	for _, id := range vswitches {
		info.SubnetIIDs = append(info.SubnetIIDs, pmks.IID{SystemId: id})
	}
	return info
}

// tagMap turns tags into what the core holds.
func tagMap(tags []tagObject) map[string]string {
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		m[t.Key] = t.Value
	}
	return m
}

func shownTags(tags map[string]string) []tagObject {
	list := []tagObject{}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, tagObject{key, tags[key]})
	}
	return list
}

// clusterObject shows a cluster, which may be the one before the last change.
func (s *Server) clusterObject(c *core.Cluster, rec *clusterRecord) clusterObject {
	o := clusterObject{
		ClusterID: c.ID, Name: c.Name, State: s.stateOf(rec, c), ClusterType: rec.kind, ClusterSpec: rec.spec, Profile: rec.profile,
		CurrentVersion: c.Version, InitVersion: rec.initVersion,
		VPCID: rec.vpc, VSwitchIDs: rec.vswitches, SecurityGroupID: rec.securityGroup,
		ServiceCIDR: rec.serviceCIDR, ContainerCIDR: rec.containerCIDR, ProxyMode: rec.proxyMode, IPStack: "ipv4",
		Created: stamp(c.Created), Updated: stamp(rec.updated), Tags: shownTags(c.Tags),
		RegionID: rec.region, ResourceGroupID: rec.resourceGroup, DeletionProtection: c.Protected,
		Timezone: rec.timezone, ClusterDomain: rec.domain,
	}
	if c.State == profile.Creating {
		o.CurrentVersion = ""
	}
	if next := s.upgradable(c.Version); len(next) > 0 && c.ControlPlaneUp {
		o.NextVersion = next[0]
	}
	for _, g := range c.Groups {
		o.Size += len(g.Nodes)
	}
	if c.State == profile.Gone {
		o.State, o.Size = "deleted", 0
	}
	return o
}

func (s *Server) describeCluster(c *call) (any, *apiError) {
	rec, e := s.cluster(c)
	if e != nil {
		if rec = s.deletedRecord(c); rec == nil {
			return nil, e
		}
	}
	o := clusterDetail{clusterObject: s.clusterObject(rec.live, rec), NodeCIDRMask: rec.nodeMask, WorkerRAMRoleName: rec.workerRole}
	o.MetaData, o.Parameters = s.metaData(rec), map[string]string{"ALIYUN::Region": rec.region, "ServiceCIDR": rec.serviceCIDR, "VpcId": rec.vpc}
	if v, ok := s.resources.vswitch(rec.vswitches[0]); ok {
		o.ZoneID = v.Zone
	}
	o.MasterURL = s.masterURL(rec)
	return o, nil
}

// deletedRecord is the cluster of a call that is gone and still shown, if it is one.
func (s *Server) deletedRecord(c *call) *clusterRecord {
	rec, ok := s.clusters[c.labels["cluster"]]
	if !ok || rec.gone.IsZero() || !c.Now.Before(rec.gone.Add(s.assumptions.DeletedShown)) {
		return nil
	}
	return rec
}

// metaData is a text with JSON in it.
func (s *Server) metaData(rec *clusterRecord) string {
	type addon struct {
		Name    string `json:"component_name"`
		Version string `json:"version"`
	}
	var meta struct {
		Addons []addon `json:"Addons"`
		Region string  `json:"RegionId"`
	}
	for _, a := range rec.addons {
		meta.Addons = append(meta.Addons, addon{a.name, a.version})
	}
	meta.Region = rec.region
	data, _ := json.Marshal(meta) // texts only
	return string(data)
}

// masterURL is a text with JSON in it; empty until there is an endpoint.
func (s *Server) masterURL(rec *clusterRecord) string {
	if !rec.live.ControlPlaneUp {
		return ""
	}
	var urls endpointsText
	urls.IntranetAPIServerEndpoint = s.KubernetesEndpoint(rec.id, "https://"+rec.privateIP+":6443")
	if rec.public {
		urls.APIServerEndpoint = s.KubernetesEndpoint(rec.id, "https://"+rec.publicIP+":6443")
	}
	data, _ := json.Marshal(urls) // texts only
	return string(data)
}

func (s *Server) describeClusters(c *call) (any, *apiError) {
	number, e := c.number("page_number", 1, pageLimit, 1)
	if e != nil {
		return nil, e
	}
	size, e := c.number("page_size", 1, 100, 50)
	if e != nil {
		return nil, e
	}
	q := c.query
	var list []clusterObject
	add := func(shown *core.Cluster, rec *clusterRecord) {
		o := s.clusterObject(shown, rec)
		is := func(key, value string) bool { return q.Get(key) == "" || q.Get(key) == value }
		if o.RegionID == c.labels["region_id"] && strings.Contains(o.Name, q.Get("name")) && is("cluster_id", o.ClusterID) &&
			is("cluster_type", o.ClusterType) && is("cluster_spec", o.ClusterSpec) && is("profile", o.Profile) {
			list = append(list, o)
		}
	}
	for shown := range s.world.All(c.Now) {
		add(shown, s.clusters[shown.ID])
	}
	if s.assumptions.DeletedShown > 0 {
		for _, id := range slices.Sorted(maps.Keys(s.clusters)) {
			rec := s.clusters[id]
			if _, shown := s.world.Cluster(c.Now, id); !shown && !rec.gone.IsZero() && c.Now.Before(rec.gone.Add(s.assumptions.DeletedShown)) {
				add(rec.live, rec)
			}
		}
	}
	items, total := pageOf(c, number, size, list)
	return clustersResponse{append([]clusterObject{}, items...), pageObject{number, size, total}}, nil
}

func (s *Server) deleteCluster(c *call) (any, *apiError) {
	rec, e := s.cluster(c)
	if e != nil {
		return nil, e
	}
	retained, e := c.decodeText("retain_resources")
	if e == nil {
		_, e = c.truth("retain_all_resources")
	}
	if e == nil {
		_, e = c.truth("keep_slb")
	}
	if e == nil {
		e = s.checkDeletion(c, rec, retained)
	}
	if e != nil {
		return nil, e
	}
	live := rec.live
	t := s.newTask("cluster_delete", targetCluster)
	switch {
	case live.Protected:
		return nil, s.protected(live.Name)
	case live.State == profile.Deleting && !s.assumptions.RepeatedDeletionOK:
		return nil, s.clusterState(live.Name, s.stateOf(rec, live))
	case live.State == profile.Deleting:
		return s.deletionAnswer(c, rec, rec.lastTask("cluster_delete")), nil
	}
	_, e = s.start(c, t, core.DeleteCluster{ClusterID: rec.id}, func(end core.OperationRecord) {
		if end.Failure == "" {
			s.bury(rec, end.End)
		}
	})
	if e != nil {
		return nil, e
	}
	rec.updated = c.Now
	s.enlist(c.Now, rec, t, rec.id)
	return s.deletionAnswer(c, rec, t), nil
}

func (s *Server) deletionAnswer(c *call, rec *clusterRecord, t *taskRecord) any {
	if s.assumptions.EmptyAnswers {
		return nil
	}
	return clusterTaskResponse{rec.id, c.requestID, t.id}
}

// checkDeletion checks the options of a deletion.
func (s *Server) checkDeletion(c *call, rec *clusterRecord, retained []string) *apiError {
	for _, id := range retained {
		if !slices.ContainsFunc(s.resourcesOf(rec), func(o resourceObject) bool { return o.InstanceID == id }) {
			return invalid("RetainResources", "the resource %s does not belong to the cluster", id)
		}
	}
	if !c.query.Has("delete_options") {
		return nil
	}
	var options []struct {
		DeleteMode   string `json:"delete_mode"`
		ResourceType string `json:"resource_type"`
	}
	if json.Unmarshal([]byte(c.query.Get("delete_options")), &options) != nil {
		return invalid("DeleteOptions", "delete_options must be a list in JSON")
	}
	for _, o := range options {
		if !slices.Contains([]string{"delete", "retain"}, o.DeleteMode) ||
			!slices.Contains([]string{"ALB", "PrivateZone", "SLB", "SLS_ControlPlane", "SLS_Data"}, o.ResourceType) {
			return invalid("DeleteOptions", "delete_options has %s of %s", o.DeleteMode, o.ResourceType)
		}
	}
	return nil
}

// bury is what is left to do when a cluster is gone.
func (s *Server) bury(rec *clusterRecord, at time.Time) {
	rec.gone, rec.updated = at, at
	if rec.ownSecurityGroup {
		s.resources.SecurityGroups = slices.DeleteFunc(s.resources.SecurityGroups, func(g SecurityGroup) bool { return g.ID == rec.securityGroup })
	}
	if s.assumptions.TasksForgotten {
		for _, t := range rec.tasks {
			delete(s.tasks, t.id)
		}
	}
}

func (s *Server) modifyCluster(c *call) (any, *apiError) {
	rec, e := s.cluster(c)
	if e != nil {
		return nil, e
	}
	var in modifyClusterRequest
	if e := decodeBody(c.body, &in); e != nil {
		return nil, e
	}
	if in == (modifyClusterRequest{}) {
		return nil, invalid("", "there is nothing to change")
	}
	if in.ClusterName != "" && !namePattern.MatchString(in.ClusterName) || in.ClusterName != "" && in.ClusterName != rec.live.Name {
		return nil, notSimulated("another cluster_name")
	}
	if in.ClusterSpec != "" && !slices.Contains(specs, in.ClusterSpec) {
		return nil, invalid("ClusterSpec", "cluster_spec %q is not valid", in.ClusterSpec)
	}
	if in.APIServerEIP != nil && *in.APIServerEIP && in.APIServerEIPID != "" && !slices.Contains(s.resources.EIPs, in.APIServerEIPID) {
		return nil, fail(http.StatusBadRequest, "InvalidAllocationId.NotFound", "The EIP %s does not exist", in.APIServerEIPID)
	}
	if rec.live.State == profile.Deleting {
		return nil, s.clusterState(rec.live.Name, s.stateOf(rec, rec.live))
	}
	t := s.newTask("cluster_modify", targetCluster)
	_, e = s.start(c, t, core.Work{ClusterID: rec.id, Took: s.scaled(5 * time.Second), Aside: true}, func(end core.OperationRecord) {
		rec.updated = end.End
		if in.APIServerEIP != nil && in.ClusterSpec == "" && end.Failure == "" {
			rec.public = *in.APIServerEIP
		}
	})
	if e != nil {
		return nil, e
	}
	rec.resourceGroup, rec.timezone = cmp.Or(in.ResourceGroupID, rec.resourceGroup), cmp.Or(in.Timezone, rec.timezone)
	switch {
	case in.ClusterSpec != "":
		// As seen of the cloud: what comes beside cluster_spec has no effect, and the
		// task succeeds.
		rec.spec = in.ClusterSpec
	case in.DeletionProtection != nil && c.Outcome.Fail == "":
		if e := s.must(c.Now, core.SetProtection{ClusterID: rec.id, On: *in.DeletionProtection}); e != nil {
			return nil, e
		}
	}
	s.enlist(c.Now, rec, t, rec.id)
	return clusterTaskResponse{rec.id, c.requestID, t.id}, nil
}

// upgradable lists the versions that a control plane can go to in one step, the newest
// first.
func (s *Server) upgradable(version string) []string {
	from, err := kver.Parse(version)
	list := []string{}
	if err != nil {
		return list
	}
	for _, name := range s.world.Profile().OfferedNames() {
		if to, err := kver.Parse(name); err == nil && to.Compare(from) > 0 && from.MinorDistance(to) <= 1 {
			list = append(list, name)
		}
	}
	return list
}
