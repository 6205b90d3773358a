// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestAssumptions reaches both answers to each question that no source settles.
func TestAssumptions(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T, a Assumptions) *world {
		return newWorld(t, func(o *Options) { o.Assumptions = a })
	}
	// off is a node pool whose autoscaling was switched off again.
	off := func(w *world) string {
		pool := w.addPool(w.create("a"), "ng1", "auto_scaling", autoOn(1, 3), "scaling_group.desired_size", nil)
		w.want(w.roa("PUT", pool, map[string]any{"auto_scaling": map[string]any{"enable": false}}), "200")
		w.pass()
		return pool
	}
	lagging := func(w *world) (cluster, pool string) {
		cluster = w.create("a")
		pool = w.addPool(cluster, "ng1")
		return cluster, pool
	}
	upgrade := func(w *world, cluster, version string, more ...any) answer {
		a := w.roa("POST", "/api/v2/clusters/"+cluster+"/upgrade", with(map[string]any{"next_version": version}, more...))
		w.pass()
		w.pass()
		return a
	}
	wiretest.Choices(t, start, map[string]wiretest.Choice[Assumptions, *world]{
		"autoscaler-installed": wiretest.NewChoice(func(a *Assumptions) { a.AutoscalerInstalled = true }, func(_ *testing.T, w *world) string {
			id := w.create("a")
			w.addPool(id, "ng1", "auto_scaling", autoOn(1, 3), "scaling_group.desired_size", nil)
			return w.roa("GET", "/clusters/"+id+"/addon_instances/ack-goatscaler", nil).verdict()
		}, "404 AddonNotFound", "200"),
		"autoscaler-configured-once": wiretest.NewChoice(func(a *Assumptions) { a.AutoscalerConfiguredOnce = true }, func(_ *testing.T, w *world) string {
			path := "/cluster/" + w.create("a") + "/autoscale/config/"
			w.roa("POST", path, map[string]any{})
			return w.roa("POST", path, map[string]any{}).verdict()
		}, "200", "400 InvalidParameter.AutoscalingConfig"),
		"bounds-shown-while-off": wiretest.NewChoice(func(a *Assumptions) { a.BoundsShownWhileOff = true }, func(_ *testing.T, w *world) string {
			return fmt.Sprint(w.roa("GET", off(w), nil).get("auto_scaling", "max_instances"))
		}, "<nil>", "3"),
		"check-fails-on-error": wiretest.NewChoice(func(a *Assumptions) { a.CheckFailsOnError = true }, func(t *testing.T, w *world) string {
			id := w.create("a")
			wiretest.Must(t, w.Find("a", checkMasterUpgrade, Finding{Item: "Webhook", Level: LevelError, Message: "a webhook is broken"}))
			return w.checked(id, checkMasterUpgrade).text("status")
		}, "Succeeded", "Failed"),
		"checks-oldest-first": wiretest.NewChoice(func(a *Assumptions) { a.ChecksOldestFirst = true }, func(_ *testing.T, w *world) string {
			id := w.create("a")
			w.checked(id, checkMasterUpgrade)
			w.checked(id, checkClusterUpgrade)
			return w.roa("GET", "/clusters/"+id+"/checks", nil).text("checks", 0, "type")
		}, checkClusterUpgrade, checkMasterUpgrade),
		"other-check-words": wiretest.NewChoice(func(a *Assumptions) { a.OtherCheckWords = true }, func(_ *testing.T, w *world) string {
			path := "/clusters/" + w.create("a") + "/checks"
			w.roa("POST", path, map[string]any{"type": checkMasterUpgrade})
			first := w.roa("GET", path, nil).text("checks", 0, "status")
			w.pass()
			w.Inject(core.Fault{Op: "RunClusterCheck", Kind: core.FaultFailLater, Reason: "Broken: no node answers"})
			w.roa("POST", path, map[string]any{"type": checkMasterUpgrade})
			w.pass()
			return first + " " + w.roa("GET", path, nil).text("checks", 0, "status")
		}, "Running Failed", "Pending Error"),
		"default-node-pool": wiretest.NewChoice(func(a *Assumptions) { a.DefaultNodePool = true }, func(_ *testing.T, w *world) string {
			a := w.roa("GET", "/clusters/"+w.create("a")+"/nodepools", nil)
			return fmt.Sprint(a.get("nodepools", 0, "nodepool_info", "name"), a.get("nodepools", 0, "nodepool_info", "is_default"))
		}, "<nil> <nil>", "default-nodepooltrue"),
		"default-node-pool-kept": wiretest.NewChoice(func(a *Assumptions) { a.DefaultNodePoolKept = true }, func(t *testing.T, w *world) string {
			wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: seedGroups("ng1"), Attr: map[string]string{AttrDefaultPool: "ng1"}}))
			return w.roa("DELETE", w.seeded("a", 0)+"?force=true", nil).verdict()
		}, "200", "400 InvalidParameter.NodePool"),
		"default-flag-hidden": wiretest.NewChoice(func(a *Assumptions) { a.DefaultFlagHidden = true }, func(_ *testing.T, w *world) string {
			return fmt.Sprint(w.roa("GET", w.addPool(w.create("a"), "ng1"), nil).get("nodepool_info", "is_default"))
		}, "false", "<nil>"),
		"deleted-shown": wiretest.NewChoice(func(a *Assumptions) { a.DeletedShown = 25 * time.Hour }, func(_ *testing.T, w *world) string {
			id := w.create("a")
			w.roa("DELETE", "/clusters/"+id, nil)
			w.pass()
			list := w.roa("GET", "/regions/ap-northeast-1/clusters", nil)
			first := w.state("/clusters/"+id) + " " + list.text("clusters", 0, "state")
			w.pass()
			return first + ", " + w.state("/clusters/"+id) + w.roa("GET", "/regions/ap-northeast-1/clusters", nil).text("clusters", 0, "state")
		}, "404 ErrorClusterNotFound , 404 ErrorClusterNotFound", "deleted deleted, 404 ErrorClusterNotFound"),
		"desired-shown-while-auto": wiretest.NewChoice(func(a *Assumptions) { a.DesiredShownWhileAuto = true }, func(_ *testing.T, w *world) string {
			pool := w.addPool(w.create("a"), "ng1", "auto_scaling", autoOn(1, 3), "scaling_group.desired_size", nil)
			return fmt.Sprint(w.roa("GET", pool, nil).get("scaling_group", "desired_size"))
		}, "<nil>", "1"),
		"empty-answers": wiretest.NewChoice(func(a *Assumptions) { a.EmptyAnswers = true }, func(_ *testing.T, w *world) string {
			id := w.create("a")
			config := w.roa("POST", "/cluster/"+id+"/autoscale/config/", map[string]any{})
			gone := w.roa("DELETE", "/clusters/"+id, nil)
			return fmt.Sprint(config.status, len(config.body) > 0, gone.status, len(gone.body) > 0, w.state("/clusters/"+id))
		}, "200 true 202 truedeleting", "200 false 202 falsedeleting"),
		"kubernetes-config-kept": wiretest.NewChoice(func(a *Assumptions) { a.KubernetesConfigKept = true }, func(_ *testing.T, w *world) string {
			pool := w.addPool(w.create("a"), "ng1", "kubernetes_config", map[string]any{"labels": tag("a", "b"), "user_data": "c3R1ZmY=", "cms_enabled": true, "unschedulable": true})
			w.want(w.roa("PUT", pool, map[string]any{"kubernetes_config": map[string]any{"labels": tag("c", "d")}}), "200")
			k := w.roa("GET", pool, nil).get("kubernetes_config").(map[string]any)
			return fmt.Sprintln(k["labels"], k["user_data"], k["cms_enabled"], k["unschedulable"])
		}, "[map[key:c value:d]]  <nil> false", "[map[key:c value:d]] c3R1ZmY= true true"),
		"labels-merged": wiretest.NewChoice(func(a *Assumptions) { a.LabelsMerged = true }, func(_ *testing.T, w *world) string {
			pool := w.addPool(w.create("a"), "ng1", "kubernetes_config", map[string]any{"labels": tag("a", "b"), "taints": taints("a", "b", "NoSchedule")})
			w.want(w.roa("PUT", pool, map[string]any{"kubernetes_config": map[string]any{"labels": tag("c", "d"), "taints": taints("a", "c", "NoSchedule")}}), "200")
			k := w.roa("GET", pool, nil).get("kubernetes_config").(map[string]any)
			return fmt.Sprint(k["labels"], k["taints"])
		}, "[map[key:c value:d]] [map[effect:NoSchedule key:a value:c]]",
			"[map[key:a value:b] map[key:c value:d]] [map[effect:NoSchedule key:a value:c]]"),
		"login-optional": wiretest.NewChoice(func(a *Assumptions) { a.LoginOptional = true }, func(_ *testing.T, w *world) string {
			return w.roa("POST", "/clusters/"+w.create("a")+"/nodepools", poolBody("ng1", "scaling_group.key_pair", nil)).verdict()
		}, "400 MissingParameter.scaling_group.key_pair", "200"),
		"master-only-by-default": wiretest.NewChoice(func(a *Assumptions) { a.MasterOnlyByDefault = true }, func(_ *testing.T, w *world) string {
			cluster, pool := lagging(w)
			upgrade(w, cluster, "1.36.2-aliyun.1")
			return w.roa("POST", pool+"/upgrade", map[string]any{}).verdict()
		}, "400 InvalidParameter.KubernetesVersion", "200"),
		"max-system-disk": wiretest.NewChoice(func(a *Assumptions) { a.MaxSystemDisk = 500 }, func(_ *testing.T, w *world) string {
			return w.roa("POST", "/clusters/"+w.create("a")+"/nodepools", poolBody("ng1", "scaling_group.system_disk_size", 501)).verdict()
		}, "200", "400 InvalidParameter.SystemDiskSize"),
		"max-vswitches": wiretest.NewChoice(func(a *Assumptions) { a.MaxVSwitches = 1 }, func(_ *testing.T, w *world) string {
			r := DefaultResources("ap-northeast-1")
			return w.roa("POST", "/clusters/"+w.create("a")+"/nodepools", poolBody("ng1", "scaling_group.vswitch_ids", []any{r.VSwitches[0].ID, r.VSwitches[1].ID})).verdict()
		}, "200", "400 InvalidParameter.VSwitchIds"),
		"no-pause-by-default": wiretest.NewChoice(func(a *Assumptions) { a.NoPauseByDefault = true }, func(_ *testing.T, w *world) string {
			cluster, pool := lagging(w)
			upgrade(w, cluster, "1.36.2-aliyun.1", "master_only", true)
			a := w.want(w.roa("POST", pool+"/upgrade", map[string]any{}), "200")
			w.pass()
			return w.task(a.text("task_id"))
		}, "paused", "success"),
		"old-version-metadata": wiretest.NewChoice(func(a *Assumptions) { a.OldVersionMetadata = true }, func(_ *testing.T, w *world) string {
			a := w.roa("GET", "/api/v1/metadata/versions?Region=ap-northeast-1&ClusterType=ManagedKubernetes&QueryUpgradableVersion=true", nil)
			return fmt.Sprint(a.get(1, "version"), a.get(1, "creatable"), a.get(1, "release_date") != nil, a.get(1, "upgradable_versions") != nil)
		}, "1.33.3-aliyun.1true true true", "1.33.3-aliyun.1<nil> false false"),
		"other-codes": wiretest.NewChoice(func(a *Assumptions) { a.OtherCodes = true }, func(t *testing.T, w *world) string {
			made := w.roa("POST", "/clusters", clusterBody("a", "deletion_protection", true))
			return strings.Join([]string{
				w.roa("POST", "/clusters/"+made.text("cluster_id")+"/nodepools", poolBody("ng1")).verdict(),
				w.roa("DELETE", "/clusters/"+made.text("cluster_id"), nil).verdict(),
				w.roa("POST", "/clusters", clusterBody("b")).verdict(),
				w.roa("POST", "/clusters/"+w.create("c", "container_cidr", "172.21.0.0/16", "service_cidr", "172.22.0.0/20")+"/nodepools",
					poolBody("ng1", "kubernetes_config.labels", tag("a b", ""))).verdict(),
			}, ", ")
		}, "400 ErrorClusterState, 400 ErrorDeletionProtection, 400 InvalidParameter.CIDRConflict, 400 InvalidParameter.Labels",
			"409 OperationConflict, 403 OperationDenied.DeletionProtection, 400 VpcCidrConflict, 400 InvalidParameter.KubernetesConfig"),
		"other-success": wiretest.NewChoice(func(a *Assumptions) { a.OtherSuccess = true }, func(_ *testing.T, w *world) string {
			a := w.roa("POST", "/clusters", clusterBody("a"))
			w.pass()
			return a.verdict() + " " + w.roa("POST", "/clusters/"+a.text("cluster_id")+"/nodepools", poolBody("ng1")).verdict() + " " +
				w.roa("GET", "/clusters/"+a.text("cluster_id"), nil).verdict()
		}, "202 200 200", "200 202 200"),
		"repeated-deletion": wiretest.NewChoice(func(a *Assumptions) { a.RepeatedDeletionOK = true }, func(_ *testing.T, w *world) string {
			cluster, pool := lagging(w)
			w.roa("DELETE", pool+"?force=true", nil)
			verdict := w.roa("DELETE", pool+"?force=true", nil).verdict()
			w.pass()
			w.roa("DELETE", "/clusters/"+cluster, nil)
			return verdict + ", " + w.roa("DELETE", "/clusters/"+cluster, nil).verdict()
		}, "400 InvalidNodePoolStatus.Forbidden, 400 ErrorClusterState", "200, 202"),
		"retired-ignored": wiretest.NewChoice(func(a *Assumptions) { a.RetiredIgnored = true }, func(_ *testing.T, w *world) string {
			return w.roa("POST", "/clusters", clusterBody("a", "num_of_nodes", 3)).verdict()
		}, "400 InvalidParameter", "202"),
		"scaling-group-reset": wiretest.NewChoice(func(a *Assumptions) { a.ScalingGroupReset = true }, func(_ *testing.T, w *world) string {
			pool := w.addPool(w.create("a"), "ng1", "scaling_group.spot_strategy", spotUncapped, "scaling_group.multi_az_policy", "BALANCE")
			w.want(w.roa("PUT", pool, map[string]any{"scaling_group": map[string]any{"desired_size": 1}}), "200")
			g := w.roa("GET", pool, nil).get("scaling_group").(map[string]any)
			return fmt.Sprintln(g["spot_strategy"], g["multi_az_policy"], g["tags"], g["instance_types"])
		}, "SpotAsPriceGo BALANCE [map[key:a value:b]] [ecs.g7.large]", "NoSpot PRIORITY [] [ecs.g7.large]"),
		"skew-refused": wiretest.NewChoice(func(a *Assumptions) { a.SkewRefused = true }, func(_ *testing.T, w *world) string {
			id := w.create("a", "kubernetes_version", "1.34.3-aliyun.1")
			w.addPool(id, "ng1")
			upgrade(w, id, "1.35.3-aliyun.1", "master_only", true)
			return upgrade(w, id, "1.36.2-aliyun.1", "master_only", true).verdict()
		}, "202", "400 InvalidParameter.KubernetesVersion"),
		"small-system-disks": wiretest.NewChoice(func(a *Assumptions) { a.SmallSystemDisks = true }, func(_ *testing.T, w *world) string {
			return w.roa("POST", "/clusters/"+w.create("a")+"/nodepools", poolBody("ng1", "scaling_group.system_disk_size", 20)).verdict()
		}, "400 InvalidParameter.SystemDiskSize", "200"),
		"snake-request-id": wiretest.NewChoice(func(a *Assumptions) { a.SnakeRequestID = true }, func(_ *testing.T, w *world) string {
			a := w.roa("GET", "/clusters/none", nil)
			return fmt.Sprint(a.text("requestId") != "", a.text("request_id") != "")
		}, "true false", "false true"),
		"spot-scaling-type": wiretest.NewChoice(func(a *Assumptions) { a.SpotScalingType = true }, func(_ *testing.T, w *world) string {
			id := w.create("a")
			spot := []any{"scaling_group.spot_strategy", spotUncapped, "scaling_group.desired_size", nil}
			pool := w.addPool(id, "ng1", append(spot, "auto_scaling", map[string]any{"enable": true, "min_instances": 0, "max_instances": 2})...)
			return w.roa("GET", pool, nil).text("auto_scaling", "type") + " " +
				w.roa("POST", "/clusters/"+id+"/nodepools", poolBody("ng2", append(spot, "auto_scaling", autoOn(0, 2))...)).verdict()
		}, "spot 200", "spot 400 InvalidParameter.AutoScaling"),
		"tags-merged": wiretest.NewChoice(func(a *Assumptions) { a.TagsMerged = true }, func(_ *testing.T, w *world) string {
			_, pool := lagging(w)
			put := []any{map[string]any{"key": "a", "value": "2"}, map[string]any{"key": "c", "value": "3"}}
			w.roa("PUT", pool, map[string]any{"scaling_group": map[string]any{"tags": put[1:]}})
			w.pass()
			w.roa("PUT", pool, map[string]any{"scaling_group": map[string]any{"tags": put[:1]}})
			w.pass()
			return fmt.Sprint(w.roa("GET", pool, nil).get("scaling_group", "tags"))
		}, "[map[key:a value:2]]", "[map[key:a value:2] map[key:c value:3]]"),
		"tags-update-cluster": wiretest.NewChoice(func(a *Assumptions) { a.TagsUpdateCluster = true }, func(_ *testing.T, w *world) string {
			path := "/clusters/" + w.create("a")
			w.want(w.roa("POST", path+"/tags", tag("a", "b")), "200")
			return w.state(path) + " " + w.roa("POST", path+"/tags", []any{}).verdict()
		}, "running 200", "updating 400 ErrorClusterState"),
		"tasks-forgotten": wiretest.NewChoice(func(a *Assumptions) { a.TasksForgotten = true }, func(_ *testing.T, w *world) string {
			a := w.roa("DELETE", "/clusters/"+w.create("a"), nil)
			w.pass()
			return w.roa("GET", "/tasks/"+a.text("task_id"), nil).verdict()
		}, "200", "404 ErrTaskNotFound"),
		"tasks-oldest-first": wiretest.NewChoice(func(a *Assumptions) { a.TasksOldestFirst = true }, func(_ *testing.T, w *world) string {
			cluster, _ := lagging(w)
			return w.roa("GET", "/clusters/"+cluster+"/tasks", nil).text("tasks", 0, "task_type")
		}, "nodepool_create", "cluster_create"),
		"throttling-status": wiretest.NewChoice(func(a *Assumptions) { a.ThrottlingStatus = 503 }, func(_ *testing.T, w *world) string {
			w.Inject(core.Fault{Kind: core.FaultThrottle, RetryAfter: 3 * time.Second})
			a := w.roa("GET", "/quota", nil)
			return a.verdict() + " " + a.header.Get("x-ratelimit-user-api")
		}, "400 Throttling.User TimeLeft:3000", "503 Throttling.User TimeLeft:3000"),
		"unique-names": wiretest.NewChoice(func(a *Assumptions) { a.UniqueNames = true }, func(_ *testing.T, w *world) string {
			w.create("a")
			return w.roa("POST", "/clusters", clusterBody("a", "container_cidr", "172.21.0.0/16", "service_cidr", "172.22.0.0/20")).verdict()
		}, "202", "400 ClusterNameAlreadyExist"),
		"unique-pool-names": wiretest.NewChoice(func(a *Assumptions) { a.UniquePoolNames = true }, func(_ *testing.T, w *world) string {
			id := w.create("a")
			w.addPool(id, "ng1")
			return w.roa("POST", "/clusters/"+id+"/nodepools", poolBody("ng1")).verdict()
		}, "200", "400 NodePoolNameAlreadyExist"),
	})
}

// TestServer_otherState: a state that nobody knows.
func TestServer_otherState(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create("a")
	pool := w.addPool(id, "ng1")
	wiretest.Must(t, w.Show("a", "", "migrating"))
	wiretest.Must(t, w.Show(id, "ng1", "repairing"))
	if w.state("/clusters/"+id) != "migrating" || w.state(pool) != "repairing" {
		t.Errorf("got %s and %s", w.state("/clusters/"+id), w.state(pool))
	}
	wiretest.Must(t, w.Show("a", "", ""))
	wiretest.Must(t, w.Force("a", "", profile.Gone, ""))
	if got := w.state("/clusters/" + id); got != "404 ErrorClusterNotFound" {
		t.Errorf("what is gone: %s", got)
	}
	for what, err := range map[string]error{
		"force": w.Force("none", "", profile.Active, ""), "force-pool": w.Force("none", "x", profile.Active, ""), "protect": w.Protect("none", true), "show": w.Show("none", "", ""),
	} {
		if err == nil {
			t.Errorf("%s of nothing", what)
		}
	}
}
