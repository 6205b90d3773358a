// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"cmp"
	"context"
	"crypto/rand"
	"regexp"
	"strconv"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/protobuf/proto"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/ready"
	"github.com/pmks-go/pmks/internal/refuse"
)

// nodeScopes are what gcloud gives nodes. Without any GKE gives them two, with
// which they cannot pull private images.
var nodeScopes = []string{
	"https://www.googleapis.com/auth/devstorage.read_only",
	"https://www.googleapis.com/auth/logging.write",
	"https://www.googleapis.com/auth/monitoring",
	"https://www.googleapis.com/auth/service.management.readonly",
	"https://www.googleapis.com/auth/servicecontrol",
	"https://www.googleapis.com/auth/trace.append",
}

// notInLabels are the characters that the value of a label cannot have.
var notInLabels = regexp.MustCompile(`[^\p{Ll}\p{Lo}0-9_-]+`)

// pool converts a request for a node group of a cluster with nodes in so many zones.
// Everything wrong comes at once, with prefix before the field.
func (h *Handler) pool(prefix string, req pmks.NodeGroupInfo, networkTags []string, zones int) (*containerpb.NodePool, error) {
	var f refuse.List
	req = capabilities.WithDefaultBounds(req)
	config := &containerpb.NodeConfig{
		MachineType: req.VMSpecName,
		OauthScopes: nodeScopes,
		Tags:        networkTags,
		Metadata:    map[string]string{"disable-legacy-endpoints": "true"},
		ResourceLabels: map[string]string{
			labelMin: strconv.Itoa(req.MinNodeSize), labelMax: strconv.Itoa(req.MaxNodeSize),
			labelRequest: strings.ToLower(rand.Text()),
		},
		ServiceAccount: h.cfg.NodeServiceAccount,
	}
	if image := cmp.Or(req.ImageIID.SystemId, req.ImageIID.NameId); !kver.IsDefault(image) {
		config.ImageType = strings.ToUpper(image)
	}
	if !kver.IsDefault(req.RootDiskType) {
		config.DiskType = req.RootDiskType
	}
	if size, err := strconv.ParseInt(req.RootDiskSize, 10, 32); err == nil {
		config.DiskSizeGb = int32(size)
	}
	if key := cmp.Or(req.KeyPairIID.SystemId, req.KeyPairIID.NameId); key != "" {
		// Google Cloud has no key pairs; the name is remembered.
		label := []rune(notInLabels.ReplaceAllString(strings.ToLower(key), "-"))
		config.ResourceLabels[labelKeyPair] = string(label[:min(len(label), 63)])
	}
	p := &containerpb.NodePool{Name: req.IId.NameId, Config: config}
	setNodes(p, req)
	err := h.checkNodes(prefix, req)
	f.Join(err)
	zones = cmp.Or(len(req.Zones), zones)
	p.InitialNodeCount, err = perZone(prefix+"DesiredNodeSize", req.DesiredNodeSize, zones)
	f.Join(err)
	if req.OnAutoScaling {
		p.Autoscaling = autoscaling(nil, req.MinNodeSize, req.MaxNodeSize, zones)
	}
	return p, f.Err()
}

// perZone divides a total: GKE counts nodes per zone.
func perZone(field string, total, zones int) (int32, error) {
	if zones > 1 && total%zones != 0 {
		return 0, refuse.Invalid(field, "GKE has as many nodes in each of the %d zones: give a multiple of %d, got %d", zones, zones, total)
	}
	return int32(total / max(1, zones)), nil
}

// autoscaling are bounds for the whole pool, in zones: per zone where the pool has
// them so and they can be, else as totals. What else was there stays.
func autoscaling(old *containerpb.NodePoolAutoscaling, minimum, maximum, zones int) *containerpb.NodePoolAutoscaling {
	a := &containerpb.NodePoolAutoscaling{}
	if old != nil {
		a = proto.CloneOf(old)
	}
	a.Enabled = true
	a.MinNodeCount, a.MaxNodeCount, a.TotalMinNodeCount, a.TotalMaxNodeCount = 0, 0, 0, 0
	switch {
	case zones == 1 && old.GetTotalMaxNodeCount() == 0:
		a.MinNodeCount, a.MaxNodeCount = int32(minimum), int32(maximum)
	case old.GetMaxNodeCount() > 0 && minimum%zones == 0 && maximum%zones == 0:
		a.MinNodeCount, a.MaxNodeCount = int32(minimum/zones), int32(maximum/zones)
	default:
		a.TotalMinNodeCount, a.TotalMaxNodeCount = int32(minimum), int32(maximum)
	}
	return a
}

// AddNodeGroup implements [pmks.ClusterHandler]: the cluster is read, which knows
// its zones, security groups and node groups, then one request is made.
func (h *Handler) AddNodeGroup(ctx context.Context, clusterIID pmks.IID, req pmks.NodeGroupInfo) (_ pmks.NodeGroupInfo, err error) {
	defer annotate(&err, "AddNodeGroup", clusterIID, pmks.IID{NameId: req.IId.NameId})
	a, err := h.addRequest(ctx, clusterIID, req)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	native := &containerpb.CreateNodePoolRequest{Parent: a.path(), NodePool: a.pool}
	if err := h.beforeAddNodeGroup(ctx, req, native); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	a.pool = native.GetNodePool()
	var made *containerpb.NodePool
	err = once.Create(ctx, func(ctx context.Context) error {
		_, err := mutate(ctx, h, h.api.gke.CreateNodePool, native)
		return missingPrerequisite(existing(err), a.tail())
	}, func(ctx context.Context) (bool, error) {
		found, err := h.readPool(ctx, a.ref, a.pool.GetName())
		if err != nil {
			return false, errs.IgnoreNotFound(err)
		}
		if found.GetConfig().GetResourceLabels()[labelRequest] != a.pool.GetConfig().GetResourceLabels()[labelRequest] {
			return false, &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "somebody else made a node group of this name meanwhile"}
		}
		made = found
		return true, nil
	})
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	if made == nil {
		made = proto.CloneOf(a.pool)
		made.Status, made.Version = containerpb.NodePool_PROVISIONING, a.cluster.GetCurrentMasterVersion()
	}
	return poolInfo(made, a.cluster), nil
}

// addition is a node pool that is to be added to a cluster.
type addition struct {
	ref
	cluster *containerpb.Cluster
	pool    *containerpb.NodePool
}

// addRequest checks a request and looks up what it needs.
func (h *Handler) addRequest(ctx context.Context, clusterIID pmks.IID, req pmks.NodeGroupInfo) (a addition, err error) {
	var f refuse.List
	r, err := h.clusterRef(clusterIID)
	f.Join(err)
	f.Join(capabilities.CheckNodeGroup(req))
	f.Join(h.checkNodes("", req))
	if err := f.Err(); err != nil {
		return a, err
	}
	c, err := h.cluster(ctx, r)
	if err != nil {
		return a, err
	}
	a = addition{ref: h.refOf(c), cluster: c}
	if findPool(c, req.IId.NameId) != nil {
		return a, &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "a node group of this name exists"}
	}
	if err := checkStandard(c); err != nil {
		return a, err
	}
	if err := ready.Check("the cluster", c.GetStatus().String(), clusterMeaning(c)); err != nil {
		return a, err
	}
	var networkTags []string
	for _, g := range h.networkInfo(c).SecurityGroupIIDs {
		networkTags = append(networkTags, g.NameId)
	}
	a.pool, err = h.pool("", req, networkTags, max(1, len(c.GetLocations())))
	return a, err
}

// checkStandard refuses to touch the node pools of an Autopilot cluster, which GKE
// makes, sizes and upgrades.
func checkStandard(c *containerpb.Cluster) error {
	if c.GetAutopilot().GetEnabled() {
		return refuse.Unsupported("clusterIID", "it is an Autopilot cluster: its node pools are made, sized and upgraded by GKE alone")
	}
	return nil
}

// findPool returns a pool of a cluster; nil if there is none of that name.
func findPool(c *containerpb.Cluster, name string) *containerpb.NodePool {
	for _, p := range c.GetNodePools() {
		if p.GetName() == name {
			return p
		}
	}
	return nil
}

func (h *Handler) readPool(ctx context.Context, r ref, name string) (*containerpb.NodePool, error) {
	p, err := read(ctx, h, h.api.gke.GetNodePool, &containerpb.GetNodePoolRequest{Name: r.pool(name)}, func(p *containerpb.NodePool) error {
		if p.GetName() != name {
			return errs.LostAnswer(cloud, "node pool "+name)
		}
		return nil
	})
	return p, notFoundAs(err, r.tail(), "/nodePools/"+name)
}

// RemoveNodeGroup implements [pmks.ClusterHandler] with one request; by the name of
// the cluster alone with the list before it. GKE gives up the last one too.
func (h *Handler) RemoveNodeGroup(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ bool, err error) {
	defer annotate(&err, "RemoveNodeGroup", clusterIID, nodeGroupIID)
	r, name, err := h.names(clusterIID, nodeGroupIID)
	if err != nil {
		return false, err
	}
	if r, err = h.locate(ctx, r); err != nil {
		return false, err
	}
	err = once.Remove(ctx, func(ctx context.Context) error {
		_, err := mutate(ctx, h, h.api.gke.DeleteNodePool, &containerpb.DeleteNodePoolRequest{Name: r.pool(name)})
		return autopilotRefusal(notFoundAs(err, r.tail(), "/nodePools/"+name))
	}, func(ctx context.Context) (once.Fate, error) {
		v, err := h.view(ctx, r)
		if err = cmp.Or(err, v.opsErr); err != nil {
			return once.FateOf(false, err)
		}
		g, there := h.info(v).NodeGroup(pmks.IID{NameId: name})
		if !there {
			return once.Gone, nil
		}
		return once.FateOf(g.Status == pmks.NodeGroupDeleting, nil)
	})
	return err == nil, err
}

// autopilotRefusal says of GKE's refusal to touch a pool of Autopilot what the other
// calls say, which read the cluster first.
func autopilotRefusal(err error) error {
	if errs.Is(err, pmks.CodeInvalidArgument) && strings.Contains(message(err), "Autopilot node pools cannot be accessed or modified") {
		return errs.With(err, func(e *pmks.Error) { e.Code, e.Field = pmks.CodeUnsupported, "clusterIID" })
	}
	return err
}
