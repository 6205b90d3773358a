// SPDX-License-Identifier: Apache-2.0

package tencent_test

import (
	"context"
	"errors"
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
	"github.com/pmks-go/pmks/tencent"
)

// TestRule_unread: who may not read something sees all the rest, and what is missing by its
// name.
func TestRule_unread(t *testing.T) {
	t.Parallel()
	for action, want := range map[string]string{
		"tke:DescribeClusterInstances": "Nodes(PermissionDenied)", "tke:DescribeClusterKubeconfig": "Kubeconfig(PermissionDenied)", "tke:DescribeClusterEndpoints": "Endpoint(PermissionDenied)",
		"as:DescribeLaunchConfigurations": "VMSpecName(PermissionDenied)", "tke:CheckInstancesUpgradeAble": "Version(PermissionDenied)",
	} {
		for _, other := range []bool{false, true} {
			t.Run(fmt.Sprint(action, other), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := readyAccount(t, tke.Options{Assumptions: tke.Assumptions{OtherCodes: other}}, map[string]string{tke.AttrPublic: "yes"})
					full, err := newHandler(t, s).GetCluster(t.Context(), demo)
					if err != nil {
						t.Fatal(err)
					}
					s.Deny(action)
					h := newHandler(t, s)
					got, err := h.GetCluster(t.Context(), demo)
					if err != nil {
						t.Fatal(err)
					}
					unread := fmt.Sprint(got.KeyValueList, got.NodeGroupList[0].KeyValueList)
					if !strings.Contains(unread, want) || len(got.NodeGroupList) != 1 || got.NodeGroupList[0].DesiredNodeSize != full.NodeGroupList[0].DesiredNodeSize || got.Status != full.Status {
						t.Errorf("got %s, want %s", unread, want)
					}
					if list, err := h.ListCluster(t.Context()); err != nil || len(list) != 1 {
						t.Errorf("%d clusters, %v", len(list), err)
					}
				})
			})
		}
	}
}

// TestRule_neededReads: without the clusters, the pools or the versions nothing is guessed;
// without the VPC the cloud judges.
func TestRule_neededReads(t *testing.T) {
	t.Parallel()
	for action, call := range map[string]providertest.Call{
		"tke:DescribeClusters": providertest.GetCluster(demo), "tke:DescribeClusterNodePools": providertest.GetCluster(demo), "tke:DescribeVersions": providertest.CreateCluster(plainRequest("x")),
		"tke:DescribeAvailableClusterVersion": providertest.UpgradeCluster(demo, "1.34"),
	} {
		synctest.Test(t, func(t *testing.T) {
			s := readyAccount(t, tke.Options{}, nil)
			s.Deny(action)
			if err := call(t.Context(), newHandler(t, s)); pmks.CodeOf(err) != pmks.CodePermissionDenied || writesOf(s) != 0 {
				t.Errorf("%s: %v, %d writes", action, err, writesOf(s))
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s := tke.New(tke.Options{})
		s.Deny("vpc:DescribeVpcs")
		s.Deny("vpc:DescribeSubnets")
		s.Deny("vpc:DescribeSecurityGroups")
		if _, err := newHandler(t, s).CreateCluster(t.Context(), plainRequest("blind")); err != nil {
			t.Error(err)
		}
	})
}

// TestRule_words: what a refusal means is told by the state that is read next, and the
// vendor's sentence stays.
func TestRule_words(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"ResourceUnavailable.NodePoolStateNotNormal", "FailedOperation.ClusterState", "InternalError.ClusterState"} {
		for state, want := range map[string]pmks.Code{"updating": pmks.CodeBusy, "normal": pmks.CodeBusy} /* it has passed, or is not shown yet */ {
			t.Run(code+"/"+state, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := readyAccount(t, tke.Options{}, nil)
					h := newHandlerOn(t, hooked(s, "ModifyClusterNodePool", func(_ int, r *http.Request) *http.Response {
						if err := s.Show("demo", "ng1", state); err != nil {
							t.Error(err)
						}
						return refusalOf(r, 200, code, "the vendor's own words")
					}))
					_, err := h.SetNodeGroupAutoScaling(t.Context(), demo, first, true)
					var e *pmks.Error
					if !errors.As(err, &e) || e.Code != want || e.ProviderCode != code || !strings.Contains(e.Message, "the vendor's own words") || e.MayHaveHappened {
						t.Errorf("got %v, want %s", err, want)
					}
				})
			})
		}
	}
}

// TestRule_repair: what has failed takes the calls that mend it.
func TestRule_repair(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := readyAccount(t, tke.Options{Assumptions: tke.Assumptions{CreationTasks: true}}, nil)
		h := newHandler(t, s)
		for _, state := range []profile.State{profile.CreateFailed, profile.DeleteFailed} {
			if err := s.Force("demo", "ng1", state, "Broken: by a test"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := h.RemoveNodeGroup(t.Context(), demo, first); err != nil {
			t.Errorf("a removal that failed: %v", err)
		}
		if err := pmks.WaitNodeGroupDeleted(t.Context(), h, demo, first); err != nil {
			t.Error(err)
		}
		if err := s.Force("demo", "", profile.DeleteFailed, "Broken: by a test"); err != nil {
			t.Fatal(err)
		}
		info, err := h.GetCluster(t.Context(), demo)
		if err != nil || info.Status != pmks.ClusterInactive || !strings.Contains(info.StatusReason, "Broken: by a test") {
			t.Errorf("%s %q, %v", info.Status, info.StatusReason, err)
		}
		if err := pmks.Teardown(t.Context(), h, demo); err != nil {
			t.Errorf("a deletion that failed: %v", err)
		}
	})
}

// TestRule_wholeWrites: a change of a pool sends what changes and nothing else: a list that
// is empty would clear labels, taints and tags of others.
func TestRule_wholeWrites(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := readyAccount(t, tke.Options{}, map[string]string{tke.AttrTags + "ng1": "cost=42"})
		var sent []string
		h := newHandlerOn(t, hooked(s, "ModifyClusterNodePool", func(_ int, r *http.Request) *http.Response {
			sent = append(sent, bodyOf(r))
			return nil
		}))
		for _, on := range []bool{true, false} {
			if _, err := h.SetNodeGroupAutoScaling(t.Context(), demo, first, on); err != nil {
				t.Fatal(err)
			}
			pass(10 * time.Minute)
		}
		if _, err := h.ChangeNodeGroupScaling(t.Context(), demo, first, 2, 0, 9); err != nil {
			t.Fatal(err)
		}
		pass(10 * time.Minute)
		if len(sent) != 3 {
			t.Errorf("%d writes", len(sent))
		}
		for _, body := range sent {
			for _, member := range []string{"Labels", "Taints", "Annotations", "Tags", "Name", "OsName", "DeletionProtection", "Unschedulable"} {
				if strings.Contains(body, `"`+member+`"`) {
					t.Errorf("%s is sent: %s", member, body)
				}
			}
		}
		found := false
		s.Alter("DescribeClusterNodePools", func(answer any) any {
			found = found || strings.Contains(fmt.Sprint(answer), "42")
			return answer
		})
		if _, err := h.GetCluster(t.Context(), demo); err != nil || !found {
			t.Errorf("the tag of somebody else is gone, %v", err)
		}
	})
}

// TestRule_hungRead: one connection that hangs costs its own deadline, not the call.
func TestRule_hungRead(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"DescribeClusters", "DescribeClusterNodePools", "DescribeClusterInstances", "DescribeLaunchConfigurations", "DescribeClusterEndpoints"} {
		synctest.Test(t, func(t *testing.T) {
			s := readyAccount(t, tke.Options{}, nil)
			s.Inject(core.Fault{Op: action, Kind: core.FaultHang, Times: 1})
			start := time.Now()
			info, err := newHandler(t, s).GetCluster(t.Context(), demo)
			if err != nil || len(info.NodeGroupList) != 1 || len(info.NodeGroupList[0].Nodes) == 0 || time.Since(start) > 3*time.Minute {
				t.Errorf("%s after %s: %v", action, time.Since(start), err)
			}
		})
	}
}

// TestRule_told: every look of a wait that fails reaches the progress, with its cause.
func TestRule_told(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tke.New(tke.Options{})
		h := newHandler(t, s)
		info, err := h.CreateCluster(t.Context(), plainRequest("told"))
		if err != nil {
			t.Fatal(err)
		}
		s.Inject(core.Fault{Op: "DescribeClusters", Kind: core.FaultAnswer, Times: 12, Answer: &core.Answer{Status: 502, Header: map[string]string{"Content-Type": "text/html"}, Body: "<html></html>"}})
		var told []string
		_, err = pmks.WaitClusterActive(t.Context(), h, info.IId, pmks.WithProgress(func(p pmks.Progress) { told = append(told, fmt.Sprint(p)) }))
		if err != nil || !strings.Contains(strings.Join(told, "\n"), "502") && !strings.Contains(strings.Join(told, "\n"), "proxy") {
			t.Errorf("%v\n%s", err, strings.Join(told, "\n"))
		}
	})
}

// TestRule_lengths: names are counted in characters, tags too, and what is too long is told
// before any request.
func TestRule_lengths(t *testing.T) {
	t.Parallel()
	s := tke.New(tke.Options{})
	h := newHandler(t, s)
	for name, spoil := range map[string]func(*pmks.ClusterInfo){
		"cluster": func(r *pmks.ClusterInfo) { r.IId.NameId = strings.Repeat("a", 51) },
		"key": func(r *pmks.ClusterInfo) {
			r.TagList = []pmks.KeyValue{{Key: strings.Repeat("é", 128), Value: "x"}}
		},
		"value": func(r *pmks.ClusterInfo) {
			r.TagList = []pmks.KeyValue{{Key: "a", Value: strings.Repeat("é", 256)}}
		},
	} {
		req := plainRequest("long")
		spoil(&req)
		if _, err := h.CreateCluster(t.Context(), req); pmks.CodeOf(err) != pmks.CodeInvalidArgument || len(s.Calls()) != 0 {
			t.Errorf("%s: %v after %d requests", name, err, len(s.Calls()))
		}
	}
	req := plainRequest(strings.Repeat("a", 50))
	req.TagList = []pmks.KeyValue{{Key: strings.Repeat("é", 127), Value: strings.Repeat("é", 255)}}
	if _, err := h.CreateCluster(t.Context(), req); err != nil {
		t.Errorf("as long as it may be: %v", err)
	}
}

// TestRule_kubeconfigPlace: a kubeconfig that calls the helper tells it where the cluster
// is, and holds no secret.
func TestRule_kubeconfigPlace(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		change func(*tencent.Config)
		says   []string
	}{
		{func(*tencent.Config) {}, []string{"tencent", region, "pmks-credential"}},
		{func(c *tencent.Config) { c.RootDomain = "intl.tencentcloudapi.com" }, []string{"rootDomain=intl.tencentcloudapi.com"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := readyAccount(t, tke.Options{}, map[string]string{tke.AttrPublic: "yes"})
			h := newHandler(t, s, func(c *tencent.Config) { c.KubeconfigKind = "exec" }, test.change)
			info, err := h.GetCluster(t.Context(), demo)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range append(test.says, info.IId.SystemId, info.AccessInfo.Endpoint) {
				if !strings.Contains(info.AccessInfo.Kubeconfig, want) {
					t.Errorf("it does not say %q:\n%s", want, info.AccessInfo.Kubeconfig)
				}
			}
			for _, secret := range []string{tke.DefaultSecretKey, "client-key-data", "client-certificate-data"} {
				if strings.Contains(info.AccessInfo.Kubeconfig, secret) {
					t.Errorf("it holds %s", secret)
				}
			}
		})
	}
}

// TestRule_throttled: a throttled request was never executed: reads and changes are sent
// again, by us, whichever of the codes it is.
func TestRule_throttled(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"RequestLimitExceeded", "RequestLimitExceeded.UinLimitExceeded", "RequestLimitExceeded.IPLimitExceeded", "RequestLimitExceeded.GlobalRegionUinLimitExceeded"} {
		for _, action := range []string{"DescribeClusters", "DescribeVersions", "CreateCluster"} {
			synctest.Test(t, func(t *testing.T) {
				s := tke.New(tke.Options{Assumptions: tke.Assumptions{ThrottlingCode: code}})
				s.Inject(core.Fault{Op: action, Kind: core.FaultThrottle, Times: 2})
				_, err := newHandler(t, s).CreateCluster(t.Context(), plainRequest("x"))
				if action == "CreateCluster" && pmks.CodeOf(err) == pmks.CodeThrottled {
					return // told as it is
				}
				if err != nil {
					t.Errorf("%s of %s: %v", code, action, err)
				}
			})
		}
	}
}

// TestRule_cancelledRead: who waits no longer gets the context's own error at once, and
// nothing of ours goes on.
func TestRule_cancelledRead(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"DescribeClusters", "DescribeClusterNodePools", "DescribeLaunchConfigurations"} {
		synctest.Test(t, func(t *testing.T) {
			s := readyAccount(t, tke.Options{}, nil)
			s.Inject(core.Fault{Op: action, Kind: core.FaultHang, Times: -1})
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			start := time.Now()
			if _, err := newHandler(t, s).GetCluster(ctx, demo); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 6*time.Second {
				t.Errorf("%s after %s: %v", action, time.Since(start), err)
			}
		})
	}
}
