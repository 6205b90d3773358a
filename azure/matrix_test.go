// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
)

// TestFaultMatrix makes every operation fail at every request in every way, those
// for a token of Entra included.
func TestFaultMatrix(t *testing.T) {
	m := bench.Matrix()
	m.Token = func(call string) bool {
		return strings.Contains(call, "/oauth2/") || strings.Contains(call, "openid-configuration")
	}
	m.Run(t)
}

// TestJobs_resume stops every job at its requests and runs it again, with a handler
// that knows nothing of the first run.
func TestJobs_resume(t *testing.T) { bench.Matrix().RunJobs(t) }

// TestRates: as many callers as there are of all handlers of a subscription are served at
// the rates that one allows itself.
func TestRates(t *testing.T) {
	t.Parallel()
	bench.Rates(t, []providertest.Pace{
		{Name: "cluster", Call: providertest.ReadState(cluster0, pmks.IID{}), PerSecond: 0.7, Burst: 40},
		{Name: "lists", Call: providertest.ListIID, PerSecond: 0.7, Burst: 40},
		{Name: "rest", Call: providertest.ListVersions, PerSecond: 0.7, Burst: 40},
	})
}

// TestCrowd: many jobs and many readers at once, under the published rates.
func TestCrowd(t *testing.T) {
	t.Parallel()
	bench.Crowd("1.35").Run(t)
}
