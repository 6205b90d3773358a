// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kver"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// The codes of what is found.
const (
	findingAddon    = "AddonVersion"
	findingBehind   = "NodeGroupBehind"
	findingFlannel  = "Flannel"
	findingSick     = "K8S_API_NOT_WORKING"
	findingStopped  = "StoppedNodes"
	stoppedServer   = "SHUTOFF"
	flannelEndsWith = "1.26" // NKS user guide: Calico from here on
)

// installedAddon is an add-on of a cluster, or one that NKS offers for a version.
type installedAddon struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Least   text   `json:"k8s_min_version"`
	Most    text   `json:"k8s_max_version"`
}

// UpgradeFindings implements [pmks.UpgradeAdvisor] with what NKS lets be read: what is
// under way, groups that are behind, stopped nodes, Flannel, the versions of add-ons. The
// cluster is read beside the versions and its add-ons, then the groups beside the VMs and
// the add-ons on offer. Two rules cannot be read: a cluster without the NKS registry is
// not upgraded, and a disruption budget that lets no pod go makes the upgrade of a group
// fail.
//
// ErrNotFound: no such cluster. ErrInvalidArgument: newVersion is not offered.
func (h *Handler) UpgradeFindings(ctx context.Context, clusterIID pmks.IID, newVersion string) (_ []pmks.UpgradeFinding, err error) {
	defer annotate(&err, "UpgradeFindings", clusterIID, pmks.IID{})
	r, err := clusterRef(clusterIID)
	if err != nil {
		return nil, err
	}
	if _, err := kver.Parse(newVersion); err != nil && !kver.IsDefault(newVersion) {
		return nil, refuse.Invalid("newVersion", "%q is not a Kubernetes version such as 1.33", refuse.Clip(newVersion))
	}
	uuid, err := h.locate(ctx, r)
	if err != nil {
		return nil, err
	}
	var a advice
	var o offer
	var viewErr, offerErr error
	// Each keeps its own fault: that of the cluster comes first.
	err = fanout.All(ctx, func(ctx context.Context) error {
		a.view, viewErr = h.view(ctx, uuid, true)
		return nil
	}, func(ctx context.Context) error {
		o, offerErr = h.supported(ctx)
		return nil
	}, func(ctx context.Context) error {
		a.addons, a.addonsErr = h.installedAddons(ctx, []string{"clusters", uuid, "addons", ""}, nil)
		return nil
	})
	for _, err := range []error{err, errs.Over(ctx), viewErr, notFoundAs(a.groupsErr, pmks.CodeUnavailable), offerErr} {
		if err != nil {
			return nil, err
		}
	}
	if a.target, err = o.known(newVersion, string(a.cluster.Labels["kube_tag"])); err != nil {
		return nil, err
	}
	image := string(a.firstGroup().label(a.cluster, "node_image")) // the groups are read beside what asks for it
	err = fanout.All(ctx, func(ctx context.Context) error {
		return h.readGroups(ctx, &a.view)
	}, func(ctx context.Context) error {
		a.servers, a.serversErr = h.servers(ctx)
		return nil
	}, func(ctx context.Context) error {
		a.offered, a.offeredErr = h.installedAddons(ctx, []string{"addons", ""},
			url.Values{"k8s_version": {a.target}, "image": {image}})
		return nil
	})
	if err := errs.Join(err, errs.Over(ctx)); err != nil {
		return nil, err
	}
	return a.findings(), nil
}

// known resolves a version that a cluster is to be upgraded to: among those that NKS
// knows, also if none can be made with it any more.
func (o offer) known(version, current string) (string, error) {
	all := o.all
	if current != "" && !slices.Contains(all, current) {
		all = append(slices.Clone(all), current)
	}
	chosen, err := kver.Choose(version, all, o.standard())
	if err != nil {
		return "", refuse.Invalid("newVersion", "%v", err)
	}
	return chosen, nil
}

func (h *Handler) installedAddons(ctx context.Context, path []string, query url.Values) ([]installedAddon, error) {
	list, err := pages(ctx, h, serviceNKS, path, query, "addons", func(a installedAddon) string { return a.Name + a.Version })
	return list, notFoundAs(err, pmks.CodeUnavailable)
}

// advice is what findings are made of.
type advice struct {
	view
	target     string
	servers    servers
	serversErr error
	// addons are in the cluster, and offered those for the target.
	addons, offered       []installedAddon
	addonsErr, offeredErr error
}

// findings are what stands against an upgrade, that of the cluster first.
func (a advice) findings() []pmks.UpgradeFinding {
	list := append(a.ofCluster(), a.ofAddons()...)
	groups := slices.SortedFunc(slices.Values(a.groups), func(x, y groupObject) int { return strings.Compare(x.Name, y.Name) })
	for _, g := range groups {
		if g.meaning().Status != pmks.ClusterDeleting {
			list = append(list, a.ofGroup(g)...)
		}
	}
	for _, unread := range []struct {
		what string
		err  error
	}{{"whether a change is under way", a.eventsErr}, {"whether nodes are stopped", a.serversErr}, {"the add-ons of the cluster", a.addonsErr}} {
		if unread.err != nil {
			list = append(list, pmks.UpgradeFinding{Code: pmks.KeyUnread, Message: fmt.Sprintf("%s could not be read: %v", unread.what, unread.err)})
		}
	}
	return list
}

func (a advice) ofCluster() (list []pmks.UpgradeFinding) {
	switch e := a.pending(); {
	case e != nil:
		list = append(list, pmks.UpgradeFinding{Blocks: true, Code: e.Type, Message: fmt.Sprintf("%s of %s is under way, and NKS makes one change at a time: wait until the cluster is Active", e.Type, e.ResourceName)})
	case a.cluster.meaning().Status.Transitional():
		list = append(list, pmks.UpgradeFinding{Blocks: true, Code: string(a.cluster.Status), Message: "NKS makes one change of a cluster at a time: wait until it is Active"})
	}
	if strings.EqualFold(string(a.cluster.Labels["cni_driver"]), "flannel") && !older(a.target, flannelEndsWith) {
		list = append(list, pmks.UpgradeFinding{Blocks: true, Code: findingFlannel, Message: "the network of the cluster is Flannel, which Kubernetes " + flannelEndsWith + " and later do not have on NKS: change it to Calico in the console first"})
	}
	if a.cluster.apiStatus() == findingSick {
		list = append(list, pmks.UpgradeFinding{Code: findingSick, Message: "NKS does not reach the API of the cluster: look at labels.certificate_expiry, and at its nodes"})
	}
	return list
}

// ofGroup is what NKS asks of a node group before it, or the control plane, moves on.
func (a advice) ofGroup(g groupObject) (list []pmks.UpgradeFinding) {
	if err := a.unread[g.UUID]; err != nil {
		return []pmks.UpgradeFinding{{NodeGroup: g.iid(), Code: pmks.KeyUnread, Message: "the version and the nodes of the group could not be read: " + err.Error()}}
	}
	version, current := string(g.Labels["kube_tag"]), string(a.cluster.Labels["kube_tag"])
	if version != "" && older(version, current) && older(current, a.target) {
		list = append(list, pmks.UpgradeFinding{NodeGroup: g.iid(), Code: findingBehind, Message: fmt.Sprintf(
			"the group is at %s and the control plane at %s, which NKS upgrades when every group has its version: upgrade the group first, as Upgrade does", version, current)})
	}
	if stopped := a.stopped(g); len(stopped) > 0 && version != a.target {
		list = append(list, pmks.UpgradeFinding{NodeGroup: g.iid(), Blocks: true, Code: findingStopped, Message: fmt.Sprintf(
			"NKS does not upgrade a group with stopped nodes: start %s", strings.Join(stopped, ", "))})
	}
	return list
}

// stopped are the names of the nodes of a group that are stopped.
func (a advice) stopped(g groupObject) (names []string) {
	for _, address := range g.Addresses {
		// The name of the VPC is not known here: where it decides, nothing is said.
		if vm := a.servers.find(address, "", a.cluster.Name); vm != nil && vm.Status == stoppedServer && !slices.Contains(names, vm.Name) {
			names = append(names, vm.Name)
		}
	}
	slices.Sort(names)
	return names
}

// ofAddons are the add-ons that are not for the version.
func (a advice) ofAddons() (list []pmks.UpgradeFinding) {
	installed := slices.SortedFunc(slices.Values(a.addons), func(x, y installedAddon) int { return strings.Compare(x.Name, y.Name) })
	for _, addon := range installed {
		good, newest := a.addonServes(addon)
		if good {
			continue
		}
		message := fmt.Sprintf("the add-on %s %s is not for Kubernetes %s", addon.Name, addon.Version, a.target)
		if newest != "" {
			message += "; NKS offers " + newest
		}
		list = append(list, pmks.UpgradeFinding{Code: findingAddon, Message: message + ": update it when the control plane is there"})
	}
	return list
}

// addonServes reports whether an add-on is for the version that is the target, as far as
// NKS tells, with the newest that is.
func (a advice) addonServes(addon installedAddon) (good bool, newest string) {
	good = true
	var there bool
	for _, o := range a.offered {
		if !strings.EqualFold(o.Name, addon.Name) {
			continue
		}
		if newest == "" || compareNumbers(o.Version, newest) > 0 {
			newest = o.Version
		}
		there = there || o.Version == addon.Version
	}
	switch {
	case addon.Least != "" || addon.Most != "":
		good = (addon.Least == "" || !older(a.target, string(addon.Least))) && (addon.Most == "" || !older(string(addon.Most), a.target))
	case newest != "":
		good = there
	}
	return good, newest
}

// older reports whether a version is older than another, as far as both say. A version
// that is only a minor stands for all of its patches.
func older(version, than string) bool {
	v, err := kver.Parse(version)
	t, other := kver.Parse(than)
	if err != nil || other != nil || v.SameMinor(t) && !(v.HasPatch && t.HasPatch) {
		return false
	}
	return v.Compare(t) < 0
}
