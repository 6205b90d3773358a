// SPDX-License-Identifier: Apache-2.0

package simkit

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"
)

// Authority is the certificate authority of a simulated cluster. It is the same for
// the same key, and Ed25519 draws nothing from a random source.
type Authority struct {
	key    ed25519.PrivateKey
	parsed *x509.Certificate
	// Certificate is its own, as PEM in base64.
	Certificate string
}

// Key draws the key of an authority from the random stream.
func (r *Random) Key() ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	for i := range seed {
		seed[i] = byte(r.Uint32())
	}
	return ed25519.NewKeyFromSeed(seed)
}

// NewAuthority returns the authority of that name with that key.
func NewAuthority(name string, key ed25519.PrivateKey) (Authority, error) {
	return newAuthority(name, key, 2020)
}

// NewAuthority returns the authority of a cluster. Where there is an API server behind
// it that has a certificate of it, it is good in a testing/synctest bubble too, whose
// clock begins in 2000.
func (k *Kit) NewAuthority(name string, key ed25519.PrivateKey) (Authority, error) {
	if k.kubernetes != nil {
		return newAuthority(name, key, 1990)
	}
	return NewAuthority(name, key)
}

func newAuthority(name string, key ed25519.PrivateKey, begin int) (Authority, error) {
	a := Authority{key: key}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Date(begin, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:              time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err == nil {
		a.parsed, err = x509.ParseCertificate(der)
	}
	if err != nil {
		return a, fmt.Errorf("simkit: %w", err)
	}
	a.Certificate = encodePEM("CERTIFICATE", der)
	return a, nil
}

// pair is the certificate with its key.
func (a Authority) pair() tls.Certificate {
	if a.parsed == nil {
		return tls.Certificate{}
	}
	return tls.Certificate{Certificate: [][]byte{a.parsed.Raw}, PrivateKey: a.key, Leaf: a.parsed}
}

// Issue returns a client certificate and its key, both as PEM in base64.
func (a Authority) Issue(name, organization string) (certificate, key string, err error) {
	return a.IssueUntil(name, organization, a.parsed.NotAfter)
}

// IssueUntil is Issue for a certificate that ends.
func (a Authority) IssueUntil(name, organization string, until time.Time) (certificate, key string, err error) {
	sum := sha256.Sum256(append([]byte(name), a.key.Seed()...))
	private := ed25519.NewKeyFromSeed(sum[:])
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: name, Organization: []string{organization}},
		NotBefore:    a.parsed.NotBefore,
		NotAfter:     until,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.parsed, private.Public(), a.key)
	if err != nil {
		return "", "", fmt.Errorf("simkit: %w", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", "", fmt.Errorf("simkit: %w", err)
	}
	return encodePEM("CERTIFICATE", der), encodePEM("PRIVATE KEY", secret), nil
}

func encodePEM(kind string, der []byte) string {
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
