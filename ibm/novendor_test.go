// SPDX-License-Identifier: Apache-2.0

//go:build pmks_novendor

package ibm_test

import (
	"testing"

	"github.com/IBM/go-sdk-core/v5/core"

	"github.com/pmks-go/pmks/ibm"
)

// iksService has no service to return: what is compared with the SDK needs Handler.Vendor.
func iksService(t testing.TB, _ *ibm.Handler) *core.BaseService {
	t.Helper()
	t.Skip("built without Handler.Vendor")
	return nil
}
