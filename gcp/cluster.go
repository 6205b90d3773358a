// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"regexp"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/protobuf/proto"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// CreateCluster implements [pmks.ClusterHandler]: the versions, the network and the
// clusters that there are are looked up in parallel, then one request is made. GKE
// takes no idempotency token, so the cluster carries a label that only this request
// has.
func (h *Handler) CreateCluster(ctx context.Context, req pmks.ClusterInfo) (_ pmks.ClusterInfo, err error) {
	defer annotate(&err, "CreateCluster", pmks.IID{NameId: req.IId.NameId}, pmks.IID{})
	in, err := h.createRequest(ctx, req)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	r := ref{project: h.cfg.ProjectID, location: h.cfg.location(), name: req.IId.NameId}
	native := &containerpb.CreateClusterRequest{Parent: r.parent(), Cluster: in}
	if err := h.beforeCreateCluster(ctx, req, native); err != nil {
		return pmks.ClusterInfo{}, err
	}
	in = native.GetCluster()
	var made *containerpb.Cluster
	err = once.Create(ctx, func(ctx context.Context) error {
		_, err := mutate(ctx, h, h.api.gke.CreateCluster, native)
		return missingPrerequisite(existing(err), "")
	}, func(ctx context.Context) (bool, error) {
		found, err := h.cluster(ctx, r)
		if err != nil {
			return false, errs.IgnoreNotFound(err)
		}
		if found.GetResourceLabels()[labelRequest] != in.GetResourceLabels()[labelRequest] {
			return false, &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "somebody else made a cluster of this name meanwhile"}
		}
		made = found
		return true, nil
	})
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	if made != nil {
		return h.clusterInfo(made), nil
	}
	// A read right after may find nothing yet; this is what has been accepted.
	made = proto.CloneOf(in)
	made.Status, made.Location = containerpb.Cluster_PROVISIONING, r.location
	for _, p := range made.NodePools {
		p.Status = containerpb.NodePool_PROVISIONING
	}
	info := h.clusterInfo(made)
	for i := range info.NodeGroupList {
		if g := &info.NodeGroupList[i]; len(g.Zones) == 0 {
			// GKE has not said yet in which zones the nodes are.
			g.DesiredNodeSize = req.NodeGroupList[i].DesiredNodeSize
		}
	}
	return info, nil
}

// createRequest checks a request, looks everything up at once, and reports
// everything wrong with it.
func (h *Handler) createRequest(ctx context.Context, req pmks.ClusterInfo) (*containerpb.Cluster, error) {
	in, n, err := h.readRequest(req)
	if err != nil {
		return nil, err
	}
	err = fanout.All(ctx, func(ctx context.Context) error {
		o, err := h.offered(ctx, h.cfg.location())
		if err != nil {
			return err
		}
		return h.setVersion(in, o, req.Version)
	}, func(ctx context.Context) error {
		return h.checkNetwork(ctx, n)
	}, func(ctx context.Context) error {
		return h.checkName(ctx, req.IId.NameId)
	})
	return in, err
}

// checkName refuses a name that the list shows already, in whatever location: it
// could not be used alone any more.
func (h *Handler) checkName(ctx context.Context, name string) error {
	l, err := h.list(ctx)
	if err != nil {
		return err
	}
	for _, c := range l.clusters {
		if c.GetName() == name {
			return &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "there is a cluster of this name: " + h.refOf(c).path()}
		}
	}
	return nil
}

// readRequest converts a request without the network, and reports everything wrong
// with it.
func (h *Handler) readRequest(req pmks.ClusterInfo) (*containerpb.Cluster, network, error) {
	var f refuse.List
	f.Join(capabilities.CheckCluster(req))
	checkLabels(&f, req.TagList)
	if err := f.Err(); err != nil {
		return nil, network{}, err
	}
	n, err := h.readNetwork(req.Network)
	f.Join(err)
	in := &containerpb.Cluster{
		Name: req.IId.NameId, Network: n.network.short(h.cfg.ProjectID), Subnetwork: n.subnet.short(h.cfg.ProjectID),
		ResourceLabels: map[string]string{labelRequest: strings.ToLower(rand.Text())},
		IpAllocationPolicy: &containerpb.IPAllocationPolicy{
			UseIpAliases: true, StackType: containerpb.StackType_IPV4,
			ClusterSecondaryRangeName: h.cfg.PodRange, ServicesSecondaryRangeName: h.cfg.ServiceRange,
		},
	}
	if !h.cfg.Regional {
		in.Locations = []string{h.cfg.Zone}
	}
	for _, t := range req.TagList {
		in.ResourceLabels[t.Key] = t.Value
	}
	for i, tag := range n.tags {
		in.ResourceLabels[fmt.Sprintf("%s%d", labelSecurityGroup, i)] = tag
	}
	f.Join(setEndpoints(in, req.Access))
	nodes := 0
	for i, group := range req.NodeGroupList {
		p, err := h.pool(fmt.Sprintf("NodeGroupList[%d].", i), group, n.tags, h.newZones())
		f.Join(err)
		in.NodePools = append(in.NodePools, p)
		nodes += group.DesiredNodeSize
	}
	if nodes == 0 {
		f.Add("NodeGroupList", "one node group at least must have a node: GKE runs its own pods there")
	}
	return in, n, f.Err()
}

// newZones is in how many zones a new cluster has its nodes: in a region GKE takes
// three.
func (h *Handler) newZones() int {
	if h.cfg.Regional {
		return 3
	}
	return 1
}

var (
	labelKeyPattern   = regexp.MustCompile(`^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}0-9_-]{0,62}$`)
	labelValuePattern = regexp.MustCompile(`^[\p{Ll}\p{Lo}0-9_-]{0,63}$`)
)

// checkLabels refuses tags that cannot be labels, and the keys of pmks and Google.
func checkLabels(f *refuse.List, list []pmks.KeyValue) {
	for i, t := range list {
		field := fmt.Sprintf("TagList[%d]", i)
		switch {
		case strings.HasPrefix(t.Key, labelPrefix), strings.HasPrefix(t.Key, googlePrefix):
			f.Add(field+".Key", "%q begins with a prefix that is reserved", refuse.Clip(t.Key))
		case !labelKeyPattern.MatchString(t.Key):
			f.Add(field+".Key", "%q cannot be a label of Google Cloud: a lower-case letter, then at most 62 lower-case letters, digits, _ or -", refuse.Clip(t.Key))
		case !labelValuePattern.MatchString(t.Value):
			f.Add(field+".Value", "%q cannot be the value of a label of Google Cloud: at most 63 lower-case letters, digits, _ or -", refuse.Clip(t.Value))
		}
	}
}

// DeleteCluster implements [pmks.ClusterHandler] with one request, which removes
// the node pools as well; by name alone with the list before it, which tells that no
// other has the name. What load balancers and volumes of Kubernetes left behind in
// the project stays.
func (h *Handler) DeleteCluster(ctx context.Context, clusterIID pmks.IID) (_ bool, err error) {
	defer annotate(&err, "DeleteCluster", clusterIID, pmks.IID{})
	r, err := h.clusterRef(clusterIID)
	if err != nil {
		return false, err
	}
	if r, err = h.locate(ctx, r); err != nil {
		return false, err
	}
	err = once.Remove(ctx, func(ctx context.Context) error {
		_, err := mutate(ctx, h, h.api.gke.DeleteCluster, &containerpb.DeleteClusterRequest{Name: r.path()})
		return notFoundAs(err, r.tail())
	}, func(ctx context.Context) (once.Fate, error) {
		v, err := h.view(ctx, r)
		err = cmp.Or(err, v.opsErr)
		return once.FateOf(err == nil && h.info(v).Status == pmks.ClusterDeleting, err)
	})
	return err == nil, err
}
