// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"context"
	"errors"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"golang.org/x/sync/errgroup"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/refuse"
)

// nodegroupRequest is a portable request, read without the network.
type nodegroupRequest struct {
	pmks.NodeGroupInfo
	image    imageChoice
	diskType ec2types.VolumeType
	diskSize int32
}

// readNodegroup checks a request and reports everything wrong with it.
func readNodegroup(req pmks.NodeGroupInfo) (nodegroupRequest, error) {
	r := nodegroupRequest{NodeGroupInfo: req}
	var f refuse.List
	f.Join(capabilities.CheckNodeGroup(req))
	if kver.IsDefault(r.VMSpecName) {
		r.VMSpecName = ""
	}
	var err error
	r.image, err = parseImage(req.ImageIID)
	f.Join(err)
	r.diskType, err = parseDiskType(req.RootDiskType)
	f.Join(err)
	if size, err := strconv.Atoi(req.RootDiskSize); err == nil {
		r.diskSize = int32(size)
	}
	if r.image.template != "" {
		const inside = "is part of the launch template that is given as the image: leave it out"
		if r.diskType != "" {
			f.Add("RootDiskType", inside)
		}
		if r.diskSize != 0 {
			f.Add("RootDiskSize", inside)
		}
		if !req.KeyPairIID.IsZero() {
			f.Add("KeyPairIID", inside)
		}
	}
	if !req.OnAutoScaling && req.MinNodeSize == 0 && req.MaxNodeSize == 0 {
		// EKS wants all three sizes; bounds that nobody gave leave the size as it is.
		r.MinNodeSize, r.MaxNodeSize = min(1, req.DesiredNodeSize), max(1, req.DesiredNodeSize)
	}
	return r, f.Err()
}

// AddNodeGroup implements [pmks.ClusterHandler]. The cluster, the role, the
// instance type and the key pair are looked up in parallel, then one request is
// made; a root disk type takes a launch template in between.
func (h *Handler) AddNodeGroup(ctx context.Context, clusterIID pmks.IID, req pmks.NodeGroupInfo) (_ pmks.NodeGroupInfo, err error) {
	defer place(&err, "AddNodeGroup", clusterIID, pmks.IID{NameId: req.IId.NameId})
	name, nameErr := h.clusterName(clusterIID)
	r, err := readNodegroup(req)
	if err := errors.Join(nameErr, err); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	in, template, err := h.createNodegroupInput(ctx, name, r)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	made, lost, err := h.createNodegroup(ctx, in)
	if err != nil {
		// A node group whose template is gone fails for good, and a look may show
		// what was before: only a plain refusal is sure. Sweep removes the others.
		if template != "" && !lost {
			h.deleteTemplate(ctx, template)
		}
		return pmks.NodeGroupInfo{}, err
	}
	return nodegroupInfo(made, nil), nil
}

// createNodegroup makes a node group. lost: the outcome of some try was open.
func (h *Handler) createNodegroup(ctx context.Context, in *eks.CreateNodegroupInput) (made *types.Nodegroup, lost bool, err error) {
	err = h.spreading(ctx, func() error {
		return once.Do(ctx, once.Mutation{
			Send: func(ctx context.Context) error {
				out, err := h.api.eks.CreateNodegroup(ctx, in, attempts(&lost))
				if err == nil {
					made, err = answered(out.Nodegroup, "node group")
				}
				return settledBy(lost, err)
			},
			Happened: func(ctx context.Context) (bool, error) {
				found, err := h.describeNodegroup(ctx, *in.ClusterName, *in.NodegroupName)
				if missing(err) {
					return false, nil
				}
				if err != nil {
					return false, err
				}
				if found.Tags[tagRequest] != *in.ClientRequestToken {
					return false, &pmks.Error{Code: pmks.CodeAlreadyExists, Message: "somebody else made a node group of this name meanwhile"}
				}
				made = found
				return true, nil
			},
		})
	})
	return made, lost, err
}

// inputs is what a node group request is made from.
type inputs struct {
	cluster *types.Cluster
	role    string
	amiType types.AMITypes
	keyPair string
}

// nodegroupInputs looks up everything at once, and reports everything wrong.
func (h *Handler) nodegroupInputs(ctx context.Context, cluster string, r nodegroupRequest) (inputs, error) {
	found := inputs{amiType: r.image.amiType}
	faults := make([]error, 4)
	var g errgroup.Group
	g.Go(func() error {
		if found.cluster, faults[0] = h.describeCluster(ctx, cluster); faults[0] == nil {
			faults[0] = accepts(found.cluster)
		}
		return nil
	})
	g.Go(func() error {
		found.role, faults[1] = h.roleARN(ctx, nodeRole, h.cfg.NodeRole)
		return nil
	})
	g.Go(func() error {
		if r.image.isDefault {
			found.amiType, faults[2] = h.amiTypeOf(ctx, r.VMSpecName)
		}
		return nil
	})
	g.Go(func() error {
		found.keyPair, faults[3] = h.resolveKeyPair(ctx, r.KeyPairIID)
		return nil
	})
	_ = g.Wait()
	return found, errors.Join(faults...)
}

// createNodegroupInput makes the request, and the launch template that it needs,
// whose id is returned.
func (h *Handler) createNodegroupInput(ctx context.Context, cluster string, r nodegroupRequest) (in *eks.CreateNodegroupInput, template string, err error) {
	found, err := h.nodegroupInputs(ctx, cluster, r)
	if err != nil {
		return nil, "", err
	}
	c, keyPair := found.cluster, found.keyPair
	token := requestToken()
	in = &eks.CreateNodegroupInput{
		ClusterName:   &cluster,
		NodegroupName: aws.String(r.IId.NameId),
		NodeRole:      &found.role,
		AmiType:       found.amiType,
		ScalingConfig: scaling(r.DesiredNodeSize, r.MinNodeSize, r.MaxNodeSize),
		Tags: map[string]string{
			tagAutoScaling: onOff(r.OnAutoScaling),
			tagRequest:     token,
		},
		ClientRequestToken: &token,
	}
	if c.ResourcesVpcConfig != nil {
		in.Subnets = c.ResourcesVpcConfig.SubnetIds
	}
	if r.VMSpecName != "" {
		in.InstanceTypes = []string{r.VMSpecName}
	}
	if !r.image.isDefault {
		in.Tags[tagImage] = firstOf(r.ImageIID)
	}
	switch {
	case r.image.template != "":
		in.LaunchTemplate = launchTemplate(r.image.template, r.image.templateVersion)
	case r.diskType != "":
		template, err = h.createTemplate(ctx, cluster, r.IId.NameId, keyPair, token, disk{r.diskType, r.diskSize, rootDevice(found.amiType)})
		if err != nil {
			return nil, "", err
		}
		in.LaunchTemplate = launchTemplate(template, "")
		// EKS shows none of these for a group with a template.
		in.Tags[tagDiskType] = r.RootDiskType
		setTag(in.Tags, tagDiskSize, r.diskSize != 0, r.RootDiskSize)
		setTag(in.Tags, tagKeyPair, keyPair != "", keyPair)
	default:
		if r.diskSize != 0 {
			in.DiskSize = aws.Int32(r.diskSize)
		}
		if keyPair != "" {
			in.RemoteAccess = &types.RemoteAccessConfig{Ec2SshKey: &keyPair, SourceSecurityGroups: sshSources(c)}
		}
	}
	return in, template, nil
}

// accepts says why a cluster takes no node groups now.
func accepts(c *types.Cluster) error {
	status, why, _ := clusterStatus(c)
	switch status {
	case pmks.ClusterActive:
		return nil
	case pmks.ClusterCreating, pmks.ClusterUpdating:
		return &pmks.Error{Code: pmks.CodeBusy, ProviderCode: string(c.Status), Message: "the cluster is " + string(status) + ": wait until it is Active"}
	case pmks.ClusterDeleting:
		return refuse.Precondition("the cluster is being deleted")
	}
	return refuse.Precondition("the cluster is Inactive: %s", why)
}

// sshSources are the security groups from which SSH is let in. Without any EKS
// would open port 22 to the world.
func sshSources(c *types.Cluster) []string {
	if c.ResourcesVpcConfig == nil {
		return nil
	}
	if groups := c.ResourcesVpcConfig.SecurityGroupIds; len(groups) > 0 {
		return groups
	}
	return []string{aws.ToString(c.ResourcesVpcConfig.ClusterSecurityGroupId)}
}

// RemoveNodeGroup implements [pmks.ClusterHandler] with one request. A launch
// template of the group can go only when the group is gone: see [Handler.Sweep].
func (h *Handler) RemoveNodeGroup(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ bool, err error) {
	defer place(&err, "RemoveNodeGroup", clusterIID, nodeGroupIID)
	cluster, name, err := h.names(clusterIID, nodeGroupIID)
	if err != nil {
		return false, err
	}
	if err := h.deleteNodegroup(ctx, cluster, name); err != nil {
		return false, err
	}
	return true, nil
}

func (h *Handler) deleteNodegroup(ctx context.Context, cluster, name string) error {
	return h.sendDelete(ctx, func(ctx context.Context) error {
		_, err := h.api.eks.DeleteNodegroup(ctx, &eks.DeleteNodegroupInput{ClusterName: &cluster, NodegroupName: &name}, noRetry)
		return err
	}, func(ctx context.Context) (bool, error) {
		n, err := h.describeNodegroup(ctx, cluster, name)
		return missing(err) || err == nil && n.Status == types.NodegroupStatusDeleting, ignoreMissing(err)
	})
}

func scaling(desired, minSize, maxSize int) *types.NodegroupScalingConfig {
	return &types.NodegroupScalingConfig{
		DesiredSize: aws.Int32(int32(desired)), MinSize: aws.Int32(int32(minSize)), MaxSize: aws.Int32(int32(maxSize))}
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func setTag(tags map[string]string, key string, given bool, value string) {
	if given {
		tags[key] = value
	}
}

// firstOf is the half of an IID that counts.
func firstOf(ref pmks.IID) string {
	if ref.SystemId != "" && !kver.IsDefault(ref.SystemId) {
		return ref.SystemId
	}
	return ref.NameId
}
