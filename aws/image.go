// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/refuse"
)

// imageChoice is what an ImageIID asks for: the default, an AMI type, or a launch
// template of the user's own.
type imageChoice struct {
	isDefault       bool
	amiType         types.AMITypes
	template        string
	templateVersion string
}

var (
	templatePattern = regexp.MustCompile(`^(lt-[0-9a-f]{8,17})(?::(\$Latest|\$Default|\d+))?$`)
	// amiFamily matches AMI types that are newer than the SDK: AWS adds some
	// several times a year.
	amiFamily = regexp.MustCompile(`^(AL2|AL2023|BOTTLEROCKET|WINDOWS)_[A-Za-z0-9_]+$`)
)

// parseImage reads an ImageIID without the network.
func parseImage(ref pmks.IID) (imageChoice, error) {
	asked := strings.TrimSpace(cmp.Or(ref.SystemId, ref.NameId))
	if kver.IsDefault(asked) {
		return imageChoice{isDefault: true}, nil
	}
	if m := templatePattern.FindStringSubmatch(asked); m != nil {
		return imageChoice{template: m[1], templateVersion: m[2]}, nil
	}
	known := types.AMITypes("").Values()
	i := slices.IndexFunc(known, func(t types.AMITypes) bool { return strings.EqualFold(string(t), asked) })
	switch {
	case strings.EqualFold(asked, string(types.AMITypesCustom)):
		return imageChoice{}, refuse.Invalid("ImageIID", "CUSTOM needs a launch template: give its id, lt-…")
	case i >= 0:
		return imageChoice{amiType: known[i]}, nil
	case strings.HasPrefix(asked, "ami-"):
		return imageChoice{}, &pmks.Error{Code: pmks.CodeUnsupported, Field: "ImageIID",
			Message: "an AMI needs bootstrap data: put it into a launch template and give that, lt-…, or give an AMI type such as AL2023_x86_64_STANDARD"}
	case amiFamily.MatchString(asked):
		return imageChoice{amiType: types.AMITypes(asked)}, nil
	}
	return imageChoice{}, refuse.Invalid("ImageIID", "%q is neither an AMI type such as AL2023_x86_64_STANDARD nor a launch template lt-…", asked)
}

// amiTypeOf returns the AMI type for an instance type. EKS itself assumes x86_64
// when it is left out, and then refuses ARM instances.
func (h *Handler) amiTypeOf(ctx context.Context, instanceType string) (types.AMITypes, error) {
	if instanceType == "" {
		return types.AMITypesAl2023X8664Standard, nil // EKS takes t3.medium
	}
	list, err := readList(ctx, h, bucketEC2+"DescribeInstanceTypes", h.api.ec2.DescribeInstanceTypes, "list of instance types", func(token *string) *ec2.DescribeInstanceTypesInput {
		return &ec2.DescribeInstanceTypesInput{Filters: []ec2types.Filter{nameFilter("instance-type", instanceType)}, NextToken: token}
	}, func(o *ec2.DescribeInstanceTypesOutput) ([]ec2types.InstanceTypeInfo, *string) {
		return o.InstanceTypes, o.NextToken
	})
	if errs.Is(err, pmks.CodePermissionDenied) {
		return "", nil // EKS chooses
	}
	if err != nil {
		return "", err
	}
	found := matching(list, func(t ec2types.InstanceTypeInfo) bool { return string(t.InstanceType) == instanceType })
	if len(found) == 0 {
		return "", refuse.Invalid("VMSpecName", "the instance type %q is not offered in this region", instanceType)
	}
	return amiTypeFor(found[0]), nil
}

func amiTypeFor(t ec2types.InstanceTypeInfo) types.AMITypes {
	arm := t.ProcessorInfo != nil && slices.Contains(t.ProcessorInfo.SupportedArchitectures, ec2types.ArchitectureTypeArm64)
	switch {
	case t.NeuronInfo != nil:
		return types.AMITypesAl2023X8664Neuron
	case t.GpuInfo != nil && arm:
		return types.AMITypesAl2023Arm64Nvidia
	case t.GpuInfo != nil:
		return types.AMITypesAl2023X8664Nvidia
	case arm:
		return types.AMITypesAl2023Arm64Standard
	}
	return types.AMITypesAl2023X8664Standard
}

// diskTypes are the EBS types of a root disk. io1 and io2 need a number of
// operations that the portable request cannot give.
var diskTypes = []string{"gp2", "gp3", "sc1", "st1", "standard"}

// parseDiskType reads a portable disk type, also in the spec's form "SSD(gp2)".
// "" means that EKS chooses.
func parseDiskType(s string) (ec2types.VolumeType, error) {
	if kver.IsDefault(s) {
		return "", nil
	}
	name := strings.ToLower(strings.TrimSpace(s))
	if _, inner, ok := strings.Cut(name, "("); ok {
		name = strings.TrimSuffix(inner, ")")
	}
	if slices.Contains(diskTypes, name) {
		return ec2types.VolumeType(name), nil
	}
	if name == "io1" || name == "io2" {
		return "", &pmks.Error{Code: pmks.CodeUnsupported, Field: "RootDiskType",
			Message: name + " needs a number of operations per second: use gp3, or a launch template of your own as the image"}
	}
	return "", refuse.Invalid("RootDiskType", "%q is not one of %s", s, strings.Join(diskTypes, ", "))
}

// rootDevice is the device that holds the root volume, or the data volume where
// that is what users mean by the root disk.
func rootDevice(t types.AMITypes) string {
	switch {
	case strings.HasPrefix(string(t), "BOTTLEROCKET"):
		return "/dev/xvdb"
	case strings.HasPrefix(string(t), "WINDOWS"):
		return "/dev/sda1"
	}
	return "/dev/xvda"
}

func launchTemplate(id, version string) *types.LaunchTemplateSpecification {
	spec := &types.LaunchTemplateSpecification{Id: aws.String(id)}
	if version != "" {
		spec.Version = aws.String(version)
	}
	return spec
}
