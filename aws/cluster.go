// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"golang.org/x/sync/errgroup"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/limit"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/refuse"
)

// CreateCluster implements [pmks.ClusterHandler]: the role, the subnets and the
// security groups are looked up in parallel, then one request is made.
func (h *Handler) CreateCluster(ctx context.Context, req pmks.ClusterInfo) (_ pmks.ClusterInfo, err error) {
	defer place(&err, "CreateCluster", pmks.IID{NameId: req.IId.NameId}, pmks.IID{})
	if err := checkCluster(req); err != nil {
		return pmks.ClusterInfo{}, err
	}
	in, err := h.createClusterInput(ctx, req)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	var made *types.Cluster
	send := func(ctx context.Context) error {
		var lost bool
		out, err := h.api.eks.CreateCluster(ctx, in, attempts(&lost))
		if err == nil {
			made, err = answered(out.Cluster, "cluster")
		}
		return settledBy(lost, err)
	}
	err = h.spreading(ctx, func() error {
		return once.Do(ctx, once.Mutation{
			Send: send,
			Happened: func(ctx context.Context) (bool, error) {
				found, err := h.describeCluster(ctx, *in.Name)
				if missing(err) {
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
					err := send(ctx)
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
		return pmks.ClusterInfo{}, h.explainVersion(ctx, err, aws.ToString(in.Version))
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
			f.Add(field+".Key", "has %d characters, AWS takes 128", len(t.Key))
		case utf8.RuneCountInString(t.Value) > 256:
			f.Add(field+".Value", "has %d characters, AWS takes 256", len(t.Value))
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
	var roleErr, netErr error
	var g errgroup.Group
	g.Go(func() error {
		role, roleErr = h.roleARN(ctx, clusterRole, h.cfg.ClusterRole)
		return nil
	})
	g.Go(func() error {
		net, netErr = h.resolveNetwork(ctx, req.Network)
		return nil
	})
	_ = g.Wait()
	if err := errors.Join(roleErr, netErr); err != nil {
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

// DeleteCluster implements [pmks.ClusterHandler]. EKS refuses while node groups
// exist, so they are removed first, all at once, and waited for; ctx bounds the
// wait. Called again it continues.
func (h *Handler) DeleteCluster(ctx context.Context, clusterIID pmks.IID) (_ bool, err error) {
	defer place(&err, "DeleteCluster", clusterIID, pmks.IID{})
	name, err := h.clusterName(clusterIID)
	if err != nil {
		return false, err
	}
	if err := h.deleteCluster(ctx, name); err != nil {
		return false, err
	}
	return true, nil
}

func (h *Handler) deleteCluster(ctx context.Context, name string) error {
	var c *types.Cluster
	var groups []string
	var templates []ec2types.LaunchTemplate
	var g errgroup.Group
	g.Go(func() (err error) {
		c, err = h.describeCluster(ctx, name)
		return err
	})
	g.Go(func() (err error) {
		groups, err = h.listNodegroups(ctx, name)
		return err
	})
	g.Go(func() (err error) {
		templates, err = h.templates(ctx, name)
		return err
	})
	if err := g.Wait(); err != nil {
		return err
	}
	if c.Status == types.ClusterStatusDeleting {
		return nil
	}
	// Refuse before the node groups are gone, not after.
	if aws.ToBool(c.DeletionProtection) && c.Status == types.ClusterStatusActive {
		return refuse.Precondition("the cluster has deletion protection: switch it off in EKS first")
	}
	if c.Status == types.ClusterStatusUpdating {
		return &pmks.Error{Code: pmks.CodeBusy, ProviderCode: string(c.Status), Message: "the cluster is being updated: delete it when that is done"}
	}
	if err := h.removeAll(ctx, name, groups); err != nil {
		return err
	}
	if err := h.sweep(ctx, templates, nil); err != nil {
		return err
	}
	return h.sendDelete(ctx, func(ctx context.Context) error {
		_, err := h.api.eks.DeleteCluster(ctx, &eks.DeleteClusterInput{Name: &name}, noRetry)
		return err
	}, func(ctx context.Context) (bool, error) {
		c, err := h.describeCluster(ctx, name)
		return missing(err) || err == nil && c.Status == types.ClusterStatusDeleting, ignoreMissing(err)
	})
}

// sendDelete makes a deletion exactly once: EKS takes no token for it.
func (h *Handler) sendDelete(ctx context.Context, send func(context.Context) error, gone func(context.Context) (bool, error)) error {
	return once.Delete(ctx, func(ctx context.Context) error { return fail(send(ctx)) }, gone)
}

// removeAll removes node groups and waits until they are gone, those included that
// are added meanwhile. One that fails after it was asked for here ends the wait.
func (h *Handler) removeAll(ctx context.Context, cluster string, names []string) error {
	if len(names) == 0 {
		return nil
	}
	room := limit.New()
	asked := map[string]bool{}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var g errgroup.Group
		for _, name := range names {
			asked[name] = true
			g.Go(func() error {
				return room.Do(ctx, func() error { return ignoreMissing(h.deleteNodegroup(ctx, cluster, name)) })
			})
		}
		if err := g.Wait(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return limit.Ended(ctx)
		case <-timer.C:
		}
		left, err := h.nodegroups(ctx, room, cluster)
		if err != nil && !pmks.Retryable(err) {
			return ignoreMissing(err)
		}
		if err == nil && len(left) == 0 {
			return nil
		}
		names = nil
		for _, n := range left {
			name := aws.ToString(n.NodegroupName)
			status, why, _ := nodegroupStatus(n)
			switch {
			case n.Status == types.NodegroupStatusDeleteFailed && asked[name]:
				return refuse.Precondition("node group %q could not be removed: %s", name, why)
			case !status.Transitional() && !asked[name]: // EKS removes none that it is working on
				names = append(names, name)
			}
		}
		timer.Reset(h.cfg.PollInterval)
	}
}
