// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"unicode/utf8"

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
	if err := checkCluster(req); err != nil {
		return pmks.ClusterInfo{}, err
	}
	in, err := h.createClusterInput(ctx, req)
	if err != nil {
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
					return false, &pmks.Error{Code: pmks.CodeAlreadyExists, Message: "somebody else made a cluster of this name meanwhile"}
				}
				made = found
				return true, nil
			},
		})
	})
	if err != nil {
		return pmks.ClusterInfo{}, h.explainVersion(ctx, err, "Version", aws.ToString(in.Version))
	}
	return clusterInfo(made), nil
}

// checkCluster is what can be said of a request without the network.
func checkCluster(req pmks.ClusterInfo) error {
	var f refuse.List
	f.Join(capabilities.CheckCluster(req))
	checkTags(&f, req.TagList)
	return f.Err()
}

// checkTags refuses what AWS keeps for itself, and pmks's own tags.
func checkTags(f *refuse.List, tags []pmks.KeyValue) {
	for i, t := range tags {
		field := fmt.Sprintf("TagList[%d]", i)
		lower := strings.ToLower(t.Key)
		switch {
		case strings.HasPrefix(lower, "aws:"), strings.HasPrefix(lower, tagPrefix):
			f.Add(field+".Key", "%q begins with a prefix that is reserved", t.Key)
		case utf8.RuneCountInString(t.Key) > 128:
			f.Add(field+".Key", "has %d characters, AWS takes 128", utf8.RuneCountInString(t.Key))
		case utf8.RuneCountInString(t.Value) > 256:
			f.Add(field+".Value", "has %d characters, AWS takes 256", utf8.RuneCountInString(t.Value))
		}
	}
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
			SubnetIds:             net.subnets,
			SecurityGroupIds:      net.securityGroups,
			EndpointPublicAccess:  h.cfg.PublicEndpoint,
			EndpointPrivateAccess: h.cfg.PrivateEndpoint,
			PublicAccessCidrs:     h.cfg.PublicAccessCIDRs,
		},
		AccessConfig: &types.CreateAccessConfigRequest{
			AuthenticationMode: types.AuthenticationMode(h.cfg.AuthenticationMode),
			// Without it nobody could log in at first.
			BootstrapClusterCreatorAdminPermissions: aws.Bool(true),
		},
		ClientRequestToken: aws.String(requestToken()),
	}
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
