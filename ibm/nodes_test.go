// SPDX-License-Identifier: Apache-2.0

package ibm_test

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/ibm"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/iks"
)

// threeZones is a network with a subnet in each zone of the region.
func threeZones() pmks.NetworkInfo {
	r := iks.DefaultResources("us-south")
	n := pmks.NetworkInfo{VpcIID: pmks.IID{SystemId: r.VPCs[0].ID}}
	for _, s := range r.Subnets {
		if s.VPC == r.VPCs[0].ID && len(n.SubnetIIDs) < 3 {
			n.SubnetIIDs = append(n.SubnetIIDs, pmks.IID{SystemId: s.ID})
		}
	}
	return n
}

// beyond asks of a group what V0.6 has no fields for.
func beyond(name string, zones ...string) pmks.NodeGroupInfo {
	g := bench.SampleNodeGroup(name)
	g.Labels = map[string]string{"team": "a", "example.com/tier": ""}
	g.Taints = []pmks.Taint{{Key: "example.com/dedicated", Value: "edge", Effect: pmks.TaintNoSchedule}, {Key: "a", Value: "b", Effect: pmks.TaintNoExecute}}
	g.Zones = zones
	return g
}

// asked reports what of a request for a group is not so.
func asked(t *testing.T, what string, got, want pmks.NodeGroupInfo) {
	t.Helper()
	byKey := func(a, b pmks.Taint) int { return strings.Compare(a.Key, b.Key) }
	if !maps.Equal(got.Labels, want.Labels) {
		t.Errorf("%s: the labels are %v, want %v", what, got.Labels, want.Labels)
	}
	if !slices.Equal(slices.SortedFunc(slices.Values(got.Taints), byKey), slices.SortedFunc(slices.Values(want.Taints), byKey)) {
		t.Errorf("%s: the taints are %v, want %v", what, got.Taints, want.Taints)
	}
	if len(want.Zones) > 0 && !slices.Equal(got.Zones, want.Zones) {
		t.Errorf("%s: the zones are %v, want %v", what, got.Zones, want.Zones)
	}
}

// TestNodes_kept: what a request asks of the nodes is read back, and no later write takes
// it away.
func TestNodes_kept(t *testing.T) {
	t.Parallel()
	providertest.EitherAnswer(t, func(t *testing.T, a iks.Assumptions) {
		cfg := configFor(iks.New(iks.Options{Assumptions: a}))
		cfg.ForceUpdate = a.UnforcedUpdateRefused
		h := newHandlerWith(t, cfg)
		req := bench.SampleRequest("plain")
		req.Network, req.Version = threeZones(), "1.34"
		req.NodeGroupList = []pmks.NodeGroupInfo{beyond("ng1", "us-south-1", "us-south-2"), beyond("ng2", "us-south-3")}
		for i := range req.NodeGroupList {
			g := &req.NodeGroupList[i]
			g.OnAutoScaling, g.DesiredNodeSize, g.MinNodeSize, g.MaxNodeSize = false, 2, 2, 6
		}
		info, err := pmks.Provision(t.Context(), h, req, pmks.WithInterval(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		see := func(what string) {
			t.Helper()
			info, err := h.GetCluster(t.Context(), info.IId)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range req.NodeGroupList {
				got, _ := info.NodeGroup(pmks.IID{NameId: want.IId.NameId})
				asked(t, what, got, want)
			}
			if len(info.Network.SubnetIIDs) != 3 {
				t.Errorf("%s: the subnets are %v", what, info.Network.SubnetIIDs)
			}
		}
		see("made")
		one := pmks.IID{NameId: "ng1"}
		wait := func(what string, err error) {
			t.Helper()
			if err == nil {
				_, err = pmks.WaitNodeGroupActive(t.Context(), h, info.IId, one)
			}
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			see(what)
		}
		_, err = h.ChangeNodeGroupScaling(t.Context(), info.IId, one, 4, 2, 8)
		wait("scaled", err)
		_, err = h.SetNodeGroupAutoScaling(t.Context(), info.IId, one, true)
		wait("autoscaled", err)
		_, err = h.ChangeNodeGroupScaling(t.Context(), info.IId, one, 4, 2, 10)
		wait("bounds", err)
		_, err = h.SetNodeGroupAutoScaling(t.Context(), info.IId, one, false)
		wait("not autoscaled", err)
		wait("tagged", h.SetTags(t.Context(), info.IId, []pmks.KeyValue{{Key: "new", Value: "tag"}}))
		_, err = pmks.Upgrade(t.Context(), h, info.IId, "1.35")
		wait("upgraded", err)
		// A group without zones is in all that the cluster has.
		if _, err := h.AddNodeGroup(t.Context(), info.IId, pmks.NodeGroupInfo{IId: pmks.IID{NameId: "wide"}, VMSpecName: "bx2.4x16", DesiredNodeSize: 3}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if g := cGet(t, h, info.IId, pmks.IID{NameId: "wide"}); len(g.Zones) != 3 || g.Labels != nil || g.Taints != nil {
			t.Errorf("got %v, %v, %v", g.Zones, g.Labels, g.Taints)
		}
		if _, err := h.RemoveNodeGroup(t.Context(), info.IId, one); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		if _, err := h.AddNodeGroup(t.Context(), info.IId, beyond("ng4", "us-south-1")); err != nil {
			t.Errorf("a zone that only a removed group was in: %v", err)
		}
	}, nil)
}

// tainted are the two calls that set taints, as makes of what they make and read it back.
var tainted = map[string]func(t *testing.T, s *iks.Server) (request string, do func(context.Context, *ibm.Handler) (pmks.NodeGroupInfo, error)){
	"create": func(t *testing.T, _ *iks.Server) (string, func(context.Context, *ibm.Handler) (pmks.NodeGroupInfo, error)) {
		t.Helper()
		req := bench.SampleRequest("half")
		req.NodeGroupList = []pmks.NodeGroupInfo{beyond("ng1")}
		return "createCluster", func(ctx context.Context, h *ibm.Handler) (pmks.NodeGroupInfo, error) {
			info, err := h.CreateCluster(ctx, req)
			g, _ := info.NodeGroup(pmks.IID{NameId: "ng1"})
			return g, err
		}
	},
	"add": func(t *testing.T, s *iks.Server) (string, func(context.Context, *ibm.Handler) (pmks.NodeGroupInfo, error)) {
		t.Helper()
		put(t, s, seed("half", "ng0"))
		return "createWorkerPool", func(ctx context.Context, h *ibm.Handler) (pmks.NodeGroupInfo, error) {
			return h.AddNodeGroup(ctx, pmks.IID{NameId: "half"}, beyond("ng1"))
		}
	},
}

// TestTaints_halfDone: when the taints are refused after the pool is made the error says
// so, and the same request again gives it its taints and makes nothing twice. A request of
// other taints finds that the name is taken.
func TestTaints_halfDone(t *testing.T) {
	t.Parallel()
	for name, of := range tainted {
		for how, fault := range map[string]core.Fault{
			"refused": providertest.Answer(403, `{"code":"A0656","description":"no role"}`),
			"failed":  providertest.Answer(500, `{"code":"G0002","description":"later"}`),
			"silent":  {Kind: core.FaultLoseRequest},
			"hangs":   {Kind: core.FaultHang},
		} {
			t.Run(name+"-"+how, func(t *testing.T) {
				t.Parallel()
				inBubble(t, func(t *testing.T) {
					s := iks.New(iks.Options{})
					request, do := of(t, s)
					fault.Op, fault.Times = "setWorkerPoolTaints", -1
					end := s.Inject(fault)
					h := newHandler(t, s)
					_, err := do(t.Context(), h)
					if e := asError(t, err); !strings.Contains(e.Message, "is made") || !strings.Contains(e.Message, "taints") || e.Code == pmks.CodeTimeout {
						t.Errorf("the error does not say what is done, or that the caller's time was over: %v", err)
					}
					time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
					if g := cGet(t, h, pmks.IID{NameId: "half"}, pmks.IID{NameId: "ng1"}); len(g.Taints) > 0 || !strings.Contains(g.StatusReason, "taints") {
						t.Errorf("got %v, %q", g.Taints, g.StatusReason)
					}
					end()
					other := newHandler(t, s) // of another process
					g, err := do(t.Context(), other)
					if err != nil {
						t.Fatal(err)
					}
					asked(t, "made", g, beyond("ng1"))
					now := cGet(t, h, pmks.IID{NameId: "half"}, pmks.IID{NameId: "ng1"})
					if asked(t, "read", now, beyond("ng1")); now.StatusReason != "" {
						t.Errorf("the reason is %q", now.StatusReason)
					}
					if _, err := do(t.Context(), h); pmks.CodeOf(err) != pmks.CodeAlreadyExists {
						t.Errorf("a third time: %v", err)
					}
					if n := s.Count(request); n != 1 {
						t.Errorf("%d times %s", n, request)
					}
				})
			})
		}
	}
}

// TestTaints_lost: a lost answer to the second call is looked for, and the taints of a
// pool that IBM does not know yet are tried again.
func TestTaints_lost(t *testing.T) {
	t.Parallel()
	absent := providertest.Answer(404, `{"code":"G0004","description":"The specified cluster could not be found."}`)
	absent.Times = 3
	for name, of := range tainted {
		for how, test := range map[string]struct {
			options iks.Options
			fault   core.Fault
			sent    int
		}{
			"lost":      {fault: core.Fault{Kind: core.FaultLoseReply, Times: 1}, sent: 1},
			"not-sent":  {fault: core.Fault{Kind: core.FaultLoseRequest, Times: 1}, sent: 2},
			"too-new":   {fault: absent, sent: 4},
			"late":      {options: iks.Options{ReadLag: 10 * time.Second}, sent: 1},
			"fresh":     {options: iks.Options{Fresh: time.Minute}, sent: 1},
			"fresh-too": {options: iks.Options{Fresh: time.Minute, Assumptions: iks.Assumptions{FreshIsEmpty: true}}, sent: 1},
		} {
			t.Run(name+"-"+how, func(t *testing.T) {
				t.Parallel()
				inBubble(t, func(t *testing.T) {
					s := iks.New(test.options)
					request, do := of(t, s)
					if test.fault.Op = "setWorkerPoolTaints"; test.fault.Times > 0 {
						s.Inject(test.fault)
					}
					h := newHandler(t, s)
					time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
					g, err := do(t.Context(), h)
					if err != nil {
						t.Fatal(err)
					}
					asked(t, "made", g, beyond("ng1"))
					if n, m := s.Count("setWorkerPoolTaints"), s.Count(request); n > test.sent || m != 1 {
						t.Errorf("%d times the taints, %d times the pool", n, m)
					}
				})
			})
		}
	}
}

// TestTaints_callers: of two who make the same at once one has made it, the other finds
// that it exists.
func TestTaints_callers(t *testing.T) {
	t.Parallel()
	for name, of := range tainted {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T) {
				s := iks.New(iks.Options{Latency: 500 * time.Millisecond})
				request, do := of(t, s)
				h := newHandler(t, s)
				var mu sync.Mutex
				codes := map[pmks.Code]int{}
				var both sync.WaitGroup
				for i := range 2 {
					both.Go(func() {
						time.Sleep(time.Duration(i) * 1700 * time.Millisecond) //nolint:forbidigo // inside a synctest bubble
						_, err := do(t.Context(), h)
						mu.Lock()
						defer mu.Unlock()
						codes[pmks.CodeOf(err)]++
					})
				}
				both.Wait()
				if want := map[pmks.Code]int{pmks.CodeOK: 1, pmks.CodeAlreadyExists: 1}; !maps.Equal(codes, want) || s.Count("setWorkerPoolTaints") != 1 {
					t.Errorf("got %v, %d times the taints, %d times the pool", codes, s.Count("setWorkerPoolTaints"), s.Count(request))
				}
			})
		})
	}
}

// TestTaints_left: who leaves while the taints are not set yet is told what is made.
func TestTaints_left(t *testing.T) {
	t.Parallel()
	for name, of := range tainted {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T) {
				s := iks.New(iks.Options{})
				_, do := of(t, s)
				s.Inject(core.Fault{Op: "setWorkerPoolTaints", Kind: core.FaultHang, Times: -1})
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				start := time.Now()
				_, err := do(ctx, newHandler(t, s))
				if !strings.Contains(err.Error(), "is made") || !strings.Contains(err.Error(), "deadline") && pmks.CodeOf(err) != pmks.CodeTimeout || time.Since(start) > 31*time.Second {
					t.Errorf("got %v after %s", err, time.Since(start))
				}
			})
		})
	}
}

// TestNodes_zones: zones without a subnet of the cluster are refused, and those of another
// region before anything is sent.
func TestNodes_zones(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := iks.New(iks.Options{})
		put(t, s, seed("plain", "ng1"))
		h := newHandler(t, s)
		for _, test := range []struct {
			zones []string
			field string
			sends bool
		}{
			{[]string{"us-south-1", "us-south-3"}, "Zones[1]", true}, {[]string{"eu-de-1"}, "Zones[0]", false}, {[]string{"us-south"}, "Zones[0]", false},
			{[]string{"us-south-1", "us-south-1"}, "Zones[1]", false},
		} {
			for prefix, call := range map[string]func(pmks.NodeGroupInfo) error{
				"NodeGroupList[0].": func(g pmks.NodeGroupInfo) error {
					req := bench.SampleRequest("new")
					req.NodeGroupList = []pmks.NodeGroupInfo{g}
					_, err := h.CreateCluster(t.Context(), req)
					return err
				},
				"": func(g pmks.NodeGroupInfo) error {
					_, err := h.AddNodeGroup(t.Context(), pmks.IID{NameId: "plain"}, g)
					return err
				},
			} {
				s.Reset()
				e := asError(t, call(beyond("x", test.zones...)))
				if e.Code != pmks.CodeInvalidArgument || e.Field != prefix+test.field || !test.sends && len(s.Calls()) > 0 {
					t.Errorf("%v: got %v (%s) after %d requests", test.zones, e, e.Field, len(s.Calls()))
				}
			}
		}
		if n := s.Count("createCluster") + s.Count("createWorkerPool"); n > 0 {
			t.Errorf("%d things were made", n)
		}
	})
}

// TestGetNodeGroup: one group is read as GetCluster shows it, also where it is autoscaled,
// where its workers cannot be read, and where its cluster is in another region.
func TestGetNodeGroup(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T) {
		s := fleet(t, 1, 2, iks.Options{})
		put(t, s, seed("plain", "ng1", "ng2"))
		h := newHandler(t, s)
		for _, name := range []string{"c000", "plain"} {
			info, err := h.GetCluster(t.Context(), pmks.IID{NameId: name})
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range info.NodeGroupList {
				got, err := h.GetNodeGroup(t.Context(), info.IId, want.IId)
				if err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
				}
			}
		}
		allow := s.Deny("getWorkers")
		g, err := h.GetNodeGroup(t.Context(), pmks.IID{NameId: "plain"}, pmks.IID{NameId: "ng1"})
		if unread := pmks.Unread(g.KeyValueList); err != nil || len(unread) != 2 || g.DesiredNodeSize != 2 {
			t.Errorf("without workers: %+v, %v", g, err)
		}
		allow()
		cfg := configFor(s)
		cfg.Region = "eu-de"
		far := newHandlerWith(t, cfg)
		for range 2 {
			if _, err := far.GetNodeGroup(t.Context(), pmks.IID{SystemId: rawIDs(t, s)["plain"]}, pmks.IID{NameId: "ng1"}); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
				t.Errorf("of another region: %v", err)
			}
		}
		if _, err := h.GetNodeGroup(t.Context(), pmks.IID{NameId: "plain"}, pmks.IID{NameId: "none"}); pmks.CodeOf(err) != pmks.CodeNotFound {
			t.Errorf("none: %v", err)
		}
	})
}
