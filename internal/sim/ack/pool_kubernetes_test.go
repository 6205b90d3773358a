// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_labels: a block that is sent is the new one, and reaches the nodes that are
// there only when that is asked for.
func TestServer_labels(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create("a")
	pool := w.addPool(id, "ng1", "kubernetes_config", map[string]any{"labels": tags("team", "a", "tier", "web"), "taints": taints("only", "a", "NoExecute")})
	config := func() string {
		k := w.want(w.roa("GET", pool, nil), "200").get("kubernetes_config").(map[string]any)
		return fmt.Sprint(k["labels"], k["taints"])
	}
	nodes := func() (list []string) {
		w.Mu.Lock()
		defer w.Mu.Unlock()
		w.world.Advance(w.Now())
		for _, m := range w.kubernetesNodes(id, w.clusters[id].live, w.Now()) {
			list = append(list, m.Labels["team"])
		}
		return list
	}
	put := func(body map[string]any, want string) {
		t.Helper()
		w.want(w.roa("PUT", pool, body), want)
		w.pass()
	}
	both := "[map[key:team value:a] map[key:tier value:web]] [map[effect:NoExecute key:only value:a]]"
	if got := config(); got != both {
		t.Errorf("made with %s", got)
	}
	put(map[string]any{"scaling_group": map[string]any{"desired_size": 3}}, "200")
	put(map[string]any{"auto_scaling": autoOn(1, 4)}, "200")
	put(map[string]any{"auto_scaling": map[string]any{"enable": false}}, "200")
	if got := config(); got != both {
		t.Errorf("other blocks change it to %s", got)
	}
	put(map[string]any{"kubernetes_config": map[string]any{"labels": tag("team", "b")}}, "200")
	if got := config() + strings.Join(nodes(), ","); got != "[map[key:team value:b]] []a,a,a" {
		t.Errorf("replaced by %s", got)
	}
	put(map[string]any{"scaling_group": map[string]any{"desired_size": 4}}, "200")
	if got := strings.Join(nodes(), ","); got != "a,a,a,b" {
		t.Errorf("the nodes have %s", got)
	}
	put(map[string]any{"update_nodes": true}, "200")
	if got := strings.Join(nodes(), ","); got != "b,b,b,b" {
		t.Errorf("after update_nodes the nodes have %s", got)
	}
	put(map[string]any{"kubernetes_config": map[string]any{"labels": []any{}}, "update_nodes": true}, "200")
	if got := config() + strings.Join(nodes(), ","); got != "[] [],,," {
		t.Errorf("emptied to %s", got)
	}
	put(map[string]any{"kubernetes_config": map[string]any{"labels": tag("a b", "c")}}, "400 InvalidParameter.Labels")
}

// TestServer_spotChange: what machines cost changes for those that are made later.
func TestServer_spotChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.create("a")
	r := DefaultResources("ap-northeast-1")
	pool := w.addPool(id, "ng1", "scaling_group.spot_strategy", spotCapped, "scaling_group.spot_price_limit", limits("ecs.g7.large", "0.39"))
	w.want(w.roa("PUT", pool, map[string]any{"scaling_group": map[string]any{"spot_strategy": spotNone, "vswitch_ids": []any{r.VSwitches[1].ID}}}), "200")
	w.pass()
	w.want(w.roa("PUT", pool, map[string]any{"scaling_group": map[string]any{"desired_size": 3}}), "200")
	w.pass()
	a := w.want(w.roa("GET", pool, nil), "200")
	if a.text("scaling_group", "spot_strategy") != spotNone || a.get("scaling_group", "spot_price_limit") != nil || a.text("scaling_group", "vswitch_ids", 0) != r.VSwitches[1].ID {
		t.Errorf("the pool is %s", a.body)
	}
	nodes := w.roa("GET", "/clusters/"+id+"/nodes", nil)
	if nodes.text("nodes", 0, "spot_strategy") != spotCapped || nodes.text("nodes", 2, "spot_strategy") != spotNone {
		t.Errorf("the nodes are %s", nodes.body)
	}
}

// TestServer_Put_nodes: ready-made node pools have what their seeds say of nodes.
func TestServer_Put_nodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := DefaultResources("ap-northeast-1")
	groups := seedGroups("ng1")
	groups[0].Labels, groups[0].Spot, groups[0].Zones = map[string]string{"team": "a"}, true, []string{r.VSwitches[1].Zone}
	groups[0].Taints = []pmks.Taint{{Key: "only", Value: "a", Effect: pmks.TaintNoSchedule}}
	wiretest.Must(t, w.Put(core.Seed{Name: "a", Groups: groups}))
	a := w.want(w.roa("GET", w.seeded("a", 0), nil), "200")
	got := fmt.Sprintln(a.get("kubernetes_config", "labels"), a.get("kubernetes_config", "taints"), a.get("scaling_group", "spot_strategy"), a.get("scaling_group", "vswitch_ids"))
	if want := "[map[key:team value:a]] [map[effect:NoSchedule key:only value:a]] SpotAsPriceGo [" + r.VSwitches[1].ID + "]\n"; got != want {
		t.Errorf("got %s", got)
	}
}

// TestServer_endpoint: the public address comes and goes, and the other one stays.
func TestServer_endpoint(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) {
		r := DefaultResources("ap-northeast-1")
		r.EIPs = []string{"eip-1"}
		o.Resources = &r
	})
	path := "/clusters/" + w.create("a", "endpoint_public_access", false)
	public := func() bool {
		var urls endpointsText
		if err := json.Unmarshal([]byte(w.roa("GET", path, nil).text("master_url")), &urls); err != nil || urls.IntranetAPIServerEndpoint == "" {
			t.Errorf("the endpoints are %+v: %v", urls, err)
		}
		return urls.APIServerEndpoint != ""
	}
	turn := func(want string, members ...any) {
		t.Helper()
		w.want(w.roa("PUT", "/api/v2"+path, with(map[string]any{}, members...)), want)
		w.pass()
	}
	if public() {
		t.Error("made with a public endpoint")
	}
	turn("400 InvalidAllocationId.NotFound", "api_server_eip", true, "api_server_eip_id", "eip-none")
	turn("202", "api_server_eip", true, "api_server_eip_id", "eip-1")
	if !public() {
		t.Error("not opened")
	}
	turn("202", "timezone", "Asia/Seoul")
	turn("202", "api_server_eip", true)
	if !public() {
		t.Error("another change closes it")
	}
	turn("202", "api_server_eip", false)
	if public() {
		t.Error("not closed")
	}
}

// TestServer_ModifyClusterTags: the tags are those that are sent.
func TestServer_ModifyClusterTags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/clusters/" + w.create("a")
	for _, test := range []struct {
		body any
		want string
		left string
	}{
		{many(21), "400 InvalidParameter.Tags", "[map[key:env value:test]]"},
		{tag("acs:x", "y"), "400 InvalidParameter.TagKey", "[map[key:env value:test]]"},
		{map[string]any{"tags": []any{}}, "400 InvalidParameter", "[map[key:env value:test]]"},
		{tags("b", "1", "a", ""), "200", "[map[key:a value:] map[key:b value:1]]"},
		{[]any{}, "200", "[]"},
	} {
		a := w.want(w.roa("POST", path+"/tags", test.body), test.want)
		if got := fmt.Sprint(w.roa("GET", path, nil).get("tags")); got != test.left || a.status == 200 && len(a.body) > 0 {
			t.Errorf("after %v: %s, answered %q", test.body, got, a.body)
		}
	}
	w.want(w.roa("POST", "/clusters/none/tags", []any{}), "404 ErrorClusterNotFound")
}
