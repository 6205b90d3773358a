// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	asgtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks"
)

// FuzzConvert converts whatever EKS may answer: no panic, only the five words, a
// reason for every Inactive one, and never Active for a word nobody knows.
func FuzzConvert(f *testing.F) {
	for _, s := range types.ClusterStatus("").Values() {
		f.Add(string(s), string(types.NodegroupStatusActive), "1.33", "on", "asg-1", true)
	}
	for _, s := range types.NodegroupStatus("").Values() {
		f.Add("ACTIVE", string(s), "", "off", "", false)
	}
	f.Fuzz(func(t *testing.T, clusterWord, groupWord, version, auto, asg string, nils bool) {
		c := &types.Cluster{Status: types.ClusterStatus(clusterWord), Version: &version, Tags: map[string]string{tagAutoScaling: auto, version: auto}}
		n := &types.Nodegroup{Status: types.NodegroupStatus(groupWord), Version: &version, InstanceTypes: []string{version},
			Tags: map[string]string{tagAutoScaling: auto}, Resources: &types.NodegroupResources{AutoScalingGroups: []types.AutoScalingGroup{{Name: &asg}, {}}}}
		groups := []asgtypes.AutoScalingGroup{{AutoScalingGroupName: &asg, Instances: []asgtypes.Instance{{InstanceId: aws.String(asg)}, {}}}}
		if nils {
			c, n, groups = &types.Cluster{Status: c.Status}, &types.Nodegroup{Status: n.Status}, nil
		}
		info, group := clusterInfo(c), nodegroupInfo(n, groups, nil)
		if !info.Status.Valid() || info.Status == pmks.ClusterInactive && info.StatusReason == "" ||
			info.Status == pmks.ClusterActive && clusterWord != "ACTIVE" {
			t.Errorf("%q became %s (%q)", clusterWord, info.Status, info.StatusReason)
		}
		if !group.Status.Valid() || group.Status == pmks.NodeGroupInactive && group.StatusReason == "" ||
			group.Status == pmks.NodeGroupActive && groupWord != "ACTIVE" {
			t.Errorf("%q became %s (%q)", groupWord, group.Status, group.StatusReason)
		}
	})
}

// FuzzNames: what is taken for a name of EKS can stand in a URL.
func FuzzNames(f *testing.F) {
	for _, s := range []string{"demo", "arn:aws:eks:us-east-2:123456789012:cluster/demo", "../x", "a/b", "", "クラスタ", "arn:x:cluster/"} {
		f.Add(s)
	}
	f.Add("arn:aws:eks:us-east-2:123456789012:nodegroup/demo/workers/9ec7-11")
	h := &Handler{cfg: &Config{}, api: &clients{region: "us-east-2"}}
	f.Fuzz(func(t *testing.T, s string) {
		for _, ref := range []pmks.IID{{NameId: s}, {SystemId: s}} {
			if c, err := h.clusterTarget(ref); err == nil && !namePattern.MatchString(c.cluster) {
				t.Errorf("%q became %q", s, c.cluster)
			}
			if n, err := h.nodegroupTarget(pmks.IID{NameId: "demo"}, ref); err == nil && !namePattern.MatchString(n.nodegroup) {
				t.Errorf("%q became %q", s, n.nodegroup)
			}
		}
	})
}

// FuzzParseImage and the disk types with it: no panic, and one choice at most.
func FuzzParseImage(f *testing.F) {
	for _, s := range []string{"", "default", "AL2023_x86_64_STANDARD", "lt-0123456789abcdef0:3", "ami-1", "CUSTOM", "SSD(gp2)", "gp3", "("} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		choice, err := parseImage(pmks.IID{NameId: s})
		chosen := 0
		for _, yes := range []bool{choice.isDefault, choice.amiType != "", choice.template != ""} {
			if yes {
				chosen++
			}
		}
		if err == nil && chosen != 1 || err != nil && chosen != 0 {
			t.Errorf("%q became %+v, %v", s, choice, err)
		}
		if kind, err := parseDiskType(s); err != nil && kind != "" {
			t.Errorf("%q became %q, %v", s, kind, err)
		}
	})
}
