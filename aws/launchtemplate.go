// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/pmks-go/pmks"
)

const (
	templatePrefix = "pmks-"
	// cleanupTime bounds what is cleaned up after a failure, when the caller's
	// context may be over.
	cleanupTime = 10 * time.Second
)

// disk is a root disk that only a launch template can describe.
type disk struct {
	kind   ec2types.VolumeType
	size   int32 // 0: the AMI's
	device string
}

// createTemplate makes the launch template of a node group. The token makes it
// idempotent, and its name unique.
func (h *Handler) createTemplate(ctx context.Context, cluster, nodegroup, keyPair, token string, d disk) (string, error) {
	ebs := &ec2types.LaunchTemplateEbsBlockDeviceRequest{VolumeType: d.kind, DeleteOnTermination: aws.Bool(true)}
	if d.size > 0 {
		ebs.VolumeSize = aws.Int32(d.size)
	}
	data := &ec2types.RequestLaunchTemplateData{
		BlockDeviceMappings: []ec2types.LaunchTemplateBlockDeviceMappingRequest{{DeviceName: aws.String(d.device), Ebs: ebs}},
		// One hop would keep pods from the metadata service; EKS sets two itself
		// for groups without a template.
		MetadataOptions: &ec2types.LaunchTemplateInstanceMetadataOptionsRequest{
			HttpTokens: ec2types.LaunchTemplateHttpTokensStateRequired, HttpPutResponseHopLimit: aws.Int32(2)},
	}
	if keyPair != "" {
		data.KeyName = aws.String(keyPair)
	}
	out, err := h.api.ec2.CreateLaunchTemplate(ctx, &ec2.CreateLaunchTemplateInput{
		LaunchTemplateName: aws.String(templateName(cluster, nodegroup, token)),
		LaunchTemplateData: data,
		ClientToken:        aws.String(token),
		TagSpecifications: []ec2types.TagSpecification{{
			ResourceType: ec2types.ResourceTypeLaunchTemplate,
			Tags: []ec2types.Tag{
				{Key: aws.String(tagCluster), Value: aws.String(cluster)},
				{Key: aws.String(tagNodegroup), Value: aws.String(nodegroup)},
			},
		}},
	})
	if err != nil {
		return "", fail(err)
	}
	made, err := answered(out.LaunchTemplate, "launch template")
	if err != nil {
		return "", err
	}
	return aws.ToString(made.LaunchTemplateId), nil
}

// templateName stays within the 128 characters of EC2.
func templateName(cluster, nodegroup, token string) string {
	const most = 40
	return templatePrefix + clip(cluster, most) + "-" + clip(nodegroup, most) + "-" + strings.ToLower(token[len(token)-8:])
}

func clip(s string, most int) string {
	if len(s) > most {
		return s[:most]
	}
	return s
}

// deleteTemplate removes a template whose node group was refused. The caller's
// context may be over; a template that stays is found by the next sweep.
func (h *Handler) deleteTemplate(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
	defer cancel()
	_, _ = h.api.ec2.DeleteLaunchTemplate(ctx, &ec2.DeleteLaunchTemplateInput{LaunchTemplateId: &id})
}

// Sweep removes the launch templates of a cluster whose node groups are gone.
// DeleteCluster does it too; call it when node groups come and go in a cluster
// that stays.
func (h *Handler) Sweep(ctx context.Context, clusterIID pmks.IID) (err error) {
	defer place(&err, "Sweep", clusterIID, pmks.IID{})
	name, err := h.clusterName(clusterIID)
	if err != nil {
		return err
	}
	templates, err := h.templates(ctx, name)
	if err != nil || len(templates) == 0 {
		return err
	}
	groups, err := h.listNodegroups(ctx, name)
	if ignoreMissing(err) != nil {
		return err
	}
	return h.sweep(ctx, templates, groups)
}

// templates lists the launch templates that pmks made for a cluster. Callers that
// are not allowed to look have none: making them needs the same permission.
func (h *Handler) templates(ctx context.Context, cluster string) ([]ec2types.LaunchTemplate, error) {
	var list []ec2types.LaunchTemplate
	pages := ec2.NewDescribeLaunchTemplatesPaginator(h.api.ec2, &ec2.DescribeLaunchTemplatesInput{
		Filters: []ec2types.Filter{nameFilter("tag:"+tagCluster, cluster)},
	}, func(o *ec2.DescribeLaunchTemplatesPaginatorOptions) { o.StopOnDuplicateToken = true })
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err = fail(err); has(err, pmks.CodePermissionDenied) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		list = append(list, page.LaunchTemplates...)
	}
	return list, nil
}

// sweep removes the templates whose node group is not among those that exist. A
// node group whose template vanishes first cannot be deleted any more.
func (h *Handler) sweep(ctx context.Context, templates []ec2types.LaunchTemplate, existing []string) error {
	for _, t := range templates {
		owner := ""
		for _, tag := range t.Tags {
			if aws.ToString(tag.Key) == tagNodegroup {
				owner = aws.ToString(tag.Value)
			}
		}
		if owner == "" || slices.Contains(existing, owner) {
			continue
		}
		_, err := h.api.ec2.DeleteLaunchTemplate(ctx, &ec2.DeleteLaunchTemplateInput{LaunchTemplateId: t.LaunchTemplateId})
		if err = fail(err); err != nil && !strings.HasPrefix(providerCode(err), "InvalidLaunchTemplateId") {
			return err
		}
	}
	return nil
}
