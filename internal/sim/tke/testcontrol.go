// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// byName finds a cluster by its name or its id; the newest of several.
func (s *Server) byName(name string) (*clusterRecord, error) {
	s.world.Advance(s.Now())
	if rec, ok := s.clusters[name]; ok && rec.live.State != profile.Gone {
		return rec, nil
	}
	var found *clusterRecord
	for _, id := range slices.Sorted(maps.Keys(s.clusters)) {
		if rec := s.clusters[id]; rec.live.Name == name && rec.live.State != profile.Gone && (found == nil || !rec.live.Created.Before(found.live.Created)) {
			found = rec
		}
	}
	if found == nil {
		return nil, fmt.Errorf("tke: there is no cluster %q", name)
	}
	return found, nil
}

// poolByName finds a node pool of a cluster by its name or its id.
func (rec *clusterRecord) poolByName(name string) (*core.NodeGroup, *poolRecord, error) {
	for _, g := range rec.live.Groups {
		if known := rec.pools[g.ID]; known.name == name || known.id == name {
			return g, known, nil
		}
	}
	return nil, nil, fmt.Errorf("tke: the cluster %q has no node pool %q", rec.live.Name, name)
}

// Force puts a cluster, or a node pool of it, into a state, whatever it was doing. A
// state in transition stays until it is forced again or deleted; Gone removes. The
// reason may be "Code: message". A cluster that has failed is Abnormal, with the reason
// in a task. A node pool that has failed is normal, has too few nodes, and has the reason
// in its last activity.
func (s *Server) Force(cluster, nodepool string, state profile.State, reason string) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	rec, err := s.byName(cluster)
	if err != nil {
		return err
	}
	now := s.Now()
	_, final := state.Portable()
	failed := state == profile.Degraded || final && state != profile.Gone
	if nodepool == "" {
		if err := simkit.Force(s.world, now, rec.live, "", state, reason); err != nil {
			return err
		}
		if failed && final && reason != "" {
			kind := taskCreate
			if state == profile.DeleteFailed {
				kind = taskDelete
			}
			task := s.newTask(now, kind, rec)
			task.finish(core.OperationRecord{End: now, Failure: reason})
			rec.tasks = append(rec.tasks, task)
		}
		return nil
	}
	g, known, err := rec.poolByName(nodepool)
	if err != nil {
		return err
	}
	inCore := state
	if failed {
		inCore = profile.Active // TKE has no other word
	}
	if err := simkit.Force(s.world, now, rec.live, g.Name, inCore, reason); err != nil {
		return err
	}
	switch {
	case failed:
		s.breakPool(now, rec, known, state, reason)
	case state == profile.Active:
		s.adopt(rec, known, now, 0)
	}
	return nil
}

// breakPool takes nodes from a node pool that is to have failed.
func (s *Server) breakPool(now time.Time, rec *clusterRecord, known *poolRecord, state profile.State, reason string) {
	s.adopt(rec, known, now, 0)
	known.sweep(now)
	ids := slices.Sorted(maps.Keys(known.nodes))
	if state != profile.CreateFailed && len(ids) > 0 {
		ids = ids[:1]
	}
	kind := scaleOut
	if state == profile.DeleteFailed {
		kind, ids = scaleIn, nil
	}
	for _, id := range ids {
		delete(known.nodes, id)
	}
	if reason == "" {
		reason = "InternalError: no reason given"
	}
	s.failActivity(now, known, s.newActivity(now, known, kind), reason)
}

// Protect switches the deletion protection of a cluster.
func (s *Server) Protect(cluster string, on bool) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	rec, err := s.byName(cluster)
	if err != nil {
		return err
	}
	return simkit.Protect(s.world, s.Now(), rec.live, on)
}

// ProtectPool switches the deletion protection of a node pool, ProtectNodes that of its
// CVMs.
func (s *Server) ProtectPool(cluster, nodepool string, on bool) error {
	return s.onPool(cluster, nodepool, func(known *poolRecord) { known.protected = on })
}

// ProtectNodes switches whether the CVMs of a node pool may be terminated.
func (s *Server) ProtectNodes(cluster, nodepool string, on bool) error {
	return s.onPool(cluster, nodepool, func(known *poolRecord) {
		for _, n := range known.nodes {
			n.protected = on
		}
	})
}

// FailNodes lets the nodes of a node pool be failed, with a reason; empty heals them.
func (s *Server) FailNodes(cluster, nodepool, reason string) error {
	return s.onPool(cluster, nodepool, func(known *poolRecord) {
		for _, n := range known.nodes {
			n.failed = reason
		}
	})
}

func (s *Server) onPool(cluster, nodepool string, do func(*poolRecord)) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	rec, err := s.byName(cluster)
	if err != nil {
		return err
	}
	_, known, err := rec.poolByName(nodepool)
	if err == nil {
		do(known)
	}
	return err
}

// Show lets a cluster, or a node pool of it, show a state whatever it is in, such as
// one that no document knows; "" ends that.
func (s *Server) Show(cluster, nodepool, state string) error {
	if nodepool != "" {
		return s.onPool(cluster, nodepool, func(known *poolRecord) { known.shown = state })
	}
	s.Mu.Lock()
	defer s.Mu.Unlock()
	rec, err := s.byName(cluster)
	if err == nil {
		rec.shown = state
	}
	return err
}

// Deny lets the policies forbid an action, such as "tke:DescribeClusterInstances" or
// "as:DescribeLaunchConfigurations"; the returned function allows it again.
func (s *Server) Deny(action string) (allow func()) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.denied = append(s.denied, action)
	return func() {
		s.Mu.Lock()
		defer s.Mu.Unlock()
		if i := slices.Index(s.denied, action); i >= 0 {
			s.denied = slices.Delete(s.denied, i, i+1)
		}
	}
}

// Alter changes what every success of an action answers, as decoded from JSON, without
// its envelope: a number as a text, null in a list, a member that is missing or that
// nobody knows. Nil ends it.
func (s *Server) Alter(op string, change func(any) any) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.alter[op] = change
}

// Nulls switches whether every member that the vendor marks as one that can be null is.
func (s *Server) Nulls(on bool) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.nulls = on
}

// nullable lists the members of answers that the vendor marks so.
var nullable = []string{
	"Annotations", "BandwidthPackageId", "CamRoleName", "ClusterCategory", "ClusterExternalACL", "DataDisks", "DesiredPodNumber", "DockerGraphPath", "ExtraArgs",
	"GPUArgs", "HostName", "HostNameStyle", "HostNameSuffix", "InstanceMarketOptions", "InstanceNameSuffix", "InternetChargeType", "InternetMaxBandwidthOut",
	"LanIP", "MountTarget", "Param", "PreStartUserScript", "PublicIpAddresses", "PublicIpAssigned", "RuntimeConfig", "Subnets", "TagSpecification", "Tags",
	"UnavailableVersionReason", "UserData", "UserScript",
}

// setNulls sets them to null, wherever they are.
func setNulls(v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if slices.Contains(nullable, name) {
				v[name] = nil
			} else {
				setNulls(inner)
			}
		}
	case []any:
		for _, inner := range v {
			setNulls(inner)
		}
	}
}
