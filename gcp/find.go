// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 Google still sends what it has marked as deprecated

package gcp

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// listing is what a list of the whole region shows.
type listing struct {
	clusters []*containerpb.Cluster
	// away are the locations that Google could not reach.
	away []string
}

// partial is the error of a listing that is not whole.
func (l listing) partial() error {
	if len(l.away) == 0 {
		return nil
	}
	return &pmks.Error{Code: pmks.CodeUnavailable, Message: "GKE could not list the clusters of " + strings.Join(l.away, ", ")}
}

// list lists the clusters of the region and of its zones with one call.
func (h *Handler) list(ctx context.Context) (listing, error) {
	out, err := read(ctx, h, h.api.gke.ListClusters, &containerpb.ListClustersRequest{Parent: h.anywhere()}, func(out *containerpb.ListClustersResponse) error {
		if slices.ContainsFunc(out.GetClusters(), func(c *containerpb.Cluster) bool { return c.GetName() == "" }) {
			return errs.LostAnswer("GKE", "name of a cluster")
		}
		return nil
	})
	if err != nil {
		return listing{}, err
	}
	var l listing
	for _, c := range out.GetClusters() {
		if regionOf(h.refOf(c).location) == h.cfg.Region {
			l.clusters = append(l.clusters, c)
		}
	}
	for _, zone := range out.GetMissingZones() {
		if regionOf(zone) == h.cfg.Region {
			l.away = append(l.away, zone)
		}
	}
	return l, nil
}

// anywhere is the parent of what is in all locations.
func (h *Handler) anywhere() string { return ref{project: h.cfg.ProjectID, location: "-"}.parent() }

// refOf is where a cluster that was read is.
func (h *Handler) refOf(c *containerpb.Cluster) ref {
	return ref{project: h.cfg.ProjectID, location: cmp.Or(c.GetLocation(), c.GetZone(), h.cfg.location()), name: c.GetName()}
}

// named returns the one cluster of a name. That there is none is certain only when
// all locations could be asked, and so is that there is no other.
func (h *Handler) named(l listing, name string) (*containerpb.Cluster, error) {
	var found []*containerpb.Cluster
	for _, c := range l.clusters {
		if c.GetName() == name {
			found = append(found, c)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		var paths []string
		for _, c := range found {
			paths = append(paths, h.refOf(c).path())
		}
		return nil, refuse.Invalid("clusterIID", "the name %q is ambiguous: give the SystemId, one of %s", name, strings.Join(paths, ", "))
	case len(l.away) > 0:
		return nil, l.partial()
	}
	return nil, &pmks.Error{Code: pmks.CodeNotFound, Message: fmt.Sprintf("there is no cluster %q in the region %s and its zones", name, h.cfg.Region)}
}

// cluster reads a cluster with its node pools, by its location or else by its name
// from the list: one call either way.
func (h *Handler) cluster(ctx context.Context, r ref) (*containerpb.Cluster, error) {
	if r.location == "" {
		l, err := h.list(ctx)
		if err != nil {
			return nil, err
		}
		return h.named(l, r.name)
	}
	c, err := read(ctx, h, h.api.gke.GetCluster, &containerpb.GetClusterRequest{Name: r.path()}, func(c *containerpb.Cluster) error {
		if c.GetName() != r.name {
			return errs.LostAnswer("GKE", "cluster "+r.name)
		}
		return nil
	})
	return c, notFoundAs(err, r.tail())
}

// locate finds the location of a cluster that is to be changed without being read;
// no call is made for one that says its location. A location that could not be asked
// may hold another cluster of the name, so nothing is changed then.
func (h *Handler) locate(ctx context.Context, r ref) (ref, error) {
	if r.location != "" {
		return r, nil
	}
	l, err := h.list(ctx)
	if err != nil {
		return ref{}, err
	}
	c, err := h.named(l, r.name)
	if err == nil {
		err = l.partial()
	}
	if err != nil {
		return ref{}, err
	}
	return h.refOf(c), nil
}

// view is a cluster beside the operations of its location, which show what has been
// accepted and has not begun.
type view struct {
	ref
	cluster *containerpb.Cluster
	ops     []*containerpb.Operation
	// opsErr is why the operations could not be read.
	opsErr error
}

// view reads a cluster and its operations side by side. A cluster that is not there
// because its creation failed is told so.
func (h *Handler) view(ctx context.Context, r ref) (view, error) {
	v := view{ref: r}
	var clusterErr error
	// Each keeps its own fault, so All has none to report but a panic.
	err := fanout.All(ctx, func(ctx context.Context) error {
		v.cluster, clusterErr = h.cluster(ctx, r)
		return nil
	}, func(ctx context.Context) error {
		v.ops, v.opsErr = h.operations(ctx, r)
		return nil
	})
	if why := failedCreation(r, v.ops); errs.Is(clusterErr, pmks.CodeNotFound) && why != nil {
		return v, errs.With(clusterErr, func(e *pmks.Error) {
			e.Message = "its creation failed, and GKE has removed it: " + why.Error()
		})
	}
	if err := cmp.Or(clusterErr, err); err != nil {
		return v, err
	}
	v.ref = h.refOf(v.cluster)
	return v, nil
}

// info converts what was read, with what the operations will lead to. That they
// could not be read is named.
func (h *Handler) info(v view) pmks.ClusterInfo {
	info := h.clusterInfo(v.cluster)
	showOperations(&info, v)
	if v.opsErr != nil {
		unread(&info.KeyValueList, "Operations", v.opsErr)
	}
	return info
}

// unread names a fact that could not be read, with the code of the fault.
func unread(list *[]pmks.KeyValue, fact string, err error) {
	text := fact + "(" + pmks.CodeOf(err).String() + ")"
	for i := range *list {
		if kv := &(*list)[i]; kv.Key == pmks.KeyUnread {
			kv.Value += "," + text
			return
		}
	}
	*list = append(*list, pmks.KeyValue{Key: pmks.KeyUnread, Value: text})
}
