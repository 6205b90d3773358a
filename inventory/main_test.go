// SPDX-License-Identifier: Apache-2.0

package inventory_test

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/inventory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// streamer is a handler that does nothing but stream.
type streamer struct {
	pmks.ClusterHandler
	clusters func(ctx context.Context, yield func(pmks.ClusterInfo, error) bool)
}

func (s streamer) Clusters(ctx context.Context) iter.Seq2[pmks.ClusterInfo, error] {
	return func(yield func(pmks.ClusterInfo, error) bool) { s.clusters(ctx, yield) }
}

// lister is one that returns its clusters at once, and its names.
type lister struct {
	pmks.ClusterHandler
	list  func(context.Context) ([]*pmks.ClusterInfo, error)
	names func(context.Context) ([]*pmks.IID, error)
}

func (l lister) ListCluster(ctx context.Context) ([]*pmks.ClusterInfo, error) { return l.list(ctx) }
func (l lister) ListIID(ctx context.Context) ([]*pmks.IID, error)             { return l.names(ctx) }

func named(name string) pmks.ClusterInfo { return pmks.ClusterInfo{IId: pmks.IID{NameId: name}} }

// having is a source with these clusters. One that ends in "!" cannot be read, and "!"
// alone is a failure of the whole listing.
func having(name string, clusters ...string) inventory.Source {
	return inventory.Source{Name: name, Handler: streamer{clusters: func(_ context.Context, yield func(pmks.ClusterInfo, error) bool) {
		for _, c := range clusters {
			var err error
			c, bad := strings.CutSuffix(c, "!")
			if bad {
				err = &pmks.Error{Code: pmks.CodePermissionDenied, Message: "no"}
			}
			if !yield(named(c), err) {
				return
			}
		}
	}}}
}

// hanging is a source that answers when its context ends, as a listing does.
func hanging(name string) inventory.Source {
	return inventory.Source{Name: name, Handler: streamer{clusters: func(ctx context.Context, yield func(pmks.ClusterInfo, error) bool) {
		<-ctx.Done()
		yield(pmks.ClusterInfo{}, ctx.Err())
	}}}
}

// brief says in a word what came.
func brief(item inventory.Item, err error) string {
	s := item.Source + "/" + item.Cluster.IId.NameId
	if err != nil {
		s += "!" + pmks.CodeOf(err).String()
	}
	return s
}

// collect returns what came of each source, in its order.
func collect(t *testing.T, seq iter.Seq2[inventory.Item, error]) map[string][]string {
	t.Helper()
	got := map[string][]string{}
	for item, err := range seq {
		if err != nil {
			if e, ok := err.(*inventory.Error); !ok || e.Source != item.Source { //nolint:errorlint // the very error
				t.Errorf("%T %v beside an item of %q", err, err, item.Source)
			}
		}
		got[item.Source] = append(got[item.Source], strings.TrimPrefix(brief(item, err), item.Source+"/"))
	}
	return got
}

// same compares what came of each source.
func same(t *testing.T, got map[string][]string, want map[string]string) {
	t.Helper()
	for name, list := range got {
		if s := strings.Join(list, " "); s != want[name] {
			t.Errorf("%s: got %q, want %q", name, s, want[name])
		}
	}
	for name, s := range want {
		if _, ok := got[name]; !ok && s != "" {
			t.Errorf("%s: nothing came, want %q", name, s)
		}
	}
}

// numbered are n names of clusters.
func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("c%03d", i)
	}
	return names
}
