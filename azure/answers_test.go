// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
)

// empties are answers of success that hold nothing.
var empties = []string{"null", "{}", "", "[]", `"x"`, "<html></html>"}

// TestAnswer_emptyRead: a read is never answered by nothing.
func TestAnswer_emptyRead(t *testing.T) {
	t.Parallel()
	check := providertest.CheckCluster(bench.SampleRequest("new"))
	bench.EmptyReads(t, []providertest.Probe{
		{Name: "cluster", Request: "ManagedClusters_Get", Call: providertest.GetCluster(cluster0)},
		{Name: "state", Request: "ManagedClusters_Get", Call: providertest.ReadState(cluster0, poolG0)},
		{Name: "list", Request: "ManagedClusters_ListByResourceGroup", Call: providertest.ListCluster},
		{Name: "list-iid", Request: "ManagedClusters_ListByResourceGroup", Call: providertest.ListIID},
		{Name: "pool", Request: "AgentPools_Get", Call: providertest.SetNodeGroupAutoScaling(cluster0, poolG0, true)},
		{Name: "versions", Request: "ManagedClusters_ListKubernetesVersions", Call: providertest.ListVersions},
		{Name: "upgrade-profile", Request: "ManagedClusters_GetUpgradeProfile", Call: providertest.UpgradeCluster(cluster0, "1.34")},
		{Name: "network", Request: "VirtualNetworks_Get", Call: check},
		{Name: "security-group", Request: "NetworkSecurityGroups_Get", Call: check},
		{Name: "key", Request: "SshPublicKeys_Get", Call: check},
	})
}

// TestAnswer_emptyMutation: success that says nothing leaves the outcome open. The look
// finds what was done, and nothing is done twice. The status alone accepts a deletion.
func TestAnswer_emptyMutation(t *testing.T) {
	t.Parallel()
	bench.EmptyAnswers(t, puts())
}

// TestAnswer_pages: a next page that was there already is an error, and so is one on
// another host, which gets no token.
func TestAnswer_pages(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]string{"repeated": "https://aks.simulated/next?api-version=2025-10-01&$skipToken=x", "another-host": "https://evil.example/next?api-version=2025-10-01"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h, p, _ := tapped(t, seedOf("g0"), nil)
				p.answer = func(r *http.Request) *http.Response {
					if r.URL.Host == "evil.example" {
						t.Error("a request left for another host")
					}
					if strings.HasSuffix(r.URL.Path, "/managedClusters") || r.URL.Path == "/next" {
						return replyWith(http.StatusOK, fmt.Sprintf(`{"value":[],"nextLink":%q}`, next))
					}
					return nil
				}
				if _, err := h.ListIID(t.Context()); err == nil {
					t.Error("a list without an end is a list")
				}
				if n := p.count(http.MethodGet); n > 8 {
					t.Errorf("%d pages were read", n)
				}
			})
		})
	}
}

// TestAnswer_redirect: neither Azure Resource Manager's nor Entra's redirect is
// followed, and the secret stays where it is meant for.
func TestAnswer_redirect(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h, p, _ := tapped(t, seedOf("g0"), nil)
				away := func(r *http.Request) *http.Response {
					if r.URL.Host == "evil.example" {
						t.Errorf("%s with %v left for another host", r.Method, r.Header)
					}
					return replyWith(status, "", "Location", "https://evil.example"+r.URL.Path)
				}
				p.answer = away
				if _, err := h.GetCluster(t.Context(), clusterC); pmks.CodeOf(err) != pmks.CodeUnavailable || !strings.Contains(err.Error(), "redirect") {
					t.Errorf("GetCluster: %v", err)
				}
				p.answer = func(r *http.Request) *http.Response {
					if r.Method == http.MethodGet {
						return nil
					}
					return away(r)
				}
				if _, err := h.DeleteCluster(t.Context(), clusterC); pmks.CodeOf(err) != pmks.CodeUnavailable || p.count(http.MethodDelete) != 1 {
					t.Errorf("DeleteCluster, %d times: %v", p.count(http.MethodDelete), err)
				}
				cfg := configFor(nil)
				cfg.Transport = &tap{answer: func(r *http.Request) *http.Response {
					if strings.HasSuffix(r.URL.Path, "/token") || r.URL.Host == "evil.example" {
						return away(r)
					}
					return entraMetadata(r)
				}}
				if _, err := newHandlerWith(t, cfg).ListIID(t.Context()); pmks.CodeOf(err) != pmks.CodeUnavailable || !strings.Contains(err.Error(), "redirect") {
					t.Errorf("sign-in: %v", err)
				}
			})
		})
	}
}

// TestAnswer_token: whatever comes from the token endpoint ends the call, not the
// process, and the next sign-in works.
func TestAnswer_token(t *testing.T) {
	t.Parallel()
	for _, body := range append([]string{`{"access_token":null}`, `{"token_type":"Bearer","expires_in":3600,"access_token":""}`, `{"token_type":"Bearer","expires_in":"x","access_token":"t"}`, `7`}, empties...) {
		t.Run(body, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				_, p, _ := tapped(t, seedOf("g0"), nil)
				cfg := configFor(nil)
				cfg.Transport = p
				h := newHandlerWith(t, cfg)
				p.answer = func(r *http.Request) *http.Response {
					if strings.HasSuffix(r.URL.Path, "/token") {
						return replyWith(http.StatusOK, body)
					}
					return nil
				}
				_, err := h.GetCluster(t.Context(), clusterC)
				var e *pmks.Error
				if !errors.As(err, &e) || e.Code != pmks.CodeUnavailable && e.Code != pmks.CodeUnauthenticated {
					t.Errorf("got %v", err)
				}
				_, err = h.DeleteCluster(t.Context(), clusterC)
				if !errors.As(err, &e) || e.MayHaveHappened {
					t.Errorf("nothing was sent: %v", err)
				}
				p.answer = func(*http.Request) *http.Response { return nil }
				if _, err := h.GetCluster(t.Context(), clusterC); err != nil {
					t.Errorf("afterwards: %v", err)
				}
			})
		})
	}
}

// TestSignIn_hangs: while one call's sign-in is not answered, another ends with its own
// deadline.
func TestSignIn_hangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, p, _ := tapped(t, seedOf("g0"), nil)
		cfg := configFor(nil)
		cfg.Transport = hanging{p}
		h := newHandlerWith(t, cfg)
		first := make(chan error)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() {
			_, err := h.ListIID(ctx)
			first <- err
		}()
		synctest.Wait()
		for name, do := range map[string]func(context.Context) error{
			"read":   func(ctx context.Context) error { _, err := h.GetCluster(ctx, clusterC); return err },
			"change": func(ctx context.Context) error { _, err := h.DeleteCluster(ctx, clusterC); return err },
		} {
			short, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
			start := time.Now()
			err := do(short)
			stop()
			if took := time.Since(start); took != 200*time.Millisecond || !errors.Is(err, context.DeadlineExceeded) || pmks.CodeOf(err) != pmks.CodeTimeout {
				t.Errorf("%s: after %s, %v", name, took, err)
			}
		}
		cancel()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("the first: %v", err)
		}
	})
}

// TestSignIn_attemptEnds: a sign-in that is never answered is given up after a minute,
// and the next one works.
func TestSignIn_attemptEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, p, _ := tapped(t, seedOf("g0"), nil)
		cfg := configFor(nil)
		once := &hangingOnce{tap: p}
		cfg.Transport = once
		h := newHandlerWith(t, cfg)
		start := time.Now()
		if _, err := h.ListIID(t.Context()); err != nil || time.Since(start) > 2*time.Minute {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
	})
}

// hanging does not answer requests for tokens.
type hanging struct{ *tap }

func (p hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/token") {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return p.tap.RoundTrip(r)
}

// hangingOnce does not answer the first one.
type hangingOnce struct {
	*tap
	asked bool
}

func (p *hangingOnce) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/token") && !p.asked {
		p.asked = true
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return p.tap.RoundTrip(r)
}

// entraMetadata answers what the SDK asks of Entra before it asks for a token.
func entraMetadata(r *http.Request) *http.Response {
	base := (&url.URL{Scheme: r.URL.Scheme, Host: r.URL.Host, Path: "/" + strings.Split(r.URL.Path, "/")[1]}).String()
	return replyWith(http.StatusOK, fmt.Sprintf(`{"issuer":%q,"token_endpoint":%q,"authorization_endpoint":%q}`, base+"/v2.0", base+"/oauth2/v2.0/token", base+"/oauth2/v2.0/authorize"))
}

// chainText is the text of an error and of all that it wraps, the SDK's own too.
func chainText(err error) string {
	text := ""
	for ; err != nil; err = errors.Unwrap(err) {
		text += err.Error() + "\n"
	}
	return text
}

// TestAnswer_quotesSecrets: a message that quotes what it was sent is shown without it.
func TestAnswer_quotesSecrets(t *testing.T) {
	t.Parallel()
	h, p, _ := tapped(t, seedOf("g0"), nil)
	p.answer = func(r *http.Request) *http.Response {
		return replyWith(http.StatusUnauthorized, fmt.Sprintf(`{"error":{"code":"InvalidAuthenticationToken","message":"The token '%s' is not valid."}}`, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")))
	}
	_, err := h.GetCluster(t.Context(), clusterC)
	if pmks.CodeOf(err) != pmks.CodeUnauthenticated || strings.Contains(err.Error(), "eyJ") || strings.Contains(chainText(err), "eyJ") || !strings.Contains(err.Error(), "is not valid") {
		t.Errorf("got %v", err)
	}
	cfg := configFor(nil)
	cfg.Transport = &tap{answer: func(r *http.Request) *http.Response {
		if !strings.HasSuffix(r.URL.Path, "/token") {
			return entraMetadata(r)
		}
		form, _ := io.ReadAll(r.Body)
		values, _ := url.ParseQuery(string(form))
		return replyWith(http.StatusUnauthorized, fmt.Sprintf(`{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided: '%s'. Trace ID: 1 Correlation ID: 2"}`, values.Get("client_secret")))
	}}
	_, err = newHandlerWith(t, cfg).ListIID(t.Context())
	if pmks.CodeOf(err) != pmks.CodeUnauthenticated || strings.Contains(err.Error(), cfg.ClientSecret) || !strings.Contains(err.Error(), "Invalid client secret provided") || strings.Contains(err.Error(), "Trace ID") {
		t.Errorf("got %v", err)
	}
}
