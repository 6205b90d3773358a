// SPDX-License-Identifier: Apache-2.0

package life

import (
	"context"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/trust"
)

// sinner is a handler that does one thing wrong.
type sinner struct {
	*fake.Handler
	sin string
}

// ChangeNodeGroupScaling implements [pmks.ClusterHandler].
func (s sinner) ChangeNodeGroupScaling(ctx context.Context, cluster, group pmks.IID, desired, least, most int) (pmks.NodeGroupInfo, error) {
	if s.sin == "sizes" {
		most++
	}
	return s.Handler.ChangeNodeGroupScaling(ctx, cluster, group, desired, least, most)
}

// AddNodeGroup implements [pmks.ClusterHandler].
func (s sinner) AddNodeGroup(ctx context.Context, cluster pmks.IID, group pmks.NodeGroupInfo) (pmks.NodeGroupInfo, error) {
	info, err := s.Handler.AddNodeGroup(ctx, cluster, group)
	if s.sin == "denies" && err == nil {
		return pmks.NodeGroupInfo{}, &pmks.Error{Code: pmks.CodeUnavailable}
	}
	return info, err
}

// SetTags implements [pmks.TagSetter].
func (s sinner) SetTags(ctx context.Context, cluster pmks.IID, tags []pmks.KeyValue) error {
	if s.sin == "tags" {
		return nil
	}
	return s.Handler.SetTags(ctx, cluster, tags)
}

func sinful(sin string) func(testing.TB) Cloud {
	p, _ := profile.Get("neutral")
	return func(testing.TB) Cloud {
		h := fake.New(fake.WithProfile(p.Name), fake.WithLimits(fake.Limits{}))
		return Cloud{Handler: pmks.New(sinner{h, sin}), Direct: pmks.New(h), Request: p.SampleRequest, Group: p.SampleNodeGroup}
	}
}

// TestLead_sins: what a handler does wrong is found, and shrunk to the command that
// shows it.
func TestLead_sins(t *testing.T) {
	t.Parallel()
	for sin, want := range map[string]string{
		"":       "",
		"sizes":  "want",
		"denies": "the groups are",
		"tags":   "the tags are",
	} {
		t.Run(sin, func(t *testing.T) {
			t.Parallel()
			lists := Crew{Callers: 4, Lives: 6}.scripts(trust.Random("sins"), false)
			wrong := lead(t, sinful(sin), lists)
			if want == "" {
				if len(wrong) > 0 {
					t.Errorf("got %q", wrong[0].faults)
				}
				return
			}
			if len(wrong) == 0 || !strings.Contains(wrong[0].faults[0], want) {
				t.Fatalf("%d lives went wrong, want some with %q", len(wrong), want)
			}
			least, alone := shrink(t, sinful(sin), wrong[0].script)
			if !alone || len(least.plan) != 1 || least.plan[0].Hurried {
				t.Errorf("it is shrunk to %s", least)
			}
		})
	}
}

// TestScripts: the same seed gives the same lives.
func TestScripts(t *testing.T) {
	t.Parallel()
	text := func() string {
		var b strings.Builder
		for _, mine := range (Crew{Callers: 2, Lives: 2}).scripts(trust.Random("same"), true) {
			for _, s := range mine {
				b.WriteString(s.name + ": " + s.String() + "\n")
			}
		}
		return b.String()
	}
	if a, b := text(), text(); a != b || !strings.Contains(a, "in trouble") {
		t.Errorf("got\n%sand\n%s", a, b)
	}
}
