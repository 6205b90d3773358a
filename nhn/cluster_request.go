// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

const (
	templateID    = "iaas_console"
	createTimeout = 60 // minutes

	defaultDiskType = "General HDD"
	defaultDiskSize = 30 // GB, what the images of late 2024 need
)

// creation is a create request with what was looked up for it.
type creation struct {
	body CreateClusterRequest
	// network is where the cluster is, with both halves of each reference.
	network pmks.NetworkInfo
	// before are the clusters that there were.
	before []string
	sent   error
	tries  int
	// adopted: the cluster was found, its answer was lost.
	adopted bool
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
	for i, g := range req.NodeGroupList {
		checkLabelsOnce(&f, fmt.Sprintf("NodeGroupList[%d].", i), g.Labels, req.KeyValueList, g.KeyValueList)
	}
	if err := f.Err(); err != nil {
		return c, err
	}
	g := capabilities.WithDefaultBounds(req.NodeGroupList[0])
	const at = "NodeGroupList[0]."
	c.body = CreateClusterRequest{Name: req.IId.NameId, TemplateID: templateID, CreateTimeout: createTimeout,
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
		zone, err = h.zone(ctx, at, g.Zones)
		return err
	})
	if err != nil {
		return c, err
	}
	c.body.FlavorID, c.body.FixedNetwork, c.body.FixedSubnet = parts.flavor, p.vpc, p.subnets[0].ID
	c.network = p.info(network)
	mode, err := h.accessMode(req.Access.Mode, p)
	if err != nil {
		return c, err
	}
	c.body.Labels = h.groupLabels(g, parts, zone)
	c.body.Labels["kube_tag"], c.body.Labels["node_image"] = version, parts.image
	h.placeLabels(c.body.Labels, p, mode)
	for _, list := range [][]pmks.KeyValue{req.KeyValueList, g.KeyValueList} {
		f.Join(passLabels(c.body.Labels, list))
	}
	return c, f.Err()
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
func (h *Handler) placeLabels(labels map[string]any, p place, mode pmks.AccessMode) {
	labels["cert_manager_api"] = boolLabel(true)
	labels["clusterautoscale"] = "nodegroupfeature"
	labels[keyPublicEndpoint] = boolLabel(mode == pmks.AccessPublic)
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
func (h *Handler) groupLabels(g pmks.NodeGroupInfo, p groupParts, zone string) map[string]any {
	labels := map[string]any{
		"availability_zone": zone, "boot_volume_type": p.diskType, "boot_volume_size": p.diskSize,
		"ca_enable": boolLabel(g.OnAutoScaling), "ca_min_node_count": strconv.Itoa(g.MinNodeSize), "ca_max_node_count": strconv.Itoa(g.MaxNodeSize),
	}
	if len(g.Labels) > 0 {
		labels[keyNodeLabels] = h.nodeLabels(maps.Clone(g.Labels))
	}
	return labels
}
