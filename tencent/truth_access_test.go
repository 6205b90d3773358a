// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/tke"
	"github.com/pmks-go/pmks/tencent"
)

// TestTruth_readsOpenNothing: reads open nothing, whatever they find.
func TestTruth_readsOpenNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := readyAccount(t, tke.Options{}, nil)
		h := newHandler(t, s)
		for range 3 {
			for _, call := range []providertest.Call{providertest.GetCluster(demo), providertest.ListCluster, providertest.ListIID, providertest.ReadState(demo, first), providertest.LastOperation(demo, first), providertest.GenerateClusterToken(demo)} {
				_ = call(t.Context(), h)
			}
			pass(time.Minute)
		}
		if n := writesOf(s); n != 0 {
			t.Errorf("%d writes", n)
		}
		info, err := h.GetCluster(t.Context(), demo)
		if err != nil || info.AccessInfo.Endpoint != "" || info.AccessInfo.Kubeconfig != "" {
			t.Errorf("an endpoint that is not open: %q, kubeconfig of %d bytes, %v", info.AccessInfo.Endpoint, len(info.AccessInfo.Kubeconfig), err)
		}
	})
}

// TestTruth_openOnce: openAccess: lost in every way, twice, at once: one endpoint is made,
// once; and one that failed can be made again.
func TestTruth_openOnce(t *testing.T) {
	t.Parallel()
	for _, kind := range []core.FaultKind{"", core.FaultLoseReply, core.FaultLoseRequest, core.FaultHangReply} {
		for _, closed := range []bool{false, true} {
			t.Run(fmt.Sprint(kind, closed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := readyAccount(t, tke.Options{Assumptions: tke.Assumptions{ClosedEndpointShown: closed}}, nil)
					h := newHandler(t, s)
					if kind != "" {
						s.Inject(core.Fault{Op: "CreateClusterEndpoint", Kind: kind, Times: 1})
					}
					var group sync.WaitGroup
					for range 3 {
						group.Go(func() {
							ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
							defer cancel()
							if err := h.OpenAccess(ctx, demo); err != nil && pmks.CodeOf(err) != pmks.CodeBusy {
								t.Errorf("%v", err)
							}
						})
					}
					group.Wait()
					pass(time.Hour)
					if err := h.OpenAccess(t.Context(), demo); err != nil {
						t.Errorf("again: %v", err)
					}
					info, err := h.GetCluster(t.Context(), demo)
					if err != nil || !strings.HasPrefix(info.AccessInfo.Endpoint, "https://") || !strings.Contains(info.AccessInfo.Kubeconfig, info.AccessInfo.Endpoint) {
						t.Errorf("%q, %v\n%s", info.AccessInfo.Endpoint, err, info.AccessInfo.Kubeconfig)
					}
					for range 2 {
						if err := h.CloseAccess(t.Context(), demo); err != nil {
							t.Errorf("close: %v", err)
						}
					}
					pass(time.Hour)
					if info, err = h.GetCluster(t.Context(), demo); err != nil || info.AccessInfo.Endpoint != "" || info.AccessInfo.Kubeconfig != "" {
						t.Errorf("closed: %q, %v", info.AccessInfo.Endpoint, err)
					}
					if err := h.OpenAccess(t.Context(), demo); err != nil {
						t.Errorf("opened once more: %v", err)
					}
				})
			})
		}
	}
}

// TestTruth_openFailed: an endpoint whose making failed: the error says why, and the next
// OpenAccess tries again.
func TestTruth_openFailed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := readyAccount(t, tke.Options{}, nil)
		h := newHandler(t, s)
		cancel := s.Inject(core.Fault{Op: "CreateClusterEndpoint", Kind: core.FaultFailLater, Reason: "LimitExceeded: the quota of load balancers is used up"})
		err := h.OpenAccess(t.Context(), demo)
		cancel()
		pass(time.Hour)
		info, gerr := h.GetCluster(t.Context(), demo)
		if err != nil || gerr != nil || info.AccessInfo.Endpoint != "" {
			t.Errorf("%v; then %q, %v", err, info.AccessInfo.Endpoint, gerr)
		}
		if err = h.OpenAccess(t.Context(), demo); err != nil {
			t.Errorf("again: %v", err)
		}
		pass(time.Hour)
		if info, gerr = h.GetCluster(t.Context(), demo); gerr != nil || info.AccessInfo.Endpoint == "" {
			t.Errorf("%q, %v", info.AccessInfo.Endpoint, gerr)
		}
	})
}

// TestTruth_openWithoutNode: without a node there is no endpoint, and what to do is said.
// It takes the request that is refused, and no look after it: a count of nodes that is 0
// does not say beforehand that TKE refuses, for it may leave out super nodes.
func TestTruth_openWithoutNode(t *testing.T) {
	t.Parallel()
	for _, other := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := tke.New(tke.Options{Assumptions: tke.Assumptions{OtherCodes: other}})
			putCluster(t, s, core.Seed{Name: "demo"})
			err := newHandler(t, s).OpenAccess(t.Context(), demo)
			if pmks.CodeOf(err) != pmks.CodeFailedPrecondition || !strings.Contains(err.Error(), "node") {
				t.Errorf("%v", err)
			}
			for action, want := range map[string]int{"DescribeClusters": 1, "DescribeClusterEndpointStatus": 1, "CreateClusterEndpoint": 1} {
				if n := s.Count(action); n != want {
					t.Errorf("%d requests of %s, want %d", n, action, want)
				}
			}
		})
	}
}

// TestTruth_unknownDoor: a word that nobody knows, or none, is not "closed": a load
// balancer would be left.
func TestTruth_unknownDoor(t *testing.T) {
	t.Parallel()
	for _, word := range []any{"Tomorrow", "", nil} {
		for _, what := range []string{"open", "close", "delete"} {
			t.Run(fmt.Sprint(what, word), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := readyAccount(t, tke.Options{}, map[string]string{tke.AttrPublic: "yes"})
					h := newHandlerOn(t, rewritten(s, "DescribeClusterEndpointStatus", func(_ int, a map[string]any, _ string) { a["Status"] = word }))
					var err error
					switch what {
					case "open":
						err = h.OpenAccess(t.Context(), demo)
					case "close":
						err = h.CloseAccess(t.Context(), demo)
					default:
						ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
						defer cancel()
						_, err = h.DeleteCluster(ctx, demo)
					}
					if err == nil && s.Count("DeleteClusterEndpoint") == 0 || s.Count("CreateClusterEndpoint") != 0 {
						t.Errorf("told %v; %d closed, %d opened", err, s.Count("DeleteClusterEndpoint"), s.Count("CreateClusterEndpoint"))
					}
				})
			})
		}
	}
}

// TestTruth_doorUnread: the status of the endpoint cannot be read for a while: a deletion
// does not go on as if it were closed.
func TestTruth_doorUnread(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := readyAccount(t, tke.Options{}, map[string]string{tke.AttrPublic: "yes"})
		h := newHandlerOn(t, hooked(s, "DescribeClusterEndpointStatus", func(_ int, r *http.Request) *http.Response { return providertest.Respond(r, 502, "<html></html>") }))
		_, err := h.DeleteCluster(t.Context(), demo)
		if err == nil && s.Count("DeleteClusterEndpoint") == 0 {
			t.Error("the cluster is deleted, and its load balancer was not even looked for")
		}
	})
}

// TestTruth_closeLost: the answer to the closing of an endpoint is lost.
func TestTruth_closeLost(t *testing.T) {
	t.Parallel()
	for _, kind := range []core.FaultKind{core.FaultLoseReply, core.FaultLoseRequest, core.FaultHangReply} {
		for _, del := range []bool{false, true} {
			t.Run(fmt.Sprint(kind, del), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := readyAccount(t, tke.Options{}, map[string]string{tke.AttrPublic: "yes"})
					s.Inject(core.Fault{Op: "DeleteClusterEndpoint", Kind: kind, Times: 1})
					h := newHandler(t, s)
					if del {
						if _, err := h.DeleteCluster(t.Context(), demo); err != nil {
							t.Errorf("%v", err)
						}
						return
					}
					if err := h.CloseAccess(t.Context(), demo); err != nil {
						t.Errorf("%v", err)
					}
					pass(time.Hour)
					if info, err := h.GetCluster(t.Context(), demo); err != nil || info.AccessInfo.Endpoint != "" {
						t.Errorf("%q, %v", info.AccessInfo.Endpoint, err)
					}
				})
			})
		}
	}
}

// TestTruth_endpointGoesToo: the load balancer of an endpoint that pmks has opened goes
// with the cluster.
func TestTruth_endpointGoesToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tke.New(tke.Options{})
		h := newHandler(t, s)
		info, err := pmks.Provision(t.Context(), h, bench.SampleRequest("life"), pmks.WithInterval(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		if info.AccessInfo.Endpoint == "" {
			t.Errorf("Provision opened nothing: %+v", info.KeyValueList)
		}
		if err := pmks.Teardown(t.Context(), h, info.IId); err != nil {
			t.Fatal(err)
		}
		if n := s.Count("DeleteClusterEndpoint"); n != 1 {
			t.Errorf("it was closed %d times", n)
		}
	})
}

// TestTruth_private: a private connection opens, shows and closes the private endpoint,
// not the public one.
func TestTruth_private(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := readyAccount(t, tke.Options{}, nil)
		h := newHandler(t, s, func(c *tencent.Config) { c.EndpointAccess = "private" })
		if err := h.OpenAccess(t.Context(), demo); err != nil {
			t.Fatal(err)
		}
		pass(10 * time.Minute)
		info, err := h.GetCluster(t.Context(), demo)
		if err != nil || !strings.HasPrefix(info.AccessInfo.Endpoint, "https://10.") || !strings.Contains(info.AccessInfo.Kubeconfig, info.AccessInfo.Endpoint) {
			t.Errorf("%q, %v", info.AccessInfo.Endpoint, err)
		}
		other, err := newHandler(t, s).GetCluster(t.Context(), demo)
		if err != nil || other.AccessInfo.Endpoint != "" || other.AccessInfo.Kubeconfig != "" {
			t.Errorf("a public connection shows %q, %v", other.AccessInfo.Endpoint, err)
		}
		if err := h.CloseAccess(t.Context(), demo); err != nil {
			t.Error(err)
		}
	})
}

// TestTruth_kubeconfig: the kubeconfig works: the names are texts, and no other file than
// kubectl's is needed.
func TestTruth_kubeconfig(t *testing.T) {
	t.Parallel()
	for shape := range 3 {
		synctest.Test(t, func(t *testing.T) {
			s := readyAccount(t, tke.Options{Assumptions: tke.Assumptions{Endpoint: tke.EndpointShape(shape)}}, nil)
			h := newHandler(t, s)
			if err := h.OpenAccess(t.Context(), demo); err != nil {
				t.Fatal(err)
			}
			pass(10 * time.Minute)
			info, err := h.GetCluster(t.Context(), demo)
			if err != nil {
				t.Fatal(err)
			}
			config := info.AccessInfo.Kubeconfig
			if strings.Contains(config, "user: 1000") || strings.Contains(config, "name: 1000") || !strings.Contains(config, "client-key-data") {
				t.Errorf("shape %d: %s", shape, config)
			}
			if strings.HasSuffix(info.AccessInfo.Endpoint, ":443") || !strings.HasPrefix(info.AccessInfo.Endpoint, "https://") {
				t.Errorf("endpoint %q", info.AccessInfo.Endpoint)
			}
			// Never printed.
			var out bytes.Buffer
			slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "info", info, "list", []pmks.ClusterInfo{info})
			fmt.Fprintf(&out, "%v %+v %#v", info, info, info)
			if strings.Contains(out.String(), "client-key-data") {
				t.Error("it is printed")
			}
		})
	}
}

// TestTruth_kubeconfigLeak: a kubeconfig that comes in a broken or refused answer, or as
// another type, is in no error, log or unread note.
func TestTruth_kubeconfigLeak(t *testing.T) {
	t.Parallel()
	const key = "c2VjcmV0LWtleS1vZi10aGUta3ViZWNvbmZpZw"
	for name, body := range map[string]string{
		"mistyped": `{"Response":{"Kubeconfig":["client-key-data: ` + key + `"],"RequestId":"r"}}`, "cut": `{"Response":{"Kubeconfig":"client-key-data: ` + key,
		"odd": `{"Response":{"Kubeconfig":"users:\n- name: 1\n  user:\n    client-key-data: ` + key + `\n  - : : bad","RequestId":"r"}}`, "html": `<html>` + key + `</html>`,
		"error": `{"Response":{"Error":{"Code":"InternalError","Message":"client-key-data: ` + key + `"},"RequestId":"r"}}`,
	} {
		for _, status := range []int{200, 500} {
			t.Run(fmt.Sprint(name, status), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := readyAccount(t, tke.Options{}, nil)
					clean := newHandler(t, s)
					if err := clean.OpenAccess(t.Context(), demo); err != nil {
						t.Fatal(err)
					}
					pass(10 * time.Minute)
					var out bytes.Buffer
					h := newHandlerOn(t, hooked(s, "DescribeClusterKubeconfig", func(_ int, r *http.Request) *http.Response {
						return providertest.Respond(r, status, body)
					}), func(c *tencent.Config) {
						c.Logger = slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
					})
					info, err := h.GetCluster(t.Context(), demo)
					fmt.Fprintf(&out, "%v %+v %v", err, info, info.KeyValueList)
					if err != nil {
						t.Errorf("a secondary read fails all: %v", err)
					}
					if name != "error" && strings.Contains(out.String(), key) {
						t.Error("the key is shown")
					}
					if name != "odd" && info.AccessInfo.Kubeconfig != "" {
						t.Errorf("kubeconfig %q", info.AccessInfo.Kubeconfig)
					}
				})
			})
		}
	}
}

// TestTruth_provisionWrites: what is created is not billed by surprise: no public address,
// no password, no protection, one request.
func TestTruth_provisionWrites(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tke.New(tke.Options{})
		h := newHandler(t, s)
		info, err := pmks.Provision(t.Context(), h, bench.SampleRequest("life"), pmks.WithInterval(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		for op, want := range map[string]int{"CreateCluster": 1, "CreateClusterNodePool": 1, "CreateClusterEndpoint": 1} {
			if n := s.Count(op); n != want {
				t.Errorf("%s: %d times", op, n)
			}
		}
		if info.AccessInfo.Endpoint == "" || info.AccessInfo.Kubeconfig == "" {
			t.Errorf("endpoint %q, kubeconfig of %d bytes", info.AccessInfo.Endpoint, len(info.AccessInfo.Kubeconfig))
		}
		again, err := pmks.Provision(t.Context(), newHandler(t, s), bench.SampleRequest("life"), pmks.WithInterval(time.Minute))
		if err != nil || again.IId != info.IId || writesOf(s) != 3 {
			t.Errorf("again: %v, %d writes", err, writesOf(s))
		}
	})
}

// TestTruth_blockedDelete: what blocks a deletion is seen before the endpoint is closed.
func TestTruth_blockedDelete(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := readyAccount(t, tke.Options{}, map[string]string{tke.AttrPublic: "yes"})
		if err := s.ProtectNodes("demo", "ng1", true); err != nil {
			t.Fatal(err)
		}
		_, err := newHandler(t, s).DeleteCluster(t.Context(), demo)
		if pmks.CodeOf(err) != pmks.CodeFailedPrecondition {
			t.Errorf("%v", err)
		}
		if s.Count("DeleteClusterEndpoint") != 0 && !strings.Contains(err.Error(), "closed") {
			t.Errorf("the endpoint is closed, and the error does not say so: %v", err)
		}
	})
}
