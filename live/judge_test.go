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

// TestJudge: a simulator with one assumption switched plays the cloud, and the report must
// find which. The race detector sees the same code on one cloud as on all.
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
			if !*full && !slices.Contains(switched[cloud], a.name) {
				continue
			}
			t.Run(cloud+"/"+a.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { found(t, cloud, a) })
			})
		}
	}
}

// found checks that the report of a cloud with one assumption switched says so.
func found(t *testing.T, cloud string, a assumption) {
	t.Helper()
	recorder, credentials := simulatedRun(t, cloud, a.set, true)
	rec, err := recorder.scrubbed(credentials)
	if err != nil {
		t.Fatal(err)
	}
	base, err := compare(t.Context(), rec, nil)
	if err != nil {
		t.Fatal(err)
	}
	verdicts, err := judge(t.Context(), rec, base, a.name)
	if err != nil {
		t.Fatal(err)
	}
	if len(verdicts) != 1 || verdicts[0].verdict != otherwise {
		t.Errorf("the verdict is %+v", verdicts)
		for _, d := range base.differences {
			t.Logf("%+v", *d)
		}
	}
	var report strings.Builder
	if err := writeReport(&report, rec, base, verdicts); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(report.String(), "| "+a.name+" | "+otherwise+" |") || len(base.differences) == 0 {
		t.Errorf("the report is\n%s", report.String())
	}
}
