// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"fmt"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Put adds a ready-made cluster, as if it had been made long ago. A network that
// is not given is that of the account's first VPC.
func (s *Server) Put(seed core.Seed) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	now := s.Now()
	uid := s.Random.UUID()
	seed.Attr = map[string]string{attrUID: uid}
	if seed.Network.VpcIID.IsZero() && len(s.resources.VPCs) > 0 {
		vpc := s.resources.VPCs[0].ID
		var subnets []string
		for _, subnet := range s.resources.Subnets {
			if subnet.VPC == vpc {
				subnets = append(subnets, subnet.ID)
			}
		}
		seed.Network = network(vpc, subnets, nil)
	}
	live, err := s.world.Put(now, seed)
	if err != nil {
		return err
	}
	in := createClusterRequest{RoleARN: s.roleARN(&Role{Name: DefaultClusterRole}), ResourcesVpcConfig: &vpcConfigRequest{}}
	in.AccessConfig.AuthenticationMode = "API_AND_CONFIG_MAP"
	rec := s.newRecord(uid, in, live)
	for _, g := range live.Groups {
		kind := orElse(g.Spec.VMSpecName, "t3.medium")
		s.newGroup(now, rec, &createNodegroupRequest{
			NodegroupName: g.Name,
			NodeRole:      s.roleARN(&Role{Name: DefaultNodeRole}),
			Subnets:       systemIDs(live.Network.SubnetIIDs),
		}, nodegroupPlan{
			amiType:       s.amiTypeOf(kind),
			instanceTypes: []string{kind},
			diskSize:      new(int32(20)),
		})
	}
	return nil
}

func (s *Server) amiTypeOf(instanceType string) string {
	if kind, ok := s.resources.instanceType(instanceType); ok && kind.Architectures[0] == archARM {
		return "AL2023_ARM_64_STANDARD"
	}
	return "AL2023_x86_64_STANDARD"
}

// Force puts a cluster, or a node group of it, into a state, whatever it was
// doing. A state in transition stays until it is forced again or deleted; Gone
// removes. The reason may be "HealthCode: message".
func (s *Server) Force(cluster, nodegroup string, state profile.State, reason string) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	now := s.Now()
	s.world.Advance(now)
	rec, e := s.truth(cluster)
	if e != nil {
		return fmt.Errorf("eks: %s", e.message)
	}
	return simkit.Force(s.world, now, rec.live, nodegroup, state, reason)
}

// Protect switches the deletion protection of a cluster.
func (s *Server) Protect(cluster string, on bool) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	now := s.Now()
	s.world.Advance(now)
	rec, e := s.truth(cluster)
	if e != nil {
		return fmt.Errorf("eks: %s", e.message)
	}
	return simkit.Protect(s.world, now, rec.live, on)
}

// Templates returns the names of the launch templates there are.
func (s *Server) Templates() []string {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	var names []string
	for _, t := range s.templates {
		names = append(names, t.name)
	}
	return names
}
