// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/kubeapi"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// kubernetes says what is behind the endpoints of clusters, which go by their uids.
func (s *Server) kubernetes(mode kubeapi.Mode) simkit.Kubernetes {
	o := simkit.Kubernetes{
		Mode: mode, Provider: "gcp", Next: s.NextEvent,
		Cluster: func(uid string, _ time.Time) *core.Cluster {
			if rec := s.byUID(uid); rec != nil {
				return rec.live
			}
			return nil
		},
		Nodes: s.kubernetesNodes,
		Authority: func(uid string) (simkit.Authority, error) {
			if rec := s.byUID(uid); rec != nil {
				return rec.authority, nil
			}
			return simkit.Authority{}, errors.New("gke: the cluster is gone")
		},
		Token: s.kubernetesToken,
	}
	for _, l := range s.locations {
		o.Worlds = append(o.Worlds, l.world)
	}
	return o
}

func (s *Server) byUID(uid string) *clusterRecord {
	for _, l := range s.locations {
		if rec := l.byUID[uid]; rec != nil {
			return rec
		}
	}
	return nil
}

// kubernetesNodes are the instances of the groups of all pools.
func (s *Server) kubernetesNodes(uid string, c *core.Cluster, now time.Time) []kubeapi.Machine {
	rec := s.byUID(uid)
	versions := map[string]string{}
	for _, g := range c.Groups {
		versions[g.Name] = g.Version
	}
	var list []kubeapi.Machine
	for key, m := range s.groups {
		pool := m.pool.base.GetName()
		if m.rec != rec || rec.pools[pool] != m.pool {
			continue
		}
		for _, instance := range m.instances(now) {
			list = append(list, kubeapi.Machine{
				ID: instance.name, Account: s.project, Region: s.region, Zone: key.zone, Cluster: c.Name, ClusterID: uid, Group: pool,
				InstanceType: m.pool.base.GetConfig().GetMachineType(), Version: versions[pool], Labels: m.pool.base.GetConfig().GetLabels(),
			})
		}
	}
	slices.SortFunc(list, func(a, b kubeapi.Machine) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// kubernetesToken takes an access token of Google as GKE does: whoever may use the
// whole platform, or sees to be who they are.
func (s *Server) kubernetesToken(_, token string, now time.Time) (kubeapi.User, bool) {
	t, ok := s.tokens[token]
	if !ok || !t.Expires.IsZero() && !now.Before(t.Expires) {
		return kubeapi.User{}, false
	}
	if len(t.Scopes) > 0 && !slices.Contains(t.Scopes, scopePlatform) {
		return kubeapi.User{}, false
	}
	return kubeapi.User{Name: t.Email}, true
}
