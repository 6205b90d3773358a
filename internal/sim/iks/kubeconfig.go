// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"cmp"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/pmks-go/pmks/internal/sim/profile"
)

type applyRequest struct {
	Cluster      string `json:"cluster"`
	Format       string `json:"format"`
	Admin        bool   `json:"admin"`
	EndpointType string `json:"endpointType"`
	Network      bool   `json:"network"`
}

type rbacObject struct {
	Synchronized bool   `json:"synchronized"`
	Error        string `json:"error"`
}

// syncTime is how long it takes until the roles of IAM hold in a cluster.
const syncTime = 20 * time.Second

// serverURL is where the API server of a cluster is. On a loopback address it is a
// part of this server, whatever the kind of the endpoint.
func (s *Server) serverURL(c *call, rec *clusterRecord, kind string) string {
	if s.ServesKubernetes() {
		return s.KubernetesEndpoint(rec.id, vendorURL(rec, kind))
	}
	if u, err := url.Parse(c.base); err == nil {
		if ip := net.ParseIP(u.Hostname()); u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
			return cmp.Or(s.kubeURL, c.base) + "/kube/" + rec.id
		}
	}
	return vendorURL(rec, kind)
}

// vendorURL is where the API server of a cluster is in the cloud.
func vendorURL(rec *clusterRecord, kind string) string {
	switch kind {
	case privateEndpoint:
		return fmt.Sprintf("https://c2.private.%s.containers.cloud.ibm.com:%s", rec.region, rec.port)
	case vpeEndpoint:
		return fmt.Sprintf("https://%s.vpe.private.%s.containers.cloud.ibm.com:%s", rec.id, rec.region, rec.port)
	}
	return fmt.Sprintf("https://c2.%s.containers.cloud.ibm.com:%s", rec.region, rec.port)
}

// getKubeconfig answers with a kubeconfig as one file.
func (s *Server) getKubeconfig(c *call) (*answer, *apiError) {
	in := applyRequest{
		Cluster: c.query.Get("cluster"), Format: c.query.Get("format"), Admin: c.query.Get("admin") == "true", EndpointType: c.query.Get("endpointType"),
		Network: c.query.Get("network") == "true",
	}
	return s.kubeconfig(c, in)
}

// applyRBACAndGetKubeconfig has the roles of the caller brought into the cluster too.
func (s *Server) applyRBACAndGetKubeconfig(c *call) (*answer, *apiError) {
	var in applyRequest
	if e := c.decode(&in); e != nil {
		return nil, e
	}
	out, e := s.kubeconfig(c, in)
	if e != nil {
		return nil, e
	}
	_, rec, e := s.asRead(c, in.Cluster)
	if e != nil {
		return nil, e
	}
	if _, known := rec.synced[c.who.id]; !known {
		rec.synced[c.who.id] = c.Now.Add(time.Duration(float64(syncTime) * s.scale))
	}
	return out, nil
}

func (s *Server) getRBACStatus(c *call) (*answer, *apiError) {
	_, rec, e := s.asRead(c, c.query.Get("cluster"))
	if e != nil {
		return nil, e
	}
	at, known := rec.synced[c.who.id]
	return body(rbacObject{Synchronized: known && !c.Now.Before(at)})
}

func (s *Server) kubeconfig(c *call, in applyRequest) (*answer, *apiError) {
	shown, rec, e := s.asRead(c, in.Cluster)
	if e != nil {
		return nil, e
	}
	switch {
	case in.Format != "yaml":
		return nil, notSimulated("kubeconfigs in the format %.20q", in.Format)
	case in.Network:
		return nil, notSimulated("kubeconfigs with the network's files")
	case !s.masterUp(shown, c.Now) || shown.State == profile.Deleting:
		if s.assume.EarlyKubeconfigUnavailable {
			return nil, fail(http.StatusInternalServerError, "A0002", "The cluster master could not be reached. Try again later.")
		}
		return nil, fail(http.StatusBadRequest, "E06a0", "The cluster master is not ready. Wait until the cluster is deployed and try again.").of(kindCluster)
	}
	kind := in.EndpointType
	switch {
	case kind == "" && rec.private:
		kind = privateEndpoint
	case kind == "":
		kind = publicEndpoint
	case kind != privateEndpoint && kind != vpeEndpoint && kind != publicEndpoint:
		return nil, badRequest("The endpoint type %q is not valid.", kind)
	case kind == publicEndpoint && rec.private:
		return nil, badRequest("The public service endpoint of the cluster is not enabled.")
	}
	text, e := s.writeKubeconfig(c, rec, kind, in.Admin)
	return &answer{status: http.StatusOK, text: text, kind: "application/yaml"}, e
}

// writeKubeconfig writes the file: the certificate of an administrator, or an
// auth-provider with a token of the caller, which kubectl has dropped.
func (s *Server) writeKubeconfig(c *call, rec *clusterRecord, kind string, admin bool) (string, *apiError) {
	name := rec.name + "/" + rec.id
	who := c.who.subject
	var user string
	if admin {
		certificate, key, err := rec.authority.Issue(rec.id+"-admin", "system:masters")
		if err != nil {
			return "", fail(http.StatusInternalServerError, "G0002", "%v", err)
		}
		who = rec.id + "-admin"
		user = "    client-certificate-data: " + certificate + "\n    client-key-data: " + key + "\n"
		if s.assume.AdminToken {
			user += "    token: " + s.adminToken(rec) + "\n"
		}
	} else {
		user = "    auth-provider:\n      name: oidc\n      config:\n        client-id: kube\n        client-secret: kube\n        id-token: \"\"\n" +
			"        idp-issuer-url: https://iam.cloud.ibm.com/identity\n        refresh-token: \"\"\n"
	}
	return "apiVersion: v1\nkind: Config\nclusters:\n- name: " + name + "\n  cluster:\n    certificate-authority-data: " + s.trust(rec) +
		"\n    server: " + s.serverURL(c, rec, kind) + "\ncontexts:\n- name: " + name + "\n  context:\n    cluster: " + name + "\n    namespace: default\n    user: " + who +
		"\ncurrent-context: " + name + "\npreferences: {}\nusers:\n- name: " + who + "\n  user:\n" + user, nil
}

// trust is what a kubeconfig trusts: the authority of the cluster and, on a listener,
// the certificate of that.
func (s *Server) trust(rec *clusterRecord) string {
	if s.served == nil || s.ServesKubernetes() {
		return rec.authority.Certificate
	}
	own, err := base64.StdEncoding.DecodeString(rec.authority.Certificate)
	if err != nil {
		panic("iks: " + err.Error()) // simkit's
	}
	return base64.StdEncoding.EncodeToString(append(own, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.served.Raw})...))
}

// adminToken is a token of the administrator of a cluster.
func (s *Server) adminToken(rec *clusterRecord) string {
	return s.sign(claims{ID: "admin", Subject: rec.id, Audience: "admin", Expires: rec.live.Created.AddDate(10, 0, 0).Unix()})
}
