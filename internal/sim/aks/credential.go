// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

// credentialObject is the answer of both credential calls.
type credentialObject struct {
	Kubeconfigs []kubeconfigObject `json:"kubeconfigs"`
}

type kubeconfigObject struct {
	Name  string `json:"name"`
	Value []byte `json:"value"`
}

// credentials says whether there are any yet.
func (s *Server) credentials(c *call) (*clusterRecord, *apiError) {
	shown, rec, e := s.view(c)
	switch {
	case e != nil:
		return nil, e
	case shown.ControlPlaneUp:
		return rec, nil
	case s.assumed.EarlyCredentialsConflict:
		return nil, notAllowed(http.StatusConflict, "The control plane of the managed cluster '%s' is not ready yet.", rec.name)
	}
	return nil, notFound(actionMC, rec.name, rec.group)
}

// noLocalAccounts refuses what needs a local account.
func noLocalAccounts(rec *clusterRecord) *apiError {
	if !yes(rec.spec.Properties.DisableLocalAccounts) {
		return nil
	}
	return badRequest("Getting static credential is not allowed because this cluster is set to disable local accounts.")
}

func (s *Server) adminCredential(c *call) (*answer, *apiError) {
	rec, e := s.credentials(c)
	if e != nil {
		return nil, e
	}
	if e := noLocalAccounts(rec); e != nil {
		return nil, e
	}
	return s.kubeconfig(c, rec, "clusterAdmin", rec.name, s.staticUser(rec, "masterclient", "system:masters"))
}

func (s *Server) userCredential(c *call) (*answer, *apiError) {
	rec, e := s.credentials(c)
	if e != nil {
		return nil, e
	}
	format := c.query.Get("format")
	if !slices.Contains([]string{"", "azure", "exec"}, format) {
		return nil, badRequest("The format %.64s is not supported.", format)
	}
	aad := rec.spec.Properties.AADProfile
	switch {
	case aad == nil:
		if e := noLocalAccounts(rec); e != nil {
			return nil, e
		}
		return s.kubeconfig(c, rec, "clusterUser", rec.name, s.staticUser(rec, "clusteruser", "system:masters"))
	case format == "azure":
		return s.kubeconfig(c, rec, "clusterUser", rec.name, "    auth-provider:\n      config:\n        apiserver-id: "+KubernetesAudience+
			"\n        client-id: 80faf920-1908-4b52-b5ef-a8e7bedfc67a\n        config-mode: \"1\"\n        environment: AzurePublicCloud\n        tenant-id: "+
			aad.TenantID+"\n      name: azure\n")
	}
	return s.kubeconfig(c, rec, "clusterUser", rec.name, "    exec:\n      apiVersion: client.authentication.k8s.io/v1beta1\n      args:\n"+
		"      - get-token\n      - --environment\n      - AzurePublicCloud\n      - --server-id\n      - "+KubernetesAudience+
		"\n      - --client-id\n      - 80faf920-1908-4b52-b5ef-a8e7bedfc67a\n      - --tenant-id\n      - "+aad.TenantID+
		"\n      - --login\n      - devicecode\n      command: kubelogin\n      env: null\n      installHint: |2\n\n"+
		"        kubelogin is not installed which is required to connect to AAD enabled cluster.\n      provideClusterInfo: false\n")
}

// kubeconfig writes the answer; user is what stands below the name of the user.
func (s *Server) kubeconfig(c *call, rec *clusterRecord, name, context, user string) (*answer, *apiError) {
	var p clusterProperties
	p.APIServerAccessProfile = rec.spec.Properties.APIServerAccessProfile
	s.showAddresses(rec, &p)
	host := orElse(p.PrivateFQDN, p.FQDN)
	switch which := c.query.Get("server-fqdn"); which {
	case "":
	case "private":
		host = p.PrivateFQDN
	case "public":
		host = p.FQDN
	default:
		return nil, badRequest("The server-fqdn %.64s is not supported.", which)
	}
	if host == "" {
		return nil, badRequest("The managed cluster '%s' has no such FQDN.", rec.name)
	}
	account := name + "_" + rec.group + "_" + rec.name
	value := "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: " + s.authority(rec).certificate +
		"\n    server: https://" + host + ":443\n  name: " + rec.name +
		"\ncontexts:\n- context:\n    cluster: " + rec.name + "\n    user: " + account + "\n  name: " + context +
		"\ncurrent-context: " + context + "\nkind: Config\npreferences: {}\nusers:\n- name: " + account + "\n  user:\n" + user
	return ok(credentialObject{[]kubeconfigObject{{name, []byte(value)}}})
}

// staticUser is a user with a client certificate, and a token where the assumption is
// that there is one.
func (s *Server) staticUser(rec *clusterRecord, name, organization string) string {
	certificate, key := s.authority(rec).issue(name, organization)
	user := "    client-certificate-data: " + certificate + "\n    client-key-data: " + key + "\n"
	if s.assumed.StaticTokens {
		user += "    token: " + rec.token + "\n"
	}
	return user
}

// authority is the certificate authority of a cluster. It is the same for the same
// seed.
type authority struct {
	key         ed25519.PrivateKey
	certificate string // PEM in base64
	parsed      *x509.Certificate
}

// keyFor derives a key from what it is for. The static token of a cluster is as
// good as random.
func (rec *clusterRecord) keyFor(what string) ed25519.PrivateKey {
	sum := sha256.Sum256([]byte(rec.uid + rec.token + what))
	return ed25519.NewKeyFromSeed(sum[:])
}

func (s *Server) authority(rec *clusterRecord) authority {
	a := authority{key: rec.keyFor("ca")}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "ca"},
		NotBefore:             time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:              time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	// Ed25519 draws nothing from the random source.
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		return a
	}
	a.certificate = encodePEM("CERTIFICATE", der)
	a.parsed, _ = x509.ParseCertificate(der) // what was just written
	return a
}

// issue returns a client certificate and its key, both PEM in base64.
func (a authority) issue(name, organization string) (certificate, key string) {
	sum := sha256.Sum256(append([]byte(name), a.key.Seed()...))
	private := ed25519.NewKeyFromSeed(sum[:])
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: name, Organization: []string{organization}},
		NotBefore:    a.parsed.NotBefore,
		NotAfter:     a.parsed.NotAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.parsed, private.Public(), a.key)
	if err != nil {
		return "", ""
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", ""
	}
	return encodePEM("CERTIFICATE", der), encodePEM("PRIVATE KEY", secret)
}

func encodePEM(kind string, der []byte) string {
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// VerifyToken checks a bearer token for a cluster as its API server does, and
// returns the object id of the service principal, or "masterclient" for the static
// token. The cluster is named alone, in DefaultResourceGroup, or as
// "group/name". It counts as no call.
func (s *Server) VerifyToken(token, cluster string) (subject string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.advance(now)
	rec, err := s.named(cluster)
	if err != nil {
		return "", err
	}
	properties := rec.spec.Properties
	switch {
	case !rec.live.ControlPlaneUp || rec.live.State == profile.Stopped:
		return "", errors.New("the API server does not answer")
	case token == rec.token && s.assumed.StaticTokens && !yes(properties.DisableLocalAccounts):
		return "masterclient", nil
	case properties.AADProfile == nil:
		return "", errors.New("the cluster does not know Entra")
	}
	claims, err := s.readToken(token)
	if err != nil {
		return "", err
	}
	_, known := s.apps[claims.AppID]
	switch {
	case !known:
		return "", errors.New("the application does not exist")
	case strings.TrimSuffix(claims.Audience, "/") != KubernetesAudience:
		return "", fmt.Errorf("the audience of the token is %q", claims.Audience)
	case !now.Before(time.Unix(claims.Expires, 0)):
		return "", errors.New("the token is expired")
	}
	return claims.ObjectID, nil
}
