// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"cmp"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// The parts of the autoscaler's ConfigMap that mean something.
const (
	configName   = "iks-ca-configmap"
	configKey    = "workerPoolsConfig.json"
	configStatus = "workerPoolsConfigStatus"
)

// configMap is the ConfigMap of the autoscaler. Members that nobody here knows are
// kept with the others.
type configMap struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Metadata   configMetadata    `json:"metadata"`
	Data       map[string]string `json:"data"`
}

type configMetadata struct {
	Name              string            `json:"name"`
	Namespace         string            `json:"namespace"`
	UID               string            `json:"uid"`
	ResourceVersion   string            `json:"resourceVersion"`
	CreationTimestamp string            `json:"creationTimestamp"`
	Labels            map[string]string `json:"labels,omitempty"`
	Annotations       map[string]string `json:"annotations,omitempty"`
	ManagedFields     json.RawMessage   `json:"managedFields,omitempty" sim:"read"`
}

// configEntry is what the ConfigMap says of one pool, by its name or its id.
type configEntry struct {
	Name    string `json:"name"`
	MinSize int    `json:"minSize"`
	MaxSize int    `json:"maxSize"`
	Enabled bool   `json:"enabled"`
}

// newConfigMap is what a fresh installation writes: one entry that is off.
func (s *Server) newConfigMap(now time.Time) *configMap {
	return &configMap{
		APIVersion: "v1", Kind: "ConfigMap",
		Metadata: configMetadata{
			Name: configName, Namespace: "kube-system", UID: s.Random.UUID(), ResourceVersion: s.nextVersion(), CreationTimestamp: now.UTC().Format(time.RFC3339),
			Labels: map[string]string{"app": "ibm-iks-cluster-autoscaler"},
		},
		Data: map[string]string{
			configKey:                "[{\"name\": \"default\",\"minSize\": 1,\"maxSize\": 2,\"enabled\":false}]\n",
			"scaleDownDelayAfterAdd": "10m",
			"expander":               "random",
		},
	}
}

// nextVersion is the resourceVersion of what has just been written.
func (s *Server) nextVersion() string { return strconv.FormatUint(100000+s.Random.Next(), 10) }

// unreachable is what becomes of a call that nothing answers, as it has no status: the
// API server is not there, or in IBM's own network.
var unreachable = &apiError{code: "unreachable"}

// authenticateKube says who calls the API server of a cluster: the holder of an
// id_token of IAM, or of a certificate that the cluster's authority has signed.
func (s *Server) authenticateKube(c *call) *apiError {
	rec, found := s.clusters[c.vars["cluster"]]
	if !found || rec.live.State == profile.Gone || !s.masterUp(rec.live, c.Now) || strings.Contains(c.host, "private.") {
		return unreachable
	}
	if len(c.certificates) > 0 {
		if rec.signed(c.certificates[0]) {
			return nil
		}
		return kubeRefusal(http.StatusUnauthorized, "Unauthorized")
	}
	token, bearer := strings.CutPrefix(c.header.Get("Authorization"), "Bearer ")
	of, valid := s.readToken(token)
	if !bearer || !valid || !c.Now.Before(time.Unix(of.Expires, 0)) {
		return kubeRefusal(http.StatusUnauthorized, "Unauthorized")
	}
	if of.Audience == "admin" && of.Subject == rec.id && s.assume.AdminToken {
		return nil
	}
	if of.Audience != clientKube || of.Account.BSS != s.account {
		return kubeRefusal(http.StatusUnauthorized, "Unauthorized")
	}
	c.who = of.identity()
	if at, known := rec.synced[c.who.id]; !known || c.Now.Before(at) {
		return kubeRefusal(http.StatusForbidden, fmt.Sprintf("configmaps %q is forbidden: User \"IAM#%s\" cannot access resource \"configmaps\" in API group \"\" in the namespace \"kube-system\"", configName, c.who.subject))
	}
	return nil
}

// signed reports whether the authority of the cluster has signed a certificate.
func (rec *clusterRecord) signed(certificate *x509.Certificate) bool {
	text, err := base64.StdEncoding.DecodeString(rec.authority.Certificate)
	block, _ := pem.Decode(text)
	if err != nil || block == nil {
		return false
	}
	authority, err := x509.ParseCertificate(block.Bytes)
	return err == nil && certificate.CheckSignatureFrom(authority) == nil
}

// kubeReasons are the reasons of refusals by HTTP status.
var kubeReasons = map[int]string{
	400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 415: "UnsupportedMediaType", 422: "Invalid",
	429: "TooManyRequests", 500: "InternalError", 501: CodeNotSimulated, 503: "ServiceUnavailable",
}

func kubeRefusal(status int, text string) *apiError {
	return fail(status, kubeReasons[status], "%s", text)
}

// kubeStatusObject is the body of a refusal of Kubernetes.
type kubeStatusObject struct {
	Kind       string   `json:"kind"`
	APIVersion string   `json:"apiVersion"`
	Metadata   struct{} `json:"metadata"`
	Status     string   `json:"status"`
	Message    string   `json:"message"`
	Reason     string   `json:"reason"`
	Code       int      `json:"code"`
}

func kubeStatus(e *apiError) kubeStatusObject {
	return kubeStatusObject{Kind: "Status", APIVersion: "v1", Status: "Failure", Message: e.description, Reason: kubeReasons[e.status], Code: e.status}
}

// theConfigMap finds the ConfigMap; it is there once the add-on has been installed.
func (s *Server) theConfigMap(c *call) (*clusterRecord, *apiError) {
	rec := s.clusters[c.vars["cluster"]]
	if rec.config == nil {
		return nil, kubeRefusal(http.StatusNotFound, fmt.Sprintf("configmaps %q not found", configName))
	}
	return rec, nil
}

func (s *Server) getConfigMap(c *call) (*answer, *apiError) {
	rec, e := s.theConfigMap(c)
	if e != nil {
		return nil, e
	}
	return body(rec.config)
}

// putConfigMap replaces the ConfigMap, if it is still what the caller read.
func (s *Server) putConfigMap(c *call) (*answer, *apiError) {
	rec, e := s.theConfigMap(c)
	if e != nil {
		return nil, e
	}
	var in configMap
	if e := c.decode(&in); e != nil {
		return nil, kubeRefusal(max(e.status, http.StatusBadRequest), e.description)
	}
	return s.writeConfigMap(c, rec, &in)
}

// patchConfigMap merges into the ConfigMap.
func (s *Server) patchConfigMap(c *call) (*answer, *apiError) {
	rec, e := s.theConfigMap(c)
	if e != nil {
		return nil, e
	}
	var patch struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   struct {
			Name            string             `json:"name"`
			Namespace       string             `json:"namespace"`
			ResourceVersion string             `json:"resourceVersion"`
			Annotations     map[string]*string `json:"annotations"`
		} `json:"metadata"`
		Data map[string]*string `json:"data"`
	}
	if e := c.decode(&patch); e != nil {
		return nil, kubeRefusal(max(e.status, http.StatusBadRequest), e.description)
	}
	in := *rec.config
	in.Metadata.ResourceVersion = cmp.Or(patch.Metadata.ResourceVersion, in.Metadata.ResourceVersion)
	in.Data, in.Metadata.Annotations = merged(in.Data, patch.Data), merged(in.Metadata.Annotations, patch.Metadata.Annotations)
	return s.writeConfigMap(c, rec, &in)
}

// merged is a map with a merge patch: null takes out.
func merged(base map[string]string, patch map[string]*string) map[string]string {
	out := map[string]string{}
	for key, value := range base {
		out[key] = value
	}
	for key, value := range patch {
		if delete(out, key); value != nil {
			out[key] = *value
		}
	}
	return out
}

func (s *Server) writeConfigMap(c *call, rec *clusterRecord, in *configMap) (*answer, *apiError) {
	have := rec.config.Metadata
	switch m := in.Metadata; {
	case in.Kind != "" && in.Kind != "ConfigMap" || in.APIVersion != "" && in.APIVersion != "v1" || m.Name != configName || m.Namespace != "" && m.Namespace != "kube-system":
		return nil, kubeRefusal(http.StatusBadRequest, "the object is not the ConfigMap of the path")
	case m.UID != "" && m.UID != have.UID:
		return nil, kubeRefusal(http.StatusConflict, "Precondition failed: UID in precondition: "+m.UID+", UID in object meta: "+have.UID)
	case m.ResourceVersion != "" && m.ResourceVersion != have.ResourceVersion:
		return nil, kubeRefusal(http.StatusConflict, fmt.Sprintf("Operation cannot be fulfilled on configmaps %q: the object has been modified; please apply your changes to the latest version and try again", configName))
	}
	if err := s.keepConfigMap(c.Now, c.Outcome, rec, in); err != nil {
		return nil, kubeRefusal(http.StatusInternalServerError, err.Error())
	}
	return body(rec.config)
}

// keepConfigMap writes the ConfigMap down, for the autoscaler to read in a while.
func (s *Server) keepConfigMap(now time.Time, out core.Outcome, rec *clusterRecord, in *configMap) error {
	kept := *rec.config
	kept.Data, kept.Metadata.Annotations, kept.Metadata.Labels = in.Data, in.Metadata.Annotations, in.Metadata.Labels
	kept.Metadata.ResourceVersion = s.nextVersion()
	rec.config = &kept
	out.Effect = func(r core.OperationRecord) {
		if !canceled(r) {
			s.readConfigMap(rec, r.Failure)
		}
	}
	// The cluster is there, and nothing is in the way of what runs aside.
	_, err := s.world.Apply(now, core.Work{ClusterID: rec.id, Took: s.duration(profile.UpdateCluster), Aside: true}, out)
	return err
}

// readConfigMap lets the autoscaler do what the ConfigMap says, and write down what it
// made of each entry.
func (s *Server) readConfigMap(rec *clusterRecord, failure string) {
	a, installed := simkit.Find(rec.addons, func(a *addonRecord) bool { return a.name == autoscaler })
	if !installed || a.failed != "" {
		return
	}
	var entries []configEntry
	status := map[string]string{}
	if err := json.Unmarshal([]byte(rec.config.Data[configKey]), &entries); err != nil {
		status["config"] = "FAILED CODE: 400: " + configKey + " cannot be read."
	}
	auto := map[string]bool{}
	for _, entry := range entries {
		p, found := rec.pool(entry.Name)
		key := fmt.Sprintf("%d:%d:%s", entry.MinSize, entry.MaxSize, entry.Name)
		switch {
		case failure != "" && entry.Enabled:
			status[key] = "FAILED CODE: 500: " + failure
			if found {
				auto[p.id] = p.auto
			}
		case !found || p.removed:
			if entry.Enabled {
				status[key] = "FAILED CODE: 404: The specified worker pool could not be found."
			}
		case entry.MinSize < 1 || entry.MaxSize < entry.MinSize:
			status[key] = "FAILED CODE: 400: minSize must be at least 1 and not above maxSize."
			auto[p.id] = p.auto
		default:
			status[key] = "SUCCESS"
			auto[p.id] = entry.Enabled
		}
	}
	for id, p := range rec.pools {
		p.auto = auto[id] && !p.removed
	}
	text, _ := json.Marshal(status) // texts only
	kept := *rec.config
	kept.Metadata.Annotations = merged(kept.Metadata.Annotations, nil)
	kept.Metadata.Annotations[configStatus] = string(text)
	kept.Metadata.ResourceVersion = s.nextVersion()
	rec.config = &kept
}
