// SPDX-License-Identifier: Apache-2.0

package same

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/fake"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/trust"
)

// sinner is a handler that does one thing otherwise.
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

// GetCluster implements [pmks.ClusterHandler].
func (s sinner) GetCluster(ctx context.Context, cluster pmks.IID) (pmks.ClusterInfo, error) {
	info, err := s.Handler.GetCluster(ctx, cluster)
	if s.sin == "unread" {
		info.KeyValueList = nil
		for i := range info.NodeGroupList {
			info.NodeGroupList[i].KeyValueList = slices.DeleteFunc(info.NodeGroupList[i].KeyValueList, func(kv pmks.KeyValue) bool { return kv.Key == pmks.KeyUnread })
		}
	}
	if s.sin == "code" && err != nil {
		err = &pmks.Error{Code: pmks.CodeInternal}
	}
	return info, err
}

// RemoveNodeGroup implements [pmks.ClusterHandler].
func (s sinner) RemoveNodeGroup(ctx context.Context, cluster, group pmks.IID) (bool, error) {
	if s.sin == "removes nothing" {
		return true, nil
	}
	return s.Handler.RemoveNodeGroup(ctx, cluster, group)
}

// AddNodeGroup implements [pmks.ClusterHandler].
func (s sinner) AddNodeGroup(ctx context.Context, cluster pmks.IID, group pmks.NodeGroupInfo) (pmks.NodeGroupInfo, error) {
	info, err := s.Handler.AddNodeGroup(ctx, cluster, group)
	several := leaves(err)
	switch {
	case s.sin == "one of two" && len(several) > 1:
		err = several[1]
	case s.sin == "another for two" && len(several) > 1:
		err = &pmks.Error{Code: pmks.CodeInternal}
	case s.sin == "state first" && err != nil:
		if c, _ := s.GetCluster(ctx, cluster); c.Status.Transitional() {
			err = &pmks.Error{Code: pmks.CodeBusy}
		}
	}
	if s.sin == "field" && pmks.CodeOf(err) == pmks.CodeAlreadyExists {
		return info, &pmks.Error{Code: pmks.CodeAlreadyExists}
	}
	return info, err
}

func sinful(sin string) Trial {
	p, _ := profile.Get("neutral")
	h := func() *fake.Handler { return fake.New(fake.WithProfile(p.Name)) }
	side := func(name string, h *fake.Handler, of Handler) Side {
		return Side{Name: name, Handler: of, Hide: func(u Unread) func() { return h.Hide(fake.Unread{Fact: fake.Fact(u.Fact), Code: u.Code}) }}
	}
	return Trial{What: "toy", Lists: 4, Facts: []string{"Nodes", "Addons"}, Open: func(testing.TB) Pair {
		left, right := h(), h()
		return Pair{
			Left: side("the one", left, left), Right: side("the other", right, sinner{right, sin}),
			Known: Known{Zones: p.Zones}, Request: p.SampleRequest, Group: p.SampleNodeGroup,
		}
	}}
}

// TestTrial_sins: where one side does something otherwise, it is found, in the words of
// the command that shows it, and shrunk to what is needed for it.
func TestTrial_sins(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		sin, text string
		// least is how many commands show it.
		least int
	}{
		{"", "", 0},
		{"sizes", "ChangeNodeGroupScaling: MaxNodeSize is", 2},
		{"unread", "GetCluster: ", 2},
		{"code", "GetCluster: error is \"NotFound\" on the one, \"Internal\" on the other", 1},
		{"removes nothing", "RemoveNodeGroup: error is", 1},
		{"field", "AddNodeGroup: error is \"AlreadyExists of IId.NameId\" on the one, \"AlreadyExists\" on the other", 2},
	} {
		t.Run(test.sin, func(t *testing.T) {
			t.Parallel()
			trial := sinful(test.sin)
			for n := range 60 {
				list := trial.plan(t, n)
				f, wrong := trial.lead(t, list).fault()
				if !wrong || !strings.HasPrefix(f.text, test.text) {
					if wrong && test.sin == "" {
						t.Errorf("two of a kind differ: %s in %s", f.text, list)
					}
					continue
				}
				if least := trial.shrink(t, list, f); len(least) != test.least || slices.ContainsFunc(least, func(c Command) bool { return len(c.Twists) > 0 }) {
					t.Errorf("%s is shrunk to %s", f.text, least)
				}
				return
			}
			if test.sin != "" {
				t.Error("it is not found")
			}
		})
	}
}

// TestTrial_proof: where two things are wrong, each side may begin with another, and with
// nothing else.
func TestTrial_proof(t *testing.T) {
	t.Parallel()
	made := Command{Op: createCluster, After: idle}
	two := Command{Op: addNodeGroup, Group: "ga", Twists: []string{"bad label", "bad taint"}, After: idle}
	one := Command{Op: addNodeGroup, Group: "ga", Twists: []string{"bad label"}, After: idle}
	taken := Command{Op: addNodeGroup, After: amid} // the name of the first, while the cluster is made
	for _, test := range []struct {
		sin   string
		list  List
		wrong bool
	}{
		{"one of two", List{made, two, {Op: getCluster, After: idle}}, false},
		{"another for two", List{made, two}, true},
		{"state first", List{made, taken}, false},
		{"state first", List{made, one}, false},
		{"code", List{{Op: getCluster, After: idle}}, true},
	} {
		t.Run(fmt.Sprint(test.sin, len(test.list), test.wrong), func(t *testing.T) {
			t.Parallel()
			out := sinful(test.sin).lead(t, test.list)
			if f, wrong := out.fault(); wrong != test.wrong || !wrong && len(out.ops) != len(test.list) {
				t.Errorf("got %v after %q: %s", wrong, out.ops, f.text)
			}
		})
	}
}

// TestTrial_exceptions: what is excused is counted as such, and only amid the commands
// that it is excused for.
func TestTrial_exceptions(t *testing.T) {
	file := filepath.Join(t.TempDir(), "verdicts")
	t.Setenv(trust.EnvFile, file)
	trial := sinful("code")
	trial.Exceptions = []Exception{{Where: `^GetCluster: error is "NotFound"`, Reason: "because"}}
	list := List{{Op: getCluster, After: idle}, {Op: listIID, After: idle}}
	out := trial.lead(t, list)
	if _, wrong := out.fault(); wrong || len(out.found) != 1 || len(out.ops) != 1 {
		t.Errorf("got %+v", out)
	}
	trial.note(out)
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), `"reason":"because"`) || strings.Count(string(text), "\n") != 1 {
		t.Errorf("noted is %s, %v", text, err)
	}
	trial.Exceptions[0].Amid = []string{listIID}
	if _, wrong := trial.lead(t, list).fault(); !wrong {
		t.Error("it is excused without the command that excuses it")
	}
	list = List{{Op: listIID, After: idle}, {Op: getCluster, After: amid}}
	if _, wrong := trial.lead(t, list).fault(); wrong {
		t.Error("it is not excused after the command that excuses it")
	}
}

// TestPlan: the same seed gives the same list, and every command and twist comes up.
func TestPlan(t *testing.T) {
	t.Parallel()
	p, _ := profile.Get("neutral")
	seen := map[string]bool{}
	for n := range 2000 {
		plan := func() List { return Plan(trust.Random(string(rune(n))), p.Caps, []string{"Nodes"}) }
		list := plan()
		if again := plan(); list.String() != again.String() {
			t.Fatalf("got\n%s\nand\n%s", list, again)
		}
		for _, c := range list {
			seen[c.Op] = true
			for _, name := range c.Twists {
				seen[name] = true
			}
		}
	}
	for _, op := range ops {
		if !seen[op] {
			t.Errorf("%s never comes up", op)
		}
	}
	for name := range clusterTwists {
		if !seen[name] {
			t.Errorf("the twist %s never comes up", name)
		}
	}
}
