// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"cmp"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/smithy-go"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

func TestServer_DescribeClusterVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := offered(t)
	tests := []struct {
		name string
		in   eks.DescribeClusterVersionsInput
		want []string
	}{
		{"offered", eks.DescribeClusterVersionsInput{}, all},
		{"default", eks.DescribeClusterVersionsInput{DefaultOnly: aws.Bool(true)}, []string{"1.34"}},
		{"everything", eks.DescribeClusterVersionsInput{IncludeAll: aws.Bool(true)}, append(slices.Clone(all), "1.31")},
		{"named", eks.DescribeClusterVersionsInput{ClusterVersions: []string{"1.33", "1.31", "1.2"}}, []string{"1.33", "1.31"}},
		{"extended", eks.DescribeClusterVersionsInput{VersionStatus: types.VersionStatusExtendedSupport}, []string{"1.33", "1.32"}},
		{"another-type", eks.DescribeClusterVersionsInput{ClusterType: aws.String("eks-local-outposts")}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.in.MaxResults = aws.Int32(2)
			var got []string
			pages := eks.NewDescribeClusterVersionsPaginator(w.eks, &test.in)
			for pages.HasMorePages() {
				page := wiretest.OK(pages.NextPage(t.Context()))(t)
				for _, v := range page.ClusterVersions {
					got = append(got, aws.ToString(v.ClusterVersion))
					if v.DefaultVersion != (aws.ToString(v.ClusterVersion) == "1.34") || v.VersionStatus == "" || v.EndOfStandardSupportDate == nil {
						t.Errorf("a version is not as expected:\n%s", wiretest.JSON(t, v))
					}
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestServer_tags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	w.createCluster(t, "a")
	w.createGroup(t, "a", "g")
	c := wiretest.OK(w.eks.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: aws.String("a")}))(t)
	g := wiretest.OK(w.eks.DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{ClusterName: aws.String("a"), NodegroupName: aws.String("g")}))(t)
	for arn, before := range map[string]map[string]string{*c.Cluster.Arn: c.Cluster.Tags, *g.Nodegroup.NodegroupArn: g.Nodegroup.Tags} {
		wiretest.OK(w.eks.TagResource(ctx, &eks.TagResourceInput{ResourceArn: &arn, Tags: map[string]string{"new": "1", "other": "2"}}))(t)
		wiretest.OK(w.eks.UntagResource(ctx, &eks.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{"other", "absent"}}))(t)
		out, err := w.eks.ListTagsForResource(ctx, &eks.ListTagsForResourceInput{ResourceArn: &arn})
		want := maps.Clone(before)
		want["new"] = "1"
		if err != nil || !maps.Equal(out.Tags, want) {
			t.Errorf("%s: got %v, %v, want %v", arn, out, err, want)
		}
		_, err = w.eks.TagResource(ctx, &eks.TagResourceInput{ResourceArn: &arn, Tags: map[string]string{"aws:x": ""}})
		check(t, err, refusal{"BadRequestException", 400}, "reserved")
	}
}

func TestServer_emptyLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.createCluster(t, "a")
	addons, err := w.eks.ListAddons(t.Context(), &eks.ListAddonsInput{ClusterName: aws.String("a")})
	if err != nil || len(addons.Addons) != 0 {
		t.Errorf("ListAddons: %v %v", addons, err)
	}
	profiles, err := w.eks.ListFargateProfiles(t.Context(), &eks.ListFargateProfilesInput{ClusterName: aws.String("a")})
	if err != nil || len(profiles.FargateProfileNames) != 0 {
		t.Errorf("ListFargateProfiles: %v %v", profiles, err)
	}
	updates, err := w.eks.ListUpdates(t.Context(), &eks.ListUpdatesInput{Name: aws.String("a")})
	if err != nil || len(updates.UpdateIds) != 0 {
		t.Errorf("ListUpdates: %v %v", updates, err)
	}
}

// TestServer_certificate: the authority of a cluster is PEM in base64, each its
// own, and the same for the same seed.
func TestServer_certificate(t *testing.T) {
	t.Parallel()
	read := func(seed uint64, name string) string {
		w := newWorld(t, func(o *Options) { o.Seed = seed })
		w.createCluster(t, "a")
		w.createCluster(t, "b")
		out := wiretest.OK(w.eks.DescribeCluster(t.Context(), &eks.DescribeClusterInput{Name: &name}))(t)
		return aws.ToString(out.Cluster.CertificateAuthority.Data)
	}
	a := read(1, "a")
	if a != read(1, "a") || a == read(1, "b") || a == read(2, "a") {
		t.Error("the certificate does not follow from the seed and the cluster")
	}
	text := wiretest.OK(base64.StdEncoding.DecodeString(a))(t)
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatalf("not PEM: %s", text)
	}
	if cert, err := x509.ParseCertificate(block.Bytes); err != nil || !cert.IsCA {
		t.Errorf("not the certificate of an authority: %v", err)
	}
}

// TestServer_assumptions: each choice where no source settles the matter works.
func TestServer_assumptions(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	verdict := func(call func(*testing.T, *world) error) func(*testing.T, *world) string {
		return func(t *testing.T, w *world) string { return cmp.Or(refusalOf(call(t, w)).code, "accepted") }
	}
	start := func(t *testing.T, a Assumptions) *world {
		w := newWorld(t, func(o *Options) { o.Assumptions = a })
		w.createCluster(t, "a")
		w.createGroup(t, "a", "g")
		return w
	}
	wiretest.Choices(t, start, map[string]wiretest.Choice[Assumptions, *world]{
		"RepeatedDeletionOK": wiretest.NewChoice(func(u *Assumptions) { u.RepeatedDeletionOK = true }, verdict(func(_ *testing.T, w *world) error {
			w.force("a", "g", profile.Deleting)
			return wiretest.Err(w.eks.DeleteNodegroup(ctx, &eks.DeleteNodegroupInput{ClusterName: aws.String("a"), NodegroupName: aws.String("g")}))
		}), "ResourceInUseException", "accepted"),
		"MaxSecurityGroups": wiretest.NewChoice(func(u *Assumptions) { u.MaxSecurityGroups = 5 }, verdict(func(_ *testing.T, w *world) error {
			in := w.clusterInput("b")
			for range 4 {
				in.ResourcesVpcConfig.SecurityGroupIds = append(in.ResourcesVpcConfig.SecurityGroupIds, in.ResourcesVpcConfig.SecurityGroupIds[0])
			}
			return wiretest.Err(w.eks.CreateCluster(ctx, in))
		}), "InvalidParameterException", "accepted"),
		"ReservedLabelsAccepted": wiretest.NewChoice(func(u *Assumptions) { u.ReservedLabelsAccepted = true }, func(t *testing.T, w *world) string {
			in := groupInput(w.Server, "a", "h")
			in.Labels = map[string]string{"node-role.kubernetes.io/worker": "true"}
			if _, err := w.eks.CreateNodegroup(ctx, in); err != nil {
				return refusalOf(err).code
			}
			w.pass()
			made := w.describeGroup(t, "a", "h") //nolint:contextcheck // it takes that of its test
			return string(made.Status) + " " + string(made.Health.Issues[0].Code)
		}, "InvalidParameterException", "CREATE_FAILED NodeCreationFailure"),
		"MixedUpdatesOK": wiretest.NewChoice(func(u *Assumptions) { u.MixedUpdatesOK = true }, verdict(func(_ *testing.T, w *world) error {
			return wiretest.Err(w.eks.UpdateNodegroupConfig(ctx, &eks.UpdateNodegroupConfigInput{ClusterName: aws.String("a"), NodegroupName: aws.String("g"),
				ScalingConfig: sizes(1, 5, 4), Labels: &types.UpdateLabelsPayload{AddOrUpdateLabels: map[string]string{"a": "b"}}}))
		}), "InvalidParameterException", "accepted"),
		"RemoveAbsentOK": wiretest.NewChoice(func(u *Assumptions) { u.RemoveAbsentOK = true }, verdict(func(_ *testing.T, w *world) error {
			return wiretest.Err(w.eks.UpdateNodegroupConfig(ctx, &eks.UpdateNodegroupConfigInput{ClusterName: aws.String("a"), NodegroupName: aws.String("g"),
				Labels: &types.UpdateLabelsPayload{AddOrUpdateLabels: map[string]string{"a": "b"}, RemoveLabels: []string{"c"}}}))
		}), "InvalidParameterException", "accepted"),
		"OmittedEndpointReset": wiretest.NewChoice(func(u *Assumptions) { u.OmittedEndpointReset = true }, func(t *testing.T, w *world) string {
			w.reach(t, &types.VpcConfigRequest{EndpointPublicAccess: aws.Bool(true), EndpointPrivateAccess: aws.Bool(true), PublicAccessCidrs: []string{"8.8.8.0/24"}})
			w.reach(t, &types.VpcConfigRequest{PublicAccessCidrs: []string{"9.9.9.0/24"}})
			v := w.describe(t, "a").ResourcesVpcConfig
			return fmt.Sprint(v.EndpointPublicAccess, v.EndpointPrivateAccess, v.PublicAccessCidrs)
		}, "true true [9.9.9.0/24]", "true false [9.9.9.0/24]"),
		"HashInTagKeys": wiretest.NewChoice(func(u *Assumptions) { u.HashInTagKeys = true }, verdict(func(_ *testing.T, w *world) error {
			in := w.clusterInput("b")
			in.Tags = map[string]string{"#CB-SPIDER:PMKS:SECURITYGROUP": "sg-01"}
			return wiretest.Err(w.eks.CreateCluster(ctx, in))
		}), "InvalidParameterException", "accepted"),
		"UpdateDegraded": wiretest.NewChoice(func(u *Assumptions) { u.UpdateDegraded = true }, verdict(func(_ *testing.T, w *world) error {
			w.force("a", "g", profile.Degraded)
			return wiretest.Err(w.eks.UpdateNodegroupConfig(ctx, &eks.UpdateNodegroupConfigInput{ClusterName: aws.String("a"), NodegroupName: aws.String("g"), ScalingConfig: sizes(1, 4, 4)}))
		}), "ResourceInUseException", "accepted"),
		"NodeGroupsMayLag": wiretest.NewChoice(func(u *Assumptions) { u.NodeGroupsMayLag = true }, verdict(func(t *testing.T, w *world) error {
			for _, v := range []string{"1.35", "1.36"} {
				if _, err := w.eks.UpdateClusterVersion(ctx, &eks.UpdateClusterVersionInput{Name: aws.String("a"), Version: &v}); err != nil {
					return err
				}
				w.pass()
			}
			return nil
		}), "InvalidRequestException", "accepted"),
		"UnknownInstanceTypeRefused": wiretest.NewChoice(func(u *Assumptions) { u.UnknownInstanceTypeRefused = true }, verdict(func(_ *testing.T, w *world) error {
			in := groupInput(w.Server, "a", "h")
			in.InstanceTypes = []string{"x9.huge"}
			return wiretest.Err(w.eks.CreateNodegroup(ctx, in))
		}), "accepted", "InvalidParameterException"),
		"AddonsWantActive": wiretest.NewChoice(func(u *Assumptions) { u.AddonsWantActive = true }, verdict(func(_ *testing.T, w *world) error {
			w.force("a", "", profile.Creating)
			return wiretest.Err(w.eks.ListAddons(ctx, &eks.ListAddonsInput{ClusterName: aws.String("a")}))
		}), "accepted", "InvalidRequestException"),
		"NoClusterAsClientException": wiretest.NewChoice(func(u *Assumptions) { u.NoClusterAsClientException = true }, verdict(func(_ *testing.T, w *world) error {
			return wiretest.Err(w.eks.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: aws.String("none")}))
		}), "ResourceNotFoundException", "ClientException"),
		"TagOnlyActive": wiretest.NewChoice(func(u *Assumptions) { u.TagOnlyActive = true }, verdict(func(t *testing.T, w *world) error {
			w.force("a", "g", profile.Updating)
			arn := w.latest["a"].groups["g"].arn
			return wiretest.Err(w.eks.TagResource(ctx, &eks.TagResourceInput{ResourceArn: &arn, Tags: map[string]string{"a": "b"}}))
		}), "accepted", "InvalidRequestException"),
		"LaunchTemplateNotWatched": wiretest.NewChoice(func(u *Assumptions) { u.LaunchTemplateNotWatched = true }, verdict(func(t *testing.T, w *world) error {
			made := wiretest.OK(w.ec2.CreateLaunchTemplate(ctx, templateInput("pmks-a-h")))(t)
			in := groupInput(w.Server, "a", "h")
			in.LaunchTemplate = &types.LaunchTemplateSpecification{Id: made.LaunchTemplate.LaunchTemplateId}
			wiretest.OK(w.eks.CreateNodegroup(ctx, in))(t)
			w.pass()
			wiretest.OK(w.ec2.DeleteLaunchTemplate(ctx, &ec2.DeleteLaunchTemplateInput{LaunchTemplateName: aws.String("pmks-a-h")}))(t)
			return wiretest.Err(w.eks.UpdateNodegroupConfig(ctx, &eks.UpdateNodegroupConfigInput{ClusterName: aws.String("a"), NodegroupName: aws.String("h"), ScalingConfig: sizes(1, 4, 4)}))
		}), "ResourceInUseException", "accepted"),
		"RestoreDiscoveryTags": wiretest.NewChoice(func(u *Assumptions) { u.RestoreDiscoveryTags = true }, verdict(func(t *testing.T, w *world) error {
			own := w.latest["a"].groups["g"]
			clear(own.asgTags)
			wiretest.OK(w.eks.UpdateNodegroupConfig(ctx, &eks.UpdateNodegroupConfigInput{ClusterName: aws.String("a"), NodegroupName: aws.String("g"), ScalingConfig: sizes(1, 4, 4)}))(t)
			if len(own.asgTags) != 2 {
				return &smithy.GenericAPIError{Code: "NotRestored"}
			}
			return nil
		}), "NotRestored", "accepted"),
	})
}

// TestServer_strict sends what no SDK sends.
func TestServer_strict(t *testing.T) {
	t.Parallel()
	const role = `"roleArn":"arn:aws:iam::123456789012:role/x"`
	tests := []struct {
		name, method, target, body, service string
		status                              int
		code                                string
	}{
		{"unknown-member", "POST", "/clusters", `{"name":"a",` + role + `,"colour":"red"}`, "eks", 400, "InvalidParameterException"},
		{"unknown-deep-member", "POST", "/clusters", `{"name":"a","resourcesVpcConfig":{"subnets":[]}}`, "eks", 400, "InvalidParameterException"},
		{"member-in-another-case", "POST", "/clusters", `{"Name":"a"}`, "eks", 400, "InvalidParameterException"},
		{"member-twice", "POST", "/clusters", `{"name":"a","name":"b"}`, "eks", 400, "InvalidParameterException"},
		{"wrong-type", "POST", "/clusters", `{"name":1}`, "eks", 400, "InvalidParameterException"},
		{"text-for-number", "POST", "/clusters/a/node-groups", `{"diskSize":"20"}`, "eks", 400, "InvalidParameterException"},
		{"fraction", "POST", "/clusters/a/node-groups", `{"diskSize":20.5}`, "eks", 400, "InvalidParameterException"},
		{"list-for-object", "POST", "/clusters", `{"tags":[]}`, "eks", 400, "InvalidParameterException"},
		{"object-for-list", "POST", "/clusters/a/node-groups", `{"subnets":{}}`, "eks", 400, "InvalidParameterException"},
		{"not-json", "POST", "/clusters", `{"name"`, "eks", 400, "InvalidParameterException"},
		{"trailing", "POST", "/clusters", `{"name":"a"} {}`, "eks", 400, "InvalidParameterException"},
		{"list-body", "POST", "/clusters", `[]`, "eks", 400, "InvalidParameterException"},
		{"null-body", "POST", "/clusters", `null`, "eks", 400, "InvalidParameterException"},
		{"not-simulated-member", "POST", "/clusters", `{"outpostConfig":{}}`, "eks", 501, CodeNotSimulated},
		{"body-of-get", "GET", "/clusters", `{}`, "eks", 400, "InvalidParameterException"},
		{"unknown-query", "GET", "/clusters?limit=1", "", "eks", 400, "InvalidParameterException"},
		{"bad-maxresults", "GET", "/clusters?maxResults=ten", "", "eks", 400, "InvalidParameterException"},
		{"empty-maxresults", "GET", "/clusters?maxResults=", "", "eks", 400, "InvalidParameterException"},
		{"bad-boolean", "GET", "/cluster-versions?defaultOnly=yes", "", "eks", 400, "InvalidParameterException"},
		{"bad-include", "GET", "/clusters?include=some", "", "eks", 400, "InvalidParameterException"},
		{"unknown-path", "GET", "/nothing", "", "eks", 404, "UnknownOperationException"},
		{"unknown-method", "PATCH", "/clusters", "", "eks", 404, "UnknownOperationException"},
		{"unescaped-arn", "GET", "/tags/arn:aws:eks:us-east-2:123456789012:cluster/a", "", "eks", 404, "UnknownOperationException"},
		{"escaped-separator", "GET", "/clusters%2Fa", "", "eks", 404, "UnknownOperationException"},
		{"dots", "GET", "/clusters/..", "", "eks", 404, "ResourceNotFoundException"},
		{"unknown-service", "POST", "/", "Action=ListBuckets&Version=1", "s3", 501, CodeNotSimulated},
		{"unknown-action", "POST", "/", "Action=Nope&Version=2016-11-15", "ec2", 400, "InvalidAction"},
		{"wrong-version", "POST", "/", "Action=DescribeSubnets&Version=2010-01-01", "ec2", 400, "InvalidAction"},
		{"unknown-parameter", "POST", "/", "Action=DescribeSubnets&Version=2016-11-15&Colour=red", "ec2", 400, "UnknownParameter"},
		{"gap-in-list", "POST", "/", "Action=DescribeSubnets&Version=2016-11-15&SubnetId.2=a", "ec2", 400, "UnknownParameter"},
		{"wildcard-filter", "POST", "/", "Action=DescribeAutoScalingGroups&Version=2011-01-01&Filters.member.1.Name=tag-key&Filters.member.1.Values.member.1=eks:*", "autoscaling", 501, CodeNotSimulated},
		{"missing-parameter", "POST", "/", "Action=GetRole&Version=2010-05-08", "iam", 400, "ValidationError"},
		{"query-path", "POST", "/x", "Action=GetRole&Version=2010-05-08", "iam", 404, "InvalidAction"},
		{"malformed-form", "POST", "/", "Action=%zz", "iam", 400, "MalformedQueryString"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.createCluster(t, "a")
			response, body := wiretest.Send(t, w.Transport(), w.signed(t, test.method, test.target, test.body, test.service))
			if response.StatusCode != test.status || !strings.Contains(body+response.Header.Get("x-amzn-ErrorType"), test.code) {
				t.Errorf("got %d %s %s, want %d %s", response.StatusCode, response.Header.Get("x-amzn-ErrorType"), body, test.status, test.code)
			}
		})
	}
}

// TestServer_Put: a ready-made cluster is read as any other.
func TestServer_Put(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wiretest.Must(t, w.Put(core.Seed{Name: "old", Version: "1.32", Groups: []pmks.NodeGroupInfo{groupInfo("g")}}))
	w.checkOld(t)
	if err := w.Put(core.Seed{Name: "old"}); err == nil {
		t.Error("a second cluster of the name was taken")
	}
}

func (w *world) checkOld(t *testing.T) {
	t.Helper()
	out, err := w.eks.DescribeCluster(t.Context(), &eks.DescribeClusterInput{Name: aws.String("old")})
	if err != nil || out.Cluster.Status != types.ClusterStatusActive || len(out.Cluster.ResourcesVpcConfig.SubnetIds) != 3 {
		t.Errorf("got %v\n%s", err, wiretest.JSON(t, out))
	}
	name := w.groupASG(t, "old", "g")
	if !strings.HasPrefix(name, "eks-g-") {
		t.Errorf("the Auto Scaling group is called %s", name)
	}
}
