// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/ident"
	"github.com/pmks-go/pmks/internal/refuse"
)

// The groups that every cluster has. That of the control plane is in no list, and its
// reading is refused.
const (
	firstGroup   = "default-worker"
	controlPlane = "default-master"
	roleMaster   = "master"
)

var (
	namePattern = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$`)
	// idLike are the names that NKS takes for ids.
	idLike = regexp.MustCompile(`^[0-9a-f]{32}$`)
)

// ref is which cluster, or node group of one, an IID stands for: one of both halves.
type ref struct{ uuid, name string }

// key is the ref as a path has it.
func (r ref) key() string {
	if r.uuid != "" {
		return r.uuid
	}
	return r.name
}

// refOf reads an IID. A SystemId is a UUID and nothing else; a name is one that NKS can
// have.
func refOf(field string, iid pmks.IID) (ref, error) {
	if err := pmks.CheckIID(field, iid); err != nil {
		return ref{}, err
	}
	switch {
	case iid.SystemId != "" && !uuidPattern.MatchString(iid.SystemId):
		return ref{}, refuse.Invalid(field, "%q is not the UUID of an NKS resource", refuse.Clip(iid.SystemId))
	case iid.SystemId != "":
		return ref{uuid: iid.SystemId}, nil
	case !namePattern.MatchString(iid.NameId) || idLike.MatchString(iid.NameId):
		return ref{}, refuse.Invalid(field, "%q is not a name that NKS can have", refuse.Clip(iid.NameId))
	}
	return ref{name: iid.NameId}, nil
}

func clusterRef(iid pmks.IID) (ref, error) { return refOf("clusterIID", iid) }

// refs returns which cluster and node group are meant, or all that is wrong with them.
func refs(clusterIID, nodeGroupIID pmks.IID) (cluster, group ref, err error) {
	cluster, clusterErr := clusterRef(clusterIID)
	group, groupErr := refOf("nodeGroupIID", nodeGroupIID)
	if groupErr == nil && group.name == controlPlane {
		groupErr = refuse.Invalid("nodeGroupIID", "%s is the control plane and no node group", controlPlane)
	}
	return cluster, group, errors.Join(clusterErr, groupErr)
}

// list lists the clusters of the tenant in the region, on every page.
func (h *Handler) list(ctx context.Context) (all []clusterObject, err error) {
	for page, err := range h.listPages(ctx) {
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
	}
	return all, nil
}

// listPages is list, page by page.
func (h *Handler) listPages(ctx context.Context) iter.Seq2[[]clusterObject, error] {
	return func(yield func([]clusterObject, error) bool) {
		for list, err := range pageByPage(ctx, h, serviceNKS, []string{"clusters"}, nil, "clusters", func(c clusterObject) string { return c.UUID }) {
			if err == nil && slices.ContainsFunc(list, func(c clusterObject) bool { return !uuidPattern.MatchString(c.UUID) || c.Name == "" }) {
				err = errs.LostAnswer(cloud, "UUID and name of a cluster")
			}
			if err != nil {
				yield(nil, notFoundAs(err, pmks.CodeUnavailable))
				return
			}
			for _, c := range list {
				h.called.Store(c.UUID, c.Name)
				h.unseen.Delete(c.UUID)
			}
			if !yield(slices.DeleteFunc(list, clusterObject.gone), nil) {
				return
			}
		}
	}
}

// gone reports whether a cluster is shown that is not there any more.
func (c clusterObject) gone() bool { return c.Status == "DELETE_COMPLETE" }

// named returns the one cluster of a name.
func named(list []clusterObject, name string) (clusterObject, error) {
	var found []clusterObject
	var ids []string
	for _, c := range list {
		if c.Name == name {
			found, ids = append(found, c), append(ids, c.UUID)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return clusterObject{}, &pmks.Error{Code: pmks.CodeNotFound, Message: fmt.Sprintf("there is no cluster %q in the region", name)}
	}
	return clusterObject{}, refuse.Invalid("clusterIID", "the name %q is ambiguous: give the SystemId, one of %s", name, strings.Join(ids, ", "))
}

// locate returns the UUID of a cluster; by name with one look at the list.
func (h *Handler) locate(ctx context.Context, r ref) (string, error) {
	if r.uuid != "" {
		return r.uuid, nil
	}
	list, err := h.list(ctx)
	if err != nil {
		return "", err
	}
	c, err := named(list, r.name)
	return c.UUID, err
}

// cluster reads a cluster. That it is not found is believed when the list does not
// have it either: a gateway, or another project's, says so too.
func (h *Handler) cluster(ctx context.Context, uuid string) (clusterObject, error) {
	c, err := read(ctx, h, serviceNKS, []string{"clusters", uuid}, nil, func(c *clusterObject) error {
		if c.UUID != uuid || c.Name == "" {
			return errs.LostAnswer(cloud, "cluster "+uuid)
		}
		return ident.Match("clusterIID", uuid, ident.Part{Name: "tenant", Got: string(c.ProjectID), Want: h.knownTenant(c.ProjectID)})
	})
	if err == nil {
		h.unseen.Delete(uuid)
		h.called.Store(uuid, c.Name)
	}
	if err == nil && c.gone() {
		err = noCluster(uuid)
	} else if errs.Is(err, pmks.CodeNotFound) {
		err = h.confirmGone(ctx, uuid, err)
	}
	made, ok := h.unseen.Load(uuid)
	if at, _ := made.(time.Time); ok && time.Since(at) >= unseenFor {
		h.unseen.Delete(uuid)
	} else if ok && errs.Is(err, pmks.CodeNotFound) {
		err = errs.With(err, func(e *pmks.Error) {
			e.Code, e.Message = pmks.CodeUnavailable, "NKS has accepted the cluster and does not show it yet: "+e.Message
		})
	}
	return c, err
}

// unseenFor is for how long a cluster that was accepted may not be shown before it is
// taken for gone.
const unseenFor = 15 * time.Minute

// knownTenant is the tenant that an answer must name, if it names one.
func (h *Handler) knownTenant(named text) string {
	if named == "" {
		return ""
	}
	return h.cfg.TenantID
}

func noCluster(uuid string) error {
	return &pmks.Error{Code: pmks.CodeNotFound, HTTPStatus: http.StatusNotFound, Message: "there is no cluster " + uuid + " in the region"}
}

// confirmGone looks for a cluster in the list that a call could not find.
func (h *Handler) confirmGone(ctx context.Context, uuid string, err error) error {
	list, listErr := h.list(ctx)
	switch {
	case listErr != nil:
		return listErr
	case slices.ContainsFunc(list, func(c clusterObject) bool { return c.UUID == uuid }):
		return notFoundAs(err, pmks.CodeUnavailable)
	}
	h.called.Delete(uuid)
	return err
}

// notFoundAs returns err, which is not about what was asked for, with another code in
// place of NotFound.
func notFoundAs(err error, code pmks.Code) error {
	if !errs.Is(err, pmks.CodeNotFound) {
		return err
	}
	return errs.With(err, func(e *pmks.Error) { e.Code = code })
}

// groups lists the worker groups of a cluster.
func (h *Handler) groups(ctx context.Context, uuid string) ([]groupObject, error) {
	list, err := pages(ctx, h, serviceNKS, []string{"clusters", uuid, "nodegroups"}, nil, "nodegroups", func(g groupObject) string { return g.UUID })
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(g groupObject) bool {
		return g.Role == roleMaster || g.Name == controlPlane || g.Status == "DELETE_COMPLETE"
	})
	if slices.ContainsFunc(list, func(g groupObject) bool { return !uuidPattern.MatchString(g.UUID) || g.Name == "" }) {
		return nil, errs.LostAnswer(cloud, "UUID and name of a node group")
	}
	return list, nil
}

// group reads a node group of a cluster, by UUID or by name: within a cluster names are
// unique. That it is not found is believed when the list of the groups lacks it.
func (h *Handler) group(ctx context.Context, uuid string, r ref) (groupObject, error) {
	g, err := read(ctx, h, serviceNKS, []string{"clusters", uuid, "nodegroups", r.key()}, nil, func(g *groupObject) error {
		switch {
		case !uuidPattern.MatchString(g.UUID), g.Name == "", r.uuid != "" && g.UUID != r.uuid, r.uuid == "" && g.Name != r.name:
			return errs.LostAnswer(cloud, "node group "+r.key())
		case g.ClusterID != "" && string(g.ClusterID) != uuid:
			return refuse.Invalid("nodeGroupIID", "%q is a node group of another cluster, %s", r.key(), refuse.Clip(string(g.ClusterID)))
		}
		return nil
	})
	if errs.Is(err, pmks.CodeNotFound) {
		err = h.confirmGroupGone(ctx, uuid, r, err)
	}
	return g, err
}

// confirmGroupGone looks for a group in the list that a call could not find, and for
// the cluster where there is no list.
func (h *Handler) confirmGroupGone(ctx context.Context, uuid string, r ref, err error) error {
	list, listErr := h.groups(ctx, uuid)
	switch {
	case errs.Is(listErr, pmks.CodeNotFound):
		return h.confirmGone(ctx, uuid, listErr)
	case listErr != nil:
		return listErr
	case slices.ContainsFunc(list, func(g groupObject) bool { return g.UUID == r.uuid || g.Name == r.name }):
		return notFoundAs(err, pmks.CodeUnavailable)
	}
	return err
}

// pick returns the group of a list that a ref stands for.
func pick(list []groupObject, r ref) (groupObject, error) {
	for _, g := range list {
		if r.uuid != "" && g.UUID == r.uuid || r.uuid == "" && g.Name == r.name {
			return g, nil
		}
	}
	return groupObject{}, &pmks.Error{Code: pmks.CodeNotFound, Message: fmt.Sprintf("the cluster has no node group %q", r.key())}
}

// view is a cluster with its worker groups, beside the record of what was done to it:
// the status before a change stays for a while after it was accepted.
type view struct {
	cluster clusterObject
	groups  []groupObject
	// unread is why the details of a group could not be read, by its UUID.
	unread map[string]error
	// groupsErr is why there is no list of groups, where that does not matter.
	groupsErr error
	events    []eventObject
	eventsErr error
}

// view reads a cluster beside the list of its groups and its events. A cluster that has
// failed, or is going, need not have groups to be read.
func (h *Handler) view(ctx context.Context, uuid string, withEvents bool) (view, error) {
	v := view{unread: map[string]error{}}
	var clusterErr error
	// Each keeps its own fault, so All has none to report but a panic.
	reads := []func(context.Context) error{func(ctx context.Context) error {
		v.cluster, clusterErr = h.cluster(ctx, uuid)
		return nil
	}, func(ctx context.Context) error {
		v.groups, v.groupsErr = h.groups(ctx, uuid)
		return nil
	}}
	if withEvents {
		reads = append(reads, func(ctx context.Context) error {
			v.events, v.eventsErr = h.events(ctx, uuid)
			return nil
		})
	}
	err := errs.Join(fanout.All(ctx, reads...), clusterErr)
	if err != nil {
		return v, err
	}
	switch status := v.cluster.meaning().Status; {
	case errs.Over(ctx) != nil:
	case status == pmks.ClusterCreating && len(v.groups) == 0:
		// NKS does not show it yet, but every cluster has it.
		v.groups, v.groupsErr = []groupObject{v.cluster.first()}, nil
	case v.groupsErr == nil:
	case v.cluster.Status == "CREATE_FAILED", v.cluster.Status == "DELETE_FAILED", status == pmks.ClusterDeleting:
		return v, nil
	default:
		return v, notFoundAs(v.groupsErr, pmks.CodeUnavailable)
	}
	return v, errs.Over(ctx)
}

// first is the group that a cluster is made with, as far as the cluster tells.
func (c clusterObject) first() groupObject {
	return groupObject{Name: firstGroup, Status: c.Status, FlavorID: c.FlavorID, ImageID: c.Labels["node_image"], NodeCount: c.NodeCount, Labels: c.Labels}
}

// readGroups reads the details of the groups of a view. One that vanishes meanwhile is
// left out, and what cannot be read of one empties none of the others.
func (h *Handler) readGroups(ctx context.Context, v *view) error {
	faults := make([]error, len(v.groups))
	err := fanout.Each(ctx, len(v.groups), func(ctx context.Context, i int) error {
		if v.groups[i].UUID == "" {
			return nil // it is not shown yet
		}
		var g groupObject
		if g, faults[i] = h.group(ctx, v.cluster.UUID, ref{uuid: v.groups[i].UUID}); faults[i] == nil {
			v.groups[i] = g
		}
		return nil
	})
	if err := errs.Join(err, errs.Over(ctx)); err != nil {
		return err
	}
	groups := v.groups[:0:0]
	for i, g := range v.groups {
		if errs.Is(faults[i], pmks.CodeNotFound) {
			continue
		}
		if groups = append(groups, g); faults[i] != nil {
			v.unread[g.UUID] = faults[i]
		}
	}
	v.groups = groups
	return nil
}
