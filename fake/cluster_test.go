// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

func TestHandler_CreateCluster(t *testing.T) {
	t.Parallel()
	for _, p := range profile.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := New(WithProfile(p.Name))
				req := p.SampleRequest("demo")
				req.Version = "default"
				if p.Caps.GroupsAtCreate.Max == 0 {
					req.NodeGroupList = nil
				}
				before := req.Clone()
				made, err := h.CreateCluster(t.Context(), req)
				if err != nil {
					t.Fatal(err)
				}
				same(t, "the request", req, before)
				same(t, "what a read shows", mustGet(t, h, made.IId), made)
				if made.Version != p.Standard() || made.Status != pmks.ClusterCreating {
					t.Errorf("got %s %s, want %s Creating", made.Version, made.Status, p.Standard())
				}

				other := req.Clone()
				other.Version = p.Offer[0].Name
				_, err = h.CreateCluster(t.Context(), other)
				if e := asError(t, err); e.Code != pmks.CodeAlreadyExists || e.Op != "CreateCluster" {
					t.Errorf("a second one: got %v, want AlreadyExists", err)
				}
				same(t, "the cluster after a second request", mustGet(t, h, made.IId), made)
			})
		})
	}
}

func TestHandler_CreateCluster_foreignOfTheSameName(t *testing.T) {
	t.Parallel()
	// The request is lost, and before it is looked for another one's cluster
	// takes the name: it is not to be taken for one's own.
	for _, name := range []string{"alibaba", "neutral"} { // names need not be unique on alibaba
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := mustProfile(t, name)
				h := New(WithProfile(name))
				h.Inject(Fault{Op: "CreateCluster", Kind: LoseRequest})
				req := p.SampleRequest("demo")
				if p.Caps.GroupsAtCreate.Max == 0 {
					req.NodeGroupList = nil
				}
				result := make(chan error)
				go func() {
					_, err := h.CreateCluster(t.Context(), req)
					result <- err
				}()
				// lost by now, and not looked for yet
				time.Sleep(time.Millisecond) //nolint:forbidigo // inside a synctest bubble
				if err := h.Put(Cluster{Name: "demo"}); err != nil {
					t.Fatal(err)
				}
				if e := asError(t, <-result); e.Code != pmks.CodeAlreadyExists || e.Op != "CreateCluster" {
					t.Errorf("got %v, want AlreadyExists of CreateCluster", e)
				}
				if list, err := h.ListIID(t.Context()); err != nil || len(list) != 1 {
					t.Errorf("got %v, %v, want the other one's cluster alone", list, err)
				}
			})
		})
	}
}

func TestHandler_GetCluster(t *testing.T) {
	t.Parallel()
	h := New(WithProfile("alibaba"), WithClusters(Cluster{Name: "one"}, Cluster{Name: "two"}, Cluster{Name: "two"}))
	one := mustGet(t, h, pmks.IID{NameId: "one"})
	tests := []struct {
		name string
		iid  pmks.IID
		code pmks.Code
		text string
	}{
		{"name", pmks.IID{NameId: "one"}, pmks.CodeOK, ""},
		{"id", pmks.IID{SystemId: one.IId.SystemId}, pmks.CodeOK, ""},
		{"id-wins", pmks.IID{NameId: "two", SystemId: one.IId.SystemId}, pmks.CodeOK, ""},
		{"unknown", pmks.IID{NameId: "three"}, pmks.CodeNotFound, `there is no cluster "three"`},
		{"unknown-id", pmks.IID{NameId: "one", SystemId: "c0"}, pmks.CodeNotFound, "one:c0"},
		{"ambiguous", pmks.IID{NameId: "two"}, pmks.CodeInvalidArgument, "ambiguous: give the SystemId, one of c"},
		{"empty", pmks.IID{}, pmks.CodeInvalidArgument, "give a NameId or a SystemId"},
		{"path", pmks.IID{SystemId: "../one"}, pmks.CodeInvalidArgument, "path segment"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			info, err := h.GetCluster(t.Context(), tt.iid)
			if pmks.CodeOf(err) != tt.code || err != nil && !strings.Contains(err.Error(), tt.text) {
				t.Fatalf("got %v, want %v with %q", err, tt.code, tt.text)
			}
			if err == nil && info.IId != one.IId {
				t.Errorf("got %v, want %v", info.IId, one.IId)
			}
		})
	}
}

// TestHandler_copies scribbles over what was returned: the cloud is not touched.
func TestHandler_copies(t *testing.T) {
	t.Parallel()
	for _, p := range profile.All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := New(WithProfile(p.Name))
				info := running(t, h, p)
				want := mustGet(t, h, info.IId)
				scribbled := mustGet(t, h, info.IId)
				for _, list := range [][]pmks.KeyValue{scribbled.TagList, scribbled.KeyValueList} {
					for i := range list {
						list[i] = pmks.KeyValue{Key: "x"}
					}
				}
				for i, g := range scribbled.NodeGroupList {
					for j := range g.Nodes {
						g.Nodes[j] = pmks.IID{NameId: "x"}
					}
					scribbled.NodeGroupList[i] = pmks.NodeGroupInfo{}
				}
				for i := range scribbled.Network.SubnetIIDs {
					scribbled.Network.SubnetIIDs[i] = pmks.IID{NameId: "x"}
				}
				same(t, "the cluster", mustGet(t, h, info.IId), want)

				caps := h.Capabilities()
				for _, rule := range []pmks.NameRule{caps.ClusterName, caps.NodeGroupName} {
					for i := range rule.Reserved {
						rule.Reserved[i] = "x"
					}
				}
				if slices.Contains(h.Capabilities().ClusterName.Reserved, "x") || slices.Contains(h.Capabilities().NodeGroupName.Reserved, "x") {
					t.Error("the capabilities of the handler can be changed from outside")
				}
			})
		})
	}
}

func TestHandler_ListCluster(t *testing.T) {
	t.Parallel()
	const n = 120 // three pages of neutral
	seeds := make([]Cluster, n)
	for i := range seeds {
		seeds[i] = Cluster{Name: fmt.Sprintf("c%03d", i)}
	}
	names := func(list []*pmks.ClusterInfo) []string {
		var names []string
		for _, info := range list {
			names = append(names, info.IId.NameId)
		}
		return names
	}
	for _, latency := range []time.Duration{0, time.Second} {
		t.Run("latency-"+latency.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := New(WithClusters(seeds...), WithLatency(latency))
				h.Inject(Fault{Op: "GetCluster", Cluster: "c007", Kind: Refuse, Code: pmks.CodeUnavailable, Reason: "out of order"})
				h.Inject(Fault{Op: "GetCluster", Cluster: "c008", Kind: Refuse, Code: pmks.CodeNotFound}) // vanished
				begin := time.Now()
				list, err := h.ListCluster(t.Context())
				e := asError(t, err)
				if e.Op != "ListCluster" || e.Cluster.NameId != "c007" || e.Code != pmks.CodeUnavailable {
					t.Errorf("got %v, want that c007 could not be read", err)
				}
				var want []string
				for i, seed := range seeds {
					if i != 7 && i != 8 {
						want = append(want, seed.Name)
					}
				}
				same(t, "the list", names(list), want)
				for _, info := range list {
					if info.AccessInfo.Kubeconfig != "" || info.AccessInfo.Endpoint == "" {
						t.Fatalf("%s: a list has the endpoint and no kubeconfig", info.IId)
					}
				}
				// Three pages one after the other, then eight clusters at a time.
				if took, most := time.Since(begin), (3+n/8)*latency; took > most {
					t.Errorf("took %s, want at most %s", took, most)
				}
			})
		})
	}
	t.Run("page-fails", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := New(WithClusters(seeds...))
			h.Inject(Fault{Op: "ListCluster", After: 1, Kind: Throttle, RetryAfter: time.Second})
			if _, err := h.ListCluster(t.Context()); !errors.Is(err, pmks.ErrThrottled) {
				t.Errorf("got %v, want Throttled", err)
			}
		})
	})
	t.Run("canceled", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := New(WithClusters(seeds...), WithLatency(time.Second))
			ctx, cancel := context.WithTimeout(t.Context(), 5500*time.Millisecond)
			defer cancel()
			if _, err := h.ListCluster(ctx); !errors.Is(err, context.DeadlineExceeded) || asError(t, err).Op != "ListCluster" {
				t.Errorf("got %v, want Timeout", err)
			}
		})
	})
	t.Run("ids", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			h := New(WithClusters(seeds...))
			list, err := h.ListIID(t.Context())
			if err != nil || len(list) != n {
				t.Fatalf("got %d, %v", len(list), err)
			}
			if calls := len(h.Calls()); calls != 3 {
				t.Errorf("took %d requests, want 3 pages", calls)
			}
		})
	})
}
