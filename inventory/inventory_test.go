// SPDX-License-Identifier: Apache-2.0

package inventory_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/inventory"
)

// TestList: each failure stands in its place and costs nothing else.
func TestList(t *testing.T) {
	t.Parallel()
	sources := []inventory.Source{
		having("good", "a", "b", "c"),
		having("one-missing", "a", "b!", "c"),
		having("cut", "a", "!"),
		having("empty"),
		{Name: "refused", Handler: lister{list: func(context.Context) ([]*pmks.ClusterInfo, error) {
			a := named("a")
			return []*pmks.ClusterInfo{&a}, errors.Join(
				&pmks.Error{Code: pmks.CodeThrottled, Cluster: pmks.IID{NameId: "b"}}, &pmks.Error{Code: pmks.CodeUnavailable})
		}}},
	}
	list := inventory.List(t.Context(), sources)
	sources[0] = inventory.Source{} // the caller's own again
	for range 2 {                   // each loop lists anew
		same(t, collect(t, list), map[string]string{
			"good": "a b c", "one-missing": "a b!PermissionDenied c", "cut": "a !PermissionDenied",
			"refused": "a b!Throttled !Unavailable",
		})
	}
	for range inventory.List(t.Context(), nil) {
		t.Error("something came of no sources")
	}
}

func TestList_badSources(t *testing.T) {
	t.Parallel()
	unnamed, again := having("", "a"), having("good", "b")
	got := map[string]int{}
	for item, err := range inventory.List(t.Context(), []inventory.Source{having("good", "a"), unnamed, again, {Name: "none"}}) {
		text := brief(item, err)
		if err != nil {
			_, text, _ = strings.Cut(err.Error(), "inventory: ")
		}
		got[text]++
	}
	for _, want := range []string{
		"good/a",
		`source "": pmks: InvalidArgument: sources[1]: it needs a name, by which its clusters and failures go`,
		`source "good": pmks: InvalidArgument: sources[2]: an earlier source has the same name`,
		`source "none": pmks: InvalidArgument: sources[3]: it has neither a Handler nor an Open`,
	} {
		if got[want] != 1 {
			t.Errorf("%d times %q", got[want], want)
		}
		delete(got, want)
	}
	if len(got) > 0 {
		t.Errorf("and %v", got)
	}
}

// panicker panics when it is asked what it can do.
type panicker struct{ streamer }

func (panicker) Capabilities() pmks.Capabilities { panic("secret") }

// TestList_panics: what a handler does to its goroutine is its own affair.
func TestList_panics(t *testing.T) {
	t.Parallel()
	in := func(f func()) streamer {
		return streamer{clusters: func(_ context.Context, yield func(pmks.ClusterInfo, error) bool) {
			yield(named("a"), nil)
			f()
		}}
	}
	var nothing *pmks.Client
	sources := []inventory.Source{
		having("good", "a", "b"),
		{Name: "panics", Handler: in(func() { panic("secret") })},
		{Name: "leaves", Handler: in(runtime.Goexit)},
		{Name: "capabilities", Handler: panicker{}},
		{Name: "absent", Handler: nothing},
		{Name: "open", Open: func(context.Context) (pmks.ClusterHandler, error) { panic("secret") }},
		{Name: "open-nothing", Open: func(context.Context) (pmks.ClusterHandler, error) { return nil, nil }}, //nolint:nilnil // that is the fault
	}
	list := inventory.List(t.Context(), sources)
	same(t, collect(t, list), map[string]string{
		"good": "a b", "panics": "a !Internal", "leaves": "a !Internal", "capabilities": "!Internal",
		"absent": "!FailedPrecondition", "open": "!Internal", "open-nothing": "!FailedPrecondition",
	})
	for _, err := range list {
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%v quotes what a handler panicked with", err)
		}
	}
}

// closer counts how often it is closed.
type closer struct {
	streamer
	closed *atomic.Int64
	err    error
}

func (c closer) Close() error { c.closed.Add(1); return c.err }

func TestList_open(t *testing.T) {
	t.Parallel()
	var closed, kept atomic.Int64
	good := having("", "a", "b").Handler.(streamer)
	opens := func(h pmks.ClusterHandler, err error) func(context.Context) (pmks.ClusterHandler, error) {
		return func(context.Context) (pmks.ClusterHandler, error) { return h, err }
	}
	sources := []inventory.Source{
		{Name: "open", Open: opens(closer{good, &closed, nil}, nil)},
		{Name: "not-closed", Open: opens(closer{good, &closed, &pmks.Error{Code: pmks.CodeUnavailable}}, nil)},
		{Name: "no-closer", Open: opens(good, nil)},
		{Name: "refused", Open: opens(nil, &pmks.Error{Code: pmks.CodeUnauthenticated})},
		{Name: "stays-open", Handler: closer{good, &kept, nil}},
	}
	same(t, collect(t, inventory.List(t.Context(), sources)), map[string]string{
		"open": "a b", "not-closed": "a b !Unavailable", "no-closer": "a b", "refused": "!Unauthenticated", "stays-open": "a b",
	})
	if closed.Load() != 2 || kept.Load() != 0 {
		t.Errorf("%d that were opened are closed, and %d that were not", closed.Load(), kept.Load())
	}
	for range inventory.List(t.Context(), sources[:1]) {
		break
	}
	if closed.Load() != 3 {
		t.Error("a break leaves it open")
	}
}

func TestList_namesOnly(t *testing.T) {
	t.Parallel()
	sources := []inventory.Source{
		{Name: "cheap", Handler: lister{names: func(context.Context) ([]*pmks.IID, error) {
			return []*pmks.IID{{NameId: "a", SystemId: "id-a"}, {NameId: "b"}}, &pmks.Error{Code: pmks.CodeThrottled, Cluster: pmks.IID{NameId: "c"}}
		}}},
		{Name: "client", Handler: pmks.New(struct{ pmks.ClusterHandler }{lister{list: func(context.Context) ([]*pmks.ClusterInfo, error) {
			a := pmks.ClusterInfo{IId: pmks.IID{NameId: "a"}, Version: "1.33"}
			return []*pmks.ClusterInfo{&a}, nil
		}}})},
	}
	list := inventory.List(t.Context(), sources, inventory.WithNamesOnly())
	same(t, collect(t, list), map[string]string{"cheap": "a b c!Throttled", "client": "a"})
	for item, err := range list {
		if err == nil && item.Cluster.Version != "" {
			t.Errorf("%s has more than its name", brief(item, err))
		}
		var e *pmks.Error
		if errors.As(err, &e) && e.Op != "ListIID" {
			t.Errorf("%v does not say what was asked", err)
		}
	}
}

// TestList_nilOption: an option that is nil changes nothing, as in the other packages.
func TestList_nilOption(t *testing.T) {
	t.Parallel()
	n := 0
	for _, err := range inventory.List(t.Context(), []inventory.Source{having("a", "x", "y")}, nil) {
		if err != nil {
			t.Error(err)
		}
		n++
	}
	if n != 2 {
		t.Errorf("%d clusters", n)
	}
}
