// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"iter"
	"reflect"
	"slices"

	"github.com/pmks-go/pmks"
)

var streamChecks = []check{
	{"stream/as-the-list-shows-it", streamAsList},
	{"stream/several-pages", streamPages},
	{"stream/one-unreadable", streamUnreadable},
	{"stream/broken-off", streamBroken},
}

// stream is the handler's own where it has one.
func (c *Cloud) stream(ctx context.Context) iter.Seq2[pmks.ClusterInfo, error] {
	if s, ok := c.Handler.(pmks.ClusterStreamer); ok {
		return s.Clusters(ctx)
	}
	return pmks.Clusters(ctx, c.Handler)
}

// streamed returns what Clusters yields, by name, and the errors.
func (c *Cloud) streamed(ctx context.Context) (infos map[string]pmks.ClusterInfo, order []string, errs []error) {
	infos = map[string]pmks.ClusterInfo{}
	for info, err := range c.stream(ctx) {
		order = append(order, info.IId.NameId)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		infos[info.IId.NameId] = info
	}
	return infos, order, errs
}

func streamAsList(t T, c *Cloud) {
	c.up(t, "first")
	c.up(t, "second")
	list, err := c.Handler.ListCluster(t.Context())
	if err != nil {
		t.Fatalf("ListCluster: %v", err)
	}
	infos, order, errs := c.streamed(t.Context())
	if len(errs) > 0 || len(order) != len(list) {
		t.Errorf("Clusters: %v with %v, ListCluster shows %d", order, errs, len(list))
	}
	for _, want := range list {
		if got := infos[want.IId.NameId]; !reflect.DeepEqual(got, *want) {
			t.Errorf("Clusters shows\t%s\nListCluster\t%s", show(got), show(*want))
		}
	}
}

func streamPages(t T, c *Cloud) {
	c.many(t)
	_, order, errs := c.streamed(t.Context())
	slices.Sort(order)
	if names := slices.Compact(slices.Clone(order)); len(errs) > 0 || len(order) != manyClusters || len(names) != manyClusters {
		t.Errorf("Clusters: %d clusters with %d names and %v, want %d", len(order), len(names), errs, manyClusters)
	}
}

// streamUnreadable: one that cannot be read is told with its name, and the others come.
func streamUnreadable(t T, c *Cloud) {
	need(t, "Put", c.Put != nil)
	need(t, "Inject", c.Inject != nil)
	capable(t, "one call lists all clusters and node groups", !c.ListsAtOnce)
	for _, name := range []string{"one", "two", "three"} {
		if err := c.Put(name); err != nil {
			t.Fatalf("Put: %v", err)
		}
	}
	cancel := c.inject("GetCluster", "two", Unavailable, -1)
	infos, order, errs := c.streamed(t.Context())
	cancel()
	slices.Sort(order)
	if !slices.Equal(order, []string{"one", "three", "two"}) || len(infos) != 2 || len(errs) != 1 {
		t.Errorf("Clusters yields %v with %d errors: %v", order, len(errs), errs)
	}
	for _, err := range errs {
		want(t, "Clusters with one unreadable", err, pmks.CodeUnavailable)
	}
}

// streamBroken: a loop may be left at any time, and its context may end.
func streamBroken(t T, c *Cloud) {
	need(t, "Put", c.Put != nil)
	for _, name := range []string{"one", "two", "three"} {
		if err := c.Put(name); err != nil {
			t.Fatalf("Put: %v", err)
		}
	}
	n := 0
	for _, err := range c.stream(t.Context()) {
		if n++; err != nil {
			t.Errorf("Clusters: %v", err)
		}
		break
	}
	if n != 1 {
		t.Errorf("a loop that breaks at once was given %d clusters", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	infos, _, errs := c.streamed(ctx)
	if len(infos) > 0 || len(errs) != 1 {
		t.Errorf("Clusters after the end of its context: %d clusters, %v", len(infos), errs)
	}
	for _, err := range errs {
		want(t, "Clusters after the end of its context", err, pmks.CodeCanceled)
	}
}
