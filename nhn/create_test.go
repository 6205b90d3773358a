// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/nks"
	"github.com/pmks-go/pmks/nhn"
)

// TestCreate_race: of two that ask for one name at the same moment the one whose record is
// earlier keeps it, and the other gives way; where a record cannot be read nobody does.
func TestCreate_race(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		hidden func(own, rival string) string // whose events cannot be read
		want   pmks.Code
		left   int
	}{
		{"rival-earlier", func(_, _ string) string { return "none" }, pmks.CodeAlreadyExists, 1},
		{"rival-unreadable", func(_, rival string) string { return rival }, pmks.CodeOK, 2},
		{"own-unreadable", func(own, _ string) string { return own }, pmks.CodeOK, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := nks.New(nks.Options{Quota: noQuota})
				rivals := newHandler(t, s)
				cfg := configFor(s)
				through := cfg.Transport
				var own, rival string
				cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
					if r.Method == http.MethodPost && r.URL.Path == "/v1/clusters" {
						made, err := rivals.CreateCluster(t.Context(), bench.SampleRequest("race"))
						if err != nil {
							t.Error(err)
						}
						rival = made.IId.SystemId
						resp, err := through.RoundTrip(r)
						if err == nil {
							body := readAll(t, resp)
							own = strings.Split(body, `"`)[3]
							resp.Body = io.NopCloser(strings.NewReader(body))
						}
						return resp, err
					}
					if strings.HasSuffix(r.URL.Path, test.hidden(own, rival)+"/events") {
						return providertest.Respond(r, http.StatusForbidden, `{"errors":[{"code":"client","status":403,"detail":"not you"}]}`), nil
					}
					return through.RoundTrip(r)
				})
				_, err := providertest.New(t, nhn.New, cfg).CreateCluster(t.Context(), bench.SampleRequest("race"))
				if pmks.CodeOf(err) != test.want {
					t.Errorf("got %v, want %s", err, test.want)
				}
				list, err := rivals.ListIID(t.Context())
				if err != nil || len(list) != test.left {
					t.Errorf("%d clusters, %v, want %d", len(list), err, test.left)
				}
			})
		})
	}
}

// TestCreate_lost: where the answer to a creation is lost, what is adopted is proved by
// the record, the user and the request; two of the name, or one of somebody else, are not.
func TestCreate_lost(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		others int
		ours   bool
		denied string
		want   pmks.Code
	}{
		{"ours", 0, true, "none", pmks.CodeOK},
		{"ours-and-another", 1, true, "none", pmks.CodeUnavailable},
		{"another's", 1, false, "none", pmks.CodeUnavailable},
		{"no-record", 0, true, "events.list", pmks.CodeUnavailable},
		{"none", 0, false, "none", pmks.CodeOK}, // sent again
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := nks.New(nks.Options{Quota: noQuota})
				s.Deny(test.denied)
				cfg := configFor(s)
				through := cfg.Transport
				sent := 0
				cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
					if r.Method != http.MethodPost || r.URL.Path != "/v1/clusters" || sent > 0 {
						return through.RoundTrip(r)
					}
					sent++
					for range test.others {
						if err := s.PutCluster(nks.Seed{Seed: seed("lost"), UserID: strings.Repeat("9", 32)}); err != nil {
							t.Error(err)
						}
					}
					if test.ours {
						resp, err := through.RoundTrip(r)
						if err != nil {
							return nil, err
						}
						_ = resp.Body.Close()
					}
					return nil, io.ErrUnexpectedEOF
				})
				info, err := providertest.New(t, nhn.New, cfg).CreateCluster(t.Context(), bench.SampleRequest("lost"))
				if pmks.CodeOf(err) != test.want || err != nil && !asError(t, err).MayHaveHappened || err == nil && info.IId.SystemId == "" {
					t.Errorf("got %v, want %s", err, test.want)
				}
				if n := s.Count("clusters.create"); n > 1 {
					t.Errorf("%d clusters were created", n)
				}
			})
		})
	}
}
