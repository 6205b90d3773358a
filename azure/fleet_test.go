// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/azure"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/aks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// graphRow is a machine as Azure Resource Graph has it.
type graphRow struct {
	ID           string `json:"id"`
	ComputerName string `json:"computerName"`
}

// resourceGraph answers for Azure Resource Graph, a page of a hundred rows at a time.
type resourceGraph struct {
	t    *testing.T
	rows []graphRow
	fail func() *http.Response

	mu    sync.Mutex
	calls int
}

const graphPage = 100

func (g *resourceGraph) answer(r *http.Request) *http.Response {
	if !strings.HasSuffix(r.URL.Path, "/providers/Microsoft.ResourceGraph/resources") {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls++
	if g.fail != nil {
		return g.fail()
	}
	var body struct {
		Subscriptions []string
		Query         string
		Options       map[string]any
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.URL.Query().Get("api-version") != "2024-04-01" || r.Method != http.MethodPost ||
		len(body.Subscriptions) != 1 || body.Subscriptions[0] != aks.DefaultSubscriptionID || !strings.Contains(body.Query, "order by id asc") || !strings.Contains(body.Query, "location =~ 'koreacentral'") || body.Options["resultFormat"] != "objectArray" {
		g.t.Errorf("asked %s %s: %+v, %v", r.Method, r.URL, body, err)
	}
	from, top := 0, graphPage
	if n, ok := body.Options["$top"].(float64); ok {
		top = min(top, int(n))
	}
	if n, ok := body.Options["$skip"].(float64); ok {
		from = int(n)
	}
	if token, ok := body.Options["$skipToken"].(string); ok {
		if _, err := fmt.Sscan(token, &from); err != nil {
			g.t.Errorf("the token %q", token)
		}
	}
	to := min(from+top, len(g.rows))
	page := map[string]any{"totalRecords": len(g.rows), "count": to - from, "data": g.rows[from:to], "resultTruncated": "false"}
	if to < len(g.rows) {
		page["$skipToken"] = fmt.Sprint(to)
	}
	text, err := json.Marshal(page)
	if err != nil {
		g.t.Error(err)
	}
	return replyWith(http.StatusOK, string(text))
}

// indexed is a fleet of clusters with five pools of two machines, its index, and the
// nodes by the id of the pool as single reads show them.
func indexed(t *testing.T, clusters int) (*azure.Handler, *resourceGraph, *aks.Server, map[string][]pmks.IID) {
	t.Helper()
	s := fleet(t, clusters, 5, aks.Options{Latency: providertest.Latency})
	free := configFor(fleet(t, clusters, 5, aks.Options{}))
	free.RateLimits = "none"
	free.Transport = s.Transport()
	unhurried := newHandlerWith(t, free)
	graph := &resourceGraph{t: t, fail: func() *http.Response { return replyWith(403, `{"error":{"code":"AuthorizationFailed","message":"x"}}`) }}
	nodes := map[string][]pmks.IID{}
	for i := range clusters {
		time.Sleep(10 * time.Second) //nolint:forbidigo // inside a synctest bubble; the limits are Azure's
		info, err := unhurried.GetCluster(t.Context(), pmks.IID{NameId: fmt.Sprintf("c%03d", i)})
		if err != nil {
			t.Fatal(err)
		}
		for _, group := range info.NodeGroupList {
			if len(group.Nodes) != 2 {
				t.Fatalf("%s has %d nodes: %v", group.IId, len(group.Nodes), group.KeyValueList)
			}
			nodes[group.IId.SystemId] = group.Nodes
			for _, n := range group.Nodes {
				graph.rows = append(graph.rows, graphRow{strings.ToLower(n.SystemId), ""})
			}
		}
	}
	graph.fail = nil
	time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble: the buckets fill
	cfg := configFor(s)
	cfg.Transport = &tap{next: s.Transport(), answer: graph.answer}
	h := newHandlerWith(t, cfg)
	if _, err := h.ListIID(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Reset()
	return h, graph, s, nodes
}

// checkNodes compares a list with what single reads show.
func checkNodes(t *testing.T, list []*pmks.ClusterInfo, nodes map[string][]pmks.IID) {
	t.Helper()
	for _, info := range list {
		for _, g := range info.NodeGroupList {
			want := nodes[g.IId.SystemId]
			if len(g.Nodes) != len(want) || unreadOf(g.KeyValueList) != "" {
				t.Fatalf("%s has %d nodes, want %d; unread %q", g.IId, len(g.Nodes), len(want), unreadOf(g.KeyValueList))
			}
			for i := range want {
				if g.Nodes[i].NameId != want[i].NameId || !strings.EqualFold(g.Nodes[i].SystemId, want[i].SystemId) {
					t.Fatalf("%s: node %v, want %v", g.IId, g.Nodes[i], want[i])
				}
			}
		}
	}
}

// TestBudget_ListClusterOfMany: of 40 clusters with 5 pools the nodes come from the
// index: the list, a call for each hundred machines, and nothing else.
func TestBudget_ListClusterOfMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, graph, s, nodes := indexed(t, 40)
		start := time.Now()
		list, err := h.ListCluster(t.Context())
		if err != nil || len(list) != 40 {
			t.Fatalf("%d clusters, %v", len(list), err)
		}
		checkNodes(t, list, nodes)
		if got, want := s.Counts(), map[string]int{"ManagedClusters_ListByResourceGroup": 1}; !maps.Equal(got, want) || graph.calls != 4 {
			t.Errorf("calls %v and %d of the index, want %v and 4", got, graph.calls, want)
		}
		t.Logf("%d calls, %s", s.Count("")+graph.calls, time.Since(start))
	})
}

// TestListCluster_index: the index counts only where its number is right. What it has
// wrong, what is changing and what it may not tell is read singly.
func TestListCluster_index(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, graph, s, nodes := indexed(t, 12)
		graph.rows = graph.rows[1:] // one machine is missing: c000/g0
		if err := s.Force("c005", "g3", profile.Updating, ""); err != nil {
			t.Fatal(err)
		}
		list, err := h.ListCluster(t.Context())
		if err != nil || len(list) != 12 {
			t.Fatalf("%d clusters, %v", len(list), err)
		}
		checkNodes(t, list, nodes)
		if n := s.Count("Machines_List"); n != 2 {
			t.Errorf("%d pools were read singly, want 2", n)
		}
	})
}

// TestListCluster_withoutIndex: without the index all pools are read singly, as fast as
// AKS allows: all of them, and none refused.
func TestListCluster_withoutIndex(t *testing.T) {
	t.Parallel()
	for name, reply := range map[string]func() *http.Response{
		"forbidden": func() *http.Response { return replyWith(403, `{"error":{"code":"AuthorizationFailed","message":"x"}}`) },
		"throttled": func() *http.Response { return replyWith(429, `{"error":{"code":"RateLimiting","message":"x"}}`) },
		"422":       func() *http.Response { return replyWith(422, `{}`) },
		"empty":     func() *http.Response { return replyWith(200, `{}`) },
		"page":      func() *http.Response { return replyWith(502, `<html></html>`, "Content-Type", "text/html") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h, graph, s, nodes := indexed(t, 20)
				graph.fail = reply
				list, err := h.ListCluster(t.Context())
				if err != nil || len(list) != 20 {
					t.Fatalf("%d clusters, %v", len(list), err)
				}
				checkNodes(t, list, nodes)
				for _, call := range s.Calls() {
					if call.Status == http.StatusTooManyRequests {
						t.Fatalf("%s was refused", call.Op)
					}
				}
			})
		})
	}
}
