// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/limit"
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
	out, err := h.api.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	var absent *iamtypes.NoSuchEntityException
	if errors.As(err, &absent) {
		e := &pmks.Error{}
		_ = errors.As(fail(err), &e) // it always is one
		e.Message = fmt.Sprintf("the IAM role %q does not exist: create it with trust in %s and the policies %v, or name another with the setting %s, or call CreateRoles",
			name, r.service, r.policies, r.setting)
		return "", e
	}
	if err != nil {
		return "", fail(err)
	}
	found, err := answered(out.Role, "role")
	if err != nil {
		return "", err
	}
	arn = aws.ToString(found.Arn)
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
	defer place(&err, "CreateRoles", pmks.IID{}, pmks.IID{})
	for _, r := range []struct {
		role
		name string
	}{{clusterRole, h.cfg.ClusterRole}, {nodeRole, h.cfg.NodeRole}} {
		if isRoleARN(r.name) {
			continue
		}
		if err := h.createRole(ctx, r.role, r.name); err != nil {
			return err
		}
	}
	return nil
}

func (h *Handler) createRole(ctx context.Context, r role, name string) error {
	trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":%q},"Action":"sts:AssumeRole"}]}`, r.service)
	_, err := h.api.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust,
		Description: aws.String("Made by pmks for Amazon EKS")})
	var exists *iamtypes.EntityAlreadyExistsException
	if err != nil && !errors.As(err, &exists) {
		return fail(err)
	}
	for _, policy := range r.policies {
		arn := fmt.Sprintf("arn:%s:iam::aws:policy/%s", partition(h.api.region), policy)
		if _, err := h.api.iam.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &name, PolicyArn: &arn}); err != nil {
			return fail(err)
		}
	}
	return nil
}

// partition returns the ARN partition of a region.
func partition(region string) string {
	switch {
	case len(region) > 3 && region[:3] == "cn-":
		return "aws-cn"
	case len(region) > 7 && region[:7] == "us-gov-":
		return "aws-us-gov"
	}
	return "aws"
}

// spreading repeats a create that EKS refused because IAM has not spread a role
// yet. The refusal is definite, so nothing can be made twice.
func (h *Handler) spreading(ctx context.Context, create func() error) error {
	const first, longest = time.Second, 5 * time.Second
	start, pause := time.Now(), first
	for {
		err := create()
		var e *pmks.Error
		if !errors.As(err, &e) || !isPropagation(e.ProviderCode, e.Message) {
			return err
		}
		if time.Since(start)+pause > h.cfg.RoleWait {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return errors.Join(limit.Ended(ctx), err)
		case <-timer.C:
		}
		pause = min(2*pause, longest)
	}
}
