// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/pmks-go/pmks/internal/kver"
)

// Types of images.
const (
	imageDefault      = "AliyunLinux3ContainerOptimized"
	imageContainerOS  = "ContainerOS"
	imageARM          = "AliyunLinux3Arm64"
	imageAliyunLinux3 = "AliyunLinux3"
)

// imageTypes are those that there are.
var imageTypes = []string{
	"AliyunLinux", "AliyunLinuxSecurity", imageAliyunLinux3, imageARM, "AliyunLinux3Security", imageDefault, "AliyunLinux4ContainerOptimized",
	"CentOS", imageContainerOS, "Custom", "Ubuntu", "Windows", "WindowsCore",
}

// Bounds of sizes.
const (
	maxInstances = 2000
	maxTypes     = 10
)

// poolPlan is a checked request with its defaults filled in.
type poolPlan struct {
	spec                 scalingGroupObject
	desired, least, most int
	auto                 bool
	autoKind             string
	// unsized: no size was asked for.
	unsized bool
}

// planPool checks a request for a node pool.
func (s *Server) planPool(rec *clusterRecord, in *createPoolRequest) (plan poolPlan, e *apiError) {
	switch {
	case in.NodepoolInfo == nil || in.NodepoolInfo.Name == "":
		return plan, missing("nodepool_info.name")
	case in.ScalingGroup == nil:
		return plan, missing("scaling_group")
	case !namePattern.MatchString(in.NodepoolInfo.Name):
		return plan, invalid("NodePoolName", "the name %q must be 1 to 63 characters, letters, digits and hyphens, and not begin with a hyphen", in.NodepoolInfo.Name)
	case in.NodepoolInfo.Type != "" && in.NodepoolInfo.Type != "ess":
		return plan, notSimulated("node pools of type %s", in.NodepoolInfo.Type)
	case in.InterconnectMode != "" && in.InterconnectMode != "basic", in.TEEConfig != nil && in.TEEConfig.TEEEnable, len(in.NodeComponents) > 0:
		return plan, notSimulated("interconnect_mode, tee_config and node_components")
	}
	if s.assumptions.UniquePoolNames {
		for _, g := range rec.live.Groups {
			if rec.pools[g.ID].name == in.NodepoolInfo.Name {
				return plan, fail(http.StatusBadRequest, "NodePoolNameAlreadyExist", "The name %s is taken", in.NodepoolInfo.Name)
			}
		}
	}
	if limit := s.resources.Quota.NodePools; limit > 0 && len(rec.live.Groups) >= limit {
		return plan, fail(http.StatusBadRequest, "QuotaExceeded.NodePool", "The quota of %d node pools is used up", limit)
	}
	plan.spec = in.ScalingGroup.scalingGroupObject
	for _, check := range []func() *apiError{
		func() *apiError { return s.checkScalingGroup(rec, in.ScalingGroup) },
		func() *apiError { return s.checkManagement(rec, in.Management) },
		func() *apiError { return s.checkKubernetes(in.KubernetesConfig) },
		func() *apiError { return s.planSecurityGroups(rec, &plan.spec) },
		func() *apiError { return s.planImage(rec, &plan.spec) },
		func() *apiError { return s.planDisk(&plan.spec) },
		func() *apiError { return s.checkLogin(&plan.spec) },
		func() *apiError { return s.planSize(rec, in, &plan) },
	} {
		if e := check(); e != nil {
			return plan, e
		}
	}
	plan.spec.MultiAZPolicy = cmp.Or(plan.spec.MultiAZPolicy, "PRIORITY")
	plan.spec.InstanceChargeType = cmp.Or(plan.spec.InstanceChargeType, "PostPaid")
	plan.spec.SpotStrategy = cmp.Or(plan.spec.SpotStrategy, spotNone)
	return plan, nil
}

// checkScalingGroup checks where nodes are and what machines they are.
func (s *Server) checkScalingGroup(rec *clusterRecord, in *scalingGroupRequest) *apiError {
	if e := in.checkLists(); e != nil {
		return e
	}
	switch n := len(in.VSwitchIDs); {
	case n == 0:
		return missing("scaling_group.vswitch_ids")
	case n > s.assumptions.MaxVSwitches:
		return invalid("VSwitchIds", "at most %d vSwitches may be given, got %d", s.assumptions.MaxVSwitches, n)
	case len(in.InstanceTypes) == 0:
		return missing("scaling_group.instance_types")
	case len(in.InstanceTypes) > maxTypes:
		return invalid("InstanceTypes", "at most %d instance types may be given, got %d", maxTypes, len(in.InstanceTypes))
	case in.InstanceChargeType != "" && in.InstanceChargeType != "PostPaid":
		return notSimulated("instance_charge_type %s", in.InstanceChargeType)
	case in.MultiAZPolicy != "" && !slices.Contains([]string{"BALANCE", "COST_OPTIMIZED", "PRIORITY"}, in.MultiAZPolicy):
		return invalid("MultiAzPolicy", "multi_az_policy %q is not valid", in.MultiAZPolicy)
	}
	if e := checkSpot(&in.scalingGroupObject); e != nil {
		return e
	}
	if e := s.checkVSwitches(in.VSwitchIDs, rec.vpc); e != nil {
		return e
	}
	for _, name := range in.InstanceTypes {
		if e := s.checkInstanceType(name); e != nil {
			return e
		}
	}
	for _, d := range in.DataDisks {
		if !slices.Contains(diskTable, d.Category) || d.Size < 40 || d.Size > 32768 {
			return invalid("DataDisks", "a data disk of category %q and size %d is not valid", d.Category, d.Size)
		}
	}
	return checkTags(in.Tags, true)
}

// checkLists refuses lists that are not simulated, which clients send empty.
func (in *scalingGroupRequest) checkLists() *apiError {
	if len(in.DiskInit) > 0 || len(in.InstancePatterns) > 0 {
		return notSimulated("disk_init and instance_patterns")
	}
	return nil
}

func (s *Server) checkInstanceType(name string) *apiError {
	kind, ok := s.resources.instanceType(name)
	switch {
	case !ok:
		return fail(http.StatusBadRequest, "InvalidInstanceType.ValueNotSupported", "The instance type %s does not exist", name)
	case kind.VCPUs < 2 || kind.MemoryGiB < 4:
		return fail(http.StatusBadRequest, "InvalidInstanceType.NotSupported", "The instance type %s is too small for a node", name)
	case kind.NoStock:
		return fail(http.StatusBadRequest, "RecommendEmpty.InstanceTypeNoStock", "The instance type %s is out of stock in the zones", name)
	}
	return nil
}

// checkManagement: repair needs an add-on that is not there by itself.
func (s *Server) checkManagement(rec *clusterRecord, in *managementObject) *apiError {
	if in == nil || !in.Enable || rec.addon("ack-node-problem-detector") != nil {
		return nil
	}
	return invalid("Management", "management.enable needs the addon ack-node-problem-detector, which is not installed")
}

func (s *Server) planSecurityGroups(rec *clusterRecord, spec *scalingGroupObject) *apiError {
	if len(spec.SecurityGroupIDs) == 0 {
		spec.SecurityGroupIDs = []string{cmp.Or(spec.SecurityGroupID, rec.securityGroup)}
	}
	for _, id := range spec.SecurityGroupIDs {
		group, ok := s.resources.securityGroup(id)
		if !ok || group.VPC != rec.vpc {
			return fail(http.StatusBadRequest, "InvalidSecurityGroupId.NotFound", "The security group %s does not exist in the VPC %s", id, rec.vpc)
		}
	}
	spec.SecurityGroupID = spec.SecurityGroupIDs[0]
	return nil
}

// planImage chooses the image and checks it against the version and the machines.
func (s *Server) planImage(rec *clusterRecord, spec *scalingGroupObject) *apiError {
	if spec.ImageID != "" {
		switch {
		case spec.ImageType != "":
			return invalid("ImageId", "image_id and image_type exclude each other")
		case !slices.Contains(s.resources.Images, spec.ImageID):
			return fail(http.StatusBadRequest, "InvalidImageId.NotFound", "The image %s does not exist", spec.ImageID)
		}
		spec.Platform = cmp.Or(spec.Platform, "AliyunLinux")
		return nil
	}
	spec.ImageType = cmp.Or(spec.ImageType, imageDefault)
	since, _ := kver.Parse("1.30")
	version, err := kver.Parse(rec.live.Version)
	switch {
	case !slices.Contains(imageTypes, spec.ImageType):
		return invalid("ImageType", "image_type %q is not valid", spec.ImageType)
	case spec.ImageType == imageAliyunLinux3 && err == nil && version.Compare(since) >= 0:
		return fail(http.StatusBadRequest, "InvalidImageId.NotFound", "no image of %s supports cgroup v2, which the version %s needs", spec.ImageType, rec.live.Version)
	case spec.ImageType == imageContainerOS && spec.KeyPair == "":
		return invalid("KeyPair", "ContainerOS needs a key_pair")
	case strings.HasPrefix(spec.ImageType, "Windows") || spec.ImageType == "Custom":
		return notSimulated("image_type %s", spec.ImageType)
	}
	for _, name := range spec.InstanceTypes {
		if kind, _ := s.resources.instanceType(name); kind.ARM != (spec.ImageType == imageARM) {
			return invalid("ImageType", "image_type %s does not run on the instance type %s", spec.ImageType, name)
		}
	}
	return nil
}

// planDisk chooses the system disk.
func (s *Server) planDisk(spec *scalingGroupObject) *apiError {
	for _, category := range spec.SystemDiskCategories {
		if !slices.Contains(diskTable, category) {
			return invalid("SystemDiskCategory", "system_disk_categories has %q, which is not valid", category)
		}
	}
	category := spec.SystemDiskCategory
	if category == "" && len(spec.SystemDiskCategories) > 0 {
		category = spec.SystemDiskCategories[0]
	} else if category == "" {
		category = "cloud_efficiency"
		spec.SystemDiskCategory = category
	}
	if !slices.Contains(diskTable, category) {
		return invalid("SystemDiskCategory", "system_disk_category %q is not valid", category)
	}
	for _, name := range spec.InstanceTypes {
		if kind, _ := s.resources.instanceType(name); !slices.Contains(kind.Disks, category) {
			return fail(http.StatusBadRequest, "InvalidSystemDiskCategory.ValueNotSupported", "The instance type %s does not support system disks of %s", name, category)
		}
	}
	least := 40
	if s.assumptions.SmallSystemDisks {
		least = 20
	}
	spec.SystemDiskSize = cmp.Or(spec.SystemDiskSize, 40)
	if spec.SystemDiskSize < least || spec.SystemDiskSize > s.assumptions.MaxSystemDisk {
		return invalid("SystemDiskSize", "system_disk_size must be from %d to %d, got %d", least, s.assumptions.MaxSystemDisk, spec.SystemDiskSize)
	}
	return nil
}

// checkLogin checks how one gets into the nodes.
func (s *Server) checkLogin(spec *scalingGroupObject) *apiError {
	switch {
	case spec.KeyPair == "" && spec.LoginPassword == "" && !s.assumptions.LoginOptional:
		return missing("scaling_group.key_pair")
	case spec.KeyPair != "" && spec.LoginPassword != "":
		return invalid("KeyPair", "key_pair and login_password exclude each other")
	case spec.LoginPassword != "" && (len(spec.LoginPassword) < 8 || len(spec.LoginPassword) > 30):
		return invalid("LoginPassword", "login_password must have 8 to 30 characters")
	case spec.KeyPair != "" && !slices.Contains(s.resources.KeyPairs, spec.KeyPair):
		return fail(http.StatusBadRequest, "InvalidKeyPairName.NotFound", "The key pair %s does not exist", spec.KeyPair)
	}
	return nil
}

// planSize reads the sizes of a new node pool.
func (s *Server) planSize(rec *clusterRecord, in *createPoolRequest, plan *poolPlan) *apiError {
	desired := in.ScalingGroup.DesiredSize
	if desired != nil && in.Count != nil {
		return invalid("DesiredSize", "desired_size and count exclude each other")
	}
	if desired == nil {
		desired = in.Count
	}
	auto := in.AutoScaling
	if auto != nil {
		plan.autoKind = cmp.Or(auto.Type, plan.spec.scalingType())
		if e := cmp.Or(checkBounds(auto), s.checkScalingType(&plan.spec, plan.autoKind)); e != nil {
			return e
		}
	}
	if plan.auto = auto.on(); plan.auto {
		if desired != nil {
			return desiredWhileAuto()
		}
		plan.least, plan.most = *auto.MinInstances, *auto.MaxInstances
		plan.desired = plan.least
		return s.checkNodes(rec, plan.most, plan.most)
	}
	plan.unsized = desired == nil
	if desired != nil {
		plan.desired = *desired
	}
	if plan.desired < 0 {
		return invalid("DesiredSize", "desired_size must not be negative")
	}
	return s.checkNodes(rec, plan.desired, plan.desired)
}

func (a *autoScalingObject) on() bool { return a != nil && a.Enable != nil && *a.Enable }

// checkBounds checks an auto_scaling that is sent, which is sent whole.
func checkBounds(a *autoScalingObject) *apiError {
	if !slices.Contains([]string{"", "cpu", "gpu", "gpushare", "spot"}, a.Type) {
		return invalid("AutoScaling", "auto_scaling.type %q is not valid", a.Type)
	}
	if !a.on() {
		return nil
	}
	switch {
	case a.MinInstances == nil || a.MaxInstances == nil:
		return missing("auto_scaling.min_instances")
	case *a.MinInstances < 0 || *a.MaxInstances < 1 || *a.MinInstances > *a.MaxInstances || *a.MaxInstances > maxInstances:
		return invalid("AutoScaling", "min_instances %d and max_instances %d must be 0 to %d, and the one not above the other", *a.MinInstances, *a.MaxInstances, maxInstances)
	}
	return nil
}

// desiredWhileAuto refuses a size for a node pool that is autoscaled.
func desiredWhileAuto() *apiError {
	return fail(http.StatusBadRequest, "InvalidDesiredSizeOrCount.NotNull", "desired_size or count must be null when auto scaling is enabled")
}

// checkNodes checks what more nodes want: quotas, and a role for their hooks.
func (s *Server) checkNodes(rec *clusterRecord, size, most int) *apiError {
	if limit := s.resources.Quota.Nodes; limit > 0 && most > limit {
		return fail(http.StatusBadRequest, "QuotaExceeded.Node", "The quota of %d nodes of the cluster %s is not enough for %d", limit, rec.id, most)
	}
	if size > 0 && !slices.Contains(s.resources.Roles, roleHook) {
		return roleMissing("MissingAuth."+roleHook, roleHook)
	}
	return nil
}
