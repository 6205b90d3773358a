// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"errors"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/kubeapi"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// kubernetes says what is behind the endpoints of clusters: who comes with a client
// certificate of DescribeClusterUserKubeconfig gets in, as long as it is good, and with a
// token where the add-on for them is installed.
func (s *Server) kubernetes(mode kubeapi.Mode) simkit.Kubernetes {
	return simkit.Kubernetes{
		Mode: mode, Provider: "alibaba", Worlds: []*core.World{s.world}, Next: s.kubernetesNext,
		Cluster: func(id string, _ time.Time) *core.Cluster {
			if rec := s.clusters[id]; rec != nil {
				return rec.live
			}
			return nil
		},
		Nodes: s.kubernetesNodes, Token: s.kubernetesToken,
		Authority: func(id string) (simkit.Authority, error) {
			if rec := s.clusters[id]; rec != nil {
				return rec.authority, nil
			}
			return simkit.Authority{}, errors.New("ack: the cluster is gone")
		},
	}
}

// kubernetesNodes are the machines that have joined: one that cannot reach the
// Internet never does.
func (s *Server) kubernetesNodes(id string, c *core.Cluster, now time.Time) []kubeapi.Machine {
	rec := s.clusters[id]
	var list []kubeapi.Machine
	for _, m := range simkit.Machines(c, rec.region) {
		known := rec.pools[m.GroupID]
		if known == nil || !rec.egress {
			continue
		}
		m.Account = s.account
		if len(known.spec.InstanceTypes) > 0 {
			m.InstanceType = known.spec.InstanceTypes[0]
		}
		if n := known.nodes[m.ID]; n != nil {
			if now.Before(n.created.Add(s.joinDelay)) {
				continue
			}
			m.InternalIP, m.Created, m.Labels = n.ip, n.created, tagMap(n.labels)
			if v, ok := s.resources.vswitch(n.vswitch); ok {
				m.Zone = v.Zone
			}
		}
		list = append(list, m)
	}
	return list
}

// kubernetesNext is when a machine joins, too.
func (s *Server) kubernetesNext() (at time.Time, ok bool) {
	at, ok = s.NextEvent()
	if s.joinDelay == 0 {
		return at, ok
	}
	s.Mu.Lock()
	defer s.Mu.Unlock()
	now := s.Now()
	for _, rec := range s.clusters {
		for _, known := range rec.pools {
			for _, n := range known.nodes {
				if joins := n.created.Add(s.joinDelay); joins.After(now) && (!ok || joins.Before(at)) {
					at, ok = joins, true
				}
			}
		}
	}
	return at, ok
}
