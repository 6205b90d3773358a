// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// versions shows the versions of a cluster and of its groups.
func versions(info pmks.ClusterInfo) string {
	text := info.Version
	for _, g := range info.NodeGroupList {
		text += " " + g.Version
	}
	return text
}

// TestHandler_UpgradeCluster_steps takes the steps of an upgrade one by one.
func TestHandler_UpgradeCluster_steps(t *testing.T) {
	t.Parallel()
	for _, p := range profile.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := New(WithProfile(p.Name))
				info := running(t, h, p)
				from, to := info.Version, nextVersion(p)
				at := func(versions ...string) string { return strings.Join(versions, " ") }
				want := map[profile.UpgradeMode][]string{
					profile.OneOperation:   {at(to, to, to)},
					profile.GroupsTogether: {at(to, from, from), at(to, to, to)},
					profile.GroupsInTurn:   {at(to, from, from), at(to, to, from), at(to, to, to)},
				}[p.Upgrade.Mode]
				var got []string
				for range want {
					for range 2 { // the second time while the step is under way
						info, err := h.UpgradeCluster(t.Context(), info.IId, to)
						if err != nil || info.Status != pmks.ClusterUpdating {
							t.Fatalf("after %q: got %s, %v, want Updating", got, info.Status, err)
						}
					}
					got = append(got, versions(settled(t, h, info.IId)))
				}
				same(t, "the steps", got, want)
				h.ResetCalls()
				info, err := h.UpgradeCluster(t.Context(), info.IId, to)
				if err != nil || info.Status != pmks.ClusterActive {
					t.Errorf("when all is there: got %s, %v, want Active", info.Status, err)
				}
				if n := mutations(h); len(n) > 0 {
					t.Errorf("when all is there: something happened: %v", n)
				}
			})
		})
	}
}

func TestHandler_UpgradeCluster_refused(t *testing.T) {
	t.Parallel()
	for _, p := range profile.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := New(WithProfile(p.Name))
				info := running(t, h, p)
				newest := p.Offer[0].Name
				tests := []struct {
					name, version string
					code          pmks.Code
					field         string
					text          string
				}{
					{"downgrade", "1.20", pmks.CodeInvalidArgument, "newVersion", "cannot be downgraded"},
					{"not-offered", "1.99", pmks.CodeInvalidArgument, "newVersion", "offered: "},
					{"no-version", "new", pmks.CodeInvalidArgument, "newVersion", "not a Kubernetes version"},
					{"jump", newest, pmks.CodeFailedPrecondition, "", nextVersion(p)},
				}
				for _, tt := range tests {
					_, err := h.UpgradeCluster(t.Context(), info.IId, tt.version)
					e := asError(t, err)
					if e.Code != tt.code || !strings.Contains(e.Message, tt.text) || e.Field != tt.field || e.Op != "UpgradeCluster" {
						t.Errorf("%s: got %v, want %v of %q with %q", tt.name, err, tt.code, tt.field, tt.text)
					}
				}
				if n := mutations(h); len(n) > 0 {
					t.Errorf("something happened: %v", n)
				}
			})
		})
	}
}

func TestHandler_UpgradeCluster_versionForms(t *testing.T) {
	t.Parallel()
	tests := []struct{ at, version, want string }{
		{"1.33.7", "1.34", "1.34.5"},
		{"1.33.7", "1.34.2", "1.34.2"},
		{"1.33.7", "v1.34.2", "1.34.2"},
		{"1.33.7", "1.34.99", "1.34.5"},
		{"1.33.7", "", "1.34.5"},
		{"1.33.7", "DEFAULT", "1.34.5"},
		{"1.34.2", "1.34.5", "1.34.5"},
		// There already, offered or not.
		{"1.31.3", "1.31.3", "1.31.3"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s-to-%q", tt.at, tt.version), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := New(WithClusters(Cluster{Name: "demo", Version: tt.at}))
				demo := pmks.IID{NameId: "demo"}
				if _, err := h.UpgradeCluster(t.Context(), demo, tt.version); err != nil {
					t.Fatal(err)
				}
				if got := settled(t, h, demo).Version; got != tt.want {
					t.Errorf("got %s, want %s", got, tt.want)
				}
			})
		})
	}
}

// TestHandler_UpgradeCluster_groups: groups that lag are taken along when the
// control plane is there already, also where its version is no longer offered.
func TestHandler_UpgradeCluster_groups(t *testing.T) {
	t.Parallel()
	for _, p := range profile.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const old = "1.27.3"
				h := New(WithProfile(p.Name), WithClusters(Cluster{Name: "demo", Version: old, NodeGroups: []pmks.NodeGroupInfo{
					{IId: pmks.IID{NameId: "a"}, Version: "1.26.1", DesiredNodeSize: 1},
					{IId: pmks.IID{NameId: "b"}, DesiredNodeSize: 1},
					{IId: pmks.IID{NameId: "c"}, Version: "1.26.1", DesiredNodeSize: 1},
				}}))
				demo := pmks.IID{NameId: "demo"}
				if _, err := h.RemoveNodeGroup(t.Context(), demo, pmks.IID{NameId: "c"}); err != nil {
					t.Fatal(err)
				}
				if p.Exclusive.PerCluster || p.Manner.ClusterAlone {
					settled(t, h, demo) // nothing else is taken meanwhile
				}
				// The group that is leaving is not in the way.
				if info, err := h.UpgradeCluster(t.Context(), demo, old); err != nil || info.Status != pmks.ClusterUpdating {
					t.Fatalf("got %s, %v, want Updating", info.Status, err)
				}
				same(t, "the versions", versions(settled(t, h, demo)), old+" "+old+" "+old)
			})
		})
	}
}

func TestHandler_UpgradeCluster_states(t *testing.T) {
	t.Parallel()
	tests := []struct {
		state State
		want  error
	}{
		{Failed, pmks.ErrFailedPrecondition},
		{Stopped, pmks.ErrFailedPrecondition},
		{DeleteFailed, pmks.ErrFailedPrecondition},
		{Healthy, nil},
	}
	for _, tt := range tests {
		t.Run(string(tt.state), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := mustProfile(t, "neutral")
				h := New()
				info := running(t, h, p)
				if err := h.Break(info.IId, pmks.IID{}, tt.state, "by hand"); err != nil {
					t.Fatal(err)
				}
				if _, err := h.UpgradeCluster(t.Context(), info.IId, nextVersion(p)); !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
			})
		})
	}
	t.Run("creating", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			p := mustProfile(t, "neutral")
			h := New()
			req := p.SampleRequest("demo")
			req.Version = "1.33"
			info, err := h.CreateCluster(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := h.UpgradeCluster(t.Context(), info.IId, "1.34"); !errors.Is(err, pmks.ErrBusy) {
				t.Errorf("got %v, want Busy", err)
			}
		})
	})
}
