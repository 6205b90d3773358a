// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	cs "github.com/alibabacloud-go/cs-20151215/v5/client"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// The checks that ACK makes before upgrades. Each is a job of minutes that whoever calls
// RunClusterCheck begins; the check in the console is the same.
const (
	checkMaster = "MasterUpgrade"
	checkPool   = "NodePoolUpgrade"
)

// UpgradeFindings implements [pmks.UpgradeAdvisor] with what the newest checks have found
// that ACK has made of the control plane, and of the node pools that lag: it begins none.
// Where there is none nothing is known.
func (h *Handler) UpgradeFindings(ctx context.Context, clusterIID pmks.IID, newVersion string) (_ []pmks.UpgradeFinding, err error) {
	defer annotate(&err, "UpgradeFindings", clusterIID, pmks.IID{})
	r, err := h.clusterRef(clusterIID)
	if err != nil {
		return nil, err
	}
	if _, err := kver.Parse(newVersion); err != nil {
		return nil, refuse.Invalid("newVersion", "%q is not a Kubernetes version such as 1.35", refuse.Clip(newVersion))
	}
	id, _, err := h.locate(ctx, r)
	if err != nil {
		return nil, err
	}
	var c *cluster
	var pools []*pool
	var offer []*versionItem
	err = fanout.All(ctx, func(ctx context.Context) (err error) {
		c, err = h.describe(ctx, id)
		return err
	}, func(ctx context.Context) (err error) {
		pools, err = h.pools(ctx, id)
		return err
	}, func(ctx context.Context) (err error) {
		if offer, err = h.offered(ctx, ""); errs.Is(err, pmks.CodePermissionDenied) {
			offer, err = nil, nil // who may not look is not told that a version is none
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if offer != nil {
		if err := checkOffered(c, offer, newVersion); err != nil {
			return nil, err
		}
	}
	return h.checkFindings(ctx, c, pools, newVersion)
}

// checkOffered refuses a version that ACK offers to nobody.
func checkOffered(c *cluster, offer []*versionItem, version string) error {
	names := append(creatableNames(offer), clusterVersion(c), tea.StringValue(c.NextVersion))
	for _, v := range offer { // what others cannot be made with any more can still be gone to
		names = append(names, tea.StringSliceValue(withoutNil(v.UpgradableVersions))...)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" })
	if _, err := kver.Choose(version, slices.Compact(kver.Sort(names)), ""); err != nil {
		return refuse.Invalid("newVersion", "%v", err)
	}
	return nil
}

// checkFindings reads the newest checks, side by side: that of the control plane where it
// is to move, and those of the pools that are.
func (h *Handler) checkFindings(ctx context.Context, c *cluster, pools []*pool, version string) ([]pmks.UpgradeFinding, error) {
	id := tea.StringValue(c.ClusterId)
	type target struct {
		kind, id string
		group    pmks.IID
	}
	var targets []target
	if moves(clusterVersion(c), version) {
		targets = append(targets, target{kind: checkMaster})
	}
	versions := h.poolVersions(ctx, c, pools)
	for _, p := range pools {
		if moves(versions.behind(p), version) && poolMeaning(poolState(p)).Status != pmks.ClusterDeleting {
			targets = append(targets, target{checkPool, poolID(p), poolIID(p)})
		}
	}
	found := make([][]pmks.UpgradeFinding, len(targets))
	err := fanout.Each(ctx, len(targets), func(ctx context.Context, i int) error {
		check, err := h.newestCheck(ctx, id, targets[i].kind, targets[i].id)
		if err != nil || check == nil {
			return err
		}
		found[i] = findingsOf(check)
		for k := range found[i] {
			found[i][k].NodeGroup = targets[i].group
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return slices.Concat(found...), errs.Over(ctx)
}

// moves reports whether an upgrade to a version changes what runs another.
func moves(from, to string) bool {
	a, err := kver.Parse(from)
	b, err2 := kver.Parse(to)
	return err != nil || err2 != nil || a.Compare(b) < 0
}

// newestCheck reads the newest check of a kind that has ended, whose order in the list ACK
// does not promise; nil where there is none.
func (h *Handler) newestCheck(ctx context.Context, id, kind, target string) (*cs.GetClusterCheckResponseBody, error) {
	type item = cs.ListClusterChecksResponseBodyChecks
	in := &cs.ListClusterChecksRequest{Type: &kind}
	if target != "" {
		in.Target = &target
	}
	out, err := read(ctx, h, "ListClusterChecks", "list of checks", func(c csAPI) (*cs.ListClusterChecksResponse, error) { return c.ListClusterChecks(&id, in) },
		func(o *cs.ListClusterChecksResponse) bool { return o.Body != nil && o.Body.Checks != nil })
	if err != nil {
		return nil, absent(err, noCluster)
	}
	var newest *item
	for _, check := range withoutNil(out.Body.Checks) {
		ended := !stamp(check.FinishedAt).IsZero() && tea.StringValue(check.CheckId) != "" && (tea.StringValue(check.Type) == "" || tea.StringValue(check.Type) == kind)
		if ended && (newest == nil || stamp(check.CreatedAt).After(stamp(newest.CreatedAt))) {
			newest = check
		}
	}
	if newest == nil {
		return nil, nil
	}
	whole, err := read(ctx, h, "GetClusterCheck", "check "+*newest.CheckId, func(c csAPI) (*cs.GetClusterCheckResponse, error) {
		return c.GetClusterCheck(&id, newest.CheckId)
	}, func(o *cs.GetClusterCheckResponse) bool {
		return o.Body != nil && tea.StringValue(o.Body.CheckId) == *newest.CheckId
	})
	if err != nil {
		return nil, absent(err, noCluster)
	}
	return whole.Body, nil
}

// checkSucceeded is the word of a check that has found nothing. Those of others are not
// known.
const checkSucceeded = "Succeeded"

// checkLevels are the words of what a check finds: those that are not here are warnings.
// The vendor's page has a sample of the first alone (read in November 2026).
var checkLevels = map[string]struct{ fine, blocks bool }{
	"normal": {fine: true}, "info": {fine: true}, "ok": {fine: true}, "pass": {fine: true}, "passed": {fine: true}, "success": {fine: true},
	"critical": {blocks: true}, "error": {blocks: true}, "fail": {blocks: true}, "failed": {blocks: true}, "fatal": {blocks: true},
}

// findingsOf are what a check has found: under each name a list of objects, whose Level
// holds a word with a message and what it is about.
func findingsOf(check *cs.GetClusterCheckResponseBody) []pmks.UpgradeFinding {
	when := " (checked at " + stamp(check.FinishedAt).Format(time.RFC3339) + ")"
	var found []pmks.UpgradeFinding
	for _, name := range slices.Sorted(maps.Keys(check.CheckItems)) {
		for _, item := range check.CheckItems[name] {
			levels, _ := member(item, "level").(map[string]any)
			for _, word := range slices.Sorted(maps.Keys(levels)) {
				level := checkLevels[strings.ToLower(word)]
				if level.fine {
					continue
				}
				said, _ := levels[word].(map[string]any)
				found = append(found, pmks.UpgradeFinding{Code: name, Blocks: level.blocks, Message: findingText(name, word, said) + when})
			}
		}
	}
	if status := tea.StringValue(check.Status); len(found) == 0 && !strings.EqualFold(status, checkSucceeded) {
		text := strings.Join(strings.Fields(tea.StringValue(check.Message)), " ")
		found = append(found, pmks.UpgradeFinding{Code: status, Message: fmt.Sprintf("the check before the upgrade ended %q and not %s: %s", status, checkSucceeded, text) + when})
	}
	return found
}

// findingText says what a check has found, and on what.
func findingText(name, word string, said map[string]any) string {
	text, _ := member(said, "message").(string)
	if text = strings.Join(strings.Fields(text), " "); text == "" {
		text = name + ": " + word
	}
	var on []string
	targets, _ := member(said, "targets").([]any)
	for _, t := range targets {
		one, _ := t.(map[string]any)
		if name, _ := member(one, "target").(string); name != "" {
			on = append(on, name)
		}
	}
	if len(on) > 0 {
		text += ": " + strings.Join(on, ", ")
	}
	return text
}

// member is a member of an object by its name, in whatever letters: ACK's page writes these
// with capitals, and its other answers without.
func member(object map[string]any, name string) any {
	for key, value := range object {
		if strings.EqualFold(key, name) {
			return value
		}
	}
	return nil
}
