// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"context"
	"crypto/rand"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// CreateCluster implements [pmks.ClusterHandler]: the role, the subnets and the
// security groups are looked up in parallel, then one request is made.
func (h *Handler) CreateCluster(ctx context.Context, req pmks.ClusterInfo) (_ pmks.ClusterInfo, err error) {
	defer annotate(&err, "CreateCluster", pmks.IID{NameId: req.IId.NameId}, pmks.IID{})
	if err := h.checkCluster(req); err != nil {
		return pmks.ClusterInfo{}, err
	}
	in, err := h.createClusterInput(ctx, req)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	if err := h.beforeCreateCluster(ctx, req, in); err != nil {
		return pmks.ClusterInfo{}, err
	}
	var made *types.Cluster
	create := func(ctx context.Context) error {
		out, err := send(ctx, h, bucketEKS, h.api.eks.CreateCluster, in, "cluster of that name",
			func(o *eks.CreateClusterOutput) bool {
				return o.Cluster != nil && aws.ToString(o.Cluster.Name) == *in.Name
			})
		if err == nil {
			made = out.Cluster
		}
		return err
	}
	err = h.retryRolePropagation(ctx, func(ctx context.Context) error {
		return once.Do(ctx, once.Mutation{
			Send: create,
			Happened: func(ctx context.Context) (bool, error) {
				found, err := h.describeCluster(ctx, target{cluster: *in.Name})
				if errs.Is(err, pmks.CodeNotFound) {
					return false, nil
				}
				if err != nil {
					return false, err
				}
				switch aws.ToString(found.ClientRequestToken) {
				case *in.ClientRequestToken:
				case "":
					// Not every answer shows the token. The same request says whose
					// cluster it is, and makes no second one.
					err := create(ctx)
					return err == nil, err
				default:
					return false, &pmks.Error{Code: pmks.CodeAlreadyExists, Field: "IId.NameId", Message: "somebody else made a cluster of this name meanwhile"}
				}
				made = found
				return true, nil
			},
		})
	})
	if err != nil {
		return pmks.ClusterInfo{}, h.explainVersion(ctx, nameTaken(err), "Version", aws.ToString(in.Version))
	}
	return clusterInfo(made), nil
}

// nameTaken says which field of a request is wrong where its name is taken.
func nameTaken(err error) error {
	if !errs.Is(err, pmks.CodeAlreadyExists) {
		return err
	}
	return errs.With(err, func(e *pmks.Error) { e.Field = "IId.NameId" })
}

// checkCluster is what can be said of a request without the network.
func (h *Handler) checkCluster(req pmks.ClusterInfo) error {
	var f refuse.List
	f.Join(capabilities.CheckCluster(req))
	checkTags(&f, req.TagList)
	h.checkAccess(&f, req.Access)
	return f.Err()
}

func (h *Handler) createClusterInput(ctx context.Context, req pmks.ClusterInfo) (*eks.CreateClusterInput, error) {
	version, err := minor(req.Version)
	if err != nil {
		return nil, err
	}
	var role string
	var net network
	err = fanout.All(ctx,
		func(ctx context.Context) (err error) {
			role, err = h.roleARN(ctx, clusterRole, h.cfg.ClusterRole)
			return err
		},
		func(ctx context.Context) (err error) {
			net, err = h.resolveNetwork(ctx, req.Network)
			return err
		})
	if err != nil {
		return nil, err
	}
	in := &eks.CreateClusterInput{
		Name:    aws.String(req.IId.NameId),
		RoleArn: aws.String(role),
		ResourcesVpcConfig: &types.VpcConfigRequest{
			SubnetIds:        net.subnets,
			SecurityGroupIds: net.securityGroups,
		},
		AccessConfig: &types.CreateAccessConfigRequest{
			AuthenticationMode: types.AuthenticationMode(h.cfg.AuthenticationMode),
			// Without it nobody could log in at first.
			BootstrapClusterCreatorAdminPermissions: aws.Bool(true),
		},
		ClientRequestToken: aws.String(requestToken()),
	}
	h.reach(in.ResourcesVpcConfig, req.Access)
	if version != "" {
		in.Version = aws.String(version)
	}
	if h.cfg.SupportType != "" {
		in.UpgradePolicy = &types.UpgradePolicyRequest{SupportType: types.SupportType(h.cfg.SupportType)}
	}
	if h.cfg.DeletionProtection {
		in.DeletionProtection = aws.Bool(true)
	}
	if len(req.TagList) > 0 {
		in.Tags = map[string]string{}
		for _, t := range req.TagList {
			in.Tags[t.Key] = t.Value
		}
	}
	return in, nil
}

// requestToken makes an idempotency token. EKS takes up to 64 characters.
func requestToken() string { return "pmks-" + rand.Text() }
