// SPDX-License-Identifier: Apache-2.0

//go:build pmks_novendor

package alibaba_test

import (
	"context"
	"testing"

	cs "github.com/alibabacloud-go/cs-20151215/v5/client"

	"github.com/pmks-go/pmks/alibaba"
)

// ackClient has no client to return: the tests that look past the handler need
// Handler.Vendor.
func ackClient(_ context.Context, t testing.TB, _ *alibaba.Handler) *cs.Client {
	t.Helper()
	t.Skip("built without Handler.Vendor")
	return nil
}
