// SPDX-License-Identifier: Apache-2.0

package live

import (
	"cmp"
	"flag"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks/internal/providertest"
)

var update = flag.Bool("update", false, "find the evidence of every assumption, and write evidence.tsv")

const evidenceHead = `# Where a record shows what a cloud does about each assumption of its simulator. Found by
# go test ./live -run TestEvidence -update, by switching one assumption at a time.
# cloud	assumption	step	request	path	as assumed	otherwise
`

// sampled: of so many assumptions one is switched, unless -full is given: each costs a
// life.
const sampled = 8

// TestEvidence: the record of each simulator with one assumption switched says that it is
// switched, and that of the simulator as it is says that it is not. With -full nor does a
// record say so of another assumption, and all holds for other draws too.
func TestEvidence(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var rows []evidence
	t.Run("clouds", func(t *testing.T) {
		for _, cloud := range clouds {
			if providertest.UnderRace && cloud != "aws" {
				continue
			}
			t.Run(cloud, func(t *testing.T) {
				t.Parallel()
				found := evidenceOn(t, cloud)
				mu.Lock()
				defer mu.Unlock()
				rows = append(rows, found...)
			})
		}
	})
	if *update {
		writeEvidence(t, rows)
	}
}

// evidenceOn is TestEvidence on one cloud. With -update it finds the rows.
func evidenceOn(t *testing.T, cloud string) []evidence {
	t.Helper()
	list, err := assumptionsOf(cloud)
	if err != nil {
		t.Fatal(err)
	}
	seeds := []uint64{1}
	if *full || *update {
		seeds = []uint64{1, 2}
	}
	pairs, others := make([][]pair, len(list)), make([]*facts, len(list))
	base := factsOf(usualLife(t, cloud).clean)
	t.Run("lives", func(t *testing.T) {
		var again *facts
		if len(seeds) > 1 {
			again = lifeFacts(t, cloud, 2, nil)
		}
		for i, a := range list {
			_, known := evidenceOf(cloud, a.name)
			if !*full && !*update && (!known || i%sampled != 0) {
				continue
			}
			t.Run(a.name, func(t *testing.T) {
				t.Parallel()
				for _, seed := range seeds {
					as := base
					if seed != 1 {
						as = again
					}
					if seed != 1 && unprobed[cloud][a.name] != "" {
						continue
					}
					pairs[i] = append(pairs[i], pair{as, lifeFacts(t, cloud, seed, a.set)})
				}
				others[i] = pairs[i][0].switched
			})
		}
	})
	var rows []evidence
	for i, a := range list {
		row, known := evidenceOf(cloud, a.name)
		if unprobed[cloud][a.name] != "" || !known && !*update {
			continue // TestEvidence_complete speaks of it
		}
		t.Run(a.name, func(t *testing.T) {
			rest := slices.DeleteFunc(slices.Concat(others[:i], others[i+1:]), func(f *facts) bool { return f == nil })
			if *update {
				if pairs[i] == nil {
					t.Skip("left out by -run")
				}
				var ok bool
				if row, ok = findEvidence(cloud, a.name, pairs[i], rest); !ok {
					t.Error("nothing differs")
					return
				}
				t.Log(row.line())
				rows = append(rows, row)
			}
			if v := row.verdict(base); v.verdict != asAssumed {
				t.Errorf("as it is: %+v", v)
			}
			for n, p := range pairs[i] {
				if v := row.verdict(p.assumed); v.verdict != asAssumed {
					t.Errorf("as it is, seed %d: %+v", n+1, v)
				}
				if v := row.verdict(p.switched); v.verdict != otherwise {
					t.Errorf("switched, seed %d: %+v", n+1, v)
				}
			}
			for j, f := range others {
				if f == nil || i == j || entangled[cloud+" "+a.name] == list[j].name {
					continue
				}
				if v := row.verdict(f); v.verdict == otherwise {
					t.Errorf("with %s switched it is said to be: %+v", list[j].name, v)
				}
			}
		})
	}
	return rows
}

// entangled are pairs of assumptions of which a record of the second cannot but say that
// the first is switched too: what the one changes is where the other shows.
var entangled = map[string]string{}

func writeEvidence(t *testing.T, rows []evidence) {
	t.Helper()
	found := map[string]bool{}
	for _, row := range rows {
		found[row.cloud+row.assumption] = true
	}
	for _, row := range evidenceTable {
		if !found[row.cloud+row.assumption] && unprobed[row.cloud][row.assumption] == "" {
			rows = append(rows, row) // -run has left it out
		}
	}
	slices.SortFunc(rows, func(a, b evidence) int {
		return cmp.Or(strings.Compare(a.cloud, b.cloud), strings.Compare(a.assumption, b.assumption))
	})
	text := evidenceHead
	for _, row := range rows {
		text += row.line()
	}
	if err := os.WriteFile("evidence.tsv", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// lifeFacts are what the record of a life on a simulator shows, as somebody would send it.
func lifeFacts(t *testing.T, cloud string, seed uint64, assume func(any)) (f *facts) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		life := recordLife(t, seed, cloud, assume)
		if len(life.failed) > 0 && assume == nil {
			t.Error(life.failed)
		}
		f = factsOf(life.clean)
	})
	return f
}

// TestEvidence_complete: for each assumption of each simulator there is evidence, or a
// reason why no record can hold any; and nothing else is in the tables.
func TestEvidence_complete(t *testing.T) {
	t.Parallel()
	total, shown := 0, 0
	for _, cloud := range clouds {
		list, err := assumptionsOf(cloud)
		if err != nil {
			t.Fatal(err)
		}
		names := map[string]bool{}
		for _, a := range list {
			names[a.name] = true
			total++
			row, known := evidenceOf(cloud, a.name)
			reason := unprobed[cloud][a.name]
			switch {
			case known == (reason != ""):
				t.Errorf("%s %s: evidence %+v, and the reason is %q: it needs one of them", cloud, a.name, row, reason)
			case known:
				shown++
			}
		}
		for name := range unprobed[cloud] {
			if !names[name] {
				t.Errorf("%s has no assumption %s", cloud, name)
			}
		}
		for _, row := range evidenceTable {
			if row.cloud == cloud && !names[row.assumption] {
				t.Errorf("%s has no assumption %s", cloud, row.assumption)
			}
		}
		for _, p := range probeTable[cloud] {
			if !names[p.assumption] {
				t.Errorf("%s has no assumption %s", cloud, p.assumption)
			}
		}
	}
	t.Logf("%d of %d assumptions have evidence", shown, total)
}
