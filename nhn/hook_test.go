// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/nks"
	"github.com/pmks-go/pmks/nhn"
)

// hooked is a handler with hooks that count and change, and the bodies of what it sends.
type hooked struct {
	*nhn.Handler
	create, add, upgrade int
	steps                []pmks.UpgradeStep
	sent                 []string
}

func newHooked(t testing.TB, s *nks.Server) *hooked {
	t.Helper()
	h := &hooked{}
	cfg := configFor(s)
	through := cfg.Transport
	cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodPost && !strings.HasSuffix(r.URL.Path, "/tokens") {
			h.sent = append(h.sent, requestBody(t, r))
		}
		return through.RoundTrip(r)
	})
	cfg.BeforeCreateCluster = func(_ context.Context, req pmks.ClusterInfo, native *nhn.CreateClusterRequest) error {
		h.create++
		native.Labels["user_script_v2"] = base64.StdEncoding.EncodeToString([]byte(req.IId.NameId))
		req.NodeGroupList[0].DesiredNodeSize = 99 // a copy
		return nil
	}
	cfg.BeforeAddNodeGroup = func(_ context.Context, req pmks.NodeGroupInfo, native *nhn.CreateNodeGroupRequest) error {
		h.add++
		native.Labels["user_script_v2"] = "aGVsbG8="
		return nil
	}
	cfg.BeforeUpgrade = func(_ context.Context, step pmks.UpgradeStep, native *nhn.UpgradeRequest) error {
		h.upgrade++
		h.steps = append(h.steps, step)
		native.MaxUnavailableNodes = new(int)
		*native.MaxUnavailableNodes = 2
		return nil
	}
	h.Handler = providertest.New(t, nhn.New, cfg)
	return h
}

// sameBodies ends in an error unless what was sent is so many times the same, and holds
// a text.
func (h *hooked) sameBodies(t testing.TB, what string, want int, text string) {
	t.Helper()
	if len(h.sent) != want {
		t.Errorf("%s: %d requests, want %d", what, len(h.sent), want)
	}
	for _, body := range h.sent {
		if body != h.sent[0] || !strings.Contains(body, text) || !json.Valid([]byte(body)) {
			t.Errorf("%s: sent %s", what, body)
		}
	}
	h.sent = nil
}

// TestHooks: a hook is called once for each cluster, group and step, and what it has made
// of the request is what is sent, also when it is sent again after a request that was lost
// and after an answer that was lost.
func TestHooks(t *testing.T) {
	t.Parallel()
	for _, kind := range []core.FaultKind{"", core.FaultLoseRequest, core.FaultLoseReply} {
		t.Run("fault-"+string(kind), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := nks.New(nks.Options{Quota: noQuota})
				for _, op := range []string{"clusters.create", "nodegroups.create", "nodegroups.upgrade"} {
					if kind != "" {
						s.Inject(core.Fault{Op: op, Kind: kind})
					}
				}
				sent := map[core.FaultKind]int{core.FaultLoseRequest: 2}[kind]
				sent = max(1, sent)
				h := newHooked(t, s)
				req := labeled("demo")
				req.Version = "v1.32.3"
				made, err := h.CreateCluster(t.Context(), req)
				if err != nil {
					t.Fatal(err)
				}
				h.sameBodies(t, "create", sent, `"user_script_v2":"ZGVtbw=="`)
				awaitCluster(t, h, made.IId)
				if _, err := h.AddNodeGroup(t.Context(), made.IId, bench.SampleNodeGroup("more")); err != nil {
					t.Fatal(err)
				}
				h.sameBodies(t, "add", sent, `"user_script_v2":"aGVsbG8="`)
				awaitCluster(t, h, made.IId)
				if _, err := h.UpgradeCluster(t.Context(), made.IId, "v1.33.4"); err != nil {
					t.Fatal(err)
				}
				h.sameBodies(t, "upgrade", sent, `"num_max_unavailable_nodes":2`)
				info := awaitCluster(t, h, made.IId)
				if _, err := h.UpgradeCluster(t.Context(), made.IId, "v1.33.4"); err != nil {
					t.Fatal(err)
				}
				h.sameBodies(t, "upgrade of a group", 1, `"num_buffer_nodes":1,"num_max_unavailable_nodes":2`)
				if h.create != 1 || h.add != 1 || h.upgrade != 2 {
					t.Errorf("the hooks were called %d, %d, %d times", h.create, h.add, h.upgrade)
				}
				first := info.NodeGroupList[0]
				if h.steps[0].NodeGroup != (pmks.IID{}) || h.steps[0].From != "v1.32.3" || h.steps[0].To != "v1.33.4" || h.steps[0].Typical == 0 ||
					h.steps[1].NodeGroup != first.IId || h.steps[1].From != "v1.32.3" {
					t.Errorf("the steps are %+v", h.steps)
				}
				if first.DesiredNodeSize != 2 {
					t.Errorf("what a hook did to its copy counted: %+v", first)
				}
			})
		})
	}
}

// TestHooks_form: the hook is called once also where NKS wants the labels of nodes in the
// other form.
func TestHooks_form(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHooked(t, nks.New(nks.Options{Assumptions: nks.Assumptions{NodeLabelsForm: nks.FormObject}}))
		if _, err := h.CreateCluster(t.Context(), labeled("demo")); err != nil || h.create != 1 || len(h.sent) != 2 {
			t.Errorf("%v after %d hooks and %d requests", err, h.create, len(h.sent))
		}
	})
}

// TestHooks_unsendable: what a hook has put in and cannot be written is told as its fault,
// and nothing is sent.
func TestHooks_unsendable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := nks.New(nks.Options{})
		cfg := configFor(s)
		cfg.BeforeCreateCluster = func(_ context.Context, _ pmks.ClusterInfo, native *nhn.CreateClusterRequest) error {
			native.Labels["user_script_v2"] = make(chan int)
			return nil
		}
		_, err := providertest.New(t, nhn.New, cfg).CreateCluster(t.Context(), bench.SampleRequest("demo"))
		if e := asError(t, err); e.Code != pmks.CodeInvalidArgument || e.Field != "BeforeCreateCluster" || e.MayHaveHappened || s.Count("clusters.create") > 0 {
			t.Errorf("got %v after %d requests", err, s.Count("clusters.create"))
		}
	})
}

// TestHooks_refuse: a hook that fails, panics, or changes what pmks finds its own by ends
// the call by its name; nothing is sent, and nothing of the panic is told.
func TestHooks_refuse(t *testing.T) {
	t.Parallel()
	errMine := errors.New("not on a Friday")
	for name, test := range map[string]struct {
		spoil func(id *string) error
		says  string
	}{
		"fails":  {func(*string) error { return errMine }, "not on a Friday"},
		"panics": {func(*string) error { panic("hunter2") }, "panicked"},
		"renames": {func(id *string) error {
			*id = "other"
			return nil
		}, "changed the name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, _ *nhn.Handler, demo pmks.ClusterInfo) {
				cfg := configFor(s)
				cfg.BeforeCreateCluster = func(_ context.Context, _ pmks.ClusterInfo, native *nhn.CreateClusterRequest) error {
					return test.spoil(&native.Name)
				}
				cfg.BeforeAddNodeGroup = func(_ context.Context, _ pmks.NodeGroupInfo, native *nhn.CreateNodeGroupRequest) error {
					return test.spoil(&native.Name)
				}
				cfg.BeforeUpgrade = func(_ context.Context, _ pmks.UpgradeStep, native *nhn.UpgradeRequest) error {
					return test.spoil(&native.Version)
				}
				h := providertest.New(t, nhn.New, cfg)
				for field, call := range map[string]providertest.Call{
					"BeforeCreateCluster": providertest.CreateCluster(bench.SampleRequest("new")),
					"BeforeAddNodeGroup":  providertest.AddNodeGroup(demo.IId, bench.SampleNodeGroup("new")),
					"BeforeUpgrade":       providertest.UpgradeCluster(demo.IId, "v1.33.4"),
				} {
					err := call(t.Context(), h)
					if e := asError(t, err); e.Code != pmks.CodeInvalidArgument || e.Field != field || e.MayHaveHappened || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "hunter2") {
						t.Errorf("%s: %v", field, err)
					}
					if name == "fails" && !errors.Is(err, errMine) {
						t.Errorf("%s: %v does not hold the hook's own error", field, err)
					}
				}
				for _, op := range bench.Mutating {
					if s.Count(op) > 0 {
						t.Errorf("%s was sent", op)
					}
				}
			})
		})
	}
}
