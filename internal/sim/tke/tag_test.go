// SPDX-License-Identifier: Apache-2.0

package tke

import (
	"strings"
	"testing"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// retag replaces the tags of a cluster: keys and values in turn.
func (w *world) retag(id string, pairs ...string) answer {
	w.t.Helper()
	tags := []any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		tags = append(tags, object{"Key": pairs[i], "Value": pairs[i+1]})
	}
	return w.tke("ModifyClusterTags", object{"ClusterId": id, "Tags": tags})
}

// tags are those in a list.
func (a answer) tags(path ...any) string {
	var list []string
	for i := range a.size(path...) {
		at := append(append([]any{}, path...), i)
		list = append(list, a.text(append(at, "Key")...)+"="+a.text(append(at, "Value")...))
	}
	return strings.Join(list, " ")
}

// tags are those of a cluster.
func (w *world) tags(id string) string {
	w.t.Helper()
	return w.want(w.tke("DescribeClusters", object{"ClusterIds": []any{id}}), "").tags("Clusters", 0, "TagSpecification", 0, "Tags")
}

// TestServer_tags: the tags of a cluster are replaced whole, in a task of their own.
func TestServer_tags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create("a")
	status := func() answer { return w.want(w.tke("DescribeBatchModifyTagsStatus", object{"ClusterId": id}), "") }
	w.want(w.tke("DescribeBatchModifyTagsStatus", object{"ClusterId": id}), "FailedOperation.TaskNotFound")
	w.want(w.retag(id, "a", "1", "b", "2"), "")
	if status().text("Status") != "running" || w.tags(id) != "env=test" {
		t.Errorf("at once it is %s, the tags are %s", status().text("Status"), w.tags(id))
	}
	w.want(w.retag(id, "a", "3"), "FailedOperation.TaskAlreadyRunning")
	w.pass()
	if got := status(); got.text("Status") != "done" || w.tags(id) != "a=1 b=2" || got.tags("Tags") != w.tags(id) {
		t.Errorf("later it is %s, the tags are %s", got.body, w.tags(id))
	}
	w.want(w.tke("ModifyClusterTags", object{"ClusterId": id, "Tags": []any{}, "SyncSubresource": true}), "501 NotSimulated")
	w.want(w.tke("ModifyClusterTags", object{"ClusterId": id}), "InvalidParameter.Param")
	w.want(w.retag(id, "tencent", "1"), "FailedOperation.TagCommon")
	w.want(w.retag(id), "")
	w.pass()
	if a := w.tke("DescribeClusters", object{"ClusterIds": []any{id}}); a.get("Clusters", 0, "TagSpecification") != nil {
		t.Errorf("without tags: %s", a.body)
	}
	w.Inject(core.Fault{Op: "ModifyClusterTags", Kind: core.FaultFailLater, Reason: "TAG_COMMON_ERROR(no quota)"})
	w.want(w.retag(id, "c", "3"), "")
	w.pass()
	if got := status(); got.text("Status") != "failed" || got.text("FailedResources", 0, "Error") != "TAG_COMMON_ERROR(no quota)" ||
		!strings.HasSuffix(got.text("FailedResources", 0, "Resource"), ":cluster/"+id) || w.tags(id) != "" {
		t.Errorf("it failed: %s, the tags are %s", got.body, w.tags(id))
	}
	w.want(w.tke("DeleteCluster", object{"ClusterId": id, "InstanceDeleteMode": "terminate"}), "")
	w.want(w.retag(id, "d", "4"), "FailedOperation.ClusterState")
}

// TestServer_poolTags: a node pool keeps the tags that its cluster had when it was made, unless
// it is to follow.
func TestServer_poolTags(t *testing.T) {
	t.Parallel()
	w, id, pool := stand(t)
	look := func() string { return w.pool(id, pool).tags("Tags") }
	w.want(w.retag(id, "env", "live"), "")
	w.pass()
	if got := look(); got != "env=test" || w.tags(id) != "env=live" {
		t.Errorf("the tags of the pool are %s, those of the cluster %s", got, w.tags(id))
	}
	w.want(w.tke("ModifyClusterTags", object{"ClusterId": id, "Tags": []any{object{"Key": "env", "Value": "old"}}, "SyncNodePoolTags": true}), "")
	w.pass()
	if got := look(); got != "env=old" {
		t.Errorf("the tags of the pool are %s", got)
	}
	w.want(w.tke("ModifyClusterNodePool", object{"ClusterId": id, "NodePoolId": pool, "Tags": []any{object{"Key": "own", "Value": "1"}}}), "")
	w.pass()
	if got := look(); got != "own=1 env=old" {
		t.Errorf("the tags of the pool are %s", got)
	}
}

// TestServer_addons: what each cluster has, and one that has failed.
func TestServer_addons(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.want(w.tke("CreateCluster", clusterBody("a")), "").text("ClusterId")
	look := func(name string) string {
		a := w.want(w.tke("DescribeAddon", object{"ClusterId": id, "AddonName": name}), "")
		return strings.TrimSpace(a.text("Addons", 0, "AddonName") + " " + a.text("Addons", 0, "Phase") + " " + a.text("Addons", 0, "Reason"))
	}
	if got := look("cbs"); got != "cbs Installing" {
		t.Errorf("at first: %s", got)
	}
	w.pass()
	if a := w.tke("DescribeAddon", object{"ClusterId": id}); look("cbs") != "cbs Succeeded" || a.size("Addons") != len(defaultAddons) {
		t.Errorf("later: %s", a.body)
	}
	wiretest.Must(t, w.FailAddon("a", "cbs", "CrashLoopBackOff"))
	wiretest.Must(t, w.FailAddon("a", "nginx", ""))
	if look("cbs") != "cbs UpgradFailed CrashLoopBackOff" || look("nginx") != "nginx Succeeded" {
		t.Errorf("broken: %s, %s", look("cbs"), look("nginx"))
	}
	w.want(w.tke("DescribeAddon", object{"ClusterId": id, "AddonName": "none"}), "ResourceNotFound")
	if w.FailAddon("none", "cbs", "") == nil {
		t.Error("a cluster that is not there has add-ons")
	}
}
