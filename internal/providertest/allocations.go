// SPDX-License-Identifier: Apache-2.0

package providertest

import "testing"

// Allocations measures how often a call allocates, up to three times where it is more than
// enough, and returns the least: whatever else goes on in the process, as the end of an
// earlier test's server, is counted too and only ever adds. A test that uses it is not
// parallel.
func Allocations(t testing.TB, runs int, enough float64, call func() error) float64 {
	t.Helper()
	measure := func() float64 {
		return testing.AllocsPerRun(runs, func() {
			if err := call(); err != nil {
				t.Error(err)
			}
		})
	}
	least := measure()
	for range 2 {
		if least <= enough {
			break
		}
		least = min(least, measure())
	}
	return least
}
