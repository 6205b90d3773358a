// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_Force: clusters in every state, with the reason in a task.
func TestServer_Force(t *testing.T) {
	t.Parallel()
	for state, want := range map[profile.State]string{
		profile.Active: "Running", profile.Creating: "Creating", profile.Updating: "Upgrading", profile.Deleting: "Deleting",
		profile.CreateFailed: "Abnormal cluster_create aborted Broken: x", profile.UpdateFailed: "Abnormal cluster_create aborted Broken: x",
		profile.DeleteFailed: "Abnormal cluster_delete aborted Broken: x", profile.Degraded: "Abnormal", profile.Stopped: "Idling cluster_create aborted Broken: x",
		profile.Gone: "",
	} {
		w := newWorld(t, func(o *Options) { o.Assumptions.CreationTasks = true })
		wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: seedGroups("ng1")}))
		id, _ := w.seeded("a", 0)
		wiretest.Must(t, w.Force("a", "", state, "Broken: x"))
		if got := strings.TrimSpace(w.state(id) + " " + w.task(id, taskUpgrade, taskCreate, taskDelete)); got != want {
			t.Errorf("%s: got %q, want %q", state, got, want)
		}
	}
}

// TestServer_Force_pool: a node pool that failed is normal, with too few nodes and the reason
// in its activities, and any change mends it.
func TestServer_Force_pool(t *testing.T) {
	t.Parallel()
	for state, want := range map[profile.State]string{
		profile.Active:       "normal 2 of 2",
		profile.Creating:     "creating 2 of 2",
		profile.Updating:     "updating 2 of 2",
		profile.Deleting:     "deleting 2 of 2",
		profile.CreateFailed: "normal 0 of 0 SCALE_OUT FAILED Broken: x",
		profile.UpdateFailed: "normal 1 of 1 SCALE_OUT FAILED Broken: x",
		profile.DeleteFailed: "normal 2 of 2 SCALE_IN FAILED Broken: x",
		profile.Degraded:     "normal 1 of 1 SCALE_OUT FAILED Broken: x",
		profile.Gone:         "gone",
	} {
		w := newWorld(t)
		wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: seedGroups("ng1")}))
		id, pool := w.seeded("a", 0)
		wiretest.Must(t, w.Force("a", "ng1", state, "Broken: x"))
		got := w.poolState(id, pool)
		if got != "gone" {
			word, _, _ := strings.Cut(got, " ")
			_, nodes, _ := strings.Cut(got, "normal ")
			_, last, found := strings.Cut(nodes, " normal ")
			if found {
				nodes = last
			}
			got = strings.TrimSpace(word + " " + nodes + " " + w.activity(id, pool))
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", state, got, want)
		}
		if state != profile.CreateFailed {
			continue
		}
		wiretest.Must(t, w.Force("a", "ng1", profile.Active, ""))
		if got := w.poolState(id, pool); got != "normal disabled 1/2/5 joining 0 initializing 0 normal 2 of 2" {
			t.Errorf("mended: %s", got)
		}
	}
}

// TestServer_Put: a ready-made cluster is what it is told to be.
func TestServer_Put(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	iids := func(ids ...string) (list []pmks.IID) {
		for _, id := range ids {
			list = append(list, pmks.IID{SystemId: id})
		}
		return list
	}
	wiretest.Must(t, w.Put(core.Seed{
		Name: "a", Version: "1.28.3", Protected: true, Tags: map[string]string{"env": "test"},
		Network: pmks.NetworkInfo{VpcIID: pmks.IID{SystemId: "vpc-q1c6fr9e"}, SubnetIIDs: iids("subnet-5k2m7p3w", "subnet-0j9f4h6q"), SecurityGroupIIDs: iids("sg-7b2xq9vd", "sg-46eef229")},
		Attr:    map[string]string{AttrPrivate: "yes", AttrDescription: "#CB-SPIDER:PMKS:SECURITYGROUP:sg-01", AttrCIDRs: "172.16.0.0/16,172.17.0.0/20", AttrTags + "ng1": "a=b,c=d"},
		Groups: []pmks.NodeGroupInfo{{
			IId: pmks.IID{NameId: "ng1"}, Version: "1.26.1", ImageIID: pmks.IID{SystemId: "ubuntu22.04x86_64"}, VMSpecName: "S5.LARGE8", RootDiskType: "CLOUD_SSD", RootDiskSize: "100",
			KeyPairIID: pmks.IID{SystemId: "skey-9w4r2t6z"}, OnAutoScaling: true, DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 4,
		}},
	}))
	id, pool := w.seeded("a", 0)
	cluster := w.tke("DescribeClusters", object{"ClusterIds": []any{id}})
	group, config := w.pool(id, pool), w.call("as", "DescribeLaunchConfigurations", object{})
	asg := w.call("as", "DescribeAutoScalingGroups", object{})
	able := w.tke("CheckInstancesUpgradeAble", object{"ClusterId": id})
	got := fmt.Sprint(cluster.text("Clusters", 0, "ClusterVersion"), " ", cluster.text("Clusters", 0, "ClusterDescription"), " ", cluster.get("Clusters", 0, "DeletionProtection"), " ",
		cluster.text("Clusters", 0, "ClusterNetworkSettings", "ServiceCIDR"), " ", cluster.number("Clusters", 0, "ClusterNodeNum"), "; ",
		group.text("NodePoolOs"), " ", group.text("AutoscalingGroupStatus"), " ", group.text("Tags", 1, "Key"), "; ",
		config.text("LaunchConfigurationSet", 0, "InstanceType"), " ", config.get("LaunchConfigurationSet", 0, "SystemDisk"), " ", config.get("LaunchConfigurationSet", 0, "LoginSettings", "KeyIds"), " ",
		config.get("LaunchConfigurationSet", 0, "SecurityGroupIds"), "; ", asg.get("AutoScalingGroupSet", 0, "SubnetIdSet"), " ", asg.text("AutoScalingGroupSet", 0, "EnabledStatus"), "; ",
		able.number("Total"), " at ", able.text("UpgradeAbleInstances", 0, "Version"), "; ", strings.Fields(w.endpoint(id, false))[0], " ", w.endpoint(id, true))
	want := "1.28.3 #CB-SPIDER:PMKS:SECURITYGROUP:sg-01 true 172.17.0.0/20 2; ubuntu22.04x86_64 enabled c; S5.LARGE8 map[DiskSize:100 DiskType:CLOUD_SSD] [skey-9w4r2t6z] " +
		"[sg-7b2xq9vd sg-46eef229]; [subnet-5k2m7p3w subnet-0j9f4h6q] ENABLED; 2 at 1.26.1; Created NotFound"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if err := w.Put(core.Seed{}); err == nil {
		t.Error("a cluster without a name is there")
	}
}

// TestServer_quotas: what a cluster may have.
func TestServer_quotas(t *testing.T) {
	t.Parallel()
	w, id, pool := stand(t, func(o *Options) {
		r := DefaultResources("ap-seoul")
		r.Quota, o.Resources = Quota{NodePools: 1, Nodes: 3}, &r
	})
	w.want(w.tke("CreateClusterNodePool", poolBody(id, "ng2")), "LimitExceeded")
	w.want(w.tke("ModifyClusterNodePool", object{"ClusterId": id, "NodePoolId": pool, "MaxNodesNum": 4}), "FailedOperation.QuotaMaxNodLimit")
	group := w.pool(id, pool).text("AutoscalingGroupId")
	w.want(w.call("as", "ModifyAutoScalingGroup", object{"AutoScalingGroupId": group, "DesiredCapacity": 4, "MaxSize": 4}), "FailedOperation.QuotaMaxNodLimit")
	if got := w.activity(id, pool); got != "SCALE_OUT SUCCESSFUL Success" || w.call("as", "DescribeAutoScalingActivities", object{}).number("TotalCount") != 1 {
		t.Errorf("what was refused is in the activities: %s", got)
	}
}
