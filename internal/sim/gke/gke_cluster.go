// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated.

package gke

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Shorter names of what the methods exchange.
type (
	operation = containerpb.Operation
	cluster   = containerpb.Cluster
)

// ListClusters lists the clusters of one location, or of all of them. A zone has
// its zonal clusters only.
func (v *service) ListClusters(ctx context.Context, req *containerpb.ListClustersRequest) (*containerpb.ListClustersResponse, error) {
	return answer(ctx, v, func(s *Server, c *call) (*containerpb.ListClustersResponse, *apiError) {
		p, e := s.locate(c, req.GetParent(), "")
		if e != nil {
			return nil, e
		}
		out := &containerpb.ListClustersResponse{}
		for _, l := range s.reachable(p, &out.MissingZones) {
			for shown := range l.world.All(c.Now) {
				out.Clusters = append(out.Clusters, s.clusterObject(shown, l.byUID[shown.Attr[attrUID]], c.Now))
			}
		}
		return out, nil
	})
}

// reachable returns the locations that a list is about; those that cannot be
// reached are left out of a list over all of them, and named.
func (s *Server) reachable(p place, missing *[]string) []*location {
	if p.location != nil {
		return []*location{p.location}
	}
	var list []*location
	for _, l := range s.locations {
		if slices.Contains(s.options.MissingZones, l.name) {
			*missing = append(*missing, l.name)
			continue
		}
		list = append(list, l)
	}
	return list
}

// GetCluster reads one cluster.
func (v *service) GetCluster(ctx context.Context, req *containerpb.GetClusterRequest) (*cluster, error) {
	return answer(ctx, v, func(s *Server, c *call) (*cluster, *apiError) {
		shown, rec, e := s.shownCluster(c, req.GetName())
		if e != nil {
			return nil, e
		}
		return s.clusterObject(shown, rec, c.Now), nil
	})
}

// CreateCluster accepts a cluster with its node pools.
func (v *service) CreateCluster(ctx context.Context, req *containerpb.CreateClusterRequest) (*operation, error) {
	return answer(ctx, v, func(s *Server, c *call) (*operation, *apiError) {
		p, e := s.locate(c, req.GetParent(), "")
		if e != nil {
			return nil, e
		}
		if p.location == nil {
			return nil, noLocation(p.path.location)
		}
		base, e := s.planCluster(p.location, req.GetCluster())
		if e != nil {
			return nil, e
		}
		failure, e := s.planEndpoints(base)
		if e != nil {
			return nil, e
		}
		base.InitialClusterVersion, e = s.planVersions(base)
		if e != nil {
			return nil, e
		}
		if taken := p.location.clusters[base.GetName()]; taken != nil && taken.live.State != profile.Gone {
			return nil, fail(codes.AlreadyExists, "Already exists: %s.", s.inWords(path{location: p.location.name, cluster: base.GetName()}))
		}
		nodes := map[*containerpb.NodePool]int{}
		for _, pool := range base.GetNodePools() {
			nodes[pool] = int(pool.GetInitialNodeCount()) * len(pool.GetLocations())
		}
		if e := s.checkQuota(nodes); e != nil {
			return nil, e
		}
		failing(c, failure)
		return s.createCluster(c, p.location, base)
	})
}

// planVersions chooses the version and the channel of a new cluster, and says what
// versions its node pools may not have.
func (s *Server) planVersions(base *cluster) (string, *apiError) {
	version, channel, e := s.chooseVersion(base.GetInitialClusterVersion(), base.GetReleaseChannel())
	if e != nil {
		return "", e
	}
	base.ReleaseChannel = &containerpb.ReleaseChannel{Channel: channel}
	for _, pool := range base.GetNodePools() {
		if e := s.planPoolVersion(pool, version, channel); e != nil {
			return "", e
		}
	}
	return version, nil
}

// createCluster makes a cluster of a checked request.
func (s *Server) createCluster(c *call, l *location, base *cluster) (*operation, *apiError) {
	uid := s.Random.Text(64, simkit.LowerHex)
	cmd := core.CreateCluster{
		Name: base.GetName(), Version: base.GetInitialClusterVersion(), Tags: base.GetResourceLabels(),
		Attr: map[string]string{attrUID: uid},
	}
	for _, pool := range base.GetNodePools() {
		cmd.Groups = append(cmd.Groups, groupOf("", pool))
	}
	rec := s.newRecord(l, uid, base)
	op, e := s.start(c, rec, "", containerpb.Operation_CREATE_CLUSTER, cmd, nil)
	if e != nil {
		return nil, e
	}
	l.keep(rec)
	for _, pool := range base.GetNodePools() {
		s.newPool(rec, pool)
	}
	return op, nil
}

// newRecord describes a cluster that is about to be made.
func (s *Server) newRecord(l *location, uid string, base *cluster) *clusterRecord {
	return &clusterRecord{
		location: l, uid: uid, name: base.GetName(), base: base,
		channel: base.GetReleaseChannel().GetChannel(), initial: base.GetInitialClusterVersion(),
		endpoint:  fmt.Sprintf("203.0.113.%d", s.Random.Next()%254+1), // a network for documentation
		dns:       fmt.Sprintf("gke-%s-%s.%s.gke.goog", s.Random.Text(32, simkit.LowerHex), s.number, l.name),
		authority: s.newAuthority(),
		pools:     map[string]*poolRecord{},
		remakes:   map[string]int{},
		pauses:    map[string][]string{},
	}
}

// newAuthority returns a cluster's own authority.
func (s *Server) newAuthority() simkit.Authority {
	authority, err := s.NewAuthority("kubernetes", s.Random.Key())
	if err != nil {
		panic("gke: " + err.Error()) // every key makes one
	}
	return authority
}

// keep puts the record of a cluster that has been made into the indexes.
func (l *location) keep(rec *clusterRecord) { l.clusters[rec.name], l.byUID[rec.uid] = rec, rec }

// newPool records a node pool.
func (s *Server) newPool(rec *clusterRecord, base *containerpb.NodePool) *poolRecord {
	name := base.GetName()
	if old, ok := rec.pools[name]; ok {
		s.dropGroups(rec, old)
	}
	known := &poolRecord{base: base, zones: base.GetLocations(), count: base.GetInitialNodeCount(), auto: base.GetAutoscaling()}
	known.hashes = s.newHashes(known)
	rec.pools[name] = known
	s.keepGroups(rec, known)
	return known
}

// DeleteCluster removes a cluster with its node pools.
func (v *service) DeleteCluster(ctx context.Context, req *containerpb.DeleteClusterRequest) (*operation, error) {
	return answer(ctx, v, func(s *Server, c *call) (*operation, *apiError) {
		rec, e := s.onCluster(c, req.GetName())
		if e != nil {
			return nil, e
		}
		ops := rec.open
		if rec.live.State == profile.Deleting {
			return s.deletedTwice(c, ops, containerpb.Operation_DELETE_CLUSTER, rec.name)
		}
		if rec.live.State == profile.Creating && s.assume.DeletionWhileCreating {
			// This ends the creation, so that there is nothing in the way.
			if _, err := rec.location.world.Apply(c.Now, core.Force{
				ClusterID: rec.live.ID, State: profile.CreateFailed, Reason: "deleted while being created"}, core.Outcome{}); err != nil {
				return nil, refused(err)
			}
			s.advance(c.Now)
		}
		if e := s.free(rec, ""); e != nil && rec.live.State != profile.CreateFailed && rec.live.State != profile.DeleteFailed {
			return nil, e
		}
		return s.start(c, rec, "", containerpb.Operation_DELETE_CLUSTER, core.DeleteCluster{ClusterID: rec.live.ID}, nil)
	})
}

// deletedTwice answers the deletion of what is being deleted.
func (s *Server) deletedTwice(c *call, ops []*opRecord, kind containerpb.Operation_Type, name string) (*operation, *apiError) {
	for _, op := range ops {
		switch {
		case op.kind != kind && op.kind != containerpb.Operation_DELETE_CLUSTER:
		case s.assume.SecondDeletionAccepted:
			return s.operationObject(op, c.Now), nil
		default:
			return nil, s.busyWith(op.ID, name)
		}
	}
	return nil, precondition("Cluster %q is currently being created, deleted, updated or repaired and cannot be updated.", name)
}

// SetLabels replaces the labels of a cluster.
func (v *service) SetLabels(ctx context.Context, req *containerpb.SetLabelsRequest) (*operation, error) {
	return answer(ctx, v, func(s *Server, c *call) (*operation, *apiError) {
		rec, e := s.onCluster(c, req.GetName())
		if e != nil {
			return nil, e
		}
		labels := maps.Clone(req.GetResourceLabels())
		if e := checkLabels("cluster.resource_labels", labels, rec.live.Tags); e != nil {
			return nil, e
		}
		if e := s.free(rec, ""); e != nil {
			return nil, e
		}
		if at := fingerprint(rec.live.Tags); req.GetLabelFingerprint() != at {
			return nil, precondition("Labels could not be set due to fingerprint mismatch; try again with the proper fingerprint: %s.", at)
		}
		op := s.startOwn(c.Now, rec, "", containerpb.Operation_SET_LABELS, s.duration(profile.UpdateCluster), c.Outcome, func() {
			// Only a cluster that is being deleted refuses, and then it does not matter.
			_, _ = rec.location.world.Apply(c.Now, core.SetTags{ClusterID: rec.live.ID, Tags: labels}, core.Outcome{})
		})
		return s.operationObject(op, c.Now), nil
	})
}

// ListUsableSubnetworks lists the subnetworks of the project, in pages.
func (v *service) ListUsableSubnetworks(ctx context.Context, req *containerpb.ListUsableSubnetworksRequest) (*containerpb.ListUsableSubnetworksResponse, error) {
	return answer(ctx, v, func(s *Server, c *call) (*containerpb.ListUsableSubnetworksResponse, *apiError) {
		if _, e := s.locate(c, req.GetParent(), "project"); e != nil {
			return nil, e
		}
		if req.GetFilter() != "" {
			return nil, notSimulated("the filter %q", req.GetFilter())
		}
		// Those of host projects show under these.
		own := slices.DeleteFunc(slices.Clone(s.resources.Subnetworks), func(sub Subnetwork) bool { return sub.Project != "" })
		first, last, next, e := s.page(c, req.GetPageToken(), int(req.GetPageSize()), 500, len(own))
		if e != nil {
			return nil, e
		}
		out := &containerpb.ListUsableSubnetworksResponse{NextPageToken: next}
		for _, sub := range own[first:last] {
			u := &containerpb.UsableSubnetwork{
				Subnetwork:  "projects/" + s.project + "/regions/" + sub.Region + "/subnetworks/" + sub.Name,
				Network:     "projects/" + s.project + "/global/networks/" + sub.Network,
				IpCidrRange: sub.CIDR,
			}
			for _, name := range slices.Sorted(maps.Keys(sub.Secondary)) {
				u.SecondaryIpRanges = append(u.SecondaryIpRanges, &containerpb.UsableSubnetworkSecondaryRange{
					RangeName: name, IpCidrRange: sub.Secondary[name], Status: containerpb.UsableSubnetworkSecondaryRange_UNUSED})
			}
			out.Subnetworks = append(out.Subnetworks, u)
		}
		return out, nil
	})
}

// populated returns the names of the fields of a message that are set.
func populated(m proto.Message) []string {
	var names []string
	for i, fields := 0, m.ProtoReflect().Descriptor().Fields(); i < fields.Len(); i++ {
		if m.ProtoReflect().Has(fields.Get(i)) {
			names = append(names, string(fields.Get(i).Name()))
		}
	}
	slices.Sort(names)
	return names
}
