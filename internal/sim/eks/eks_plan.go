// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/pmks-go/pmks/internal/kver"
)

// customAMI is the type of an image that a launch template brings.
const customAMI = "CUSTOM"

// amiTypeTable lists the types of images with their architecture.
var amiTypeTable = map[string]string{
	"AL2023_ARM_64_NVIDIA":            archARM,
	"AL2023_ARM_64_STANDARD":          archARM,
	"AL2023_x86_64_NEURON":            archX86,
	"AL2023_x86_64_NVIDIA":            archX86,
	"AL2023_x86_64_STANDARD":          archX86,
	"AL2_ARM_64":                      archARM,
	"AL2_x86_64":                      archX86,
	"AL2_x86_64_GPU":                  archX86,
	"BOTTLEROCKET_ARM_64":             archARM,
	"BOTTLEROCKET_ARM_64_FIPS":        archARM,
	"BOTTLEROCKET_ARM_64_NVIDIA":      archARM,
	"BOTTLEROCKET_ARM_64_NVIDIA_FIPS": archARM,
	"BOTTLEROCKET_x86_64":             archX86,
	"BOTTLEROCKET_x86_64_FIPS":        archX86,
	"BOTTLEROCKET_x86_64_NVIDIA":      archX86,
	"BOTTLEROCKET_x86_64_NVIDIA_FIPS": archX86,
	"CUSTOM":                          "",
	"WINDOWS_CORE_2019_x86_64":        archX86,
	"WINDOWS_CORE_2022_x86_64":        archX86,
	"WINDOWS_CORE_2025_x86_64":        archX86,
	"WINDOWS_FULL_2019_x86_64":        archX86,
	"WINDOWS_FULL_2022_x86_64":        archX86,
	"WINDOWS_FULL_2025_x86_64":        archX86,
}

// nodegroupPlan is a checked request with its defaults filled in.
type nodegroupPlan struct {
	scaling        scalingObject
	amiType        string
	instanceTypes  []string // nil: the launch template has one
	diskSize       *int32
	launchTemplate *launchTemplateObject
	// groups are the security groups of the launch template; nil: it has none.
	groups []string
}

// planNodegroup checks a request for a node group.
func (s *Server) planNodegroup(rec *clusterRecord, in *createNodegroupRequest) (plan nodegroupPlan, e *apiError) {
	switch {
	case !nodegroupNamePattern.MatchString(in.NodegroupName):
		return plan, invalidParameter("The nodegroup name %q must be 1 to 63 characters, letters, digits, hyphens and underscores, and begin with a letter or digit", in.NodegroupName)
	case in.NodeRole == "":
		return plan, invalidParameter("nodeRole is required")
	case len(in.Subnets) == 0:
		return plan, invalidParameter("subnets are required")
	case len(in.InstanceTypes) > 20:
		return plan, invalidParameter("A nodegroup may have at most 20 instance types")
	case in.ReleaseVersion != "":
		return plan, notSimulated("releaseVersion")
	case in.CapacityType == "CAPACITY_BLOCK":
		return plan, notSimulated("capacityType CAPACITY_BLOCK")
	}
	if plan.scaling, e = in.ScalingConfig.atCreate(); e == nil {
		e = checkScaling(plan.scaling, s.world.Profile().Limits.NodesPerGroup)
	}
	for _, more := range []func() *apiError{
		func() *apiError { return s.checkNodeSubnets(rec, in.Subnets) },
		func() *apiError { return oneOf("capacityType", in.CapacityType, "ON_DEMAND", "SPOT") },
		func() *apiError { return s.checkTags(in.Tags, "InvalidParameterException") },
		func() *apiError { return s.checkLabels(in.Labels) },
		func() *apiError { return checkTaints(in.Taints) },
		func() *apiError { return checkUpdateConfig(in.UpdateConfig) },
		func() *apiError { return s.checkRemoteAccess(rec, in) },
		func() *apiError { return s.planTemplate(in, &plan) },
		func() *apiError { return s.planImage(rec, in, &plan) },
	} {
		if e != nil {
			return plan, e
		}
		e = more()
	}
	return plan, e
}

func (s *Server) checkNodeSubnets(rec *clusterRecord, ids []string) *apiError {
	for i, id := range ids {
		subnet, ok := s.resources.subnet(id)
		switch {
		case !ok:
			return invalidParameter("The subnet ID '%s' does not exist (Service: AmazonEC2; Status Code: 400; Error Code: InvalidSubnetID.NotFound)", id)
		case slices.Contains(ids[:i], id):
			return invalidParameter("The subnet ID '%s' is given twice", id)
		case subnet.VPC != rec.live.Network.VpcIID.SystemId:
			return invalidParameter("Subnet %s is not in the VPC of the cluster, %s", id, rec.live.Network.VpcIID.SystemId)
		}
		zones := map[string]bool{}
		for _, other := range rec.live.Network.SubnetIIDs {
			of, _ := s.resources.subnet(other.SystemId)
			zones[of.Zone] = true
		}
		if !zones[subnet.Zone] {
			return invalidParameter("Subnet %s is in %s, where the cluster has no subnet", id, subnet.Zone)
		}
	}
	return nil
}

// over lays the sizes that are given over those that are there.
func (r *scalingRequest) over(base scalingObject) scalingObject {
	for _, f := range []struct {
		from *int32
		to   *int32
	}{{r.MinSize, &base.MinSize}, {r.MaxSize, &base.MaxSize}, {r.DesiredSize, &base.DesiredSize}} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	return base
}

// atCreate wants all three sizes or none.
func (r *scalingRequest) atCreate() (scalingObject, *apiError) {
	if r == nil || *r == (scalingRequest{}) {
		return scalingObject{2, 2, 2}, nil
	}
	if r.MinSize == nil || r.MaxSize == nil || r.DesiredSize == nil {
		return scalingObject{}, invalidParameter("scalingConfig must have minSize, maxSize and desiredSize")
	}
	return r.over(scalingObject{}), nil
}

func checkScaling(v scalingObject, quota int) *apiError {
	switch {
	case v.MinSize < 0 || v.DesiredSize < 0:
		return invalidParameter("minSize and desiredSize must not be negative")
	case v.MaxSize < 1:
		return invalidParameter("maxSize must be at least 1")
	case v.MinSize > v.MaxSize:
		return invalidParameter("Minimum capacity %d can't be greater than maximum size %d", v.MinSize, v.MaxSize)
	case v.MinSize > v.DesiredSize:
		return invalidParameter("Minimum capacity %d can't be greater than desired size %d", v.MinSize, v.DesiredSize)
	case v.DesiredSize > v.MaxSize:
		return invalidParameter("Desired capacity %d can't be greater than max size %d", v.DesiredSize, v.MaxSize)
	case quota > 0 && int(v.MaxSize) > quota:
		return limitExceeded("maxSize %d is above the limit of %d nodes per nodegroup", v.MaxSize, quota)
	}
	return nil
}

func checkUpdateConfig(u *updateConfigObject) *apiError {
	switch {
	case u == nil:
		return nil
	case u.MaxUnavailable != nil && u.MaxUnavailablePercentage != nil:
		return invalidParameter("updateConfig may have maxUnavailable or maxUnavailablePercentage, not both")
	case u.MaxUnavailable != nil && (*u.MaxUnavailable < 1 || *u.MaxUnavailable > 100),
		u.MaxUnavailablePercentage != nil && (*u.MaxUnavailablePercentage < 1 || *u.MaxUnavailablePercentage > 100):
		return invalidParameter("maxUnavailable must be 1 to 100")
	}
	return oneOf("updateStrategy", u.UpdateStrategy, "DEFAULT", "MINIMAL")
}

func (s *Server) checkRemoteAccess(rec *clusterRecord, in *createNodegroupRequest) *apiError {
	r := in.RemoteAccess
	switch {
	case r == nil:
		return nil
	case in.LaunchTemplate != nil:
		return invalidParameter("Remote access configuration cannot be specified with a launch template.")
	case r.EC2SSHKey != nil && *r.EC2SSHKey == "":
		return invalidParameter("ec2SshKey must not be empty")
	case r.EC2SSHKey == nil && len(r.SourceSecurityGroups) > 0:
		return invalidParameter("sourceSecurityGroups need an ec2SshKey")
	}
	if r.EC2SSHKey != nil {
		if _, ok := s.resources.keyPair(*r.EC2SSHKey); !ok {
			return invalidParameter("KeyPair %s not found", *r.EC2SSHKey)
		}
	}
	for _, id := range r.SourceSecurityGroups {
		if e := s.checkSecurityGroup(id, rec.live.Network.VpcIID.SystemId); e != nil {
			return e
		}
	}
	return nil
}

// planTemplate checks the launch template and what may not stand beside it.
func (s *Server) planTemplate(in *createNodegroupRequest, plan *nodegroupPlan) *apiError {
	plan.instanceTypes = slices.Clone(in.InstanceTypes)
	if in.LaunchTemplate == nil {
		return nil
	}
	if in.DiskSize != nil {
		return invalidParameter("Disk size must be specified within the launch template.")
	}
	t, shown, e := s.useTemplate(in.LaunchTemplate)
	if e != nil {
		return e
	}
	plan.launchTemplate, plan.groups = shown, t.data.securityGroups
	switch {
	case t.data.instanceType != "" && len(in.InstanceTypes) > 0:
		return invalidParameter("Instance types must be specified either in the launch template or in the request, not in both.")
	case t.data.imageID != "" && in.AMIType != "" && in.AMIType != customAMI:
		return invalidParameter("You cannot specify an AMI Type other than CUSTOM, when specifying an image id in your launch template.")
	case t.data.imageID != "" && in.Version != "":
		return invalidParameter("You cannot specify a Kubernetes version, when specifying an image id in your launch template.")
	case t.data.imageID == "" && in.AMIType == customAMI:
		return invalidParameter("The AMI Type CUSTOM needs an image id in the launch template.")
	case t.data.imageID != "":
		plan.amiType = customAMI
	}
	if t.data.keyName != "" {
		if _, ok := s.resources.keyPair(t.data.keyName); !ok {
			return invalidParameter("KeyPair %s not found", t.data.keyName)
		}
	}
	return nil
}

// planImage chooses the AMI type and checks it against the instance types, the
// version and the disk.
func (s *Server) planImage(rec *clusterRecord, in *createNodegroupRequest, plan *nodegroupPlan) *apiError {
	if in.Version != "" && in.Version != rec.live.Version {
		return invalidParameter("Nodegroup Kubernetes version should be equal to Cluster kubernetes version %s", rec.live.Version)
	}
	fromTemplate := ""
	if in.LaunchTemplate != nil {
		t, _, _ := s.useTemplate(in.LaunchTemplate)
		fromTemplate = t.data.instanceType
	}
	if plan.amiType == customAMI {
		if len(plan.instanceTypes) == 0 && fromTemplate == "" {
			plan.instanceTypes = []string{"t3.medium"}
		}
		return nil
	}
	plan.amiType = cmp.Or(in.AMIType, "AL2023_x86_64_STANDARD")
	arch, ok := amiTypeTable[plan.amiType]
	switch {
	case !ok:
		return invalidParameter("%q is not an amiType", plan.amiType)
	case plan.amiType == customAMI:
		return invalidParameter("The AMI Type CUSTOM needs a launch template with an image id.")
	case strings.HasPrefix(plan.amiType, "AL2_") && newerThan132(rec.live.Version):
		return invalidParameter("AMI Type %s is only supported for kubernetes versions 1.32 or earlier", plan.amiType)
	}
	check := plan.instanceTypes
	if fromTemplate != "" {
		check = []string{fromTemplate}
	} else if len(check) == 0 {
		plan.instanceTypes = []string{"t3.medium"}
		check = plan.instanceTypes
	}
	for _, name := range check {
		kind, ok := s.resources.instanceType(name)
		switch {
		case !ok && s.assumptions.UnknownInstanceTypeRefused:
			return invalidParameter("The instance type [%s] does not exist", name)
		case ok && !slices.Contains(kind.Architectures, arch):
			return invalidParameter("[%s] is not a valid instance type for requested amiType %s", name, plan.amiType)
		}
	}
	return planDisk(in, plan)
}

func planDisk(in *createNodegroupRequest, plan *nodegroupPlan) *apiError {
	switch {
	case in.LaunchTemplate != nil:
		return nil
	case in.DiskSize == nil && strings.HasPrefix(plan.amiType, "WINDOWS_"):
		plan.diskSize = new(int32(50))
	case in.DiskSize == nil:
		plan.diskSize = new(int32(20))
	case *in.DiskSize < 1 || *in.DiskSize > 16384:
		return invalidParameter("diskSize must be 1 to 16384 GiB, got %s", strconv.Itoa(int(*in.DiskSize)))
	default:
		plan.diskSize = in.DiskSize
	}
	return nil
}

func newerThan132(version string) bool {
	v, err := kver.Parse(version)
	limit, limitErr := kver.Parse("1.32")
	return err == nil && limitErr == nil && v.Compare(limit) > 0
}
