// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/tke"
)

// TestTruth_sameStatus: getCluster, ListCluster and ReadState say the same of a pool whose
// nodes do not come.
func TestTruth_sameStatus(t *testing.T) {
	t.Parallel()
	for _, oldest := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := readyAccount(t, tke.Options{Assumptions: tke.Assumptions{ActivitiesOldestFirst: oldest}}, nil)
			h := newHandler(t, s)
			cancel := s.Inject(core.Fault{Op: "ModifyNodePoolDesiredCapacityAboutAsg", Kind: core.FaultFailLater, Reason: "ResourceInsufficient.SpecifiedInstanceType: sold out"})
			if _, err := h.ChangeNodeGroupScaling(t.Context(), demo, first, 4, 1, 5); err != nil {
				t.Fatal(err)
			}
			cancel()
			pass(time.Hour)
			info, err := h.GetCluster(t.Context(), demo)
			if err != nil {
				t.Fatal(err)
			}
			list, err := h.ListCluster(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			st, err := h.ReadState(t.Context(), demo, first)
			if err != nil {
				t.Fatal(err)
			}
			got, in := info.NodeGroupList[0], list[0].NodeGroupList[0]
			if got.Status != pmks.NodeGroupInactive || !strings.Contains(got.StatusReason, "sold out") {
				t.Errorf("GetCluster: %s %s", got.Status, got.StatusReason)
			}
			if in.Status != got.Status || in.StatusReason != got.StatusReason {
				t.Errorf("ListCluster: %s %s", in.Status, in.StatusReason)
			}
			if pmks.NodeGroupStatus(st.Status) != got.Status || st.StatusReason != got.StatusReason {
				t.Errorf("ReadState: %s %s", st.Status, st.StatusReason)
			}
			if _, err := pmks.WaitNodeGroupActive(t.Context(), h, demo, first, pmks.WithMaxWait(time.Hour)); err == nil || !strings.Contains(err.Error(), "sold out") {
				t.Errorf("the wait: %v", err)
			}
			// Later it goes: what failed then is over.
			if _, err := h.ChangeNodeGroupScaling(t.Context(), demo, first, 3, 1, 5); err != nil {
				t.Fatalf("the call that mends it: %v", err)
			}
			pass(time.Hour)
			if got := poolsOf(t, s)[0]; got.Status != pmks.NodeGroupActive || len(got.Nodes) != 3 {
				t.Errorf("after it was mended: %s %s, %d nodes", got.Status, got.StatusReason, len(got.Nodes))
			}
		})
	}
}

// TestTruth_states: a cluster that is in a state with a word.
func TestTruth_states(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]pmks.Code{
		"Isolated": pmks.CodeFailedPrecondition, "Idling": pmks.CodeFailedPrecondition, "Trading": pmks.CodeBusy, "Tomorrow": pmks.CodeBusy, "MasterScaling": pmks.CodeBusy, "": pmks.CodeBusy,
		"FooUpgrading": pmks.CodeBusy,
	} {
		synctest.Test(t, func(t *testing.T) {
			s := readyAccount(t, tke.Options{}, nil)
			h := newHandlerOn(t, rewritten(s, "DescribeClusters", func(_ int, a map[string]any, _ string) {
				for _, c := range a["Clusters"].([]any) {
					c.(map[string]any)["ClusterStatus"] = word
				}
			}))
			_, err := h.AddNodeGroup(t.Context(), demo, bench.SampleNodeGroup("x"))
			if pmks.CodeOf(err) != want {
				t.Errorf("%q: %v, want %s", word, err, want)
			}
			info, err := h.GetCluster(t.Context(), demo)
			if native, _ := pmks.Lookup(info.KeyValueList, pmks.KeyNativeStatus); err != nil || native != word || info.Status == pmks.ClusterActive || info.Status == pmks.ClusterInactive && info.StatusReason == "" {
				t.Errorf("%q: %s %q %q %v", word, info.Status, info.StatusReason, native, err)
			}
		})
	}
}

// TestTruth_createFails: the creation failed: what the cloud says is in the error of the
// wait.
func TestTruth_createFails(t *testing.T) {
	t.Parallel()
	for _, tasks := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := tke.New(tke.Options{Assumptions: tke.Assumptions{CreationTasks: tasks}})
			s.Inject(core.Fault{Op: "CreateCluster", Kind: core.FaultFailLater, Reason: "FailedOperation.LbCommon: no load balancer"})
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
			defer cancel()
			_, err := pmks.Provision(ctx, newHandler(t, s), bench.SampleRequest("fails"), pmks.WithInterval(time.Minute))
			if err == nil || tasks && !strings.Contains(err.Error(), "no load balancer") {
				t.Errorf("tasks %t: %v", tasks, err)
			}
			if got, gerr := newHandler(t, s).GetCluster(t.Context(), pmks.IID{NameId: "fails"}); gerr != nil || got.Status != pmks.ClusterInactive || got.StatusReason == "" {
				t.Errorf("%s %q %v", got.Status, got.StatusReason, gerr)
			}
			if err := pmks.Teardown(t.Context(), newHandler(t, s), pmks.IID{NameId: "fails"}); err != nil {
				t.Errorf("it cannot be torn down: %v", err)
			}
		})
	}
}

// TestTruth_oldTask: abnormal may pass; the record of an upgrade that failed long ago says
// nothing of it.
func TestTruth_oldTask(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tke.New(tke.Options{Assumptions: tke.Assumptions{CreationTasks: true}})
		putCluster(t, s, core.Seed{Name: "demo", Version: "1.30.0", Groups: []pmks.NodeGroupInfo{bench.SampleNodeGroup("ng1")}})
		h := newHandler(t, s)
		cancel := s.Inject(core.Fault{Op: "UpdateClusterVersion", Kind: core.FaultFailLater, Reason: "PreCheckFailed: a webhook does not answer"})
		if _, err := h.UpgradeCluster(t.Context(), demo, "1.32"); err != nil {
			t.Fatal(err)
		}
		cancel()
		pass(30 * 24 * time.Hour)
		if err := s.Show("demo", "", "Abnormal"); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(10*time.Minute, func() {
			if err := s.Show("demo", "", "Running"); err != nil {
				t.Error(err)
			}
		})
		info, err := h.GetCluster(t.Context(), demo)
		if err != nil || info.StatusFinal {
			t.Errorf("final: %q, %v", info.StatusReason, err)
		}
		if _, err := pmks.WaitClusterActive(t.Context(), h, demo); err != nil {
			t.Errorf("the wait: %v", err)
		}
		pass(time.Hour)
	})
}

// TestTruth_retriedActivity: one scaling activity that failed is not the end: Auto Scaling
// tries again at once, five times.
func TestTruth_retriedActivity(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := readyAccount(t, tke.Options{}, nil)
		h := newHandlerOn(t, rewritten(s, "DescribeAutoScalingActivities", func(n int, a map[string]any, _ string) {
			if n > 2 {
				return
			}
			for _, x := range a["ActivitySet"].([]any) {
				x.(map[string]any)["StatusCode"] = "FAILED"
				x.(map[string]any)["StatusMessage"] = "InternalError: try again"
				x.(map[string]any)["StartTime"] = time.Now().UTC().Add(-time.Second).Format(time.RFC3339)
				x.(map[string]any)["EndTime"] = time.Now().UTC().Format(time.RFC3339)
				break
			}
		}))
		if _, err := h.ChangeNodeGroupScaling(t.Context(), demo, first, 4, 1, 5); err != nil {
			t.Fatal(err)
		}
		g, err := pmks.WaitNodeGroupActive(t.Context(), h, demo, first)
		if err != nil || len(g.Nodes) != 4 {
			t.Errorf("%d nodes, %v", len(g.Nodes), err)
		}
	})
}

// TestTruth_oldActivity: a failure of the past says nothing of the change that has just
// been made: Auto Scaling begins its next activity some seconds later.
func TestTruth_oldActivity(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := readyAccount(t, tke.Options{}, nil)
		cancel := s.Inject(core.Fault{Op: "ModifyNodePoolDesiredCapacityAboutAsg", Kind: core.FaultFailLater, Reason: "ResourceInsufficient.SpecifiedInstanceType: sold out"})
		if _, err := newHandler(t, s).ChangeNodeGroupScaling(t.Context(), demo, first, 4, 1, 5); err != nil {
			t.Fatal(err)
		}
		cancel()
		pass(time.Hour)
		changed := time.Now()
		h := newHandlerOn(t, rewritten(s, "DescribeAutoScalingActivities", func(_ int, a map[string]any, _ string) {
			if time.Since(changed) > 20*time.Second {
				return
			}
			var old []any
			for _, x := range a["ActivitySet"].([]any) {
				if x.(map[string]any)["StatusCode"] != "RUNNING" {
					old = append(old, x)
				}
			}
			a["ActivitySet"], a["TotalCount"] = old, len(old)
		}))
		if _, err := h.ChangeNodeGroupScaling(t.Context(), demo, first, 5, 1, 5); err != nil {
			t.Fatal(err)
		}
		g, err := pmks.WaitNodeGroupActive(t.Context(), h, demo, first)
		if err != nil || len(g.Nodes) != 5 {
			t.Errorf("%d nodes, %v", len(g.Nodes), err)
		}
	})
}

// TestTruth_nodeNotUpgradable: a node that lags and cannot be upgraded now is named in
// another list: the pool is not at the version of the control plane, and the upgrade is
// not done.
func TestTruth_nodeNotUpgradable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tke.New(tke.Options{})
		putCluster(t, s, core.Seed{Name: "demo", Version: "1.30.0", Groups: []pmks.NodeGroupInfo{bench.SampleNodeGroup("ng1")}})
		h := newHandlerOn(t, rewritten(s, "CheckInstancesUpgradeAble", func(_ int, a map[string]any, _ string) {
			var reasons []any
			for _, x := range a["UpgradeAbleInstances"].([]any) {
				reasons = append(reasons, map[string]any{"InstanceId": x.(map[string]any)["InstanceId"], "Reason": "the node is not ready"})
			}
			a["UpgradeAbleInstances"], a["Total"], a["UnavailableVersionReason"] = []any{}, 0, reasons
		}))
		if _, err := h.UpgradeCluster(t.Context(), demo, "1.32"); err != nil {
			t.Fatal(err)
		}
		if _, err := pmks.WaitClusterActive(t.Context(), h, demo); err != nil {
			t.Fatal(err)
		}
		info, err := h.UpgradeCluster(t.Context(), demo, "1.32")
		if err == nil && info.Status == pmks.ClusterActive {
			t.Errorf("told as done, though no node was upgraded")
		}
		got, gerr := h.GetCluster(t.Context(), demo)
		if gerr != nil || got.NodeGroupList[0].Version == got.Version {
			t.Errorf("the nodes are told to run %s; %v", got.NodeGroupList[0].Version, gerr)
		}
	})
}

// TestTruth_upgradeAgain: an upgrade of the control plane that fails is told with its
// reason; called again it goes.
func TestTruth_upgradeAgain(t *testing.T) {
	t.Parallel()
	for _, lag := range []time.Duration{0, 9 * time.Second, 25 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := tke.New(tke.Options{ReadLag: lag})
			putCluster(t, s, core.Seed{Name: "demo", Version: "1.30.0", Groups: []pmks.NodeGroupInfo{bench.SampleNodeGroup("ng1")}})
			pass(time.Minute)
			h := newHandler(t, s)
			s.Inject(core.Fault{Op: "UpdateClusterVersion", Kind: core.FaultFailLater, Reason: "PreCheckFailed: a webhook does not answer", Times: 1})
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Hour)
			defer cancel()
			_, err := pmks.Upgrade(ctx, h, demo, "1.32", pmks.WithInterval(time.Minute))
			if err == nil || !strings.Contains(err.Error(), "a webhook") || ctx.Err() != nil {
				t.Errorf("%s: %v", lag, err)
			}
			info, err := pmks.Upgrade(ctx, h, demo, "1.32", pmks.WithInterval(time.Minute))
			if err != nil || info.NodeGroupList[0].Version != "1.32.2" || s.Count("UpdateClusterVersion") != 2 {
				t.Errorf("%s: %v after %d requests", lag, err, s.Count("UpdateClusterVersion"))
			}
		})
	}
}

// TestTruth_upgradesOnlyItsOwn: nodes that belong to no pool of the contract (alone,
// native) are not upgraded with it.
func TestTruth_upgradesOnlyItsOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tke.New(tke.Options{})
		putCluster(t, s, core.Seed{Name: "demo", Version: "1.30.0", Attr: map[string]string{tke.AttrStrays: "ins-al0ne00a,np-nat1ve0a-x7k2p"}, Groups: []pmks.NodeGroupInfo{bench.SampleNodeGroup("ng1")}})
		var sent string
		h := newHandlerOn(t, providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if actionOf(r) == "UpgradeClusterInstances" {
				sent += bodyOf(r)
			}
			return s.Transport().RoundTrip(r)
		}))
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour)
		defer cancel()
		_, err := pmks.Upgrade(ctx, h, demo, "1.32")
		if strings.Contains(sent, "al0ne") || strings.Contains(sent, "nat1ve") || strings.Contains(sent, `"reset"`) {
			t.Errorf("sent %s", sent)
		}
		if err != nil {
			t.Errorf("%v; sent %s", err, sent)
		}
	})
}

// TestTruth_otherUpgrade: an upgrade to another version that runs is not the one asked
// for.
func TestTruth_otherUpgrade(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tke.New(tke.Options{})
		putCluster(t, s, core.Seed{Name: "demo", Version: "1.28.3", Groups: []pmks.NodeGroupInfo{bench.SampleNodeGroup("ng1")}})
		h := newHandler(t, s)
		if _, err := h.UpgradeCluster(t.Context(), demo, "1.30"); err != nil {
			t.Fatal(err)
		}
		if _, err := h.UpgradeCluster(t.Context(), demo, "1.32"); pmks.CodeOf(err) != pmks.CodeBusy && pmks.CodeOf(err) != pmks.CodeFailedPrecondition {
			t.Errorf("1.32 while 1.30 is on its way: %v", err)
		}
		if _, err := h.UpgradeCluster(t.Context(), demo, "1.30"); err != nil {
			t.Errorf("the same again: %v", err)
		}
		if n := s.Count("UpdateClusterVersion"); n != 1 {
			t.Errorf("%d upgrades", n)
		}
	})
}

// TestTruth_nodeUpgradeFails: an upgrade of nodes that fails is told with its reason, and
// the job ends.
func TestTruth_nodeUpgradeFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tke.New(tke.Options{})
		putCluster(t, s, core.Seed{Name: "demo", Version: "1.30.0", Groups: []pmks.NodeGroupInfo{bench.SampleNodeGroup("ng1")}})
		s.Inject(core.Fault{Op: "UpgradeClusterInstances", Kind: core.FaultFailLater, Reason: "DrainFailed: a budget of pods does not allow it"})
		ctx, cancel := context.WithTimeout(t.Context(), 6*time.Hour)
		defer cancel()
		_, err := pmks.Upgrade(ctx, newHandler(t, s), demo, "1.32", pmks.WithInterval(time.Minute))
		if err == nil || !strings.Contains(err.Error(), "a budget of pods") || ctx.Err() != nil || s.Count("UpgradeClusterInstances") > 2 {
			t.Errorf("sent %d times: %v", s.Count("UpgradeClusterInstances"), err)
		}
	})
}

// TestTruth_protection: what is protected is seen before the first step and is never
// lifted.
func TestTruth_protection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := readyAccount(t, tke.Options{Assumptions: tke.Assumptions{PoolProtectionIgnored: true}}, nil)
		h := newHandler(t, s)
		if err := s.ProtectPool("demo", "ng1", true); err != nil {
			t.Fatal(err)
		}
		if _, err := h.RemoveNodeGroup(t.Context(), demo, first); pmks.CodeOf(err) != pmks.CodeFailedPrecondition {
			t.Errorf("pool: %v", err)
		}
		if err := s.Protect("demo", true); err != nil {
			t.Fatal(err)
		}
		if _, err := h.DeleteCluster(t.Context(), demo); pmks.CodeOf(err) != pmks.CodeFailedPrecondition {
			t.Errorf("cluster: %v", err)
		}
		if err := pmks.Teardown(t.Context(), h, demo); pmks.CodeOf(err) != pmks.CodeFailedPrecondition {
			t.Errorf("Teardown: %v", err)
		}
		if n := writesOf(s); n != 0 {
			t.Errorf("%d writes", n)
		}
		if err := s.Protect("demo", false); err != nil {
			t.Fatal(err)
		}
		// Protection that is switched on between the look and the deletion.
		h = newHandlerOn(t, hooked(s, "DeleteCluster", func(_ int, _ *http.Request) *http.Response {
			if err := s.Protect("demo", true); err != nil {
				t.Error(err)
			}
			return nil
		}))
		if _, err := h.DeleteCluster(t.Context(), demo); pmks.CodeOf(err) != pmks.CodeFailedPrecondition {
			t.Errorf("meanwhile: %v", err)
		}
	})
}
