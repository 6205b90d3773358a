// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"cmp"
	"strconv"
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

// kinds counts the kinds of changes: subnets, security groups and the access to the
// endpoint are three, though they come in one member.
func (in *updateConfigRequest) kinds() (n int) {
	v := cmp.Or(in.ResourcesVpcConfig, &vpcConfigRequest{})
	for _, asked := range []bool{
		in.DeletionProtection != nil, in.Logging != nil, in.UpgradePolicy != nil, v.SubnetIDs != nil, v.SecurityGroupIDs != nil,
		v.EndpointPublicAccess != nil || v.EndpointPrivateAccess != nil || v.PublicAccessCIDRs != nil,
	} {
		if asked {
			n++
		}
	}
	return n
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
	if in.kinds() > 1 {
		return nil, invalidParameter("Only one type of update can be allowed.").in(rec.name, "")
	}
	changes, e := s.configChanges(rec, in)
	switch {
	case e != nil:
		return nil, e.in(rec.name, "")
	case len(changes) == 0:
		return nil, invalidParameter("No changes needed for cluster %s", rec.name).in(rec.name, "")
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
		change, e := s.endpointChange(rec, v)
		if e != nil {
			return nil, e
		}
		changes = append(changes, change)
	}
	return changes, nil
}
