// SPDX-License-Identifier: Apache-2.0

package inventory_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/inventory"
)

// counted makes a source tell how many of its listings are under way.
func counted(s inventory.Source, now *atomic.Int64) inventory.Source {
	inner := s.Handler.(streamer)
	s.Handler = streamer{clusters: func(ctx context.Context, yield func(pmks.ClusterInfo, error) bool) {
		now.Add(1)
		defer now.Add(-1)
		inner.clusters(ctx, yield)
	}}
	return s
}

// TestList_left: however the loop is left, nothing is under way after it.
func TestList_left(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		loop func(list func(yield func(inventory.Item, error) bool))
	}{
		{"break", func(list func(yield func(inventory.Item, error) bool)) {
			for range list {
				break
			}
		}},
		{"panic", func(list func(yield func(inventory.Item, error) bool)) {
			defer func() { _ = recover() }()
			for range list {
				panic("in the body")
			}
		}},
		{"goexit", func(list func(yield func(inventory.Item, error) bool)) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				for range list {
					// As t.FailNow does it.
					runtime.Goexit()
				}
			}()
			<-done
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var now atomic.Int64
			var sources []inventory.Source
			for i := range 20 {
				s := hanging(fmt.Sprint("hanging", i))
				if i%2 == 0 {
					s = having(fmt.Sprint("good", i), numbered(1000)...)
				}
				sources = append(sources, counted(s, &now))
			}
			test.loop(inventory.List(t.Context(), sources))
			if n := now.Load(); n != 0 {
				t.Errorf("%d listings are under way", n)
			}
		})
	}
}

// TestList_contextEnds: what the end of the context cut short is told, once for each
// source, also of those that had not begun; the others are complete.
func TestList_contextEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	sources := []inventory.Source{
		having("complete", "a"),
		hanging("hangs"),
		having("later", "a"),
		{Name: "not-opened", Open: func(context.Context) (pmks.ClusterHandler, error) {
			t.Error("opened after the end")
			return nil, errors.ErrUnsupported
		}},
		{Name: "quiet", Handler: streamer{clusters: func(context.Context, func(pmks.ClusterInfo, error) bool) {}}},
	}
	got := map[string][]string{}
	for item, err := range inventory.List(ctx, sources, inventory.WithConcurrency(2),
		inventory.WithProgress(func(p inventory.Progress) {
			if p.Source == "complete" && p.Ended {
				cancel()
			}
		})) {
		got[item.Source] = append(got[item.Source], strings.TrimPrefix(brief(item, err), item.Source+"/"))
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("%v is not the context's end", err)
		}
	}
	same(t, got, map[string]string{
		"complete": "a", "hangs": "!Canceled", "later": "!Canceled", "not-opened": "!Canceled", "quiet": "!Canceled",
	})
}

func TestList_deadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begin := time.Now()
		same(t, collect(t, inventory.List(ctx, []inventory.Source{having("good", "a"), hanging("hangs")})), map[string]string{
			"good": "a", "hangs": "!Timeout",
		})
		if took := time.Since(begin); took != time.Minute {
			t.Errorf("took %s", took)
		}
	})
}

// TestWithTimeout: silence ends a source, a slow one that shows something does not, and
// neither does a slow loop.
func TestWithTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		every := func(d time.Duration, clusters ...string) streamer {
			return streamer{clusters: func(ctx context.Context, yield func(pmks.ClusterInfo, error) bool) {
				for _, c := range clusters {
					select {
					case <-time.After(d):
					case <-ctx.Done():
						yield(pmks.ClusterInfo{}, ctx.Err())
						return
					}
					if !yield(named(c), nil) {
						return
					}
				}
			}}
		}
		sources := []inventory.Source{
			{Name: "slow", Handler: every(50*time.Second, "a", "b", "c")},
			{Name: "silent", Handler: every(2*time.Minute, "a")},
			{Name: "at-once", Handler: every(0, "a", "b", "c")},
			{Name: "opens-never", Open: func(ctx context.Context) (pmks.ClusterHandler, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}},
		}
		got := map[string][]string{}
		for item, err := range inventory.List(t.Context(), sources, inventory.WithTimeout(time.Minute)) {
			got[item.Source] = append(got[item.Source], strings.TrimPrefix(brief(item, err), item.Source+"/"))
			if err != nil && !strings.Contains(err.Error(), "nothing came for 1m0s") {
				t.Error(err)
			}
			if item.Source == "at-once" {
				time.Sleep(5 * time.Minute) //nolint:forbidigo // inside a synctest bubble
			}
		}
		same(t, got, map[string]string{"slow": "a b c", "silent": "!Timeout", "at-once": "a b c", "opens-never": "!Timeout"})
	})
}
