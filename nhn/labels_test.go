// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/nks"
	"github.com/pmks-go/pmks/nhn"
)

// teamLabels are labels of nodes, one with a prefix and one without a value.
var teamLabels = map[string]string{"team": "blue", "example.com/tier": ""}

// labeled is a request with labels of nodes.
func labeled(name string) pmks.ClusterInfo {
	req := bench.SampleRequest(name)
	req.NodeGroupList[0].Labels = teamLabels
	return req
}

// awaitCluster waits until a cluster is Active, and returns it.
func awaitCluster(t testing.TB, h pmks.ClusterHandler, iid pmks.IID) pmks.ClusterInfo {
	t.Helper()
	info, err := pmks.WaitClusterActive(t.Context(), h, iid, pmks.WithInterval(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// TestLabels_forms: the labels of nodes are taken in whichever form NKS takes them; the
// other form is tried once in the life of a handler, and what is read is what was asked
// for, unless NKS does not show it.
func TestLabels_forms(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		a     nks.Assumptions
		tries int
		shown map[string]string
	}{
		{"either", nks.Assumptions{}, 1, teamLabels},
		{"text", nks.Assumptions{NodeLabelsForm: nks.FormText}, 1, teamLabels},
		{"object", nks.Assumptions{NodeLabelsForm: nks.FormObject}, 2, teamLabels},
		{"object-shown-as-text", nks.Assumptions{NodeLabelsForm: nks.FormObject, NodeLabelsText: true}, 2, teamLabels},
		{"hidden", nks.Assumptions{NodeLabelsHidden: true}, 1, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := nks.New(nks.Options{Assumptions: test.a})
				h := newHandler(t, s)
				made, err := h.CreateCluster(t.Context(), labeled("demo"))
				if err != nil {
					t.Fatal(err)
				}
				if n := s.Count("clusters.create"); n != test.tries || !maps.Equal(made.NodeGroupList[0].Labels, teamLabels) {
					t.Errorf("%d requests, and the labels are %v", n, made.NodeGroupList[0].Labels)
				}
				awaitCluster(t, h, made.IId)
				more := bench.SampleNodeGroup("more")
				more.Labels = map[string]string{"team": "green"}
				added, err := h.AddNodeGroup(t.Context(), made.IId, more)
				if err != nil || s.Count("nodegroups.create") != 1 || !maps.Equal(added.Labels, more.Labels) {
					t.Errorf("the group is %+v after %d requests, %v", added, s.Count("nodegroups.create"), err)
				}
				info := awaitCluster(t, h, made.IId)
				for _, g := range info.NodeGroupList {
					want := test.shown
					if g.IId.NameId == "more" && want != nil {
						want = more.Labels
					}
					if !maps.Equal(g.Labels, want) {
						t.Errorf("%s has %v, want %v", g.IId.NameId, g.Labels, want)
					}
				}
			})
		})
	}
}

// TestLabels_wrong: what NKS calls wrong in both forms is told in its words, of both where
// they differ, and nothing is made; what it calls busy, or refuses to a user, is not tried
// again.
func TestLabels_wrong(t *testing.T) {
	t.Parallel()
	answer := func(status int, text string) core.Fault {
		f := providertest.Answer(status, `{"errors":[{"code":"client","status":400,"title":"","detail":"`+text+`","links":[]}]}`)
		f.Op = "clusters.create"
		return f
	}
	for _, test := range []struct {
		name   string
		faults []core.Fault
		says   []string
		sent   int
		want   pmks.Code
	}{
		{"same-words", []core.Fault{answer(400, "the flavor is too small"), answer(400, "the flavor is too small")}, []string{"the flavor is too small"}, 2, pmks.CodeInvalidArgument},
		{"other-words", []core.Fault{answer(400, "labels must be text"), answer(400, "the flavor is too small")}, []string{"labels must be text", "the flavor is too small"}, 2, pmks.CodeInvalidArgument},
		{"role", []core.Fault{answer(403, "policy")}, []string{"policy"}, 1, pmks.CodePermissionDenied},
		{"quota", []core.Fault{answer(400, "Resource limit exceeded")}, []string{"limit exceeded"}, 1, pmks.CodeQuotaExceeded},
		{"then-role", []core.Fault{answer(400, "labels must be text"), answer(403, "policy")}, []string{"policy"}, 2, pmks.CodePermissionDenied},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := nks.New(nks.Options{})
				for _, f := range test.faults {
					s.Inject(f)
				}
				h := newHandler(t, s)
				_, err := h.CreateCluster(t.Context(), labeled("demo"))
				if e := asError(t, err); e.Code != test.want || e.MayHaveHappened || s.Count("clusters.create") != test.sent {
					t.Errorf("got %v after %d requests, want %s after %d", err, s.Count("clusters.create"), test.want, test.sent)
				}
				for _, word := range test.says {
					if strings.Count(err.Error(), word) != 1 {
						t.Errorf("got %v, want it to say %q once", err, word)
					}
				}
				if list, err := h.ListIID(t.Context()); err != nil || len(list) > 0 {
					t.Errorf("%d clusters, %v", len(list), err)
				}
			})
		})
	}
}

// TestLabels_lost: a lost answer to a creation in the other form is resolved as any is:
// one cluster, with its labels.
func TestLabels_lost(t *testing.T) {
	t.Parallel()
	for after := range 2 {
		synctest.Test(t, func(t *testing.T) {
			s := nks.New(nks.Options{Assumptions: nks.Assumptions{NodeLabelsForm: nks.FormObject}})
			s.Inject(core.Fault{Op: "clusters.create", After: after, Kind: core.FaultLoseReply})
			h := newHandler(t, s)
			made, err := h.CreateCluster(t.Context(), labeled("demo"))
			if err != nil {
				t.Fatal(err)
			}
			if g := awaitCluster(t, h, made.IId).NodeGroupList[0]; !maps.Equal(g.Labels, teamLabels) {
				t.Errorf("the group has %v", g.Labels)
			}
			if list, err := h.ListIID(t.Context()); err != nil || len(list) != 1 {
				t.Errorf("%d clusters, %v", len(list), err)
			}
		})
	}
}

// TestLabels_provision: the whole job makes a cluster with labels, and says the second time
// that it is there, whether NKS shows them or not; one with other labels is another's.
func TestLabels_provision(t *testing.T) {
	t.Parallel()
	for _, a := range []nks.Assumptions{{}, {NodeLabelsForm: nks.FormObject}, {NodeLabelsHidden: true}} {
		synctest.Test(t, func(t *testing.T) {
			s := nks.New(nks.Options{Assumptions: a, Quota: noQuota})
			req := labeled("demo")
			more := bench.SampleNodeGroup("more")
			more.Labels, more.Zones = map[string]string{"team": "green"}, []string{"kr-pub-b"}
			req.NodeGroupList = append(req.NodeGroupList, more)
			for range 2 {
				info, err := pmks.Provision(t.Context(), newHandler(t, s), req, pmks.WithInterval(time.Minute))
				if err != nil || len(info.NodeGroupList) != 2 || s.Count("nodegroups.create") != 1 {
					t.Fatalf("%d groups after %d requests, %v", len(info.NodeGroupList), s.Count("nodegroups.create"), err)
				}
			}
			req.NodeGroupList[1].Labels = map[string]string{"team": "red"}
			if _, err := pmks.Provision(t.Context(), newHandler(t, s), req, pmks.WithInterval(time.Minute)); pmks.CodeOf(err) != pmks.CodeAlreadyExists && !a.NodeLabelsHidden {
				t.Errorf("with other labels: %v", err)
			}
		})
	}
}

// TestLabels_notAdopted: where the answer to a creation is lost, a cluster or group with
// other labels is nobody of ours.
func TestLabels_notAdopted(t *testing.T) {
	t.Parallel()
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		other := newHandler(t, s)
		// lost is a handler whose first creation does not arrive, while somebody else makes
		// the same with other labels.
		lost := func(suffix string, rival func() error) *nhn.Handler {
			cfg := configFor(s)
			through := cfg.Transport
			sent := false
			cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
				if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, suffix) || sent {
					return through.RoundTrip(r)
				}
				if sent = true; rival() != nil {
					t.Error("the rival failed")
				}
				return nil, io.ErrUnexpectedEOF
			})
			return providertest.New(t, nhn.New, cfg)
		}
		group, theirs := bench.SampleNodeGroup("new"), bench.SampleNodeGroup("new")
		group.Labels, theirs.Labels = map[string]string{"team": "blue"}, map[string]string{"team": "red"}
		_, err := lost("/nodegroups", func() error { _, err := other.AddNodeGroup(t.Context(), demo.IId, theirs); return err }).AddNodeGroup(t.Context(), demo.IId, group)
		if pmks.CodeOf(err) != pmks.CodeAlreadyExists {
			t.Errorf("a group with other labels: %v", err)
		}
		awaitCluster(t, h, demo.IId)
		red := labeled("young")
		red.NodeGroupList[0].Labels = theirs.Labels
		_, err = lost("/v1/clusters", func() error { _, err := other.CreateCluster(t.Context(), red); return err }).CreateCluster(t.Context(), labeled("young"))
		if e := asError(t, err); !e.MayHaveHappened {
			t.Errorf("a cluster with other labels: %v", err)
		}
	})
}

// TestLabels_system: what is not the user's is not shown, however it is written.
func TestLabels_system(t *testing.T) {
	t.Parallel()
	for name, label := range map[string]any{
		"object":  map[string]any{"team": "blue", "magnum.openstack.org/role": "worker", "node.kubernetes.io/x": "y", "pmks.io/request": "r"},
		"text":    `{"team":"blue","kubernetes.io/os":"linux","x.k8s.io/y":"z"}`,
		"nothing": nil,
		"no-json": "team=blue",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := nks.New(nks.Options{})
				if err := s.PutCluster(nks.Seed{Seed: seed("demo"), GroupLabels: map[string]map[string]any{"default-worker": {"k8s_node_labels": label}}}); err != nil {
					t.Fatal(err)
				}
				var want map[string]string
				if name == "object" || name == "text" {
					want = map[string]string{"team": "blue"}
				}
				if got := get(t, newHandler(t, s), pmks.IID{NameId: "demo"}).NodeGroupList[0].Labels; !maps.Equal(got, want) {
					t.Errorf("got %v, want %v", got, want)
				}
			})
		})
	}
}

// TestNodes_kept: labels, zone and access stay as they are through every later change.
func TestNodes_kept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHandler(t, nks.New(nks.Options{Quota: noQuota}))
		req := labeled("demo")
		req.Version, req.NodeGroupList[0].Zones, req.Access.Mode = "v1.32.3", []string{"kr-pub-b"}, pmks.AccessPrivate
		made, err := h.CreateCluster(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		first := awaitCluster(t, h, made.IId)
		if made.Access.Mode != pmks.AccessPrivate || !slices.Equal(made.NodeGroupList[0].Zones, first.NodeGroupList[0].Zones) {
			t.Errorf("the creation tells %+v, and a read %+v", made, first)
		}
		group := first.NodeGroupList[0].IId
		more := bench.SampleNodeGroup("more")
		more.Zones = []string{"kr-pub-a"}
		for _, change := range []struct {
			name string
			call providertest.Call
		}{
			{"size", providertest.ChangeNodeGroupScaling(made.IId, group, 3, 1, 5)},
			{"autoscaling", providertest.SetNodeGroupAutoScaling(made.IId, group, true)},
			{"bounds", providertest.ChangeNodeGroupScaling(made.IId, group, 3, 1, 6)},
			{"no-autoscaling", providertest.SetNodeGroupAutoScaling(made.IId, group, false)},
			{"another-group", providertest.AddNodeGroup(made.IId, more)},
			{"control-plane", providertest.UpgradeCluster(made.IId, "v1.33.4")},
			{"group-upgrade", providertest.UpgradeCluster(made.IId, "v1.33.4")},
		} {
			if err := change.call(t.Context(), h); err != nil {
				t.Fatalf("%s: %v", change.name, err)
			}
			got := awaitCluster(t, h, made.IId)
			g, _ := got.NodeGroup(group)
			if !maps.Equal(g.Labels, teamLabels) || !slices.Equal(g.Zones, []string{"kr-pub-b"}) || !reflect.DeepEqual(got.Access, first.Access) {
				t.Errorf("after %s: labels %v, zones %v, access %+v", change.name, g.Labels, g.Zones, got.Access)
			}
		}
		if g, ok := get(t, h, made.IId).NodeGroup(more.IId); !ok || !slices.Equal(g.Zones, more.Zones) || g.Labels != nil {
			t.Errorf("the other group is %+v", g)
		}
	})
}
