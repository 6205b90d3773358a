// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/gke"
)

// TestRetries_ours: an outage is met with as many tries as the one rule says, over
// both protocols: the client library adds none of its own.
func TestRetries_ours(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"rest", "grpc"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := fleet(t, 1, 1, gke.Options{})
				for _, op := range []string{"GetCluster", "DeleteCluster", "GetOperation"} {
					s.Inject(core.Fault{Op: op, Times: -1, Kind: core.FaultRefuse, Code: pmks.CodeUnavailable})
				}
				cfg := configFor(s)
				if protocol == "grpc" {
					overGRPC(s)(&cfg)
				}
				h, start := newHandlerWith(t, cfg), time.Now()
				if _, err := h.ReadState(t.Context(), pmks.IID{NameId: "c000", SystemId: "c000"}, pmks.IID{}); pmks.CodeOf(err) != pmks.CodeUnavailable {
					t.Errorf("ReadState: %v", err)
				}
				if n := s.Count("GetCluster"); n != fanout.Tries || time.Since(start) > time.Minute {
					t.Errorf("%d tries in %s, want %d", n, time.Since(start), fanout.Tries)
				}
				s.Reset()
				if _, err := h.ChangeNodeGroupScaling(t.Context(), pmks.IID{NameId: "c000"}, pmks.IID{NameId: "g0"}, 3, 1, 9); pmks.CodeOf(err) != pmks.CodeUnavailable {
					t.Errorf("ChangeNodeGroupScaling: %v", err)
				}
				if n := s.Count("GetOperation"); n != pmks.DefaultReadErrors {
					t.Errorf("the wait for the first write looked %d times, want %d", n, pmks.DefaultReadErrors)
				}
			})
		})
	}
}
