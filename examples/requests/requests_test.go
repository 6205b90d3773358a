// SPDX-License-Identifier: Apache-2.0

package requests_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/requests"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// TestLoad checks that each cloud takes its request as it is: the groups that do
// not come with the create call are checked by themselves, as Provision does.
func TestLoad(t *testing.T) {
	t.Parallel()
	for _, cloud := range requests.Clouds() {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			req, err := requests.Load(cloud)
			if err != nil {
				t.Fatal(err)
			}
			p, ok := profile.Get(cloud)
			if !ok {
				t.Fatalf("no profile %q", cloud)
			}
			if len(req.NodeGroupList) == 0 {
				t.Error("the request has no node group")
			}
			for _, g := range req.NodeGroupList {
				if g.IId.NameId == p.Caps.GroupsAtCreate.FixedFirstName {
					continue // reserved by the cloud, which gives it to the first group
				}
				if err := p.Caps.CheckNodeGroup(g); err != nil {
					t.Error(err)
				}
			}
			if limit := p.Caps.GroupsAtCreate.Max; limit >= 0 {
				req.NodeGroupList = req.NodeGroupList[:min(limit, len(req.NodeGroupList))]
			}
			if err := p.Caps.CheckCluster(req); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestLoad_EveryFile checks that the list and the files agree.
func TestLoad_EveryFile(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.json")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(file, ".json"))
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pmks.ParseRequest(data); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	want := requests.Clouds()
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("files for %v, Clouds has %v", names, want)
	}
}

func TestLoad_Unknown(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "oracle", "../../go.mod", "AWS"} {
		if _, err := requests.Load(name); err == nil || !strings.Contains(err.Error(), "aws") {
			t.Errorf("Load(%q): %v, want an error that lists the clouds", name, err)
		}
	}
}
