// SPDX-License-Identifier: Apache-2.0

package iks

import (
	"cmp"
	"encoding/json"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// The services, as the journal shows them.
const (
	serviceIKS       = "iks"
	serviceIAM       = "iam"
	serviceVPC       = "vpc"
	serviceTags      = "tags"
	serviceResources = "resources"
	serviceKube      = "kube"
)

// handler answers an operation. The lock is held.
type handler func(*Server, *call) (*answer, *apiError)

// route is what a request asks for.
type route struct {
	service, op, method string
	// vars are the decoded variable parts of the path.
	vars    map[string]string
	query   url.Values
	body    []byte
	subject subject
	handle  handler
	// fault is why there is nothing to handle.
	fault *apiError
}

// subject is what a call says in its path, its query or its body of its target.
type subject struct {
	Cluster    string `json:"cluster"`
	Name       string `json:"name"`
	Pool       string `json:"workerpool"`
	PoolID     string `json:"workerPoolID"`
	WorkerPool struct{ Name string }
}

// endpoint is one operation. A nil handler means that it is not simulated.
type endpoint struct {
	service, method, path, op string
	// query are the parameters, of which those with a "!" must be given.
	query  []string
	handle handler
}

// endpoints is every operation of IBM that a client of clusters may be expected to
// call.
var endpoints = []endpoint{
	{serviceIAM, "POST", "/identity/token", "token", nil, (*Server).token},

	{serviceIKS, "GET", "/global/v1/versions", "versions", nil, (*Server).versions},
	{serviceIKS, "GET", "/global/v1/kube-versions", "kube-versions", nil, nil},
	{serviceIKS, "GET", "/global/v2/getVersions", "getVersions", nil, (*Server).getVersions},
	{serviceIKS, "GET", "/global/v2/getFlavors", "getFlavors", []string{"zone!", "provider"}, (*Server).getFlavors},
	{serviceIKS, "GET", "/global/v2/getQuota", "getQuota", nil, (*Server).getQuota},
	{serviceIKS, "GET", "/global/v2/vpc/getVPCs", "getVPCs", []string{"provider"}, (*Server).getVPCs},
	{serviceIKS, "GET", "/global/v2/vpc/getVPC", "getVPC", []string{"provider", "vpcID!"}, (*Server).getVPC},
	{serviceIKS, "GET", "/global/v2/vpc/getSubnets", "getSubnets", []string{"provider!", "vpc!", "zone!"}, (*Server).getSubnets},

	{serviceIKS, "POST", "/global/v2/vpc/createCluster", "createCluster", nil, (*Server).createCluster},
	{serviceIKS, "GET", "/global/v2/vpc/getClusters", "getClusters", []string{"provider", "location"}, (*Server).getClusters},
	{serviceIKS, "GET", "/global/v2/vpc/getCluster", "getCluster", []string{"cluster!", "showResources"}, (*Server).getCluster},
	{serviceIKS, "GET", "/global/v2/getCluster", "getCluster", []string{"cluster!", "showResources", "v1-compatible"}, (*Server).getCluster},
	{serviceIKS, "GET", "/global/v1/clusters", "listClusters", nil, nil},
	{serviceIKS, "GET", "/global/v1/clusters/{cluster}", "getCluster", nil, nil},
	{serviceIKS, "DELETE", "/global/v1/clusters/{cluster}", "deleteCluster", []string{"deleteResources"}, (*Server).deleteCluster},
	{serviceIKS, "PUT", "/global/v1/clusters/{cluster}", "updateCluster", nil, (*Server).updateCluster},
	{serviceIKS, "PUT", "/global/v1/clusters/{cluster}/masters", "refreshMasters", nil, (*Server).refreshMasters},
	{serviceIKS, "POST", "/global/v2/refreshMaster", "refreshMaster", nil, (*Server).refreshMaster},
	{serviceIKS, "POST", "/global/v2/enablePublicServiceEndpoint", "enablePublicServiceEndpoint", nil, (*Server).enablePublicServiceEndpoint},
	{serviceIKS, "POST", "/global/v2/disablePublicServiceEndpoint", "disablePublicServiceEndpoint", nil, (*Server).disablePublicServiceEndpoint},
	{serviceIKS, "GET", "/global/v1/acl/{cluster}", "getACL", nil, nil},
	{serviceIKS, "DELETE", "/global/v1/acl/{cluster}", "deleteACL", nil, nil},
	{serviceIKS, "POST", "/global/v1/acl/{cluster}/enable", "enableACL", nil, nil},
	{serviceIKS, "PATCH", "/global/v1/acl/{cluster}/add", "addToACL", nil, nil},
	{serviceIKS, "PATCH", "/global/v1/acl/{cluster}/rm", "removeFromACL", nil, nil},
	{serviceIKS, "POST", "/global/v2/updateMaster", "updateMaster", nil, (*Server).updateMaster},

	{serviceIKS, "POST", "/global/v2/vpc/createWorkerPool", "createWorkerPool", nil, (*Server).createWorkerPool},
	{serviceIKS, "POST", "/global/v2/vpc/createWorkerPoolZone", "createWorkerPoolZone", nil, (*Server).createWorkerPoolZone},
	{serviceIKS, "POST", "/global/v2/removeWorkerPoolZone", "removeWorkerPoolZone", nil, (*Server).removeWorkerPoolZone},
	{serviceIKS, "GET", "/global/v2/vpc/getWorkerPools", "getWorkerPools", []string{"cluster!"}, (*Server).getWorkerPools},
	{serviceIKS, "GET", "/global/v2/vpc/getWorkerPool", "getWorkerPool", []string{"cluster!", "workerpool!"}, (*Server).getWorkerPool},
	{serviceIKS, "POST", "/global/v2/resizeWorkerPool", "resizeWorkerPool", nil, (*Server).resizeWorkerPool},
	{serviceIKS, "POST", "/global/v2/rebalanceWorkerPool", "rebalanceWorkerPool", nil, nil},
	{serviceIKS, "POST", "/global/v2/removeWorkerPool", "removeWorkerPool", nil, (*Server).removeWorkerPool},
	{serviceIKS, "POST", "/global/v2/setWorkerPoolLabels", "setWorkerPoolLabels", nil, (*Server).setWorkerPoolLabels},
	{serviceIKS, "POST", "/global/v2/setWorkerPoolTaints", "setWorkerPoolTaints", nil, (*Server).setWorkerPoolTaints},
	{serviceIKS, "POST", "/global/v2/setWorkerPoolOperatingSystem", "setWorkerPoolOperatingSystem", nil, nil},
	{serviceIKS, "PATCH", "/global/v1/clusters/{cluster}/workerpools/{pool}", "patchWorkerPool", nil, (*Server).patchWorkerPool},
	{serviceIKS, "DELETE", "/global/v1/clusters/{cluster}/workerpools/{pool}", "deleteWorkerPool", nil, (*Server).deleteWorkerPool},

	{serviceIKS, "GET", "/global/v2/vpc/getWorkers", "getWorkers", []string{"cluster!", "pool", "showDeleted"}, (*Server).getWorkers},
	{serviceIKS, "GET", "/global/v2/vpc/getWorker", "getWorker", []string{"cluster!", "worker!"}, (*Server).getWorker},
	{serviceIKS, "POST", "/global/v2/vpc/replaceWorker", "replaceWorker", nil, (*Server).replaceWorker},

	{serviceIKS, "GET", "/global/v1/addons", "getAddons", nil, (*Server).getAddons},
	{serviceIKS, "GET", "/global/v1/clusters/{cluster}/addons", "getClusterAddons", nil, (*Server).getClusterAddons},
	{serviceIKS, "PATCH", "/global/v1/clusters/{cluster}/addons", "patchClusterAddons", nil, (*Server).patchClusterAddons},

	{serviceIKS, "GET", "/global/v2/getKubeconfig", "getKubeconfig", []string{"cluster!", "format", "admin", "network", "endpointType"}, (*Server).getKubeconfig},
	{serviceIKS, "POST", "/global/v2/applyRBACAndGetKubeconfig", "applyRBACAndGetKubeconfig", nil, (*Server).applyRBACAndGetKubeconfig},
	{serviceIKS, "GET", "/global/v2/getRBACStatus", "getRBACStatus", []string{"cluster!"}, (*Server).getRBACStatus},
	{serviceIKS, "GET", "/global/network/v2/security-group/getSecurityGroups", "getSecurityGroups", []string{"cluster!", "type"}, (*Server).getSecurityGroups},
	{serviceIKS, "POST", "/global/network/v2/outbound-traffic-protection", "outbound-traffic-protection", nil, nil},

	{serviceVPC, "GET", "/v1/vpcs", "listVPCs", []string{"limit", "start"}, (*Server).listVPCs},
	{serviceVPC, "GET", "/v1/vpcs/{id}", "getVPC", nil, (*Server).vpcByID},
	{serviceVPC, "GET", "/v1/subnets", "listSubnets", []string{"limit", "start", "vpc.id", "resource_group.id"}, (*Server).listSubnets},
	{serviceVPC, "GET", "/v1/subnets/{id}", "getSubnet", nil, (*Server).subnetByID},
	{serviceVPC, "GET", "/v1/security_groups", "listSecurityGroups", []string{"limit", "start", "vpc.id", "resource_group.id"}, (*Server).listSecurityGroups},
	{serviceVPC, "GET", "/v1/security_groups/{id}", "getSecurityGroup", nil, (*Server).securityGroupByID},

	{serviceTags, "GET", "/v3/tags", "listTags", []string{"tag_type", "attached_to", "full_data", "limit", "offset", "providers"}, (*Server).listTags},
	{serviceTags, "POST", "/v3/tags/attach", "attachTags", []string{"tag_type"}, (*Server).attachTags},
	{serviceTags, "POST", "/v3/tags/detach", "detachTags", []string{"tag_type"}, (*Server).detachTags},
	{serviceResources, "GET", "/v2/resource_groups", "listResourceGroups", []string{"account_id", "default", "name"}, (*Server).listResourceGroups},

	{serviceKube, "GET", "/kube/{cluster}/api/v1/namespaces/kube-system/configmaps/iks-ca-configmap", "getConfigMap", nil, (*Server).getConfigMap},
	{serviceKube, "PUT", "/kube/{cluster}/api/v1/namespaces/kube-system/configmaps/iks-ca-configmap", "putConfigMap", nil, (*Server).putConfigMap},
	{serviceKube, "PATCH", "/kube/{cluster}/api/v1/namespaces/kube-system/configmaps/iks-ca-configmap", "patchConfigMap", nil, (*Server).patchConfigMap},
}

// routeOf says what a request asks for.
func (s *Server) routeOf(r *http.Request, query url.Values, body []byte) route {
	segments := s.segments(r)
	t := route{service: serviceOf(segments[0]), method: r.Method, query: query, body: body, vars: map[string]string{}}
	known := false
	for _, e := range endpoints {
		vars, ok := simkit.MatchPath(e.path, segments, simkit.Exactly)
		if !ok || vars["cluster"] == ".." || vars["pool"] == ".." || vars["id"] == ".." {
			continue
		}
		if known = true; e.method != r.Method {
			continue
		}
		t.service, t.op, t.vars, t.handle = e.service, e.op, vars, e.handle
		t.subject = t.readSubject()
		t.fault = t.check(r, e)
		return t
	}
	if t.fault = noRoute(); known {
		t.fault.status, t.fault.text = http.StatusMethodNotAllowed, "Method Not Allowed\n"
	}
	return t
}

// segments is the path of a request; one to the host of a cluster's API server has
// the cluster in front.
func (s *Server) segments(r *http.Request) []string {
	segments := simkit.Segments(r)
	if _, port, err := net.SplitHostPort(r.Host); err == nil && segments[0] == "api" {
		s.Mu.Lock()
		defer s.Mu.Unlock()
		for id, rec := range s.clusters {
			if rec.port == port {
				return append([]string{"kube", id}, segments...)
			}
		}
	}
	return segments
}

// serviceOf tells the service of a path that is none of its routes.
func serviceOf(first string) string {
	switch first {
	case "identity":
		return serviceIAM
	case "v1":
		return serviceVPC
	case "v2":
		return serviceResources
	case "v3":
		return serviceTags
	case "kube", "api":
		return serviceKube
	}
	return serviceIKS
}

// check refuses what is wrong before any handler looks.
func (t *route) check(r *http.Request, e endpoint) *apiError {
	if t.handle == nil {
		return notSimulated("%s", t.op)
	}
	allowed := e.query
	if t.service == serviceVPC {
		allowed = append(slices.Clone(allowed), "version", "generation")
	}
	for key, values := range t.query {
		if !slices.Contains(allowed, key) && !slices.Contains(allowed, key+"!") {
			return notSimulated("the query parameter %.64q of %s", key, t.op)
		}
		if len(values) > 1 {
			return badRequest("The query parameter %q is given twice.", key)
		}
	}
	for _, key := range e.query {
		if name, must := strings.CutSuffix(key, "!"); must && t.query.Get(name) == "" {
			return badRequest("The required query parameter '%s' is missing.", name)
		}
	}
	wanted := ""
	switch {
	case t.service == serviceIAM:
		wanted = "application/x-www-form-urlencoded"
	case t.op == "patchConfigMap":
		wanted = "application/merge-patch+json"
	case len(t.body) > 0:
		wanted = "application/json"
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); wanted != "" && kind != wanted {
		return fail(http.StatusUnsupportedMediaType, "E0020", "The content type must be %s, not %q.", wanted, kind)
	}
	if len(t.body) > 0 && (r.Method == http.MethodGet || r.Method == http.MethodDelete) {
		return badRequest("%s takes no body.", t.op)
	}
	return nil
}

// readSubject says what a call is about, for the journal and the plan of faults.
func (t *route) readSubject() subject {
	var in subject
	if t.service == serviceIKS && t.method != http.MethodGet {
		_ = json.Unmarshal(t.body, &in) // what is wrong with it is said later
	}
	for _, name := range []string{t.vars["cluster"], t.query.Get("cluster")} {
		in.Cluster = cmp.Or(in.Cluster, name)
	}
	for _, name := range []string{in.PoolID, t.vars["pool"], t.query.Get("workerpool"), t.query.Get("pool")} {
		in.Pool = cmp.Or(in.Pool, name)
	}
	switch t.op {
	case "createCluster":
		in.Cluster, in.Pool = in.Name, in.WorkerPool.Name
	case "createWorkerPool":
		in.Pool = in.Name
	}
	return in
}
