// SPDX-License-Identifier: Apache-2.0

package gke

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cloud.google.com/go/auth/credentials"
	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/api/option"
	"google.golang.org/grpc/codes"

	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_concurrent: many calls at once, on one connection.
func TestServer_concurrent(t *testing.T) {
	t.Parallel()
	var logs bytes.Buffer
	w := newWorld(t, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&logs, nil)) })
	w.listen(t)
	const n = 20
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if _, err := w.gke.CreateCluster(t.Context(), clusterRequest(fmt.Sprintf("c%d", i))); err != nil {
				t.Error(err)
			}
			if _, err := w.rest.GetCluster(t.Context(), &containerpb.GetClusterRequest{Name: clusterName(fmt.Sprintf("c%d", i))}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if counts := w.Counts(); counts["CreateCluster"] != n || counts["GetCluster"] != n || w.Count("") != 2*n || w.MaxConcurrent() < 1 {
		t.Errorf("the journal has %v", counts)
	}
	w.Reset()
	if len(w.Calls()) != 0 {
		t.Error("the journal is not empty")
	}
	if text := logs.String(); !strings.Contains(text, "op=CreateCluster") || strings.Contains(text, DefaultToken) {
		t.Errorf("the log is %.400s", text)
	}
}

// TestServer_bubbleAccount logs in with a key in virtual time: the tokens are
// renewed as the hours pass.
func TestServer_bubbleAccount(t *testing.T) {
	t.Parallel()
	PrivateKey() // made outside of the bubble, which would wait for it
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Seed: 1})
		creds := wiretest.OK(credentials.NewCredentialsFromJSON(credentials.ServiceAccount, s.ServiceAccountJSON(""), &credentials.DetectOptions{
			Scopes: []string{scopePlatform}, Client: &http.Client{Transport: s.Transport()}}))(t)
		c := newGRPC(t, s, option.WithAuthCredentials(creds))
		for range 5 {
			if _, err := c.ListClusters(t.Context(), &containerpb.ListClustersRequest{Parent: inZone}); codeOf(err) != codes.OK {
				t.Errorf("at %s: %v", time.Now(), err)
			}
			time.Sleep(45 * time.Minute) //nolint:forbidigo // inside a synctest bubble
		}
		if n := s.Count("token"); n < 3 {
			t.Errorf("in four hours %d tokens were issued", n)
		}
	})
}
