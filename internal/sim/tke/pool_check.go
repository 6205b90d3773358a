// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// spreadEqually is the policy that spreads nodes over the subnets.
const spreadEqually = "EQUALITY"

// poolPlan is a checked request with its defaults filled in.
type poolPlan struct {
	scaling              scalingPara
	launch               launchPara
	desired, least, most int
}

// planPool checks a request for a node pool.
func (s *Server) planPool(c *call, rec *clusterRecord, in *createPoolRequest) (plan poolPlan, e *apiError) {
	for _, check := range []func() *apiError{
		func() *apiError { return checkPoolName(in.Name) },
		func() *apiError { return s.checkPoolWords(rec, in) },
		func() *apiError { return s.checkPoolTags(tagList(rec.live.Tags), in.Tags) },
		func() *apiError { return s.checkLabels(in.Labels) },
		func() *apiError { return s.checkTaints(in.Taints) },
		func() *apiError { return s.readPara("AutoScalingGroupPara", in.AutoScalingGroupPara, &plan.scaling) },
		func() *apiError { return s.readPara("LaunchConfigurePara", in.LaunchConfigurePara, &plan.launch) },
		func() *apiError { return s.checkScaling(c, rec, &plan) },
		func() *apiError { return s.checkLaunch(c, &plan.launch) },
		func() *apiError { return s.checkMarket(&plan) },
		func() *apiError { return s.checkPoolQuota(rec) },
	} {
		if e := check(); e != nil {
			return plan, e
		}
	}
	return plan, nil
}

func checkPoolName(name string) *apiError {
	if n := utf8.RuneCountInString(name); n > 63 {
		return invalid("the node pool's name %q must have at most 63 characters", name)
	}
	return nil
}

// checkPoolWords checks the members that are a word of a few, or a name of a few.
func (s *Server) checkPoolWords(rec *clusterRecord, in *createPoolRequest) *apiError {
	image, known := s.resources.image(in.NodePoolOS)
	switch {
	case in.NodePoolOS != "" && (!known || image.Offline):
		return fail("InvalidParameter.OsNotSupport", "the OS %q is not supported", in.NodePoolOS)
	case in.ContainerRuntime != "" && in.ContainerRuntime != rec.runtime:
		return invalid("the runtime %q is not that of the cluster, %s", in.ContainerRuntime, rec.runtime)
	case !slices.Contains([]string{"", "GENERAL", "DOCKER_CUSTOMIZE"}, in.OSCustomizeType):
		return invalid("OsCustomizeType %q is not valid", in.OSCustomizeType)
	case len(in.InstanceAdvancedSettings.DataDisks) > 0:
		return notSimulated("data disks of nodes")
	}
	if s.assumptions.UniquePoolNames {
		for _, g := range rec.live.Groups {
			if rec.pools[g.ID].name == in.Name {
				return fail("ResourceInUse.ResourceExistAlready", "the name %s is taken", in.Name)
			}
		}
	}
	return nil
}

// maxPoolTags is how many tags a scaling group may have, those of the cluster included.
const maxPoolTags = 30

func (s *Server) checkPoolTags(inherited, tags []tagObject) *apiError {
	if n := len((&poolRecord{tags: tags, inherited: inherited}).allTags()); n > maxPoolTags {
		return s.badPara("LimitExceeded.TagLimitExceeded", "at most %d tags may be given, got %d", maxPoolTags, n)
	}
	for i, t := range tags {
		twice := slices.ContainsFunc(tags[:i], func(other tagObject) bool { return other.Key == t.Key })
		if t.Key == "" || utf8.RuneCountInString(t.Key) > 127 || utf8.RuneCountInString(t.Value) > 255 || twice {
			return s.badPara("InvalidParameterValue.InvalidTag", "the tag %q is not valid", t.Key)
		}
	}
	return nil
}

// readPara reads the JSON in a text.
func (s *Server) readPara(member, text string, into any) *apiError {
	e := decodeBody([]byte(text), into)
	if e == nil || e.status != 0 {
		return e
	}
	return s.badPara(e.code, "%s: %s", member, e.message)
}

// badPara refuses what Auto Scaling does not take: its code is inside of the text.
func (s *Server) badPara(code, format string, args ...any) *apiError {
	text := fmt.Sprintf(format, args...)
	if s.assumptions.OtherCodes {
		return invalid("%s: %s", code, text)
	}
	return fail("FailedOperation.AsCommon", "AS_COMMON_ERROR([TencentCloudSDKError] Code=%s, Message=%s)", code, text)
}

// checkScaling checks where nodes are, and how many.
func (s *Server) checkScaling(c *call, rec *clusterRecord, plan *poolPlan) *apiError {
	in := &plan.scaling
	switch {
	case in.AutoScalingGroupName != "":
		return s.badPara("InvalidParameter.ParameterMustBeDeleted", "AutoScalingGroupName must not be given")
	case in.VPCID != rec.vpc:
		return s.badPara("InvalidParameterValue.OnlyVpc", "the VPC %s is not that of the cluster, %s", in.VPCID, rec.vpc)
	case len(in.SubnetIDs) == 0:
		return s.badPara("InvalidParameterValue.SubnetIds", "SubnetIds must not be empty")
	case !slices.Contains([]string{"", "PRIORITY", spreadEqually}, in.MultiZoneSubnetPolicy):
		return s.badPara("InvalidParameterValue", "MultiZoneSubnetPolicy %q is not valid", in.MultiZoneSubnetPolicy)
	case !slices.Contains([]string{"", "IMMEDIATE_RETRY", "INCREMENTAL_INTERVALS", "NO_RETRY"}, in.RetryPolicy):
		return s.badPara("InvalidParameterValue", "RetryPolicy %q is not valid", in.RetryPolicy)
	case in.ServiceSettings != nil && !slices.Contains([]string{"", "CLASSIC_SCALING", "WAKE_UP_STOPPED_SCALING"}, in.ServiceSettings.ScalingMode):
		return s.badPara("InvalidParameterValue", "ScalingMode %q is not valid", in.ServiceSettings.ScalingMode)
	case len(in.Tags) > 0:
		return notSimulated("Tags of AutoScalingGroupPara")
	case in.ZonesCheckPolicy != "" && in.ZonesCheckPolicy != "ANY":
		return notSimulated("ZonesCheckPolicy %s", in.ZonesCheckPolicy)
	}
	if e := s.checkMixed(in); e != nil {
		return e
	}
	for i, id := range in.SubnetIDs {
		v, ok := s.here(c).subnet(id)
		switch {
		case !ok || v.VPC != rec.vpc:
			return s.badPara("InvalidParameterValue.InvalidSubnetId", "the subnet %s does not exist in the VPC %s", id, rec.vpc)
		case slices.Contains(in.SubnetIDs[:i], id):
			return s.badPara("InvalidParameterValue.DuplicatedSubnet", "the subnet %s is given twice", id)
		}
	}
	least, most := *in.MinSize, *in.MaxSize
	desired := valueOf(in.DesiredCapacity, least)
	switch {
	case most > maxNodes:
		return s.badPara("LimitExceeded.MaxSizeLimitExceeded", "MaxSize %d exceeds %d", most, maxNodes)
	case most < 1 || least > most:
		return s.badPara("InvalidParameterValue.Size", "MinSize %d must not be above MaxSize %d, which must be at least 1", least, most)
	case desired < least || desired > most:
		return s.badPara("InvalidParameterValue.AssertDesiredCapacityFailed", "DesiredCapacity %d must be between MinSize %d and MaxSize %d", desired, least, most)
	}
	plan.desired, plan.least, plan.most = int(desired), int(least), int(most)
	return nil
}

// maxSecurityGroups is how many a CVM may have.
const maxSecurityGroups = 5

// checkLaunch checks what machines nodes are.
func (s *Server) checkLaunch(c *call, in *launchPara) *apiError {
	if in.InstanceType == "" && len(in.InstanceTypes) > 0 {
		in.InstanceType = in.InstanceTypes[0]
	}
	if len(in.InstanceTypes) == 0 {
		in.InstanceTypes = []string{in.InstanceType}
	}
	switch n := len(in.SecurityGroupIDs); {
	case in.ImageID != "":
		return s.badPara("InvalidParameter.ParameterMustBeDeleted", "ImageId must not be given")
	case in.InstanceType == "":
		return s.badPara("MissingParameter", "InstanceType is missing")
	case n == 0 || n > maxSecurityGroups:
		return s.badPara("InvalidParameterValue.InvalidSecurityGroupId", "1 to %d security groups must be given, got %d", maxSecurityGroups, n)
	case len(in.DataDisks) > 0:
		return notSimulated("DataDisks of LaunchConfigurePara")
	case in.InternetAccessible != nil && in.InternetAccessible.PublicIPAssigned && in.InternetAccessible.InternetMaxBandwidthOut == 0:
		return s.badPara("InvalidParameterValue.CvmError", "PublicIpAssigned needs an InternetMaxBandwidthOut above 0")
	}
	for _, name := range in.InstanceTypes {
		if _, ok := s.resources.instanceType(name); !ok {
			return s.badPara("InvalidParameterValue.InvalidInstanceType", "the instance type %s is not supported", name)
		}
	}
	for _, id := range in.SecurityGroupIDs {
		if _, ok := s.here(c).securityGroup(id); !ok {
			return s.badPara("InvalidParameterValue.InvalidSecurityGroupId", "the security group %s does not exist", id)
		}
	}
	if e := s.checkCharge(in); e != nil {
		return e
	}
	return s.checkDiskAndLogin(c, in)
}

func (s *Server) checkDiskAndLogin(c *call, in *launchPara) *apiError {
	if in.SystemDisk == nil {
		in.SystemDisk = &systemDiskRequest{}
	}
	if in.SystemDisk.DiskType == "" {
		in.SystemDisk.DiskType = "CLOUD_PREMIUM"
	}
	if in.SystemDisk.DiskSize == 0 {
		in.SystemDisk.DiskSize = 50
	}
	if disk := in.SystemDisk; !slices.Contains(diskTable, disk.DiskType) || disk.DiskSize < 20 || disk.DiskSize > 2048 {
		return s.badPara("InvalidParameterValue.CvmConfigurationError", "a system disk of the type %q and the size %d is not valid", disk.DiskType, disk.DiskSize)
	}
	login := in.LoginSettings
	switch {
	case login == nil:
		in.LoginSettings = &loginSettings{} // a password goes to the owner by mail
		return nil
	case len(login.KeyIDs) > 1, len(login.KeyIDs) > 0 && login.Password != "":
		return s.badPara("InvalidParameterValue.CvmConfigurationError", "LoginSettings must have one key or a password")
	case strings.ContainsAny(login.Password, " "):
		return s.badPara("InvalidParameterValue.CvmConfigurationError", "the password is not valid")
	}
	for _, id := range login.KeyIDs {
		if _, ok := s.here(c).keyPair(id); !ok {
			return s.badPara("InvalidParameterValue.CvmConfigurationError", "InvalidKeyPairId.NotFound: the key pair %s does not exist", id)
		}
	}
	return nil
}

func (s *Server) checkPoolQuota(rec *clusterRecord) *apiError {
	if limit := s.resources.Quota.NodePools; limit > 0 && len(rec.live.Groups) >= limit {
		return fail("LimitExceeded", "the quota of %d node pools is used up", limit)
	}
	return nil
}
