// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"fmt"
	"time"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

// The bounds of TemporaryDurationMinutes.
const (
	minTemporary = 15
	maxTemporary = 4320
)

// describeKubeconfig answers a kubeconfig with a client certificate.
func (s *Server) describeKubeconfig(c *call) (any, *apiError) {
	rec, e := s.cluster(c)
	if e != nil {
		return nil, e
	}
	private, e := c.truth("PrivateIpAddress")
	if e != nil {
		return nil, e
	}
	minutes, e := c.number("TemporaryDurationMinutes", minTemporary, maxTemporary, 0)
	switch {
	case e != nil:
		return nil, e
	case !rec.live.ControlPlaneUp || rec.live.State == profile.Creating:
		return nil, s.clusterState(rec.live.Name, s.stateOf(rec, rec.live))
	}
	ends := c.Now.AddDate(3, 0, 0)
	if minutes > 0 {
		ends = c.Now.Add(time.Duration(minutes) * time.Minute)
	}
	name := "uid-" + s.account
	certificate, key, err := rec.authority.IssueUntil(name, "system:users", ends)
	if err != nil {
		return nil, fail(500, "InternalError", "%v", err)
	}
	server := ""
	switch {
	case private:
		server = s.KubernetesEndpoint(rec.id, "https://"+rec.privateIP+":6443")
	case rec.public:
		server = s.KubernetesEndpoint(rec.id, "https://"+rec.publicIP+":6443")
	}
	return kubeconfigResponse{fmt.Sprintf(kubeconfigText, server, rec.authority.Certificate, name, name, name, certificate, key),
		ends.UTC().Format(time.RFC3339)}, nil
}

// kubeconfigText begins with an empty line, as ACK's does.
const kubeconfigText = `
apiVersion: v1
clusters:
- cluster:
    server: %q
    certificate-authority-data: %s
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: %q
  name: %s-context
current-context: %[4]s-context
kind: Config
preferences: {}
users:
- name: %[5]q
  user:
    client-certificate-data: %[6]s
    client-key-data: %[7]s
`

type kubeconfigResponse struct {
	Config     string `json:"config"`
	Expiration string `json:"expiration"`
}

// Certificate returns the certificate of the authority of a cluster, as PEM in base64.
func (s *Server) Certificate(cluster string) (string, error) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	rec, err := s.named(cluster)
	if err != nil {
		return "", err
	}
	return rec.authority.Certificate, nil
}
