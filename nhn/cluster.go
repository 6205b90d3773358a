// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/await"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

const (
	templateID    = "iaas_console"
	createTimeout = 60 // minutes

	defaultDiskType = "General HDD"
	defaultDiskSize = 30 // GB, what the images of late 2024 need
)

// How often, and how often at most, what was accepted is looked for: NKS writes a new
// cluster or group down a moment after it has accepted it (Magnum does so in its
// conductor, behind a queue).
const (
	lookPause = 3 * time.Second
	looks     = 11
)

// creation is a create request with what was looked up for it.
type creation struct {
	body createObject
	// network is where the cluster is, with both halves of each reference.
	network pmks.NetworkInfo
	// before are the clusters that there were.
	before []string
	sent   error
	tries  int
	// adopted: the cluster was found, its answer was lost.
	adopted bool
}

// CreateCluster implements [pmks.ClusterHandler]: everything that the request refers to
// is looked up in parallel, then the add-ons, then one request is made, and the cluster
// read once it is there. NKS takes no idempotency token and any number of clusters of
// one name, so a request whose answer was lost is sent again only when nothing has
// appeared for half a minute, and of two that others sent at the same time the later one
// gives way.
func (h *Handler) CreateCluster(ctx context.Context, req pmks.ClusterInfo) (_ pmks.ClusterInfo, err error) {
	defer annotate(&err, "CreateCluster", pmks.IID{NameId: req.IId.NameId}, pmks.IID{})
	c, err := h.createRequest(ctx, req)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	c.body.Addons = h.addons(ctx, labelText(c.body.Labels, "kube_tag"), labelText(c.body.Labels, "node_image"))
	var uuid string
	err = once.Create(ctx, func(ctx context.Context) error {
		c.tries++
		made, err := post(ctx, h, []string{"clusters"}, c.body, func(u *uuidObject) error {
			if !uuidPattern.MatchString(u.UUID) {
				return errs.LostAnswer(cloud, "UUID of the new cluster")
			}
			return nil
		})
		uuid, c.sent = made.UUID, notFoundAs(err, pmks.CodeInvalidArgument)
		return existing(c.sent)
	}, func(ctx context.Context) (found bool, err error) {
		uuid, err = h.findCreated(ctx, c)
		c.adopted = uuid != ""
		return uuid != "", err
	})
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	info, rivals := h.created(ctx, uuid, req, c)
	winner := h.earlier(ctx, uuid, rivals)
	if winner == "" || c.adopted { // what was found and not answered is not removed
		return info, nil
	}
	err = h.giveWay(ctx, uuid, winner)
	if c.tries > 1 && errs.Is(err, pmks.CodeAlreadyExists) {
		// It may be that of an earlier try, which arrived late.
		ours, lookErr := h.isOurs(ctx, winner, c)
		if ours {
			info.IId.SystemId = winner
			return info, nil
		}
		if lookErr != nil {
			err = errs.With(err, func(e *pmks.Error) { e.MayHaveHappened = true })
		}
	}
	return pmks.ClusterInfo{}, err
}

// existing says of a refusal that something has the name already which field it is
// about.
func existing(err error) error {
	if !errs.Is(err, pmks.CodeAlreadyExists) {
		return err
	}
	return errs.With(err, func(e *pmks.Error) { e.Field = "IId.NameId" })
}

// errUnknown ends the look for something that may yet appear.
func errUnknown(what string) error {
	return &pmks.Error{Code: pmks.CodeUnavailable, Message: "whether it was accepted cannot be told: " + what}
}

// findCreated looks for the cluster of a request whose answer was lost: one that was not
// there before, of this user, begun since, with a record of its creation. Its name alone
// proves nothing.
func (h *Handler) findCreated(ctx context.Context, c creation) (uuid string, err error) {
	if neverSent(c.sent) {
		return "", nil
	}
	err = h.lookFor(ctx, func(ctx context.Context) (bool, error) {
		list, err := h.list(ctx)
		if err != nil {
			return false, err
		}
		list = slices.DeleteFunc(list, func(o clusterObject) bool { return o.Name != c.body.Name || slices.Contains(c.before, o.UUID) })
		if len(list) == 0 {
			return false, nil
		}
		if len(list) > 1 {
			return true, errUnknown("several clusters of the name appeared meanwhile")
		}
		if ours, err := h.isOurs(ctx, list[0].UUID, c); err != nil || !ours {
			return true, cmp.Or(err, errUnknown("a cluster of the name appeared, and nothing proves whose it is"))
		}
		uuid = list[0].UUID
		return true, nil
	})
	return uuid, err
}

// isOurs reports whether a cluster that was not there before the request came of it:
// made by this user, with a record, as it was asked for. Times are not compared: the
// clock of this machine may be another than NKS's.
func (h *Handler) isOurs(ctx context.Context, uuid string, c creation) (bool, error) {
	v, err := h.view(ctx, uuid, true)
	if err == nil {
		err = v.eventsErr
	}
	if err != nil {
		return false, err
	}
	s, err := h.api.session(ctx)
	if err != nil {
		return false, err
	}
	made, o := false, v.cluster
	for _, e := range v.events {
		made = made || e.Type == eventCreateCluster
	}
	if !made || s.userID == "" || string(o.UserID) != s.userID {
		return false, nil
	}
	for _, pair := range [][2]text{{o.FixedSubnet, text(c.body.FixedSubnet)}, {o.KeyPair, text(c.body.KeyPair)}, {o.FlavorID, text(c.body.FlavorID)},
		{o.NodeCount, text(strconv.Itoa(c.body.NodeCount))}} {
		if pair[0] != pair[1] {
			return false, nil
		}
	}
	// What NKS does not show of them tells nothing.
	for _, key := range []string{"kube_tag", "node_image", "availability_zone", "boot_volume_type", "boot_volume_size", "ca_enable", "ca_min_node_count", "ca_max_node_count"} {
		if shown := string(o.Labels[key]); shown != "" && !strings.EqualFold(shown, labelText(c.body.Labels, key)) {
			return false, nil
		}
	}
	return true, nil
}

// lookFor looks a few times for what may take a moment to appear. A look says when it
// has found something.
func (h *Handler) lookFor(ctx context.Context, look func(context.Context) (bool, error)) error {
	left := looks
	return await.Until(ctx, lookPause, func(ctx context.Context) (bool, error) {
		left--
		found, err := look(ctx)
		return found || left <= 0, err
	})
}

// created is a new cluster: as it is listed once NKS has written it down, or else as it
// was asked for. Others of its name that have appeared since come with it.
func (h *Handler) created(ctx context.Context, uuid string, req pmks.ClusterInfo, c creation) (info pmks.ClusterInfo, rivals []string) {
	info = pmks.ClusterInfo{
		IId: pmks.IID{NameId: c.body.Name, SystemId: uuid}, Version: labelText(c.body.Labels, "kube_tag"),
		Network: c.network, Status: pmks.ClusterCreating, NodeGroupList: req.Clone().NodeGroupList[:1],
	}
	// The requests of a mutation that went well are not to make it fail.
	found := false
	_ = h.lookFor(ctx, func(ctx context.Context) (bool, error) {
		list, err := h.list(ctx)
		rivals = nil
		for _, o := range list {
			switch {
			case o.UUID == uuid:
				m := o.meaning()
				info.Status, info.StatusReason, info.StatusFinal, found = m.Status, m.Reason, m.Final, true
				info.KeyValueList = []pmks.KeyValue{{Key: pmks.KeyNativeStatus, Value: string(o.Status)}}
			case o.meaning().Status == pmks.ClusterDeleting, o.Status == "CREATE_FAILED": // it keeps no name
			case o.Name == c.body.Name && !slices.Contains(c.before, o.UUID):
				rivals = append(rivals, o.UUID)
			}
		}
		return found, err
	})
	if !found {
		h.unseen.Store(uuid, time.Now())
	}
	g := &info.NodeGroupList[0]
	asked := g.IId.NameId
	*g = capabilities.WithDefaultBounds(*g)
	g.IId, g.Status, g.Version = pmks.IID{NameId: firstGroup}, pmks.NodeGroupCreating, info.Version
	g.ImageIID = both(g.ImageIID, labelText(c.body.Labels, "node_image"))
	g.KeyPairIID = keyPair(text(c.body.KeyPair))
	g.RootDiskType, g.RootDiskSize = labelText(c.body.Labels, "boot_volume_type"), labelText(c.body.Labels, "boot_volume_size")
	g.KeyValueList = nil
	if asked != "" && asked != firstGroup {
		g.KeyValueList = []pmks.KeyValue{{Key: "RequestedName", Value: asked}}
	}
	return info, rivals
}

// earlier returns a cluster among others of the name that NKS accepted before this one,
// by the numbers of their records; empty where there is none.
func (h *Handler) earlier(ctx context.Context, uuid string, others []string) string {
	if len(others) == 0 {
		return ""
	}
	own := h.birth(ctx, uuid)
	for _, other := range others {
		if n := h.birth(ctx, other); n > 0 && n < own {
			return other
		}
	}
	return ""
}

// birth is the number of the record of a cluster's creation; 0 where it is not known.
func (h *Handler) birth(ctx context.Context, uuid string) int64 {
	list, _ := h.events(ctx, uuid)
	for _, e := range list {
		if e.Type == eventCreateCluster {
			return e.number()
		}
	}
	return 0
}

// giveWayFor bounds the wait for a deletion, which takes NKS minutes.
const giveWayFor = 30 * time.Minute

// giveWay removes a new cluster for which another of the name was accepted a moment
// before: others asked for it at the same time, and NKS takes a name as often as it
// comes. A name that two clusters have would be ambiguous for ever.
func (h *Handler) giveWay(ctx context.Context, uuid, winner string) error {
	err := h.delete(ctx, uuid)
	if err == nil {
		left := int(giveWayFor / h.cfg.PollInterval)
		gone, reason := false, ""
		err = await.Until(ctx, h.cfg.PollInterval, func(ctx context.Context) (bool, error) {
			left--
			c, err := h.cluster(ctx, uuid)
			gone, reason = errs.Is(err, pmks.CodeNotFound), c.meaning().Reason
			return gone || left <= 0 || err == nil && c.Status == "DELETE_FAILED", errs.IgnoreNotFound(err)
		})
		if err == nil && !gone {
			err = refuse.Precondition("its deletion was accepted and has not ended well: %s", reason)
		}
	}
	if err != nil {
		return errs.With(err, func(e *pmks.Error) {
			e.MayHaveHappened = true
			e.Message = fmt.Sprintf("the name went to the cluster %s a moment before, and this one, %s, which must be removed again, may still be there: %s", winner, uuid, e.Message)
		})
	}
	return &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: fmt.Sprintf("the name went to the cluster %s a moment before; this one has been removed again", winner)}
}

// both fills in the half of a reference that a request left out, or left to NKS.
func both(iid pmks.IID, id string) pmks.IID {
	if kver.IsDefault(iid.NameId) {
		iid.NameId = id
	}
	return pmks.IID{NameId: cmp.Or(iid.NameId, id), SystemId: id}
}

// labelText is a label of a request that is a text.
func labelText(labels map[string]any, key string) string {
	s, _ := labels[key].(string)
	return s
}

// createRequest checks a request, looks everything up at once, and reports everything
// wrong with it.
func (h *Handler) createRequest(ctx context.Context, req pmks.ClusterInfo) (c creation, err error) {
	var f refuse.List
	f.Join(capabilities.CheckCluster(req))
	if idLike.MatchString(req.IId.NameId) {
		f.Add("IId.NameId", "%q looks like a UUID, which NKS would take it for", req.IId.NameId)
	}
	network := req.Network
	for i, iid := range network.SubnetIIDs {
		f.Join(checkUUID(fmt.Sprintf("Network.SubnetIIDs[%d]", i), iid))
	}
	for i, iid := range network.SecurityGroupIIDs {
		f.Join(checkUUID(fmt.Sprintf("Network.SecurityGroupIIDs[%d]", i), iid))
	}
	f.Join(checkUUID("Network.VpcIID", network.VpcIID))
	if err := f.Err(); err != nil {
		return c, err
	}
	g := capabilities.WithDefaultBounds(req.NodeGroupList[0])
	const at = "NodeGroupList[0]."
	c.body = createObject{Name: req.IId.NameId, TemplateID: templateID, CreateTimeout: createTimeout,
		KeyPair: cmp.Or(g.KeyPairIID.SystemId, g.KeyPairIID.NameId), NodeCount: g.DesiredNodeSize}
	var parts groupParts
	var p place
	var version, zone string
	err = fanout.All(ctx, func(ctx context.Context) error {
		o, err := h.supported(ctx)
		if err == nil {
			version, err = o.choose(req.Version)
		}
		return err
	}, func(ctx context.Context) (err error) {
		c.before, err = h.checkName(ctx, req.IId.NameId)
		return err
	}, func(ctx context.Context) (err error) {
		p, err = h.findPlace(ctx, network)
		return err
	}, func(ctx context.Context) (err error) {
		parts, err = h.findParts(ctx, at, g)
		return err
	}, func(ctx context.Context) error {
		return h.checkKeyPair(ctx, at+"KeyPairIID", c.body.KeyPair)
	}, func(ctx context.Context) (err error) {
		zone, err = h.zone(ctx)
		return err
	})
	if err != nil {
		return c, err
	}
	c.body.FlavorID, c.body.FixedNetwork, c.body.FixedSubnet = parts.flavor, p.vpc, p.subnets[0].ID
	c.network = p.info(network)
	c.body.Labels = groupLabels(g, parts, zone)
	c.body.Labels["kube_tag"], c.body.Labels["node_image"] = version, parts.image
	h.placeLabels(c.body.Labels, p)
	for _, list := range [][]pmks.KeyValue{req.KeyValueList, g.KeyValueList} {
		f.Join(passLabels(c.body.Labels, list))
	}
	return c, f.Err()
}

// checkUUID refuses a reference whose id is none.
func checkUUID(field string, iid pmks.IID) error {
	if iid.SystemId != "" && !uuidPattern.MatchString(iid.SystemId) {
		return refuse.Invalid(field, "%q is not a UUID", refuse.Clip(iid.SystemId))
	}
	return nil
}

// checkName refuses a name that the list shows already: NKS would make a second one. It
// returns the clusters that there are.
func (h *Handler) checkName(ctx context.Context, name string) (ids []string, err error) {
	list, err := h.list(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range list {
		if c.Name == name {
			return nil, &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "there is a cluster of this name: " + c.UUID}
		}
		ids = append(ids, c.UUID)
	}
	return ids, nil
}

// placeLabels are the labels of a cluster's network.
func (h *Handler) placeLabels(labels map[string]any, p place) {
	labels["cert_manager_api"] = boolLabel(true)
	labels["clusterautoscale"] = "nodegroupfeature"
	labels["master_lb_floating_ip_enabled"] = boolLabel(p.online() && !h.cfg.PrivateEndpoint)
	if p.online() {
		labels["external_network_id"], labels["external_subnet_id_list"] = p.external.ID, strings.Join(p.external.Subnets, ":")
	} else {
		labels["ncr_sgw"], labels["obs_sgw"] = h.cfg.NCRGateway, h.cfg.OBSGateway
	}
	for key, value := range map[string]string{"service_cluster_ip_range": h.cfg.ServiceCIDR, "pods_network_cidr": h.cfg.PodCIDR} {
		if value != "" {
			labels[key] = value
		}
	}
	if h.cfg.PodSubnetSize > 0 {
		labels["pods_network_subnet"] = h.cfg.PodSubnetSize // the one number among them
	}
	if len(p.subnets) > 1 {
		var networks, subnets []string
		for _, s := range p.subnets[1:] {
			networks, subnets = append(networks, s.vpc()), append(subnets, s.ID)
		}
		labels["additional_network_id_list"], labels["additional_subnet_id_list"] = strings.Join(networks, ":"), strings.Join(subnets, ":")
	}
	if len(p.securityGroups) > 0 {
		labels["extra_security_groups"] = []securityGroupsObject{{Subnet: p.subnets[0].ID, IDs: strings.Join(p.securityGroups, ",")}}
	}
}

// groupParts are the ids and facts that a node group is made of.
type groupParts struct {
	flavor, image, diskType, diskSize string
}

// findParts looks up the flavor and the image of a node group, side by side.
func (h *Handler) findParts(ctx context.Context, at string, g pmks.NodeGroupInfo) (p groupParts, err error) {
	var image imageObject
	err = fanout.All(ctx, func(ctx context.Context) (err error) {
		p.flavor, err = h.flavor(ctx, at+"VMSpecName", g.VMSpecName)
		return err
	}, func(ctx context.Context) (err error) {
		image, err = h.image(ctx, at+"ImageIID", g.ImageIID)
		return err
	})
	if err != nil {
		return p, err
	}
	least, _ := image.MinDisk.number()
	size := max(defaultDiskSize, least)
	if !kver.IsDefault(g.RootDiskSize) {
		if size, err = strconv.Atoi(g.RootDiskSize); err != nil || size < least {
			return p, refuse.Invalid(at+"RootDiskSize", "the image needs at least %d GB, got %s", least, refuse.Clip(g.RootDiskSize))
		}
	}
	p.image, p.diskType, p.diskSize = image.ID, defaultDiskType, strconv.Itoa(size)
	if !kver.IsDefault(g.RootDiskType) {
		p.diskType = g.RootDiskType
	}
	return p, nil
}

// groupLabels are the labels of a new node group. Its bounds are kept also while
// autoscaling is off.
func groupLabels(g pmks.NodeGroupInfo, p groupParts, zone string) map[string]any {
	return map[string]any{
		"availability_zone": zone, "boot_volume_type": p.diskType, "boot_volume_size": p.diskSize,
		"ca_enable": boolLabel(g.OnAutoScaling), "ca_min_node_count": strconv.Itoa(g.MinNodeSize), "ca_max_node_count": strconv.Itoa(g.MaxNodeSize),
	}
}

// DeleteCluster implements [pmks.ClusterHandler]: the cluster is read beside its events,
// which tell of a deletion that does not show yet, and one request removes it with its
// node groups. Load balancers of Kubernetes that do not go make it
// fail later; volumes stay.
func (h *Handler) DeleteCluster(ctx context.Context, clusterIID pmks.IID) (_ bool, err error) {
	defer annotate(&err, "DeleteCluster", clusterIID, pmks.IID{})
	r, err := clusterRef(clusterIID)
	if err != nil {
		return false, err
	}
	uuid, err := h.locate(ctx, r)
	if err != nil {
		return false, err
	}
	var v view
	err = fanout.All(ctx, func(ctx context.Context) (err error) {
		v.cluster, err = h.cluster(ctx, uuid)
		return err
	}, func(ctx context.Context) error {
		v.events, _ = h.events(ctx, uuid) // a second deletion does no harm
		return nil
	})
	if err != nil {
		return false, err
	}
	if v.info(known{}).Status == pmks.ClusterDeleting {
		return true, nil
	}
	err = h.delete(ctx, uuid)
	return err == nil, err
}

// delete sends the removal of a cluster.
func (h *Handler) delete(ctx context.Context, uuid string) error {
	return once.Remove(ctx, func(ctx context.Context) error {
		err := h.settle(ctx, uuid, remove(ctx, h, []string{"clusters", uuid}))
		if errs.Is(err, pmks.CodeNotFound) {
			err = h.confirmGone(ctx, uuid, err)
		}
		return unwilling(err)
	}, func(ctx context.Context) (once.Fate, error) {
		v, err := h.view(ctx, uuid, true)
		return once.FateOf(err == nil && v.info(known{}).Status == pmks.ClusterDeleting, err)
	})
}

// unwilling returns err of a request that has no argument which could be wrong, such as
// a removal: what NKS refuses is what it does not give up.
func unwilling(err error) error {
	var e *pmks.Error
	if !errors.As(err, &e) || e.Code != pmks.CodeInvalidArgument || e.HTTPStatus != http.StatusBadRequest {
		return err
	}
	return errs.With(err, func(e *pmks.Error) { e.Code = pmks.CodeFailedPrecondition })
}
