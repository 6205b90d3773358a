// SPDX-License-Identifier: Apache-2.0

package nhn_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/nks"
	"github.com/pmks-go/pmks/nhn"
)

// TestTruth_thirdStepLost: the third of three changes is lost on the way; the record of
// the first is not taken for it.
func TestTruth_thirdStepLost(t *testing.T) {
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		group := demo.NodeGroupList[1].IId
		s.Inject(core.Fault{Op: "autoscale.set", Kind: core.FaultLoseRequest, After: 1})
		_, err := h.ChangeNodeGroupScaling(t.Context(), demo.IId, group, 5, 4, 6)
		if rest := atRest(demo.IId)(t.Context(), h); rest != nil {
			t.Fatal(rest)
		}
		got, _ := get(t, h, demo.IId).NodeGroup(group)
		if err == nil && (got.MinNodeSize != 4 || got.MaxNodeSize != 6) {
			t.Errorf("success was told, and the bounds are %d to %d, not 4 to 6 (%d requests)", got.MinNodeSize, got.MaxNodeSize, s.Count("autoscale.set"))
		}
	})
}

// TestTruth_secondStepFails: the record says that the resize failed; that is told as
// such, not as something that could not be learned.
func TestTruth_secondStepFails(t *testing.T) {
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		s.Inject(failLater("clusters.resize", "Quota exceeded for cores"))
		_, err := h.ChangeNodeGroupScaling(t.Context(), demo.IId, demo.NodeGroupList[1].IId, 5, 4, 6)
		if err == nil || strings.Contains(err.Error(), "could not be learned") || asError(t, err).MayHaveHappened {
			t.Errorf("got %v", err)
		}
	})
}

// TestTruth_noRecordNoEnd: NKS keeps no record of a resize (its type is UNVERIFIED); the
// wait for the step ends by the effect or with an error, not never.
func TestTruth_noRecordNoEnd(t *testing.T) {
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, _ *nhn.Handler, demo pmks.ClusterInfo) {
		h := altered(t, s, "/events", func(body string) string {
			return strings.ReplaceAll(body, `"CLUSTER_RESIZE"`, `"NODEGROUP_RESIZE"`)
		})
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		start := time.Now()
		_, err := h.ChangeNodeGroupScaling(ctx, demo.IId, demo.NodeGroupList[1].IId, 5, 4, 6)
		if took := time.Since(start); took > 3*time.Hour {
			t.Errorf("it waited %s: %v", took, err)
		}
	})
}

// TestTruth_anotherGroupsResize: a resize is lost on the way while somebody resizes
// another group of the cluster; that is not taken for ours.
func TestTruth_anotherGroupsResize(t *testing.T) {
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		cfg := configFor(s)
		through := cfg.Transport
		sent := 0
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/actions/resize") {
				if sent++; sent == 1 {
					if _, err := h.ChangeNodeGroupScaling(t.Context(), demo.IId, demo.NodeGroupList[0].IId, 3, 1, 3); err != nil {
						t.Error(err)
					}
					return nil, io.ErrUnexpectedEOF
				}
			}
			return through.RoundTrip(r)
		})
		_, err := providertest.New(t, nhn.New, cfg).ChangeNodeGroupScaling(t.Context(), demo.IId, demo.NodeGroupList[1].IId, 3, 1, 3)
		if rest := atRest(demo.IId)(t.Context(), h); rest != nil {
			t.Fatal(rest)
		}
		got, _ := get(t, h, demo.IId).NodeGroup(demo.NodeGroupList[1].IId)
		if err == nil && got.DesiredNodeSize != 3 {
			t.Errorf("success was told, and the group has %d nodes", got.DesiredNodeSize)
		}
	})
}

// TestTruth_adoptsAnother: a creation is lost on the way while another process of the
// same user makes a cluster of the name, of another size; that is not taken for ours.
func TestTruth_adoptsAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := nks.New(nks.Options{Quota: noQuota})
		other := newHandler(t, s)
		cfg := configFor(s)
		through := cfg.Transport
		sent := 0
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost && r.URL.Path == "/v1/clusters" {
				if sent++; sent == 1 {
					req := bench.SampleRequest("same")
					req.NodeGroupList[0].DesiredNodeSize, req.NodeGroupList[0].MaxNodeSize = 3, 7
					req.NodeGroupList[0].RootDiskSize = "333"
					if _, err := other.CreateCluster(t.Context(), req); err != nil {
						t.Error(err)
					}
					return nil, io.ErrUnexpectedEOF
				}
			}
			return through.RoundTrip(r)
		})
		req := bench.SampleRequest("same")
		req.NodeGroupList[0].DesiredNodeSize = 2
		info, err := providertest.New(t, nhn.New, cfg).CreateCluster(t.Context(), req)
		if err == nil {
			got, readErr := other.GetCluster(t.Context(), info.IId)
			t.Errorf("success was told with a cluster of %d nodes, asked for 2; %v", got.NodeGroupList[0].DesiredNodeSize, readErr)
		}
	})
}

// TestTruth_ownRival: a creation whose answer was lost arrives late, just before the
// second try: what is there is ours, and it is not denied.
func TestTruth_ownRival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := nks.New(nks.Options{Quota: noQuota})
		cfg := configFor(s)
		through := cfg.Transport
		sent := 0
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost && r.URL.Path == "/v1/clusters" {
				if sent++; sent == 1 {
					return providertest.Respond(r, http.StatusGatewayTimeout, ""), nil
				}
				if sent == 2 { // the first one gets through now
					first := r.Clone(r.Context())
					first.Body = io.NopCloser(strings.NewReader(requestBody(t, r)))
					resp, err := through.RoundTrip(first)
					if err != nil {
						t.Error(err)
					}
					_ = resp.Body.Close()
				}
			}
			return through.RoundTrip(r)
		})
		h := providertest.New(t, nhn.New, cfg)
		_, err := h.CreateCluster(t.Context(), bench.SampleRequest("late"))
		list, _ := h.ListIID(t.Context())
		if err != nil && !asError(t, err).MayHaveHappened && len(list) > 0 {
			t.Errorf("%d clusters of ours are there, and the error says that nothing happened: %v", len(list), err)
		}
	})
}

// TestTruth_addedRecordLate: the answer to AddNodeGroup is lost, and the group shows a
// few seconds before its record does: it is not called another's.
func TestTruth_addedRecordLate(t *testing.T) {
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, _ *nhn.Handler, demo pmks.ClusterInfo) {
		start := time.Now()
		h := altered(t, s, "/events", func(body string) string {
			if time.Since(start) < 20*time.Second {
				return strings.ReplaceAll(body, `"NODEGROUP_CREATE"`, `"AUTO_HEALING"`)
			}
			return body
		})
		s.Inject(core.Fault{Op: "nodegroups.create", Kind: core.FaultLoseReply})
		_, err := h.AddNodeGroup(t.Context(), demo.IId, bench.SampleNodeGroup("more"))
		if err != nil && !asError(t, err).MayHaveHappened {
			t.Errorf("got %v", err)
		}
	})
}

// TestTruth_passwordEscaped: a password with characters that JSON escapes is cut out of
// what Keystone quotes.
func TestTruth_passwordEscaped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const password = `pa"ss\wörd&<1`
		s := nks.New(nks.Options{})
		cfg := configFor(s)
		cfg.Password = password
		cfg.Transport = providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			body := requestBody(t, r)
			i := strings.Index(body, `"password":`)
			return providertest.Respond(r, http.StatusUnauthorized, `{"error":{"code":401,"title":"Unauthorized","message":`+body[i+len(`"password":`) : strings.LastIndex(body[:strings.LastIndex(body, `"`)+1], `"`)+1][:strings.Index(body[i+len(`"password":`)+1:], `"username`)]+`}}`), nil
		})
		_, err := providertest.New(t, nhn.New, cfg).ListIID(t.Context())
		t.Logf("%v", err)
		for e := err; e != nil; {
			if strings.Contains(e.Error(), `wörd`) {
				t.Errorf("the password shows: %v", e)
				break
			}
			u, ok := e.(interface{ Unwrap() error })
			if !ok {
				break
			}
			e = u.Unwrap()
		}
	})
}

// TestTruth_unreadAutoscaling: where a group's details cannot be read, that its
// autoscaling and bounds are not known is said.
func TestTruth_unreadAutoscaling(t *testing.T) {
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		group := demo.NodeGroupList[1].IId
		if _, err := h.SetNodeGroupAutoScaling(t.Context(), demo.IId, group, true); err != nil {
			t.Fatal(err)
		}
		if err := atRest(demo.IId)(t.Context(), h); err != nil {
			t.Fatal(err)
		}
		before, _ := get(t, h, demo.IId).NodeGroup(group)
		s.Deny("nodegroups.get")
		got, _ := get(t, newHandler(t, s), demo.IId).NodeGroup(group)
		if said := unreadOf(got.KeyValueList); got.OnAutoScaling != before.OnAutoScaling && !strings.Contains(said, "OnAutoScaling") {
			t.Errorf("autoscaling is %v (%d to %d), shown as %v (%d to %d), unread is %q", before.OnAutoScaling, before.MinNodeSize, before.MaxNodeSize,
				got.OnAutoScaling, got.MinNodeSize, got.MaxNodeSize, said)
		}
	})
}

// TestTruth_noHostIsNoQuota: Nova's word for no host that has room is no quota.
func TestTruth_noHostIsNoQuota(t *testing.T) {
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, h *nhn.Handler, demo pmks.ClusterInfo) {
		s.Inject(failLater("clusters.resize", "Exceeded maximum number of retries. Exhausted all hosts available for retrying build failures for instance 5a3e"))
		group := demo.NodeGroupList[1].IId
		if _, err := h.ChangeNodeGroupScaling(t.Context(), demo.IId, group, 3, 1, 3); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		op, err := h.LastOperation(t.Context(), demo.IId, group)
		if err != nil || pmks.CodeOf(op.Err) == pmks.CodeQuotaExceeded {
			t.Errorf("got %v, %v", op.Err, err)
		}
	})
}

// TestTruth_execHasEndpoint: an exec kubeconfig holds its place whatever the environment
// of the helper says.
func TestTruth_execHasEndpoint(t *testing.T) {
	inBubble(t, nks.Options{}, func(t *testing.T, s *nks.Server, _ *nhn.Handler, demo pmks.ClusterInfo) {
		cfg := configFor(s)
		cfg.IdentityEndpoint, cfg.KubeconfigKind = nhn.DefaultIdentityEndpoint, "exec"
		text := get(t, providertest.New(t, nhn.New, cfg), demo.IId).AccessInfo.Kubeconfig
		if text == "" || !strings.Contains(text, nhn.DefaultIdentityEndpoint) {
			t.Errorf("with OS_AUTH_URL in its environment the helper logs in elsewhere:\n%s", text)
		}
	})
}
