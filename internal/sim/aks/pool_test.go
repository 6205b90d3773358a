// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"

	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

type pp = armcontainerservice.ManagedClusterAgentPoolProfileProperties

var userMode = new(armcontainerservice.AgentPoolModeUser)

func TestServer_addPool_refusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, pool string
		change     func(p *pp)
		want       refusal
		text       string
	}{
		{"accepted", "ng2", func(*pp) {}, refusal{}, ""},
		{"name-hyphen", "ng-2", func(*pp) {}, badParameter, "agentPoolProfile.name"},
		{"name-upper-case", "Ng2", func(*pp) {}, badParameter, "agentPoolProfile.name"},
		{"name-length", "abcdefghijklm", func(*pp) {}, badParameter, "agentPoolProfile.name"},
		{"no-count", "ng2", func(p *pp) { p.Count = nil }, badParameter, "properties.count"},
		{"no-mode", "ng2", func(p *pp) { p.Mode = nil }, badParameter, "properties.mode"},
		{"no-size", "ng2", func(p *pp) { p.VMSize = nil }, badParameter, "properties.vmSize"},
		{"size-unknown", "ng2", func(p *pp) { p.VMSize = new("t3.medium") }, refusal{400, "BadRequest"}, "not allowed in your subscription"},
		{"size-not-allowed", "ng2", func(p *pp) { p.VMSize = new("Standard_ND96isr_H100_v5") }, refusal{400, "BadRequest"}, "not allowed in your subscription"},
		{"system-burstable", "ng2", func(p *pp) { p.VMSize = new("Standard_B4ms") }, badParameter, "vmSize"},
		{"user-burstable", "ng2", func(p *pp) { p.VMSize, p.Mode = new("Standard_B2s"), userMode }, refusal{}, ""},
		{"system-empty", "ng2", func(p *pp) { p.Count = new(int32(0)) }, badParameter, "agentPoolProfile.count"},
		{"user-empty", "ng2", func(p *pp) { p.Count, p.Mode = new(int32(0)), userMode }, refusal{}, ""},
		{"too-many", "ng2", func(p *pp) { p.Count = new(int32(1001)) }, badParameter, "agentPoolProfile.count"},
		{"bounds-without-autoscaling", "ng2", func(p *pp) { p.MinCount, p.MaxCount = new(int32(1)), new(int32(3)) }, badParameter, "minCount"},
		{"autoscaling-without-max", "ng2", func(p *pp) { p.EnableAutoScaling, p.MinCount = new(true), new(int32(1)) }, badParameter, "maxCount"},
		{"min-above-max", "ng2", func(p *pp) {
			p.EnableAutoScaling, p.MinCount, p.MaxCount = new(true), new(int32(3)), new(int32(2))
		}, badParameter, "minCount"},
		{"system-min-zero", "ng2", func(p *pp) {
			p.EnableAutoScaling, p.MinCount, p.MaxCount = new(true), new(int32(0)), new(int32(2))
		}, badParameter, "minCount"},
		{"count-below-min", "ng2", func(p *pp) {
			p.EnableAutoScaling, p.MinCount, p.MaxCount = new(true), new(int32(3)), new(int32(4))
		}, badParameter, "minCount"},
		{"count-above-max", "ng2", func(p *pp) {
			p.EnableAutoScaling, p.MinCount, p.MaxCount = new(true), new(int32(1)), new(int32(1))
		}, badParameter, "maxCount"},
		{"max-pods", "ng2", func(p *pp) { p.MaxPods = new(int32(9)) }, badParameter, "maxPods"},
		{"max-pods-of-system", "ng2", func(p *pp) { p.MaxPods = new(int32(10)) }, badParameter, "30 pods"},
		{"disk-too-small", "ng2", func(p *pp) { p.OSDiskSizeGB = new(int32(29)) }, badParameter, "osDiskSizeGB"},
		{"disk-too-large", "ng2", func(p *pp) { p.OSDiskSizeGB = new(int32(2049)) }, badParameter, "osDiskSizeGB"},
		{"disk-type", "ng2", func(p *pp) { p.OSDiskType = new(armcontainerservice.OSDiskType("PremiumSSD")) }, badParameter, "osDiskType"},
		{"ephemeral-without-disk", "ng2", func(p *pp) { p.OSDiskType = new(armcontainerservice.OSDiskTypeEphemeral) }, refusal{400, "BadRequest"}, "ephemeral"},
		{"sku-unknown", "ng2", func(p *pp) { p.OSSKU = new(armcontainerservice.OSSKU("Debian")) }, badParameter, "osSKU"},
		{"windows-system", "ng2", func(p *pp) { p.OSType = new(armcontainerservice.OSTypeWindows) }, badParameter, "osType Linux"},
		{"windows-name", "windows1", func(p *pp) { p.OSType, p.Mode = new(armcontainerservice.OSTypeWindows), userMode }, badParameter, "6 characters"},
		{"windows-sku", "win", func(p *pp) {
			p.OSType, p.Mode, p.OSSKU = new(armcontainerservice.OSTypeWindows), userMode, new(armcontainerservice.OSSKUUbuntu)
		}, badParameter, "osSKU"},
		{"windows", "win", func(p *pp) { p.OSType, p.Mode = new(armcontainerservice.OSTypeWindows), userMode }, refusal{}, ""},
		{"spot-system", "ng2", func(p *pp) { p.ScaleSetPriority = new(armcontainerservice.ScaleSetPrioritySpot) }, badParameter, "scaleSetPriority"},
		{"spot-policy", "ng2", func(p *pp) { p.ScaleSetEvictionPolicy = new(armcontainerservice.ScaleSetEvictionPolicyDelete) }, badParameter, "scaleSetEvictionPolicy"},
		{"machines-count", "ng2", func(p *pp) { p.Type = new(armcontainerservice.AgentPoolTypeVirtualMachines) }, badParameter, "virtualMachinesProfile"},
		{"machines-without", "ng2", func(p *pp) {
			p.Type, p.Count, p.VMSize = new(armcontainerservice.AgentPoolTypeVirtualMachines), nil, nil
		}, badParameter, "virtualMachinesProfile"},
		{"defaults-of-the-command-line", "ng2", func(p *pp) {
			p.ScaleSetPriority, p.EnableEncryptionAtHost, p.EnableUltraSSD = new(armcontainerservice.ScaleSetPriorityRegular), new(false), new(false)
			p.UpgradeSettings = &armcontainerservice.AgentPoolUpgradeSettings{UndrainableNodeBehavior: new(armcontainerservice.UndrainableNodeBehaviorCordon)}
		}, refusal{}, ""},
		{"availability-set", "ng2", func(p *pp) { p.Type = new(armcontainerservice.AgentPoolTypeAvailabilitySet) }, unsimulated5, "AvailabilitySet"},
		{"zone-unknown", "ng2", func(p *pp) { p.AvailabilityZones = []*string{new("4")} }, refusal{400, "AvailabilityZoneNotSupported"}, "4"},
		{"zones", "ng2", func(p *pp) { p.AvailabilityZones = []*string{new("1"), new("3")} }, refusal{}, ""},
		{"surge", "ng2", func(p *pp) {
			p.UpgradeSettings = &armcontainerservice.AgentPoolUpgradeSettings{MaxSurge: new("many")}
		}, badParameter, "maxSurge"},
		{"version-ahead", "ng2", func(p *pp) { p.OrchestratorVersion = new("1.35.4") }, refusal{400, "NodePoolMcVersionIncompatible"}, "1.35.4"},
		{"version-behind", "ng2", func(p *pp) { p.OrchestratorVersion = new("1.33.2") }, refusal{}, ""},
		{"other-network", "ng2", func(p *pp) {
			p.VnetSubnetID = new(strings.Replace(*p.VnetSubnetID, "vpc-01", "vpc-02", 1))
		}, badParameter, "same virtual network"},
		{"tag-name", "ng2", func(p *pp) { p.Tags = map[string]*string{"a?": new("")} }, refusal{400, "InvalidTagNameCharacters"}, "a?"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.create(t, "a")
			p := poolInput()
			test.change(p)
			_, err := w.pools.BeginCreateOrUpdate(t.Context(), testGroup, "a", test.pool, armcontainerservice.AgentPool{Properties: p}, nil)
			check(t, err, test.want, test.text)
		})
	}
}

func TestServer_updatePool(t *testing.T) {
	t.Parallel()
	grow := func(p *pp) { p.Count = new(int32(4)) }
	tests := []struct {
		name   string
		before func(w *world) error
		change func(p *pp)
		want   refusal
		during string
		count  int32
	}{
		{"grow", nil, grow, refusal{}, "Scaling", 4},
		{"shrink", nil, func(p *pp) { p.Count = new(int32(1)) }, refusal{}, "Scaling", 1},
		{"nothing", nil, func(*pp) {}, refusal{}, "Updating", 2},
		{"tags", nil, func(p *pp) { p.Tags = map[string]*string{"pmks-min": new("1")} }, refusal{}, "Updating", 2},
		{"autoscaling-on", nil, func(p *pp) { p.EnableAutoScaling, p.MinCount, p.MaxCount = new(true), new(int32(1)), new(int32(3)) }, refusal{}, "Updating", 2},
		{"autoscaling-on-and-grow", nil, func(p *pp) {
			p.EnableAutoScaling, p.MinCount, p.MaxCount, p.Count = new(true), new(int32(3)), new(int32(5)), new(int32(4))
		}, refusal{}, "Scaling", 4},
		{"no-count", nil, func(p *pp) { p.Count = nil }, badParameter, "", 2},
		{"no-size", nil, func(p *pp) { p.VMSize = nil }, refusal{}, "Updating", 2},
		{"other-size", nil, func(p *pp) { p.VMSize = new("Standard_D8s_v5") }, refusal{400, "PropertyChangeNotAllowed"}, "", 2},
		{"other-disk", nil, func(p *pp) { p.OSDiskSizeGB = new(int32(64)) }, refusal{400, "PropertyChangeNotAllowed"}, "", 2},
		{"other-pods", nil, func(p *pp) { p.MaxPods = new(int32(30)) }, refusal{400, "PropertyChangeNotAllowed"}, "", 2},
		{"other-subnet", nil, func(p *pp) { p.VnetSubnetID = subnetID(BareSubnet) }, refusal{400, "PropertyChangeNotAllowed"}, "", 2},
		{"subnet-in-other-case", nil, func(p *pp) { p.VnetSubnetID = new(strings.ToLower(*p.VnetSubnetID)) }, refusal{}, "Updating", 2},
		{"last-system", nil, func(p *pp) { p.Mode = userMode }, refusal{400, "MustDefineAtLeastOneSystemPool"}, "", 2},
		{"stop", nil, func(p *pp) { p.PowerState.Code = new(armcontainerservice.CodeStopped) }, unsimulated5, "", 2},
		{"pool-busy", func(w *world) error { return w.Force("a", "ng1", profile.Updating, "") }, grow, busy, "", 2},
		{"pool-unknown-state", func(w *world) error { return w.Show("a", "ng1", "Migrating") }, grow, busy, "", 2},
		{"cluster-busy", func(w *world) error { return w.Force("a", "", profile.Updating, "") }, grow, busy, "", 2},
		{"cluster-stopped", func(w *world) error { return w.Force("a", "", profile.Stopped, "") }, grow, notAllowed4, "", 2},
		{"pool-failed", func(w *world) error { return w.Force("a", "ng1", profile.CreateFailed, "X: y") }, grow, refusal{}, "Scaling", 4},
		{"cluster-failed", func(w *world) error { return w.Force("a", "", profile.UpdateFailed, "X: y") }, grow, refusal{}, "Scaling", 4},
		{"downgrade", nil, func(p *pp) { p.OrchestratorVersion = new("1.33.6") }, notAllowed4, "", 2},
		{"ahead", nil, func(p *pp) { p.OrchestratorVersion = new("1.35.1") }, refusal{400, "NodePoolMcVersionIncompatible"}, "", 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.create(t, "a")
			if test.before != nil {
				wiretest.Must(t, test.before(w))
			}
			tag := *w.get(t, "a").ETag
			err := w.putPool(t, "a", "ng1", test.change)
			check(t, err, test.want, "")
			p := w.getPool(t, "a", "ng1").Properties
			if test.during != "" && *p.ProvisioningState != test.during {
				t.Errorf("the pool is %s, want %s", *p.ProvisioningState, test.during)
			}
			w.pass()
			if p = w.getPool(t, "a", "ng1").Properties; *p.Count != test.count {
				t.Errorf("the pool has the count %d, want %d", *p.Count, test.count)
			}
			inside := w.get(t, "a")
			if mirror := inside.Properties.AgentPoolProfiles[0]; *mirror.Count != *p.Count || *mirror.ETag != *p.ETag || *mirror.ProvisioningState != *p.ProvisioningState {
				t.Errorf("the cluster shows another pool:\n%s\n%s", wiretest.JSON(t, mirror), wiretest.JSON(t, p))
			}
			if *inside.ETag != tag {
				t.Errorf("a pool has changed the eTag of its cluster")
			}
		})
	}
}

func TestServer_upgradePool(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := clusterInput()
	in.Properties.AgentPoolProfiles[0].OrchestratorVersion = new("1.33.2")
	wiretest.OK(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "a", in, nil))(t)
	w.pass()
	before := w.machineNames(t, "a", "ng1")
	set := func(version string) func(*pp) {
		return func(p *pp) { p.OrchestratorVersion = &version }
	}
	check(t, w.putPool(t, "a", "ng1", set("1.33.6")), unsimulated5, "")
	wiretest.Must(t, w.putPool(t, "a", "ng1", set("1.34")))
	if got := *w.getPool(t, "a", "ng1").Properties.ProvisioningState; got != "Upgrading" {
		t.Errorf("the pool is %s", got)
	}
	w.pass()
	if got := *w.getPool(t, "a", "ng1").Properties.CurrentOrchestratorVersion; got != "1.34.4" {
		t.Errorf("the pool is at %s", got)
	}
	for _, name := range w.machineNames(t, "a", "ng1") {
		if slices.Contains(before, name) {
			t.Errorf("%s was not replaced", name)
		}
	}
}

// machineNames lists the machines of a pool.
func (w *world) machineNames(t *testing.T, cluster, pool string) (names []string) {
	t.Helper()
	for _, page := range pagesOf(t, w.machine.NewListPager(testGroup, cluster, pool, nil)) {
		for _, m := range page.Value {
			names = append(names, *m.Name)
		}
	}
	return names
}

func TestServer_deletePool_refusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		before func(w *world) error
		pool   string
		want   refusal
		done   bool
	}{
		{"accepted", nil, "ng2", refusal{}, false},
		{"only-system", nil, "ng1", notAllowed4, false},
		{"missing", nil, "ng9", refusal{}, true},
		{"deleting", func(w *world) error { return w.Force("a", "ng2", profile.Deleting, "") }, "ng2", busy, false},
		{"cluster-busy", func(w *world) error { return w.Force("a", "", profile.Updating, "") }, "ng2", busy, false},
		{"stopped", func(w *world) error { return w.Force("a", "", profile.Stopped, "") }, "ng2", notAllowed4, false},
		{"locked", func(w *world) error { return w.Protect("a", true) }, "ng2", refusal{409, "ScopeLocked"}, false},
		{"failed", func(w *world) error { return w.Force("a", "", profile.UpdateFailed, "X: y") }, "ng2", refusal{}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.create(t, "a")
			user := poolInput()
			user.Mode = userMode
			wiretest.OK(w.pools.BeginCreateOrUpdate(t.Context(), testGroup, "a", "ng2", armcontainerservice.AgentPool{Properties: user}, nil))(t)
			w.pass()
			if test.before != nil {
				wiretest.Must(t, test.before(w))
			}
			poller, err := w.pools.BeginDelete(t.Context(), testGroup, "a", test.pool, nil)
			if got := refusalOf(err); got != test.want {
				t.Fatalf("got %v: %v, want %v", got, err, test.want)
			}
			if err == nil && poller.Done() != test.done {
				t.Errorf("the deletion is over: %t", poller.Done())
			}
		})
	}
}

// TestServer_machines_appear: while a pool is made its machines come one after the
// other, and keep their names.
func TestServer_machines_appear(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *Options) { o.Durations = map[profile.Operation]time.Duration{profile.CreateCluster: time.Hour} })
	in := clusterInput()
	in.Properties.AgentPoolProfiles[0].Count = new(int32(10))
	wiretest.OK(w.clusters.BeginCreateOrUpdate(t.Context(), testGroup, "a", in, nil))(t)
	var last []string
	for range 10 {
		names := w.machineNames(t, "a", "ng1")
		if len(names) < len(last) || !slices.Equal(names[:len(last)], last) {
			t.Errorf("there were %v, and are %v", last, names)
		}
		last = names
		w.clock.Add(10 * time.Minute)
	}
	if len(last) != 10 {
		t.Errorf("in the end there are %d machines", len(last))
	}
	if got := *w.getPool(t, "a", "ng1").Properties.Count; got != 10 {
		t.Errorf("the count is %d", got)
	}
}
