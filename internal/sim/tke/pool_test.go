// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// stand is a world with a cluster "a" that has the node pool "ng1" of two nodes.
func stand(t testing.TB, change ...func(*Options)) (w *world, id, pool string) {
	t.Helper()
	w = newWorld(t, change...)
	id = w.create("a")
	return w, id, w.addPool(id, "ng1")
}

// TestServer_scale: sizes that belong together, and what nodes do when they change.
func TestServer_scale(t *testing.T) {
	t.Parallel()
	w, id, pool := stand(t)
	modify := func(change ...any) answer {
		return w.tke("ModifyClusterNodePool", changed(object{"ClusterId": id, "NodePoolId": pool}, change...))
	}
	desired := func(n int) answer {
		return w.tke("ModifyNodePoolDesiredCapacityAboutAsg", object{"ClusterId": id, "NodePoolId": pool, "DesiredCapacity": n})
	}
	for _, a := range []answer{
		desired(0), desired(4), desired(-1), modify("MinNodesNum", 3), modify("MaxNodesNum", 1), modify("MinNodesNum", 2, "MaxNodesNum", 1),
		modify("MaxNodesNum", 2001), modify("MinNodesNum", -1), modify("MinNodesNum", 0, "MaxNodesNum", 0),
	} {
		w.want(a, "InvalidParameterValue.Size")
	}
	w.want(modify("MinNodesNum", 0, "MaxNodesNum", 5), "")
	w.want(desired(5), "ResourceUnavailable.NodePoolStateNotNormal")
	w.clock.Add(15 * time.Second)
	w.want(desired(5), "")
	w.clock.Add(15 * time.Second)
	if got := w.poolState(id, pool); got != "normal disabled 0/5/5 joining 3 initializing 0 normal 2 of 5" {
		t.Errorf("while it grows: %s", got)
	}
	if got := w.activity(id, pool); got != "SCALE_OUT RUNNING" {
		t.Errorf("while it grows: %s", got)
	}
	w.pass()
	if got := w.activity(id, pool); got != "SCALE_OUT SUCCESSFUL Success" {
		t.Errorf("when it has grown: %s", got)
	}
	w.want(desired(1), "")
	w.clock.Add(15 * time.Second)
	if got := w.poolState(id, pool); got != "normal disabled 0/1/5 joining 0 initializing 0 normal 5 of 5" {
		t.Errorf("while it shrinks: %s", got)
	}
	w.clock.Add(90 * time.Second)
	if got := w.poolState(id, pool); got != "normal disabled 0/1/5 joining 0 initializing 0 normal 1 of 1" || !strings.HasPrefix(w.activity(id, pool), "SCALE_IN") {
		t.Errorf("when it has shrunk: %s, %s", got, w.activity(id, pool))
	}
	w.want(desired(0), "")
	w.pass()
	w.state(id)
	w.pass()
	if got := w.poolState(id, pool); got != "normal disabled 0/0/5 joining 0 initializing 0 normal 0 of 0" {
		t.Errorf("without nodes: %s", got)
	}
}

// TestServer_autoscaling: the switch takes its time, and leaves the rest as it is.
func TestServer_autoscaling(t *testing.T) {
	t.Parallel()
	w, id, pool := stand(t)
	for _, test := range []struct {
		on         bool
		then, last string
	}{{true, "enabling", "enabled"}, {true, "enabled", "enabled"}, {false, "disabling", "disabled"}} {
		w.want(w.tke("ModifyClusterNodePool", object{"ClusterId": id, "NodePoolId": pool, "EnableAutoscale": test.on}), "")
		if got := w.poolState(id, pool); !strings.HasPrefix(got, "updating "+test.then+" 1/2/3") {
			t.Errorf("at once: %s", got)
		}
		w.pass()
		if got := w.poolState(id, pool); got != "normal "+test.last+" 1/2/3 joining 0 initializing 0 normal 2 of 2" {
			t.Errorf("later: %s", got)
		}
	}
	w.want(w.tke("ModifyClusterNodePool", object{"ClusterId": id, "NodePoolId": pool, "EnableAutoscale": true, "MinNodesNum": 0, "MaxNodesNum": 9}), "")
	w.pass()
	if got := w.poolState(id, pool); !strings.HasPrefix(got, "normal enabled 0/2/9") {
		t.Errorf("with bounds: %s", got)
	}
	wiretest.Must(t, w.Put(core.Seed{Name: "b", Groups: seedGroups("off"), Attr: map[string]string{AttrDisabled: "off"}}))
	other, off := w.seeded("b", 0)
	w.want(w.tke("ModifyClusterNodePool", object{"ClusterId": other, "NodePoolId": off, "EnableAutoscale": true}), "UnsupportedOperation.CaEnableFailed")
}

// TestServer_modify: what is not sent is kept, and an empty list clears.
func TestServer_modify(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create("a")
	pool := w.addPool(id, "ng1", "Labels", []any{object{"Name": "l", "Value": "1"}}, "Taints", []any{object{"Key": "t", "Value": "1", "Effect": "NoSchedule"}},
		"Tags", []any{object{"Key": "own", "Value": "1"}})
	look := func() string {
		p := w.pool(id, pool)
		return strings.Join([]string{p.text("Name"), p.text("Labels", 0, "Name"), p.text("Taints", 0, "Key"), p.text("Tags", 0, "Key"), p.text("Tags", 1, "Key"), p.text("NodePoolOs")}, " ")
	}
	if got := look(); got != "ng1 l t own env tlinux3.1x86_64" {
		t.Errorf("at first: %s", got)
	}
	for _, test := range []struct {
		change []any
		want   string
	}{
		{[]any{"Name", "ng2"}, "ng2 l t own env tlinux3.1x86_64"},
		{[]any{"Labels", []any{}}, "ng2  t own env tlinux3.1x86_64"},
		{[]any{"Taints", []any{}, "Tags", []any{}}, "ng2   env  tlinux3.1x86_64"},
		{[]any{"OsName", "ubuntu22.04x86_64", "Unschedulable", 1}, "ng2   env  ubuntu22.04x86_64"},
	} {
		w.want(w.tke("ModifyClusterNodePool", changed(object{"ClusterId": id, "NodePoolId": pool}, test.change...)), "")
		if got := w.poolState(id, pool); !strings.HasPrefix(got, "updating disabled 1/2/3") {
			t.Errorf("at once: %s", got)
		}
		w.pass()
		if got := look(); got != test.want {
			t.Errorf("%v: got %s", test.change, got)
		}
	}
	for change, want := range map[string]string{"OsName": "InvalidParameterValue.ImageNotFound", "Taints": "InvalidParameter.Param"} {
		var value any = "none"
		if change == "Taints" {
			value = []any{object{"Key": "a", "Value": "", "Effect": "none"}}
		}
		w.want(w.tke("ModifyClusterNodePool", object{"ClusterId": id, "NodePoolId": pool, change: value}), want)
	}
}

// TestServer_existedNodes: labels and taints reach the nodes that are there, unless they are
// to be left alone; those that come later have the newest.
func TestServer_existedNodes(t *testing.T) {
	t.Parallel()
	w, id, pool := stand(t)
	modify := func(change ...any) {
		t.Helper()
		w.want(w.tke("ModifyClusterNodePool", changed(object{"ClusterId": id, "NodePoolId": pool}, change...)), "")
		w.pass()
	}
	look := func() string {
		var list []string
		for _, n := range w.clusters[id].pools[pool].nodesAt(w.clock.Now()) {
			text := ""
			for _, l := range n.labels {
				text += l.Name + "=" + *l.Value
			}
			for _, taint := range n.taints {
				text += "/" + taint.Key
			}
			list = append(list, text)
		}
		return strings.TrimSpace(strings.Join(list, " "))
	}
	label := func(value string) []any { return []any{object{"Name": "l", "Value": value}} }
	modify("Labels", label("1"), "Taints", []any{object{"Key": "t", "Effect": "NoExecute", "Value": ""}})
	if got := look(); got != "l=1/t l=1/t" {
		t.Errorf("the nodes have %s", got)
	}
	modify("Labels", label("2"), "IgnoreExistedNode", true)
	w.want(w.tke("ModifyNodePoolDesiredCapacityAboutAsg", object{"ClusterId": id, "NodePoolId": pool, "DesiredCapacity": 3}), "")
	w.pass()
	w.state(id)
	if got := look(); got != "l=1/t l=1/t l=2/t" || w.pool(id, pool).text("Labels", 0, "Value") != "2" {
		t.Errorf("the nodes have %s", got)
	}
	w.pass()
	modify("Labels", []any{}, "Taints", []any{})
	if got := look(); got != "" {
		t.Errorf("the nodes have %s", got)
	}
}

// TestServer_scaleOutFails: a node pool that cannot get its nodes is normal for ever, and the
// reason is in its activities; what mends it works.
func TestServer_scaleOutFails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		options func(*Options)
		cluster []any
		pool    []any
		inject  string
		want    string
	}{
		"tag of the cluster": {cluster: []any{"ClusterBasicSettings.TagSpecification", []any{object{"ResourceType": "cluster", "Tags": []any{object{"Key": "a", "Value": ""}}}}}, want: "InvalidParameterValue.InvalidTag"},
		"description":        {cluster: []any{"ClusterBasicSettings.ClusterDescription", "#CB-SPIDER:PMKS:SECURITYGROUP:sg-01"}, want: "InvalidParameterValue.InvalidTag"},
		"tag of the pool":    {pool: []any{"Tags", []any{object{"Key": "a", "Value": "#b"}}}, want: "InvalidParameterValue.InvalidTag"},
		"no stock":           {options: func(o *Options) { o.Resources.InstanceTypes[1].NoStock = true }, want: "ResourceInsufficient.SpecifiedInstanceType"},
		"no addresses":       {options: func(o *Options) { o.Resources.Subnets[0].FreeIPs = 0 }, want: "ResourceInsufficient.SubnetIpNotEnough"},
		"injected":           {inject: "ResourcesSoldOut: none left", want: "ResourcesSoldOut: none left"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(o *Options) {
				r := DefaultResources("ap-seoul")
				o.Resources = &r
				if test.options != nil {
					test.options(o)
				}
			})
			id := w.create("a", test.cluster...)
			if test.inject != "" {
				w.Inject(core.Fault{Op: "CreateClusterNodePool", Kind: core.FaultFailLater, Reason: test.inject})
			}
			pool := w.addPool(id, "ng1", test.pool...)
			if got := w.poolState(id, pool); got != "normal disabled 1/2/3 joining 0 initializing 0 normal 0 of 0" {
				t.Errorf("the pool is %s", got)
			}
			if got := w.activity(id, pool); !strings.HasPrefix(got, "SCALE_OUT FAILED "+test.want) {
				t.Errorf("the activity is %s", got)
			}
			if n := w.call("as", "DescribeAutoScalingActivities", object{}).number("TotalCount"); n != attempts {
				t.Errorf("Auto Scaling tries %d times", n)
			}
			if test.inject == "" {
				return
			}
			// The next change makes the nodes.
			w.want(w.tke("ModifyNodePoolDesiredCapacityAboutAsg", object{"ClusterId": id, "NodePoolId": pool, "DesiredCapacity": 3}), "")
			w.pass()
			w.state(id)
			w.pass()
			if got := w.poolState(id, pool); got != "normal disabled 1/3/3 joining 0 initializing 0 normal 3 of 3" {
				t.Errorf("the pool is %s", got)
			}
		})
	}
}

// TestServer_changeFails: a change that fails later leaves a record.
func TestServer_changeFails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		action   string
		body     object
		pool     string
		activity string
	}{
		"grow":   {"ModifyNodePoolDesiredCapacityAboutAsg", object{"DesiredCapacity": 3}, "normal disabled 1/3/3 joining 0 initializing 0 normal 2 of 2", "SCALE_OUT FAILED Broken: x"},
		"shrink": {"ModifyNodePoolDesiredCapacityAboutAsg", object{"DesiredCapacity": 1}, "normal disabled 1/1/3 joining 0 initializing 0 normal 2 of 2", "SCALE_IN FAILED Broken: x"},
		"bounds": {"ModifyClusterNodePool", object{"MaxNodesNum": 4}, "normal disabled 1/2/3 joining 0 initializing 0 normal 2 of 2", "SCALE_OUT FAILED Broken: x"},
		"switch": {"ModifyClusterNodePool", object{"EnableAutoscale": true}, "normal disabled 1/2/3 joining 0 initializing 0 normal 2 of 2", "SCALE_OUT FAILED Broken: x"},
		"remove": {"DeleteClusterNodePool", object{"KeepInstance": false}, "normal disabled 1/2/3 joining 0 initializing 0 normal 2 of 2", "SCALE_IN FAILED Broken: x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, id, pool := stand(t)
			w.Inject(core.Fault{Op: test.action, Kind: core.FaultFailLater, Reason: "Broken: x"})
			body := changed(test.body, "ClusterId", id)
			if test.action == "DeleteClusterNodePool" {
				body["NodePoolIds"] = []any{pool}
			} else {
				body["NodePoolId"] = pool
			}
			w.want(w.tke(test.action, body), "")
			w.pass()
			if got := w.poolState(id, pool); got != test.pool {
				t.Errorf("the pool is %s", got)
			}
			if got := w.activity(id, pool); got != test.activity {
				t.Errorf("the activity is %s", got)
			}
			w.want(w.tke(test.action, body), "")
			w.pass()
			w.tke("DescribeVersions", object{})
			w.pass()
			if got := w.poolState(id, pool); got == test.pool {
				t.Errorf("again: the pool is %s", got)
			}
		})
	}
}

// TestServer_sticks: what never ends.
func TestServer_sticks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create("a")
	w.Inject(core.Fault{Op: "CreateClusterNodePool", Kind: core.FaultStick})
	pool := w.addPool(id, "ng1")
	if got := w.poolState(id, pool); !strings.HasPrefix(got, "creating") || w.activity(id, pool) != "SCALE_OUT RUNNING" {
		t.Errorf("the pool is %s, %s", got, w.activity(id, pool))
	}
	// Its cluster can be deleted once it rests.
	w.want(w.tke("DeleteCluster", object{"ClusterId": id, "InstanceDeleteMode": "terminate"}), "ResourceUnavailable.NodePoolStateNotNormal")
	wiretest.Must(t, w.Force("a", "ng1", profile.Active, ""))
	w.want(w.tke("DeleteCluster", object{"ClusterId": id, "InstanceDeleteMode": "terminate"}), "")
	w.pass()
	group := w.groupOf(pool)
	a := w.want(w.call("as", "DescribeAutoScalingActivities", object{"Filters": []any{byName("auto-scaling-group-id", group)}}), "")
	if a.number("TotalCount") == 0 || a.text("ActivitySet", 0, "StatusCode") != activityCanceled {
		t.Errorf("of a group that is gone: %s", a.body)
	}
}

// groupOf is the scaling group of a node pool, which may be gone.
func (w *world) groupOf(pool string) string {
	w.Mu.Lock()
	defer w.Mu.Unlock()
	for _, known := range w.groups {
		if known.id == pool {
			return known.group
		}
	}
	return ""
}

// TestServer_protection: clusters, node pools and instances that must not be deleted.
func TestServer_protection(t *testing.T) {
	t.Parallel()
	w, id, pool := stand(t)
	drop := object{"ClusterId": id, "NodePoolIds": []any{pool}, "KeepInstance": false}
	end := object{"ClusterId": id, "InstanceDeleteMode": "terminate"}
	wiretest.Must(t, w.ProtectNodes("a", "ng1", true))
	a := w.want(w.call("cvm", "DescribeInstances", object{}), "")
	if a.number("TotalCount") != 2 || a.get("InstanceSet", 0, "DisableApiTermination") != true {
		t.Errorf("got %s", a.body)
	}
	w.want(w.tke("DeleteClusterNodePool", drop), "FailedOperation.CvmDeletionProtection")
	w.want(w.tke("DeleteCluster", end), "FailedOperation.CvmDeletionProtection")
	wiretest.Must(t, w.ProtectNodes("a", "ng1", false))
	w.want(w.tke("ModifyClusterNodePool", object{"ClusterId": id, "NodePoolId": pool, "DeletionProtection": true}), "")
	w.pass()
	w.want(w.tke("DeleteClusterNodePool", drop), "OperationDenied")
	wiretest.Must(t, w.ProtectPool("a", "ng1", false))
	wiretest.Must(t, w.Protect("a", true))
	w.want(w.tke("DeleteCluster", end), "OperationDenied.ClusterInDeletionProtection")
	w.want(w.tke("DisableClusterDeletionProtection", object{"ClusterId": id}), "")
	w.want(w.tke("EnableClusterDeletionProtection", object{"ClusterId": id}), "")
	w.want(w.tke("DeleteCluster", end), "OperationDenied.ClusterInDeletionProtection")
	w.want(w.tke("DisableClusterDeletionProtection", object{"ClusterId": id}), "")
	w.want(w.tke("DeleteCluster", changed(object{"ClusterId": id}, "InstanceDeleteMode", "later")), "FailedOperation.Param")
	w.want(w.tke("DeleteCluster", changed(object{"ClusterId": id, "InstanceDeleteMode": "retain"}, "ResourceDeleteOptions", []any{object{"ResourceType": "EIP", "DeleteMode": "retain"}})), "FailedOperation.Param")
	w.want(w.tke("DeleteClusterNodePool", changed(drop, "KeepInstance", true)), "")
	w.pass()
	nodes := w.want(w.tke("DescribeClusterInstances", object{"ClusterId": id}), "")
	if nodes.number("TotalCount") != 2 || nodes.text("InstanceSet", 0, "NodePoolId") != "" {
		t.Errorf("kept instances: %s", nodes.body)
	}
	if born := w.create("b", "ClusterAdvancedSettings.DeletionProtection", true, "ClusterCIDRSettings.ClusterCIDR", "172.30.0.0/16"); w.want(w.tke("DescribeClusters", object{"ClusterIds": []any{born}}), "").get("Clusters", 0, "DeletionProtection") != true {
		t.Error("a cluster that is made protected is not")
	}
}

// TestServer_configGoesFirst: the launch configuration of a node pool that is being deleted.
func TestServer_configGoesFirst(t *testing.T) {
	t.Parallel()
	w, id, pool := stand(t)
	config := w.pool(id, pool).text("LaunchConfigurationId")
	look := func() int {
		return w.want(w.call("as", "DescribeLaunchConfigurations", object{"LaunchConfigurationIds": []any{config}, "Limit": 100}), "").number("TotalCount")
	}
	if look() != 1 {
		t.Error("there is none")
	}
	w.want(w.tke("DeleteClusterNodePool", object{"ClusterId": id, "NodePoolIds": []any{pool}, "KeepInstance": false}), "")
	if got := w.poolState(id, pool); !strings.HasPrefix(got, "deleting") || look() != 0 {
		t.Errorf("the pool is %s, and there are %d", got, look())
	}
}
