// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	asgtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks"
)

func TestClusterInfo_NothingIsDereferencedBlindly(t *testing.T) {
	t.Parallel()
	if info := clusterInfo(&types.Cluster{}); info.Status != pmks.ClusterInactive || info.StatusReason == "" {
		t.Errorf("an empty cluster is %s (%q)", info.Status, info.StatusReason)
	}
	if info := nodegroupInfo(&types.Nodegroup{}, nil, nil); info.Status != pmks.NodeGroupInactive {
		t.Errorf("an empty node group is %s", info.Status)
	}
}

func TestAutoScaling(t *testing.T) {
	t.Parallel()
	open := []asgtypes.AutoScalingGroup{{Tags: []asgtypes.TagDescription{{Key: aws.String(discoveryKey)}}}}
	closed := []asgtypes.AutoScalingGroup{{}}
	for _, test := range []struct {
		name   string
		record string
		groups []asgtypes.AutoScalingGroup
		want   bool
	}{
		{"recorded-on", "on", closed, true},
		{"recorded-off", "off", open, false},
		{"found-open", "", open, true},
		{"found-closed", "", closed, false},
		{"not-there-yet", "", nil, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			n := &types.Nodegroup{Tags: map[string]string{}}
			if test.record != "" {
				n.Tags[tagAutoScaling] = test.record
			}
			if got := autoScaling(n, test.groups); got != test.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

func TestNodes(t *testing.T) {
	t.Parallel()
	instance := func(id, state string) asgtypes.Instance {
		return asgtypes.Instance{InstanceId: aws.String(id), LifecycleState: asgtypes.LifecycleState(state)}
	}
	got := nodes([]asgtypes.AutoScalingGroup{
		{Instances: []asgtypes.Instance{instance("i-3", "InService"), instance("i-1", "Terminating:Wait"), instance("i-2", "Terminated")}},
		{Instances: []asgtypes.Instance{instance("i-0", "Pending"), instance("i-4", "Warmed:Stopped"), instance("i-5", "Detached")}},
	})
	want := []pmks.IID{iid("i-0"), iid("i-1"), iid("i-3")}
	if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestParseImage(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		asked string
		want  imageChoice
		code  pmks.Code
	}{
		{"", imageChoice{isDefault: true}, pmks.CodeOK},
		{"Default", imageChoice{isDefault: true}, pmks.CodeOK},
		{"al2023_x86_64_standard", imageChoice{amiType: types.AMITypesAl2023X8664Standard}, pmks.CodeOK},
		{"BOTTLEROCKET_ARM_64", imageChoice{amiType: types.AMITypesBottlerocketArm64}, pmks.CodeOK},
		{"AL2023_RISCV_STANDARD", imageChoice{amiType: "AL2023_RISCV_STANDARD"}, pmks.CodeOK},
		{"lt-0123456789abcdef0:3", imageChoice{template: "lt-0123456789abcdef0", templateVersion: "3"}, pmks.CodeOK},
		{"lt-0123456789abcdef0:$Latest", imageChoice{template: "lt-0123456789abcdef0", templateVersion: "$Latest"}, pmks.CodeOK},
		{"CUSTOM", imageChoice{}, pmks.CodeInvalidArgument},
		{"ami-0123", imageChoice{}, pmks.CodeUnsupported},
		{"ubuntu", imageChoice{}, pmks.CodeInvalidArgument},
	} {
		t.Run(test.asked, func(t *testing.T) {
			t.Parallel()
			got, err := parseImage(pmks.IID{NameId: test.asked})
			if got != test.want || pmks.CodeOf(err) != test.code {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestAMITypeFor(t *testing.T) {
	t.Parallel()
	arm := &ec2types.ProcessorInfo{SupportedArchitectures: []ec2types.ArchitectureType{ec2types.ArchitectureTypeArm64}}
	for _, test := range []struct {
		name string
		info ec2types.InstanceTypeInfo
		want types.AMITypes
	}{
		{"x86", ec2types.InstanceTypeInfo{}, types.AMITypesAl2023X8664Standard},
		{"arm", ec2types.InstanceTypeInfo{ProcessorInfo: arm}, types.AMITypesAl2023Arm64Standard},
		{"gpu", ec2types.InstanceTypeInfo{GpuInfo: &ec2types.GpuInfo{}}, types.AMITypesAl2023X8664Nvidia},
		{"arm-gpu", ec2types.InstanceTypeInfo{ProcessorInfo: arm, GpuInfo: &ec2types.GpuInfo{}}, types.AMITypesAl2023Arm64Nvidia},
		{"neuron", ec2types.InstanceTypeInfo{NeuronInfo: &ec2types.NeuronInfo{}}, types.AMITypesAl2023X8664Neuron},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := amiTypeFor(test.info); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestParseDiskType(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		asked string
		want  ec2types.VolumeType
		code  pmks.Code
	}{
		{"", "", pmks.CodeOK},
		{"default", "", pmks.CodeOK},
		{"gp3", ec2types.VolumeTypeGp3, pmks.CodeOK},
		{"SSD(gp2)", ec2types.VolumeTypeGp2, pmks.CodeOK},
		{"io2", "", pmks.CodeUnsupported},
		{"floppy", "", pmks.CodeInvalidArgument},
	} {
		t.Run(test.asked, func(t *testing.T) {
			t.Parallel()
			got, err := parseDiskType(test.asked)
			if got != test.want || pmks.CodeOf(err) != test.code {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestUserTags_HidesOurOwn(t *testing.T) {
	t.Parallel()
	got := userTags(map[string]string{"team": "a", "cb-spider:pmks:request": "x", "#CB-SPIDER:PMKS:SECURITYGROUP:sg-1": "", "env": "b"})
	want := []pmks.KeyValue{{Key: "env", Value: "b"}, {Key: "team", Value: "a"}}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %v, want %v", got, want)
	}
}
