// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"cmp"
	"slices"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/ready"
)

// clusterStatusTable says what the words of a cluster mean (IBM Cloud docs, Cluster
// states, read in November 2026): its state, that of its master, and the master's
// health. The first row with a word of them counts.
var clusterStatusTable = []struct {
	state, master, health string
	meaning               ready.Meaning
}{
	{state: "deleting", meaning: deleting},
	{state: "aborted", meaning: deleting}, // deleted before it was deployed
	{master: "deleting", meaning: deleting},
	{state: "delete_failed", meaning: final("the deletion failed: IBM or its support must end it")},
	{master: "delete_failed", meaning: final("the deletion failed: IBM or its support must end it")},
	{state: "create_failed", meaning: final("the creation failed: delete the cluster and make it anew")},
	{state: "deploy_failed", meaning: final("the master could not be deployed: delete the cluster, or ask IBM's support")},
	{master: "deploy_failed", meaning: final("the master could not be deployed: delete the cluster, or ask IBM's support")},
	{state: "requested", meaning: creating},
	{state: "deploying", meaning: creating},
	{master: "deploying", meaning: creating},
	{state: "updating", meaning: updating},
	{master: "updating", meaning: updating},
	{state: "pending", meaning: creating}, // the master is up, the workers are coming
	{master: "scaled_down", meaning: healing("the master is scaled down: IBM restores it")},
	{health: "unavailable", meaning: healing("the master is not available: IBM restores it")},
	{health: "error", meaning: healing("the master has a fault: IBM restores it")},
	{state: "normal", meaning: active},
	{state: "warning", meaning: ready.Meaning{Status: pmks.ClusterActive, Reason: "at least one worker is not well, or there are none"}},
	{state: "unsupported", meaning: ready.Meaning{Status: pmks.ClusterActive, Reason: "the Kubernetes version is not supported any more: upgrade it; until then it takes no more workers"}},
	{state: "critical", meaning: healing("the master cannot be reached, or all workers are down")},
}

var (
	active   = ready.Meaning{Status: pmks.ClusterActive}
	creating = ready.Meaning{Status: pmks.ClusterCreating}
	deleting = ready.Meaning{Status: pmks.ClusterDeleting}
	updating = ready.Meaning{Status: pmks.ClusterUpdating}
)

func final(reason string) ready.Meaning {
	return ready.Meaning{Status: pmks.ClusterInactive, Final: true, Reason: reason}
}

func healing(reason string) ready.Meaning {
	return ready.Meaning{Status: pmks.ClusterInactive, Reason: reason}
}

// masterFailureTable are the states of a master whose update failed, which runs on with
// its old version.
var masterFailureTable = map[string]string{
	"update_cancelled": "the update of the master was cancelled",
	"update_failed":    "the update of the master failed",
}

// clusterMeaning says what a cluster's words mean together. Without workers the
// cluster decides alone.
func clusterMeaning(c clusterObject, workers []workerObject) ready.Meaning {
	state, master, health := strings.ToLower(c.State), strings.ToLower(c.Lifecycle.MasterState), strings.ToLower(c.Lifecycle.MasterHealth)
	m := ready.Unknown(cloud, c.State)
	for _, row := range clusterStatusTable {
		if row.state != "" && row.state == state || row.master != "" && row.master == master || row.health != "" && row.health == health {
			m = row.meaning
			break
		}
	}
	switch {
	case (m.Status == pmks.ClusterActive || m.Status == pmks.ClusterInactive && !m.Final) && isPending(c.MasterKubeVersion):
		m = updating
	case (state == "critical" || state == "warning") && isBeingMade(workers):
		m = creating // both come and go in every creation
	case m.Status == pmks.ClusterActive && masterFailureTable[master] != "":
		m.Reason = masterFailureTable[master]
	}
	if m.Unknown {
		return m
	}
	said := strings.TrimSpace(c.Lifecycle.MasterStatus)
	if strings.EqualFold(said, "ready") {
		said = ""
	}
	if m.Reason == "" {
		if m.Status.Transitional() {
			m.Reason = said // what is going on
		}
		return m
	}
	reason := m.Reason
	if said != "" {
		reason = cmp.Or(c.Lifecycle.MasterState, c.State) + ": " + said + "; " + reason
	}
	if said := firstMessage(workers); said != "" {
		reason += "; " + said
	}
	return m.Because(reason)
}

// isPending reports whether a version is that of a master that goes to another one,
// such as "1.33.5_1540 --> 1.34.4_1526 (pending)".
func isPending(version string) bool {
	return strings.Contains(version, "-->") || strings.Contains(version, "(pending)")
}

// isBeingMade reports whether no worker is well yet and some are on their way.
func isBeingMade(workers []workerObject) bool {
	is := func(k kind) bool {
		return slices.ContainsFunc(workers, func(w workerObject) bool { return kindOf(w) == k })
	}
	return !is(wellWorker) && is(comingWorker)
}

// kind is what a worker is to its pool.
type kind int

const (
	sickWorker    kind = iota // it may recover
	wellWorker                // it works
	comingWorker              // it is provisioned, deployed or reloaded
	leavingWorker             // it is deleted
	failedWorker              // it does not come, and will not by itself
	goneWorker
)

// workerStateTable are the states of workers (IBM Cloud docs, Worker node states, read
// in November 2026).
var workerStateTable = map[string]kind{
	"deleted":           goneWorker,
	"deleting":          leavingWorker,
	"deploy_failed":     failedWorker,
	"deployed":          wellWorker, // its health decides
	"deploying":         comingWorker,
	"provision_failed":  failedWorker,
	"provision_pending": comingWorker,
	"provisioned":       comingWorker,
	"provisioning":      comingWorker,
	"reload_failed":     failedWorker,
	"reload_pending":    comingWorker,
	"reloading":         comingWorker,
	"reloading_failed":  failedWorker,
}

// healthTable are the words of the health of a worker that is deployed.
var healthTable = map[string]kind{
	"":         comingWorker, // it has not been looked at
	"critical": sickWorker,
	"normal":   wellWorker,
	"pending":  comingWorker,
	"unknown":  sickWorker,
	"warning":  sickWorker,
}

func kindOf(w workerObject) kind {
	k := workerStateTable[strings.ToLower(w.Lifecycle.ActualState)]
	switch {
	case k == goneWorker, k == leavingWorker, k == failedWorker:
		return k
	case strings.EqualFold(w.Lifecycle.DesiredState, "deleted"):
		return leavingWorker
	case k == wellWorker:
		return healthTable[strings.ToLower(w.Health.State)]
	}
	return k
}

// poolMeaning says how a pool is, from its workers: its own word says active from the
// first second. known: the workers could be read.
func poolMeaning(p poolObject, workers []workerObject, known bool) ready.Meaning {
	switch actual := strings.ToLower(p.Lifecycle.ActualState); {
	case actual == "deleting", strings.EqualFold(p.Lifecycle.DesiredState, "deleted"):
		return deleting
	case !known && actual != "active":
		return ready.Unknown(cloud, p.Lifecycle.ActualState)
	case !known, len(p.Zones) == 0:
		return active.Because(zoneMessage(p))
	}
	n := map[kind]int{}
	live, pending := 0, false
	for _, w := range workers {
		n[kindOf(w)]++
		if kindOf(w) != leavingWorker {
			live++
		}
		pending = pending || w.Lifecycle.PendingOperation != ""
	}
	said := cmp.Or(firstMessage(workers), zoneMessage(p))
	switch {
	case n[wellWorker] > 0 && (live != size(p) || n[comingWorker]+n[leavingWorker] > 0 || pending):
		return updating.Because(said)
	case n[wellWorker] > 0:
		return active.Because(said)
	case n[failedWorker] > 0:
		return ready.Meaning{Status: pmks.ClusterInactive, Final: n[comingWorker]+n[sickWorker] == 0,
			Reason: "no worker could be made"}.Because(said)
	case n[comingWorker] > 0 && n[leavingWorker] > 0:
		return updating // its only worker is replaced
	case n[comingWorker] > 0, live == 0:
		return creating.Because(zoneMessage(p))
	}
	return healing("no worker is well").Because(said)
}

// size is how many workers a pool is to have.
func size(p poolObject) int { return p.WorkerCount * max(1, len(p.Zones)) }

// firstMessage is what the first worker that is not well says of itself.
func firstMessage(workers []workerObject) string {
	for _, failed := range []bool{true, false} {
		for _, w := range workers {
			if k := kindOf(w); k == failedWorker && failed || k == sickWorker && !failed {
				return w.ID + " " + workerMessage(w)
			}
		}
	}
	return ""
}

// workerMessage is what a worker says of itself.
func workerMessage(w workerObject) string {
	l := w.Lifecycle
	var parts []string
	for _, text := range []string{l.Message, l.MessageDetails, l.ReasonForDelete, w.Health.Message} {
		if text = strings.Join(strings.Fields(text), " "); text != "" && !slices.Contains(parts, text) {
			parts = append(parts, text)
		}
	}
	word := l.ActualState
	if strings.EqualFold(word, "deployed") {
		word = w.Health.State
	}
	return cmp.Or(word, "a worker without a word") + ": " + cmp.Or(strings.Join(parts, "; "), "it gives no reason")
}

// zoneMessage is what IBM says of the zones of a pool.
func zoneMessage(p poolObject) string {
	var parts []string
	for _, z := range p.Zones {
		parts = append(parts, z.Messages...)
	}
	return strings.Join(parts, "; ")
}
