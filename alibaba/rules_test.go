// SPDX-License-Identifier: Apache-2.0

package alibaba_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/alibaba"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/ack"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// up provisions a cluster with one node group.
func up(t testing.TB, h pmks.ClusterHandler, name string) pmks.ClusterInfo {
	t.Helper()
	info, err := pmks.Provision(t.Context(), h, bench.SampleRequest(name), pmks.WithInterval(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// plain is a request for a cluster alone.
func plain(name string) pmks.ClusterInfo {
	req := bench.SampleRequest(name)
	req.NodeGroupList = nil
	return req
}

var first = pmks.IID{NameId: "ng1"}

// TestRule_wholeIdentifiers: the endpoint of a region answers for clusters of others; only
// what is read tells, and then nothing is changed.
func TestRule_wholeIdentifiers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := ready(t, map[string]string{ack.AttrRegion: "cn-hangzhou"})
		there := newHandler(t, s, func(c *alibaba.Config) { c.Region = "cn-hangzhou" })
		list, err := there.ListIID(t.Context())
		if err != nil || len(list) != 1 {
			t.Fatalf("%d clusters of the other region, %v", len(list), err)
		}
		h, id := newHandler(t, s), pmks.IID{SystemId: list[0].SystemId}
		for name, call := range map[string]providertest.Call{
			"get": providertest.GetCluster(id), "delete": providertest.DeleteCluster(id), "upgrade": providertest.UpgradeCluster(id, "1.36"), "state": providertest.ReadState(id, pmks.IID{}),
			"add": providertest.AddNodeGroup(id, bench.SampleNodeGroup("x")),
		} {
			if err := call(t.Context(), h); pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), "cn-hangzhou") {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if n := s.Count("DeleteCluster") + s.Count("UpgradeCluster") + s.Count("CreateClusterNodePool"); n != 0 {
			t.Errorf("%d changes were sent", n)
		}
		for _, text := range []string{"c123", "demo", strings.ToUpper(list[0].SystemId), list[0].SystemId + "0", "np" + strings.Repeat("0", 32)} {
			if _, err := h.GetCluster(t.Context(), pmks.IID{SystemId: text}); pmks.CodeOf(err) != pmks.CodeInvalidArgument {
				t.Errorf("%q: got %v", text, err)
			}
		}
	})
}

// TestRule_oneScope: a name is taken and ambiguous as long as the list shows it, also of a
// cluster that is being deleted.
func TestRule_oneScope(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := ready(t, nil)
		h := newHandler(t, s)
		info, err := h.GetCluster(t.Context(), demo)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.DeleteCluster(t.Context(), info.IId); err != nil {
			t.Fatal(err)
		}
		if _, err := h.CreateCluster(t.Context(), plain("demo")); pmks.CodeOf(err) != pmks.CodeAlreadyExists {
			t.Errorf("a name that goes: %v", err)
		}
		if err := s.Put(core.Seed{Name: "demo"}); err != nil {
			t.Fatal(err)
		}
		_, err = h.GetCluster(t.Context(), demo)
		if pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), "ambiguous") || !strings.Contains(err.Error(), info.IId.SystemId) {
			t.Errorf("two of one name: %v", err)
		}
		if err := s.Put(core.Seed{Name: "demo-2"}); err != nil { // the filter of names is fuzzy
			t.Fatal(err)
		}
		if _, err := h.GetCluster(t.Context(), pmks.IID{NameId: "demo-"}); pmks.CodeOf(err) != pmks.CodeNotFound {
			t.Errorf("a part of a name: %v", err)
		}
	})
}

// TestRule_listLag: lists lag behind by seconds. What was made is found at once by who made
// it, nothing is made twice, and a lost answer is looked for long enough.
func TestRule_listLag(t *testing.T) {
	t.Parallel()
	for _, lost := range []core.FaultKind{core.FaultLoseReply, core.FaultLoseRequest, ""} {
		t.Run("lost-"+fmt.Sprint(lost), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := ack.New(ack.Options{ReadLag: 9 * time.Second})
				h := newHandler(t, s)
				if lost != "" {
					for _, op := range []string{"CreateCluster", "CreateClusterNodePool", "ModifyClusterNodePool", "DeleteClusterNodepool", "DeleteCluster"} {
						s.Inject(core.Fault{Op: op, Kind: lost, Times: 1})
					}
				}
				info, err := h.CreateCluster(t.Context(), plain("lag"))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := h.GetCluster(t.Context(), pmks.IID{NameId: "lag"}); err != nil {
					t.Errorf("by its name at once: %v", err)
				}
				if _, err := h.CreateCluster(t.Context(), plain("lag")); pmks.CodeOf(err) != pmks.CodeAlreadyExists {
					t.Errorf("a second one: %v", err)
				}
				if _, err := pmks.WaitClusterActive(t.Context(), h, info.IId); err != nil {
					t.Fatal(err)
				}
				var group sync.WaitGroup
				won := make(chan error, 4)
				for range 4 {
					group.Go(func() {
						_, err := h.AddNodeGroup(t.Context(), info.IId, bench.SampleNodeGroup("ng1"))
						won <- err
					})
				}
				group.Wait()
				close(won)
				n := 0
				for err := range won {
					if err == nil {
						n++
					} else if pmks.CodeOf(err) != pmks.CodeAlreadyExists {
						t.Errorf("AddNodeGroup: %v", err)
					}
				}
				if n != 1 {
					t.Errorf("%d callers made the node group", n)
				}
				if _, err := h.RemoveNodeGroup(t.Context(), info.IId, first); err != nil && pmks.CodeOf(err) != pmks.CodeUnavailable && pmks.CodeOf(err) != pmks.CodeBusy {
					t.Errorf("a node group that is not shown yet is told to be absent: %v", err)
				}
				if _, err := pmks.WaitNodeGroupActive(t.Context(), h, info.IId, first); err != nil {
					t.Fatal(err)
				}
				for _, size := range []int{3, 2} { // at once, while the list shows the sizes before
					for {
						_, err := h.ChangeNodeGroupScaling(t.Context(), info.IId, first, size, 1, 4)
						if pmks.CodeOf(err) != pmks.CodeBusy {
							if err != nil {
								t.Error(err)
							}
							break
						}
						time.Sleep(time.Second) //nolint:forbidigo // inside a synctest bubble
					}
				}
				time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
				if got, err := h.ReadState(t.Context(), info.IId, first); err != nil || got.DesiredNodeSize != 2 || got.NodeCount != 2 {
					t.Errorf("the last word was 2: %+v, %v", got, err)
				}
				if _, err := h.RemoveNodeGroup(t.Context(), info.IId, first); err != nil {
					t.Error(err)
				}
				if err := pmks.Teardown(t.Context(), h, info.IId); err != nil {
					t.Error(err)
				}
				list, err := h.ListIID(t.Context())
				if err != nil || len(list) != 0 {
					t.Errorf("%d clusters are left, %v", len(list), err)
				}
			})
		})
	}
}

// TestRule_unread: who may not read something sees all the rest, and what is missing by its
// name.
func TestRule_unread(t *testing.T) {
	t.Parallel()
	for action, want := range map[string]string{
		"cs:DescribeClusterNodes": "Nodes(PermissionDenied)", "cs:DescribeClusterUserKubeconfig": "Kubeconfig(PermissionDenied)", "cs:DescribeClusterDetail": "Endpoint(PermissionDenied)",
	} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := ready(t, nil)
				h := newHandler(t, s)
				full, err := h.GetCluster(t.Context(), demo)
				if err != nil {
					t.Fatal(err)
				}
				s.Deny(action)
				var got pmks.ClusterInfo
				if strings.HasSuffix(action, "Detail") { // of one cluster it is the cluster itself
					list, err := h.ListCluster(t.Context())
					if err != nil || len(list) != 1 {
						t.Fatalf("%d clusters, %v", len(list), err)
					}
					got = *list[0]
				} else if got, err = h.GetCluster(t.Context(), demo); err != nil {
					t.Fatal(err)
				}
				unread := fmt.Sprint(got.KeyValueList, got.NodeGroupList[0].KeyValueList)
				if !strings.Contains(unread, want) || len(got.NodeGroupList) != 1 || got.NodeGroupList[0].DesiredNodeSize != full.NodeGroupList[0].DesiredNodeSize {
					t.Errorf("got %s, want %s", unread, want)
				}
			})
		})
	}
}

// TestRule_vpcUnread: who may not read the VPC names both ranges, and then ACK judges.
func TestRule_vpcUnread(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := bench.Simulate(providertest.Options{})
		s.Deny("vpc:DescribeVpcAttribute")
		s.Deny("vpc:DescribeVSwitches")
		_, err := newHandler(t, s).CreateCluster(t.Context(), plain("blind"))
		if pmks.CodeOf(err) != pmks.CodePermissionDenied || !strings.Contains(err.Error(), "podCidr and serviceCidr") || s.Count("CreateCluster") != 0 {
			t.Errorf("got %v", err)
		}
		h := newHandler(t, s, func(c *alibaba.Config) { c.PodCIDR, c.ServiceCIDR = "172.24.0.0/16", "172.25.0.0/20" })
		if _, err := h.CreateCluster(t.Context(), plain("blind")); err != nil {
			t.Error(err)
		}
	})
}

// TestRule_byState: what a refusal means is told by the state that is read next, never by
// its words.
func TestRule_byState(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"InvalidNodePoolStatus.Forbidden", "ErrorClusterState", "NobodyKnowsThis"} {
		for state, want := range map[string]pmks.Code{"scaling": pmks.CodeBusy, "failed": pmks.CodeFailedPrecondition, "active": pmks.CodeOK} {
			t.Run(code+"/"+state, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := ready(t, nil)
					h := newHandlerOn(t, providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
						if r.Method != http.MethodPut {
							return s.Transport().RoundTrip(r)
						}
						if err := s.Show("demo", "ng1", state); err != nil {
							t.Error(err)
						}
						return providertest.Respond(r, 400, `{"code":"`+code+`","message":"the vendor's own words","requestId":"R"}`), nil
					}))
					_, err := h.ChangeNodeGroupScaling(t.Context(), demo, first, 3, 1, 4)
					expected := want
					if want == pmks.CodeOK { // at rest: by the code
						expected = pmks.CodeBusy
						if code == "NobodyKnowsThis" {
							expected = pmks.CodeInvalidArgument
						}
					}
					var e *pmks.Error
					if !errors.As(err, &e) || e.Code != expected || e.ProviderCode != code || !strings.Contains(e.Message, "the vendor's own words") || e.MayHaveHappened {
						t.Errorf("got %v, want %s", err, expected)
					}
				})
			})
		}
	}
}

// TestRule_protection: it is seen before the first step and never lifted.
func TestRule_protection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := bench.Simulate(providertest.Options{})
		h := newHandler(t, s, func(c *alibaba.Config) { c.DeletionProtection = true })
		info := up(t, h, "kept")
		_, err := h.DeleteCluster(t.Context(), info.IId)
		if pmks.CodeOf(err) != pmks.CodeFailedPrecondition || !strings.Contains(err.Error(), "deletion_protection") || s.Count("DeleteCluster") != 0 {
			t.Errorf("got %v", err)
		}
	})
}

// TestRule_repair: what has failed takes the calls that mend it.
func TestRule_repair(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := bench.Simulate(providertest.Options{})
		h := newHandler(t, s)
		req := bench.SampleRequest("limping")
		req.Version = "1.34"
		info, err := pmks.Provision(t.Context(), h, req, pmks.WithInterval(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		cancel := s.Inject(core.Fault{Op: "UpgradeCluster", Kind: core.FaultFailLater, Reason: "PreCheckFailed: a node is not ready"})
		_, err = pmks.Upgrade(t.Context(), h, info.IId, "1.35", pmks.WithInterval(time.Minute))
		cancel()
		if err == nil || !strings.Contains(err.Error(), "a node is not ready") {
			t.Errorf("the upgrade: %v", err)
		}
		got, err := h.GetCluster(t.Context(), info.IId)
		if native, _ := pmks.Lookup(got.KeyValueList, pmks.KeyNativeStatus); err != nil || native != "updating_failed" || !strings.Contains(got.StatusReason, "PreCheckFailed: a node is not ready") {
			t.Errorf("it is %s (%s), %v", native, got.StatusReason, err)
		}
		if got, err = pmks.Upgrade(t.Context(), h, info.IId, "1.35", pmks.WithInterval(time.Minute)); err != nil || !strings.HasPrefix(got.NodeGroupList[0].Version, "1.35") {
			t.Errorf("again: %v", err)
		}
		for _, state := range []profile.State{profile.CreateFailed, profile.DeleteFailed} {
			if err := s.Force("limping", "ng1", state, "Broken: by a test"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := h.RemoveNodeGroup(t.Context(), info.IId, first); err != nil {
			t.Errorf("a removal that failed: %v", err)
		}
		if err := s.Force("limping", "", profile.DeleteFailed, "Broken: by a test"); err != nil {
			t.Fatal(err)
		}
		if err := pmks.Teardown(t.Context(), h, info.IId); err != nil {
			t.Errorf("a deletion that failed: %v", err)
		}
	})
}

// TestRule_wholeWrites: a change of a pool keeps the tags of others and the kind of its
// instances, whether ACK replaces tags or merges them.
func TestRule_wholeWrites(t *testing.T) {
	t.Parallel()
	for _, merged := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s := ack.New(ack.Options{Assumptions: ack.Assumptions{TagsMerged: merged}})
			if err := s.Put(core.Seed{Name: "demo", Attr: map[string]string{ack.AttrTags + "ng1": "cost=42"}, Groups: []pmks.NodeGroupInfo{bench.SampleNodeGroup("ng1")}}); err != nil {
				t.Fatal(err)
			}
			h := newHandler(t, s)
			for _, on := range []bool{true, false} {
				if _, err := h.SetNodeGroupAutoScaling(t.Context(), demo, first, on); err != nil {
					t.Fatal(err)
				}
				if _, err := pmks.WaitNodeGroupActive(t.Context(), h, demo, first); err != nil {
					t.Fatal(err)
				}
			}
			found := false
			s.Alter("DescribeClusterNodePools", func(answer any) any {
				found = found || strings.Contains(fmt.Sprint(answer), "42")
				return answer
			})
			if _, err := h.GetCluster(t.Context(), demo); err != nil || !found {
				t.Errorf("merged %t: the tag of somebody else is gone, %v", merged, err)
			}
		})
	}
}

// TestRule_halfDone: where autoscaling was switched off before a removal that fails, the
// error says so.
func TestRule_halfDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := ready(t, nil)
		h := newHandler(t, s)
		if _, err := h.SetNodeGroupAutoScaling(t.Context(), demo, first, true); err != nil {
			t.Fatal(err)
		}
		if _, err := pmks.WaitNodeGroupActive(t.Context(), h, demo, first); err != nil {
			t.Fatal(err)
		}
		fault := providertest.Answer(400, `{"code":"DependencyViolation.Resource","message":"in use by others"}`)
		fault.Op, fault.Times = "DeleteClusterNodepool", -1
		s.Inject(fault)
		_, err := h.RemoveNodeGroup(t.Context(), demo, first)
		if pmks.CodeOf(err) != pmks.CodeFailedPrecondition || !strings.Contains(err.Error(), "autoscaling is switched off, the node group is not removed") || !strings.Contains(err.Error(), "in use by others") {
			t.Errorf("got %v", err)
		}
	})
}

// TestRule_halfDoneOpen: where the removal that follows has no answer, or its turn never
// comes, nothing is told that is not known, and no sentence is left open.
func TestRule_halfDoneOpen(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		hangs string // the request whose answer hangs
		says  string
	}{
		"answer-hangs":    {"DeleteClusterNodepool", "autoscaling is switched off, whether the node group is removed is not known"},
		"wait-is-cut":     {"", "autoscaling was switched off, whether that is done could not be learned, and nothing more was sent"},
		"look-hangs":      {"DescribeClusterNodePoolDetail", "autoscaling was switched off, whether that is done could not be learned, and nothing more was sent"},
		"switch-is-lost":  {"ModifyClusterNodePool", ""},
		"cluster-is-lost": {"DescribeClusterDetail", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := ready(t, nil)
				if _, err := newHandler(t, s).SetNodeGroupAutoScaling(t.Context(), demo, first, true); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
				cluster, group := idsOf(t, s, region)
				var put atomic.Bool
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				h := newHandlerOn(t, providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
					if r.Method == http.MethodPut {
						put.Store(true)
					}
					if op := r.Header.Get("X-Acs-Action"); op == test.hangs && (put.Load() || op == "DescribeClusterDetail") {
						cancel()
						<-r.Context().Done()
						return nil, r.Context().Err()
					}
					return s.Transport().RoundTrip(r)
				}), func(c *alibaba.Config) {
					if test.hangs == "" {
						c.PollInterval = time.Hour
						time.AfterFunc(10*time.Minute, cancel)
					}
				})
				_, err := h.RemoveNodeGroup(ctx, cluster, group)
				if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), test.says) {
					t.Errorf("got %v, want the end of the context, and %q", err, test.says)
				}
				if text := err.Error(); strings.Contains(text, "is not removed") || strings.HasSuffix(strings.TrimSpace(text), ":") || strings.Contains(text, ":  ") || strings.Contains(text, ": [") {
					t.Errorf("got %q", text)
				}
			})
		})
	}
}

// TestRule_begun: of several node groups that an upgrade is sent to, those are named that
// it has begun for: not one that is busy, nor one that refuses.
func TestRule_begun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := bench.Simulate(providertest.Options{})
		h := newHandler(t, s)
		req := bench.SampleRequest("demo")
		req.Version = "1.34"
		for _, name := range []string{"ng2", "ng3"} {
			req.NodeGroupList = append(req.NodeGroupList, bench.SampleNodeGroup(name))
		}
		info, err := pmks.Provision(t.Context(), h, req, pmks.WithInterval(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.UpgradeCluster(t.Context(), demo, "1.35"); err != nil {
			t.Fatal(err)
		}
		if _, err := pmks.WaitClusterActive(t.Context(), h, demo, pmks.WithInterval(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if err := s.Show("demo", "ng2", "scaling"); err != nil {
			t.Fatal(err)
		}
		refused := newHandlerOn(t, providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Header.Get("X-Acs-Action") == "UpgradeClusterNodepool" && strings.Contains(r.URL.Path, info.NodeGroupList[2].IId.SystemId) {
				return providertest.Respond(r, 400, `{"code":"DependencyViolation.Resource","message":"in use by others"}`), nil
			}
			return s.Transport().RoundTrip(r)
		}))
		_, err = refused.UpgradeCluster(t.Context(), demo, "1.35")
		if pmks.CodeOf(err) != pmks.CodeFailedPrecondition || !strings.Contains(err.Error(), "the upgrade of ng1 has begun, this one has not: in use by others") {
			t.Errorf("got %v", err)
		}
	})
}

// TestRule_failedUpgrade: a node group whose upgrade failed holds healthy nodes: nobody is
// told to remove it.
func TestRule_failedUpgrade(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := bench.Simulate(providertest.Options{})
		h := newHandler(t, s)
		req := bench.SampleRequest("demo")
		req.Version = "1.34"
		if _, err := pmks.Provision(t.Context(), h, req, pmks.WithInterval(time.Minute)); err != nil {
			t.Fatal(err)
		}
		s.Inject(core.Fault{Op: "UpgradeClusterNodepool", Kind: core.FaultFailLater, Reason: "DrainFailed: a budget forbids it"})
		_, err := pmks.Upgrade(t.Context(), h, demo, "1.35", pmks.WithInterval(time.Minute))
		state, stateErr := h.ReadState(t.Context(), demo, first)
		for _, text := range []string{fmt.Sprint(err), state.StatusReason} {
			if !strings.Contains(text, "DrainFailed: a budget forbids it") || !strings.Contains(text, "repair") || strings.Contains(text, "remove it") {
				t.Errorf("got %q, %v", text, stateErr)
			}
		}
	})
}

// TestRule_autoscaler: the autoscaler of a cluster is configured once, never over an
// operator's, and not at all where the operator does it; unread add-ons change nothing.
func TestRule_autoscaler(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		addons string
		scaler string
		deny   bool
		want   int
		code   pmks.Code
	}{
		"none-yet": {"", "", false, 1, pmks.CodeOK}, "operators": {"cluster-autoscaler", "", false, 0, pmks.CodeOK},
		"instant": {"ack-goatscaler", "", false, 0, pmks.CodeOK}, "left-out": {"", "none", false, 0, pmks.CodeOK}, "unread": {"", "", true, 0, pmks.CodePermissionDenied},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := ready(t, map[string]string{ack.AttrAddons: test.addons})
				if test.deny {
					s.Deny("cs:ListClusterAddonInstances")
				}
				h := newHandler(t, s, func(c *alibaba.Config) { c.Autoscaler = test.scaler })
				_, err := h.SetNodeGroupAutoScaling(t.Context(), demo, first, true)
				if pmks.CodeOf(err) != test.code || s.Count("CreateAutoscalingConfig") != test.want {
					t.Errorf("%d configurations, %v", s.Count("CreateAutoscalingConfig"), err)
				}
			})
		})
	}
}

// TestRule_retired: no call that was retired in 2026 is made in the whole life of a
// cluster, and no member that was.
func TestRule_retired(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := bench.Simulate(providertest.Options{}) // it refuses both
		providertest.Life{Handler: newHandler(t, s), Request: func() pmks.ClusterInfo { r := bench.SampleRequest("life"); r.Version = "1.33"; return r }(),
			Group: bench.SampleNodeGroup("extra"), Scaled: [3]int{2, 1, 5}}.Run(t)
		for _, op := range []string{"DescribeClusters", "DescribeClustersV1", "GetUpgradeStatus", "PauseClusterUpgrade", "ResumeUpgradeCluster", "CancelClusterUpgrade", "ScaleOutCluster"} {
			if n := s.Count(op); n != 0 {
				t.Errorf("%s was called %d times", op, n)
			}
		}
	})
}
