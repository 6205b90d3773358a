// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestAssumptions reaches both answers to each question that no source settles.
func TestAssumptions(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T, a Assumptions) *world {
		return newWorld(t, func(o *Options) { o.Assumptions, o.ReadLag = a, 0 })
	}
	open := func(w *world, id string) answer {
		return w.tke("CreateClusterEndpoint", object{"ClusterId": id, "IsExtranet": true, "SecurityGroup": "sg-46eef229"})
	}
	wiretest.Choices(t, start, map[string]wiretest.Choice[Assumptions, *world]{
		"activities-oldest-first": wiretest.NewChoice(func(a *Assumptions) { a.ActivitiesOldestFirst = true }, func(_ *testing.T, w *world) string {
			id := w.create("a")
			pool := w.addPool(id, "ng1")
			w.want(w.tke("ModifyNodePoolDesiredCapacityAboutAsg", object{"ClusterId": id, "NodePoolId": pool, "DesiredCapacity": 1}), "")
			w.pass()
			return w.activity(id, pool)
		}, "SCALE_IN SUCCESSFUL Success", "SCALE_OUT SUCCESSFUL Success"),
		"closed-endpoint-shown": wiretest.NewChoice(func(a *Assumptions) { a.ClosedEndpointShown = true }, func(_ *testing.T, w *world) string {
			id := w.create("a")
			w.addPool(id, "ng1")
			w.want(open(w, id), "")
			w.pass()
			w.want(w.tke("DeleteClusterEndpoint", object{"ClusterId": id, "IsExtranet": true}), "")
			w.pass()
			then := w.endpoint(id, true)
			return then + " " + open(w, id).verdict()
		}, "NotFound", "Deleted"),
		"creation-tasks": wiretest.NewChoice(func(a *Assumptions) { a.CreationTasks = true }, func(_ *testing.T, w *world) string {
			w.Inject(core.Fault{Op: "CreateCluster", Kind: core.FaultFailLater, Reason: "InternalError.CreateMasterFailed: no masters"})
			id := w.create("a")
			return w.state(id) + " " + w.task(id, taskUpgrade, taskCreate, taskDelete)
		}, "Abnormal", "Abnormal cluster_create aborted InternalError.CreateMasterFailed: no masters"),
		"desired-refused-while-auto": wiretest.NewChoice(func(a *Assumptions) { a.DesiredRefusedWhileAuto = true }, func(_ *testing.T, w *world) string {
			id := w.create("a")
			pool := w.addPool(id, "ng1", "EnableAutoscale", true)
			return w.tke("ModifyNodePoolDesiredCapacityAboutAsg", object{"ClusterId": id, "NodePoolId": pool, "DesiredCapacity": 3}).verdict()
		}, "", "InvalidParameter.Param"),
		"endpoint": wiretest.NewChoice(func(a *Assumptions) { a.Endpoint = EndpointDomain }, func(t *testing.T, w *world) string {
			wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: seedGroups("ng1"), Attr: map[string]string{AttrPublic: "yes"}}))
			id, _ := w.seeded("a", 0)
			at := strings.TrimPrefix(w.endpoint(id, true), "Created ")
			host, port, _ := strings.Cut(at, ":")
			return host[:3] + " " + port
		}, "203", "lb- 443"),
		"ids-current": wiretest.NewChoice(func(a *Assumptions) { a.IDsCurrent = true }, func(t *testing.T, w *world) string {
			lagging := newWorld(t, func(o *Options) { o.ReadLag, o.Assumptions = time.Minute, w.assumptions })
			id := lagging.want(lagging.tke("CreateCluster", clusterBody("a")), "").text("ClusterId")
			return lagging.state(id) + " " + lagging.tke("DescribeClusterNodePools", object{"ClusterId": id}).verdict()
		}, "ResourceNotFound.ClusterNotFound", "Creating"),
		"long-label-keys": wiretest.NewChoice(func(a *Assumptions) { a.LongLabelKeys = true }, func(_ *testing.T, w *world) string {
			long := "example.com/" + strings.Repeat("k", 63)
			id := w.create("a")
			return w.tke("CreateClusterNodePool", poolBody(id, "ng1", "Labels", []any{object{"Name": long, "Value": ""}})).verdict() + " " +
				w.tke("CreateClusterNodePool", poolBody(id, "ng2", "Taints", []any{object{"Key": long + "k", "Value": "", "Effect": "NoExecute"}})).verdict()
		}, "InvalidParameter.Param InvalidParameter.Param", "InvalidParameter.Param"),
		"nodes-hide-upgrade": wiretest.NewChoice(func(a *Assumptions) { a.NodesHideUpgrade = true }, func(_ *testing.T, w *world) string {
			id := w.create("a")
			pool := w.addPool(id, "ng1")
			w.want(w.tke("UpdateClusterVersion", object{"ClusterId": id, "DstVersion": "1.32.2"}), "")
			w.pass()
			node := w.want(w.tke("DescribeClusterInstances", object{"ClusterId": id}), "").text("InstanceSet", 0, "InstanceId")
			begin := object{"ClusterId": id, "Operation": "create", "UpgradeType": "major", "InstanceIds": []any{node}}
			w.want(w.tke("UpgradeClusterInstances", begin), "")
			during := w.state(id) + " " + w.pool(id, pool).text("LifeState")
			w.want(w.tke("UpgradeClusterInstances", changed(begin, "Operation", "pause")), "")
			w.want(w.tke("UpgradeClusterInstances", changed(begin, "Operation", "resume")), "")
			w.pass()
			return during + " " + w.state(id) + " " + w.task(id, taskNodes)
		}, "NodeUpgrading normal Running node_upgrade done", "Running updating Running node_upgrade done"),
		"other-codes": wiretest.NewChoice(func(a *Assumptions) { a.OtherCodes = true }, func(t *testing.T, w *world) string {
			id := w.create("a")
			w.Deny("sts:GetCallerIdentity")
			verdicts := []string{
				w.tke("CreateClusterNodePool", poolBody(id, "ng1", "launch.InstanceType", "none")).verdict(),
				w.tke("DescribeClusters", object{"Limit": 101}).verdict(),
				w.call("as", "DescribeLaunchConfigurations", object{"Limit": 101}).verdict(),
				w.tke("CreateCluster", clusterBody("b", "ClusterAdvancedSettings.ContainerRuntime", "docker")).verdict(),
				w.tke("CreateCluster", clusterBody("b")).verdict(),
				w.tke("CreateCluster", clusterBody("b", "ClusterCIDRSettings.ClusterCIDR", "172.16.0.1/16")).verdict(),
				open(w, id).verdict(),
				w.call("sts", "GetCallerIdentity", object{}).verdict(),
			}
			w.addPool(id, "ng1")
			open(w, id)
			poor := newWorld(t, func(o *Options) {
				r := DefaultResources("ap-seoul")
				r.Roles, o.Resources, o.Assumptions = nil, &r, w.assumptions
			})
			return strings.Join(append(verdicts, open(w, id).verdict(), poor.tke("CreateCluster", clusterBody("a")).verdict()), " ")
		}, "FailedOperation.AsCommon InvalidParameter.Param InvalidParameterValue.LimitExceeded InvalidParameter.Param InvalidParameter.CidrConflictWithOtherCluster "+
			"InvalidParameter.CidrInvalid InvalidParameter AuthFailure.UnauthorizedOperation OperationDenied FailedOperation.AccountUserNotAuthenticated",
			"InvalidParameter.Param InvalidParameterValue.LimitExceeded InvalidParameter.Param FailedOperation.Param InternalError.CidrConflictWithOtherCluster "+
				"InternalError.CidrInvali ResourceUnavailable.ClusterState UnauthorizedOperation.CamNoAuth FailedOperation InternalError.UnexpectedInternal"),
		"pool-protection-ignored": wiretest.NewChoice(func(a *Assumptions) { a.PoolProtectionIgnored = true }, func(_ *testing.T, w *world) string {
			id := w.create("a")
			pool := w.addPool(id, "ng1", "DeletionProtection", true)
			return w.tke("DeleteClusterNodePool", object{"ClusterId": id, "NodePoolIds": []any{pool}, "KeepInstance": false}).verdict()
		}, "OperationDenied", ""),
		"repeated-deletion-ok": wiretest.NewChoice(func(a *Assumptions) { a.RepeatedDeletionOK = true }, func(_ *testing.T, w *world) string {
			id := w.create("a")
			pool := w.addPool(id, "ng1")
			drop, end := object{"ClusterId": id, "NodePoolIds": []any{pool}, "KeepInstance": false}, object{"ClusterId": id, "InstanceDeleteMode": "terminate"}
			w.want(w.tke("DeleteClusterNodePool", drop), "")
			again := w.tke("DeleteClusterNodePool", drop).verdict()
			w.pass()
			w.want(w.tke("DeleteCluster", end), "")
			return again + " " + w.tke("DeleteCluster", end).verdict()
		}, "ResourceUnavailable.NodePoolStateNotNormal InternalError.ClusterState", ""),
		"subreads-refused": wiretest.NewChoice(func(a *Assumptions) { a.SubreadsRefused = true }, func(_ *testing.T, w *world) string {
			id := w.want(w.tke("CreateCluster", clusterBody("a")), "").text("ClusterId")
			var verdicts []string
			for _, action := range []string{"DescribeClusterNodePools", "DescribeClusterInstances", "DescribeClusterEndpoints", "DescribeClusterEndpointStatus"} {
				verdicts = append(verdicts, w.tke(action, object{"ClusterId": id}).verdict())
			}
			return strings.Join(verdicts, " ")
		}, "", "ResourceUnavailable.ClusterState ResourceUnavailable.ClusterState ResourceUnavailable.ClusterInAbnormalStat InternalError.KubeClientConnection"),
		"substring-filters": wiretest.NewChoice(func(a *Assumptions) { a.SubstringFilters = true }, func(t *testing.T, w *world) string {
			wiretest.Must(t, w.Put(core.Seed{Name: "demo", Groups: seedGroups("ng1", "ng10")}))
			wiretest.Must(t, w.Put(core.Seed{Name: "demo-2"}))
			clusters := w.tke("DescribeClusters", object{"Filters": []any{byName("ClusterName", "demo")}})
			id := clusters.text("Clusters", 0, "ClusterId")
			pools := w.tke("DescribeClusterNodePools", object{"ClusterId": id, "Filters": []any{byName("NodePoolsName", "ng1")}})
			subnets := w.call("vpc", "DescribeSubnets", object{"Filters": []any{byName("subnet-name", "subnet-0")}})
			return string(rune('0'+clusters.number("TotalCount"))) + string(rune('0'+pools.number("TotalCount"))) + string(rune('0'+subnets.number("TotalCount")))
		}, "110", "223"),
		"tag-tasks-overlap": wiretest.NewChoice(func(a *Assumptions) { a.TagTasksOverlap = true }, func(_ *testing.T, w *world) string {
			id := w.create("a")
			w.want(w.retag(id, "a", "1"), "")
			verdict := w.retag(id, "b", "2").verdict()
			w.pass()
			return verdict + " " + w.tags(id)
		}, "FailedOperation.TaskAlreadyRunning a=1", "b=2"),
		"tags-at-once": wiretest.NewChoice(func(a *Assumptions) { a.TagsAtOnce = true }, func(_ *testing.T, w *world) string {
			id := w.create("a")
			w.want(w.retag(id, "a", "1"), "")
			return w.tags(id)
		}, "env=test", "a=1"),
		"tasks-not-found": wiretest.NewChoice(func(a *Assumptions) { a.TasksNotFound = true }, func(_ *testing.T, w *world) string {
			a := w.tke("DescribeTasks", object{"Filter": []any{byName("ClusterId", w.create("a")), byName("TaskType", taskUpgrade)}})
			w.want(w.tke("DescribeTasks", object{"Filter": []any{byName("ClusterId", "x")}}), "InvalidParameter.Param")
			w.want(w.tke("DescribeTasks", object{"Filter": []any{byName("TaskType", "x")}}), "InvalidParameter.Param")
			return a.verdict()
		}, "", "FailedOperation.TaskNotFound"),
		"throttling-code": wiretest.NewChoice(func(a *Assumptions) { a.ThrottlingCode = "RequestLimitExceeded.UinLimitExceeded" }, func(_ *testing.T, w *world) string {
			w.Inject(core.Fault{Kind: core.FaultThrottle})
			return w.tke("DescribeVersions", object{}).verdict()
		}, "RequestLimitExceeded", "RequestLimitExceeded.UinLimitExceeded"),
		"unique-pool-names": wiretest.NewChoice(func(a *Assumptions) { a.UniquePoolNames = true }, func(_ *testing.T, w *world) string {
			id := w.create("a")
			w.addPool(id, "ng1")
			return w.tke("CreateClusterNodePool", poolBody(id, "ng1")).verdict()
		}, "", "ResourceInUse.ResourceExistAlready"),
	})
	w := newWorld(t, func(o *Options) { o.Assumptions.Endpoint = EndpointIPPort })
	wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: seedGroups("ng1"), Attr: map[string]string{AttrPublic: "yes"}}))
	if id, _ := w.seeded("a", 0); !strings.HasSuffix(w.endpoint(id, true), ":443") {
		t.Errorf("the endpoint is %s", w.endpoint(id, true))
	}
}
