// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

func ec2Filter(name string, values ...string) []ec2types.Filter {
	return []ec2types.Filter{{Name: &name, Values: values}}
}

func TestServer_DescribeSubnets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := []string{w.resources.Subnets[0].ID, w.resources.Subnets[1].ID, w.resources.Subnets[2].ID}
	tests := []struct {
		name string
		in   ec2.DescribeSubnetsInput
		ids  []string
		want refusal
	}{
		{"all", ec2.DescribeSubnetsInput{}, ids, refusal{}},
		{"by-id", ec2.DescribeSubnetsInput{SubnetIds: ids[:2]}, ids[:2], refusal{}},
		{"one-unknown", ec2.DescribeSubnetsInput{SubnetIds: []string{ids[0], "subnet-0dead"}}, nil, refusal{"InvalidSubnetID.NotFound", 400}},
		{"malformed", ec2.DescribeSubnetsInput{SubnetIds: []string{"x"}}, nil, refusal{"InvalidSubnetID.Malformed", 400}},
		{"filter-id", ec2.DescribeSubnetsInput{Filters: ec2Filter("subnet-id", ids[1], "subnet-0dead")}, ids[1:2], refusal{}},
		{"filter-name", ec2.DescribeSubnetsInput{Filters: ec2Filter("tag:Name", "subnet-02")}, ids[1:2], refusal{}},
		{"filter-vpc", ec2.DescribeSubnetsInput{Filters: ec2Filter("vpc-id", "vpc-0")}, nil, refusal{}},
		{"filter-unknown", ec2.DescribeSubnetsInput{Filters: ec2Filter("colour", "red")}, nil, refusal{"InvalidParameterValue", 400}},
		{"parameter-left-out", ec2.DescribeSubnetsInput{DryRun: aws.Bool(true)}, nil, refusal{CodeNotSimulated, 501}},
		{"filter-wildcard", ec2.DescribeSubnetsInput{Filters: ec2Filter("tag:Name", "subnet-?2")}, ids[1:2], refusal{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			out, err := w.ec2.DescribeSubnets(t.Context(), &test.in)
			check(t, err, test.want, "")
			var got []string
			if err == nil {
				for _, s := range out.Subnets {
					got = append(got, aws.ToString(s.SubnetId))
				}
			}
			if !slices.Equal(got, test.ids) {
				t.Errorf("got %v, want %v", got, test.ids)
			}
		})
	}
	out := wiretest.OK(w.ec2.DescribeSubnets(t.Context(), &ec2.DescribeSubnetsInput{SubnetIds: ids[:1]}))(t)
	s := out.Subnets[0]
	if aws.ToString(s.AvailabilityZone) != "us-east-2a" || aws.ToString(s.AvailabilityZoneId) != "use2-az1" ||
		aws.ToInt32(s.AvailableIpAddressCount) != 250 || aws.ToString(s.VpcId) != w.resources.VPCs[0].ID || !aws.ToBool(s.MapPublicIpOnLaunch) {
		t.Errorf("a subnet is not as expected:\n%s", wiretest.JSON(t, s))
	}
}

func TestServer_EC2_others(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.createCluster(t, "a")
	ctx := t.Context()
	groups, err := w.ec2.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: ec2Filter("group-name", "sg-02", "eks-cluster-sg-a")})
	if err != nil || len(groups.SecurityGroups) != 2 {
		t.Errorf("DescribeSecurityGroups: %v\n%s", err, wiretest.JSON(t, groups))
	}
	_, err = w.ec2.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{"sg-0dead"}})
	check(t, err, refusal{"InvalidGroup.NotFound", 400}, "")
	vpcs, err := w.ec2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{w.resources.VPCs[0].ID}})
	if err != nil || len(vpcs.Vpcs) != 1 {
		t.Errorf("DescribeVpcs: %v", err)
	}
	_, err = w.ec2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{"vpc-0dead"}})
	check(t, err, refusal{"InvalidVpcID.NotFound", 400}, "")
	kinds, err := w.ec2.DescribeInstanceTypes(ctx, &ec2.DescribeInstanceTypesInput{InstanceTypes: []ec2types.InstanceType{"g4dn.xlarge", "m6g.large", "inf2.xlarge"}})
	if err != nil || len(kinds.InstanceTypes) != 3 {
		t.Fatalf("DescribeInstanceTypes: %v", err)
	}
	for _, k := range kinds.InstanceTypes {
		gpu, neuron, arm := k.GpuInfo != nil, k.NeuronInfo != nil, slices.Contains(k.ProcessorInfo.SupportedArchitectures, ec2types.ArchitectureTypeArm64)
		if gpu != (k.InstanceType == "g4dn.xlarge") || arm != (k.InstanceType == "m6g.large") || neuron != (k.InstanceType == "inf2.xlarge") {
			t.Errorf("an instance type is not as expected:\n%s", wiretest.JSON(t, k))
		}
	}
	_, err = w.ec2.DescribeInstanceTypes(ctx, &ec2.DescribeInstanceTypesInput{InstanceTypes: []ec2types.InstanceType{"x9.huge"}})
	check(t, err, refusal{"InvalidInstanceType", 400}, "")
	keys, err := w.ec2.DescribeKeyPairs(ctx, &ec2.DescribeKeyPairsInput{KeyNames: []string{"keypair-01"}})
	if err != nil || len(keys.KeyPairs) != 1 || keys.KeyPairs[0].KeyPairId == nil {
		t.Errorf("DescribeKeyPairs: %v\n%s", err, wiretest.JSON(t, keys))
	}
	_, err = w.ec2.DescribeKeyPairs(ctx, &ec2.DescribeKeyPairsInput{KeyPairIds: []string{"key-0dead"}})
	check(t, err, refusal{"InvalidKeyPair.NotFound", 400}, "")
	_, err = w.ec2.DescribeImages(ctx, &ec2.DescribeImagesInput{})
	check(t, err, refusal{CodeNotSimulated, 501}, "not simulated")

	var all []string
	pages := ec2.NewDescribeInstanceTypesPaginator(w.ec2, &ec2.DescribeInstanceTypesInput{MaxResults: aws.Int32(6)})
	for pages.HasMorePages() {
		page := wiretest.OK(pages.NextPage(ctx))(t)
		for _, k := range page.InstanceTypes {
			all = append(all, string(k.InstanceType))
		}
	}
	if len(all) != len(instanceTypeTable) || !slices.IsSorted(all) {
		t.Errorf("the pages hold %v", all)
	}
}

func templateInput(name string) *ec2.CreateLaunchTemplateInput {
	return &ec2.CreateLaunchTemplateInput{
		LaunchTemplateName: &name,
		ClientToken:        aws.String("token-" + name),
		LaunchTemplateData: &ec2types.RequestLaunchTemplateData{
			BlockDeviceMappings: []ec2types.LaunchTemplateBlockDeviceMappingRequest{{
				DeviceName: aws.String("/dev/xvda"),
				Ebs:        &ec2types.LaunchTemplateEbsBlockDeviceRequest{VolumeType: "gp3", VolumeSize: aws.Int32(50), DeleteOnTermination: aws.Bool(true)},
			}},
			KeyName: aws.String("keypair-01"),
			MetadataOptions: &ec2types.LaunchTemplateInstanceMetadataOptionsRequest{
				HttpTokens: ec2types.LaunchTemplateHttpTokensStateRequired, HttpPutResponseHopLimit: aws.Int32(2),
			},
		},
		TagSpecifications: []ec2types.TagSpecification{{
			ResourceType: ec2types.ResourceTypeLaunchTemplate,
			Tags:         []ec2types.Tag{{Key: aws.String("cb-spider:pmks:cluster"), Value: aws.String("c1")}},
		}},
	}
}

func TestServer_launchTemplates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	made := wiretest.OK(w.ec2.CreateLaunchTemplate(ctx, templateInput("pmks-c1-ng1")))(t)
	again, err := w.ec2.CreateLaunchTemplate(ctx, templateInput("pmks-c1-ng1"))
	if err != nil || aws.ToString(again.LaunchTemplate.LaunchTemplateId) != aws.ToString(made.LaunchTemplate.LaunchTemplateId) {
		t.Errorf("the same token: got %v, %v", again, err)
	}
	other := templateInput("pmks-c1-ng1")
	other.LaunchTemplateData.KeyName = nil
	_, err = w.ec2.CreateLaunchTemplate(ctx, other)
	check(t, err, refusal{"IdempotentParameterMismatch", 400}, "")
	other.ClientToken = aws.String("another")
	_, err = w.ec2.CreateLaunchTemplate(ctx, other)
	check(t, err, refusal{"InvalidLaunchTemplateName.AlreadyExistsException", 400}, "")
	other.LaunchTemplateName = aws.String("other")
	other.LaunchTemplateData.BlockDeviceMappings[0].Ebs.VolumeType = "gp9"
	_, err = w.ec2.CreateLaunchTemplate(ctx, other)
	check(t, err, refusal{"InvalidParameterValue", 400}, "gp9")
	other.LaunchTemplateData.IamInstanceProfile = &ec2types.LaunchTemplateIamInstanceProfileSpecificationRequest{Name: aws.String("x")}
	_, err = w.ec2.CreateLaunchTemplate(ctx, other)
	check(t, err, refusal{CodeNotSimulated, 501}, "IamInstanceProfile")

	found, err := w.ec2.DescribeLaunchTemplates(ctx, &ec2.DescribeLaunchTemplatesInput{Filters: ec2Filter("tag:cb-spider:pmks:cluster", "c1")})
	if err != nil || len(found.LaunchTemplates) != 1 || len(found.LaunchTemplates[0].Tags) != 1 || aws.ToInt64(found.LaunchTemplates[0].LatestVersionNumber) != 1 {
		t.Errorf("DescribeLaunchTemplates: %v\n%s", err, wiretest.JSON(t, found))
	}
	_, err = w.ec2.DescribeLaunchTemplates(ctx, &ec2.DescribeLaunchTemplatesInput{LaunchTemplateNames: []string{"none"}})
	check(t, err, refusal{"InvalidLaunchTemplateName.NotFoundException", 400}, "")

	w.createCluster(t, "c1")
	in := groupInput(w.Server, "c1", "ng1")
	in.LaunchTemplate = &types.LaunchTemplateSpecification{Id: made.LaunchTemplate.LaunchTemplateId}
	group, err := w.eks.CreateNodegroup(ctx, in)
	if err != nil || group.Nodegroup.DiskSize != nil || group.Nodegroup.RemoteAccess != nil || aws.ToString(group.Nodegroup.LaunchTemplate.Name) != "pmks-c1-ng1" {
		t.Fatalf("CreateNodegroup: %v\n%s", err, wiretest.JSON(t, group))
	}
	w.pass()
	wiretest.OK(w.ec2.DeleteLaunchTemplate(ctx, &ec2.DeleteLaunchTemplateInput{LaunchTemplateName: aws.String("pmks-c1-ng1")}))(t)
	read, err := w.eks.DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{ClusterName: aws.String("c1"), NodegroupName: aws.String("ng1")})
	if err != nil || read.Nodegroup.Status != types.NodegroupStatusDegraded || read.Nodegroup.Health.Issues[0].Code != types.NodegroupIssueCodeEc2LaunchTemplateNotFound {
		t.Errorf("a node group without its template: %v\n%s", err, wiretest.JSON(t, read))
	}
	_, err = w.ec2.DeleteLaunchTemplate(ctx, &ec2.DeleteLaunchTemplateInput{LaunchTemplateId: made.LaunchTemplate.LaunchTemplateId})
	check(t, err, refusal{"InvalidLaunchTemplateId.NotFound", 400}, "")
}

const trustPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["eks.amazonaws.com"]},"Action":"sts:AssumeRole"}]}`

func TestServer_roles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.RolePropagation = 2 })
	ctx := t.Context()
	name := aws.String("mine")
	trust := aws.String(trustPolicy)
	_, err := w.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
	check(t, err, refusal{"NoSuchEntity", 404}, "cannot be found")
	var missing *iamtypes.NoSuchEntityException
	if !errors.As(err, &missing) {
		t.Errorf("got %T", err)
	}
	_, err = w.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: aws.String("{")})
	check(t, err, refusal{"MalformedPolicyDocument", 400}, "")
	made := wiretest.OK(w.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: trust, Path: aws.String("/team/")}))(t)
	_, err = w.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: trust})
	check(t, err, refusal{"EntityAlreadyExists", 409}, "")
	_, err = w.iam.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: aws.String("arn:aws:iam::aws:policy/Nope")})
	check(t, err, refusal{"NoSuchEntity", 404}, "")
	wiretest.OK(w.iam.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: aws.String("arn:aws:iam::aws:policy/AmazonEKSClusterPolicy")}))(t)
	got, err := w.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
	if err != nil || aws.ToString(got.Role.Arn) != "arn:aws:iam::"+DefaultAccountID+":role/team/mine" || aws.ToString(got.Role.Arn) != aws.ToString(made.Role.Arn) {
		t.Fatalf("GetRole: %v\n%s", err, wiretest.JSON(t, got))
	}
	in := w.clusterInput("c1")
	in.RoleArn = got.Role.Arn
	for range 2 {
		_, err = w.eks.CreateCluster(ctx, in)
		check(t, err, badParameter, "could not be assumed because it does not exist or the trusted entity is not correct")
	}
	if _, err = w.eks.CreateCluster(ctx, in); err != nil {
		t.Errorf("after the role has spread: %v", err)
	}
	_, err = w.iam.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: name})
	check(t, err, refusal{CodeNotSimulated, 501}, "not simulated")
}

func TestServer_autoscalingTags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	w.createCluster(t, "c1")
	w.createGroup(t, "c1", "ng1")
	group := aws.String(w.groupASG(t, "c1", "ng1"))
	kind, key := aws.String("auto-scaling-group"), aws.String("k8s.io/cluster-autoscaler/enabled")
	find := func(filter string, values ...string) int {
		t.Helper()
		out := wiretest.OK(w.asg.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{Filters: []astypes.Filter{{Name: &filter, Values: values}}}))(t)
		return len(out.AutoScalingGroups)
	}
	if got := find("tag-key", *key); got != 1 {
		t.Errorf("with the tag: got %d groups", got)
	}
	for range 2 { // deleting a tag that is not there succeeds
		wiretest.OK(w.asg.DeleteTags(ctx, &autoscaling.DeleteTagsInput{Tags: []astypes.Tag{{ResourceId: group, ResourceType: kind, Key: key}}}))(t)
	}
	if got := find("tag-key", *key); got != 0 {
		t.Errorf("without the tag: got %d groups", got)
	}
	set := &autoscaling.CreateOrUpdateTagsInput{Tags: []astypes.Tag{{ResourceId: group, ResourceType: kind, Key: key, Value: aws.String("true"), PropagateAtLaunch: aws.Bool(true)}}}
	wiretest.OK(w.asg.CreateOrUpdateTags(ctx, set))(t)
	if got := find("tag:k8s.io/cluster-autoscaler/enabled", "true"); got != 1 {
		t.Errorf("with the tag again: got %d groups", got)
	}
	if got := find("tag-value", "nothing"); got != 0 {
		t.Errorf("by a value that nobody has: got %d groups", got)
	}
	set.Tags[0].ResourceId = aws.String("eks-none")
	_, err := w.asg.CreateOrUpdateTags(ctx, set)
	check(t, err, refusal{"ValidationError", 400}, "not found")
	out, err := w.asg.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{"eks-none"}})
	if err != nil || len(out.AutoScalingGroups) != 0 {
		t.Errorf("an unknown name: %v %v", out, err)
	}
	_, err = w.asg.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: strings.Split(strings.Repeat("a,", 50)+"b", ",")})
	check(t, err, refusal{"ValidationError", 400}, "")
	_, err = w.asg.UpdateAutoScalingGroup(ctx, &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: group})
	check(t, err, refusal{CodeNotSimulated, 501}, "not simulated")
}

// TestServer_pages lists over several pages while what is listed changes.
func TestServer_pages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	var want []string
	for i := range 25 {
		name := fmt.Sprintf("c%02d", i)
		seed := core.Seed{Name: name}
		for j := range 3 {
			seed.Groups = append(seed.Groups, groupInfo(fmt.Sprintf("g%d", j)))
		}
		wiretest.Must(t, w.Put(seed))
		if i != 12 {
			want = append(want, name)
		}
	}
	var got []string
	pages := eks.NewListClustersPaginator(w.eks, &eks.ListClustersInput{MaxResults: aws.Int32(10)})
	for pages.HasMorePages() {
		page := wiretest.OK(pages.NextPage(ctx))(t)
		if len(got) == 0 {
			w.force("c12", "", profile.Gone)
			w.force("c01", "", profile.Gone)
		}
		got = append(got, page.Clusters...)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	instances, calls := 0, w.Count("DescribeAutoScalingGroups")
	asgs := autoscaling.NewDescribeAutoScalingGroupsPaginator(w.asg, &autoscaling.DescribeAutoScalingGroupsInput{
		Filters: []astypes.Filter{{Name: aws.String("tag-key"), Values: []string{"eks:cluster-name"}}}, MaxRecords: aws.Int32(30),
	})
	for asgs.HasMorePages() {
		page := wiretest.OK(asgs.NextPage(ctx))(t)
		for _, g := range page.AutoScalingGroups {
			instances += len(g.Instances)
		}
	}
	if calls = w.Count("DescribeAutoScalingGroups") - calls; instances != 23*3*2 || calls != 3 {
		t.Errorf("got %d instances in %d calls, want %d in 3", instances, calls, 23*3*2)
	}
	wiretest.Pages{
		Want: []string{"g0", "g1", "g2"}, Limit: 2,
		Refused: func(err error) bool { return refusalOf(err) == badParameter },
		Get: func(token string) ([]string, string, error) {
			page, err := w.eks.ListNodegroups(ctx, &eks.ListNodegroupsInput{ClusterName: aws.String("c05"), MaxResults: aws.Int32(2), NextToken: optional(token)})
			if err != nil {
				return nil, "", err
			}
			return page.Nodegroups, aws.ToString(page.NextToken), nil
		},
	}.Run(t)
}
