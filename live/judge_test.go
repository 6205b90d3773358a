// SPDX-License-Identifier: Apache-2.0

package live

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks/internal/providertest"
)

// switched are the assumptions that TestJudge switches, for each cloud those of different
// kinds: a refusal, a word for a state, a member, an order.
var switched = map[string][]string{
	"alibaba": {"TasksOldestFirst"},
	"aws":     {"AddonsWantActive", "RepeatedDeletionOK"},
	"azure":   {"SystemData"},
	"gcp":     {"SecondDeletionAccepted"},
	"ibm":     {"AdminToken"},
	"nhn":     {"UpgradeWords"},
	"tencent": {"TagsAtOnce"},
}

// TestJudge: a simulator with one assumption switched plays the cloud, and the comparison
// must find which. The race detector sees the same code on one cloud as on all.
func TestJudge(t *testing.T) {
	t.Parallel()
	for _, cloud := range clouds {
		if providertest.UnderRace && cloud != "aws" {
			continue
		}
		list, err := assumptionsOf(cloud)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range list {
			compared := slices.Contains(switched[cloud], a.name)
			if !*full && !compared {
				continue
			}
			t.Run(cloud+"/"+a.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { found(t, cloud, a, compared) })
			})
		}
	}
}

// found checks that the report of a cloud with one assumption switched says so, by the
// comparison alone if compared; and if no record can show the assumption, at least not
// that the cloud keeps to it.
func found(t *testing.T, cloud string, a assumption, compared bool) {
	t.Helper()
	rec := recordLife(t, 1, cloud, a.set).clean
	base, err := compare(t.Context(), rec, nil)
	if err != nil {
		t.Fatal(err)
	}
	judging := tell
	if compared {
		judging = judge
	}
	verdicts, err := judging(t.Context(), rec, base, a.name)
	if err != nil {
		t.Fatal(err)
	}
	var report strings.Builder
	if err := writeReport(&report, rec, base, verdicts); err != nil {
		t.Fatal(err)
	}
	_, known := evidenceOf(cloud, a.name)
	switch {
	case len(verdicts) != 1:
		t.Fatalf("the verdicts are %+v", verdicts)
	case !known && !compared:
		if verdicts[0].verdict == asAssumed {
			t.Errorf("the verdict is %+v", verdicts[0])
		}
		return
	case verdicts[0].verdict != otherwise:
		t.Errorf("the verdict is %+v", verdicts[0])
		for _, d := range base.differences {
			t.Logf("%+v", *d)
		}
	case len(base.differences) == 0:
		t.Error("the comparison sees no difference")
	}
	if !strings.Contains(report.String(), "| "+a.name+" | "+otherwise+" |") {
		t.Errorf("the report is\n%s", report.String())
	}
}
