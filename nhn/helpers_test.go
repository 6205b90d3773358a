// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/nks"
	"github.com/pmks-go/pmks/nhn"
)

// asError returns the pmks.Error of err.
func asError(t testing.TB, err error) *pmks.Error {
	t.Helper()
	var e *pmks.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an error of pmks", err)
	}
	return e
}

// atRest waits until a cluster is.
func atRest(cluster pmks.IID) providertest.Call {
	return func(ctx context.Context, h providertest.Handler) error {
		_, err := pmks.WaitClusterActive(ctx, h, cluster, pmks.WithInterval(time.Minute))
		return err
	}
}

// unreadOf is what a list says that could not be read.
func unreadOf(list []pmks.KeyValue) string {
	text, _ := pmks.Lookup(list, pmks.KeyUnread)
	return text
}

// failLater lets a request be accepted, and what it began fail.
func failLater(op, reason string) core.Fault {
	return core.Fault{Op: op, Kind: core.FaultFailLater, Reason: reason}
}

// get reads a cluster.
func get(t testing.TB, h pmks.ClusterHandler, iid pmks.IID) pmks.ClusterInfo {
	t.Helper()
	info, err := h.GetCluster(t.Context(), iid)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// readAll is the body of an answer.
func readAll(t testing.TB, resp *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	_ = resp.Body.Close()
	return string(body)
}

// requestBody is the body of a request, which stays there to be sent.
func requestBody(t testing.TB, r *http.Request) string {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return string(body)
}

// seed is a cluster made by other hands.
func seed(name string) core.Seed { return core.Seed{Name: name} }

// answered is a handler to whose reads of some paths other answers are given.
func answered(t testing.TB, s *nks.Server, bodies map[string]string) *nhn.Handler {
	t.Helper()
	cfg := configFor(s)
	through := cfg.Transport
	cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
		for suffix, body := range bodies {
			if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, suffix) {
				return providertest.Respond(r, http.StatusOK, body), nil
			}
		}
		return through.RoundTrip(r)
	})
	return providertest.New(t, nhn.New, cfg)
}
