// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/nks"
	"github.com/pmks-go/pmks/nhn"
)

// TestHandler_Clusters: a stream hands over what ListCluster returns, in the order of the
// list, and reads the machines of the tenant once.
func TestHandler_Clusters(t *testing.T) {
	t.Parallel()
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, _ pmks.ClusterInfo) {
		for _, name := range []string{"a", "b", "c"} {
			if err := s.Put(seed(name)); err != nil {
				t.Fatal(err)
			}
		}
		want, err := h.ListCluster(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.Reset()
		var got []*pmks.ClusterInfo
		for info, err := range h.Clusters(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, &info)
		}
		if len(want) != 4 || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if s.Count("clusters.list") != 1 || s.Count("servers.list") != 1 || s.Count("clusters.get") != 4 {
			t.Errorf("requests: %v", s.Counts())
		}
	})
}

// TestHandler_Clusters_pages: the first cluster comes before the last page is asked for,
// and a page that cannot be read ends the stream.
func TestHandler_Clusters_pages(t *testing.T) {
	t.Parallel()
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, _ *nhn.Handler, _ pmks.ClusterInfo) {
		for _, name := range []string{"a", "b", "c"} {
			if err := s.Put(seed(name)); err != nil {
				t.Fatal(err)
			}
		}
		cfg := configFor(s)
		through := cfg.Transport
		asked, broken := 0, false
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/v1/clusters") {
				if asked++; broken && asked > 2 {
					return providertest.Respond(r, http.StatusForbidden, `{"errors":[{"code":"client","status":403,"detail":"not you"}]}`), nil
				}
				r.URL.RawQuery = url.Values{"limit": {"1"}, "marker": r.URL.Query()["marker"]}.Encode()
			}
			return through.RoundTrip(r)
		})
		h := providertest.New(t, nhn.New, cfg)
		n := 0
		for _, err := range h.Clusters(t.Context()) {
			if n++; err != nil {
				t.Error(err)
			}
		}
		if n != 4 || asked < 4 {
			t.Errorf("%d clusters on %d pages", n, asked)
		}
		asked, broken = 0, true
		var last error
		n = 0
		for _, err := range h.Clusters(t.Context()) {
			if last = err; err == nil {
				n++
			}
		}
		if n != 2 || pmks.CodeOf(last) != pmks.CodePermissionDenied || asError(t, last).Op != "Clusters" {
			t.Errorf("%d clusters, and then %v", n, last)
		}
	})
}

// TestHandler_Clusters_fault: a cluster that cannot be read is told in its place.
func TestHandler_Clusters_fault(t *testing.T) {
	t.Parallel()
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		if err := s.Put(seed("other")); err != nil {
			t.Fatal(err)
		}
		f := providertest.Answer(http.StatusForbidden, `{"errors":[{"code":"client","status":403,"detail":"not you"}]}`)
		f.Op, f.Cluster, f.Times = "clusters.get", "demo", -1
		s.Inject(f)
		var good, bad []pmks.ClusterInfo
		for info, err := range h.Clusters(t.Context()) {
			if err == nil {
				good = append(good, info)
				continue
			}
			if bad = append(bad, info); asError(t, err).Cluster != demo.IId || pmks.CodeOf(err) != pmks.CodePermissionDenied {
				t.Errorf("got %v", err)
			}
		}
		if len(good) != 1 || len(bad) != 1 || !reflect.DeepEqual(bad[0], pmks.ClusterInfo{IId: demo.IId}) {
			t.Errorf("good %+v, bad %+v", good, bad)
		}
	})
}

// TestHandler_Clusters_left: a loop that is left leaves nothing under way.
func TestHandler_Clusters_left(t *testing.T) {
	t.Parallel()
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, _ pmks.ClusterInfo) {
		for range 3 {
			if err := s.Put(core.Seed{Name: "more"}); err != nil {
				t.Fatal(err)
			}
		}
		for _, err := range h.Clusters(t.Context()) {
			if err != nil {
				t.Error(err)
			}
			break
		}
		before := len(s.Calls())
		get(t, h, pmks.IID{NameId: "demo"})
		for _, call := range s.Calls()[before:] {
			if call.Cluster == "more" {
				t.Errorf("%s was under way after the loop", call.Op)
			}
		}
	})
}
