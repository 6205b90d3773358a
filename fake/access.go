// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kubeconfig"
	"github.com/pmks-go/pmks/internal/refuse"
	"github.com/pmks-go/pmks/internal/sim/core"
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
		if err != nil {
			return err
		}
		if !c.ControlPlaneUp {
			return refuse.Precondition("the control plane is not up yet")
		}
		token = h.token(c.Name, now)
		return nil
	})
	return token, err
}

// token is well-formed and opens nothing.
func (h *Handler) token(cluster string, now time.Time) pmks.Token {
	end := now.Add(h.caps.Access.TokenLifetime)
	return pmks.Token{Value: "fake-token-of-" + cluster + "-until-" + strconv.FormatInt(end.Unix(), 10), ExpiresAt: end}
}

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

// access adds the kubeconfig to what a read has shown.
func (h *Handler) access(info *pmks.ClusterInfo, now time.Time) error {
	if info.AccessInfo.Endpoint == "" {
		return nil
	}
	token := ""
	if !h.caps.Access.Certificate {
		t := h.token(info.IId.NameId, now)
		token, info.AccessInfo.ExpiresAt = t.Value, t.ExpiresAt
	}
	text, err := buildKubeconfig(info.IId.NameId, info.AccessInfo.Endpoint, token)
	info.AccessInfo.Kubeconfig = text
	return err
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
	tokenForm       = sync.OnceValues(func() (string, error) { return writeKubeconfig(formName, formServer, formToken) })
	certificateForm = sync.OnceValues(func() (string, error) { return writeKubeconfig(formName, formServer, "") })
)

// buildKubeconfig returns a kubeconfig with the token, or with the certificate if
// there is none.
func buildKubeconfig(name, server, token string) (string, error) {
	if !plain(name) || !plain(server) || !plain(token) {
		return writeKubeconfig(name, server, token)
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

func writeKubeconfig(name, server, token string) (string, error) {
	id, err := identity()
	if err != nil {
		return "", err
	}
	k := kubeconfig.Config{Name: name, Server: server, CAData: id.ca}
	if token != "" {
		k.Token = kubeconfig.NewSecret(token)
	} else {
		k.ClientCertificate, k.ClientKey = id.certificate, kubeconfig.NewSecret(id.key)
	}
	return kubeconfig.Build(k)
}

// certificates are a certificate authority and a client of it, as PEM.
type certificates struct{ ca, certificate, key string }

// identity makes one set of certificates for the whole process. They are real,
// so that Kubernetes clients can read them, and open nothing: the key of the
// authority is thrown away.
var identity = sync.OnceValues(func() (certificates, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return certificates{}, err
	}
	const century = 100 * 365 * 24 * time.Hour
	begin := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "fake"}, NotBefore: begin,
		NotAfter: begin.Add(century), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return certificates{}, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return certificates{}, err
	}
	client := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "fake-admin"}, NotBefore: begin,
		NotAfter: begin.Add(century), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, client, ca, &key.PublicKey, caKey)
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
	return certificates{text("CERTIFICATE", caDER), text("CERTIFICATE", der), text("EC PRIVATE KEY", keyDER)}, nil
})
