// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// Waits are many waits at once on the clusters of one handler, none of which ends.
type Waits struct {
	Name string
	// Clusters are waited for, each once, or Groups of one cluster instead. All are being
	// created.
	Clusters, Groups int
	// EachMinute is how many requests all of them together make in a minute at most,
	// however many they are: rounds times pages.
	EachMinute int
}

// Waits counts what many waits cost together, in subtests, under the published limits:
// the requests of five minutes after the first.
func (b Bench[S]) Waits(t *testing.T, table []Waits) {
	t.Helper()
	for _, w := range table {
		t.Run(w.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { b.waits(t, w) })
		})
	}
}

func (b Bench[S]) waits(t testing.TB, w Waits) {
	t.Helper()
	const minutes = 5
	s := b.Simulate(Options{Latency: Latency})
	targets := b.putCreating(t, s, w)
	h := b.connect(t, s, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var waits sync.WaitGroup
	for _, target := range targets {
		waits.Go(func() {
			var err error
			if group := target[1]; group.IsZero() {
				_, err = pmks.WaitClusterActive(ctx, h, target[0])
			} else {
				_, err = pmks.WaitNodeGroupActive(ctx, h, target[0], group)
			}
			if !errors.Is(err, context.Canceled) {
				t.Errorf("a wait for %s ended: %v", target, err)
			}
		})
	}
	// In the first minute each looks once for itself at most, and is told the ids.
	time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
	s.Reset()
	time.Sleep(minutes * time.Minute) //nolint:forbidigo // inside a synctest bubble
	counts := s.Counts()
	n := s.Count("")
	cancel()
	waits.Wait()
	if n > w.EachMinute*minutes || n == 0 {
		t.Errorf("%d waits made %d requests in %d minutes, want at most %d: %v", len(targets), n, minutes, w.EachMinute*minutes, counts)
	}
	t.Logf("%d waits: %d requests a minute: %s", len(targets), n/minutes, perMinute(counts, minutes))
}

func perMinute(counts map[string]int, minutes int) string {
	var list []string
	for op, n := range counts {
		list = append(list, fmt.Sprintf("%s %d", op, n/minutes))
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// putCreating puts what is waited for into the account.
func (b Bench[S]) putCreating(t testing.TB, s S, w Waits) (targets [][2]pmks.IID) {
	t.Helper()
	spec := b.SampleNodeGroup("").VMSpecName
	put := func(seed core.Seed) {
		if err := s.Put(seed); err != nil {
			t.Fatal(err)
		}
	}
	for i := range w.Clusters {
		seed := core.Seed{Name: fmt.Sprintf("c%04d", i), Version: b.Version, State: profile.Creating}
		put(seed)
		targets = append(targets, [2]pmks.IID{{NameId: seed.Name}, {}})
	}
	if w.Groups > 0 {
		seed := core.Seed{Name: "grouped", Version: b.Version}
		for i := range w.Groups {
			iid := pmks.IID{NameId: fmt.Sprintf("g%03d", i)}
			seed.Groups = append(seed.Groups, pmks.NodeGroupInfo{IId: iid, VMSpecName: spec, Status: pmks.NodeGroupCreating,
				OnAutoScaling: true, DesiredNodeSize: 1, MinNodeSize: 1, MaxNodeSize: 3})
			targets = append(targets, [2]pmks.IID{{NameId: seed.Name}, iid})
		}
		put(seed)
	}
	return targets
}
