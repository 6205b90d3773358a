// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"fmt"
	"slices"

	"github.com/pmks-go/pmks"
)

// Fact is what a read tells beside the cluster itself and the list of its node
// groups, by its word in [pmks.KeyUnread].
type Fact string

// The facts of Unread.
const (
	Addons     Fact = "Addons"
	Kubeconfig Fact = "Kubeconfig"
	Nodes      Fact = "Nodes"
)

// Unread is a fact that reads cannot tell, as where a cloud keeps it in another
// service that is down or does not let the caller in.
type Unread struct {
	// Fact is what cannot be read.
	Fact Fact
	// Cluster and NodeGroup are names or ids; empty means every one. NodeGroup is for
	// Nodes alone.
	Cluster   string
	NodeGroup string
	// Code is what that service answers.
	Code pmks.Code
}

// Hide makes a fact unreadable: reads succeed, the fact is empty, and
// [pmks.KeyUnread] names it. The returned function ends that. It panics when there
// is no such fact.
func (h *Handler) Hide(u Unread) (show func()) {
	if !slices.Contains([]Fact{Addons, Kubeconfig, Nodes}, u.Fact) {
		panic(fmt.Sprintf("fake: Hide: there is no fact %q", u.Fact))
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	hidden := &u
	h.hidden = append(h.hidden, hidden)
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.hidden = slices.DeleteFunc(h.hidden, func(x *Unread) bool { return x == hidden })
	}
}

// leaveOut empties what is hidden of a read, but for the kubeconfig, which is not
// in it yet. The caller holds the lock.
func (h *Handler) leaveOut(info *pmks.ClusterInfo) {
	for _, u := range h.hidden {
		if !names(u.Cluster, info.IId) {
			continue
		}
		switch u.Fact {
		case Addons:
			info.Addons = pmks.AddonsInfo{}
			info.KeyValueList = u.note(info.KeyValueList, string(u.Fact))
		case Nodes:
			for i := range info.NodeGroupList {
				if g := &info.NodeGroupList[i]; names(u.NodeGroup, g.IId) {
					h.leaveNodesOut(g, u)
				}
			}
		case Kubeconfig: // see hideKubeconfig
		}
	}
}

// leaveNodesOut empties the nodes of a group, and what the cloud tells with them.
func (h *Handler) leaveNodesOut(g *pmks.NodeGroupInfo, u *Unread) {
	g.Nodes = nil
	g.KeyValueList = u.note(g.KeyValueList, string(u.Fact))
	for _, fact := range h.profile.Manner.WithNodes {
		switch fact {
		case "DesiredNodeSize": // of a group that is being made there is only the request
			if g.Status != pmks.NodeGroupCreating {
				g.DesiredNodeSize = 0
			}
		case "Version":
			g.Version = ""
		case "Status": // without it a group is taken for one that is there
			if g.Status == pmks.NodeGroupCreating {
				g.Status = pmks.NodeGroupActive
			}
			continue
		}
		g.KeyValueList = u.note(g.KeyValueList, fact)
	}
}

// without is why a fact cannot be told that comes with the nodes of a group, or of any
// where none is given; nil if it can. The caller holds the lock.
func (h *Handler) without(fact string, cluster, group pmks.IID) error {
	if !slices.Contains(h.profile.Manner.WithNodes, fact) {
		return nil
	}
	for _, u := range h.hidden {
		if u.Fact == Nodes && names(u.Cluster, cluster) && (group.IsZero() || names(u.NodeGroup, group)) {
			return &pmks.Error{Code: u.Code, ProviderCode: "Unread", Message: "the nodes cannot be read, which tell the " + fact}
		}
	}
	return nil
}

// hideKubeconfig leaves the credential out of a read if it is hidden. The caller
// does not hold the lock.
func (h *Handler) hideKubeconfig(info *pmks.ClusterInfo) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, u := range h.hidden {
		if u.Fact == Kubeconfig && names(u.Cluster, info.IId) && info.AccessInfo.Endpoint != "" {
			info.AccessInfo = pmks.AccessInfo{Endpoint: info.AccessInfo.Endpoint}
			info.KeyValueList = u.note(info.KeyValueList, string(u.Fact))
		}
	}
}

// names reports whether s is a name or id of iid, or empty.
func names(s string, iid pmks.IID) bool { return s == "" || s == iid.NameId || s == iid.SystemId }

// note adds a fact to those that are unread.
func (u *Unread) note(list []pmks.KeyValue, fact string) []pmks.KeyValue {
	entry := fact + "(" + u.Code.String() + ")"
	for i := range list {
		if list[i].Key == pmks.KeyUnread {
			list[i].Value += "," + entry
			return list
		}
	}
	return append(list, pmks.KeyValue{Key: pmks.KeyUnread, Value: entry})
}
