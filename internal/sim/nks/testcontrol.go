// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// noReason stands for a reason that a test does not give.
const noReason = "no reason given"

// named finds a cluster of the first project by its name or uuid.
func (s *Server) named(name string) (*clusterRecord, error) {
	p := s.projects[s.order[0]]
	p.world.Advance(s.Now())
	for _, rec := range p.clusters {
		if rec.live.State != profile.Gone && (rec.live.Name == name || rec.live.ID == name) {
			return rec, nil
		}
	}
	return nil, fmt.Errorf("nks: there is no cluster %q", name)
}

// namedGroup finds a node group of it.
func (s *Server) namedGroup(cluster, group string) (*clusterRecord, *groupRecord, error) {
	rec, err := s.named(cluster)
	if err != nil {
		return nil, nil, err
	}
	if _, own, e := rec.group(rec.live, group); e == nil {
		return rec, own, nil
	}
	return nil, nil, fmt.Errorf("nks: cluster %q has no node group %q", cluster, group)
}

// Force puts a cluster, or a node group of it, into a state, whatever it was doing. A
// state in transition stays until it is forced again or deleted; Gone removes. Reads show
// it at once. NKS has
// no words for degraded and stopped: they are UPDATE_FAILED.
func (s *Server) Force(cluster, group string, state profile.State, reason string) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	rec, err := s.named(cluster)
	if err != nil {
		return err
	}
	if group == "" {
		rec.failed, rec.renewal = "", false
		if state == profile.UpdateFailed || state == profile.Degraded || state == profile.Stopped {
			state, rec.failed, rec.kind = profile.Active, cmp.Or(reason, noReason), "UPDATE"
		}
	}
	cmd := core.Force{ClusterID: rec.live.ID, State: state, Reason: reason, AtOnce: true}
	if group == "" && !inTransit(state) {
		// What a group was doing is over too, as it would show on the cluster.
		for _, g := range rec.live.Groups {
			if g.State == profile.Updating {
				_, _ = rec.project.world.Apply(s.Now(), core.Force{ClusterID: rec.live.ID, GroupID: g.ID, State: profile.Active, AtOnce: true}, core.Outcome{})
			}
		}
	}
	if group != "" {
		g, _, e := rec.group(rec.live, group)
		if e != nil {
			return fmt.Errorf("nks: %s", e.message)
		}
		cmd.GroupID = g.ID
	}
	_, err = rec.project.world.Apply(s.Now(), cmd, core.Outcome{})
	return err
}

// Show makes a cluster, or a node group of it, show a status whatever it is in, such as
// one that no document knows; "" ends that.
func (s *Server) Show(cluster, group, status string) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	if group == "" {
		rec, err := s.named(cluster)
		if err == nil {
			rec.shown = status
		}
		return err
	}
	_, own, err := s.namedGroup(cluster, group)
	if err == nil {
		own.shown = status
	}
	return err
}

// Deny takes a service such as "compute", or an operation such as "autoscale.get", from
// everybody; the returned function gives it back.
func (s *Server) Deny(what string) (allow func()) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.denied = append(s.denied, what)
	return func() {
		s.Mu.Lock()
		defer s.Mu.Unlock()
		if i := slices.Index(s.denied, what); i >= 0 {
			s.denied = slices.Delete(s.denied, i, i+1)
		}
	}
}

// SetPassword changes the API password of a user, which ends all tokens of the user.
func (s *Server) SetPassword(user, password string) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	i := slices.IndexFunc(s.users, func(u User) bool { return u.Name == user })
	if i < 0 {
		return fmt.Errorf("nks: there is no user %q", user)
	}
	s.users[i].Password = password
	for text, t := range s.tokens {
		if t.user == user {
			delete(s.tokens, text)
		}
	}
	return nil
}

// RevokeTokens ends every token.
func (s *Server) RevokeTokens() {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	clear(s.tokens)
}

// StopNodes stops so many nodes of a node group, and starts the others.
func (s *Server) StopNodes(cluster, group string, n int) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	_, own, err := s.namedGroup(cluster, group)
	if err == nil {
		own.stopped = n
	}
	return err
}

// SetMetricAutoscaler switches the autoscaler by metrics of a node group.
func (s *Server) SetMetricAutoscaler(cluster, group string, on bool) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	_, own, err := s.namedGroup(cluster, group)
	if err == nil {
		own.mba = on
	}
	return err
}

// SetKubeconfig replaces the kubeconfig of a cluster, such as by a text that is none;
// "" brings its own back.
func (s *Server) SetKubeconfig(cluster, text string) error {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	rec, err := s.named(cluster)
	if err == nil {
		rec.config = text
	}
	return err
}
