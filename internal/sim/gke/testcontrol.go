// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// named finds a cluster by its name, in whatever location, or by "location/name".
func (s *Server) named(name string) (*clusterRecord, error) {
	where, bare, ok := strings.Cut(name, "/")
	if !ok {
		where, bare = "", name
	}
	for _, l := range s.locations {
		if rec, ok := l.clusters[bare]; ok && rec.live.State != profile.Gone && (where == "" || where == l.name) {
			return rec, nil
		}
	}
	return nil, fmt.Errorf("gke: there is no cluster %q", name)
}

// Force puts a cluster, or a node pool of it, into a state, whatever it was doing.
// A state in transition stays until it is forced again or deleted; Gone removes.
// The reason may be "CONDITION: message". A name that several locations have is
// that of the first zone, unless it is "location/name".
func (s *Server) Force(cluster, pool string, state profile.State, reason string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.advance(now)
	rec, err := s.named(cluster)
	if err != nil {
		return err
	}
	cmd := core.Force{ClusterID: rec.live.ID, State: state, Reason: reason}
	if pool != "" {
		g, ok := rec.live.GroupByName(pool)
		if !ok {
			return fmt.Errorf("gke: cluster %q has no node pool %q", cluster, pool)
		}
		cmd.GroupID = g.ID
	}
	_, err = rec.location.world.Apply(now, cmd, core.Outcome{})
	s.advance(now)
	return err
}

// Alter changes what every later read of a cluster shows, its node pools included:
// a state that nobody knows, a blue-green upgrade, a private endpoint. The core does
// not learn of it. Nil ends it.
func (s *Server) Alter(cluster string, change func(*containerpb.Cluster)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	rec, err := s.named(cluster)
	if err == nil {
		rec.alter = change
	}
	return err
}

// Start lets GKE start an operation of its own on a cluster, or on a pool of it,
// and returns its name. It changes nothing, but it is in the way of others, unless
// its type is one that runs beside them. A duration of 0 is one without end.
func (s *Server) Start(cluster, pool string, kind containerpb.Operation_Type, d time.Duration) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.advance(now)
	rec, err := s.named(cluster)
	if err != nil {
		return "", err
	}
	if _, ok := rec.live.GroupByName(pool); pool != "" && !ok {
		return "", fmt.Errorf("gke: cluster %q has no node pool %q", cluster, pool)
	}
	return s.startOwn(now, rec, pool, kind, d, core.Outcome{Stick: d == 0}, nil).ID, nil
}

// NextEvent returns when the next operation ends.
func (s *Server) NextEvent() (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance(s.now())
	var next time.Time
	for _, l := range s.locations {
		at, ok := l.world.NextEvent()
		if ok && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next, !next.IsZero()
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
