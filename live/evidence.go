// SPDX-License-Identifier: Apache-2.0

package live

import (
	_ "embed" // evidence.tsv
	"fmt"
	"slices"
	"strings"
)

// evidence says where a record shows what a cloud does about an assumption: in the answers
// to one request of one step. It is read from the record alone.
type evidence struct {
	cloud, assumption string
	// step is that of the run; those that begin with "probe" are made for nothing else.
	step, request string
	// path is where in the answer it stands, and assumed and otherwise what stands there;
	// never: it is enough that the other does not.
	path, assumed, otherwise string
}

// never is in the place of what cannot be waited for.
const never = "-"

//go:embed evidence.tsv
var evidenceFile string

// evidenceTable holds the rows of evidence.tsv, sorted by cloud and assumption, which
// TestEvidence -update finds and writes: for each assumption it holds the records of two
// simulators against each other that differ in nothing else.
var evidenceTable = readEvidence(evidenceFile)

func readEvidence(text string) (list []evidence) {
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") || len(f) != 7 {
			continue
		}
		list = append(list, evidence{f[0], f[1], f[2], f[3], f[4], f[5], f[6]})
	}
	return list
}

func (e evidence) line() string {
	return strings.Join([]string{e.cloud, e.assumption, e.step, e.request, e.path, e.assumed, e.otherwise}, "\t") + "\n"
}

// evidenceOf returns the row of an assumption.
func evidenceOf(cloud, assumption string) (evidence, bool) {
	for _, e := range evidenceTable {
		if e.cloud == cloud && e.assumption == assumption {
			return e, true
		}
	}
	return evidence{}, false
}

// verdict reads what the cloud of a record did.
func (e evidence) verdict(f *facts) verdict {
	v := verdict{name: e.assumption, verdict: unseen}
	at := asked{e.step, e.request}
	place := fact{at, e.path}
	if !f.answered(at) {
		return v
	}
	seen := f.at(place)
	hasAssumed, hasOther := slices.Contains(seen, e.assumed), slices.Contains(seen, e.otherwise)
	switch {
	case !f.shows(place):
		v.verdict = neither
	case hasAssumed && !hasOther, e.assumed == never && !hasOther:
		v.verdict = asAssumed
	case hasOther && !hasAssumed, e.otherwise == never && !hasAssumed:
		v.verdict = otherwise
	default:
		v.verdict = neither
	}
	v.evidence = fmt.Sprintf("%s, %s, %s: the cloud has %s; as assumed %s, otherwise %s", e.step, e.request, e.path, strings.Join(seen, " and "), e.assumed, e.otherwise)
	if words := f.words[at]; words != "" {
		v.evidence += "; it was refused: " + words
	}
	return v
}
