// SPDX-License-Identifier: Apache-2.0

package trust_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pmks-go/pmks/internal/trust"
)

// TestKeepRound: a later run goes on after the rounds that are kept, with its own name
// and seed, also where the last line was cut.
func TestKeepRound(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rounds")
	t.Setenv(trust.EnvSeed, "7")
	t.Setenv(trust.EnvLed, "")
	trust.KeepRound(trust.Round{What: "toy", Seed: 7})
	if n := trust.NextRound("toy"); n != 0 {
		t.Errorf("without a file the next round is %d", n)
	}
	t.Setenv(trust.EnvLed, file)
	if n := trust.NextRound("toy"); n != 0 {
		t.Errorf("before the first round the next is %d", n)
	}
	for i := range 3 {
		trust.KeepRound(trust.Round{What: "toy", Round: i, Seed: 7, Lives: 10, Troubled: i != 1, Failed: i % 2, Took: time.Second})
	}
	trust.KeepRound(trust.Round{What: "toy", Round: 8, Seed: 6, Lives: 1})
	trust.KeepRound(trust.Round{What: "other", Round: 9, Seed: 7, Lives: 1})
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"what":"to`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if n := trust.NextRound("toy"); n != 3 {
		t.Errorf("after three rounds the next is %d", n)
	}
	rounds, err := trust.ReadLed(file)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := trust.Sum(rounds), (trust.Led{Lives: 32, Troubled: 20, Failed: 1, Took: 3 * time.Second}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
