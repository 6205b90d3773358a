// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/nks"
	"github.com/pmks-go/pmks/nhn"
)

// TestTruth_skew: the clock of NKS is behind ours: a lost creation is still found to be
// ours, as it was not there before.
func TestTruth_skew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := nks.New(nks.Options{Quota: noQuota, Now: func() time.Time { return time.Now().Add(-30 * time.Second) }})
		s.Inject(core.Fault{Op: "clusters.create", Kind: core.FaultLoseReply})
		if _, err := newHandler(t, s).CreateCluster(t.Context(), bench.SampleRequest("skew")); err != nil {
			t.Errorf("got %v", err)
		}
	})
}

// TestTruth_groupWithoutVersion: a group whose version NKS does not tell is not told to
// be upgraded.
func TestTruth_groupWithoutVersion(t *testing.T) {
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		if _, err := h.UpgradeCluster(t.Context(), demo.IId, "v1.33.4"); err != nil {
			t.Fatal(err)
		}
		if err := atRest(demo.IId)(t.Context(), h); err != nil {
			t.Fatal(err)
		}
		cfg := configFor(s)
		through := cfg.Transport
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := through.RoundTrip(r)
			if err != nil || r.Method != http.MethodGet || !strings.Contains(r.URL.Path, "/nodegroups/") || strings.HasSuffix(r.URL.Path, "/autoscale") {
				return resp, err
			}
			return providertest.Respond(r, resp.StatusCode, strings.ReplaceAll(readAll(t, resp), `"kube_tag"`, `"kube_tag_old"`)), nil
		})
		info, err := providertest.New(t, nhn.New, cfg).UpgradeCluster(t.Context(), demo.IId, "v1.33.4")
		if err == nil && info.Status == pmks.ClusterActive {
			t.Errorf("success and nothing to do is told, and both groups run %s", demo.Version)
		}
	})
}

// TestTruth_wordsOfNames: a name in the vendor's sentence does not decide what it means.
func TestTruth_wordsOfNames(t *testing.T) {
	for text, want := range map[string]pmks.Code{
		`{"status":403,"detail":"Policy doesn't allow nodegroup:create to be performed on quota-team."}`: pmks.CodePermissionDenied,
		`{"status":400,"detail":"The labels of quota-team are not valid."}`:                              pmks.CodeInvalidArgument,
		`{"status":404,"detail":"Cluster image-builder not found"}`:                                      pmks.CodeUnavailable,
	} {
		t.Run(fmt.Sprint(want), func(t *testing.T) {
			inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
				var e struct{ Status int }
				_ = json.Unmarshal([]byte(text), &e)
				s.Inject(core.Fault{Op: "nodegroups.create", Kind: core.FaultAnswer, Times: -1, Answer: &core.Answer{Status: e.Status, Body: fmt.Sprintf(`{"errors":[%s]}`, text)}})
				if _, err := h.AddNodeGroup(t.Context(), demo.IId, bench.SampleNodeGroup("quota-team")); pmks.CodeOf(err) != want {
					t.Errorf("%s: %v", text, err)
				}
			})
		})
	}
}

// TestTruth_clientPrints: what is handed out prints no token and no password.
func TestTruth_clientPrints(t *testing.T) {
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		c, err := h.NKS(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{fmt.Sprintf("%v %+v %#v", c, c, c), fmt.Sprintf("%v %+v %#v", h, h, h), fmt.Sprintf("%+v", *c)} {
			if strings.Contains(text, nks.DefaultPassword) || strings.Contains(text, c.TokenID) {
				t.Errorf("it shows: %s", text)
			}
		}
	})
}

// TestTruth_lateGroup: a first POST of a group lands late: one group, success or open.
func TestTruth_lateGroup(t *testing.T) {
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, _ *nhn.Handler, demo pmks.ClusterInfo) {
		cfg := configFor(s)
		through := cfg.Transport
		sent := 0
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/nodegroups") {
				if sent++; sent == 1 {
					return providertest.Respond(r, http.StatusGatewayTimeout, ""), nil
				}
				if sent == 2 {
					first := r.Clone(r.Context())
					first.Body = io.NopCloser(strings.NewReader(requestBody(t, r)))
					resp, err := through.RoundTrip(first)
					if err != nil {
						t.Error(err)
					}
					_ = resp.Body.Close()
				}
			}
			return through.RoundTrip(r)
		})
		_, err := providertest.New(t, nhn.New, cfg).AddNodeGroup(t.Context(), demo.IId, bench.SampleNodeGroup("late"))
		if err != nil && !asError(t, err).MayHaveHappened {
			t.Errorf("got %v", err)
		}
	})
}

// TestTruth_lateRemoval: a first DELETE of a group lands late, before the second.
func TestTruth_lateRemoval(t *testing.T) {
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, _ *nhn.Handler, demo pmks.ClusterInfo) {
		cfg := configFor(s)
		through := cfg.Transport
		sent := 0
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodDelete {
				if sent++; sent == 1 {
					return providertest.Respond(r, http.StatusGatewayTimeout, ""), nil
				}
				if sent == 2 {
					resp, err := through.RoundTrip(r.Clone(r.Context()))
					if err != nil {
						t.Error(err)
					}
					_ = resp.Body.Close()
				}
			}
			return through.RoundTrip(r)
		})
		gone, err := providertest.New(t, nhn.New, cfg).RemoveNodeGroup(t.Context(), demo.IId, demo.NodeGroupList[1].IId)
		if !gone || err != nil {
			t.Errorf("got %v, %v", gone, err)
		}
	})
}
