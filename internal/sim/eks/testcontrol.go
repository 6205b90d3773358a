// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"fmt"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// Force puts a cluster, or a node group of it, into a state, whatever it was
// doing. A state in transition stays until it is forced again or deleted; Gone
// removes. The reason may be "HealthCode: message [id, id]".
func (s *Server) Force(cluster, nodegroup string, state profile.State, reason string) error {
	return s.on(cluster, func(now time.Time, rec *clusterRecord) error {
		return simkit.Force(s.world, now, rec.live, nodegroup, state, reason)
	})
}

// Protect switches the deletion protection of a cluster.
func (s *Server) Protect(cluster string, on bool) error {
	return s.on(cluster, func(now time.Time, rec *clusterRecord) error { return simkit.Protect(s.world, now, rec.live, on) })
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
	return s.onGroup(cluster, nodegroup, func(own *groupRecord) { own.again = times })
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
	return s.on(cluster, func(_ time.Time, rec *clusterRecord) error {
		rec.certificate = data
		return nil
	})
}

// Show lets a cluster, or a node group of it, show a status whatever it is in, such
// as one that no document knows; "" ends that.
func (s *Server) Show(cluster, nodegroup, status string) error {
	if nodegroup != "" {
		return s.onGroup(cluster, nodegroup, func(own *groupRecord) { own.shown = status })
	}
	return s.on(cluster, func(_ time.Time, rec *clusterRecord) error {
		rec.shown = status
		return nil
	})
}

// on does something to a cluster.
func (s *Server) on(cluster string, do func(now time.Time, rec *clusterRecord) error) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	now := s.Now()
	s.world.Advance(now)
	rec, e := s.current(cluster)
	if e != nil {
		return fmt.Errorf("eks: %s", e.message)
	}
	return do(now, rec)
}

// onGroup does something to a node group.
func (s *Server) onGroup(cluster, nodegroup string, do func(*groupRecord)) error {
	return s.on(cluster, func(_ time.Time, rec *clusterRecord) error {
		if _, ok := rec.live.GroupByName(nodegroup); !ok {
			return fmt.Errorf("eks: cluster %q has no node group %q", cluster, nodegroup)
		}
		do(rec.groups[nodegroup])
		return nil
	})
}

// AttachFargateProfile gives a cluster a Fargate profile, which keeps it from being
// deleted.
func (s *Server) AttachFargateProfile(cluster, name string) error {
	return s.on(cluster, func(_ time.Time, rec *clusterRecord) error {
		s.attachProfile(rec, name)
		return nil
	})
}
