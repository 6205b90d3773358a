// SPDX-License-Identifier: Apache-2.0

package look_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/poll"
	"github.com/pmks-go/pmks/internal/provider/look"
)

// cloud counts what it is asked, each request taking a while.
type cloud struct {
	shared look.Shared[string]
	mu     sync.Mutex
	ones   map[string]int
	lists  int
	ended  int // of the lists, by their context

	takes    time.Duration
	requests int // of one list
	hidden   string
	fails    error
	panics   bool
	down     bool // the single reads fail as well
}

func (c *cloud) one(key string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		c.mu.Lock()
		if c.ones == nil {
			c.ones = map[string]int{}
		}
		c.ones[key]++
		c.mu.Unlock()
		if c.down {
			return "", c.fails
		}
		return "one " + key, poll.Sleep(ctx, c.takes)
	}
}

func (c *cloud) all(ctx context.Context, keys []string) (map[string]string, int, error) {
	c.mu.Lock()
	c.lists++
	c.mu.Unlock()
	if c.panics {
		panic("a fault")
	}
	if err := poll.Sleep(ctx, c.takes); err != nil {
		c.mu.Lock()
		c.ended++
		c.mu.Unlock()
		return nil, 0, &pmks.Error{Code: pmks.CodeCanceled, Err: err}
	}
	states := map[string]string{}
	for _, key := range keys {
		if key != c.hidden {
			states[key] = "all " + key
		}
	}
	return states, max(1, c.requests), c.fails
}

func (c *cloud) asked() (ones, lists int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range c.ones {
		ones += n
	}
	return ones, c.lists
}

func (c *cloud) way(key string) look.Way[string] {
	return look.Way[string]{One: c.one(key), Set: "things", All: c.all}
}

// wait looks for a while, every pause, and hands on what each look is told.
func (c *cloud) wait(ctx context.Context, key string, pause time.Duration, w look.Way[string], told func(string, error)) {
	loop := poll.Loop{BackOff: backoff.NewConstantBackOff(pause), Failures: 1 << 30, Passing: func(error) bool { return true }}
	_ = loop.Run(ctx, func(ctx context.Context) (bool, error) {
		state, err := c.shared.Read(poll.Waiting(ctx), key, w)
		told(state, err)
		return false, err
	})
}

// run has n waits look for a time, each at a thing of its own, and returns how often each
// answer was told.
func (c *cloud) run(t *testing.T, n int, pause, during time.Duration) map[string]int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), during)
	defer cancel()
	var mu sync.Mutex
	answers := map[string]int{}
	var waits sync.WaitGroup
	for i := range n {
		key := fmt.Sprint(i)
		waits.Go(func() {
			c.wait(ctx, key, pause, c.way(key), func(state string, err error) {
				mu.Lock()
				defer mu.Unlock()
				switch {
				case ctx.Err() != nil:
				case err != nil:
					answers[pmks.CodeOf(err).String()]++
				case state != "one "+key && state != "all "+key:
					t.Errorf("%s is told %q", key, state)
				default:
					answers[state]++
				}
			})
		})
	}
	waits.Wait()
	return answers
}

func bubble(t *testing.T, f func(*testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, f)
}

func TestRead_few(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := cloud{takes: time.Second}
		start := time.Now()
		if state, err := c.shared.Read(t.Context(), "a", c.way("a")); state != "one a" || err != nil || time.Since(start) != time.Second {
			t.Errorf("a read of its own: %q, %v after %s", state, err, time.Since(start))
		}
		c.run(t, 2, 15*time.Second, time.Minute)
		if ones, lists := c.asked(); ones != 1+2*4 || lists != 0 {
			t.Errorf("two waits made %d looks and %d lists", ones, lists)
		}
	})
}

// TestRead_many: what many waits cost is bounded by time, not by how many they are.
func TestRead_many(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := cloud{takes: 40 * time.Millisecond}
		answers := c.run(t, 1000, 15*time.Second, 10*time.Minute)
		ones, lists := c.asked()
		if ones > 3 || lists > 10*60/5+1 {
			t.Errorf("1,000 waits made %d looks and %d lists in ten minutes", ones, lists)
		}
		if n := answers["all 7"]; n < 25 {
			t.Errorf("a wait looked %d times in ten minutes", n)
		}
	})
}

// TestRead_later: a look is answered by a read that began after it.
func TestRead_later(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var c cloud
		var began time.Time
		var mu sync.Mutex
		way := func(key string) look.Way[string] {
			return look.Way[string]{One: c.one(key), Set: "things", All: func(ctx context.Context, keys []string) (map[string]string, int, error) {
				mu.Lock()
				at := time.Now()
				began = at
				mu.Unlock()
				_ = poll.Sleep(ctx, 4*time.Second)
				states := map[string]string{}
				for _, key := range keys {
					states[key] = at.Format(time.RFC3339Nano)
				}
				return states, 1, nil
			}}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		var waits sync.WaitGroup
		for i := range 50 {
			key := fmt.Sprint(i)
			waits.Go(func() {
				asked := time.Now()
				c.wait(ctx, key, time.Duration(9+i%7)*time.Second, way(key), func(state string, err error) {
					read, bad := time.Parse(time.RFC3339Nano, state)
					if err == nil && bad == nil && read.Before(asked) {
						t.Errorf("a look of %s is answered by a read of %s", asked, read)
					}
					asked = time.Now().Add(time.Duration(9+i%7) * time.Second)
				})
			})
		}
		waits.Wait()
		if began.IsZero() {
			t.Error("nothing was listed")
		}
	})
}

// TestRead_omitted: what the list does not tell is looked at by itself.
func TestRead_omitted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := cloud{hidden: "3"}
		answers := c.run(t, 10, 15*time.Second, 5*time.Minute)
		listed := 0
		for answer, n := range answers {
			if strings.HasPrefix(answer, "all ") {
				listed += n
			}
		}
		if answers["all 3"] != 0 || answers["one 3"] < 10 || listed < 100 { // of 180 or so
			t.Errorf("answers %v", answers)
		}
	})
}

// TestRead_failure: where the list fails each looks for itself, and a list that is denied
// is not asked for all the time.
func TestRead_failure(t *testing.T) {
	t.Parallel()
	for code, most := range map[pmks.Code]int{pmks.CodeUnavailable: 61, pmks.CodePermissionDenied: 1, pmks.CodeUnsupported: 1} {
		t.Run(code.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				c := cloud{fails: &pmks.Error{Code: code}}
				answers := c.run(t, 10, 15*time.Second, 5*time.Minute)
				_, lists := c.asked()
				if lists == 0 || lists > most || answers["one 3"] < 14 || answers[code.String()] != 0 {
					t.Errorf("%d lists, answers %v", lists, answers)
				}
			})
		})
	}
}

func TestRead_panic(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := cloud{panics: true}
		if answers := c.run(t, 10, 15*time.Second, 5*time.Minute); answers["one 3"] < 14 {
			t.Errorf("answers %v", answers)
		}
	})
}

// TestRead_dear: a list of many pages is no way to look at a few.
func TestRead_dear(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := cloud{requests: 50}
		c.run(t, 10, 15*time.Second, 5*time.Minute)
		if ones, lists := c.asked(); lists != 1 || ones < 10*14 {
			t.Errorf("%d lists of 50 requests, %d looks", lists, ones)
		}
	})
}

// TestRead_same: those who look at one thing share a look.
func TestRead_same(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := cloud{takes: time.Second}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		var waits sync.WaitGroup
		for range 100 {
			waits.Go(func() {
				c.wait(ctx, "a", 15*time.Second, look.Way[string]{One: c.one("a")}, func(state string, err error) {
					if ctx.Err() == nil && (state != "one a" || err != nil) {
						t.Errorf("%q, %v", state, err)
					}
				})
			})
		}
		waits.Wait()
		if ones, _ := c.asked(); ones > 65 {
			t.Errorf("100 waits for one thing looked %d times in five minutes", ones)
		}
	})
}

// TestRead_leaves: who goes away is told at once and ends nobody else's look; when all
// have gone the read ends.
func TestRead_leaves(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := cloud{takes: 30 * time.Second}
		ctx, cancel := context.WithCancel(t.Context())
		var waits sync.WaitGroup
		var mu sync.Mutex
		ended := map[string]int{}
		for i := range 20 {
			key := fmt.Sprint(i)
			each, leave := ctx, context.CancelFunc(func() {})
			if i < 10 {
				each, leave = context.WithTimeout(ctx, 8*time.Second)
			}
			waits.Go(func() {
				defer leave()
				c.wait(each, key, 30*time.Second, c.way(key), func(state string, err error) {
					mu.Lock()
					defer mu.Unlock()
					switch {
					case errors.Is(err, context.DeadlineExceeded):
						ended["late"]++
					case errors.Is(err, context.Canceled):
						ended["canceled"]++
					case err == nil:
						ended["told"]++
					}
				})
			})
		}
		time.Sleep(40 * time.Second) //nolint:forbidigo // inside a synctest bubble
		mu.Lock()
		if ended["late"] != 10 || ended["told"] != 10 {
			t.Errorf("after 40 s: %v", ended)
		}
		mu.Unlock()
		time.Sleep(27 * time.Second) //nolint:forbidigo // inside a synctest bubble
		cancel()
		waits.Wait()
		synctest.Wait()
		if c.ended == 0 {
			t.Error("a list that nobody waits for goes on")
		}
	})
}

// TestRead_short: waits that pause for milliseconds do not wait seconds for each other.
func TestRead_short(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var c cloud
		if answers := c.run(t, 10, 9*time.Millisecond, time.Second); answers["all 5"]+answers["one 5"] < 70 {
			t.Errorf("answers %v", answers)
		}
	})
}

// TestRead_ended: nothing is read for who has gone already.
func TestRead_ended(t *testing.T) {
	t.Parallel()
	var c cloud
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.shared.Read(poll.Waiting(ctx), "a", c.way("a"))
	if ones, lists := c.asked(); !errors.Is(err, context.Canceled) || ones+lists > 0 {
		t.Errorf("%v after %d requests", err, ones+lists)
	}
}
