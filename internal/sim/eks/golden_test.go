// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// tape writes down what goes over the wire.
type tape struct {
	next http.RoundTripper
	text strings.Builder
}

func (p *tape) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent []byte
	if r.Body != nil {
		read, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		sent = read
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	response, err := p.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	got, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(got))
	fmt.Fprintf(&p.text, "> %s %s\n%s", r.Method, r.URL.RequestURI(), canonical(r.Header.Get("Content-Type"), sent))
	fmt.Fprintf(&p.text, "< %d", response.StatusCode)
	if kind := response.Header.Get("x-amzn-ErrorType"); kind != "" {
		fmt.Fprintf(&p.text, " %s", kind)
	}
	fmt.Fprintf(&p.text, "\n%s\n", canonical(response.Header.Get("Content-Type"), got))
	return response, nil
}

// canonical makes a body readable and always the same.
func canonical(kind string, body []byte) string {
	switch {
	case len(body) == 0:
		return ""
	case kind == "application/json":
		var v any
		if json.Unmarshal(body, &v) == nil {
			if text, err := json.MarshalIndent(v, "", "  "); err == nil {
				return string(text) + "\n"
			}
		}
	case strings.HasPrefix(kind, "application/x-www-form-urlencoded"):
		if form, err := url.ParseQuery(string(body)); err == nil {
			var lines []string
			for key, values := range form {
				lines = append(lines, key+"="+strings.Join(values, " and ")+"\n")
			}
			slices.Sort(lines)
			return strings.Join(lines, "")
		}
	case strings.HasPrefix(kind, "text/xml"):
		return strings.ReplaceAll(string(body), "><", ">\n<") + "\n"
	}
	return string(body) + "\n"
}

// TestServer_golden keeps pairs of requests, as the SDK sends them, and answers.
func TestServer_golden(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*testing.T, *world){
		"eks":         goldenEKS,
		"ec2":         goldenEC2,
		"iam-sts":     goldenIAM,
		"autoscaling": goldenASG,
	}
	for name, run := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(o *Options) { o.WebIdentityTokens = []string{"web-token"} })
			p := &tape{next: w.Transport()}
			w.connect(t, credentials.NewStaticCredentialsProvider(DefaultAccessKey, DefaultSecret, ""),
				func(c *aws.Config) { c.HTTPClient = &http.Client{Transport: p} })
			run(t, w)
			golden(t, name+".golden", p.text.String())
		})
	}
}

// idPattern finds what is drawn at random, which may change with the order of
// drawing.
var idPattern = regexp.MustCompile(`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|i-0[0-9a-f]{16}|https://[0-9a-f]{32}`)

// mask numbers the random ids of a text in the order in which they appear.
func mask(text string) string {
	seen := map[string]string{}
	return idPattern.ReplaceAllStringFunc(text, func(id string) string {
		if seen[id] == "" {
			seen[id] = fmt.Sprintf("{id %d}", len(seen)+1)
		}
		return seen[id]
	})
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	got = mask(got)
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(data), "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		g, w := at(gotLines, i), at(wantLines, i)
		if g != w {
			t.Fatalf("%s, line %d:\ngot  %s\nwant %s", path, i+1, g, w)
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(nothing)"
}

// ok and fails say what is expected of the calls of a tape.
func ok[T any](t *testing.T) func(T, error) T {
	return func(out T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

func fails[T any](t *testing.T) func(T, error) {
	return func(_ T, err error) {
		t.Helper()
		if refusalOf(err) == (refusal{}) {
			t.Fatalf("got %v, want a refusal", err)
		}
	}
}

func goldenEKS(t *testing.T, w *world) {
	ctx, name, group := t.Context(), aws.String("demo"), aws.String("ng1")
	in := w.clusterInput("demo")
	in.ClientRequestToken = aws.String("token-1")
	made := ok[*eks.CreateClusterOutput](t)(w.eks.CreateCluster(ctx, in))
	fails[*eks.CreateNodegroupOutput](t)(w.eks.CreateNodegroup(ctx, groupInputWithToken(w.Server, "early")))
	w.pass()
	ok[*eks.DescribeClusterOutput](t)(w.eks.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: name}))
	ok[*eks.ListClustersOutput](t)(w.eks.ListClusters(ctx, &eks.ListClustersInput{MaxResults: aws.Int32(10)}))
	ok[*eks.CreateNodegroupOutput](t)(w.eks.CreateNodegroup(ctx, groupInputWithToken(w.Server, "ng1")))
	w.pass()
	ok[*eks.DescribeNodegroupOutput](t)(w.eks.DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{ClusterName: name, NodegroupName: group}))
	ok[*eks.ListNodegroupsOutput](t)(w.eks.ListNodegroups(ctx, &eks.ListNodegroupsInput{ClusterName: name}))
	scaled := ok[*eks.UpdateNodegroupConfigOutput](t)(w.eks.UpdateNodegroupConfig(ctx, &eks.UpdateNodegroupConfigInput{
		ClusterName: name, NodegroupName: group, ScalingConfig: sizes(0, 4, 0), ClientRequestToken: aws.String("token-2")}))
	w.pass()
	ok[*eks.DescribeUpdateOutput](t)(w.eks.DescribeUpdate(ctx, &eks.DescribeUpdateInput{Name: name, NodegroupName: group, UpdateId: scaled.Update.Id}))
	ok[*eks.UpdateClusterVersionOutput](t)(w.eks.UpdateClusterVersion(ctx, &eks.UpdateClusterVersionInput{Name: name, Version: aws.String("1.35"), ClientRequestToken: aws.String("token-3")}))
	w.pass()
	ok[*eks.UpdateNodegroupVersionOutput](t)(w.eks.UpdateNodegroupVersion(ctx, &eks.UpdateNodegroupVersionInput{ClusterName: name, NodegroupName: group, ClientRequestToken: aws.String("token-4")}))
	w.pass()
	ok[*eks.ListUpdatesOutput](t)(w.eks.ListUpdates(ctx, &eks.ListUpdatesInput{Name: name}))
	ok[*eks.TagResourceOutput](t)(w.eks.TagResource(ctx, &eks.TagResourceInput{ResourceArn: made.Cluster.Arn, Tags: map[string]string{"a": "b"}}))
	ok[*eks.ListTagsForResourceOutput](t)(w.eks.ListTagsForResource(ctx, &eks.ListTagsForResourceInput{ResourceArn: made.Cluster.Arn}))
	ok[*eks.UntagResourceOutput](t)(w.eks.UntagResource(ctx, &eks.UntagResourceInput{ResourceArn: made.Cluster.Arn, TagKeys: []string{"a", "c d"}}))
	ok[*eks.DescribeClusterVersionsOutput](t)(w.eks.DescribeClusterVersions(ctx, &eks.DescribeClusterVersionsInput{ClusterVersions: []string{"1.34", "1.33"}}))
	ok[*eks.ListAddonsOutput](t)(w.eks.ListAddons(ctx, &eks.ListAddonsInput{ClusterName: name}))
	ok[*eks.ListFargateProfilesOutput](t)(w.eks.ListFargateProfiles(ctx, &eks.ListFargateProfilesInput{ClusterName: name}))
	fails[*eks.DeleteClusterOutput](t)(w.eks.DeleteCluster(ctx, &eks.DeleteClusterInput{Name: name}))
	ok[*eks.DeleteNodegroupOutput](t)(w.eks.DeleteNodegroup(ctx, &eks.DeleteNodegroupInput{ClusterName: name, NodegroupName: group}))
	w.pass()
	ok[*eks.DeleteClusterOutput](t)(w.eks.DeleteCluster(ctx, &eks.DeleteClusterInput{Name: name}))
	w.pass()
	fails[*eks.DescribeClusterOutput](t)(w.eks.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: name}))
	fails[*eks.ListAccessEntriesOutput](t)(w.eks.ListAccessEntries(ctx, &eks.ListAccessEntriesInput{ClusterName: name}))
}

func groupInputWithToken(s *Server, name string) *eks.CreateNodegroupInput {
	in := groupInput(s, "demo", name)
	in.ClientRequestToken = aws.String("token-" + name)
	return in
}

func goldenEC2(t *testing.T, w *world) {
	ctx := t.Context()
	ok[*ec2.DescribeSubnetsOutput](t)(w.ec2.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: []string{w.resources.Subnets[0].ID}}))
	fails[*ec2.DescribeSubnetsOutput](t)(w.ec2.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: []string{"subnet-0dead"}}))
	ok[*ec2.DescribeSecurityGroupsOutput](t)(w.ec2.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: ec2Filter("group-name", "sg-01")}))
	ok[*ec2.DescribeVpcsOutput](t)(w.ec2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{Filters: ec2Filter("tag:Name", "vpc-01")}))
	ok[*ec2.DescribeInstanceTypesOutput](t)(w.ec2.DescribeInstanceTypes(ctx, &ec2.DescribeInstanceTypesInput{InstanceTypes: []ec2types.InstanceType{"g4dn.xlarge"}}))
	ok[*ec2.DescribeKeyPairsOutput](t)(w.ec2.DescribeKeyPairs(ctx, &ec2.DescribeKeyPairsInput{KeyNames: []string{"keypair-01"}}))
	ok[*ec2.CreateLaunchTemplateOutput](t)(w.ec2.CreateLaunchTemplate(ctx, templateInput("pmks-c1-ng1")))
	ok[*ec2.DescribeLaunchTemplatesOutput](t)(w.ec2.DescribeLaunchTemplates(ctx, &ec2.DescribeLaunchTemplatesInput{LaunchTemplateNames: []string{"pmks-c1-ng1"}}))
	ok[*ec2.DeleteLaunchTemplateOutput](t)(w.ec2.DeleteLaunchTemplate(ctx, &ec2.DeleteLaunchTemplateInput{LaunchTemplateName: aws.String("pmks-c1-ng1")}))
}

func goldenIAM(t *testing.T, w *world) {
	ctx := t.Context()
	ok[*iam.GetRoleOutput](t)(w.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(DefaultClusterRole)}))
	fails[*iam.GetRoleOutput](t)(w.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("none")}))
	ok[*sts.GetCallerIdentityOutput](t)(w.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}))
	role := aws.String("arn:aws:iam::" + DefaultAccountID + ":role/" + OperatorRole)
	ok[*sts.AssumeRoleOutput](t)(w.sts.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: role, RoleSessionName: aws.String("ci")}))
	ok[*sts.AssumeRoleWithWebIdentityOutput](t)(w.sts.AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: role, RoleSessionName: aws.String("pod"), WebIdentityToken: aws.String("web-token")}))
}

func goldenASG(t *testing.T, w *world) {
	ctx := t.Context()
	w.createCluster(t, "demo")
	if _, err := w.eks.CreateNodegroup(ctx, groupInputWithToken(w.Server, "ng1")); err != nil {
		t.Fatal(err)
	}
	w.pass()
	group := aws.String(w.groupASG(t, "demo", "ng1"))
	w.cfg.HTTPClient.(*http.Client).Transport.(*tape).text.Reset()
	ok[*autoscaling.DescribeAutoScalingGroupsOutput](t)(w.asg.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{*group}}))
	ok[*autoscaling.DescribeAutoScalingGroupsOutput](t)(w.asg.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{
		Filters: []astypes.Filter{{Name: aws.String("tag-key"), Values: []string{"none"}}}, MaxRecords: aws.Int32(100)}))
	tag := astypes.Tag{ResourceId: group, ResourceType: aws.String("auto-scaling-group"), Key: aws.String("k8s.io/cluster-autoscaler/enabled"), Value: aws.String("true"), PropagateAtLaunch: aws.Bool(true)}
	ok[*autoscaling.DeleteTagsOutput](t)(w.asg.DeleteTags(ctx, &autoscaling.DeleteTagsInput{Tags: []astypes.Tag{tag}}))
	ok[*autoscaling.CreateOrUpdateTagsOutput](t)(w.asg.CreateOrUpdateTags(ctx, &autoscaling.CreateOrUpdateTagsInput{Tags: []astypes.Tag{tag}}))
	tag.ResourceId = aws.String("none")
	fails[*autoscaling.DeleteTagsOutput](t)(w.asg.DeleteTags(ctx, &autoscaling.DeleteTagsInput{Tags: []astypes.Tag{tag}}))
}
