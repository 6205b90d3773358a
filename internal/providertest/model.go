// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/trust/life"
)

// Lives lets clusters live under random commands of many callers of one handler, while
// its requests fail in the ways of the fault matrix.
func (b Bench[S]) Lives(t *testing.T, crew life.Crew) {
	t.Helper()
	if UnderRace {
		crew.Lives = 1
	}
	life.Run(t, b.Cloud, func(t testing.TB) life.Cloud { return b.living(t) }, crew)
}

// living is a simulated account to live in.
func (b Bench[S]) living(t testing.TB) life.Cloud {
	t.Helper()
	m := b.Matrix()
	s := &storm{}
	rig := m.Open(t, func(next http.RoundTripper) http.RoundTripper {
		s.wire = newWire(m, next)
		return s
	})
	return life.Cloud{
		Handler: pmks.New(rig.Handler), Direct: pmks.New(rig.Direct), Request: b.SampleRequest, Group: b.SampleNodeGroup,
		Disturb: s.disturb,
	}
}

// storm is a network that fails at random, for the calls that are to be disturbed.
type storm struct{ wire *Wire }

// weather is what goes wrong with the requests of one call.
type weather struct {
	mu sync.Mutex
	r  *rand.Rand
	// left is how many more requests are struck.
	left int
}

type weatherKey struct{}

// disturb makes up to three requests of calls with the context fail.
func (s *storm) disturb(ctx context.Context, _ string, r *rand.Rand) (context.Context, func()) {
	w := &weather{r: r, left: 1 + r.IntN(3)}
	return context.WithValue(ctx, weatherKey{}, w), func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.left = 0
	}
}

// next is what happens to a request: nil where nothing does. What lasts is left out, or
// strikes the requests of others, what
// is read for a long while, what leaves two clusters on clouds that take a name twice, and
// what is some cloud's way to say that there are none.
func (w *weather) next() *kind {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.left == 0 || w.r.IntN(5) > 0 {
		return nil
	}
	k := &kinds[w.r.IntN(len(kinds))]
	if k.always || k.name == "oversized" || k.name == "twice" || strings.HasPrefix(k.name, "empty-object") || strings.Contains(k.name, "stale") {
		return nil
	}
	w.left--
	return k
}

// RoundTrip implements [http.RoundTripper].
func (s *storm) RoundTrip(req *http.Request) (*http.Response, error) {
	w, ok := req.Context().Value(weatherKey{}).(*weather)
	if !ok {
		return s.wire.deliver(req)
	}
	k := w.next()
	if k == nil {
		return s.wire.deliver(req)
	}
	body, err := readBody(req)
	if err != nil {
		return nil, err
	}
	again := func(ctx context.Context) *http.Request {
		r := req.Clone(ctx)
		r.Body = io.NopCloser(bytes.NewReader(body))
		return r
	}
	if k.applied && k.name != "cut" && k.name != "wrong-type" {
		// It reaches the cloud, whatever becomes of the answer and of the caller.
		res, err := s.wire.deliver(again(context.WithoutCancel(req.Context())))
		if err != nil {
			return nil, err
		}
		_ = res.Body.Close()
	}
	return k.strike(s.wire, again(req.Context()), func() (*http.Response, error) { return s.wire.deliver(again(req.Context())) }) //nolint:contextcheck // the clone has that of the request
}
