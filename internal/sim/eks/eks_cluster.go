// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"cmp"
	"slices"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

func (s *Server) createCluster(c *call, in *createClusterRequest) (*made, *apiError) {
	if e := s.checkCreateCluster(in); e != nil {
		return nil, e.in(in.Name, "")
	}
	if _, e := s.current(in.Name); e == nil {
		return nil, inUse("Cluster already exists with name: %s", in.Name).in(in.Name, "")
	}
	vpc, e := s.checkNetwork(in.ResourcesVpcConfig)
	if e != nil {
		return nil, e.in(in.Name, "")
	}
	if e := s.checkRole(in.RoleARN, serviceEKS, []string{policyCluster}); e != nil {
		return nil, e.in(in.Name, "")
	}
	uid := s.Random.UUID()
	result, err := s.world.Apply(c.Now, core.CreateCluster{
		Name:    in.Name,
		Version: in.Version,
		Network: network(vpc, in.ResourcesVpcConfig.SubnetIDs, in.ResourcesVpcConfig.SecurityGroupIDs),
		Tags:    in.Tags,
		Attr:    map[string]string{attrUID: uid},
	}, c.Outcome)
	if err != nil {
		e, _ := refused(err)
		return nil, e.in(in.Name, "")
	}
	if in.DeletionProtection {
		if _, err := s.world.Apply(c.Now, core.SetProtection{ClusterID: result.Cluster.ID, On: true}, core.Outcome{}); err != nil {
			e, _ := refused(err)
			return nil, e
		}
	}
	rec := s.newRecord(uid, *in, result.Cluster)
	s.forget(c.Now)
	return &made{cluster: rec}, nil
}

// newRecord keeps what the core has no place for.
func (s *Server) newRecord(uid string, in createClusterRequest, live *core.Cluster) *clusterRecord {
	rec := &clusterRecord{
		uid:                uid,
		name:               live.Name,
		arn:                s.arn("eks", true, "cluster/%s", live.Name),
		live:               live,
		role:               in.RoleARN,
		token:              in.ClientRequestToken,
		endpoint:           in.ResourcesVpcConfig.newEndpoint(),
		authenticationMode: cmp.Or(in.AccessConfig.AuthenticationMode, "CONFIG_MAP"),
		supportType:        cmp.Or(in.UpgradePolicy.SupportType, "EXTENDED"),
		serviceCIDR:        cmp.Or(in.KubernetesNetworkConfig.ServiceIPv4CIDR, "172.20.0.0/16"),
		ipFamily:           cmp.Or(in.KubernetesNetworkConfig.IPFamily, "ipv4"),
		securityGroup:      "sg-0" + s.Random.Text(16, simkit.LowerHex),
		oidc:               s.Random.Text(32, simkit.UpperHex),
		groups:             map[string]*groupRecord{},
	}
	rec.logging = loggingObject{ClusterLogging: []logSetup{{Types: logTypes, Enabled: false}}}
	if in.Logging != nil {
		rec.logging = *in.Logging
	}
	// One that cannot be made is left out, as that of a cluster in the making.
	rec.authority, _ = s.NewAuthority("kubernetes", s.Random.Key())
	rec.certificate = rec.authority.Certificate
	s.clusters[uid], s.latest[rec.name] = rec, rec
	return rec
}

var logTypes = []string{"api", "audit", "authenticator", "controllerManager", "scheduler"}

func network(vpc string, subnets, groups []string) pmks.NetworkInfo {
	info := pmks.NetworkInfo{VpcIID: pmks.IID{SystemId: vpc}}
	for _, id := range subnets {
		info.SubnetIIDs = append(info.SubnetIIDs, pmks.IID{SystemId: id})
	}
	for _, id := range groups {
		info.SecurityGroupIIDs = append(info.SecurityGroupIIDs, pmks.IID{SystemId: id})
	}
	return info
}

func systemIDs(iids []pmks.IID) []string {
	ids := make([]string, len(iids))
	for i, iid := range iids {
		ids[i] = iid.SystemId
	}
	return ids
}

// clusterObject shows a cluster, which may be the one before the last change.
func (s *Server) clusterObject(c *core.Cluster, rec *clusterRecord) clusterObject {
	o := clusterObject{
		Name:      c.Name,
		ARN:       rec.arn,
		CreatedAt: epoch(c.Created),
		Version:   c.Version,
		RoleARN:   rec.role,
		ResourcesVpcConfig: vpcConfigObject{
			SubnetIDs:             systemIDs(c.Network.SubnetIIDs),
			SecurityGroupIDs:      systemIDs(c.Network.SecurityGroupIIDs),
			VpcID:                 c.Network.VpcIID.SystemId,
			EndpointPublicAccess:  rec.endpoint.public,
			EndpointPrivateAccess: rec.endpoint.private,
			PublicAccessCIDRs:     append([]string{}, rec.endpoint.cidrs...),
		},
		KubernetesNetworkConfig: networkObject{ServiceIPv4CIDR: rec.serviceCIDR, IPFamily: rec.ipFamily},
		Logging:                 rec.logging,
		Status:                  cmp.Or(rec.shown, s.world.Profile().ClusterWord(c.State, c.By)),
		ClientRequestToken:      optional(rec.token),
		PlatformVersion:         "eks.1",
		Tags:                    shownTags(c.Tags),
		Health:                  healthObject{Issues: []issueObject{}},
		AccessConfig:            accessConfigObject{rec.authenticationMode},
		UpgradePolicy:           upgradePolicyObject{rec.supportType},
		DeletionProtection:      c.Protected,
	}
	if c.ControlPlaneUp {
		o.Endpoint = new(s.KubernetesEndpoint(rec.uid, c.Endpoint))
		o.ResourcesVpcConfig.ClusterSecurityGroupID = rec.securityGroup
		o.CertificateAuthority.Data = rec.certificate
		o.Identity = &identityObject{}
		o.Identity.OIDC.Issuer = "https://oidc.eks." + s.region + "." + s.suffix + "/id/" + rec.oidc
	}
	if rec.autoMode {
		o.ComputeConfig = &computeConfigObject{true, []string{"general-purpose", "system"}, s.arn("iam", false, "role/AmazonEKSAutoNodeRole")}
		o.StorageConfig = &storageConfigObject{BlockStorage: enabledObject{true}}
		o.KubernetesNetworkConfig.ElasticLoadBalancing = &enabledObject{true}
	}
	if code, message, ids := splitReason(c.Reason, "InternalFailure", c.Name); code != "" && c.State != profile.Active {
		o.Health.Issues = append(o.Health.Issues, issueObject{code, message, ids})
	}
	return o
}

func shownTags(tags map[string]string) map[string]string {
	if tags == nil {
		return map[string]string{}
	}
	return tags
}

func (s *Server) describeCluster(c *call) (any, *apiError) {
	cluster, rec, e := s.asRead(c.Now, c.labels["name"])
	if e != nil {
		return nil, e
	}
	return clusterResponse{s.clusterObject(cluster, rec)}, nil
}

func (s *Server) listClusters(c *call) (any, *apiError) {
	limit, e := s.limit(c)
	if e != nil {
		return nil, e
	}
	for _, v := range c.query["include"] {
		if v != "all" {
			return nil, invalidParameter("include may only be all")
		}
	}
	token := c.query.Get("nextToken")
	list, next, err := s.world.Page(c.Now, token, limit)
	if err != nil {
		return nil, badToken()
	}
	next = c.NextToken(token, next)
	return clustersResponse{namesOf(list, func(c *core.Cluster) string { return c.Name }), optional(next)}, nil
}

func (s *Server) deleteCluster(c *call) (any, *apiError) {
	rec, e := s.current(c.labels["name"])
	if e != nil {
		return nil, e
	}
	live := rec.live
	switch {
	case live.State == profile.Deleting && !s.assumptions.RepeatedDeletionOK:
		return nil, inUse("Cluster %s is being deleted already", rec.name).in(rec.name, "")
	case live.State == profile.Updating:
		return nil, inUse("Cannot delete because cluster %s currently has update %s in progress", rec.name, rec.running()).in(rec.name, "")
	case len(live.Groups) > 0:
		return nil, inUse("Cluster has nodegroups attached").in(rec.name, live.Groups[0].Name)
	case rec.heldByFargate() != nil:
		return nil, rec.heldByFargate()
	case live.Protected && live.State == profile.Active:
		return nil, invalidRequest("Cluster %s has deletion protection enabled", rec.name).in(rec.name, "")
	}
	// Protection holds for active clusters only, and what is being created may be
	// deleted: EKS cuts the creation short.
	if live.Protected {
		if e := s.must(c, core.SetProtection{ClusterID: live.ID}); e != nil {
			return nil, e
		}
	}
	if live.State == profile.Creating {
		if e := s.must(c, core.Force{ClusterID: live.ID, State: profile.CreateFailed, Reason: "deleted while being created"}); e != nil {
			return nil, e
		}
	}
	if _, err := s.world.Apply(c.Now, core.DeleteCluster{ClusterID: live.ID}, c.Outcome); err != nil {
		e, _ := refused(err)
		return nil, e.in(rec.name, "")
	}
	return clusterResponse{s.clusterObject(live, rec)}, nil
}

// must applies a command that cannot be refused.
func (s *Server) must(c *call, cmd core.Command) *apiError {
	if _, err := s.world.Apply(c.Now, cmd, core.Outcome{}); err != nil {
		e, _ := refused(err)
		return e
	}
	return nil
}

// running returns the id of the update of the cluster itself that came last.
func (rec *clusterRecord) running() string {
	for _, u := range slices.Backward(rec.updates) {
		if u.nodegroup == "" {
			return u.id
		}
	}
	return ""
}
