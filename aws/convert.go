// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	asgtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/refuse"
)

// Tags that pmks keeps on EKS resources. '#' is not among the characters that AWS
// calls generally allowed, so the spec's form is read but never written.
const (
	tagPrefix      = "cb-spider:pmks:"
	tagAutoScaling = tagPrefix + "autoscaling" // on | off
	tagRequest     = tagPrefix + "request"     // token of the create request
	tagKeyPair     = tagPrefix + "keypair"
	tagDiskType    = tagPrefix + "disktype"
	tagDiskSize    = tagPrefix + "disksize"
	tagImage       = tagPrefix + "image"
	tagZones       = tagPrefix + "zones" // with spaces
	tagCluster     = tagPrefix + "cluster"
	tagNodegroup   = tagPrefix + "nodegroup"

	specTagPrefix = "#CB-SPIDER:PMKS:"
)

// The keys by which the cluster autoscaler finds an Auto Scaling group; their
// values do not matter to it (Cluster Autoscaler on AWS, auto-discovery setup).
const (
	discoveryKey       = "k8s.io/cluster-autoscaler/enabled"
	discoveryKeyPrefix = "k8s.io/cluster-autoscaler/"
)

var (
	namePattern = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_-]*$`)
	rolePattern = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)
	roleARN     = regexp.MustCompile(`^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+$`)
)

func isRoleARN(s string) bool { return roleARN.MatchString(s) }

func iid(name string) pmks.IID { return pmks.IID{NameId: name, SystemId: name} }

// clusterInfo converts a cluster, without node groups and access.
func clusterInfo(c *types.Cluster) pmks.ClusterInfo {
	info := pmks.ClusterInfo{
		IId:     iid(aws.ToString(c.Name)),
		Version: aws.ToString(c.Version),
	}
	m := clusterMeaning(c)
	info.Status, info.StatusReason, info.StatusFinal = m.Status, m.Reason, m.Final
	if c.CreatedAt != nil {
		info.CreatedTime = *c.CreatedAt
	}
	facts := newFacts(string(c.Status))
	facts.add("Arn", aws.ToString(c.Arn))
	facts.add("PlatformVersion", aws.ToString(c.PlatformVersion))
	facts.add("RoleArn", aws.ToString(c.RoleArn))
	if v := c.ResourcesVpcConfig; v != nil {
		info.Network.VpcIID = iid(aws.ToString(v.VpcId))
		info.Network.SubnetIIDs = iids(v.SubnetIds)
		info.Network.SecurityGroupIIDs = iids(v.SecurityGroupIds)
		facts.add("ClusterSecurityGroup", aws.ToString(v.ClusterSecurityGroupId))
		facts.add("EndpointPublicAccess", strconv.FormatBool(v.EndpointPublicAccess))
		facts.add("EndpointPrivateAccess", strconv.FormatBool(v.EndpointPrivateAccess))
	}
	if c.ComputeConfig != nil && aws.ToBool(c.ComputeConfig.Enabled) {
		facts.add("AutoMode", "true")
	}
	if aws.ToBool(c.DeletionProtection) {
		facts.add("DeletionProtection", "true")
	}
	info.KeyValueList = facts
	info.TagList = userTags(c.Tags)
	info.Access = accessOf(c)
	return info
}

// unreadNodegroup is a node group of which the name is all that could be read.
func unreadNodegroup(name string, err error) pmks.NodeGroupInfo {
	info := pmks.NodeGroupInfo{IId: iid(name), Status: pmks.NodeGroupInactive}
	if err != nil {
		info.StatusReason = "the node group could not be read: " + err.Error()
	}
	unread(&info.KeyValueList, err, "Status", "Version", "ImageIID", "VMSpecName", "RootDiskType", "RootDiskSize", "KeyPairIID",
		"OnAutoScaling", "DesiredNodeSize", "MinNodeSize", "MaxNodeSize", "Nodes", "Labels", "Taints", "Spot", "Zones")
	return info
}

// unread names facts that could not be read, if err says so.
func unread(list *[]pmks.KeyValue, err error, names ...string) {
	if err == nil {
		return
	}
	for i, name := range names {
		names[i] = name + "(" + pmks.CodeOf(err).String() + ")"
	}
	value := strings.Join(names, ",")
	for i, kv := range *list {
		if kv.Key == pmks.KeyUnread {
			(*list)[i].Value += "," + value
			return
		}
	}
	*list = append(*list, pmks.KeyValue{Key: pmks.KeyUnread, Value: value})
}

// nodegroupInfo converts a node group. Its Auto Scaling groups tell the nodes and
// whether the autoscaler finds it; none while it is being made, and groupsErr where
// they could not be read.
func nodegroupInfo(n *types.Nodegroup, groups []asgtypes.AutoScalingGroup, groupsErr error) pmks.NodeGroupInfo {
	info := pmks.NodeGroupInfo{
		IId:           iid(aws.ToString(n.NodegroupName)),
		ImageIID:      image(n),
		RootDiskType:  n.Tags[tagDiskType],
		RootDiskSize:  n.Tags[tagDiskSize],
		KeyPairIID:    keyPair(n),
		OnAutoScaling: autoScaling(n, groups) && (groupsErr == nil || recorded(n)),
		Version:       aws.ToString(n.Version),
		Nodes:         nodes(groups),
	}
	if len(n.InstanceTypes) > 0 {
		info.VMSpecName = n.InstanceTypes[0]
	}
	if n.DiskSize != nil {
		info.RootDiskSize = strconv.Itoa(int(*n.DiskSize))
	}
	if s := n.ScalingConfig; s != nil {
		info.DesiredNodeSize = int(aws.ToInt32(s.DesiredSize))
		info.MinNodeSize = int(aws.ToInt32(s.MinSize))
		info.MaxNodeSize = int(aws.ToInt32(s.MaxSize))
	}
	m := nodegroupMeaning(n)
	info.Status, info.StatusReason, info.StatusFinal = m.NodeGroupStatus(), m.Reason, m.Final
	facts := newFacts(string(n.Status))
	facts.add("NodegroupArn", aws.ToString(n.NodegroupArn))
	facts.add("ReleaseVersion", aws.ToString(n.ReleaseVersion))
	facts.add("AmiType", string(n.AmiType))
	facts.add("CapacityType", string(n.CapacityType))
	if len(n.InstanceTypes) > 1 {
		facts.add("InstanceTypes", strings.Join(n.InstanceTypes, ","))
	}
	for _, name := range groupNames(n) {
		facts.add("AutoScalingGroup", name)
	}
	if n.LaunchTemplate != nil {
		facts.add("LaunchTemplate", cmp.Or(aws.ToString(n.LaunchTemplate.Id), aws.ToString(n.LaunchTemplate.Name)))
	}
	if n.Tags[tagAutoScaling] == "off" && discoverable(groups) {
		facts.add("AutoScalingPending", "the Auto Scaling group still has the discovery tags: call SetNodeGroupAutoScaling(false) again")
	}
	info.KeyValueList = facts
	showNodes(&info, n, groups, groupsErr)
	unread(&info.KeyValueList, groupsErr, "Nodes")
	if !recorded(n) {
		unread(&info.KeyValueList, groupsErr, "OnAutoScaling")
	}
	return info
}

// recorded reports whether the group itself says if it is open to the autoscaler.
func recorded(n *types.Nodegroup) bool {
	return n.Tags[tagAutoScaling] == "on" || n.Tags[tagAutoScaling] == "off"
}

// image is what the user asked for where that is recorded, else the AMI type.
func image(n *types.Nodegroup) pmks.IID {
	if asked := n.Tags[tagImage]; asked != "" {
		return iid(asked)
	}
	return iid(string(n.AmiType))
}

func keyPair(n *types.Nodegroup) pmks.IID {
	name := n.Tags[tagKeyPair]
	if n.RemoteAccess != nil {
		name = cmp.Or(aws.ToString(n.RemoteAccess.Ec2SshKey), name)
	}
	return iid(name)
}

// autoScaling is the recorded wish, else what the Auto Scaling groups say. While
// they do not exist yet, EKS is about to tag them: on.
func autoScaling(n *types.Nodegroup, groups []asgtypes.AutoScalingGroup) bool {
	switch n.Tags[tagAutoScaling] {
	case "on":
		return true
	case "off":
		return false
	}
	return len(groups) == 0 || discoverable(groups)
}

func discoverable(groups []asgtypes.AutoScalingGroup) bool {
	for i := range groups { // the structs are large
		for _, tag := range groups[i].Tags {
			if aws.ToString(tag.Key) == discoveryKey {
				return true
			}
		}
	}
	return false
}

// nodes lists the instances of all groups, sorted. Instances that are being
// terminated still exist; pre-warmed and detached ones are not nodes.
func nodes(groups []asgtypes.AutoScalingGroup) []pmks.IID {
	var ids []string
	for k := range groups {
		for i := range groups[k].Instances { // the structs are large
			instance := &groups[k].Instances[i]
			state := string(instance.LifecycleState)
			if state == "Terminated" || state == "Detached" || strings.HasPrefix(state, "Warmed:") {
				continue
			}
			ids = append(ids, aws.ToString(instance.InstanceId))
		}
	}
	if ids == nil {
		return nil
	}
	slices.Sort(ids)
	list := make([]pmks.IID, len(ids))
	for i, id := range ids {
		list[i] = iid(id)
	}
	return list
}

func groupNames(n *types.Nodegroup) []string {
	if n == nil || n.Resources == nil {
		return nil
	}
	var names []string
	for _, g := range n.Resources.AutoScalingGroups {
		if name := aws.ToString(g.Name); name != "" {
			names = append(names, name)
		}
	}
	return names
}

func iids(ids []string) []pmks.IID {
	var list []pmks.IID
	for _, id := range ids {
		if id != "" {
			list = append(list, iid(id))
		}
	}
	return list
}

// facts is a KeyValueList under construction; empty values are left out.
type facts []pmks.KeyValue

// newFacts begins with the vendor's own word for the status. There is room for
// what a healthy resource has to say.
func newFacts(status string) facts {
	return append(make(facts, 0, 8), pmks.KeyValue{Key: pmks.KeyNativeStatus, Value: status})
}

func (f *facts) add(key, value string) {
	if value != "" {
		*f = append(*f, pmks.KeyValue{Key: key, Value: value})
	}
}

// minor turns a portable version into the form of EKS, which knows minors only.
// "" stands for the default of EKS.
func minor(version string) (string, error) {
	if kver.IsDefault(version) {
		return "", nil
	}
	v, err := kver.Parse(version)
	if err != nil {
		return "", refuse.Invalid("Version", "%q is not a Kubernetes version such as 1.33", version)
	}
	return v.MinorString(), nil
}
