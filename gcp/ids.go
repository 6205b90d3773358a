// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/refuse"
)

var (
	namePattern     = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$`)
	projectPattern  = regexp.MustCompile(`^([a-z0-9.-]+:)?[a-z][-a-z0-9]{4,28}[a-z0-9]$`)
	zonePattern     = regexp.MustCompile(`^[a-z]+-[a-z]+[0-9]+-[a-z0-9]+$`)
	regionPattern   = regexp.MustCompile(`^[a-z]+-[a-z]+[0-9]+$`)
	resourcePattern = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$`)
)

// regionOf is the region of a zone, and a region itself.
func regionOf(location string) string {
	if zonePattern.MatchString(location) {
		return location[:strings.LastIndexByte(location, '-')]
	}
	return location
}

// ref is where a cluster is and how it is called.
type ref struct{ project, location, name string }

func (r ref) parent() string { return "projects/" + r.project + "/locations/" + r.location }
func (r ref) path() string   { return r.parent() + "/clusters/" + r.name }

func (r ref) pool(name string) string { return r.path() + "/nodePools/" + name }

// clusterRef returns which cluster an IID stands for: a name in the handler's own
// location, or the path of a cluster in any location of the project.
func (h *Handler) clusterRef(iid pmks.IID) (ref, error) {
	const field = "clusterIID"
	if err := pmks.CheckIID(field, iid); err != nil {
		return ref{}, err
	}
	text := iid.SystemId
	if text == "" {
		text = iid.NameId
	}
	if !strings.Contains(text, "/") {
		if !namePattern.MatchString(text) {
			return ref{}, refuse.Invalid(field, "%q is not a name that GKE can have", text)
		}
		return ref{h.cfg.ProjectID, h.cfg.location(), text}, nil
	}
	parts := strings.Split(strings.TrimPrefix(text, "/"), "/")
	if len(parts) != 6 || parts[0] != "projects" || parts[2] != "locations" || parts[4] != "clusters" ||
		!(zonePattern.MatchString(parts[3]) || regionPattern.MatchString(parts[3])) || !namePattern.MatchString(parts[5]) {
		return ref{}, refuse.Invalid(field, "%q is not the path of a cluster: projects/PROJECT/locations/LOCATION/clusters/NAME", text)
	}
	if parts[1] != h.cfg.ProjectID {
		return ref{}, refuse.Invalid(field, "is in the project %q, this connection is to %q", parts[1], h.cfg.ProjectID)
	}
	return ref{parts[1], parts[3], parts[5]}, nil
}

// clusterIID is the identity of a cluster: its path where its location is not the
// handler's own.
func (h *Handler) clusterIID(r ref) pmks.IID {
	if r.location == h.cfg.location() {
		return pmks.IID{NameId: r.name, SystemId: r.name}
	}
	return pmks.IID{NameId: r.name, SystemId: r.path()}
}

// poolName returns the name of the node pool that an IID stands for.
func poolName(iid pmks.IID) (string, error) {
	const field = "nodeGroupIID"
	if err := pmks.CheckIID(field, iid); err != nil {
		return "", err
	}
	name := iid.SystemId
	if name == "" {
		name = iid.NameId
	}
	if !namePattern.MatchString(name) {
		return "", refuse.Invalid(field, "%q is not a name that GKE can have", name)
	}
	return name, nil
}

// names returns what a cluster and a node group are called, or all that is wrong
// with them.
func (h *Handler) names(clusterIID, nodeGroupIID pmks.IID) (ref, string, error) {
	r, err1 := h.clusterRef(clusterIID)
	pool, err2 := poolName(nodeGroupIID)
	return r, pool, errors.Join(err1, err2)
}

// group is an instance group, whose URL says where it is.
type group struct{ project, zone, name string }

// groupURL matches the URLs of instance groups and of their managers.
var groupURL = regexp.MustCompile(`/projects/([^/]+)/zones/([^/]+)/instanceGroup(?:Manager)?s/([^/?]+)$`)

func parseGroup(url string) (group, error) {
	m := groupURL.FindStringSubmatch(url)
	if m == nil {
		return group{}, fmt.Errorf("%q is not the URL of an instance group", url)
	}
	return group{m[1], m[2], m[3]}, nil
}

// resource reads a reference to a resource of Compute Engine: a name, or a path or
// URL that ends in KIND/NAME, such as ".../networks/default".
func resource(field string, iid pmks.IID, kind string) (string, error) {
	if err := pmks.CheckIID(field, iid); err != nil {
		return "", err
	}
	text := iid.SystemId
	if text == "" {
		text = iid.NameId
	}
	name := text
	if at := strings.LastIndexByte(text, '/'); at >= 0 {
		name = text[at+1:]
		if !strings.HasSuffix(text[:at], "/"+kind) && text[:at] != kind {
			return "", refuse.Invalid(field, "%q does not end in %s/NAME", text, kind)
		}
	}
	if !resourcePattern.MatchString(name) {
		return "", refuse.Invalid(field, "%q is not a name that Google Cloud can have", name)
	}
	return name, nil
}
