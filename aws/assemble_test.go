// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"fmt"
	"testing"
	"time"

	sdkaws "github.com/aws/aws-sdk-go-v2/aws"
	asgtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
)

// fiveGroups is what is read of a cluster with five node groups of three nodes, as pmks
// makes them.
func fiveGroups() (clusterRead, scalingIndex) {
	text := sdkaws.String
	r := clusterRead{cluster: &types.Cluster{
		Name: text("c"), Arn: text("arn:aws:eks:us-east-2:123456789012:cluster/c"), Version: text("1.33"), Status: types.ClusterStatusActive,
		PlatformVersion: text("eks.1"), RoleArn: text("arn:aws:iam::123456789012:role/r"), CreatedAt: sdkaws.Time(time.Unix(0, 0)),
		Endpoint: text("https://c.eks.invalid"), CertificateAuthority: &types.Certificate{Data: text("Y2E=")}, Tags: map[string]string{"team": "a", tagRequest: "t"},
		ResourcesVpcConfig: &types.VpcConfigResponse{VpcId: text("vpc-1"), SubnetIds: []string{"subnet-1", "subnet-2"}, SecurityGroupIds: []string{"sg-1"},
			ClusterSecurityGroupId: text("sg-2"), EndpointPublicAccess: true},
	}}
	index := scalingIndex{groups: map[string][]asgtypes.AutoScalingGroup{}}
	for i := range 5 {
		name, scaling := fmt.Sprintf("g%d", i), fmt.Sprintf("eks-g%d", i)
		r.groups = append(r.groups, nodegroupRead{name: name, nodegroup: &types.Nodegroup{
			NodegroupName: text(name), NodegroupArn: text("arn:aws:eks:us-east-2:123456789012:nodegroup/c/" + name + "/1"), ClusterName: text("c"),
			Version: text("1.33"), ReleaseVersion: text("1.33.1-20260101"), Status: types.NodegroupStatusActive, AmiType: types.AMITypesAl2023X8664Standard,
			CapacityType: types.CapacityTypesOnDemand, InstanceTypes: []string{"t3.medium"}, DiskSize: sdkaws.Int32(20),
			ScalingConfig: &types.NodegroupScalingConfig{DesiredSize: sdkaws.Int32(3), MinSize: sdkaws.Int32(1), MaxSize: sdkaws.Int32(5)},
			Resources:     &types.NodegroupResources{AutoScalingGroups: []types.AutoScalingGroup{{Name: text(scaling)}}},
			Tags:          map[string]string{tagRequest: "t", tagAutoScaling: "on"}, Labels: map[string]string{"role": "worker"},
		}})
		group := asgtypes.AutoScalingGroup{AutoScalingGroupName: text(scaling), AvailabilityZones: []string{"us-east-2a"}}
		for k := range 3 {
			group.Instances = append(group.Instances, asgtypes.Instance{InstanceId: text(fmt.Sprintf("i-%d%d", i, k)), LifecycleState: asgtypes.LifecycleStateInService})
		}
		index.add([]asgtypes.AutoScalingGroup{group})
	}
	return r, index
}

// TestHandler_assemble_allocations: what the conversion of a listed cluster may allocate
// has a ceiling, a fifth above what it does; the race detector adds some.
func TestHandler_assemble_allocations(t *testing.T) {
	ceiling := 54.0
	if providertest.UnderRace {
		ceiling = 66
	}
	h := &Handler{cfg: &Config{}, api: &clients{}}
	r, index := fiveGroups()
	var info pmks.ClusterInfo
	n := testing.AllocsPerRun(100, func() { info = h.assemble(t.Context(), r, index, false) })
	if len(info.NodeGroupList) != 5 || len(info.NodeGroupList[4].Nodes) != 3 || info.NodeGroupList[4].Labels["role"] != "worker" {
		t.Fatalf("got %+v", info)
	}
	t.Logf("%.0f allocations", n)
	if n > ceiling {
		t.Errorf("%.0f allocations for a cluster with five node groups, want at most %.0f", n, ceiling)
	}
}

// BenchmarkHandler_assemble converts a cluster with five node groups.
func BenchmarkHandler_assemble(b *testing.B) {
	h := &Handler{cfg: &Config{}, api: &clients{}}
	r, index := fiveGroups()
	b.ReportAllocs()
	for b.Loop() {
		if info := h.assemble(b.Context(), r, index, false); len(info.NodeGroupList) != 5 {
			b.Fatal(info)
		}
	}
}
