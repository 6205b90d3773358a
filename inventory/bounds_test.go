// SPDX-License-Identifier: Apache-2.0

package inventory_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/inventory"
)

// taking is a source that takes a while to show its one cluster.
func taking(name, group string, d time.Duration) inventory.Source {
	return inventory.Source{Name: name, Group: group, Handler: streamer{clusters: func(_ context.Context, yield func(pmks.ClusterInfo, error) bool) {
		time.Sleep(d) //nolint:forbidigo // inside a synctest bubble
		yield(named("a"), nil)
	}}}
}

// watched lists sources and returns how many were under way at most, at all and of one
// group, and the order in which they began.
func watched(t *testing.T, sources []inventory.Source, opts ...inventory.Option) (most, mostOfGroup int, order []string) {
	t.Helper()
	groups := map[string]string{}
	for _, s := range sources {
		groups[s.Name] = s.Group
	}
	now := map[string]int{}
	waiting := len(sources)
	for _, err := range inventory.List(t.Context(), sources, append(opts, inventory.WithProgress(func(p inventory.Progress) {
		if p.Ended {
			now[groups[p.Source]]--
		} else {
			now[groups[p.Source]]++
			waiting--
			order = append(order, p.Source)
		}
		all := 0
		for _, n := range now {
			all += n
			mostOfGroup = max(mostOfGroup, n)
		}
		most = max(most, all)
		if p.Running != all || p.Waiting != waiting || p.Sources != len(sources) {
			t.Errorf("%+v, with %d under way and %d waiting of %d", p, all, waiting, len(sources))
		}
	}))...) {
		if err != nil {
			t.Error(err)
		}
	}
	return most, mostOfGroup, order
}

func TestWithConcurrency(t *testing.T) {
	t.Parallel()
	var sources []inventory.Source
	for i := range 200 {
		sources = append(sources, taking(fmt.Sprint(i), fmt.Sprint("group", i%4), time.Second))
	}
	for _, test := range []struct {
		name       string
		opts       []inventory.Option
		most, each int // 0 of each: not looked at
		took       time.Duration
	}{
		{"default", nil, inventory.DefaultConcurrency, 0, 4 * time.Second},
		{"one", []inventory.Option{inventory.WithConcurrency(1)}, 1, 1, 200 * time.Second},
		{"ten", []inventory.Option{inventory.WithConcurrency(10)}, 10, 0, 20 * time.Second},
		{"all", []inventory.Option{inventory.WithConcurrency(1000)}, 200, 50, time.Second},
		{"none-is-the-default", []inventory.Option{inventory.WithConcurrency(-1)}, inventory.DefaultConcurrency, 0, 4 * time.Second},
		{"one-of-a-group", []inventory.Option{inventory.WithGroupConcurrency(1)}, 4, 1, 50 * time.Second},
		{"both", []inventory.Option{inventory.WithConcurrency(5), inventory.WithGroupConcurrency(2)}, 5, 2, 40 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				most, each, order := watched(t, sources, test.opts...)
				if took := time.Since(begin); most != test.most || test.each != 0 && each != test.each || took != test.took {
					t.Errorf("at most %d, %d of a group, in %s; want %d, %d, %s", most, each, took, test.most, test.each, test.took)
				}
				if test.name == "one" && !slices.IsSortedFunc(order, func(a, b string) int { return len(a)*1000 - len(b)*1000 + strings.Compare(a, b) }) {
					t.Errorf("began in the order %v", order)
				}
			})
		})
	}
}

// TestList_fairBegin: a hundred sources of a slow cloud, which stand first, do not keep
// the others waiting.
func TestList_fairBegin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var sources []inventory.Source
		for i := range 100 {
			sources = append(sources, taking(fmt.Sprint("slow", i), "slow", time.Hour))
		}
		for i := range 100 {
			sources = append(sources, taking(fmt.Sprint("quick", i), "quick", time.Second))
		}
		begin := time.Now()
		var last time.Duration
		for item := range inventory.List(t.Context(), sources, inventory.WithConcurrency(10)) {
			if strings.HasPrefix(item.Source, "quick") {
				last = time.Since(begin)
			}
		}
		if last != 20*time.Second { // half of the places are theirs
			t.Errorf("the quick ones were done after %s", last)
		}
	})
}

// TestList_groups: sources of one provider are a group unless they say otherwise, and
// those of which nothing is known stand alone.
func TestList_groups(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		of := func(name, provider string) inventory.Source {
			s := taking(name, "", time.Second)
			s.Handler = reporter{s.Handler.(streamer), provider}
			return s
		}
		own := of("own-group", "aws")
		own.Group = "account-2"
		sources := []inventory.Source{of("a1", "aws"), of("a2", "aws"), of("z1", "azure"), own, taking("x", "", time.Second), taking("y", "", time.Second)}
		begin := time.Now()
		first := map[string]bool{}
		for item := range inventory.List(t.Context(), sources, inventory.WithGroupConcurrency(1)) {
			first[item.Source] = time.Since(begin) == time.Second
		}
		for name, is := range first {
			if is != (name != "a2") {
				t.Errorf("%s began at once: %t", name, is)
			}
		}
	})
}

// reporter is a streamer of a provider.
type reporter struct {
	streamer
	provider string
}

func (r reporter) Capabilities() pmks.Capabilities { return pmks.Capabilities{Provider: r.provider} }

// TestList_turns: a large source does not hold up a small one.
func TestList_turns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sources := []inventory.Source{having("large", numbered(1000)...), having("small", numbered(3)...)}
		place, last := 0, 0
		for item := range inventory.List(t.Context(), sources) {
			place++
			if item.Source == "small" {
				last = place
			}
			synctest.Wait() // both have the next one ready
		}
		if place != 1003 || last > 7 {
			t.Errorf("of %d items, the last of the small source was the %d.", place, last)
		}
	})
}

func TestWithProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got []string
		opts := []inventory.Option{inventory.WithConcurrency(1), inventory.WithProgress(func(p inventory.Progress) {
			got = append(got, fmt.Sprintf("%+v", p))
		})}
		for item, err := range inventory.List(t.Context(), []inventory.Source{taking("one", "", time.Second), having("two", "a", "b!", "!")}, opts...) {
			got = append(got, brief(item, err))
		}
		want := []string{
			"{Source:one Ended:false Clusters:0 Failures:0 Incomplete:false Duration:0s Sources:2 Waiting:1 Running:1}",
			"one/a",
			"{Source:one Ended:true Clusters:1 Failures:0 Incomplete:false Duration:1s Sources:2 Waiting:1 Running:0}",
			"{Source:two Ended:false Clusters:0 Failures:0 Incomplete:false Duration:0s Sources:2 Waiting:0 Running:1}",
			"two/a",
			"two/b!PermissionDenied",
			"two/!PermissionDenied",
			"{Source:two Ended:true Clusters:1 Failures:2 Incomplete:true Duration:0s Sources:2 Waiting:0 Running:0}",
		}
		if !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}
