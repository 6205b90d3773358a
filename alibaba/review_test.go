// SPDX-License-Identifier: Apache-2.0

package alibaba_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	cs "github.com/alibabacloud-go/cs-20151215/v5/client"
	"github.com/alibabacloud-go/tea/tea"
	"github.com/aliyun/credentials-go/credentials"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/alibaba"
	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/ack"
	"github.com/pmks-go/pmks/internal/sim/profile"
)

// TestReview_clientSends: the SDK's client works through a transport of the user.
func TestReview_clientSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := alibaba.NewClient(t.Context(), newHandler(t, ready(t, nil)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.DescribeClustersForRegion(tea.String(region), &cs.DescribeClustersForRegionRequest{}); err != nil {
			t.Error(err)
		}
	})
}

// TestReview_claimsOfAnotherAccount: claims are a handler's own where the key is not known.
func TestReview_claimsOfAnotherAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := ack.New(ack.Options{ReadLag: 9 * time.Second})
		b := ack.New(ack.Options{Keys: map[string]ack.Key{"LTAIother": {Secret: "other-secret-of-another-account"}}, AccountID: "6543210987654321"})
		shared := &router{a: a.Transport(), b: b.Transport()}
		of := func(id, secret string) *alibaba.Handler {
			return newHandlerOn(t, shared, func(c *alibaba.Config) {
				c.AccessKeyID, c.AccessKeySecret, c.Credential = "", "", keys{id: id, secret: secret}
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

// TestReview_errorWith200: an answer 200 that holds an error is no success.
func TestReview_errorWith200(t *testing.T) {
	for action, call := range map[string]providertest.Call{
		"DeleteClusterNodepool":   providertest.RemoveNodeGroup(demo, first),
		"CreateAutoscalingConfig": providertest.SetNodeGroupAutoScaling(demo, first, true),
	} {
		t.Run(action, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := ready(t, nil)
				h := newHandlerOn(t, providertest.RoundTripper(func(r *http.Request) (*http.Response, error) {
					if r.Header.Get("X-Acs-Action") == action {
						return providertest.Respond(r, 200, `{"code":"InternalError","message":"it was not done","request_id":"R","requestId":"R"}`), nil
					}
					return s.Transport().RoundTrip(r)
				}))
				if err := call(t.Context(), h); err == nil {
					t.Errorf("told as a success; %d PUT", s.Count("ModifyClusterNodePool"))
				}
			})
		})
	}
}

// TestReview_clientPrints: the SDK's client that a user gets does not show the secret.
func TestReview_clientPrints(t *testing.T) {
	c, err := alibaba.NewClient(t.Context(), newHandler(t, ack.New(ack.Options{})))
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		if strings.Contains(fmt.Sprintf(verb, c), ack.DefaultAccessKeySecret) {
			t.Errorf("%s shows the secret", verb)
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
		time.Sleep(time.Hour)
		for _, op := range []string{"DescribeClusterNodePools", "DescribeClusterNodePoolDetail"} {
			s.Alter(op, func(answer any) any { return eip(answer) })
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

// TestReview_justAdded: a pool that was just made is there for who made it, by its id as by its name.
func TestReview_justAdded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := ack.New(ack.Options{ReadLag: 9 * time.Second})
		h := newHandler(t, s)
		info, err := h.CreateCluster(t.Context(), plain("lag"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pmks.WaitClusterActive(t.Context(), h, info.IId); err != nil {
			t.Fatal(err)
		}
		g, err := h.AddNodeGroup(t.Context(), info.IId, bench.SampleNodeGroup("ng1"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.RemoveNodeGroup(t.Context(), info.IId, g.IId); pmks.CodeOf(err) == pmks.CodeNotFound {
			t.Errorf("by id: %v", err)
		}
		if _, err := h.RemoveNodeGroup(t.Context(), info.IId, first); pmks.CodeOf(err) == pmks.CodeNotFound {
			t.Errorf("by name: %v", err)
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
		time.Sleep(time.Hour)
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

type keys struct {
	credentials.Credential
	id, secret string
}

func (k keys) GetCredential() (*credentials.CredentialModel, error) {
	return &credentials.CredentialModel{AccessKeyId: &k.id, AccessKeySecret: &k.secret}, nil
}

type router struct{ a, b http.RoundTripper }

func (r *router) RoundTrip(req *http.Request) (*http.Response, error) {
	if strings.Contains(req.Header.Get("Authorization"), "LTAIother") {
		return r.b.RoundTrip(req)
	}
	return r.a.RoundTrip(req)
}

func eip(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if a, ok := x.(map[string]any); ok && k == "auto_scaling" {
				a["is_bond_eip"], a["eip_bandwidth"], a["eip_internet_charge_type"] = true, 10, "PayByTraffic"
			}
			v[k] = eip(x)
		}
	case []any:
		for i := range v {
			v[i] = eip(v[i])
		}
	}
	return v
}
