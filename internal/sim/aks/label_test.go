// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

var (
	spotMachines   = new(armcontainerservice.ScaleSetPrioritySpot)
	changeRefused  = refusal{400, "PropertyChangeNotAllowed"}
	plainlyRefused = refusal{400, "BadRequest"}
)

// words sets labels and taints of a pool.
func words(labels map[string]string, taints ...string) func(*pp) {
	return func(p *pp) {
		p.NodeLabels, p.NodeTaints = map[string]*string{}, []*string{}
		for key, value := range labels {
			p.NodeLabels[key] = new(value)
		}
		for _, taint := range taints {
			p.NodeTaints = append(p.NodeTaints, new(taint))
		}
	}
}

// TestServer_nodeWords: labels and taints are checked alike for new pools and for those
// that are there.
func TestServer_nodeWords(t *testing.T) {
	t.Parallel()
	label := func(key, value string) func(*pp) { return words(map[string]string{key: value}) }
	user := func(change func(*pp)) func(*pp) {
		return func(p *pp) { change(p); p.Mode = userMode }
	}
	restricted := refusal{400, "SystemPoolHasRestrictedTaint"}
	for _, test := range []struct {
		name   string
		change func(*pp)
		want   refusal
		text   string
	}{
		{"labels", label("example.com/team", "a"), refusal{}, ""},
		{"empty-value", label("team", ""), refusal{}, ""},
		{"allowed-namespace", label("node.kubernetes.io/lifecycle", "x"), refusal{}, ""},
		{"key", label("-a", "x"), badParameter, "nodeLabels"},
		{"prefix", label("Exa_mple.com/a", "x"), badParameter, "nodeLabels"},
		{"value", label("a", "x y"), badParameter, "nodeLabels"},
		{"long-value", label("a", strings.Repeat("x", 64)), badParameter, "nodeLabels"},
		{"azure", label("kubernetes.azure.com/mode", "user"), plainlyRefused, "preserved by aks system labels"},
		{"spot-mark", label(spotLabel, "spot"), plainlyRefused, "preserved by aks system labels"},
		{"agentpool", label("agentpool", "x"), plainlyRefused, "reserved"},
		{"role", label("node-role.kubernetes.io/worker", ""), plainlyRefused, "allowed prefix"},
		{"k8s", label("x.k8s.io/a", "x"), plainlyRefused, "allowed prefix"},
		{"soft-taint", words(nil, "a=b:PreferNoSchedule"), refusal{}, ""},
		{"addons-taint", words(nil, "CriticalAddonsOnly=true:NoSchedule"), refusal{}, ""},
		{"hard-taint-of-system", words(nil, "a=b:NoSchedule"), restricted, "nodeTaints"},
		{"hard-taint", user(words(nil, "a=b:NoSchedule", "a=b:NoExecute")), refusal{}, ""},
		{"effect", user(words(nil, "a=b:Never")), badParameter, "effect"},
		{"no-effect", user(words(nil, "a=b")), badParameter, "key=value:effect"},
		{"taint-twice", user(words(nil, "a=b:NoSchedule", "a=c:NoSchedule")), badParameter, "twice"},
		{"taint-of-azure", user(words(nil, "kubernetes.azure.com/a=b:NoSchedule")), badParameter, "reserved"},
		{"taint-value", user(words(nil, "a=:NoSchedule")), badParameter, "value"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.create(t, "a")
			w.addPool(t, "a", "old")
			p := poolInput()
			test.change(p)
			check(t, wiretest.Err(w.pools.BeginCreateOrUpdate(t.Context(), testGroup, "a", "new", armcontainerservice.AgentPool{Properties: p}, nil)), test.want, test.text)
			check(t, w.putPool(t, "a", "old", test.change), test.want, test.text)
			if test.want == (refusal{}) {
				if got := w.getPool(t, "a", "old").Properties; wiretest.JSON(t, got.NodeLabels) != wiretest.JSON(t, p.NodeLabels) && len(p.NodeLabels) > 0 || len(got.NodeTaints) != len(p.NodeTaints) {
					t.Errorf("the pool shows:\n%s", wiretest.JSON(t, got))
				}
			}
		})
	}
}

// TestServer_nodeWords_whole: a PUT is the whole of a pool, and what it leaves out is gone.
func TestServer_nodeWords_whole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.create(t, "a")
	wiretest.Must(t, w.putPool(t, "a", "ng1", words(map[string]string{"a": "b", "c": "d"}, "x=y:PreferNoSchedule")))
	w.pass()
	wiretest.Must(t, w.putPool(t, "a", "ng1", func(p *pp) { p.Count, p.NodeLabels = new(int32(3)), map[string]*string{"a": new("e")} }))
	w.pass()
	if p := w.getPool(t, "a", "ng1").Properties; len(p.NodeLabels) != 1 || *p.NodeLabels["a"] != "e" || len(p.NodeTaints) != 1 {
		t.Errorf("the pool shows:\n%s", wiretest.JSON(t, p))
	}
	wiretest.Must(t, w.putPool(t, "a", "ng1", func(p *pp) { p.NodeLabels, p.NodeTaints = nil, nil }))
	w.pass()
	if p := w.getPool(t, "a", "ng1").Properties; p.NodeLabels != nil || p.NodeTaints != nil {
		t.Errorf("the pool still shows:\n%s", wiretest.JSON(t, p))
	}
}

// TestServer_spot: a pool of spot machines is what it is from its creation on, is marked
// as AKS marks it, and is no first pool of a cluster.
func TestServer_spot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := clusterInput()
	in.Properties.AgentPoolProfiles = append([]*ap{{
		Name: new("spot"), Count: new(int32(1)), VMSize: new("Standard_D4s_v5"), Mode: userMode, ScaleSetPriority: spotMachines,
		VnetSubnetID: in.Properties.AgentPoolProfiles[0].VnetSubnetID,
	}}, in.Properties.AgentPoolProfiles...)
	check(t, wiretest.Err(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "b", in, nil)), badParameter, "first agent pool")
	w.create(t, "a")
	add := func(name string, change func(*pp)) error {
		p := poolInput()
		p.Mode, p.ScaleSetPriority = userMode, spotMachines
		change(p)
		return wiretest.Err(w.pools.BeginCreateOrUpdate(t.Context(), testGroup, "a", name, armcontainerservice.AgentPool{Properties: p}, nil))
	}
	for _, price := range []float32{0, -2, 0.123456} {
		check(t, add("capped", func(p *pp) { p.SpotMaxPrice = &price }), badParameter, "spotMaxPrice")
	}
	for name, price := range map[string]float32{"market": -1, "capped": 0.98765, "dear": 12345.5} {
		wiretest.Must(t, add(name, func(p *pp) { p.SpotMaxPrice = &price }))
		w.pass()
	}
	wiretest.Must(t, add("spot", func(p *pp) {
		words(map[string]string{"team": "a", spotLabel: "spot"}, "own=x:NoSchedule", spotTaint)(p)
		p.AvailabilityZones = []*string{new("1"), new("2")}
	}))
	w.pass()
	p := w.getPool(t, "a", "spot").Properties
	if *p.ScaleSetEvictionPolicy != "Delete" || *p.SpotMaxPrice != -1 || len(p.NodeLabels) != 2 || *p.NodeLabels[spotLabel] != "spot" || len(p.NodeTaints) != 2 {
		t.Errorf("the spot pool shows:\n%s", wiretest.JSON(t, p))
	}
	for name, change := range map[string]func(*pp){
		"zones":      func(p *pp) { p.AvailabilityZones = []*string{new("1")} },
		"no-zones":   func(p *pp) { p.AvailabilityZones = nil },
		"regular":    func(p *pp) { p.ScaleSetPriority = nil },
		"price":      func(p *pp) { p.SpotMaxPrice = new(float32(2)) },
		"no-price":   func(p *pp) { p.SpotMaxPrice = nil },
		"other-word": func(p *pp) { p.ScaleSetPriority = new(armcontainerservice.ScaleSetPriorityRegular) },
	} {
		if err := w.putPool(t, "a", "spot", change); refusalOf(err) != changeRefused {
			t.Errorf("%s: %v", name, err)
		}
	}
	check(t, w.putPool(t, "a", "spot", func(p *pp) { p.Mode = new(armcontainerservice.AgentPoolModeSystem) }), badParameter, "")
	// What was read can be written, and a PUT without the marks takes them away.
	wiretest.Must(t, w.putPool(t, "a", "spot", func(p *pp) { p.Count = new(int32(1)) }))
	w.pass()
	wiretest.Must(t, w.putPool(t, "a", "spot", func(p *pp) { words(map[string]string{"team": "b"})(p) }))
	w.pass()
	if p = w.getPool(t, "a", "spot").Properties; len(p.NodeLabels) != 1 || len(p.NodeTaints) != 0 {
		t.Errorf("the marks are still there:\n%s", wiretest.JSON(t, p))
	}
}

// TestServer_spot_upgrade: a spot pool goes after the control plane, by a PUT of its own.
func TestServer_spot_upgrade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wiretest.Must(t, w.Put(core.Seed{Name: "a", Version: "1.34.4", Groups: groups("sys", "spot"), Attr: map[string]string{AttrSpotPools: "spot"}}))
	put := func(pools bool) error {
		in := w.get(t, "a")
		in.Properties.KubernetesVersion = new("1.35.4")
		for _, p := range in.Properties.AgentPoolProfiles {
			if pools {
				p.OrchestratorVersion = new("1.35.4")
			}
		}
		return wiretest.Err(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "a", *in, nil))
	}
	check(t, put(true), plainlyRefused, "'spot'")
	wiretest.Must(t, put(false))
	w.pass()
	for _, name := range []string{"sys", "spot"} {
		profile := wiretest.OK(w.pools.GetUpgradeProfile(t.Context(), testGroup, "a", name, nil))(t).Properties
		if len(profile.Upgrades) != 2 || *profile.Upgrades[1].KubernetesVersion != "1.35.4" || *profile.KubernetesVersion != "1.34.4" || *profile.OSType != "Linux" {
			t.Errorf("%s can be upgraded thus:\n%s", name, wiretest.JSON(t, profile))
		}
		wiretest.Must(t, w.putPool(t, "a", name, func(p *pp) { p.OrchestratorVersion = new("1.35.4") }))
		w.pass()
		if got := w.getPool(t, "a", name).Properties; *got.CurrentOrchestratorVersion != "1.35.4" || name == "spot" && *got.NodeLabels[spotLabel] != "spot" {
			t.Errorf("%s shows:\n%s", name, wiretest.JSON(t, got))
		}
	}
	if profile := wiretest.OK(w.pools.GetUpgradeProfile(t.Context(), testGroup, "a", "sys", nil))(t).Properties; len(profile.Upgrades) != 0 {
		t.Errorf("a pool would overtake its control plane:\n%s", wiretest.JSON(t, profile))
	}
}
