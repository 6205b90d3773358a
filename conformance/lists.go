// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"slices"
	"time"

	"github.com/pmks-go/pmks"
)

var listChecks = []check{
	{"list/empty", listEmpty},
	{"list/as-get-shows-it", listAsGet},
	{"list/several-pages", listPages},
	{"list/one-vanishes", listVanishing},
	{"list/one-unreadable", listUnreadable},
}

func listEmpty(t T, c *Cloud) {
	if list, err := c.Handler.ListCluster(t.Context()); err != nil || len(list) > 0 {
		t.Errorf("ListCluster of an empty cloud: %d clusters, %v", len(list), err)
	}
	if l, ok := c.Handler.(pmks.IIDLister); ok {
		if list, err := l.ListIID(t.Context()); err != nil || len(list) > 0 {
			t.Errorf("ListIID of an empty cloud: %d clusters, %v", len(list), err)
		}
	}
}

func listAsGet(t T, c *Cloud) {
	info := c.up(t, "shown")
	got := listed(t, c, info.IId)
	if got.AccessInfo.Kubeconfig != "" {
		t.Errorf("ListCluster shows a kubeconfig")
	}
	if full := c.get(t, info.IId); got.AccessInfo.Endpoint != full.AccessInfo.Endpoint {
		t.Errorf("ListCluster shows the endpoint %q, GetCluster %q", got.AccessInfo.Endpoint, full.AccessInfo.Endpoint)
	}
	sameInfo(t, c.get(t, info.IId), got)
}

// manyClusters is more than a page of every cloud.
const manyClusters = 230

func (c *Cloud) many(t T) {
	t.Helper()
	need(t, "Put", c.Put != nil)
	for i := range manyClusters {
		if err := c.Put(fmt.Sprintf("many-%03d", i)); err != nil {
			t.Fatalf("Put: %v", err)
		}
	}
}

func listPages(t T, c *Cloud) {
	c.many(t)
	list, err := c.Handler.ListCluster(t.Context())
	if err != nil {
		t.Fatalf("ListCluster: %v", err)
	}
	var names []string
	for _, info := range list {
		names = append(names, info.IId.NameId)
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) != manyClusters || len(list) != manyClusters {
		t.Errorf("ListCluster: %d clusters with %d names, want %d", len(list), len(names), manyClusters)
	}
	if l, ok := c.Handler.(pmks.IIDLister); ok {
		iids, err := l.ListIID(t.Context())
		if err != nil || len(iids) != manyClusters {
			t.Fatalf("ListIID: %d clusters, %v", len(iids), err)
		}
		for _, iid := range iids {
			if iid.NameId == "" || iid.SystemId == "" || !slices.Contains(names, iid.NameId) {
				t.Errorf("ListIID shows %+v", *iid)
			}
		}
	}
}

func listVanishing(t T, c *Cloud) {
	need(t, "Put", c.Put != nil)
	need(t, "Break", c.Break != nil)
	for _, name := range []string{"stays", "leaves", "remains"} {
		if err := c.Put(name); err != nil {
			t.Fatalf("Put: %v", err)
		}
	}
	// Between the list of names and the details of each, where the cloud can be
	// slow; before the list otherwise.
	leave := func() error { return c.Break(pmks.IID{NameId: "leaves"}, pmks.IID{}, Vanished) }
	if c.Inject != nil {
		stop := c.inject("GetCluster", "leaves", Delay, -1)
		defer stop()
		gone := make(chan error, 1)
		time.AfterFunc(c.Delay/2, func() { gone <- leave() })
		defer func() {
			if err := <-gone; err != nil {
				t.Errorf("Break: %v", err)
			}
		}()
	} else if err := leave(); err != nil {
		t.Fatalf("Break: %v", err)
	}
	list, err := c.Handler.ListCluster(t.Context())
	if err != nil {
		t.Errorf("ListCluster: %v", err)
	}
	var names []string
	for _, info := range list {
		names = append(names, info.IId.NameId)
	}
	slices.Sort(names)
	if !slices.Equal(names, []string{"remains", "stays"}) {
		t.Errorf("ListCluster shows %v, want the two that are there", names)
	}
}

func listUnreadable(t T, c *Cloud) {
	need(t, "Put", c.Put != nil)
	need(t, "Inject", c.Inject != nil)
	capable(t, "one call lists all clusters and node groups", !c.ListsAtOnce)
	for _, name := range []string{"one", "two", "three"} {
		if err := c.Put(name); err != nil {
			t.Fatalf("Put: %v", err)
		}
	}
	cancel := c.inject("GetCluster", "two", Unavailable, -1)
	list, err := c.Handler.ListCluster(t.Context())
	cancel()
	var names []string
	for _, info := range list {
		names = append(names, info.IId.NameId)
	}
	slices.Sort(names)
	if !slices.Equal(names, []string{"one", "three"}) {
		t.Errorf("ListCluster shows %v, want the two that can be read", names)
	}
	want(t, "ListCluster with one unreadable", err, pmks.CodeUnavailable)
	if list, err := c.Handler.ListCluster(t.Context()); err != nil || len(list) != 3 {
		t.Errorf("afterwards ListCluster shows %d, %v", len(list), err)
	}
}
