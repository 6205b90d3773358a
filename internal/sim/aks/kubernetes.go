// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"errors"
	"net"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/kubeapi"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// kubernetes says what is behind the FQDNs of clusters, in every subscription. Clusters
// go by the uids of their records.
func (s *Server) kubernetes(mode kubeapi.Mode) simkit.Kubernetes {
	o := simkit.Kubernetes{
		Mode: mode, Provider: "azure", Next: s.NextEvent,
		Cluster: func(uid string, now time.Time) *core.Cluster {
			if in, rec := s.recordOf(uid); rec != nil {
				in.advance(now)
				return rec.live
			}
			return nil
		},
		Nodes: func(uid string, c *core.Cluster, now time.Time) []kubeapi.Machine {
			in, rec := s.recordOf(uid)
			return in.kubernetesNodes(rec, c, now)
		},
		Authority: func(uid string) (simkit.Authority, error) {
			if in, rec := s.recordOf(uid); rec != nil {
				return in.authority(rec)
			}
			return simkit.Authority{}, errors.New("aks: the cluster is gone")
		},
		Token: func(uid, token string, now time.Time) (kubeapi.User, bool) {
			in, rec := s.recordOf(uid)
			if rec == nil {
				return kubeapi.User{}, false
			}
			subject, err := in.verifyToken(token, rec, now)
			user := kubeapi.User{Name: subject}
			if subject == staticSubject {
				user.Groups = []string{"system:masters"}
			}
			return user, err == nil
		},
	}
	for _, id := range s.ids {
		o.Worlds = append(o.Worlds, s.servers[strings.ToLower(id)].world)
	}
	return o
}

// recordOf finds a cluster in any subscription.
func (s *Server) recordOf(uid string) (*Server, *clusterRecord) {
	for _, each := range s.servers {
		if rec := each.clusters[uid]; rec != nil {
			return each, rec
		}
	}
	return nil, nil
}

// authority is the cluster's own.
func (s *Server) authority(rec *clusterRecord) (simkit.Authority, error) {
	return s.NewAuthority("ca", rec.keyFor("ca"))
}

// serverHost is what a cluster shows in place of its FQDN: where its API server is,
// with the port unless that is the usual one.
func (s *Server) serverHost(rec *clusterRecord, fqdn string) string {
	given := "https://" + fqdn
	if url := s.KubernetesEndpoint(rec.uid, given); url != given {
		return strings.TrimPrefix(url, "https://")
	}
	return fqdn
}

// serverURL is the URL for what serverHost returns.
func serverURL(host string) string {
	if _, port, err := net.SplitHostPort(host); err == nil && port != "" {
		return "https://" + host
	}
	return "https://" + host + ":443"
}

func (s *Server) kubernetesNodes(rec *clusterRecord, c *core.Cluster, now time.Time) []kubeapi.Machine {
	at := &call{}
	at.Now = now
	var list []kubeapi.Machine
	for _, g := range rec.inOrder(c) {
		own := rec.pools[g.Name]
		for _, n := range s.machines(at, rec, g, own) {
			m := kubeapi.Machine{
				ID: s.machineID(rec, own, n), NodeName: machineName(rec, own, n), Account: s.subscription, Region: s.location, Cluster: rec.name, ClusterID: rec.uid,
				Group: own.name, GroupID: own.name, InstanceType: text(own.spec.VMSize), Version: g.Version, InternalIP: address(rec, own, n),
				Labels: map[string]string{"kubernetes.azure.com/cluster": rec.nodeGroup},
			}
			if zones := own.spec.AvailabilityZones; len(zones) > 0 {
				m.Zone = s.location + "-" + zones[n%len(zones)]
			}
			for key, value := range own.spec.NodeLabels {
				m.Labels[key] = value
			}
			list = append(list, m)
		}
	}
	return list
}
