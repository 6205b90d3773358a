// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

var (
	cCluster = pmks.IID{NameId: "c000"}
	cGroup   = pmks.IID{NameId: "g0"}
)

// cGet is a group as GetCluster shows it.
func cGet(t *testing.T, h pmks.ClusterHandler, cluster, group pmks.IID) pmks.NodeGroupInfo {
	t.Helper()
	info, err := h.GetCluster(t.Context(), cluster)
	if err != nil {
		t.Fatal(err)
	}
	g, _ := info.NodeGroup(group)
	return g
}

// cWarm makes the caller's roles known to the cluster, and waits for what it changes.
func cWarm(t *testing.T, h pmks.ClusterHandler) {
	t.Helper()
	if _, err := h.ChangeNodeGroupScaling(t.Context(), cCluster, cGroup, 2, 1, 4); err != nil {
		t.Fatal(err)
	}
	time.Sleep(10 * time.Minute) //nolint:forbidigo // inside a synctest bubble
}

// cOld is a cluster whose only pool has n workers of an older fix pack.
func cOld(t *testing.T, o iks.Options, n int) *iks.Server {
	t.Helper()
	s := iks.New(o)
	c := seed("plain", "ng1")
	c.Groups[0].DesiredNodeSize = n
	put(t, s, c)
	for i := range n {
		if err := s.ShowWorkers("plain", "ng1", i, iks.WorkerShown{ActualVersion: "1.34.4_1400"}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// cBody alters what the service answers to requests for a path.
func cBody(s *iks.Server, path string, alter func(string) string) http.RoundTripper {
	next := s.Transport()
	return providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err != nil || !strings.HasSuffix(r.URL.Path, path) {
			return resp, err
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		return providertest.Respond(r, resp.StatusCode, alter(string(body))), err
	})
}
