// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/ready"
	"github.com/pmks-go/pmks/internal/refuse"
)

// addition is a node group that is to be added to a cluster.
type addition struct {
	cluster clusterObject
	body    CreateNodeGroupRequest
	// own is the record of the request.
	own ownEvent
}

// AddNodeGroup implements [pmks.ClusterHandler]: the cluster is read beside its groups
// and events, then what the request refers to beside the first group, which knows zone,
// subnets and security groups, then one request is made.
func (h *Handler) AddNodeGroup(ctx context.Context, clusterIID pmks.IID, req pmks.NodeGroupInfo) (_ pmks.NodeGroupInfo, err error) {
	defer annotate(&err, "AddNodeGroup", clusterIID, pmks.IID{NameId: req.IId.NameId})
	a, err := h.addRequest(ctx, clusterIID, req)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	if err := runHook(ctx, "BeforeAddNodeGroup", h.cfg.BeforeAddNodeGroup, req.Clone(), &a.body, (*CreateNodeGroupRequest).kept); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	var made groupObject
	var sent error
	err = once.Create(ctx, a.own.sent(h, func(ctx context.Context) error {
		sent = h.inEitherForm(a.body.Labels, func() (err error) {
			made, err = post(ctx, h, []string{"clusters", a.cluster.UUID, "nodegroups"}, a.body, func(g *groupObject) error {
				if !uuidPattern.MatchString(g.UUID) || g.Name != a.body.Name {
					return errs.LostAnswer(cloud, "new node group")
				}
				return nil
			})
			return err
		})
		if errs.Is(sent, pmks.CodeNotFound) {
			sent = h.confirmGone(ctx, a.cluster.UUID, sent)
		}
		return existing(sent)
	}), func(ctx context.Context) (found bool, err error) {
		made, found, err = h.findAdded(ctx, &a, sent)
		return found, err
	})
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	asked := capabilities.WithDefaultBounds(req)
	info := pmks.NodeGroupInfo{
		IId: made.iid(), ImageIID: both(req.ImageIID, a.body.ImageID), VMSpecName: req.VMSpecName,
		RootDiskType: labelText(a.body.Labels, "boot_volume_type"), RootDiskSize: labelText(a.body.Labels, "boot_volume_size"),
		KeyPairIID: keyPair(a.cluster.KeyPair), OnAutoScaling: req.OnAutoScaling, DesiredNodeSize: a.body.NodeCount,
		MinNodeSize: asked.MinNodeSize, MaxNodeSize: asked.MaxNodeSize, Status: pmks.NodeGroupCreating,
		Version: string(a.cluster.Labels["kube_tag"]),
		Labels:  askedLabels(a.body.Labels), Zones: zones(text(labelText(a.body.Labels, "availability_zone"))),
	}
	info.KeyValueList = []pmks.KeyValue{{Key: "Zone", Value: labelText(a.body.Labels, "availability_zone")}}
	return info, nil
}

// findAdded looks for the group of a request whose answer was lost. Names are unique in
// a cluster, so a request of which nothing has appeared may be sent again.
func (h *Handler) findAdded(ctx context.Context, a *addition, sent error) (made groupObject, found bool, err error) {
	if neverSent(sent) {
		return made, false, nil
	}
	unproved := false
	err = h.lookFor(ctx, func(ctx context.Context) (bool, error) {
		list, err := h.groups(ctx, a.cluster.UUID)
		if err != nil {
			return false, err
		}
		g, err := pick(list, ref{name: a.body.Name})
		if err != nil {
			return false, errs.IgnoreNotFound(err)
		}
		e, err := a.own.look(ctx, h)
		switch {
		case err != nil:
			return false, err
		case e == nil:
			unproved = true // its record may come later
			return false, nil
		case string(g.FlavorID) != a.body.FlavorID, g.ImageID != "" && string(g.ImageID) != a.body.ImageID, !h.groupAsAsked(ctx, a, g):
			return true, &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "somebody else made a node group of this name meanwhile"}
		}
		made, found = g, true
		return true, nil
	})
	if err == nil && !found && unproved {
		err = errUnknown("a node group of the name is there, and no record of its creation has appeared")
	}
	return made, found, err
}

// groupAsAsked reports whether a group that has appeared has the labels that were asked for,
// as far as they can be read.
func (h *Handler) groupAsAsked(ctx context.Context, a *addition, g groupObject) bool {
	whole, err := h.group(ctx, a.cluster.UUID, ref{uuid: g.UUID})
	return err != nil || asAsked(whole.Labels, a.body.Labels)
}

// addRequest checks a request and looks up what it needs.
func (h *Handler) addRequest(ctx context.Context, clusterIID pmks.IID, req pmks.NodeGroupInfo) (a addition, err error) {
	var f refuse.List
	r, err := clusterRef(clusterIID)
	f.Join(err)
	f.Join(capabilities.CheckNodeGroup(req))
	if idLike.MatchString(req.IId.NameId) {
		f.Add("IId.NameId", "%q looks like a UUID, which NKS would take it for", req.IId.NameId)
	}
	checkLabelsOnce(&f, "", req.Labels, req.KeyValueList)
	if err := f.Err(); err != nil {
		return a, err
	}
	uuid, err := h.locate(ctx, r)
	if err != nil {
		return a, err
	}
	v, err := h.view(ctx, uuid, true)
	if err != nil {
		return a, err
	}
	a.cluster = v.cluster
	a.own = ownEvent{cluster: uuid, group: ref{name: req.IId.NameId}, types: []string{eventCreateGroup}, after: eventNumber(v.events), afterErr: v.eventsErr}
	if _, err := pick(v.groups, ref{name: req.IId.NameId}); err == nil {
		return a, &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "a node group of this name exists"}
	}
	if err := v.checkActive(); err != nil {
		return a, err
	}
	if key := cmp.Or(req.KeyPairIID.SystemId, req.KeyPairIID.NameId); key != "" && key != string(v.cluster.KeyPair) {
		return a, refuse.Invalid("KeyPairIID", "the nodes of this cluster have the key pair %q, and so must those of every group: got %q", v.cluster.KeyPair, refuse.Clip(key))
	}
	return a, h.fill(ctx, &a, v, req)
}

// checkActive refuses a change that a cluster takes only when it is well and at rest.
func (v view) checkActive() error {
	info := v.info(known{})
	m := ready.Meaning{Status: info.Status, Final: info.StatusFinal, Reason: info.StatusReason, Unknown: v.cluster.meaning().Unknown}
	if err := ready.Check("the cluster", string(v.cluster.Status), m); err != nil {
		return underWay(err, v.events)
	}
	if v.cluster.APIAddress == "" {
		return &pmks.Error{Code: pmks.CodeBusy, ProviderCode: string(v.cluster.Status), Message: "the cluster has no API address yet: wait until it has"}
	}
	return nil
}

// fill makes the body of the request: flavor and image are looked up, what belongs to
// the place of the nodes is that of the first group.
func (h *Handler) fill(ctx context.Context, a *addition, v view, req pmks.NodeGroupInfo) error {
	var parts groupParts
	like := v.firstGroup()
	zone := ""
	err := fanout.All(ctx, func(ctx context.Context) (err error) {
		parts, err = h.findParts(ctx, "", req)
		return err
	}, func(ctx context.Context) (err error) {
		if like.UUID != "" {
			like, err = h.group(ctx, v.cluster.UUID, ref{uuid: like.UUID})
		}
		return err
	}, func(ctx context.Context) (err error) {
		if len(req.Zones) > 0 {
			zone, err = h.zone(ctx, "", req.Zones)
		}
		return err
	})
	if err == nil && zone == "" {
		zone, err = h.zoneOf(ctx, v.cluster, like)
	}
	if err != nil {
		return err
	}
	g := capabilities.WithDefaultBounds(req)
	a.body = CreateNodeGroupRequest{Name: req.IId.NameId, NodeCount: g.DesiredNodeSize, FlavorID: parts.flavor, ImageID: parts.image, Labels: h.groupLabels(g, parts, zone)}
	for _, key := range []string{"additional_network_id_list", "additional_subnet_id_list"} {
		if value := like.label(v.cluster, key); value != "" {
			a.body.Labels[key] = string(value)
		}
	}
	if groups := like.label(v.cluster, "extra_security_groups"); len(securityGroups(groups)) > 0 {
		a.body.Labels["extra_security_groups"] = json.RawMessage(groups)
	}
	return passLabels(a.body.Labels, req.KeyValueList)
}

// zoneOf is the zone of a group: its label, or where that is empty the zone of its VMs.
func (h *Handler) zoneOf(ctx context.Context, c clusterObject, g groupObject) (string, error) {
	if zone := g.label(c, "availability_zone"); zone != "" {
		return string(zone), nil
	}
	all, err := h.servers(ctx)
	if err != nil {
		return "", errs.HalfDone(err, "the zone of the cluster's nodes could not be learned, and nothing was sent")
	}
	vpc := h.names.get(ctx).vpcs[string(c.FixedNetwork)]
	for _, address := range g.Addresses {
		if vm := all.find(address, vpc, c.Name); vm != nil && vm.Zone != "" {
			return vm.Zone, nil
		}
	}
	return "", refuse.Precondition("NKS tells no availability zone of the group %s, and Compute none of its nodes: a new group could not be put beside them", g.Name)
}

// RemoveNodeGroup implements [pmks.ClusterHandler] with one request; where a name is
// given, with the list before it that has it. NKS says which group it does not give up.
func (h *Handler) RemoveNodeGroup(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ bool, err error) {
	defer annotate(&err, "RemoveNodeGroup", clusterIID, nodeGroupIID)
	r, g, err := refs(clusterIID, nodeGroupIID)
	if err != nil {
		return false, err
	}
	uuid, err := h.locate(ctx, r)
	if err != nil {
		return false, err
	}
	if g.uuid == "" {
		list, err := h.groups(ctx, uuid)
		if errs.Is(err, pmks.CodeNotFound) {
			err = h.confirmGone(ctx, uuid, err)
		}
		if err != nil {
			return false, err
		}
		found, err := pick(list, g)
		if err != nil {
			return false, h.notYet(ctx, uuid, g, err)
		}
		g.uuid = found.UUID
	}
	err = once.Remove(ctx, func(ctx context.Context) error {
		err := h.settle(ctx, uuid, remove(ctx, h, []string{"clusters", uuid, "nodegroups", g.uuid}))
		if errs.Is(err, pmks.CodeNotFound) {
			err = h.notYet(ctx, uuid, g, h.confirmGroupGone(ctx, uuid, ref{uuid: g.uuid}, err))
		}
		return unwilling(err)
	}, func(ctx context.Context) (once.Fate, error) {
		v, err := h.view(ctx, uuid, true)
		if err := cmp.Or(err, v.groupsErr, v.eventsErr); err != nil {
			return once.FateOf(false, err)
		}
		if group, there := v.info(known{}).NodeGroup(pmks.IID{SystemId: g.uuid}); there {
			return once.FateOf(group.Status == pmks.NodeGroupDeleting, nil)
		}
		// That it is not shown proves nothing: it may not be shown yet.
		return once.FateOf(slices.ContainsFunc(v.events, func(e eventObject) bool { return e.Type == eventDeleteGroup && e.about(uuid, ref{uuid: g.uuid}) }), nil)
	})
	return err == nil, err
}

// notYet returns err, which says that a node group is not found; as Busy where it is
// being made and does not show yet.
func (h *Handler) notYet(ctx context.Context, uuid string, g ref, err error) error {
	if !errs.Is(err, pmks.CodeNotFound) {
		return err
	}
	list, _ := h.events(ctx, uuid) // without them it is as it looks
	if e := running(list); e != nil && e.Type == eventCreateGroup && e.about(uuid, g) {
		return underWay(errs.With(err, func(e *pmks.Error) {
			e.Code, e.Message = pmks.CodeBusy, "the node group is being made and does not show yet: wait until it is Active"
		}), list)
	}
	return err
}
