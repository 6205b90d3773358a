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

// sampled: of so many assumptions one is switched, unless -full is given: each costs a life.
const sampled = 8

// TestEvidence: the record of each simulator with one assumption switched says that it is
// switched, and that of the simulator as it is says that it is not.
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
				list, err := assumptionsOf(cloud)
				if err != nil {
					t.Fatal(err)
				}
				assumed := lifeFacts(t, cloud, nil)
				for i, a := range list {
					row, known := evidenceOf(cloud, a.name)
					if unprobed[cloud][a.name] != "" || !known && !*update {
						continue // TestEvidence_complete speaks of it
					}
					if v := row.verdict(assumed); !*update && v.verdict != asAssumed {
						t.Errorf("%s as it is: %+v", a.name, v)
					}
					if !*full && !*update && i%sampled != 0 {
						continue
					}
					t.Run(a.name, func(t *testing.T) {
						switched := lifeFacts(t, cloud, a.set)
						if *update {
							var ok bool
							if row, ok = findEvidence(cloud, a.name, assumed, switched); !ok {
								t.Error("nothing differs")
								return
							}
							t.Log(row.line())
							mu.Lock()
							rows = append(rows, row)
							mu.Unlock()
						}
						if v := row.verdict(assumed); v.verdict != asAssumed {
							t.Errorf("as it is: %+v", v)
						}
						if v := row.verdict(switched); v.verdict != otherwise {
							t.Errorf("switched: %+v", v)
						}
					})
				}
			})
		}
	})
	if *update {
		writeEvidence(t, rows)
	}
}

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
func lifeFacts(t *testing.T, cloud string, assume func(any)) (f *facts) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		recorder, credentials, failed := attemptedRun(t, cloud, assume, true)
		if len(failed) > 0 && assume == nil {
			t.Error(failed)
		}
		rec, err := recorder.scrubbed(credentials)
		if err != nil {
			t.Fatal(err)
		}
		f = factsOf(rec)
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
