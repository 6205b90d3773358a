// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// clusterID is the ARM id of a cluster. AKS writes "resourceGroups" into the
// replies of writes and "resourcegroups" into those of reads.
func (s *Server) clusterID(rec *clusterRecord, reading bool) string {
	id := s.idOf(rec.group, actionMC, rec.name)
	if reading {
		id = strings.Replace(id, "/resourceGroups/", "/resourcegroups/", 1)
	}
	return id
}

// clusterObject shows a cluster, which may be the one before the last change.
func (s *Server) clusterObject(c *core.Cluster, rec *clusterRecord, reading bool) clusterObject {
	word, power := s.clusterWords(c, rec)
	o := rec.spec
	o.ID, o.Name, o.Type = new(s.clusterID(rec, reading)), &rec.name, new("Microsoft.ContainerService/ManagedClusters")
	o.ETag = new(s.clusterTag(c, rec))
	o.Tags = maps.Clone(c.Tags)
	if s.assumed.SystemData {
		o.SystemData = &systemData{stamp(c.Created), s.objectID(DefaultClientID), "Application", stamp(c.Created)}
	}
	p := *rec.spec.Properties
	p.ProvisioningState, p.PowerState = word, &powerObject{power}
	p.KubernetesVersion, p.CurrentKubernetesVersion = &rec.requested, c.Version
	p.MaxAgentPools, p.ResourceUID = int32(s.world.Profile().Limits.NodeGroups), rec.uid
	p.NodeResourceGroup = &rec.nodeGroup
	p.Status = why(word, c.Reason)
	if c.ControlPlaneUp || !s.assumed.LateFQDN {
		s.showAddresses(rec, &p)
	}
	s.showIdentities(rec, &p)
	s.showFeatures(rec, &p)
	p.AgentPoolProfiles = nil
	for _, g := range rec.inOrder(c) {
		own := rec.pools[g.Name]
		p.AgentPoolProfiles = append(p.AgentPoolProfiles, poolProfile{&own.name, s.poolProperties(c, rec, g, own)})
	}
	o.Properties = &p
	return o
}

// showIdentities fills in who the cluster and its nodes are. Secrets are never shown.
func (s *Server) showIdentities(rec *clusterRecord, p *clusterProperties) {
	if w := p.WindowsProfile; w != nil {
		p.WindowsProfile = &windowsProfile{AdminUsername: w.AdminUsername, EnableCSIProxy: new(w.EnableCSIProxy == nil || *w.EnableCSIProxy)}
	}
	if p.ServicePrincipalProfile != nil {
		p.ServicePrincipalProfile = &principalProfile{ClientID: p.ServicePrincipalProfile.ClientID}
		return
	}
	p.ServicePrincipalProfile = &principalProfile{ClientID: managedPrincipal}
	p.IdentityProfile = s.identityProfile(rec)
}

// identityProfile is the identity of the nodes.
func (s *Server) identityProfile(rec *clusterRecord) map[string]kubeletIdentity {
	return map[string]kubeletIdentity{"kubeletidentity": {
		ResourceID: s.idOf(rec.nodeGroup, "Microsoft.ManagedIdentity/userAssignedIdentities", rec.name+"-agentpool"),
		ClientID:   s.tag(rec.uid, 0, "kubelet client"),
		ObjectID:   s.tag(rec.uid, 0, "kubelet object"),
	}}
}

// showAddresses fills in the names of the API server.
func (s *Server) showAddresses(rec *clusterRecord, p *clusterProperties) {
	domain := ".hcp." + s.location + ".azmk8s.io"
	p.AzurePortalFQDN = rec.host + ".portal" + domain
	a := p.APIServerAccessProfile
	if a == nil || !a.EnablePrivateCluster {
		p.FQDN = s.serverHost(rec, rec.host+domain)
		return
	}
	p.PrivateFQDN = s.serverHost(rec, rec.host+"."+rec.uid+".privatelink."+s.location+".azmk8s.io")
	if a.EnablePrivateClusterPublicFQDN == nil || *a.EnablePrivateClusterPublicFQDN {
		p.FQDN = s.serverHost(rec, rec.host+domain)
	}
}

func (s *Server) getCluster(c *call) (*answer, *apiError) {
	shown, rec, e := s.view(c)
	if e != nil {
		return nil, e
	}
	return ok(s.clusterObject(shown, rec, true))
}

// listClusters lists the clusters of the subscription or of one resource group.
// The pages are cut before the group is looked at, so that a page may have few
// items or none and a next one all the same.
func (s *Server) listClusters(c *call) (*answer, *apiError) {
	given := skipToken(c.query)
	page, next, err := s.world.Page(c.Now, given, s.pageSize)
	if err != nil {
		return nil, badToken()
	}
	next = c.NextToken(given, next)
	out := list[clusterObject]{Value: []clusterObject{}}
	for _, shown := range page {
		rec := s.clusters[shown.Attr[attrUID]]
		if c.group() == "" || strings.EqualFold(rec.group, c.group()) {
			out.Value = append(out.Value, s.clusterObject(shown, rec, true))
		}
	}
	if next != "" {
		out.NextLink = nextLink(c, next)
	}
	return ok(out)
}

func skipToken(query url.Values) string {
	for key, values := range query {
		if strings.EqualFold(key, "$skipToken") && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

// nextLink is the absolute URL of the next page.
func nextLink(c *call, token string) string {
	query := url.Values{"api-version": c.query["api-version"], "$skipToken": {token}}
	return c.base + (&url.URL{Path: c.path}).EscapedPath() + "?" + query.Encode()
}

func badToken() *apiError {
	return badRequest("The skip token is not valid.")
}

// paged cuts the page that a call asks for out of a whole list.
func paged[T any](s *Server, c *call, all list[T]) (*answer, *apiError) {
	items, next, valid := simkit.PageByNumber(s.Kit, &c.Exchange, c.op+"/"+c.resource(), skipToken(c.query), s.pageSize, all.Value)
	if !valid {
		return nil, badToken()
	}
	out := list[T]{Value: items}
	if next != "" {
		out.NextLink = nextLink(c, next)
	}
	return ok(out)
}

func (s *Server) putCluster(c *call) (*answer, *apiError) {
	var in clusterObject
	if e := decodeBody(c.body, &in); e != nil {
		return nil, e
	}
	if in.Properties == nil {
		in.Properties = &clusterProperties{}
	}
	if in.Location == nil || *in.Location == "" {
		return nil, gateway(http.StatusBadRequest, "LocationRequired", "The location property is required for this definition.")
	}
	if e := s.checkTagNames(in.Tags, private(in.Properties)); e != nil {
		return nil, e
	}
	rec, missing := s.current(c)
	if missing == nil {
		return s.updateCluster(c, rec, &in)
	}
	return s.createCluster(c, &in)
}

func private(p *clusterProperties) bool {
	return p.APIServerAccessProfile != nil && p.APIServerAccessProfile.EnablePrivateCluster
}

func (s *Server) createCluster(c *call, in *clusterObject) (*answer, *apiError) {
	if e := checkPreconditions(c.header, ""); e != nil {
		return nil, e
	}
	if e := s.planCluster(c, in); e != nil {
		return nil, e
	}
	uid, name := s.Random.UUID(), c.vars["cluster"]
	rec := s.newRecord(uid, s.groupName(c.group()), name, in)
	cmd := core.CreateCluster{Name: rec.key, Version: *in.Properties.KubernetesVersion, Tags: in.Tags, Attr: map[string]string{attrUID: uid}}
	for _, p := range coreOrder(in.Properties.AgentPoolProfiles) {
		cmd.Groups = append(cmd.Groups, core.AddNodeGroup{Spec: p.spec(*p.Name), Version: text(p.OrchestratorVersion)})
	}
	result, err := s.world.Apply(c.Now, cmd, c.Outcome)
	if err != nil {
		return nil, s.overQuota(err, "ManagedClusterCountExceedsQuotaLimit")
	}
	rec.live = result.Cluster
	s.clusters[uid], s.latest[rec.key] = rec, rec
	for _, p := range in.Properties.AgentPoolProfiles {
		own := s.newPool(rec, *p.Name, p.poolProperties)
		own.operation = result.Operation.ID
	}
	s.touch(rec)
	s.forget(c.Now)
	return &answer{status: http.StatusCreated, body: s.clusterObject(rec.live, rec, false), operation: result.Operation.ID}, nil
}

// overQuota is refused with a code of its own for a quota.
func (s *Server) overQuota(err error, code string) *apiError {
	if list := core.Refusals(err); len(list) > 0 && list[0].Reason == core.QuotaExceeded {
		return fail(http.StatusBadRequest, code, "The quota of the subscription is exceeded: %s. See https://aka.ms/aks-quota.", list[0].Message)
	}
	return refused(err)
}

// groupName returns the name of a resource group as it was made.
func (s *Server) groupName(name string) string {
	if g, ok := s.resources.group(name); ok {
		return g.Name
	}
	return name
}

// newRecord keeps what the core has no place for. The record is not found by its
// name yet.
func (s *Server) newRecord(uid, group, name string, in *clusterObject) *clusterRecord {
	p := in.Properties
	rec := &clusterRecord{
		uid: uid, key: keyOf(group, name), group: group, name: name,
		requested: cmp.Or(text(p.KubernetesVersion), s.world.Profile().Default()),
		nodeGroup: cmp.Or(text(p.NodeResourceGroup), s.nodeGroupName(group, name)),
		scaleSet:  s.Random.Text(8, simkit.Digits),
		host:      text(p.DNSPrefix) + "-" + s.Random.Text(8, simkit.LowerAlnum),
		token:     s.Random.Text(128, simkit.LowerHex),
		pools:     map[string]*poolRecord{},

		kubeconfigs: map[string][]Kubeconfig{},
		remade:      map[string]int{},
	}
	rec.spec = clusterObject{Location: &s.location, SKU: in.SKU, Identity: in.Identity, Properties: p}
	if p.KubernetesVersion != nil {
		rec.requested = *p.KubernetesVersion
		p.KubernetesVersion = new(s.resolveVersion(rec.requested))
	}
	return rec
}

func (s *Server) nodeGroupName(group, name string) string {
	return "MC_" + group + "_" + name + "_" + s.location
}

// coreOrder puts pools that have nodes before those that have none: the core wants
// nodes in the first.
func coreOrder(pools []poolProfile) []poolProfile {
	var full, empty []poolProfile
	for _, p := range pools {
		if number(p.Count) > 0 {
			full = append(full, p)
		} else {
			empty = append(empty, p)
		}
	}
	return append(full, empty...)
}

// merged adds tags to others, whose keys count in any case.
func merged(is, more map[string]string) map[string]string {
	all := maps.Clone(is)
	for key := range more {
		maps.DeleteFunc(all, func(old, _ string) bool { return strings.EqualFold(old, key) })
	}
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, more)
	return all
}

// patchCluster sets the tags, which is all that a PATCH can do.
func (s *Server) patchCluster(c *call) (*answer, *apiError) {
	var in tagsObject
	if e := decodeBody(c.body, &in); e != nil {
		return nil, e
	}
	rec, e := s.current(c)
	if e != nil {
		return nil, e
	}
	if e := checkPreconditions(c.header, s.clusterTag(rec.live, rec)); e != nil {
		return nil, e
	}
	tags := in.Tags
	if s.assumed.TagsMerged {
		tags = merged(rec.live.Tags, in.Tags)
	}
	if e := s.checkTagNames(tags, private(rec.spec.Properties)); e != nil {
		return nil, e
	}
	if e := s.writable(rec, true); e != nil {
		return nil, e
	}
	id, e := s.changeCluster(c, rec, tags)
	if e != nil {
		return nil, e
	}
	return &answer{status: http.StatusOK, body: s.clusterObject(rec.live, rec, false), operation: id}, nil
}

// changeCluster sets the tags and begins the operation that every change is.
func (s *Server) changeCluster(c *call, rec *clusterRecord, tags map[string]string) (operation string, e *apiError) {
	if e := s.must(c.Now, core.SetTags{ClusterID: rec.live.ID, Tags: tags}); e != nil {
		return "", e
	}
	s.touch(rec)
	return s.work(c, rec, wordUpdating, core.Work{Took: s.typical(profile.UpdateCluster, 1)}, func(at time.Time) { s.mend(rec, at) })
}

// writable says whether the state of a cluster lets it be written to. pools: none
// of its pools may be worked on either.
func (s *Server) writable(rec *clusterRecord, pools bool) *apiError {
	word, _ := s.clusterWords(rec.live, rec)
	switch {
	case rec.live.State == profile.Stopped:
		status := http.StatusBadRequest
		if s.assumed.StoppedConflict {
			status = http.StatusConflict
		}
		return notAllowed(status, "Operation is not allowed: the managed cluster '%s' is stopped (powerState 'Stopped'). Only start and delete are allowed.", rec.name)
	case rec.transit() || !terminal(cmp.Or(rec.shown, "Succeeded")):
		return pending("the managed cluster '%s' has the provisioning state '%s'", rec.name, word)
	}
	if !pools {
		return nil
	}
	for _, g := range rec.live.Groups {
		if inTransit(g) {
			return pending("the agent pool '%s' of the managed cluster '%s' has the provisioning state '%s'", g.Name, rec.name,
				s.world.Profile().NodeGroupWord(g.State, g.By))
		}
	}
	return nil
}

func (s *Server) deleteCluster(c *call) (*answer, *apiError) {
	rec, missing := s.current(c)
	if missing != nil {
		if e := checkPreconditions(c.header, ""); e != nil {
			return nil, e
		}
		return &answer{status: http.StatusNoContent}, nil
	}
	if e := checkPreconditions(c.header, s.clusterTag(rec.live, rec)); e != nil {
		return nil, e
	}
	switch {
	case rec.live.Protected:
		return nil, s.locked(rec, s.clusterID(rec, false))
	case rec.live.State == profile.Deleting && !s.assumed.RepeatedDeletionOK:
		return nil, pending("the managed cluster '%s' is being deleted", rec.name)
	}
	result, err := s.world.Apply(c.Now, core.DeleteCluster{ClusterID: rec.live.ID}, c.Outcome)
	if err != nil {
		return nil, refused(err)
	}
	rec.canceled = false
	s.touch(rec)
	return &answer{status: http.StatusAccepted, operation: result.Operation.ID, location: true}, nil
}

// locked refuses to delete what a management lock guards; locks hold for what is
// inside of a resource too.
func (s *Server) locked(rec *clusterRecord, scope string) *apiError {
	return gateway(http.StatusConflict, "ScopeLocked", "The scope '%s' cannot perform delete operation because following scope(s) are locked: '%s'. "+
		"Please remove the lock and try again.", scope, s.clusterID(rec, false))
}
