// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/aks"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// TestWaits: a thousand waits cost the list of clusters, of five pages, every few seconds,
// and those for the pools of one cluster a read of that cluster.
func TestWaits(t *testing.T) {
	t.Parallel()
	bench.Waits(t, []providertest.Waits{
		{Name: "thousand-clusters", Clusters: 1000, EachMinute: 5 * 14},
		{Name: "hundred-pools-of-one", Groups: 100, EachMinute: 12},
		{Name: "two-clusters", Clusters: 2, EachMinute: 12},
	})
}

// waiting is a simulator with clusters that are being created, each with one pool, and
// waits for them by one handler whose requests pass a tap.
type waiting struct {
	*aks.Server
	tap   *tap
	names []string

	mu   sync.Mutex
	ends map[string]error
	all  sync.WaitGroup
}

// awaitCreating begins the waits. The clusters stay as they are until they are forced.
func awaitCreating(ctx context.Context, t *testing.T, n int, pools bool) *waiting {
	t.Helper()
	w := &waiting{Server: aks.New(aks.Options{}), ends: map[string]error{}}
	w.tap = &tap{next: w.Transport(), answer: func(*http.Request) *http.Response { return nil }}
	for i := range n {
		seed := seedOf("g0")
		seed.Name = fmt.Sprintf("c%03d", i)
		if pools {
			seed.Groups[0].Status = pmks.NodeGroupCreating
		} else {
			seed.State = profile.Creating
		}
		if err := w.Put(seed); err != nil {
			t.Fatal(err)
		}
		w.names = append(w.names, seed.Name)
	}
	cfg := configFor(w.Server)
	cfg.Transport = w.tap
	h := newHandlerWith(t, cfg) //nolint:contextcheck // a handler outlives the contexts of its calls
	for _, name := range w.names {
		w.all.Go(func() {
			var err error
			if pools {
				_, err = pmks.WaitNodeGroupActive(ctx, h, pmks.IID{NameId: name}, poolG0)
			} else {
				_, err = pmks.WaitClusterActive(ctx, h, pmks.IID{NameId: name})
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			w.ends[name] = err
		})
	}
	time.Sleep(2 * time.Minute) //nolint:forbidigo // inside a synctest bubble
	w.Reset()
	return w
}

// ended are the waits that have ended, each with its code.
func (w *waiting) ended() map[string]pmks.Code {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	codes := map[string]pmks.Code{}
	for name, err := range w.ends {
		codes[name] = pmks.CodeOf(err)
	}
	return codes
}

// TestWaits_listThatLies: a list that leaves clusters out, that is denied, fails or is no
// list ends no wait, and one that shows too early what is still under way neither: every
// cluster is read singly before its wait ends.
func TestWaits_listThatLies(t *testing.T) {
	t.Parallel()
	const clusters = 12
	list := ending(http.MethodGet, "/managedClusters")
	each := func(change func(c map[string]any)) func(map[string]any) {
		return func(page map[string]any) {
			for _, c := range page["value"].([]any) {
				change(c.(map[string]any))
			}
		}
	}
	properties := func(c map[string]any) map[string]any { return c["properties"].(map[string]any) }
	for name, tt := range map[string]struct {
		answer func() *http.Response
		change func(page map[string]any)
		pools  bool
	}{
		"empty":     {change: func(page map[string]any) { page["value"] = []any{} }},
		"half":      {change: func(page map[string]any) { page["value"] = page["value"].([]any)[clusters/2:] }},
		"elsewhere": {change: each(func(c map[string]any) { c["location"] = "westeurope" })},
		"hollow":    {change: each(func(c map[string]any) { delete(c, "properties") })},
		"early":     {change: each(func(c map[string]any) { properties(c)["provisioningState"] = "Succeeded" })},
		"failed":    {change: each(func(c map[string]any) { properties(c)["provisioningState"] = "Failed" })},
		"no-word":   {change: each(func(c map[string]any) { properties(c)["provisioningState"] = "Meditating" })},
		"no-pools":  {pools: true, change: each(func(c map[string]any) { properties(c)["agentPoolProfiles"] = []any{} })},
		"denied": {answer: func() *http.Response {
			return replyWith(403, `{"error":{"code":"AuthorizationFailed","message":"x"}}`)
		}},
		"failing":   {answer: func() *http.Response { return replyWith(500, "") }},
		"throttled": {answer: func() *http.Response { return replyWith(429, `{"code":"Throttled","message":"x"}`) }},
		"no-list":   {answer: func() *http.Response { return replyWith(200, `{}`) }},
		"not-found": {answer: func() *http.Response { return replyWith(404, `{"code":"NotFound","message":"x"}`) }},
		"a-proxy":   {answer: func() *http.Response { return replyWith(200, "<html></html>", "Content-Type", "text/html") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				w := awaitCreating(ctx, t, clusters, tt.pools)
				defer w.all.Wait()
				defer cancel()
				if w.Count("ManagedClusters_Get") > 0 || w.Count("ManagedClusters_ListByResourceGroup") > 0 {
					t.Fatal("the calls are not counted from here")
				}
				if tt.change != nil {
					w.tap.setNext(edited{w.Transport(), list, tt.change})
				} else {
					w.tap.setAnswer(func(r *http.Request) *http.Response {
						if list(r) {
							return tt.answer()
						}
						return nil
					})
				}
				time.Sleep(5 * time.Minute) //nolint:forbidigo // inside a synctest bubble
				if ended := w.ended(); len(ended) > 0 {
					t.Fatalf("waits have ended: %v", ended)
				}
				if n := w.Count("ManagedClusters_Get"); n == 0 {
					t.Error("no cluster was read singly")
				}
				pool := ""
				if tt.pools {
					pool = "g0"
				}
				for _, name := range w.names {
					if err := w.Force(name, pool, profile.Active, ""); err != nil {
						t.Fatal(err)
					}
				}
				w.all.Wait()
				want := map[string]pmks.Code{}
				for _, name := range w.names {
					want[name] = pmks.CodeOK
				}
				if got := w.ended(); !maps.Equal(got, want) {
					t.Errorf("the waits ended with %v", got)
				}
			})
		})
	}
}

// TestWaits_otherGroup: waits for clusters of another resource group share the list of
// that one.
func TestWaits_otherGroup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := aks.New(aks.Options{})
		const clusters, minutes = 30, 5
		for i := range clusters {
			if err := s.Put(core.Seed{Name: fmt.Sprintf("c%03d", i), Version: "1.33.6", State: profile.Creating, Attr: map[string]string{aks.AttrResourceGroup: "other"}}); err != nil {
				t.Fatal(err)
			}
		}
		cfg := configFor(s)
		h := newHandlerWith(t, cfg)
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for i := range clusters {
			id := "/subscriptions/" + aks.DefaultSubscriptionID + "/resourceGroups/other/providers/Microsoft.ContainerService/managedClusters/" + fmt.Sprintf("c%03d", i)
			all.Go(func() {
				if _, err := pmks.WaitClusterActive(ctx, h, pmks.IID{SystemId: id}); !errors.Is(err, context.Canceled) {
					t.Errorf("%s: %v", id, err)
				}
			})
		}
		time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
		s.Reset()
		time.Sleep(minutes * time.Minute) //nolint:forbidigo // inside a synctest bubble
		if n, lists := s.Count(""), s.Count("ManagedClusters_ListByResourceGroup"); lists < 5*minutes || n > 12*minutes {
			t.Errorf("%d requests in %d minutes, %d of them lists", n, minutes, lists)
		}
		cancel()
		all.Wait()
	})
}

// TestReadState_alone: who does not wait is answered at once, by the cluster itself.
func TestReadState_alone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 5, 1, aks.Options{})
		h := signedIn(t, s)
		start := time.Now()
		var all sync.WaitGroup
		for i := range 5 {
			all.Go(func() {
				got, err := h.ReadState(t.Context(), pmks.IID{NameId: fmt.Sprintf("c%03d", i)}, poolG0)
				if err != nil || got.Status != pmks.ClusterActive || !strings.HasSuffix(got.NodeGroup.SystemId, "/agentPools/g0") {
					t.Errorf("%+v, %v", got, err)
				}
			})
		}
		all.Wait()
		if got, want := counts(s), map[string]int{"ManagedClusters_Get": 5}; !maps.Equal(got, want) || time.Since(start) > 0 {
			t.Errorf("%v in %s, want %v at once", got, time.Since(start), want)
		}
	})
}
