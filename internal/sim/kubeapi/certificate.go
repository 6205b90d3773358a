// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"slices"
)

// issue returns a serving certificate for names and addresses.
func issue(authority tls.Certificate, hosts []string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("kubeapi: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(3), // 1 and 2 are the authority and its clients
		Subject:      pkix.Name{CommonName: "kube-apiserver"},
		NotBefore:    authority.Leaf.NotBefore,
		NotAfter:     authority.Leaf.NotAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, host := range slices.Compact(slices.Sorted(slices.Values(hosts))) {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, authority.Leaf, key.Public(), authority.PrivateKey)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("kubeapi: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der, authority.Leaf.Raw}, PrivateKey: key}, nil
}
