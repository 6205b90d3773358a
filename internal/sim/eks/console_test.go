// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// taped lets the clients of EKS send through a tape, which holds every answer against
// the vendor's model.
func (w *world) taped(t *testing.T) *world {
	t.Helper()
	p := w.tape(t)
	w.connect(t, credentials.NewStaticCredentialsProvider(DefaultAccessKey, DefaultSecret, ""),
		func(c *aws.Config) { c.HTTPClient = httpClient(p) })
	return w
}

func (w *world) describe(t *testing.T, cluster string) *types.Cluster {
	t.Helper()
	out := wiretest.OK(w.eks.DescribeCluster(t.Context(), &eks.DescribeClusterInput{Name: &cluster}))(t)
	return out.Cluster
}

func (w *world) describeGroup(t *testing.T, cluster, group string) *types.Nodegroup {
	t.Helper()
	out := wiretest.OK(w.eks.DescribeNodegroup(t.Context(), &eks.DescribeNodegroupInput{ClusterName: &cluster, NodegroupName: &group}))(t)
	return out.Nodegroup
}

// TestServer_Put_console: clusters that consoles and other tools make.
func TestServer_Put_console(t *testing.T) {
	t.Parallel()
	w := newWorld(t).taped(t)
	ctx, name := t.Context(), aws.String("a")
	wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: []pmks.NodeGroupInfo{groupInfo("g"), groupInfo("own")}, Attr: map[string]string{
		AttrAutoMode: "on", AttrPrivate: "on", AttrAddons: "vpc-cni, coredns", AttrCustomTemplates: "own", AttrSelfManaged: "spare",
	}}))
	c := w.describe(t, "a")
	if !aws.ToBool(c.ComputeConfig.Enabled) || !aws.ToBool(c.StorageConfig.BlockStorage.Enabled) || !aws.ToBool(c.KubernetesNetworkConfig.ElasticLoadBalancing.Enabled) ||
		c.ResourcesVpcConfig.EndpointPublicAccess || !c.ResourcesVpcConfig.EndpointPrivateAccess || len(c.ResourcesVpcConfig.SubnetIds) != 3 {
		t.Errorf("the cluster is %s", wiretest.JSON(t, c))
	}
	addons, err := w.eks.ListAddons(ctx, &eks.ListAddonsInput{ClusterName: name})
	if err != nil || !slices.Equal(addons.Addons, []string{"vpc-cni", "coredns"}) {
		t.Errorf("the add-ons are %v, %v", addons, err)
	}
	if addon, err := w.eks.DescribeAddon(ctx, &eks.DescribeAddonInput{ClusterName: name, AddonName: aws.String("coredns")}); err != nil || addon.Addon.Status != types.AddonStatusActive {
		t.Errorf("the add-on is %v, %v", addon, err)
	}
	_, err = w.eks.DescribeAddon(ctx, &eks.DescribeAddonInput{ClusterName: name, AddonName: aws.String("none")})
	check(t, err, absentHere, "No addon")
	own := w.describeGroup(t, "a", "own")
	if own.AmiType != types.AMITypesCustom || own.LaunchTemplate == nil || own.DiskSize != nil || len(own.InstanceTypes) != 0 || len(w.Templates()) != 1 {
		t.Errorf("the node group is %s", wiretest.JSON(t, own))
	}
	_, err = w.eks.UpdateNodegroupVersion(ctx, &eks.UpdateNodegroupVersionInput{ClusterName: name, NodegroupName: own.NodegroupName, Version: aws.String("1.34")})
	check(t, err, badParameter, "image id")
	find := func(key string) (found []string) {
		out := wiretest.OK(w.asg.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{Filters: []astypes.Filter{{Name: aws.String("tag-key"), Values: []string{key}}}}))(t)
		for _, g := range out.AutoScalingGroups {
			found = append(found, fmt.Sprintf("%.5s %d", *g.AutoScalingGroupName, len(g.Instances)))
		}
		return found
	}
	if got := find("kubernetes.io/cluster/a"); !slices.Equal(got, []string{"eks-g 2", "eks-o 2", "spare 2"}) {
		t.Errorf("nodes of the cluster: %v", got)
	}
	if got := find("eks:cluster-name"); len(got) != 2 {
		t.Errorf("node groups of EKS: %v", got)
	}
}

// TestServer_fargate: a cluster goes when its profiles have gone, one after the other.
func TestServer_fargate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.PageSize = 1 }).taped(t)
	ctx, name := t.Context(), aws.String("a")
	wiretest.Must(t, w.Put(core.Seed{Name: "a", Attr: map[string]string{AttrFargateProfiles: "p1,p2"}}))
	first, err := w.eks.ListFargateProfiles(ctx, &eks.ListFargateProfilesInput{ClusterName: name})
	if err != nil || !slices.Equal(first.FargateProfileNames, []string{"p1"}) || first.NextToken == nil {
		t.Errorf("got %v, %v", first, err)
	}
	_, err = w.eks.DeleteCluster(ctx, &eks.DeleteClusterInput{Name: name})
	var busy *types.ResourceInUseException
	if !errors.As(err, &busy) || aws.ToString(busy.Message) != "Cluster has Fargate profiles attached" {
		t.Errorf("got %v", err)
	}
	remove := func(profile string) error {
		return wiretest.Err(w.eks.DeleteFargateProfile(ctx, &eks.DeleteFargateProfileInput{ClusterName: name, FargateProfileName: &profile}))
	}
	check(t, remove("none"), absentHere, "No Fargate Profile")
	w.Inject(core.Fault{Op: "DeleteFargateProfile", Kind: core.FaultFailLater})
	for i, want := range []types.FargateProfileStatus{types.FargateProfileStatusDeleteFailed, ""} {
		check(t, remove("p1"), refusal{}, "")
		check(t, remove("p2"), taken, "DELETING")
		w.pass()
		out, err := w.eks.DescribeFargateProfile(ctx, &eks.DescribeFargateProfileInput{ClusterName: name, FargateProfileName: aws.String("p1")})
		if (err == nil) != (want != "") || err == nil && (out.FargateProfile.Status != want || !strings.Contains(*out.FargateProfile.FargateProfileArn, ":fargateprofile/a/p1/")) {
			t.Errorf("%d: got %v, %v", i, out, err)
		}
	}
	check(t, remove("p2"), refusal{}, "")
	w.pass()
	_, err = w.eks.DeleteCluster(ctx, &eks.DeleteClusterInput{Name: name})
	check(t, err, refusal{}, "")
}

// TestServer_Recreate: a controller makes a node group again, so many times.
func TestServer_Recreate(t *testing.T) {
	t.Parallel()
	w := newWorld(t).taped(t)
	wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: []pmks.NodeGroupInfo{groupInfo("g")}}))
	wiretest.Must(t, w.Recreate("a", "g", 2))
	arns := map[string]bool{}
	for i := range 3 {
		g := w.describeGroup(t, "a", "g")
		arns[*g.NodegroupArn] = true
		if i > 0 && aws.ToInt32(g.ScalingConfig.DesiredSize) != 2 {
			t.Errorf("%d: the node group is %s", i, wiretest.JSON(t, g))
		}
		wiretest.OK(w.eks.DeleteNodegroup(t.Context(), &eks.DeleteNodegroupInput{ClusterName: aws.String("a"), NodegroupName: aws.String("g")}))(t)
		w.pass()
	}
	out, err := w.eks.ListNodegroups(t.Context(), &eks.ListNodegroupsInput{ClusterName: aws.String("a")})
	if err != nil || len(out.Nodegroups) != 0 || len(arns) != 3 {
		t.Errorf("after three deletions: %v, %v, %v", out, err, arns)
	}
	groups, err := w.asg.DescribeAutoScalingGroups(t.Context(), &autoscaling.DescribeAutoScalingGroupsInput{})
	if err != nil || len(groups.AutoScalingGroups) != 0 {
		t.Errorf("the Auto Scaling groups are %v, %v", groups, err)
	}
}

// TestServer_controls: what is shown, and what there is nothing to show of.
func TestServer_controls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: []pmks.NodeGroupInfo{groupInfo("g")}}))
	for _, err := range []error{w.Show("a", "", "PAUSED"), w.Show("a", "g", "MELTED"), w.SetCertificate("a", ""), w.Protect("a", true)} {
		if err != nil {
			t.Error(err)
		}
	}
	if c := w.describe(t, "a"); c.Status != "PAUSED" || c.CertificateAuthority.Data != nil || !aws.ToBool(c.DeletionProtection) {
		t.Errorf("the cluster is %s", wiretest.JSON(t, c))
	}
	if g := w.describeGroup(t, "a", "g"); g.Status != "MELTED" {
		t.Errorf("the node group is %s", wiretest.JSON(t, g))
	}
	for name, err := range map[string]error{
		"show": w.Show("b", "", "x"), "show-group": w.Show("a", "h", "x"), "certificate": w.SetCertificate("b", ""), "recreate": w.Recreate("a", "h", 1),
		"force": w.Force("b", "", profile.Active, ""), "force-group": w.Force("a", "h", profile.Active, ""), "protect": w.Protect("b", true),
	} {
		if err == nil {
			t.Errorf("%s of nothing", name)
		}
	}
}

// TestServer_partitions: everything is named in the partition of the region, and what
// is of another one is not there.
func TestServer_partitions(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]struct{ partition, suffix string }{
		"us-east-2":      {"aws", ".us-east-2.eks.amazonaws.com"},
		"cn-north-1":     {"aws-cn", ".cn-north-1.eks.amazonaws.com.cn"},
		"us-gov-west-1":  {"aws-us-gov", ".us-gov-west-1.eks.amazonaws.com"},
		"eusc-de-east-1": {"aws-eusc", ".eusc-de-east-1.eks.amazonaws.eu"},
		"us-iso-east-1":  {"aws-iso", ".us-iso-east-1.eks.c2s.ic.gov"},
		"us-isob-east-1": {"aws-iso-b", ".us-isob-east-1.eks.sc2s.sgov.gov"},
	} {
		t.Run(region, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(o *Options) { o.Region = region })
			ctx := t.Context()
			role := wiretest.OK(w.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(DefaultClusterRole)}))(t)
			in := w.clusterInput("a")
			in.RoleArn = role.Role.Arn
			wiretest.OK(w.eks.CreateCluster(ctx, in))(t)
			w.pass()
			c := w.describe(t, "a")
			who := wiretest.OK(w.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}))(t)
			for _, arn := range []*string{c.Arn, role.Role.Arn, who.Arn} {
				if !strings.HasPrefix(*arn, "arn:"+want.partition+":") {
					t.Errorf("%s is not in %s", *arn, want.partition)
				}
			}
			if !strings.HasSuffix(*c.Endpoint, want.suffix) {
				t.Errorf("the endpoint is %s", *c.Endpoint)
			}
			for _, foreign := range []string{
				strings.Replace(*c.Arn, want.partition, "aws-iso-e", 1), strings.Replace(*c.Arn, DefaultAccountID, "999999999999", 1), strings.Replace(*c.Arn, region, "eu-west-1", 1),
			} {
				_, err := w.eks.ListTagsForResource(ctx, &eks.ListTagsForResourceInput{ResourceArn: &foreign})
				check(t, err, refusal{"NotFoundException", 404}, "")
			}
			in.ClientRequestToken, in.Name, in.RoleArn = nil, aws.String("b"), aws.String(strings.Replace(*role.Role.Arn, want.partition, "aws-iso-e", 1))
			_, err := w.eks.CreateCluster(ctx, in)
			check(t, err, badParameter, "could not be assumed")
		})
	}
}

// TestServer_PageSize: every list comes in pages, and one can repeat itself.
func TestServer_PageSize(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.PageSize = 2 })
	ctx := t.Context()
	seed := core.Seed{Groups: []pmks.NodeGroupInfo{groupInfo("g1"), groupInfo("g2"), groupInfo("g3")}, Attr: map[string]string{AttrAddons: "x,y,z"}}
	for _, seed.Name = range []string{"a", "b", "c"} {
		wiretest.Must(t, w.Put(seed))
	}
	a := aws.String("a")
	tests := map[string]struct {
		get  func(token *string) (n int, next *string, err error)
		want int
	}{
		"ListClusters": {func(token *string) (int, *string, error) {
			out, err := w.eks.ListClusters(ctx, &eks.ListClustersInput{NextToken: token})
			return len(out.Clusters), out.NextToken, err
		}, 3},
		"ListNodegroups": {func(token *string) (int, *string, error) {
			out, err := w.eks.ListNodegroups(ctx, &eks.ListNodegroupsInput{ClusterName: a, NextToken: token})
			return len(out.Nodegroups), out.NextToken, err
		}, 3},
		"ListAddons": {func(token *string) (int, *string, error) {
			out, err := w.eks.ListAddons(ctx, &eks.ListAddonsInput{ClusterName: a, NextToken: token})
			return len(out.Addons), out.NextToken, err
		}, 3},
		"DescribeSubnets": {func(token *string) (int, *string, error) {
			out, err := w.ec2.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: subnetIDs(w.Server), NextToken: token})
			return len(out.Subnets), out.NextToken, err
		}, 3},
		"DescribeSecurityGroups": {func(token *string) (int, *string, error) {
			out, err := w.ec2.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{NextToken: token})
			return len(out.SecurityGroups), out.NextToken, err
		}, 5},
		"DescribeInstanceTypes": {func(token *string) (int, *string, error) {
			out, err := w.ec2.DescribeInstanceTypes(ctx, &ec2.DescribeInstanceTypesInput{NextToken: token})
			return len(out.InstanceTypes), out.NextToken, err
		}, len(instanceTypeTable)},
		"DescribeAutoScalingGroups": {func(token *string) (int, *string, error) {
			out, err := w.asg.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{NextToken: token})
			return len(out.AutoScalingGroups), out.NextToken, err
		}, 9},
	}
	for op, test := range tests {
		var token *string
		all, pages := 0, 0
		for pages == 0 || aws.ToString(token) != "" {
			n, next, err := test.get(token)
			if err != nil || n > 2 {
				t.Fatalf("%s: %d on a page, %v", op, n, err)
			}
			all, token, pages = all+n, next, pages+1
		}
		if all != test.want || pages != (test.want+1)/2 {
			t.Errorf("%s: got %d in %d pages, want %d", op, all, pages, test.want)
		}
		w.Inject(core.Fault{Op: op, Kind: core.FaultRepeatPage, Times: -1})
		_, first, _ := test.get(nil)
		if _, again, err := test.get(first); err != nil || aws.ToString(again) != aws.ToString(first) || aws.ToString(first) == "" {
			t.Errorf("%s: the token %q is behind %q: %v", op, aws.ToString(again), aws.ToString(first), err)
		}
	}
}

func subnetIDs(s *Server) []string {
	var ids []string
	for _, subnet := range s.resources.Subnets {
		ids = append(ids, subnet.ID)
	}
	return ids
}
