// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"cmp"
	"errors"
	"regexp"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/ident"
	"github.com/pmks-go/pmks/internal/refuse"
)

var (
	namePattern    = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$`)
	projectPattern = regexp.MustCompile(`^([a-z0-9.-]+:)?[a-z][-a-z0-9]{4,28}[a-z0-9]$`)
	zonePattern    = regexp.MustCompile(`^[a-z]+-[a-z]+[0-9]+-[a-z0-9]+$`)
	regionPattern  = regexp.MustCompile(`^[a-z]+-[a-z]+[0-9]+$`)
)

// regionOf is the region of a zone, and a region itself.
func regionOf(location string) string {
	if zonePattern.MatchString(location) {
		return location[:strings.LastIndexByte(location, '-')]
	}
	return location
}

// ref is where a cluster is and how it is called. Without a location it is the one
// cluster of that name in the region or a zone of it, which only a list tells.
type ref struct{ project, location, name string }

func (r ref) parent() string { return "projects/" + r.project + "/locations/" + r.location }

// tail is how the path of the cluster ends, whichever way its project and location
// are written.
func (r ref) tail() string { return "/clusters/" + r.name }
func (r ref) path() string { return r.parent() + r.tail() }

func (r ref) pool(name string) string { return r.path() + "/nodePools/" + name }

// clusterPath matches the path of a cluster, and its self link.
var clusterPath = regexp.MustCompile(`^(?:https://container\.googleapis\.com/v1(?:beta1)?/|/)?projects/([^/]+)/(?:locations|zones|regions)/([^/]+)/clusters/([^/]+)$`)

// clusterRef returns which cluster an IID stands for. A NameId alone is that of any
// cluster that ListCluster shows; as a SystemId, which ListCluster returns of clusters
// in the handler's own location, it is that of the cluster there; a path or self link
// says all of it.
func (h *Handler) clusterRef(iid pmks.IID) (ref, error) {
	const field = "clusterIID"
	if err := pmks.CheckIID(field, iid); err != nil {
		return ref{}, err
	}
	text := cmp.Or(iid.SystemId, iid.NameId)
	if !strings.Contains(text, "/") {
		if !namePattern.MatchString(text) {
			return ref{}, refuse.Invalid(field, "%q is not a name that GKE can have", refuse.Clip(text))
		}
		r := ref{project: h.cfg.ProjectID, name: text}
		if iid.SystemId != "" {
			r.location = h.cfg.location()
		}
		return r, nil
	}
	m := clusterPath.FindStringSubmatch(text)
	if m == nil || !zonePattern.MatchString(m[2]) && !regionPattern.MatchString(m[2]) || !namePattern.MatchString(m[3]) {
		return ref{}, refuse.Invalid(field, "%q is not the path of a cluster: projects/PROJECT/locations/LOCATION/clusters/NAME", refuse.Clip(text))
	}
	err := ident.Match(field, text, ident.Part{Name: "project", Got: m[1], Want: h.cfg.ProjectID}, ident.Part{Name: "region", Got: regionOf(m[2]), Want: h.cfg.Region})
	return ref{project: m[1], location: m[2], name: m[3]}, err
}

// clusterIID is the identity of a cluster: its path where its location is not the
// handler's own.
func (h *Handler) clusterIID(r ref) pmks.IID {
	if r.location == h.cfg.location() {
		return pmks.IID{NameId: r.name, SystemId: r.name}
	}
	return pmks.IID{NameId: r.name, SystemId: r.path()}
}

// poolIID is the identity of a node pool.
func poolIID(name string) pmks.IID { return pmks.IID{NameId: name, SystemId: name} }

// poolName returns the name of the node pool that an IID stands for.
func poolName(iid pmks.IID) (string, error) {
	const field = "nodeGroupIID"
	if err := pmks.CheckIID(field, iid); err != nil {
		return "", err
	}
	name := cmp.Or(iid.SystemId, iid.NameId)
	if !namePattern.MatchString(name) {
		return "", refuse.Invalid(field, "%q is not a name that GKE can have", refuse.Clip(name))
	}
	return name, nil
}

// names returns what a cluster and a node group are called, or all that is wrong
// with them.
func (h *Handler) names(clusterIID, nodeGroupIID pmks.IID) (ref, string, error) {
	r, clusterErr := h.clusterRef(clusterIID)
	pool, poolErr := poolName(nodeGroupIID)
	return r, pool, errors.Join(clusterErr, poolErr)
}
