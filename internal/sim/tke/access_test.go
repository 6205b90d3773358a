// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// endpoint is the status of an endpoint, and its address.
func (w *world) endpoint(id string, extranet bool) string {
	w.t.Helper()
	status := w.want(w.tke("DescribeClusterEndpointStatus", object{"ClusterId": id, "IsExtranet": extranet}), "").text("Status")
	member := "ClusterIntranetEndpoint"
	if extranet {
		member = "ClusterExternalEndpoint"
	}
	return strings.TrimSpace(status + " " + w.want(w.tke("DescribeClusterEndpoints", object{"ClusterId": id}), "").text(member))
}

// TestServer_endpoints: opened and closed by calls, and only with a node behind it.
func TestServer_endpoints(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		extranet     bool
		member, good string
	}{"public": {true, "SecurityGroup", "sg-46eef229"}, "private": {false, "SubnetId", "subnet-rl79gxhv"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.create("a")
			create := func(value any) answer {
				return w.tke("CreateClusterEndpoint", object{"ClusterId": id, "IsExtranet": test.extranet, test.member: value})
			}
			closing := func() answer {
				return w.tke("DeleteClusterEndpoint", object{"ClusterId": id, "IsExtranet": test.extranet})
			}
			a := w.want(create(test.good), "InvalidParameter")
			if !strings.Contains(a.text("Error", "Message"), "No normal node") {
				t.Errorf("without a node: %s", a.body)
			}
			w.addPool(id, "ng1")
			for _, bad := range []any{"", "none-00000000"} {
				w.want(create(bad), "InvalidParameter")
			}
			w.want(closing(), "ResourceNotFound")
			w.want(create(test.good), "")
			if a := w.want(create(test.good), "OperationDenied"); w.endpoint(id, test.extranet) != "Creating" || !strings.Contains(a.text("Error", "Message"), "same type task in execution") {
				t.Errorf("while it opens: %s, %s", w.endpoint(id, test.extranet), a.body)
			}
			w.want(closing(), "OperationDenied")
			w.pass()
			if got := w.endpoint(id, test.extranet); !strings.HasPrefix(got, "Created ") || strings.Contains(got, ":") {
				t.Errorf("it is %s", got)
			}
			if got := w.endpoint(id, !test.extranet); got != "NotFound" {
				t.Errorf("the other one is %s", got)
			}
			w.want(create(test.good), "ResourceInUse.ResourceExistAlready")
			w.want(closing(), "")
			if got := w.endpoint(id, test.extranet); !strings.HasPrefix(got, "Deleting ") {
				t.Errorf("while it closes it is %s", got)
			}
			w.pass()
			if got := w.endpoint(id, test.extranet); got != "NotFound" {
				t.Errorf("it is %s", got)
			}
		})
	}
}

// TestServer_endpointFails: it says why, and is opened again after it was taken away.
func TestServer_endpointFails(t *testing.T) {
	t.Parallel()
	w, id, _ := stand(t)
	open := object{"ClusterId": id, "IsExtranet": true, "SecurityGroup": "sg-46eef229"}
	shut := object{"ClusterId": id, "IsExtranet": true}
	w.Inject(core.Fault{Op: "CreateClusterEndpoint", Kind: core.FaultFailLater, Reason: "LB_COMMON_ERROR(no quota)"})
	w.want(w.tke("CreateClusterEndpoint", open), "")
	w.pass()
	a := w.want(w.tke("DescribeClusterEndpointStatus", shut), "")
	if a.text("Status") != "CreateFailed" || a.text("ErrorMsg") != "LB_COMMON_ERROR(no quota)" {
		t.Errorf("got %s", a.body)
	}
	w.want(w.tke("DeleteClusterEndpoint", shut), "")
	w.pass()
	w.want(w.tke("CreateClusterEndpoint", open), "")
	w.pass()
	w.Inject(core.Fault{Op: "DeleteClusterEndpoint", Kind: core.FaultFailLater, Reason: "in use"})
	w.want(w.tke("DeleteClusterEndpoint", shut), "")
	w.pass()
	if got := w.endpoint(id, true); !strings.HasPrefix(got, "DeletedFailed 203.0.113.") {
		t.Errorf("it is %s", got)
	}
	w.want(w.tke("DeleteClusterEndpoint", shut), "")
	w.pass()
	if got := w.endpoint(id, true); got != "NotFound" {
		t.Errorf("it is %s", got)
	}
}

// TestServer_kubeconfig: a client certificate of who asks, whose names are numbers, for an
// address that leads somewhere only when the endpoint is open.
func TestServer_kubeconfig(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: seedGroups("ng1"), Attr: map[string]string{AttrPublic: "yes"}}))
	id, _ := w.seeded("a", 0)
	for extranet, server := range map[bool]string{true: "https://" + strings.TrimPrefix(w.endpoint(id, true), "Created "), false: "https://" + id + ".ccs.tencent-cloud.com"} {
		config := w.want(w.tke("DescribeClusterKubeconfig", object{"ClusterId": id, "IsExtranet": extranet}), "").text("Kubeconfig")
		authority, err := w.Certificate("a")
		for _, want := range []string{"    server: " + server + "\n", "- name: " + DefaultAccountID + "\n", "    user: " + DefaultAccountID + "\n", "certificate-authority-data: " + authority + "\n", "client-key-data: LS0t"} {
			if err != nil || !strings.Contains(config, want) {
				t.Errorf("there is no %q in\n%s", want, config)
			}
		}
	}
	if a := w.tke("DescribeClusterEndpoints", object{"ClusterId": id}); !strings.Contains(a.text("CertificationAuthority"), "BEGIN CERTIFICATE") || a.text("SecurityGroup") != "sg-46eef229" {
		t.Errorf("got %s", a.body)
	}
	early := w.want(w.tke("CreateCluster", clusterBody("b")), "").text("ClusterId")
	w.want(w.tke("DescribeClusterKubeconfig", object{"ClusterId": early}), "ResourceUnavailable.ClusterInAbnormalStat")
	if _, err := w.Certificate("none"); err == nil {
		t.Error("a cluster that is not there has a certificate")
	}
}

// TestServer_upgrade: the control plane first, to a version that is offered, and not again
// before the nodes are there too.
func TestServer_upgrade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create("a", "ClusterBasicSettings.ClusterVersion", "1.28.3")
	pool := w.addPool(id, "ng1")
	offered := func() string {
		return fmt.Sprint(w.want(w.tke("DescribeAvailableClusterVersion", object{"ClusterId": id}), "").get("Versions"))
	}
	update := func(version string) answer {
		return w.tke("UpdateClusterVersion", object{"ClusterId": id, "DstVersion": version})
	}
	if got := offered(); got != "[1.30.0]" {
		t.Errorf("offered are %s", got)
	}
	for _, version := range []string{"1.28.3", "1.32.2", "1.26.1", "v1.30.0", "1.30"} {
		w.want(update(version), "InvalidParameter.Param")
	}
	w.want(update("1.30.0"), "")
	version := func() string {
		return w.tke("DescribeClusters", object{"ClusterIds": []any{id}}).text("Clusters", 0, "ClusterVersion")
	}
	if w.state(id) != "Upgrading" || version() != "1.28.3" || w.task(id, taskUpgrade) != "master_upgrade process" {
		t.Errorf("while it is upgraded: %s, %s, %s", w.state(id), version(), w.task(id, taskUpgrade))
	}
	w.pass()
	if w.state(id) != "Running" || version() != "1.30.0" || w.task(id, taskUpgrade) != "master_upgrade done" {
		t.Errorf("later: %s, %s, %s", w.state(id), version(), w.task(id, taskUpgrade))
	}
	w.want(update("1.32.2"), "FailedOperation.ClusterUpgradeNodeVersion")
	able := func(kind string) (list []any) {
		a := w.want(w.tke("CheckInstancesUpgradeAble", object{"ClusterId": id, "UpgradeType": kind, "Limit": 100}), "")
		for i := range a.size("UpgradeAbleInstances") {
			list = append(list, a.text("UpgradeAbleInstances", i, "InstanceId"))
		}
		return list
	}
	nodes := able(upgradeMajor)
	if len(nodes) != 2 || len(able(upgradeReset)) != 2 || len(able(upgradeHot)) != 0 {
		t.Errorf("nodes that lag: %v, %v, %v", nodes, able(upgradeReset), able(upgradeHot))
	}
	w.want(w.tke("CheckInstancesUpgradeAble", object{"ClusterId": id, "UpgradeType": "soft"}), "InvalidParameter.Param")
	begin := func(change ...any) answer {
		return w.tke("UpgradeClusterInstances", changed(object{"ClusterId": id, "Operation": "create", "UpgradeType": upgradeMajor, "InstanceIds": nodes}, change...))
	}
	for _, change := range [][]any{
		{"Operation", "begin"}, {"UpgradeType", "hot"}, {"UpgradeType", nil}, {"InstanceIds", []any{}}, {"InstanceIds", []any{"ins-none0000"}}, {"Concurrent", 16}, {"MaxNotReadyPercent", 101},
	} {
		w.want(begin(change...), "InvalidParameter.Param")
	}
	w.want(begin("Operation", "pause"), "InternalError.TaskNotFound")
	w.want(w.tke("GetUpgradeInstanceProgress", object{"ClusterId": id}), "InternalError.TaskNotFound")
	w.want(begin(), "")
	w.want(begin(), "FailedOperation.TaskAlreadyRunning")
	if w.state(id) != "NodeUpgrading" || w.task(id, taskNodes) != "node_upgrade process" {
		t.Errorf("while nodes are upgraded: %s, %s", w.state(id), w.task(id, taskNodes))
	}
	w.want(w.tke("ModifyNodePoolDesiredCapacityAboutAsg", object{"ClusterId": id, "NodePoolId": pool, "DesiredCapacity": 3}), "ResourceUnavailable.ClusterState")
	progress := func() string {
		a := w.want(w.tke("GetUpgradeInstanceProgress", object{"ClusterId": id}), "")
		return fmt.Sprintf("%d of %d %s", a.number("Done"), a.number("Total"), a.text("LifeState"))
	}
	w.clock.Add(6 * time.Minute)
	if got := progress(); got != "1 of 2 process" {
		t.Errorf("in between: %s", got)
	}
	w.want(begin("Operation", "resume"), "FailedOperation.TaskLifeStateError")
	w.want(begin("Operation", "pause"), "")
	if got := progress(); got != "1 of 2 paused" || w.state(id) != "Running" || len(able(upgradeMajor)) != 1 {
		t.Errorf("paused: %s, %s, %v", got, w.state(id), able(upgradeMajor))
	}
	w.want(begin("Operation", "resume"), "")
	w.pass()
	if got := progress(); got != "2 of 2 done" || w.state(id) != "Running" || len(able(upgradeReset)) != 0 || w.task(id, taskNodes) != "node_upgrade done" {
		t.Errorf("done: %s, %s, %v", got, w.state(id), able(upgradeReset))
	}
	w.want(begin("Operation", "abort"), "FailedOperation.TaskLifeStateError")
	a := w.want(w.tke("CheckInstancesUpgradeAble", object{"ClusterId": id, "InstanceIds": nodes}), "")
	if a.number("Total") != 0 || a.text("UnavailableVersionReason", 1, "Reason") != "instance already the master latest version" {
		t.Errorf("got %s", a.body)
	}
	w.want(update("1.32.2"), "")
	w.pass()
	if got := offered(); got != "[1.34.1]" {
		t.Errorf("offered are %s", got)
	}
}

// TestServer_upgradeFails: a cluster that could not be upgraded runs on.
func TestServer_upgradeFails(t *testing.T) {
	t.Parallel()
	w, id, pool := stand(t)
	w.Inject(core.Fault{Op: "UpdateClusterVersion", Kind: core.FaultFailLater, Reason: "etcd is not healthy"})
	w.want(w.tke("UpdateClusterVersion", object{"ClusterId": id, "DstVersion": "1.32.2"}), "")
	w.pass()
	if got := w.task(id, taskUpgrade); w.state(id) != "Running" || got != "master_upgrade aborted etcd is not healthy" {
		t.Errorf("the cluster is %s, the task %s", w.state(id), got)
	}
	w.want(w.tke("UpdateClusterVersion", object{"ClusterId": id, "DstVersion": "1.32.2"}), "")
	w.pass()
	nodes := w.want(w.tke("DescribeClusterInstances", object{"ClusterId": id}), "")
	begin := object{"ClusterId": id, "Operation": "create", "UpgradeType": "reset", "InstanceIds": []any{nodes.text("InstanceSet", 0, "InstanceId")}}
	w.Inject(core.Fault{Op: "UpgradeClusterInstances", Kind: core.FaultFailLater, Reason: "precheck failed"})
	w.want(w.tke("UpgradeClusterInstances", begin), "")
	w.pass()
	a := w.want(w.tke("GetUpgradeInstanceProgress", object{"ClusterId": id}), "")
	if got := w.task(id, taskNodes); got != "node_upgrade aborted precheck failed" || a.text("Instances", 0, "Detail", 0, "FailedMsg") != "precheck failed" {
		t.Errorf("the task is %s, the progress %s", got, a.body)
	}
	w.want(w.tke("UpgradeClusterInstances", begin), "")
	w.clock.Add(time.Minute)
	w.want(w.tke("UpgradeClusterInstances", changed(begin, "Operation", "abort")), "")
	if got := w.task(id, taskNodes); w.state(id) != "Running" || got != "node_upgrade aborted" {
		t.Errorf("the cluster is %s, the task %s", w.state(id), got)
	}
	// A node that joins now has the version of the control plane.
	w.want(w.tke("ModifyNodePoolDesiredCapacityAboutAsg", object{"ClusterId": id, "NodePoolId": pool, "DesiredCapacity": 3}), "")
	w.pass()
	w.state(id)
	w.pass()
	if a := w.want(w.tke("CheckInstancesUpgradeAble", object{"ClusterId": id}), ""); a.number("Total") != 2 {
		t.Errorf("of three nodes two lag: %s", a.body)
	}
}

// TestServer_emptyPool: a node pool without nodes is in nobody's way.
func TestServer_emptyPool(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create("a")
	w.addPool(id, "ng1", "asg.MinSize", 0, "asg.DesiredCapacity", 0)
	for _, version := range []string{"1.32.2", "1.34.1"} {
		w.want(w.tke("UpdateClusterVersion", object{"ClusterId": id, "DstVersion": version}), "")
		w.pass()
	}
}

// TestServer_NodeLag: for a while nobody says that nodes are behind.
func TestServer_NodeLag(t *testing.T) {
	t.Parallel()
	w, id, _ := stand(t, func(o *Options) { o.NodeLag = 25 * time.Hour })
	w.want(w.tke("UpdateClusterVersion", object{"ClusterId": id, "DstVersion": "1.32.2"}), "")
	w.pass()
	for _, want := range []int{0, 2} {
		if a := w.want(w.tke("CheckInstancesUpgradeAble", object{"ClusterId": id, "UpgradeType": "major"}), ""); a.number("Total") != want {
			t.Errorf("got %s, want %d", a.body, want)
		}
		w.pass()
	}
	w.want(w.tke("UpdateClusterVersion", object{"ClusterId": id, "DstVersion": "1.34.1"}), "FailedOperation.ClusterUpgradeNodeVersion")
}
