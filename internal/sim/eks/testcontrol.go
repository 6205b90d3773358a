// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"fmt"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Force puts a cluster, or a node group of it, into a state, whatever it was
// doing. A state in transition stays until it is forced again or deleted; Gone
// removes. The reason may be "HealthCode: message [id, id]".
func (s *Server) Force(cluster, nodegroup string, state profile.State, reason string) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	rec, err := s.named(cluster)
	if err != nil {
		return err
	}
	return simkit.Force(s.world, s.Now(), rec.live, nodegroup, state, reason)
}

// Protect switches the deletion protection of a cluster.
func (s *Server) Protect(cluster string, on bool) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	rec, err := s.named(cluster)
	if err != nil {
		return err
	}
	return simkit.Protect(s.world, s.Now(), rec.live, on)
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

// Recreate lets a controller make a node group again as soon as its deletion has
// ended, so many times.
func (s *Server) Recreate(cluster, nodegroup string, times int) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	own, err := s.namedGroup(cluster, nodegroup)
	if err == nil {
		own.again = times
	}
	return err
}

// recreate makes a node group again that its deletion has ended.
func (s *Server) recreate(rec *clusterRecord, spec pmks.NodeGroupInfo, old *groupRecord, end core.OperationRecord) {
	if end.Failure != "" || old.again == 0 || rec.live.State != profile.Active {
		return
	}
	if _, err := s.world.Apply(end.End, core.AddNodeGroup{ClusterID: rec.live.ID, Spec: spec}, core.Outcome{}); err != nil {
		return // another was faster
	}
	own := *old
	own.again--
	own.modified = end.End
	s.enroll(rec, &own)
}

// SetCertificate replaces what DescribeCluster shows as the certificate of a cluster's
// authority; "" leaves it out.
func (s *Server) SetCertificate(cluster, data string) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	rec, err := s.named(cluster)
	if err == nil {
		rec.certificate = data
	}
	return err
}

// Show lets a cluster, or a node group of it, show a status whatever it is in, such
// as one that no document knows; "" ends that.
func (s *Server) Show(cluster, nodegroup, status string) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	if nodegroup == "" {
		rec, err := s.named(cluster)
		if err == nil {
			rec.shown = status
		}
		return err
	}
	own, err := s.namedGroup(cluster, nodegroup)
	if err == nil {
		own.shown = status
	}
	return err
}

// named finds a cluster for the control of a test.
func (s *Server) named(cluster string) (*clusterRecord, error) {
	s.world.Advance(s.Now())
	rec, e := s.current(cluster)
	if e != nil {
		return nil, fmt.Errorf("eks: %s", e.message)
	}
	return rec, nil
}

func (s *Server) namedGroup(cluster, nodegroup string) (*groupRecord, error) {
	rec, err := s.named(cluster)
	if err != nil {
		return nil, err
	}
	if _, ok := rec.live.GroupByName(nodegroup); !ok {
		return nil, fmt.Errorf("eks: cluster %q has no node group %q", cluster, nodegroup)
	}
	return rec.groups[nodegroup], nil
}

// AttachFargateProfile gives a cluster a Fargate profile, which keeps it from being
// deleted.
func (s *Server) AttachFargateProfile(cluster, name string) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	rec, err := s.named(cluster)
	if err == nil {
		s.attachProfile(rec, name)
	}
	return err
}
