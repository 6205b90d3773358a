// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/refuse"
)

// CreateCluster implements [pmks.ClusterHandler]: the versions and the network are
// looked up in parallel, then one request is made. GKE takes no idempotency token,
// so the cluster carries a label that only this request has.
func (h *Handler) CreateCluster(ctx context.Context, req pmks.ClusterInfo) (_ pmks.ClusterInfo, err error) {
	defer place(&err, "CreateCluster", pmks.IID{NameId: req.IId.NameId}, pmks.IID{})
	in, err := h.createRequest(ctx, req)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	r := ref{h.cfg.ProjectID, h.cfg.location(), req.IId.NameId}
	var made *containerpb.Cluster
	err = once.Create(ctx, func(ctx context.Context) error {
		_, err := h.api.gke.CreateCluster(ctx, &containerpb.CreateClusterRequest{Parent: r.parent(), Cluster: in})
		return exists(fail(err), "cluster")
	}, func(ctx context.Context) (bool, error) {
		found, err := h.readCluster(ctx, r)
		if err != nil {
			return false, ignoreMissing(err)
		}
		if found.GetResourceLabels()[labelRequest] != in.GetResourceLabels()[labelRequest] {
			return false, &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "somebody else made a cluster of this name meanwhile"}
		}
		made = found
		return true, nil
	})
	if has(err, pmks.CodeInvalidArgument) {
		// GKE finds fault with a request before it finds that the name is taken.
		if _, readErr := h.readCluster(ctx, r); readErr == nil {
			err = exists(&pmks.Error{Code: pmks.CodeAlreadyExists, Err: err}, "cluster")
		}
	}
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	if made == nil {
		// A read right after may find nothing yet; this is what has been accepted.
		made = proto.CloneOf(in)
		made.Status, made.Location = containerpb.Cluster_PROVISIONING, r.location
		for _, p := range made.NodePools {
			p.Status = containerpb.NodePool_PROVISIONING
		}
	}
	return h.clusterInfo(made), nil
}

// exists says what is there already.
func exists(err error, what string) error {
	var e *pmks.Error
	if !errors.As(err, &e) || e.Code != pmks.CodeAlreadyExists {
		return err
	}
	c := *e
	c.Field, c.Message = "IId.NameId", "a "+what+" of this name exists"
	return &c
}

// createRequest checks a request, looks everything up at once, and reports
// everything wrong with it.
func (h *Handler) createRequest(ctx context.Context, req pmks.ClusterInfo) (*containerpb.Cluster, error) {
	in, err := h.readRequest(req)
	if err != nil {
		return nil, err
	}
	faults := make([]error, 2)
	var g errgroup.Group
	g.Go(func() error {
		var o offer
		if o, faults[0] = h.offered(ctx, h.cfg.location()); faults[0] == nil {
			faults[0] = h.setVersion(in, o, req.Version)
		}
		return nil
	})
	g.Go(func() error {
		faults[1] = h.checkNetwork(ctx, in)
		return nil
	})
	_ = g.Wait()
	return in, errors.Join(faults...)
}

// readRequest converts a request without the network, and reports everything wrong
// with it.
func (h *Handler) readRequest(req pmks.ClusterInfo) (*containerpb.Cluster, error) {
	var f refuse.List
	f.Join(capabilities.CheckCluster(req))
	checkLabels(&f, req.TagList)
	if err := f.Err(); err != nil {
		return nil, err
	}
	vpc, err := resource("Network.VpcIID", req.Network.VpcIID, "networks")
	f.Join(err)
	subnet, err := resource("Network.SubnetIIDs[0]", req.Network.SubnetIIDs[0], "subnetworks")
	f.Join(err)
	in := &containerpb.Cluster{
		Name: req.IId.NameId, Network: vpc, Subnetwork: subnet,
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
	var networkTags []string
	for i, iid := range req.Network.SecurityGroupIIDs {
		name, err := resource(fmt.Sprintf("Network.SecurityGroupIIDs[%d]", i), iid, "firewalls")
		f.Join(err)
		networkTags = append(networkTags, name)
		in.ResourceLabels[fmt.Sprintf("%s%d", labelSecurityGroup, i)] = name
	}
	nodes := 0
	for i, group := range req.NodeGroupList {
		p, err := h.pool(fmt.Sprintf("NodeGroupList[%d].", i), group, networkTags)
		f.Join(err)
		in.NodePools = append(in.NodePools, p)
		nodes += group.DesiredNodeSize
	}
	if nodes == 0 {
		f.Add("NodeGroupList", "one node group at least must have a node: GKE runs its own pods there")
	}
	return in, f.Err()
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
			f.Add(field+".Key", "%q begins with a prefix that is reserved", t.Key)
		case !labelKeyPattern.MatchString(t.Key):
			f.Add(field+".Key", "%q cannot be a label of Google Cloud: a lower-case letter, then at most 62 lower-case letters, digits, _ or -", t.Key)
		case !labelValuePattern.MatchString(t.Value):
			f.Add(field+".Value", "%q cannot be the value of a label of Google Cloud: at most 63 lower-case letters, digits, _ or -", t.Value)
		}
	}
}

// checkNetwork looks the network and its subnetwork up, and checks what GKE would
// refuse. A caller who may not read them leaves that to GKE.
func (h *Handler) checkNetwork(ctx context.Context, in *containerpb.Cluster) error {
	faults := make([]error, 2)
	var g errgroup.Group
	g.Go(func() error {
		_, err := h.api.compute.Networks.Get(h.cfg.ProjectID, in.GetNetwork()).Context(ctx).Do()
		if err = fail(err); missing(err) {
			faults[0] = refuse.Invalid("Network.VpcIID", "there is no network %q in the project %q", in.GetNetwork(), h.cfg.ProjectID)
		} else {
			faults[0] = forbidden(err)
		}
		return nil
	})
	g.Go(func() error {
		const field = "Network.SubnetIIDs[0]"
		subnet, err := h.api.compute.Subnetworks.Get(h.cfg.ProjectID, h.cfg.Region, in.GetSubnetwork()).Context(ctx).Do()
		err = fail(err)
		switch {
		case missing(err):
			faults[1] = refuse.Invalid(field, "there is no subnetwork %q in the region %q", in.GetSubnetwork(), h.cfg.Region)
		case err != nil:
			faults[1] = forbidden(err)
		case !strings.HasSuffix(subnet.Network, "/"+in.GetNetwork()):
			faults[1] = refuse.Invalid(field, "%q is a subnetwork of another network than %q", in.GetSubnetwork(), in.GetNetwork())
		}
		return nil
	})
	_ = g.Wait()
	// With the network missing, the subnetwork is nobody's.
	if faults[0] != nil {
		return faults[0]
	}
	return faults[1]
}

// forbidden ignores that the caller may not look.
func forbidden(err error) error {
	if has(err, pmks.CodePermissionDenied) {
		return nil
	}
	return err
}

// DeleteCluster implements [pmks.ClusterHandler] with one request, which removes
// the node pools as well. What load balancers and volumes of Kubernetes left behind
// in the project stays.
func (h *Handler) DeleteCluster(ctx context.Context, clusterIID pmks.IID) (_ bool, err error) {
	defer place(&err, "DeleteCluster", clusterIID, pmks.IID{})
	r, err := h.clusterRef(clusterIID)
	if err != nil {
		return false, err
	}
	err = once.Delete(ctx, func(ctx context.Context) error {
		_, err := h.api.gke.DeleteCluster(ctx, &containerpb.DeleteClusterRequest{Name: r.path()})
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
		return info.Status == pmks.ClusterDeleting, nil
	})
	return err == nil, err
}
