// SPDX-License-Identifier: Apache-2.0

// Package trust collects what the tests of the providers find when everything around a
// provider fails, and makes the tables of docs/trust.md of it.
//
// The tests themselves are in package providertest; each runs a sample by itself. Where
// the program internal/trust/cmd/trust runs them, they note a [Verdict] for each trial
// and go on for as long as their share of its budget lasts.
package trust

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"time"
)

// The environment of the tests.
const (
	// EnvFile names the file that verdicts are appended to, one JSON object a line.
	EnvFile = "PMKS_TRUST"
	// EnvBudget is how long all the tests of a package may go on together, such as "30s";
	// "all" means every trial there is.
	EnvBudget = "PMKS_TRUST_BUDGET"
	// EnvSeed is the number that the order of trials and all that is random begins with.
	EnvSeed = "PMKS_TRUST_SEED"
	// EnvSoak is set where the budget is for random lives of clusters alone.
	EnvSoak = "PMKS_TRUST_SOAK"
	// EnvLed names the file in which the rounds of random lives are kept, so that a later
	// run goes on where one ended.
	EnvLed = "PMKS_TRUST_LED"
)

// The parts of the report.
const (
	Faults   = "faults"   // an operation, one request of which fails
	Cancel   = "cancel"   // the context of a call ends
	Crash    = "crash"    // a job is stopped, and run again by a new process
	Lives    = "lives"    // clusters that live under random commands
	Same     = "same"     // the fake and the provider are given the same commands
	Canaries = "canaries" // secrets that are searched for
	Hostile  = "hostile"  // answers and names that mean harm
)

// Parts are all of them, in the order of the report.
var Parts = []string{Faults, Cancel, Crash, Lives, Same, Canaries, Hostile}

// shares are how a package's budget is divided.
var shares = map[string]float64{Faults: 0.36, Cancel: 0.14, Crash: 0.16, Lives: 0.12, Same: 0.08, Canaries: 0.02, Hostile: 0.12}

// Verdict is what became of one trial, or of many of a kind where N says how many.
type Verdict struct {
	Part string `json:"part"`
	// Case is what was tried, such as an operation; Kind what was done to it.
	Case string `json:"case"`
	Kind string `json:"kind"`
	// N is how many trials it stands for; 0 means one.
	N int `json:"n,omitempty"`
	// Faults are what was wrong.
	Faults []string `json:"faults,omitempty"`
	// Reason excuses the faults.
	Reason string `json:"reason,omitempty"`
}

// Count is how many trials it stands for.
func (v Verdict) Count() int { return max(1, v.N) }

var mu sync.Mutex

// Note appends a verdict to the file of the environment, if it names one.
func Note(v Verdict) { appendLine(os.Getenv(EnvFile), v) }

// appendLine appends a value as JSON to a file, if there is a name.
func appendLine(name string, v any) {
	if name == "" {
		return
	}
	line, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("trust: %v", err)) // strings and numbers
	}
	mu.Lock()
	defer mu.Unlock()
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic("trust: it cannot be kept: " + err.Error())
	}
	_, err = f.Write(append(line, '\n'))
	if err := errors.Join(err, f.Close()); err != nil {
		panic("trust: it cannot be kept: " + err.Error())
	}
}

// Asked reports whether the program runs the tests, and not the go command alone.
func Asked() bool { return os.Getenv(EnvBudget) != "" }

// Soaking reports whether the budget is for random lives alone.
func Soaking() bool { return os.Getenv(EnvSoak) != "" }

// Budget is how long the trials of a part may go on, of which there are this many
// groups side by side and one after the other; all means that nothing is left out.
func Budget(part string, groups int) (share time.Duration, all bool) {
	text := os.Getenv(EnvBudget)
	if text == "all" {
		return 0, true
	}
	whole, err := time.ParseDuration(text)
	if err != nil {
		return 0, false
	}
	fraction := shares[part]
	if Soaking() {
		fraction = 1
	}
	return time.Duration(float64(whole) * fraction / float64(max(1, groups))), false
}

// Seed is the number of the environment, or 1.
func Seed() uint64 {
	if n, err := strconv.ParseUint(os.Getenv(EnvSeed), 10, 64); err == nil {
		return n
	}
	return 1
}

// Random is a stream that begins with the seed and a name, so that each has its own.
func Random(name string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return rand.New(rand.NewPCG(Seed(), h.Sum64()))
}

// Choose returns which of n trials of a group are run, in which order: while more is
// true of them. Run by the go command alone they are a sample, one of each stride.
func Choose(part, group string, groups, n, stride int) (order []int, more func() bool) {
	if !Asked() {
		for i := 0; i < n; i += max(1, stride) {
			order = append(order, i)
		}
		return order, func() bool { return true }
	}
	order = Random(part + "/" + group).Perm(n)
	share, all := Budget(part, groups)
	end := time.Now().Add(share)
	tried := 0
	return order, func() bool {
		tried++
		return all || tried == 1 || time.Now().Before(end)
	}
}
