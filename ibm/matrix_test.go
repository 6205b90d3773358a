// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
)

// TestFaultMatrix makes every operation fail at every request in every way, those for
// tokens included.
func TestFaultMatrix(t *testing.T) { matrix().Run(t) }

// TestJobs_resume stops every job at its requests and runs it again, with a handler
// that knows nothing of the first run.
func TestJobs_resume(t *testing.T) { matrix().RunJobs(t) }

func matrix() *providertest.Matrix {
	m := bench.Matrix()
	m.Token = isToken
	return m
}

// TestCrowd: many jobs and many readers at once, under the published rate.
func TestCrowd(t *testing.T) {
	t.Parallel()
	bench.Crowd("1.35.3").Run(t)
}

// TestRates: as many callers as there are of all handlers that leave by one address are
// served at the rate that one allows itself.
func TestRates(t *testing.T) {
	t.Parallel()
	one := fleetIID(t, 1, 1)
	bench.Rates(t, []providertest.Pace{
		{Name: "list", Call: providertest.ListIID, PerSecond: 12, Burst: 60},
		{Name: "state", Call: providertest.ReadState(one, pmks.IID{}), PerSecond: 12, Burst: 60},
	})
}
