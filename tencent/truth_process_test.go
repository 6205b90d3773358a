// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"context"
	"errors"
	"fmt"
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

// A door that never closes: the deletion says so some time, though the caller set no end.
func TestTruth_doorForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tke.New(tke.Options{})
		putCluster(t, s, core.Seed{Name: "demo", Groups: []pmks.NodeGroupInfo{bench.SampleNodeGroup("ng1")}})
		pass(time.Hour)
		h0 := newHandler(t, s)
		if err := h0.OpenAccess(t.Context(), demo); err != nil {
			t.Fatal(err)
		}
		pass(time.Hour)
		through := rewritten(s, "DescribeClusterEndpointStatus", func(n int, answer map[string]any, _ string) {
			if n > 2 {
				answer["Status"] = "Deleting"
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), 48*time.Hour)
		defer cancel()
		start := time.Now()
		_, err := newHandlerOn(t, through).DeleteCluster(ctx, demo)
		if took := time.Since(start); took > 2*time.Hour {
			t.Errorf("it took %s: %v", took, err)
		}
	})
}

// Money: the other endpoint, opened by a handler of the other setting, or by hand, is a
// load balancer as well.
func TestTruth_bothDoors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tke.New(tke.Options{})
		putCluster(t, s, core.Seed{Name: "demo", Groups: []pmks.NodeGroupInfo{bench.SampleNodeGroup("ng1")}})
		pass(time.Hour)
		private := newHandler(t, s, func(c *tencent.Config) { c.EndpointAccess = "private" })
		if err := private.OpenAccess(t.Context(), demo); err != nil {
			t.Fatal(err)
		}
		pass(time.Hour)
		s.Reset()
		if err := pmks.Teardown(t.Context(), newHandler(t, s), demo, pmks.WithInterval(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if n := s.Count("DeleteClusterEndpoint"); n != 1 {
			t.Errorf("the private endpoint was closed %d times", n)
		}
	})
}

// deaf is a credential that does not answer.
type deaf struct{ until chan struct{} }

func (d deaf) GetCredential() (id, secret, token string) { <-d.until; return "", "", "" }

func (d deaf) GetSecretId() string { <-d.until; return "" }

func (d deaf) GetSecretKey() string { <-d.until; return "" }

func (d deaf) GetToken() string { <-d.until; return "" }

// A credential that hangs holds nobody longer than its context, and leaves one goroutine
// at the most.
func TestTruth_deafCredential(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tke.New(tke.Options{})
		d := deaf{make(chan struct{})}
		h := newHandler(t, s, func(c *tencent.Config) { c.SecretID, c.SecretKey, c.Credential, c.RateLimits = "", "", d, "none" })
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				start := time.Now()
				_, err := h.ListIID(ctx)
				if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > time.Second {
					t.Errorf("after %s: %v", time.Since(start), err)
				}
			})
		}
		wg.Wait()
		close(d.until)
		synctest.Wait()
	})
}

// Two changes of one pool at once: who is told success has his bounds, or the other's came
// after them, whole.
func TestTruth_twoScalings(t *testing.T) {
	t.Parallel()
	for _, lag := range []time.Duration{0, 9 * time.Second} {
		t.Run(lag.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := tke.New(tke.Options{ReadLag: lag})
				putCluster(t, s, core.Seed{Name: "demo", Groups: []pmks.NodeGroupInfo{bench.SampleNodeGroup("ng1")}})
				pass(time.Hour)
				ng := pmks.IID{NameId: "ng1"}
				h := newHandler(t, s)
				if _, err := h.SetNodeGroupAutoScaling(t.Context(), demo, ng, false); err != nil {
					t.Fatal(err)
				}
				pass(time.Hour)
				type want struct{ desired, lower, upper int }
				wants := []want{{8, 7, 9}, {1, 0, 2}}
				errs := make([]error, 2)
				var wg sync.WaitGroup
				for i, w := range wants {
					wg.Go(func() { _, errs[i] = h.ChangeNodeGroupScaling(t.Context(), demo, ng, w.desired, w.lower, w.upper) })
				}
				wg.Wait()
				pass(time.Hour)
				info, err := h.GetCluster(t.Context(), demo)
				if err != nil {
					t.Fatal(err)
				}
				g := info.NodeGroupList[0]
				got := want{g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize}
				told := false
				for i, w := range wants {
					told = told || errs[i] == nil && got == w
				}
				if !told {
					t.Errorf("it is %+v; told %v", got, errs)
				}
			})
		})
	}
}

// The caller leaves while a creation is looked for: that it may have happened is said.
func TestTruth_leavesWhileLooking(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"CreateCluster", "CreateClusterNodePool", "CreateClusterEndpoint", "UpdateClusterVersion"} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := tke.New(tke.Options{ReadLag: time.Hour})
				putCluster(t, s, core.Seed{Name: "demo", Version: "1.30.0", Groups: []pmks.NodeGroupInfo{bench.SampleNodeGroup("ng1")}})
				pass(2 * time.Hour)
				s.Inject(core.Fault{Op: op, Kind: core.FaultLoseReply, Times: 1})
				h := newHandler(t, s)
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				var err error
				switch op {
				case "CreateCluster":
					req := bench.SampleRequest("fresh")
					req.NodeGroupList = nil
					_, err = h.CreateCluster(ctx, req)
				case "CreateClusterNodePool":
					_, err = h.AddNodeGroup(ctx, demo, bench.SampleNodeGroup("ng9"))
				case "CreateClusterEndpoint":
					err = h.OpenAccess(ctx, demo)
				case "UpdateClusterVersion":
					_, err = h.UpgradeCluster(ctx, demo, "1.32")
				}
				var e *pmks.Error
				if err != nil && (!errors.As(err, &e) || !e.MayHaveHappened || !errors.Is(err, context.DeadlineExceeded)) || s.Count(op) > 1 {
					t.Errorf("%d sent; %v", s.Count(op), err)
				}
			})
		})
	}
}

// The list shows the cluster at rest, and another call says that there is none: that is no
// absence, of the cluster or of its pools.
func TestTruth_subNotFound(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"ResourceNotFound.ClusterNotFound", "InvalidParameter.ClusterNotFound", "InternalError.ClusterNotFound"} {
		for _, action := range []string{"DescribeClusterNodePools", "DescribeClusterInstances", "DescribeClusterEndpoints", "CheckInstancesUpgradeAble", "DescribeClusterKubeconfig"} {
			t.Run(code+"/"+action, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := tke.New(tke.Options{})
					putCluster(t, s, core.Seed{Name: "demo", Groups: []pmks.NodeGroupInfo{bench.SampleNodeGroup("ng1")}})
					pass(time.Hour)
					id := ""
					if list, err := newHandler(t, s).ListIID(t.Context()); err == nil {
						id = list[0].SystemId
					}
					h := newHandlerOn(t, providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
						if r.Header.Get("X-TC-Action") == action {
							return refusalOf(r, 200, code, "CLUSTER_NOT_FOUND("+id+")"), nil
						}
						return s.Transport().RoundTrip(r)
					}))
					for _, iid := range []pmks.IID{demo, {SystemId: id}} {
						if _, err := h.GetCluster(t.Context(), iid); errors.Is(err, pmks.ErrNotFound) {
							t.Errorf("GetCluster %s: %v", iid, err)
						}
						if list, err := h.ListCluster(t.Context()); err == nil && len(list) == 0 {
							t.Errorf("ListCluster shows none")
						}
						ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
						if err := pmks.WaitNodeGroupDeleted(ctx, h, iid, pmks.IID{NameId: "ng1"}, pmks.WithInterval(20*time.Second)); err == nil {
							t.Errorf("WaitNodeGroupDeleted %s: success", iid)
						}
						cancel()
						if action != "DescribeClusterNodePools" {
							continue
						}
						if _, err := h.RemoveNodeGroup(t.Context(), iid, pmks.IID{NameId: "ng1"}); errors.Is(err, pmks.ErrNotFound) {
							t.Errorf("RemoveNodeGroup %s: %v", iid, err)
						}
					}
				})
			})
		}
	}
}

// Nothing that is printed shows a secret.
func TestTruth_prints(t *testing.T) {
	t.Parallel()
	s := tke.New(tke.Options{Unlimited: true})
	h := newHandler(t, s)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		for name, v := range map[string]any{"handler": h, "config": configOf(providertest.Connection{Transport: s.Transport()})} {
			if text := fmt.Sprintf(verb, v); strings.Contains(text, tke.DefaultSecretKey) {
				t.Errorf("%s of the %s shows the secret", verb, name)
			}
		}
	}
}
