// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"testing"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// checked is a check of a cluster that has ended.
func (w *world) checked(cluster, kind string) answer {
	w.t.Helper()
	path := "/clusters/" + cluster + "/checks"
	id := w.want(w.roa("POST", path, map[string]any{"type": kind}), "200").text("check_id")
	w.pass()
	return w.want(w.roa("GET", path+"/"+id, nil), "200")
}

// TestServer_checks: a check is a job, and finds what is in the way.
func TestServer_checks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wiretest.Must(t, w.Put(core.Seed{Name: "a", Version: "1.35.3-aliyun.1", Groups: seedGroups("ng1"), Attr: map[string]string{AttrAddons: "coredns:v1.9.3.6"}}))
	path, pool := w.seeded("a", -1), w.seeded("a", 0)
	id, poolID := path[len("/clusters/"):], pool[len(path+"/nodepools/"):]
	for _, test := range []struct {
		body map[string]any
		want string
	}{
		{map[string]any{}, "400 MissingParameter.type"},
		{map[string]any{"type": "Everything"}, "400 InvalidParameter.Type"},
		{map[string]any{"type": "ClusterMigrate"}, "501 NotSimulated"},
		{map[string]any{"type": checkNodePoolUpgrade}, "400 MissingParameter.target"},
		{map[string]any{"type": checkNodePoolUpgrade, "target": "np-none"}, "404 ErrorNodePoolNotFound"},
		{map[string]any{"type": checkNodePoolUpgrade, "target": poolID, "options": map[string]any{"a": "b"}}, "200"},
		{map[string]any{"type": checkMasterUpgrade}, "200"},
	} {
		w.want(w.roa("POST", path+"/checks", test.body), test.want)
	}
	list := w.want(w.roa("GET", path+"/checks", nil), "200")
	if list.text("checks", 0, "type") != checkMasterUpgrade || list.text("checks", 0, "status") != "Running" || list.text("checks", 0, "finished_at") != "" {
		t.Errorf("the checks under way are %s", list.body)
	}
	if a := w.roa("GET", path+"/checks?type=NodePoolUpgrade&target="+poolID, nil); a.text("checks", 0, "type") != checkNodePoolUpgrade || a.get("checks", 1) != nil {
		t.Errorf("the checks of the pool are %s", a.body)
	}
	w.pass()
	if w.state(path) != "running" || w.roa("GET", path+"/tasks", nil).number("page_info", "total_count") != 0 {
		t.Error("a check changes the cluster")
	}
	found := w.checked(id, checkMasterUpgrade)
	if found.text("status") != "Succeeded" || found.text("check_items", "AddonVersion", 0, "Level", "warning", "Targets", 0, "Target") != "coredns" ||
		found.get("check_items", "NodePoolVersion") != nil {
		t.Errorf("the check found %s", found.body)
	}
	w.want(w.roa("POST", "/api/v2"+path+"/upgrade", map[string]any{"next_version": "1.36.2-aliyun.1", "master_only": true}), "202")
	w.want(w.roa("POST", path+"/checks", map[string]any{"type": checkMasterUpgrade}), "400 ErrorClusterState")
	w.pass()
	wiretest.Must(t, w.Find("a", checkClusterUpgrade, Finding{Item: "Webhook", Group: "APIServer", Level: LevelError, Message: "a webhook is broken", Targets: []string{"w"}}))
	found = w.checked(id, checkClusterUpgrade)
	if found.text("check_items", "NodePoolVersion", 0, "Level", LevelError, "Targets", 0, "Target") != poolID ||
		found.text("check_items", "Webhook", 0, "Level", LevelError, "Message") != "a webhook is broken" {
		t.Errorf("the check found %s", found.body)
	}
	if w.Find("none", checkMasterUpgrade) == nil {
		t.Error("findings in nothing")
	}
	addon := w.want(w.roa("GET", "/addons/coredns?cluster_id="+id, nil), "200")
	if addon.text("version") != "v1.9.3.6" || addon.text("newer_versions", 0, "version") != addonVersion || addon.get("newer_versions", 0, "upgradable") != true {
		t.Errorf("the add-on is %s", addon.body)
	}
}
