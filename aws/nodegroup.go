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

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/ready"
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
func (h *Handler) readNodegroup(req pmks.NodeGroupInfo) (nodegroupRequest, error) {
	r := nodegroupRequest{NodeGroupInfo: capabilities.WithDefaultBounds(req)}
	var f refuse.List
	f.Join(capabilities.CheckNodeGroup(req))
	h.checkZones(&f, req.Zones)
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
	return r, f.Err()
}

// AddNodeGroup implements [pmks.ClusterHandler]. The cluster, the role, the
// instance type and the key pair are looked up in parallel, then one request is
// made; a root disk type takes a launch template in between.
func (h *Handler) AddNodeGroup(ctx context.Context, clusterIID pmks.IID, req pmks.NodeGroupInfo) (_ pmks.NodeGroupInfo, err error) {
	defer annotate(&err, "AddNodeGroup", clusterIID, pmks.IID{NameId: req.IId.NameId})
	t, nameErr := h.clusterTarget(clusterIID)
	r, err := h.readNodegroup(req)
	if err := errors.Join(nameErr, err); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	in, disk, err := h.createNodegroupInput(ctx, t, r)
	if err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	if err := h.beforeAddNodeGroup(ctx, req, in, disk != nil); err != nil {
		return pmks.NodeGroupInfo{}, err
	}
	template := ""
	if disk != nil {
		if template, err = h.createTemplate(ctx, t.cluster, r.IId.NameId, disk); err != nil {
			return pmks.NodeGroupInfo{}, err
		}
		in.LaunchTemplate = launchTemplate(template, "")
	}
	made, lost, err := h.createNodegroup(ctx, in)
	if err != nil {
		// A node group whose template is gone fails for good, and a look may show
		// what was before: only a plain refusal is sure. Sweep removes the others.
		if template != "" && !lost {
			h.discardTemplate(ctx, template)
		}
		return pmks.NodeGroupInfo{}, h.explainBusy(ctx, err, target{cluster: t.cluster})
	}
	return nodegroupInfo(made, nil, nil), nil
}

// createNodegroup makes a node group. lost: the outcome of some try was open.
func (h *Handler) createNodegroup(ctx context.Context, in *eks.CreateNodegroupInput) (made *types.Nodegroup, lost bool, err error) {
	err = h.retryRolePropagation(ctx, func(ctx context.Context) error {
		return once.Do(ctx, once.Mutation{
			Send: func(ctx context.Context) error {
				out, err := send(ctx, h, bucketEKS, h.api.eks.CreateNodegroup, in, "node group of that name", func(o *eks.CreateNodegroupOutput) bool {
					return o.Nodegroup != nil && aws.ToString(o.Nodegroup.NodegroupName) == *in.NodegroupName
				})
				if err == nil {
					made = out.Nodegroup
				}
				lost = lost || err != nil && once.Open(err)
				return err
			},
			Happened: func(ctx context.Context) (bool, error) {
				found, err := h.describeNodegroup(ctx, target{cluster: *in.ClusterName, nodegroup: *in.NodegroupName})
				if errs.Is(err, pmks.CodeNotFound) {
					return false, nil
				}
				if err != nil {
					return false, err
				}
				if found.Tags[tagRequest] != *in.ClientRequestToken {
					return false, &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "somebody else made a node group of this name meanwhile"}
				}
				made = found
				return true, nil
			},
		})
	})
	return made, lost, nameTaken(err)
}

// inputs is what a node group request is made from.
type inputs struct {
	cluster *types.Cluster
	subnets []string
	role    string
	amiType types.AMITypes
	keyPair string
}

// nodegroupInputs looks up everything at once, and reports everything wrong.
func (h *Handler) nodegroupInputs(ctx context.Context, t target, r nodegroupRequest) (inputs, error) {
	found := inputs{amiType: r.image.amiType}
	err := fanout.All(ctx,
		func(ctx context.Context) (err error) {
			if found.cluster, err = h.describeCluster(ctx, t); err == nil {
				err = checkClusterReady(found.cluster)
			}
			if err == nil && len(r.Zones) > 0 {
				found.subnets, err = h.subnetsIn(ctx, found.cluster, r.Zones)
			} else if err == nil {
				found.subnets, err = clusterSubnets(found.cluster)
			}
			return err
		},
		func(ctx context.Context) (err error) {
			found.role, err = h.roleARN(ctx, nodeRole, h.cfg.NodeRole)
			return err
		},
		func(ctx context.Context) (err error) {
			if r.image.isDefault {
				found.amiType, err = h.amiTypeOf(ctx, r.VMSpecName)
			}
			return err
		},
		func(ctx context.Context) (err error) {
			found.keyPair, err = h.resolveKeyPair(ctx, r.KeyPairIID)
			return err
		})
	return found, err
}

// clusterSubnets are those that the cluster itself is in, of any zone.
func clusterSubnets(c *types.Cluster) ([]string, error) {
	if c.ResourcesVpcConfig == nil || len(c.ResourcesVpcConfig.SubnetIds) == 0 {
		return nil, errs.LostAnswer("AWS", "subnets of the cluster")
	}
	return c.ResourcesVpcConfig.SubnetIds, nil
}

// createNodegroupInput makes the request, and says of the launch template that it needs
// what is to be in it. The request has its name, in the place of which comes its id.
func (h *Handler) createNodegroupInput(ctx context.Context, t target, r nodegroupRequest) (in *eks.CreateNodegroupInput, disk *rootDisk, err error) {
	found, err := h.nodegroupInputs(ctx, t, r)
	if err != nil {
		return nil, nil, err
	}
	c, keyPair, cluster := found.cluster, found.keyPair, t.cluster
	token := requestToken()
	in = &eks.CreateNodegroupInput{
		ClusterName:   &cluster,
		NodegroupName: aws.String(r.IId.NameId),
		NodeRole:      &found.role,
		AmiType:       found.amiType,
		ScalingConfig: scaling(r.DesiredNodeSize, r.MinNodeSize, r.MaxNodeSize),
		Subnets:       found.subnets,
		Tags: map[string]string{
			tagAutoScaling: onOff(r.OnAutoScaling),
			tagRequest:     token,
		},
		ClientRequestToken: &token,
	}
	askOfNodes(in, r.NodeGroupInfo)
	setTag(in.Tags, tagZones, len(r.Zones) > 0, tagOfZones(r.Zones))
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
		disk = &rootDisk{template: templateName(cluster, r.IId.NameId, token), token: token, keyPair: keyPair, kind: r.diskType, size: r.diskSize, device: rootDevice(found.amiType)}
		in.LaunchTemplate = &types.LaunchTemplateSpecification{Name: &disk.template}
		// EKS shows none of these for a group with a template.
		in.Tags[tagDiskType] = r.RootDiskType
		setTag(in.Tags, tagDiskSize, r.diskSize != 0, r.RootDiskSize)
		setTag(in.Tags, tagKeyPair, keyPair != "", keyPair)
	default:
		if r.diskSize != 0 {
			in.DiskSize = aws.Int32(r.diskSize)
		}
		if keyPair != "" {
			sources := sshSources(c)
			if len(sources) == 0 {
				return nil, nil, errs.LostAnswer("AWS", "security group of the cluster, from which SSH is to be let in")
			}
			in.RemoteAccess = &types.RemoteAccessConfig{Ec2SshKey: &keyPair, SourceSecurityGroups: sources}
		}
	}
	return in, disk, nil
}

// sshSources are the security groups from which SSH is let in. Without any EKS
// would open port 22 to the world.
func sshSources(c *types.Cluster) []string {
	if groups := c.ResourcesVpcConfig.SecurityGroupIds; len(groups) > 0 {
		return groups
	}
	if own := aws.ToString(c.ResourcesVpcConfig.ClusterSecurityGroupId); own != "" {
		return []string{own}
	}
	return nil
}

// explainBusy asks whether waiting helps: EKS says "in use" of a cluster or node
// group that has failed too, for which nobody need wait.
func (h *Handler) explainBusy(ctx context.Context, err error, t target) error {
	if !errs.Is(err, pmks.CodeBusy) {
		return err
	}
	var faults [2]error
	fault := fanout.All(ctx,
		func(ctx context.Context) error {
			if c, err := h.describeCluster(ctx, target{cluster: t.cluster}); err == nil {
				faults[0] = checkClusterReady(c)
			}
			return nil
		},
		func(ctx context.Context) error {
			if t.nodegroup != "" {
				if n, err := h.describeNodegroup(ctx, target{cluster: t.cluster, nodegroup: t.nodegroup}); err == nil {
					faults[1] = ready.Check("the node group", string(n.Status), nodegroupMeaning(n))
				}
			}
			return nil
		})
	if fault != nil {
		return err // without an explanation EKS's own words stand alone
	}
	for _, fault := range faults {
		var e *pmks.Error
		if errors.As(fault, &e) && e.Code == pmks.CodeFailedPrecondition {
			return errs.With(err, func(refusal *pmks.Error) {
				refusal.Code, refusal.Message = pmks.CodeFailedPrecondition, refusal.Message+": "+e.Message
			})
		}
	}
	return err
}

// RemoveNodeGroup implements [pmks.ClusterHandler] with one request. A launch
// template of the group can go only when the group is gone: see [Handler.Sweep].
func (h *Handler) RemoveNodeGroup(ctx context.Context, clusterIID, nodeGroupIID pmks.IID) (_ bool, err error) {
	defer annotate(&err, "RemoveNodeGroup", clusterIID, nodeGroupIID)
	t, err := h.nodegroupTarget(clusterIID, nodeGroupIID)
	if err != nil {
		return false, err
	}
	if t.byARN() {
		// What has that name may be another by now, or of another account.
		if _, err := h.describeNodegroup(ctx, t); err != nil {
			return false, err
		}
	}
	if _, err := h.deleteNodegroup(ctx, t); err != nil {
		return false, err
	}
	return true, nil
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
