// SPDX-License-Identifier: Apache-2.0

package alibaba_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aliyun/credentials-go/credentials"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/alibaba"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/ack"
	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// TestReview_claimsOfAnotherAccount: claims are a handler's own where the key is not known.
func TestReview_claimsOfAnotherAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := ack.New(ack.Options{ReadLag: 9 * time.Second})
		b := ack.New(ack.Options{Keys: map[string]ack.Key{"LTAIother": {Secret: "other-secret-of-another-account"}}, AccountID: "6543210987654321"})
		shared := &criticRouter{a: a.Transport(), b: b.Transport()}
		of := func(id, secret string) *alibaba.Handler {
			return newHandlerOn(t, shared, func(c *alibaba.Config) {
				c.AccessKeyID, c.AccessKeySecret, c.Credential = "", "", criticKeys{id: id, secret: secret}
			})
		}
		ha, hb := of(ack.DefaultAccessKeyID, ack.DefaultAccessKeySecret), of("LTAIother", "other-secret-of-another-account")
		if _, err := ha.CreateCluster(t.Context(), plain("same")); err != nil {
			t.Fatal(err)
		}
		n := b.Count("DescribeClusterDetail")
		if _, err := hb.ListIID(t.Context()); err != nil {
			t.Errorf("list of B: %v", err)
		}
		if b.Count("DescribeClusterDetail") != n {
			t.Error("B asks for the id of A's cluster")
		}
		if _, err := hb.CreateCluster(t.Context(), plain("same")); err != nil {
			t.Errorf("B: %v", err)
		}
	})
}

// TestReview_lateCreate: the first POST lands late.
func TestReview_lateCreate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := ack.New(ack.Options{})
		h := newHandlerOn(t, late(s, "CreateCluster"))
		info, err := h.CreateCluster(t.Context(), plain("late"))
		var e *pmks.Error
		if err != nil && errors.As(err, &e) && e.MayHaveHappened {
			return
		}
		time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
		list, lerr := newHandler(t, s).ListIID(t.Context())
		if err != nil || len(list) != 1 {
			t.Errorf("told %v %v; there are %d clusters, %v", info.IId, err, len(list), lerr)
		}
	})
}

// TestReview_latePool: the first POST of a pool lands late.
func TestReview_latePool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := ready(t, nil)
		h := newHandlerOn(t, late(s, "CreateClusterNodePool"))
		_, err := h.AddNodeGroup(t.Context(), demo, bench.SampleNodeGroup("ng2"))
		var e *pmks.Error
		if err != nil && errors.As(err, &e) && e.MayHaveHappened {
			return
		}
		time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
		info, gerr := newHandler(t, s).GetCluster(t.Context(), demo)
		if err != nil || len(info.NodeGroupList) != 2 {
			t.Errorf("told %v; there are %d pools, %v", err, len(info.NodeGroupList), gerr)
		}
	})
}

// TestReview_lateChange: the first PUT lands late; the second is refused because of it.
func TestReview_lateChange(t *testing.T) {
	for action, call := range map[string]providertest.Call{
		"ModifyClusterNodePool": providertest.ChangeNodeGroupScaling(demo, first, 4, 1, 5),
		"UpgradeCluster":        providertest.UpgradeCluster(demo, "1.36"),
	} {
		t.Run(action, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := ready(t, nil)
				h := newHandlerOn(t, late(s, action))
				if err := call(t.Context(), h); err != nil {
					t.Errorf("told as a failure though it was done: %v", err)
				}
			})
		})
	}
}

// TestReview_errorWith200: an answer 200 that holds an error is no success.
func TestReview_errorWith200(t *testing.T) {
	for action, call := range map[string]providertest.Call{
		"DeleteClusterNodepool":   providertest.RemoveNodeGroup(demo, first),
		"CreateAutoscalingConfig": providertest.SetNodeGroupAutoScaling(demo, first, true),
	} {
		for _, body := range []string{`{"code":"InternalError","message":"it was not done","request_id":"R","requestId":"R"}`, `{"code":500,"message":"it was not done","request_id":"R"}`,
			`{"code":"InternalError","message":"it was not done","request_id":"R","data":null,"success":false}`, `{"code":"InternalError","message":"it was not done","request_id":"R","RequestId":"R","HostId":"x","Recommend":"x"}`,
			`{"request_id":"R","error":{"code":"InternalError","message":"it was not done"}}`} {
			t.Run(action, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := ready(t, nil)
					h := newHandlerOn(t, providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
						if r.Header.Get("X-Acs-Action") == action {
							return providertest.Respond(r, 200, body), nil
						}
						return s.Transport().RoundTrip(r)
					}))
					err := call(t.Context(), h)
					if err == nil || !strings.Contains(err.Error(), "it was not done") {
						t.Errorf("%s: told %v; %d PUT", body, err, s.Count("ModifyClusterNodePool"))
					}
				})
			})
		}
	}
}

// TestReview_losesEIP: a change of the bounds keeps what else stands in the block.
func TestReview_losesEIP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := ready(t, nil)
		h0 := newHandler(t, s)
		if _, err := h0.SetNodeGroupAutoScaling(t.Context(), demo, first, true); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		for _, op := range []string{"DescribeClusterNodePools", "DescribeClusterNodePoolDetail"} {
			s.Alter(op, func(answer any) any { return criticEIP(answer) })
		}
		var put string
		h := newHandlerOn(t, providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPut {
				body, _ := io.ReadAll(r.Body)
				put, r.Body = string(body), io.NopCloser(bytes.NewReader(body))
			}
			return s.Transport().RoundTrip(r)
		}))
		_, err := h.ChangeNodeGroupScaling(t.Context(), demo, first, 0, 1, 7)
		if !strings.Contains(put, "is_bond_eip") || !strings.Contains(put, "eip_bandwidth") {
			t.Errorf("sent %s, %v", put, err)
		}
	})
}

// TestReview_removeFailedAuto: a pool whose removal failed, with autoscaling on, can be removed.
func TestReview_removeFailedAuto(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := ready(t, nil)
		h := newHandler(t, s)
		if _, err := h.SetNodeGroupAutoScaling(t.Context(), demo, first, true); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
		for _, state := range []profile.State{profile.CreateFailed, profile.DeleteFailed} {
			if err := s.Force("demo", "ng1", state, "Broken: by a test"); err != nil {
				t.Fatal(err)
			}
			if _, err := h.RemoveNodeGroup(t.Context(), demo, first); err != nil {
				t.Errorf("%v: %v", state, err)
			}
		}
	})
}

// TestReview_nestedThrottle: a failure inside, whose text quotes a throttled call of ESS, settles nothing.
func TestReview_nestedThrottle(t *testing.T) {
	for status, body := range map[int]string{
		500: `{"code":"ErrCreateResource","message":"create scaling group: Throttling.User: Request was denied due to user flow control","requestId":"R"}`,
		502: `{"code":"ErrCreateResource","message":"QuotaExceeded.Eip: no more","requestId":"R"}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			s := ack.New(ack.Options{})
			n := 0
			h := newHandlerOn(t, providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
				if r.Header.Get("X-Acs-Action") == "CreateCluster" {
					if n++; n == 1 {
						if resp, err := s.Transport().RoundTrip(r); err == nil {
							_ = resp.Body.Close()
						}
						return providertest.Respond(r, status, body), nil
					}
				}
				return s.Transport().RoundTrip(r)
			}))
			_, err := h.CreateCluster(t.Context(), plain("nested"))
			var e *pmks.Error
			if err != nil && (!errors.As(err, &e) || !e.MayHaveHappened) {
				t.Errorf("%d: the cluster is there, and the error settles: %v", status, err)
			}
		})
	}
}

// TestReview_hungCredential: callers of a credential that hangs leave no goroutine each behind.
func TestReview_hungCredential(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		h := newHandler(t, ack.New(ack.Options{}), func(c *alibaba.Config) {
			c.AccessKeyID, c.AccessKeySecret, c.Credential, c.RateLimits = "", "", hung{release: release}, "none"
		})
		before := runtime.NumGoroutine()
		for range 40 {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
			if _, err := h.GetCluster(ctx, demo); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			cancel()
		}
		synctest.Wait()
		if n := runtime.NumGoroutine() - before; n > 5 {
			t.Errorf("%d goroutines are left of 40 calls that have ended", n)
		}
	})
}

// TestReview_otherUpgrade: an upgrade to another version that runs is not the one asked for.
func TestReview_otherUpgrade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := ack.New(ack.Options{})
		h := newHandler(t, s)
		req := plain("demo")
		req.Version = "1.35.2"
		if _, err := h.CreateCluster(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		if _, err := pmks.WaitClusterActive(t.Context(), h, demo); err != nil {
			t.Fatal(err)
		}
		if _, err := h.UpgradeCluster(t.Context(), demo, "1.35.3"); err != nil {
			t.Fatal(err)
		}
		if _, err := h.UpgradeCluster(t.Context(), demo, "1.36"); pmks.CodeOf(err) != pmks.CodeBusy {
			t.Errorf("1.36 is told as accepted while 1.35.3 is on its way: %v", err)
		}
	})
}

// TestReview_protectedMeanwhile: protection that is switched on between the look and the DELETE.
func TestReview_protectedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := ready(t, nil)
		h := newHandlerOn(t, providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodDelete {
				if err := s.Protect("demo", true); err != nil {
					t.Error(err)
				}
			}
			return s.Transport().RoundTrip(r)
		}))
		if _, err := h.DeleteCluster(t.Context(), demo); pmks.CodeOf(err) != pmks.CodeFailedPrecondition {
			t.Errorf("got %v", err)
		}
	})
}

// TestReview_waitedForOpenAtOnce: both have looked before either is made.
func TestReview_waitedForOpenAtOnce(t *testing.T) {
	for _, pool := range []bool{false, true} {
		t.Run(fmt.Sprint("pool-", pool), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := ack.New(ack.Options{Latency: 50 * time.Millisecond})
				if err := s.Put(core.Seed{Name: "demo", Groups: []pmks.NodeGroupInfo{bench.SampleNodeGroup("ng1")}}); err != nil {
					t.Fatal(err)
				}
				h := newHandler(t, s)
				op := map[bool]string{false: "CreateCluster", true: "CreateClusterNodePool"}[pool]
				s.Inject(core.Fault{Op: op, Kind: core.FaultHangReply, Times: 1})
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				add := func(ctx context.Context) error {
					if pool {
						_, err := h.AddNodeGroup(ctx, demo, bench.SampleNodeGroup("x"))
						return err
					}
					_, err := h.CreateCluster(ctx, plain("x"))
					return err
				}
				var group sync.WaitGroup
				group.Go(func() { t.Log("first:", add(ctx)) })
				time.Sleep(10 * time.Millisecond) //nolint:forbidigo // inside a synctest bubble
				group.Go(func() { t.Log("second:", add(t.Context())) })
				group.Wait()
				time.Sleep(time.Hour) //nolint:forbidigo // inside a synctest bubble
				list, _ := h.ListIID(t.Context())
				info, _ := h.GetCluster(t.Context(), demo)
				if len(list) != map[bool]int{false: 2, true: 1}[pool] || len(info.NodeGroupList) != map[bool]int{false: 1, true: 2}[pool] {
					t.Errorf("%s: two of one name: %v %d", op, list, len(info.NodeGroupList))
				}
			})
		})
	}
}

type criticKeys struct {
	credentials.Credential
	id, secret string
}

func (k criticKeys) GetCredential() (*credentials.CredentialModel, error) {
	return &credentials.CredentialModel{AccessKeyId: &k.id, AccessKeySecret: &k.secret}, nil
}

type criticRouter struct{ a, b http.RoundTripper }

func (r *criticRouter) RoundTrip(req *http.Request) (*http.Response, error) {
	if strings.Contains(req.Header.Get("Authorization"), "LTAIother") {
		return r.b.RoundTrip(req)
	}
	return r.a.RoundTrip(req)
}

// late answers the first request of an action with 504 and delivers it just before the second.
func late(s *ack.Server, action string) http.RoundTripper {
	var mu sync.Mutex
	var held *http.Request
	n := 0
	again := func(r *http.Request) *http.Request {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		c := r.Clone(r.Context())
		c.Body = io.NopCloser(bytes.NewReader(body))
		return c
	}
	return providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("X-Acs-Action") == action {
			mu.Lock()
			defer mu.Unlock()
			switch n++; n {
			case 1:
				held = again(r).WithContext(context.Background())
				return providertest.Respond(r, 504, `{"code":"GatewayTimeout","message":"upstream","requestId":"R"}`), nil
			case 2:
				if resp, err := s.Transport().RoundTrip(held); err == nil {
					_ = resp.Body.Close()
				}
			}
		}
		return s.Transport().RoundTrip(r)
	})
}

func criticEIP(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if a, ok := x.(map[string]any); ok && k == "auto_scaling" {
				a["is_bond_eip"], a["eip_bandwidth"], a["eip_internet_charge_type"] = true, 10, "PayByTraffic"
			}
			v[k] = criticEIP(x)
		}
	case []any:
		for i := range v {
			v[i] = criticEIP(v[i])
		}
	}
	return v
}

type hung struct {
	credentials.Credential
	release chan struct{}
}

func stateOf(v any, state string) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if v[k] = stateOf(x, state); k == "state" {
				v[k] = state
			}
		}
	case []any:
		for i := range v {
			v[i] = stateOf(v[i], state)
		}
	}
	return v
}

func (h hung) GetCredential() (*credentials.CredentialModel, error) {
	<-h.release
	return nil, errors.New("late")
}
