// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/pmks-go/pmks/internal/sim/gke"
)

// silent is a connection that may die without a word: what is written is lost from then on.
type silent struct {
	net.Conn
	dead *atomic.Bool
}

func (c silent) Write(p []byte) (int, error) {
	if c.dead.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// TestHandler_deadConnection: of a connection over gRPC that has died unnoticed a handler is
// rid within a minute, and what it reads meanwhile comes in the end.
func TestHandler_deadConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := fleet(t, 1, 1, gke.Options{})
		cfg := configFor(s)
		var last atomic.Pointer[atomic.Bool] // whether the newest connection is dead
		var dials atomic.Int64
		cfg.Protocol, cfg.DialOptions = "grpc", []grpc.DialOption{
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
				conn, err := s.DialContext(ctx, address)
				dead := &atomic.Bool{}
				last.Store(dead)
				dials.Add(1)
				return silent{conn, dead}, err
			}),
		}
		h := newHandlerWith(t, cfg)
		if list, err := h.ListIID(t.Context()); len(list) != 1 || err != nil {
			t.Fatalf("%v, %v", list, err)
		}
		last.Load().Store(true)
		start := time.Now()
		list, err := h.ListIID(t.Context())
		if took := time.Since(start); len(list) != 1 || err != nil || took > time.Minute || dials.Load() != 2 {
			t.Errorf("%v, %v after %s and %d connections", list, err, took, dials.Load())
		}
	})
}
