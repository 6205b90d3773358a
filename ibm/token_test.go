// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/IBM/go-sdk-core/v5/core"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/ibm"
	"github.com/pmks-go/pmks/internal/providertest"
	simcore "github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

// TestToken_crowd: whoever needs a token waits for one and the same request, and no longer
// than the own context lives, while IAM hangs for others.
func TestToken_crowd(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 1, iks.Options{Latency: 100 * time.Millisecond})
		h := newHandler(t, s)
		var callers sync.WaitGroup
		for range 50 {
			callers.Go(func() {
				if _, err := h.ListIID(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		callers.Wait()
		if n := s.Count("token"); n != 1 {
			t.Errorf("%d requests for a token, want one", n)
		}
	})
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 1, iks.Options{})
		s.Inject(simcore.Fault{Op: "token", Kind: simcore.FaultHang, Times: -1})
		h := newHandler(t, s)
		var callers sync.WaitGroup
		for range 8 {
			callers.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
				defer cancel()
				start := time.Now()
				_, err := h.ListIID(ctx)
				if !errors.Is(err, context.DeadlineExceeded) || pmks.CodeOf(err) != pmks.CodeTimeout || time.Since(start) > time.Second {
					t.Errorf("after %s: %v", time.Since(start), err)
				}
			})
		}
		callers.Wait()
	})
}

// TestToken_notSent: while IAM does not answer no change is sent, and nothing can have
// happened.
func TestToken_notSent(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		put(t, s, seed("plain", "ng1"))
		cfg := configFor(s)
		next, down := cfg.Transport, false
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if down && r.URL.Path == "/identity/token" {
				return providertest.Respond(r, 503, "{}"), nil
			}
			return next.RoundTrip(r)
		})
		h := newHandlerWith(t, cfg)
		if _, err := h.ListIID(t.Context()); err != nil {
			t.Fatal(err)
		}
		down = true
		time.Sleep(2 * time.Hour) //nolint:forbidigo // inside a synctest bubble
		_, err := h.CreateCluster(t.Context(), bench.SampleRequest("new"))
		if e := asError(t, err); e.Code != pmks.CodeUnavailable || e.MayHaveHappened || s.Count("createCluster") != 0 {
			t.Errorf("got %v", err)
		}
	})
}

// TestToken_hollow: an answer of IAM that holds no token, or one that does not say when it
// ends, is a lost one; a token that lives is used on.
func TestToken_hollow(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "null", "{}", "[]", "<html></html>", `{"access_token":"x"}`, `{"access_token":"x","expiration":0}`, `{"access_token":"x","expiration":1}`, `{"access_token":`} {
		inBubble(t, func(t *testing.T) {
			s := iks.New(iks.Options{})
			cfg := configFor(s)
			next, hollow := cfg.Transport, false
			cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
				if hollow && r.URL.Path == "/identity/token" {
					return providertest.Respond(r, 200, body), nil
				}
				return next.RoundTrip(r)
			})
			h := newHandlerWith(t, cfg)
			if _, err := h.ListIID(t.Context()); err != nil {
				t.Fatal(err)
			}
			hollow = true
			time.Sleep(55 * time.Minute) //nolint:forbidigo // inside a synctest bubble
			if _, err := h.ListIID(t.Context()); err != nil {
				t.Errorf("%q, while the old token lives: %v", body, err)
			}
			time.Sleep(10 * time.Minute) //nolint:forbidigo // inside a synctest bubble
			if _, err := h.ListIID(t.Context()); pmks.CodeOf(err) != pmks.CodeUnavailable {
				t.Errorf("%q: %v", body, err)
			}
		})
	}
}

// TestHome: no redirect of IAM, of the service or of VPC is followed, with whatever method;
// the key and the tokens stay where they were meant to go.
func TestHome(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/identity/token", "/global/v2/vpc/getClusters", "/v1/subnets/", "/global/v2/vpc/createCluster"} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			inBubble(t, func(t *testing.T) {
				cfg := configFor(iks.New(iks.Options{}))
				next := cfg.Transport
				cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
					if r.URL.Host == "elsewhere.example" {
						t.Errorf("%s %d: %s went there", path, status, r.Method)
					}
					if !strings.HasPrefix(r.URL.Path, path) {
						return next.RoundTrip(r)
					}
					resp := providertest.Respond(r, status, "")
					resp.Header.Set("Location", "https://elsewhere.example"+r.URL.Path)
					return resp, nil
				})
				_, err := newHandlerWith(t, cfg).CreateCluster(t.Context(), bench.SampleRequest("new"))
				if pmks.CodeOf(err) != pmks.CodeUnavailable || asError(t, err).MayHaveHappened {
					t.Errorf("%s %d: %v", path, status, err)
				}
			})
		}
	}
}

// TestQuoted: what a refusal quotes of the key or a token is cut out, of the error, of the
// SDK's own below it, and of the log.
func TestQuoted(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		log := &providertest.Log{}
		cfg := configFor(iks.New(iks.Options{}))
		cfg.Logger = log.Logger()
		next, seen := cfg.Transport, ""
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "getClusters") {
				seen = strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
				return providertest.Respond(r, 403, fmt.Sprintf(`{"code":"E9999","description":"no: %s","message":"%s %s"}`, seen, iks.DefaultAPIKey, seen)), nil
			}
			return next.RoundTrip(r)
		})
		_, err := newHandlerWith(t, cfg).ListIID(t.Context())
		if pmks.CodeOf(err) != pmks.CodePermissionDenied || seen == "" {
			t.Fatalf("got %v", err)
		}
		for _, secret := range []string{seen, iks.DefaultAPIKey} {
			for e := err; e != nil; e = errors.Unwrap(e) {
				if strings.Contains(fmt.Sprintf("%v %+v %#v", e, e, e), secret) {
					t.Errorf("%T shows a secret", e)
				}
			}
			if strings.Contains(log.String(), secret) {
				t.Error("the log shows a secret")
			}
		}
	})
}

// TestAuthenticators: what the SDK has besides API keys is used as it is; those with tokens
// of their own issue none for clusters.
func TestAuthenticators(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 1, iks.Options{})
		cfg := configFor(s)
		next, token := cfg.Transport, ""
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if bearer := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "); bearer != "" && r.URL.Path != "/identity/token" {
				token = bearer
			}
			return next.RoundTrip(r)
		})
		if _, err := newHandlerWith(t, cfg).ListIID(t.Context()); err != nil {
			t.Fatal(err)
		}
		cfg.APIKey, cfg.Authenticator = "", &core.BearerTokenAuthenticator{BearerToken: token}
		h := newHandlerWith(t, cfg)
		if list, err := h.ListIID(t.Context()); err != nil || len(list) != 1 {
			t.Errorf("with a bearer token: %d, %v", len(list), err)
		}
		if _, err := h.GenerateClusterToken(t.Context(), pmks.IID{NameId: "c000"}); pmks.CodeOf(err) != pmks.CodeUnsupported {
			t.Errorf("a token for a cluster: %v", err)
		}
		cfg.Authenticator = &core.IamAuthenticator{ApiKey: iks.DefaultAPIKey}
		if list, err := newHandlerWith(t, cfg).ListIID(t.Context()); err != nil || len(list) != 1 {
			t.Errorf("with the SDK's authenticator for API keys: %d, %v", len(list), err)
		}
		cfg.Authenticator = &core.NoAuthAuthenticator{}
		if _, err := newHandlerWith(t, cfg).ListIID(t.Context()); pmks.CodeOf(err) != pmks.CodeUnavailable {
			t.Errorf("with none: %v", err)
		}
		cfg.APIKey = "both"
		if _, err := ibm.New(t.Context(), cfg); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
			t.Errorf("with two: %v", err)
		}
	})
}
