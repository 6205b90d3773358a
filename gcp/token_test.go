// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/gcp"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/gke"
)

// withKey is a configuration whose tokens come from the token endpoint, which answers
// as endpoint says; nil is the simulator's own answer.
func withKey(s *gke.Server, protocol string, endpoint func(*http.Request) (*http.Response, error)) gcp.Config {
	cfg := configFor(s)
	if protocol == "grpc" {
		overGRPC(s)(&cfg)
	}
	cfg.TokenSource, cfg.CredentialsJSON = nil, string(s.ServiceAccountJSON(""))
	through := cfg.Transport
	cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/token") && endpoint != nil {
			if resp, err := endpoint(r); resp != nil || err != nil {
				return resp, err
			}
		}
		return through.RoundTrip(r)
	})
	return cfg
}

// TestToken_faults: what the token endpoint suffers from is no fault of the
// credentials, and only what it refuses in its own words is.
func TestToken_faults(t *testing.T) {
	t.Parallel()
	say := func(status int, body string) func(*http.Request) (*http.Response, error) {
		return func(r *http.Request) (*http.Response, error) { return providertest.Respond(r, status, body), nil }
	}
	for _, test := range []struct {
		name     string
		endpoint func(*http.Request) (*http.Response, error)
		want     pmks.Code
		says     string
	}{
		{"503", say(503, "{}"), pmks.CodeUnavailable, "token endpoint"},
		{"500", say(500, `{"error":"internal_failure"}`), pmks.CodeUnavailable, "internal_failure"},
		{"502-page", say(502, "<html>"), pmks.CodeUnavailable, "token endpoint"},
		{"429", say(429, `{"error":"rate_limit_exceeded"}`), pmks.CodeThrottled, "rate_limit_exceeded"},
		{"busy", say(400, `{"error":"temporarily_unavailable"}`), pmks.CodeUnavailable, "temporarily_unavailable"},
		{"refuses-connections", func(*http.Request) (*http.Response, error) { return nil, syscall.ECONNREFUSED }, pmks.CodeUnavailable, "connection refused"},
		{"hangs", providertest.Hang, pmks.CodeUnavailable, "no answer"},
		{"null", say(200, "null"), pmks.CodeUnavailable, "lost"},
		{"empty-object", say(200, "{}"), pmks.CodeUnavailable, "lost"},
		{"nothing", say(200, ""), pmks.CodeUnavailable, "lost"},
		{"not-json", say(200, "<html>"), pmks.CodeUnavailable, "lost"},
		{"bare-404", say(404, "{}"), pmks.CodeUnavailable, "404"},
		{"redirect", say(307, ""), pmks.CodeUnavailable, "redirect"},
		{"proxy-403", say(403, "<html>"), pmks.CodePermissionDenied, "proxy"},
		{"invalid-grant", say(400, `{"error":"invalid_grant","error_description":"Invalid JWT Signature."}`), pmks.CodeUnauthenticated, "Invalid JWT Signature."},
	} {
		for _, protocol := range []string{"rest", "grpc"} {
			t.Run(test.name+"/"+protocol, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := fleet(t, 1, 1, gke.Options{})
					h := newHandlerWith(t, withKey(s, protocol, test.endpoint))
					start := time.Now()
					_, err := h.GetCluster(t.Context(), pmks.IID{NameId: "c000"})
					if pmks.CodeOf(err) != test.want || !strings.Contains(err.Error(), test.says) || pmks.Retryable(err) != (test.want == pmks.CodeUnavailable || test.want == pmks.CodeThrottled) {
						t.Errorf("got %v, want %s", err, test.want)
					}
					if took := time.Since(start); took > 10*time.Minute {
						t.Errorf("it took %s", took)
					}
					if s.Count("GetCluster")+s.Count("ListClusters") != 0 {
						t.Error("a call was made without a token")
					}
				})
			})
		}
	}
}

// TestToken_old: while no new token can be had the old one is used to its end, and
// the endpoint is not asked for each request.
func TestToken_old(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"rest", "grpc"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := fleet(t, 1, 1, gke.Options{})
				var mu sync.Mutex
				down, asked := false, 0
				h := newHandlerWith(t, withKey(s, protocol, func(r *http.Request) (*http.Response, error) {
					mu.Lock()
					defer mu.Unlock()
					if asked++; down {
						return providertest.Respond(r, 503, "{}"), nil
					}
					return nil, nil
				}))
				look := func() error { _, err := h.ListIID(t.Context()); return err }
				if err := look(); err != nil {
					t.Fatal(err)
				}
				mu.Lock()
				down, asked = true, 0
				mu.Unlock()
				for range 59 {
					time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
					for range 10 {
						if err := look(); err != nil {
							t.Fatalf("while it lives: %v", err)
						}
					}
				}
				mu.Lock()
				if asked == 0 || asked > 12 {
					t.Errorf("the endpoint was asked %d times", asked)
				}
				mu.Unlock()
				time.Sleep(2 * time.Minute) //nolint:forbidigo // inside a synctest bubble
				if err := look(); pmks.CodeOf(err) != pmks.CodeUnavailable {
					t.Errorf("after its end: %v", err)
				}
				mu.Lock()
				down = false
				mu.Unlock()
				if err := look(); err != nil {
					t.Errorf("when there are tokens again: %v", err)
				}
			})
		})
	}
}

// TestToken_context: a caller whose context ends does not wait for a token that
// others wait for, and the others get it.
func TestToken_context(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"rest", "grpc"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := fleet(t, 1, 1, gke.Options{})
				h := newHandlerWith(t, withKey(s, protocol, func(r *http.Request) (*http.Response, error) {
					select {
					case <-time.After(20 * time.Second):
						return nil, nil
					case <-r.Context().Done():
						return nil, r.Context().Err()
					}
				}))
				short, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				var all sync.WaitGroup
				all.Go(func() {
					start := time.Now()
					_, err := h.GetCluster(short, pmks.IID{NameId: "c000"})
					if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
						t.Errorf("after %s: %v", time.Since(start), err)
					}
				})
				all.Go(func() {
					time.Sleep(time.Millisecond) //nolint:forbidigo // inside a synctest bubble
					if _, err := h.GetCluster(t.Context(), pmks.IID{NameId: "c000"}); err != nil {
						t.Errorf("the patient one: %v", err)
					}
				})
				all.Wait()
			})
		})
	}
}

// TestToken_source: a token source is asked each time that its token may be another.
func TestToken_source(t *testing.T) {
	t.Parallel()
	s := fleet(t, 1, 1, gke.Options{})
	cfg := configFor(s)
	var mu sync.Mutex
	failing := false
	cfg.TokenSource = source(func() (*oauth2.Token, error) {
		mu.Lock()
		defer mu.Unlock()
		if failing {
			return nil, errors.New("the source is dry")
		}
		return &oauth2.Token{AccessToken: gke.DefaultToken}, nil
	})
	h := newHandlerWith(t, cfg)
	if _, err := h.ListIID(t.Context()); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	failing = true
	mu.Unlock()
	if _, err := h.ListIID(t.Context()); pmks.CodeOf(err) != pmks.CodeUnauthenticated {
		t.Errorf("a token that does not say how long it lives: %v", err)
	}
}

type source func() (*oauth2.Token, error)

func (f source) Token() (*oauth2.Token, error) { return f() }

// TestNew_keys: a key whose line ends are spelled out is understood, in JSON, in a
// file and alone; one that could never be used is refused at once, and never shown.
func TestNew_keys(t *testing.T) {
	t.Parallel()
	s := fleet(t, 1, 1, gke.Options{})
	var key map[string]string
	if err := json.Unmarshal(s.ServiceAccountJSON(""), &key); err != nil {
		t.Fatal(err)
	}
	as := func(change map[string]string) string {
		k := map[string]string{}
		for name, value := range key {
			k[name] = value
		}
		for name, value := range change {
			k[name] = value
		}
		text, err := json.Marshal(k)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	spelled := strings.ReplaceAll(key["private_key"], "\n", `\n`)
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "key.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, test := range []struct {
		name  string
		give  func(*gcp.Config)
		field string // empty: good
	}{
		{"json", func(c *gcp.Config) { c.CredentialsJSON = as(nil) }, ""},
		{"json-spelled-out", func(c *gcp.Config) { c.CredentialsJSON = as(map[string]string{"private_key": spelled}) }, ""},
		{"file-spelled-out", func(c *gcp.Config) { c.CredentialsFile = file(as(map[string]string{"private_key": spelled})) }, ""},
		{"alone-spelled-out", func(c *gcp.Config) { c.ClientEmail, c.PrivateKey = key["client_email"], spelled }, ""},
		{"cut-key", func(c *gcp.Config) { c.CredentialsJSON = as(map[string]string{"private_key": spelled[:200]}) }, "credentialsJson"},
		{"cut-key-in-file", func(c *gcp.Config) { c.CredentialsFile = file(as(map[string]string{"private_key": spelled[:200]})) }, "credentialsFile"},
		{"cut-key-alone", func(c *gcp.Config) { c.ClientEmail, c.PrivateKey = key["client_email"], spelled[:200] }, "privateKey"},
		{"no-json", func(c *gcp.Config) { c.CredentialsJSON = spelled }, "credentialsJson"},
		{"another-type", func(c *gcp.Config) { c.CredentialsJSON = as(map[string]string{"type": "external_account"}) }, "credentialsJson"},
		{"token-uri-in-the-clear", func(c *gcp.Config) {
			c.CredentialsJSON = as(map[string]string{"token_uri": "http://evil.example/token"})
		}, "token_uri"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := configFor(s)
			cfg.TokenSource = nil
			test.give(&cfg)
			h, err := gcp.New(t.Context(), cfg)
			if test.field == "" {
				if err == nil {
					_, err = h.GetCluster(t.Context(), pmks.IID{NameId: "c000"})
				}
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			if pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), test.field) || strings.Contains(fmt.Sprintf("%v %+v", err, errors.Unwrap(err)), spelled[40:80]) {
				t.Errorf("got %v, want it to name %s", err, test.field)
			}
		})
	}
}

// TestSecrets_quoted: a token or a key that a message of Google quotes is cut out.
func TestSecrets_quoted(t *testing.T) {
	t.Parallel()
	s := fleet(t, 1, 1, gke.Options{})
	cfg := configFor(s)
	through := cfg.Transport
	cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if strings.Contains(r.URL.Path, "/clusters") {
			body, err := json.Marshal(map[string]any{"error": map[string]any{"code": 401, "status": "UNAUTHENTICATED", "message": "Bad header " + r.Header.Get("Authorization")}})
			return providertest.Respond(r, 401, string(body)), err
		}
		return through.RoundTrip(r)
	})
	_, err := newHandlerWith(t, cfg).GetCluster(t.Context(), pmks.IID{NameId: "c000"})
	if pmks.CodeOf(err) != pmks.CodeUnauthenticated || strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), gke.DefaultToken) || !strings.Contains(err.Error(), "Bad header") {
		t.Errorf("got %v", err)
	}
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		if strings.Contains(inner.Error(), gke.DefaultToken) {
			t.Errorf("the error of the client library, %T, shows the token", inner)
		}
	}
}

// TestRedirect: no answer of any kind takes the token anywhere else.
func TestRedirect(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, target := range []string{"http://evil.example/x", "https://evil.example/x", "/elsewhere"} {
			t.Run(fmt.Sprint(status, " ", target), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := fleet(t, 1, 1, gke.Options{})
					cfg := configFor(s)
					cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
						if r.URL.Host != "127.0.0.1:1" || strings.HasPrefix(r.URL.Path, "/elsewhere") {
							t.Errorf("%s was asked with %q", r.URL, r.Header.Get("Authorization"))
						}
						resp := providertest.Respond(r, status, "")
						resp.Header.Set("Location", target)
						return resp, nil
					})
					h := newHandlerWith(t, cfg)
					if _, err := h.GetCluster(t.Context(), pmks.IID{NameId: "c000"}); pmks.CodeOf(err) != pmks.CodeUnavailable || !strings.Contains(err.Error(), "redirect") {
						t.Errorf("GetCluster: %v", err)
					}
					if _, err := h.DeleteCluster(t.Context(), pmks.IID{NameId: "c000", SystemId: "c000"}); pmks.CodeOf(err) != pmks.CodeUnavailable || asError(t, err).MayHaveHappened {
						t.Errorf("DeleteCluster: %v", err)
					}
				})
			})
		}
	}
}
