// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

var (
	badParameter = refusal{"InvalidParameterException", 400}
	badState     = refusal{"InvalidRequestException", 400}
	taken        = refusal{"ResourceInUseException", 409}
	absentHere   = refusal{"ResourceNotFoundException", 404}
	overLimit    = refusal{"ResourceLimitExceededException", 400}
)

func TestServer_CreateCluster_refusals(t *testing.T) {
	t.Parallel()
	reachable := func(n int, format string) func(*world, *eks.CreateClusterInput) {
		return func(_ *world, in *eks.CreateClusterInput) {
			for i := range n {
				in.ResourcesVpcConfig.PublicAccessCidrs = append(in.ResourcesVpcConfig.PublicAccessCidrs, fmt.Sprintf(format, i))
			}
		}
	}
	tests := []struct {
		name   string
		change func(*world, *eks.CreateClusterInput)
		want   refusal
		text   string
	}{
		{"accepted", func(*world, *eks.CreateClusterInput) {}, refusal{}, ""},
		{"name-pattern", func(_ *world, in *eks.CreateClusterInput) { in.Name = aws.String("-a") }, badParameter, "name"},
		{"name-length", func(_ *world, in *eks.CreateClusterInput) { in.Name = aws.String(strings.Repeat("a", 101)) }, badParameter, "name"},
		{"name-empty", func(_ *world, in *eks.CreateClusterInput) { in.Name = aws.String("") }, badParameter, "name"},
		{"one-subnet", func(_ *world, in *eks.CreateClusterInput) {
			in.ResourcesVpcConfig.SubnetIds = in.ResourcesVpcConfig.SubnetIds[:1]
		}, badParameter, "at least two different AZs"},
		{"one-zone", func(w *world, _ *eks.CreateClusterInput) { w.resources.Subnets[1].Zone = w.resources.Subnets[0].Zone }, badParameter, "at least two different AZs"},
		{"two-vpcs", func(w *world, _ *eks.CreateClusterInput) { w.resources.Subnets[1].VPC = "vpc-2" }, badParameter, "same VPC"},
		{"bad-zone", func(w *world, _ *eks.CreateClusterInput) { w.resources.Subnets[1].ZoneID = "use1-az3" },
			refusal{"UnsupportedAvailabilityZoneException", 400}, "capacity"},
		{"few-addresses", func(w *world, _ *eks.CreateClusterInput) { w.resources.Subnets[1].FreeIPs = 5 }, badParameter, "free IP"},
		{"unknown-subnet", func(_ *world, in *eks.CreateClusterInput) { in.ResourcesVpcConfig.SubnetIds[1] = "subnet-0dead" }, badParameter, "does not exist"},
		{"unknown-group", func(_ *world, in *eks.CreateClusterInput) {
			in.ResourcesVpcConfig.SecurityGroupIds = []string{"sg-0dead"}
		}, badParameter, "security group"},
		{"five-groups", func(_ *world, in *eks.CreateClusterInput) {
			in.ResourcesVpcConfig.SecurityGroupIds = strings.Split(strings.Repeat(in.ResourcesVpcConfig.SecurityGroupIds[0]+",", 4)+"sg-1", ",")
		}, badParameter, "at most 4 security groups"},
		{"version-patch", func(_ *world, in *eks.CreateClusterInput) { in.Version = aws.String("1.34.1") }, badParameter, "unsupported Kubernetes version"},
		{"version-unknown", func(_ *world, in *eks.CreateClusterInput) { in.Version = aws.String("1.21") }, badParameter, "unsupported Kubernetes version"},
		{"role-shape", func(_ *world, in *eks.CreateClusterInput) { in.RoleArn = aws.String("role") }, badParameter, "role ARN"},
		{"role-unknown", func(_ *world, in *eks.CreateClusterInput) { *in.RoleArn += "x" }, badParameter, "could not be assumed"},
		{"role-trust", func(_ *world, in *eks.CreateClusterInput) {
			*in.RoleArn = strings.Replace(*in.RoleArn, DefaultClusterRole, DefaultNodeRole, 1)
		}, badParameter, "could not be assumed"},
		{"role-policies", func(w *world, _ *eks.CreateClusterInput) { w.resources.Roles[0].Policies = nil }, badParameter, "Managed Policies"},
		{"tag-reserved", func(_ *world, in *eks.CreateClusterInput) { in.Tags["aws:x"] = "" }, badParameter, "reserved"},
		{"tag-hash", func(_ *world, in *eks.CreateClusterInput) { in.Tags["#x"] = "" }, badParameter, "not allowed"},
		{"tag-count", func(_ *world, in *eks.CreateClusterInput) {
			for i := range 50 {
				in.Tags[fmt.Sprint(i)] = ""
			}
		}, badParameter, "at most 50"},
		{"no-endpoint", func(_ *world, in *eks.CreateClusterInput) {
			in.ResourcesVpcConfig.EndpointPublicAccess = aws.Bool(false)
		}, badParameter, "endpoint access"},
		{"cidrs", reachable(40, "203.0.113.%d/32"), refusal{}, ""},
		{"cidrs-many", reachable(41, "203.0.113.%d/32"), badParameter, "at most 40"},
		{"cidr-private", reachable(1, "10.0.%d.0/24"), badParameter, "not allowed in publicAccessCidrs: [10.0.0.0/24]"},
		{"cidr-shared", reachable(1, "100.64.%d.0/24"), badParameter, "not allowed in publicAccessCidrs"},
		{"cidr-ipv6", reachable(1, "2001:db8:%d::/48"), badParameter, "invalid in publicAccessCidrs"},
		{"cidr-address", reachable(1, "203.0.113.%d"), badParameter, "invalid in publicAccessCidrs: [203.0.113.0]"},
		{"auto-mode", func(_ *world, in *eks.CreateClusterInput) {
			in.ComputeConfig = &types.ComputeConfigRequest{Enabled: aws.Bool(true)}
		}, refusal{CodeNotSimulated, 501}, "computeConfig"},
		{"duplicate", func(w *world, in *eks.CreateClusterInput) {
			if err := w.Put(core.Seed{Name: *in.Name}); err != nil {
				panic(err)
			}
		}, taken, "Cluster already exists with name: c1"},
		{"duplicate-deleting", func(w *world, in *eks.CreateClusterInput) {
			if err := w.Put(core.Seed{Name: *in.Name, State: profile.Deleting}); err != nil {
				panic(err)
			}
		}, taken, "Cluster already exists"},
		{"quota", func(w *world, _ *eks.CreateClusterInput) {
			for i := range 100 {
				if err := w.Put(core.Seed{Name: fmt.Sprintf("q%d", i)}); err != nil {
					panic(err)
				}
			}
		}, overLimit, "100"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			in := w.clusterInput("c1")
			test.change(w, in)
			_, err := w.eks.CreateCluster(t.Context(), in)
			check(t, err, test.want, test.text)
		})
	}
}

func check(t *testing.T, err error, want refusal, text string) {
	t.Helper()
	if got := refusalOf(err); got != want || err != nil && !strings.Contains(err.Error(), text) {
		t.Errorf("got  %+v: %v\nwant %+v with %q", got, err, want, text)
	}
}

func TestServer_CreateNodegroup_refusals(t *testing.T) {
	t.Parallel()
	type input = eks.CreateNodegroupInput
	template := func(id string) func(*world, *input) {
		return func(_ *world, in *input) { in.LaunchTemplate = &types.LaunchTemplateSpecification{Id: &id} }
	}
	labelled := func(key, value string) func(*world, *input) {
		return func(_ *world, in *input) { in.Labels = map[string]string{key: value} }
	}
	tainted := func(n int) func(*world, *input) {
		return func(_ *world, in *input) {
			for i := range n {
				in.Taints = append(in.Taints, types.Taint{Key: aws.String(fmt.Sprint("k", i)), Effect: types.TaintEffectNoSchedule})
			}
		}
	}
	tests := []struct {
		name   string
		change func(*world, *input)
		want   refusal
		text   string
	}{
		{"accepted", func(*world, *input) {}, refusal{}, ""},
		{"zero-size", func(_ *world, in *input) { in.ScalingConfig = sizes(0, 1, 0) }, refusal{}, ""},
		{"no-cluster", func(_ *world, in *input) { in.ClusterName = aws.String("other") }, absentHere, "No cluster"},
		{"name-pattern", func(_ *world, in *input) { in.NodegroupName = aws.String("_a") }, badParameter, "name"},
		{"name-length", func(_ *world, in *input) { in.NodegroupName = aws.String(strings.Repeat("a", 64)) }, badParameter, "name"},
		{"cluster-updating", func(w *world, _ *input) { w.force("c1", "", profile.Updating) }, badState, "Cluster 'c1' is not in ACTIVE status"},
		{"cluster-failed", func(w *world, _ *input) { w.force("c1", "", profile.CreateFailed) }, badState, "not in ACTIVE status"},
		{"duplicate", func(_ *world, in *input) { in.NodegroupName = aws.String("old") }, taken, "NodeGroup already exists with name old and cluster name c1"},
		{"min-above-desired", func(_ *world, in *input) { in.ScalingConfig = sizes(2, 3, 1) }, badParameter, "Minimum capacity 2 can't be greater than desired size 1"},
		{"desired-above-max", func(_ *world, in *input) { in.ScalingConfig = sizes(1, 3, 4) }, badParameter, "Desired capacity 4"},
		{"max-zero", func(_ *world, in *input) { in.ScalingConfig = sizes(0, 0, 0) }, badParameter, "maxSize"},
		{"partial-sizes", func(_ *world, in *input) { in.ScalingConfig.MinSize = nil }, badParameter, "minSize"},
		{"over-quota", func(_ *world, in *input) { in.ScalingConfig = sizes(1, 451, 1) }, overLimit, "450"},
		{"no-subnets", func(_ *world, in *input) { in.Subnets = []string{} }, badParameter, "subnets"},
		{"unknown-subnet", func(_ *world, in *input) { in.Subnets = []string{"subnet-x"} }, badParameter, "does not exist"},
		{"other-zone", func(w *world, in *input) { in.Subnets = []string{w.resources.Subnets[2].ID} }, badParameter, "no subnet"},
		{"arm-on-x86", func(_ *world, in *input) { in.InstanceTypes = []string{"t4g.small"} }, badParameter, "[t4g.small] is not a valid instance type for requested amiType AL2023_x86_64_STANDARD"},
		{"arm-by-default", func(_ *world, in *input) { in.InstanceTypes, in.AmiType = []string{"t4g.small"}, "" }, badParameter, "not a valid instance type"},
		{"unknown-ami", func(_ *world, in *input) { in.AmiType = "AL9" }, badParameter, "amiType"},
		{"al2-is-old", func(_ *world, in *input) { in.AmiType = types.AMITypesAl2X8664 }, badParameter, "only supported for kubernetes versions 1.32 or earlier"},
		{"custom-alone", func(_ *world, in *input) { in.AmiType = types.AMITypesCustom }, badParameter, "CUSTOM"},
		{"version", func(_ *world, in *input) { in.Version = aws.String("1.33") }, badParameter, "should be equal"},
		{"key-unknown", func(_ *world, in *input) {
			in.RemoteAccess = &types.RemoteAccessConfig{Ec2SshKey: aws.String("nokey")}
		}, badParameter, "KeyPair nokey not found"},
		{"key-empty", func(_ *world, in *input) {
			in.RemoteAccess = &types.RemoteAccessConfig{Ec2SshKey: aws.String("")}
		}, badParameter, "ec2SshKey"},
		{"role-trust", func(_ *world, in *input) {
			*in.NodeRole = strings.Replace(*in.NodeRole, DefaultNodeRole, DefaultClusterRole, 1)
		}, badParameter, "could not be assumed"},
		{"labels", func(_ *world, in *input) {
			in.Labels = map[string]string{"a": "b", "example.com/" + strings.Repeat("x", 51): strings.Repeat("v", 63), "my.k8s.example/a": "1"}
		}, refusal{}, ""},
		{"label-value-empty", labelled("a", ""), badParameter, `Invalid value: ""`},
		{"label-value", labelled("a", "b c"), badParameter, "Invalid value"},
		{"label-value-length", labelled("a", strings.Repeat("v", 64)), badParameter, "63"},
		{"label-key", labelled("-a", "b"), badParameter, "label key is invalid"},
		{"label-prefix", labelled("A/a", "b"), badParameter, "label key is invalid"},
		{"label-key-length", labelled("example.com/"+strings.Repeat("x", 52), "b"), badParameter, "1 to 63"},
		{"label-reserved", labelled("kubernetes.io/a", "b"), badParameter, "reserved prefixes"},
		{"label-reserved-below", labelled("node-role.kubernetes.io/worker", "b"), badParameter, "reserved prefixes"},
		{"label-of-eks", labelled("eks.amazonaws.com/capacityType", "SPOT"), badParameter, "reserved prefixes"},
		{"taints", tainted(50), refusal{}, ""},
		{"taints-many", tainted(51), badParameter, "at most 50"},
		{"taint-twice", func(_ *world, in *input) {
			in.Taints = []types.Taint{{Key: aws.String("k"), Effect: types.TaintEffectNoSchedule}, {Key: aws.String("k"), Value: aws.String("v"), Effect: types.TaintEffectNoSchedule}}
		}, badParameter, "twice"},
		{"taint-two-effects", func(_ *world, in *input) {
			in.Taints = []types.Taint{{Key: aws.String("k"), Effect: types.TaintEffectNoSchedule}, {Key: aws.String("k"), Effect: types.TaintEffectNoExecute}}
		}, refusal{}, ""},
		{"taint-value", func(_ *world, in *input) {
			in.Taints = []types.Taint{{Key: aws.String("k"), Value: aws.String("a b"), Effect: types.TaintEffectNoSchedule}}
		}, badParameter, "Invalid value"},
		{"taint-effect", func(_ *world, in *input) {
			in.Taints = []types.Taint{{Key: aws.String("k"), Effect: "MAYBE"}}
		}, badParameter, "effect"},
		{"taint-kubernetes-effect", func(_ *world, in *input) {
			in.Taints = []types.Taint{{Key: aws.String("k"), Effect: "NoSchedule"}}
		}, badParameter, "effect"},
		{"taint-without-key", func(_ *world, in *input) {
			in.Taints = []types.Taint{{Effect: types.TaintEffectNoSchedule}}
		}, badParameter, "key"},
		{"spot", func(_ *world, in *input) { in.CapacityType = types.CapacityTypesSpot }, refusal{}, ""},
		{"capacity-block", func(_ *world, in *input) { in.CapacityType = types.CapacityTypesCapacityBlock }, refusal{CodeNotSimulated, 501}, "CAPACITY_BLOCK"},
		{"both-unavailable", func(_ *world, in *input) {
			in.UpdateConfig = &types.NodegroupUpdateConfig{MaxUnavailable: aws.Int32(1), MaxUnavailablePercentage: aws.Int32(10)}
		}, badParameter, "not both"},
		{"unavailable-range", func(_ *world, in *input) {
			in.UpdateConfig = &types.NodegroupUpdateConfig{MaxUnavailable: aws.Int32(0)}
		}, badParameter, "1 to 100"},
		{"disk-size", func(_ *world, in *input) { in.DiskSize = aws.Int32(0) }, badParameter, "diskSize"},
		{"capacity", func(_ *world, in *input) { in.CapacityType = "FREE" }, badParameter, "capacityType"},
		{"repair", func(_ *world, in *input) {
			in.NodeRepairConfig = &types.NodeRepairConfig{Enabled: aws.Bool(true)}
		}, refusal{CodeNotSimulated, 501}, "nodeRepairConfig"},
		{"template-unknown", template("lt-0dead"), badParameter, "does not exist"},
		{"template-both", func(_ *world, in *input) {
			in.LaunchTemplate = &types.LaunchTemplateSpecification{Id: aws.String("lt-1"), Name: aws.String("n")}
		}, badParameter, "Either provide launch template ID or launch template name in the request."},
		{"template-and-disk", func(w *world, in *input) {
			template("lt-1")(w, in)
			in.DiskSize = aws.Int32(20)
		}, badParameter, "Disk size must be specified within the launch template."},
		{"template-and-key", func(w *world, in *input) {
			template("lt-1")(w, in)
			in.RemoteAccess = &types.RemoteAccessConfig{Ec2SshKey: aws.String("x")}
		}, badParameter, "Remote access configuration cannot be specified with a launch template."},
		{"template-image-and-ami", func(w *world, in *input) {
			w.templates = append(w.templates, &launchTemplate{id: "lt-1", data: templateData{imageID: "ami-1"}})
			template("lt-1")(w, in)
		}, badParameter, "You cannot specify an AMI Type other than CUSTOM, when specifying an image id in your launch template."},
		{"quota", func(w *world, _ *input) {
			for i := range 29 {
				w.createGroup(w.t, "c1", fmt.Sprintf("g%d", i))
			}
		}, overLimit, "30"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.t = t
			w.createCluster(t, "c1")
			w.createGroup(t, "c1", "old")
			in := groupInput(w.Server, "c1", "new")
			test.change(w, in)
			_, err := w.eks.CreateNodegroup(t.Context(), in)
			check(t, err, test.want, test.text)
		})
	}
}

// force is Server.Force for states that cannot be refused.
func (w *world) force(cluster, group string, to profile.State) {
	if err := w.Force(cluster, group, to, "Forced: by the test"); err != nil {
		panic(err)
	}
}

// TestServer_refusals holds the other operations, on a cluster "c1" with a node
// group "ng1".
func TestServer_refusals(t *testing.T) {
	t.Parallel()
	name, group := aws.String("c1"), aws.String("ng1")
	scale := func(ctx context.Context, w *world) error {
		return wiretest.Err(w.eks.UpdateNodegroupConfig(ctx, &eks.UpdateNodegroupConfigInput{ClusterName: name, NodegroupName: group, ScalingConfig: sizes(1, 4, 3)}))
	}
	upgrade := func(version string) func(context.Context, *world) error {
		return func(ctx context.Context, w *world) error {
			return wiretest.Err(w.eks.UpdateClusterVersion(ctx, &eks.UpdateClusterVersionInput{Name: name, Version: &version}))
		}
	}
	deleteCluster := func(ctx context.Context, w *world) error {
		return wiretest.Err(w.eks.DeleteCluster(ctx, &eks.DeleteClusterInput{Name: name}))
	}
	deleteGroup := func(ctx context.Context, w *world) error {
		return wiretest.Err(w.eks.DeleteNodegroup(ctx, &eks.DeleteNodegroupInput{ClusterName: name, NodegroupName: group}))
	}
	tag := func(arn string) func(context.Context, *world) error {
		return func(ctx context.Context, w *world) error {
			return wiretest.Err(w.eks.TagResource(ctx, &eks.TagResourceInput{ResourceArn: &arn, Tags: map[string]string{"a": "b"}}))
		}
	}
	nothing := func(*world) {}
	noGroup := func(w *world) { w.force("c1", "ng1", profile.Gone) }
	tests := []struct {
		name  string
		setUp func(*world)
		call  func(context.Context, *world) error
		want  refusal
		text  string
	}{
		{"scale", nothing, scale, refusal{}, ""},
		{"scale-degraded", func(w *world) { w.force("c1", "ng1", profile.Degraded) }, scale, taken, "not in Active State"},
		{"scale-updating", func(w *world) { w.force("c1", "ng1", profile.Updating) }, scale, taken, "not in Active State"},
		{"scale-same", nothing, func(ctx context.Context, w *world) error {
			return wiretest.Err(w.eks.UpdateNodegroupConfig(ctx, &eks.UpdateNodegroupConfigInput{ClusterName: name, NodegroupName: group, ScalingConfig: sizes(1, 3, 2)}))
		}, badParameter, "nothing to change"},
		{"scale-merged", nothing, func(ctx context.Context, w *world) error {
			return wiretest.Err(w.eks.UpdateNodegroupConfig(ctx, &eks.UpdateNodegroupConfigInput{ClusterName: name, NodegroupName: group,
				ScalingConfig: &types.NodegroupScalingConfig{MaxSize: aws.Int32(1)}}))
		}, badParameter, "Desired capacity 2"},
		{"scale-unknown", noGroup, scale, absentHere, "No node group"},
		{"upgrade-one", noGroup, upgrade("1.35"), refusal{}, ""},
		{"upgrade-two", noGroup, upgrade("1.36"), badParameter, "Unsupported Kubernetes minor version update from 1.34 to 1.36"},
		{"upgrade-same", noGroup, upgrade("1.34"), badParameter, "Unsupported Kubernetes minor version update"},
		{"upgrade-down", noGroup, upgrade("1.33"), badParameter, "Unsupported Kubernetes minor version update"},
		{"upgrade-patch", noGroup, upgrade("1.35.1"), badParameter, "unsupported Kubernetes version"},
		{"upgrade-updating", func(w *world) { w.force("c1", "", profile.Updating) }, upgrade("1.35"), taken, "update in progress"},
		{"group-version", nothing, func(ctx context.Context, w *world) error {
			return wiretest.Err(w.eks.UpdateNodegroupVersion(ctx, &eks.UpdateNodegroupVersionInput{ClusterName: name, NodegroupName: group, Version: aws.String("1.35")}))
		}, badParameter, "Nodegroup Kubernetes version should be equal to Cluster kubernetes version 1.34 or NodeGroup kubernetes version 1.34"},
		{"delete-with-groups", nothing, deleteCluster, taken, "Cluster has nodegroups attached"},
		{"delete-failed-group", func(w *world) { w.force("c1", "ng1", profile.CreateFailed) }, deleteCluster, taken, "Cluster has nodegroups attached"},
		{"delete-updating", func(w *world) { noGroup(w); w.force("c1", "", profile.Updating) }, deleteCluster, taken, "update"},
		{"delete-creating", func(w *world) { noGroup(w); w.force("c1", "", profile.Creating) }, deleteCluster, refusal{}, ""},
		{"delete-protected", func(w *world) { noGroup(w); w.protect("c1") }, deleteCluster, badState, "deletion protection"},
		{"delete-protected-failed", func(w *world) { noGroup(w); w.protect("c1"); w.force("c1", "", profile.CreateFailed) }, deleteCluster, refusal{}, ""},
		{"delete-twice", func(w *world) { noGroup(w); w.force("c1", "", profile.Deleting) }, deleteCluster, taken, "being deleted"},
		{"delete-gone", func(w *world) { w.force("c1", "", profile.Gone) }, deleteCluster, absentHere, "No cluster found for name: c1."},
		{"delete-group-twice", func(w *world) { w.force("c1", "ng1", profile.Deleting) }, deleteGroup, taken, "being deleted"},
		{"delete-group-failed", func(w *world) { w.force("c1", "ng1", profile.DeleteFailed) }, deleteGroup, refusal{}, ""},
		{"delete-group-gone", noGroup, deleteGroup, absentHere, "No node group"},
		{"tag-malformed", nothing, tag("arn:aws:s3:::x"), refusal{"BadRequestException", 400}, "not valid"},
		{"tag-unknown", nothing, tag("arn:aws:eks:us-east-2:" + DefaultAccountID + ":cluster/other"), refusal{"NotFoundException", 404}, "not found"},
		{"list-too-many", nothing, func(ctx context.Context, w *world) error {
			return wiretest.Err(w.eks.ListClusters(ctx, &eks.ListClustersInput{MaxResults: aws.Int32(101)}))
		}, badParameter, "maxResults"},
		{"list-none", nothing, func(ctx context.Context, w *world) error {
			return wiretest.Err(w.eks.ListNodegroups(ctx, &eks.ListNodegroupsInput{ClusterName: name, MaxResults: aws.Int32(0)}))
		}, badParameter, "maxResults"},
		{"list-bad-token", nothing, func(ctx context.Context, w *world) error {
			return wiretest.Err(w.eks.ListClusters(ctx, &eks.ListClustersInput{NextToken: aws.String("xyz")}))
		}, badParameter, "nextToken"},
		{"list-groups-unknown", nothing, func(ctx context.Context, w *world) error {
			return wiretest.Err(w.eks.ListNodegroups(ctx, &eks.ListNodegroupsInput{ClusterName: aws.String("other")}))
		}, absentHere, "No cluster"},
		{"addon-unknown", nothing, func(ctx context.Context, w *world) error {
			return wiretest.Err(w.eks.DescribeAddon(ctx, &eks.DescribeAddonInput{ClusterName: name, AddonName: aws.String("x")}))
		}, absentHere, "No addon"},
		{"update-unknown", nothing, func(ctx context.Context, w *world) error {
			return wiretest.Err(w.eks.DescribeUpdate(ctx, &eks.DescribeUpdateInput{Name: name, UpdateId: aws.String("x")}))
		}, absentHere, "No update"},
		{"access-entries", nothing, func(ctx context.Context, w *world) error {
			return wiretest.Err(w.eks.ListAccessEntries(ctx, &eks.ListAccessEntriesInput{ClusterName: name}))
		}, refusal{CodeNotSimulated, 501}, "not simulated"},
		{"empty-label", nothing, func(ctx context.Context, w *world) error {
			return wiretest.Err(w.eks.DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{ClusterName: aws.String(""), NodegroupName: aws.String("a")}))
		}, refusal{"UnknownOperationException", 404}, "no such operation"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.createCluster(t, "c1")
			w.createGroup(t, "c1", "ng1")
			test.setUp(w)
			err := test.call(t.Context(), w)
			check(t, err, test.want, test.text)
		})
	}
}

func (w *world) protect(name string) {
	if err := w.Protect(name, true); err != nil {
		panic(err)
	}
}
