// SPDX-License-Identifier: Apache-2.0

//go:build !pmks_novendor

package ibm_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/IBM/go-sdk-core/v5/core"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/ibm"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

// iksService returns the SDK's service for IKS with the token and the transport of a
// handler.
func iksService(t testing.TB, h *ibm.Handler) *core.BaseService {
	t.Helper()
	return h.Vendor().IKS
}

// ask makes a read with one of the vendor's services.
func ask(ctx context.Context, s *core.BaseService, path string, query map[string]string, out any) (*core.DetailedResponse, error) {
	b := core.NewRequestBuilder(core.GET).WithContext(ctx)
	if _, err := b.ResolveRequestURL(s.Options.URL, path, nil); err != nil {
		return nil, err
	}
	for key, value := range query {
		b.AddQuery(key, value)
	}
	req, err := b.Build()
	if err != nil {
		return nil, err
	}
	return s.Request(req, out)
}

// TestVendor: each service is reached with the handler's token, and a change of one is
// the caller's own.
func TestVendor(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		put(t, s, seed("plain", "ng1"))
		h := newHandler(t, s)
		v := h.Vendor()
		var clusters []map[string]any
		if _, err := ask(t.Context(), v.IKS, "/v2/vpc/getClusters", map[string]string{"provider": "vpc-gen2"}, &clusters); err != nil || len(clusters) != 1 {
			t.Errorf("IKS: %v, %v", clusters, err)
		}
		info, err := h.GetCluster(t.Context(), pmks.IID{NameId: "plain"})
		if err != nil {
			t.Fatal(err)
		}
		crn, _ := pmks.Lookup(info.KeyValueList, "CRN")
		for name, test := range map[string]struct {
			service *core.BaseService
			path    string
			query   map[string]string
		}{
			"VPC":             {v.VPC, "/subnets", map[string]string{"version": "2026-04-07", "generation": "2"}},
			"ResourceManager": {v.ResourceManager, "/v2/resource_groups", map[string]string{"default": "true"}},
			"Tagging":         {v.Tagging, "/v3/tags", map[string]string{"tag_type": "user", "attached_to": crn}},
		} {
			var out map[string]any
			if _, err := ask(t.Context(), test.service, test.path, test.query, &out); err != nil || len(out) == 0 {
				t.Errorf("%s: %v, %v", name, out, err)
			}
		}
		if err := v.IKS.SetServiceURL("https://elsewhere.example"); err != nil {
			t.Fatal(err)
		}
		v.IKS.SetDefaultHeaders(http.Header{"X-Mine": {"x"}})
		if _, err := h.ListIID(t.Context()); err != nil || h.Vendor().IKS.Options.URL == v.IKS.Options.URL || h.IKS().Options.URL != h.Vendor().IKS.Options.URL {
			t.Errorf("the handler follows: %v", err)
		}
	})
}

// TestVendor_noToken: without a token nothing is sent, and the cause is found in the
// error of the SDK.
func TestVendor_noToken(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		cfg := configFor(iks.New(iks.Options{}))
		sent := 0
		next := cfg.Transport
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if !strings.HasSuffix(r.URL.Path, "/identity/token") {
				sent++
			}
			return next.RoundTrip(r)
		})
		cfg.APIKey = "wrong"
		h := newHandlerWith(t, cfg)
		var out any
		if _, err := ask(t.Context(), h.Vendor().IKS, "/v1/versions", nil, &out); !errors.Is(err, pmks.ErrUnauthenticated) || sent > 0 {
			t.Errorf("%v after %d requests", err, sent)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := ask(ctx, h.Vendor().IKS, "/v1/versions", nil, &out); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

// TestVendor_printedTokens: the SDK's services print nothing of the token that they send.
func TestVendor_printedTokens(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	token := ""
	cfg := configFor(iks.New(iks.Options{}))
	next := cfg.Transport
	cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if sent, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
			mu.Lock()
			token = sent
			mu.Unlock()
		}
		return next.RoundTrip(r)
	})
	h := newHandlerWith(t, cfg)
	if _, err := h.ListIID(t.Context()); err != nil || token == "" {
		t.Fatal(err, len(token))
	}
	clients := h.Vendor()
	for _, verb := range printVerbs {
		for _, v := range []any{clients, &clients, clients.IKS, *clients.IKS.Options, clients.IKS.Options.Authenticator} {
			if text := fmt.Sprintf(verb, v); strings.Contains(text, token) || strings.Contains(text, fmt.Sprintf("%x", token)) || strings.Contains(text, iks.DefaultAPIKey) {
				t.Errorf("%s of %T prints the token", verb, v)
			}
		}
	}
}
