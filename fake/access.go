// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kubeconfig"
	"github.com/pmks-go/pmks/internal/refuse"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// GenerateClusterToken implements [pmks.TokenIssuer]; ErrUnsupported where the
// cloud mints no tokens.
func (h *Handler) GenerateClusterToken(ctx context.Context, clusterIID pmks.IID) (pmks.Token, error) {
	r := read("GenerateClusterToken", clusterIID)
	if err := pmks.CheckIID("clusterIID", clusterIID); err != nil {
		return pmks.Token{}, h.failed(r, err)
	}
	if !h.caps.Access.Token {
		return pmks.Token{}, h.failed(r, &pmks.Error{Code: pmks.CodeUnsupported,
			Message: h.caps.Provider + " mints no bearer tokens: use the client certificate in AccessInfo.Kubeconfig"})
	}
	var token pmks.Token
	err := h.send(ctx, r, func(now time.Time, _ core.Outcome) error {
		c, err := h.cluster(now, clusterIID)
		up := err == nil && c.ControlPlaneUp
		if h.profile.Manner.SignsTokens && !up {
			// Whoever gets it decides whether there is such a cluster.
			token = h.token(cmp.Or(clusterIID.NameId, clusterIID.SystemId), "", now)
			return nil
		}
		if err != nil {
			return err
		}
		if !up {
			return &pmks.Error{Code: pmks.CodeBusy, ProviderCode: "OperationInProgress", Message: "the control plane is not up yet: wait until the cluster is Active"}
		}
		id, err := h.identity(keyOf(c))
		token = h.token(c.Name, id.mark, now)
		return err
	})
	return token, err
}

// token is well-formed. Without a mark it opens nothing.
func (h *Handler) token(cluster, mark string, now time.Time) pmks.Token {
	end := now.Add(h.caps.Access.TokenLifetime)
	return pmks.Token{Value: tokenText(cluster, mark, end.Unix()), ExpiresAt: end}
}

func tokenText(cluster, mark string, until int64) string {
	return tokenStart(cluster) + strconv.FormatInt(until, 10) + mark
}

func tokenStart(cluster string) string { return "fake-token-of-" + cluster + "-until-" }

// OpenAccess implements [pmks.AccessOpener]; ErrUnsupported where the endpoint is
// not a call of its own.
func (h *Handler) OpenAccess(ctx context.Context, clusterIID pmks.IID) error {
	return h.setAccess(ctx, "OpenAccess", clusterIID, true)
}

// CloseAccess implements [pmks.AccessOpener], as OpenAccess does.
func (h *Handler) CloseAccess(ctx context.Context, clusterIID pmks.IID) error {
	return h.setAccess(ctx, "CloseAccess", clusterIID, false)
}

func (h *Handler) setAccess(ctx context.Context, op string, clusterIID pmks.IID, open bool) error {
	r := mutation(op, clusterIID, pmks.IID{})
	if err := pmks.CheckIID("clusterIID", clusterIID); err != nil {
		return h.failed(r, err)
	}
	if !h.caps.Access.OpenCall {
		return h.failed(r, &pmks.Error{Code: pmks.CodeUnsupported,
			Message: "the endpoint of " + h.caps.Provider + " is open, or closed, from creation on"})
	}
	var is bool
	err := h.send(ctx, r.look(), func(now time.Time, _ core.Outcome) error {
		c, err := h.cluster(now, clusterIID)
		if err != nil {
			return err
		}
		r.cluster, is = idOf(c), c.AccessOpen
		if open && !is && h.profile.Manner.OpensWithNodes && c.State == profile.Active && !hasNodes(c) {
			return refuse.Precondition("the cluster has no node: its endpoint is opened when one is there")
		}
		return nil
	})
	if err != nil || is == open {
		return h.finish(err, r, "")
	}
	return h.mutate(ctx, r, func(now time.Time, out core.Outcome) error {
		_, err := h.world.Apply(now, core.SetAccess{ClusterID: r.cluster.SystemId, Open: open}, out)
		return err
	}, func(now time.Time) (bool, error) {
		c, err := h.cluster(now, r.cluster)
		return err == nil && c.AccessOpen == open, err
	})
}

func hasNodes(c *core.Cluster) bool {
	return slices.ContainsFunc(c.Groups, func(g *core.NodeGroup) bool { return len(g.Nodes) > 0 })
}

// access adds the kubeconfig to what a read has shown.
func (h *Handler) access(info *pmks.ClusterInfo, now time.Time) error {
	if info.AccessInfo.Endpoint == "" {
		return nil
	}
	id, err := h.identity(keyOfInfo(info))
	if err != nil {
		return err
	}
	token := ""
	if !h.caps.Access.Certificate {
		t := h.token(info.IId.NameId, id.mark, now)
		token, info.AccessInfo.ExpiresAt = t.Value, t.ExpiresAt
	} else if life := h.profile.Manner.CertificateLife; life > 0 {
		info.AccessInfo.ExpiresAt = info.CreatedTime.Add(life)
	}
	if h.kubernetes != nil {
		info.AccessInfo.Kubeconfig, err = writeKubeconfig(info.IId.NameId, info.AccessInfo.Endpoint, token, id)
		return err
	}
	info.AccessInfo.Kubeconfig, err = buildKubeconfig(info.IId.NameId, info.AccessInfo.Endpoint, token)
	return err
}

// accessOf says from where the API of a cluster can be reached. The private address is
// the public one with a label before it, but where the simulated API serves both at one.
// The caller holds the lock.
func (h *Handler) accessOf(c *core.Cluster) pmks.Access {
	access := pmks.Access{Mode: c.Access.Mode, CIDRs: slices.Clone(c.Access.CIDRs)}
	// Endpoints that are opened by calls of their own are of no mode until they are.
	if access.Mode == "" && len(h.caps.Access.Modes) > 0 && (c.AccessOpen || !h.caps.Access.OpenCall) {
		access.Mode = h.caps.Access.Modes[0]
	}
	if !c.AccessOpen || !c.ControlPlaneUp {
		return access
	}
	endpoint := h.endpoint(c)
	if access.Mode != pmks.AccessPrivate {
		access.PublicEndpoint = endpoint
	}
	if access.Mode == pmks.AccessPrivate || access.Mode == pmks.AccessPublicAndPrivate {
		access.PrivateEndpoint = endpoint
		if h.kubernetes == nil {
			access.PrivateEndpoint = strings.Replace(endpoint, "https://", "https://internal-", 1)
		}
	}
	return access
}

// identity is what opens a cluster: of its own where there is something to open, else
// the one that all share.
func (h *Handler) identity(cluster clusterKey) (certificates, error) {
	if h.kubernetes != nil {
		return h.kubernetes.identity(cluster)
	}
	return sharedIdentity()
}

// The values of a form, in place of which a kubeconfig gets its own.
const (
	formName   = "form-name"
	formServer = "https://form-server"
	formToken  = "form-token"
)

// Nearly all of a kubeconfig is the same for every cluster, so it is written once
// with a token and once with a certificate, as a form to fill in.
var (
	tokenForm       = sync.OnceValues(func() (string, error) { return writeShared(formName, formServer, formToken) })
	certificateForm = sync.OnceValues(func() (string, error) { return writeShared(formName, formServer, "") })
)

// buildKubeconfig returns a kubeconfig with the token, or with the certificate if
// there is none.
func buildKubeconfig(name, server, token string) (string, error) {
	if !plain(name) || !plain(server) || !plain(token) {
		return writeShared(name, server, token)
	}
	form := certificateForm
	if token != "" {
		form = tokenForm
	}
	text, err := form()
	if err != nil {
		return "", err
	}
	return strings.NewReplacer(`"`+formName+`"`, `"`+name+`"`, `"`+formServer+`"`, `"`+server+`"`, `"`+formToken+`"`, `"`+token+`"`).Replace(text), nil
}

// plain reports whether a text stands in double quotes as it is.
func plain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._:/", r)
	})
}

func writeShared(name, server, token string) (string, error) {
	id, err := sharedIdentity()
	if err != nil {
		return "", err
	}
	return writeKubeconfig(name, server, token, id)
}

func writeKubeconfig(name, server, token string, id certificates) (string, error) {
	k := kubeconfig.Config{Name: name, Server: server, CAData: id.ca}
	if token != "" {
		k.Token = kubeconfig.NewSecret(token)
	} else {
		k.ClientCertificate, k.ClientKey = id.certificate, kubeconfig.NewSecret(id.key)
	}
	return kubeconfig.Build(k)
}

// certificates are a certificate authority and a client of it, as PEM.
type certificates struct {
	ca, certificate, key string
	authority            tls.Certificate
	// mark ends the tokens.
	mark string
}

// sharedIdentity makes one set of certificates for the whole process. They are real,
// so that Kubernetes clients can read them, and open nothing.
var sharedIdentity = sync.OnceValues(newIdentity)

// newIdentity makes certificates that are good at any time, in a synctest bubble too,
// whose clock begins in 2000.
func newIdentity() (certificates, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return certificates{}, err
	}
	begin, end := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC)
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "fake"}, NotBefore: begin,
		NotAfter: end, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return certificates{}, err
	}
	leaf, err := x509.ParseCertificate(caDER)
	if err != nil {
		return certificates{}, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return certificates{}, err
	}
	client := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "fake-admin", Organization: []string{"system:masters"}},
		NotBefore: begin, NotAfter: end, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, client, leaf, &key.PublicKey, caKey)
	if err != nil {
		return certificates{}, err
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return certificates{}, err
	}
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return certificates{
		ca: text("CERTIFICATE", caDER), certificate: text("CERTIFICATE", der), key: text("EC PRIVATE KEY", keyDER),
		authority: tls.Certificate{Certificate: [][]byte{caDER}, PrivateKey: caKey, Leaf: leaf},
	}, nil
}
