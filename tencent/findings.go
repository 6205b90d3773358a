// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	tke "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/v20180525"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// codeNotOffered is the code of a version that TKE does not offer next.
const codeNotOffered = "VersionNotOffered"

// UpgradeFindings implements [pmks.UpgradeAdvisor]: where TKE offers to go, which nodes it
// would not upgrade, and add-ons and nodes that have failed, all read side by side. TKE
// checks more when an upgrade is sent, and tells that to nobody before. Of versions behind
// the next one nothing is said: what is true of them shows when they are next.
func (h *Handler) UpgradeFindings(ctx context.Context, clusterIID pmks.IID, newVersion string) (_ []pmks.UpgradeFinding, err error) {
	defer annotate(&err, "UpgradeFindings", clusterIID, pmks.IID{})
	r, err := h.clusterRef(clusterIID)
	if err != nil {
		return nil, err
	}
	if _, err := kver.Parse(newVersion); err != nil && !kver.IsDefault(newVersion) {
		return nil, refuse.Invalid("newVersion", "%q is not a Kubernetes version such as 1.32", refuse.Clip(newVersion))
	}
	id, listed, err := h.locate(ctx, r)
	if err != nil {
		return nil, err
	}
	var u upgrading
	var addons []*tke.Addon
	var nextErr, addonsErr error
	err = fanout.All(ctx, func(ctx context.Context) (err error) {
		if u.clusterRead, err = h.readCluster(ctx, id, listed); err == nil {
			u.versions = h.nodeVersions(ctx, u.clusterRead)
		}
		return err
	}, func(ctx context.Context) error {
		u.next, nextErr = h.availableVersions(ctx, id)
		return nil
	}, func(ctx context.Context) error {
		addons, addonsErr = h.addons(ctx, id)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if nextErr == nil {
		err = h.resolve(ctx, &u, newVersion)
	}
	if err != nil {
		return nil, err
	}
	if err := errs.Over(ctx); err != nil {
		return nil, err
	}
	if nextErr != nil {
		return append(unreadFindings("versions", nextErr), u.findings(addons, addonsErr)...), nil
	}
	version, err := kver.Choose(u.want, u.names, "")
	if err != nil {
		return nil, refuse.Invalid("newVersion", "%v", err)
	}
	list, near := u.offer(version)
	if near {
		list = append(list, u.findings(addons, addonsErr)...)
	}
	return list, nil
}

// offer says whether TKE offers to go to a version now; near is false of one behind the
// next.
func (u upgrading) offer(version string) (list []pmks.UpgradeFinding, near bool) {
	current := deref(u.cluster.ClusterVersion)
	blocked := func(message string) []pmks.UpgradeFinding {
		return []pmks.UpgradeFinding{{Blocks: true, Code: codeNotOffered, Message: message}}
	}
	switch newest, ok := kver.Newest(u.next); {
	case !isOlder(current, version), slices.Contains(u.next, version):
		return nil, true
	case !ok:
		return blocked("TKE offers no upgrade of this cluster now, to " + version + " neither"), true
	case isOlder(version, newest):
		return blocked(fmt.Sprintf("TKE upgrades this cluster to %s next, not to %s", strings.Join(u.next, " or "), version)), true
	}
	return nil, false
}

// findings are about the nodes and the add-ons of now.
func (u upgrading) findings(addons []*tke.Addon, addonsErr error) []pmks.UpgradeFinding {
	var list []pmks.UpgradeFinding
	for _, p := range u.pools {
		group := poolIID(p.pool)
		if reason, ok := u.versions.stuck[group.SystemId]; ok {
			list = append(list, pmks.UpgradeFinding{NodeGroup: group, Blocks: true, Code: "UnavailableVersionReason", Message: "TKE does not upgrade the node " + reason})
		}
		for _, n := range u.nodes {
			if deref(n.NodePoolId) == group.SystemId && strings.EqualFold(deref(n.InstanceState), "failed") {
				list = append(list, pmks.UpgradeFinding{NodeGroup: group, Code: "NodeFailed", Message: fmt.Sprintf("the node %s has failed: %s", *n.InstanceId, cmp.Or(deref(n.FailedReason), "no reason is given"))})
			}
		}
	}
	for _, a := range addons {
		phase := deref(a.Phase)
		text := fmt.Sprintf("the add-on %s %s is %s", deref(a.AddonName), deref(a.AddonVersion), phase)
		switch strings.ToLower(phase) {
		case "succeeded", "":
			continue
		case "installfailed", "upgradfailed", "upgradefailed": // the vendor's spelling, and a better one
			text += ": " + cmp.Or(deref(a.Reason), "no reason is given")
		default:
			text += ": let that end first"
		}
		list = append(list, pmks.UpgradeFinding{Code: phase, Message: text})
	}
	list = append(list, unreadFindings("nodes", u.versions.err)...)
	return append(list, unreadFindings("add-ons", addonsErr)...)
}

// unreadFindings say what could not be read.
func unreadFindings(what string, err error) []pmks.UpgradeFinding {
	if err == nil {
		return nil
	}
	return []pmks.UpgradeFinding{{Code: pmks.KeyUnread, Message: "the " + what + " could not be read: " + err.Error()}}
}

// addons reads the add-ons of a cluster.
func (h *Handler) addons(ctx context.Context, id string) ([]*tke.Addon, error) {
	in := tke.NewDescribeAddonRequest()
	in.ClusterId = &id
	out, err := read(ctx, h, in, tke.NewDescribeAddonResponse, "list of add-ons", func(o *tke.DescribeAddonResponse) bool {
		return o.Response != nil && deref(o.Response.RequestId) != ""
	})
	if err != nil {
		return nil, err
	}
	list := withoutNil(out.Response.Addons)
	slices.SortFunc(list, func(a, b *tke.Addon) int { return strings.Compare(deref(a.AddonName), deref(b.AddonName)) })
	return list, nil
}
