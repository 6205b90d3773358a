// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"errors"
	"net/http"
	"testing"

	container "cloud.google.com/go/container/apiv1"
	"golang.org/x/oauth2"
	"google.golang.org/api/option"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/gke"
)

// otherHand is Google's own client of a simulated project, without pmks.
func otherHand(t testing.TB, s *gke.Server) *container.ClusterManagerClient {
	t.Helper()
	c, err := container.NewClusterManagerRESTClient(t.Context(), signedInto(s, "")...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// signedInto are the options of Google's clients that reach a simulated project.
func signedInto(s *gke.Server, path string) []option.ClientOption {
	cfg := configFor(s)
	return []option.ClientOption{option.WithEndpoint(cfg.Endpoint + path),
		option.WithHTTPClient(&http.Client{Transport: &oauth2.Transport{Source: cfg.TokenSource, Base: cfg.Transport}})}
}

// asError returns the pmks.Error of err.
func asError(t *testing.T, err error) *pmks.Error {
	t.Helper()
	var e *pmks.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an error of pmks", err)
	}
	return e
}
