// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"cmp"
	"errors"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/kubeapi"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// kubernetes says what is behind the endpoints of clusters: who comes with the client
// certificate of a kubeconfig gets in, while an endpoint is open. TKE has no bearer
// tokens.
func (s *Server) kubernetes(mode kubeapi.Mode) simkit.Kubernetes {
	return simkit.Kubernetes{
		Mode: mode, Provider: "tencent", Worlds: []*core.World{s.world}, Next: s.kubernetesNext,
		Cluster: func(id string, _ time.Time) *core.Cluster {
			if rec := s.clusters[id]; rec != nil {
				return rec.live
			}
			return nil
		},
		Up: func(id string, c *core.Cluster, _ time.Time) bool {
			rec := s.clusters[id]
			return c.ControlPlaneUp && c.State != profile.Stopped && (rec.public.reachable() || rec.private.reachable())
		},
		Nodes: s.kubernetesNodes,
		Authority: func(id string) (simkit.Authority, error) {
			if rec := s.clusters[id]; rec != nil {
				return rec.authority, nil
			}
			return simkit.Authority{}, errors.New("tke: the cluster is gone")
		},
	}
}

// kubernetesNodes are the nodes that run. Those that leave are there until they are gone.
func (s *Server) kubernetesNodes(id string, c *core.Cluster, now time.Time) []kubeapi.Machine {
	rec := s.clusters[id]
	var list []kubeapi.Machine
	for _, g := range c.Groups {
		known := rec.pools[g.ID]
		if known == nil {
			continue
		}
		for _, n := range known.nodesAt(now) {
			if n.state != nodeRunning {
				continue
			}
			m := kubeapi.Machine{
				ID: n.id, Account: s.account, Region: rec.region, Cluster: c.Name, ClusterID: rec.id, Group: known.name, GroupID: known.id,
				InstanceType: cmp.Or(known.launch.InstanceType, g.Spec.VMSpecName), Version: cmp.Or(n.version, c.Version), InternalIP: n.ip, Created: n.ready,
				Labels: map[string]string{},
			}
			if rec.nodeNames != "lan-ip" {
				m.NodeName = n.id
			}
			if v, ok := s.resources.subnet(n.subnet); ok {
				m.Zone = v.Zone
			}
			for _, label := range n.labels {
				m.Labels[label.Name] = *label.Value
			}
			list = append(list, m)
		}
	}
	return list
}

// kubernetesNext is when a node comes or goes, too.
func (s *Server) kubernetesNext() (at time.Time, ok bool) {
	at, ok = s.NextEvent()
	s.Mu.Lock()
	defer s.Mu.Unlock()
	now := s.Now()
	for _, rec := range s.clusters {
		for _, known := range rec.pools {
			for _, n := range known.nodes {
				for _, when := range []time.Time{n.ready, n.leaves} {
					if when.After(now) && (!ok || when.Before(at)) {
						at, ok = when, true
					}
				}
			}
		}
	}
	return at, ok
}
