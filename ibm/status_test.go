// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
)

func worker(actual, health string) workerObject {
	w := workerObject{ID: "kube-x-1", PoolID: "p"}
	w.Lifecycle.ActualState, w.Health.State = actual, health
	return w
}

// TestClusterMeaning says every word of a cluster, of its master and the master's health,
// alone and where two of them speak.
func TestClusterMeaning(t *testing.T) {
	t.Parallel()
	well, coming := worker("deployed", "normal"), worker("provisioning", "")
	for _, test := range []struct {
		state, master, health, version string
		workers                        []workerObject
		want                           pmks.ClusterStatus
		final                          bool
		says                           string
	}{
		{state: "aborted", want: pmks.ClusterDeleting},
		{state: "create_failed", want: pmks.ClusterInactive, final: true, says: "make it anew"},
		{state: "critical", want: pmks.ClusterInactive, says: "cannot be reached"},
		{state: "critical", workers: []workerObject{coming}, want: pmks.ClusterCreating},
		{state: "critical", workers: []workerObject{coming, well}, want: pmks.ClusterInactive},
		{state: "delete_failed", want: pmks.ClusterInactive, final: true, says: "deletion failed"},
		{state: "deleting", want: pmks.ClusterDeleting},
		{state: "deploy_failed", want: pmks.ClusterInactive, final: true},
		{state: "deploying", want: pmks.ClusterCreating},
		{state: "normal", want: pmks.ClusterActive},
		{state: "NORMAL", want: pmks.ClusterActive},
		{state: "pending", master: "deployed", want: pmks.ClusterCreating},
		{state: "requested", want: pmks.ClusterCreating},
		{state: "unsupported", want: pmks.ClusterActive, says: "upgrade it"},
		{state: "updating", want: pmks.ClusterUpdating},
		{state: "warning", want: pmks.ClusterActive, says: "not well"},
		{state: "warning", workers: []workerObject{coming}, want: pmks.ClusterCreating},
		{state: "warning", workers: []workerObject{well, coming}, want: pmks.ClusterActive},

		{state: "normal", master: "deleting", want: pmks.ClusterDeleting},
		{state: "normal", master: "delete_failed", want: pmks.ClusterInactive, final: true},
		{state: "normal", master: "deployed", want: pmks.ClusterActive},
		{state: "pending", master: "deploy_failed", want: pmks.ClusterInactive, final: true},
		{state: "pending", master: "deploying", want: pmks.ClusterCreating},
		{state: "normal", master: "scaled_down", want: pmks.ClusterInactive, says: "restores"},
		{state: "normal", master: "update_cancelled", want: pmks.ClusterActive, says: "cancelled"},
		{state: "normal", master: "update_failed", want: pmks.ClusterActive, says: "failed"},
		{state: "warning", master: "update_failed", want: pmks.ClusterActive, says: "update of the master failed"},
		{state: "normal", master: "updating", want: pmks.ClusterUpdating},
		{state: "normal", health: "error", want: pmks.ClusterInactive, says: "fault"},
		{state: "normal", health: "unavailable", want: pmks.ClusterInactive, says: "not available"},
		{state: "normal", health: "normal", want: pmks.ClusterActive},
		{state: "normal", version: "1.33.5_1540 --> 1.34.4_1526 (pending)", want: pmks.ClusterUpdating},
		{state: "deleting", master: "deploy_failed", version: "1.33.5 (pending)", want: pmks.ClusterDeleting},
		{state: "hibernating", want: pmks.ClusterInactive, says: "hibernating"},
		{state: "", want: pmks.ClusterInactive, says: "no status"},
	} {
		c := clusterObject{State: test.state, MasterKubeVersion: test.version}
		c.Lifecycle.MasterState, c.Lifecycle.MasterHealth, c.Lifecycle.MasterStatus = test.master, test.health, "Ready"
		m := clusterMeaning(c, test.workers)
		if m.Status != test.want || m.Final != test.final || !strings.Contains(m.Reason, test.says) {
			t.Errorf("%+v: got %+v", test, m)
		}
		if m.Status == pmks.ClusterInactive && m.Reason == "" {
			t.Errorf("%+v: no reason", test)
		}
	}
}

// TestClusterMeaning_reason: the master's prose and a worker's words are the reason, the
// table's own comes behind them.
func TestClusterMeaning_reason(t *testing.T) {
	t.Parallel()
	c := clusterObject{State: "deploy_failed"}
	c.Lifecycle.MasterState, c.Lifecycle.MasterStatus = "deploy_failed", "Deploy failed. Contact support."
	w := worker("provision_failed", "")
	w.Lifecycle.Message = "The vCPU quota is exceeded."
	m := clusterMeaning(c, []workerObject{w})
	for _, says := range []string{"Deploy failed. Contact support.", "vCPU quota", w.ID} {
		if !strings.Contains(m.Reason, says) {
			t.Errorf("%q does not say %q", m.Reason, says)
		}
	}
}

// TestKindOf says every word of a worker.
func TestKindOf(t *testing.T) {
	t.Parallel()
	for words, want := range map[[2]string]kind{
		{"deleted", ""}: goneWorker, {"deleting", "normal"}: leavingWorker, {"deploy_failed", "unknown"}: failedWorker,
		{"deployed", "normal"}: wellWorker, {"deployed", ""}: comingWorker, {"deployed", "pending"}: comingWorker, {"deployed", "critical"}: sickWorker,
		{"deployed", "unknown"}: sickWorker, {"deployed", "warning"}: sickWorker, {"deployed", "new word"}: sickWorker,
		{"deploying", ""}: comingWorker, {"provision_failed", ""}: failedWorker, {"provision_pending", ""}: comingWorker,
		{"provisioned", ""}: comingWorker, {"provisioning", ""}: comingWorker, {"reload_failed", "critical"}: failedWorker,
		{"reload_pending", "normal"}: comingWorker, {"reloading", ""}: comingWorker, {"reloading_failed", ""}: failedWorker,
		{"", ""}: sickWorker, {"new word", "normal"}: sickWorker, {"DEPLOYED", "Normal"}: wellWorker,
	} {
		if got := kindOf(worker(words[0], words[1])); got != want {
			t.Errorf("%v is %d, want %d", words, got, want)
		}
	}
	for word := range workerStateTable {
		if word != strings.ToLower(word) {
			t.Errorf("%q could not be found", word)
		}
	}
}

// TestPoolMeaning says a pool by its workers, where its own word says nothing.
func TestPoolMeaning(t *testing.T) {
	t.Parallel()
	well, coming, leaving := worker("deployed", "normal"), worker("provisioning", ""), worker("deleting", "normal")
	sick, failed := worker("deployed", "critical"), worker("provision_failed", "")
	failed.Lifecycle.Message = "no capacity"
	pending := well
	pending.Lifecycle.PendingOperation = "replace"
	for _, test := range []struct {
		name            string
		actual, desired string
		size            int
		workers         []workerObject
		unread          bool
		want            pmks.ClusterStatus
		final           bool
		says            string
	}{
		{"well", "active", "active", 2, []workerObject{well, well}, false, pmks.ClusterActive, false, ""},
		{"coming", "active", "active", 2, []workerObject{coming, coming}, false, pmks.ClusterCreating, false, ""},
		{"none-yet", "active", "active", 2, nil, false, pmks.ClusterCreating, false, ""},
		{"growing", "active", "active", 2, []workerObject{well, coming}, false, pmks.ClusterUpdating, false, ""},
		{"growth-not-seen", "active", "active", 2, []workerObject{well}, false, pmks.ClusterUpdating, false, ""},
		{"shrinking", "active", "active", 1, []workerObject{well, leaving}, false, pmks.ClusterUpdating, false, ""},
		{"replacing", "active", "active", 2, []workerObject{well, pending}, false, pmks.ClusterUpdating, false, ""},
		{"replacing-the-only-one", "active", "active", 1, []workerObject{leaving, coming}, false, pmks.ClusterUpdating, false, ""},
		{"one-sick", "active", "active", 2, []workerObject{well, sick}, false, pmks.ClusterActive, false, "critical"},
		{"one-failed", "active", "active", 2, []workerObject{well, failed}, false, pmks.ClusterActive, false, "no capacity"},
		{"all-sick", "active", "active", 2, []workerObject{sick, sick}, false, pmks.ClusterInactive, false, ""},
		{"all-failed", "active", "active", 2, []workerObject{failed, failed}, false, pmks.ClusterInactive, true, "no capacity"},
		{"failed-and-coming", "active", "active", 2, []workerObject{failed, coming}, false, pmks.ClusterInactive, false, "no capacity"},
		{"deleting", "deleting", "deleted", 2, []workerObject{well, well}, false, pmks.ClusterDeleting, false, ""},
		{"to-be-deleted", "active", "deleted", 2, []workerObject{well, well}, false, pmks.ClusterDeleting, false, ""},
		{"unread", "active", "active", 2, nil, true, pmks.ClusterActive, false, ""},
		{"unread-of-another-word", "resting", "active", 2, nil, true, pmks.ClusterInactive, false, "resting"},
	} {
		p := poolObject{WorkerCount: test.size, Zones: []poolZone{{ID: "us-south-1"}}}
		p.Lifecycle.ActualState, p.Lifecycle.DesiredState = test.actual, test.desired
		m := poolMeaning(p, test.workers, !test.unread)
		if m.Status != test.want || m.Final != test.final || !strings.Contains(m.Reason, test.says) {
			t.Errorf("%s: got %+v", test.name, m)
		}
	}
	if m := poolMeaning(poolObject{}, nil, true); m.Status != pmks.ClusterActive {
		t.Errorf("without zones: %+v", m)
	}
}
