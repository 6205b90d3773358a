// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// Put adds a ready-made cluster, as if it had been made long ago. A network that
// is not given is that of the account's first VPC.
func (s *Server) Put(seed core.Seed) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	uid := s.uuid()
	seed.Attr = map[string]string{attrUID: uid}
	if seed.Network.VpcIID.IsZero() && len(s.resources.VPCs) > 0 {
		vpc := s.resources.VPCs[0].ID
		var subnets []string
		for _, subnet := range s.resources.Subnets {
			if subnet.VPC == vpc {
				subnets = append(subnets, subnet.ID)
			}
		}
		seed.Network = network(vpc, subnets, nil)
	}
	live, err := s.world.Put(now, seed)
	if err != nil {
		return err
	}
	in := createClusterRequest{RoleARN: s.roleARN(&Role{Name: DefaultClusterRole}), ResourcesVpcConfig: &vpcConfigRequest{}}
	in.AccessConfig.AuthenticationMode = "API_AND_CONFIG_MAP"
	rec := s.newRecord(uid, in, live)
	for _, g := range live.Groups {
		kind := orElse(g.Spec.VMSpecName, "t3.medium")
		s.newGroup(&call{now: now}, rec, &createNodegroupRequest{
			NodegroupName: g.Name,
			NodeRole:      s.roleARN(&Role{Name: DefaultNodeRole}),
			Subnets:       systemIDs(live.Network.SubnetIIDs),
		}, nodegroupPlan{
			amiType:       s.amiTypeOf(kind),
			instanceTypes: []string{kind},
			diskSize:      new(int32(20)),
		})
	}
	return nil
}

func (s *Server) amiTypeOf(instanceType string) string {
	if kind, ok := s.resources.instanceType(instanceType); ok && kind.Architectures[0] == archARM {
		return "AL2023_ARM_64_STANDARD"
	}
	return "AL2023_x86_64_STANDARD"
}

// Force puts a cluster, or a node group of it, into a state, whatever it was
// doing. A state in transition stays until it is forced again or deleted; Gone
// removes. The reason may be "HealthCode: message".
func (s *Server) Force(cluster, nodegroup string, state profile.State, reason string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.world.Advance(now)
	rec, e := s.truth(cluster)
	if e != nil {
		return fmt.Errorf("eks: %s", e.message)
	}
	cmd := core.Force{ClusterID: rec.live.ID, State: state, Reason: reason}
	if nodegroup != "" {
		g, ok := rec.live.GroupByName(nodegroup)
		if !ok {
			return fmt.Errorf("eks: cluster %q has no node group %q", cluster, nodegroup)
		}
		cmd.GroupID = g.ID
	}
	_, err := s.world.Apply(now, cmd, core.Outcome{})
	return err
}

// Protect switches the deletion protection of a cluster.
func (s *Server) Protect(cluster string, on bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.world.Advance(now)
	rec, e := s.truth(cluster)
	if e != nil {
		return fmt.Errorf("eks: %s", e.message)
	}
	_, err := s.world.Apply(now, core.SetProtection{ClusterID: rec.live.ID, On: on}, core.Outcome{})
	return err
}

// Templates returns the names of the launch templates there are.
func (s *Server) Templates() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, t := range s.templates {
		names = append(names, t.name)
	}
	return names
}

// newCertificate returns the certificate of a cluster's own authority, as PEM in
// base64. It is the same for the same seed.
func (s *Server) newCertificate() string {
	seed := make([]byte, ed25519.SeedSize)
	for i := range seed {
		seed[i] = byte(s.random.Uint32())
	}
	key := ed25519.NewKeyFromSeed(seed)
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "kubernetes"},
		NotBefore:             time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:              time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	// Ed25519 draws nothing from the random source.
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
