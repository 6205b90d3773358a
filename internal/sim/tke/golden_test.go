// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// idPattern finds what is drawn at random, which may change with the order of drawing.
var idPattern = regexp.MustCompile(`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b(?:cls|np|asg|asc|asa|ins|disk)-[0-9a-z]{8}\b|LS0t[0-9A-Za-z+/=]+|` +
	`-----BEGIN CERTIFICATE-----[^"]+|203\.0\.113\.[0-9]+|"Uuid": "[0-9a-f]{32}"`)

// TestServer_golden keeps pairs of requests and answers, and holds the answers against
// the vendor's model.
func TestServer_golden(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(*world){
		"account": goldenAccount, "cluster": goldenCluster, "nodepool": goldenNodePool, "upgrade": goldenUpgrade, "spot": goldenSpot, "refused": goldenRefused,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := w.tape()
			w.transport = p
			run(w)
			wiretest.Golden(t, name+".golden", wiretest.Mask(p.Text(), idPattern))
		})
	}
}

// tape writes down what goes over the wire.
func (w *world) tape() *wiretest.Tape {
	table := wiretest.ReadTable(w.t, "wire.json")
	return &wiretest.Tape{
		Next: w.Transport(),
		Sent: func(r *http.Request) string { return " " + r.Header.Get("X-TC-Action") + "\n" },
		Watch: func(r *http.Request, _ []byte, response *http.Response, got []byte) {
			op := r.Header.Get("X-TC-Action")
			if service, _, _ := strings.Cut(r.URL.Host, "."); service != serviceTKE {
				op = service + "." + op
			}
			a := answer{response.StatusCode, got}
			if a.verdict() != "" || table.Operations[op].Output == "" {
				return
			}
			for _, fault := range table.Value(table.Operations[op].Output, op, a.get()) {
				w.t.Error(fault)
			}
		},
	}
}

func goldenAccount(w *world) {
	w.want(w.tke("DescribeVersions", object{}), "")
	w.want(w.tke("DescribeOSImages", object{}), "")
	w.want(w.call("vpc", "DescribeVpcs", object{"VpcIds": []any{"vpc-q1c6fr9e"}}), "")
	w.want(w.call("vpc", "DescribeSubnets", object{"Filters": []any{byName("vpc-id", "vpc-q1c6fr9e")}, "Limit": "2"}), "")
	w.want(w.call("vpc", "DescribeSecurityGroups", object{"Filters": []any{byName("security-group-name", "sg-01")}}), "")
	w.want(w.call("cvm", "DescribeKeyPairs", object{"KeyIds": []any{"skey-3a5n7k1p"}}), "")
	w.want(w.call("sts", "GetCallerIdentity", object{}), "")
}

func goldenCluster(w *world) {
	id := w.want(w.tke("CreateCluster", clusterBody("demo")), "").text("ClusterId")
	one, all := object{"ClusterId": id}, object{"ClusterIds": []any{id}, "Limit": 100}
	w.want(w.tke("DescribeClusters", all), "")
	w.pass()
	w.want(w.tke("DescribeClusters", all), "")
	w.want(w.tke("DescribeClusterStatus", object{"ClusterIds": []any{id}}), "")
	w.want(w.tke("DescribeClusterEndpoints", one), "")
	w.addPool(id, "ng1")
	for _, extranet := range []bool{true, false} {
		w.want(w.tke("CreateClusterEndpoint", object{"ClusterId": id, "IsExtranet": extranet, "SecurityGroup": "sg-46eef229", "SubnetId": "subnet-rl79gxhv"}), "")
		w.want(w.tke("DescribeClusterEndpointStatus", object{"ClusterId": id, "IsExtranet": extranet}), "")
	}
	w.pass()
	w.want(w.tke("DescribeClusterEndpointStatus", object{"ClusterId": id, "IsExtranet": true}), "")
	w.want(w.tke("DescribeClusterEndpoints", one), "")
	w.want(w.tke("DescribeClusterKubeconfig", object{"ClusterId": id, "IsExtranet": true}), "")
	w.want(w.tke("DeleteClusterEndpoint", object{"ClusterId": id, "IsExtranet": true}), "")
	w.pass()
	w.want(w.tke("ModifyClusterTags", object{"ClusterId": id, "Tags": []any{object{"Key": "team", "Value": "a"}}, "SyncSubresource": false}), "")
	w.want(w.tke("DescribeBatchModifyTagsStatus", one), "")
	w.want(w.tke("DescribeAddon", object{"ClusterId": id, "AddonName": "cbs"}), "")
	w.want(w.tke("EnableClusterDeletionProtection", one), "")
	w.want(w.tke("DisableClusterDeletionProtection", one), "")
	w.want(w.tke("DeleteCluster", object{"ClusterId": id, "InstanceDeleteMode": "terminate", "ResourceDeleteOptions": []any{object{"ResourceType": "CBS", "DeleteMode": "terminate"}}}), "")
	w.want(w.tke("DescribeClusters", all), "")
	w.pass()
	w.want(w.tke("DescribeClusters", all), "")
}

func goldenNodePool(w *world) {
	id := w.create("demo")
	pool := w.want(w.tke("CreateClusterNodePool", poolBody(id, "ng1", "NodePoolOs", "ubuntu22.04x86_64", "Labels", []any{object{"Name": "a", "Value": "b"}})), "").text("NodePoolId")
	list := object{"ClusterId": id, "Filters": []any{byName("NodePoolsName", "ng1")}}
	w.want(w.tke("DescribeClusterNodePools", list), "")
	w.clock.Add(2 * time.Minute)
	w.want(w.tke("DescribeClusterNodePools", list), "")
	w.want(w.tke("DescribeClusterInstances", object{"ClusterId": id, "Limit": 100}), "")
	w.pass()
	a := w.want(w.tke("DescribeClusterNodePoolDetail", object{"ClusterId": id, "NodePoolId": pool}), "")
	group, config := a.text("NodePool", "AutoscalingGroupId"), a.text("NodePool", "LaunchConfigurationId")
	w.want(w.call("as", "DescribeLaunchConfigurations", object{"LaunchConfigurationIds": []any{config}, "Limit": 100}), "")
	w.want(w.call("as", "DescribeAutoScalingGroups", object{"AutoScalingGroupIds": []any{group}}), "")
	w.want(w.tke("DescribeClusterAsGroups", object{"ClusterId": id}), "")
	w.want(w.call("cvm", "DescribeInstances", object{"Limit": 1}), "")
	w.want(w.tke("ModifyClusterNodePool", object{"ClusterId": id, "NodePoolId": pool, "MinNodesNum": 0, "MaxNodesNum": 4}), "")
	w.pass()
	w.want(w.tke("ModifyClusterNodePool", object{"ClusterId": id, "NodePoolId": pool, "EnableAutoscale": true}), "")
	w.want(w.tke("DescribeClusterNodePools", list), "")
	w.pass()
	w.Inject(core.Fault{Op: "ModifyNodePoolDesiredCapacityAboutAsg", Kind: core.FaultFailLater, Reason: "ResourceInsufficient.SpecifiedInstanceType: sold out"})
	w.want(w.tke("ModifyNodePoolDesiredCapacityAboutAsg", object{"ClusterId": id, "NodePoolId": pool, "DesiredCapacity": 4}), "")
	w.pass()
	w.want(w.call("as", "DescribeAutoScalingActivities", object{"Filters": []any{byName("auto-scaling-group-id", group)}, "Limit": 2}), "")
	w.want(w.call("as", "ModifyAutoScalingGroup", object{"AutoScalingGroupId": group, "DesiredCapacity": 1, "MinSize": 0, "MaxSize": 2}), "")
	w.pass()
	w.want(w.tke("DeleteClusterNodePool", object{"ClusterId": id, "NodePoolIds": []any{pool}, "KeepInstance": false}), "")
	w.want(w.tke("DescribeClusterNodePools", list), "")
	w.pass()
	w.want(w.tke("DescribeClusterNodePools", list), "")
}

func goldenSpot(w *world) {
	id := w.create("demo")
	pool := w.want(w.tke("CreateClusterNodePool", poolBody(id, "ng1", "launch.InstanceChargeType", "SPOTPAID", "launch.InstanceMarketOptions", market("0.39"),
		"asg.SubnetIds", []any{"subnet-rl79gxhv", "subnet-5k2m7p3w"}, "asg.MultiZoneSubnetPolicy", "EQUALITY",
		"Labels", []any{object{"Name": "example.com/team", "Value": "a"}}, "Taints", []any{object{"Key": "spot", "Value": "", "Effect": "NoSchedule"}})), "").text("NodePoolId")
	w.pass()
	w.want(w.tke("ModifyClusterNodePool", object{"ClusterId": id, "NodePoolId": pool, "Labels": []any{}, "Taints": []any{object{"Key": "spot", "Value": "yes", "Effect": "NoExecute"}}}), "")
	w.pass()
	w.want(w.tke("DescribeClusterNodePoolDetail", object{"ClusterId": id, "NodePoolId": pool}), "")
	w.want(w.call("as", "DescribeLaunchConfigurations", object{}), "")
	w.want(w.call("as", "DescribeAutoScalingGroups", object{}), "")
}

func goldenUpgrade(w *world) {
	id := w.create("demo")
	w.addPool(id, "ng1")
	one := object{"ClusterId": id}
	w.want(w.tke("DescribeAvailableClusterVersion", one), "")
	w.want(w.tke("UpdateClusterVersion", object{"ClusterId": id, "DstVersion": "1.32.2"}), "")
	tasks := func(kind string) object {
		return object{"Filter": []any{byName("ClusterId", id), byName("TaskType", kind)}, "Latest": true}
	}
	w.want(w.tke("DescribeTasks", tasks("master_upgrade")), "")
	w.pass()
	w.want(w.tke("DescribeTasks", tasks("master_upgrade")), "")
	a := w.want(w.tke("CheckInstancesUpgradeAble", object{"ClusterId": id, "UpgradeType": "major", "Limit": 100}), "")
	w.want(w.tke("UpgradeClusterInstances", object{"ClusterId": id, "Operation": "create", "UpgradeType": "major", "InstanceIds": []any{a.text("UpgradeAbleInstances", 0, "InstanceId")}}), "")
	w.want(w.tke("GetUpgradeInstanceProgress", one), "")
	w.pass()
	w.want(w.tke("DescribeTasks", tasks("node_upgrade")), "")
	w.want(w.tke("GetUpgradeInstanceProgress", one), "")
}

func goldenRefused(w *world) {
	w.tke("DescribeClusters", object{"Limit": 101})
	w.tke("DescribeClusters", object{"Names": []any{}})
	w.tke("CreateCluster", object{"ClusterType": "MANAGED_CLUSTER"})
	w.tke("CreateCluster", clusterBody("demo", "ClusterCIDRSettings.ClusterCIDR", "10.0.0.0/16"))
	w.tke("CreateClusterInstances", object{})
	w.tke("DeleteCluster", object{"ClusterId": "cls-none0000", "InstanceDeleteMode": "terminate"})
	id := w.create("demo")
	w.tke("CreateClusterNodePool", poolBody(id, "ng1", "launch.InstanceType", "none"))
	w.tke("DescribeClusterNodePoolDetail", object{"ClusterId": id, "NodePoolId": "np-none0000"})
	w.tke("CreateClusterEndpoint", object{"ClusterId": id, "IsExtranet": true, "SecurityGroup": "sg-46eef229"})
	w.Deny("cvm:DescribeInstances")
	w.call("cvm", "DescribeInstances", object{})
	w.Inject(core.Fault{Kind: core.FaultThrottle})
	w.tke("DescribeVersions", object{})
	w.key = "none"
	w.tke("DescribeVersions", object{})
}
