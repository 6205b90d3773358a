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
			info.KeyValueList = u.note(info.KeyValueList)
		case Nodes:
			for i := range info.NodeGroupList {
				if g := &info.NodeGroupList[i]; names(u.NodeGroup, g.IId) {
					g.Nodes = nil
					g.KeyValueList = u.note(g.KeyValueList)
				}
			}
		case Kubeconfig: // see hideKubeconfig
		}
	}
}

// hideKubeconfig leaves the credential out of a read if it is hidden. The caller
// does not hold the lock.
func (h *Handler) hideKubeconfig(info *pmks.ClusterInfo) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, u := range h.hidden {
		if u.Fact == Kubeconfig && names(u.Cluster, info.IId) && info.AccessInfo.Endpoint != "" {
			info.AccessInfo = pmks.AccessInfo{Endpoint: info.AccessInfo.Endpoint}
			info.KeyValueList = u.note(info.KeyValueList)
		}
	}
}

// names reports whether s is a name or id of iid, or empty.
func names(s string, iid pmks.IID) bool { return s == "" || s == iid.NameId || s == iid.SystemId }

// note adds the fact to those that are unread.
func (u *Unread) note(list []pmks.KeyValue) []pmks.KeyValue {
	entry := string(u.Fact) + "(" + u.Code.String() + ")"
	for i := range list {
		if list[i].Key == pmks.KeyUnread {
			list[i].Value += "," + entry
			return list
		}
	}
	return append(list, pmks.KeyValue{Key: pmks.KeyUnread, Value: entry})
}
