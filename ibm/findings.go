// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/refuse"
)

// Codes of findings that are none of IBM's.
const (
	findingAddOn   = "AddOn"
	findingSkew    = "WorkerSkew"
	findingWorker  = "Worker"
	findingSupport = "EndOfService"
)

// UpgradeFindings implements [pmks.UpgradeAdvisor]: the cluster, its pools, its workers,
// the versions and its add-ons are read side by side. They tell of add-ons that do not
// support the version, of workers too far behind it, and of those that have failed, which
// would stop the replacement of the others. What IBM warns of itself when the upgrade is
// asked for, and which setting forceUpdate overrules, no read tells; nor does any tell of
// pods that cannot be evicted.
func (h *Handler) UpgradeFindings(ctx context.Context, clusterIID pmks.IID, newVersion string) (_ []pmks.UpgradeFinding, err error) {
	defer annotate(&err, "UpgradeFindings", clusterIID, pmks.IID{})
	r, err := h.clusterRef(ctx, clusterIID)
	if err != nil {
		return nil, err
	}
	var o offer
	var addons []addonObject
	var offerErr, addonsErr error
	v, err := h.withWorkers(ctx, r,
		func(ctx context.Context, _ string) { o, offerErr = h.offered(ctx) },
		func(ctx context.Context, id string) { addons, addonsErr = h.readAddons(ctx, id) })
	for _, err := range []error{err, offerErr, v.workersErr, errs.Over(ctx)} {
		if err != nil {
			return nil, err
		}
	}
	target := newVersion
	if kver.IsDefault(newVersion) {
		target = o.standard()
	}
	at, err := kver.Choose(target, append(o.names(true), version(v.c.MasterKubeVersion)), target)
	if err != nil {
		return nil, refuse.Invalid("newVersion", "%v", err)
	}
	list := append(addonFindings(addons, at), v.workerFindings()...)
	if master := version(v.c.MasterKubeVersion); stepsTo(master, at) == capabilities.Versions.LargestStep {
		list = append(list, v.skewFindings(at)...) // on the way to a later one the workers are replaced
	}
	if addonsErr != nil {
		list = append(list, pmks.UpgradeFinding{Code: pmks.KeyUnread, Message: "whether the add-ons of the cluster support the version could not be read: " + addonsErr.Error()})
	}
	for _, offered := range o {
		if offered.name() == at && offered.EndOfService != "" {
			list = append(list, pmks.UpgradeFinding{Code: findingSupport, Message: fmt.Sprintf("the support of Kubernetes %s ends at %s: plan the next upgrade", at, offered.EndOfService)})
		}
	}
	return list, nil
}

// addonFindings are the add-ons that do not support a version. Only that of the autoscaler
// is known to hold an upgrade up: pmks refuses it, as nothing would size the pools.
func addonFindings(addons []addonObject, target string) (list []pmks.UpgradeFinding) {
	for _, a := range addons {
		fits := supports(a.SupportedKubeRange, target) && (a.MinKubeVersion == "" || supports(">="+a.MinKubeVersion, target))
		switch {
		case !fits:
			message := fmt.Sprintf("the add-on %s %s supports Kubernetes %s only: update the add-on first", a.Name, a.Version, firstOf(a.SupportedKubeRange, "from "+a.MinKubeVersion+" on"))
			if len(a.Upgrades) > 0 {
				message += ", to " + strings.Join(a.Upgrades, " or ")
			}
			list = append(list, pmks.UpgradeFinding{Blocks: a.Name == autoscaler, Code: findingAddOn, Message: message})
		case a.Deprecated:
			list = append(list, pmks.UpgradeFinding{Code: findingAddOn, Message: fmt.Sprintf("the version %s of the add-on %s is deprecated: update it soon", a.Version, a.Name)})
		}
		if strings.EqualFold(a.HealthState, "critical") {
			list = append(list, pmks.UpgradeFinding{Code: findingAddOn, Message: fmt.Sprintf("the add-on %s does not work: %s", a.Name, firstOf(a.HealthStatus, "IBM gives no reason"))})
		}
	}
	return list
}

// stepsTo is how many minors a version is above another one.
func stepsTo(from, to string) int {
	a, err := kver.Parse(from)
	b, toErr := kver.Parse(to)
	if err != nil || toErr != nil {
		return 0
	}
	return a.MinorDistance(b)
}

// skewFindings are the pools whose workers would be too far behind a master of that
// version.
func (v view) skewFindings(target string) (list []pmks.UpgradeFinding) {
	for _, p := range v.staying() {
		if oldest := groupVersion(v.of(p)); stepsTo(oldest, target) > maxSkew {
			list = append(list, pmks.UpgradeFinding{NodeGroup: poolIID(p), Blocks: true, Code: findingSkew,
				Message: fmt.Sprintf("workers of %s would be more than %d minors behind %s: replace them first, by an upgrade to the version that the master has", oldest, maxSkew, target)})
		}
	}
	return list
}

// workerFindings are the workers that have failed.
func (v view) workerFindings() (list []pmks.UpgradeFinding) {
	for _, p := range v.staying() {
		workers := v.of(p)
		if i := slices.IndexFunc(workers, func(w workerObject) bool { return kindOf(w) == failedWorker }); i >= 0 {
			list = append(list, pmks.UpgradeFinding{NodeGroup: poolIID(p), Blocks: true, Code: findingWorker,
				Message: fmt.Sprintf("no further worker is replaced while one has failed: %s %s; end its cause, replace or remove it with IBM's own tools", workers[i].ID, workerMessage(workers[i]))})
		}
	}
	return list
}

// staying are the pools that are not on their way out.
func (v view) staying() []poolObject {
	return slices.DeleteFunc(slices.Clone(v.pools), func(p poolObject) bool { return poolMeaning(p, nil, false).Status == pmks.ClusterDeleting })
}
