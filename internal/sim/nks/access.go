// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"net/http"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// getConfig writes the kubeconfig of a cluster: its user and its context have the
// same names in every cluster.
func (s *Server) getConfig(c *call) (*answer, *apiError) {
	shown, rec, e := s.view(c)
	switch {
	case e != nil:
		return nil, e
	case !shown.ControlPlaneUp:
		status := s.assume.EarlyConfigStatus
		if status == 0 {
			status = http.StatusBadRequest
		}
		return nil, fail(status, "NotReady", "The kubeconfig of cluster %s is not available yet.", shown.ID)
	case rec.config != "":
		return ok(map[string]string{"config": rec.config})
	}
	text, err := s.kubeconfig(shown, rec)
	if err != nil {
		return nil, fail(http.StatusInternalServerError, "Internal", "%v", err)
	}
	return ok(map[string]string{"config": text})
}

func (s *Server) kubeconfig(shown *core.Cluster, rec *clusterRecord) (string, error) {
	authority, err := s.authority(shown.ID, rec)
	if err != nil {
		return "", err
	}
	certificate, key, err := authority.Issue("admin", "system:masters")
	return "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: " + authority.Certificate + "\n    server: " + s.apiAddress(shown, rec) +
		"\n  name: \"" + shown.Name + "\"\ncontexts:\n- context:\n    cluster: \"" + shown.Name + "\"\n    user: admin\n  name: default\n" +
		"current-context: default\nkind: Config\npreferences: {}\nusers:\n- name: admin\n  user:\n    client-certificate-data: " + certificate +
		"\n    client-key-data: " + key + "\n", err
}

// authority is that of a cluster. A renewal replaces it too.
func (s *Server) authority(id string, rec *clusterRecord) (simkit.Authority, error) {
	renewals := rec.certificates
	if s.assume.AuthorityKept {
		renewals = 0
	}
	seed := sha256.Sum256(fmt.Appendf(nil, "%s/%s/%d", id, rec.stack, renewals))
	return s.NewAuthority("kubernetes", ed25519.NewKeyFromSeed(seed[:]))
}

type renewalRequest struct {
	Years *int `json:"term_of_validity"`
}

// renewCertificates makes new certificates: kubeconfigs that are about are worth
// nothing afterwards.
func (s *Server) renewCertificates(c *call) (*answer, *apiError) {
	var in renewalRequest
	if err := simkit.Decode(c.body, &in); err != nil {
		return nil, decodeFault(err)
	}
	rec, e := s.current(c)
	switch {
	case e != nil:
		return nil, e
	case in.Years == nil || *in.Years < 1 || *in.Years > 5:
		return nil, badRequest("The term_of_validity must be 1 to 5.")
	}
	// It mends a renewal that has failed.
	renewal := rec.renewal
	rec.renewal = false
	if e := s.checkIdle(rec, "Rotating the certificates of a cluster", true); e != nil {
		rec.renewal = renewal
		return nil, e
	}
	ev := s.newEvent(c, rec, eventRenewal, rawDetails(c.body))
	out := s.outcome(c, rec, nil, ev, "UPDATE", func() {
		rec.certificates, rec.years = rec.certificates+1, *in.Years
		rec.expiry = rec.updated.AddDate(rec.years, 0, 0)
	})
	cmd := core.Work{ClusterID: rec.live.ID, Took: s.typical(profile.ScaleNodeGroup)}
	if _, err := c.project.world.Apply(c.Now, cmd, out); err != nil {
		return nil, s.refused(err)
	}
	rec.note(ev)
	return s.accepted(rec.live.ID), nil
}
