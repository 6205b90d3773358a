// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// credentialObject is the answer of both credential calls.
type credentialObject struct {
	Kubeconfigs []Kubeconfig `json:"kubeconfigs"`
}

// The accounts of kubeconfigs, as their names tell.
const (
	adminAccount = "clusterAdmin"
	userAccount  = "clusterUser"
)

// Kubeconfig is one kubeconfig of a credential call.
type Kubeconfig struct {
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
	if list, found := rec.kubeconfigs[adminAccount]; found {
		return ok(credentialObject{list})
	}
	if e := noLocalAccounts(rec); e != nil {
		return nil, e
	}
	return s.kubeconfig(c, rec, adminAccount, s.staticUser(rec, "masterclient", "system:masters"))
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
	if list, found := rec.kubeconfigs[userAccount]; found {
		return ok(credentialObject{list})
	}
	aad := rec.spec.Properties.AADProfile
	switch {
	case aad == nil:
		if e := noLocalAccounts(rec); e != nil {
			return nil, e
		}
		return s.kubeconfig(c, rec, userAccount, s.staticUser(rec, "clusteruser", "system:masters"))
	case format == "azure":
		return s.kubeconfig(c, rec, userAccount, entraUser("    auth-provider:\n      config:\n        apiserver-id: "+KubernetesAudience+
			"\n        client-id: 80faf920-1908-4b52-b5ef-a8e7bedfc67a\n        config-mode: \"1\"\n        environment: AzurePublicCloud\n        tenant-id: "+
			aad.TenantID+"\n      name: azure\n"))
	}
	return s.kubeconfig(c, rec, userAccount, entraUser("    exec:\n      apiVersion: client.authentication.k8s.io/v1beta1\n      args:\n"+
		"      - get-token\n      - --environment\n      - AzurePublicCloud\n      - --server-id\n      - "+KubernetesAudience+
		"\n      - --client-id\n      - 80faf920-1908-4b52-b5ef-a8e7bedfc67a\n      - --tenant-id\n      - "+aad.TenantID+
		"\n      - --login\n      - devicecode\n      command: kubelogin\n      env: null\n      installHint: |2\n\n"+
		"        kubelogin is not installed which is required to connect to AAD enabled cluster.\n      provideClusterInfo: false\n"))
}

// userOf writes what stands below the name of a user.
type userOf func(simkit.Authority) (string, error)

// entraUser is a user with nothing of the cluster's.
func entraUser(text string) userOf {
	return func(simkit.Authority) (string, error) { return text, nil }
}

// kubeconfig writes the answer.
func (s *Server) kubeconfig(c *call, rec *clusterRecord, name string, user userOf) (*answer, *apiError) {
	var p clusterProperties
	p.APIServerAccessProfile = rec.spec.Properties.APIServerAccessProfile
	s.showAddresses(rec, &p)
	host := cmp.Or(p.PrivateFQDN, p.FQDN)
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
	authority, err := s.authority(rec)
	text := ""
	if err == nil {
		text, err = user(authority)
	}
	if err != nil {
		return nil, fail(http.StatusInternalServerError, "InternalOperationError", "%v", err)
	}
	account := name + "_" + rec.group + "_" + rec.name
	value := "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: " + authority.Certificate +
		"\n    server: " + serverURL(host) + "\n  name: " + rec.name +
		"\ncontexts:\n- context:\n    cluster: " + rec.name + "\n    user: " + account + "\n  name: " + rec.name +
		"\ncurrent-context: " + rec.name + "\nkind: Config\npreferences: {}\nusers:\n- name: " + account + "\n  user:\n" + text
	return ok(credentialObject{[]Kubeconfig{{name, []byte(value)}}})
}

// staticUser is a user with a client certificate, and a token where the assumption
// is that there is one.
func (s *Server) staticUser(rec *clusterRecord, name, organization string) userOf {
	return func(authority simkit.Authority) (string, error) {
		certificate, key, err := authority.Issue(name, organization)
		user := "    client-certificate-data: " + certificate + "\n    client-key-data: " + key + "\n"
		if s.assumed.StaticTokens {
			user += "    token: " + rec.token + "\n"
		}
		return user, err
	}
}

// keyFor derives a key from what it is for. The static token of a cluster is as
// good as random.
func (rec *clusterRecord) keyFor(what string) ed25519.PrivateKey {
	sum := sha256.Sum256([]byte(rec.uid + rec.token + what))
	return ed25519.NewKeyFromSeed(sum[:])
}

// VerifyToken checks a bearer token for a cluster as its API server does, and
// returns the object id of the service principal, or "masterclient" for the static
// token. The cluster is named alone, in DefaultResourceGroup, or as
// "group/name". It counts as no call.
func (s *Server) VerifyToken(token, cluster string) (subject string, err error) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	now := s.Now()
	s.advance(now)
	rec, err := s.named(cluster)
	if err != nil {
		return "", err
	}
	return s.verifyToken(token, rec, now)
}

// staticSubject is whose the static token of a cluster is.
const staticSubject = "masterclient"

// verifyToken is VerifyToken while the lock is held.
func (s *Server) verifyToken(token string, rec *clusterRecord, now time.Time) (subject string, err error) {
	properties := rec.spec.Properties
	switch {
	case !rec.live.ControlPlaneUp || rec.live.State == profile.Stopped:
		return "", errors.New("the API server does not answer")
	case token == rec.token && s.assumed.StaticTokens && !yes(properties.DisableLocalAccounts):
		return staticSubject, nil
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
