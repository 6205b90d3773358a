// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"crypto/x509"
	"net/http"
	"slices"
	"strings"
)

const (
	anonymous       = "system:anonymous"
	unauthenticated = "system:unauthenticated"
	authenticated   = "system:authenticated"
)

// authenticate says who calls: the holder of a certificate that the cluster's
// authority has signed, of a token that the cloud knows, or nobody in particular.
func (c *call) authenticate() (User, *refusal) {
	if state := c.r.TLS; state != nil && len(state.PeerCertificates) > 0 {
		certificate := state.PeerCertificates[0]
		_, roots, err := c.authority()
		if err == nil {
			_, err = certificate.Verify(x509.VerifyOptions{
				Roots: roots, CurrentTime: c.all.now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
			})
		}
		if err != nil {
			return User{}, unauthorized
		}
		return User{Name: certificate.Subject.CommonName, Groups: append(slices.Clone(certificate.Subject.Organization), authenticated)}, nil
	}
	header := c.r.Header.Get("Authorization")
	if header == "" {
		return User{Name: anonymous, Groups: []string{unauthenticated}}, nil
	}
	scheme, token, _ := strings.Cut(header, " ")
	if token = strings.TrimSpace(token); !strings.EqualFold(scheme, "Bearer") || token == "" {
		return User{}, unauthorized
	}
	who, ok := c.all.cloud.Authenticate(c.cluster, token)
	if !ok {
		return User{}, unauthorized
	}
	if !slices.Contains(who.Groups, authenticated) {
		who.Groups = append(slices.Clone(who.Groups), authenticated)
	}
	return who, nil
}

// authorize says whether the caller may do what they ask for.
func (c *call) authorize() *refusal {
	if c.who.Name != anonymous && (!c.who.NoRights || c.of == reviews) {
		return nil
	}
	verb, e := c.verb()
	if e != nil {
		return e
	}
	where := "at the cluster scope"
	if c.namespace != "" {
		where = `in the namespace "` + c.namespace + `"`
	}
	subject := c.of.qualified()
	if c.name != "" {
		subject += ` "` + c.name + `"`
	}
	return refuse(http.StatusForbidden, "Forbidden", "%s is forbidden: User %q cannot %s resource %q in API group %q %s",
		subject, c.who.Name, verb, c.of.name, c.of.group, where).about(c.of, c.name)
}

// review tells the caller who they are.
func (c *call) review() *refusal {
	in, e := c.body()
	if e != nil {
		return e
	}
	info := map[string]any{"username": c.who.Name, "groups": c.who.Groups}
	if c.who.UID != "" {
		info["uid"] = c.who.UID
	}
	if len(c.who.Extra) > 0 {
		info["extra"] = c.who.Extra
	}
	metadata := in.withMeta(map[string]any{"creationTimestamp": stamp(c.all.now())})["metadata"]
	c.write(http.StatusCreated, object{
		"kind": reviews.kind, "apiVersion": reviews.apiVersion(), "metadata": metadata, "status": map[string]any{"userInfo": info},
	})
	return nil
}
