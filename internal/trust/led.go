// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// Round is one round of random lives: those of one account.
type Round struct {
	// What names the run, such as a provider or a profile of the fake.
	What  string `json:"what"`
	Round int    `json:"round"`
	Seed  uint64 `json:"seed"`
	Lives int    `json:"lives"`
	// Troubled: requests went wrong.
	Troubled bool `json:"troubled,omitempty"`
	Failed   int  `json:"failed,omitempty"`
	// Took is real time, in nanoseconds.
	Took time.Duration `json:"took"`
}

// Kind is the row of the report that it belongs to.
func (r Round) Kind() string {
	if r.Troubled {
		return "in trouble"
	}
	return "undisturbed"
}

// KeepRound appends a round to the file of the environment, if it names one.
func KeepRound(r Round) { appendLine(os.Getenv(EnvLed), r) }

// NextRound is the first round of a run that the file of the environment does not have
// with this seed; 0 without a file.
func NextRound(what string) (next int) {
	rounds, err := ReadLed(os.Getenv(EnvLed))
	if err != nil {
		panic("trust: " + err.Error())
	}
	for _, r := range rounds {
		if r.What == what && r.Seed == Seed() {
			next = max(next, r.Round+1)
		}
	}
	return next
}

// ReadRounds reads what KeepRound has kept. The half line of a run that was killed is
// left out.
func ReadRounds(from io.Reader) (list []Round, err error) {
	lines := bufio.NewScanner(from)
	broken := 0 // lines
	for lines.Scan() {
		var r Round
		if json.Unmarshal(lines.Bytes(), &r) != nil {
			broken++
			continue
		}
		list = append(list, r)
	}
	if broken > 1 {
		return list, fmt.Errorf("%d lines are no rounds of lives", broken)
	}
	return list, lines.Err()
}

// ReadLed is ReadRounds of a file, which may not be there yet.
func ReadLed(file string) ([]Round, error) {
	if file == "" {
		return nil, nil
	}
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return ReadRounds(f)
}

// Led sums rounds up.
type Led struct {
	Lives, Troubled, Failed int
	Took                    time.Duration
}

// Sum is what all of the rounds are together.
func Sum(rounds []Round) (sum Led) {
	for _, r := range rounds {
		sum.Lives += r.Lives
		sum.Failed += r.Failed
		sum.Took += r.Took
		if r.Troubled {
			sum.Troubled += r.Lives
		}
	}
	return sum
}
