// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/await"
	"github.com/pmks-go/pmks/internal/provider/errs"
)

// role is what EKS wants of an IAM role.
type role struct {
	setting  string
	service  string
	policies []string
}

// The roles of EKS and their managed policies (EKS user guide, cluster and node
// IAM roles).
var (
	clusterRole = role{"clusterRole", "eks.amazonaws.com", []string{"AmazonEKSClusterPolicy"}}
	nodeRole    = role{"nodeRole", "ec2.amazonaws.com", []string{
		"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonEKS_CNI_Policy"}}
)

// roleARN returns the ARN of a role by name or ARN. Names are looked up once.
func (h *Handler) roleARN(ctx context.Context, r role, name string) (string, error) {
	if isRoleARN(name) {
		return name, nil
	}
	h.rolesMu.Lock()
	arn := h.roles[name]
	h.rolesMu.Unlock()
	if arn != "" {
		return arn, nil
	}
	out, err := read(ctx, h, bucketIAM, h.api.iam.GetRole, &iam.GetRoleInput{RoleName: &name},
		"ARN of the role", func(o *iam.GetRoleOutput) bool { return o.Role != nil && aws.ToString(o.Role.Arn) != "" })
	if errs.ProviderCode(err) == "NoSuchEntity" {
		return "", errs.With(err, func(e *pmks.Error) {
			e.Message = fmt.Sprintf("%s: create the IAM role %q with trust in %s and the policies %v, or name another with the setting %s, or call CreateRoles",
				strings.TrimSuffix(e.Message, "."), name, r.service, r.policies, r.setting)
		})
	}
	if err != nil {
		return "", err
	}
	arn = aws.ToString(out.Role.Arn)
	h.rolesMu.Lock()
	h.roles[name] = arn
	h.rolesMu.Unlock()
	return arn, nil
}

// CreateRoles creates the cluster role and the node role of h's configuration, by
// name, with the trust and the managed policies that EKS needs. Roles that exist
// keep their trust; missing policies are attached. Nothing else in pmks creates
// roles. Roles given as ARNs are left alone.
func (h *Handler) CreateRoles(ctx context.Context) (err error) {
	defer annotate(&err, "CreateRoles", pmks.IID{}, pmks.IID{})
	for _, r := range []struct {
		role
		name string
	}{{clusterRole, h.cfg.ClusterRole}, {nodeRole, h.cfg.NodeRole}} {
		if isRoleARN(r.name) {
			continue
		}
		// A client of its own: what a program does not call it does not link.
		if err := h.createRole(ctx, iam.NewFromConfig(singleTry(h.api.sdk)), r.role, r.name); err != nil {
			return err
		}
	}
	return nil
}

func (h *Handler) createRole(ctx context.Context, client *iam.Client, r role, name string) error {
	trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":%q},"Action":"sts:AssumeRole"}]}`, r.service)
	in := &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust, Description: aws.String("Made by pmks for Amazon EKS")}
	_, err := send(ctx, h, bucketIAM, client.CreateRole, in, "role", func(o *iam.CreateRoleOutput) bool { return o.Role != nil })
	if err != nil && errs.ProviderCode(err) != "EntityAlreadyExists" {
		return err
	}
	for _, policy := range r.policies {
		arn := fmt.Sprintf("arn:%s:iam::aws:policy/%s", partition(h.api.region), policy)
		if _, err := send(ctx, h, bucketIAM, client.AttachRolePolicy, &iam.AttachRolePolicyInput{RoleName: &name, PolicyArn: &arn},
			"result", func(*iam.AttachRolePolicyOutput) bool { return true }); err != nil {
			return err
		}
	}
	return nil
}

// retryRolePropagation repeats a create that EKS refused because IAM has not spread a
// role yet. The refusal is definite, so nothing can be made twice.
func (h *Handler) retryRolePropagation(ctx context.Context, create func(context.Context) error) error {
	const pause = 2 * time.Second
	until := time.Now().Add(h.cfg.RoleWait)
	var outcome error
	end := await.Until(ctx, pause, func(ctx context.Context) (done bool, err error) {
		outcome = create(ctx)
		var e *pmks.Error
		return !errors.As(outcome, &e) || !isPropagation(e.ProviderCode, e.Message) || time.Now().Add(pause).After(until), nil
	})
	return errs.Join(end, outcome)
}
