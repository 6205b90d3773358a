// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"cmp"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// The services, as the journal shows them.
const (
	containerService = "ContainerService"
	network          = "Network"
	compute          = "Compute"
	resourceGraph    = "ResourceGraph"
	resourceManager  = "Resources"
	entra            = "entra"
)

// handler answers an operation. The lock is held.
type handler func(*Server, *call) (*answer, *apiError)

// route is what a request asks for.
type route struct {
	service, op string
	// action is what the caller needs the permission for.
	action string
	// vars are the decoded variable parts of the path.
	vars   map[string]string
	path   string
	query  url.Values
	body   []byte
	handle handler
	// fault is why there is nothing to handle.
	fault *apiError
}

// armRoute is one operation. A nil handler means that it is not simulated.
type armRoute struct {
	method, path, op, action string
	query                    []string
	handle                   handler
}

// apiVersions lists what each service takes: the version of the SDK that a client
// is generated from, exactly. The URLs of operations may carry an old one.
// The later ones of AKS are those of its clients in Python.
var apiVersions = map[string][]string{
	compute:          {"2025-04-01"},
	containerService: {"2025-10-01", "2026-06-01", "2026-08-01"},
	network:          {"2025-01-01"},
	resourceGraph:    {"2024-04-01", "2022-10-01", "2021-03-01"},
	// What comes before any provider is the same in all versions.
	resourceManager: {"2016-06-01", "2018-05-01", "2019-05-01", "2019-11-01", "2020-01-01", "2020-10-01", "2021-01-01", "2021-04-01", "2022-09-01", "2022-12-01", "2024-11-01", "2025-04-01"},
}

// operationVersion is the api-version that the URLs of operations carry where
// Assumptions.OldOperationURLs is set.
const operationVersion = "2017-08-31"

// routeOf says what a request asks for. Literal parts of a path match in any case.
func routeOf(r *http.Request, query url.Values, body []byte) route {
	segments := simkit.Segments(r)
	if t, found := routeEntra(r, segments, query, body); found {
		return t
	}
	t := route{service: serviceOf(segments), path: r.URL.Path, query: query, body: body, vars: map[string]string{}}
	known := false
	for _, entry := range armTable {
		vars, matches := matchPath(entry.path, segments)
		if !matches {
			continue
		}
		known, t.vars, t.service = true, vars, cmp.Or(t.service, resourceManager)
		if entry.method != r.Method {
			continue
		}
		t.op, t.action, t.handle = entry.op, entry.action, entry.handle
		t.fault = t.check(r, entry)
		return t
	}
	switch {
	case known:
		t.fault = gateway(http.StatusNotFound, "NotFound", "The resource does not support the HTTP method '%s'.", r.Method)
	case t.service != "":
		t.fault = gateway(http.StatusNotFound, "InvalidResourceType", "The resource type could not be found in the namespace 'Microsoft.%s'.", t.service)
	default:
		t.fault = gateway(http.StatusNotFound, "InvalidResourceNamespace", "There is no such path.")
	}
	return t
}

// serviceOf returns the service that a path belongs to; empty for none. A path that
// ends with the name of a provider is about it, not its own.
func serviceOf(segments []string) string {
	for i, segment := range segments[:max(0, len(segments)-2)] {
		if !strings.EqualFold(segment, "providers") {
			continue
		}
		for _, service := range []string{containerService, network, compute, resourceGraph} {
			if strings.EqualFold(segments[i+1], "Microsoft."+service) {
				return service
			}
		}
	}
	return ""
}

// check refuses what is wrong before any handler looks.
func (t *route) check(r *http.Request, entry armRoute) *apiError {
	versions := apiVersions[t.service]
	if strings.HasPrefix(t.op, "Operation") {
		versions = append(slices.Clone(versions), operationVersion)
	}
	switch given := t.query["api-version"]; {
	case len(given) == 0 || given[0] == "":
		return gateway(http.StatusBadRequest, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.")
	case entry.handle == nil:
		return notSimulated("%s", entry.op)
	case len(given) > 1 || !slices.Contains(versions, given[0]):
		return gateway(http.StatusBadRequest, "InvalidApiVersionParameter", "The api-version '%s' is invalid. The supported versions are '%s'.",
			strings.Join(given, ","), strings.Join(versions, ","))
	}
	for key := range t.query {
		if key != "api-version" && !slices.ContainsFunc(entry.query, func(k string) bool { return strings.EqualFold(k, key) }) {
			return gateway(http.StatusBadRequest, "InvalidQueryParameter", "The query parameter '%.64s' is not known.", key)
		}
	}
	switch r.Method {
	case http.MethodPut, http.MethodPatch:
		if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
			return gateway(http.StatusUnsupportedMediaType, "UnsupportedMediaType", "The content media type '%.64s' is not supported. Only 'application/json' is supported.", kind)
		}
	default:
		if len(t.body) > 0 && t.service != resourceGraph {
			return gateway(http.StatusBadRequest, "InvalidRequestContent", "The request content was invalid: %s takes no body.", t.op)
		}
	}
	return nil
}

// matchPath compares a path with a pattern and returns its variables, decoded.
func matchPath(pattern string, segments []string) (map[string]string, bool) {
	if slices.Contains(segments, ".") || slices.Contains(segments, "..") {
		return nil, false
	}
	return simkit.MatchPath(pattern, segments, simkit.AnyCase)
}

// group is the resource group that a call speaks of.
func (t *route) group() string { return t.vars["rg"] }

// kind is the type of the resource that a call speaks of.
func (t *route) kind() string {
	kind := t.action
	if i := strings.LastIndex(kind, "/"); i > 0 {
		kind = kind[:i]
	}
	return kind
}

// resource is the name of the resource that a call speaks of.
func (t *route) resource() string {
	name := t.vars["cluster"]
	for _, key := range []string{"pool", "machine", "name", "child"} {
		if v := t.vars[key]; v != "" {
			name = strings.TrimPrefix(name+"/"+v, "/")
		}
	}
	return name
}
