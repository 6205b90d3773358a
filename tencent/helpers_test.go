// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"net/http"
	"testing"

	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/tke"
	"github.com/pmks-go/pmks/tencent"
)

// newHandler makes a handler on a simulated account, in process.
func newHandler(t testing.TB, s *tke.Server, change ...func(*tencent.Config)) *tencent.Handler {
	t.Helper()
	return newHandlerOn(t, s.Transport(), change...)
}

// newHandlerOn makes a handler whose requests a transport carries.
func newHandlerOn(t testing.TB, through http.RoundTripper, change ...func(*tencent.Config)) *tencent.Handler {
	t.Helper()
	cfg := configOf(providertest.Connection{Transport: through})
	for _, f := range change {
		f(&cfg)
	}
	return providertest.New(t, tencent.New, cfg)
}
