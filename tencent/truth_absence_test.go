// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/tke"
)

// TestTruth_shiftedPages: a cluster goes between two pages: what was on the second is on
// the first now, and is not lost.
func TestTruth_shiftedPages(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"ListIID", "ListCluster", "by-name", "create"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := tke.New(tke.Options{Unlimited: true})
				for i := range 130 {
					putCluster(t, s, core.Seed{Name: fmt.Sprintf("c%03d", i)})
				}
				clean := newHandler(t, s)
				all, err := clean.ListIID(t.Context())
				if err != nil || len(all) != 130 {
					t.Fatalf("%d, %v", len(all), err)
				}
				gone, shifted := all[3], all[100]
				once := false
				h := newHandlerOn(t, providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
					if actionOf(r) == "DescribeClusters" && strings.Contains(bodyOf(r), `"Offset":100`) && !once {
						once = true
						if err := s.Force(gone.NameId, "", profile.Gone, ""); err != nil {
							t.Error(err)
						}
					}
					return s.Transport().RoundTrip(r)
				}))
				switch what {
				case "ListIID", "ListCluster":
					var names []string
					if what == "ListIID" {
						list, lerr := h.ListIID(t.Context())
						if err = lerr; err == nil {
							for _, c := range list {
								names = append(names, c.NameId)
							}
						}
					} else {
						list, lerr := h.ListCluster(t.Context())
						if err = lerr; err == nil {
							for _, c := range list {
								names = append(names, c.IId.NameId)
							}
						}
					}
					if err == nil && !strings.Contains(strings.Join(names, " "), shifted.NameId) {
						t.Errorf("%s is lost among %d without a word", shifted.NameId, len(names))
					}
				case "create":
					if _, err := h.CreateCluster(t.Context(), plainRequest(shifted.NameId)); err == nil {
						t.Errorf("a second cluster of the name %s was made", shifted.NameId)
					}
				default:
					if _, err := h.GetCluster(t.Context(), pmks.IID{NameId: shifted.NameId}); err != nil {
						t.Errorf("%v", err)
					}
				}
			})
		})
	}
}

// TestTruth_manyNodes: more than twenty, and more than a hundred nodes, and nodes of
// nobody.
func TestTruth_manyNodes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tke.New(tke.Options{})
		g := bench.SampleNodeGroup("ng1")
		g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize = 130, 1, 200
		putCluster(t, s, core.Seed{Name: "demo", Attr: map[string]string{tke.AttrStrays: "ins-al0ne00a,np-nat1ve0a-x7k2p"}, Groups: []pmks.NodeGroupInfo{g, bench.SampleNodeGroup("ng2")}})
		h := newHandler(t, s)
		info, err := h.GetCluster(t.Context(), demo)
		if err != nil || len(info.NodeGroupList) != 2 || len(info.NodeGroupList[0].Nodes)+len(info.NodeGroupList[1].Nodes) != 130+bench.SampleNodeGroup("x").DesiredNodeSize {
			t.Errorf("%v, %d groups", err, len(info.NodeGroupList))
		}
	})
}

// TestTruth_pagesWithoutEnd: a list that promises more and gives the same, or gives
// nothing.
func TestTruth_pagesWithoutEnd(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(map[string]any){
		"promises":   func(a map[string]any) { a["TotalCount"] = 500 },
		"no-total":   func(a map[string]any) { delete(a, "TotalCount") },
		"null-total": func(a map[string]any) { a["TotalCount"] = nil },
		"null-list":  func(a map[string]any) { a["Clusters"] = nil; a["TotalCount"] = 3 },
		"less": func(a map[string]any) {
			a["TotalCount"] = 7
			if l := a["Clusters"].([]any); len(l) > 0 {
				a["Clusters"] = l[:1]
			}
		},
		"null-member": func(a map[string]any) { a["Clusters"] = append(a["Clusters"].([]any), nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := tke.New(tke.Options{})
				for i := range 3 {
					putCluster(t, s, core.Seed{Name: fmt.Sprintf("c%03d", i)})
				}
				h := newHandlerOn(t, rewritten(s, "DescribeClusters", func(_ int, a map[string]any, _ string) { change(a) }))
				list, err := h.ListIID(t.Context())
				if err == nil && len(list) != 3 || err != nil && pmks.CodeOf(err) != pmks.CodeUnavailable {
					t.Errorf("%d of 3 without a word, or %v", len(list), err)
				}
				if n := s.Count("DescribeClusters"); n > 30 {
					t.Errorf("%d pages were read", n)
				}
			})
		})
	}
}

// TestTruth_anotherCluster: an answer about another cluster, or with a total that its list
// does not keep, is no absence and no answer.
func TestTruth_anotherCluster(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(map[string]any){
		"another": func(a map[string]any) {
			for _, c := range a["Clusters"].([]any) {
				c.(map[string]any)["ClusterId"] = "cls-an0ther0"
			}
		},
		"empty-but-one": func(a map[string]any) { a["Clusters"] = []any{} },
		"no-total":      func(a map[string]any) { a["Clusters"] = []any{}; delete(a, "TotalCount") },
		"null-id": func(a map[string]any) {
			for _, c := range a["Clusters"].([]any) {
				c.(map[string]any)["ClusterId"] = nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := readyAccount(t, tke.Options{}, nil)
				info, err := newHandler(t, s).GetCluster(t.Context(), demo)
				if err != nil {
					t.Fatal(err)
				}
				id := pmks.IID{SystemId: info.IId.SystemId}
				h := newHandlerOn(t, rewritten(s, "DescribeClusters", func(_ int, a map[string]any, _ string) { change(a) }))
				for what, call := range map[string]providertest.Call{
					"get": providertest.GetCluster(id), "state": providertest.ReadState(id, pmks.IID{}), "delete": providertest.DeleteCluster(id),
					"remove": providertest.RemoveNodeGroup(id, first), "token": providertest.GenerateClusterToken(id), "operation": providertest.LastOperation(id, pmks.IID{}),
				} {
					if err := call(t.Context(), h); err == nil || pmks.CodeOf(err) == pmks.CodeNotFound && what != "token" && what != "operation" {
						t.Errorf("%s: %v", what, err)
					}
				}
				if n := s.Count("DeleteCluster") + s.Count("DeleteClusterNodePool"); n != 0 {
					t.Errorf("%d deletions", n)
				}
				if err := pmks.Teardown(t.Context(), h, id); err == nil {
					t.Error("Teardown takes it for a success")
				}
			})
		})
	}
}

// TestTruth_hollowPools: an answer that promises a pool and shows none is no absence.
func TestTruth_hollowPools(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(map[string]any){
		"null":     func(a map[string]any) { a["NodePoolSet"] = nil },
		"left-out": func(a map[string]any) { delete(a, "NodePoolSet") },
		"both":     func(a map[string]any) { delete(a, "NodePoolSet"); delete(a, "TotalCount") },
		"nulls":    func(a map[string]any) { a["NodePoolSet"] = []any{nil} },
		"no-id": func(a map[string]any) {
			for _, p := range a["NodePoolSet"].([]any) {
				p.(map[string]any)["NodePoolId"] = nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := readyAccount(t, tke.Options{}, nil)
				_, group := idsOf(t, s)
				h := newHandlerOn(t, rewritten(s, "DescribeClusterNodePools", func(_ int, a map[string]any, _ string) { change(a) }))
				for _, iid := range []pmks.IID{group, first} {
					if err := pmks.WaitNodeGroupDeleted(t.Context(), h, demo, iid, pmks.WithMaxWait(10*time.Minute)); err == nil {
						t.Errorf("%s: the wait takes it for gone", iid)
					}
					if _, err := h.RemoveNodeGroup(t.Context(), demo, iid); pmks.CodeOf(err) == pmks.CodeNotFound || err == nil {
						t.Errorf("%s: %v", iid, err)
					}
				}
				if info, err := h.GetCluster(t.Context(), demo); err == nil && len(info.NodeGroupList) == 0 && name != "nulls" {
					t.Error("GetCluster shows a cluster without node groups")
				}
			})
		})
	}
}

// TestTruth_hints: a hint that a pool is not there is no absence before the list says so.
func TestTruth_hints(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"InternalError.Param", "FailedOperation.RecordNotFound", "InternalError.DbRecordNotFound", "ResourceNotFound", "FailedOperation.NodePoolQueryFailed"} {
		synctest.Test(t, func(t *testing.T) {
			s := readyAccount(t, tke.Options{}, nil)
			h := newHandlerOn(t, providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
				switch actionOf(r) {
				case "DeleteClusterNodePool", "ModifyClusterNodePool", "ModifyNodePoolDesiredCapacityAboutAsg":
					return refusalOf(r, 200, code, "PARAM_ERROR(node pool Not Found) [E501001 DBRecordNotFound]"), nil
				}
				return s.Transport().RoundTrip(r)
			}))
			for name, call := range map[string]providertest.Call{
				"remove": providertest.RemoveNodeGroup(demo, first), "scale": providertest.ChangeNodeGroupScaling(demo, first, 5, 1, 5), "switch": providertest.SetNodeGroupAutoScaling(demo, first, true),
			} {
				if err := call(t.Context(), h); err == nil || pmks.CodeOf(err) == pmks.CodeNotFound {
					t.Errorf("%s %s: %v", code, name, err)
				}
			}
			if n := len(poolsOf(t, s)); n != 1 {
				t.Error(n)
			}
		})
	}
}

// TestTruth_absence: a pool call on a cluster that is gone meanwhile is its absence, and
// one of another thing is not.
func TestTruth_absence(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]pmks.Code{
		"ResourceNotFound.AsAsgNotExist": pmks.CodeFailedPrecondition, "FailedOperation.VpcRecodrNotFound": pmks.CodeInvalidArgument, "InvalidParameter.ResourceNotFound": pmks.CodeFailedPrecondition,
		"ResourceNotFound.KubeResourceNotFound": pmks.CodeFailedPrecondition, "FailedOperation.TaskNotFound": pmks.CodeFailedPrecondition,
	} {
		synctest.Test(t, func(t *testing.T) {
			s := readyAccount(t, tke.Options{}, nil)
			h := newHandlerOn(t, hooked(s, "DeleteClusterNodePool", func(_ int, r *http.Request) *http.Response { return refusalOf(r, 200, code, "the vendor's own words") }))
			_, err := h.RemoveNodeGroup(t.Context(), demo, first)
			if pmks.CodeOf(err) == pmks.CodeNotFound || err == nil {
				t.Errorf("%s: %v, want %s", code, err, want)
			}
			if err := pmks.WaitNodeGroupDeleted(t.Context(), h, demo, first, pmks.WithMaxWait(10*time.Minute)); err == nil {
				t.Errorf("%s ends a wait as success", code)
			}
		})
	}
	// A bare 404, a page, another service's absence.
	for name, answer := range map[string]func(*http.Request) *http.Response{
		"404":      func(r *http.Request) *http.Response { return providertest.Respond(r, 404, "") },
		"404-page": func(r *http.Request) *http.Response { return providertest.Respond(r, 404, "<html>not found</html>") },
		"404-json": func(r *http.Request) *http.Response { return providertest.Respond(r, 404, "{}") },
		"action":   func(r *http.Request) *http.Response { return refusalOf(r, 200, "InvalidAction", "no such action") },
		"resource": func(r *http.Request) *http.Response { return refusalOf(r, 200, "ResourceNotFound", "not found") },
		"404-code": func(r *http.Request) *http.Response { return refusalOf(r, 404, "ResourceNotFound", "not found") },
		"null":     func(r *http.Request) *http.Response { return providertest.Respond(r, 200, "null") },
	} {
		synctest.Test(t, func(t *testing.T) {
			s := readyAccount(t, tke.Options{}, nil)
			id, _ := idsOf(t, s)
			h := newHandlerOn(t, hooked(s, "DescribeClusters", func(_ int, r *http.Request) *http.Response { return answer(r) }))
			if err := pmks.Teardown(t.Context(), h, id, pmks.WithMaxWait(10*time.Minute)); err == nil {
				t.Errorf("%s: Teardown takes it for a success", name)
			}
			if _, err := h.GetCluster(t.Context(), id); err == nil || pmks.CodeOf(err) == pmks.CodeNotFound {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}
