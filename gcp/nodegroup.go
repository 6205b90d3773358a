// SPDX-License-Identifier: Apache-2.0

package gcp

import (
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

// pool converts a request for a node group. Everything wrong comes at once, with
// prefix before the field.
func (h *Handler) pool(prefix string, req pmks.NodeGroupInfo, networkTags []string) (*containerpb.NodePool, error) {
	var f refuse.List
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
	if image := firstOf(req.ImageIID.SystemId, req.ImageIID.NameId); !kver.IsDefault(image) {
		config.ImageType = strings.ToUpper(image)
	}
	if !kver.IsDefault(req.RootDiskType) {
		config.DiskType = req.RootDiskType
	}
	if size, err := strconv.ParseInt(req.RootDiskSize, 10, 32); err == nil {
		config.DiskSizeGb = int32(size)
	}
	if key := firstOf(req.KeyPairIID.SystemId, req.KeyPairIID.NameId); key != "" {
		// Google Cloud has no key pairs; the name is remembered.
		label := notInLabels.ReplaceAllString(strings.ToLower(key), "-")
		config.ResourceLabels[labelKeyPair] = label[:min(len(label), 63)]
	}
	p := &containerpb.NodePool{Name: req.IId.NameId, Config: config}
	var err error
	p.InitialNodeCount, err = h.perZone(prefix+"DesiredNodeSize", req.DesiredNodeSize, len(h.zones()))
	f.Join(err)
	if req.OnAutoScaling {
		p.Autoscaling = autoscaling(nil, req.MinNodeSize, req.MaxNodeSize, len(h.zones()))
	}
	return p, f.Err()
}

// zones are those that nodes are made in, as far as the configuration tells: three
// in a region, which is how many GKE takes.
func (h *Handler) zones() []string {
	if h.cfg.Regional {
		return []string{"a", "b", "c"}
	}
	return []string{h.cfg.Zone}
}

// perZone divides a total: GKE counts nodes per zone.
func (h *Handler) perZone(field string, total, zones int) (int32, error) {
	if zones > 1 && total%zones != 0 {
		return 0, refuse.Invalid(field, "GKE has as many nodes in each of the %d zones: give a multiple of %d, got %d", zones, zones, total)
	}
	return int32(total / max(1, zones)), nil
}

// autoscaling are bounds for the whole pool. What else was there stays.
func autoscaling(old *containerpb.NodePoolAutoscaling, minimum, maximum, zones int) *containerpb.NodePoolAutoscaling {
	a := &containerpb.NodePoolAutoscaling{Enabled: true, LocationPolicy: old.GetLocationPolicy()}
	if zones > 1 || old.GetTotalMaxNodeCount() > 0 {
		a.TotalMinNodeCount, a.TotalMaxNodeCount = int32(minimum), int32(maximum)
	} else {
		a.MinNodeCount, a.MaxNodeCount = int32(minimum), int32(maximum)
	}
	return a
}

func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

// AddNodeGroup implements [pmks.ClusterHandler]: the cluster is read, which knows
// its security groups and node groups, then one request is made.
func (h *Handler) AddNodeGroup(ctx context.Context, clusterIID pmks.IID, req pmks.NodeGroupInfo) (_ pmks.NodeGroupInfo, err error) {
	defer place(&err, "AddNodeGroup", clusterIID, pmks.IID{NameId: req.IId.NameId})
	r, c, p, err := h.addRequest(ctx, clusterIID, req)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	var made *containerpb.NodePool
	err = once.Create(ctx, func(ctx context.Context) error {
		_, err := h.api.gke.CreateNodePool(ctx, &containerpb.CreateNodePoolRequest{Parent: r.path(), NodePool: p})
		return exists(fail(err), "node group")
	}, func(ctx context.Context) (bool, error) {
		found, err := h.readPool(ctx, r, p.GetName())
		if err != nil {
			return false, ignoreMissing(err)
		}
		if found.GetConfig().GetResourceLabels()[labelRequest] != p.GetConfig().GetResourceLabels()[labelRequest] {
			return false, &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "somebody else made a node group of this name meanwhile"}
		}
		made = found
		return true, nil
	})
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	if made == nil {
		made = proto.CloneOf(p)
		made.Status, made.Version = containerpb.NodePool_PROVISIONING, c.GetCurrentMasterVersion()
	}
	info := poolInfo(made, c)
	info.DesiredNodeSize = req.DesiredNodeSize
	return info, nil
}

// addRequest checks a request and looks up what it needs.
func (h *Handler) addRequest(ctx context.Context, clusterIID pmks.IID, req pmks.NodeGroupInfo) (ref, *containerpb.Cluster, *containerpb.NodePool, error) {
	var f refuse.List
	r, err := h.clusterRef(clusterIID)
	f.Join(err)
	f.Join(capabilities.CheckNodeGroup(req))
	if err := f.Err(); err != nil {
		return r, nil, nil, err
	}
	c, err := h.readCluster(ctx, r)
	if err != nil {
		return r, nil, nil, err
	}
	if findPool(c, req.IId.NameId) != nil {
		return r, nil, nil, &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "a node group of this name exists"}
	}
	if err := accepts(c); err != nil {
		return r, nil, nil, err
	}
	var networkTags []string
	for _, g := range h.networkInfo(c).SecurityGroupIIDs {
		networkTags = append(networkTags, g.NameId)
	}
	p, err := h.pool("", req, networkTags)
	return r, c, p, err
}

// accepts says why a cluster takes no changes now.
func accepts(c *containerpb.Cluster) error {
	w := clusterWord(c)
	switch {
	case c.GetAutopilot().GetEnabled():
		return refuse.Precondition("it is an Autopilot cluster, whose nodes are Google's own affair")
	case w.status == pmks.ClusterCreating, w.status == pmks.ClusterUpdating:
		return &pmks.Error{Code: pmks.CodeBusy, ProviderCode: c.GetStatus().String(), Message: "the cluster is " + string(w.status) + ": wait until it is Active"}
	case w.status == pmks.ClusterDeleting:
		return refuse.Precondition("the cluster is being deleted")
	case w.status == pmks.ClusterInactive && w.final:
		return refuse.Precondition("the cluster is Inactive: %s", w.reason)
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
	p, err := h.api.gke.GetNodePool(ctx, &containerpb.GetNodePoolRequest{Name: r.pool(name)})
	return p, fail(err)
}

// RemoveNodeGroup implements [pmks.ClusterHandler] with one request. GKE gives up
// the last one too.
func (h *Handler) RemoveNodeGroup(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ bool, err error) {
	defer place(&err, "RemoveNodeGroup", clusterIID, nodeGroupIID)
	r, name, err := h.names(clusterIID, nodeGroupIID)
	if err != nil {
		return false, err
	}
	err = once.Delete(ctx, func(ctx context.Context) error {
		_, err := h.api.gke.DeleteNodePool(ctx, &containerpb.DeleteNodePoolRequest{Name: r.pool(name)})
		return fail(err)
	}, func(ctx context.Context) (bool, error) {
		c, ops, err := h.readBoth(ctx, r)
		if missing(err) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		info := h.clusterInfo(c)
		overlay(&info, r, ops)
		g, ok := info.NodeGroup(pmks.IID{NameId: name})
		return !ok || g.Status == pmks.NodeGroupDeleting, nil
	})
	return err == nil, err
}
