// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"testing"

	"github.com/pmks-go/pmks/ibm"
	"github.com/pmks-go/pmks/internal/trust/life"
)

// TestTrust_cancel ends the context of everything that pauses, in each of its pauses.
func TestTrust_cancel(t *testing.T) { bench.Matrix().RunCancel(t) }

// TestTrust_crash ends the process that runs a job, and runs it in another.
func TestTrust_crash(t *testing.T) { bench.Crashes().RunCrashes(t) }

// TestTrust_lives lets clusters live under random commands of many callers, while requests
// fail.
func TestTrust_lives(t *testing.T) { bench.Lives(t, life.Crew{Callers: 4, Lives: 3}) }

// TestTrust_hostile: names and answers that mean harm do none.
func TestTrust_hostile(t *testing.T) {
	t.Run("names", bench.HostileNames)
	t.Run("answers", func(t *testing.T) { bench.HostileAnswers(t) })
	t.Run("huge", bench.HugeAnswers)
}

// FuzzTrust answers a request with anything.
func FuzzTrust(f *testing.F) { bench.FuzzAnswers(f) }

// TestTrust_canaries searches all that the provider shows for every secret that goes by.
func TestTrust_canaries(t *testing.T) { bench.Canaries(t, ibm.Config{}) }
