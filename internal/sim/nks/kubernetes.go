// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"errors"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/kubeapi"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// kubernetes says what is behind the addresses of clusters: who comes with the client
// certificate of the kubeconfig gets in, until it is renewed. NKS has no bearer tokens.
func (s *Server) kubernetes(mode kubeapi.Mode) simkit.Kubernetes {
	o := simkit.Kubernetes{
		Mode: mode, Provider: "nhn", Next: s.NextEvent,
		Cluster: func(id string, _ time.Time) *core.Cluster {
			if rec := s.recordOf(id); rec != nil {
				return rec.live
			}
			return nil
		},
		Nodes: s.kubernetesNodes,
		Authority: func(id string) (simkit.Authority, error) {
			if rec := s.recordOf(id); rec != nil {
				return s.authority(id, rec)
			}
			return simkit.Authority{}, errors.New("nks: the cluster is gone")
		},
	}
	for _, id := range s.order {
		o.Worlds = append(o.Worlds, s.projects[id].world)
	}
	return o
}

// recordOf finds a cluster in any project.
func (s *Server) recordOf(id string) *clusterRecord {
	for _, p := range s.projects {
		if rec := p.clusters[id]; rec != nil {
			return rec
		}
	}
	return nil
}

func (s *Server) kubernetesNodes(id string, c *core.Cluster, _ time.Time) []kubeapi.Machine {
	rec := s.recordOf(id)
	var list []kubeapi.Machine
	seen := map[string]int{}
	for _, m := range simkit.Machines(c, s.region) {
		own := rec.groups[m.GroupID]
		if own == nil {
			continue
		}
		m.Account, m.InternalIP = rec.project.id, rec.project.address(rec.request.FixedSubnet, m.ID)
		if m.Zone = labels(own.labels).text("availability_zone"); m.Zone == "" && len(rec.project.resources.Zones) > 0 {
			m.Zone = rec.project.resources.Zones[0]
		}
		if m.InstanceType = own.flavor; seen[m.GroupID] < own.stopped {
			m.NotReady = "Kubelet stopped posting node status."
		}
		seen[m.GroupID]++
		m.Labels = own.labelsOf(m.ID)
		list = append(list, m)
	}
	return list
}
