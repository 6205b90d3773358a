// SPDX-License-Identifier: Apache-2.0

package gcp_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/gcp"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/gke"
)

// TestAnswer_mutation: a change whose answer holds nothing is looked for; it is made
// once, whether or not it had been made.
func TestAnswer_mutation(t *testing.T) {
	t.Parallel()
	group := pmks.IID{NameId: "g"}
	for _, test := range []struct {
		op string
		do func(context.Context, *gcp.Handler, pmks.IID) error
	}{
		{"CreateCluster", func(ctx context.Context, h *gcp.Handler, _ pmks.IID) error {
			_, err := h.CreateCluster(ctx, sample("fresh"))
			return err
		}},
		{"DeleteCluster", func(ctx context.Context, h *gcp.Handler, iid pmks.IID) error {
			_, err := h.DeleteCluster(ctx, iid)
			return err
		}},
		{"CreateNodePool", func(ctx context.Context, h *gcp.Handler, iid pmks.IID) error {
			_, err := h.AddNodeGroup(ctx, iid, pmks.NodeGroupInfo{IId: pmks.IID{NameId: "new"}, VMSpecName: "e2-standard-4", DesiredNodeSize: 1})
			return err
		}},
		{"DeleteNodePool", func(ctx context.Context, h *gcp.Handler, iid pmks.IID) error {
			_, err := h.RemoveNodeGroup(ctx, iid, group)
			return err
		}},
		{"SetNodePoolSize", func(ctx context.Context, h *gcp.Handler, iid pmks.IID) error {
			_, err := h.ChangeNodeGroupScaling(ctx, iid, group, 5, 3, 6)
			return err
		}},
		{"SetNodePoolAutoscaling", func(ctx context.Context, h *gcp.Handler, iid pmks.IID) error {
			_, err := h.SetNodeGroupAutoScaling(ctx, iid, group, true)
			return err
		}},
		{"SetLabels", func(ctx context.Context, h *gcp.Handler, iid pmks.IID) error {
			_, err := h.ChangeNodeGroupScaling(ctx, iid, group, 3, 1, 9)
			return err
		}},
		{"UpdateMaster", func(ctx context.Context, h *gcp.Handler, iid pmks.IID) error {
			_, err := h.UpgradeCluster(ctx, iid, "1.34")
			return err
		}},
	} {
		for _, body := range []string{"null", "{}", "", "[]", `"text"`, "<html>", `{"name":7}`, `{"name":"oper`} {
			for _, kind := range []core.FaultKind{core.FaultAnswer, core.FaultAnswerReply} {
				t.Run(fmt.Sprintf("%s/%s/%s", test.op, body, kind), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						s := gke.New(gke.Options{})
						iid := put(t, s, region+"-a", "demo", func(s *gke.Seed) { s.Version = "1.33.5-gke.2072000" })
						s.Inject(core.Fault{Op: test.op, Kind: kind, Answer: &core.Answer{Status: 200, Body: body, Header: map[string]string{"Content-Type": "application/json"}}})
						if err := test.do(t.Context(), newHandler(t, s), iid); err != nil {
							t.Fatalf("got %v", err)
						}
						want := map[core.FaultKind]int{core.FaultAnswer: 2, core.FaultAnswerReply: 1}[kind]
						if n := s.Count(test.op); n != want {
							t.Errorf("it was sent %d times, want %d", n, want)
						}
					})
				})
			}
		}
	}
}

// TestAnswer_read: a read whose answers hold nothing fails as unavailable; of a list
// of GKE nothing means that it is empty.
func TestAnswer_read(t *testing.T) {
	t.Parallel()
	iid, group := pmks.IID{NameId: "c000", SystemId: "c000"}, pmks.IID{NameId: "g0"}
	for op, do := range map[string]func(context.Context, *gcp.Handler) error{
		"GetCluster":      func(ctx context.Context, h *gcp.Handler) error { _, err := h.GetCluster(ctx, iid); return err },
		"GetNodePool":     func(ctx context.Context, h *gcp.Handler) error { _, err := h.ReadState(ctx, iid, group); return err },
		"GetServerConfig": func(ctx context.Context, h *gcp.Handler) error { _, err := h.ListVersions(ctx); return err },
		"networks.get":    func(ctx context.Context, h *gcp.Handler) error { return h.CheckCluster(ctx, sample("x")) },
		"subnetworks.get": func(ctx context.Context, h *gcp.Handler) error { return h.CheckCluster(ctx, sample("x")) },
		"ListClusters":    func(ctx context.Context, h *gcp.Handler) error { _, err := h.ListIID(ctx); return err },
		"ListOperations": func(ctx context.Context, h *gcp.Handler) error {
			_, err := h.LastOperation(ctx, iid, pmks.IID{})
			return err
		},
	} {
		for _, body := range []string{"null", "{}", "", "[]", "<html>", `{"name":"someone-else"}`, `{"name":"c0`} {
			t.Run(op+"/"+body, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := fleet(t, 1, 1, gke.Options{})
					s.Inject(core.Fault{Op: op, Times: -1, Kind: core.FaultAnswer, Answer: &core.Answer{Status: 200, Body: body, Header: map[string]string{"Content-Type": "application/json"}}})
					err := do(t.Context(), newHandler(t, s))
					if list := strings.HasPrefix(op, "List"); list && strings.HasPrefix(body, "{") && strings.HasSuffix(body, "}") {
						if err != nil && pmks.CodeOf(err) != pmks.CodeNotFound {
							t.Errorf("got %v", err)
						}
						return
					}
					if pmks.CodeOf(err) != pmks.CodeUnavailable || !pmks.Retryable(err) {
						t.Errorf("got %v", err)
					}
				})
			})
		}
	}
}

// TestAnswer_refusal: every 4xx ends a change at once, and nobody is told that it may
// have happened.
func TestAnswer_refusal(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status int
		body   string
		want   pmks.Code
	}{
		{400, "{}", pmks.CodeInvalidArgument}, {402, "{}", pmks.CodeFailedPrecondition}, {403, "<html>", pmks.CodePermissionDenied},
		{405, "{}", pmks.CodeInvalidArgument}, {407, "<html>", pmks.CodeFailedPrecondition}, {409, "{}", pmks.CodeBusy},
		{409, `{"error":{"code":409,"message":"It already exists"}}`, pmks.CodeAlreadyExists}, {413, "{}", pmks.CodeInvalidArgument},
		{418, "{}", pmks.CodeFailedPrecondition}, {422, "{}", pmks.CodeInvalidArgument}, {429, "{}", pmks.CodeThrottled},
		{429, `{"error":{"code":429,"status":"FAILED_PRECONDITION","message":"too fast"}}`, pmks.CodeThrottled}, {451, "{}", pmks.CodePermissionDenied},
		{404, "<html>", pmks.CodeUnavailable}, {404, "{}", pmks.CodeUnavailable},
	} {
		for _, protocol := range []string{"rest", "grpc"} {
			t.Run(fmt.Sprint(test.status, " ", test.body, " ", protocol), func(t *testing.T) {
				t.Parallel()
				if protocol == "grpc" && strings.HasPrefix(test.body, `{"error"`) {
					return // a proxy does not speak so
				}
				synctest.Test(t, func(t *testing.T) {
					s := fleet(t, 1, 1, gke.Options{})
					kind := "application/json"
					if strings.HasPrefix(test.body, "<") {
						kind = "text/html"
					}
					s.Inject(core.Fault{Op: "DeleteCluster", Times: -1, Kind: core.FaultAnswer,
						Answer: &core.Answer{Status: test.status, Body: test.body, Header: map[string]string{"Content-Type": kind}}})
					cfg := configFor(s)
					if protocol == "grpc" {
						overGRPC(s)(&cfg)
					}
					_, err := newHandlerWith(t, cfg).DeleteCluster(t.Context(), pmks.IID{NameId: "c000", SystemId: "c000"})
					if pmks.CodeOf(err) != test.want || asError(t, err).MayHaveHappened || s.Count("DeleteCluster") != 1 {
						t.Errorf("got %v after %d requests, want %s", err, s.Count("DeleteCluster"), test.want)
					}
					if protocol == "rest" && strings.HasPrefix(test.body, "<") && !strings.Contains(err.Error(), "proxy") {
						t.Errorf("nothing says whose page it is: %v", err)
					}
				})
			})
		}
	}
}

// TestAnswer_parent: that the project, or nothing in particular, is not found ends no
// Teardown as success.
func TestAnswer_parent(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"bare": "{}", "page": "<html>",
		"project": `{"error":{"code":404,"status":"NOT_FOUND","message":"Not found: projects/pmks-sim."}}`,
		"other":   `{"error":{"code":404,"status":"NOT_FOUND","message":"Not found: projects/pmks-sim/zones/asia-northeast3-a/clusters/c0001."}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := fleet(t, 1, 1, gke.Options{})
				cfg := configFor(s)
				cfg.Transport = roundTripper(func(r *http.Request) (*http.Response, error) { return respond(r, 404, body), nil })
				h := newHandlerWith(t, cfg)
				if err := pmks.Teardown(t.Context(), h, pmks.IID{NameId: "c000", SystemId: "c000"}); pmks.CodeOf(err) != pmks.CodeUnavailable {
					t.Errorf("Teardown: %v", err)
				}
				if _, err := h.GetCluster(t.Context(), pmks.IID{NameId: "c000", SystemId: "c000"}); pmks.CodeOf(err) != pmks.CodeUnavailable {
					t.Errorf("GetCluster: %v", err)
				}
			})
		})
	}
}
