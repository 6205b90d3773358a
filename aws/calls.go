// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// The requests that the provider makes, service by service. They are functions and no
// methods of an interface: a client of the SDK that is in an interface keeps all its
// methods in any program that looks methods up by their names, as text/template does.
// Those of the five services are 37 MB of code.

// call is a request of the SDK.
type call[I, O, P any] func(ctx context.Context, in *I, options ...func(*P)) (*O, error)

type eksCalls struct {
	CreateCluster           call[eks.CreateClusterInput, eks.CreateClusterOutput, eks.Options]
	DescribeCluster         call[eks.DescribeClusterInput, eks.DescribeClusterOutput, eks.Options]
	ListClusters            call[eks.ListClustersInput, eks.ListClustersOutput, eks.Options]
	DeleteCluster           call[eks.DeleteClusterInput, eks.DeleteClusterOutput, eks.Options]
	UpdateClusterVersion    call[eks.UpdateClusterVersionInput, eks.UpdateClusterVersionOutput, eks.Options]
	DescribeClusterVersions call[eks.DescribeClusterVersionsInput, eks.DescribeClusterVersionsOutput, eks.Options]
	CreateNodegroup         call[eks.CreateNodegroupInput, eks.CreateNodegroupOutput, eks.Options]
	DescribeNodegroup       call[eks.DescribeNodegroupInput, eks.DescribeNodegroupOutput, eks.Options]
	ListNodegroups          call[eks.ListNodegroupsInput, eks.ListNodegroupsOutput, eks.Options]
	DeleteNodegroup         call[eks.DeleteNodegroupInput, eks.DeleteNodegroupOutput, eks.Options]
	UpdateNodegroupConfig   call[eks.UpdateNodegroupConfigInput, eks.UpdateNodegroupConfigOutput, eks.Options]
	UpdateNodegroupVersion  call[eks.UpdateNodegroupVersionInput, eks.UpdateNodegroupVersionOutput, eks.Options]
	DescribeUpdate          call[eks.DescribeUpdateInput, eks.DescribeUpdateOutput, eks.Options]
	ListUpdates             call[eks.ListUpdatesInput, eks.ListUpdatesOutput, eks.Options]
	ListFargateProfiles     call[eks.ListFargateProfilesInput, eks.ListFargateProfilesOutput, eks.Options]
	ListAddons              call[eks.ListAddonsInput, eks.ListAddonsOutput, eks.Options]
	DescribeAddon           call[eks.DescribeAddonInput, eks.DescribeAddonOutput, eks.Options]
	DescribeAddonVersions   call[eks.DescribeAddonVersionsInput, eks.DescribeAddonVersionsOutput, eks.Options]
	ListInsights            call[eks.ListInsightsInput, eks.ListInsightsOutput, eks.Options]
	DescribeInsight         call[eks.DescribeInsightInput, eks.DescribeInsightOutput, eks.Options]
	TagResource             call[eks.TagResourceInput, eks.TagResourceOutput, eks.Options]
	UntagResource           call[eks.UntagResourceInput, eks.UntagResourceOutput, eks.Options]
}

func newEKSCalls(c *eks.Client) eksCalls {
	return eksCalls{
		CreateCluster:           c.CreateCluster,
		DescribeCluster:         c.DescribeCluster,
		ListClusters:            c.ListClusters,
		DeleteCluster:           c.DeleteCluster,
		UpdateClusterVersion:    c.UpdateClusterVersion,
		DescribeClusterVersions: c.DescribeClusterVersions,
		CreateNodegroup:         c.CreateNodegroup,
		DescribeNodegroup:       c.DescribeNodegroup,
		ListNodegroups:          c.ListNodegroups,
		DeleteNodegroup:         c.DeleteNodegroup,
		UpdateNodegroupConfig:   c.UpdateNodegroupConfig,
		UpdateNodegroupVersion:  c.UpdateNodegroupVersion,
		DescribeUpdate:          c.DescribeUpdate,
		ListUpdates:             c.ListUpdates,
		ListFargateProfiles:     c.ListFargateProfiles,
		ListAddons:              c.ListAddons,
		DescribeAddon:           c.DescribeAddon,
		DescribeAddonVersions:   c.DescribeAddonVersions,
		ListInsights:            c.ListInsights,
		DescribeInsight:         c.DescribeInsight,
		TagResource:             c.TagResource,
		UntagResource:           c.UntagResource,
	}
}

type ec2Calls struct {
	DescribeSubnets         call[ec2.DescribeSubnetsInput, ec2.DescribeSubnetsOutput, ec2.Options]
	DescribeSecurityGroups  call[ec2.DescribeSecurityGroupsInput, ec2.DescribeSecurityGroupsOutput, ec2.Options]
	DescribeVpcs            call[ec2.DescribeVpcsInput, ec2.DescribeVpcsOutput, ec2.Options]
	DescribeInstanceTypes   call[ec2.DescribeInstanceTypesInput, ec2.DescribeInstanceTypesOutput, ec2.Options]
	DescribeKeyPairs        call[ec2.DescribeKeyPairsInput, ec2.DescribeKeyPairsOutput, ec2.Options]
	CreateLaunchTemplate    call[ec2.CreateLaunchTemplateInput, ec2.CreateLaunchTemplateOutput, ec2.Options]
	DescribeLaunchTemplates call[ec2.DescribeLaunchTemplatesInput, ec2.DescribeLaunchTemplatesOutput, ec2.Options]
	DeleteLaunchTemplate    call[ec2.DeleteLaunchTemplateInput, ec2.DeleteLaunchTemplateOutput, ec2.Options]
}

func newEC2Calls(c *ec2.Client) ec2Calls {
	return ec2Calls{
		DescribeSubnets:         c.DescribeSubnets,
		DescribeSecurityGroups:  c.DescribeSecurityGroups,
		DescribeVpcs:            c.DescribeVpcs,
		DescribeInstanceTypes:   c.DescribeInstanceTypes,
		DescribeKeyPairs:        c.DescribeKeyPairs,
		CreateLaunchTemplate:    c.CreateLaunchTemplate,
		DescribeLaunchTemplates: c.DescribeLaunchTemplates,
		DeleteLaunchTemplate:    c.DeleteLaunchTemplate,
	}
}

type iamCalls struct {
	GetRole call[iam.GetRoleInput, iam.GetRoleOutput, iam.Options]
}

func newIAMCalls(c *iam.Client) iamCalls {
	return iamCalls{
		GetRole: c.GetRole,
	}
}

type asgCalls struct {
	DescribeAutoScalingGroups call[autoscaling.DescribeAutoScalingGroupsInput, autoscaling.DescribeAutoScalingGroupsOutput, autoscaling.Options]
	CreateOrUpdateTags        call[autoscaling.CreateOrUpdateTagsInput, autoscaling.CreateOrUpdateTagsOutput, autoscaling.Options]
	DeleteTags                call[autoscaling.DeleteTagsInput, autoscaling.DeleteTagsOutput, autoscaling.Options]
}

func newASGCalls(c *autoscaling.Client) asgCalls {
	return asgCalls{
		DescribeAutoScalingGroups: c.DescribeAutoScalingGroups,
		CreateOrUpdateTags:        c.CreateOrUpdateTags,
		DeleteTags:                c.DeleteTags,
	}
}
