// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// The services, by the type that the catalog has.
const (
	serviceIdentity = "identity"
	serviceNKS      = "container-infra"
	serviceCompute  = "compute"
	serviceImage    = "image"
	serviceNetwork  = "network"
	serviceVolume   = "volumev2"
)

// Where the services are on the one endpoint.
const (
	identityRoot = "/v2.0"
	nksRoot      = "/v1"
	computeRoot  = "/compute/v2"
	imageRoot    = "/image"
	networkRoot  = "/network"
	volumeRoot   = "/volume/v2"
)

// handler answers an operation. The lock is held.
type handler func(*Server, *call) (*answer, *apiError)

// route is what a request asks for.
type route struct {
	apiRoute
	// vars are the decoded variable parts of the path.
	vars  map[string]string
	query url.Values
	body  []byte
	// version is the microversion that was asked for; empty if none was.
	version string
	// fault is why there is nothing to handle.
	fault *apiError
}

// apiRoute is one operation. A nil handler means that it is not simulated.
type apiRoute struct {
	service, method, path, op string
	query                     []string
	// write: it changes something, so that a role that may only read does not do.
	write  bool
	handle handler
}

// routeOf says what a request asks for. A slash at the end of a path counts for
// nothing.
func routeOf(r *http.Request, query url.Values, body []byte) route {
	segments := simkit.Segments(r)
	if n := len(segments); n > 1 && segments[n-1] == "" {
		segments = segments[:n-1]
	}
	t := route{apiRoute: apiRoute{service: serviceOf(segments)}, vars: map[string]string{}, query: query, body: body}
	if slices.Contains(segments, ".") || slices.Contains(segments, "..") {
		t.fault = fail(http.StatusNotFound, "NotFound", "The resource could not be found.")
		return t
	}
	known := false
	for _, entry := range apiTable {
		vars, matches := simkit.MatchPath(entry.path, segments, simkit.Exactly)
		if !matches {
			continue
		}
		known = true
		if entry.method == r.Method {
			t.apiRoute, t.vars = entry, vars
			t.fault = t.check(r)
			return t
		}
	}
	t.fault = fail(http.StatusNotFound, "NotFound", "The resource could not be found.")
	if known {
		t.fault = fail(http.StatusMethodNotAllowed, "MethodNotAllowed", "The method %s is not allowed for this resource.", r.Method)
	}
	return t
}

// serviceOf returns the service that a path belongs to; empty for none.
func serviceOf(segments []string) string {
	switch segments[0] {
	case "v2.0":
		return serviceIdentity
	case "v1":
		return serviceNKS
	case "compute":
		return serviceCompute
	case "image":
		return serviceImage
	case "network":
		return serviceNetwork
	case "volume":
		return serviceVolume
	}
	return ""
}

// check refuses what is wrong before any handler looks.
func (t *route) check(r *http.Request) *apiError {
	if t.handle == nil {
		return notSimulated("%s", t.op)
	}
	for _, key := range sortedKeys(t.query) {
		if !slices.Contains(t.apiRoute.query, key) && !slices.Contains(t.apiRoute.query, "*") {
			return notSimulated("the query parameter %.64q of %s", key, t.op)
		}
		if len(t.query[key]) > 1 {
			return badRequest("The query parameter %.64q is given twice.", key)
		}
	}
	switch r.Method {
	case http.MethodPost, http.MethodPatch:
		if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
			return fail(http.StatusUnsupportedMediaType, "UnsupportedMediaType", "The media type %.64q is not supported, use application/json.", kind)
		}
	default:
		if strings.TrimSpace(string(t.body)) != "" {
			return badRequest("%s takes no body.", t.op)
		}
	}
	return nil
}
