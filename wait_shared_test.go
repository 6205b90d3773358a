// SPDX-License-Identifier: Apache-2.0

package pmks_test

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/look"
)

// listedFleet is a fleet whose states can be read a hundred at a time.
type listedFleet struct {
	fleet
	looks    look.Shared[pmks.State]
	requests atomic.Int64
}

func (f *listedFleet) ReadState(ctx context.Context, iid, _ pmks.IID) (pmks.State, error) {
	state := func(iid pmks.IID) (pmks.State, error) {
		info, err := f.fleet.GetCluster(ctx, iid)
		return pmks.State{Cluster: iid, Status: info.Status}, err
	}
	return f.looks.Read(ctx, iid.SystemId, look.Way[pmks.State]{
		One: func(context.Context) (pmks.State, error) {
			f.requests.Add(1)
			return state(iid)
		},
		Set: "clusters",
		All: func(_ context.Context, keys []string) (map[string]pmks.State, int, error) {
			const pages = manyWaits / 100
			f.requests.Add(pages)
			states := make(map[string]pmks.State, len(keys))
			for _, key := range keys {
				s, err := state(pmks.IID{SystemId: key})
				if err != nil {
					return nil, pages, err
				}
				states[key] = s
			}
			return states, pages, nil
		},
	})
}

// Ten thousand waits for the clusters of one handler that can list them: what they ask
// does not grow with how many they are, and none needs a goroutine beside its caller's.
func TestWaits_TenThousand_shared(t *testing.T) { // not parallel: it counts goroutines
	before := runtime.NumGoroutine()
	synctest.Test(t, func(t *testing.T) {
		f := &listedFleet{fleet: fleet{start: time.Now()}}
		most := 0
		var sampler sync.WaitGroup
		sampler.Go(func() {
			for range 19 {
				time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
				most = max(most, runtime.NumGoroutine())
			}
		})
		done, canceled, other := waitForMany(t.Context(), f, manyWaits)
		sampler.Wait()
		if done+canceled != manyWaits || other != 0 {
			t.Errorf("%d done, %d canceled, %d failed", done, canceled, other)
		}
		// A list of all pages every five seconds for 21 minutes, and the few looks that come
		// before it is known that there are many.
		requests := f.requests.Load()
		if requests > 21*12*manyWaits/100+100 {
			t.Errorf("%d requests of all waits together", requests)
		}
		if more := most - before - manyWaits; more > 20 {
			t.Errorf("%d goroutines beside those of the callers", more)
		}
		t.Logf("%d waits: %d requests, %d goroutines", manyWaits, requests, most-before)
	})
}
