// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"errors"
	"hash/fnv"
	"maps"
	"slices"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/kubeapi"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// kubernetes says what is behind the endpoints of clusters, which go by the uids of
// their records.
func (s *Server) kubernetes(mode kubeapi.Mode) simkit.Kubernetes {
	return simkit.Kubernetes{
		Mode: mode, Provider: "aws", Worlds: []*core.World{s.world}, Next: s.NextEvent,
		Cluster: func(uid string, _ time.Time) *core.Cluster {
			if rec := s.clusters[uid]; rec != nil {
				return rec.live
			}
			return nil
		},
		Nodes: s.kubernetesNodes,
		Authority: func(uid string) (simkit.Authority, error) {
			if rec := s.clusters[uid]; rec != nil {
				return rec.authority, nil
			}
			return simkit.Authority{}, errors.New("eks: the cluster is gone")
		},
		Token: s.kubernetesToken,
	}
}

func (s *Server) kubernetesNodes(uid string, c *core.Cluster, _ time.Time) []kubeapi.Machine {
	machines := simkit.Machines(c, s.region)
	for i := range machines {
		m := &machines[i]
		m.Account = s.account
		own := s.clusters[uid].groups[m.Group]
		if own == nil {
			continue
		}
		m.Labels = map[string]string{"eks.amazonaws.com/capacityType": own.capacityType}
		maps.Copy(m.Labels, own.labels)
		for _, t := range own.taints {
			m.Taints = append(m.Taints, kubeapi.Taint{Key: t.Key, Value: t.Value, Effect: effectWord(t.Effect)})
		}
		if len(own.instanceTypes) > 0 {
			m.InstanceType = own.instanceTypes[0]
		}
		// A machine is in one of the subnets of its group.
		sum := fnv.New32a()
		_, _ = sum.Write([]byte(m.ID)) // a hash takes everything
		if n := len(own.subnets); n > 0 {
			id := own.subnets[int(sum.Sum32()%uint32(n))] //nolint:gosec // a handful
			if sub := slices.IndexFunc(s.resources.Subnets, func(sub Subnet) bool { return sub.ID == id }); sub >= 0 {
				m.Zone = s.resources.Subnets[sub].Zone
			}
		}
	}
	return machines
}

// effectWord is Kubernetes' word for the effect of a taint.
func effectWord(effect string) string {
	for word, own := range effectTable {
		if own == effect {
			return string(word)
		}
	}
	return effect
}

// kubernetesToken says whose a token is.
func (s *Server) kubernetesToken(uid, token string, now time.Time) (kubeapi.User, bool) {
	rec := s.clusters[uid]
	if rec == nil {
		return kubeapi.User{}, false
	}
	who, err := s.verifyToken(token, rec.name, now)
	return kubeapi.User{
		Name: who.arn, UID: "aws-iam-authenticator:" + s.account + ":" + who.userID,
		Extra: map[string][]string{"arn": {who.arn}, "canonicalArn": {who.arn}, "accessKeyId": {who.accessKey}, "principalId": {who.userID}},
	}, err == nil
}
