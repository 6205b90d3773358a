// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
)

// apart is how long after another cluster of a fleet the next one is Active.
const apart = 20 * time.Minute / manyWaits

// fleet answers reads of many clusters: they are Active one after the other, so that the
// last takes 20 minutes.
type fleet struct {
	pmks.ClusterHandler // nil: any other call panics
	start               time.Time
	reads               atomic.Int64
}

func (f *fleet) GetCluster(_ context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
	f.reads.Add(1)
	n, err := strconv.Atoi(iid.SystemId)
	if err != nil {
		return pmks.ClusterInfo{}, err
	}
	info := pmks.ClusterInfo{IId: iid, Status: pmks.ClusterCreating}
	if time.Since(f.start) >= time.Duration(n)*apart {
		info.Status = pmks.ClusterActive
	}
	return info, nil
}

// waitForMany runs n waits at once, of which every fifth is canceled half way,
// and returns how many ended well and how many were canceled.
func waitForMany(ctx context.Context, h pmks.ClusterHandler, n int) (done, canceled, other int64) {
	half, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	var sums [3]atomic.Int64
	for i := range n {
		wg.Go(func() {
			waitCtx := ctx
			if i%5 == 0 {
				waitCtx = half
			}
			_, err := pmks.WaitClusterActive(waitCtx, h, pmks.IID{SystemId: strconv.Itoa(i)})
			switch {
			case err == nil:
				sums[0].Add(1)
			case errors.Is(err, pmks.ErrTimeout):
				sums[1].Add(1)
			default:
				sums[2].Add(1)
			}
		})
	}
	wg.Wait()
	return sums[0].Load(), sums[1].Load(), sums[2].Load()
}

// Very many waits of up to twenty minutes run at once. A goroutine that stays
// behind would be a deadlock of the bubble.
func TestWaits_TenThousand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fleet{start: time.Now()}
		done, canceled, other := waitForMany(t.Context(), f, manyWaits)
		if done+canceled != manyWaits || other != 0 {
			t.Errorf("%d done, %d canceled, %d failed", done, canceled, other)
		}
		// Those of the second half whose number is divisible by five; a read may come
		// a pause after the cluster is Active, so a few of the first half are late.
		if least := int64(manyWaits / 10); canceled < least || canceled > least+least/16 {
			t.Errorf("%d waits were canceled, want a few more than %d", canceled, least)
		}
		if took := time.Since(f.start); took < 20*time.Minute-apart || took > 21*time.Minute {
			t.Errorf("the last wait took %v of the bubble's time", took)
		}
		// 20 minutes at some 30 s, and the short pauses of the beginning.
		if per := f.reads.Load() / manyWaits; per < 10 || per > 60 {
			t.Errorf("%d reads for each wait", per)
		}
	})
}

// BenchmarkWaits is what TestWaits_TenThousand does: an op is all of them.
func BenchmarkWaits(b *testing.B) {
	b.ReportAllocs()
	var waits, reads int64
	run := func(t *testing.T) {
		t.Helper()
		f := &fleet{start: time.Now()}
		done, canceled, other := waitForMany(t.Context(), f, manyWaits)
		if other != 0 {
			t.Errorf("%d waits failed", other)
		}
		waits += done + canceled
		reads += f.reads.Load()
	}
	for b.Loop() {
		inBubble(b, run)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(waits), "ns/wait")
	b.ReportMetric(float64(reads)/float64(waits), "reads/wait")
}

// inBubble runs f in a synctest bubble, which is to be had for tests only.
func inBubble(b *testing.B, f func(*testing.T)) {
	b.Helper()
	ok := testing.RunTests(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{{
		Name: b.Name(), F: func(t *testing.T) {
			t.Helper()
			synctest.Test(t, f)
		},
	}})
	if !ok {
		b.Fatal("the run in the bubble failed")
	}
}

// instant answers at once, so that what is measured is the Client.
type instant struct {
	pmks.ClusterHandler // nil: any other call panics
	reporter
	info pmks.ClusterInfo
}

func (h *instant) GetCluster(context.Context, pmks.IID) (pmks.ClusterInfo, error) { return h.info, nil }

func (h *instant) CreateCluster(context.Context, pmks.ClusterInfo) (pmks.ClusterInfo, error) {
	return h.info, nil
}

func BenchmarkClient_GetCluster(b *testing.B) {
	bare := &instant{reporter: reporter{strict()}, info: cluster(pmks.ClusterActive)}
	for _, bm := range []struct {
		name string
		h    pmks.ClusterHandler
	}{
		{"bare", bare},
		{"client", pmks.New(bare)},
		{"observed", pmks.New(bare, pmks.WithObserver(pmks.ObserverFunc(func(context.Context, pmks.Event) {})))},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := bm.h.GetCluster(b.Context(), clusterIID); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkClient_CreateCluster(b *testing.B) {
	bare := &instant{reporter: reporter{strict()}, info: cluster(pmks.ClusterCreating)}
	c, req := pmks.New(bare), request()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.CreateCluster(b.Context(), req); err != nil {
			b.Fatal(err)
		}
	}
}

// The Client costs three allocations on reads, and some thirty on a create, which
// it checks and copies; the race detector adds a few, because it empties pools at
// random. More than these bounds is a change to think about.
func TestClient_Allocations(t *testing.T) { // not parallel: AllocsPerRun counts everything
	bare := &instant{reporter: reporter{strict()}, info: cluster(pmks.ClusterActive)}
	c, req, ctx := pmks.New(bare), request(), t.Context()
	tests := []struct {
		name string
		most float64
		call func(pmks.ClusterHandler) error
	}{
		{"read", 4, func(h pmks.ClusterHandler) error { _, err := h.GetCluster(ctx, clusterIID); return err }},
		{"create", 48, func(h pmks.ClusterHandler) error { _, err := h.CreateCluster(ctx, req); return err }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			measure := func(h pmks.ClusterHandler) float64 {
				return testing.AllocsPerRun(100, func() {
					if err := tt.call(h); err != nil {
						t.Fatal(err)
					}
				})
			}
			if got := measure(c) - measure(bare); got > tt.most {
				t.Errorf("the Client allocates %v times, at most %v", got, tt.most)
			}
		})
	}
}
