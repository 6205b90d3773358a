// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/kubeapi"
)

const (
	// authenticator is the add-on that takes tokens, and tokenPrefix how they begin.
	authenticator = "ack-ram-authenticator"
	tokenPrefix   = "k8s-ack-v2."
)

// kubernetesToken says whose a token is. It holds a request to STS, signed by its bearer,
// which the add-on sends (ack-ram-tool, pkg/ramauthenticator, read in November 2026); a
// mapping in the cluster then says who that is to Kubernetes, and whoever is of this
// account has one here. The lock is held.
func (s *Server) kubernetesToken(id, token string, now time.Time) (kubeapi.User, bool) {
	rec := s.clusters[id]
	encoded, ok := strings.CutPrefix(token, tokenPrefix)
	if rec == nil || rec.addon(authenticator) == nil || !ok {
		return kubeapi.User{}, false
	}
	text, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return kubeapi.User{}, false
	}
	var held struct {
		ClusterID string            `json:"clusterId"`
		Method    string            `json:"method"`
		Path      string            `json:"path"`
		Query     map[string]string `json:"query"`
		Headers   map[string]string `json:"headers"`
	}
	if json.Unmarshal(text, &held) != nil || held.ClusterID != id || held.Method != http.MethodPost || held.Path != "/" {
		return kubeapi.User{}, false
	}
	query := url.Values{}
	for name, value := range held.Query {
		query.Set(name, value)
	}
	r := &http.Request{Method: held.Method, URL: &url.URL{Path: held.Path, RawQuery: query.Encode()}, Header: http.Header{}}
	for name, value := range held.Headers {
		r.Header.Set(name, value)
	}
	if query.Get("ACKClusterId") != id || r.Header.Get("x-acs-action") != "GetCallerIdentity" || r.Header.Get("x-acs-bearer-token") != "" {
		return kubeapi.User{}, false
	}
	who, e := s.authenticate(r, query, nil, serviceSTS, now)
	return kubeapi.User{Name: "acs:ram::" + who.account + ":" + who.user}, e == nil
}
