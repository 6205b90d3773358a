// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
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
