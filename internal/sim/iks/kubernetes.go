// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/kubeapi"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// kubernetes says what is behind the endpoints of clusters: more than the ConfigMap of
// the autoscaler, which is there without it too.
func (s *Server) kubernetes(mode kubeapi.Mode) simkit.Kubernetes {
	return simkit.Kubernetes{
		Mode: mode, Provider: "ibm", Worlds: []*core.World{s.world}, Next: s.kubernetesNext,
		Cluster: func(id string, _ time.Time) *core.Cluster {
			if rec := s.clusters[id]; rec != nil {
				return rec.live
			}
			return nil
		},
		Up: func(_ string, c *core.Cluster, now time.Time) bool { return s.masterUp(c, now) },
		Nodes: func(id string, c *core.Cluster, now time.Time) []kubeapi.Machine {
			return s.kubernetesNodes(s.clusters[id], c, now)
		},
		ConfigMaps: func(id string) []kubeapi.ConfigMap {
			m := s.clusters[id].config
			if m == nil {
				return nil
			}
			return []kubeapi.ConfigMap{{
				Namespace: m.Metadata.Namespace, Name: m.Metadata.Name, Labels: maps.Clone(m.Metadata.Labels), Annotations: maps.Clone(m.Metadata.Annotations),
				Data: maps.Clone(m.Data),
			}}
		},
		WriteConfigMap: func(id string, m kubeapi.ConfigMap, now time.Time) error {
			rec := s.clusters[id]
			if rec == nil || rec.config == nil {
				return errors.New("iks: the ConfigMap is gone")
			}
			in := configMap{Metadata: configMetadata{Labels: m.Labels, Annotations: m.Annotations}, Data: m.Data}
			return s.keepConfigMap(now, core.Outcome{}, rec, &in)
		},
		Authority: func(id string) (simkit.Authority, error) {
			if rec := s.clusters[id]; rec != nil {
				return rec.authority, nil
			}
			return simkit.Authority{}, errors.New("iks: the cluster is gone")
		},
		Token: s.kubernetesToken,
	}
}

// kubernetesToken takes what authenticateKube takes: an id_token of IAM for clusters,
// whose holder has rights once they were brought into the cluster, or the token of the
// administrator.
func (s *Server) kubernetesToken(id, token string, now time.Time) (kubeapi.User, bool) {
	rec := s.clusters[id]
	of, valid := s.readToken(token)
	switch {
	case rec == nil || !valid || !now.Before(time.Unix(of.Expires, 0)):
		return kubeapi.User{}, false
	case of.Audience == "admin":
		return kubeapi.User{Name: "admin", Groups: []string{"system:masters"}}, of.Subject == rec.id && s.assume.AdminToken
	case of.Audience != clientKube || of.Account.BSS != s.account:
		return kubeapi.User{}, false
	}
	at, known := rec.synced[of.identity().id]
	return kubeapi.User{Name: "IAM#" + of.Subject, NoRights: !known || now.Before(at)}, true
}

// kubernetesNodes are the workers that have joined and are not gone.
func (s *Server) kubernetesNodes(rec *clusterRecord, c *core.Cluster, now time.Time) []kubeapi.Machine {
	var list []kubeapi.Machine
	for _, w := range rec.workers {
		p := rec.pools[w.pool]
		switch w.state(now) {
		case workerDeployed, workerDeleting:
		default:
			continue
		}
		if p == nil || w.ready.IsZero() || now.Before(w.ready) {
			continue
		}
		m := kubeapi.Machine{
			ID: w.id, Account: s.account, Region: rec.region, Zone: w.zone, Cluster: rec.name, ClusterID: rec.id, Group: p.name, GroupID: p.id,
			InstanceType: p.flavor, Version: w.version, Labels: p.labels, Taints: p.nodeTaints(), InternalIP: w.ip, Created: w.ready,
		}
		if healthOf(c, w, now) == healthCritical {
			m.NotReady = "Kubelet stopped posting node status."
		}
		list = append(list, m)
	}
	return list
}

// nodeTaints are the taints of a pool as its nodes have them, in the order of their keys.
func (p *poolRecord) nodeTaints() []kubeapi.Taint {
	var list []kubeapi.Taint
	for _, key := range slices.Sorted(maps.Keys(p.taints)) {
		value, effect, _ := strings.Cut(p.taints[key], ":")
		list = append(list, kubeapi.Taint{Key: key, Value: value, Effect: effect})
	}
	return list
}

// kubernetesNext is when a worker comes or goes, too.
func (s *Server) kubernetesNext() (at time.Time, ok bool) {
	at, ok = s.NextEvent()
	s.Mu.Lock()
	defer s.Mu.Unlock()
	now := s.Now()
	for _, rec := range s.clusters {
		for _, w := range rec.workers {
			for _, when := range []time.Time{w.ready, w.left} {
				if when.After(now) && (!ok || when.Before(at)) {
					at, ok = when, true
				}
			}
		}
	}
	return at, ok
}
