// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/perfreport/byhand"
	"github.com/pmks-go/pmks/internal/perfreport/canned"
	"github.com/pmks-go/pmks/simtest"
)

// cpuFleet is the fleet whose listing processor time is measured with.
var cpuFleet = fleet{20, 5}

// cannedListing lists [cpuFleet] over canned answers: by pmks, and by the same requests
// made with the vendor's SDK alone. Neither keeps to the published limits, which is
// waiting and no work.
type cannedListing struct {
	pmks, sdk func() error
	transport *canned.Transport
}

func newCannedListing(t testing.TB, cloud string) (cannedListing, error) {
	t.Helper()
	account := simtest.Start(t, cloud, simtest.Options{Speed: 1000})
	fill(t, account, cpuFleet.clusters, cpuFleet.groups)
	return over(t, account, cloud, &canned.Transport{})
}

// over lists over answers, and over the account where there are none.
func over(t testing.TB, account *simtest.Account, cloud string, answers *canned.Transport) (cannedListing, error) {
	t.Helper()
	cfg := account.Config()
	answers.Next, cfg.Transport = cfg.Transport, answers
	l := cannedListing{transport: answers}
	client, err := pmks.Open(t.Context(), cloud, cfg)
	if err != nil {
		return l, err
	}
	t.Cleanup(func() { _ = client.Close() })
	hand, err := byhand.New(t.Context(), cloud, cfg)
	if err != nil {
		return l, err
	}
	l.pmks = func() error { return whole(listWith(t.Context(), client)) }
	l.sdk = func() error { return whole(hand.AtOnce(t.Context())) }
	for range 3 { // signs in, and remembers the answers
		for _, list := range []func() error{l.pmks, l.sdk} {
			if err := list(); err != nil {
				return l, err
			}
		}
	}
	return l, nil
}

// whole fails where a listing has not seen all of [cpuFleet].
func whole(seen byhand.Seen, err error) error {
	if want := seenOf(cpuFleet); err == nil && seen != want {
		err = fmt.Errorf("it saw %+v, there are %+v", seen, want)
	}
	return err
}

const (
	// cpuTurns is in how many turns each way is measured, a few listings at a time, so that
	// whatever else the machine does meets both.
	cpuTurns = 40
	// cpuTurn is about how long a turn takes.
	cpuTurn = 100 * time.Millisecond
)

// use is what one listing used.
type use struct {
	processor     time.Duration
	bytes, allocs float64
}

// block measures n listings, the garbage they leave included.
func block(n int, list func() error) (use, error) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start, err := processor()
	if err != nil {
		return use{}, err
	}
	for range n {
		if err := list(); err != nil {
			return use{}, err
		}
	}
	runtime.GC()
	end, err := processor()
	if err != nil {
		return use{}, err
	}
	runtime.ReadMemStats(&after)
	return use{(end - start) / time.Duration(n), float64(after.TotalAlloc-before.TotalAlloc) / float64(n), float64(after.Mallocs-before.Mallocs) / float64(n)}, nil
}

// compared is what a listing uses by pmks and by hand: the lower quartile of the turns,
// which other work on the machine changes least. more is what pmks uses more, in percent,
// in the median of the turns that were side by side; half of them lie between low and high.
type compared struct {
	pmks, sdk       use
	more, low, high float64
}

// compare compares with so many processors for Go. With one all work is done in turn, so
// that the time is that of the work; with several the collector of garbage also runs on
// those that wait for the next request, and those look around for work before they rest.
func compare(l cannedListing, processors int) (compared, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
	var out compared
	first, err := block(2, l.sdk)
	if err != nil {
		return out, err
	}
	n := max(1, int(cpuTurn/max(first.processor, time.Microsecond)))
	var ours, theirs []use
	var more []float64
	asked := l.transport.Asked()
	for turn := range cpuTurns {
		var used [2]use
		for i := range used {
			i = (i + turn) % len(used) // each is the first as often as the other
			if used[i], err = block(n, []func() error{l.pmks, l.sdk}[i]); err != nil {
				return out, err
			}
		}
		ours, theirs = append(ours, used[0]), append(theirs, used[1])
		more = append(more, 100*(float64(used[0].processor)/float64(used[1].processor)-1))
	}
	if again := l.transport.Asked() - asked; again > 0 {
		return out, fmt.Errorf("the simulator was asked %d times in what was measured: a request is never the same twice", again)
	}
	slices.Sort(more)
	return compared{quartile(ours), quartile(theirs), more[cpuTurns/2], more[cpuTurns/4], more[cpuTurns*3/4]}, nil
}

func quartile(list []use) use {
	slices.SortFunc(list, func(a, b use) int { return int(a.processor - b.processor) })
	return list[len(list)/4]
}

// reportCPU writes what a listing uses on each cloud.
func reportCPU(t *testing.T, out io.Writer, clouds []string) {
	t.Helper()
	fmt.Fprintf(out, "\nListing %d clusters of %d node groups, user time of the processor:\n\n", cpuFleet.clusters, cpuFleet.groups)
	fmt.Fprint(out, "| cloud | processors | pmks ms | SDK ms | more | half of the turns | pmks KB | SDK KB | pmks allocations | SDK allocations |\n|---|---|---|---|---|---|---|---|---|---|\n")
	for _, cloud := range clouds {
		l, err := newCannedListing(t, cloud)
		for _, processors := range slices.Compact([]int{1, runtime.GOMAXPROCS(0)}) {
			var c compared
			if err == nil {
				c, err = compare(l, processors)
			}
			if err != nil {
				fmt.Fprintf(out, "| %s | %v |\n", cloud, err)
				break
			}
			ms := func(u use) float64 { return float64(u.processor) / float64(time.Millisecond) }
			fmt.Fprintf(out, "| %s | %d | %.2f | %.2f | %+.1f%% | %+.1f to %+.1f%% | %.0f | %.0f | %.0f | %.0f |\n",
				cloud, processors, ms(c.pmks), ms(c.sdk), c.more, c.low, c.high, c.pmks.bytes/1000, c.sdk.bytes/1000, c.pmks.allocs, c.sdk.allocs)
		}
	}
}
