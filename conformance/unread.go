// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"errors"
	"slices"
	"strings"

	"github.com/pmks-go/pmks"
)

// Fact is what a read tells beside the cluster itself and the list of its node
// groups; its word is that of [pmks.KeyUnread].
type Fact string

// The facts of Unreadable.
const (
	Nodes      Fact = "Nodes"      // of a node group
	Addons     Fact = "Addons"     // of a cluster
	Kubeconfig Fact = "Kubeconfig" // of a cluster
)

var unreadChecks = []check{
	{"unread/nodes", func(t T, c *Cloud) { unread(t, c, Nodes) }},
	{"unread/nodes-of-one-group", unreadOneGroup},
	{"unread/addons", func(t T, c *Cloud) { unread(t, c, Addons) }},
	{"unread/kubeconfig", func(t T, c *Cloud) { unread(t, c, Kubeconfig) }},
}

// unreadCodes are the failures that a secondary read is given: one that is final
// and one that passes.
var unreadCodes = []pmks.Code{pmks.CodePermissionDenied, pmks.CodeUnavailable}

// hide makes a fact unreadable.
func (c *Cloud) hide(t T, fact Fact, cluster, group pmks.IID, code pmks.Code) (cancel func()) {
	t.Helper()
	need(t, "Unreadable", c.Unreadable != nil)
	cancel, err := c.Unreadable(fact, cluster, group, code)
	capable(t, "this cloud has no read of "+string(fact)+" that could fail alone", !errors.Is(err, errors.ErrUnsupported))
	if err != nil {
		t.Fatalf("Unreadable: %v", err)
	}
	return cancel
}

// unread: when one fact cannot be read the read succeeds without it and says so,
// and everything else is there as before.
func unread(t T, c *Cloud, fact Fact) {
	t.Helper()
	info := c.upWith(t, c.twoGroups("partly"))
	full := c.get(t, info.IId)
	for _, code := range unreadCodes {
		cancel := c.hide(t, fact, info.IId, pmks.IID{}, code)
		got, err := c.Handler.GetCluster(t.Context(), info.IId)
		if err != nil {
			t.Fatalf("GetCluster when %s cannot be read (%s): %v", fact, code, err)
		}
		checkUnread(t, fact, code, full, got, nil)
		if fact != Kubeconfig && !slices.Contains(c.ListsWithout, fact) {
			list, err := c.Handler.ListCluster(t.Context())
			if err != nil || len(list) != 1 {
				t.Fatalf("ListCluster when %s cannot be read (%s): %d clusters, %v", fact, code, len(list), err)
			}
			checkUnread(t, fact, code, full, *list[0], nil)
		}
		cancel()
	}
	sameInfo(t, full, c.get(t, info.IId))
}

// unreadOneGroup: one child's failure does not empty its siblings.
func unreadOneGroup(t T, c *Cloud) {
	info := c.upWith(t, c.twoGroups("siblings"))
	full := c.get(t, info.IId)
	hidden := pmks.IID{NameId: "extra"}
	for _, code := range unreadCodes {
		cancel := c.hide(t, Nodes, info.IId, hidden, code)
		got, err := c.Handler.GetCluster(t.Context(), info.IId)
		cancel()
		if err != nil {
			t.Fatalf("GetCluster when the nodes of one group cannot be read (%s): %v", code, err)
		}
		checkUnread(t, Nodes, code, full, got, &hidden)
	}
}

// checkUnread compares a read without a fact with the full one. A group narrows
// it to the facts of that one.
func checkUnread(t T, fact Fact, code pmks.Code, full, got pmks.ClusterInfo, only *pmks.IID) {
	t.Helper()
	full, got = full.Clone(), got.Clone()
	var words []string
	mark := func(where string, list []pmks.KeyValue) []pmks.KeyValue {
		t.Helper()
		text, _ := pmks.Lookup(list, pmks.KeyUnread)
		words = strings.Split(text, ",")
		if entry := string(fact) + "(" + code.String() + ")"; !slices.Contains(words, entry) {
			t.Errorf("%s: %s is %q, want %s in it", where, pmks.KeyUnread, text, entry)
		}
		return slices.DeleteFunc(list, func(kv pmks.KeyValue) bool { return kv.Key == pmks.KeyUnread })
	}
	switch fact {
	case Nodes:
		for i := range min(len(full.NodeGroupList), len(got.NodeGroupList)) {
			f, g := &full.NodeGroupList[i], &got.NodeGroupList[i]
			if only != nil && g.IId.NameId != only.NameId {
				continue
			}
			if len(g.Nodes) != 0 {
				t.Errorf("node group %s shows %d nodes that could not be read", g.IId, len(g.Nodes))
			}
			g.KeyValueList = mark("node group "+g.IId.String(), g.KeyValueList)
			f.Nodes, g.Nodes = nil, nil
			if slices.Contains(words, "DesiredNodeSize("+code.String()+")") {
				f.DesiredNodeSize, g.DesiredNodeSize = 0, 0 // the nodes alone tell it
			}
			if slices.Contains(words, "Version("+code.String()+")") {
				f.Version, g.Version = "", "" // likewise
			}
			dropEmpty(&f.KeyValueList, &g.KeyValueList)
		}
	case Addons:
		if len(got.Addons.KeyValueList) != 0 {
			t.Errorf("it shows add-ons that could not be read: %v", got.Addons.KeyValueList)
		}
		got.KeyValueList = mark("cluster", got.KeyValueList)
		full.Addons, got.Addons = pmks.AddonsInfo{}, pmks.AddonsInfo{}
	case Kubeconfig:
		if got.AccessInfo.Kubeconfig != "" {
			t.Errorf("it shows a kubeconfig that could not be read")
		}
		if got.AccessInfo.Endpoint != full.AccessInfo.Endpoint {
			t.Errorf("the endpoint is %q, want %q: it is no secret and no part of the kubeconfig", got.AccessInfo.Endpoint, full.AccessInfo.Endpoint)
		}
		got.KeyValueList = mark("cluster", got.KeyValueList)
	}
	dropEmpty(&full.KeyValueList, &got.KeyValueList)
	sameInfo(t, full, got)
}

// dropEmpty makes lists without an entry equal.
func dropEmpty(lists ...*[]pmks.KeyValue) {
	for _, list := range lists {
		if len(*list) == 0 {
			*list = nil
		}
	}
}
