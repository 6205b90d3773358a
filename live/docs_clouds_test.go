// SPDX-License-Identifier: Apache-2.0

package live

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

var (
	cloudRow     = regexp.MustCompile("(?m)^\\| `([a-z]+)` \\| (.*) \\| `(\\S+)` \\|$")
	liveVariable = regexp.MustCompile("`(PMKS_LIVE_[A-Z_]+)=([^`]+)`")
)

// TestDoc_clouds: with the variables that the guide names for a cloud nothing is missing,
// the phrase is the one that is asked for, and a cluster comes of them on what pmks-sim
// serves.
func TestDoc_clouds(t *testing.T) {
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var described []string
	for _, row := range cloudRow.FindAllStringSubmatch(string(data), -1) {
		cloud, variables, phrase := row[1], row[2], row[3]
		described = append(described, cloud)
		t.Run(cloud, func(t *testing.T) {
			profiled, ok := profile.Get(cloud)
			if !ok {
				t.Fatal("there is no such cloud")
			}
			_, environment, _ := listening(t, cloud)
			for _, entry := range environment {
				name, value, _ := strings.Cut(entry, "=")
				if strings.HasPrefix(name, "PMKS_LIVE_") {
					value = ""
				}
				t.Setenv(name, value)
			}
			t.Setenv(envRecord, filepath.Join(t.TempDir(), "record.jsonl"))
			t.Setenv(envConfirm, phrase)
			for _, v := range liveVariable.FindAllStringSubmatch(variables, -1) {
				t.Setenv(v[1], v[2])
			}
			p, err := readPlan(cloud, "life", true, profiled.Caps)
			if err != nil {
				t.Fatal(err)
			}
			if why := p.refusal(0); why != "" {
				t.Fatal(why)
			}
			synctest.Test(t, func(t *testing.T) { makes(t, cloud, p.request) })
		})
	}
	if slices.Sort(described); !slices.Equal(described, clouds) {
		t.Errorf("the guide describes %q", described)
	}
}

// makes checks that the smallest cluster comes of a request.
func makes(t *testing.T, cloud string, request pmks.ClusterInfo) {
	t.Helper()
	sim, err := simulate(cloud, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	client, err := open(t.Context(), cloud, sim.config, sim.dial, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := pmks.Provision(t.Context(), client, smallest(request, client.Capabilities(), "0a1b2c")); err != nil {
		t.Error(err)
	}
}
