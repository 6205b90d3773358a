// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

// What IAM answers to the steps towards a cluster's token may quote what they carry.
func TestCase_quotedTokens(t *testing.T) {
	t.Parallel()
	for _, grant := range []string{"refresh_token", "urn:ibm:params:oauth:grant-type:delegated-refresh-token"} {
		inBubble(t, func(t *testing.T) {
			s := fleet(t, 1, 1, iks.Options{})
			cfg := configFor(s)
			next := cfg.Transport
			var secret string
			cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
				if !strings.HasSuffix(r.URL.Path, "/identity/token") {
					return next.RoundTrip(r)
				}
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return nil, err
				}
				form, err := url.ParseQuery(string(body))
				if err != nil {
					return nil, err
				}
				if form.Get("grant_type") == grant {
					secret = form.Get("refresh_token")
					return providertest.Respond(r, 400, `{"errorCode":"BXNIM0408E","errorMessage":"Provided refresh_token `+secret+` is expired"}`), nil
				}
				r.Body = io.NopCloser(strings.NewReader(string(body)))
				return next.RoundTrip(r)
			})
			_, err := newHandlerWith(t, cfg).GenerateClusterToken(t.Context(), cCluster)
			if err == nil || secret == "" || strings.Contains(err.Error(), secret) {
				t.Errorf("%s: %v", grant, err)
			}
		})
	}
}

// A cluster's token that is refused is not replaced, as those for the services are.
func TestCase_revokedClusterToken(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 1, iks.Options{})
		h := newHandler(t, s)
		if _, err := h.ChangeNodeGroupScaling(t.Context(), cCluster, cGroup, 2, 1, 4); err != nil {
			t.Fatal(err)
		}
		s.RevokeTokens()
		time.Sleep(15 * time.Minute) //nolint:forbidigo // inside a synctest bubble
		if _, err := h.ChangeNodeGroupScaling(t.Context(), cCluster, cGroup, 2, 1, 5); err != nil {
			t.Errorf("got %v", err)
		}
	})
}

type valueAuth struct{ Token string }

func (valueAuth) AuthenticationType() string { return "bearerToken" }

func (v valueAuth) Authenticate(r *http.Request) error {
	r.Header.Set("Authorization", "Bearer "+v.Token)
	return nil
}

func (valueAuth) Validate() error { return nil }

// A handler prints nothing of an authenticator.
func TestCase_printedAuthenticator(t *testing.T) {
	t.Parallel()
	s := iks.New(iks.Options{})
	cfg := configFor(s)
	cfg.APIKey, cfg.Authenticator = "", valueAuth{"top-secret-token"}
	h := newHandlerWith(t, cfg)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, v := range []any{h, cfg, &cfg} {
			if text := fmt.Sprintf(verb, v); strings.Contains(text, "top-secret") {
				t.Errorf("%s of %T prints the token", verb, v)
			}
		}
	}
}

// printVerbs are those with which a value is printed that may hold a secret.
var printVerbs = []string{"%v", "%+v", "%#v", "%s", "%q", "%t", "%d", "%g", "%U", "%x", "%p"}

// A handler that has signed in prints nothing of its tokens.
func TestCase_printedTokens(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var tokens []string
	s := iks.New(iks.Options{})
	cfg := configFor(s)
	cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
			mu.Lock()
			tokens = append(tokens, token)
			mu.Unlock()
		}
		return s.Transport().RoundTrip(r)
	})
	h := newHandlerWith(t, cfg)
	if _, err := h.ListIID(t.Context()); err != nil || len(tokens) == 0 {
		t.Fatal(err, len(tokens))
	}
	for _, verb := range printVerbs {
		for _, v := range []any{h, []any{h}, map[string]any{"h": h}, struct{ H any }{h}} {
			if text := fmt.Sprintf(verb, v); strings.Contains(text, tokens[0]) || strings.Contains(text, fmt.Sprintf("%x", tokens[0])) || strings.Contains(text, iks.DefaultAPIKey) {
				t.Errorf("%s of %T prints the token", verb, v)
			}
		}
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("made", "handler", h)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("made", "handler", h, "in", []any{h})
	if strings.Contains(log.String(), tokens[0]) {
		t.Error("a log has the token")
	}
}

// Whatever a service quotes of the token of a cluster or the API key is cut out, in logs
// too.
func TestCase_quotedByAll(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 2, iks.Options{})
		var log strings.Builder
		cfg := configFor(s)
		cfg.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug - 8}))
		next := cfg.Transport
		var seen []string
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			if strings.HasSuffix(r.URL.Path, "/identity/token") || !strings.HasSuffix(r.URL.Path, "/iks-ca-configmap") && !strings.HasSuffix(r.URL.Path, "/setWorkerPoolLabels") {
				return next.RoundTrip(r)
			}
			seen = append(seen, token)
			return providertest.Respond(r, 400, `{"code":"E9999","description":"bad `+token+` and `+iks.DefaultAPIKey+`"}`), nil
		})
		h := newHandlerWith(t, cfg)
		_, err := h.ChangeNodeGroupScaling(t.Context(), cCluster, cGroup, 2, 1, 4)
		info, _ := h.GetCluster(t.Context(), cCluster)
		text := fmt.Sprint(err, info, log.String())
		for _, secret := range append(seen, iks.DefaultAPIKey) {
			if strings.Contains(text, secret) {
				t.Errorf("%s is told", secret)
			}
		}
		t.Log(len(seen), log.Len(), err)
	})
}

// A creation that hangs until its caller gives up says that it may have happened.
func TestCase_hungCreations(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 1, iks.Options{})
		h := newHandler(t, s)
		for _, op := range []string{"createCluster", "createWorkerPool", "deleteCluster", "removeWorkerPool"} {
			s.Inject(core.Fault{Op: op, Kind: core.FaultHangReply, Times: -1})
		}
		for name, call := range map[string]func(context.Context) error{
			"create": func(ctx context.Context) error {
				_, err := h.CreateCluster(ctx, bench.SampleRequest("hung"))
				return err
			},
			"add": func(ctx context.Context) error {
				_, err := h.AddNodeGroup(ctx, cCluster, bench.SampleNodeGroup("g9"))
				return err
			},
		} {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			err := call(ctx)
			cancel()
			if err == nil || !asError(t, err).MayHaveHappened {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

type hungAuth struct{ end chan struct{} }

func (hungAuth) AuthenticationType() string { return "x" }

func (v hungAuth) Authenticate(*http.Request) error { <-v.end; return errors.New("ended") }

func (hungAuth) Validate() error { return nil }

// An Authenticator that hangs holds one goroutine, not one for each call.
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
