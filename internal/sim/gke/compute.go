// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// computeRoot is the base path of Compute Engine.
const computeRoot = "/compute/v1/"

// computeCallInfo is a request to Compute Engine, taken apart.
type computeCallInfo struct {
	*call
	// labels are the parts of the path by their name.
	labels map[string]string
	query  url.Values
	// host is the project, if it is a host project.
	host string
}

// computeRoute is one method of Compute Engine.
type computeRoute struct {
	verb, path, op string
	permission     string
	list           bool // it takes maxResults, pageToken and filter
	handle         func(*Server, computeCallInfo) (any, *apiError)
}

// computeTable lists the methods that there are; a nil handler means that it is not
// simulated.
var computeTable []computeRoute

// class is the quota that counts a method.
func (r computeRoute) class() string {
	switch {
	case strings.HasSuffix(r.op, ".aggregatedList"):
		return classHeavy
	case r.verb != http.MethodGet:
		return classDefault
	case strings.HasPrefix(r.path, "zones/{zone}/"), strings.HasPrefix(r.path, "regions/{region}/"):
		return classRegional
	}
	return classGlobal
}

// The handlers refer to the table only through requests, but the compiler cannot
// know that.
func init() {
	const zone, region = "zones/{zone}/", "regions/{region}/"
	computeTable = []computeRoute{
		{"GET", "", "projects.get", "compute.projects.get", false, (*Server).getProject},
		{"GET", "aggregated/instanceGroupManagers", listOfManagers, "compute.instanceGroupManagers.list", true, (*Server).aggregateManagers},
		{"GET", "aggregated/instances", listOfInstances, "compute.instances.list", true, (*Server).aggregateInstances},
		{"GET", "global/networks", "networks.list", "compute.networks.list", true, (*Server).listNetworks},
		{"GET", "global/networks/{network}", "networks.get", "compute.networks.get", false, (*Server).getNetwork},
		{"GET", "regions/{region}", "regions.get", "compute.regions.get", false, (*Server).getRegion},
		{"GET", region + "subnetworks", "subnetworks.list", "compute.subnetworks.list", true, (*Server).listSubnetworks},
		{"GET", region + "subnetworks/{subnetwork}", "subnetworks.get", "compute.subnetworks.get", false, (*Server).getSubnetwork},
		{"GET", "zones", "zones.list", "compute.zones.list", true, (*Server).listZones},
		{"GET", "zones/{zone}", "zones.get", "compute.zones.get", false, (*Server).getZone},
		{"GET", zone + "instanceGroupManagers/{group}", "instanceGroupManagers.get", "compute.instanceGroupManagers.get", false, (*Server).getManager},
		{"POST", zone + "instanceGroupManagers/{group}/listManagedInstances", "instanceGroupManagers.listManagedInstances",
			"compute.instanceGroupManagers.get", true, (*Server).listManagedInstances},
		{"POST", zone + "instanceGroupManagers/{group}/resize", "instanceGroupManagers.resize", "compute.instanceGroupManagers.update", false, nil},
		{"GET", zone + "instanceGroups/{group}", "instanceGroups.get", "compute.instanceGroups.get", false, (*Server).getGroup},
		{"POST", zone + "instanceGroups/{group}/listInstances", "instanceGroups.listInstances", "compute.instanceGroups.list", true, (*Server).listInstances},
		{"GET", zone + "instances", "instances.list", "compute.instances.list", true, nil},
		{"GET", zone + "instances/{instance}", "instances.get", "compute.instances.get", false, nil},
		{"GET", zone + "machineTypes", "machineTypes.list", "compute.machineTypes.list", true, (*Server).listMachineTypes},
		{"GET", zone + "machineTypes/{machineType}", "machineTypes.get", "compute.machineTypes.get", false, (*Server).getMachineType},
		{"GET", zone + "diskTypes/{diskType}", "diskTypes.get", "compute.diskTypes.get", false, (*Server).getDiskType},
	}
}

// computeSegment is what a part of a path looks like; the project may have a domain.
var computeSegment = regexp.MustCompile(`^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$`)

// computeCall answers a call of Compute Engine.
func (s *Server) computeCall(w http.ResponseWriter, r *http.Request, body []byte) {
	c := &call{service: serviceCompute, full: "google.compute.v1", Exchange: simkit.Exchange{Entry: Call{Service: "compute"}}}
	c.bearer, _ = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	found, in, ok := s.routeCompute(r)
	in.call = c
	if ok {
		c.Entry.Op, c.Class, c.permission, c.full = found.op, found.class(), found.permission, "compute.v1."+found.op
		c.target = strings.TrimPrefix(r.URL.Path, computeRoot)
		if at := strings.LastIndexByte(c.target, '/'); r.Method == http.MethodPost {
			c.target = c.target[:at]
		}
	}
	c.Entry.Cluster, c.Entry.NodeGroup = s.ownerOf(in.labels["zone"], in.labels["group"])
	c.fault = s.checkCompute(found, in, ok, r, body)
	s.serve(w, r, c, func() (simkit.Reply, *apiError) {
		out, e := found.handle(s, in)
		reply := jsonReply(http.StatusOK, out)
		if mask, ok := parseMask(in.query.Get("fields")); ok {
			reply.Body = mask.trim(reply.Body)
		}
		return reply, e
	})
}

// routeCompute finds the method of a request and the parts of its path.
func (s *Server) routeCompute(r *http.Request) (computeRoute, computeCallInfo, bool) {
	in := computeCallInfo{labels: map[string]string{}, query: r.URL.Query()}
	segments := simkit.Segments(r)
	for _, route := range computeTable {
		pattern := strings.TrimSuffix(computeRoot+"projects/{project}/"+route.path, "/")
		labels, ok := simkit.MatchPath(pattern, segments, simkit.Exactly)
		if !ok || route.verb != r.Method {
			continue
		}
		in.labels = labels
		if s.resources.host(labels["project"]) {
			in.host = labels["project"]
		}
		return route, in, true
	}
	return computeRoute{}, in, false
}

// computeParameters are those of every method.
var computeParameters = []string{"alt", "fields", "key", "prettyPrint", "quotaUser", "userIp"}

// listParameters are those of lists.
var listParameters = []string{"filter", "maxResults", "orderBy", "pageToken", "returnPartialSuccess"}

// checkCompute refuses what is wrong before any handler looks.
func (s *Server) checkCompute(found computeRoute, in computeCallInfo, ok bool, r *http.Request, body []byte) *apiError {
	query, err := url.ParseQuery(r.URL.RawQuery)
	switch {
	case !ok || err != nil:
		return notFound("Not Found")
	case s.foreign(in.labels["project"]) && (in.host == "" || !strings.Contains(found.op, "networks.")):
		return s.elsewhere(in, found.permission)
	case found.handle == nil:
		return notSimulated("%s", found.op)
	case found.op == "instanceGroups.listInstances":
		var filter struct{ InstanceState string }
		if len(body) > 0 && json.Unmarshal(body, &filter) != nil {
			return invalidCompute("The body cannot be read.")
		}
		if filter.InstanceState != "" && filter.InstanceState != "ALL" && filter.InstanceState != "RUNNING" {
			return invalidCompute("Invalid value for field 'instanceState': '%s'.", filter.InstanceState)
		}
	case len(body) > 0:
		return invalidCompute("The method takes no body.")
	}
	for key := range query {
		if !slices.Contains(computeParameters, key) && (!found.list || !slices.Contains(listParameters, key)) {
			return invalidCompute("Unknown parameter: %s", key)
		}
	}
	if _, ok := parseMask(query.Get("fields")); !ok && query.Get("fields") != "" {
		return invalidCompute("Invalid field selection %s", query.Get("fields"))
	}
	for _, key := range []string{"filter", "orderBy"} {
		if query.Get(key) != "" && (key != "filter" || !strings.HasSuffix(found.op, ".aggregatedList")) {
			return notSimulated("the parameter %s", key)
		}
	}
	for name, value := range in.labels {
		if name != "project" && !computeSegment.MatchString(value) {
			e := invalidCompute("Invalid value for field '%s': '%s'. Must be a match of regex '[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?'", name, value)
			return e
		}
	}
	return nil
}

func invalidCompute(format string, args ...any) *apiError {
	e := invalid(format, args...)
	e.reason = "invalid"
	return e
}

func (s *Server) noResource(path string) *apiError { return s.noResourceIn("", path) }

func (s *Server) noResourceIn(project, path string) *apiError {
	return fail(codes.NotFound, "The resource 'projects/%s/%s' was not found", cmp.Or(project, s.project), path)
}

// elsewhere refuses what lies in another project: without rights, if there is such
// a project.
func (s *Server) elsewhere(in computeCallInfo, permission string) *apiError {
	project := in.labels["project"]
	if in.host != "" || slices.Contains(s.options.Projects, project) {
		return s.refusePermission(in.call, permission)
	}
	return notFound("The resource 'projects/%s' was not found", project)
}

// slice returns the part of a list that a call asks for.
func slice[T any](s *Server, in computeCallInfo, list []T) ([]T, string, *apiError) {
	size := 0
	if text := in.query.Get("maxResults"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > 500 {
			return nil, "", invalidCompute("Invalid value for field 'maxResults': '%s'. Must be between 0 and 500.", text)
		}
		size = n
	}
	first, last, next, e := s.page(in.call, in.query.Get("pageToken"), size, 500, len(list))
	if e != nil {
		e.reason = "invalid"
		return nil, "", e
	}
	return list[first:last], next, nil
}

// ownerOf names the cluster and the pool of an instance group, for the journal and
// for faults that strike one of them.
func (s *Server) ownerOf(zone, group string) (cluster, pool string) {
	if group == "" {
		return "", ""
	}
	s.Mu.Lock()
	defer s.Mu.Unlock()
	if m, ok := s.groups[groupKey{zone, group}]; ok {
		return m.rec.name, m.pool.base.GetName()
	}
	return "", ""
}

// computeLink is the URL of a resource of Compute Engine.
func (s *Server) computeLink(path string) string { return s.linkIn("", path) }

// linkIn is computeLink for a host project; empty means this one.
func (s *Server) linkIn(project, path string) string {
	return "https://www.googleapis.com" + computeRoot + "projects/" + cmp.Or(project, s.project) + "/" + path
}
