// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/nks"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/nhn"
)

// inBubble runs a test on a simulator with a ready cluster, demo, of two groups.
func inBubble(t *testing.T, o nks.Options, do func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o.Quota = noQuota
		s := nks.New(o)
		groups := []pmks.NodeGroupInfo{bench.SampleNodeGroup("default-worker"), bench.SampleNodeGroup("extra")}
		if err := s.Put(core.Seed{Name: "demo", Version: "v1.32.3", Groups: groups}); err != nil {
			t.Fatal(err)
		}
		h := newHandler(t, s)
		info, err := h.GetCluster(t.Context(), pmks.IID{NameId: "demo"})
		if err != nil {
			t.Fatal(err)
		}
		do(t, s, h, info)
	})
}

// altered is a handler some of whose answers are changed on the way.
func altered(t *testing.T, s *nks.Server, suffix string, change func(body string) string) *nhn.Handler {
	t.Helper()
	cfg := configFor(s)
	through := cfg.Transport
	cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
		resp, err := through.RoundTrip(r)
		if err != nil || r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, suffix) || resp.StatusCode != http.StatusOK {
			return resp, err
		}
		body := readAll(t, resp)
		return providertest.Respond(r, http.StatusOK, change(body)), nil
	})
	return providertest.New(t, nhn.New, cfg)
}

// TestRule_identity: what an answer names is held against the connection: the tenant, and
// the cluster of a group.
func TestRule_identity(t *testing.T) {
	t.Parallel()
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, _ *nhn.Handler, demo pmks.ClusterInfo) {
		h := altered(t, s, demo.IId.SystemId, func(body string) string {
			return strings.Replace(body, `"project_id":"`+nks.DefaultTenantID, `"project_id":"`+strings.Repeat("f", 32), 1)
		})
		if _, err := h.GetCluster(t.Context(), demo.IId); pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), "another tenant") {
			t.Errorf("a cluster of another tenant: %v", err)
		}
		group := demo.NodeGroupList[1].IId
		h = altered(t, s, group.SystemId, func(body string) string {
			return strings.Replace(body, `"cluster_id":"`+demo.IId.SystemId, `"cluster_id":"`+group.SystemId, 1)
		})
		if _, err := h.ReadState(t.Context(), demo.IId, group); pmks.CodeOf(err) != pmks.CodeInvalidArgument || !strings.Contains(err.Error(), "another cluster") {
			t.Errorf("a group of another cluster: %v", err)
		}
	})
}

// TestRule_scope: a name is looked up on every page; one that two clusters have is
// ambiguous, with both ids.
func TestRule_scope(t *testing.T) {
	t.Parallel()
	inBubble(t, nks.Options{PageSize: 2}, func(t *testing.T, s *nks.Server, h *nhn.Handler, _ pmks.ClusterInfo) {
		for _, name := range []string{"a", "b", "c", "twin", "twin"} {
			if err := s.Put(core.Seed{Name: name}); err != nil {
				t.Fatal(err)
			}
		}
		list, err := h.ListCluster(t.Context())
		if err != nil || len(list) != 6 {
			t.Fatalf("%d clusters, %v", len(list), err)
		}
		if _, err := h.GetCluster(t.Context(), pmks.IID{NameId: "c"}); err != nil {
			t.Error(err)
		}
		_, err = h.DeleteCluster(t.Context(), pmks.IID{NameId: "twin"})
		if pmks.CodeOf(err) != pmks.CodeInvalidArgument || strings.Count(err.Error(), "-") < 8 {
			t.Errorf("an ambiguous name: %v", err)
		}
		_, err = h.CreateCluster(t.Context(), bench.SampleRequest("twin"))
		if pmks.CodeOf(err) != pmks.CodeAlreadyExists {
			t.Errorf("a name that is taken: %v", err)
		}
	})
}

// TestRule_pages: a list whose pages have no end, or lead elsewhere, ends.
func TestRule_pages(t *testing.T) {
	t.Parallel()
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, _ *nhn.Handler, demo pmks.ClusterInfo) {
		h := altered(t, s, "/v1/clusters", func(body string) string {
			return strings.TrimSuffix(strings.TrimSpace(body), "}") + `,"next":"https://elsewhere.example/v1/clusters?marker=` + demo.IId.SystemId + `"}`
		})
		s.Reset()
		if _, err := h.ListIID(t.Context()); pmks.CodeOf(err) != pmks.CodeInternal || s.Count("clusters.list") != 2 {
			t.Errorf("got %v after %d requests", err, s.Count("clusters.list"))
		}
	})
}

// TestRule_factsFromTheCluster: a new group has the zone and the security groups of the
// cluster's first group, whatever the connection's zone is.
func TestRule_factsFromTheCluster(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := nks.New(nks.Options{Quota: noQuota})
		h := newHandler(t, s)
		info, err := pmks.Provision(t.Context(), h, bench.SampleRequest("demo"), pmks.WithInterval(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		cfg := configFor(s)
		cfg.Zone = "kr-pub-b"
		var sent string
		through := cfg.Transport
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/nodegroups") {
				sent = requestBody(t, r)
			}
			return through.RoundTrip(r)
		})
		if _, err := providertest.New(t, nhn.New, cfg).AddNodeGroup(t.Context(), info.IId, bench.SampleNodeGroup("more")); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`"availability_zone":"kr-pub-a"`, bench.SampleRequest("x").Network.SecurityGroupIIDs[0].SystemId} {
			if !strings.Contains(sent, want) {
				t.Errorf("%s is not in %s", want, sent)
			}
		}
		other := bench.SampleNodeGroup("other")
		other.KeyPairIID = pmks.IID{NameId: "another-key"}
		if _, err := h.AddNodeGroup(t.Context(), info.IId, other); pmks.CodeOf(err) != pmks.CodeInvalidArgument && pmks.CodeOf(err) != pmks.CodeBusy {
			t.Errorf("another key pair: %v", err)
		}
	})
}

// TestRule_secondaryReads: what a role may not read is named, and everything else is
// there; a change that needs it fails, or is made without.
func TestRule_secondaryReads(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		deny  string
		field string // of the cluster, or of its groups
		reads bool   // GetCluster succeeds
		scale bool   // so does ChangeNodeGroupScaling
	}{
		{"compute", "Nodes(PermissionDenied)", true, true},
		{"flavors.list", "VMSpecName(PermissionDenied)", true, true},
		{"images.list", "ImageIID(PermissionDenied)", true, true},
		{"network", "VpcIID(PermissionDenied)", true, true},
		{"clusters.config", "Kubeconfig(PermissionDenied)", true, true},
		{"events.list", "Operations(PermissionDenied)", true, true},
		{"autoscale.get", "", true, false},
		{"nodegroups.get", "Version(PermissionDenied)", true, false},
		{"nodegroups.list", "", false, true},
		{"clusters.get", "", false, false},
	} {
		t.Run(test.deny, func(t *testing.T) {
			t.Parallel()
			inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, _ *nhn.Handler, demo pmks.ClusterInfo) {
				s.Deny(test.deny)
				h := newHandler(t, s)
				got, err := h.GetCluster(t.Context(), demo.IId)
				if (err == nil) != test.reads {
					t.Fatalf("GetCluster: %v", err)
				}
				if test.reads {
					said := unreadOf(got.KeyValueList)
					for _, g := range got.NodeGroupList {
						said += "," + unreadOf(g.KeyValueList)
					}
					if !strings.Contains(said, test.field) || len(got.NodeGroupList) != 2 || got.Status != demo.Status {
						t.Errorf("unread is %q, want %s; %d groups, %s", said, test.field, len(got.NodeGroupList), got.Status)
					}
				}
				_, err = h.ChangeNodeGroupScaling(t.Context(), demo.IId, demo.NodeGroupList[1].IId, 2, 1, 5)
				if (err == nil) != test.scale || err != nil && pmks.CodeOf(err) != pmks.CodePermissionDenied {
					t.Errorf("ChangeNodeGroupScaling: %v", err)
				}
			})
		})
	}
}

// TestRule_twoStepsNeedTheRecord: bounds and size are two changes; where the record of
// the first cannot be read nothing is sent.
func TestRule_twoStepsNeedTheRecord(t *testing.T) {
	t.Parallel()
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		s.Deny("events.list")
		_, err := h.ChangeNodeGroupScaling(t.Context(), demo.IId, demo.NodeGroupList[1].IId, 4, 1, 5)
		if pmks.CodeOf(err) != pmks.CodePermissionDenied || s.Count("autoscale.set")+s.Count("clusters.resize") != 0 {
			t.Errorf("got %v", err)
		}
	})
}

// TestRule_scalingOrder: each step on the way to a size and bounds keeps the one within
// the others.
func TestRule_scalingOrder(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ desired, least, most, bounds, sizes int }{
		{2, 1, 3, 0, 0}, {2, 1, 5, 1, 0}, {3, 1, 3, 0, 1}, {3, 1, 5, 1, 1}, {1, 1, 1, 1, 1}, {5, 4, 6, 2, 1},
	} {
		t.Run(fmt.Sprint(test.desired, test.least, test.most), func(t *testing.T) {
			t.Parallel()
			inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
				group := demo.NodeGroupList[1].IId
				if _, err := h.ChangeNodeGroupScaling(t.Context(), demo.IId, group, test.desired, test.least, test.most); err != nil {
					t.Fatal(err)
				}
				if b, n := s.Count("autoscale.set"), s.Count("clusters.resize"); b < test.bounds || n < test.sizes || test.bounds+test.sizes == 0 && b+n > 0 {
					t.Errorf("%d changes of bounds and %d of the size, want %d and %d", b, n, test.bounds, test.sizes)
				}
				if err := atRest(demo.IId)(t.Context(), h); err != nil {
					t.Fatal(err)
				}
				got, _ := get(t, h, demo.IId).NodeGroup(group)
				if got.DesiredNodeSize != test.desired || got.MinNodeSize != test.least || got.MaxNodeSize != test.most {
					t.Errorf("got %d of %d to %d", got.DesiredNodeSize, got.MinNodeSize, got.MaxNodeSize)
				}
			})
		})
	}
}

// TestRule_busyNamesItsCause: a refusal that waiting helps names what is under way, also
// where NKS's words say nothing, and whichever status they come with.
func TestRule_busyNamesItsCause(t *testing.T) {
	t.Parallel()
	for _, a := range []nks.Assumptions{{}, {BusyIsConflict: true}, {Texts: nks.TextsOther}, {Texts: nks.TextsEmpty, BusyIsConflict: true}} {
		t.Run(fmt.Sprintf("%+v", a.Texts), func(t *testing.T) {
			t.Parallel()
			inBubble(t, nks.Options{Assumptions: a}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
				if _, err := h.SetNodeGroupAutoScaling(t.Context(), demo.IId, demo.NodeGroupList[0].IId, true); err != nil {
					t.Fatal(err)
				}
				for what, call := range map[string]providertest.Call{
					"remove": providertest.RemoveNodeGroup(demo.IId, demo.NodeGroupList[1].IId), "add": providertest.AddNodeGroup(demo.IId, bench.SampleNodeGroup("more")),
					"bounds": providertest.ChangeNodeGroupScaling(demo.IId, demo.NodeGroupList[1].IId, 2, 1, 5), "upgrade": providertest.UpgradeCluster(demo.IId, "v1.33.4"),
				} {
					if err := call(t.Context(), h); pmks.CodeOf(err) != pmks.CodeBusy || !strings.Contains(err.Error(), "NODEGROUP_SET_CLUSTER_AUTOSCALER of default-worker") {
						t.Errorf("%s: %v", what, err)
					}
				}
			})
		})
	}
}

// TestRule_repairIsOpen: what has failed takes the calls that mend it.
func TestRule_repairIsOpen(t *testing.T) {
	t.Parallel()
	inBubble(t, nks.Options{Assumptions: nks.Assumptions{ChangesFromFailed: true}}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		if err := s.Force("demo", "", profile.UpdateFailed, "a pod would not go"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
		if _, err := h.AddNodeGroup(t.Context(), demo.IId, bench.SampleNodeGroup("more")); pmks.CodeOf(err) != pmks.CodeFailedPrecondition || !strings.Contains(err.Error(), "a pod would not go") {
			t.Errorf("AddNodeGroup: %v", err)
		}
		if _, err := h.ChangeNodeGroupScaling(t.Context(), demo.IId, demo.NodeGroupList[1].IId, 3, 1, 3); err != nil {
			t.Errorf("a resize, which mends it: %v", err)
		}
	})
}

// TestRule_kubeconfigHasItsPlace: user and context of each cluster's kubeconfig are its
// own, and an exec one holds no secret.
func TestRule_kubeconfigHasItsPlace(t *testing.T) {
	t.Parallel()
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, _ *nhn.Handler, demo pmks.ClusterInfo) {
		name := "nks_kr1_demo_" + demo.IId.SystemId[:8]
		if text := demo.AccessInfo.Kubeconfig; strings.Count(text, name) < 5 || strings.Contains(text, `name: "default"`) || strings.Contains(text, `name: "admin"`) {
			t.Errorf("the kubeconfig is called otherwise than %s", name)
		}
		cfg := configFor(s)
		cfg.KubeconfigKind = "exec"
		text := get(t, providertest.New(t, nhn.New, cfg), demo.IId).AccessInfo.Kubeconfig
		for _, want := range []string{"pmks-credential", "KR1", "demo:" + demo.IId.SystemId, "tenantId=" + nks.DefaultTenantID, "-endpoint", "provideClusterInfo: true"} {
			if !strings.Contains(text, want) {
				t.Errorf("the exec kubeconfig lacks %q:\n%s", want, text)
			}
		}
		for _, secret := range []string{nks.DefaultPassword, nks.DefaultUser, "client-key-data", "client-certificate-data"} {
			if strings.Contains(text, secret) {
				t.Errorf("the exec kubeconfig holds %q", secret)
			}
		}
		if err := s.SetKubeconfig("demo", "not a kubeconfig"); err != nil {
			t.Fatal(err)
		}
		if got := get(t, newHandler(t, s), demo.IId); got.AccessInfo.Kubeconfig != "" || !strings.Contains(unreadOf(got.KeyValueList), "Kubeconfig") {
			t.Errorf("a kubeconfig that is none: %q", unreadOf(got.KeyValueList))
		}
	})
}

// TestRule_redirects: neither the password nor a token follows a redirect.
func TestRule_redirects(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"/v2.0/tokens", "/v1/clusters"} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			t.Run(fmt.Sprint(strings.Trim(at, "/"), " ", status), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					cfg := configFor(nks.New(nks.Options{}))
					through := cfg.Transport
					strayed := 0
					cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
						if r.URL.Host == "elsewhere.example" {
							strayed++
						}
						if r.URL.Path == at {
							resp := providertest.Respond(r, status, "")
							resp.Header.Set("Location", "https://elsewhere.example/")
							return resp, nil
						}
						return through.RoundTrip(r)
					})
					_, err := providertest.New(t, nhn.New, cfg).ListIID(t.Context())
					if pmks.CodeOf(err) != pmks.CodeUnavailable || strayed > 0 || !strings.Contains(err.Error(), "redirect") {
						t.Errorf("got %v, followed %d times", err, strayed)
					}
				})
			})
		}
	}
}

// TestRule_catalog: a URL of the catalog that would carry the token unprotected is not
// used.
func TestRule_catalog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := nks.New(nks.Options{Catalog: func(_, region, tenant string) []nks.CatalogService {
			return nks.DefaultCatalog("http://192.0.2.7", region, tenant)
		}})
		_, err := newHandler(t, s).ListIID(t.Context())
		if pmks.CodeOf(err) != pmks.CodeFailedPrecondition || !strings.Contains(err.Error(), "kubernetesEndpoint") || s.Count("clusters.list") != 0 {
			t.Errorf("got %v", err)
		}
	})
}

// TestRule_oneLogin: fifty callers with a token that has ended log in once; those whose
// time ends while Keystone is slow are told so promptly, and no other.
func TestRule_oneLogin(t *testing.T) {
	t.Parallel()
	inBubble(t, nks.Options{Unlimited: true}, func(t *testing.T, s *nks.Server, _ *nhn.Handler, _ pmks.ClusterInfo) {
		cfg := configFor(s)
		cfg.RateLimits = "none"
		through := cfg.Transport
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/tokens") {
				time.Sleep(400 * time.Millisecond) //nolint:forbidigo // inside a synctest bubble
			}
			return through.RoundTrip(r)
		})
		h := providertest.New(t, nhn.New, cfg)
		if _, err := h.ListIID(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.RevokeTokens()
		s.Reset()
		var mu sync.Mutex
		var outcomes []pmks.Code
		var callers sync.WaitGroup
		start := time.Now()
		for i := range 50 {
			callers.Go(func() {
				ctx, cancel := t.Context(), context.CancelFunc(func() {})
				if i < 10 {
					ctx, cancel = context.WithTimeout(ctx, 100*time.Millisecond)
				}
				defer cancel()
				_, err := h.ListIID(ctx)
				mu.Lock()
				defer mu.Unlock()
				outcomes = append(outcomes, pmks.CodeOf(err))
				if i < 10 && (!errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 200*time.Millisecond) {
					t.Errorf("a caller without time: %v after %s", err, time.Since(start))
				}
			})
		}
		callers.Wait()
		if n := s.Count("tokens.create"); n != 1 {
			t.Errorf("%d logins, want 1", n)
		}
		ok := len(slices.DeleteFunc(outcomes, func(c pmks.Code) bool { return c != pmks.CodeOK }))
		if ok != 40 {
			t.Errorf("%d of 40 succeeded", ok)
		}
	})
}

// TestRule_newPassword: a new API password ends the tokens of the old one; who has only
// that is told what to do.
func TestRule_newPassword(t *testing.T) {
	t.Parallel()
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		if err := s.SetPassword(nks.DefaultUser, "a-new-password"); err != nil {
			t.Fatal(err)
		}
		_, err := h.GetCluster(t.Context(), demo.IId)
		if pmks.CodeOf(err) != pmks.CodeUnauthenticated || !strings.Contains(err.Error(), "API password") {
			t.Errorf("got %v", err)
		}
	})
}

// TestRule_recordOfAFailure: a change that was accepted and failed is told with the
// reason of its record.
func TestRule_recordOfAFailure(t *testing.T) {
	t.Parallel()
	inBubble(t, nks.Options{Assumptions: nks.Assumptions{ResizeEvents: true}}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		s.Inject(failLater("clusters.resize", "Quota exceeded for cores"))
		group := demo.NodeGroupList[1].IId
		if _, err := h.ChangeNodeGroupScaling(t.Context(), demo.IId, group, 3, 1, 3); err != nil {
			t.Fatal(err)
		}
		_, err := pmks.WaitNodeCount(t.Context(), h, demo.IId, group, 3, pmks.WithInterval(time.Minute))
		if err == nil || !strings.Contains(err.Error(), "Quota exceeded for cores") {
			t.Errorf("got %v", err)
		}
	})
}

// TestRule_preconditions: what keeps autoscaling from being turned on is a matter of the
// group, not of the request.
func TestRule_preconditions(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*nks.Server) error{
		"metrics": func(s *nks.Server) error { return s.SetMetricAutoscaler("demo", "extra", true) },
		"stopped": func(s *nks.Server) error { return s.StopNodes("demo", "extra", 1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
				if err := change(s); err != nil {
					t.Fatal(err)
				}
				if _, err := h.SetNodeGroupAutoScaling(t.Context(), demo.IId, demo.NodeGroupList[1].IId, true); pmks.CodeOf(err) != pmks.CodeFailedPrecondition {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// TestRule_networkCards: a node with a further network card is one node, whether or not
// NKS lists the address of that card.
func TestRule_networkCards(t *testing.T) {
	t.Parallel()
	for _, all := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := nks.New(nks.Options{Assumptions: nks.Assumptions{AddressesOfAllNICs: all}})
			h := newHandler(t, s)
			req := bench.SampleRequest("cards")
			req.Network.SubnetIIDs = append(req.Network.SubnetIIDs, pmks.IID{NameId: "subnet-02"})
			info, err := pmks.Provision(t.Context(), h, req, pmks.WithInterval(time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			if g := info.NodeGroupList[0]; len(g.Nodes) != 2 || g.Nodes[0].SystemId == "" || len(info.Network.SubnetIIDs) != 2 {
				t.Errorf("all addresses %t: nodes %v in %v", all, g.Nodes, info.Network.SubnetIIDs)
			}
		})
	}
}
