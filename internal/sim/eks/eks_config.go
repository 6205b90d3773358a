// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// updateConfigRequest changes one thing of a cluster.
type updateConfigRequest struct {
	ResourcesVpcConfig *vpcConfigRequest    `json:"resourcesVpcConfig"`
	Logging            *loggingObject       `json:"logging"`
	UpgradePolicy      *upgradePolicyObject `json:"upgradePolicy"`
	DeletionProtection *bool                `json:"deletionProtection"`
	tokened
	AccessConfig              absent `json:"accessConfig" sim:"no"`
	ComputeConfig             absent `json:"computeConfig" sim:"no"`
	ControlPlaneScalingConfig absent `json:"controlPlaneScalingConfig" sim:"no"`
	KubeAPIServerConfig       absent `json:"kubeApiServerConfig" sim:"no"`
	KubeControllerConfig      absent `json:"kubeControllerManagerConfig" sim:"no"`
	KubeSchedulerConfig       absent `json:"kubeSchedulerConfig" sim:"no"`
	NetworkConfig             absent `json:"kubernetesNetworkConfig" sim:"no"`
	RemoteNetworkConfig       absent `json:"remoteNetworkConfig" sim:"no"`
	StorageConfig             absent `json:"storageConfig" sim:"no"`
	ZonalShiftConfig          absent `json:"zonalShiftConfig" sim:"no"`
}

// configChange is what an update of the configuration does when it has succeeded.
type configChange struct {
	kind   string
	params []updateParam
	apply  func(at time.Time)
}

func (s *Server) updateClusterConfig(c *call, in *updateConfigRequest) (*made, *apiError) {
	rec, e := s.current(c.labels["name"])
	if e != nil {
		return nil, e
	}
	changes, e := s.configChanges(rec, in)
	switch {
	case e != nil:
		return nil, e.in(rec.name, "")
	case len(changes) != 1:
		return nil, invalidParameter("One type of update is allowed, and one is needed; got %d", len(changes)).in(rec.name, "")
	case rec.live.State != profile.Active:
		return nil, inUse("Cannot update because cluster %s is not ACTIVE, or has an update in progress", rec.name).in(rec.name, "")
	}
	change := changes[0]
	c.Outcome.Effect = func(end core.OperationRecord) {
		if end.Failure == "" {
			change.apply(end.End)
		}
	}
	took := time.Duration(float64(s.world.Profile().Typical(profile.UpdateCluster)) * s.scale)
	result, err := s.world.Apply(c.Now, core.Work{ClusterID: rec.live.ID, Took: took}, c.Outcome)
	if err != nil {
		e, _ := refused(err)
		return nil, e.in(rec.name, "")
	}
	return &made{cluster: rec, update: s.newUpdate(c, rec, result.Operation, change.kind, "", change.params)}, nil
}

// configChanges checks a request and says what it is to change.
func (s *Server) configChanges(rec *clusterRecord, in *updateConfigRequest) (changes []configChange, e *apiError) {
	if on := in.DeletionProtection; on != nil {
		changes = append(changes, configChange{"DeletionProtectionUpdate", []updateParam{{"DeletionProtection", strconv.FormatBool(*on)}}, func(at time.Time) {
			// It is there, and so is not refused.
			_, _ = s.world.Apply(at, core.SetProtection{ClusterID: rec.live.ID, On: *on}, core.Outcome{})
		}})
	}
	if l := in.Logging; l != nil {
		if e := checkLogging(l); e != nil {
			return nil, e
		}
		changes = append(changes, configChange{"LoggingUpdate", []updateParam{{"ClusterLogging", "{}"}}, func(time.Time) { rec.logging = *l }})
	}
	if p := in.UpgradePolicy; p != nil {
		if e := oneOf("supportType", p.SupportType, "EXTENDED", "STANDARD"); e != nil {
			return nil, e
		}
		changes = append(changes, configChange{"UpgradePolicyUpdate", []updateParam{{"UpgradePolicy", p.SupportType}}, func(time.Time) {
			rec.supportType = p.SupportType
		}})
	}
	if v := in.ResourcesVpcConfig; v != nil {
		change, e := rec.endpointChange(v)
		if e != nil {
			return nil, e
		}
		changes = append(changes, change)
	}
	return changes, nil
}

// endpointChange changes how the endpoint is reached; to change subnets and security
// groups is not simulated.
func (rec *clusterRecord) endpointChange(v *vpcConfigRequest) (change configChange, e *apiError) {
	public, private, cidrs := rec.public, rec.private, rec.publicCIDRs
	var params []updateParam
	if v.EndpointPublicAccess != nil {
		public = *v.EndpointPublicAccess
		params = append(params, updateParam{"EndpointPublicAccess", strconv.FormatBool(public)})
	}
	if v.EndpointPrivateAccess != nil {
		private = *v.EndpointPrivateAccess
		params = append(params, updateParam{"EndpointPrivateAccess", strconv.FormatBool(private)})
	}
	if len(v.PublicAccessCIDRs) > 0 {
		cidrs = v.PublicAccessCIDRs
		params = append(params, updateParam{"PublicAccessCidrs", strings.Join(cidrs, ",")})
	}
	switch {
	case len(v.SubnetIDs) > 0 || len(v.SecurityGroupIDs) > 0:
		return change, notSimulated("UpdateClusterConfig of subnets and security groups")
	case !public && !private:
		return change, invalidParameter("Private and public endpoint access cannot be false")
	case public == rec.public && private == rec.private && len(v.PublicAccessCIDRs) == 0:
		return change, invalidParameter("Cluster is already at the desired configuration")
	}
	for _, cidr := range v.PublicAccessCIDRs {
		if _, err := netip.ParsePrefix(cidr); err != nil {
			return change, invalidParameter("The following CIDRs are invalid in publicAccessCidrs: [%s]", cidr)
		}
	}
	return configChange{"EndpointAccessUpdate", params, func(time.Time) { rec.public, rec.private, rec.publicCIDRs = public, private, cidrs }}, nil
}
