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
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

const (
	templatePrefix = "pmks-"
	// cleanupTime bounds what is cleaned up after a failure, when the caller's
	// context may be over.
	cleanupTime = 10 * time.Second
)

// rootDisk is one that only a launch template can describe, and what else is in that.
type rootDisk struct {
	// template is the name of the template, which holds the token of its request.
	template, token string

	keyPair string
	kind    ec2types.VolumeType
	size    int32 // 0: the AMI's
	device  string
}

// createTemplate makes the launch template of a node group. The token makes it
// idempotent, and its name unique.
func (h *Handler) createTemplate(ctx context.Context, cluster, nodegroup string, d *rootDisk) (string, error) {
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
	if d.keyPair != "" {
		data.KeyName = aws.String(d.keyPair)
	}
	in := &ec2.CreateLaunchTemplateInput{
		LaunchTemplateName: aws.String(d.template),
		LaunchTemplateData: data,
		ClientToken:        aws.String(d.token),
		TagSpecifications: []ec2types.TagSpecification{{
			ResourceType: ec2types.ResourceTypeLaunchTemplate,
			Tags: []ec2types.Tag{
				{Key: aws.String(tagCluster), Value: aws.String(cluster)},
				{Key: aws.String(tagNodegroup), Value: aws.String(nodegroup)},
			},
		}},
	}
	id := ""
	err := once.Do(ctx, once.Mutation{
		Send: func(ctx context.Context) error {
			out, err := send(ctx, h, bucketEC2+"CreateLaunchTemplate", h.api.ec2.CreateLaunchTemplate, in, "launch template",
				func(o *ec2.CreateLaunchTemplateOutput) bool {
					return o.LaunchTemplate != nil && aws.ToString(o.LaunchTemplate.LaunchTemplateId) != ""
				})
			if err == nil {
				id = *out.LaunchTemplate.LaunchTemplateId
			}
			return err
		},
		Happened: func(ctx context.Context) (bool, error) {
			// The name ends in the token, so it is of this request alone.
			list, err := h.templates(ctx, cluster)
			for _, t := range list {
				if aws.ToString(t.LaunchTemplateName) == *in.LaunchTemplateName {
					id = aws.ToString(t.LaunchTemplateId)
				}
			}
			return id != "", err
		},
	})
	return id, err
}

// templateName stays within the 128 characters of EC2.
func templateName(cluster, nodegroup, token string) string {
	const most = 40
	return templatePrefix + clip(cluster, most) + "-" + clip(nodegroup, most) + "-" + strings.ToLower(token[len(token)-8:])
}

// clip cuts a text that a user gave; names of EKS are ASCII.
func clip(s string, most int) string {
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "")
	}
	return s
}

// discardTemplate removes a template whose node group was refused. The caller's
// context may be over; a template that stays is found by the next sweep.
func (h *Handler) discardTemplate(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
	defer cancel()
	_ = h.deleteTemplate(ctx, id)
}

// deleteTemplate removes a template; one that is not there is as good as removed.
func (h *Handler) deleteTemplate(ctx context.Context, id string) error {
	_, err := send(ctx, h, bucketEC2+"DeleteLaunchTemplate", h.api.ec2.DeleteLaunchTemplate, &ec2.DeleteLaunchTemplateInput{LaunchTemplateId: &id},
		"launch template", func(o *ec2.DeleteLaunchTemplateOutput) bool { return o.LaunchTemplate != nil })
	if strings.HasPrefix(errs.ProviderCode(err), "InvalidLaunchTemplateId") {
		return nil
	}
	return err
}

// Sweep removes the launch templates of a cluster whose node groups are gone.
// DeleteCluster does it too; call it when node groups come and go in a cluster
// that stays.
func (h *Handler) Sweep(ctx context.Context, clusterIID pmks.IID) (err error) {
	defer annotate(&err, "Sweep", clusterIID, pmks.IID{})
	t, err := h.clusterTarget(clusterIID)
	if err != nil {
		return err
	}
	if t.byARN() {
		if _, err := h.describeCluster(ctx, t); err != nil {
			return err
		}
	}
	templates, err := h.templates(ctx, t.cluster)
	if err != nil || len(templates) == 0 {
		return err
	}
	groups, err := h.listNodegroups(ctx, t.cluster)
	if errs.IgnoreNotFound(err) != nil {
		return err
	}
	return h.sweep(ctx, templates, groups)
}

// templates lists the launch templates that pmks made for a cluster. Callers that
// are not allowed to look have none: making them needs the same permission.
func (h *Handler) templates(ctx context.Context, cluster string) ([]ec2types.LaunchTemplate, error) {
	list, err := readList(ctx, h, bucketEC2+"DescribeLaunchTemplates", h.api.ec2.DescribeLaunchTemplates, "list of launch templates", func(token *string) *ec2.DescribeLaunchTemplatesInput {
		return &ec2.DescribeLaunchTemplatesInput{Filters: []ec2types.Filter{nameFilter("tag:"+tagCluster, cluster)}, NextToken: token}
	}, func(o *ec2.DescribeLaunchTemplatesOutput) ([]ec2types.LaunchTemplate, *string) {
		return o.LaunchTemplates, o.NextToken
	})
	if errs.Is(err, pmks.CodePermissionDenied) {
		return nil, nil
	}
	return list, err
}

// sweep removes the templates whose node group is not among those that exist. A
// node group whose template vanishes first cannot be deleted any more.
func (h *Handler) sweep(ctx context.Context, templates []ec2types.LaunchTemplate, existing []string) error {
	var orphans []string
	for _, t := range templates {
		owner := ""
		for _, tag := range t.Tags {
			if aws.ToString(tag.Key) == tagNodegroup {
				owner = aws.ToString(tag.Value)
			}
		}
		if owner != "" && !slices.Contains(existing, owner) {
			orphans = append(orphans, aws.ToString(t.LaunchTemplateId))
		}
	}
	return fanout.Each(ctx, len(orphans), func(ctx context.Context, i int) error { return h.deleteTemplate(ctx, orphans[i]) })
}
