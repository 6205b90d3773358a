// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_golden keeps pairs of requests, as the SDK sends them, and answers.
func TestServer_golden(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*testing.T, *world){
		"eks":         goldenEKS,
		"beyond":      goldenBeyond,
		"ec2":         goldenEC2,
		"iam-sts":     goldenIAM,
		"autoscaling": goldenASG,
	}
	for name, run := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(o *Options) { o.WebIdentityTokens = []string{"web-token"} })
			p := w.tape(t)
			w.connect(t, credentials.NewStaticCredentialsProvider(DefaultAccessKey, DefaultSecret, ""),
				func(c *aws.Config) { c.HTTPClient = &http.Client{Transport: p} })
			run(t, w)
			wiretest.Golden(t, name+".golden", wiretest.Mask(p.Text(), idPattern))
		})
	}
}

// idPattern finds what is drawn at random, which may change with the order of
// drawing.
var idPattern = regexp.MustCompile(`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|i-0[0-9a-f]{16}|https://[0-9a-f]{32}`)

// tape writes down what goes over the wire, and holds the answers against the
// vendor's model.
func (w *world) tape(t *testing.T) *wiretest.Tape {
	t.Helper()
	table := wiretest.ReadTable(t, "wire.json")
	return &wiretest.Tape{
		Next: w.Transport(),
		Got: func(r *http.Response) string {
			return strings.TrimRight(" "+r.Header.Get("x-amzn-ErrorType"), " ") + "\n"
		},
		Watch: func(r *http.Request, sent []byte, response *http.Response, got []byte) {
			to, faults := routeOf(r, r.URL.Query(), sent), []string(nil)
			switch op := to.service + "." + to.op; {
			case response.StatusCode != http.StatusOK:
			case to.service == "eks":
				faults = table.Answer(to.op, got)
			case table.Operations[op].Output != "":
				faults = table.AnswerXML(op, got)
			}
			for _, fault := range faults {
				t.Error(fault)
			}
		},
	}
}

// fails wants a call to be refused.
func fails(t *testing.T, err error) {
	t.Helper()
	if refusalOf(err) == (refusal{}) {
		t.Fatalf("got %v, want a refusal", err)
	}
}

func goldenEKS(t *testing.T, w *world) {
	ctx, name, group := t.Context(), aws.String("demo"), aws.String("ng1")
	in := w.clusterInput("demo")
	in.ClientRequestToken = aws.String("token-1")
	made := wiretest.OK(w.eks.CreateCluster(ctx, in))(t)
	fails(t, wiretest.Err(w.eks.CreateNodegroup(ctx, groupInputWithToken(w.Server, "early"))))
	w.pass()
	wiretest.OK(w.eks.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: name}))(t)
	wiretest.OK(w.eks.ListClusters(ctx, &eks.ListClustersInput{MaxResults: aws.Int32(10)}))(t)
	wiretest.OK(w.eks.CreateNodegroup(ctx, groupInputWithToken(w.Server, "ng1")))(t)
	w.pass()
	wiretest.OK(w.eks.DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{ClusterName: name, NodegroupName: group}))(t)
	wiretest.OK(w.eks.ListNodegroups(ctx, &eks.ListNodegroupsInput{ClusterName: name}))(t)
	scaled := wiretest.OK(w.eks.UpdateNodegroupConfig(ctx, &eks.UpdateNodegroupConfigInput{
		ClusterName: name, NodegroupName: group, ScalingConfig: sizes(0, 4, 0), ClientRequestToken: aws.String("token-2")}))(t)
	w.pass()
	wiretest.OK(w.eks.DescribeUpdate(ctx, &eks.DescribeUpdateInput{Name: name, NodegroupName: group, UpdateId: scaled.Update.Id}))(t)
	wiretest.OK(w.eks.UpdateClusterVersion(ctx, &eks.UpdateClusterVersionInput{Name: name, Version: aws.String("1.35"), ClientRequestToken: aws.String("token-3")}))(t)
	w.pass()
	wiretest.OK(w.eks.UpdateNodegroupVersion(ctx, &eks.UpdateNodegroupVersionInput{ClusterName: name, NodegroupName: group, ClientRequestToken: aws.String("token-4")}))(t)
	w.pass()
	wiretest.OK(w.eks.ListUpdates(ctx, &eks.ListUpdatesInput{Name: name}))(t)
	wiretest.OK(w.eks.TagResource(ctx, &eks.TagResourceInput{ResourceArn: made.Cluster.Arn, Tags: map[string]string{"a": "b"}}))(t)
	wiretest.OK(w.eks.ListTagsForResource(ctx, &eks.ListTagsForResourceInput{ResourceArn: made.Cluster.Arn}))(t)
	wiretest.OK(w.eks.UntagResource(ctx, &eks.UntagResourceInput{ResourceArn: made.Cluster.Arn, TagKeys: []string{"a", "c d"}}))(t)
	wiretest.OK(w.eks.DescribeClusterVersions(ctx, &eks.DescribeClusterVersionsInput{ClusterVersions: []string{"1.34", "1.33"}}))(t)
	wiretest.OK(w.eks.ListAddons(ctx, &eks.ListAddonsInput{ClusterName: name}))(t)
	wiretest.OK(w.eks.ListFargateProfiles(ctx, &eks.ListFargateProfilesInput{ClusterName: name}))(t)
	fails(t, wiretest.Err(w.eks.DeleteCluster(ctx, &eks.DeleteClusterInput{Name: name})))
	wiretest.OK(w.eks.DeleteNodegroup(ctx, &eks.DeleteNodegroupInput{ClusterName: name, NodegroupName: group}))(t)
	w.pass()
	wiretest.OK(w.eks.DeleteCluster(ctx, &eks.DeleteClusterInput{Name: name}))(t)
	w.pass()
	fails(t, wiretest.Err(w.eks.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: name})))
	fails(t, wiretest.Err(w.eks.ListAccessEntries(ctx, &eks.ListAccessEntriesInput{ClusterName: name})))
}

// goldenBeyond changes labels and taints, and looks for what is in the way of an upgrade.
func goldenBeyond(t *testing.T, w *world) {
	ctx, name, group := t.Context(), aws.String("demo"), aws.String("ng1")
	w.createCluster(t, "demo")
	wiretest.OK(w.eks.CreateNodegroup(ctx, groupInputWithToken(w.Server, "ng1")))(t)
	w.pass()
	w.cfg.HTTPClient.(*http.Client).Transport.(*wiretest.Tape).Rewind()
	taint := types.Taint{Key: aws.String("dedicated"), Value: aws.String("web"), Effect: types.TaintEffectNoSchedule}
	change := &eks.UpdateNodegroupConfigInput{ClusterName: name, NodegroupName: group, ClientRequestToken: aws.String("token-beyond-1"),
		Labels: &types.UpdateLabelsPayload{AddOrUpdateLabels: map[string]string{"tier": "web"}}}
	wiretest.OK(w.eks.UpdateNodegroupConfig(ctx, change))(t)
	w.pass()
	change = &eks.UpdateNodegroupConfigInput{ClusterName: name, NodegroupName: group, ClientRequestToken: aws.String("token-beyond-2"),
		Taints: &types.UpdateTaintsPayload{AddOrUpdateTaints: []types.Taint{taint}}}
	wiretest.OK(w.eks.UpdateNodegroupConfig(ctx, change))(t)
	w.pass()
	wiretest.OK(w.eks.DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{ClusterName: name, NodegroupName: group}))(t)
	found := wiretest.OK(w.eks.ListInsights(ctx, &eks.ListInsightsInput{ClusterName: name, MaxResults: aws.Int32(1),
		Filter: &types.InsightsFilter{Categories: []types.Category{types.CategoryUpgradeReadiness}}}))(t)
	wiretest.OK(w.eks.DescribeInsight(ctx, &eks.DescribeInsightInput{ClusterName: name, Id: found.Insights[0].Id}))(t)
	wiretest.OK(w.eks.DescribeAddonVersions(ctx, &eks.DescribeAddonVersionsInput{AddonName: aws.String("coredns"), KubernetesVersion: aws.String("1.34")}))(t)
	wiretest.OK(w.eks.UpdateClusterConfig(ctx, &eks.UpdateClusterConfigInput{Name: name, ClientRequestToken: aws.String("token-beyond-3"),
		ResourcesVpcConfig: &types.VpcConfigRequest{EndpointPublicAccess: aws.Bool(true), EndpointPrivateAccess: aws.Bool(true), PublicAccessCidrs: []string{"203.0.113.0/24"}}}))(t)
	w.pass()
}

func groupInputWithToken(s *Server, name string) *eks.CreateNodegroupInput {
	in := groupInput(s, "demo", name)
	in.ClientRequestToken = aws.String("token-" + name)
	return in
}

func goldenEC2(t *testing.T, w *world) {
	ctx := t.Context()
	wiretest.OK(w.ec2.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: []string{w.resources.Subnets[0].ID}}))(t)
	fails(t, wiretest.Err(w.ec2.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: []string{"subnet-0dead"}})))
	wiretest.OK(w.ec2.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: ec2Filter("group-name", "sg-01")}))(t)
	wiretest.OK(w.ec2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{Filters: ec2Filter("tag:Name", "vpc-01")}))(t)
	wiretest.OK(w.ec2.DescribeInstanceTypes(ctx, &ec2.DescribeInstanceTypesInput{InstanceTypes: []ec2types.InstanceType{"g4dn.xlarge"}}))(t)
	wiretest.OK(w.ec2.DescribeKeyPairs(ctx, &ec2.DescribeKeyPairsInput{KeyNames: []string{"keypair-01"}}))(t)
	wiretest.OK(w.ec2.CreateLaunchTemplate(ctx, templateInput("pmks-c1-ng1")))(t)
	wiretest.OK(w.ec2.DescribeLaunchTemplates(ctx, &ec2.DescribeLaunchTemplatesInput{LaunchTemplateNames: []string{"pmks-c1-ng1"}}))(t)
	wiretest.OK(w.ec2.DeleteLaunchTemplate(ctx, &ec2.DeleteLaunchTemplateInput{LaunchTemplateName: aws.String("pmks-c1-ng1")}))(t)
}

func goldenIAM(t *testing.T, w *world) {
	ctx := t.Context()
	wiretest.OK(w.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(DefaultClusterRole)}))(t)
	fails(t, wiretest.Err(w.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("none")})))
	wiretest.OK(w.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}))(t)
	role := aws.String("arn:aws:iam::" + DefaultAccountID + ":role/" + OperatorRole)
	wiretest.OK(w.sts.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: role, RoleSessionName: aws.String("ci")}))(t)
	wiretest.OK(w.sts.AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: role, RoleSessionName: aws.String("pod"), WebIdentityToken: aws.String("web-token")}))(t)
}

func goldenASG(t *testing.T, w *world) {
	ctx := t.Context()
	w.createCluster(t, "demo")
	wiretest.OK(w.eks.CreateNodegroup(ctx, groupInputWithToken(w.Server, "ng1")))(t)
	w.pass()
	group := aws.String(w.groupASG(t, "demo", "ng1"))
	w.cfg.HTTPClient.(*http.Client).Transport.(*wiretest.Tape).Rewind()
	wiretest.OK(w.asg.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{*group}}))(t)
	wiretest.OK(w.asg.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{
		Filters: []astypes.Filter{{Name: aws.String("tag-key"), Values: []string{"none"}}}, MaxRecords: aws.Int32(100)}))(t)
	tag := astypes.Tag{ResourceId: group, ResourceType: aws.String("auto-scaling-group"), Key: aws.String("k8s.io/cluster-autoscaler/enabled"), Value: aws.String("true"), PropagateAtLaunch: aws.Bool(true)}
	wiretest.OK(w.asg.DeleteTags(ctx, &autoscaling.DeleteTagsInput{Tags: []astypes.Tag{tag}}))(t)
	wiretest.OK(w.asg.CreateOrUpdateTags(ctx, &autoscaling.CreateOrUpdateTagsInput{Tags: []astypes.Tag{tag}}))(t)
	tag.ResourceId = aws.String("none")
	fails(t, wiretest.Err(w.asg.DeleteTags(ctx, &autoscaling.DeleteTagsInput{Tags: []astypes.Tag{tag}})))
}
