// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/nks"
	"github.com/pmks-go/pmks/nhn"
)

// TestTruth_unknownMembers: what is unknown of the autoscaler is written back.
func TestTruth_unknownMembers(t *testing.T) {
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, _ *nhn.Handler, demo pmks.ClusterInfo) {
		cfg := configFor(s)
		through := cfg.Transport
		var sent string
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/autoscale") && r.Method == http.MethodPost {
				sent = requestBody(t, r)
			}
			resp, err := through.RoundTrip(r)
			if err == nil && strings.HasSuffix(r.URL.Path, "/autoscale") && r.Method == http.MethodGet {
				return providertest.Respond(r, 200, strings.Replace(readAll(t, resp), "{", `{"ca_new":{"a":[1]},"ca_big":12345678901234567890,`, 1)), nil
			}
			return resp, err
		})
		_, err := providertest.New(t, nhn.New, cfg).SetNodeGroupAutoScaling(t.Context(), demo.IId, demo.NodeGroupList[1].IId, true)
		if !strings.Contains(sent, `"ca_new":{"a":[1]}`) || !strings.Contains(sent, "12345678901234567890") {
			t.Errorf("sent %s, %v", sent, err)
		}
	})
}

// TestTruth_membersOfOthers: what others changed of the autoscaler between two writes of
// one call is kept, because it is read anew before the second.
func TestTruth_membersOfOthers(t *testing.T) {
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		if _, err := h.ChangeNodeGroupScaling(t.Context(), demo.IId, demo.NodeGroupList[1].IId, 5, 4, 6); err != nil {
			t.Fatal(err)
		}
		if reads, writes := s.Count("autoscale.get"), s.Count("autoscale.set"); writes != 2 || reads != 2 {
			t.Errorf("%d writes after %d reads, want a read before each", writes, reads)
		}
	})
}

// TestTruth_dyingRival: an earlier cluster of the name that is going already keeps no
// name.
func TestTruth_dyingRival(t *testing.T) {
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, rivals *nhn.Handler, _ pmks.ClusterInfo) {
		cfg := configFor(s)
		through := cfg.Transport
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost && r.URL.Path == "/v1/clusters" {
				made, err := rivals.CreateCluster(t.Context(), bench.SampleRequest("race"))
				if err != nil {
					t.Error(err)
				}
				if _, err := rivals.DeleteCluster(t.Context(), made.IId); err != nil {
					t.Error(err)
				}
				time.Sleep(5 * time.Second) //nolint:forbidigo // inside a synctest bubble
			}
			return through.RoundTrip(r)
		})
		_, err := providertest.New(t, nhn.New, cfg).CreateCluster(t.Context(), bench.SampleRequest("race"))
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		list, _ := rivals.ListIID(t.Context())
		if len(list) < 2 {
			t.Errorf("both are gone: %v", err)
		}
	})
}
