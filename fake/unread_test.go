// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
)

// TestHandler_Hide: what is hidden is empty and named, nothing else is, and it
// comes back.
func TestHandler_Hide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := mustProfile(t, "neutral")
		h := New(WithProfile(p.Name))
		full := running(t, h, p)
		g := group(t, full)
		if len(g.Nodes) == 0 || mustGet(t, h, full.IId).AccessInfo.Kubeconfig == "" {
			t.Fatalf("there is nothing to hide")
		}
		unread := func(list []pmks.KeyValue) string { v, _ := pmks.Lookup(list, pmks.KeyUnread); return v }
		var shows []func()
		for _, u := range []Unread{
			{Fact: Nodes, NodeGroup: g.IId.NameId, Code: pmks.CodePermissionDenied},
			{Fact: Nodes, NodeGroup: "another", Code: pmks.CodeInternal},
			{Fact: Addons, Cluster: full.IId.SystemId, Code: pmks.CodeUnavailable},
			{Fact: Kubeconfig, Code: pmks.CodeThrottled},
		} {
			shows = append(shows, h.Hide(u))
		}
		got := mustGet(t, h, full.IId)
		if words := unread(got.KeyValueList); words != "Addons(Unavailable),Kubeconfig(Throttled)" {
			t.Errorf("unread of the cluster: %q", words)
		}
		if words := unread(group(t, got).KeyValueList); words != "Nodes(PermissionDenied)" {
			t.Errorf("unread of the node group: %q", words)
		}
		if len(group(t, got).Nodes) != 0 || got.AccessInfo.Kubeconfig != "" || got.AccessInfo.Endpoint == "" {
			t.Errorf("hidden facts are shown, or others are not: %+v", got)
		}
		for _, show := range shows {
			show()
			show() // twice does nothing
		}
		if got := mustGet(t, h, full.IId); len(group(t, got).Nodes) != len(g.Nodes) || got.AccessInfo.Kubeconfig == "" || unread(got.KeyValueList) != "" {
			t.Errorf("what was hidden does not come back: %+v", got)
		}
	})
}
