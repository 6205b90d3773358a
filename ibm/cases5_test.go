// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

func TestCase_hungAuthenticator(t *testing.T) {
	s := iks.New(iks.Options{})
	cfg := configFor(s)
	a := hungAuth{make(chan struct{})}
	cfg.APIKey, cfg.Authenticator = "", a
	h := newHandlerWith(t, cfg)
	before := runtime.NumGoroutine()
	for range 40 {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if _, err := h.ListIID(ctx); pmks.CodeOf(err) != pmks.CodeTimeout {
			t.Errorf("%v", err)
		}
		cancel()
	}
	time.Sleep(100 * time.Millisecond) //nolint:forbidigo // inside a synctest bubble
	if n := runtime.NumGoroutine() - before; n > 5 {
		t.Errorf("%d goroutines are left", n)
	}
	close(a.end)
	time.Sleep(100 * time.Millisecond) //nolint:forbidigo // inside a synctest bubble
}

// A resize that the service refuses because autoscaling has just been switched on waits
// for nothing.
func TestCase_resizeOfAutoscaled(t *testing.T) {
	t.Parallel()
	for _, a := range []iks.Assumptions{{}, {ResizeRefusedAsBadRequest: true}} {
		inBubble(t, func(t *testing.T) {
			s := iks.New(iks.Options{Assumptions: a})
			put(t, s, with(seed("plain", "ng1"), iks.AttrAutoscaler, "true"))
			rival := newHandler(t, s)
			cfg := configFor(s)
			next := cfg.Transport
			cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
				if strings.HasSuffix(r.URL.Path, "/resizeWorkerPool") {
					if _, err := rival.SetNodeGroupAutoScaling(r.Context(), pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng1"}, true); err != nil {
						t.Error(err)
					}
				}
				return next.RoundTrip(r)
			})
			_, err := newHandlerWith(t, cfg).ChangeNodeGroupScaling(t.Context(), pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng1"}, 4, 1, 5)
			if pmks.CodeOf(err) != pmks.CodeFailedPrecondition && pmks.CodeOf(err) != pmks.CodeBusy {
				t.Errorf("%+v: %v", a, err)
			}
			t.Log(err)
		})
	}
}

// Off, and a size at once: the autoscaler does not undo it.
func TestCase_offThenResize(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 1, iks.Options{ReadLag: 20 * time.Second})
		h := newHandler(t, s)
		if _, err := h.SetNodeGroupAutoScaling(t.Context(), cCluster, cGroup, false); err != nil {
			t.Fatal(err)
		}
		if _, err := h.ChangeNodeGroupScaling(t.Context(), cCluster, cGroup, 3, 1, 4); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if g := cGet(t, h, cCluster, cGroup); g.OnAutoScaling || g.DesiredNodeSize != 3 || g.MaxNodeSize != 4 {
			t.Errorf("%+v", g)
		}
		if ok, err := h.SetNodeGroupAutoScaling(t.Context(), cCluster, cGroup, true); !ok {
			t.Error(err)
		}
		if ok, err := h.SetNodeGroupAutoScaling(t.Context(), cCluster, cGroup, false); !ok {
			t.Error(err)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if g := cGet(t, h, cCluster, cGroup); g.OnAutoScaling {
			t.Errorf("told as off: %+v", g)
		}
	})
}

// Switching off a pool whose ConfigMap somebody writes for ever, or whose autoscaler does
// nothing, ends with ctx, promptly, and says what is written.
func TestCase_endlessSwitch(t *testing.T) {
	t.Parallel()
	for _, f := range []core.Fault{
		{Op: "putConfigMap", Kind: core.FaultStick, Times: -1},
		{Op: "putConfigMap", Kind: core.FaultRefuse, Code: pmks.CodeBusy, Times: -1},
		{Op: "getConfigMap", Kind: core.FaultRefuse, Code: pmks.CodeNotFound, Times: -1},
	} {
		inBubble(t, func(t *testing.T) {
			s := iks.New(iks.Options{})
			put(t, s, with(seed("plain", "ng1"), iks.AttrAutoscaler, "true"))
			s.Inject(f)
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			start := time.Now()
			_, err := newHandler(t, s).SetNodeGroupAutoScaling(ctx, pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng1"}, true)
			if !errors.Is(err, context.DeadlineExceeded) && err != nil && ctx.Err() != nil || time.Since(start) > time.Hour+time.Minute {
				t.Errorf("%s %s: %v", f.Op, f.Kind, err)
			}
			t.Log(time.Since(start), err)
		})
	}
}

// A cluster that is wanted in one resource group is not taken from another: all groups
// are one scope, and its own is sent.
func TestCase_accounts(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{APIKeys: map[string]iks.APIKey{iks.DefaultAPIKey: {}, "other-key": {Account: strings.Repeat("e", 32)}}})
		put(t, s, seed("plain", "ng1"))
		id := rawIDs(t, s)["plain"]
		cfg := configFor(s)
		cfg.APIKey = "other-key"
		h := newHandlerWith(t, cfg)
		for _, iid := range []pmks.IID{{NameId: "plain"}, {SystemId: id}} {
			if _, err := h.DeleteCluster(t.Context(), iid); pmks.CodeOf(err) != pmks.CodeNotFound {
				t.Errorf("%v", err)
			}
		}
		if _, err := h.DeleteCluster(t.Context(), pmks.IID{SystemId: "crn:v1:bluemix:public:containers-kubernetes:us-south:a/" + iks.DefaultAccount + ":" + id + "::"}); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
			t.Errorf("%v", err)
		}
	})
}

// What a deletion is refused for is told, and nothing is called gone.
func TestCase_deleteRefused(t *testing.T) {
	t.Parallel()
	for _, answer := range []struct {
		status int
		body   string
		want   pmks.Code
	}{
		{403, `{"code":"A0656","description":"role"}`, pmks.CodePermissionDenied},
		{404, `404 page not found`, pmks.CodeUnavailable},
		{404, `<html>no</html>`, pmks.CodeUnavailable},
		{404, `{"code":"X9999","description":"not found"}`, pmks.CodeUnavailable},
		{404, `{"code":"A0006","description":"The specified cluster could not be found."}`, pmks.CodeUnavailable},
		{409, `{"code":"E9","description":"locked"}`, pmks.CodeBusy},
		{202, ``, pmks.CodeUnavailable}, {200, `{}`, pmks.CodeUnavailable}, {302, ``, pmks.CodeUnavailable},
	} {
		t.Run(answer.body, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				s := fleet(t, 1, 1, iks.Options{})
				f := providertest.Answer(answer.status, answer.body)
				f.Op, f.Times = "deleteCluster", -1
				s.Inject(f)
				ok, err := newHandler(t, s).DeleteCluster(t.Context(), cCluster)
				if ok || err == nil || pmks.CodeOf(err) == pmks.CodeNotFound {
					t.Errorf("%d %s: %t %v", answer.status, answer.body, ok, err)
				}
				if pmks.CodeOf(err) != answer.want {
					t.Logf("%d: %v, want %s", answer.status, err, answer.want)
				}
			})
		})
	}
}
